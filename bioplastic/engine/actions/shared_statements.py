"""Statements for what all synapses share, at every spike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    events_of,
)
from bioplastic.engine.assembly import Assembly

__all__ = ["SharedStatements"]


@dataclass(frozen=True)
class SharedStatements(Action):
    """Statements on shared scalars of a projection, once for every spike of a population."""

    name: str
    synapses: Any
    group: Any
    code: str
    delayed: str = ""

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        call = assembly.add(
            self.name, self.synapses, self.code, "scalar", path="once per spike", size=1
        )
        events = events_of(self.group, self.delayed)
        return f"for(int _e=0; _e<{events}[{int(self.group.N)}]; _e++) {call}"

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        run = network.code(self.synapses, self.code, "stateupdate")
        space = self.group.variables["_spikespace"].get_value()

        def at_spikes() -> None:
            for _ in range(int(space[-1])):
                run()

        return at_spikes
