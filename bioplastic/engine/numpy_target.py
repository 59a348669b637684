"""The same network without a compiler: stock Brian2 objects on the numpy target, step by step.

Slow, and the oracle of the compiled programs: groups are ordinary `NeuronGroup` objects,
projections ordinary `Synapses`, all executed by Brian2's own numpy code objects in the order of the
plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatchmethod
from typing import Any

import numpy as np
from brian2.codegen.codeobject import create_runner_codeobj
from brian2.codegen.generators.numpy_generator import NumpyCodeGenerator
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from numpy.typing import NDArray

from bioplastic.engine import actions
from bioplastic.engine.events import EVENT_TIME
from bioplastic.engine.finite import Watch
from bioplastic.engine.plan import Plan, StateEntry, describe_events
from bioplastic.engine.random import bernoulli_spikes, derive_key, hash_key, normal_frame, seed_key
from bioplastic.engine.reductions import find_winners, weighted_mean
from bioplastic.engine.synapses import total_name
from bioplastic.signals.analogue import AnalogueSource

__all__ = ["NumpyNetwork"]

Action = Callable[[], Any]
SpikeLog = list[tuple[int, int, NDArray[np.int32]]]


class _NumpyGenerator(NumpyCodeGenerator):  # type: ignore[misc]
    """Brian2 runs ``b = 2*b`` in place, which after ``a = b`` would change ``a`` too: copy."""

    def translate_statement(self, statement: Any) -> str:
        return self._copy_name(statement, super().translate_statement(statement))

    def ufunc_at_vectorisation(self, statement: Any, *arguments: Any) -> str:
        line = super().ufunc_at_vectorisation(statement, *arguments)
        return self._copy_name(statement, line)

    @staticmethod
    def _copy_name(statement: Any, line: str) -> str:
        if statement.op in ("=", ":=") and str(statement.expr).strip().isidentifier():
            left, _, right = line.partition(" = ")
            return f"{left} = _numpy.copy({right.partition(' #')[0]})"
        return line


class _NumpyCode(NumpyCodeObject):  # type: ignore[misc]
    generator_class = _NumpyGenerator


class _NotFiniteError(Exception):
    """The watch has found something and noted it."""


class NumpyNetwork:
    """A plan ready to run on Brian2's numpy target.

    Parameters
    ----------
    plan : Plan
        Lowered with ``connect=True``.
    layout : Layout
        State, inputs and outputs of the program.
    """

    def __init__(self, plan: Plan, layout: Any) -> None:
        self._plan = plan
        self._layout = layout
        self._calendars: dict[str, dict[int, NDArray[np.int32]]] = {}
        self._matrices: dict[str, NDArray[Any]] = {}
        self._frames: dict[str, NDArray[Any]] = {}
        self._flights: dict[str, NDArray[np.int32]] = {}
        self._k = 0
        self._trial_key = self._noise_key = 0
        for synapses in plan.synapses.values():
            synapses.before_run({})
        self._trial_start = [self._prepare(action) for action in plan.trial_start]
        self._step = [self._prepare(action) for action in plan.step]
        self._trial_end = [self._prepare(action) for action in plan.trial_end]
        self._repeat = self._prepare(plan.repeat) if plan.repeat else None
        self._on_repeat = self._prepare(plan.on_repeat) if plan.on_repeat else None

    # ---- actions ---------------------------------------------------------------------------------

    def _code(self, owner: Any, code: str, template: str, **kwds: Any) -> Action:
        codeobj: Action = create_runner_codeobj(
            owner, code, template, run_namespace={}, codeobj_class=_NumpyCode, **kwds
        )
        return codeobj

    @staticmethod
    def _stock(runner: Any) -> Action:
        runner.codeobj_class = _NumpyCode
        runner.before_run({})
        run: Action = runner.run
        return run

    @singledispatchmethod
    def _prepare(self, action: Any) -> Action:
        raise NotImplementedError(f"no numpy action for {type(action).__name__}")

    @_prepare.register
    def _(self, action: actions.Integrate) -> Action:
        return self._stock(action.group.state_updater)

    @_prepare.register
    def _(self, action: actions.Threshold) -> Action:
        return self._stock(action.group.thresholder["spike"])

    @_prepare.register
    def _(self, action: actions.Reset) -> Action:
        return self._stock(action.group.resetter["spike"])

    @_prepare.register
    def _(self, action: actions.Emit) -> Action:
        name = action.source.name
        emits = action.group.variables["source_emits"].get_value()
        thresholder = self._stock(action.group.thresholder["spike"])

        def emit() -> None:
            emits[:] = 0
            cells = self._calendars[name].get(self._k)
            if cells is not None:
                emits[cells] = 1
            thresholder()

        return emit

    @_prepare.register
    def _(self, action: actions.ShowFrame) -> Action:
        source = action.source
        values = action.group.variables[source.variable].get_value()
        if isinstance(source, AnalogueSource):

            def show() -> None:
                values[:] = self._frames[source.name][self._k // source.every]

            return show
        names = [population.name for population in self._plan.spec.populations]
        stream = 1 + names.index(source.name)

        def draw() -> None:
            if self._k % source.every == 0:
                key = int(derive_key(self._noise_key, stream)[0])
                frame_key = int(derive_key(key, self._k // source.every)[0])
                values[:] = normal_frame(source.n, frame_key)

        return draw

    @_prepare.register
    def _(self, action: actions.SpikeStatements) -> Action:
        events = action.group.variables["_spikespace"]
        return self._code(
            action.group,
            action.code,
            "reset",
            needed_variables=["_spikespace"],
            template_kwds={"eventspace_variable": events},
        )

    @_prepare.register
    def _(self, action: actions.SynapseStatements) -> Action:
        return self._stock(getattr(action.synapses, action.pathway))

    @_prepare.register
    def _(self, action: actions.SummedStatements) -> Action:
        return self._stock(action.synapses.summed_updaters[action.target])

    @_prepare.register
    def _(self, action: actions.DelaySpikes) -> Action:
        space = action.group.variables["_spikespace"].get_value()
        n = int(action.group.N)
        flight = self._flights.setdefault(
            f"_flight_{action.projection}", np.zeros((action.steps, n + 1), dtype=np.int32)
        )
        timestep = self._plan.clock.variables["timestep"]

        def exchange() -> None:
            slot = int(timestep.get_value()[0]) % action.steps
            self._kept_spikes = space.copy()
            space[:] = flight[slot]
            flight[slot] = np.where(np.arange(n + 1) < self._kept_spikes[n], self._kept_spikes, 0)
            flight[slot, n] = self._kept_spikes[n]

        return exchange

    @_prepare.register
    def _(self, action: actions.RestoreSpikes) -> Action:
        space = action.group.variables["_spikespace"].get_value()

        def restore() -> None:
            space[:] = self._kept_spikes

        return restore

    @_prepare.register
    def _(self, action: actions.ClockedStatements) -> Action:
        run = self._clocked(action.synapses, action.code, action.interval)
        if not action.only:
            return run
        only = action.synapses.variables[action.only]
        cells = np.asarray(action.synapses.j[:])
        stored = [
            action.synapses.variables[entry.variable].get_value()
            for entry in self._layout.state
            if entry.owner == action.synapses.name and entry.shape
        ]

        def run_some() -> None:
            before = [values.copy() for values in stored]
            run()
            skipped = only.get_value()[cells] == 0
            for values, old in zip(stored, before, strict=True):
                values[skipped] = old[skipped]

        return run_some

    @_prepare.register
    def _(self, action: actions.CellStatements) -> Action:
        return self._clocked(action.owner, action.code, action.interval)

    def _clocked(self, owner: Any, code: str, interval: int) -> Action:
        run = self._code(owner, code, "stateupdate")
        if interval == 1:
            return run
        timestep = self._plan.clock.variables["timestep"]

        def clocked() -> None:
            if (int(timestep.get_value()[0]) + 1) % interval == 0:
                run()

        return clocked

    @_prepare.register
    def _(self, action: actions.Compete) -> Action:
        arrays = [action.group.variables[name].get_value() for name in action.what.names]
        return lambda: find_winners(action.what.size, *arrays)

    @_prepare.register
    def _(self, action: actions.Average) -> Action:
        variables = action.group.variables
        into, values, weights = (variables[name] for name in action.what.names)

        def average() -> None:
            mean = weighted_mean(values.get_value(), weights.get_value(), action.what.empty)
            into.set_value(mean)

        return average

    @_prepare.register
    def _(self, action: actions.Normalise) -> Action:
        synapses, rule = action.synapses, action.rule
        cells = np.asarray(synapses.j[:] if rule.over == "pre" else synapses.i[:])
        size = int((synapses.target if rule.over == "pre" else synapses.source).N)
        variable = synapses.variables[rule.variable]
        trace = isinstance(rule.total, str)
        total = synapses.variables[total_name(action.projection, rule)] if trace else None
        only = synapses.variables[action.only] if action.only else None

        def normalise() -> None:
            weights = variable.get_value()
            wanted = float(rule.total) if total is None else total.get_value()
            sums = np.bincount(cells, weights, minlength=size)
            factors = np.where(sums != 0, wanted / np.where(sums != 0, sums, 1), 1.0)
            if only is not None:
                factors = np.where(only.get_value() != 0, factors, 1.0)
            weights *= factors[cells]

        return normalise

    @_prepare.register
    def _(self, action: actions.LeastSquaresUpdate) -> Action:
        synapses, solver = action.synapses, action.rule
        n_pre = int(synapses.source.N)
        activity = synapses.source.variables[action.activity]
        error = synapses.target.variables[action.error]
        weights = synapses.variables[solver.variable]
        gate = synapses.variables[solver.gate] if solver.gate else None
        timestep = self._plan.clock.variables["timestep"]
        matrix = self._matrices.setdefault(
            f"_array_{action.projection.name}_inverse_correlation",
            np.zeros((n_pre, n_pre), dtype=self._plan.dtype),
        )

        def update() -> None:
            if (int(timestep.get_value()[0]) + 1) % action.interval:
                return
            if gate is not None and not np.any(gate.get_value()):
                return
            r = activity.get_value()
            c = matrix @ r
            spread = solver.forgetting + float(r @ c)
            step = 1 / spread if solver.gain == "exact" else 1.0
            w = weights.get_value()
            w -= (step * np.outer(c, error.get_value())).ravel().astype(w.dtype)
            matrix[:] = (matrix - np.outer(c, c) / spread) / solver.forgetting

        return update

    @_prepare.register
    def _(self, action: actions.RateStatements) -> Action:
        source = action.source
        compute = self._code(action.group, action.code, "stateupdate")
        variable = action.group.variables["source_probability"]
        first, last = self._plan.window(source.window)
        names = [population.name for population in self._plan.spec.populations]
        stream = 1 + names.index(source.name)

        def draw() -> None:
            compute()
            key = int(derive_key(self._trial_key, stream)[0])
            steps, cells = bernoulli_spikes(
                variable.get_value(), key, first, last, source.dead_steps
            )
            self._calendars[source.name] = _by_step(steps, cells)

        return draw

    @_prepare.register
    def _(self, action: actions.TrialStatements) -> Action:
        return self._code(action.group, action.code, "stateupdate")

    # ---- running ---------------------------------------------------------------------------------

    def _array(self, entry: StateEntry) -> NDArray[Any]:
        if entry.kind == "spikes_in_flight":
            return self._flights[entry.array]
        if entry.kind == "matrix":
            return self._matrices[entry.array]
        values: NDArray[Any] = self._plan.owner(entry.owner).variables[entry.variable].get_value()
        return values

    def _load(self, arrays: Sequence[NDArray[Any]], clock: NDArray[np.int64]) -> None:
        now = float(clock[0]) * self._layout.dt
        for entry, values in zip(self._layout.state, arrays, strict=True):
            if entry.kind == "steps_since_spike":
                group = self._plan.groups[entry.owner]
                group.variables["lastspike"].get_value()[:] = now - values * self._layout.dt
            else:
                array = self._array(entry)
                array[:] = values.reshape(array.shape)

    def _store(self, arrays: Sequence[NDArray[Any]], clock: NDArray[np.int64]) -> None:
        now = float(clock[0]) * self._layout.dt
        for entry, values in zip(self._layout.state, arrays, strict=True):
            if entry.kind == "steps_since_spike":
                group = self._plan.groups[entry.owner]
                since = (now - group.variables["lastspike"].get_value()) / self._layout.dt
                values[:] = np.minimum(np.rint(since), 1_000_000_000)
            else:
                values[...] = self._array(entry).reshape(values.shape)

    def _set_clock(self, step: int) -> None:
        clock = self._plan.clock
        clock.variables["timestep"].set_value(step)
        clock.variables["t"].set_value(step * self._layout.dt)

    def run(
        self,
        arrays: Sequence[NDArray[Any]],
        inputs: dict[str, Any],
        outputs: Sequence[NDArray[Any]],
        n_samples: int,
        seed: int,
        clock: NDArray[np.int64],
        presentations: NDArray[np.int32],
        totals: NDArray[np.int64],
        watch: Watch,
    ) -> list[SpikeLog]:
        """Run the trials in place; the arguments are those of the compiled function."""
        self._watch = watch
        # Brian2's numpy code draws from numpy's global generator: leave it as it was.
        previous = np.random.get_state()  # noqa: NPY002
        try:
            return self._run_trials(
                arrays, inputs, outputs, n_samples, seed, clock, presentations, totals
            )
        except _NotFiniteError:
            self._store(arrays, clock)
            return []
        finally:
            np.random.set_state(previous)  # noqa: NPY002

    def _run_trials(
        self,
        arrays: Sequence[NDArray[Any]],
        inputs: dict[str, Any],
        outputs: Sequence[NDArray[Any]],
        n_samples: int,
        seed: int,
        clock: NDArray[np.int64],
        presentations: NDArray[np.int32],
        totals: NDArray[np.int64],
    ) -> list[SpikeLog]:
        with np.errstate(invalid="ignore"):  # NaN is found below
            self._load(arrays, clock)
        self._look(0, 0, 0)
        logs: list[SpikeLog] = [[] for _ in self._layout.spike_logs]
        root, presentation = seed_key(seed), 0
        noise_root = hash_key(root)  # no swap of seed and trial gives the same noise
        for sample in range(n_samples):
            self._start_sample(inputs, sample)
            while True:
                self._trial_key = int(derive_key(root, int(clock[1]))[0])
                self._noise_key = int(derive_key(noise_root, int(clock[1]))[0])
                np.random.seed(self._trial_key % (1 << 32))  # noqa: NPY002
                counts = self._present(sample, presentation, outputs, clock, logs)
                presentations[sample] += 1
                clock[1] += 1
                presentation += 1
                for number, (population, total) in enumerate(counts.items()):
                    totals[number] += total
                    self._plan.trial_group.variables[f"{population}_count"].set_value(total)
                if self._repeat is None:
                    break
                self._repeat()
                again = self._plan.trial_group.variables["repeat_trial"].get_value()[0] > 0
                if not again or presentations[sample] >= self._plan.spec.trial.max_presentations:
                    break
                if self._on_repeat is not None:
                    self._on_repeat()
        self._store(arrays, clock)
        return logs

    def _start_sample(self, inputs: dict[str, Any], sample: int) -> None:
        for name, value in self._plan.spec.trial.variables.items():
            self._plan.trial_group.variables[name].set_value(value)
        for entry in self._layout.inputs:
            given = inputs[entry["name"]]
            if entry["kind"] == "array":
                for name in entry["groups"]:
                    variable = entry.get("variable", entry["name"])
                    self._plan.groups[name].variables[variable].set_value(given[sample])
            elif entry["kind"] == "frames":
                frames, stride = given
                self._frames[entry["name"]] = frames[sample if stride[0] else 0]
            else:
                offsets, steps, cells = given
                part = slice(offsets[sample], offsets[sample + 1])
                self._calendars[entry["name"]] = _by_step(steps[part], cells[part])

    def _present(
        self,
        sample: int,
        presentation: int,
        outputs: Sequence[NDArray[Any]],
        clock: NDArray[np.int64],
        logs: list[SpikeLog],
    ) -> dict[str, int]:
        for action in self._trial_start:
            action()
        counts = {o["population"]: 0 for o in self._layout.outputs if o["kind"] == "count"}
        for output, array in zip(self._layout.outputs, outputs, strict=True):
            if output["kind"] == "count":
                array[sample] = 0
        stepwise = self._watch.at_step(presentation)
        if stepwise:
            self._look(presentation, 0, sample)
        events = describe_events(self._plan)
        times, waiting = self._sort_events(events) if events else (None, 0)
        for step in range(self._plan.n_steps if times is None else len(times)):
            self._k = step
            self._set_clock(int(clock[0]))
            if events and times is not None:
                self._tell_time(events, times[step - 1] if step else 0.0)
            for action in self._step:
                action()
            self._record(sample, outputs, counts)
            for log, name in zip(logs, self._layout.spike_logs, strict=True):
                cells = self._spikes(name)
                if cells.size:
                    log.append((presentation, self._k, cells.copy()))
            clock[0] += 1
            if stepwise:
                self._look(presentation, step + 1, sample)
            if events and events["until"]:
                waiting -= self._spikes(events["until"]).size
                if waiting <= 0:
                    break
        for action in self._trial_end:
            action()
        for output, array in zip(self._layout.outputs, outputs, strict=True):
            if output["kind"] == "trial":
                variable = self._plan.groups[output["population"]].variables[output["variable"]]
                array[sample] = variable.get_value()
        self._look(presentation, -1, sample)
        return counts

    def _look(self, presentation: int, step: int, sample: int) -> None:
        arrays = [
            np.zeros(0) if entry.kind == "steps_since_spike" else self._array(entry)
            for entry in self._layout.state
        ]
        if self._watch.look(arrays, presentation, step, sample):
            raise _NotFiniteError

    def _sort_events(self, events: dict[str, Any]) -> tuple[list[float], int]:
        """Fill the calendar of the latency source; return the event times and how many must fire.

        A step after the last event, if asked for, has the time of that event.
        """
        latencies = self._plan.groups[events["source"]].variables["t_spike"].get_value()
        cells = np.flatnonzero(latencies < 1).astype(np.int32)
        times, steps = np.unique(latencies[cells], return_inverse=True)
        order = np.argsort(steps, kind="stable")
        self._calendars[events["source"]] = _by_step(steps[order].astype(np.int32), cells[order])
        waiting = int(self._plan.groups[events["until"]].N) if events["until"] else 0
        return [*times.tolist(), *times[-1:].tolist() * events["after_last"]], waiting

    def _tell_time(self, events: dict[str, Any], now: float) -> None:
        for name in events["timed"]:
            self._plan.groups[name].variables[EVENT_TIME].set_value(now)

    def _record(self, sample: int, outputs: Sequence[NDArray[Any]], counts: dict[str, int]) -> None:
        for output, array in zip(self._layout.outputs, outputs, strict=True):
            name = output["population"]
            if output["kind"] == "count":
                if output["window"][0] <= self._k < output["window"][1]:
                    cells = self._spikes(name)
                    array[sample, cells] += 1
                    counts[name] += int(cells.size)
            elif output["kind"] == "state" and (self._k + 1) % output["every"] == 0:
                values = self._plan.groups[name].variables[output["variable"]].get_value()
                array[sample, (self._k + 1) // output["every"] - 1] = values

    def _spikes(self, population: str) -> NDArray[np.int32]:
        space: NDArray[np.int32] = (
            self._plan.groups[population].variables["_spikespace"].get_value()
        )
        return space[: space[-1]]


def _by_step(steps: NDArray[np.int32], cells: NDArray[np.int32]) -> dict[int, NDArray[np.int32]]:
    if steps.size == 0:
        return {}
    cuts = np.flatnonzero(np.diff(steps)) + 1
    groups = np.split(cells, cuts)
    return {int(steps[k]): group for k, group in zip([0, *cuts], groups, strict=True)}
