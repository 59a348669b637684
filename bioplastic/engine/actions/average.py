"""Means over cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    reduction,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.events import PopulationMean
from bioplastic.engine.reductions import weighted_mean

__all__ = ["Average"]


@dataclass(frozen=True)
class Average(Action):
    """Set a shared variable to a mean over the cells of a group."""

    name: str
    group: Any
    what: PopulationMean

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        return reduction(self, "population_mean", assembly, empty=repr(float(self.what.empty)))

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        variables = self.group.variables
        into, values, weights = (variables[name] for name in self.what.names)

        def average() -> None:
            mean = weighted_mean(values.get_value(), weights.get_value(), self.what.empty)
            into.set_value(mean)

        return average
