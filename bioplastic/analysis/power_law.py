"""Maximum-likelihood fits of discrete power laws that end at both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.validation import check_integer, check_real

__all__ = ["PowerLawFit", "draw_power_law", "estimate_exponent", "fit_power_law"]

_MIN_EVENTS = 30
_NEWTON_STEPS = 60


@dataclass(frozen=True)
class PowerLawFit:
    """A power law ``P(x) ~ x**-exponent`` for whole ``lower <= x <= upper``.

    Attributes
    ----------
    exponent : float
        Maximum-likelihood estimate.
    lower, upper : int
        Range of the fit, inclusive.
    ks : float
        Kolmogorov-Smirnov distance of data and law inside the range.
    n : int
        Events inside the range.
    """

    exponent: float
    lower: int
    upper: int
    ks: float
    n: int

    @property
    def standard_error(self) -> float:
        """Standard error of the exponent, from the Fisher information."""
        _, variance = _log_moments(self.exponent, _log_range(self.lower, self.upper))
        return float(1 / np.sqrt(self.n * variance)) if variance > 0 else float("inf")

    def probability(self, x: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities of values inside the range.

        Examples
        --------
        >>> PowerLawFit(exponent=1.0, lower=1, upper=2, ks=0.0, n=3).probability([1, 2]).round(3)
        array([0.667, 0.333])
        """
        support = np.arange(self.lower, self.upper + 1, dtype=np.float64)
        total = (support**-self.exponent).sum()
        return np.asarray(np.asarray(x, dtype=np.float64) ** -self.exponent / total)

    def p_value(self, *, n_sets: int = 200, seed: int = 0) -> float:
        """Return the fraction of synthetic data sets that fit worse than the data.

        Each has as many events inside the range, is drawn from the fitted law, and its exponent is
        estimated anew. Small values speak against a power law.

        Parameters
        ----------
        n_sets : int, default 200
            Number of synthetic sets.
        seed : int, default 0
            Fixes them.

        References
        ----------
        Clauset, Shalizi & Newman (2009), doi 10.1137/070710111.
        """
        check_integer("PowerLawFit.p_value: n_sets", n_sets, minimum=1)
        rng = np.random.default_rng(seed)
        worse = 0
        for _ in range(n_sets):
            values = draw_power_law(rng, self.exponent, self.n, lower=self.lower, upper=self.upper)
            exponent = estimate_exponent(values, self.lower, self.upper)
            worse += _ks_distance(values, exponent, self.lower, self.upper) >= self.ks
        return worse / n_sets


def draw_power_law(
    rng: np.random.Generator, exponent: float, size: int, *, lower: int = 1, upper: int
) -> NDArray[np.int64]:
    """Draw whole numbers from ``lower`` to ``upper`` with probability ``~ x**-exponent``.

    Examples
    --------
    >>> draw_power_law(np.random.default_rng(0), 2.0, 5, upper=50).max() <= 50
    np.True_
    """
    support = np.arange(lower, upper + 1)
    cumulated = np.cumsum(support.astype(np.float64) ** -exponent)
    return np.asarray(support[np.searchsorted(cumulated, rng.random(size) * cumulated[-1])])


def estimate_exponent(values: ArrayLike, lower: int, upper: int) -> float:
    """Return the maximum-likelihood exponent of a power law on ``lower..upper``.

    It makes the expected logarithm of the law equal to the mean logarithm of the data.

    Parameters
    ----------
    values : array_like of int, shape (n_events,)
        Data; those outside the range are left out.
    lower, upper : int
        The range, inclusive.

    Raises
    ------
    ValueError
        If fewer than two different values lie inside the range.

    Examples
    --------
    >>> values = draw_power_law(np.random.default_rng(0), 1.5, 20_000, upper=1000)
    >>> round(estimate_exponent(values, 1, 1000), 1)
    1.5
    """
    data = check_array("estimate_exponent.values", values, shape=(None,)).astype(np.float64)
    inside = data[(data >= lower) & (data <= upper)]
    if inside.size == 0 or inside.min() == inside.max():
        raise ValueError(
            f"estimate_exponent.values: must hold two different values in {lower}..{upper}"
        )
    return _solve(float(np.log(inside).mean()), _log_range(lower, upper))


def fit_power_law(
    values: ArrayLike, *, largest_lower: int = 100, minimum: int = 1, min_gain: float = 0.0005
) -> PowerLawFit:
    """Fit a power law and choose its range.

    The lower end is the one, up to ``largest_lower``, with the smallest Kolmogorov-Smirnov
    distance. While that distance exceeds ``min(1/sqrt(n), 0.1)``, the largest events are left out,
    until this changes the distance by less than ``min_gain``.

    Parameters
    ----------
    values : array_like of int, shape (n_events,)
        Sizes or durations, at least 1.
    largest_lower : int, default 100
        Largest lower end that is tried.
    minimum : int, default 1
        Smaller values are left out.
    min_gain : float, default 0.0005
        See above.

    Returns
    -------
    PowerLawFit

    Raises
    ------
    ValueError
        If there are fewer than 30 events or all are equal.

    References
    ----------
    Clauset, Shalizi & Newman (2009), doi 10.1137/070710111; Karimipanah et al. (2016),
    arXiv 1610.01217.

    Examples
    --------
    >>> values = draw_power_law(np.random.default_rng(1), 2.0, 5000, upper=10_000)
    >>> fit = fit_power_law(values)
    >>> abs(fit.exponent - 2) < 5 * fit.standard_error
    True
    """
    place = "fit_power_law"
    data = check_array(f"{place}.values", values, shape=(None,), minimum=1)
    if data.dtype.kind == "f" and (data != np.floor(data)).any():
        raise TypeError(f"{place}.values: must be whole numbers")
    largest_lower = check_integer(f"{place}.largest_lower", largest_lower, minimum=1)
    minimum = check_integer(f"{place}.minimum", minimum, minimum=1)
    min_gain = check_real(f"{place}.min_gain", min_gain, minimum=0)
    data = np.sort(data[data >= minimum].astype(np.int64))
    if data.size < _MIN_EVENTS or data[0] == data[-1]:
        raise ValueError(
            f"{place}.values: must hold at least {_MIN_EVENTS} events that are not all equal"
        )
    best = _best_lower(data, minimum, largest_lower)
    while best.ks > min(best.n**-0.5, 0.1):
        data = data[data < data[-1]]
        if data.size < _MIN_EVENTS or data[0] == data[-1]:
            break
        shorter = _best_lower(data, minimum, largest_lower)
        gain, best = abs(best.ks - shorter.ks), shorter
        if gain < min_gain:
            break
    return best


def _best_lower(data: NDArray[np.int64], minimum: int, largest: int) -> PowerLawFit:
    """Return the fit with the smallest distance over all lower ends; ``data`` is sorted."""
    upper = int(data[-1])
    fits: list[PowerLawFit] = []
    for lower in range(minimum, max(minimum, largest) + 1):
        inside = data[np.searchsorted(data, lower) :]
        if fits and (inside.size < _MIN_EVENTS or inside[0] == upper):
            break
        exponent = estimate_exponent(inside, lower, upper)
        ks = _ks_distance(inside, exponent, lower, upper)
        fits.append(PowerLawFit(exponent, lower, upper, ks, int(inside.size)))
    return min(fits, key=lambda fit: fit.ks)


def _log_range(lower: int, upper: int) -> NDArray[np.float64]:
    return np.asarray(np.log(np.arange(lower, upper + 1, dtype=np.float64)))


def _log_moments(exponent: float, logs: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and variance of log x under the law."""
    weights = np.exp(-exponent * (logs - logs[0]))
    weights /= weights.sum()
    mean = float(weights @ logs)
    return mean, float(weights @ (logs - mean) ** 2)


def _solve(mean_log: float, logs: NDArray[np.float64]) -> float:
    """Newton's method for the exponent with a given mean logarithm; the mean falls with it."""
    exponent = 1.5
    for _ in range(_NEWTON_STEPS):
        mean, variance = _log_moments(exponent, logs)
        step = float(np.clip((mean - mean_log) / max(variance, 1e-12), -1.0, 1.0))
        exponent += step
        if abs(step) < 1e-10:
            break
    return exponent


def _ks_distance(data: NDArray[np.int64], exponent: float, lower: int, upper: int) -> float:
    """Return the largest distance of the two distribution functions on the range."""
    law = np.cumsum(np.exp(-exponent * _log_range(lower, upper)))
    counts = np.bincount(data - lower, minlength=upper - lower + 1)
    return float(np.abs(np.cumsum(counts) / data.size - law / law[-1]).max())
