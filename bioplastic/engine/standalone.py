"""The same network as a stock Brian2 C++ standalone project, compiled once and called again.

An oracle in C++ that shares no template with ours. What a step does are ordinary Brian2 objects;
what happens at the limits of a trial, and what sources draw, is computed beside it as on the numpy
target, so that both targets see the same spikes. Every presentation is one execution of the
project: its state goes in as arguments of the run and is read from its results.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.actions import DrawCounts, DrawSpikes, SendEvents
from bioplastic.engine.brian2_bridge import StandaloneProject
from bioplastic.engine.events import EventTrial
from bioplastic.engine.layout import Layout
from bioplastic.engine.lowering import lower
from bioplastic.engine.numpy_target import NumpyNetwork
from bioplastic.engine.plan import Plan
from bioplastic.engine.poisson_counts import count_variable
from bioplastic.engine.random import derive_key, normal_frame
from bioplastic.engine.records import StateRecord
from bioplastic.engine.stock import StockObjects, reads_time
from bioplastic.signals.analogue import AnalogueSource, NoiseSource

__all__ = ["StandaloneNetwork"]

#: Ends of names of variables that hold a time.
_TIMES = (".lastspike", ".lastupdate")


class StandaloneNetwork(NumpyNetwork):
    """A plan whose steps run in a C++ standalone project.

    Parameters
    ----------
    plan : Plan
        Lowered with ``connect=True`` on the runtime device.
    layout : Layout
        State, inputs and outputs of the program.

    Raises
    ------
    ValueError
        For what has no counterpart in stock Brian2.
    """

    def __init__(self, plan: Plan, layout: Layout) -> None:
        super().__init__(plan, layout)
        if isinstance(plan.spec.trial, EventTrial):
            raise ValueError(
                "Program.target: stock Brian2 has no event-driven trial; use a Trial in steps"
            )
        self._delays = {
            entry.array: entry for entry in layout.state if entry.kind == "spikes_in_flight"
        }
        self._senders = {a.queue: a.group.name for a in plan.step if isinstance(a, SendEvents)}
        self._draws = [
            (action, draw)
            for action, draw in zip(plan.step, self._step, strict=True)
            if isinstance(action, DrawCounts | DrawSpikes)
        ]
        self._folder = tempfile.TemporaryDirectory(prefix="bioplastic-standalone-")
        self._project = StandaloneProject(Path(self._folder.name), self._make)

    def _make(self) -> tuple[Any, Any, dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Create the objects on the standalone device, for `StandaloneProject`."""
        spec = self.plan.spec
        plan = lower(spec, self.plan.clock.dt, self.plan.dtype, connect=True, stock=True)
        stock = StockObjects(plan, draw=False)
        self._tables, self._shift = stock.tables, stock.shift
        self._arrivals = {
            f"{queue} delay {number}": (queue, pathway.variables["delay"])
            for queue, pathways in stock.arrivals.items()
            for number, pathway in enumerate(pathways)
        }
        if self._shift and any(reads_time(part) for part in (*spec.populations, *spec.projections)):
            raise ValueError(
                "Program.target: a project whose statements run in the last step of intervals is "
                "ahead by a step, and something reads t; give the rules interval_at='start'"
            )
        monitors: dict[str, Any] = {}
        for name, group in plan.groups.items():
            if "spike" in group.events:
                monitors[name] = b2.SpikeMonitor(
                    group, name=f"{name}_spikes", when="end", order=1_000_000
                )
        for record in spec.records:
            if isinstance(record, StateRecord):
                self._watch_state(plan, record, monitors)
        network = b2.Network(*stock.objects, *monitors.values())
        state = self._variables(plan)
        given = {**state, **self._settings(plan)}
        given |= {name: stock.trial.variables[f"trial_{name}"] for name in ("onset", "seed")}
        given |= {key: delay for key, (_, delay) in self._arrivals.items()}
        found = dict(state)
        for name, monitor in monitors.items():
            if isinstance(monitor, b2.SpikeMonitor):
                found |= {f"{name}/{kind}": monitor.variables[kind] for kind in ("i", "t")}
            else:
                (variable,) = monitor.record_variables
                found[f"{name}/values"] = monitor.variables[variable]
        self._keep = (plan, stock, network, monitors)
        tables = {f"table {name}": table for name, table in stock.tables.items()}
        return network, spec.trial.duration, given, found, tables

    def _variables(self, plan: Plan) -> dict[str, Any]:
        """Return what makes up the state of a plan, as variables of Brian2."""
        found = {
            entry.key: plan.owner(entry.owner).variables[entry.variable]
            for entry in plan.state
            if entry.kind == "variable"
        }
        for name, group in plan.groups.items():
            for variable in {"lastspike", "not_refractory"} & set(group.variables):
                found[f"{name}.{variable}"] = group.variables[variable]
        return found

    def _settings(self, plan: Plan) -> dict[str, Any]:
        """Return what a trial or sample sets and the steps read."""
        found = {f"trial.{n}": plan.trial_group.variables[n] for n in plan.spec.trial.variables}
        for source in plan.spec.populations:
            for argument in ("inputs", "shared_inputs", "sample_inputs"):
                for name in getattr(source, argument, ()):
                    variable = plan.groups[source.name].variables[name]
                    if variable.owner.name == source.name:
                        found[f"{source.name}.{name}"] = variable
        return found

    def _watch_state(self, plan: Plan, record: StateRecord, monitors: dict[str, Any]) -> None:
        entry = self._entry(plan, record.key)
        group = plan.owner(entry.owner)
        lazy = getattr(group, "lazy_", None)
        if lazy is not None and entry.variable in lazy.diff_eq_names:
            raise ValueError(
                f"StateRecord.variable: {record.key} is (event-driven), and a project keeps its "
                "value of the last spike; mark it (clock-driven)"
            )
        monitors[record.key] = b2.StateMonitor(
            group, entry.variable, record=True if not group.variables[entry.variable].scalar else 0,
            clock=plan.clock, name=f"watched_{len(monitors)}", when="start",
        )  # fmt: skip

    # ---- one presentation ------------------------------------------------------------------------

    def _run_steps(self, sample: int, presentation: int, clock: NDArray[np.int64]) -> None:
        """Run all steps of a presentation and show the records what has happened."""
        if self.n_steps != self.plan.n_steps:
            raise ValueError(
                "Program.duration: a standalone project has the duration of its trial, "
                f"{self.plan.spec.trial.duration}"
            )
        counts = self._draw(int(clock[0]))
        start = int(clock[0]) + self._shift
        results = self._project.run(self._arguments(start, counts))
        for key, variable in self._variables(self.plan).items():
            array = variable.get_value()
            array[...] = results[key].astype(array.dtype).reshape(array.shape)
            if key.endswith(_TIMES):
                array -= self._shift * self.layout.dt
        self._replay(sample, results, start)
        clock[0] += self.n_steps

    def _draw(self, start: int) -> dict[str, NDArray[Any]]:
        """Draw what sources draw step by step; return the tables of numbers of spikes."""
        counts: dict[str, NDArray[Any]] = {}
        for action, _ in self._draws:
            if isinstance(action, DrawSpikes):
                self.calendars[action.source.name] = {}
            else:
                counts[action.table] = np.zeros((self.n_steps, int(action.group.N)))
        for k in range(self.n_steps if self._draws else 0):
            self.k = k
            self._set_clock(start + k)
            for action, draw in self._draws:
                draw()
                if isinstance(action, DrawSpikes):
                    name = action.source.name
                    self.calendars[name][k] = self.spikes(name).copy()
                else:
                    variable = action.group.variables[count_variable(action.number)]
                    counts[action.table][k] = variable.get_value()
        return counts

    def _arguments(
        self, start: int, counts: Mapping[str, NDArray[Any]]
    ) -> dict[str, NDArray[Any]]:  # fmt: skip
        """Return the values with which the project starts."""
        host = {**self._variables(self.plan), **self._settings(self.plan)}
        values = {key: np.ravel(variable.get_value()) for key, variable in host.items()}
        for key in values:
            if key.endswith(_TIMES):
                values[key] = values[key] + self._shift * self.layout.dt
        values["onset"] = np.array([start * self.layout.dt])
        values["seed"] = np.array([self.trial_key % (1 << 32)])
        for name, table in self._tables.items():
            filled = counts.get(name)
            if filled is None:
                filled = self._fill_table(name, np.zeros(table.values.shape))
            values[f"table {name}"] = filled
        for key, (queue, _) in self._arrivals.items():
            values[key] = self.calendars_of_events[queue].delay
        calendars = self.calendars_of_events.values()
        if any(self.flights[array][:, -1].any() for array in self._delays) or any(
            calendar.store(start - self._shift).size for calendar in calendars
        ):
            raise ValueError(
                "Program.state: a standalone project cannot take up spikes in flight; run one "
                "trial per call from a state without any, or leave the delays out"
            )
        return values

    def _fill_table(self, name: str, table: NDArray[Any]) -> NDArray[Any]:
        """Return what a source shows or emits in every step."""
        source: Any = self.plan.spec.population(name)
        if isinstance(source, AnalogueSource):
            table[:] = self.frames[name][: len(table)]
        elif isinstance(source, NoiseSource):
            names = [population.name for population in self.plan.spec.populations]
            key = int(derive_key(self.noise_key, 1 + names.index(name))[0])
            for row in range(len(table)):
                table[row] = normal_frame(source.n, int(derive_key(key, row)[0]))
        else:
            for step, cells in self.calendars[name].items():
                table[step, cells] = 1
        return table

    def _replay(self, sample: int, results: Mapping[str, NDArray[Any]], start: int) -> None:
        """Show the records every step, and note what is in flight at the end."""
        dt = self.layout.dt
        spikes = {}
        for name, group in self.plan.groups.items():
            if "spike" in group.events:
                steps = np.rint(results[f"{name}/t"] / dt).astype(int) - start
                order = np.argsort(steps, kind="stable")
                cells = results[f"{name}/i"][order].astype(np.int32)
                edges = np.searchsorted(steps[order], np.arange(self.n_steps + 1))
                spikes[name] = (cells, edges)
        watched = {}
        for record in self._records:
            output = record.output
            if output["kind"] == "state":
                watched[output["key"]] = output["every"]
        final = {key: v.get_value().copy() for key, v in self._variables(self.plan).items()}
        keys = {key: self._entry(self.plan, key).key for key in watched}
        for step in range(self.n_steps):
            self.k = step
            self._show(results, watched, keys, step, final)
            for recorder in self._records:
                recorder.before(sample)
            for name, (cells, edges) in spikes.items():
                space = self.plan.groups[name].variables["_spikespace"].get_value()
                fired = np.sort(cells[edges[step] : edges[step + 1]])
                space[: fired.size], space[-1] = fired, fired.size
            self._show(results, watched, keys, step + 1, final)
            for recorder in self._records:
                recorder.after(sample)
        for key, variable in self._variables(self.plan).items():
            variable.get_value()[...] = final[key]
        self._fly(spikes, start)

    @staticmethod
    def _entry(plan: Plan, key: str) -> Any:
        """Return the entry of the state that a record shows."""
        owner, _, variable = key.partition(".")
        return next(
            entry
            for entry in plan.state
            if entry.key == key or (entry.owner == owner and entry.variable == variable)
        )

    def _show(
        self, results: Mapping[str, Any], watched: Mapping[str, int], keys: Mapping[str, str],
        step: int, final: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """Set recorded variables to their values before a step."""
        for key, every in watched.items():
            if step % every:
                continue
            variable = self._variables(self.plan)[keys[key]].get_value()
            rows = results[f"{key}/values"].reshape(self.n_steps, -1)
            new = final[keys[key]] if step == self.n_steps else rows[step]
            variable[...] = np.asarray(new).reshape(variable.shape)

    def _fly(self, spikes: Mapping[str, tuple[Any, Any]], start: int) -> None:
        """Note which spikes are still on their way at the end."""
        for queue, sender in self._senders.items():
            cells, edges = spikes[sender]
            for step in np.flatnonzero(np.diff(edges)):
                fired = np.sort(cells[edges[step] : edges[step + 1]])
                self.calendars_of_events[queue].send(start - self._shift + int(step), fired)
        for array, entry in self._delays.items():
            flight = self.flights[array]
            projection = self.plan.spec.find_projection("state", entry.key.partition(".")[0])
            cells, edges = spikes[projection.source]
            flight[:] = 0
            for step in range(max(0, self.n_steps - len(flight)), self.n_steps):
                fired = np.sort(cells[edges[step] : edges[step + 1]])
                slot = (start - self._shift + step) % len(flight)
                flight[slot, : fired.size], flight[slot, -1] = fired, fired.size
