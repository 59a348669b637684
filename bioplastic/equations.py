"""Reading equation strings: names, statements, units and exponential decays.

The parsing is Brian2's own. This module only turns what it finds into facts that neuron models and
plasticity rules share, and its complaints into messages that name the place and the token.
"""

from __future__ import annotations

import ast
import difflib
import keyword
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar

import brian2 as b2
import numpy as np
import pyparsing
import sympy
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS, Function
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Constant, Variable
from brian2.equations.codestrings import Expression
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    SUBEXPRESSION,
    EquationError,
    SingleEquation,
    dimensions_and_type_from_string,
)
from brian2.parsing.expressions import is_boolean_expression, parse_expression_dimensions
from brian2.parsing.statements import parse_statement
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions, get_unit
from brian2.utils.stringtools import get_identifiers

from bioplastic.arithmetic import (
    check_expression_kinds,
    check_language,
    kind_of_text,
    write_flags,
)

__all__ = [
    "ARRAY_WORDS",
    "DEFAULT_NAMES",
    "FrozenMap",
    "UnitMismatchError",
    "check_assignment",
    "check_boolean",
    "check_dimensions",
    "check_expression",
    "check_initial",
    "check_initial_expression",
    "check_name",
    "check_parameters",
    "check_units",
    "declared_equations",
    "declared_variables",
    "equation_text",
    "is_noise",
    "parse_equations",
    "parse_statements",
    "read_names",
    "same_value",
    "solve_decay",
    "suggest",
    "unit_string",
]

Value = TypeVar("Value")

#: Functions, constants and units that every expression may use.
DEFAULT_NAMES = frozenset({*DEFAULT_FUNCTIONS, *DEFAULT_CONSTANTS, *DEFAULT_UNITS})

#: Variables that Brian2 provides in every group.
CLOCK_VARIABLES = {"t": b2.second.dim, "dt": b2.second.dim, "t_in_timesteps": DIMENSIONLESS}

_BASES = {
    "metre": "metre", "kilogram": "kilogram", "second": "second", "ampere": "amp",
    "kelvin": "kelvin", "mole": "mole", "candle": "candle",
}  # fmt: skip

#: Variables of cells, synapses and sources that need no declaration.
PROVIDED = frozenset(
    {*CLOCK_VARIABLES, "i", "j", "N", "N_pre", "N_post", "N_incoming", "N_outgoing", "xi"}
    | {"lastspike", "lastupdate", "not_refractory"}
)


class UnitMismatchError(b2.DimensionMismatchError, ValueError):  # type: ignore[misc]
    """Units on the two sides of an equation, or inside an expression, disagree."""


class FrozenMap(Mapping[str, Value], Generic[Value]):
    """A read-only mapping that can be copied, pickled, compared and hashed.

    Parameters
    ----------
    items : mapping, optional
        What it holds.

    Examples
    --------
    >>> FrozenMap({"a": 1})["a"]
    1
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Value] | None = None) -> None:
        self._items: dict[str, Value] = dict(items or {})

    def __getitem__(self, key: str) -> Value:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping) or set(other) != set(self._items):
            return False
        return all(same_value(value, other[key]) for key, value in self._items.items())

    def __repr__(self) -> str:
        return repr(self._items)


def same_value(one: Any, other: Any) -> bool:
    """Return whether two parameter values are the same number with the same unit."""
    if callable(one) or callable(other):
        return one is other
    if get_dimensions(one) is not get_dimensions(other):
        return False
    return bool(np.array_equal(np.asarray(one), np.asarray(other)))


def suggest(name: str, candidates: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the closest candidate, or an empty string.

    Examples
    --------
    >>> suggest("x_psot", ["x_post", "w"])
    " (did you mean 'x_post'?)"
    """
    close = difflib.get_close_matches(name, sorted(candidates), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


#: Arguments of Brian2's templates, in whose place a variable of that name would be put.
ARRAY_WORDS = frozenset({
    "codeobj_name", "constant_or_scalar", "eventspace_variable", "get_array_name", "if_expression",
    "inner_variable", "iterator_func", "iterator_kwds", "outer_index", "outer_index_array",
    "outer_index_offset", "outer_index_size", "owner", "record_variables", "result_index",
    "result_index_array", "result_index_condition", "result_index_offset", "result_index_size",
    "result_index_used", "scalar_code", "skip_if_invalid", "sources", "targets", "variable_indices",
    "variables", "vector_code",
})  # fmt: skip


def check_name(place: str, name: str, where: str = "", taken: Iterable[str] = ()) -> None:
    """Refuse a name that means something already: it would hide it, or be hidden by it.

    Parameters
    ----------
    place : str
        Where the name is given, for the message.
    name : str
        The name of a parameter, variable or input.
    where : str, default ""
        The text in which it stands, for the message.
    taken : iterable of str, default ()
        Further names that mean something there.

    Raises
    ------
    ValueError
        If it is no identifier, or the name of a unit, function, constant or provided variable.

    Examples
    --------
    >>> check_name("PlasticityRule 'r', parameters", "N")
    Traceback (most recent call last):
        ...
    ValueError: PlasticityRule 'r', parameters: the name 'N' is taken by a provided variable
    """
    where = f" in {where!r}" if where else ""
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii():
        raise ValueError(f"{place}: {name!r} is not an identifier{where}")
    if name.startswith("_"):
        raise ValueError(f"{place}: the name {name!r} must not begin with an underscore{where}")
    kinds = {
        "a word of the language": keyword.kwlist,
        "a function": DEFAULT_FUNCTIONS,
        "a constant": DEFAULT_CONSTANTS,
        "a unit": DEFAULT_UNITS,
        "a provided variable": PROVIDED | frozenset(taken),
        "noise": (name if is_noise(name) else "",),
    }
    for kind, names in kinds.items():
        if name in names:
            raise ValueError(f"{place}: the name {name!r} is taken by {kind}{where}")


def read_names(expression: str) -> frozenset[str]:
    """Return the variables and parameters an expression reads, without functions and units."""
    found = get_identifiers(str(expression))
    return frozenset(found - set(DEFAULT_FUNCTIONS) - set(DEFAULT_CONSTANTS))


def is_noise(name: str) -> bool:
    """Return whether a name is white noise: ``xi``, or ``xi_...`` where there are several.

    Examples
    --------
    >>> is_noise("xi"), is_noise("xi_fast"), is_noise("x")
    (True, True, False)
    """
    return name == "xi" or name.startswith("xi_")


@lru_cache(maxsize=256)
def unit_string(dimensions: Any) -> str:
    """Return dimensions (or those of a unit) as an equation has them, ``"volt"`` or ``"1"``.

    Examples
    --------
    >>> unit_string(b2.mV), unit_string((b2.joule / b2.kelvin / b2.mole).dim)
    ('volt', 'metre**2.0*kilogram**1.0*second**-2.0*kelvin**-1.0*mole**-1.0')
    """
    dimensions = get_dimensions(dimensions)
    if dimensions is DIMENSIONLESS:
        return "1"
    units = repr(get_unit(dimensions)).replace(" ", "")
    text = re.sub(r"\((\w+\*\*[\d.]+)\)", r"\1", units)
    try:
        if "(" not in text and dimensions_and_type_from_string(text)[0] == dimensions:
            return text
    except (ValueError, SyntaxError):
        pass
    powers = {unit: float(dimensions.get_dimension(name)) for name, unit in _BASES.items()}
    return "*".join(f"{unit}**{power!r}" for unit, power in powers.items() if power)


def equation_text(equation: SingleEquation) -> str:
    """Return one equation as it is written; Brian2 prints units it does not read, such as ``A``.

    Examples
    --------
    >>> equation_text(b2.Equations("dg/dt = -g/tau : amp (unless refractory)")["g"])
    'dg/dt = -g/tau : amp (unless refractory)'
    """
    name, kind = equation.varname, equation.type
    left = {DIFFERENTIAL_EQUATION: f"d{name}/dt = ", SUBEXPRESSION: f"{name} = "}.get(kind, name)
    right = "" if equation.expr is None else equation.expr.code
    number = {"boolean": "boolean", "integer": "integer"}.get(equation.var_type)
    flags = f" ({', '.join(equation.flags)})" if equation.flags else ""
    return f"{left}{right} : {number or unit_string(equation.dim)}{flags}"


def parse_equations(place: str, text: str) -> b2.Equations:
    """Parse Brian2 equations; complaints start with ``place``.

    Raises
    ------
    TypeError
        If ``text`` is no string.
    ValueError
        If it does not parse.
    """
    if not isinstance(text, str):
        raise TypeError(f"{place}: must be a string of equations, got {text!r}")
    return _parse_equations(place, text)


@lru_cache(maxsize=1024)
def _parse_equations(place: str, text: str) -> b2.Equations:
    lines = [line.strip() for line in re.split(r"[;\n]", text) if line.partition("#")[0].strip()]
    lines = [_with_flags(line) for line in lines]
    for line in lines:  # before Brian2, whose parser names no token
        left, _, right = line.partition("#")[0].partition(":")[0].partition("=")
        declared = re.match(r"\s*(?:d\s*(\w+)\s*/\s*dt|(\w+))\s*$", left)
        if declared:
            name = declared.group(1) or declared.group(2)
            check_name(place, name, line, ARRAY_WORDS)
        if right.strip():
            check_language(place, line, right)
    try:
        return b2.Equations("\n".join(lines))
    except (EquationError, ValueError, SyntaxError, KeyError, TypeError) as error:
        raise ValueError(f"{place}: {_reason(error)}") from error


def _with_flags(line: str) -> str:
    """Return an equation with conditions that are calculated with as numbers."""
    left, equal, right = line.partition("=")
    expression, colon, unit = right.partition(":")
    written = write_flags(expression)
    return line if written == expression else f"{left}{equal} {written} {colon}{unit}"


def parse_statements(place: str, text: str) -> tuple[tuple[str, str, str], ...]:
    """Split statements at semicolons and line ends into ``(target, operator, expression)``.

    Raises
    ------
    TypeError
        If ``text`` is no string.
    ValueError
        If a statement does not parse.

    Examples
    --------
    >>> parse_statements("rule, on_pre", "x_pre += a; w = clip(w + x_post, 0, 1)  # potentiation")
    (('x_pre', '+=', 'a'), ('w', '=', 'clip(w + x_post, 0, 1)'))
    >>> parse_statements("rule, on_pre", "w *= 1 + x_post")
    (('w', '*=', '(1 + x_post)'),)
    """
    if not isinstance(text, str):
        raise TypeError(f"{place}: must be a string of statements, got {text!r}")
    statements = []
    for line in text.splitlines():
        for part in line.partition("#")[0].split(";"):
            if not part.strip():
                continue
            try:
                target, operator, expression, _ = parse_statement(part.strip())
                expression = write_flags(expression)
                check_language(place, part.strip(), expression)
                if operator not in {"=", "+=", "-=", "*=", "/="}:
                    raise ValueError(f"operator {operator!r} is not one of =, +=, -=, *=, /=")
                Expression(expression)
            except (ValueError, SyntaxError, KeyError, TypeError, RecursionError) as error:
                if str(error).startswith(f"{place}: "):
                    raise
                raise ValueError(
                    f"{place}: cannot read statement {part.strip()!r}: {_reason(error)}"
                ) from error
            expression = " ".join(expression.split())
            if operator in {"*=", "/="}:
                expression = _in_brackets(expression)
            statements.append((target, operator, expression))
    return tuple(statements)


def _in_brackets(expression: str) -> str:
    """Put brackets where Brian2 takes the units of ``v *= 1 + x`` for those of ``v*1 + x``."""
    tree = ast.parse(expression, mode="eval").body
    return f"({expression})" if isinstance(tree, ast.BinOp) else expression


def check_expression(place: str, text: str) -> None:
    """Refuse what is no expression, before anything is known about its names.

    Raises
    ------
    TypeError
        If ``text`` is no string.
    ValueError
        If it does not parse.

    Examples
    --------
    >>> check_expression("Trial.repeat_while", "exc_count < 5 and intensity < 32")
    """
    if not isinstance(text, str):
        raise TypeError(f"{place}: must be an expression in a string, got {text!r}")
    check_language(place, text, text)
    try:
        Expression(text)
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{place}: cannot read {text!r}: {_reason(error)}") from error


def check_parameters(place: str, parameters: Any, *, timed: bool = False) -> FrozenMap[Any]:
    """Return parameters as a frozen map of scalar quantities and floats.

    Parameters
    ----------
    place : str
        Where they stand.
    parameters : mapping
        Names and values.
    timed : bool, default False
        Whether a value may be a ``TimedArray``, read as ``name(t)`` or ``name(t, i)``.

    Raises
    ------
    TypeError
        If a value is neither a number nor a scalar quantity.
    ValueError
        If a name is taken (see `check_name`), or a value is NaN.
    """
    if not isinstance(parameters, Mapping):
        raise TypeError(f"{place}: must be a mapping, got {parameters!r}")
    checked: dict[str, Any] = {}
    for name, value in parameters.items():
        check_name(place, name)
        number: Any = None
        if isinstance(value, b2.Quantity) and np.ndim(value) == 0:
            number = value if value.dim is not DIMENSIONLESS else float(value)
        elif isinstance(value, numbers.Real):
            number = float(value)
        elif timed and isinstance(value, b2.TimedArray):
            if value.values.size == 0 or not np.all(np.isfinite(value.values)):
                raise ValueError(f"{place}: {name!r} must hold finite values, at least one")
            checked[name] = value
            continue
        if number is None:
            also = " or a TimedArray" if timed else ""
            raise TypeError(
                f"{place}: {name!r} must be a number or a scalar quantity{also}, got {value!r}"
            )
        if np.isnan(float(np.asarray(number))):
            raise ValueError(f"{place}: {name!r} must not be NaN")
        checked[name] = number
    return FrozenMap(checked)


def check_initial(
    place: str,
    stored: Mapping[str, Any],
    values: Any,
    kind: str = "variable",
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return initial values after checking names and units; those of functions when called.

    Parameters
    ----------
    place : str
        Where they stand.
    stored : mapping of str to Dimension
        The variables that may have one.
    values : mapping of str to value
        Numbers, quantities, arrays, functions or expressions (text).
    kind : str, default "variable"
        What a name is called in messages.
    known : mapping, optional
        As made by `declared_variables`: what expressions may read. Without it only their form is
        checked.

    Raises
    ------
    TypeError
        If a value is neither number, array nor function.
    ValueError
        If a variable is unknown, has another unit or is NaN.
    """
    if not isinstance(values, Mapping):
        raise TypeError(f"{place}: must be a mapping, got {values!r}")
    for name, value in values.items():
        if name not in stored:
            raise ValueError(f"{place}: unknown {kind} {name!r}{suggest(name, stored)}")
        if callable(value):
            continue
        if isinstance(value, str):
            check_initial_expression(f"{place}: {name!r}", value, stored[name], known)
            continue
        if not isinstance(value, (int, float, np.number, np.ndarray, np.bool_)):
            raise TypeError(
                f"{place}: {name!r} must be a number, array, function or text, got {value!r}"
            )
        check_dimensions(f"{place}: {name!r}", value, stored[name])
        if np.any(np.isnan(np.asarray(value, dtype=float))):
            raise ValueError(f"{place}: {name!r} must not be NaN")
    return dict(values)


def check_initial_expression(
    place: str, text: str, dimensions: Any, known: Mapping[str, Any] | None
) -> None:
    """Refuse an expression of an initial value that reads unknown names or has another unit."""
    check_expression(place, text)
    if moving := read_names(text) & set(CLOCK_VARIABLES):
        raise ValueError(
            f"{place}: is evaluated once and cannot read {min(moving)!r}, got {text!r}"
        )
    if known is None:
        return
    for name in sorted(read_names(text)):
        if name not in known:
            raise ValueError(
                f"{place}: unknown variable {name!r} in {text!r}{suggest(name, known)}"
            )
    check_units(place, text, text, dimensions, known)


def check_dimensions(place: str, value: Any, dimensions: Any) -> None:
    """Refuse a number, quantity or array of another unit.

    Raises
    ------
    UnitMismatchError
        If the dimensions disagree; a bare number is dimensionless.

    Examples
    --------
    >>> check_dimensions("initial: 'v'", -65.0, b2.volt.dim)
    Traceback (most recent call last):
        ...
    bioplastic.equations.UnitMismatchError: initial: 'v' has unit 1, expected volt
    """
    given = get_dimensions(value)
    if given is not get_dimensions(dimensions):
        raise UnitMismatchError(
            f"{place} has unit {unit_string(given)}, expected {unit_string(dimensions)}"
        )


def declared_variables(
    equations: Iterable[SingleEquation],
    parameters: Mapping[str, Any],
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return Brian2 variables, constants, functions and units for the unit checker.

    Parameters
    ----------
    equations : iterable of SingleEquation
        Declared variables.
    parameters : mapping
        Named constants.
    extra : mapping of str to Dimension or Variable, optional
        Further variables.
    """
    known: dict[str, Any] = dict(DEFAULT_UNITS)
    known.update(DEFAULT_CONSTANTS)
    known.update(DEFAULT_FUNCTIONS)
    for name, dimensions in {**CLOCK_VARIABLES, **dict(extra or {})}.items():
        known[name] = (
            dimensions
            if isinstance(dimensions, Variable)
            else Variable(name=name, dimensions=get_dimensions(dimensions), dtype=np.float64)
        )  # with a type: looking up Brian2's preference would take most of the time
    known.update(declared_equations(equations))
    for name, value in parameters.items():
        known[name] = (
            value
            if isinstance(value, Function)
            else Constant(name, float(np.asarray(value)), dimensions=get_dimensions(value))
        )
    return known


def declared_equations(equations: Iterable[SingleEquation]) -> dict[str, Variable]:
    """Return the Brian2 variables that equations declare."""
    kinds = {"boolean": bool, "integer": np.int32}
    return {
        equation.varname: Variable(
            name=equation.varname,
            dimensions=equation.dim,
            dtype=kinds.get(equation.var_type, np.float64),
        )
        for equation in equations
    }


def check_units(place: str, text: str, expression: str, dimensions: Any, known: Any) -> Any:
    """Check the dimensions of an expression and return them.

    Parameters
    ----------
    place : str
        Where it stands.
    text : str
        The statement or equation, for the message.
    expression : str
        What to check.
    dimensions : Dimension or None
        What is expected; None accepts anything consistent.
    known : mapping
        As made by :func:`declared_variables`.

    Raises
    ------
    UnitMismatchError
        If dimensions disagree.
    ValueError
        If the expression uses something the language does not have.
    """
    try:
        found = parse_expression_dimensions(expression, known)
    except b2.DimensionMismatchError as error:
        raise UnitMismatchError(f"{place}: wrong unit in {text!r}: {error}") from error
    except (ValueError, SyntaxError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{place}: cannot read {text!r}: {_reason(error)}") from error
    check_expression_kinds(place, text, expression, "float", known)
    found = get_dimensions(found)
    if dimensions is not None and found is not get_dimensions(dimensions):
        raise UnitMismatchError(
            f"{place}: wrong unit in {text!r}: {expression!r} has unit {unit_string(found)}, "
            f"expected {unit_string(dimensions)}"
        )
    return found


def check_assignment(
    place: str, target: str, operator: str, expression: str, known: dict[str, Any]
) -> None:
    """Check unit and kind of an assignment; a target that is not known becomes a temporary.

    Parameters
    ----------
    place : str
        Where it stands.
    target, operator, expression : str
        As from `parse_statements`.
    known : dict
        As made by :func:`declared_variables`; a temporary is added.

    Raises
    ------
    UnitMismatchError
        If dimensions disagree.
    ValueError
        If a number is assigned to a truth value, or a fraction to an integer.
    """
    text = f"{target} {operator} {expression}"
    variable = known.get(target)
    if variable is None:
        dimensions = check_units(place, text, expression, None, known)
        kind = bool if kind_of_text(expression, known) == "boolean" else np.float64
        known[target] = Variable(name=target, dimensions=dimensions, dtype=kind)
        return
    scaling = operator in {"*=", "/="}
    check_units(place, text, expression, DIMENSIONLESS if scaling else variable.dim, known)
    wanted = "boolean" if variable.is_boolean else "integer" if variable.is_integer else "float"
    if wanted != "float" and operator == "/=":
        raise ValueError(f"{place}: {target!r} is no real number in {text!r}")
    check_expression_kinds(place, text, expression, wanted, known)


def check_boolean(place: str, expression: str, known: Any) -> None:
    """Check that an expression is a condition.

    Raises
    ------
    ValueError
        If it is not.
    """
    try:
        boolean = is_boolean_expression(expression, known)
    except (SyntaxError, AttributeError, ValueError, KeyError) as error:
        raise ValueError(f"{place}: cannot read {expression!r}: {_reason(error)}") from error
    if not boolean:
        raise ValueError(f"{place}: {expression!r} is not a condition (true or false)")


def solve_decay(
    name: str, expression: str, moving: Iterable[str], constant: Iterable[str] | None = None
) -> tuple[str, str | None] | None:
    """Recognise ``d name/dt = k name + c`` with everything but ``name`` constant over a step.

    Parameters
    ----------
    name : str
        The variable.
    expression : str
        Right-hand side with subexpressions already substituted.
    moving : iterable of str
        Names that change during a step: other integrated variables, noise, clock.
    constant : iterable of str, optional
        Names that never change. Where ``c`` differs from zero, ``k`` may use only these, so that
        the division by it is safe. None accepts any name that does not move.

    Returns
    -------
    tuple of str or None
        ``(k, x_inf)`` as expressions, ``x_inf`` None for a decay to zero; None if the equation
        has another form.

    Examples
    --------
    >>> solve_decay("x", "-x/tau", ["v"])
    ('-1/tau', None)
    >>> solve_decay("x", "(rest - x)/tau", ["v"])
    ('-1/tau', 'rest')
    >>> solve_decay("x", "(v - x)/tau", ["v"]) is None
    True
    """
    symbol = sympy.Symbol(name, real=True)
    right = str_to_sympy(expression)
    functions = right.atoms(sympy.Function)
    if _symbol_names(right) & ({*moving, "t"} - {name}) or any(
        function.free_symbols or type(function).__name__ in {"rand", "randn", "poisson", "binomial"}
        for function in functions
    ):
        return None
    rate = sympy.expand(sympy.diff(right, symbol))
    offset = sympy.simplify(right - rate * symbol)
    if rate == 0 or rate.has(symbol) or offset.has(symbol):
        return None
    rate = sympy.factor_terms(rate)
    if offset == 0:
        return sympy_to_str(rate), None
    if constant is not None:
        if not _symbol_names(rate) <= set(constant):
            return None
    return sympy_to_str(rate), sympy_to_str(sympy.simplify(-offset / rate))


def _symbol_names(expression: sympy.Expr) -> set[str]:
    """Return names, since Brian2 gives ``t`` and ``dt`` other assumptions than variables."""
    return {symbol.name for symbol in expression.free_symbols}


def _reason(error: BaseException) -> str:
    """Return the telling line of a parser's complaint: Brian2 2.11 chains what 2.9 joins."""
    text = str(error.args[0]) if error.args else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip(" ^")]
    for number, line in enumerate(lines[:-1]):
        if line.startswith("Parsing failed"):
            forms = "'dx/dt = ... : unit', 'x = ... : unit' or 'x : unit'"
            return f"cannot read {lines[number + 1]!r}, write {forms}"
    reason = lines[-1] if lines else type(error).__name__
    if error.__cause__ is None:
        return reason
    cause = _reason(error.__cause__)
    if isinstance(error.__cause__, pyparsing.ParseBaseException):
        return cause
    return reason if cause in reason else f"{reason.rstrip('.')}: {cause}"
