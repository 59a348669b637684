"""Cells that fire at most once per trial, at times that are the input itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brian2.units.fundamentalunits import DIMENSIONLESS

from bioplastic.signals.base import InputSource
from bioplastic.validation import check_identifier, check_integer

__all__ = ["LatencySource"]


@dataclass(frozen=True, kw_only=True)
class LatencySource(InputSource):
    """Cells that fire at most once per trial, at times given as numbers in [0, 1).

    The program takes the input ``name``: an array of shape ``(n_samples, n)`` of spike times. A
    value of 1 or more, infinity included, means no spike. A network with such a source runs on
    events: see `bioplastic.engine.events.EventTrial`. Cells of other populations and rules read the
    times as the variable ``t_spike`` of the source, which is 1 for a silent cell.

    Parameters
    ----------
    name : str
        Name of the population and of the input.
    n : int
        Number of cells.

    Examples
    --------
    >>> LatencySource(name="feature", n=4608).n
    4608
    """

    def __post_init__(self) -> None:
        check_identifier(f"{type(self).__name__}.name", self.name)
        check_integer(f"{type(self).__name__}.n", self.n, minimum=1)

    @property
    def filled(self) -> dict[str, Any]:
        """Dimensions of the values per cell that the call or an action fills."""
        return {"t_spike": DIMENSIONLESS}

    def declare_inputs(self, n_steps: int, dtype: str) -> list[dict[str, Any]]:
        """Return what a call must give."""
        entry = {"name": self.name, "kind": "array", "dtype": dtype, "shape": [self.n]}
        return [{**entry, "variable": "t_spike", "latency": True}]
