"""Sums over the synapses of a cell at every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from brian2.equations.unitcheck import check_units_statements

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    n_synapses,
    sizes_of,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.brian2_bridge import (
    analyse_identifiers,
    c_data_type,
    stock_run,
)
from bioplastic.engine.projections import (
    Projection,
    SparseProjection,
)

__all__ = ["SummedStatements"]

#: Below so many postsynaptic cells a sum runs over the presynaptic cells in the inner loop.
NARROW = 8


@dataclass(frozen=True)
class SummedStatements(Action):
    """Set a variable of the postsynaptic cells to a sum over their synapses."""

    name: str
    projection: Projection
    synapses: Any
    target: str
    expression: str

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        projection, synapses = self.projection, self.synapses
        # subexpressions of the cells bring the variables that they are made of
        code = f"_summand = {self.expression}"
        _, known, unknown = analyse_identifiers(code, synapses.variables, recursive=True)
        variables = synapses.resolve_all({self.target, *known, *unknown}, run_namespace={})
        check_units_statements(f"{self.target} = {self.expression}", variables)
        target = synapses.variables[self.target]
        sparse = isinstance(projection, SparseProjection)
        narrow = not sparse and int(synapses.target.N) < NARROW
        template = "sparse_summed" if sparse else "narrow_summed" if narrow else "dense_summed"
        return assembly.add(
            self.name,
            synapses,
            code,
            template,
            path="compressed rows" if sparse else "dense matrix, vectorised",
            size=n_synapses(projection, synapses),
            needed=(self.target,),
            target=f"_ptr_array_{target.owner.name}_{target.name}",
            target_type=c_data_type(target.dtype),
            projection=projection.name,
            **sizes_of(projection, synapses),
        )

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        return stock_run(self.synapses.summed_updaters[self.target])
