"""How far apart spike trains are: kernels, edits and PySpike's profiles.

Only the time counts in which both trains were observed, stretch by stretch: no kernel, edit or
interval reaches across a gap. Trains without common time have the distance NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis._observed import common
from bioplastic.analysis._spike_checks import in_seconds
from bioplastic.analysis.io.parts import import_extra
from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.fields import checked, param

__all__ = [
    "isi_distances",
    "spike_distances",
    "spike_synchronisation",
    "van_rossum_distances",
    "victor_purpura_distances",
]

_REACH = 30.0
"""Length of a block of time in time constants; exp(30) is far from overflow."""


@checked
def van_rossum_distances(trains: SpikeTrains, tau: Any) -> NDArray[np.float64]:
    r"""Measure the van Rossum distance between all trains.

    The Euclidean distance of the trains after convolution with :math:`e^{-t/\tau}` (:math:`t>0`)
    [1]_, scaled like Elephant's so that one spike is 1 away from none: :math:`D^2 = K_{aa} +
    K_{bb} - 2 K_{ab}` with :math:`K_{ab} = \sum_{ij} e^{-|t_i^a - t_j^b|/\tau}`. Divide by
    :math:`\sqrt 2` for the scale of the paper. The sums are running sums [2]_, vectorised over
    blocks of 30 time constants.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes. With trials, each row (trial, unit) is a train of its own.
    tau : float or Quantity
        Time constant in seconds.

    Returns
    -------
    ndarray, shape (n_rows, n_rows)
        Distances, without unit; rows in the order of the trains.

    Raises
    ------
    TypeError, ValueError
        If the time constant is not positive.

    References
    ----------
    .. [1] M. C. W. van Rossum, "A novel spike distance", Neural Comput. 13, 2001.
    .. [2] C. Houghton and T. Kreuz, "On the efficient calculation of van Rossum distances",
       Network 23, 2012.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.1, 0.3], [0, 1], t_stop=1, n_units=3)
    >>> van_rossum_distances(trains, tau=0.01).round(3)
    array([[0.   , 1.414, 1.   ],
           [1.414, 0.   , 1.   ],
           [1.   , 1.   , 0.   ]])
    """
    constant = in_seconds("van_rossum_distances.tau", tau)
    if constant <= 0:
        raise ValueError(f"van_rossum_distances.tau: must be positive, got {constant:g} s")
    if trains.observed is not None:
        squares = _over_stretches(trains, lambda pair: van_rossum_distances(pair, constant) ** 2)
        return np.asarray(np.sqrt(squares))
    rows = list(trains.trains())
    n = len(rows)
    everything = (trains.times - trains.t_start) / constant
    owner = np.repeat(np.arange(n), np.diff(trains.offsets))
    kernel = np.zeros((n, n))
    for index, train in enumerate(rows):
        if train.size:
            own = (train - trains.t_start) / constant
            past, future = _trace(own, everything), _trace(-own[::-1], -everything)
            same = np.searchsorted(own, everything, "right") - np.searchsorted(own, everything)
            kernel[index] = np.bincount(owner, past + future - same, minlength=n)
    kernel = 0.5 * (kernel + kernel.T)
    own_norm = np.diag(kernel)
    squared = own_norm[:, None] + own_norm[None, :] - 2.0 * kernel
    np.fill_diagonal(squared, 0.0)
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)), dtype=np.float64)


@checked(cost=param(minimum=0))
def victor_purpura_distances(trains: SpikeTrains, cost: float) -> NDArray[np.float64]:
    r"""Measure the Victor-Purpura distance between all trains.

    The least cost to turn one train into the other, where adding or deleting a spike costs 1 and
    moving it by :math:`\Delta t` costs `cost` :math:`\times |\Delta t|` [1]_. The rows of the
    dynamic programme are filled by a running minimum.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes. With trials, each row (trial, unit) is a train of its own.
    cost : float
        Cost of moving a spike, in 1/s. 0 compares counts only.

    Returns
    -------
    ndarray, shape (n_rows, n_rows)
        Distances, without unit.

    Raises
    ------
    TypeError, ValueError
        If the cost is negative.

    References
    ----------
    .. [1] J. D. Victor and K. P. Purpura, "Nature and precision of temporal coding in visual
       cortex: a metric-space analysis", J. Neurophysiol. 76, 1996.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.1, 0.3, 0.15], [0, 0, 1], t_stop=1)
    >>> round(float(victor_purpura_distances(trains, cost=10)[0, 1]), 6)
    1.5
    """
    if trains.observed is not None:
        return _over_stretches(trains, lambda pair: victor_purpura_distances(pair, cost))
    rows = list(trains.trains())
    result = np.zeros((len(rows), len(rows)))
    for i, a in enumerate(rows):
        for j in range(i):
            result[i, j] = result[j, i] = _edit_cost(a, rows[j], cost)
    return result


@checked
def isi_distances(trains: SpikeTrains) -> NDArray[np.float64]:
    """Measure the ISI-distance between all trains, by PySpike.

    The time average of the relative difference of the current intervals of two trains [1]_; it
    needs no parameter. Needs the extra ``bioplastic[spikes]``.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes. With trials, each row (trial, unit) is a train of its own.

    Returns
    -------
    ndarray, shape (n_rows, n_rows)
        Distances from 0 to 1.

    Raises
    ------
    ImportError
        If PySpike is missing.

    References
    ----------
    .. [1] T. Kreuz et al., "Measuring spike train synchrony", J. Neurosci. Methods 165, 2007.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.5, 0.25, 0.5, 0.75], [0, 1, 1, 1], t_stop=1)
    >>> float(isi_distances(trains)[0, 1])  # doctest: +SKIP
    0.5
    """
    pyspike = import_extra("pyspike", "spikes")
    return _by_pyspike(trains, pyspike.isi_distance_matrix)


@checked
def spike_distances(trains: SpikeTrains) -> NDArray[np.float64]:
    """Measure the SPIKE-distance between all trains, by PySpike.

    The time average of the differences of spike times relative to the local interval [1]_; it
    needs no parameter. Needs the extra ``bioplastic[spikes]``.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes. With trials, each row (trial, unit) is a train of its own.

    Returns
    -------
    ndarray, shape (n_rows, n_rows)
        Distances from 0 to 1.

    Raises
    ------
    ImportError
        If PySpike is missing.

    References
    ----------
    .. [1] T. Kreuz et al., "Monitoring spike train synchrony", J. Neurophysiol. 109, 2013.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.2, 0.6, 0.2, 0.6], [0, 0, 1, 1], t_stop=1)
    >>> float(spike_distances(trains)[0, 1])  # doctest: +SKIP
    0.0
    """
    pyspike = import_extra("pyspike", "spikes")
    return _by_pyspike(trains, pyspike.spike_distance_matrix)


@checked
def spike_synchronisation(trains: SpikeTrains) -> NDArray[np.float64]:
    """Measure the SPIKE-synchronisation between all trains, by PySpike.

    The share of spikes that have a coincident partner, where the window of coincidence is half of
    the smallest neighbouring interval [1]_. Needs the extra ``bioplastic[spikes]``.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes. With trials, each row (trial, unit) is a train of its own.

    Returns
    -------
    ndarray, shape (n_rows, n_rows)
        From 0, no coincidence, to 1, all spikes coincide; 1 on the diagonal.

    Raises
    ------
    ImportError
        If PySpike is missing.

    References
    ----------
    .. [1] T. Kreuz, M. Mulansky and N. Bozanic, "SPIKY: a graphical user interface for monitoring
       spike train synchrony", J. Neurophysiol. 113, 2015.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.2, 0.6, 0.2], [0, 0, 1], t_stop=1)
    >>> round(float(spike_synchronisation(trains)[0, 1]), 3)  # doctest: +SKIP
    0.667
    """
    pyspike = import_extra("pyspike", "spikes")
    matrix = _by_pyspike(trains, pyspike.spike_sync_matrix, lambda pair: pair.n_spikes)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _by_pyspike(
    trains: SpikeTrains,
    measure: Any,
    weight: Callable[[SpikeTrains], float] = lambda pair: pair.duration,
) -> NDArray[np.float64]:
    """Apply a measure of PySpike; over stretches it is the mean, weighted by time or spikes."""
    if trains.observed is not None:
        return _over_stretches(trains, lambda pair: _by_pyspike(pair, measure), weight)
    pyspike = import_extra("pyspike", "spikes")
    edges = (trains.t_start, trains.t_stop)
    wrapped = [pyspike.SpikeTrain(train, edges) for train in trains.trains()]
    if len(wrapped) < 2:
        return np.zeros((len(wrapped), len(wrapped)))
    return np.array(measure(wrapped), dtype=np.float64)


def _over_stretches(
    trains: SpikeTrains,
    measure: Callable[[SpikeTrains], NDArray[np.float64]],
    weight: Callable[[SpikeTrains], float] | None = None,
) -> NDArray[np.float64]:
    """Add a measure, or take its weighted mean, over the time in which both rows were observed.

    Rows without common time have no distance, NaN.
    """
    assert trains.observed is not None
    rows, seen = list(trains.trains()), trains.observed.rows()
    result = np.zeros((len(rows), len(rows)))
    for i in range(len(rows)):
        for j in range(i):
            total, weights = 0.0, 0.0
            stretches = common(seen[i], seen[j])
            for begin, end in stretches:
                parts = [row[(row >= begin) & (row <= end)] for row in (rows[i], rows[j])]
                owner = np.repeat([0, 1], [part.size for part in parts])
                pair = SpikeTrains(np.concatenate(parts), owner, begin, end, 2)
                factor = 1.0 if weight is None else weight(pair)
                total += factor * float(measure(pair)[0, 1]) if factor else 0.0
                weights += factor
            if len(stretches) == 0:
                total = np.nan
            elif weight is not None:
                total = total / weights if weights else 1.0  # nothing fired: all of it coincides
            result[i, j] = result[j, i] = total
    return result


def _trace(events: NDArray[np.float64], queries: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of exp(-(query - event)) over events up to and including each query.

    Events are sorted. Inside a block of time a cumulative sum does; earlier blocks add their
    decayed totals, and only two of them matter at double precision.
    """
    block = np.floor(events / _REACH)
    query_block = np.floor(queries / _REACH)
    weight = np.exp(events - block * _REACH)
    first = np.append(True, block[1:] != block[:-1])
    names = block[first]
    starts = np.flatnonzero(first)
    totals = np.add.reduceat(weight, starts)
    # Cumulative sums restart in every block, or small late sums would drown in early ones.
    sizes = np.diff(np.append(starts, events.size))
    row = np.repeat(np.arange(starts.size), sizes)
    column = np.arange(events.size) - starts[row]
    if starts.size * int(sizes.max()) <= 50 * events.size:
        table = np.zeros((starts.size, int(sizes.max())))
        table[row, column] = weight
        running = table.cumsum(axis=1)[row, column]
    else:
        running = np.concatenate([np.cumsum(part) for part in np.split(weight, starts[1:])])
    upto = np.searchsorted(events, queries, "right")
    last = np.maximum(upto - 1, 0)
    here = (upto > 0) & (block[last] == query_block)
    result = np.where(here, running[last], 0.0)
    result *= np.exp(-(queries - query_block * _REACH))
    for back in (1.0, 2.0):
        where = np.minimum(np.searchsorted(names, query_block - back), names.size - 1)
        found = names[where] == query_block - back
        decay = np.exp(-(queries - (query_block - back) * _REACH))
        result += np.where(found, totals[where] * decay, 0.0)
    return result


def _edit_cost(a: NDArray[np.float64], b: NDArray[np.float64], price: float) -> float:
    if a.size > b.size:
        a, b = b, a
    steps = np.arange(b.size + 1, dtype=np.float64)
    row = steps.copy()
    for number, time in enumerate(a, start=1):
        best = np.empty_like(row)
        best[0] = number
        np.minimum(row[1:] + 1.0, row[:-1] + price * np.abs(b - time), out=best[1:])
        row = np.minimum.accumulate(best - steps) + steps
    return float(row[-1])
