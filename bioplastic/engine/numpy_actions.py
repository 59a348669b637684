"""The actions of a plan on Brian2's numpy target, each as a function without arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import singledispatchmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine import actions
from bioplastic.engine.action import Action, WrongRateError
from bioplastic.engine.arrivals import EventCalendar, run_arrivals, send_events
from bioplastic.engine.brian2_bridge import NumpyCode, create_runner_codeobj, stock_run
from bioplastic.engine.plan import Plan
from bioplastic.engine.random import bernoulli_spikes, derive_key, normal_frame
from bioplastic.engine.reductions import find_winners, weighted_mean
from bioplastic.engine.synapses import total_name
from bioplastic.signals.analogue import AnalogueSource

__all__ = ["NumpyActions", "split_by_step"]

Run = Callable[[], Any]


class NumpyActions:
    """What one step of a plan consists of, and what it reads besides the groups of the plan.

    Parameters
    ----------
    plan : Plan
        Lowered with ``connect=True``.
    layout : Layout
        State, inputs and outputs of the program.
    """

    def __init__(self, plan: Plan, layout: Any) -> None:
        self.plan = plan
        self._layout = layout
        self._calendars: dict[str, dict[int, NDArray[np.int32]]] = {}
        self._matrices: dict[str, NDArray[Any]] = {}
        self._frames: dict[str, NDArray[Any]] = {}
        self._flights: dict[str, NDArray[np.int32]] = {}
        self._calendars_of_events: dict[str, EventCalendar] = {}
        self._arrived: dict[str, NDArray[np.int32]] = {}
        self.k = 0
        self.n_steps = plan.n_steps
        self.trial_key = self.noise_key = 0

    def code(self, owner: Any, code: str, template: str, **kwds: Any) -> Run:
        codeobj: Run = create_runner_codeobj(
            owner, code, template, run_namespace={}, codeobj_class=NumpyCode, **kwds
        )
        return codeobj

    @singledispatchmethod
    def _prepare(self, action: Any) -> Run:
        if isinstance(action, Action):
            return action.numpy(self)
        raise NotImplementedError(f"no numpy action for {type(action).__name__}")

    @_prepare.register
    def _(self, action: actions.Integrate) -> Run:
        return stock_run(action.group.state_updater)

    @_prepare.register
    def _(self, action: actions.Threshold) -> Run:
        return stock_run(action.group.thresholder["spike"])

    @_prepare.register
    def _(self, action: actions.Reset) -> Run:
        return stock_run(action.group.resetter["spike"])

    @_prepare.register
    def _(self, action: actions.Emit) -> Run:
        name, emit = action.source.name, self.emitter(action.group)
        nobody = np.zeros(0, dtype=np.int32)
        return lambda: emit(self._calendars[name].get(self.k, nobody))

    def emitter(self, group: Any) -> Callable[[NDArray[Any]], None]:
        """Return a function that lets cells of a source fire."""
        emits = group.variables["source_emits"].get_value()
        thresholder = stock_run(group.thresholder["spike"])

        def emit(cells: NDArray[Any]) -> None:
            emits[:] = 0
            emits[cells] = 1
            thresholder()

        return emit

    @_prepare.register
    def _(self, action: actions.ShowFrame) -> Run:
        source = action.source
        values = action.group.variables[source.variable].get_value()
        if isinstance(source, AnalogueSource):

            def show() -> None:
                values[:] = self._frames[source.name][self.k // source.every]

            return show
        names = [population.name for population in self.plan.spec.populations]
        stream = 1 + names.index(source.name)

        def draw() -> None:
            if self.k % source.every == 0:
                key = int(derive_key(self.noise_key, stream)[0])
                frame_key = int(derive_key(key, self.k // source.every)[0])
                values[:] = normal_frame(source.n, frame_key)

        return draw

    @_prepare.register
    def _(self, action: actions.SpikeStatements) -> Run:
        events = action.group.variables["_spikespace"]
        return self.code(
            action.group,
            action.code,
            "reset",
            needed_variables=["_spikespace"],
            template_kwds={"eventspace_variable": events},
        )

    @_prepare.register
    def _(self, action: actions.SynapseStatements) -> Run:
        if action.arrivals or action.direction == "other":
            calendar = self._calendars_of_events.get(action.arrivals)
            timestep = self.plan.clock.variables["timestep"]
            return run_arrivals(action, calendar, timestep, action.group)
        return stock_run(getattr(action.synapses, action.pathway))

    @_prepare.register
    def _(self, action: actions.SendEvents) -> Run:
        synapses = action.synapses
        index = {"pre": "i", "post": "j"}.get(action.side)
        cells = None if index is None else np.asarray(getattr(synapses, index)[:])
        calendar = EventCalendar(cells, len(synapses), float(self.plan.clock.dt))
        self._calendars_of_events[action.queue] = calendar
        return send_events(action, calendar, self.plan.clock.variables["timestep"])

    @_prepare.register
    def _(self, action: actions.SharedStatements) -> Run:
        run = self.code(action.synapses, action.code, "stateupdate")
        space = action.group.variables["_spikespace"].get_value()

        def at_spikes() -> None:
            for _ in range(int(space[-1])):
                run()

        return at_spikes

    @_prepare.register
    def _(self, action: actions.SummedStatements) -> Run:
        return stock_run(action.synapses.summed_updaters[action.target])

    @_prepare.register
    def _(self, action: actions.DelaySpikes) -> Run:
        space = action.group.variables["_spikespace"].get_value()
        n = int(action.group.N)
        flight = self._flights.setdefault(
            f"_flight_{action.projection}", np.zeros((action.steps, n + 1), dtype=np.int32)
        )
        timestep = self.plan.clock.variables["timestep"]

        def exchange() -> None:
            slot = int(timestep.get_value()[0]) % action.steps
            self._kept_spikes = space.copy()
            space[:] = self._arrived[action.projection] = flight[slot].copy()
            flight[slot] = np.where(np.arange(n + 1) < self._kept_spikes[n], self._kept_spikes, 0)
            flight[slot, n] = self._kept_spikes[n]

        def show_again() -> None:
            self._kept_spikes = space.copy()
            space[:] = self._arrived[action.projection]

        return show_again if action.again else exchange

    @_prepare.register
    def _(self, action: actions.RestoreSpikes) -> Run:
        space = action.group.variables["_spikespace"].get_value()

        def restore() -> None:
            space[:] = self._kept_spikes

        return restore

    @_prepare.register
    def _(self, action: actions.ClockedStatements) -> Run:
        run = self._clocked(action.synapses, action)
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
    def _(self, action: actions.CellStatements) -> Run:
        return self._clocked(action.owner, action)

    def _clocked(
        self, owner: Any, action: actions.ClockedStatements | actions.CellStatements
    ) -> Run:
        run = self.code(owner, action.code, "stateupdate")
        if action.interval == 1:
            return run
        timestep = self.plan.clock.variables["timestep"]

        def clocked() -> None:
            if (int(timestep.get_value()[0]) + action.offset) % action.interval == 0:
                run()

        return clocked

    @_prepare.register
    def _(self, action: actions.Compete) -> Run:
        arrays = [action.group.variables[name].get_value() for name in action.what.names]
        return lambda: find_winners(action.what.size, *arrays)

    @_prepare.register
    def _(self, action: actions.Average) -> Run:
        variables = action.group.variables
        into, values, weights = (variables[name] for name in action.what.names)

        def average() -> None:
            mean = weighted_mean(values.get_value(), weights.get_value(), action.what.empty)
            into.set_value(mean)

        return average

    @_prepare.register
    def _(self, action: actions.Normalise) -> Run:
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
    def _(self, action: actions.LeastSquaresUpdate) -> Run:
        synapses, solver = action.synapses, action.rule
        n_pre = int(synapses.source.N)
        activity = synapses.source.variables[action.activity]
        error = synapses.target.variables[action.error]
        weights = synapses.variables[solver.variable]
        gate = synapses.variables[solver.gate] if solver.gate else None
        timestep = self.plan.clock.variables["timestep"]
        matrix = self._matrices.setdefault(
            f"_array_{action.projection.name}_inverse_correlation",
            np.zeros((n_pre, n_pre), dtype=self.plan.dtype),
        )

        def update() -> None:
            if (int(timestep.get_value()[0]) + action.offset) % action.interval:
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
    def _(self, action: actions.RateStatements) -> Run:
        source = action.source
        compute = self.code(action.group, action.code, "stateupdate")
        variable = action.group.variables["source_probability"]
        first, offset = self.plan.window(source.window)
        names = [population.name for population in self.plan.spec.populations]
        stream = 1 + names.index(source.name)

        def draw() -> None:
            compute()
            probability = variable.get_value()
            bad = ~((probability >= 0) & (probability < 1e9))
            if bad.any():
                cell = int(np.argmax(bad))
                raise WrongRateError(stream - 1, cell, float(probability[cell]))
            key = int(derive_key(self.trial_key, stream)[0])
            last = self.n_steps if offset is None else min(offset, self.n_steps)
            steps, cells = bernoulli_spikes(
                np.minimum(probability, probability.dtype.type(0.9)),
                key,
                first,
                last,
                source.dead_steps,
            )
            self._calendars[source.name] = split_by_step(steps, cells)

        return draw

    @_prepare.register
    def _(self, action: actions.TrialStatements) -> Run:
        return self.code(action.group, action.code, "stateupdate")


def split_by_step(
    steps: NDArray[np.int32], cells: NDArray[np.int32]
) -> dict[int, NDArray[np.int32]]:
    """Return the cells that spike in each step; the spikes are sorted by step."""
    if steps.size == 0:
        return {}
    cuts = np.flatnonzero(np.diff(steps)) + 1
    groups = np.split(cells, cuts)
    return {int(steps[k]): group for k, group in zip([0, *cuts], groups, strict=True)}
