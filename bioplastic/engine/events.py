"""Trials that run on the events of a latency code, and competitions judged at their end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from brian2 import second

from bioplastic.engine.pathways import DELAYS
from bioplastic.engine.trial import Trial
from bioplastic.fields import check_params
from bioplastic.plasticity.vocabulary import EQUATION_SLOTS
from bioplastic.signals.latency import LatencySource
from bioplastic.validation import check_identifier, check_integer, check_real

__all__ = [
    "EVENT_TIME",
    "EventTrial",
    "GroupWinner",
    "PopulationMean",
    "check_events",
]

#: Shared variable that a population of an event-driven trial may declare; the engine sets it.
EVENT_TIME = "event_time"


@dataclass(frozen=True, kw_only=True)
class EventTrial(Trial):
    """A trial with one step per distinct spike time of a `LatencySource`.

    Spikes that share a time arrive in the same step, in the order of their cells, whatever the
    time between two steps: there is no rounding to a clock. Steps therefore differ in length, and
    differential equations are refused. A population that declares ``event_time : 1 (shared)`` finds
    there, while it is updated, the time of the last event whose spikes have reached it: a neuron
    that crosses its threshold in an update has done so at ``event_time``.

    Parameters
    ----------
    source : str
        Name of the `LatencySource`.
    after_last : bool, default False
        Whether a step without spikes follows the last event. Without it the spikes of the last
        event reach the cells, but are never tested against their thresholds, as in the program of
        Goupy et al. (2024).
    until_fired : str, default ""
        Name of a population; the trial ends when each of its cells has fired once.
    variables, repeat_while, on_repeat, max_presentations
        See `Trial`.

    Examples
    --------
    >>> EventTrial(source="feature", until_fired="out").after_last
    False
    """

    duration: Any = field(init=False, default_factory=lambda: 1 * second)
    source: str
    after_last: bool = False
    until_fired: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_identifier("EventTrial.source", self.source)
        if self.until_fired:
            check_identifier("EventTrial.until_fired", self.until_fired)


@dataclass(frozen=True, kw_only=True)
class GroupWinner:
    """Find, at the end of a trial, the winner of every group of cells: lateral inhibition.

    Groups are runs of ``size`` consecutive cells. The cell with the smallest ``first`` wins; among
    equals the one with the largest ``then``; among equals still the one with the lowest index.

    Parameters
    ----------
    into : str
        Variable of the population that becomes 1 in the winners and 0 in all other cells.
    size : int
        Cells per group; it divides the population.
    first, then : str
        Variables that are compared.
    among : str, default ""
        Variable that is positive in the cells that may win; a group without one has no winner.

    Examples
    --------
    >>> GroupWinner(into="wins", size=5, first="t_spike", then="v").size
    5
    """

    into: str
    size: int
    first: str
    then: str
    among: str = ""

    def __post_init__(self) -> None:
        check_params(self)
        for argument in ("into", "first", "then", *(("among",) if self.among else ())):
            check_identifier(f"GroupWinner.{argument}", getattr(self, argument))
        check_integer("GroupWinner.size", self.size, minimum=1)

    @property
    def names(self) -> tuple[str, ...]:
        """Variables of the population that take part."""
        return tuple(filter(None, (self.into, self.first, self.then, self.among)))


@dataclass(frozen=True, kw_only=True)
class PopulationMean:
    """Set a shared variable of a population to a mean over its cells, at the end of a trial.

    Parameters
    ----------
    into : str
        Shared variable of the population.
    of : str
        Variable that is averaged.
    weight : str
        Variable with the weight of every cell, for example 1 in the cells that count.
    empty : float, default 0
        The mean when all weights are zero.

    Examples
    --------
    >>> PopulationMean(into="mean_time", of="t_spike", weight="counted", empty=1.0).empty
    1.0
    """

    into: str
    of: str
    weight: str
    empty: float = 0.0

    def __post_init__(self) -> None:
        check_params(self)
        for argument in ("into", "of", "weight"):
            check_identifier(f"PopulationMean.{argument}", getattr(self, argument))
        check_real("PopulationMean.empty", self.empty)

    @property
    def names(self) -> tuple[str, ...]:
        """Variables of the population that take part."""
        return (self.into, self.of, self.weight)


def check_events(spec: Any) -> None:
    """Check that latency sources and event-driven trials come in pairs, and nothing needs a clock.

    Parameters
    ----------
    spec : NetworkSpec
        The network.

    Raises
    ------
    ValueError
        Naming the part of the network that does not fit its trial.
    """
    sources = [p.name for p in spec.populations if isinstance(p, LatencySource)]
    trial = spec.trial
    if not isinstance(trial, EventTrial):
        if sources:
            raise ValueError(
                f"NetworkSpec.trial: must be an EventTrial, since {sources[0]!r} is a "
                f"LatencySource, got {trial!r}"
            )
        return
    if sources != [trial.source]:
        raise ValueError(
            f"EventTrial.source: must be the only LatencySource, got {trial.source!r} with "
            f"{', '.join(sources) or 'none'}"
        )
    names = [population.name for population in spec.populations]
    if trial.until_fired and trial.until_fired not in names:
        raise ValueError(
            f"EventTrial.until_fired: unknown population {trial.until_fired!r}; "
            f"known: {', '.join(names)}"
        )
    clocked = "needs a clock and cannot be part of an event-driven trial"
    for population in spec.populations:
        model = getattr(population, "model", None)
        if model is None and not isinstance(population, LatencySource):
            raise ValueError(f"NetworkSpec.populations: {population.name!r} {clocked}")
        if model is not None and model.parsed.diff_eq_names:
            raise ValueError(
                f"Population {population.name!r}.model: the equation of "
                f"{min(model.parsed.diff_eq_names)!r} {clocked}"
            )
    for record in spec.records:
        if record.needs_clock:
            raise ValueError(f"{type(record).__name__} of {record.population!r}: {clocked}")
    for projection in spec.projections:
        delays = {name: getattr(projection, name, None) for name in DELAYS}
        ways = getattr(projection, "pathways", {})
        delays |= {f"pathways[{name!r}]": way.delay for name, way in ways.items()}
        for name, delay in delays.items():
            if delay is not None:
                place = f"{type(projection).__name__} {projection.name!r}.{name}"
                raise ValueError(f"{place}: {clocked}")
        rule: Any = getattr(projection, "rule", None)
        for slot in EQUATION_SLOTS if rule is not None else ():
            for name in sorted(rule.parse(slot).diff_eq_names):
                place = f"{type(projection).__name__} {projection.name!r}.rule, {slot}"
                raise ValueError(f"{place}: the equation of {name!r} {clocked}")
