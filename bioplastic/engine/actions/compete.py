"""Winners of groups of cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    reduction,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.events import GroupWinner
from bioplastic.engine.reductions import find_winners

__all__ = ["Compete"]


@dataclass(frozen=True)
class Compete(Action):
    """Find the winner of every group of cells."""

    name: str
    group: Any
    what: GroupWinner

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        return reduction(self, "group_winner", assembly, size=self.what.size)

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        arrays = [self.group.variables[name].get_value() for name in self.what.names]
        return lambda: find_winners(self.what.size, *arrays)
