"""Statements for cells that fired: increments of traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import events_of
from bioplastic.engine.assembly import Assembly

__all__ = ["SpikeStatements"]


@dataclass(frozen=True)
class SpikeStatements(Action):
    """Statements executed once for every neuron of ``group`` that fired: trace increments."""

    name: str
    group: Any
    code: str
    delayed: str = ""

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        group, events = self.group, events_of(self.group, self.delayed)
        told = [
            f" _columns_{name}.spike({events}, {events}[{int(group.N)}]);"
            for name, columns in assembly.columns.items()
            if columns.jump == self.name
        ]
        call = assembly.add(
            self.name,
            group,
            self.code,
            "reset",
            path="spiking neurons only",
            size=int(group.N),
            events=events,
        )
        return "".join([call, *told])

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        events = self.group.variables["_spikespace"]
        run: Callable[[], Any] = network.code(
            self.group,
            self.code,
            "reset",
            needed_variables=["_spikespace"],
            template_kwds={"eventspace_variable": events},
        )
        return run
