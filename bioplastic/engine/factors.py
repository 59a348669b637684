"""Decays that all synapses share: one multiplication in place of a pass over memory.

``c *= keep`` for every synapse, or ``dc/dt = -c/tau : 1 (clock-driven)`` with one ``tau``, changes
each number by the same factor. What is stored is ``c`` divided by the product of these factors
since the trial began, which is one number: a step multiplies it, and statements read and write
``c`` through it. At the end of a trial, and whenever the product has become small, ``c`` itself is
stored. Every write then rounds twice more than it would, and the decay not at all.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.brian2_bridge import abstract_code
from bioplastic.engine.optimisations import has_optimisation
from bioplastic.engine.plan import Plan
from bioplastic.engine.projections import UniformProjection
from bioplastic.engine.steady import constant_names

__all__ = ["SMALLEST", "Decay", "find_decays", "take_decays"]

#: A product of factors below this is multiplied into the numbers. Faster decays are left alone.
SMALLEST = 2.0**-3
_SLOWEST = 0.9
_FUNCTIONS = {"exp": np.exp, "sqrt": np.sqrt, "log": np.log}


@dataclass(frozen=True)
class Decay:
    """A variable of synapses times a number, before or after other statements that name it."""

    variable: str
    factor: float
    before: bool


def take_decays(
    code: str, names: Collection[str], constants: Mapping[str, float]
) -> tuple[str, list[Decay]]:
    """Return statements without the decays of variables, and these.

    A decay is left where statements on both sides of it name the variable.

    Parameters
    ----------
    code : str
        Statements, one per line.
    names : collection of str
        Variables whose decays are taken.
    constants : mapping of str to float
        What a factor may read.

    Examples
    --------
    >>> take_decays("w += c; c *= k".replace("; ", chr(10)), {"c"}, {"k": 0.99})
    ('w += c', [Decay(variable='c', factor=0.99, before=False)])
    >>> take_decays("c = c*exp(-dt/tau)", {"c"}, {"dt": 0.0, "tau": 1.0})[1][0].factor
    1.0
    >>> take_decays("c *= 0.5", {"c"}, {})
    ('c *= 0.5', [])
    """
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    found: dict[int, Decay] = {}
    for number, line in enumerate(lines):
        target, operator, expression, _ = parse_statement(line)
        if target not in names:
            continue
        value = _factor(target, operator, expression, constants)
        naming = [k for k, other in enumerate(lines) if k != number and target in _names(other)]
        before = bool(naming) and min(naming) > number
        if value is not None and (before or not naming or max(naming) < number):
            found[number] = Decay(target, value, before)
    rest = [line for number, line in enumerate(lines) if number not in found]
    return ("\n".join(rest), list(found.values())) if found else (code, [])


def _names(line: str) -> set[str]:
    target, _, expression, _ = parse_statement(line)
    return {target, *get_identifiers(expression)}


def _factor(
    target: str, operator: str, expression: str, constants: Mapping[str, float]
) -> float | None:
    """Return the number that a statement multiplies its target by, None if it does not."""
    factors = list(_product(ast.parse(expression, mode="eval").body))
    own = [f for f in factors if isinstance(f, ast.Name) and f.id == target]
    if operator not in ("=", "*=") or len(own) != (operator == "="):
        return None
    value = 1.0
    for factor in factors:
        if factor in own:
            continue
        text = ast.unparse(factor)
        if not get_identifiers(text) <= {*constants, *_FUNCTIONS}:
            return None
        try:
            value *= float(eval(text, {"__builtins__": {}}, {**_FUNCTIONS, **constants}))
        except (ArithmeticError, TypeError, ValueError):
            return None
    return value if _SLOWEST <= value <= 1 else None


def _product(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _product(node.left)
        yield from _product(node.right)
    else:
        yield node


def find_decays(plan: Plan, others: Collection[str]) -> dict[str, tuple[str, list[Decay]]]:
    """Return the statements that remain, and the decays, of actions that have some.

    The synapses are told which variables are stored by a factor.

    Parameters
    ----------
    plan : Plan
        The lowered network.
    others : collection of str
        Projections whose numbers other optimisations read and write.
    """
    found: dict[str, tuple[str, list[Decay]]] = {}
    for projection in plan.spec.projections:
        rule = getattr(projection, "rule", None)
        synapses = plan.synapses[projection.name]
        recorded = any(getattr(r, "projection", None) == projection.name for r in plan.spec.records)
        if (
            rule is None
            or rule.least_squares is not None
            or recorded
            or projection.name in others
            or isinstance(projection, UniformProjection)
            or not has_optimisation("factors")
        ):
            continue
        scaled = {rule.normalise.variable} if rule.normalise is not None else set()
        names = {
            name
            for name in synapses.equations
            if (variable := synapses.variables.get(name)) is not None
            and variable.owner.name == synapses.name
            and not variable.scalar
            and variable.dtype == plan.dtype
        } - scaled
        constants = {
            name: float(plan.clock.dt if name == "dt" else synapses.namespace[name])
            for name in constant_names(synapses)
        }
        for action in plan.step:
            if getattr(action, "projection", None) is not projection:
                continue
            kind, name = type(action).__name__, getattr(action, "name", "")
            if kind == "ClockedStatements" and not getattr(action, "only", ""):
                taken = take_decays(getattr(action, "code", ""), names, constants)
            elif kind == "Integrate":
                name = f"{synapses.name}_integrate"
                taken = take_decays(abstract_code(synapses.state_updater), names, constants)
            else:
                continue
            if taken[1]:
                found[name] = taken
                synapses.factors_ |= {decay.variable for decay in taken[1]}
    return found
