"""Neuronal avalanches: bursts of activity, their sizes and durations, and how these scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.analysis.power_law import PowerLawFit, fit_power_law
from bioplastic.fields import checked
from bioplastic.validation import check_integer, check_real

__all__ = [
    "AvalancheFit",
    "Avalanches",
    "cut_silence",
    "find_avalanches",
    "fit_avalanches",
    "mean_size_by_duration",
]


@dataclass(frozen=True, eq=False)
class Avalanches:
    """Runs of activity above a threshold.

    Attributes
    ----------
    sizes : array of int, shape (n_avalanches,)
        Spikes of each run; the threshold is not subtracted.
    durations : array of int, shape (n_avalanches,)
        Time bins of each run.
    threshold : float
        The threshold in spikes per bin.
    """

    sizes: NDArray[np.int64]
    durations: NDArray[np.int64]
    threshold: float


@dataclass(frozen=True)
class AvalancheFit:
    """Power laws of sizes and durations, and the scaling that they predict.

    Attributes
    ----------
    size, duration : PowerLawFit
        Exponents tau and alpha.
    scaling : float
        Slope of log mean size against log duration, by least squares.
    """

    size: PowerLawFit
    duration: PowerLawFit
    scaling: float

    @property
    def predicted_scaling(self) -> float:
        """``(alpha - 1)/(tau - 1)``, the slope that a critical system must have."""
        return (self.duration.exponent - 1) / (self.size.exponent - 1)


def cut_silence(counts: ArrayLike, *, longest: int = 1000, keep: int = 5) -> NDArray[np.int64]:
    """Return spike counts per bin with long silent gaps shortened.

    Parameters
    ----------
    counts : array_like of int, shape (n_bins,)
        Spikes of the population per bin.
    longest : int, default 1000
        Longer gaps are shortened.
    keep : int, default 5
        To this many bins.

    Examples
    --------
    >>> cut_silence([1, 0, 0, 0, 0, 2, 0], longest=3, keep=1)
    array([1, 0, 2, 0])
    """
    activity, gap = _check_counts("cut_silence.counts", counts)
    if gap.any():
        raise ValueError("cut_silence.counts: must be observed all the time, got NaN")
    longest = check_integer("cut_silence.longest", longest, minimum=1)
    keep = check_integer("cut_silence.keep", keep, minimum=0, maximum=longest)
    begin, end = _find_runs(activity == 0)
    kept = np.ones(activity.size, dtype=bool)
    for first, last in zip(begin, end, strict=True):
        if last - first > longest:
            kept[first + keep : last] = False
    return np.asarray(activity[kept])


@checked
def find_avalanches(
    counts: ArrayLike, *, percentile: float = 35.0, threshold: float | None = None
) -> Avalanches:
    """Find runs of bins above a threshold that begin and end inside the record.

    Parameters
    ----------
    counts : array_like of int, shape (n_bins,)
        Spikes of the population per bin, as ``bin_spikes(trains, width).sum(axis=0)``. NaN is a bin
        that was not observed; a run that touches it is left out, like one at an end.
    percentile : float, default 35
        The threshold is this percentile of the counts.
    threshold : float, optional
        The threshold itself.

    Examples
    --------
    >>> avalanches = find_avalanches([9, 0, 3, 1, 0, 0, 2, 0, 5], threshold=0)
    >>> avalanches.sizes, avalanches.durations
    (array([4, 2]), array([2, 1]))
    """
    activity, gap = _check_counts("find_avalanches.counts", counts)
    if threshold is None:
        share = check_real("find_avalanches.percentile", percentile, minimum=0, maximum=100)
        seen = activity[~gap]
        threshold = float(np.percentile(seen, share)) if seen.size else 0.0
    threshold = check_real("find_avalanches.threshold", threshold)
    begin, end = _find_runs((activity > threshold) & ~gap)
    beyond = np.concatenate([[True], gap, [True]])  # before the first bin, gaps, after the last
    whole = ~beyond[begin] & ~beyond[end + 1]
    begin, end = begin[whole], end[whole]
    total = np.concatenate([[0], np.cumsum(activity)])
    return Avalanches(sizes=total[end] - total[begin], durations=end - begin, threshold=threshold)


def mean_size_by_duration(
    avalanches: Avalanches,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Return the durations that occur, the mean size at each, and the number of avalanches.

    Examples
    --------
    >>> mean_size_by_duration(Avalanches(np.array([1, 4, 6]), np.array([1, 2, 2]), 0.0))
    (array([1, 2]), array([1., 5.]), array([1, 2]))
    """
    durations, index, count = np.unique(
        avalanches.durations, return_inverse=True, return_counts=True
    )
    total = np.bincount(index.reshape(-1), weights=avalanches.sizes, minlength=durations.size)
    return durations, total / count, count


@checked
def fit_avalanches(
    avalanches: Avalanches,
    *,
    largest_lower_size: int = 100,
    largest_lower_duration: int = 80,
    min_size: int = 21,
) -> AvalancheFit:
    """Fit power laws to sizes and durations and the slope between them.

    Parameters
    ----------
    avalanches : Avalanches
        What was found.
    largest_lower_size, largest_lower_duration : int
        See `bioplastic.analysis.power_law.fit_power_law`.
    min_size : int, default 21
        Smaller avalanches do not enter the fit of sizes.

    Returns
    -------
    AvalancheFit

    Raises
    ------
    ValueError
        If there are too few avalanches.

    References
    ----------
    Friedman et al. (2012), doi 10.1103/PhysRevLett.108.208102; Bagley et al. (2020),
    doi 10.1371/journal.pone.0229083.
    """
    for name, value in (
        ("largest_lower_size", largest_lower_size),
        ("largest_lower_duration", largest_lower_duration),
        ("min_size", min_size),
    ):
        check_integer(f"fit_avalanches.{name}", value, minimum=1)
    durations, sizes, _ = mean_size_by_duration(avalanches)
    if durations.size < 2:
        raise ValueError("fit_avalanches.avalanches: must have at least two different durations")
    slope = np.polyfit(np.log(durations), np.log(sizes), 1)[0]
    return AvalancheFit(
        size=fit_power_law(
            avalanches.sizes, largest_lower=max(largest_lower_size, min_size), minimum=min_size
        ),
        duration=fit_power_law(avalanches.durations, largest_lower=largest_lower_duration),
        scaling=float(slope),
    )


def _check_counts(place: str, value: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return counts, and where they are NaN."""
    counts = check_array(place, value, shape=(None,), finite=False)
    gap = np.isnan(counts)
    counts = check_array(place, np.where(gap, 0, counts), shape=(None,), minimum=0)
    if counts.dtype.kind == "f" and (counts != np.floor(counts)).any():
        raise TypeError(f"{place}: must be whole numbers of spikes")
    return counts.astype(np.int64), gap


def _find_runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the first bin of every run of True, and the bin after its last."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
