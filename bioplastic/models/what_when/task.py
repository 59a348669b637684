"""The task: a cue, then one of several events at its latency; and how good an expectation is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Quantity, have_same_dimensions, ms, second
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import Constants, param
from bioplastic.validation import check_integer, check_quantity, check_real

__all__ = [
    "Block",
    "Prediction",
    "expectation",
    "expectation_error",
    "switch_trials",
    "window_amplitude",
]

Floats = NDArray[np.float64]


class Block(Constants):
    """Trials with fixed statistics: after the cue either event A or event B.

    Examples
    --------
    >>> Block(p_a=0.8, latency_a=300 * ms, latency_b=600 * ms).probabilities
    array([0.8, 0.2])
    """

    p_a: float = param(minimum=0, maximum=1, doc="probability of A")
    latency_a: Quantity = param(positive=True, unit=second, doc="time of A from the cue")
    latency_b: Quantity = param(positive=True, unit=second, doc="time of B from the cue")
    n_trials: int = param(100, minimum=1, doc="length of the block")

    @property
    def latencies(self) -> Quantity:
        """Latencies of A and B, shape (2,)."""
        return Quantity([float(self.latency_a), float(self.latency_b)], dim=second.dim)

    @property
    def probabilities(self) -> Floats:
        """Probabilities of A and B, shape (2,)."""
        return np.array([self.p_a, 1 - self.p_a])

    def draw(self, seed: int | list[int]) -> tuple[NDArray[np.int64], Quantity]:
        """Draw the events of the block.

        Parameters
        ----------
        seed : int or list of int
            Fixes the draw.

        Returns
        -------
        events : array of int, shape (n_trials,)
            0 for A, 1 for B.
        latencies : Quantity, shape (n_trials,)
            When they happen.
        """
        rng = np.random.default_rng(seed)
        events = (rng.random(self.n_trials) >= self.p_a).astype(np.int64)
        return events, self.latencies[events]


@dataclass(frozen=True)
class Prediction:
    """What the network expects after the cue, when nothing is shown.

    Attributes
    ----------
    what : array, shape (n_trials, n_channels)
        Predicted probability of every event; ones for a merged read-out.
    when : array, shape (n_trials, n_steps, n_channels)
        Predicted time course of every event.
    """

    what: Floats
    when: Floats

    @property
    def trials(self) -> Floats:
        """The joint prediction, probability times time course, in every trial."""
        return np.asarray(np.clip(self.what, 0, 1)[:, None, :] * self.when)

    @property
    def output(self) -> Floats:
        """The joint prediction averaged over trials, shape (n_steps, n_channels)."""
        return np.asarray(self.trials.mean(axis=0))


def event_bump(time: ArrayLike, latency: ArrayLike, width: float) -> Floats:
    """Return the Gaussian that stands for an event; all in seconds."""
    distance = (np.asarray(time, dtype=np.float64) - np.asarray(latency)) / width
    return np.asarray(np.exp(-0.5 * distance**2), dtype=np.float64)


def check_events(place: str, events: Any, latencies: Any, n_channels: int, trial: float) -> Any:
    """Return events as integers and latencies in seconds, both of shape (n_trials,).

    Raises
    ------
    TypeError, ValueError
        For events that do not exist, latencies outside the trial, or another unit.
    """
    shown = np.asarray(events)
    if shown.size == 0:
        shown = np.zeros(0, dtype=np.int64)
    if shown.ndim != 1 or not np.issubdtype(shown.dtype, np.integer):
        raise ValueError(f"{place}: events must be a 1d array of integers, got {events!r}")
    if np.any((shown < 0) | (shown >= n_channels)):
        raise ValueError(
            f"{place}: events must lie in [0, {n_channels - 1}], got {shown.min()} to {shown.max()}"
        )
    if isinstance(latencies, Quantity) and not have_same_dimensions(latencies, second):
        raise TypeError(f"{place}: latencies must be times, got a quantity in {latencies.dim}")
    when = np.asarray(latencies, dtype=np.float64)
    if when.shape not in ((), shown.shape):
        raise ValueError(f"{place}: latencies must have shape {shown.shape}, got {when.shape}")
    when = np.broadcast_to(when, shown.shape)
    if not (np.all(when >= 0) and np.all(when <= trial)):
        raise ValueError(f"{place}: latencies must lie within the trial of {trial:g} s")
    return shown, when


def trial_inputs(
    event: int | None, latency: float, *, n_channels: int, n_steps: int, dt: float, width: float,
    merged: bool = False,
) -> dict[str, NDArray[np.float32]]:  # fmt: skip
    """Return what the experimenter gives to the network in one trial; nothing without an event.

    ``target`` is what the outputs should be, ``active`` whether their timing may learn (merged: the
    channel of an event not shown learns zero), ``shown`` which event it is: shape (1, n_steps,
    n_channels); ``evidence`` is the event itself, shape (1, n_steps, 1).
    """
    one_hot = np.zeros(n_channels, dtype=np.float32)
    bump = np.zeros(n_steps, dtype=np.float32)
    if event is not None:
        one_hot[event] = 1
        bump = event_bump(dt * np.arange(n_steps), latency, width).astype(np.float32)
    shown = np.repeat(one_hot[None, None], n_steps, axis=1)
    return {
        "target": bump[None, :, None] * one_hot,
        "active": np.ones_like(shown) if merged else shown,
        "shown": shown,
        "evidence": bump[None, :, None],
    }


def expectation(
    probabilities: ArrayLike, latencies: Any, *, n_steps: int, dt: Quantity = 1 * ms,
    width: Quantity = 40 * ms,
) -> Floats:  # fmt: skip
    """Return what an ideal observer expects: the bump of every event times its probability.

    Parameters
    ----------
    probabilities : array_like, shape (n_channels,)
        Of the events.
    latencies : Quantity, shape (n_channels,)
        Of the events.
    n_steps : int
        Steps of a trial.
    dt, width : Quantity, default 1 and 40 ms
        Step, and width of the bump.

    Returns
    -------
    array, shape (n_steps, n_channels)

    Examples
    --------
    >>> truth = expectation([0.8, 0.2], [300, 600] * ms, n_steps=1000)
    >>> truth.max(axis=0), truth.argmax(axis=0)
    (array([0.8, 0.2]), array([300, 600]))
    """
    for name, value in (("dt", dt), ("width", width)):
        check_quantity(f"expectation.{name}", value, second, positive=True)
    p = check_array("expectation.probabilities", probabilities, shape=(None,)).astype(np.float64)
    if not isinstance(latencies, Quantity) or not have_same_dimensions(latencies, second):
        raise TypeError(f"expectation.latencies: must be times, got {latencies!r}")
    when = check_array("expectation.latencies", np.asarray(latencies), shape=p.shape)
    time = float(dt) * np.arange(check_integer("expectation.n_steps", n_steps, minimum=0))
    return np.asarray(p * event_bump(time[:, None], when, float(width)))


# ---- how good an expectation is ------------------------------------------------------------------


def expectation_error(output: ArrayLike, truth: ArrayLike) -> float:
    """Return the root of the mean squared difference over steps and channels.

    A silent network scores the root of the mean squared truth.

    Parameters
    ----------
    output, truth : array_like, shape (n_steps, n_channels)
        Prediction and `expectation`.

    Examples
    --------
    >>> round(expectation_error([[0.0], [1.0]], [[0.0], [0.0]]), 3)
    0.707
    """
    goal = check_array("expectation_error.truth", truth, shape=(None, None))
    found = check_array("expectation_error.output", output, shape=goal.shape)
    return float(np.sqrt(np.mean((found - goal) ** 2)))


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
    dt = check_real("window_amplitude.dt", dt, minimum=0, exclusive=True)
    half_width = check_real("window_amplitude.half_width", half_width, minimum=0, exclusive=True)
    time = dt * np.arange(len(out))
    inside = np.abs(time[:, None] - when) < half_width
    return np.asarray((out * inside).sum(axis=0) / inside.sum(axis=0), dtype=np.float64)


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
    check_real("switch_trials.limit", limit)
    reached = np.flatnonzero(value <= limit)
    return float(number[reached[0]]) if reached.size else float("inf")
