"""How the spikes of one unit lie around those of another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._observed import common
from bioplastic.analysis._spike_checks import check_index, in_seconds
from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.fields import checked

__all__ = ["chance_counts", "cross_correlograms", "spike_time_tiling"]


@checked
def cross_correlograms(
    trains: SpikeTrains,
    pairs: Iterable[tuple[int, int]] | ArrayLike,
    *,
    bin_width: Any,
    max_lag: Any,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Count the lags between the spikes of pairs of units.

    A lag is the time of a spike of the second unit minus that of a spike of the first, in the
    same trial and in one stretch of time in which both were observed. Bins are centred on
    multiples of the width, so that coincidences have a bin of their own. For the pair of a unit
    with itself, a spike is not compared with itself. Elephant's ``cross_correlation_histogram``
    counts pairs of *bins* instead; the two agree where spikes lie at the centres of its bins.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.
    pairs : iterable of (int, int)
        First and second unit of each pair.
    bin_width : float or Quantity
        Width of a bin in seconds.
    max_lag : float or Quantity
        Centre of the last bin, rounded to a multiple of the width.

    Returns
    -------
    lags : ndarray, shape (n_bins,)
        Centres of the bins in seconds.
    counts : ndarray of int64, shape (n_pairs, n_bins)
        Pairs of spikes. Divide by (number of spikes of the first unit × bin width) for the rate
        of the second around spikes of the first.

    Raises
    ------
    TypeError, ValueError
        If a unit does not exist, or a time is not positive.

    References
    ----------
    D. H. Perkel, G. L. Gerstein and G. P. Moore, "Neuronal spike trains and stochastic point
    processes. II.", Biophys. J. 7, 1967.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.1, 0.102, 0.2, 0.202], [0, 1, 0, 1], t_stop=1)
    >>> lags, counts = cross_correlograms(trains, [(0, 1)], bin_width=0.002, max_lag=0.004)
    >>> counts
    array([[0, 0, 0, 2, 0]])
    """
    place = "cross_correlograms"
    width = _positive(f"{place}.bin_width", bin_width)
    reach = _positive(f"{place}.max_lag", max_lag)
    if (isinstance(pairs, np.ndarray) and pairs.dtype.kind not in "iu") or not hasattr(
        pairs, "__iter__"
    ):
        raise TypeError(f"{place}.pairs: must hold pairs of units, got {pairs!r}")
    try:
        chosen = np.asarray([tuple(pair) for pair in np.asarray(pairs)], dtype=np.int64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{place}.pairs: must hold pairs of units ({error})") from None
    if chosen.size == 0:
        chosen = chosen.reshape(0, 2)
    if chosen.ndim != 2 or chosen.shape[1] != 2:
        raise ValueError(f"{place}.pairs: must hold pairs of units, got shape {chosen.shape}")
    check_index(f"{place}.pairs", chosen.ravel(), chosen.size, trains.n_units)
    half = int(np.floor(reach / width + 1e-8))
    counts = np.zeros((len(chosen), 2 * half + 1), dtype=np.int64)
    for row, (first, second) in enumerate(chosen):
        for trial in range(trains.n_trials):
            for a, b, _ in _together(trains, int(first), int(second), trial):
                counts[row] += _count_lags(a, b, width, half, first == second)
    lags = np.arange(-half, half + 1, dtype=np.float64)
    return np.asarray(lags * width, dtype=np.float64), counts


def chance_counts(
    trains: SpikeTrains, pairs: Iterable[tuple[int, int]], lags: NDArray[np.float64], width: float
) -> NDArray[np.float64]:
    """Return what `cross_correlograms` counts on average for independent trains of steady rates.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.
    pairs : iterable of (int, int)
        Pairs of different units.
    lags : ndarray, shape (n_bins,)
        Centres of the bins in seconds.
    width : float
        Width of a bin in seconds.

    Returns
    -------
    ndarray, shape (n_pairs, n_bins)
        The product of the rates times the time at which both spikes lie in one stretch.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.1, 0.5, 0.2], [0, 0, 1], t_stop=1)
    >>> chance_counts(trains, [(0, 1)], np.array([0.0, 0.5]), 0.1)
    array([[0.2, 0.1]])
    """
    chosen = list(pairs)
    result = np.zeros((len(chosen), lags.size))
    reach = np.abs(lags)
    for row, (first, second) in enumerate(chosen):
        for trial in range(trains.n_trials):
            for a, b, (begin, end) in _together(trains, int(first), int(second), trial):
                length = end - begin
                overlap = np.maximum(length - reach, 0.0)
                result[row] += a.size * b.size / length**2 * overlap * width
    return result


def _together(
    trains: SpikeTrains, first: int, second: int, trial: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]]:
    """Go through the stretches in which both units were observed, with their spikes there."""
    a, b = trains.of_unit(first, trial), trains.of_unit(second, trial)
    if trains.observed is None:
        yield a, b, np.array([trains.t_start, trains.t_stop])
        return
    for edges in common(trains.observed_of(first, trial), trains.observed_of(second, trial)):
        yield _inside(a, edges), _inside(b, edges), edges


def _inside(train: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.searchsorted(train, edges[0], "left"), np.searchsorted(train, edges[1], "right")
    return train[low:high]


@checked
def spike_time_tiling(
    trains: SpikeTrains, window: Any, units: ArrayLike | None = None
) -> NDArray[np.float64]:
    r"""Measure the pairwise correlation of units by the spike time tiling coefficient.

    .. math:: STTC = \frac12 \left(\frac{P_A - T_B}{1 - P_A T_B} +
                                   \frac{P_B - T_A}{1 - P_B T_A}\right)

    with the share :math:`P_A` of spikes of A within :math:`\pm` `window` of a spike of B, and the
    share :math:`T_A` of the recording within :math:`\pm` `window` of a spike of A [1]_. It does
    not depend on the rates. A term that is 0/0 counts as 1, as in the authors' program. Only the
    time in which both units were observed counts, and no window reaches across a gap.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes of one trial.
    window : float or Quantity
        Half width of the window of coincidence in seconds, inclusive.
    units : array_like of int, optional
        The units compared; all by default.

    Returns
    -------
    ndarray, shape (n_units, n_units)
        Symmetric, from -1 to 1; NaN where a unit is silent.

    Raises
    ------
    TypeError, ValueError
        If there are several trials, a unit does not exist, or the window is not positive.

    References
    ----------
    .. [1] C. S. Cutts and S. J. Eglen, "Detecting pairwise correlations in spike trains: an
       objective comparison of methods and application to the study of retinal waves",
       J. Neurosci. 34, 2014.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.1, 0.5, 0.1, 0.5], [0, 0, 1, 1], t_stop=1)
    >>> float(spike_time_tiling(trains, window=0.01)[0, 1])
    1.0
    """
    place = "spike_time_tiling"
    dt = _positive(f"{place}.window", window)
    if trains.n_trials != 1:
        raise ValueError(f"{place}.trains: must be one trial, got {trains.n_trials}")
    chosen = np.arange(trains.n_units) if units is None else np.atleast_1d(np.asarray(units))
    check_index(f"{place}.units", chosen, chosen.size, trains.n_units)
    result = np.full((chosen.size, chosen.size), np.nan)
    whole: dict[int, float] = {}  # without gaps the tiled time of a unit is the same in all pairs
    for i, first in enumerate(chosen):
        for j, second in enumerate(chosen[i:], start=i):
            parts = list(_together(trains, int(first), int(second), 0))
            sizes = [sum(part[k].size for part in parts) for k in (0, 1)]
            if 0 in sizes:
                continue
            near = [sum(_count_near(p[k], p[1 - k], dt) for p in parts) / sizes[k] for k in (0, 1)]
            seconds = sum(edges[1] - edges[0] for _, _, edges in parts)
            tiled = []
            for k, unit in enumerate((int(first), int(second))):
                if trains.observed is not None or unit not in whole:
                    whole[unit] = sum(_tiled_seconds(part[k], dt, part[2]) for part in parts)
                tiled.append(whole[unit] / seconds)
            terms = [_tiling_term(near[k], tiled[1 - k]) for k in (0, 1)]
            result[i, j] = result[j, i] = 0.5 * sum(terms)
    return result


def _count_lags(
    a: NDArray[np.float64], b: NDArray[np.float64], width: float, half: int, same: bool
) -> NDArray[np.int64]:
    edge = (half + 0.5) * width
    low = np.searchsorted(b, a - edge, "left")
    high = np.searchsorted(b, a + edge, "left")
    sizes = high - low
    total = int(sizes.sum())
    starts = np.cumsum(sizes) - sizes
    partner = np.arange(total) + np.repeat(low - starts, sizes)
    lags = b[partner] - np.repeat(a, sizes)
    if same:
        lags = lags[partner != np.repeat(np.arange(a.size), sizes)]
    bins = np.floor(lags / width + (half + 0.5) + 1e-8).astype(np.int64)
    bins = bins[(bins >= 0) & (bins <= 2 * half)]
    return np.bincount(bins, minlength=2 * half + 1)


def _count_near(a: NDArray[np.float64], b: NDArray[np.float64], dt: float) -> int:
    """Count the spikes of a with a spike of b at most dt away."""
    after = np.searchsorted(b, a, "left")
    right = np.append(b, np.inf)[after] - a
    left = a - np.append(-np.inf, b)[after]
    slack = dt * (1 + 1e-9)
    return int(np.count_nonzero((right <= slack) | (left <= slack)))


def _tiled_seconds(train: NDArray[np.float64], dt: float, edges: NDArray[np.float64]) -> float:
    """Return the time within dt of a spike, inside one stretch."""
    if train.size == 0:
        return 0.0
    gaps = np.minimum(np.diff(train), 2 * dt).sum()
    ends = min(float(train[0]) - edges[0], dt) + min(edges[1] - float(train[-1]), dt)
    return float(gaps + ends)


def _tiling_term(near: float, tiled: float) -> float:
    return 1.0 if near * tiled == 1.0 else (near - tiled) / (1.0 - near * tiled)


def _positive(place: str, value: Any) -> float:
    seconds = in_seconds(place, value)
    if seconds <= 0:
        raise ValueError(f"{place}: must be a positive time, got {seconds:g} s")
    return seconds
