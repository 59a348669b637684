"""Cells that a step leaves as they are, bit for bit, and that nothing reaches: they rest.

A cell that has come to its fixed point stays there until a spike of its own or one to one from
another cell changes it. Blocks of such cells are left out of integration and threshold. Nothing is
approximated: a block rests only after a step that changed none of its bits, and wakes with every
statement that may write to one of its cells.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.brian2_bridge import (
    RANDOM_FUNCTIONS,
    ArrayVariable,
    Subexpression,
    abstract_code,
    refractory_steps,
)
from bioplastic.engine.network import Population
from bioplastic.engine.optimisations import has_optimisation
from bioplastic.engine.plan import Plan
from bioplastic.engine.projections import UniformProjection
from bioplastic.engine.writers import Writer, writers
from bioplastic.equations import parse_statements, read_names

__all__ = ["SMALL", "Quiet", "find_quiet", "integration_code"]

#: Populations of fewer cells are always computed: looking which rest would cost as much.
SMALL = 256

#: Functions whose value in a vector is that of a single number.
_EXACT = {"clip", "int", "abs", "sign"}

Statement = tuple[str, str, str]


@dataclass(frozen=True)
class Quiet:
    """What leaves out the cells of a group that rest.

    Parameters
    ----------
    group : str
        The group.
    refractory : int
        Steps for which a cell cannot rest after a spike; 0 where that makes no difference.
    touching : tuple
        The actions that wake cells, those in a list of spikes.
    """

    group: str
    refractory: int
    touching: tuple[Any, ...]


def integration_code(group: Any) -> str:
    """Return the statements of a step, without that about who is refractory where it is counted."""
    code = abstract_code(group.state_updater)
    if refractory_steps(group) is None:
        return code
    first, _, rest = code.partition("\n")
    if not first.startswith("not_refractory = "):
        raise RuntimeError(f"unexpected refractory statement of Brian2: {first}")
    return rest


def find_quiet(plan: Plan) -> dict[str, Quiet]:
    """Return what is left out, by the names of the groups where that is known."""
    large = {name: g for name, g in plan.groups.items() if int(g.N) >= SMALL}
    integrated = {_group(a).name for a in plan.step if type(a).__name__ == "Integrate"}
    if not has_optimisation("quiet") or not large.keys() & integrated:
        return {}
    known = writers(plan)
    if known is None or any(writer.written() is None for writer in known):
        return {}
    found = {name: _find(plan, g, known) for name, g in large.items() if name in integrated}
    return {name: quiet for name, quiet in found.items() if quiet is not None}


def _group(action: Any) -> Any:
    return action.group


def _find(plan: Plan, group: Any, known: list[Writer]) -> Quiet | None:
    if not isinstance(plan.spec.population(group.name), Population):
        return None
    statements = parse_statements("integration", integration_code(group))
    names, compared = _concerned(statements, group), _threshold_names(plan, group)
    if not names or compared is None:
        return None
    names |= compared
    changing = [w for w in known if w.stage in ("step", "record") and _sets(w, names, group)]
    if not all(_is_listed(writer, group) for writer in changing):
        return None
    waits = "not_refractory" in names
    return Quiet(
        group.name,
        (refractory_steps(group) or 0) if waits else 0,
        tuple(writer.action for writer in changing),
    )


def _concerned(statements: Iterable[Statement], group: Any) -> set[str] | None:
    """Return the variables of cells in statements, None if there is more in them than these.

    Of the rest a value is known for a whole call, and no vector rounds otherwise than one number.
    """
    made = {target for target, _, _ in statements if target not in group.variables}
    found: set[str] = set()
    for target, _, expression in statements:
        texts = [expression, *_subexpressions(expression, group)]
        for name in (target, *(name for text in texts for name in read_names(text))):
            variable = group.variables.get(name)
            if name in made or name in ("dt", "i", "N") or isinstance(variable, Subexpression):
                continue
            if variable is None:
                value = group.namespace.get(name)
                if callable(value) or not np.ndim(value) == 0:
                    return None
            elif (
                not isinstance(variable, ArrayVariable)
                or variable.scalar
                or variable.owner.name != group.name
                or (name == "not_refractory" and refractory_steps(group) is None)
                or name == "lastspike"
            ):
                return None
            else:
                found.add(name)
        if not all(_is_exact(text, found | made) for text in texts):
            return None
    return found


def _subexpressions(expression: str, group: Any) -> Iterator[str]:
    for name in get_identifiers(expression):
        variable = group.variables.get(name)
        if isinstance(variable, Subexpression):
            yield variable.expr
            yield from _subexpressions(variable.expr, group)


def _is_exact(expression: str, moving: set[str]) -> bool:
    """Return whether functions and quotients of what moves are rounded alike in every loop."""
    for node in ast.walk(ast.parse(expression.strip(), mode="eval")):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Call) and ast.unparse(node.func) not in _EXACT:
            if ast.unparse(node.func) in RANDOM_FUNCTIONS:
                return False
            parts = node.args
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.Mod | ast.FloorDiv):
            parts = [node.right]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            parts = [node.left, node.right]
        if any(get_identifiers(ast.unparse(part)) & moving for part in parts):
            return False
    return True


def _threshold_names(plan: Plan, group: Any) -> set[str] | None:
    """Return what a threshold reads, None where it reads more than variables of its cells."""
    if not any(type(a).__name__ == "Threshold" and _group(a) is group for a in plan.step):
        return None
    code = abstract_code(group.thresholder["spike"]).strip()
    target, _, expression = code.partition("=")
    if target.strip() != "_cond" or "\n" in code:
        return None
    # logical operators are no part of the statements of a rule
    return _concerned([("_cond", "=", expression)], group)


def _sets(writer: Writer, names: set[str], group: Any) -> bool:
    own = [group.variables[name] for name in names]
    if writer.kind == "Threshold":
        return writer.about is group
    return any(variable is each for variable in writer.written() or () for each in own)


def _is_listed(writer: Writer, group: Any) -> bool:
    action = writer.action
    if writer.kind in ("Threshold", "Reset", "SpikeStatements"):
        return writer.about is group
    return (
        writer.kind == "SynapseStatements"
        and isinstance(action.projection, UniformProjection)
        and action.projection.pattern == "one_to_one"
        and not action.arrivals
        and action.direction == "pre"
    )
