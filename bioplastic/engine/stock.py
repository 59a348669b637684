"""The actions of a time step as ordinary Brian2 objects, for any of Brian2's devices.

Every action of the plan becomes one object of a `Network`, or the place of one that the groups
already have; all stand in one slot, in the order of the plan. Nothing of our templates is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import singledispatchmethod
from typing import Any

import brian2 as b2
import numpy as np
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.engine import actions
from bioplastic.engine.plan import Plan
from bioplastic.engine.poisson_counts import count_variable
from bioplastic.signals.poisson import PoissonSource

__all__ = ["StockObjects", "reads_time"]

_SLOT = "groups"
_CPP_WORDS = frozenset(
    "alignas alignof asm auto break case catch char char8_t char16_t char32_t class concept const "
    "const_cast constexpr continue decltype default delete do double dynamic_cast else enum "
    "explicit export extern float for friend goto if inline int long mutable namespace new "
    "noexcept nullptr operator private protected public register reinterpret_cast requires return "
    "short signed sizeof static static_assert static_cast struct switch template this "
    "thread_local throw try typedef typeid typename union unsigned using virtual void volatile "
    "wchar_t while".split()
) - {"int"}  # a function of Brian2


class StockObjects:
    """Brian2 objects that do what a step of a plan does.

    Parameters
    ----------
    plan : Plan
        Lowered with ``connect=True`` on the active device.
    draw : bool
        Whether Poisson sources draw for themselves; otherwise they play the table of ``emits``.

    Attributes
    ----------
    objects : list
        Everything that belongs into the network.
    tables : dict of str to TimedArray
        What sources show or emit in every step of a trial, by population, and numbers of spikes.
    arrivals : dict of str to list
        Pathways whose delays every synapse has of its own, by the name of the queue.
    shift : int
        Steps by which the clock is ahead of that of the program: statements that run in the last
        step of an interval then run on its multiples.

    Raises
    ------
    ValueError
        For an action that stock Brian2 has no counterpart for.
    """

    def __init__(self, plan: Plan, *, draw: bool) -> None:
        self.plan, self.draw = plan, draw
        self.tables: dict[str, Any] = {}
        self.trial = b2.NeuronGroup(
            1, "trial_onset : second (shared)\ntrial_seed : 1 (shared)", clock=plan.clock,
            name="presentation",
        )  # fmt: skip
        self.objects: list[Any] = [self.trial, plan.trial_group, *plan.groups.values()]
        self.objects += [*plan.modulators.values(), *plan.synapses.values()]
        self.arrivals: dict[str, list[Any]] = {}
        self._delays: dict[str, int] = {}
        offsets = {
            getattr(action, "offset", 1)
            for action in plan.step
            if getattr(action, "interval", 1) > 1
        }
        if len(offsets) > 1:
            raise ValueError(
                "Program.target: stock Brian2 cannot run statements in the first step of some "
                "intervals and in the last of others; give all rules one interval_at"
            )
        self.shift = int(offsets == {1})
        self._placed: set[int] = set()
        for number, action in enumerate(plan.step):
            self._order = 10 * number
            self._place(action)
        for group in self.objects:  # groups bring what an action does elsewhere, or nothing needs
            group.contained_objects[:] = [m for m in group.contained_objects if self._knows(m)]

    def _put(self, member: Any, order: int | None = None) -> None:
        member.when, member.order = _SLOT, self._order if order is None else order
        self._placed.add(id(member))

    def _knows(self, member: Any) -> bool:
        return id(member) in self._placed

    def _spell(self, owner: Any, code: str) -> str:
        """Return statements whose temporaries are no words of C++, as Brian2 writes them there."""
        words = get_identifiers(code) & _CPP_WORDS
        if taken := sorted(words & set(owner.variables)):
            self._refuse(f"variable {taken[0]!r} in C++ ({owner.name!r})", "rename it")
        return str(word_substitute(code, {word: f"{word}_value" for word in words}))

    def _refuse(self, what: str, advice: str) -> None:
        raise ValueError(f"Program.target: stock Brian2 has no {what}; {advice}")

    @singledispatchmethod
    def _place(self, action: Any) -> None:
        self._refuse(type(action).__name__, "use target='numpy' or 'cpp'")

    @_place.register
    def _(self, action: actions.Integrate) -> None:
        self._put(action.group.state_updater)

    @_place.register
    def _(self, action: actions.Threshold) -> None:
        self._put(action.group.thresholder["spike"])

    @_place.register
    def _(self, action: actions.Reset) -> None:
        self._put(action.group.resetter["spike"])

    def _table(
        self, name: str, shape: tuple[int, int], every: int, dimensions: Any = None,
        group: Any = None,
    ) -> str:  # fmt: skip
        """Add a table that the group of a population reads, and return its name."""
        values: Any = np.zeros(shape)
        if dimensions is not None:
            values = b2.Quantity(values, dim=dimensions)
        table = f"{name}_table"
        self.tables[name] = b2.TimedArray(values, dt=every * self.plan.clock.dt, name=table)
        group = self.plan.groups[name] if group is None else group
        group.namespace[table] = self.tables[name]
        group.variables.add_reference("trial_onset", self.trial)
        return table

    @_place.register
    def _(self, action: actions.Emit) -> None:
        self._emit(action.source, action.group)

    def _emit(self, source: Any, group: Any) -> None:
        if isinstance(source, PoissonSource) and self.draw:
            code = self._draw_code(source)
        else:
            table = self._table(source.name, (self.plan.n_steps, source.n), 1)
            code = f"source_emits = {table}(t - trial_onset + 0.5*dt, i)"
        self._regularly(group, code, self._order - 1)
        self._put(group.thresholder["spike"])

    def _draw_code(self, source: PoissonSource) -> str:
        if source.dead_steps:
            self._refuse(f"dead time ({source.name!r})", "leave dead_steps out")
        chance = f"clip(({source.rates})*dt, 0, 0.9)"
        code = f"source_emits = int(rand() < {chance})"
        if source.window is not None:
            length = f"{float(self.plan.spec.trial.duration)!r}*second"
            first, last = (f"({float(edge)!r}*second)" for edge in source.window)
            now = f"(t + 0.5*dt - floor((t + 0.5*dt)/({length}))*{length})"
            code += f"*int({now} > {first})*int({now} < {last})"
        return code

    @_place.register
    def _(self, action: actions.DrawSpikes) -> None:
        self._emit(action.source, action.group)

    @_place.register
    def _(self, action: actions.DrawCounts) -> None:
        group, variable, name = action.group, count_variable(action.number), action.table
        if self.draw:
            p = float(action.input.rate * self.plan.clock.dt)
            function = f"binomial_{name}"
            group.namespace[function] = b2.BinomialFunction(action.input.n, p, name=function)
            self._regularly(group, f"{variable} = {function}()")
            return
        table = self._table(name, (self.plan.n_steps, int(group.N)), 1, group=group)
        self._regularly(group, f"{variable} = {table}(t - trial_onset + 0.5*dt, i)")

    @_place.register(actions.ShowFrame)
    @_place.register(actions.DrawFrame)
    def _(self, action: Any) -> None:
        source, group = action.source, action.group
        frames = -(-self.plan.n_steps // source.every)
        dimensions = group.variables[source.variable].dim
        dimensions = None if dimensions.is_dimensionless else dimensions
        table = self._table(source.name, (frames, source.n), source.every, dimensions)
        self._regularly(group, f"{source.variable} = {table}(t - trial_onset + 0.5*dt, i)")

    def _regularly(
        self, owner: Any, code: str, order: int | None = None, interval: int = 1
    ) -> None:
        clock: dict[str, Any] = {"clock": self.plan.clock}
        if interval > 1:
            clock = {"dt": interval * self.plan.clock.dt}
        order = self._order if order is None else order
        code = self._spell(owner, code)
        self._placed.add(id(owner.run_regularly(code, when=_SLOT, order=order, **clock)))

    @_place.register
    def _(self, action: actions.SpikeStatements) -> None:
        if not action.delayed:
            runner = b2.CodeRunner(
                action.group, "reset", code=self._spell(action.group, action.code),
                name=action.name, clock=self.plan.clock, needed_variables=["_spikespace"],
                template_kwds={"eventspace_variable": action.group.variables["_spikespace"]},
            )  # fmt: skip
            self._put(runner)
            action.group.contained_objects.append(runner)
            return
        group = action.group
        names = {n: f"{n}_post" for n in get_identifiers(action.code) if n in group.variables}
        code = self._spell(group, word_substitute(action.code, names))
        echo = b2.Synapses(
            group, group, on_pre=code, name=f"{action.name}_echo", clock=self.plan.clock,
            delay=self._delays[action.delayed] * self.plan.clock.dt,
            namespace=dict(group.namespace),
        )  # fmt: skip
        echo.connect(j="i")
        self._put(echo.pre)
        self.objects.append(echo)

    @_place.register
    def _(self, action: actions.SynapseStatements) -> None:
        if action.direction == "other":
            self._refuse(
                f"spikes that reach all synapses at once ({action.name!r})",
                "write them as synapses onto synapses",
            )
        pathway = getattr(action.synapses, action.pathway)
        pathway.code = self._spell(action.synapses, pathway.code)
        self._put(pathway)
        if action.delayed:
            pathway.delay = self._delays[action.delayed] * self.plan.clock.dt
        elif action.arrivals:
            self.arrivals.setdefault(action.arrivals, []).append(pathway)

    @_place.register
    def _(self, action: actions.DelaySpikes) -> None:
        self._delays[action.projection] = action.steps

    @_place.register
    def _(self, action: actions.SendEvents) -> None:
        """Delays belong to the pathways here."""

    @_place.register
    def _(self, action: actions.RestoreSpikes) -> None:
        """Delays belong to the pathways here."""

    @_place.register
    def _(self, action: actions.SummedStatements) -> None:
        self._put(action.synapses.summed_updaters[action.target])

    @_place.register
    def _(self, action: actions.ClockedStatements) -> None:
        self._regularly(action.synapses, action.code, interval=action.interval)

    @_place.register
    def _(self, action: actions.CellStatements) -> None:
        self._regularly(action.owner, action.code, interval=action.interval)

    @_place.register
    def _(self, action: actions.LeastSquaresUpdate) -> None:
        self._refuse(
            f"recursive least squares ({action.projection.name!r})",
            "its matrix belongs to no synapse; export the network without learning",
        )


def reads_time(part: Any) -> bool:
    """Return whether statements or equations of a part of a network read the time ``t``.

    The rates of a `PoissonSource` do not count: a table of its spikes is played.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.neurons import NeuronModel
    >>> reads_time(NeuronModel(name="wave", equations="v = sin(t/tau) : 1",
    ...                        parameters={"tau": 5*ms}))
    True
    """
    if isinstance(part, str):
        return "t" in get_identifiers(part)
    if isinstance(part, PoissonSource):
        return False
    if isinstance(part, Mapping):
        return any(reads_time(value) for value in part.values())
    if isinstance(part, list | tuple):
        return any(reads_time(value) for value in part)
    return is_dataclass(part) and any(
        reads_time(getattr(part, f.name)) for f in fields(part) if f.name != "reference"
    )
