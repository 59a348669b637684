"""Columns of a dense matrix that nothing happens to: whose trace is too small, whose sum is right.

A presynaptic spike changes the synapses of its row by ``c*x_post``, with the trace of each
postsynaptic cell. Where a cell has not fired for long, that is far below what one pair of spikes
does and below the precision of the trace; such columns are only read. What is left out is derived
from the equations of the trace and stands in the report of the program. Scaling a column whose sum
is right to within its own rounding is left out too; both depend on the state alone, so that a run
cut into several calls is the run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np

from bioplastic.engine.brian2_bridge import ArrayVariable, Subexpression
from bioplastic.engine.optimisations import has_optimisation
from bioplastic.engine.plan import Plan
from bioplastic.engine.precision import constant_rate
from bioplastic.engine.projections import DenseProjection
from bioplastic.engine.writers import Writer, writers
from bioplastic.equations import read_names

__all__ = ["NARROW", "Columns", "find_columns"]

#: Most that is left out at a synapse after a postsynaptic spike, in changes by one pair of spikes,
#: if presynaptic spikes come in every step; less than what rounding does to the weight.
_MOST = {"float32": 1e-4, "float64": 1e-13}

#: Where more than one in so many columns learn, the whole rows are updated.
_FEW = 8

#: Below so many columns the whole rows are updated: at 400 leaving some alone saved nothing.
NARROW = 1024


@dataclass(frozen=True)
class Columns:
    """What a projection does at presynaptic spikes, taken apart.

    Parameters
    ----------
    projection, variable : str
        The projection, and the variable of its synapses.
    action : str
        Name of the statements at presynaptic spikes.
    transmit : str
        Their statements about the postsynaptic cells, which come first.
    learn : str
        The last statement: ``w = clip(w + c*x_post, low, high)`` or ``w += c*x_post``.
    clip : str
        What is left of it without the trace; empty without limits.
    low, high : float
        The limits.
    trace, jump : str
        Name of the trace on the synapses, and of the action that lets it grow.
    least : float
        Where the trace is not larger, nothing is learned.
    bound : float
        Most that is left out at a synapse after a postsynaptic spike, in changes by one pair.
    tolerance : float
        Columns whose sum is right to this share are not scaled.
    most : int
        Where more columns learn, the whole rows are updated.
    """

    projection: str
    variable: str
    action: str
    transmit: str
    learn: str
    clip: str
    low: float
    high: float
    trace: str
    jump: str
    least: float
    bound: float
    tolerance: float
    most: int


def find_columns(plan: Plan) -> dict[str, Columns]:
    """Return what is left alone, by the names of the projections where that is known."""
    if not has_optimisation("columns"):
        return {}
    dense = [p for p in plan.spec.projections if isinstance(p, DenseProjection) and p.rule]
    if not dense:
        return {}
    known = writers(plan)
    if known is None:
        return {}
    found = {projection.name: _find(projection, plan, known) for projection in dense}
    return {name: columns for name, columns in found.items() if columns is not None}


def _find(projection: DenseProjection, plan: Plan, known: list[Writer]) -> Columns | None:
    synapses = plan.synapses[projection.name]
    narrow = int(synapses.target.N) < NARROW
    if projection.groups != 1 or narrow or synapses.lazy_ is not None:
        return None
    pre = [
        writer
        for writer in known
        if writer.about is synapses and getattr(writer.action, "direction", "") == "pre"
    ]
    if len(pre) != 1 or pre[0].action.arrivals or not pre[0].statements:
        return None
    *others, last = pre[0].statements
    split = _split_learning(last, synapses)
    if split is None:
        return None
    variable, clip, low, high, factor = split
    trace = _find_trace(factor, synapses)
    if trace is None or not _only_transmits(others, trace, synapses):
        return None
    if not all(_keeps(w, variable, clip, synapses) for w in known if w is not pre[0]):
        return None
    decay = _decay(synapses.variables[trace], synapses.target, known)
    if decay is None:
        return None
    name, jump, tau = decay
    unit = float(np.finfo(plan.dtype).eps) / 2
    bound = _MOST[plan.dtype.name]
    return Columns(
        projection.name, variable, pre[0].action.name,
        "\n".join(" ".join(statement) for statement in others), " ".join(last),
        f"{variable} = {clip}" if clip else "", low, high, trace, name, bound / tau * jump, bound,
        2 * unit * float(synapses.source.N) ** 0.5, int(synapses.target.N) // _FEW,
    )  # fmt: skip


def _split_learning(
    statement: tuple[str, str, str], synapses: Any
) -> tuple[str, str, float, float, ast.expr] | None:
    """Return variable, clipping without change, limits and change of a statement."""
    variable, operator, expression = statement
    tree = ast.parse(expression, mode="eval").body
    own = synapses.variables.get(variable)
    if (
        own is None
        or own.owner.name != synapses.name
        or own.scalar
        or np.dtype(own.dtype).kind != "f"
    ):
        return None
    if operator in ("+=", "-="):
        return variable, "", -np.inf, np.inf, tree
    if operator != "=":
        return None
    clip, low, high = "", -np.inf, np.inf
    if isinstance(tree, ast.Call):
        if ast.unparse(tree.func) != "clip" or len(tree.args) != 3:
            return None
        limits = [_constant(limit, synapses) for limit in tree.args[1:]]
        if limits[0] is None or limits[1] is None or not limits[0] <= limits[1]:
            return None
        low, high = limits[0], limits[1]
        clip = f"clip({variable}, {ast.unparse(tree.args[1])}, {ast.unparse(tree.args[2])})"
        tree = tree.args[0]
    plus = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)
    if not isinstance(tree, ast.BinOp) or not plus or ast.unparse(tree.left) != variable:
        return None
    return variable, clip, low, high, tree.right


def _constant(tree: ast.expr, owner: Any) -> float | None:
    """Return the value of a number, or of the name of one that never changes."""
    try:
        return float(ast.literal_eval(tree))
    except (ValueError, TypeError):
        pass
    name = ast.unparse(tree)
    given = owner.namespace.get(name)
    if (
        name in owner.variables
        or not isinstance(given, int | float | b2.Quantity)
        or np.ndim(given)
    ):
        return None
    return float(given)


def _find_trace(change: ast.expr, synapses: Any) -> str | None:
    """Return the variable of the postsynaptic cell in a product of it and shared numbers."""
    found: list[str] = []
    for node in _factors(change):
        if isinstance(node, ast.Constant):
            continue
        if not isinstance(node, ast.Name):
            return None
        variable = synapses.variables.get(node.id)
        if variable is None:
            if _constant(node, synapses) is None:
                return None
        elif not isinstance(variable, ArrayVariable) or variable.owner.name == "clock":
            return None
        elif not variable.scalar:
            found.append(node.id)
    return found[0] if len(found) == 1 and _is_post(found[0], synapses) else None


def _is_post(name: str, synapses: Any) -> bool:
    """Return whether a name is a variable of every postsynaptic cell."""
    variable = synapses.variables.get(name)
    return bool(
        isinstance(variable, ArrayVariable)
        and not variable.scalar
        and variable.owner.name == synapses.target.name
        and synapses.variables.indices[name] == "_postsynaptic_idx"
    )


def _factors(tree: ast.expr) -> Iterator[ast.expr]:
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        yield from _factors(tree.operand)
    elif isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mult):
        yield from _factors(tree.left)
        yield from _factors(tree.right)
    else:
        yield tree


def _only_transmits(statements: list[tuple[str, str, str]], trace: str, synapses: Any) -> bool:
    """Return whether statements only add to the postsynaptic cells, from what they leave alone."""
    known = synapses.variables
    written = {id(known[target]) for target, _, _ in statements if target in known}
    for target, operator, expression in statements:
        if operator not in ("+=", "-=") or not _is_post(target, synapses):
            return False
        calls = any(isinstance(node, ast.Call) for node in ast.walk(ast.parse(expression)))
        read = {id(known[name]) for name in read_names(expression) if name in known}
        subexpressions = any(
            isinstance(known.get(name), Subexpression) for name in read_names(expression)
        )
        if calls or subexpressions or read & written:
            return False
    return id(known[trace]) not in written


def _keeps(writer: Writer, variable: str, clip: str, synapses: Any) -> bool:
    """Return whether an action leaves the variable alone, or within its limits and told of it."""
    action, written, own = writer.action, writer.written(), synapses.variables[variable]
    if written is None:
        return False
    if writer.kind in ("LeastSquaresUpdate", "Integrate"):
        return writer.about is not synapses
    if not any(other is own for other in written):
        return True
    if writer.kind == "Normalise":
        return bool(
            action.rule.over == "pre" and not isinstance(action.rule.total, str) and not action.only
        )
    if writer.kind != "SynapseStatements" or action.direction != "post" or action.arrivals:
        return False
    changes = [statement for statement in writer.statements if statement[0] == variable]
    split = _split_learning(changes[0], synapses) if len(changes) == 1 else None
    return split is not None and split[1] == clip


def _decay(trace: Any, group: Any, known: list[Writer]) -> tuple[str, float, float] | None:
    """Return action and size of the jump of a trace at a spike, and its time constant in steps."""
    jumps = []
    for writer in known:
        written = writer.written()
        if written is None:
            return None
        if not any(variable is trace for variable in written):
            continue
        changes = [s for s in writer.statements if writer.about.variables.get(s[0]) is trace]
        if writer.kind != "SpikeStatements" or writer.about is not group or len(changes) != 1:
            return None
        _, operator, expression = changes[0]
        value = _constant(ast.parse(expression, mode="eval").body, group)
        if operator not in ("+=", "=") or value is None or not value > 0:
            return None
        jumps.append((writer.action.name, value))
    if trace.name not in group.equations.diff_eq_names or len(jumps) != 1:
        return None
    equations = group.equations.get_substituted_expressions(group.variables)
    expression = next(e.code for name, e in equations if name == trace.name)
    rate = constant_rate(trace.name, expression, group)
    return (*jumps[0], max(1.0, -1 / (rate * float(group.clock.dt)))) if rate < 0 else None
