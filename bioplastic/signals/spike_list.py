"""Spike sources that play given spike trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bioplastic.signals.base import InputSource
from bioplastic.validation import check_identifier, check_integer

__all__ = ["SpikeListSource"]


@dataclass(frozen=True, kw_only=True)
class SpikeListSource(InputSource):
    """Cells that fire at given times, a new list for every trial.

    The program takes the input ``name``: one pair ``(indices, times)`` per trial, times as a
    Brian2 quantity (or an array in seconds) relative to the start of the trial. Times are rounded
    to the nearest step; two spikes of one cell in one step are an error.

    Parameters
    ----------
    name : str
        Name of the population and of the input.
    n : int
        Number of cells.

    Examples
    --------
    >>> SpikeListSource(name="input", n=3).n
    3
    """

    def __post_init__(self) -> None:
        check_identifier(f"{type(self).__name__}.name", self.name)
        check_integer(f"{type(self).__name__}.n", self.n, minimum=1)

    def declare_inputs(self, n_steps: int, dtype: str) -> list[dict[str, Any]]:
        """Return what a call must give."""
        return [{"name": self.name, "kind": "spikes", "dtype": "int32", "shape": [self.n]}]
