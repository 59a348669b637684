"""Numbers that sources show in a step, as given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.part import Part
from bioplastic.signals.analogue import AnalogueSource

__all__ = ["ShowFrame"]


@dataclass(frozen=True)
class ShowFrame(Action):
    """Let a source of numbers show those of this step."""

    source: AnalogueSource
    group: Any

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        source, name, n = self.source, self.source.name, self.source.n
        frame = "_k" if source.every == 1 else f"(_k / {source.every})"
        assembly.parts.append(Part(f"{name}_frame", "frame", "pointer into the input", n))
        assembly.frames[f"_array_{name}_{source.variable}"] = name
        return f"_array_{name}_{source.variable} = _frames_{name} + (int64_t){frame} * {n};"

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        source = self.source
        values = self.group.variables[source.variable].get_value()

        def show() -> None:
            values[:] = network.frames[source.name][network.k // source.every]

        return show
