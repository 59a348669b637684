"""The language of expressions: what may stand in it, and arithmetic with real numbers.

Brian2 calculates with integers where all operands are integers, and each of its targets in its own
way: ``2**-1`` is 0, ``i*100000`` overflows, ``clip(j, 0, 0.5)`` cuts its limits. Here an expression
means what it means on paper; `write_real` rewrites it so that every target agrees.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.variables import Constant, Variable

__all__ = [
    "REAL",
    "check_expression_kinds",
    "check_language",
    "kind_of_text",
    "write_flags",
    "write_real",
]

#: Function that turns an integer into a real number; only `write_real` writes it.
REAL = "_real"

_FOLD: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_FOREIGN: dict[type[ast.AST], tuple[str, str]] = {
    ast.BitAnd: ("&", ", write 'and'"),
    ast.BitOr: ("|", ", write 'or'"),
    ast.BitXor: ("^", ", write '**' for a power"),
    ast.MatMult: ("@", ""),
    ast.LShift: ("<<", ""),
    ast.RShift: (">>", ""),
    ast.Invert: ("~", ", write 'not'"),
    ast.In: ("in", ""),
    ast.NotIn: ("not in", ""),
    ast.Is: ("is", ""),
    ast.IsNot: ("is not", ""),
}
_TRUTHS = (ast.Compare, ast.BoolOp)
#: Largest integer that every target holds.
_INT_LIMIT = 2**31


def check_language(place: str, text: str, expression: str) -> None:
    """Refuse what the language of expressions does not have.

    Parameters
    ----------
    place : str
        Where it stands, for the message.
    text : str
        The statement or equation, for the message.
    expression : str
        What to check.

    Raises
    ------
    ValueError
        Naming the place, the token and the text.

    Examples
    --------
    >>> check_language("on_post", "w = w^2", "w^2")
    Traceback (most recent call last):
        ...
    ValueError: on_post: '^' is no operator of the language in 'w = w^2', write '**' for a power
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ValueError(f"{place}: cannot read {text!r}: {reason}") from None
    try:
        _check_node(tree, truth=None)
    except _ForeignError as error:
        token, reason, hint = error.args
        raise ValueError(f"{place}: {token!r} {reason} in {text!r}{hint}") from None


def write_flags(expression: str) -> str:
    """Return an expression in which conditions that are calculated with are written as numbers.

    Parameters
    ----------
    expression : str
        As somebody has written it; what does not parse comes back as it is.

    Examples
    --------
    >>> write_flags("0.1*(w > 0.3) - x")
    '0.1 * int(w > 0.3) - x'
    >>> write_flags("w > 0.3 and x < 1")
    'w > 0.3 and x < 1'
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return expression
    writer = _FlagWriter()
    new = writer.visit(tree)
    return ast.unparse(ast.fix_missing_locations(new)) if writer.changed else expression


class _FlagWriter(ast.NodeTransformer):
    """Makes numbers of conditions among the operands of arithmetic."""

    def __init__(self) -> None:
        self.changed = False

    def _number(self, node: ast.expr) -> ast.expr:
        negation = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
        if not (isinstance(node, _TRUTHS) or negation):
            return node
        self.changed = True
        return ast.Call(func=ast.Name(id="int", ctx=ast.Load()), args=[node], keywords=[])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = (self._number(self.visit(part)) for part in (node.left, node.right))
        return ast.BinOp(left=left, op=node.op, right=right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        whole = isinstance(node.op, ast.Not)
        return ast.UnaryOp(op=node.op, operand=operand if whole else self._number(operand))


class _ForeignError(Exception):
    """Token, reason and hint of something that the language does not have."""


def _check_node(node: ast.expr, truth: bool | None) -> None:
    """Check a node; ``truth`` says whether a truth value or a number is wanted, if one of them."""
    boolean = isinstance(node, _TRUTHS) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    )
    boolean = boolean or (isinstance(node, ast.Constant) and isinstance(node.value, bool))
    if truth is False and boolean:
        token = ast.unparse(node)
        raise _ForeignError(token, "is true or false, not a number,", f", write 'int({token})'")
    if truth and not boolean and isinstance(node, ast.Constant | ast.BinOp):
        raise _ForeignError(ast.unparse(node), "is a number, not true or false,", "")
    if isinstance(node, ast.Constant):
        if not isinstance(node.value, bool | int | float):
            raise _ForeignError(ast.unparse(node), "is no real number", "")
    elif isinstance(node, ast.Name):
        if node.id in DEFAULT_FUNCTIONS:
            raise _ForeignError(node.id, "is a function and needs its arguments", "")
    elif isinstance(node, ast.BinOp):
        _check_operator(node.op)
        for operand in (node.left, node.right):
            _check_node(operand, truth=False)
        _fold(node)
    elif isinstance(node, ast.UnaryOp):
        _check_operator(node.op)
        _check_node(node.operand, truth=isinstance(node.op, ast.Not))
    elif isinstance(node, ast.BoolOp):
        for operand in node.values:
            _check_node(operand, truth=True)
    elif isinstance(node, ast.Compare):
        for op in node.ops:
            _check_operator(op)
        if len(node.ops) > 1:
            raise _ForeignError(ast.unparse(node), "compares more than two values", "")
        for operand in (node.left, *node.comparators):
            _check_node(operand, truth=False)
    elif isinstance(node, ast.Call):
        if not isinstance(node.func, ast.Name):
            raise _ForeignError(ast.unparse(node.func), "is no function of the language", "")
        _check_call(node, node.func.id)
    else:
        raise _ForeignError(ast.unparse(node), "is not part of the language", "")


def _check_operator(op: ast.AST) -> None:
    if type(op) in _FOREIGN:
        token, hint = _FOREIGN[type(op)]
        raise _ForeignError(token, "is no operator of the language", hint)


def _check_call(node: ast.Call, name: str) -> None:
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        raise _ForeignError(ast.unparse(node), "has arguments by name", "")
    function = DEFAULT_FUNCTIONS.get(name)
    wanted = len(node.args) if function is None else len(function._arg_units)
    if len(node.args) != wanted:
        text = f"has {len(node.args)} arguments instead of {wanted}"
        raise _ForeignError(ast.unparse(node), text, "")
    for argument in node.args:
        _check_node(argument, truth=None if name == "int" else False)


@lru_cache(maxsize=4096)  # asked for at every level of a nested expression
def _number(node: ast.expr) -> int | float | None:
    """Return the value of a number, with its signs."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _number(node.operand)
        return value if value is None or isinstance(node.op, ast.UAdd) else -value
    if isinstance(node, ast.Constant) and not isinstance(node.value, bool):
        return node.value if isinstance(node.value, int | float) else None
    if isinstance(node, ast.BinOp):
        return _fold(node)
    return None


def _fold(node: ast.BinOp) -> int | float | None:
    """Return the value of an operation on numbers, None if there are other operands."""
    left, right = _number(node.left), _number(node.right)
    if left is None or right is None:
        return None
    try:
        if isinstance(node.op, ast.Pow) and max(abs(left), abs(right)) > 64:
            left = float(left)  # not an integer of a million digits
        value: Any = _FOLD[type(node.op)](left, right)
        if isinstance(value, int | float) and math.isfinite(float(value)):
            return value
    except (ArithmeticError, ValueError):
        pass
    raise _ForeignError(ast.unparse(node), "is no finite real number", "")


def kind_of(
    node: ast.expr, known: Mapping[str, Any], found: dict[ast.expr, str] | None = None
) -> str:
    """Return what a node is: ``"boolean"``, ``"flag"`` (0 or 1), ``"integer"`` or ``"float"``.

    ``found`` keeps the kinds of the nodes below between calls with the same ``known``.
    """
    found = {} if found is None else found
    if node not in found:
        found[node] = _find_kind(node, known, found)
    return found[node]


def _find_kind(node: ast.expr, known: Mapping[str, Any], found: dict[ast.expr, str]) -> str:
    if isinstance(node, ast.Compare | ast.BoolOp):
        return "boolean"
    if isinstance(node, ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            return "boolean"
        kind = kind_of(node.operand, known, found)
        return "integer" if kind in ("flag", "boolean") else kind
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            return "boolean"
        return "integer" if isinstance(node.value, int) else "float"
    if isinstance(node, ast.Name):
        return _kind_of_variable(known.get(node.id))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        kinds = [kind_of(argument, known, found) for argument in node.args]
        if node.func.id == "int" and kinds:
            return "flag" if kinds[0] in ("boolean", "flag") else "integer"
        if node.func.id == REAL:
            return "float"
        function = known.get(node.func.id, DEFAULT_FUNCTIONS.get(node.func.id))
        result = getattr(function, "_return_type", "float")
        if result == "highest":
            return "float" if "float" in kinds else "integer"
        return str(result)
    if isinstance(node, ast.BinOp):
        value = _fold(node)
        if value is not None:
            return "integer" if isinstance(value, int) else "float"
        kinds = [kind_of(operand, known, found) for operand in (node.left, node.right)]
        whole = isinstance(_number(node.right), int) and (_number(node.right) or 0) >= 0
        real = isinstance(node.op, ast.Div) or (isinstance(node.op, ast.Pow) and not whole)
        return "float" if "float" in kinds or real else "integer"
    return "float"


def kind_of_text(expression: str, known: Mapping[str, Any]) -> str:
    """Return what an expression is, see `kind_of`."""
    return kind_of(ast.parse(expression.strip(), mode="eval").body, known)


def _kind_of_variable(variable: Any) -> str:
    if isinstance(variable, Constant):
        value = variable.get_value()
        kind = getattr(getattr(value, "dtype", None), "kind", "")
        if isinstance(value, bool) or kind == "b":
            return "boolean"
        return "integer" if isinstance(value, int) or kind in ("i", "u") else "float"
    if isinstance(variable, Variable):
        if variable.is_boolean:
            return "boolean"
        return "integer" if variable.is_integer else "float"
    return "float"


def check_expression_kinds(
    place: str, text: str, expression: str, wanted: str, known: Mapping[str, Any]
) -> None:
    """Refuse numbers where truth values belong, and fractions in integers.

    Parameters
    ----------
    place, text, expression : str
        As in `check_language`.
    wanted : {"boolean", "integer", "float"}
        What the expression is for.
    known : mapping
        Variables and functions by name.

    Raises
    ------
    ValueError
        Naming the place and the text.
    """
    tree = ast.parse(expression.strip(), mode="eval").body
    for node in ast.walk(tree):
        operands: list[ast.expr] = []
        if isinstance(node, ast.BoolOp):
            operands = node.values
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            operands = [node.operand]
        for operand in operands:
            if kind_of(operand, known) != "boolean":
                raise ValueError(
                    f"{place}: {ast.unparse(operand)!r} is a number, not true or false, in {text!r}"
                )
    kind = kind_of(tree, known)
    if wanted == "boolean" and kind != "boolean":
        raise ValueError(f"{place}: {expression!r} is not a condition (true or false) in {text!r}")
    if wanted == "integer" and kind == "float":
        raise ValueError(
            f"{place}: {expression!r} is no integer in {text!r}, write 'int({expression})'"
        )


def write_real(expression: str, known: Mapping[str, Any]) -> str:
    """Return an expression whose integers behave as real numbers on every target.

    Operations on numbers alone are carried out; a truth value in arithmetic becomes 0 or 1; an
    operation on two integers, a power, and a ``clip`` of an integer are done in floating point.

    Parameters
    ----------
    expression : str
        The expression.
    known : mapping
        Variables and functions by name, as Brian2 knows them.

    Examples
    --------
    >>> write_real("w + 2**-1*10**-3", {})
    'w + 0.0005'
    >>> write_real("w*2 + 0.5*w**2", {})
    'w*2 + 0.5*w**2'
    """
    tree = ast.parse(expression.strip(), mode="eval").body
    writer = _RealWriter(known)
    new = writer.visit(tree)
    return ast.unparse(ast.fix_missing_locations(new)) if writer.changed else expression


class _RealWriter(ast.NodeTransformer):
    def __init__(self, known: Mapping[str, Any]) -> None:
        self.known = known
        self.changed = False
        self._kinds: dict[ast.expr, str] = {}

    def _kind(self, node: ast.expr) -> str:
        return kind_of(node, self.known, self._kinds)

    def _call(self, name: str, node: ast.expr) -> ast.expr:
        self.changed = True
        return ast.Call(func=ast.Name(id=name, ctx=ast.Load()), args=[node], keywords=[])

    def _flag(self, node: ast.expr) -> ast.expr:
        return self._call("int", node) if self._kind(node) == "boolean" else node

    def _real(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Constant) or _number(node) is not None:
            self.changed = True
            return ast.Constant(float(_number(node) or 0))
        return self._call(REAL, node) if self._kind(node) != "float" else node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, int) and abs(node.value) >= _INT_LIMIT:
            self.changed = True
            return ast.Constant(float(node.value))
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        value = _fold(node)
        if value is not None:
            self.changed = True
            whole = isinstance(value, int) and abs(value) < _INT_LIMIT
            return ast.Constant(value if whole else float(value))
        left, right = (self._flag(self.visit(operand)) for operand in (node.left, node.right))
        kinds = {self._kind(left), self._kind(right)}
        if isinstance(node.op, ast.Pow):
            exponent = _number(right)
            left = self._real(left)
            if not (isinstance(exponent, int) and exponent >= 0):
                right = self._real(right)
        elif "float" not in kinds and not isinstance(node.op, ast.FloorDiv | ast.Mod):
            left = self._real(left)
        return ast.BinOp(left=left, op=node.op, right=right)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if not isinstance(node.op, ast.Not):
            operand = self._flag(operand)
        return ast.UnaryOp(op=node.op, operand=operand)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        arguments = [self.visit(argument) for argument in node.args]
        if name not in ("int", REAL):
            arguments = [self._flag(argument) for argument in arguments]
        if name == "clip" and self._kind(arguments[0]) != "float":
            arguments = [self._real(argument) for argument in arguments]
        return ast.Call(func=node.func, args=arguments, keywords=[])
