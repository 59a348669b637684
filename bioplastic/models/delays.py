"""Cells that detect spiking motifs by the delays of their synapses (Grimaldi & Perrinet 2023).

Hidden events B of motif b make input a fire d steps later, with evidence that adds up as logits::

    Pr(A(a, s) = 1) = sigmoid(logit p_input + sum_{b, d} B(b, s - d) K(b, a, d))

What reads it is one cell per motif and, for every non-zero K(b, a, d), a synapse of this weight
with a delay of ``depth - 1 - d`` steps: the spikes of a motif all arrive in the same step. The cell
adds up what arrives in a step, keeps nothing of it for the next and fires above a threshold.

Learning is logistic regression, local to a synapse and its delay: when an input spike arrives, the
weight follows the error of its cell, ``dK(b, a, d) = eta (B(b, t) - p(b, t)) A(a, t + d)`` with
``p = sigmoid(evidence + bias)``. A teacher cell per motif tells the cell when the motif was there.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from brian2 import ms
from numpy.typing import NDArray
from scipy.special import logit

from bioplastic.engine import NetworkSpec, Population, SparseProjection, StateRecord, Trial
from bioplastic.engine import UniformProjection as Uniform
from bioplastic.fields import check_params, param
from bioplastic.models.base import SpikingEstimator
from bioplastic.models.rasters import check_rasters, raster_spikes
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import SpikeListSource
from bioplastic.validation import check_real

__all__ = ["MotifDetector"]


class MotifDetector(SpikingEstimator):
    """A cell per motif whose synapses have weights and delays; known or learnt.

    A sample is a row of 0 and 1, the steps of the first input, then those of the next. The target
    says when each motif begins, shape (n_samples, n_motifs, n_steps).

    Attributes
    ----------
    kernels_ : array, shape (n_motifs, n_inputs, depth)
        Weight of the synapse with delay ``depth - 1 - d`` from every input to every motif.
    threshold_ : float
        Evidence above which cells fire: where an event is as probable as none, until `calibrate`.
    n_motifs_ : int
        Motifs.

    References
    ----------
    Grimaldi & Perrinet (2023), Biological Cybernetics, doi 10.1007/s00422-023-00975-8; Perrinet
    (2023), "Accurate Detection of Spiking Motifs by Learning Heterogeneous Delays of a Spiking
    Neural Network", ICANN: the task.

    Examples
    --------
    >>> from bioplastic.datasets.motifs import draw_rasters, motif_kernels
    >>> rng = np.random.default_rng(0)
    >>> kernels = motif_kernels(rng, 3, 80, 21)
    >>> X, y = draw_rasters(rng, kernels, n=4, n_steps=500, p_event=0.01)
    >>> model = MotifDetector(n_inputs=80, depth=21, target="numpy")
    >>> model.adopt(kernels, X, share=y.mean()).score(X, y) > 0.5
    True
    """

    n_inputs: int = param(128, minimum=1, doc="inputs; it divides the number of features")
    depth: int = param(31, minimum=1, doc="steps of a motif; the longest delay is one less")
    prior: float = param(
        1e-3, minimum=1e-9, maximum=0.5, doc="probability of an event; the bias is its logit"
    )
    eta: float = param(1e-3, minimum=0, doc="learning rate")
    epochs: int = param(1, minimum=1, doc="passes through the samples")

    dt = 1 * ms
    chunk = 50
    n_motifs_: int
    threshold_: float

    # ---- samples ---------------------------------------------------------------------------------

    def check_values(self, array: NDArray[Any]) -> None:
        """Refuse anything but 0 and 1, and a number of bins that is no multiple of the inputs."""
        super().check_values(array)
        check_rasters(f"{type(self).__name__}.X", array, self.n_inputs)

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return rasters and events.

        Raises
        ------
        ValueError
            For anything but 0 and 1, another number of motifs or steps.
        """
        samples = self.check_samples(X, first=first)
        if y is None:
            raise ValueError("MotifDetector.y: requires y to be passed, but the target y is None")
        events = np.asarray(y)
        motifs: Any = (
            events.shape[1] if first and events.ndim == 3 else getattr(self, "n_motifs_", "m")
        )
        wanted = (len(samples), motifs, self.n_steps_)
        if events.shape != wanted or not np.isin(events, (0, 1)).all():
            raise ValueError(
                f"MotifDetector.y: must be 0 and 1 of shape {wanted}, got shape {events.shape}"
            )
        if first:
            self.n_motifs_ = events.shape[1]
        return samples, events

    @property
    def n_steps_(self) -> int:
        """Steps of a raster."""
        return self.n_features_in_ // self.n_inputs

    def present(self, X: NDArray[Any], y: Any = None) -> dict[str, Any]:
        """Show input spikes, and teachers when the last spike of a motif is due."""
        steps = self.n_steps_
        given = {"input": raster_spikes(X, steps, self.dt)}
        if y is not None:
            given["teacher"] = raster_spikes(y, steps, self.dt, late=self.depth - 1)
        return given

    # ---- the network -----------------------------------------------------------------------------

    def rule(self) -> PlasticityRule:
        """Return the delta rule of a delayed synapse.

        Examples
        --------
        >>> str(MotifDetector().rule().audit().verdict)
        'local with modulator'
        """
        return PlasticityRule(
            name="delayed delta", modulators="error_post : 1", on_pre="w += eta*error_post",
            parameters={"eta": self.eta}, reference="Grimaldi & Perrinet 2023",
        )  # fmt: skip

    def network(self, kind: str) -> NetworkSpec:
        """Return inputs and detectors: all delays to learn, those of non-zero weights to answer."""
        learn = kind == "learn"
        cell = NeuronModel(
            name="detector",
            equations="u : 1\ni_in : 1\ntaught : 1\nerror : 1\nfired : 1\ntheta : 1",
            update="u = i_in\nerror = taught - 1/(1 + exp(-u - bias))\n"
            "i_in = 0\ntaught = 0\nfired = 0",
            threshold="u > theta", reset="fired = 1", parameters={"bias": logit(self.prior)},
        )  # fmt: skip
        source, motif, d = np.nonzero(self._connected(kind))
        delay = (self.depth - 1 - d) * self.dt
        relay = Uniform(name="teach", source="teacher", target="motif", pattern="one_to_one",
                        transmit="taught_post += 1")  # fmt: skip
        return NetworkSpec(
            populations=(
                SpikeListSource(name="input", n=self.n_inputs),
                *([SpikeListSource(name="teacher", n=self.n_motifs_)] if learn else []),
                Population(name="motif", n=self.n_motifs_, model=cell),
            ),
            projections=(
                SparseProjection(
                    name="detect", source="input", target="motif", pre=source, post=motif,
                    delay=delay, transmit="i_in_post += w",
                    rule=self.rule() if learn else None,
                    rule_delay=delay + self.dt if learn else None,  # when the error is known
                    modulators={"error_post": ("motif", "error")} if learn else {},
                ),
                *([relay] if learn else []),
            ),
            trial=Trial(duration=(self.n_steps_ + self.depth + 1) * self.dt),
            records=() if learn else tuple(
                StateRecord(population="motif", variable=name) for name in ("u", "fired")
            ),
        )  # fmt: skip

    def _connected(self, kind: str) -> NDArray[np.bool_]:
        """Return which synapses there are, shape (n_inputs, n_motifs, depth)."""
        shape = (self.n_inputs, self.n_motifs_, self.depth)
        found = np.ones(shape, dtype=bool) if kind == "learn" else self._dense() != 0
        return found if found.any() else np.ones(shape, dtype=bool)

    def _dense(self) -> NDArray[Any]:
        return self.state_["detect.w"].reshape(self.n_inputs, self.n_motifs_, self.depth)

    @property
    def kernels_(self) -> NDArray[Any]:
        """Weights, shape (n_motifs, n_inputs, depth), by steps from event to spike."""
        return self._dense().transpose(1, 0, 2)

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return the weights that are not zero, and the threshold."""
        theta = np.full(self.n_motifs_, self.threshold_, dtype=self.dtype)
        return {"detect.w": self._dense()[self._connected("answer")], "motif.theta": theta}

    # ---- learning and answering ------------------------------------------------------------------

    def start(self, X: Any, y: Any) -> None:
        """Begin with weights of zero."""
        super().start(X, y)
        self.threshold_ = -float(logit(self.prior))

    def adopt(self, kernels: NDArray[Any], X: Any, share: float | None = None) -> Self:
        """Take kernels as known instead of learning them, and set the threshold.

        Parameters
        ----------
        kernels : array, shape (n_motifs, n_inputs, depth)
            Weights.
        X, share
            As for `calibrate`.
        """
        check_params(self)
        values = np.asarray(kernels, dtype=self.dtype)
        if values.ndim != 3 or values.shape[1:] != (self.n_inputs, self.depth):
            wanted = ("n_motifs", self.n_inputs, self.depth)
            raise ValueError(f"MotifDetector.kernels: must have shape {wanted}, got {values.shape}")
        if not np.isfinite(values).all():
            raise ValueError("MotifDetector.kernels: must be finite, got NaN or infinity")
        self.check_samples(X, first=True)
        self.n_motifs_ = len(values)
        self._begin(X, None)
        self.state_["detect.w"] = np.ascontiguousarray(values.transpose(1, 0, 2)).ravel()
        return self.calibrate(X, share)

    def calibrate(self, X: Any, share: float | None = None) -> Self:
        """Set the threshold to a quantile of the evidence, without labels.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Rasters.
        share : float, optional
            Share of all steps and cells above the threshold; ``prior`` by default.
        """
        rate = check_real("MotifDetector.share", self.prior if share is None else share)
        if not 0 < rate < 1:
            raise ValueError(f"MotifDetector.share: must lie between 0 and 1, got {rate}")
        self.threshold_ = float(np.quantile(self.evidence(X), 1 - rate))
        return self

    def evidence(self, X: Any) -> NDArray[Any]:
        """Return the evidence at every step, shape (n_samples, n_motifs, n_steps)."""
        return self._recorded(X, "u")

    def predict(self, X: Any) -> NDArray[np.bool_]:
        """Return when cells fire, counted back to the beginning of the motif, as `evidence`."""
        return self._recorded(X, "fired") > 0.5

    def score(self, X: Any, y: Any) -> float:
        """Return the share of true events that are found in their very step."""
        events = self.check_data(X, y, first=False)[1].astype(bool)
        return float(self.predict(X)[events].mean())

    def _recorded(self, X: Any, variable: str) -> NDArray[Any]:
        steps = slice(self.depth, self.depth + self.n_steps_)
        return np.asarray(self.answer(X)[f"motif.{variable}"][:, steps].transpose(0, 2, 1))
