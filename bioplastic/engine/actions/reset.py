"""What happens to the cells that fired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    events_of,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.brian2_bridge import (
    abstract_code,
    stock_run,
)

__all__ = ["Reset"]


@dataclass(frozen=True)
class Reset(Action):
    """Execute the reset of the neurons that fired."""

    group: Any

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        group = self.group
        return assembly.add(
            f"{group.name}_reset",
            group,
            abstract_code(group.resetter["spike"]),
            "reset",
            path="spiking neurons only",
            size=int(group.N),
            override=["not_refractory"],
            events=events_of(group),
        )

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        return stock_run(self.group.resetter["spike"])
