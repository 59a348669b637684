"""Bits or steps: the same network with spikes of several bits in few steps, or of one bit in many.

Shen et al. (2024) call ``T b_w b_s`` (steps, bits of a weight, bits of a spike) the bit budget of a
network, which the arithmetic of a clocked machine is proportional to. Here ``b_w`` is the same in
all networks, and ``b_s T`` can be spent as 4 x 1, 2 x 2 or 1 x 4. A spike of ``b`` bits carries

    s = clip(round(v / theta), 0, 2**b - 1),    v <- v - s theta.

What learns is a read-out by the local delta rule; encoder and hidden weights are fixed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    SpikeCount,
    StateRecord,
    Trial,
    TrialRecord,
)
from bioplastic.fields import param
from bioplastic.models.low_bit import DeltaClassifier
from bioplastic.neurons import NeuronModel
from bioplastic.signals import AnalogueSource

__all__ = ["BitBudgetClassifier", "draw_order_task", "to_frames"]


def _multi_bit(name: str, first: int, n_steps: int, bits: int) -> NeuronModel:
    """Return integrators that fire with so many bits in ``n_steps`` steps from ``first`` on."""
    return NeuronModel(
        name=name,
        equations="v : 1\nx : 1\ns : 1\nstep : 1\nrbar : 1\ntheta : 1 (shared)",
        update=f"""
            awake = int(step >= {first})*int(step < {first + n_steps})
            v = v + awake*x
            s = awake*clip(floor(v/theta + 0.5), 0, {2**bits - 1})
            v = v - s*theta
            rbar = rbar + s*theta/{float(n_steps)}
            step = step + 1
            {"x = 0" if first else ""}
        """,
        threshold="s > 0.5",
        initial={"theta": 1.0},
    )


class BitBudgetClassifier(DeltaClassifier):
    """Encoder, random hidden layer and learned read-out, with spikes of a given number of bits.

    A sample holds what the channels of the encoder receive in each step, one step after the other;
    an image that stays is the same in every step. Each layer works one step after that before it.

    Attributes
    ----------
    weights_ : array, shape (n_hidden, n_classes)
        Weights of the read-out.

    References
    ----------
    Shen, Zhao, Li, Li & Zeng (2024), "Are Conventional SNNs Really Efficient? A Perspective from
    Network Quantization", CVPR, arXiv 2311.10802.

    Examples
    --------
    >>> X = np.tile([[1.0, 0.0], [0.0, 1.0]], (40, 1))
    >>> model = BitBudgetClassifier(n_hidden=20, spike_bits=4, n_steps=1, target="numpy", epochs=2)
    >>> model.fit(X, np.tile([0, 1], 40)).score(X, np.tile([0, 1], 40))
    1.0
    """

    n_hidden: int = param(50, minimum=1, doc="hidden cells")
    spike_bits: int = param(1, minimum=1, maximum=16, doc="bits of a spike")
    n_steps: int = param(4, minimum=1, doc="steps of a sample")
    saturation: float = param(
        0.99,
        minimum=0,
        maximum=1,
        doc="quantile of the training drive that the largest spike codes",
    )

    def combined_checks(self) -> None:
        """Refuse a saturation of zero, which leaves no size for a spike."""
        if self.saturation == 0:
            raise ValueError("BitBudgetClassifier.saturation: must be positive, got 0")

    @property
    def n_channels_(self) -> int:
        """Channels of the encoder."""
        return int(self.n_features_in_) // self.n_steps

    def check_samples(self, X: Any, *, first: bool = False) -> Any:
        """Return samples, whose features must be a multiple of the steps."""
        samples = super().check_samples(X, first=first)
        if samples.shape[1] % self.n_steps:
            raise ValueError(
                f"BitBudgetClassifier.X: must have a multiple of {self.n_steps} features, one part "
                f"per step, got {samples.shape[1]}"
            )
        return samples

    def network(self, kind: str) -> NetworkSpec:
        """Return the network that learns, that answers, or that with the read-out in every step."""
        steps, learn = self.n_steps, kind == "learn"
        cells = {"encoder": (self.n_channels_, 0, ""), "hidden": (self.n_hidden, 1, "\nx = 0")}
        return NetworkSpec(
            populations=(
                AnalogueSource(name="frame", n=self.n_channels_),
                *(
                    Population(
                        name=name, n=n, model=_multi_bit(name, first, steps, self.spike_bits),
                        inputs={"x": "frame"} if name == "encoder" else {},
                        on_trial_start="v = 0\nrbar = 0\nstep = 0" + further,
                    )
                    for name, (n, first, further) in cells.items()
                ),
                self.output_cells(learn),
            ),
            projections=(
                DenseProjection(
                    name="mix", source="encoder", target="hidden",
                    transmit="x_post += w*s_pre*theta_pre",
                    initial={"w": lambda rng, shape: rng.normal(0, shape[0] ** -0.5, shape)},
                ),
                self.readout(learn, f"v_post += w*s_pre*theta_pre/{float(steps)}"),
            ),
            trial=Trial(duration=(steps + 1) * self.dt),
            records=(
                *([] if kind == "watch" else [TrialRecord(population="output", variable="v")]),
                *(SpikeCount(population=name) for name in cells),
                *([StateRecord(population="output", variable="v")] if kind == "watch" else []),
            ),
        )  # fmt: skip

    def start(self, X: Any, y: Any) -> None:
        """Draw weights; set the size of a spike so that the largest one codes the strongest drive.

        The drive of the hidden layer is taken without the rounding of the encoder.
        """
        super().start(X, y)
        frames = X.reshape(-1, self.n_channels_)
        levels = 2**self.spike_bits - 1
        for name, drive in (("encoder", frames), ("hidden", np.abs(frames @ self.state_["mix.w"]))):
            largest = float(np.quantile(drive, self.saturation))
            if largest <= 0:
                raise ValueError(
                    f"BitBudgetClassifier.X: must drive the {name} cells in more than a share of "
                    f"{1 - self.saturation:.2g} of the steps"
                )
            self.state_[f"{name}.theta"] = np.full_like(
                self.state_[f"{name}.theta"], largest / levels
            )

    def present(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> dict[str, Any]:
        """Show one frame per step, and a last one while the hidden cells still work."""
        frames = X.reshape(len(X), self.n_steps, -1).astype(np.float32)
        given = {"frame": np.concatenate([frames, np.zeros_like(frames[:, :1])], axis=1)}
        if y is not None:
            given["target"] = np.eye(len(self.classes_), dtype=np.float32)[y]
        return given

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return weights and the sizes of spikes."""
        names = ("mix.w", "readout.w", "encoder.theta", "hidden.theta")
        return {name: self.state_[name] for name in names}

    def evidence(self, X: Any, n_times: int) -> NDArray[np.float64]:
        """Return what the read-out has added up after each of ``n_times`` equal parts.

        The steps must be a multiple of them. At the end it is ``n_steps`` times the scores.
        """
        if n_times < 1 or self.n_steps % n_times:
            raise ValueError(
                f"BitBudgetClassifier.n_times: must divide the {self.n_steps} steps, got {n_times}"
            )
        potentials = self.answer(X, kind="watch")["output.v"][:, 1:].astype(np.float64)
        every = self.n_steps // n_times
        return np.asarray(potentials[:, every - 1 :: every] * self.n_steps)


def draw_order_task(
    seed: int, n_samples: int, *, onset: int = 0, gap: int = 15, burst: float = 0.5
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Draw spikes of two groups of ten channels that burst one after the other.

    Parameters
    ----------
    seed : int
        Fixes everything.
    n_samples : int
        How many.
    onset : int, default 0
        The first burst begins at a step from 0 to this one, the rest is noise.
    gap : int, default 15
        Steps between the bursts, which last 15 steps each.
    burst : float, default 0.5
        Probability of a spike per channel and step in a burst; outside it is 0.02.

    Returns
    -------
    spikes : array of bool, shape (n_samples, 30 + gap + onset, 20)
        The spikes.
    order : array of int, shape (n_samples,)
        0 where the first ten channels come first. Spike counts say nothing about it.

    Examples
    --------
    >>> spikes, order = draw_order_task(0, 4)
    >>> spikes.shape, sorted(set(order.tolist()))
    ((4, 45, 20), [0, 1])
    """
    rng = np.random.default_rng(seed)
    steps, group = np.arange(30 + gap + onset)[:, None], np.arange(20) // 10
    order = np.arange(n_samples) % 2
    rng.shuffle(order)
    first = rng.integers(0, onset + 1, n_samples)
    begin = first[:, None, None] + (15 + gap) * (group != order[:, None, None])
    inside = (steps >= begin) & (steps < begin + 15)
    return rng.random(inside.shape) < np.where(inside, burst, 0.02), order


def to_frames(spikes: NDArray[Any], n_frames: int) -> NDArray[np.float64]:
    """Return spikes per step in each of so many equal parts, shape (n_samples, n_frames*channels).

    Examples
    --------
    >>> to_frames(np.array([[[1], [1], [1], [0]]]), 2)
    array([[1. , 0.5]])
    """
    edges = np.linspace(0, spikes.shape[1], n_frames + 1).round().astype(int)
    parts = [spikes[:, a:b].mean(axis=1) for a, b in pairwise(edges)]
    return np.concatenate(parts, axis=1)
