"""The C++ source of a network: every action of the plan as a kernel, one translation unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bioplastic.engine.actions.kernels import events_of, spiking_group
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.brian2_bridge import KernelCode, c_data_type, float_precision
from bioplastic.engine.columns import find_columns
from bioplastic.engine.factors import SMALLEST, find_decays
from bioplastic.engine.layout import Layout, describe_layout
from bioplastic.engine.optimisations import has_optimisation
from bioplastic.engine.plan import MOST_STEPS, Plan, StateEntry, describe_events
from bioplastic.engine.projections import SparseProjection
from bioplastic.engine.quiet import find_quiet
from bioplastic.engine.records.base import RecordCode
from bioplastic.engine.tables import timed_array_code, timed_arrays

__all__ = ["generate_source"]

_C_TYPES = {
    "bool": "char",
    "uint8": "uint8_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "float32": "float",
    "float64": "double",
}


@dataclass(frozen=True)
class _Call:
    """One action in the generated code, numbered for its time in the report."""

    number: int
    name: str
    text: str


def _render_calls(plan: Plan, assembly: Assembly) -> dict[str, list[_Call]]:
    """Render all actions of a trial; the name of a call is that of its (first) part."""
    calls: dict[str, list[_Call]] = {}
    count = 0
    for stage in ("trial_start", "step", "trial_end"):
        calls[stage] = []
        for action in getattr(plan, stage):
            part = len(assembly.parts)
            if text := action.cpp(assembly) + _wake(action, assembly):
                calls[stage].append(_Call(count, assembly.parts[part].name, text))
                count += 1
    return calls


def _wake(action: Any, assembly: Assembly) -> str:
    """Return calls that wake the cells an action may have written to."""
    groups = [q.group for q in assembly.quiet.values() if any(action is a for a in q.touching)]
    if not groups:
        return ""
    spiking = spiking_group(action)
    events = events_of(spiking, getattr(action, "delayed", ""))
    return "".join(f" _quiet_{name}.wake({events}, {events}[{int(spiking.N)}]);" for name in groups)


def generate_source(plan: Plan, *, profile: bool = False) -> tuple[str, Layout]:
    """Return the C++ source of a network and the layout of its arguments.

    Parameters
    ----------
    plan : Plan
        The lowered network.
    profile : bool, default False
        Whether the program measures the time of every part.

    Returns
    -------
    source : str
        One translation unit.
    layout : Layout
        State, inputs and outputs in the order the compiled function takes them.
    """
    with float_precision(plan.dtype):
        columns = find_columns(plan)
        assembly = Assembly(
            plan, columns=columns, decays=find_decays(plan, columns), quiet=find_quiet(plan)
        )
        calls = _render_calls(plan, assembly)
        repeat = plan.repeat.cpp(assembly) if plan.repeat else ""
        on_repeat = plan.on_repeat.cpp(assembly) if plan.on_repeat else ""
        updates = [
            " ".join(f"net.{action.cpp(assembly)}" for action in actions)
            for actions in plan.record_updates
        ]
        names = [call.name for stage in calls.values() for call in stage]
        layout = describe_layout(plan, assembly.parts, names, assembly.kernels)
        template = KernelCode.templater.env.get_template("program.cpp")
        runtime = KernelCode.templater.env.loader.get_source(
            KernelCode.templater.env, "runtime.hpp"
        )[0]
        context = _program_context(plan, assembly, layout)
        records = _render_records(plan, layout, updates)
        text = template.render(
            runtime=runtime,
            support="\n".join(assembly.support),
            kernels="\n".join([*_table_functions(plan), *assembly.kernels]),
            calls=calls,
            n_calls=max(1, len(layout.calls)),
            profile=profile,
            records=records,
            repeat=repeat,
            on_repeat=on_repeat,
            **context,
        )
    return text, layout


def _table_functions(plan: Plan) -> list[str]:
    dt = float(plan.clock.dt)
    return [timed_array_code(a, number, dt) for number, a in enumerate(timed_arrays(plan.spec))]


def _render_records(plan: Plan, layout: Layout, updates: list[str]) -> list[RecordCode]:
    numbers = {output["key"]: number for number, output in enumerate(layout.outputs)}
    logs = {name: number for number, name in enumerate(layout.spike_logs)}
    codes = []
    for record, update in zip(plan.spec.records, updates, strict=True):
        output = record.output(plan)
        number = (logs if output["kind"] == "spikes" else numbers)[output["key"]]
        codes.append(record.cpp(output, number, f"net.set_time(); {update} " if update else ""))
    return codes


def _describe_queue(events: StateEntry, layout: Layout, plan: Plan) -> dict[str, str]:
    """Return what a calendar of single synapses is filled from when a call begins."""
    delay = next(e for e in layout.state if e.kind == "delay" and e.owner == events.owner)
    projection = plan.spec.projection(delay.key.partition(".")[0])
    sparse = isinstance(projection, SparseProjection)
    n_pre = int(plan.groups[projection.source].N)
    size = f"net._row_{projection.name}[{n_pre}]" if sparse else str(int(np.prod(delay.shape)))
    return {"name": events.owner, "delay": delay.array, "n_synapses": size}


def _sizes(plan: Plan, name: str) -> tuple[int, int]:
    projection = plan.spec.projection(name)
    return int(plan.groups[projection.source].N), int(plan.groups[projection.target].N)


def _program_context(plan: Plan, assembly: Assembly, layout: Layout) -> dict[str, Any]:
    state_arrays = {e.array for e in layout.state}
    frames = assembly.frames
    arrays = dict(assembly.arrays)
    for entry in layout.inputs:
        if entry["kind"] == "array":
            for group in entry["groups"]:
                name = entry.get("variable", entry["name"])
                variable = plan.groups[group].variables[name]
                size = 1 if variable.scalar else int(plan.groups[group].N)
                arrays[f"_array_{group}_{name}"] = (c_data_type(variable.dtype), size)
    for variable in plan.trial_group.variables.values():
        name = getattr(variable, "name", "")
        if name in plan.trial_group.equations:
            arrays[f"_array_trial_{name}"] = (c_data_type(variable.dtype), 1)
    scratch = {
        name: value
        for name, value in sorted(arrays.items())
        if not (name in state_arrays or name in frames or name in assembly.steady)
        and not name.startswith("_array_clock_")
    }
    return {
        "dt": repr(layout.dt),
        "most_steps": MOST_STEPS,
        "events": describe_events(plan),
        "max_presentations": plan.spec.trial.max_presentations,
        "state": [(e, _C_TYPES[e.dtype]) for e in layout.state],
        "state_numbers": {e.array: number for number, e in enumerate(layout.state)},
        "scratch": scratch,
        "frames": frames,
        "steady": assembly.steady,
        "factors": assembly.factors,
        "smallest_factor": SMALLEST,
        "plain_limits": not has_optimisation("limits"),
        "beginnings": assembly.beginnings,
        "solvers": assembly.least_squares,
        "columns": {n: (*_sizes(plan, n), c.most) for n, c in assembly.columns.items()},
        "quiet": {name: int(plan.groups[name].N) for name in assembly.quiet},
        "float_type": c_data_type(plan.dtype),
        "connectivity": layout.connectivity,
        "tables": layout.tables,
        "inputs": layout.inputs,
        "input_types": {i["name"]: _C_TYPES[i["dtype"]] for i in layout.inputs},
        "outputs": layout.outputs,
        "output_types": {o["key"]: _C_TYPES[o["dtype"]] for o in layout.outputs},
        "spike_logs": layout.spike_logs,
        "groups": {name: int(group.N) for name, group in plan.groups.items()},
        "delays": {
            entry.array.removeprefix("_flight_"): entry.shape[1]
            for entry in layout.state
            if entry.kind == "spikes_in_flight"
        },
        "event_queues": [
            _describe_queue(e, layout, plan) for e in layout.state if e.kind == "events_in_flight"
        ],
        "calendars": assembly.calendars,
        "moving_rates": assembly.moving_rates,
        "trial_variables": dict(plan.spec.trial.variables),
    }
