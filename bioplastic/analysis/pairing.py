"""Which spikes of two trains belong together: optimal alignment, all neurons at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.validation import check_integer

__all__ = ["Pairing", "check_raster", "pair_spikes", "raster_times"]

_TABLE_BYTES = 8_000_000  # neurons are aligned in blocks whose tables stay below
_PAIR, _FIRST, _SECOND = 0, 1, 2  # in the order that ties prefer


@dataclass(frozen=True, eq=False)
class Pairing:
    """The spikes that found no partner, and what the alignment cost.

    Attributes
    ----------
    surplus, missing : array of bool, shape (n_steps, n_neurons)
        Unpaired spikes of the first and of the second raster.
    n_pairs : array of int, shape (n_neurons,)
        Pairs of every neuron.
    cost : array of int, shape (n_neurons,)
        Total cost of every neuron, in steps.
    """

    surplus: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    n_pairs: NDArray[np.int64]
    cost: NDArray[np.int64]

    @property
    def n_surplus(self) -> int:
        """Number of unpaired spikes of the first raster."""
        return int(np.count_nonzero(self.surplus))

    @property
    def n_missing(self) -> int:
        """Number of unpaired spikes of the second raster."""
        return int(np.count_nonzero(self.missing))


def check_raster(place: str, value: Any, *, shape: tuple[int | None, ...] = (None, None)) -> Any:
    """Return a raster as bool, shape (n_steps, n_neurons).

    Raises
    ------
    TypeError, ValueError
        If the value has another shape or holds anything but 0 and 1.
    """
    raster = np.asarray(value)
    if raster.dtype != bool:
        numbers = check_array(place, value, shape=shape)
        if not ((numbers == 0) | (numbers == 1)).all():
            raise ValueError(f"{place}: must hold only 0 and 1, one row per time step")
        raster = numbers.astype(bool)
    if raster.ndim != 2 or any(
        want not in (None, have) for want, have in zip(shape, raster.shape, strict=True)
    ):
        raise ValueError(f"{place}: must have shape {shape}, got {raster.shape}")
    return raster


def raster_times(raster: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return spike counts, shape (n,), and spike steps, shape (n, largest count), padded with -1.

    Examples
    --------
    >>> counts, times = raster_times(np.array([[1, 0], [0, 0], [1, 1]], dtype=bool))
    >>> counts, times.tolist()
    (array([2, 1]), [[0, 2], [2, -1]])
    """
    step, cell = np.divmod(np.flatnonzero(raster), max(1, raster.shape[1]))
    order = np.argsort(cell, kind="stable")
    cell, step = cell[order], step[order]
    counts = np.bincount(cell, minlength=raster.shape[1])
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    times = np.full((raster.shape[1], int(counts.max(initial=0))), -1, dtype=np.int32)
    times[cell, np.arange(cell.size) - first[cell]] = step
    return counts, times


def pair_spikes(first: ArrayLike, second: ArrayLike, window: int) -> Pairing:
    """Align two rasters neuron by neuron at the smallest total cost.

    A pair of spikes at most ``window`` steps apart costs their distance; a spike without a partner
    costs ``window + 1``. This is the spike metric of Victor & Purpura (1996) with ``q`` equal to
    ``1/(window + 1)`` per step, except for pairs more than ``window`` apart. Among alignments of
    equal cost, the trace-back from the last spikes prefers a pair, then to leave the spike of
    ``first`` alone, then that of ``second``.

    Parameters
    ----------
    first, second : array_like of bool, shape (n_steps, n_neurons)
        Spikes of the same neurons.
    window : int
        Largest distance of a pair in steps.

    Returns
    -------
    Pairing
        Unpaired spikes, pairs and costs.

    Raises
    ------
    TypeError, ValueError
        If the rasters have different shapes or hold more than 0 and 1.

    References
    ----------
    Needleman & Wunsch (1970), doi 10.1016/0022-2836(70)90057-4; Victor & Purpura (1996),
    doi 10.1152/jn.1996.76.2.1310; Bagley et al. (2020), doi 10.1371/journal.pone.0229083.

    Examples
    --------
    >>> one, two = np.zeros((20, 1), bool), np.zeros((20, 1), bool)
    >>> one[[2, 10]] = True; two[[4, 18]] = True
    >>> pairing = pair_spikes(one, two, window=5)
    >>> pairing.n_pairs, np.flatnonzero(pairing.surplus), np.flatnonzero(pairing.missing)
    (array([1]), array([10]), array([18]))
    """
    one = check_raster("pair_spikes.first", first)
    two = check_raster("pair_spikes.second", second, shape=one.shape)
    window = check_integer("pair_spikes.window", window, minimum=0)
    n_one, times_one = raster_times(one)
    n_two, times_two = raster_times(two)
    n = one.shape[1]
    alone_one = np.zeros(times_one.shape, dtype=bool)
    alone_two = np.zeros(times_two.shape, dtype=bool)
    cost, n_pairs = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    width = max(1, _TABLE_BYTES // ((times_one.shape[1] + 1) * (times_two.shape[1] + 1)))
    for first_cell in range(0, n, width):
        block = slice(first_cell, first_cell + width)
        cost[block], moves = _fill_table(
            times_one[block], times_two[block], n_one[block], n_two[block], window
        )
        alone_one[block], alone_two[block], n_pairs[block] = _trace_back(
            moves, n_one[block], n_two[block]
        )
    return Pairing(
        surplus=_raster_of(alone_one, times_one, one.shape),
        missing=_raster_of(alone_two, times_two, one.shape),
        n_pairs=n_pairs,
        cost=cost,
    )


def _fill_table(
    one: NDArray[np.int32],
    two: NDArray[np.int32],
    n_one: NDArray[np.int64],
    n_two: NDArray[np.int64],
    window: int,
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return total costs, and the best last move for all prefixes of both trains.

    The axes of the moves are spikes of one, neurons, spikes of two.
    """
    n, size_one, size_two = len(one), one.shape[1], two.shape[1]
    alone = np.int32(window + 1)
    ladder = alone * np.arange(size_two + 1, dtype=np.int32)
    before, here = np.empty((2, n, size_two + 1), dtype=np.int32)
    moves = np.empty((size_one + 1, n, size_two + 1), dtype=np.uint8)
    here[...], moves[0], moves[1:, :, 0] = ladder, _SECOND, _FIRST
    total = alone * n_two.astype(np.int64)
    pair = np.empty((n, size_two), dtype=np.int32)
    skip = np.empty((n, size_two), dtype=np.int32)
    for row in range(1, size_one + 1):
        before, here = here, before
        np.subtract(one[:, row - 1, None], two, out=pair)
        np.abs(pair, out=pair)
        pair[pair > window] = 3 * alone  # never better than leaving both alone
        pair += before[:, :-1]
        np.add(before[:, 1:], alone, out=skip)
        # the best without a step along this row; such steps make a running minimum
        here[:, 0] = alone * row
        np.minimum(pair, skip, out=here[:, 1:])
        here -= ladder
        np.minimum.accumulate(here, axis=1, out=here)
        here += ladder
        move = moves[row, :, 1:]
        np.not_equal(skip, here[:, 1:], out=move, casting="unsafe")
        move += 1  # _FIRST or _SECOND
        move *= pair != here[:, 1:]
        complete = np.flatnonzero(n_one == row)
        total[complete] = here[complete, n_two[complete]]
    return total, moves


def _trace_back(
    moves: NDArray[np.uint8], n_one: NDArray[np.int64], n_two: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
    """Return masks of unpaired spikes, shapes (n, sizes), and numbers of pairs."""
    cells = np.arange(n_one.size)
    i, j = n_one.copy(), n_two.copy()
    unpaired_one = np.zeros((n_one.size, moves.shape[0]), dtype=bool)
    unpaired_two = np.zeros((n_one.size, moves.shape[2]), dtype=bool)
    n_pairs = np.zeros(n_one.size, dtype=np.int64)
    while True:
        left = (i > 0) | (j > 0)
        if not left.all():
            cells, i, j = cells[left], i[left], j[left]
        if cells.size == 0:
            return unpaired_one[:, 1:], unpaired_two[:, 1:], n_pairs
        move = moves[i, cells, j]
        alone_one, alone_two = move == _FIRST, move == _SECOND
        unpaired_one[cells, i] |= alone_one  # column 0 is never read
        unpaired_two[cells, j] |= alone_two
        n_pairs[cells] += move == _PAIR
        i = i - ~alone_two
        j = j - ~alone_one


def _raster_of(
    mask: NDArray[np.bool_], times: NDArray[np.int32], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    raster = np.zeros(shape, dtype=bool)
    cell, number = np.nonzero(mask)
    raster[times[cell, number], cell] = True
    return raster
