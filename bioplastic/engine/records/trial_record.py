"""A variable at the end of every trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bioplastic.engine.records.base import RecordCode
from bioplastic.engine.records.variable import VariableRecord, VariableRecorder

__all__ = ["TrialRecord"]


class _TrialRecorder(VariableRecorder):
    def end(self, sample: int) -> None:
        self.look(sample)


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

    recorder = _TrialRecorder

    def output(self, plan: Any) -> dict[str, Any]:
        """Return the entry of the layout."""
        return self.fields(plan) | {"kind": "trial", "shape": self.shape(plan.state)}

    def cpp(self, output: dict[str, Any], number: int, update: str) -> RecordCode:
        """Return the C++ form."""
        return RecordCode(end=update + self.copy_code(output, number, "_sample", output["shape"]))
