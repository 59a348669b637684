"""How far two sets of spike trains are apart: filtered trains, intervals and counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import fftconvolve

from bioplastic.analysis._arrays import check_array
from bioplastic.analysis.pairing import check_raster
from bioplastic.validation import check_integer, check_real

__all__ = [
    "activity_distance",
    "count_statistics",
    "filter_spikes",
    "gaussian_kernel",
    "interval_cv",
    "interval_distance",
    "library_distances",
    "spikes_to_raster",
    "train_distance",
]


def gaussian_kernel(width: float = 24.75, *, length: int = 100) -> NDArray[np.float64]:
    """Return a Gaussian of height 1 with ``length`` samples, one per time step.

    Parameters
    ----------
    width : float, default 24.75
        Standard deviation in steps; the default, cut at two standard deviations, is the kernel of
        Bagley et al. (2020): 74 ms at steps of 3 ms.
    length : int, default 100
        Number of samples.

    Examples
    --------
    >>> kernel = gaussian_kernel()
    >>> kernel.shape, round(float(kernel[0]), 3)
    ((100,), 0.135)
    """
    width = check_real("gaussian_kernel.width", width, minimum=0, exclusive=True)
    length = check_integer("gaussian_kernel.length", length, minimum=1)
    x = np.arange(length) - (length - 1) / 2
    return np.asarray(np.exp(-0.5 * (x / width) ** 2))


def filter_spikes(raster: ArrayLike, kernel: ArrayLike | None = None) -> NDArray[np.float64]:
    """Convolve every train with a kernel, in full length.

    Parameters
    ----------
    raster : array_like, shape (n_steps, n_neurons)
        Spikes, or any numbers, per step.
    kernel : array_like, shape (length,), optional
        Default: `gaussian_kernel`.

    Returns
    -------
    array, shape (n_steps + length - 1, n_neurons)

    Examples
    --------
    >>> filter_spikes([[1], [0], [0]], kernel=[0.5, 1.0]).ravel().round(3) + 0.0
    array([0.5, 1. , 0. , 0. ])
    """
    trains = check_array("filter_spikes.raster", raster, shape=(None, None)).astype(np.float64)
    shape = gaussian_kernel() if kernel is None else kernel
    weights = check_array("filter_spikes.kernel", shape, shape=(None,)).astype(np.float64)
    return np.asarray(fftconvolve(trains, weights[:, None], mode="full", axes=0))


def train_distance(first: ArrayLike, second: ArrayLike, kernel: ArrayLike | None = None) -> float:
    """Return the dissimilarity of trains, neuron by neuron (``D_P``).

    The sum over neurons of the mean square over time of the difference of the filtered trains; a
    van Rossum (2001) distance with a symmetric kernel.

    Parameters
    ----------
    first, second : array_like of bool, shape (n_steps, n_neurons)
        Spikes.
    kernel : array_like, optional
        Default: `gaussian_kernel`.

    References
    ----------
    Bagley et al. (2020), doi 10.1371/journal.pone.0229083; van Rossum (2001),
    doi 10.1162/089976601300014321.

    Examples
    --------
    >>> train_distance([[1, 0], [0, 0]], [[0, 0], [0, 0]], kernel=[2.0])
    2.0
    """
    difference = filter_spikes(_difference("train_distance", first, second), kernel)
    return float(np.square(difference).mean(axis=0).sum())


def activity_distance(
    first: ArrayLike, second: ArrayLike, kernel: ArrayLike | None = None
) -> float:
    """Return the dissimilarity of the activity of the population (``D_A``).

    The mean square over time of the difference of the filtered spike counts of all neurons,
    divided by the number of neurons. Parameters as for `train_distance`.

    Examples
    --------
    >>> activity_distance([[1, 0], [0, 0]], [[0, 1], [0, 0]], kernel=[2.0])
    0.0
    """
    difference = _difference("activity_distance", first, second)
    total = filter_spikes(difference.sum(axis=1, keepdims=True), kernel)
    return float(np.square(total).mean() / difference.shape[1])


def interval_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Return the Euclidean distance of the histograms of interspike intervals.

    Intervals are taken within each neuron and counted in bins of one step, from 1 to the largest
    interval of ``first`` (the reference).

    Examples
    --------
    >>> interval_distance([[1], [0], [1]], [[1], [1], [1]])  # one interval of 2, two of 1
    2.23606797749979
    """
    one = check_raster("interval_distance.first", first)
    two = check_raster("interval_distance.second", second)
    intervals = [_intervals(raster)[1] for raster in (one, two)]
    largest = int(intervals[0].max(initial=1))
    counts = [np.bincount(i[i <= largest], minlength=largest + 1) for i in intervals]
    return float(np.linalg.norm((counts[0] - counts[1]).astype(np.float64)))


def interval_cv(raster: ArrayLike) -> float:
    """Return the coefficient of variation of intervals, averaged over neurons with at least two.

    NaN if there is no such neuron.

    Examples
    --------
    >>> interval_cv([[1], [1], [0], [0], [1]])
    0.5
    """
    cells, intervals = _intervals(check_raster("interval_cv.raster", raster))
    count = np.bincount(cells).astype(np.float64)
    total = np.bincount(cells, weights=intervals)
    square = np.bincount(cells, weights=intervals.astype(np.float64) ** 2)
    enough = count >= 2
    if not enough.any():
        return float("nan")
    mean = total[enough] / count[enough]
    variance = np.maximum(square[enough] / count[enough] - mean**2, 0)
    return float(np.mean(np.sqrt(variance) / mean))


def count_statistics(raster: ArrayLike) -> tuple[float, float]:
    """Return mean and standard deviation over neurons of the numbers of spikes.

    Examples
    --------
    >>> count_statistics([[1, 0], [1, 0]])
    (1.0, 1.0)
    """
    counts = check_raster("count_statistics.raster", raster).sum(axis=0)
    return float(counts.mean()), float(counts.std())


def library_distances(
    first: ArrayLike, second: ArrayLike, dt: float, *, tau: float = 0.074, neurons: Any = None
) -> dict[str, float]:
    """Return distances of Elephant and PySpike, averaged over neurons.

    Parameters
    ----------
    first, second : array_like of bool, shape (n_steps, n_neurons)
        Spikes.
    dt : float
        Time step in seconds.
    tau : float, default 0.074
        Time constant of the van Rossum kernel, and ``1/q`` of Victor and Purpura, in seconds.
    neurons : array_like of int, optional
        Neurons to average over; all by default. The time goes with their number.

    Returns
    -------
    dict of str to float
        ``van_rossum``, ``victor_purpura``, ``spike`` and ``isi``.

    Raises
    ------
    ImportError
        Without the packages of the extra ``bioplastic[spikes]``.
    """
    try:
        import elephant.spike_train_dissimilarity as elephant
        import neo
        import pyspike
        import quantities as pq
    except ImportError as error:
        raise ImportError(
            "library_distances: needs Elephant and PySpike (pip install 'bioplastic[spikes]')"
        ) from error
    one = check_raster("library_distances.first", first)
    two = check_raster("library_distances.second", second, shape=one.shape)
    chosen = range(one.shape[1]) if neurons is None else np.asarray(neurons)
    end = 1e3 * len(one) * dt
    sums: dict[str, list[float]] = {"van_rossum": [], "victor_purpura": [], "spike": [], "isi": []}
    for cell in chosen:
        times = [np.flatnonzero(raster[:, cell]) * (1e3 * dt) for raster in (one, two)]  # ms
        trains = [neo.SpikeTrain(t, units="ms", t_stop=end) for t in times]
        sums["van_rossum"].append(elephant.van_rossum_distance(trains, 1e3 * tau * pq.ms)[0, 1])
        sums["victor_purpura"].append(
            elephant.victor_purpura_distance(trains, 1 / (tau * pq.s))[0, 1]
        )
        pair = [pyspike.SpikeTrain(t, (0.0, end)) for t in times]
        sums["spike"].append(pyspike.spike_distance(*pair))
        sums["isi"].append(pyspike.isi_distance(*pair))
    return {name: float(np.mean(values)) for name, values in sums.items()}


def _difference(place: str, first: ArrayLike, second: ArrayLike) -> NDArray[np.int8]:
    one = check_raster(f"{place}.first", first)
    two = check_raster(f"{place}.second", second, shape=one.shape)
    return np.asarray(one.astype(np.int8) - two.astype(np.int8))


def _intervals(raster: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the neuron of every interspike interval and the intervals in steps."""
    cell, step = np.nonzero(np.ascontiguousarray(raster.T))
    same = np.diff(cell) == 0
    return cell[1:][same], np.diff(step)[same]


def spikes_to_raster(
    spikes: Any, n_steps: int, dt: float, *, place: str = "spikes_to_raster.spikes"
) -> NDArray[np.bool_]:
    """Return spike trains as a raster, one row per time step.

    Parameters
    ----------
    spikes : array_like or sequence
        A raster of shape (n_steps, n_neurons), returned as bool; or one train per neuron: arrays
        of times in seconds, Brian2 quantities, or Neo ``SpikeTrain`` objects.
    n_steps : int
        Number of steps.
    dt : float
        Length of a step in seconds. Several spikes inside a step count as one.

    Raises
    ------
    TypeError, ValueError
        If a time is not finite or lies outside the steps, or the raster has another length.

    Examples
    --------
    >>> spikes_to_raster([[0.0, 0.007], []], n_steps=3, dt=0.003).astype(int).T
    array([[1, 0, 1],
           [0, 0, 0]])
    """
    if isinstance(spikes, np.ndarray) and spikes.ndim == 2:
        return np.array(check_raster(place, spikes, shape=(n_steps, None)))
    if not isinstance(spikes, Sequence) and not isinstance(spikes, np.ndarray):
        raise TypeError(f"{place}: must be a raster or a list of trains, got {type(spikes)}")
    raster = np.zeros((n_steps, len(spikes)), dtype=bool)
    for cell, train in enumerate(spikes):
        seconds = train.rescale("s").magnitude if hasattr(train, "rescale") else train
        times = check_array(f"{place}[{cell}]", np.asarray(seconds, dtype=float), shape=(None,))
        steps = np.floor(times / dt + 1e-6).astype(np.int64)
        if steps.size and (steps.min() < 0 or steps.max() >= n_steps):
            raise ValueError(f"{place}[{cell}]: times must lie in [0, {n_steps * dt:g}) s")
        raster[steps, cell] = True
    return raster
