"""What sources do in a step and at the start of a trial.

A kind of source is an `InputSource` and a function here that names its actions; a source made
elsewhere brings them itself, as a method ``actions(plan)`` that returns `SourceActions`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from bioplastic.engine.action import Action
from bioplastic.engine.actions import (
    DrawFrame,
    DrawSpikes,
    Emit,
    RateStatements,
    Reset,
    ShowFrame,
    Threshold,
)
from bioplastic.engine.plan import Plan
from bioplastic.signals.analogue import AnalogueSource, NoiseSource
from bioplastic.signals.event_source import EventSource
from bioplastic.signals.latency import LatencySource
from bioplastic.signals.poisson import PoissonSource
from bioplastic.signals.spike_list import SpikeListSource

__all__ = ["SourceActions", "source_actions"]


@dataclass(frozen=True)
class SourceActions:
    """Actions of a source: at the ``start`` of a trial and, in a step, before the integration
    (``show``), with the thresholds (``emit``) and with the resets (``reset``)."""

    start: list[Action] = field(default_factory=list)
    show: list[Action] = field(default_factory=list)
    emit: list[Action] = field(default_factory=list)
    reset: list[Action] = field(default_factory=list)


@singledispatch
def source_actions(source: Any, plan: Plan) -> SourceActions:
    """Return the actions of a source; a population of neurons has others."""
    own = getattr(source, "actions", None)
    return SourceActions() if own is None else own(plan)


@source_actions.register
def _(source: PoissonSource, plan: Plan) -> SourceActions:
    group = plan.groups[source.name]
    code = f"source_probability = clip(({source.rates})*dt, -1e9, 1e9)"
    if source.moving:
        return SourceActions(emit=[DrawSpikes(source, group, code)])
    emit = Emit(source, group, "inter-spike intervals, cost per spike")
    return SourceActions(start=[RateStatements(source, group, code)], emit=[emit])


@source_actions.register
def _(source: SpikeListSource, plan: Plan) -> SourceActions:
    return SourceActions(emit=[Emit(source, plan.groups[source.name], "list of spikes")])


@source_actions.register
def _(source: LatencySource, plan: Plan) -> SourceActions:
    path = "sorted spike times, one step per event"
    return SourceActions(emit=[Emit(source, plan.groups[source.name], path)])


@source_actions.register
def _(source: EventSource, plan: Plan) -> SourceActions:
    group = plan.groups[source.name]
    return SourceActions(emit=[Threshold(group)], reset=[Reset(group)] if source.statements else [])


@source_actions.register
def _(source: AnalogueSource, plan: Plan) -> SourceActions:
    return SourceActions(show=[ShowFrame(source, plan.groups[source.name])])


@source_actions.register
def _(source: NoiseSource, plan: Plan) -> SourceActions:
    return SourceActions(show=[DrawFrame(source, plan.groups[source.name])])
