"""Statements over the scalars of the trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.assembly import Assembly

__all__ = ["TrialStatements"]


@dataclass(frozen=True)
class TrialStatements(Action):
    """Statements over the scalar variables of the trial."""

    name: str
    group: Any
    code: str

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        return assembly.add(
            self.name, self.group, self.code, "scalar", path="once per trial", size=1
        )

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        run: Callable[[], Any] = network.code(self.group, self.code, "stateupdate")
        return run
