"""Spikes of every cell, counted over a window of the trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from brian2 import Quantity, second

from bioplastic.engine.records.base import Record, RecordCode, Recorder
from bioplastic.validation import check_identifier, check_quantity

__all__ = ["SpikeCount"]


@dataclass(frozen=True, kw_only=True)
class SpikeCount(Record):
    """Spikes of every cell of a population in the last presentation of each sample.

    The record holds ``<population>.count``, int32 of shape ``(n_samples, n)``; the trial may read
    the sum over cells as the variable ``<population>_count``.

    Parameters
    ----------
    population : str
        Name of the population.
    window : pair of Quantity, optional
        Onset and offset within the trial (time). Default: the whole trial.
    """

    population: str
    window: tuple[Quantity, Quantity] | None = None

    def __post_init__(self) -> None:
        check_identifier("SpikeCount.population", self.population)
        if self.window is not None:
            if not isinstance(self.window, tuple | list) or len(self.window) != 2:
                raise TypeError(f"SpikeCount.window: must be a pair of times, got {self.window!r}")
            for edge in self.window:
                check_quantity("SpikeCount.window", edge, second, non_negative=True)
            if not self.window[0] < self.window[1]:
                raise ValueError(
                    f"SpikeCount.window: onset must lie before offset, got {self.window}"
                )

    @property
    def needs_clock(self) -> bool:
        """Whether steps must have one length, unlike those of an `EventTrial`."""
        return self.window is not None

    def check(self, spec: Any) -> str:
        """Refuse what the network does not have; return the key of what is recorded."""
        spec.check_fires("SpikeCount.population", self.population)
        return f"{self.population}.count"

    def output(self, plan: Any) -> dict[str, Any]:
        """Return the entry of the layout."""
        return {
            "key": f"{self.population}.count",
            "kind": "count",
            "population": self.population,
            "dtype": "int32",
            "shape": [int(plan.groups[self.population].N)],
            "window": list(plan.window(self.window)),
        }

    def cpp(self, output: dict[str, Any], number: int, update: str) -> RecordCode:
        """Return the C++ form."""
        name, n, (first, last) = self.population, output["shape"][0], output["window"]
        count, total = f"_count_{name}", f"_total_{name}"
        limits = [f"net._k >= {first}"] * (first > 0) + [f"net._k < {last}"] * (last is not None)
        condition = f"if({' && '.join(limits)})\n" if limits else ""
        return RecordCode(
            begin=f"int32_t* {count} = _out_{number} + _sample * {n};\n"
            f"std::memset({count}, 0, {n} * sizeof(int32_t));\n"
            f"int64_t {total} = 0;",
            after=f"""{condition}{{
    const int _n = net._spikes_{name}[{n}];
    for(int _e=0; _e<_n; _e++)
        {count}[net._spikes_{name}[_e]]++;
    {total} += _n;
}}""",
            total=f"net._array_trial_{name}_count[0] = {total};\ntotals[{number}] += {total};",
        )

    def numpy(self, network: Any, output: dict[str, Any], update: Sequence[Any]) -> Recorder:
        """Return the numpy form."""
        return _CountRecorder(network, output)


class _CountRecorder(Recorder):
    def begin(self, sample: int) -> None:
        self.array[sample] = 0

    def after(self, sample: int) -> None:
        first, last = self.output["window"]
        if first <= self.network.k and (last is None or self.network.k < last):
            self.array[sample, self.network.spikes(self.output["population"])] += 1

    def end(self, sample: int) -> None:
        count = int(self.array[sample].sum())
        self.network.count(self.output["population"], count)
