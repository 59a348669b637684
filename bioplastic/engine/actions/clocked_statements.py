"""Statements for every synapse, clocked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    at_interval,
    cell_pointer,
    clocked,
    every_synapse,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.projections import (
    Projection,
)

__all__ = ["ClockedStatements"]


@dataclass(frozen=True)
class ClockedStatements(Action):
    """Statements executed for every synapse, every ``interval`` steps or at a trial boundary.

    With ``offset`` 1 they run in the last step of every interval, with 0 in the first.
    ``only`` names a variable of the postsynaptic cell: synapses of cells where it is zero are left
    out.
    """

    name: str
    projection: Projection
    synapses: Any
    code: str
    interval: int = 1
    only: str = ""
    offset: int = 1

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        options = (
            {"needed": (self.only,), "only": cell_pointer(self.synapses, self.only)}
            if self.only
            else {}
        )
        call = every_synapse(
            self.name, self.projection, self.synapses, self.code, assembly, **options
        )
        return at_interval(self, call)

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        run = clocked(network, self.synapses, self)
        if not self.only:
            return run
        only = self.synapses.variables[self.only]
        cells = np.asarray(self.synapses.j[:])
        stored = [
            self.synapses.variables[entry.variable].get_value()
            for entry in network.layout.state
            if entry.owner == self.synapses.name and entry.shape
        ]

        def run_some() -> None:
            before = [values.copy() for values in stored]
            run()
            skipped = only.get_value()[cells] == 0
            for values, old in zip(stored, before, strict=True):
                values[skipped] = old[skipped]

        return run_some
