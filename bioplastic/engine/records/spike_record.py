"""Every spike of a population."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.records.base import Record, RecordCode, Recorder
from bioplastic.validation import check_identifier

__all__ = ["SpikeRecord"]


@dataclass(frozen=True, kw_only=True)
class SpikeRecord(Record):
    """Every spike of a population.

    The record holds ``<population>.spike_trial`` (index of the presentation within the call,
    int64), ``<population>.spike_time`` (seconds from the start of that presentation) and
    ``<population>.spike_cell`` (int32).

    Parameters
    ----------
    population : str
        Name of the population.
    """

    population: str

    def __post_init__(self) -> None:
        check_identifier("SpikeRecord.population", self.population)

    def check(self, spec: Any) -> str:
        """Refuse what the network does not have; return the key of what is recorded."""
        spec.check_fires("SpikeRecord.population", self.population)
        return f"{self.population}.spike"

    def output(self, plan: Any) -> dict[str, Any]:
        """Return the entry of the layout; what is recorded has no fixed size."""
        size = int(plan.groups[self.population].N)
        return {"key": self.population, "kind": "spikes", "dtype": "int32", "shape": [], "n": size}

    def cpp(self, output: dict[str, Any], number: int, update: str) -> RecordCode:
        """Return the C++ form."""
        arguments = f"net._spikes_{self.population}, {output['n']}, result->presentations, net._k"
        return RecordCode(after=f"result->log_{number}.add({arguments});")

    def numpy(self, network: Any, output: dict[str, Any], update: Sequence[Any]) -> Recorder:
        """Return the numpy form."""
        return _SpikeRecorder(network, output)


class _SpikeRecorder(Recorder):
    def after(self, sample: int) -> None:
        cells = self.network.spikes(self.output["key"])
        if cells.size:
            self.network.log(self.output["key"], cells)
