"""Numbers of spikes of many Poisson inputs, drawn for every cell and step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioplastic.engine.action import Action
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.part import Part
from bioplastic.engine.poisson_counts import count_variable, distribution
from bioplastic.engine.random import derive_key, uniform
from bioplastic.signals.poisson_input import PoissonInput

__all__ = ["DrawCounts"]


@dataclass(frozen=True)
class DrawCounts(Action):
    """Draw for every cell how many of its inputs fire in this step.

    One uniform number per cell is looked up in the distribution, which is data of a run.
    """

    population: str
    group: Any
    number: int
    input: PoissonInput

    @property
    def table(self) -> str:
        """Name of the numbers where they are played from a table."""
        return f"{self.population}_{count_variable(self.number)}"

    def cpp(self, assembly: Assembly) -> str:
        """Return the call."""
        name, n = self.population, int(self.group.N)
        array = f"_array_{self.table}"
        assembly.arrays[array] = (assembly.float_type, n)
        part = Part(f"{name}_inputs{self.number}", "counts", "one draw per cell", n)
        assembly.parts.append(part)
        table = f"_counts_{name}_{self.number}"
        stream = f"CounterRng::derive(_noise_key, {assembly.plan.stream(name)})"
        key = f"CounterRng::derive(CounterRng::derive({stream}, {self.number}), _k)"
        return f"bp_draw_counts({array}, {n}, {table}, {table}_size, {key});"

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what draws the same numbers on numpy."""
        counts = self.group.variables[count_variable(self.number)].get_value()
        first, table = distribution(self.input, float(network.plan.clock.dt))
        stream = network.plan.stream(self.population)

        def draw() -> None:
            key = network.noise_key
            for child in (stream, self.number, network.k):
                key = int(derive_key(key, child)[0])
            keys = np.full(counts.size, key, dtype=np.uint64)
            drawn = uniform(keys, np.arange(1, counts.size + 1))
            counts[:] = first + np.searchsorted(table, drawn, side="right")

        return draw
