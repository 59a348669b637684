"""Weights of few bits under the delta rule, and spikes with a sign.

A read-out over fixed cells learns by ``dw = eta (target - softmax(v)) rbar`` at the end of a trial,
``rbar`` being the spikes per step of the presynaptic cell. With `weight_bits` the result is rounded
to a level at once, at random or to the nearest one (`bioplastic.plasticity.quantised`), so that no
synapse holds more than its bits: neither a shadow copy nor a sum over a batch.

Spikes with a sign are those of Guo et al. (2024), AAAI, arXiv 2312.06372, with a soft reset::

    u <- leak u + I        s = sign(u) [|u| > 1]        u <- u - s

Such a ternary cell is a pair of an on- and an off-cell (drives I and -I) with one weight between
them. While the input stays as it is, the spikes are the same ones.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import ms
from numpy.typing import NDArray

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    PopulationMean,
    StateRecord,
    Trial,
    TrialRecord,
)
from bioplastic.fields import param
from bioplastic.models.base import SpikingClassifier
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule, quantised, trial_delta_rule

__all__ = ["DeltaClassifier", "LowBitClassifier"]

_OUTPUT = NeuronModel(
    name="softmax",
    equations="v : 1\ntarget : 1\npower : 1\nmean_power : 1 (shared)\nweight : 1\nerror : 1",
    initial={"weight": 1.0, "mean_power": 1.0},
)


class DeltaClassifier(SpikingClassifier):
    """Base of classifiers with fixed cells and a read-out that learns by the delta rule.

    The population that is read out is called ``hidden``; its cells keep the activity ``rbar`` of
    the trial. Classes come from divisive inhibition among the cells of the read-out.

    Attributes
    ----------
    weights_ : array, shape (n_cells, n_classes)
        Weights of the read-out.
    """

    epochs: int = param(40, minimum=1, kw_only=True, doc="passes through the samples")
    eta: float = param(0.5, minimum=0, kw_only=True, doc="learning rate of the read-out")
    annealing: float = param(
        0.93, minimum=0, maximum=1, kw_only=True, doc="what an epoch leaves of the learning rate"
    )
    weight_bits: int | None = param(
        None, minimum=1, maximum=16, kw_only=True, doc="bits of a weight; None for a float"
    )
    w_max: float = param(0.25, positive=True, kw_only=True, doc="largest weight of few bits")
    rounding: str = param(
        "stochastic", choices=("stochastic", "nearest", "shadow"), kw_only=True,
        doc="of weights of few bits, see `bioplastic.plasticity.quantised`",
    )  # fmt: skip

    dt = 1 * ms

    def output_cells(self, learn: bool) -> Population:
        """Return the cells of the read-out; at the end of a trial they know their error."""
        n_classes = len(self.classes_)
        compete = (
            "power = exp(clip(v, -30, 30))",
            PopulationMean(into="mean_power", of="power", weight="weight"),
            f"error = target - power/(mean_power*{float(n_classes)})",
        )
        return Population(
            name="output", n=n_classes, model=_OUTPUT, on_trial_start="v = 0",
            sample_inputs=("target",) if learn else (), on_trial_end=compete if learn else (),
        )  # fmt: skip

    def readout(self, learn: bool, transmit: str) -> DenseProjection:
        """Return the projection that learns; ``transmit`` is what a spike adds to an output."""
        return DenseProjection(
            name="readout", source="hidden", target="output", transmit=transmit,
            rule=self.rule() if learn else None,
            initial={} if self.weight_bits is None else {"w": self._draw_levels},
            modulators={"error_post": ("output", "error")} if learn else {},
        )  # fmt: skip

    def rule(self) -> PlasticityRule:
        """Return what the read-out learns by."""
        rule = trial_delta_rule(eta=self.eta, normalised=False)
        if self.weight_bits is None:
            return rule
        return quantised(rule, self.weight_bits, w_max=self.w_max, rounding=self.rounding)

    def _draw_levels(self, rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[Any]:
        """Draw one of the two levels about zero for every weight."""
        step = 2 * self.w_max / (2 ** (self.weight_bits or 1) - 1)
        return np.asarray(step * (rng.integers(0, 2, shape) - 0.5))

    def order(self, n_samples: int, stage: int, epoch: int) -> NDArray[np.int64]:
        """Return an order of its own for every epoch."""
        return np.asarray(self.rng(epoch).permutation(n_samples))

    def end_epoch(self) -> None:
        """Lower the learning rate."""
        self.state_["readout.eta"] = self.state_["readout.eta"] * np.float32(self.annealing)

    def scores(self, X: Any) -> NDArray[Any]:
        """Return what the read-out has added up, shape (n_samples, n_classes)."""
        potentials: NDArray[Any] = self.answer(X)["output.v"]
        return potentials

    @property
    def weights_(self) -> NDArray[Any]:
        """Weights of the read-out, shape (n_cells, n_classes)."""
        return self.state_["readout.w"]


class LowBitClassifier(DeltaClassifier):
    """Random projection, leaky cells whose spikes may have a sign, and a read-out of few bits.

    An image, less the mean of training, drives the cells with a constant current.

    Attributes
    ----------
    mean_ : ndarray, shape (n_features,)
        Mean of the samples learned from.
    mix_ : ndarray, shape (n_features, n_cells)
        Fixed weights to the cells, which are twice as many as ``n_hidden`` in pairs.
    weights_ : array, shape (n_cells, n_classes)
        Weights of the read-out.
    memory_bits_ : int
        Bits that the synapses of the read-out keep while they learn.

    Examples
    --------
    >>> X = np.tile([[1.0, 0.0], [0.0, 1.0]], (40, 1))
    >>> model = LowBitClassifier(20, weight_bits=2, epochs=2, target="numpy")
    >>> model.fit(X, np.tile([0, 1], 40)).score(X, np.tile([0, 1], 40)), model.memory_bits_
    (1.0, 80)
    """

    n_hidden: int = param(200, minimum=1, doc="cells, or pairs of cells")
    code: str = param(
        "binary", choices=("binary", "pair", "ternary"),
        doc="spikes of one sign; of an on- and an off-cell; of both signs in one cell",
    )  # fmt: skip
    n_steps: int = param(4, minimum=1, doc="steps of a sample")
    leak: float = param(0.5, minimum=0, maximum=1, doc="what a step leaves of the membrane")
    drive: float = param(0.9, positive=True, doc="standard deviation of the current, in thresholds")

    epochs = 20
    eta = 0.03
    annealing = 0.8

    def network(self, kind: str) -> NetworkSpec:
        """Return the network that learns, or that answers and keeps the spikes."""
        learn, n_cells = kind == "learn", self.mix_.shape[1]
        minus = " - int(u < -1)" if self.code == "ternary" else ""
        cell = NeuronModel(
            name=self.code,
            equations="u : 1\ncurrent : 1\ns : 1\nrbar : 1",
            update=f"u = {self.leak}*u + current\ns = int(u > 1){minus}\nu = u - s\n"
            f"rbar = rbar + s/{float(self.n_steps)}",
            threshold="abs(s) > 0.5",
        )
        hidden = Population(name="hidden", n=n_cells, model=cell, sample_inputs=("current",),
                            on_trial_start="u = 0\ns = 0\nrbar = 0")  # fmt: skip
        return NetworkSpec(
            populations=(hidden, self.output_cells(learn)),
            projections=(self.readout(learn, f"v_post += w*s_pre/{float(self.n_steps)}"),),
            trial=Trial(duration=self.n_steps * self.dt),
            records=(
                TrialRecord(population="output", variable="v"),
                *([] if learn else [StateRecord(population="hidden", variable="s")]),
            ),
        )  # fmt: skip

    def start(self, X: Any, y: Any) -> None:
        """Draw the projection and scale it; draw the weights of the read-out."""
        samples = np.asarray(X, dtype=float)
        self.mean_ = samples.mean(axis=0)
        mix = self.rng(0).normal(size=(samples.shape[1], self.n_hidden))
        spread = np.sqrt(((samples - self.mean_) @ mix).var(axis=0).mean())
        if spread == 0:
            raise ValueError("LowBitClassifier.X: must hold samples that differ")
        mix *= self.drive / spread
        self.mix_ = np.hstack([mix, -mix]) if self.code == "pair" else mix
        super().start(X, y)

    def present(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> dict[str, Any]:
        """Drive the cells with a constant current."""
        given: dict[str, Any] = {"current": (X - self.mean_) @ self.mix_}
        if y is not None:
            given["target"] = np.eye(len(self.classes_), dtype=np.float32)[y]
        return given

    def spikes(self, X: Any) -> NDArray[np.int8]:
        """Return the spikes of all cells, -1, 0 or 1, shape (n_samples, n_steps, n_cells)."""
        return np.asarray(np.rint(self.answer(X)["hidden.s"]), dtype=np.int8)

    @property
    def memory_bits_(self) -> int:
        """Bits that the synapses of the read-out keep while they learn; a float has 32."""
        copy = 32 if "readout.w_shadow" in self.state_ else 0
        return int(self.weights_.size) * ((self.weight_bits or 32) + copy)
