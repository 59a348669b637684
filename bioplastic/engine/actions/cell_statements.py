"""Statements for every cell, clocked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    at_interval,
    clocked,
)
from bioplastic.engine.assembly import Assembly

__all__ = ["CellStatements"]


@dataclass(frozen=True)
class CellStatements(Action):
    """Clocked statements executed once per cell, or once for the shared scalars of a projection."""

    name: str
    owner: Any
    code: str
    shared: bool
    interval: int = 1
    offset: int = 1

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        template = "scalar" if self.shared else "stateupdate"
        size = 1 if self.shared else int(self.owner.N)
        call = assembly.add(
            self.name, self.owner, self.code, template, path="vectorised loop", size=size
        )
        return at_interval(self, call)

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        return clocked(network, self.owner, self)
