"""Poisson spikes whose rates change within a trial: one draw per spike, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.action import Action, WrongRateError
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.random import derive_key, uniform
from bioplastic.signals.poisson import PoissonSource

__all__ = ["DrawSpikes"]


@dataclass(frozen=True)
class DrawSpikes(Action):
    """Compute the probabilities of a step, then let the cells of a source fire.

    Cells are skipped by geometric intervals at the largest probability and accepted in proportion
    to their own, so that a step costs a draw per spike where rates are alike.
    """

    source: PoissonSource
    group: Any
    code: str

    def cpp(self, assembly: Assembly) -> str:
        """Return the call, after rendering the kernel of the probabilities."""
        source, name, n = self.source, self.source.name, self.source.n
        call = assembly.add(
            f"{name}_draw", self.group, self.code, "stateupdate",
            path="skips between spikes, each step", size=n,
        )  # fmt: skip
        assembly.moving_rates = True
        probability, number = f"_array_{name}_source_probability", assembly.plan.stream(name)
        silent = "nullptr"
        if source.dead_steps:
            silent = f"_silent_{name}"
            assembly.arrays[silent] = ("int32_t", n)
        first, last = assembly.plan.window(source.window)
        limits = [f"_k >= {first}"] * (first > 0) + [f"_k < {last}"] * (last is not None)
        draw = (
            f"{call} _spikes_{name}[{n}] = _rates.check({number - 1}, {probability}, {n}) ? 0 : "
            f"bp_draw_step({probability}, {n}, {silent}, {source.dead_steps}, _k, CounterRng::"
            f"derive(CounterRng::derive(_trial_key, {number}), _k), _spikes_{name});"
        )
        if limits:
            draw = f"if({' && '.join(limits)}) {{ {draw} }} else _spikes_{name}[{n}] = 0;"
        if source.dead_steps:
            draw = f"if(_k == 0) std::memset({silent}, 0, {n} * sizeof(int32_t)); {draw}"
        return draw

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what draws the same spikes on numpy."""
        source, name = self.source, self.source.name
        compute = network.code(self.group, self.code, "stateupdate")
        probability = self.group.variables["source_probability"]
        emit = network.emitter(self.group)
        first, last = network.plan.window(source.window)
        number = network.plan.stream(name)
        silent = np.zeros(source.n, dtype=np.int64)

        def draw() -> None:
            k = network.k
            if k == 0:
                silent[:] = 0
            if k < first or (last is not None and k >= last):
                emit(np.zeros(0, dtype=np.int32))
                return
            compute()
            p = probability.get_value()
            bad = ~((p >= 0) & (p < 1e9))
            if bad.any():
                cell = int(np.argmax(bad))
                raise WrongRateError(number - 1, cell, float(p[cell]))
            key = int(derive_key(int(derive_key(network.trial_key, number)[0]), k)[0])
            cells = _draw_step(np.minimum(p, p.dtype.type(0.9)).astype(float), key)
            cells = cells[silent[cells] <= k]
            silent[cells] = k + 1 + source.dead_steps
            emit(cells)

        return draw


def _draw_step(p: NDArray[np.float64], key: int) -> NDArray[np.int32]:
    """Draw which cells fire, as ``bp_draw_step`` of the compiled programs does."""
    largest = p.max()
    if not largest > 0:
        return np.zeros(0, dtype=np.int32)
    scale, cell, n = 1 / np.log1p(-largest), -1, 0
    cells: list[int] = []
    keys = np.full(64, key, dtype=np.uint64)
    numbers: NDArray[np.float64] = np.zeros(0)
    while True:
        if n + 2 > numbers.size:
            more = np.arange(numbers.size + 1, numbers.size + 65)
            numbers = np.concatenate([numbers, uniform(keys, more)])
        wait, chance = np.log(numbers[n]) * scale, numbers[n + 1]
        n += 2
        if wait >= p.size - cell - 1:
            return np.array(cells, dtype=np.int32)
        cell += 1 + int(wait)
        if chance * largest < p[cell]:
            cells.append(cell)
