"""Decoders that are not local, to stand beside `bioplastic.models.online_decoder`.

All decode a recording whose first part is the calibration, and return answers for the rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import r2_score

from bioplastic.analysis.velocity import KalmanDecoder, bessel_filter
from bioplastic.plasticity import RecursiveLeastSquares

__all__ = ["binned_kalman", "filtered_ridge", "recursive_decoder", "refitted_ridge"]

Array = NDArray[np.float64]


def refitted_ridge(x: Array, target: Array, first: int, taught: NDArray[np.bool_]) -> Array:
    """Return answers of ridge regression, fitted anew after every lesson to the last six.

    The penalty is chosen in the calibration; without any lesson the regression stays as it is.

    Parameters
    ----------
    x : array, shape (n, n_inputs)
        Inputs, the calibration included.
    target : array, shape (n, n_outputs)
        What is decoded.
    first : int
        Length of the calibration, which belongs to the first lessons.
    taught : array of bool, shape (n - first,)
        When the target is shown.

    Returns
    -------
    array, shape (n - first, n_outputs)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(1200, 1))
    >>> y = 2 * x + 0.1 * rng.normal(size=x.shape)
    >>> found = refitted_ridge(x, y, 600, np.arange(600) % 100 < 10)
    >>> bool(r2_score(y[600:], found) > 0.99)
    True
    """
    known = np.r_[np.ones(first, dtype=bool), taught]
    ends = first + np.flatnonzero(np.diff(np.asarray(taught, dtype=int), append=0) < 0) + 1
    size = round(6 * np.sum(taught) / max(1, len(ends)))
    answers, model = [], RidgeCV(np.logspace(-1, 4, 11)).fit(x[:first], target[:first])
    penalty = model.alpha_
    for start, stop in zip((first, *ends), (*ends, len(x)), strict=True):
        if start > first:
            shown = np.flatnonzero(known[:start])[-size:]
            model = Ridge(penalty).fit(x[shown], target[shown])
        if stop > start:
            answers.append(model.predict(x[start:stop]))
    return np.concatenate(answers)


def recursive_decoder(
    x: Array, target: Array, first: int, taught: NDArray[np.bool_], *, memory: float
) -> Array:
    """Return answers of recursive least squares that forget with a memory of so many steps.

    Parameters
    ----------
    x, target, first, taught
        See `refitted_ridge`.
    memory : float
        Steps with a lesson after which a sample counts 1/e.

    Returns
    -------
    array, shape (n - first, n_outputs)

    Examples
    --------
    >>> x = np.arange(12.0)[:, None]
    >>> recursive_decoder(x, 2 * x, 6, np.ones(6, bool), memory=1e6).ravel().round()
    array([12., 14., 16., 18., 20., 22.])
    """
    x = np.column_stack([x, np.ones(len(x))])
    model = RecursiveLeastSquares(x.shape[1], target.shape[1], forgetting=1 - 1 / memory)
    answers = np.empty((len(x) - first, target.shape[1]))
    for k in range(len(x)):
        if k >= first:
            answers[k - first] = model.predict(x[k])
        if k < first or taught[k - first]:
            model.update(x[k], target[k])
    return answers


def binned_kalman(
    counts: Array, velocity: Array, first: int, *, every: int = 5, width: int = 12
) -> Array:
    """Return answers of a Kalman filter over bins, those of the last bin that is complete.

    Parameters
    ----------
    counts : array, shape (n_steps, n_units)
        Spikes of each step.
    velocity : array, shape (n_steps, n_outputs)
        What is decoded.
    first : int
        Length of the calibration in answers.
    every, width : int, default 5 and 12
        Steps from one answer to the next, and of a bin.

    Returns
    -------
    array, shape (n_steps // every - first, n_outputs)
    """
    bins = len(counts) // width
    k = counts[: width * bins].reshape(bins, width, -1).sum(axis=1)
    v = velocity[width - 1 : width * bins : width]
    calibration = first * every // width
    found = KalmanDecoder().fit(k[:calibration], v[:calibration]).predict(k)
    ends = np.arange(first, len(velocity) // every) * every + every
    return np.asarray(found[np.minimum(ends // width, bins) - 1])


def filtered_ridge(x: Array, target: Array, first: int, rate: float, how: str) -> Array:
    """Return answers of ridge regression behind a Bessel filter.

    Lag (steps by which the target is decoded in advance) and cut-off are those that are best in the
    last third of the calibration when the others are fitted to the first two; the penalty is 100.

    Parameters
    ----------
    x, target, first
        See `refitted_ridge`.
    rate : float
        Steps per second.
    how : {"causal", "block", "whole", "none"}
        See `bioplastic.analysis.velocity.bessel_filter`; blocks are of 6 steps. Without a filter
        there is no lag.

    Returns
    -------
    array, shape (n - first, n_outputs)
    """

    def answers(lag: int, last: int) -> Array:
        return np.asarray(Ridge(100.0).fit(x[: last - lag], target[lag:last]).predict(x))

    if how == "none":
        return answers(0, first)[first:]
    half, tried = first * 2 // 3, {}
    for lag in (0, 2, 4, 6, 8):
        raw = answers(lag, half)[:first]
        for cutoff in (2.0, 3.0, 4.0, 6.0):
            smoothed = bessel_filter(raw, cutoff, rate, how=how, block=6)
            tried[lag, cutoff] = r2_score(target[half:first], smoothed[half:])
    lag, cutoff = max(tried, key=lambda pair: tried[pair])
    return np.asarray(bessel_filter(answers(lag, first), cutoff, rate, how=how, block=6)[first:])
