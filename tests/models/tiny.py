"""A small system on the base of all systems: the delta rule on spike counts, without noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import NDArray

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    StateRecord,
    Trial,
)
from bioplastic.fields import param
from bioplastic.models.base import (
    SpikingClassifier,
    SpikingEstimator,
    SpikingRegressor,
)
from bioplastic.models.continual import ContinualLearner
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule

STEPS = 6


class Delta(SpikingEstimator):
    """Counts of input spikes, weighted, learn a target by their error."""

    dt = 1 * ms
    chunk = 7

    eta: float = param(0.02, minimum=0, doc="learning rate")
    epochs: int = param(4, minimum=1, doc="passes through the samples")
    bias: bool = param(True, doc="whether one input always fires")
    shuffle: bool = param(True, doc="whether epochs have an order of their own")
    duration: Quantity = param(STEPS * ms, positive=True, doc="length of a presentation")

    def network(self, kind: str) -> NetworkSpec:
        learn = kind == "learn"
        cell = NeuronModel(
            name="input", equations="v : 1\nx : 1", threshold="v > 1", reset="v -= 1"
        )
        output = NeuronModel(name="output", equations="v : 1\ngoal : 1")
        rule = PlasticityRule(
            name="delta",
            synapse="w : 1",
            pre="n_pre : 1",
            on_pre="n_pre += 1",
            on_trial_start="n_pre = 0; v_post = 0",
            on_trial_end=f"w += {self.eta!r}*(goal_post - v_post)*n_pre" if learn else "",
        )
        return NetworkSpec(
            populations=[
                Population(
                    name="input",
                    n=2 * self.n_features_in_ + self.bias,
                    model=cell,
                    sample_inputs=("x",),
                    on_trial_start="v = x",
                ),
                Population(
                    name="output",
                    n=self._n_outputs,
                    model=output,
                    sample_inputs=("goal",) if learn else (),
                ),
            ],
            projections=[
                DenseProjection(
                    name="feed", source="input", target="output", transmit="v_post += w", rule=rule
                )
            ],
            trial=Trial(duration=self.duration),
            records=[StateRecord(population="output", variable="v", every=STEPS)],
        )

    @property
    def weights_(self) -> NDArray[Any]:
        return self.state_["feed.w"]

    def present(self, X: Any, y: Any = None) -> dict[str, Any]:
        z = np.clip(X, -3, 3)
        ones = np.ones((len(z), int(self.bias)))
        on_off = np.concatenate([np.maximum(z, 0), np.maximum(-z, 0), ones], axis=1)
        given = {"x": 1.5 * on_off}
        return given if y is None else given | {"goal": self._goal(y)}

    def order(self, n_samples: int, stage: int, epoch: int) -> NDArray[np.int64] | None:
        return self.rng(stage, epoch).permutation(n_samples) if self.shuffle else None


class TinyClassifier(SpikingClassifier, Delta):
    """The delta rule on labels."""

    @property
    def _n_outputs(self) -> int:
        return len(self.classes_)

    def _goal(self, y: Any) -> Any:
        return np.eye(len(self.classes_))[y]

    def scores(self, X: Any) -> NDArray[Any]:
        return self.answer(X)["output.v"][:, -1]


class TinyContinual(ContinualLearner, TinyClassifier):
    """The delta rule on one task after another."""


class TinyRegressor(SpikingRegressor, Delta):
    """The delta rule on numbers."""

    @property
    def _n_outputs(self) -> int:
        return self.n_outputs_

    def start(self, X: Any, y: Any) -> None:
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        self.one_ = y.ndim == 1
        super().start(X, y)

    def _goal(self, y: Any) -> Any:
        return y.reshape(len(y), -1)

    def predict(self, X: Any) -> NDArray[Any]:
        found = self.answer(X)["output.v"][:, -1]
        return found[:, 0] if self.one_ else found
