"""How often units fire: counts, rates, and their variability over windows and trials."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis._observed import seconds_before
from bioplastic.analysis._spike_checks import in_seconds
from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.fields import checked

__all__ = ["bin_spikes", "fano_factor", "mean_rates", "population_rate"]


@checked
def mean_rates(trains: SpikeTrains) -> NDArray[np.float64]:
    """Return the mean rate of each unit over its observed time in all trials.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.

    Returns
    -------
    ndarray, shape (n_units,)
        Rates in Hz; NaN for a unit that was never observed.

    Examples
    --------
    >>> mean_rates(SpikeTrains.from_arrays([0.1, 0.2, 0.3], [0, 0, 2], t_stop=2))
    array([1. , 0. , 0.5])
    """
    counts = trains.counts().reshape(trains.n_trials, trains.n_units)
    seconds = trains.observed_seconds().reshape(trains.n_trials, trains.n_units).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(counts.sum(axis=0, dtype=np.float64) / seconds)


@checked
def bin_spikes(trains: SpikeTrains, bin_width: Any) -> NDArray[Any]:
    """Count spikes in adjacent bins of equal width.

    Bins are half open, ``[start, start + bin_width)``. A rest of the window that does not fill a
    bin is left out; a spike exactly at the end of the window belongs to the last bin. A spike
    within one part in 10⁸ of the width before an edge counts as on the edge, so that times which
    were rounded to a grid of steps fall where they should.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.
    bin_width : float or Quantity
        Width of a bin in seconds.

    Returns
    -------
    ndarray of int64, shape (n_units, n_bins) or (n_trials, n_units, n_bins)
        The counts; the trial axis is there if there are trial labels. If a unit was not observed
        all the time, ndarray of float64 with NaN in the bins that were not observed entirely
        (which ``counts > 0`` would call silent: cut to a stretch with `SpikeTrains.slice_time`).

    Raises
    ------
    TypeError, ValueError
        If the width is not positive or larger than the window.

    Examples
    --------
    >>> bin_spikes(SpikeTrains.from_arrays([0.1, 0.2, 0.3], [0, 0, 1], t_stop=0.4), 0.2)
    array([[1, 1],
           [0, 1]])
    """
    bins, n_bins = _find_bins("bin_spikes", trains, bin_width)
    rows = np.repeat(np.arange(trains.offsets.size - 1), np.diff(trains.offsets))
    inside = bins < n_bins
    shape = (trains.n_trials, trains.n_units, n_bins)
    flat = np.bincount(rows[inside] * n_bins + bins[inside], minlength=int(np.prod(shape)))
    counts = flat.reshape(shape)
    if trains.observed is not None:
        counts = np.where(_observed_bins(trains, bin_width, n_bins).reshape(shape), counts, np.nan)
    return counts[0] if trains.trials is None else counts


@checked
def population_rate(trains: SpikeTrains, bin_width: Any) -> NDArray[np.float64]:
    """Return the mean rate per unit in adjacent bins, over units and trials.

    All spikes in a bin over the time that units were observed in it.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.
    bin_width : float or Quantity
        Width of a bin in seconds; bins as in `bin_spikes`.

    Returns
    -------
    ndarray, shape (n_bins,)
        Rates in Hz; zero without units, NaN where no unit was observed.

    Raises
    ------
    TypeError, ValueError
        If the width is not positive or larger than the window.

    Examples
    --------
    >>> population_rate(SpikeTrains.from_arrays([0.1, 0.2, 0.3], [0, 0, 1], t_stop=0.4), 0.2)
    array([2.5, 5. ])
    """
    bins, n_bins = _find_bins("population_rate", trains, bin_width)
    counts = np.bincount(bins[bins < n_bins], minlength=n_bins)
    width = in_seconds("", bin_width)
    if trains.observed is None:
        size = max(trains.n_units * trains.n_trials, 1)
        return np.asarray(counts / (size * width), dtype=np.float64)
    edges = trains.t_start + width * np.arange(n_bins + 1, dtype=np.float64)
    seen = trains.observed.edges
    seconds = np.diff(seconds_before(seen[:, 0], seen[:, 1], edges))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(seconds > 1e-8 * width, counts / seconds, np.nan)


@checked
def fano_factor(trains: SpikeTrains, window: Any = None) -> NDArray[np.float64]:
    r"""Measure how variable the spike count of each unit is.

    :math:`F = \mathrm{var}(n) / \mathrm{mean}(n)` with the population variance (``ddof=0``), as
    in Elephant [2]_; 1 for a Poisson process, 0 for a clock [1]_.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.
    window : float or Quantity, optional
        Counts come from adjacent windows of this many seconds in every trial, if they were
        observed entirely; without it, one count from each trial.

    Returns
    -------
    ndarray, shape (n_units,)
        Fano factors; NaN for a silent unit, or one with fewer than two observed windows.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two counts, the window is longer than the recording, or without it
        the trials of a unit were not observed equally long.

    References
    ----------
    .. [1] U. Fano, "Ionization yield of radiations. II.", Phys. Rev. 72, 1947.
    .. [2] Elephant, ``elephant.statistics.fanofactor``.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.1, 1.2, 1.3, 1.4], [0, 0, 0, 0], t_stop=2)
    >>> fano_factor(trains, window=1.0)  # counts 1 and 3
    array([0.5])
    """
    if window is None:
        counts = trains.counts().reshape(trains.n_trials, trains.n_units).T
        seconds = trains.observed_seconds().reshape(trains.n_trials, trains.n_units)
        if trains.n_trials and np.ptp(seconds, axis=0).max(initial=0) > 1e-9 * trains.duration:
            raise ValueError(
                "fano_factor.trains: trials must be observed equally long to be counted as one; "
                "give a window"
            )
    else:
        in_seconds("fano_factor.window", window)
        binned = bin_spikes(trains, window).reshape(trains.n_trials, trains.n_units, -1)
        counts = np.moveaxis(binned, 1, 0).reshape(trains.n_units, -1)
    if counts.shape[1] < 2:
        raise ValueError(
            f"fano_factor.window: must leave at least two counts per unit, got {counts.shape[1]}"
        )
    known = np.isfinite(counts)
    n = known.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, counts, 0).sum(axis=1) / n
        spread = np.where(known, counts - mean[:, None], 0.0)
        variance = np.where(n >= 2, np.einsum("ij,ij->i", spread, spread) / n, np.nan)
        return np.asarray(variance / mean, dtype=np.float64)


def _observed_bins(trains: SpikeTrains, bin_width: Any, n_bins: int) -> NDArray[np.bool_]:
    """Tell for each row and bin whether the bin was observed from end to end."""
    assert trains.observed is not None
    width = in_seconds("", bin_width)
    edges = trains.t_start + width * np.arange(n_bins + 1)
    rows = []
    for own in trains.observed.rows():
        begin, end = own[:, 0] - 1e-8 * width, own[:, 1] + 1e-8 * width
        where = np.searchsorted(begin, edges[:-1], "right") - 1
        rows.append((where >= 0) & (edges[1:] <= np.append(end, -np.inf)[where]))
    return np.stack(rows) if rows else np.zeros((0, n_bins), dtype=bool)


def _find_bins(place: str, trains: SpikeTrains, bin_width: Any) -> tuple[NDArray[np.int64], int]:
    """Return the bin of every spike and the number of whole bins."""
    width = in_seconds(f"{place}.bin_width", bin_width)
    if not 0 < width <= trains.duration * (1 + 1e-8):
        raise ValueError(
            f"{place}.bin_width: must be positive and at most {trains.duration:g} s, got {width:g}"
        )
    n_bins = int(trains.duration / width + 1e-8)
    place_in_bins = trains.times - trains.t_start
    place_in_bins /= width
    place_in_bins += 1e-8
    bins = place_in_bins.astype(np.int64)
    if abs(n_bins * width - trains.duration) <= 1e-8 * width:
        np.minimum(bins, n_bins - 1, out=bins)
    return bins, n_bins
