"""Expressions over cells or synapses, evaluated once: initial values, delays, connectivity."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from brian2.core.functions import DEFAULT_CONSTANTS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import get_dimensions
from numpy.typing import NDArray
from scipy.special import exprel

from bioplastic.equations import check_expression, check_units, declared_variables, suggest

__all__ = ["evaluate"]

_BINARY: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide, ast.Mod: np.mod, ast.Pow: np.power,
    ast.Lt: np.less, ast.LtE: np.less_equal, ast.Gt: np.greater, ast.GtE: np.greater_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal, ast.And: np.logical_and, ast.Or: np.logical_or,
}  # fmt: skip
_UNARY: dict[type[ast.AST], Callable[[Any], Any]] = {
    ast.USub: np.negative, ast.UAdd: np.positive, ast.Not: np.logical_not,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan, "clip": np.clip,
    "int": lambda x: np.trunc(np.multiply(x, 1.0)), "exprel": exprel, "abs": np.abs,
}  # fmt: skip


def evaluate(
    place: str,
    expression: str,
    values: Mapping[str, Any],
    *,
    size: int,
    dimensions: Any,
    rng: np.random.Generator,
) -> NDArray[Any]:
    """Return the values of an expression, in base units.

    Parameters
    ----------
    place : str
        Where it stands, for messages.
    expression : str
        In the language of the equations; ``rand()``, ``randn()`` and ``poisson(mean)`` draw one
        number for every element.
    values : mapping of str to number, quantity or array
        What the names in it mean; arrays have ``size`` elements.
    size : int
        Number of elements.
    dimensions : Dimension or unit
        What the expression must have.
    rng : Generator
        Source of random numbers.

    Returns
    -------
    array, shape (size,)

    Raises
    ------
    ValueError
        If it does not parse, a name is unknown or the unit is another.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> from brian2 import second
    >>> evaluate("d", "2*ms*abs(i - 1)", {"i": np.arange(3)}, size=3, dimensions=second, rng=rng)
    array([0.002, 0.   , 0.002])
    """
    check_expression(place, expression)
    tree = ast.parse(expression.strip(), mode="eval").body
    known = declared_variables((), {}, {name: get_dimensions(v) for name, v in values.items()})
    functions = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node not in functions:
            constant = node.id in DEFAULT_UNITS or node.id in DEFAULT_CONSTANTS
            if node.id not in values and not constant:
                raise ValueError(
                    f"{place}: unknown variable {node.id!r} in {expression!r}"
                    f"{suggest(node.id, values)}"
                )
    check_units(place, expression, expression, get_dimensions(dimensions), known)
    found = _value(tree, values, size, rng)
    return np.array(np.broadcast_to(np.asarray(found, dtype=float), (size,)))


def _value(node: ast.expr, values: Mapping[str, Any], size: int, rng: np.random.Generator) -> Any:
    def value(part: ast.expr) -> Any:
        return _value(part, values, size, rng)

    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, bool) else float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.Name):
        if node.id in values:
            return np.asarray(values[node.id], dtype=float)
        constant = DEFAULT_CONSTANTS.get(node.id)
        return float(DEFAULT_UNITS[node.id] if constant is None else constant.get_value())
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](value(node.operand))
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](value(node.left), value(node.right))
    if isinstance(node, ast.Compare):
        return _BINARY[type(node.ops[0])](value(node.left), value(node.comparators[0]))
    if isinstance(node, ast.BoolOp):
        result = value(node.values[0])
        for part in node.values[1:]:
            result = _BINARY[type(node.op)](result, value(part))
        return result
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    name, arguments = node.func.id, [value(argument) for argument in node.args]
    if name == "rand":
        return rng.random(size)
    if name == "randn":
        return rng.standard_normal(size)
    if name == "poisson":
        return rng.poisson(arguments[0], size)
    return (_FUNCTIONS.get(name) or getattr(np, name))(*arguments)
