"""A lowered network: Brian2 objects, the actions of a trial in order, and the state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import brian2 as b2
import numpy as np

from bioplastic.engine.action import Action
from bioplastic.engine.events import EVENT_TIME, EventTrial
from bioplastic.engine.network import NetworkSpec

__all__ = [
    "MOST_STEPS",
    "Plan",
    "StateEntry",
    "count_steps",
    "describe_events",
    "exponents",
    "precise_times",
    "round_steps",
    "solver_name",
    "steps_of_trial",
    "trace_name",
]


#: Steps of the longest trial; steps since a spike, at most 10**9, are counted in 32 bits with them.
MOST_STEPS = 2**30


@dataclass(frozen=True)
class StateEntry:
    """One named array of the state of a program.

    ``array`` is the name of the C++ member, ``owner`` and ``variable`` name the Brian2 variable;
    ``dimensions`` are the exponents of the base units;
    ``kind`` is ``"variable"``, ``"steps_since_spike"``, ``"spikes_in_flight"``, ``"matrix"``,
    ``"delay"`` (of single synapses; ``owner`` is their queue) or ``"events_in_flight"`` (pairs of
    steps until arrival and synapse, of any number).
    """

    key: str
    array: str
    dtype: str
    shape: tuple[int, ...]
    kind: str = "variable"
    owner: str = ""
    variable: str = ""
    dimensions: tuple[float, ...] = (0.0,) * 7

    @property
    def dim(self) -> Any:
        """The dimensions as Brian2 knows them."""
        return b2.get_or_create_dimension(self.dimensions)


@dataclass
class Plan:
    """Brian2 objects of a network and the actions of a trial, in order.

    ``record_updates`` run, for every record, before it looks at the network.
    ``waiting`` names projections whose rule sees a spike only after all have transmitted theirs.
    """

    spec: NetworkSpec
    clock: Any
    dtype: np.dtype[Any]
    n_steps: int
    trial_group: Any
    groups: dict[str, Any] = field(default_factory=dict)
    modulators: dict[str, Any] = field(default_factory=dict)
    synapses: dict[str, Any] = field(default_factory=dict)
    trial_start: list[Action] = field(default_factory=list)
    step: list[Action] = field(default_factory=list)
    trial_end: list[Action] = field(default_factory=list)
    repeat: Action | None = None
    on_repeat: Action | None = None
    record_updates: list[list[Action]] = field(default_factory=list)
    state: list[StateEntry] = field(default_factory=list)
    waiting: frozenset[str] = frozenset()

    def owner(self, name: str) -> Any:
        """Return the Brian2 group or synapses of that name."""
        for members in (self.groups, self.synapses):
            if name in members:
                return members[name]
        return next(group for group in self.modulators.values() if group.name == name)

    def stream(self, name: str) -> int:
        """Return the number of the random stream of a population (0 belongs to the equations)."""
        return 1 + [population.name for population in self.spec.populations].index(name)

    def window(self, window: tuple[Any, Any] | None) -> tuple[int, int | None]:
        """Return a window of the trial as steps (first, one past last or None for the end)."""
        if window is None:
            return 0, None
        dt = float(self.clock.dt)
        first, last = (round(float(edge) / dt) for edge in window)
        return first, last

    def steps_of(self, place: str, interval: Any) -> int:
        """Return an interval, in steps or time, as a number of steps."""
        if not isinstance(interval, b2.Quantity):
            return int(interval)
        return count_steps(place, interval, self.clock.dt)


def count_steps(place: str, duration: Any, dt: Any) -> int:
    """Return a duration as a number of steps.

    Raises
    ------
    ValueError
        If it is no multiple of the time step, or too long.
    """
    exact = float(duration) / float(dt)
    n_steps = round(exact)
    if n_steps < 1 or abs(exact - n_steps) > 1e-6 * n_steps:
        raise ValueError(f"{place}: must be a multiple of the time step {dt}, got {duration}")
    if n_steps > MOST_STEPS:
        raise ValueError(
            f"{place}: must be at most {MOST_STEPS:,} time steps, got {n_steps:,}; cut "
            "it into several trials, nothing is reset between them"
        )
    return n_steps


def steps_of_trial(spec: NetworkSpec, dt: Any) -> int:
    """Return the number of steps of a trial, for an event-driven one the largest possible."""
    if isinstance(spec.trial, EventTrial):
        return spec.population(spec.trial.source).n + 1
    return count_steps("Trial.duration", spec.trial.duration, dt)


def describe_events(plan: Plan) -> dict[str, Any] | None:
    """Return what an event-driven trial needs at run time, None for a clock-driven one."""
    trial = plan.spec.trial
    if not isinstance(trial, EventTrial):
        return None
    timed = [
        name
        for name, group in plan.groups.items()
        if EVENT_TIME in group.equations and group.variables[EVENT_TIME].scalar
    ]
    return {
        "source": trial.source,
        "n": int(plan.groups[trial.source].N),
        "after_last": int(trial.after_last),
        "timed": timed,
        "until": trial.until_fired,
    }


def precise_times(text: str) -> dict[str, Any]:
    """Return the types of variables that hold a time: double, whatever the precision of others."""
    equations = b2.Equations(text) if text.strip() else {}
    double = np.dtype("float64")
    return {name: double for name, e in equations.items() if e.dim is b2.second.dim}


def exponents(dimensions: Any) -> tuple[float, ...]:
    """Return the exponents of the base units."""
    return tuple(float(exponent) for exponent in dimensions._dims)


def trace_name(projection: str, trace: str) -> str:
    """Return the name a trace of a projection has on the neurons of its population."""
    return f"{trace}_{projection}"


def solver_name(projection: str, part: str) -> str:
    """Return the variable of the cells that holds the activity or error of least squares."""
    return f"solver_{part}_{projection}"


def round_steps(delay: Any, plan: Plan) -> int:
    """Return a delay in steps, to the nearest as Brian2's queues do."""
    return int(float(delay) / float(plan.clock.dt) + 0.5)
