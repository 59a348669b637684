"""The multi-event expectation task: a cue, then one of several events at its latency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Quantity, have_same_dimensions, ms, second
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.arguments import check_arguments
from bioplastic.validation import check_integer, check_quantity, check_real

__all__ = ["Block", "Prediction", "Signals", "event_bump", "expectation", "trial_signals"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Trials with fixed statistics: after the cue either event A or event B.

    Parameters
    ----------
    p_a : float
        Probability of A.
    latency_a, latency_b : Quantity
        Times of the events from the onset of the cue.
    n_trials : int, default 100
        Length of the block.

    Examples
    --------
    >>> Block(p_a=0.8, latency_a=300 * ms, latency_b=600 * ms).probabilities
    array([0.8, 0.2])
    """

    p_a: float
    latency_a: Quantity
    latency_b: Quantity
    n_trials: int = 100

    def __post_init__(self) -> None:
        place = type(self).__name__
        check_real(f"{place}.p_a", self.p_a, minimum=0, maximum=1)
        for name in ("latency_a", "latency_b"):
            check_quantity(f"{place}.{name}", getattr(self, name), second, positive=True)
        check_integer(f"{place}.n_trials", self.n_trials, minimum=1)

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
class Signals:
    """What the experimenter gives to the network, one value per trial, step and channel.

    Attributes
    ----------
    target, active, shown : array of float32, shape (n_trials, n_steps, n_channels)
        What the outputs should be, whether their timing may learn, and which event is shown.
    evidence : array of float32, shape (n_trials, n_steps, 1)
        The event itself.
    """

    target: NDArray[np.float32]
    active: NDArray[np.float32]
    shown: NDArray[np.float32]
    evidence: NDArray[np.float32]


def event_bump(time: ArrayLike, latency: ArrayLike, width: float) -> Floats:
    """Return the Gaussian that stands for an event.

    Parameters
    ----------
    time : array_like
        Times from the cue in seconds.
    latency : array_like
        Time of the event in seconds.
    width : float
        Standard deviation in seconds.

    Examples
    --------
    >>> event_bump([0.3, 0.34], 0.3, 0.04).round(3)
    array([1.   , 0.607])
    """
    distance = (np.asarray(time, dtype=np.float64) - np.asarray(latency)) / width
    return np.asarray(np.exp(-0.5 * distance**2), dtype=np.float64)


def trial_signals(
    events: Any,
    latencies: Any,
    *,
    n_channels: int,
    n_steps: int,
    dt: float,
    width: float,
    merged: bool = False,
    place: str = "trial_signals",
) -> Signals:
    """Return the signals of trials.

    Parameters
    ----------
    events : array_like of int, shape (n_trials,)
        Which event is shown.
    latencies : Quantity, shape (n_trials,) or ()
        When; plain numbers are seconds.
    n_channels, n_steps : int
        Sizes.
    dt, width : float
        Step, and standard deviation of the bump, in seconds.
    merged : bool, default False
        All channels are active: that of an event not shown learns zero.
    place : str
        Name in messages.

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
    if not (np.all(when >= 0) and np.all(when <= n_steps * dt)):
        raise ValueError(f"{place}: latencies must lie within the trial of {n_steps * dt:g} s")
    time = dt * np.arange(n_steps)
    bump = event_bump(time, when[:, None], width).astype(np.float32)
    one_hot = np.eye(n_channels, dtype=np.float32)[shown]
    each_step = np.repeat(one_hot[:, None, :], n_steps, axis=1)
    return Signals(
        target=bump[:, :, None] * one_hot[:, None, :],
        active=np.ones_like(each_step) if merged else each_step,
        shown=each_step,
        evidence=bump[:, :, None],
    )


@check_arguments
def expectation(
    probabilities: ArrayLike,
    latencies: Any,
    *,
    n_steps: int,
    dt: Quantity = 1 * ms,
    width: Quantity = 40 * ms,
) -> Floats:
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
    p = check_array("expectation.probabilities", probabilities, shape=(None,)).astype(np.float64)
    if not isinstance(latencies, Quantity) or not have_same_dimensions(latencies, second):
        raise TypeError(f"expectation.latencies: must be times, got {latencies!r}")
    when = check_array("expectation.latencies", np.asarray(latencies), shape=p.shape)
    time = float(dt) * np.arange(check_integer("expectation.n_steps", n_steps, minimum=0))
    return np.asarray(p * event_bump(time[:, None], when, float(width)))


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
