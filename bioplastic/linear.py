"""Exact steps of linear equations, in the limit of equal time constants too.

Brian2 solves a linear system in closed form with sympy, which divides by differences of rates: for
equal ones it is 0/0, for nearly equal ones no digit of it is right. A cascade, where no variable
acts back, has a solution without that: sums of divided differences of the exponential function.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import brian2 as b2
import numpy as np
import sympy
from brian2.core.variables import Constant
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters.base import UnsupportedEquationsException
from brian2.stateupdaters.exact import exact, get_linear_system
from scipy.linalg import expm

__all__ = ["constant_value", "find_nonlinear", "has_powers", "solve_linear"]

#: Rates whose difference is a smaller part of the larger one share digits that cancel.
_CLOSE = 0.1
#: exp(-50) of a decay is left over when its series may stop to hold.
_REACH = 50.0

_Rate = tuple[str, "float | None"]


def solve_linear(
    equations: b2.Equations,
    variables: Mapping[str, Any] | None,
    constants: Mapping[str, Any] | None = None,
) -> str:
    """Return statements that advance linear equations by ``dt``.

    Parameters
    ----------
    equations : Equations
        The equations.
    variables : mapping or None
        What they use, as Brian2 hands it to a state updater.
    constants : mapping, optional
        Values of further constants.

    Returns
    -------
    str
        Brian2's own solution where no two rates are close; otherwise one that is right for equal
        rates.

    Raises
    ------
    UnsupportedEquationsException
        If the equations are not linear, or depend on time.

    Examples
    --------
    >>> from brian2 import Equations
    >>> from brian2 import ms
    >>> cascade = Equations('''dg/dt = -g/tau : 1
    ...                        dv/dt = (g - v)/tau : 1''')
    >>> print(solve_linear(cascade, None, {"tau": 5*ms}))
    _g = g*(1)*(exp(dt*(-1/tau)))
    _v = v*(1)*(exp(dt*(-1/tau))) + g*(1/tau)*(dt*exp(dt*(-1/tau))*exprel(dt*((-1/tau) - (-1/tau))))
    g = _g
    v = _v
    """
    variables = _take_as_steady(dict(variables or {}))
    try:
        names, matrix, offset = get_linear_system(equations, variables)
    except (AttributeError, TypeError) as error:  # sympy cannot differentiate a condition
        raise UnsupportedEquationsException(f"not linear ({error})") from error
    values = _read_values(variables, constants or {})
    system = matrix.row_join(offset)
    for entry in system:
        if _moves(entry, variables):
            raise UnsupportedEquationsException(f"'{sympy_to_str(entry)}' depends on time")
    size = len(names)
    coupled = any(system[i, j] != 0 for i in range(size) for j in range(size + 1) if i != j)
    order = _order(matrix)
    numbers = [[_number(entry, values) for entry in system.row(i)] for i in range(size)]
    if order is None:
        dt = variables["dt"].get_value() if hasattr(variables.get("dt"), "get_value") else None
        if all(number is not None for row in numbers for number in row[:size]):
            return _solve_numbers(names, numbers, offset, np.ravel(dt)[0] if dt is not None else 1)
        return str(exact(equations, variables))
    rates = [
        (sympy_to_str(matrix[i, i]) if matrix[i, i] != 0 else "0*hertz", numbers[i][i])
        for i in range(size)
    ]
    known = [rate for _, rate in rates if rate is not None]
    driven = any(entry != 0 for entry in offset)
    unknown = len(known) < size and any(matrix[i, j] != 0 for i, j in _pairs(size))
    levels = sorted([*known, *([0.0] if driven else [])])
    near = any(_is_close(a, b) for a, b in pairwise(levels))
    if not coupled or not (near or unknown):
        return str(exact(equations, variables))
    lines = []
    for i, name in enumerate(names):
        terms = []
        for path in _paths(system, i):
            start, chain = path[0], [rates[k] if k < size else ("0*hertz", 0.0) for k in path]
            if len(path) > 2 and any(rate is None for _, rate in chain):
                return str(exact(equations, variables))
            factors = [sympy_to_str(system[b, a]) for a, b in pairwise(path)]
            product = "*".join(f"({factor})" for factor in factors) or "(1)"
            value = f"{names[start]}*" if start < size else ""
            terms.append(f"{value}{product}*({_difference(chain)})")
        lines.append(f"_{name} = {' + '.join(terms) or '0'}")
    return "\n".join([*lines, *(f"{name} = _{name}" for name in names)])


class _AnyStep(Constant):  # type: ignore[misc]
    """The time step of a model without a network."""

    def get_value(self) -> Any:
        return np.ones(1)


def _take_as_steady(variables: dict[str, Any]) -> dict[str, Any]:
    """Let timed arrays be constant over a step while no step is known."""
    arrays = [name for name, value in variables.items() if isinstance(value, b2.TimedArray)]
    if arrays and "dt" not in variables:
        for name in arrays:
            variables[name] = steady = copy.copy(variables[name])
            steady.is_locally_constant = lambda dt: True
        variables["dt"] = _AnyStep("dt", 1.0, dimensions=b2.second.dim)
    return variables


def _moves(entry: sympy.Expr, variables: Mapping[str, Any]) -> bool:
    """Return whether an expression changes within a step; a coarser timed array does not."""
    for call in entry.atoms(sympy.Function):
        array = variables.get(str(call.func))
        if isinstance(array, b2.TimedArray):
            step = float(np.ravel(variables["dt"].get_value())[0])
            if array.is_locally_constant(step):
                entry = entry.subs(call, sympy.Dummy())
    return "t" in {symbol.name for symbol in entry.free_symbols}


def find_nonlinear(equations: b2.Equations, variables: Mapping[str, Any]) -> str | None:
    """Return the first variable whose equation is not linear in the variables, None if all are."""
    moving = set(equations.diff_eq_names)
    for name, expression in equations.get_substituted_expressions(variables):
        try:
            right = str_to_sympy(expression.code, variables)
            slopes = [sympy.diff(right, s) for s in right.free_symbols if s.name in moving]
        except (AttributeError, TypeError):  # a condition has no derivative
            return str(name)
        for slope in slopes:
            if moving & {symbol.name for symbol in slope.free_symbols}:
                return str(name)
    return None


def has_powers(name: str, expression: str) -> bool:
    """Return whether a right-hand side holds powers of its variable beside the variable itself.

    Brian2's ``exponential_euler`` leaves them out without a word.

    Examples
    --------
    >>> has_powers("v", "(v**2 - v)/tau"), has_powers("v", "(exp(v) - v)/tau")
    (True, False)
    """
    right, symbol = str_to_sympy(expression), sympy.Symbol(name, real=True)
    parts = sympy.collect(right.expand(), symbol, evaluate=False)
    return any(part not in (1, symbol) for part in parts)


def constant_value(expression: str, variables: Mapping[str, Any]) -> float | None:
    """Return the value of an expression over constants alone, None for any other."""
    return _number(str_to_sympy(expression), _read_values(variables, {}))


def _read_values(variables: Mapping[str, Any], constants: Mapping[str, Any]) -> dict[str, float]:
    values = {name: float(np.asarray(value)) for name, value in constants.items()}
    for name, variable in variables.items():
        if isinstance(variable, Constant):
            values[name] = float(np.asarray(variable.get_value()).item())
        else:
            values.pop(name, None)
    return values


def _number(entry: sympy.Expr, values: Mapping[str, float]) -> float | None:
    try:
        replaced = entry.subs({s: values[s.name] for s in entry.free_symbols})
        return float(replaced)
    except (KeyError, TypeError):
        return None


def _pairs(size: int) -> Iterator[tuple[int, int]]:
    return ((i, j) for i in range(size) for j in range(size) if i != j)


def _order(matrix: sympy.Matrix) -> list[int] | None:
    """Return an order in which no variable acts back on an earlier one, None if there is none."""
    left, order = set(range(matrix.rows)), []
    while left:
        free = [i for i in left if all(matrix[i, j] == 0 for j in left if j != i)]
        if not free:
            return None
        order += free
        left -= set(free)
    return order


def _is_close(one: float, other: float) -> bool:
    return abs(one - other) <= _CLOSE * max(abs(one), abs(other))


def _paths(system: sympy.Matrix, end: int) -> Iterator[list[int]]:
    """Yield the ways by which a variable (or, last, the constant drive) reaches another."""
    yield [end]
    for start in range(system.cols):
        if start != end and system[end, start] != 0:
            before = _paths(system, start) if start < system.rows else iter([[start]])
            yield from ([*path, end] for path in before)


def _difference(rates: list[_Rate]) -> str:
    """Return the divided difference of ``exp(rate*dt)``."""
    if len(rates) == 1:
        return f"exp(dt*({rates[0][0]}))"
    if len(rates) == 2:
        (one, a), (other, b) = rates
        if a is None or b is None:
            gap = f"abs(({other}) - ({one}))"
            return f"dt*exp(0.5*dt*(({one}) + ({other}) + {gap}))*exprel(-dt*{gap})"
        if b > a:
            one, other = other, one
        return f"dt*exp(dt*({one}))*exprel(dt*(({other}) - ({one})))"
    rates = sorted(rates, key=lambda rate: rate[1] or 0.0)
    values = np.array([rate[1] for rate in rates], dtype=float)
    spread = float(values[-1] - values[0])
    if spread > _CLOSE * np.abs(values).max():
        return f"(({_difference(rates[1:])}) - ({_difference(rates[:-1])}))/({spread!r}*hertz)"
    mean, n = float(values.mean()), len(values) - 1
    sums = np.zeros(41)  # complete homogeneous polynomials of the deviations
    sums[0] = 1.0
    for deviation in values - mean:
        for k in range(1, sums.size):
            sums[k] += deviation * sums[k - 1]
    first, reach, series = 1 / math.factorial(n), _REACH / max(abs(mean), 1e-300), ""
    weights = [float(sums[k]) / math.factorial(n + k) for k in range(sums.size)]
    kept = [k for k, weight in enumerate(weights) if abs(weight) * reach**k > 1e-17 * first]
    for k in range(kept[-1], -1, -1):
        unit = f"*hertz**{k}" if k else ""
        series = f"{weights[k]!r}{unit}" + (f" + dt*({series})" if series else "")
    return f"dt**{n}*exp({mean!r}*hertz*dt)*({series})"


def _solve_numbers(
    names: list[str], numbers: list[list[float | None]], offset: sympy.Matrix, dt: float
) -> str:
    """Return a step with the numbers of the matrix exponential, for variables that act back."""
    size = len(names)
    system = np.zeros((2 * size, 2 * size))
    system[:size, :size] = np.array([row[:size] for row in numbers], dtype=float)
    system[:size, size:] = np.eye(size)
    step = expm(system * float(dt))[:size]
    lines = []
    for i, name in enumerate(names):
        terms = [f"{float(step[i, j])!r}*{names[j]}" for j in range(size)]
        terms += [
            f"{float(step[i, size + j])!r}*({sympy_to_str(offset[j])})"
            for j in range(size)
            if offset[j] != 0
        ]
        lines.append(f"_{name} = {' + '.join(terms)}")
    return "\n".join([*lines, *(f"{name} = _{name}" for name in names)])
