"""Cells that keep their rates while the world around them changes.

A classifier of Hebbian prototypes and leaky cells, tested on a stream of corrupted images. It
answers first and adapts after, without labels:

* ``"threshold"``: every cell moves its threshold until it fires as often as in training,
  ``th += eta th0 (n - n_mean)/T`` after each image (intrinsic plasticity; local);
* ``"gain"``: one inhibitory gain for all cells settles within an image, until their mean rate is
  that of the training (a sum over the layer; not local).

The question is that of Luo et al. (2025, arXiv 2504.02298), who adapt a deep network by gradients
at test; nothing of their method is used.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from brian2 import ms
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from bioplastic.engine import NetworkSpec, Population, Program, SpikeCount, Trial
from bioplastic.fields import Parametrised, check_params, param
from bioplastic.models.delta_readout import DeltaReadout
from bioplastic.neurons import NeuronModel
from bioplastic.validation import check_choice

__all__ = ["StreamClassifier"]

CELL = NeuronModel(
    name="adaptive",
    equations="v : 1\ndrive : 1\nth : 1\nth0 : 1\nrate : 1\nn : 1\neta : 1 (shared)",
    update="v = leak*v + (1 - leak)*drive",
    threshold="v > th",
    reset="v -= th; n += 1",
    parameters={"leak": 0.9},
)


class StreamClassifier(Parametrised, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Prototypes, leaky cells and a delta-rule read-out, adapting at test if asked to.

    Attributes
    ----------
    prototypes_ : ndarray, shape (n_features, n_cells)
        Weights of the cells, of unit length.
    threshold_, rate_ : ndarray, shape (n_cells,)
        Threshold of training, and spikes for an image there.

    Examples
    --------
    >>> X = np.repeat(np.eye(4) * 255, 5, axis=0)
    >>> y = np.repeat([0, 1, 0, 1], 5)
    >>> model = StreamClassifier(4, random_state=0).fit(X, y)
    >>> model.answer_stream(X, adapt="threshold").shape
    (20,)
    """

    n_cells: int = param(400, minimum=1, doc="cells, each with a prototype")
    steps: int = param(25, minimum=1, doc="steps of 1 ms that an image is shown")
    leak: float = param(0.9, minimum=0, maximum=1, doc="what is left of the membrane after a step")
    level: float = param(0.7, positive=True, doc="threshold, in medians of the drive in training")
    eta: float = param(0.05, minimum=0, doc="rate at which thresholds adapt at test")
    passes: int = param(5, minimum=1, doc="passes of the read-out")
    random_state: Any = param(None, doc="None, an integer or a RandomState")

    def fit(self, X: Any, y: Any) -> StreamClassifier:
        """Learn prototypes in one pass (the winner moves), then the read-out of the counts."""
        check_params(self)
        X, y = validate_data(self, X, y, dtype=np.float64)
        rng = check_random_state(self.random_state)
        units = normalize(X)
        order = rng.permutation(len(units))
        begin = units[rng.choice(len(units), self.n_cells, replace=len(units) < self.n_cells)]
        w, won = begin.copy(), np.zeros(self.n_cells)
        for k in order:
            best = int(np.argmax(w @ units[k]))
            won[best] += 1
            w[best] = normalize((w[best] + (units[k] - w[best]) / (1 + won[best]))[None])[0]
        self.prototypes_ = w.T
        drive = self._drive(X)
        self.threshold_ = np.full(self.n_cells, self.level * np.median(drive))
        counts = self._run(X, self.threshold_, np.zeros(self.n_cells), eta=0.0)
        self.rate_ = counts.mean(axis=0)
        self.mean_, self.spread_ = float(X.mean()), float(X.std(axis=1).mean())
        seed = int(rng.randint(2**31))
        self.readout_ = DeltaReadout(0.1, passes=self.passes, random_state=seed)
        self.readout_.fit(self._features(counts), y)
        self.classes_ = self.readout_.classes_
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer every image as after training; nothing adapts."""
        return self.answer_stream(X)

    def answer_stream(self, X: Any, adapt: str = "none") -> NDArray[Any]:
        """Answer images one after another.

        Parameters
        ----------
        X : array_like, shape (n, n_features)
            The stream, in order.
        adapt : {'none', 'threshold', 'gain'}, default 'none'
            What changes on the way; see the module.

        Returns
        -------
        ndarray, shape (n,)
            A class for each, given before adapting to it.
        """
        check_choice("StreamClassifier.answer_stream.adapt", adapt, ("none", "threshold", "gain"))
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        eta = self.eta if adapt == "threshold" else 0.0
        gain = self._settle(X) if adapt == "gain" else np.ones(len(X))
        counts = self._run(X * gain[:, None], self.threshold_, self.rate_, eta)
        return np.asarray(self.readout_.predict(self._features(counts)))

    def standardise(self, X: Any) -> NDArray[np.float64]:
        """Return images with the mean and spread of training: the baseline without any cells."""
        X = np.asarray(X, dtype=float)
        spread = np.maximum(X.std(axis=1, keepdims=True), 1e-9)
        unit = (X - X.mean(axis=1, keepdims=True)) / spread
        return np.asarray(np.clip(unit * self.spread_ + self.mean_, -255, 510))

    def _drive(self, X: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(X / 255 @ self.prototypes_)

    def _features(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(counts / self.steps)

    def _settle(self, X: NDArray[Any]) -> NDArray[np.float64]:
        """Bisect the gain of each image at which cells fire as often as in training."""
        low, high = np.full(len(X), 1e-3), np.full(len(X), 1e3)
        for _ in range(25):
            middle = np.sqrt(low * high)
            counts = self._run(X * middle[:, None], self.threshold_, self.rate_, 0.0)
            many = counts.mean(axis=1) > self.rate_.mean()
            low, high = np.where(many, low, middle), np.where(many, middle, high)
        return np.asarray(np.sqrt(low * high))

    def _run(
        self, X: NDArray[Any], threshold: NDArray[Any], rate: NDArray[Any], eta: float
    ) -> NDArray[np.float64]:
        """Show images to the cells in order; return their counts, shape (n, n_cells)."""
        program = _program(self.n_cells, self.steps, self.leak)
        state = program.initial_state(0)
        state |= {"cell.th": threshold, "cell.th0": threshold, "cell.rate": rate}
        state["cell.eta"] = np.full_like(state["cell.eta"], eta)
        _, record = program(state, {"drive": self._drive(X)}, seed=0)
        return np.asarray(record["cell.count"], dtype=float)


@functools.lru_cache(maxsize=8)
def _program(n_cells: int, steps: int, leak: float) -> Program:
    """Return the compiled cells; the same for all rates of adaptation, none included."""
    cells = Population(
        name="cell", n=n_cells, model=CELL.with_parameters(leak=leak), sample_inputs=("drive",),
        on_trial_start="v = 0\nn = 0",
        on_trial_end=(f"th = clip(th + eta*th0*(n - rate)/{steps}, 0.02*th0, 1e9)",),
    )  # fmt: skip
    spec = NetworkSpec(populations=(cells,), projections=(), trial=Trial(duration=steps * ms),
                       records=(SpikeCount(population="cell"),))  # fmt: skip
    return Program(spec, dt=1 * ms, dtype="float64")
