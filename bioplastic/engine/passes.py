"""What the spikes of a step do at the synapses of a projection: passes, and the queues before them.

A pass is one run of statements over cells or synapses. Where spikes are delayed it comes after a
queue: a ring of the spikes of the last steps where all synapses share the delay, a calendar of
single synapses where each has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.pathways import DELAYS, Pathway, is_synaptic
from bioplastic.engine.plan import Plan, round_steps
from bioplastic.engine.projections import Projection
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.statements import group_phases

__all__ = [
    "Pass",
    "Queue",
    "brian2_name",
    "ordered_passes",
    "passes",
    "queues",
    "waits_for_its_own_spikes",
]


@dataclass(frozen=True)
class Queue:
    """Spikes on their way: ``steps`` for all synapses, or one delay ``value`` per synapse.

    ``name`` is unique in the program; keys of the state begin with the projection and ``prefix``.
    """

    name: str
    projection: Projection
    prefix: str
    side: str
    cell: str
    steps: int = 0
    value: Any = None

    @property
    def synaptic(self) -> bool:
        """Whether every synapse has its own delay."""
        return is_synaptic(self.value)

    def key(self, what: str) -> str:
        """Return the key of an entry of the state."""
        return f"{self.projection.name}.{self.prefix}{what}"


@dataclass(frozen=True)
class Pass:
    """Statements of a projection after a spike, with one scope.

    ``side`` is ``"pre"``, ``"post"`` or ``"other"``; ``stage`` orders passes of the same order:
    transmission of all projections, their rules, their further pathways.
    """

    name: str
    projection: Projection
    side: str
    cell: str
    scope: str
    code: str
    order: int
    stage: int
    queue: Queue | None


def brian2_name(run: Pass) -> str:
    """Return the name of the Brian2 pathway of a pass over synapses."""
    return run.name if run.stage < 3 else f"way_{run.name}"


def ordered_passes(plan: Plan) -> list[Pass]:
    """Return the passes of all projections in the order in which a step runs them."""
    runs = [run for projection in plan.spec.projections for run in passes(projection, plan)]
    return sorted(runs, key=lambda run: (run.order, run.stage))


def passes(projection: Projection, plan: Plan) -> Iterator[Pass]:
    """Yield the passes of a projection; transmission stands in front of the rule's first one.

    It is a pass of its own where the rule waits for the other projections.
    """
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    ways = queues(projection, plan)
    for slot, cell in (("on_pre", projection.source), ("on_post", projection.target)):
        side = slot.removeprefix("on_")
        phases = [] if rule is None else [(phase.scope, phase.code) for phase in rule.phases(slot)]
        cut = len(phases)  # how many go first
        waits = projection.name in plan.waiting and side == "pre"
        if side == "pre" and projection.transmit:
            transmit = projection.transmit.replace(";", "\n")
            first = next((k for k, (scope, _) in enumerate(phases) if scope == "synapse"), None)
            if first is None or waits:
                phases.insert(0, ("synapse", transmit))
            else:
                phases[first] = ("synapse", f"{transmit}\n{phases[first][1]}")
            cut = 1 if waits else len(phases)
        elif waits:
            cut = 0
        for number, (scope, code) in enumerate(phases):
            early = number < cut
            own = not early and waits_for_its_own_spikes(projection)
            queue = ways.get("post_" if side == "post" else "rule_" if own else "")
            order, stage = (1, 2) if side == "post" else (-1, 0 if early else 1)
            yield Pass(
                f"{side}{number}", projection, side, cell, scope, code, order, stage, queue
            )  # fmt: skip
    for name, pathway in getattr(projection, "pathways", {}).items():
        side, cell = _origin(projection, pathway)
        for number, phase in enumerate(group_phases(plan.spec.read_pathway(projection, name))):
            yield Pass(
                f"{name}{number}", projection, side, cell, phase.scope, phase.code,
                int(pathway.order or 0), 3, ways.get(f"{name}_"),
            )  # fmt: skip


def waits_for_its_own_spikes(projection: Projection) -> bool:
    """Return whether the rule of a projection sees spikes at another time than its transmission."""
    return getattr(projection, "rule_delay", None) is not None


def queues(projection: Projection, plan: Plan) -> dict[str, Queue]:
    """Return the queues of a projection by the beginning of their keys in the state."""
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    found: dict[str, Queue] = {}

    def add(prefix: str, side: str, cell: str, delay: Any) -> None:
        name = f"{projection.name}_{prefix}".rstrip("_")
        if is_synaptic(delay):
            found[prefix] = Queue(name, projection, prefix, side, cell, value=delay)
        elif delay is not None and (steps := round_steps(delay, plan)):
            found[prefix] = Queue(name, projection, prefix, side, cell, steps)

    for argument, prefix in DELAYS.items():
        side = "post" if prefix == "post_" else "pre"
        slot = getattr(rule, f"on_{side}", "")
        own = prefix == "" and waits_for_its_own_spikes(projection)
        if (projection.transmit and prefix == "") or (slot and not own):
            cell = projection.source if side == "pre" else projection.target
            add(prefix, side, cell, getattr(projection, argument, None))
    for name, pathway in getattr(projection, "pathways", {}).items():
        add(f"{name}_", *_origin(projection, pathway), pathway.delay)
    return found


def _origin(projection: Projection, pathway: Pathway) -> tuple[str, str]:
    if pathway.on == "pre":
        return "pre", projection.source
    if pathway.on == "post":
        return "post", projection.target
    return "other", pathway.on
