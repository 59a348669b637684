"""The same network without a compiler: stock Brian2 objects on the numpy target, step by step.

Slow, and the oracle of the compiled programs: groups are ordinary `NeuronGroup` objects,
projections ordinary `Synapses`, all executed by Brian2's own numpy code objects in the order of the
plan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.action import WrongRateError
from bioplastic.engine.arrivals import EventCalendar
from bioplastic.engine.brian2_bridge import NumpyCode, create_runner_codeobj, stock_run
from bioplastic.engine.events import EVENT_TIME
from bioplastic.engine.finite import Watch
from bioplastic.engine.plan import Plan, StateEntry, describe_events
from bioplastic.engine.random import derive_key, hash_key, seed_key, split_by_step

__all__ = ["NumpyNetwork"]

SpikeLog = list[tuple[int, int, NDArray[np.int32]]]


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
        self.plan = plan
        self.layout = layout
        self.calendars: dict[str, dict[int, NDArray[np.int32]]] = {}
        self.matrices: dict[str, NDArray[Any]] = {}
        self.frames: dict[str, NDArray[Any]] = {}
        self.flights: dict[str, NDArray[np.int32]] = {}
        self.calendars_of_events: dict[str, EventCalendar] = {}
        self.arrived: dict[str, NDArray[np.int32]] = {}
        self.k = 0
        self.n_steps = plan.n_steps
        self.trial_key = self.noise_key = 0
        for synapses in plan.synapses.values():
            synapses.before_run({})
        self._trial_start = [action.numpy(self) for action in plan.trial_start]
        self._step = [action.numpy(self) for action in plan.step]
        self._trial_end = [action.numpy(self) for action in plan.trial_end]
        self._records = []
        for record, actions in zip(plan.spec.records, plan.record_updates, strict=True):
            update = [action.numpy(self) for action in actions]
            self._records.append(record.numpy(self, record.output(plan), update))
        self._repeat = plan.repeat.numpy(self) if plan.repeat else None
        self._on_repeat = plan.on_repeat.numpy(self) if plan.on_repeat else None

    def code(self, owner: Any, code: str, template: str, **kwds: Any) -> Callable[[], Any]:
        """Return what runs statements once on numpy."""
        codeobj: Callable[[], Any] = create_runner_codeobj(
            owner, code, template, run_namespace={}, codeobj_class=NumpyCode, **kwds
        )
        return codeobj

    def emitter(self, group: Any) -> Callable[[NDArray[Any]], None]:
        """Return a function that lets cells of a source fire."""
        emits = group.variables["source_emits"].get_value()
        thresholder = stock_run(group.thresholder["spike"])

        def emit(cells: NDArray[Any]) -> None:
            emits[:] = 0
            emits[cells] = 1
            thresholder()

        return emit

    def _array(self, entry: StateEntry) -> NDArray[Any]:
        if entry.kind == "spikes_in_flight":
            return self.flights[entry.array]
        if entry.kind == "matrix":
            return self.matrices[entry.array]
        if entry.kind == "delay":
            return self.calendars_of_events[entry.owner].delay
        values: NDArray[Any] = self.plan.owner(entry.owner).variables[entry.variable].get_value()
        return values

    def _load(self, arrays: Sequence[NDArray[Any]], clock: NDArray[np.int64]) -> None:
        now = float(clock[0]) * self.layout.dt
        for entry, values in zip(self.layout.state, arrays, strict=True):
            if entry.kind == "steps_since_spike":
                group = self.plan.groups[entry.owner]
                group.variables["lastspike"].get_value()[:] = now - values * self.layout.dt
                over = values > group.refractory_steps_  # as in the last step
                group.variables["not_refractory"].get_value()[:] = over
            elif entry.kind == "events_in_flight":
                self.calendars_of_events[entry.owner].load(values, int(clock[0]))
            else:
                array = self._array(entry)
                array[:] = values.reshape(array.shape)

    def _store(self, arrays: list[NDArray[Any]], clock: NDArray[np.int64]) -> None:
        now = float(clock[0]) * self.layout.dt
        for number, (entry, values) in enumerate(zip(self.layout.state, arrays, strict=True)):
            if entry.kind == "events_in_flight":
                arrays[number] = self.calendars_of_events[entry.owner].store(int(clock[0]))
            elif entry.kind == "steps_since_spike":
                group = self.plan.groups[entry.owner]
                since = (now - group.variables["lastspike"].get_value()) / self.layout.dt
                values[:] = np.minimum(np.rint(since), 1_000_000_000)
            else:
                values[...] = self._array(entry).reshape(values.shape)

    def _set_clock(self, step: int) -> None:
        clock = self.plan.clock
        clock.variables["timestep"].set_value(step)
        clock.variables["t"].set_value(step * self.layout.dt)

    def run(
        self,
        arrays: list[NDArray[Any]],
        inputs: dict[str, Any],
        outputs: Sequence[NDArray[Any]],
        n_samples: int,
        seed: int,
        clock: NDArray[np.int64],
        presentations: NDArray[np.int32],
        totals: NDArray[np.int64],
        watch: Watch,
        n_steps: int,
    ) -> list[SpikeLog]:
        """Run the trials in place; the arguments are those of the compiled function."""
        self._watch = watch
        self.n_steps = n_steps
        # Brian2's numpy code draws from numpy's global generator: leave it as it was.
        previous = np.random.get_state()  # noqa: NPY002
        try:
            return self._run_trials(
                arrays, inputs, outputs, n_samples, seed, clock, presentations, totals, watch
            )
        except _NotFiniteError:
            self._store(arrays, clock)
            return []
        finally:
            np.random.set_state(previous)  # noqa: NPY002

    def _run_trials(
        self,
        arrays: list[NDArray[Any]],
        inputs: dict[str, Any],
        outputs: Sequence[NDArray[Any]],
        n_samples: int,
        seed: int,
        clock: NDArray[np.int64],
        presentations: NDArray[np.int32],
        totals: NDArray[np.int64],
        watch: Watch,
    ) -> list[SpikeLog]:
        with np.errstate(invalid="ignore"):  # NaN is found below
            self._load(arrays, clock)
        self._look(0, 0, 0)
        self._logs: dict[str, SpikeLog] = {name: [] for name in self.layout.spike_logs}
        numbers = {output["key"]: k for k, output in enumerate(self.layout.outputs)}
        for recorder in self._records:
            if recorder.output["key"] in numbers:
                recorder.array = outputs[numbers[recorder.output["key"]]]
        root, presentation = seed_key(seed), 0
        noise_root = hash_key(root)  # no swap of seed and trial gives the same noise
        for sample in range(n_samples):
            self._start_sample(inputs, sample)
            while True:
                self.trial_key = int(derive_key(root, int(clock[1]))[0])
                self.noise_key = int(derive_key(noise_root, int(clock[1]))[0])
                np.random.seed(self.trial_key % (1 << 32))  # noqa: NPY002
                self._counts: dict[str, int] = {}
                self._presentation = presentation
                try:
                    self._present(sample, presentation, clock)
                except WrongRateError as error:
                    watch.note_rate(presentation, sample, *error.args)
                    raise _NotFiniteError from error
                presentations[sample] += 1
                clock[1] += 1
                presentation += 1
                for population, total in self._counts.items():
                    totals[numbers[f"{population}.count"]] += total
                    self.plan.trial_group.variables[f"{population}_count"].set_value(total)
                if self._repeat is None:
                    break
                self._repeat()
                again = self.plan.trial_group.variables["repeat_trial"].get_value()[0] > 0
                if not again or presentations[sample] >= self.plan.spec.trial.max_presentations:
                    break
                if self._on_repeat is not None:
                    self._on_repeat()
        self._store(arrays, clock)
        return list(self._logs.values())

    def _start_sample(self, inputs: dict[str, Any], sample: int) -> None:
        for name, value in self.plan.spec.trial.variables.items():
            self.plan.trial_group.variables[name].set_value(value)
        for entry in self.layout.inputs:
            given = inputs[entry["name"]]
            if entry["kind"] == "array":
                for name in entry["groups"]:
                    variable = entry.get("variable", entry["name"])
                    self.plan.groups[name].variables[variable].set_value(given[sample])
            elif entry["kind"] == "frames":
                frames, stride = given
                self.frames[entry["name"]] = frames[sample if stride[0] else 0]
            else:
                offsets, steps, cells = given
                part = slice(offsets[sample], offsets[sample + 1])
                self.calendars[entry["name"]] = split_by_step(steps[part], cells[part])

    def _present(self, sample: int, presentation: int, clock: NDArray[np.int64]) -> None:
        self._set_clock(int(clock[0]))
        for action in self._trial_start:
            action()
        for recorder in self._records:
            recorder.begin(sample)
        if self._watch.at_step(presentation):
            self._look(presentation, 0, sample)
        self._run_steps(sample, presentation, clock)
        self._set_clock(int(clock[0]))
        for action in self._trial_end:
            action()
        for recorder in self._records:
            recorder.end(sample)
        self._look(presentation, -1, sample)

    def _run_steps(self, sample: int, presentation: int, clock: NDArray[np.int64]) -> None:
        stepwise = self._watch.at_step(presentation)
        events = describe_events(self.plan)
        times, waiting = self._sort_events(events) if events else (None, 0)
        for step in range(self.n_steps if times is None else len(times)):
            self.k = step
            self._set_clock(int(clock[0]))
            if events and times is not None:
                self._tell_time(events, times[step - 1] if step else 0.0)
            for recorder in self._records:
                recorder.before(sample)
            for action in self._step:
                action()
            for recorder in self._records:
                recorder.after(sample)
            clock[0] += 1
            if stepwise:
                self._look(presentation, step + 1, sample)
            if events and events["until"]:
                waiting -= self.spikes(events["until"]).size
                if waiting <= 0:
                    break

    def _look(self, presentation: int, step: int, sample: int) -> None:
        arrays = [
            np.zeros(0)
            if entry.kind in ("steps_since_spike", "events_in_flight")
            else self._array(entry)
            for entry in self.layout.state
        ]
        if self._watch.look(arrays, presentation, step, sample):
            raise _NotFiniteError

    def _sort_events(self, events: dict[str, Any]) -> tuple[list[float], int]:
        """Fill the calendar of the latency source; return the event times and how many must fire.

        A step after the last event, if asked for, has the time of that event.
        """
        latencies = self.plan.groups[events["source"]].variables["t_spike"].get_value()
        cells = np.flatnonzero(latencies < 1).astype(np.int32)
        times, steps = np.unique(latencies[cells], return_inverse=True)
        order = np.argsort(steps, kind="stable")
        self.calendars[events["source"]] = split_by_step(
            steps[order].astype(np.int32), cells[order]
        )
        waiting = int(self.plan.groups[events["until"]].N) if events["until"] else 0
        return [*times.tolist(), *times[-1:].tolist() * events["after_last"]], waiting

    def _tell_time(self, events: dict[str, Any], now: float) -> None:
        for name in events["timed"]:
            self.plan.groups[name].variables[EVENT_TIME].set_value(now)

    def count(self, population: str, number: int) -> None:
        """Note the spikes of a population in this presentation."""
        self._counts[population] = number

    def log(self, population: str, cells: NDArray[np.int32]) -> None:
        """Note the cells of a population that have fired in this step."""
        self._logs[population].append((self._presentation, self.k, cells.copy()))

    def spikes(self, population: str) -> NDArray[np.int32]:
        """Return the cells that have fired in this step."""
        space: NDArray[np.int32] = self.plan.groups[population].variables["_spikespace"].get_value()
        return space[: space[-1]]
