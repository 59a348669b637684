"""Decode behaviour from recorded spikes, online and locally, with a teacher that is seldom there.

Every unit leaves an exponential trace; traces are standardised with mean and deviation of the
calibration and weighted linearly. While the teacher's gate ``g`` is open,

    dW = g (5 eta / d) (v - y) r^T        every 20 ms, d inputs,

the delta rule as a three-factor rule: activity of the input, error of the output, gate.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from brian2 import Quantity, ms
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis import SpikeTrains
from bioplastic.analysis.velocity import spike_traces
from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    StateRecord,
    Trial,
    UniformProjection,
)
from bioplastic.fields import param
from bioplastic.models.base import SpikingEstimator
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import gated_delta_rule
from bioplastic.signals import AnalogueSource, SpikeListSource

__all__ = ["OnlineDecoder"]

_OUTPUT = NeuronModel(
    name="linear-output", equations="y : 1\ntarget : 1\ngate : 1\nerror = target - y : 1"
)


class OnlineDecoder(SpikingEstimator):
    """Linear decoder of spike trains that keeps learning whenever a teacher shows the behaviour.

    Spikes are any `bioplastic.analysis.SpikeTrains` of one trial; behaviour is an array with one
    row per ``interval``, the first one at the end of the first interval after ``t_start``.

    Attributes
    ----------
    weights_ : array, shape (n_units + 1, n_outputs)
        Weights of the standardised traces, and of a constant.
    mean_, deviation_ : array, shape (n_units,)
        Of the traces in the calibration; deviations are not below ``floor``, which keeps units
        that were silent then from exploding later.
    dropped_ : int
        Spikes left out so far, since the same unit fired twice within a step.

    Examples
    --------
    >>> from bioplastic.datasets.reaching import simulated_reaching
    >>> found = simulated_reaching(calibration=60, duration=20, n_units=30)
    >>> trains = SpikeTrains.from_arrays(found.times, found.units, t_start=0, t_stop=80, n_units=30)
    >>> model = OnlineDecoder(eta=0.01, target="numpy")
    >>> model = model.fit(trains.slice_time(0, 60), found.velocity[4:15000:5])
    >>> bool(model.score(trains.slice_time(60, 80), found.velocity[15004::5]) > 0.2)
    True
    """

    eta: float = param(0.003, minimum=0, doc="learning rate; 0.1 diverged in our trials")
    tau: Quantity = param(200 * ms, positive=True, doc="decay of the traces")
    interval: Quantity = param(20 * ms, positive=True, doc="time between two corrections")
    step: Quantity = param(4 * ms, positive=True, doc="time step; it divides the interval")
    floor: float = param(0.1, positive=True, doc="smallest deviation of a trace")
    passes: int = param(1, minimum=1, doc="passes of `fit` through the calibration")

    n_units_: int
    n_outputs_: int

    @property
    def dt(self) -> Any:
        """Time step."""
        return self.step

    @property
    def every_(self) -> int:
        """Steps from one correction to the next."""
        return round(float(self.interval) / float(self.step))

    def combined_checks(self) -> None:
        """Refuse an interval that is no multiple of the step."""
        if abs(self.every_ * float(self.step) / float(self.interval) - 1) > 1e-9:
            raise ValueError(
                f"OnlineDecoder.interval: must be a multiple of the step {self.step}, got "
                f"{self.interval}"
            )

    def network(self, kind: str) -> NetworkSpec:
        """Return the network; it learns where the gate is open."""
        n, n_out, every = self.n_units_ + 1, self.n_outputs_, self.every_
        unit = NeuronModel(
            name="trace",
            equations="x : 1\nmu : 1\nsd : 1\nr = (x - mu)/sd : 1",
            update="x = x*exp(-dt/tau)",
            parameters={"tau": self.tau},
            initial={"sd": 1.0},
        )
        return NetworkSpec(
            populations=(
                SpikeListSource(name="spikes", n=n),
                AnalogueSource(name="teacher", n=n_out, every=every),
                AnalogueSource(name="open", n=n_out, every=every),
                Population(name="unit", n=n, model=unit),
                Population(
                    name="output", n=n_out, model=_OUTPUT,
                    inputs={"target": "teacher", "gate": "open"},
                ),
            ),
            projections=(
                UniformProjection(
                    name="relay", source="spikes", target="unit", pattern="one_to_one",
                    transmit="x_post += 1",
                ),
                DenseProjection(
                    name="readout", source="unit", target="output",
                    rule=gated_delta_rule(eta=0.0, interval=self.interval),
                    summed="y_post = w*r_pre", summed_when="after",
                    modulators={
                        "error_post": ("output", "error"), "gate_post": ("output", "gate"),
                    },
                ),
            ),
            trial=Trial(duration=self.interval),
            records=(StateRecord(population="output", variable="y", every=every),),
        )  # fmt: skip

    # ---- learning and decoding -------------------------------------------------------------------

    def fit(self, X: SpikeTrains, y: ArrayLike) -> Self:  # type: ignore[override]
        """Calibrate: standardise the traces, then learn with the teacher always there.

        Parameters
        ----------
        X : SpikeTrains
            Spikes of all units.
        y : array_like, shape (n_intervals,) or (n_intervals, n_outputs)
            Behaviour.
        """
        self._check_params()
        self.__dict__.pop("n_seen_", None)
        self._check_trains(X)
        self.n_units_ = X.n_units
        target = self._check_behaviour(X, y)
        self.n_outputs_, self.dropped_ = target.shape[1], 0
        self._begin(None, None)
        counts = np.zeros((len(target) * self.every_, self.n_units_))
        cells, steps = self._events(X, len(target))
        counts[steps, cells] = 1
        traces = spike_traces(counts, decay=float(np.exp(-float(self.step / self.tau))))
        self.mean_ = traces.mean(axis=0)
        self.deviation_ = np.maximum(traces.std(axis=0), self.floor)
        for name, values, constant in (("mu", self.mean_, -1.0), ("sd", self.deviation_, 1.0)):
            self.state_[f"unit.{name}"][...] = np.append(values, constant)  # the last is always 1
        for _ in range(self.passes):
            self.dropped_ = 0
            self.state_["unit.x"][...] = 0
            self.adapt(X, target)
        return self

    def adapt(
        self, X: SpikeTrains, y: ArrayLike, taught: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """Go on with the next spikes; learn where the teacher is there.

        Parameters
        ----------
        X, y
            As for `fit`, following on what came before. Rows without a teacher are not used.
        taught : array_like of bool, shape (n_intervals,), optional
            Whether the teacher is there; always by default.

        Returns
        -------
        array, shape (n_intervals, n_outputs)
            What was decoded, each row before its correction.
        """
        check_is_fitted(self, "n_seen_")
        self._check_trains(X)
        target = self._check_behaviour(X, y)
        gate = np.ones(len(target)) if taught is None else np.asarray(taught, dtype=np.float64)
        if gate.shape != (len(target),):
            raise ValueError(
                f"OnlineDecoder.taught: must have shape ({len(target)},), got {gate.shape}"
            )
        n = len(target)
        cells, steps = self._events(X, n)
        eta = 5 * self.eta / self.n_units_
        state = {**self.state_, "readout.eta": np.asarray(eta, dtype=self.dtype)}
        inputs = {
            "spikes": [(cells, steps * float(self.step))],
            "teacher": np.where(gate[:, None] > 0, target, 0.0)[None],
            "open": np.broadcast_to(gate[:, None], target.shape)[None],
        }
        self.state_, record = self.program("learn")(
            state, inputs, seed=self.seed_, duration=n * self.interval
        )
        self.n_seen_ += int(gate.sum())
        return np.asarray(record["output.y"][0], dtype=np.float64)

    def predict(self, X: SpikeTrains) -> NDArray[np.float64]:
        """Decode without learning, from silence on; the model stays as it is."""
        check_is_fitted(self, "n_seen_")
        self._check_trains(X)
        n, state, dropped = self._intervals(X), self.state_, self.dropped_
        self.state_ = {**state, "unit.x": np.zeros_like(state["unit.x"])}
        seen = self.n_seen_
        try:
            return self.adapt(X, np.zeros((n, self.n_outputs_)), np.zeros(n))
        finally:
            self.state_, self.dropped_, self.n_seen_ = state, dropped, seen

    def score(self, X: SpikeTrains, y: ArrayLike) -> float:
        """Return the coefficient of determination, averaged over outputs."""
        return float(r2_score(self._check_behaviour(X, y), self.predict(X)))

    @property
    def weights_(self) -> NDArray[Any]:
        """Weights, shape (n_units + 1, n_outputs)."""
        return self.state_["readout.w"]

    # ---- checks ----------------------------------------------------------------------------------

    def _intervals(self, X: SpikeTrains) -> int:
        return int(np.floor((X.t_stop - X.t_start) / float(self.interval) + 1e-6))

    def _check_trains(self, X: Any) -> None:
        if not isinstance(X, SpikeTrains):
            raise TypeError(f"OnlineDecoder.X: must be SpikeTrains, got {type(X).__name__}")
        n = X.n_units
        if hasattr(self, "n_seen_") and n != self.n_units_:
            raise ValueError(f"OnlineDecoder.X: must have {self.n_units_} units, got {n}")
        if X.n_trials != 1:
            raise ValueError(f"OnlineDecoder.X: must be one trial, got {X.n_trials}")

    def _check_behaviour(self, X: SpikeTrains, y: ArrayLike) -> NDArray[np.float64]:
        target = np.asarray(y, dtype=np.float64)
        target = target[:, None] if target.ndim == 1 else target
        n = self._intervals(X)
        if target.ndim != 2 or len(target) != n:
            raise ValueError(
                f"OnlineDecoder.y: must have {n} rows, one per {self.interval}, got shape "
                f"{target.shape}"
            )
        if not np.all(np.isfinite(target)):
            raise ValueError("OnlineDecoder.y: must be finite, got NaN or infinity")
        return target

    def _events(self, X: SpikeTrains, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return cell and step of every spike, one per cell and step."""
        steps = np.floor((X.times - X.t_start) / float(self.step) + 1e-6).astype(np.int64)
        inside = (steps >= 0) & (steps < n * self.every_)
        key = np.unique(steps[inside] * self.n_units_ + X.units[inside])
        self.dropped_ += int(inside.sum() - key.size)
        return key % self.n_units_, key // self.n_units_
