"""A reservoir that learns what will happen, when, and with which probability."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from bioplastic.engine import Program
from bioplastic.models.storage import load_model, save_model
from bioplastic.models.what_when.network import what_when_network
from bioplastic.models.what_when.optimiser import LeastSquaresReadouts
from bioplastic.models.what_when.parameters import LearningParameters, ReservoirParameters
from bioplastic.models.what_when.reservoir import Reservoir, draw_reservoir
from bioplastic.models.what_when.task import Block, Prediction, Signals, trial_signals
from bioplastic.validation import check_choice, check_flag, check_integer

__all__ = ["WhatWhenPredictor"]

Floats = NDArray[np.float64]

_LEARN, _TEST, _CALIBRATE, _DRAW = range(4)
_CELL = ("v", "u", "g_exc", "g_inh", "x", "s", "rbar")


class WhatWhenPredictor(BaseEstimator):  # type: ignore[misc]
    """Spiking reservoir with two read-outs on the same cells: what comes next, and when.

    A cue starts a reservoir of heterogeneous Izhikevich cells. The "when" read-out follows its
    activity in every millisecond and is corrected online by its error, where a gate of its channel
    is open; its output is fed back. The "what" read-out sees the activity averaged after the cue
    and is corrected once per trial. The prediction is the product of both.

    Parameters
    ----------
    n_channels : int, default 2
        Number of events.
    reservoir : ReservoirParameters, optional
        Constants of the reservoir.
    learning : LearningParameters, optional
        Constants of the read-outs.
    optimiser : {'local', 'rls'}, default 'local'
        The gated delta rules, or recursive least squares in their place, which is not local.
    merged : bool, default False
        One read-out per channel, which learns the product itself.
    n_tests : int, default 4
        Trials that `predict` averages: cells are noisy.
    target : {'cpp', 'numpy'}, default 'cpp'
        See `bioplastic.engine.Program`.
    random_state : int, default 0
        Fixes the reservoir, its noise and the events that blocks draw.

    Attributes
    ----------
    when_weights_, what_weights_ : array, shape (n_cells, n_channels)
        Weights of the read-outs.
    what_history_ : array, shape (n_trials_, n_channels)
        Predicted probabilities in every trial, before learning from it.
    power_ : float
        Mean power of the activity in an untrained trial.
    n_trials_, n_blocks_ : int
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

    def __init__(
        self,
        n_channels: int = 2,
        *,
        reservoir: ReservoirParameters | None = None,
        learning: LearningParameters | None = None,
        optimiser: str = "local",
        merged: bool = False,
        n_tests: int = 4,
        target: str = "cpp",
        random_state: int = 0,
    ) -> None:
        self.n_channels = n_channels
        self.reservoir = reservoir
        self.learning = learning
        self.optimiser = optimiser
        self.merged = merged
        self.n_tests = n_tests
        self.target = target
        self.random_state = random_state

    # ---- learning --------------------------------------------------------------------------------

    def fit(self, events: Any, latencies: Any) -> WhatWhenPredictor:
        """Learn from scratch.

        Parameters
        ----------
        events : array_like of int, shape (n_trials,)
            Which event is shown in each trial.
        latencies : Quantity, shape (n_trials,) or ()
            When it happens after the cue; plain numbers are seconds.

        Returns
        -------
        WhatWhenPredictor
            The model itself.
        """
        self._start()
        return self.partial_fit(events, latencies)

    def partial_fit(self, events: Any, latencies: Any) -> WhatWhenPredictor:
        """Continue learning where the last call, or a loaded model, ended, bit for bit."""
        if not hasattr(self, "when_weights_"):
            self._start()
        p, learning = self._constants()
        signals = trial_signals(
            events,
            latencies,
            n_channels=self.n_channels,
            n_steps=p.n_steps,
            dt=float(p.dt),
            width=float(learning.event_width),
            merged=self.merged,
            place="WhatWhenPredictor.fit",
        )
        trial = self._learn_local if self.optimiser == "local" else self._learn_squares
        for number in range(len(signals.target)):
            trial(_pick(signals, number))
        return self

    def fit_block(self, block: Block) -> WhatWhenPredictor:
        """Draw the events of a block and continue learning with them.

        The draw depends on `random_state` and the number of blocks so far.
        """
        if not hasattr(self, "when_weights_"):
            self._start()
        events, latencies = block.draw([self.random_state, _DRAW, self.n_blocks_])
        self.n_blocks_ += 1
        return self.partial_fit(events, latencies)

    def reset_optimiser(self) -> WhatWhenPredictor:
        """Forget the correlations that recursive least squares has seen, but not the weights."""
        check_is_fitted(self, "when_weights_")
        if self.optimiser == "rls":
            self._squares = self._new_squares()
        return self

    def _constants(self) -> tuple[ReservoirParameters, LearningParameters]:
        place = type(self).__name__
        check_integer(f"{place}.n_channels", self.n_channels, minimum=1)
        check_integer(f"{place}.n_tests", self.n_tests, minimum=1)
        check_integer(f"{place}.random_state", self.random_state, minimum=0)
        check_choice(f"{place}.optimiser", self.optimiser, ("local", "rls"))
        check_choice(f"{place}.target", self.target, ("cpp", "numpy"))
        check_flag(f"{place}.merged", self.merged)
        p = ReservoirParameters() if self.reservoir is None else self.reservoir
        learning = LearningParameters() if self.learning is None else self.learning
        if not isinstance(p, ReservoirParameters):
            raise TypeError(f"{place}.reservoir: must be ReservoirParameters or None, got {p!r}")
        if not isinstance(learning, LearningParameters):
            raise TypeError(f"{place}.learning: must be LearningParameters or None")
        if float(learning.average_end) > float(p.trial):
            raise ValueError(
                f"{place}.learning: average_end must lie within the trial of {p.trial}, got "
                f"{learning.average_end}"
            )
        if self.optimiser == "rls":
            count = float(p.trial) / float(learning.rls_interval)
            if abs(count - round(count)) > 1e-6 * count:
                raise ValueError(
                    f"{place}.learning: rls_interval must divide the trial of {p.trial}, got "
                    f"{learning.rls_interval}"
                )
        return p, learning

    def _start(self) -> None:
        p, _ = self._constants()
        self._prepare()
        self.when_weights_: Floats = np.zeros((p.n_cells, self.n_channels))
        self.what_weights_: Floats = np.zeros((p.n_cells, self.n_channels))
        self.what_history_: Floats = np.zeros((0, self.n_channels))
        self.n_trials_ = self.n_blocks_ = 0
        self._state = self._initial()
        if self.optimiser == "rls":
            self._squares = self._new_squares()
        self.power_, self._power_what = self._measure_power()

    def _measure_power(self) -> tuple[float, float]:
        """Return the mean power of the activity, and that of its average, without read-outs."""
        record, state = self._run_test("frozen", _CALIBRATE, 0)
        power = np.square(record["cell.r"][0].astype(np.float64)).sum(axis=1).mean()
        return float(power), float(np.square(state["cell.rbar"].astype(np.float64)).sum())

    # ---- networks --------------------------------------------------------------------------------

    def _prepare(self) -> None:
        p, learning = self._constants()
        self.reservoir_: Reservoir = draw_reservoir(
            p, n_channels=self.n_channels, seed=self.random_state
        )
        self._programs: dict[str, Program] = {}
        time = np.arange(p.n_steps) * float(p.dt)
        inside = (time >= float(learning.average_start)) & (time < float(learning.average_end))
        self._cue = (time < float(p.cue_duration)).astype(np.float32)[:, None]
        self._average = (inside / inside.sum()).astype(np.float32)[:, None]

    def _program(self, kind: str) -> Program:
        """Return the network that learns, is tested, is watched, or runs in segments."""
        if kind not in self._programs:
            p, learning = self._constants()
            options: dict[str, Any] = {
                "learn": {},
                "frozen": {"learn": False, "record": ("r",), "record_every": 10},
                "watched": {"learn": False, "record": ("r", "spikes")},
                "segment": {"learn": False, "segment": learning.rls_interval},
            }[kind]
            if kind != "learn":
                learning = replace(learning, gate="full")  # nothing learns: one build for all gates
            network = what_when_network(p, learning, self.reservoir_, merged=self.merged, **options)
            self._programs[kind] = Program(network, dt=p.dt, target=self.target)
        return self._programs[kind]

    def _initial(self) -> dict[str, NDArray[Any]]:
        kind = "learn" if self.optimiser == "local" else "segment"
        return self._program(kind).initial_state(self.random_state)

    def _seed(self, stream: int) -> int:
        return int(np.random.SeedSequence([self.random_state, stream]).generate_state(1)[0])

    # ---- one trial -------------------------------------------------------------------------------

    def _inputs(self, signals: Signals) -> dict[str, NDArray[Any]]:
        frames = {name: getattr(signals, name) for name in Signals.__dataclass_fields__}
        return {"cue": self._cue[None], "average": self._average[None], **frames}

    def _load_weights(self, state: dict[str, NDArray[Any]]) -> None:
        state["when.w"] = self.when_weights_.astype(np.float32)
        if not self.merged:
            state["what.w"] = self.what_weights_.astype(np.float32)

    def _learn_local(self, signals: Signals) -> None:
        _, learning = self._constants()
        state = dict(self._state)
        self._load_weights(state)
        eta_when = learning.eta_when / self.power_ if self.power_ > 0 else 0.0  # 0: all are silent
        state["when.eta"] = np.array(eta_when, dtype=np.float32)
        if not self.merged:
            eta = learning.eta_what
            if learning.normalise == "once":
                eta = eta / self._power_what if self._power_what > 0 else 0.0
            state["what.eta"] = np.array(eta, dtype=np.float32)
        state, _ = self._program("learn")(state, self._inputs(signals), seed=self._seed(_LEARN))
        self._state = state
        self.when_weights_ = state["when.w"].astype(np.float64)
        if not self.merged:
            self.what_weights_ = state["what.w"].astype(np.float64)
        self._finish_trial(state["readout.p"])

    def _learn_squares(self, signals: Signals) -> None:
        p, learning = self._constants()
        state, initial = dict(self._state), self._initial()
        for name in _CELL if p.reset else ("rbar",):
            state[f"cell.{name}"] = initial[f"cell.{name}"]
        inputs, seed = self._inputs(signals), self._seed(_LEARN)
        length = round(float(learning.rls_interval) / float(p.dt))
        after = {k: np.concatenate([v, v[:, -1:]], axis=1) for k, v in inputs.items()}
        for begin in range(0, p.n_steps, length):
            self._load_weights(state)
            part = {name: frames[:, begin : begin + length] for name, frames in inputs.items()}
            state, _ = self._program("segment")(state, part, seed=seed)
            activity, step = state["cell.s"].astype(np.float64), begin + length
            self.when_weights_ = self._squares.correct_when(
                self.when_weights_, activity, after["target"][0, step], after["active"][0, step]
            )
        rbar = state["cell.rbar"].astype(np.float64)
        predicted = rbar @ self.what_weights_
        if not self.merged:
            shown = signals.shown[0, 0]
            self.what_weights_ = self._squares.correct_what(self.what_weights_, rbar, shown)
        self._squares.flush()
        self._state = state
        self._finish_trial(predicted)

    def _new_squares(self) -> LeastSquaresReadouts:
        p, learning = self._constants()
        channels = None if self.merged else self.n_channels
        return LeastSquaresReadouts(
            p.n_cells, channels, round(float(p.trial) / float(learning.rls_interval)), learning
        )

    def _finish_trial(self, predicted: NDArray[Any]) -> None:
        self.what_history_ = np.vstack([self.what_history_, predicted.astype(np.float64)])
        self.n_trials_ += 1

    # ---- using -----------------------------------------------------------------------------------

    def _run_test(
        self, kind: str, stream: int, number: int
    ) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
        p, _ = self._constants()
        program = self._program(kind)
        state = {**program.initial_state(self.random_state), **self._carried()}
        self._load_weights(state)
        state["clock.trial"] = np.array(number, dtype=np.int64)
        silent = np.zeros((1, p.n_steps, self.n_channels), dtype=np.float32)
        inputs = self._inputs(Signals(silent, silent, silent, silent[:, :, :1]))
        state, record = program(state, inputs, seed=self._seed(stream))
        return record, state

    def _carried(self) -> dict[str, NDArray[Any]]:
        """Return the state of cells that are not reset between trials."""
        p, _ = self._constants()
        if p.reset:
            return {}
        return {f"cell.{name}": self._state[f"cell.{name}"] for name in _CELL}

    def predict(self, n_trials: int | None = None) -> Prediction:
        """Show the cue alone, without learning.

        The noise of these trials depends on `random_state` and on the number of trials learned.

        Parameters
        ----------
        n_trials : int, optional
            Trials; default `n_tests`.
        """
        check_is_fitted(self, "when_weights_")
        count = self.n_tests if n_trials is None else n_trials
        check_integer("WhatWhenPredictor.predict: n_trials", count, minimum=1)
        what, when = [], []
        for number in range(count):
            record, state = self._run_test("frozen", _TEST, self.n_trials_ * 2**20 + number)
            when.append(record["readout.y"][0].astype(np.float64))
            rbar = state["cell.rbar"].astype(np.float64)
            ones = np.ones(self.n_channels)
            what.append(ones if self.merged else rbar @ self.what_weights_)
        return Prediction(what=np.array(what), when=np.array(when))

    def watch(self, n_trials: int = 1) -> dict[str, NDArray[Any]]:
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
        check_is_fitted(self, "when_weights_")
        check_integer("WhatWhenPredictor.watch: n_trials", n_trials, minimum=1)
        activity, spikes = [], []
        for number in range(n_trials):
            record, _ = self._run_test("watched", _TEST, self.n_trials_ * 2**20 + number)
            activity.append(record["cell.r"][0])
            time, cell = record["cell.spike_time"], record["cell.spike_cell"]
            spikes.append((np.full(cell.size, number), time, cell))
        trial, time, cell = (np.concatenate(column) for column in zip(*spikes, strict=True))
        return {
            "r": np.array(activity),
            "spike_trial": trial,
            "spike_time": time,
            "spike_cell": cell,
        }

    # ---- storing ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the model, atomically, to an ``.npz`` file that `load` reads."""
        check_is_fitted(self, "when_weights_")
        arrays = {
            "when_weights": self.when_weights_,
            "what_weights": self.what_weights_,
            "what_history": self.what_history_,
            "power": np.array([self.power_, self._power_what]),
        }
        arrays |= {f"state/{name}": values for name, values in self._state.items()}
        if self.optimiser == "rls":
            arrays |= self._squares.to_arrays()
        numbers = {"n_trials": self.n_trials_, "n_blocks": self.n_blocks_}
        return save_model(path, type(self).__name__, self.get_params(deep=False), arrays, numbers)

    @classmethod
    def load(cls, path: str | Path) -> WhatWhenPredictor:
        """Read a model written by `save`; `partial_fit` and `fit_block` continue its learning.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged or holds another kind of model.
        """
        kinds = (ReservoirParameters, LearningParameters)
        arguments, arrays, numbers = load_model(path, cls.__name__, kinds)
        model = cls(**arguments)
        model._prepare()
        model.when_weights_, model.what_weights_ = arrays["when_weights"], arrays["what_weights"]
        model.what_history_ = arrays["what_history"]
        model.power_, model._power_what = (float(value) for value in arrays["power"])
        model.n_trials_, model.n_blocks_ = numbers["n_trials"], numbers["n_blocks"]
        model._state = {
            name.removeprefix("state/"): values
            for name, values in arrays.items()
            if name.startswith("state/")
        }
        if model.optimiser == "rls":
            model._squares = model._new_squares()
            model._squares.from_arrays(arrays)
        return model


def _pick(signals: Signals, number: int) -> Signals:
    """Return the signals of one trial."""
    names = Signals.__dataclass_fields__
    return Signals(**{name: getattr(signals, name)[number : number + 1] for name in names})
