"""How well a generated signal follows a target: errors, phase, spectrum, distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked, param

__all__ = [
    "count_swings",
    "histogram_overlap",
    "lag_tolerant_error",
    "normalised_error",
    "peak_and_width",
    "spectral_peak",
]


@checked
def normalised_error(output: ArrayLike, target: ArrayLike) -> NDArray[np.float64]:
    """Return the root mean squared error over the standard deviation of the target.

    Parameters
    ----------
    output, target : array_like, shape (n,) or (n, n_outputs)
        Signals at the same times.

    Returns
    -------
    array, shape (n_outputs,)
        0 is perfect; silence scores at least 1.

    Raises
    ------
    ValueError
        If shapes differ or a target is constant.

    Examples
    --------
    >>> normalised_error([1.0, -1.0], [2.0, -2.0])
    array([0.5])
    """
    z, x = _check_pair("normalised_error", output, target)
    return np.asarray(np.sqrt(np.mean((z - x) ** 2, axis=0)) / _spread("normalised_error", x))


@checked(max_lag=param(minimum=0), window=param(minimum=1))
def lag_tolerant_error(
    output: ArrayLike, target: ArrayLike, *, max_lag: int, window: int
) -> NDArray[np.float64]:
    """Return the normalised error after the best shift of the target within every window.

    An oscillator that runs freely drifts in phase, and the plain error then measures nothing but
    the drift. Each window of the output is compared with the target shifted by any lag up to
    ``max_lag``, the same for all outputs.

    Parameters
    ----------
    output, target : array_like, shape (n,) or (n, n_outputs)
        Signals at the same times.
    max_lag : int
        Largest shift in samples.
    window : int
        Length of a window in samples; the remainder is left out.

    Returns
    -------
    array, shape (n_outputs,)
        Root of the mean over windows of the squared error at the lag that is best for the sum over
        outputs, over the standard deviation of the target.

    Raises
    ------
    ValueError
        If there is no complete window.

    Examples
    --------
    >>> t = np.arange(2000) / 1000
    >>> target, late = np.sin(10 * np.pi * t), np.sin(10 * np.pi * (t - 0.1))
    >>> normalised_error(late, target).round(2), lag_tolerant_error(
    ...     late, target, max_lag=100, window=1000).round(2)
    (array([2.]), array([0.]))
    """
    place = "lag_tolerant_error"
    z, x = _check_pair(place, output, target)
    spread = _spread(place, x)
    best = []
    for first in range(0, z.shape[0] - window + 1, window):
        lags = [
            lag
            for lag in range(-max_lag, max_lag + 1)
            if first + lag >= 0 and first + lag + window <= x.shape[0]
        ]
        part = z[first : first + window]
        errors = np.array(
            [np.mean((part - x[first + lag : first + lag + window]) ** 2, axis=0) for lag in lags]
        )
        best.append(errors[np.argmin((errors / spread**2).sum(axis=1))])
    if not best:
        raise ValueError(f"{place}.window: longer than the signal of {z.shape[0]} samples")
    return np.asarray(np.sqrt(np.mean(best, axis=0)) / spread)


@checked(dt=param(positive=True))
def spectral_peak(signal: ArrayLike, dt: float) -> float:
    """Return the frequency with the largest power, in the inverse unit of ``dt``.

    The mean is removed and the peak of the Hann-windowed spectrum interpolated by a parabola
    through the logarithm of its three largest bins.

    Parameters
    ----------
    signal : array_like, shape (n,)
        At least 8 samples.
    dt : float
        Time between samples.

    Returns
    -------
    float
        0 for a constant signal.

    Examples
    --------
    >>> round(spectral_peak(np.sin(2 * np.pi * 5.1 * np.arange(2000) / 1000), 0.001), 1)
    5.1
    """
    x = check_array("spectral_peak.signal", signal, shape=(None,)).astype(np.float64)
    if x.size < 8:
        raise ValueError(f"spectral_peak.signal: must have at least 8 samples, got {x.size}")
    power = np.abs(np.fft.rfft((x - x.mean()) * np.hanning(x.size))) ** 2
    k = int(np.argmax(power[1:-1])) + 1
    if power[k] <= 1e-24 * max(1.0, float(x @ x)):
        return 0.0
    low, top, high = np.log(np.maximum(power[k - 1 : k + 2], 1e-300))
    curvature = low - 2 * top + high
    shift = 0.5 * (low - high) / curvature if curvature < 0 else 0.0
    return float((k + shift) / (x.size * dt))


@checked(bins=param(minimum=1))
def histogram_overlap(
    output: ArrayLike, target: ArrayLike, *, bins: int = 50
) -> NDArray[np.float64]:
    """Return the overlap of the distributions of two signals, per output.

    Parameters
    ----------
    output, target : array_like, shape (n,) or (n, n_outputs), and (m,) or (m, n_outputs)
        Signals; they need not be equally long.
    bins : int, default 50
        Bins between the smallest and the largest value of both.

    Returns
    -------
    array, shape (n_outputs,)
        Sum over bins of the smaller of the two fractions: 1 for equal distributions, 0 for
        disjoint ones.

    Examples
    --------
    >>> histogram_overlap([0.0, 1.0], [0.0, 2.0], bins=4)
    array([0.5])
    """
    place = "histogram_overlap"
    z, x = _columns(f"{place}.output", output), _columns(f"{place}.target", target)
    if z.shape[1] != x.shape[1]:
        raise ValueError(f"{place}: {z.shape[1]} and {x.shape[1]} outputs")
    overlaps = []
    for mine, other in zip(z.T, x.T, strict=True):
        limits = (min(mine.min(), other.min()), max(mine.max(), other.max()))
        counts = [np.histogram(values, bins, limits)[0] / values.size for values in (mine, other)]
        overlaps.append(np.minimum(*counts).sum())
    return np.array(overlaps)


@checked
def count_swings(signal: ArrayLike) -> int:
    """Return how often a signal goes from one side of zero to the other, noise aside.

    It has done so when it was beyond half its root mean square on both sides.

    Parameters
    ----------
    signal : array_like, shape (n,)
        For the first variable of the Lorenz attractor: changes between its lobes.

    Examples
    --------
    >>> count_swings([1.0, 0.1, -0.1, 0.1, -1.0, -0.9, 1.0])
    2
    """
    x = check_array("count_swings.signal", signal, shape=(None,))
    sides = np.sign(x)[np.abs(x) > 0.5 * np.sqrt(np.mean(x**2))]
    return int(np.count_nonzero(np.diff(sides)))


@checked(dt=param(positive=True))
def peak_and_width(output: ArrayLike, *, dt: float = 1e-3) -> tuple[float, float]:
    """Return the time of the peak of one channel and its full width at half height, in seconds.

    Parameters
    ----------
    output : array_like, shape (n_steps,)
        One channel.
    dt : float, default 1 ms
        Step in seconds.

    Examples
    --------
    >>> time, width = peak_and_width(np.exp(-0.5*((np.arange(1000) - 300)/40)**2))
    >>> time, round(width, 3)                                  # 2.355 standard deviations
    (0.3, 0.095)
    """
    out = check_array("peak_and_width.output", output, shape=(None,))
    if not len(out):
        raise ValueError("peak_and_width.output: must not be empty")
    peak = int(np.argmax(out))
    low = np.flatnonzero(out < 0.5 * out[peak])
    left = int(low[low < peak].max(initial=-1)) + 1
    right = int(low[low > peak].min(initial=len(out))) - 1
    return peak * dt, (right - left + 1) * dt


def _columns(place: str, signal: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(signal)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{place}: must hold real numbers, got an array of {array.dtype}")
    array = array.astype(np.float64)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or array.size == 0 or not np.all(np.isfinite(array)):
        raise ValueError(
            f"{place}: must be finite, of shape (n,) or (n, n_outputs), got {array.shape}"
        )
    return array


def _check_pair(
    place: str, output: ArrayLike, target: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    z, x = _columns(f"{place}.output", output), _columns(f"{place}.target", target)
    if z.shape != x.shape:
        raise ValueError(f"{place}: output has shape {z.shape}, target {x.shape}")
    return z, x


def _spread(place: str, target: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = target.std(axis=0)
    if np.any(spread == 0):
        raise ValueError(f"{place}.target: must not be constant")
    return np.asarray(spread)
