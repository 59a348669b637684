"""Two rules on the same synapse as one rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brian2.equations.equations import Equations, SingleEquation

from bioplastic.equations import same_value, unit_string
from bioplastic.plasticity.data import RuleData
from bioplastic.plasticity.statements import SLOTS, Statement

__all__ = ["compose_rules", "has_clocked_equations"]


def compose_rules(one: RuleData, other: RuleData) -> dict[str, Any]:
    """Return the fields of the sum of two rules.

    Variables, parameters and initial values are merged; what both define must be the same. A
    trace that both define is updated once: its updates must be the same in both rules, and the
    remaining statements keep their order relative to them, those of ``one`` first.

    Raises
    ------
    ValueError
        If the rules contradict each other.
    """
    place = f"PlasticityRule {one.name!r} + {other.name!r}"
    fields: dict[str, Any] = {"name": f"{one.name} + {other.name}"}
    common: set[str] = set()
    for slot in ("synapse", "pre", "post", "modulators"):
        merged, shared = _merge_equations(f"{place}, {slot}", one.parse(slot), other.parse(slot))
        fields[slot] = merged
        common |= shared
    _check_noise(f"{place}, synapse", one.parse("synapse"), other.parse("synapse"))
    for slot in SLOTS:
        fields[slot] = _merge_statements(f"{place}, {slot}", one, other, slot, common)
    clocked = [bool(rule.every or rule.least_squares) for rule in (one, other)]
    if all(clocked) and not same_value(one.interval or 0, other.interval or 0):
        raise ValueError(f"{place}, interval: {one.interval} and {other.interval} differ")
    if all(clocked) and one.interval_at != other.interval_at:
        raise ValueError(
            f"{place}, interval_at: {one.interval_at!r} and {other.interval_at!r} differ"
        )
    first = one if clocked[0] else other
    fields["interval"], fields["interval_at"] = first.interval, first.interval_at
    if one.least_squares and other.least_squares and one.least_squares != other.least_squares:
        raise ValueError(f"{place}, least_squares: both rules have their own")
    fields["least_squares"] = one.least_squares or other.least_squares
    moving = [rule for rule in (one, other) if has_clocked_equations(rule)]
    if len({rule.method for rule in moving}) > 1:
        raise ValueError(f"{place}, method: {one.method!r} and {other.method!r} differ")
    fields["method"] = (moving or [one])[0].method
    if one.normalise and other.normalise and one.normalise != other.normalise:
        raise ValueError(f"{place}, normalise: {one.normalise} and {other.normalise} differ")
    fields["normalise"] = one.normalise or other.normalise
    for slot in ("parameters", "initial"):
        fields[slot] = _merge_values(f"{place}, {slot}", getattr(one, slot), getattr(other, slot))
    fields["reference"] = "; ".join(dict.fromkeys(filter(None, (one.reference, other.reference))))
    return fields


def has_clocked_equations(rule: RuleData) -> bool:
    """Return whether synapses have variables that take a step in every time step."""
    equations = rule.parse("synapse")
    return any("clock-driven" in equations[name].flags for name in equations.diff_eq_names)


def write_equation(equation: SingleEquation) -> str:
    """Return an equation as text."""
    unit = {"boolean": "boolean", "integer": "integer"}.get(
        equation.var_type, unit_string(equation.dim)
    )
    flags = f" ({', '.join(equation.flags)})" if equation.flags else ""
    if equation.expr is None:
        return f"{equation.varname} : {unit}{flags}"
    left = equation.varname if equation.type == "subexpression" else f"d{equation.varname}/dt"
    return f"{left} = {equation.expr.code} : {unit}{flags}"


def _merge_equations(place: str, one: Equations, other: Equations) -> tuple[str, set[str]]:
    lines = {name: write_equation(equation) for name, equation in one.items()}
    shared = set()
    for name, equation in other.items():
        line = write_equation(equation)
        if name in lines:
            shared.add(name)
            if "".join(lines[name].split()) != "".join(line.split()):
                raise ValueError(f"{place}: {name!r} is {lines[name]!r} and {line!r}")
        lines[name] = line
    return "\n".join(lines.values()), shared


def _check_noise(place: str, one: Equations, other: Equations) -> None:
    """Refuse noise that two rules draw apart and their sum would draw together."""
    for noise in sorted(one.stochastic_variables & other.stochastic_variables):
        users = [{n for n, e in rule.items() if noise in e.identifiers} for rule in (one, other)]
        if users[0] != users[1]:
            raise ValueError(
                f"{place}: both rules draw the noise {noise!r}; call it 'xi_...' in one of them"
            )


def _merge_values(place: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    for name in set(one) & set(other):
        if not same_value(one[name], other[name]):
            raise ValueError(f"{place}: {name!r} is {one[name]} and {other[name]}")
    return {**one, **other}


def _merge_statements(
    place: str, one: RuleData, other: RuleData, slot: str, common: set[str]
) -> str:
    first, first_shared = _split(one.statements(slot), common)
    second, second_shared = _split(other.statements(slot), common)
    if first_shared != second_shared:
        both = {line for line in first_shared + second_shared}
        differing = sorted(both - (set(first_shared) & set(second_shared))) or sorted(both)
        raise ValueError(
            f"{place}: the rules share a trace but not the order or form of its updates "
            f"({differing[0]!r}); rename the trace in one of them"
        )
    temporary = [
        {s.target for s in rule.statements(slot)} - _declared(rule) for rule in (one, other)
    ]
    clash = sorted(name for name in temporary[0] & temporary[1] if not _sided(name))
    if clash:
        raise ValueError(f"{place}: both rules use the temporary {clash[0]!r}")
    lines: list[str] = []
    for number in range(len(first)):
        lines += first[number] + second[number]
        lines += first_shared[number : number + 1]
    return "\n".join(lines)


def _split(
    statements: tuple[Statement, ...], common: set[str]
) -> tuple[list[list[str]], list[str]]:
    """Cut statements at the updates of traces that both rules have."""
    segments: list[list[str]] = [[]]
    shared: list[str] = []
    for statement in statements:
        if statement.target in common and statement.scope in {"pre", "post", "shared"}:
            shared.append(statement.code)
            segments.append([])
        else:
            segments[-1].append(statement.code)
    return segments, shared


def _sided(name: str) -> bool:
    return name.endswith(("_pre", "_post"))


def _declared(rule: RuleData) -> set[str]:
    return {name for slot in ("synapse", "pre", "post", "modulators") for name in rule.parse(slot)}
