"""Training and response of the spiking convolution on arrays of images; no estimator here."""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.convolution import LatencyConvolution
from bioplastic.models.ncg.csnn_rule import latency_stdp, target_time_thresholds
from bioplastic.models.ncg.preprocessing import (
    difference_of_gaussians,
    fit_scale,
    latency_code,
    whiten,
)

__all__ = [
    "Coding",
    "Learning",
    "Training",
    "code_digest",
    "encode",
    "find_limits",
    "initial_training",
    "respond",
    "train",
]


@dataclass(frozen=True)
class Learning:
    """Constants of the learning layer, see `bioplastic.models.ncg.SpikingConvFeatures`."""

    n_filters: int
    kernel: int
    channels: int
    t_target: float
    threshold: float
    min_threshold: float
    eta_threshold: float
    a_plus: float
    a_minus: float
    beta: float
    decay: float
    weight_mean: float
    weight_std: float
    patches: str


@dataclass(frozen=True)
class Coding:
    """What turns an image into spike times, learned from the training images.

    Parameters
    ----------
    image_shape : (int, int, int)
        Rows, columns and channels.
    filters : array, shape (channels, size, size, channels), or None
        Whitening filters; None for a difference of Gaussians.
    gaussians : (float, float)
        Standard deviations of centre and surround (pixels).
    low, high : array, shape (rows, columns, 2 * channels)
        Limits of the responses.
    """

    image_shape: tuple[int, int, int]
    filters: NDArray[np.float64] | None
    gaussians: tuple[float, float] = (1.0, 2.0)
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None

    def respond(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the responses of the contrast filters."""
        images = X.reshape(-1, *self.image_shape) / 255.0
        if self.filters is None:
            centre, surround = self.gaussians
            return difference_of_gaussians(images, centre=centre, surround=surround)
        return whiten(images, self.filters)


def encode(coding: Coding, X: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return spike times of shape (n, rows, columns, channels), infinite for none."""
    assert coding.low is not None
    assert coding.high is not None
    return latency_code(coding.respond(X), coding.low, coding.high)


def find_limits(
    coding: Coding, X: NDArray[np.uint8]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return minimum and maximum of every response."""
    return fit_scale(None, None, coding.respond(X))


def respond(
    context: tuple[Coding, Learning, NDArray[np.float32], NDArray[np.float32], int],
    X: NDArray[np.uint8],
) -> NDArray[np.float32]:
    """Return the features of images: coding, constants, weights, thresholds and pooling given."""
    coding, learning, weights, thresholds, pooling = context
    times = layer(learning).respond(encode(coding, X), weights, thresholds, pooling=pooling)
    return times.reshape(len(X), -1)


@functools.lru_cache(maxsize=16)
def layer(learning: Learning) -> LatencyConvolution:
    """Return the compiled layer of these constants."""
    rule = latency_stdp(
        a_plus=learning.a_plus, a_minus=learning.a_minus, beta=learning.beta
    ) + target_time_thresholds(
        learning.n_filters,
        eta=learning.eta_threshold,
        t_target=learning.t_target,
        theta_min=learning.min_threshold,
    )
    return LatencyConvolution(
        rule, kernel=learning.kernel, channels=learning.channels, n_cells=learning.n_filters
    )


@functools.lru_cache(maxsize=1)
def code_digest() -> str:
    """Return a digest of the code that decides about features: it is part of every cache key."""
    accumulated = hashlib.sha256()
    for name in ("preprocessing", "csnn_rule", "csnn", "features"):
        module = importlib.import_module(f"bioplastic.models.ncg.{name}")
        accumulated.update(inspect.getsource(module).encode())
    generic = Learning(1, 1, 1, 0.5, 1.0, 0.0, 1.0, 0.1, 0.1, 1.0, 1.0, 0.5, 0.0, "all")
    accumulated.update(layer(generic).source.encode())
    return accumulated.hexdigest()


@dataclass
class Training:
    """The state between two epochs, and what the epochs were like.

    Parameters
    ----------
    weights : array of float32, shape (n_inputs, n_filters)
    thresholds : array of float32, shape (n_filters,)
    epoch : int
        Epochs done.
    threshold_history : array of float32, shape (epochs + 1, n_filters)
        Before the first and after every epoch.
    weight_history : array, shape (epochs + 1, 3)
        Mean weight, share of weights below 0.1 and above 0.9.
    wins : array of int64, shape (epochs, n_filters)
        Patches won.
    winner_latency : array, shape (epochs,)
        Mean latency of the winners.
    """

    weights: NDArray[np.float32]
    thresholds: NDArray[np.float32]
    epoch: int
    threshold_history: NDArray[np.float32]
    weight_history: NDArray[np.float64]
    wins: NDArray[np.int64]
    winner_latency: NDArray[np.float64]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as arrays."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Training:
        """Return the state from `to_arrays`; arrays are copied."""
        values: dict[str, Any] = {name: np.array(value) for name, value in arrays.items()}
        return cls(**{**values, "epoch": int(values["epoch"])})


def initial_training(learning: Learning, epochs: int, seed: int) -> Training:
    """Return the state before the first epoch."""
    n_inputs = learning.kernel**2 * learning.channels
    weights = np.random.default_rng(seed).normal(
        learning.weight_mean, learning.weight_std, (n_inputs, learning.n_filters)
    )
    state = Training(
        weights=weights.astype(np.float32),
        thresholds=np.full(learning.n_filters, learning.threshold, dtype=np.float32),
        epoch=0,
        threshold_history=np.zeros((epochs + 1, learning.n_filters), dtype=np.float32),
        weight_history=np.zeros((epochs + 1, 3)),
        wins=np.zeros((epochs, learning.n_filters), dtype=np.int64),
        winner_latency=np.full(epochs, np.nan),
    )
    _note(state)
    return state


def train(
    learning: Learning,
    latencies: NDArray[np.float32],
    state: Training,
    epochs: int,
    seed: int,
    after_epoch: Callable[[Training], None],
) -> None:
    """Train from ``state.epoch`` to ``epochs``; ``state`` is changed in place.

    The patches of an epoch depend on the seed and the number of the epoch alone, so an interrupted
    training goes on exactly as it would have done.
    """
    compiled = layer(learning)
    rows, columns = latencies.shape[1:3]
    corners = _corner_limits(rows, columns, learning)
    while state.epoch < epochs:
        shrink = learning.decay**state.epoch
        drawn = np.random.default_rng([seed, state.epoch]).integers(
            0, corners, (len(latencies), 2), endpoint=True
        )
        winners, times = compiled.learn(
            latencies,
            drawn,
            state.weights,
            state.thresholds,
            {
                "a_plus": learning.a_plus * shrink,
                "a_minus": learning.a_minus * shrink,
                "eta": learning.eta_threshold * shrink,
            },
        )
        won = winners >= 0
        state.wins[state.epoch] = np.bincount(winners[won], minlength=learning.n_filters)
        if won.any():
            state.winner_latency[state.epoch] = times[won].mean(dtype=np.float64)
        state.epoch += 1
        _note(state)
        after_epoch(state)


def _corner_limits(rows: int, columns: int, learning: Learning) -> tuple[int, int]:
    """Return the largest row and column of a corner.

    The published program draws from the size of the output minus the size of the kernel, which
    leaves the last positions out.
    """
    lost = 1 if learning.patches == "all" else 2
    return tuple(  # type: ignore[return-value]
        max(0, size - lost * learning.kernel + lost - 1) for size in (rows, columns)
    )


def _note(state: Training) -> None:
    w = state.weights
    state.threshold_history[state.epoch] = state.thresholds
    state.weight_history[state.epoch] = w.mean(), (w < 0.1).mean(), (w > 0.9).mean()
