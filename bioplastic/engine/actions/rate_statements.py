"""Spikes of a Poisson source for a whole trial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioplastic.engine.action import Action, WrongRateError
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.random import bernoulli_spikes, derive_key, split_by_step
from bioplastic.signals.poisson import PoissonSource

__all__ = ["RateStatements"]


@dataclass(frozen=True)
class RateStatements(Action):
    """Compute the spike probabilities of a Poisson source at the start of a trial."""

    source: PoissonSource
    group: Any
    code: str

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        source = self.source
        call = assembly.add(
            f"{source.name}_rates",
            self.group,
            self.code,
            "stateupdate",
            path="vectorised loop, once per trial",
            size=source.n,
        )
        on, off = assembly.plan.window(source.window)
        end = "n_steps" if off is None else f"std::min({off}, n_steps)"
        array = f"_array_{source.name}_source_probability"
        number = assembly.plan.stream(source.name) - 1
        draw = (
            f"_rates.check({number}, {array}, {source.n}); "
            f"_calendar_{source.name}.begin(n_steps); "
            f"_calendar_{source.name}.draw_bernoulli({array}, {source.n}, {on}, {end}, "
            f"{source.dead_steps}, CounterRng::derive(_trial_key, {number + 1})); "
            f"_calendar_{source.name}.finish();"
        )
        return f"{call} {draw}"

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        source = self.source
        compute = network.code(self.group, self.code, "stateupdate")
        variable = self.group.variables["source_probability"]
        first, offset = network.plan.window(source.window)
        names = [population.name for population in network.plan.spec.populations]
        stream = 1 + names.index(source.name)

        def draw() -> None:
            compute()
            probability = variable.get_value()
            bad = ~((probability >= 0) & (probability < 1e9))
            if bad.any():
                cell = int(np.argmax(bad))
                raise WrongRateError(stream - 1, cell, float(probability[cell]))
            key = int(derive_key(network.trial_key, stream)[0])
            last = network.n_steps if offset is None else min(offset, network.n_steps)
            steps, cells = bernoulli_spikes(
                np.minimum(probability, probability.dtype.type(0.9)),
                key,
                first,
                last,
                source.dead_steps,
            )
            network.calendars[source.name] = split_by_step(steps, cells)

        return draw
