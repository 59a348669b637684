"""Numbers that sources show in a step, drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.part import Part
from bioplastic.engine.random import derive_key, normal_frame
from bioplastic.signals.analogue import NoiseSource

__all__ = ["DrawFrame"]


@dataclass(frozen=True)
class DrawFrame(Action):
    """Let a source of noise show the numbers of this step."""

    source: NoiseSource
    group: Any

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        source, name, n, every = self.source, self.source.name, self.source.n, self.source.every
        array = f"_array_{name}_{source.variable}"
        frame = "_k" if every == 1 else f"(_k / {every})"
        assembly.parts.append(Part(f"{name}_frame", "frame", "counter-based normal numbers", n))
        assembly.arrays[array] = (assembly.float_type, n)
        stream = assembly.plan.stream(name)
        condition = "" if every == 1 else f"if(_k % {every} == 0) "
        key = f"CounterRng::derive(CounterRng::derive(_noise_key, {stream}), {frame})"
        return f"{condition}bp_normal_frame({array}, {n}, {key});"

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        source = self.source
        values = self.group.variables[source.variable].get_value()
        stream = network.plan.stream(source.name)

        def draw() -> None:
            if network.k % source.every == 0:
                key = int(derive_key(network.noise_key, stream)[0])
                frame_key = int(derive_key(key, network.k // source.every)[0])
                values[:] = normal_frame(source.n, frame_key)

        return draw
