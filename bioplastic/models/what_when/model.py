"""A reservoir that learns what will happen, when, and with which probability."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from brian2 import Quantity
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.engine import NetworkSpec, Program
from bioplastic.fields import param
from bioplastic.models.base import SpikingEstimator
from bioplastic.models.what_when.network import (
    LearningParameters,
    Reservoir,
    ReservoirParameters,
    draw_reservoir,
    what_when_network,
)
from bioplastic.models.what_when.task import Block, Prediction, check_events, trial_inputs
from bioplastic.plasticity.rls import BufferedInverse
from bioplastic.validation import check_integer

__all__ = ["WhatWhenPredictor"]

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

_LEARN, _TEST, _CALIBRATE, _DRAW = range(4)
_CELL = ("v", "u", "g_exc", "g_inh", "x", "s", "rbar")


class WhatWhenPredictor(SpikingEstimator, without=("dtype",)):
    """Spiking reservoir with two read-outs on the same cells: what comes next, and when.

    A cue starts a reservoir of heterogeneous Izhikevich cells. The "when" read-out follows its
    activity in every millisecond and is corrected online by its error, where a gate of its channel
    is open; its output is fed back. The "what" read-out sees the activity averaged after the cue
    and is corrected once per trial. The prediction is the product of both.

    `fit` and `partial_fit` take the events, integers of shape (n_trials,), and their latencies
    after the cue, a quantity of shape (n_trials,) or () (plain numbers are seconds). No trials at
    all make an untrained model.

    Attributes
    ----------
    when_weights_, what_weights_ : array, shape (n_cells, n_channels)
        Weights of the read-outs.
    what_history_ : array, shape (n_seen_, n_channels)
        Predicted probabilities in every trial, before learning from it.
    power_, average_power_ : float
        Mean power of the activity in an untrained trial, and power of its average after the cue.
    n_seen_, n_blocks_ : int
        Trials learned, and blocks drawn, so far.

    References
    ----------
    Yamada & Chao (2026), doi 10.1038/s42003-026-10836-2. Its equations and constants were not
    available; they are choices here, named in the guide.

    Examples
    --------
    >>> from brian2 import ms
    >>> small = ReservoirParameters(n_excitatory=40, n_inhibitory=10, trial=400*ms)
    >>> model = WhatWhenPredictor(reservoir=small, target="numpy")
    >>> model.fit([0, 1, 0], [200, 300, 200]*ms).predict().when.shape
    (4, 400, 2)
    """

    stored = (BufferedInverse,)
    chunk = None

    n_channels: int = param(2, minimum=1, doc="number of events")
    reservoir: ReservoirParameters = param(ReservoirParameters(), doc="constants of the reservoir")
    learning: LearningParameters = param(LearningParameters(), doc="constants of the read-outs")
    optimiser: str = param("local", choices=("local", "rls"), doc=(
        "the gated delta rules, or recursive least squares in their place, which is not local"
    ))  # fmt: skip
    merged: bool = param(False, doc="one read-out per channel, which learns the product itself")
    n_tests: int = param(4, minimum=1, doc="trials that `predict` averages: cells are noisy")

    when_weights_: Floats
    what_weights_: Floats
    what_history_: Floats
    power_: float
    average_power_: float
    n_blocks_: int
    inverses_: list[BufferedInverse]

    def combined_checks(self) -> None:
        """Refuse read-outs that do not fit the trial."""
        place, p, learning = type(self).__name__, self.reservoir, self.learning
        if float(learning.average_end) > float(p.trial):
            raise ValueError(
                f"{place}.learning: average_end must lie within the trial of {p.trial}, got "
                f"{learning.average_end}"
            )
        count = float(p.trial) / float(learning.rls_interval)
        if self.optimiser == "rls" and abs(count - round(count)) > 1e-6 * count:
            raise ValueError(
                f"{place}.learning: rls_interval must divide the trial of {p.trial}, got "
                f"{learning.rls_interval}"
            )

    # ---- networks --------------------------------------------------------------------------------

    @property
    def dt(self) -> Quantity:
        """Time step of the programs."""
        return self.reservoir.dt

    @property
    def reservoir_(self) -> Reservoir:
        """The draw of the reservoir."""
        return draw_reservoir(self.reservoir, n_channels=self.n_channels, seed=self.seed_)

    def network(self, kind: str) -> NetworkSpec:
        """Return the network that learns, is tested, is watched, or runs in segments."""
        learning = self.learning
        options: dict[str, Any] = {
            "learn": {},
            "frozen": {"learn": False, "record": ("r",), "record_every": 10},
            "watched": {"learn": False, "record": ("r", "spikes")},
            "segment": {"learn": False, "segment": learning.rls_interval},
        }[kind]
        if kind != "learn":
            learning = learning.with_values(gate="full")  # nothing learns: one build for all gates
        return what_when_network(
            self.reservoir, learning, self.reservoir_, merged=self.merged, **options
        )

    def program(self, kind: str) -> Program:
        """Return the compiled network of a kind; it is kept as long as no parameter changes."""
        made_of = (
            self.n_channels, self.reservoir, self.learning, self.merged, self.target, self.seed_,
        )  # fmt: skip
        kept: dict[str, tuple[Any, Program]] = self.__dict__.setdefault("_kept", {})
        if kind not in kept or kept[kind][0] != made_of:
            kept[kind] = (made_of, super().program(kind))
        return kept[kind][1]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_kept"}

    def _initial(self) -> Arrays:
        kind = "learn" if self.optimiser == "local" else "segment"
        return self.program(kind).initial_state(self.seed_)

    def _inputs(self, event: int | None = None, latency: float = 0.0) -> Arrays:
        p, learning = self.reservoir, self.learning
        time = np.arange(p.n_steps) * float(p.dt)
        inside = (time >= float(learning.average_start)) & (time < float(learning.average_end))
        return {
            "cue": (time < float(p.cue_duration)).astype(np.float32)[None, :, None],
            "average": (inside / inside.sum()).astype(np.float32)[None, :, None],
            **trial_inputs(
                event, latency, n_channels=self.n_channels, n_steps=p.n_steps, dt=float(p.dt),
                width=float(learning.event_width), merged=self.merged,
            ),
        }  # fmt: skip

    def _with_weights(self, state: Arrays) -> Arrays:
        state = {**state, "when.w": self.when_weights_.astype(np.float32)}
        if not self.merged:
            state["what.w"] = self.what_weights_.astype(np.float32)
        return state

    # ---- learning --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, **options: Any) -> Self:
        """Learn from scratch: events and their latencies; options as in `SpikingEstimator.fit`."""
        if np.size(X):
            return super().fit(X, y, **options)
        self.__dict__.pop("n_seen_", None)
        return self.partial_fit(X, y)

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return events, and latencies in seconds."""
        place, trial = f"{type(self).__name__}.fit", float(self.reservoir.dt)
        trial *= self.reservoir.n_steps
        return check_events(place, X, y, self.n_channels, trial)  # type: ignore[no-any-return]

    def start(self, X: Any, y: Any) -> None:
        """Begin with read-outs of weight zero, and measure the power of the activity."""
        shape = (self.reservoir.n_cells, self.n_channels)
        self.when_weights_, self.what_weights_ = np.zeros(shape), np.zeros(shape)
        self.what_history_ = np.zeros((0, self.n_channels))
        self.n_blocks_, self.state_ = 0, self._initial()
        self.reset_optimiser()
        record, state = self._run_test("frozen", _CALIBRATE, 0)
        power = np.square(record["cell.r"][0].astype(np.float64)).sum(axis=1).mean()
        self.power_ = float(power)
        self.average_power_ = float(np.square(state["cell.rbar"].astype(np.float64)).sum())

    def fit_block(self, block: Block) -> Self:
        """Draw the events of a block and continue learning with them.

        The draw depends on `random_state` and the number of blocks so far.
        """
        if not hasattr(self, "n_seen_"):
            self.fit([], [])
        events, latencies = block.draw([self.seed_, _DRAW, self.n_blocks_])
        self.n_blocks_ += 1
        return self.partial_fit(events, latencies)

    def reset_optimiser(self) -> Self:
        """Forget the correlations that recursive least squares has seen, but not the weights.

        Timing channels have a matrix each, since a channel has a target only when its event is
        shown; the identity read-out has its own, as has a merged read-out for all channels.
        """
        check_is_fitted(self, "when_weights_")
        p, learning = self.reservoir, self.learning
        buffer = round(float(p.trial) / float(learning.rls_interval))
        factors = [learning.forgetting_when] * (1 if self.merged else self.n_channels)
        self.inverses_ = [
            BufferedInverse(p.n_cells, ridge=learning.ridge, forgetting=factor, buffer=buffer)
            for factor in (*factors, learning.forgetting_what) if self.optimiser == "rls"
        ]  # fmt: skip
        return self

    def learn(self, X: Any, y: Any) -> None:
        """Learn from trials, one after the other."""
        trial = self._learn_local if self.optimiser == "local" else self._learn_squares
        for event, latency in zip(X.tolist(), y.tolist(), strict=True):
            predicted = trial(self._inputs(event, latency))
            self.what_history_ = np.vstack([self.what_history_, predicted.astype(np.float64)])

    def _learn_local(self, inputs: Arrays) -> NDArray[Any]:
        learning, state = self.learning, self._with_weights(self.state_)
        eta_when = learning.eta_when / self.power_ if self.power_ > 0 else 0.0  # 0: all are silent
        state["when.eta"] = np.array(eta_when, dtype=np.float32)
        if not self.merged:
            eta = learning.eta_what
            if learning.normalise == "once":
                eta = eta / self.average_power_ if self.average_power_ > 0 else 0.0
            state["what.eta"] = np.array(eta, dtype=np.float32)
        self.state_, _ = self.program("learn")(state, inputs, seed=self.stream(_LEARN))
        self.when_weights_ = self.state_["when.w"].astype(np.float64)
        if not self.merged:
            self.what_weights_ = self.state_["what.w"].astype(np.float64)
        return self.state_["readout.p"]

    def _learn_squares(self, inputs: Arrays) -> NDArray[Any]:
        p, state, initial = self.reservoir, dict(self.state_), self._initial()
        for name in _CELL if p.reset else ("rbar",):
            state[f"cell.{name}"] = initial[f"cell.{name}"]
        length = round(float(self.learning.rls_interval) / float(p.dt))
        program, seed = self.program("segment"), self.stream(_LEARN)
        for begin in range(0, p.n_steps, length):
            part = {name: frames[:, begin : begin + length] for name, frames in inputs.items()}
            state, _ = program(self._with_weights(state), part, seed=seed)
            step = min(begin + length, p.n_steps - 1)
            target, active = inputs["target"][0, step], inputs["active"][0, step]
            self._correct_timing(state["cell.s"].astype(np.float64), target, active)
        rbar = state["cell.rbar"].astype(np.float64)
        predicted = rbar @ self.what_weights_
        if not self.merged:
            error = inputs["shown"][0, 0] - rbar @ self.what_weights_
            gain = self.inverses_[-1].gain(rbar)
            self.what_weights_ = self.what_weights_ + np.outer(gain, error)
        for inverse in self.inverses_:
            inverse.flush()
        self.state_ = state
        return np.asarray(predicted)

    def _correct_timing(self, activity: Floats, target: Any, active: Any) -> None:
        error = target - activity @ self.when_weights_
        if self.merged:
            gain = self.inverses_[0].gain(activity)
            self.when_weights_ = self.when_weights_ + np.outer(gain, error)
            return
        weights = self.when_weights_.copy()
        for channel in np.flatnonzero(active):
            weights[:, channel] += self.inverses_[channel].gain(activity) * error[channel]
        self.when_weights_ = weights

    # ---- using -----------------------------------------------------------------------------------

    def _run_test(self, kind: str, stream: int, number: int) -> tuple[Arrays, Arrays]:
        """Show the cue alone; cells that are not reset between trials go on from where they are."""
        program = self.program(kind)
        state = program.initial_state(self.seed_)
        if not self.reservoir.reset:
            state |= {f"cell.{name}": self.state_[f"cell.{name}"] for name in _CELL}
        state = self._with_weights(state)
        state["clock.trial"] = np.array(number, dtype=np.int64)
        state, record = program(state, self._inputs(), seed=self.stream(stream))
        return record, state

    def predict(self, n_trials: int | None = None) -> Prediction:
        """Show the cue alone, without learning.

        The noise of these trials depends on `random_state` and on the number of trials learned.

        Parameters
        ----------
        n_trials : int, optional
            Trials; default `n_tests`.
        """
        check_is_fitted(self, "n_seen_")
        count = self.n_tests if n_trials is None else n_trials
        check_integer("WhatWhenPredictor.predict: n_trials", count, minimum=1)
        what, when = [], []
        for number in range(count):
            record, state = self._run_test("frozen", _TEST, self.n_seen_ * 2**20 + number)
            when.append(record["readout.y"][0].astype(np.float64))
            rbar = state["cell.rbar"].astype(np.float64)
            ones = np.ones(self.n_channels)
            what.append(ones if self.merged else rbar @ self.what_weights_)
        return Prediction(what=np.array(what), when=np.array(when))

    def watch(self, n_trials: int = 1) -> Arrays:
        """Show the cue alone and return what the reservoir does.

        Parameters
        ----------
        n_trials : int, default 1
            Trials; their noise is that of `predict`.

        Returns
        -------
        dict of str to array
            ``r``, shape (n_trials, n_steps, n_cells), the filtered spikes that the read-outs see;
            ``spike_trial``, ``spike_time`` in seconds and ``spike_cell``, one entry per spike.
        """
        check_is_fitted(self, "n_seen_")
        check_integer("WhatWhenPredictor.watch: n_trials", n_trials, minimum=1)
        records = [
            self._run_test("watched", _TEST, self.n_seen_ * 2**20 + number)[0]
            for number in range(n_trials)
        ]
        counts = [record["cell.spike_cell"].size for record in records]
        joined = {name: np.concatenate([record[f"cell.{name}"] for record in records])
                  for name in ("spike_time", "spike_cell")}  # fmt: skip
        return {
            "r": np.array([record["cell.r"][0] for record in records]),
            "spike_trial": np.repeat(np.arange(n_trials), counts),
            **joined,
        }
