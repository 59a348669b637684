"""Which rules have to wait until every projection of a step has transmitted.

Transmission comes before the rules of a step. Where a rule neither reads nor sets what a projection
transmits to, nobody can tell, and both share one pass over the synapses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from brian2.core.variables import Subexpression
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.projections import Projection
from bioplastic.equations import parse_statements
from bioplastic.plasticity.checks import expand_names
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["find_waiting_rules"]

Cell = tuple[str, str]


@dataclass(frozen=True)
class _Access:
    """Variables of cells, as (group, name), that some statements read, add to and set."""

    reads: set[Cell] = field(default_factory=set)
    adds: set[Cell] = field(default_factory=set)
    sets: set[Cell] = field(default_factory=set)

    def disturbs(self, other: _Access) -> bool:
        """Return whether the order of the two makes a difference."""
        return bool(
            self.reads & (other.adds | other.sets)
            or other.reads & (self.adds | self.sets)
            or self.sets & (other.sets | other.adds)
            or other.sets & self.adds
        )


def find_waiting_rules(
    projections: Iterable[Projection], groups: Mapping[str, Any], names: Mapping[str, Any]
) -> frozenset[str]:
    """Return the projections whose ``on_pre`` must follow the transmission of all projections.

    Parameters
    ----------
    projections : iterable of Projection
        In the order in which their passes run.
    groups : mapping of str to NeuronGroup
        The cells, with all their variables.
    names : mapping of str to mapping
        For every projection, what the traces of its rule are called on its synapses.
    """
    waiting: list[tuple[str, _Access]] = []
    order = list(projections)
    sent = [_access(p, p.transmit, groups, names[p.name]) for p in order]
    for number, projection in enumerate(order):
        rule: PlasticityRule | None = getattr(projection, "rule", None)
        if rule is None or not rule.on_pre:
            continue
        own = _access(projection, rule.on_pre, groups, names[projection.name])
        if any(own.disturbs(other) for other in sent[number:]) or any(
            own.disturbs(other) for _, other in waiting
        ):
            waiting.append((projection.name, own))
    return frozenset(name for name, _ in waiting)


def _access(
    projection: Projection, text: str, groups: Mapping[str, Any], names: Mapping[str, str]
) -> _Access:
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    equations = rule.parse("synapse") if rule is not None else {}
    found = _Access()

    def cells(identifiers: Iterable[str]) -> Iterator[Cell]:
        for identifier in expand_names(identifiers, equations):
            name, _, side = names.get(identifier, identifier).rpartition("_")
            if side in ("pre", "post"):
                group = groups[projection.source if side == "pre" else projection.target]
                yield from _stored(group, name)

    for target, operator, expression in parse_statements(f"{projection.name}.transmit", text):
        found.reads.update(cells(get_identifiers(expression)))
        (found.adds if operator in ("+=", "-=") else found.sets).update(cells([target]))
    return found


def _stored(group: Any, name: str) -> Iterator[Cell]:
    """Yield the stored variables behind a name, through references and subexpressions."""
    variable = group.variables.get(name)
    if isinstance(variable, Subexpression):
        for identifier in variable.identifiers:
            yield from _stored(variable.owner, identifier)
    elif variable is not None:
        yield getattr(variable.owner, "name", ""), variable.name
