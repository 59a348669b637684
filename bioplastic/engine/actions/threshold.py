"""Which cells fire in a step."""

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
    has_refractory,
    refractory_steps,
    stock_run,
)

__all__ = ["Threshold"]


@dataclass(frozen=True)
class Threshold(Action):
    """Find the neurons of a group that fire."""

    group: Any

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        group = self.group
        thresholder = group.thresholder["spike"]
        counted = refractory_steps(group) is not None
        stored = has_refractory(group) and not counted
        return assembly.add(
            f"{group.name}_threshold",
            group,
            abstract_code(thresholder),
            "threshold",
            additional=thresholder.variables,
            path="vectorised loop",
            size=int(group.N),
            needed=("t", "not_refractory", "lastspike") if stored else (),
            events=events_of(group),
            counted_refractory=counted,
            stored_refractory=stored,
            quiet=assembly.quiet.get(group.name),
            last_step=f"_last_step_{group.name}",
        )

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        return stock_run(self.group.thresholder["spike"])
