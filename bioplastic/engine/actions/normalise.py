"""Multiplicative scaling of weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    cell_pointer,
    n_synapses,
    sizes_of,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.brian2_bridge import (
    c_data_type,
)
from bioplastic.engine.columns import Columns
from bioplastic.engine.part import Part
from bioplastic.engine.projections import (
    Projection,
    SparseProjection,
)
from bioplastic.engine.synapses import total_name
from bioplastic.plasticity.rule import Normalisation

__all__ = ["Normalise"]


@dataclass(frozen=True)
class Normalise(Action):
    """Multiplicative scaling of the weights of a projection."""

    name: str
    projection: Projection
    synapses: Any
    rule: Normalisation
    only: str = ""

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        projection, synapses = self.projection, self.synapses
        columns = assembly.columns.get(projection.name)
        if columns is not None and columns.variable == self.rule.variable:
            return self._moved_columns(assembly, columns)
        sparse = isinstance(projection, SparseProjection)
        needed = tuple(filter(None, (self.rule.variable, self.only)))
        if isinstance(self.rule.total, str):
            name = total_name(projection, self.rule)
            needed = (*needed, name)
            cell = "_j" if self.rule.over == "pre" else "_i"
            total = f"{cell_pointer(synapses, name)}[{cell}]"
        else:
            total = repr(float(self.rule.total))
        return assembly.add(
            self.name,
            synapses,
            "",
            "sparse_normalise" if sparse else "dense_normalise",
            path="compressed rows" if sparse else "dense matrix, vectorised",
            size=n_synapses(self.projection, synapses),
            needed=needed,
            weight=f"_ptr_array_{projection.name}_{self.rule.variable}",
            weight_type=c_data_type(synapses.variables[self.rule.variable].dtype),
            total=total,
            over=self.rule.over,
            only=cell_pointer(synapses, self.only),
            projection=projection.name,
            **sizes_of(projection, synapses),
        )

    def _moved_columns(self, assembly: Assembly, columns: Columns) -> str:
        size = n_synapses(self.projection, self.synapses)
        note = f"not where the sum is right to {columns.tolerance:.0e}"
        assembly.parts.append(
            Part(self.name, "columns", "dense matrix, columns that changed", size, note)
        )
        weight = f"_array_{self.projection.name}_{columns.variable}"
        numbers = (self.rule.total, columns.tolerance, columns.low, columns.high)
        values = ", ".join(assembly.literal(float(value)) for value in numbers)
        return f"_columns_{self.projection.name}.scale({weight}, {values});"

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        synapses, rule = self.synapses, self.rule
        cells = np.asarray(synapses.j[:] if rule.over == "pre" else synapses.i[:])
        size = int((synapses.target if rule.over == "pre" else synapses.source).N)
        variable = synapses.variables[rule.variable]
        trace = isinstance(rule.total, str)
        total = synapses.variables[total_name(self.projection, rule)] if trace else None
        only = synapses.variables[self.only] if self.only else None

        def normalise() -> None:
            weights = variable.get_value()
            wanted = float(rule.total) if total is None else total.get_value()
            sums = np.bincount(cells, weights, minlength=size)
            factors = np.where(sums != 0, wanted / np.where(sums != 0, sums, 1), 1.0)
            if only is not None:
                factors = np.where(only.get_value() != 0, factors, 1.0)
            weights *= factors[cells]

        return normalise
