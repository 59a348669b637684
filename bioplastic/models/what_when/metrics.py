"""How good an expectation is: its error, amplitude, time, and how fast it follows a switch."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.arguments import check_arguments
from bioplastic.validation import check_real

__all__ = [
    "expectation_error",
    "outside_share",
    "peak_and_width",
    "switch_trials",
    "window_amplitude",
]

Floats = NDArray[np.float64]


@check_arguments
def expectation_error(output: ArrayLike, truth: ArrayLike) -> float:
    """Return the root of the mean squared difference over steps and channels.

    A silent network scores the root of the mean squared truth.

    Parameters
    ----------
    output, truth : array_like, shape (n_steps, n_channels)
        Prediction and `bioplastic.models.what_when.expectation`.

    Examples
    --------
    >>> expectation_error([[0.0], [1.0]], [[0.0], [0.0]]).__round__(3)
    0.707
    """
    goal = check_array("expectation_error.truth", truth, shape=(None, None))
    found = check_array("expectation_error.output", output, shape=goal.shape)
    return float(np.sqrt(np.mean((found - goal) ** 2)))


@check_arguments
def window_amplitude(
    output: ArrayLike, latencies: ArrayLike, *, dt: float = 1e-3, half_width: float = 0.06
) -> Floats:
    """Return the mean output of every channel around its event.

    Parameters
    ----------
    output : array_like, shape (n_steps, n_channels)
        Prediction.
    latencies : array_like, shape (n_channels,)
        Times of the events in seconds.
    dt, half_width : float, default 1 ms and 60 ms
        Step and half width of the window in seconds (published definition unknown; 1.5 bump
        widths).

    Returns
    -------
    array, shape (n_channels,)
    """
    out = check_array("window_amplitude.output", output, shape=(None, None))
    when = check_array("window_amplitude.latencies", latencies, shape=(out.shape[1],))
    half_width = check_real("window_amplitude.half_width", half_width, minimum=0, exclusive=True)
    time = dt * np.arange(len(out))
    inside = np.abs(time[:, None] - when) < half_width
    return np.asarray((out * inside).sum(axis=0) / inside.sum(axis=0), dtype=np.float64)


@check_arguments
def outside_share(
    output: ArrayLike, latencies: ArrayLike, *, dt: float = 1e-3, half_width: float = 0.12
) -> float:
    """Return the share of squared output further than ``half_width`` from every event.

    Parameters
    ----------
    output, latencies, dt
        As for `window_amplitude`.
    half_width : float, default 120 ms
        In seconds; three bump widths.

    Returns
    -------
    float
        NaN for silence.
    """
    out = check_array("outside_share.output", output, shape=(None, None))
    when = check_array("outside_share.latencies", latencies, shape=(None,))
    time = dt * np.arange(len(out))
    outside = np.all(np.abs(time[:, None] - when) >= half_width, axis=1)
    power = np.square(out)
    total = float(power.sum())
    return float(power[outside].sum() / total) if total > 0 else float("nan")


@check_arguments
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
    high = out >= 0.5 * out[peak]
    left, right = peak, peak
    while left > 0 and high[left - 1]:
        left -= 1
    while right + 1 < len(out) and high[right + 1]:
        right += 1
    return peak * dt, (right - left + 1) * dt


@check_arguments
def switch_trials(trials: ArrayLike, errors: ArrayLike, limit: float) -> float:
    """Return after how many trials of a block the error first reaches a limit, or infinity.

    Parameters
    ----------
    trials : array_like, shape (n_tests,)
        Trials of the block before each test, increasing.
    errors : array_like, shape (n_tests,)
        Error at each test.
    limit : float
        What it must reach.

    Examples
    --------
    >>> switch_trials([1, 10, 50], [0.2, 0.1, 0.05], 0.12)
    10.0
    """
    number = check_array("switch_trials.trials", trials, shape=(None,))
    value = check_array("switch_trials.errors", errors, shape=number.shape)
    reached = np.flatnonzero(value <= limit)
    return float(number[reached[0]]) if reached.size else float("inf")
