"""A liquid of 200 cells with fixed random weights, and a linear read-out (Lin et al. 2025).

``u(t) = decay u(t-1) (1 - s(t-1)) + W_in x(t) + W_rec s(t-1)``, ``s = [u > v_th]``. Both matrices
are Gaussian and never learn: on the chip they are differences of conductances as they came out, so
neither Dale's law nor distance plays a part. Reading a weight is noisy: in training it is a little
different from what it is in answers. Only a linear read-out of the spike counts learns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import ms
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bioplastic.engine import DenseProjection, NetworkSpec, Population, SpikeCount, Trial
from bioplastic.fields import param
from bioplastic.models.base import SpikingClassifier
from bioplastic.models.early_exit import spike_evidence
from bioplastic.models.rasters import check_rasters, raster_spikes
from bioplastic.neurons import NeuronModel
from bioplastic.signals import SpikeListSource

__all__ = ["LiquidStateMachine", "linear_read_out"]


def linear_read_out() -> Any:
    """Return the read-out: multinomial logistic regression on standardised counts."""
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


class LiquidStateMachine(SpikingClassifier):
    """A random recurrent network whose spike counts a linear classifier reads.

    A sample is a row of 0 and 1, the bins of the first input, then those of the next.

    Attributes
    ----------
    counts_ : array, shape (n_seen, n_cells)
        Spikes in training, from which the read-out is solved when it is asked.
    labels_ : array, shape (n_seen,)
        Index of the class of each.

    References
    ----------
    Lin et al. (2025), doi 10.1038/s43588-024-00751-z; neuron and constants from the authors'
    programs.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.kron(np.eye(2), np.ones(60))[[0, 1] * 20] * (rng.random((40, 120)) < 0.5)
    >>> y = [0, 1] * 20
    >>> LiquidStateMachine(n_inputs=2, n_cells=30, sd_in=3.0).fit(X, y).score(X, y)
    1.0
    """

    n_inputs: int = param(64, minimum=1, doc="inputs; it divides the number of features")
    n_cells: int = param(200, minimum=1, doc="cells of the liquid")
    decay: float = param(0.9, minimum=0, maximum=1, doc="of the potential in a step")
    v_th: float = param(5.0, positive=True, doc="threshold")
    sd_in: float = param(0.3, minimum=0, doc="standard deviation of input weights")
    sd_rec: float = param(0.09, minimum=0, doc="of recurrent weights; 0 for none")
    read_noise: float = param(
        0.05, minimum=0, doc="deviation of a weight when it is read, relative"
    )

    dt = 1 * ms
    counts_: NDArray[Any]
    labels_: NDArray[Any]

    def check_values(self, array: NDArray[Any]) -> None:
        """Refuse anything but 0 and 1, and bins that are no multiple of the inputs."""
        super().check_values(array)
        check_rasters(f"{type(self).__name__}.X", array, self.n_inputs)

    def network(self, kind: str) -> NetworkSpec:
        """Return inputs and liquid; nothing in it learns."""
        cell = NeuronModel(
            name="liquid", equations="u : 1\ni_in : 1\nz : 1", threshold="u > v_th", reset="z = 1",
            update="u = decay*u*(1 - z) + i_in\ni_in = 0\nz = 0",
            parameters={"decay": self.decay, "v_th": self.v_th}, reference="Lin et al. 2025",
        )  # fmt: skip
        feeds = [("feed", "input", self.sd_in), ("loop", "liquid", self.sd_rec)]
        return NetworkSpec(
            populations=(
                SpikeListSource(name="input", n=self.n_inputs),
                Population(name="liquid", n=self.n_cells, model=cell,
                           on_trial_start="u = 0; i_in = 0; z = 0"),
            ),
            projections=tuple(
                DenseProjection(name=name, source=source, target="liquid",
                                transmit="i_in_post += w", initial={"w": _gaussian(sd)})
                for name, source, sd in feeds if sd
            ),
            trial=Trial(duration=(self.n_features_in_ // self.n_inputs + 1) * ms),
            records=(SpikeCount(population="liquid"),),
        )  # fmt: skip

    def start(self, X: Any, y: Any) -> None:
        """Draw the weights."""
        self.state_ = self.program("answer").initial_state(self.seed_)
        self.counts_ = np.zeros((0, self.n_cells), dtype=np.int32)
        self.labels_ = np.zeros(0, dtype=np.int32)

    def present(self, X: NDArray[Any], y: Any = None) -> dict[str, Any]:
        """Show spikes at the beginning of their bins."""
        return {"input": raster_spikes(X, X.shape[1] // self.n_inputs, self.dt)}

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return the weights as they are read to answer."""
        return self._read(1)

    def _read(self, number: int) -> dict[str, NDArray[Any]]:
        rng = self.rng(5, number)
        weights = sorted(name for name in self.state_ if name.endswith(".w"))
        return {
            name: self.state_[name]
            * (1 + self.read_noise * rng.standard_normal(self.state_[name].shape))
            for name in weights
        }

    def learn(self, X: Any, y: Any) -> None:
        """Keep the counts that the samples evoke."""
        program = self.program("answer")
        state = program.initial_state(0) | self._read(0)
        _, record = program(state, self.present(X), seed=self.seed_)
        self.counts_ = np.vstack([self.counts_, record["liquid.count"]])
        self.labels_ = np.concatenate([self.labels_, y])

    def transform(self, X: Any) -> NDArray[Any]:
        """Return the spike counts of the liquid, shape (n_samples, n_cells)."""
        counts: NDArray[Any] = self.answer(X)["liquid.count"]
        return counts

    def scores(self, X: Any) -> NDArray[Any]:
        """Return the probability of each class, shape (n_samples, n_classes)."""
        counts = self.transform(X)
        scores = np.zeros((len(counts), len(self.classes_)))
        found = linear_read_out().fit(self.counts_, self.labels_)
        scores[:, found.classes_] = found.predict_proba(counts)
        return scores

    def evidence(self, X: Any, n_times: int) -> NDArray[np.float64]:
        """Return what the read-out has gathered by the end of each part of the time.

        The logits are linear in the spikes, so those so far give their share, and so does the
        constant; see `bioplastic.models.early_exit.EarlyExit`.

        Returns
        -------
        array, shape (n_samples, n_times, n_classes)
        """
        counts = spike_evidence(self, X, n_times, "liquid")
        scaler, logistic = linear_read_out().fit(self.counts_, self.labels_).named_steps.values()
        share = np.arange(1, n_times + 1)[:, None] / n_times
        logits = (counts - share * scaler.mean_) / scaler.scale_ @ logistic.coef_.T
        logits += share * logistic.intercept_
        gathered = np.zeros((*counts.shape[:2], len(self.classes_)))
        gathered[..., logistic.classes_[-logits.shape[2] :]] = logits  # two classes have one logit
        return gathered


def _gaussian(sd: float) -> Any:
    return lambda rng, shape: rng.normal(0, sd, shape)
