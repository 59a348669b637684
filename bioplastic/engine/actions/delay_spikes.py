"""A ring of spikes in flight, with one delay for all synapses."""

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

__all__ = ["DelaySpikes", "RestoreSpikes"]


@dataclass(frozen=True)
class DelaySpikes(Action):
    """Exchange the spikes of this step for those that left ``steps`` steps ago.

    ``projection`` names the ring of spikes in flight; the actions that follow use them until
    `RestoreSpikes`. ``again`` shows those that have arrived in this step a second time.
    """

    projection: str
    group: Any
    steps: int
    again: bool = False

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        name, n = self.projection, int(self.group.N)
        if self.again:
            return ""
        assembly.parts.append(Part(f"{name}_delay", "delay", f"ring of {self.steps} steps", n))
        return f"""{{
            int32_t* _slot = _flight_{name} + (_array_clock_timestep[0] % {self.steps}) * {n + 1};
            const int _n = _slot[{n}];
            std::memcpy(_delayed_{name}, _slot, _n * sizeof(int32_t));
            _delayed_{name}[{n}] = _n;
            const int _new = {events_of(self.group)}[{n}];
            std::memcpy(_slot, {events_of(self.group)}, _new * sizeof(int32_t));
            if(_n > _new)
                std::memset(_slot + _new, 0, (_n - _new) * sizeof(int32_t));
            _slot[{n}] = _new;
        }}"""

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        space = self.group.variables["_spikespace"].get_value()
        n = int(self.group.N)
        flight = network.flights.setdefault(
            f"_flight_{self.projection}", np.zeros((self.steps, n + 1), dtype=np.int32)
        )
        timestep = network.plan.clock.variables["timestep"]

        def exchange() -> None:
            slot = int(timestep.get_value()[0]) % self.steps
            kept = network.kept_spikes = space.copy()
            space[:] = network.arrived[self.projection] = flight[slot].copy()
            flight[slot] = np.where(np.arange(n + 1) < kept[n], kept, 0)
            flight[slot, n] = kept[n]

        def show_again() -> None:
            network.kept_spikes = space.copy()
            space[:] = network.arrived[self.projection]

        return show_again if self.again else exchange


@dataclass(frozen=True)
class RestoreSpikes(Action):
    """End what `DelaySpikes` began."""

    group: Any

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        return ""

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        space = self.group.variables["_spikespace"].get_value()

        def restore() -> None:
            space[:] = network.kept_spikes

        return restore
