"""Checks of a plasticity rule: every complaint names the rule, the slot and the token."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import brian2 as b2
import numpy as np
from brian2.core.variables import Variable
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    SingleEquation,
    dimensions_and_type_from_string,
)
from brian2.stateupdaters.base import UnsupportedEquationsException
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_dimensions

from bioplastic.equations import (
    DEFAULT_NAMES,
    check_assignment,
    check_boolean,
    check_name,
    check_units,
    declared_variables,
    is_noise,
    parse_statements,
    read_names,
    suggest,
)
from bioplastic.linear import find_nonlinear, solve_linear
from bioplastic.neurons.integration import check_noise
from bioplastic.plasticity.data import RuleData
from bioplastic.plasticity.statements import SLOTS, Statement, read_scope
from bioplastic.plasticity.vocabulary import (
    EQUATION_SLOTS,
    SYNAPSE_VARIABLES,
    Vocabulary,
    build_vocabulary,
)

__all__ = [
    "check_pathway",
    "check_rule_text",
    "check_transmission",
    "check_units_against",
    "expand_names",
    "initial_dimensions",
]


def check_rule_text(rule: RuleData) -> dict[str, tuple[Statement, ...]]:
    """Check all equation strings of a rule and return its statements by slot.

    Raises
    ------
    ValueError
        If something is unknown, does not parse, or has the wrong unit or place.
    """
    vocabulary = build_vocabulary(rule)
    _check_equations(rule, vocabulary)
    statements = {slot: _check_statements(rule, slot, vocabulary) for slot in SLOTS}
    if rule.normalise is not None and rule.normalise.variable not in rule.parse("synapse"):
        raise ValueError(
            f"{vocabulary.place}, normalise: unknown synapse variable "
            f"{rule.normalise.variable!r}{suggest(rule.normalise.variable, rule.parse('synapse'))}"
        )
    if rule.least_squares is not None:
        _check_least_squares(rule, vocabulary)
    _check_unused(rule, statements, vocabulary)
    return statements


def check_units_against(
    rule: RuleData, pre: Mapping[str, Any] | None, post: Mapping[str, Any] | None
) -> None:
    """Check a rule again with the variables of its neurons known.

    Raises
    ------
    ValueError
        If a neuron lacks a variable the rule uses, or units disagree.
    """
    neuron = {f"{name}_pre": read_dimensions(unit) for name, unit in (pre or {}).items()}
    neuron.update({f"{name}_post": read_dimensions(unit) for name, unit in (post or {}).items()})
    vocabulary = build_vocabulary(rule, neuron)
    _check_equations(rule, vocabulary)
    for slot in SLOTS:
        _check_statements(rule, slot, vocabulary)
    if rule.least_squares is not None:
        _check_least_squares(rule, vocabulary)


def check_transmission(
    place: str,
    text: str,
    rule: RuleData | None,
    parameters: Mapping[str, Any],
    neuron: Mapping[str, Any],
    own: Mapping[str, Any],
) -> None:
    """Check the statements by which a projection transmits.

    Parameters
    ----------
    place, text : str
        Where they stand, and the statements.
    rule : PlasticityRule or None
        Whose variables they may use.
    parameters : mapping
        Constants of the projection.
    neuron, own : mapping of str to Dimension
        Variables of the neurons, with suffixes, and of the synapse beside those of the rule.

    Raises
    ------
    ValueError
        If a name is unknown, or units disagree.
    """
    equations = [] if rule is None else [e for s in EQUATION_SLOTS for e in rule.parse(s).values()]
    constants = {**({} if rule is None else rule.parameters), **parameters}
    known = declared_variables(
        equations, constants, {**dict.fromkeys(SYNAPSE_VARIABLES, DIMENSIONLESS), **neuron, **own}
    )
    mine = {*constants, *neuron, *own, *(equation.varname for equation in equations)}
    statements = parse_statements(place, text)
    for number, (target, op, expression) in enumerate(statements):
        for name in sorted(read_names(expression)):
            if name not in known:
                raise ValueError(
                    f"{place}: unknown variable {name!r} in {f'{target} {op} {expression}'!r}"
                    f"{suggest(name, mine)}"
                )
        if target not in mine:
            later = {name for _, _, other in statements[number + 1 :] for name in read_names(other)}
            if target.endswith(("_pre", "_post")) or op != "=" or target not in later:
                raise ValueError(
                    f"{place}: unknown variable {target!r} in {f'{target} {op} {expression}'!r}"
                    f"{suggest(target, mine)}"
                )
            check_name(place, target, f"{target} {op} {expression}")
            mine.add(target)
        elif target in constants:
            raise ValueError(f"{place}: cannot assign to parameter {target!r}")
        check_assignment(place, target, op, expression, known)


def check_pathway(
    place: str,
    text: str,
    slot: str,
    rule: RuleData,
    parameters: Mapping[str, Any],
    neuron: Mapping[str, Any],
) -> tuple[Statement, ...]:
    """Check further statements at spikes, in the words of a rule, and return them.

    Parameters
    ----------
    place, text : str
        Where they stand, and the statements.
    slot : str
        ``"on_pre"`` or ``"on_post"``; ``"every"`` at spikes of another population, where they may
        be about synapses and shared scalars only.
    rule, parameters, neuron
        See `check_transmission`; ``rule`` declares the variables of the synapse.

    Raises
    ------
    ValueError
        As for the statements of a rule.
    """
    vocabulary = build_vocabulary(rule, neuron)
    vocabulary = Vocabulary(
        vocabulary.place,
        vocabulary.equations,
        vocabulary.slot_of,
        {**rule.parameters, **parameters},
        neuron,
    )
    statements = _check_statements(rule, slot, vocabulary, place, text)
    for statement in statements:
        equation = vocabulary.equations.get(statement.target)
        added_up = statement.scope == "synapse" and "shared" in getattr(equation, "flags", ())
        if slot == "every" and added_up:
            raise ValueError(
                f"{place}: {statement.code!r} adds up over synapses, which only the rule can do"
            )
        if slot == "every" and (
            statement.scope in ("pre", "post") or statement.target.endswith(("_pre", "_post"))
        ):
            raise ValueError(
                f"{place}: {statement.code!r} is about a cell; at spikes of another population "
                "statements are about the synapses or shared scalars of the rule"
            )
    return statements


def _check_least_squares(rule: RuleData, vocabulary: Vocabulary) -> None:
    solver = rule.least_squares
    assert solver is not None
    place = f"{vocabulary.place}, least_squares"
    synapse = rule.parse("synapse")
    if solver.variable not in synapse or "shared" in synapse[solver.variable].flags:
        raise ValueError(
            f"{place}: unknown synapse variable {solver.variable!r}"
            f"{suggest(solver.variable, synapse)}"
        )
    modulators = rule.parse("modulators")
    if solver.gate and (
        solver.gate not in modulators or "shared" not in modulators[solver.gate].flags
    ):
        raise ValueError(
            f"{place}: the gate {solver.gate!r} must be a (shared) modulator of the rule"
            f"{suggest(solver.gate, modulators)}"
        )
    for argument, side in (("activity", "pre"), ("error", "post")):
        expression = getattr(solver, argument)
        slot = f"{place}, {argument}"
        names = read_names(expression)
        complete = vocabulary.check_names(slot, names)
        for name in sorted(names):
            shared = name in modulators and "shared" in modulators[name].flags
            if not (name.endswith(f"_{side}") or shared or name in rule.parameters) and (
                name in vocabulary.slot_of or name.endswith(("_pre", "_post"))
            ):
                raise ValueError(f"{slot}: {expression!r} cannot read {name!r}")
        if complete:
            check_units(slot, expression, expression, DIMENSIONLESS, vocabulary.known)


def initial_dimensions(rule: RuleData) -> dict[str, Dimension]:
    """Return the dimensions of everything in a rule that has an initial value."""
    return {
        name: equation.dim
        for part in EQUATION_SLOTS
        for name, equation in rule.parse(part).items()
        if equation.type != SUBEXPRESSION
    }


def expand_names(names: Iterable[str], equations: Mapping[str, SingleEquation]) -> frozenset[str]:
    """Return names and everything that the subexpressions among them read."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        if name in equations and equations[name].type == SUBEXPRESSION:
            waiting |= read_names(equations[name].expr.code) - found
    return frozenset(found)


def read_dimensions(unit: Any) -> Dimension | Variable:
    """Return the dimensions of a unit given as a string, unit or dimension; variables stay."""
    if isinstance(unit, Variable):
        return unit
    if isinstance(unit, str):
        return dimensions_and_type_from_string(unit)[0]
    return unit if isinstance(unit, Dimension) else get_dimensions(unit)


def _check_equations(rule: RuleData, vocabulary: Vocabulary) -> None:
    for name, equation in vocabulary.equations.items():
        part = vocabulary.slot_of[name]
        slot = f"{vocabulary.place}, {part}"
        _check_placement(slot, part, equation)
        if equation.type == PARAMETER:
            continue
        code = equation.expr.code
        names = read_names(code)
        noise = {read for read in names if is_noise(read)}
        if noise and "clock-driven" not in equation.flags:
            raise ValueError(
                f"{slot}: noise {min(noise)!r} in {name!r} needs a (clock-driven) equation of the "
                "synapse, which draws in every step"
            )
        names -= noise
        known = vocabulary.known | {
            read: Variable(name=read, dimensions=(b2.second**-0.5).dim, dtype=np.float64)
            for read in noise
        }
        complete = vocabulary.check_names(slot, names)
        _check_reach(slot, part, name, expand_names(names, vocabulary.equations), vocabulary)
        change = equation.type == DIFFERENTIAL_EQUATION
        text = f"d{name}/dt = {code}" if change else f"{name} = {code}"
        if not complete:
            continue
        if equation.var_type == "boolean":
            check_boolean(slot, code, known)
            continue
        rate = get_dimensions(b2.Quantity(1, dim=equation.dim) / b2.second)
        check_units(slot, text, code, rate if change else equation.dim, known)
    check_noise(f"{vocabulary.place}, method", rule.method, rule.parse("synapse"))
    _check_solvable(vocabulary.place, rule, vocabulary.known)


def _check_solvable(place: str, rule: RuleData, known: Mapping[str, Any]) -> None:
    """Check that event-driven equations can be solved from one spike to the next."""
    equations = rule.parse("synapse")
    names = [n for n in equations.diff_eq_names if "event-driven" in equations[n].flags]
    members = [e for n, e in equations.items() if n in names or e.type == SUBEXPRESSION]
    variables = {name: variable for name, variable in known.items() if name != "dt"}
    try:
        lazy = b2.Equations(members)
        wrong = find_nonlinear(lazy, variables) if names else None
        if wrong is None and names:
            solve_linear(lazy, variables, rule.parameters)
    except (UnsupportedEquationsException, NotImplementedError) as error:
        wrong, reason = names[0], str(error)
    else:
        reason = "it is not linear"
    if wrong is not None:
        line = f"d{wrong}/dt = {equations[wrong].expr.code}"
        raise ValueError(
            f"{place}, synapse: cannot solve {line!r} as (event-driven): {reason}; mark it "
            "(clock-driven)"
        )


def _check_placement(slot: str, part: str, equation: SingleEquation) -> None:
    """Check name and flags of one equation against the slot it stands in."""
    name, flags = equation.varname, set(equation.flags)
    sided = name.endswith(("_pre", "_post"))
    allowed = {"synapse": {"shared", "constant"}, "modulators": {"shared"}}.get(part, set())
    if part in {"pre", "post"} and not name.endswith(f"_{part}"):
        raise ValueError(
            f"{slot}: {name!r} lives on the {part}synaptic neuron, call it '{name}_{part}'"
        )
    if part == "synapse":
        if sided:
            raise ValueError(
                f"{slot}: {name!r} ends in _pre or _post; variables of neurons belong into "
                "'pre', 'post' or 'modulators'"
            )
        if equation.type == DIFFERENTIAL_EQUATION:
            allowed = {"event-driven", "clock-driven"}
            if not flags & allowed:
                raise ValueError(
                    f"{slot}: mark the differential equation of {name!r} as (event-driven) or "
                    "(clock-driven)"
                )
    if part == "modulators":
        if not sided and "shared" not in flags:
            raise ValueError(
                f"{slot}: {name!r} must be marked (shared), or end in _pre or _post if every "
                "neuron has its own"
            )
        if sided and "shared" in flags:
            raise ValueError(f"{slot}: {name!r} cannot be both (shared) and a variable of neurons")
    if flags - allowed:
        flag = sorted(flags - allowed)[0]
        raise ValueError(f"{slot}: flag ({flag}) of {name!r} is not possible here")


def _check_reach(
    slot: str, part: str, name: str, names: frozenset[str], vocabulary: Vocabulary
) -> None:
    """Check that an equation reads only what is present where it lives."""
    flags = vocabulary.equations[name].flags
    for read in sorted(names):
        other = vocabulary.equations.get(read)
        still = read in vocabulary.parameters or read in DEFAULT_NAMES
        if other is not None and vocabulary.slot_of[read] == "synapse":
            still = other.type == PARAMETER or "event-driven" in other.flags
        if "event-driven" in flags and not still:
            raise ValueError(
                f"{slot}: the equation of {name!r} is (event-driven) but {read!r} changes between "
                "spikes; mark it (clock-driven)"
            )
        lazy = other is not None and "event-driven" in other.flags
        if "clock-driven" in flags and lazy:
            raise ValueError(
                f"{slot}: the equation of {name!r} is (clock-driven) but reads {read!r}, which is "
                "(event-driven); mark both (clock-driven)"
            )
        if read in vocabulary.parameters:
            continue
        side = next((end for end in ("pre", "post") if read.endswith(f"_{end}")), None)
        if part != "synapse" and read in SYNAPSE_VARIABLES - {f"N_{part}"}:
            raise ValueError(
                f"{slot}: the equation of {name!r} reads {read!r}, which only a synapse has"
            )
        origin = vocabulary.slot_of.get(read)
        elsewhere = (side or part) != part or origin in {"synapse", "modulators"}
        if part in {"pre", "post"} and elsewhere:
            raise ValueError(
                f"{slot}: the trace {name!r} reads {read!r}, which its neuron does not have"
            )
        if part == "modulators":
            own = next((end for end in ("pre", "post") if name.endswith(f"_{end}")), None)
            if origin == "synapse" or (side is not None and side != own):
                raise ValueError(f"{slot}: the modulator {name!r} cannot read {read!r}")


def _check_statements(
    rule: RuleData, slot: str, vocabulary: Vocabulary, place: str = "", text: str | None = None
) -> tuple[Statement, ...]:
    place = place or f"{vocabulary.place}, {slot}"
    parsed = parse_statements(place, getattr(rule, slot) if text is None else text)
    shared = frozenset(
        name for name, equation in vocabulary.equations.items() if "shared" in equation.flags
    )
    synaptic = {name for name, where in vocabulary.slot_of.items() if where == "synapse"} - shared
    local = Vocabulary(
        vocabulary.place,
        vocabulary.equations,
        vocabulary.slot_of,
        vocabulary.parameters,
        vocabulary.neuron,
    )
    temporary: dict[str, int] = {}
    phase = 0
    statements: list[Statement] = []
    for number, (target, op, expression) in enumerate(parsed):
        text = f"{target} {op} {expression}"
        names = read_names(expression)
        if target in vocabulary.parameters:
            raise ValueError(f"{place}: cannot assign to parameter {target!r} in {text!r}")
        if target not in vocabulary.equations and target not in temporary:
            check_name(place, target, text)
        complete = local.check_names(place, names)
        inside = frozenset(synaptic | set(temporary))
        scope = read_scope(slot, target, names - set(vocabulary.parameters), inside, shared)
        if statements and scope != statements[-1].scope:
            phase += 1
        elif _is_sum(target, scope, shared):  # nobody may see it half added up
            together = [s.expression for s in statements if s.phase == phase]
            phase += any(target in _reads_through(text, vocabulary) for text in together)
        for read in sorted(names & set(temporary)):
            if temporary[read] != phase:
                raise ValueError(
                    f"{place}: temporary {read!r} is read in {text!r}, after a statement that acts "
                    "elsewhere; keep the statements of one place together"
                )
        statement = Statement(target, op, expression, scope, phase)
        _check_scope(place, slot, text, statement, names, local, synaptic, shared)
        _check_sums(place, text, statement, statements, shared, vocabulary)
        declared = target in vocabulary.equations
        if declared and vocabulary.equations[target].type == SUBEXPRESSION:
            raise ValueError(f"{place}: cannot assign to subexpression {target!r} in {text!r}")
        if not declared and target not in temporary and target not in local.known:
            later = {read for _, _, other in parsed[number + 1 :] for read in read_names(other)}
            if not target.endswith(("_pre", "_post")) and op == "=" and target in later:
                temporary[target] = phase
                local.known[target] = None
                if complete:
                    del local.known[target]
                    check_assignment(place, target, op, expression, local.known)
            else:
                local.check_neuron_name(place, target)
            statements.append(statement)
            continue
        if complete and all(local.known.get(name) is not None for name in {target, *names}):
            check_assignment(place, target, op, expression, local.known)
        statements.append(statement)
    return tuple(statements)


def _check_scope(
    place: str,
    slot: str,
    text: str,
    statement: Statement,
    names: frozenset[str],
    vocabulary: Vocabulary,
    synaptic: set[str],
    shared: frozenset[str],
) -> None:
    """Check that a statement reads and writes only what its place allows."""
    scope = statement.scope
    target = statement.target
    if target in shared and slot in {"on_pre", "on_post"}:
        raise ValueError(
            f"{place}: the shared scalar {target!r} cannot be written at a spike in {text!r}"
        )
    if scope == "shared":
        return
    if scope in {"pre", "post"}:
        other = "_post" if scope == "pre" else "_pre"
        for name in sorted(names - set(vocabulary.parameters)):
            private = name in synaptic or vocabulary.known.get(name, 0) is None
            if private or name.endswith(other) or name in SYNAPSE_VARIABLES:
                raise ValueError(
                    f"{place}: {text!r} is executed once for the {scope}synaptic cell and cannot "
                    f"read {name!r}"
                )
        return
    if (target in shared or target.endswith(("_pre", "_post"))) and statement.op != "+=":
        raise ValueError(
            f"{place}: {text!r} adds up over synapses, so the operator must be '+=', "
            f"not {statement.op!r}"
        )


def _check_sums(
    place: str,
    text: str,
    statement: Statement,
    earlier: list[Statement],
    shared: frozenset[str],
    vocabulary: Vocabulary,
) -> None:
    """Check that a sum over synapses is not read while it is being added up."""
    if statement.scope != "synapse":
        return
    together = [before for before in earlier if before.phase == statement.phase]
    reads = _reads_through(statement.expression, vocabulary)
    for adding in (statement, *reversed(together)):
        if _is_sum(adding.target, adding.scope, shared) and adding.target in reads:
            raise ValueError(
                f"{place}: {text!r} reads {adding.target!r} while {adding.code!r} still adds it up "
                "over synapses"
            )


def _is_sum(target: str, scope: str, shared: frozenset[str]) -> bool:
    """Return whether synapses add to something that several of them have."""
    return scope == "synapse" and (target in shared or target.endswith(("_pre", "_post")))


def _reads_through(expression: str, vocabulary: Vocabulary) -> set[str]:
    """Return what an expression reads, through subexpressions too."""
    reads: set[str] = set()
    unread = set(read_names(expression))
    while unread:
        reads |= unread
        found = [vocabulary.equations[name] for name in unread if name in vocabulary.equations]
        texts = [e.expr.code for e in found if e.type == SUBEXPRESSION]
        unread = {name for text in texts for name in read_names(text)} - reads
    return reads


def _check_unused(
    rule: RuleData, statements: Mapping[str, tuple[Statement, ...]], vocabulary: Vocabulary
) -> None:
    read: set[str] = set()
    for equation in vocabulary.equations.values():
        if equation.expr is not None:
            read |= read_names(equation.expr.code)
    for slot in SLOTS:
        for statement in statements[slot]:
            read |= read_names(statement.expression)
    if rule.least_squares is not None:
        read |= read_names(rule.least_squares.activity) | read_names(rule.least_squares.error)
    for name in rule.parameters:
        if name not in read:
            unresolved = read | set(vocabulary.equations)
            raise ValueError(
                f"{vocabulary.place}, parameters: unknown parameter {name!r}, no slot uses it"
                f"{suggest(name, unresolved)}"
            )
