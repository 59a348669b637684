"""When units were observed: sorted, disjoint intervals for every unit of every trial."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis._arrays import check_array

__all__ = ["Observed", "Stretches", "common", "make_observed", "merge", "seconds_before"]

Stretches = NDArray[np.float64]
"""Intervals of time in seconds, shape (n, 2), in order and without overlap."""


@dataclasses.dataclass(frozen=True, eq=False)
class Observed:
    """The stretches of all rows, one row for each unit of each trial.

    Parameters
    ----------
    edges : ndarray, shape (n_stretches, 2)
        Begin and end in seconds, row after row.
    offsets : ndarray of int64, shape (n_rows + 1,)
        Where the stretches of each row begin.
    """

    edges: Stretches
    offsets: NDArray[np.int64]

    @classmethod
    def join(cls, rows: Sequence[Stretches]) -> Observed:
        """Put the stretches of single rows together."""
        sizes = [len(row) for row in rows]
        offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int64)
        edges = np.concatenate([np.zeros((0, 2)), *rows])
        edges.flags.writeable = offsets.flags.writeable = False
        return cls(edges, offsets)

    def of_row(self, row: int) -> Stretches:
        """Return the stretches of one row."""
        return self.edges[self.offsets[row] : self.offsets[row + 1]]

    def rows(self) -> list[Stretches]:
        """Return the stretches of every row."""
        return [self.of_row(row) for row in range(self.offsets.size - 1)]

    def seconds(self) -> NDArray[np.float64]:
        """Return the observed time of each row."""
        total = np.concatenate([[0.0], np.cumsum(self.edges[:, 1] - self.edges[:, 0])])
        return np.asarray(total[self.offsets[1:]] - total[self.offsets[:-1]])

    def find(self, times: NDArray[np.float64], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the stretch that holds each spike, -1 where none does.

        Parameters
        ----------
        times : ndarray, shape (n_spikes,)
            Spike times, sorted within rows.
        offsets : ndarray of int64, shape (n_rows + 1,)
            Where the spikes of each row begin.
        """
        found = np.full(times.size, -1, dtype=np.int64)
        for row in range(self.offsets.size - 1):
            part = slice(offsets[row], offsets[row + 1])
            own = self.of_row(row)
            if len(own):
                where = np.searchsorted(own[:, 0], times[part], "right") - 1
                inside = (where >= 0) & (times[part] <= own[np.maximum(where, 0), 1])
                found[part] = np.where(inside, where + self.offsets[row], -1)
        return found


def merge(intervals: NDArray[np.float64]) -> Stretches:
    """Return intervals in order, those that touch or overlap joined."""
    edges = intervals[np.argsort(intervals[:, 0], kind="stable")]
    if len(edges) < 2:
        return edges
    reach = np.maximum.accumulate(edges[:, 1])
    first = np.append(True, edges[1:, 0] > reach[:-1])
    starts = np.flatnonzero(first)
    return np.stack([edges[starts, 0], reach[np.append(starts[1:], len(edges)) - 1]], axis=1)


def common(first: Stretches, second: Stretches) -> Stretches:
    """Return the time that is in both, without stretches of no length."""
    parts = []
    low = np.searchsorted(second[:, 1], first[:, 0], "right")
    high = np.searchsorted(second[:, 0], first[:, 1], "left")
    for (begin, end), start, stop in zip(first, low, high, strict=True):
        part = second[start:stop]
        parts.append(np.stack([np.maximum(part[:, 0], begin), np.minimum(part[:, 1], end)], axis=1))
    return np.concatenate([np.zeros((0, 2)), *parts])


def seconds_before(
    starts: NDArray[np.float64], stops: NDArray[np.float64], times: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how much observed time, summed over all stretches, lies before each time."""
    result = np.zeros(times.size)
    for edges, sign in ((np.sort(starts), 1.0), (np.sort(stops), -1.0)):
        count = np.searchsorted(edges, times, "right")
        total = np.concatenate([[0.0], np.cumsum(edges)])
        result += sign * (count * times - total[count])
    return result


def make_observed(
    place: str, value: Any, window: tuple[float, float], n_units: int, n_trials: int
) -> Observed | None:
    """Return checked stretches for every row, or None if all rows fill the window.

    Parameters
    ----------
    place : str
        Where the value was given.
    value : array_like or sequence of array_like, or None
        Intervals of shape (n, 2) in seconds for all units; or such intervals for each unit; or for
        each unit of the first trial, then of the second, and so on.
    window : pair of float
        What the intervals must lie in.
    n_units, n_trials : int
        How many rows there are.

    Raises
    ------
    TypeError, ValueError
        If the shapes do not fit, or an interval is not finite, empty or outside the window.
    """
    if value is None:
        return None
    n_rows = n_units * n_trials
    try:
        shared = np.ndim(value) == 2
    except ValueError:  # intervals of different numbers
        shared = False
    if shared:
        rows = [_check_intervals(place, value, window)] * n_rows
    else:
        if not isinstance(value, Iterable):
            raise TypeError(f"{place}: must be intervals, or intervals for each unit")
        rows = [_check_intervals(f"{place}[{k}]", part, window) for k, part in enumerate(value)]
        if len(rows) == n_units:
            rows = rows * n_trials
        if len(rows) != n_rows:
            raise ValueError(f"{place}: must hold intervals of {n_units} units, got {len(rows)}")
    if all(len(row) == 1 and tuple(row[0]) == window for row in rows):
        return None
    return Observed.join(rows)


def _check_intervals(place: str, value: Any, window: tuple[float, float]) -> Stretches:
    if np.size(value) == 0:
        return np.zeros((0, 2))
    edges = check_array(place, value, shape=(None, 2)).astype(np.float64)
    if (edges[:, 1] < edges[:, 0]).any():
        raise ValueError(f"{place}: must hold intervals that end after they begin")
    low, high = window
    slack = 1e-9 * max(abs(low), abs(high))
    if edges.min() < low - slack or edges.max() > high + slack:
        raise ValueError(
            f"{place}: must lie from {low:g} s to {high:g} s, "
            f"got {edges.min():g} s to {edges.max():g} s"
        )
    edges = np.clip(edges, low, high)
    return merge(edges[edges[:, 1] > edges[:, 0]])
