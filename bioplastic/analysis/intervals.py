"""The times between spikes and how regular they are."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.fields import checked

__all__ = ["IntervalStatistics", "interval_statistics", "intervals", "same_stretch"]


@dataclasses.dataclass(frozen=True)
class IntervalStatistics:
    """Regularity of each unit's intervals; all arrays have shape (n_units,).

    Attributes
    ----------
    count : ndarray of int64
        Number of intervals.
    mean : ndarray
        Mean interval in seconds; NaN without intervals.
    cv : ndarray
        Standard deviation (``ddof=0``) over mean; NaN without intervals.
    cv2, lv : ndarray
        Local measures; NaN without two adjacent intervals in one stretch of a trial.
    """

    count: NDArray[np.int64]
    mean: NDArray[np.float64]
    cv: NDArray[np.float64]
    cv2: NDArray[np.float64]
    lv: NDArray[np.float64]


@checked
def intervals(trains: SpikeTrains) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return all inter-spike intervals and the unit of each.

    No interval spans two units, two trials, or a gap in which the unit was not observed.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes.

    Returns
    -------
    values : ndarray, shape (n_intervals,)
        Intervals in seconds, in the order of the spikes.
    units : ndarray of int32, shape (n_intervals,)
        Their units.

    Examples
    --------
    >>> intervals(SpikeTrains.from_arrays([0.1, 0.3, 0.5], [1, 1, 0], t_stop=1))
    (array([0.2]), array([1], dtype=int32))
    """
    same = same_stretch(trains)
    return np.diff(trains.times)[same], trains.units[1:][same]


@checked
def interval_statistics(trains: SpikeTrains) -> IntervalStatistics:
    r"""Measure the regularity of every unit, all of its trials together.

    With the intervals :math:`I_k` of a unit, the coefficient of variation
    :math:`CV = \sigma / \mu`, and over adjacent pairs in one trial the local measures

    .. math::
        CV_2 = \left\langle \frac{2 |I_{k+1} - I_k|}{I_{k+1} + I_k} \right\rangle, \qquad
        LV = \left\langle \frac{3 (I_{k+1} - I_k)^2}{(I_{k+1} + I_k)^2} \right\rangle

    of Holt et al. [1]_ and Shinomoto et al. [2]_, which do not mistake slow changes of the rate
    for irregularity. All three are 1 for a Poisson process and 0 for a clock. A renewal process
    with gamma intervals of order :math:`k` has :math:`CV = 1/\sqrt k`.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes. A pair of intervals that are both zero (duplicates) is left out.

    Returns
    -------
    IntervalStatistics

    References
    ----------
    .. [1] G. R. Holt et al., "Comparison of discharge variability in vitro and in vivo in cat
       visual cortex neurons", J. Neurophysiol. 75, 1996.
    .. [2] S. Shinomoto et al., "Differences in spiking patterns among cortical neurons", Neural
       Comput. 15, 2003.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.1, 0.2, 0.5], [0, 0, 0], t_stop=1)
    >>> found = interval_statistics(trains)
    >>> found.cv.round(3), found.cv2.round(3), found.lv.round(3)
    (array([0.5]), array([1.]), array([0.75]))
    """
    n = trains.n_units
    same = same_stretch(trains)
    steps = np.diff(trains.times)
    owner = trains.units[1:][same]
    values = steps[same]
    count = np.bincount(owner, minlength=n)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(owner, values, minlength=n) / count
        spread = values - mean[owner]
        spread *= spread
        cv = np.sqrt(np.bincount(owner, spread, minlength=n) / count) / mean
        del values, spread, owner
        both = same[1:] & same[:-1]
        total = (steps[1:] + steps[:-1])[both]
        ratio = np.abs(steps[1:] - steps[:-1])[both] / total
        owner = trains.units[2:][both]
        if total.size and total.min() == 0:
            kept = total > 0
            ratio, owner = ratio[kept], owner[kept]
        pairs = np.bincount(owner, minlength=n)
        cv2 = 2.0 * np.bincount(owner, ratio, minlength=n) / pairs
        ratio *= ratio
        lv = 3.0 * np.bincount(owner, ratio, minlength=n) / pairs
    return IntervalStatistics(count=count, mean=mean, cv=cv, cv2=cv2, lv=lv)


def same_stretch(trains: SpikeTrains) -> NDArray[np.bool_]:
    """Tell for each pair of neighbouring spikes whether they share unit, trial and stretch."""
    same = np.ones(max(trains.n_spikes - 1, 0), dtype=bool)
    inner = trains.offsets[1:-1]
    same[inner[(inner > 0) & (inner < trains.n_spikes)] - 1] = False
    if trains.observed is not None:
        stretch = trains.observed.find(trains.times, trains.offsets)
        same &= stretch[1:] == stretch[:-1]
    return same
