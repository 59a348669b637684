"""Spikes of sources, from a calendar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    events_of,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.part import Part
from bioplastic.signals.base import InputSource

__all__ = ["Emit"]


@dataclass(frozen=True)
class Emit(Action):
    """Let a source emit the spikes of this step."""

    source: InputSource
    group: Any
    path: str

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        name, n = self.source.name, int(self.group.N)
        assembly.parts.append(Part(f"{name}_emit", "emit", self.path, n))
        assembly.calendars.append(name)
        return f"_calendar_{name}.emit(_k, {events_of(self.group)}, {n});"

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        name, emit = self.source.name, network.emitter(self.group)
        nobody = np.zeros(0, dtype=np.int32)
        return lambda: emit(network.calendars[name].get(network.k, nobody))
