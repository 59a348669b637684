"""A variable at the end of every trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.records.base import RecordCode, Recorder
from bioplastic.engine.records.variable import VariableRecord

__all__ = ["TrialRecord"]


@dataclass(frozen=True, kw_only=True)
class TrialRecord(VariableRecord):
    """A variable of cells or synapses at the end of every trial, after all its updates.

    The record holds ``<population>.<variable>`` or ``<projection>.<variable>``, of shape
    ``(n_samples, ...)`` in base SI units, from the last presentation of each sample, with the shape
    of the variable in the state (1 for a shared variable), or ``(len(subset),)``.

    Parameters
    ----------
    population : str
        Name of the population; or
    projection : str
        Name of the projection: any variable of its synapses, or a trace of its rule.
    variable : str
        Name of the state variable.
    subset : sequence of int or of pairs, optional
        See `StateRecord`.

    Examples
    --------
    >>> TrialRecord(projection="feed", variable="w").key
    'feed.w'
    """

    def output(self, plan: Any) -> dict[str, Any]:
        """Return the entry of the layout."""
        return self.fields(plan) | {"kind": "trial", "shape": self.shape(plan.state)}

    def cpp(self, output: dict[str, Any], number: int, update: str) -> RecordCode:
        """Return the C++ form."""
        return RecordCode(end=update + self.copy_code(output, number, "_sample", output["shape"]))

    def numpy(
        self, network: Any, output: dict[str, Any], update: Sequence[Callable[[], Any]]
    ) -> Recorder:
        """Return the numpy form."""
        return _TrialRecorder(network, output, update, self.values(network, output))


class _TrialRecorder(Recorder):
    def __init__(self, network: Any, output: dict[str, Any], update: Any, values: Any) -> None:
        super().__init__(network, output)
        self.update, self.values = update, values

    def end(self, sample: int) -> None:
        for action in self.update:
            action()
        self.array[sample] = self.values().reshape(self.array.shape[1:])
