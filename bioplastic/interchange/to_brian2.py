"""From a network as data to ordinary Brian2 objects, on whatever device is active."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from bioplastic.engine import actions
from bioplastic.engine.events import EventTrial
from bioplastic.engine.initial import initial_state
from bioplastic.engine.inputs import prepare_inputs
from bioplastic.engine.layout import describe_layout
from bioplastic.engine.lowering import lower
from bioplastic.engine.network import NetworkSpec
from bioplastic.engine.plan import Plan
from bioplastic.engine.records import SpikeCount, SpikeRecord, StateRecord
from bioplastic.engine.stock import StockObjects
from bioplastic.signals.analogue import AnalogueSource
from bioplastic.signals.spike_list import SpikeListSource
from bioplastic.validation import check_quantity

__all__ = ["Brian2Network", "to_brian2"]


@dataclass(frozen=True, kw_only=True)
class Brian2Network:
    """Brian2 objects of a network.

    Parameters
    ----------
    network : brian2.Network
        Runs one trial after another: ``network.run(duration)``.
    groups, synapses : dict of str to group
        Populations and projections, by name.
    monitors : dict of str to monitor
        What records watch, by their keys. Monitors of variables look before a step, as Brian2's do:
        those of a `StateRecord` that looks after it have the initial value in front.
    duration : Quantity
        Length of a trial.
    """

    network: b2.Network
    groups: Mapping[str, Any]
    synapses: Mapping[str, Any]
    monitors: Mapping[str, Any]
    duration: Any


def to_brian2(
    spec: NetworkSpec,
    *,
    dt: Any,
    inputs: Mapping[str, Any] | None = None,
    state: Mapping[str, NDArray[Any]] | None = None,
    seed: int = 0,
) -> Brian2Network:
    """Return a network as ordinary Brian2 objects, which run on every device of Brian2.

    Call it after ``brian2.set_device("cpp_standalone")``, or on the runtime target. Traces stay on
    the cells, and the order of events inside a step is that of the program. Sources of spikes are
    groups of cells that play a `TimedArray` or draw for themselves.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    dt : Quantity
        Time step.
    inputs : mapping, optional
        Inputs of one trial, as for a call of `Program` with one sample.
    state : mapping of str to array, optional
        Where it begins; by default the initial state.
    seed : int, default 0
        Seed of random initial values.

    Raises
    ------
    ValueError
        For what has no counterpart in stock Brian2, by name.

    Examples
    --------
    >>> from brian2 import ms, mV
    >>> from bioplastic.engine import Population, SpikeRecord, Trial
    >>> from bioplastic.neurons import NeuronModel
    >>> cell = NeuronModel(name="driven", equations="dv/dt = (20*mV - v)/tau : volt",
    ...                    threshold="v > 10*mV", reset="v = 0*mV", parameters={"tau": 10*ms})
    >>> spec = NetworkSpec(populations=[Population(name="exc", n=3, model=cell)], projections=[],
    ...                    trial=Trial(duration=20*ms), records=[SpikeRecord(population="exc")])
    >>> exported = to_brian2(spec, dt=0.1*ms)
    >>> exported.network.run(exported.duration, namespace={})
    >>> exported.monitors["exc.spike"].count[:]
    array([2, 2, 2], dtype=int32)
    """
    if not isinstance(spec, NetworkSpec):
        raise TypeError(f"to_brian2.spec: must be a NetworkSpec, got {spec!r}")
    check_quantity("to_brian2.dt", dt, b2.second, positive=True)
    _check_trial(spec)
    plan = lower(spec, dt, np.dtype("float64"), connect=True, stock=True)
    stock = StockObjects(plan, draw=True)
    if stock.shift:
        raise ValueError(
            "to_brian2.spec: a clock of Brian2 runs statements in the first step of an interval, "
            "these run in the last; give the rules interval_at='start'"
        )
    _place_limits(plan, stock)
    monitors = {}
    for record in spec.records:
        key, monitor = _monitor(plan, record)
        monitors[key] = monitor
    known = initial_state(spec, SimpleNamespace(state=plan.state), seed)  # type: ignore[arg-type]
    _set_state(plan, stock, {**known, **(state or {})})
    _set_inputs(plan, stock, dict(inputs or {}))
    return Brian2Network(
        network=b2.Network(*stock.objects, *monitors.values()),
        groups=plan.groups,
        synapses=plan.synapses,
        monitors=monitors,
        duration=spec.trial.duration,
    )


def _check_trial(spec: NetworkSpec) -> None:
    place = "to_brian2.spec"
    if isinstance(spec.trial, EventTrial):
        raise ValueError(f"{place}: an EventTrial has no counterpart; use a Trial with time steps")
    if spec.trial.repeat_while:
        raise ValueError(
            f"{place}: Trial.repeat_while has no counterpart; repeat the run in Python"
        )


def _place_limits(plan: Plan, stock: StockObjects) -> None:
    """Let statements at the limits of trials run at the start of each, and after its last step."""
    for when, slot, members in (
        ("start", "before_start", plan.trial_start),
        ("end", "after_end", plan.trial_end),
    ):
        for order, action in enumerate(members):
            if isinstance(action, actions.RateStatements):
                continue  # sources draw in every step
            if isinstance(action, actions.ClockedStatements) and action.name.endswith("_advance"):
                continue  # Brian2 brings variables up to date at spikes
            owner = getattr(action, "owner", None) or getattr(action, "synapses", None)
            if when == "end" or not isinstance(
                action, actions.CellStatements | actions.ClockedStatements
            ):
                name = getattr(action, "name", type(action).__name__)
                raise ValueError(
                    f"to_brian2.spec: {type(action).__name__} {name!r} at the {when} of a trial "
                    "has no counterpart; do it between two runs in Python, or take Program(..., "
                    "target='standalone')"
                )
            owner.run_regularly(action.code, dt=plan.spec.trial.duration, when=slot, order=order)  # type: ignore[union-attr]


def _monitor(plan: Plan, record: Any) -> tuple[str, Any]:
    if isinstance(record, SpikeRecord | SpikeCount):
        group = plan.groups[record.population]
        kind = "spike" if isinstance(record, SpikeRecord) else "count"
        key = f"{record.population}.{kind}"
        return key, b2.SpikeMonitor(
            group, record=kind == "spike", name=f"{record.population}_{kind}s", when="end"
        )
    if isinstance(record, StateRecord):
        output = record.output(plan)
        owner, _, name = record.key.partition(".")
        entry = next(
            e for e in plan.state if e.key == record.key or (e.owner, e.variable) == (owner, name)
        )
        scalar = plan.owner(entry.owner).variables[entry.variable].scalar
        places: Any = 0 if scalar else True if record.subset is None else record.subset
        return record.key, b2.StateMonitor(
            plan.owner(entry.owner), entry.variable, record=places,
            dt=output["every"] * plan.clock.dt, when="start", name=f"{owner}_{name}_record",
        )  # fmt: skip
    raise ValueError(
        f"to_brian2.spec: {type(record).__name__} has no counterpart; leave it out of the records"
    )


def _set_state(plan: Plan, stock: StockObjects, state: Mapping[str, Any]) -> None:
    for entry in plan.state:
        values = np.asarray(state[entry.key])
        if entry.kind == "variable":
            variable = plan.owner(entry.owner).variables[entry.variable]
            if np.any(values != _default(entry)):
                variable.set_value(values.ravel() if values.ndim else values.item())
        elif entry.kind == "steps_since_spike":
            if np.any(values < 1_000_000_000):
                since = -values * float(plan.clock.dt)
                plan.groups[entry.owner].variables["lastspike"].set_value(since)
        elif entry.kind == "delay":
            for pathway in stock.arrivals.get(entry.owner, ()):
                pathway.variables["delay"].set_value(values.ravel())
        elif np.any(values):
            raise ValueError(
                f"to_brian2.state: {entry.key!r} has no counterpart; begin without spikes in flight"
            )


def _default(entry: Any) -> float:
    if entry.variable == "not_refractory":
        return 1.0
    return -1e4 if entry.variable == "lastspike" else 0.0


def _set_inputs(plan: Plan, stock: StockObjects, inputs: dict[str, Any]) -> None:
    layout = describe_layout(plan, [], [])
    prepared, _ = prepare_inputs(layout, inputs, 1 if not layout.inputs else None)
    for entry in layout.inputs:
        given = prepared[entry["name"]]
        if entry["kind"] == "array":
            for name in entry["groups"]:
                variable = plan.groups[name].variables[entry.get("variable", entry["name"])]
                variable.set_value(np.asarray(given[0], dtype=float))
    for name, table in stock.tables.items():
        source = plan.spec.population(name)
        played: Any = prepared.get(name)
        if isinstance(source, SpikeListSource):
            offsets, steps, cells = played
            part = slice(offsets[0], offsets[1])
            table.values[steps[part], cells[part]] = 1
        elif isinstance(source, AnalogueSource):
            table.values[:] = played[0][0][: len(table.values)]
        else:
            raise ValueError(
                f"to_brian2.spec: {type(source).__name__} {name!r} has no counterpart; "
                "give an AnalogueSource its values"
            )
