"""One step of recursive least squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    at_interval,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.brian2_bridge import (
    c_data_type,
)
from bioplastic.engine.part import Part
from bioplastic.engine.projections import (
    Projection,
)
from bioplastic.plasticity.rule import LeastSquares

__all__ = ["LeastSquaresUpdate"]


@dataclass(frozen=True)
class LeastSquaresUpdate(Action):
    """One step of recursive least squares, every ``interval`` steps.

    ``activity`` and ``error`` are variables of the source and target that hold the values.
    """

    name: str
    projection: Projection
    synapses: Any
    rule: LeastSquares
    activity: str
    error: str
    interval: int
    offset: int

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        name, solver, synapses = self.projection.name, self.rule, self.synapses
        n_pre, n_post = int(synapses.source.N), int(synapses.target.N)
        path = "lower triangle, updates collected"
        assembly.parts.append(Part(self.name, "least_squares", path, n_pre * n_pre))
        assembly.least_squares[name] = (n_pre, n_post, solver.forgetting, solver.gain == "exact")
        gate = ""
        if solver.gate:
            variable = synapses.variables[solver.gate]
            array = f"_array_{variable.owner.name}_{variable.name}"
            assembly.arrays.setdefault(array, (c_data_type(variable.dtype), 1))
            gate = f"if({array}[0] != 0) "
        call = (
            f"{gate}/* run_{self.name}() */ _solver_{name}.update("
            f"_array_{name}_inverse_correlation, _array_{synapses.source.name}_{self.activity}, "
            f"_array_{synapses.target.name}_{self.error}, _array_{name}_{solver.variable});"
        )
        return at_interval(self, call)

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        synapses, solver = self.synapses, self.rule
        n_pre = int(synapses.source.N)
        activity = synapses.source.variables[self.activity]
        error = synapses.target.variables[self.error]
        weights = synapses.variables[solver.variable]
        gate = synapses.variables[solver.gate] if solver.gate else None
        timestep = network.plan.clock.variables["timestep"]
        matrix = network.matrices.setdefault(
            f"_array_{self.projection.name}_inverse_correlation",
            np.zeros((n_pre, n_pre), dtype=network.plan.dtype),
        )

        def update() -> None:
            if (int(timestep.get_value()[0]) + self.offset) % self.interval:
                return
            if gate is not None and not np.any(gate.get_value()):
                return
            r = activity.get_value()
            c = matrix @ r
            spread = solver.forgetting + float(r @ c)
            step = 1 / spread if solver.gain == "exact" else 1.0
            w = weights.get_value()
            w -= (step * np.outer(c, error.get_value())).ravel().astype(w.dtype)
            matrix[:] = (matrix - np.outer(c, c) / spread) / solver.forgetting

        return update
