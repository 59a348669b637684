"""Real arithmetic in the code that Brian2 generates, the same for every target."""

from __future__ import annotations

import copy
import re
from typing import Any

import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS, Function
from brian2.core.variables import Subexpression, Variable
from brian2.parsing.statements import parse_statement
from scipy.special import exprel

from bioplastic.arithmetic import REAL, kind_of_text, write_real

__all__ = ["NUMPY_FUNCTIONS", "REAL_FUNCTION", "WHOLE_FUNCTION", "make_real"]

REAL_FUNCTION = Function(
    pyfunc=float, arg_units=[None], return_unit=lambda unit: unit, return_type="float"
)


def _truncate(values: Any) -> Any:
    values = np.asarray(values)
    return np.trunc(values) if values.dtype.kind == "f" else values.astype(np.int64)


#: Function that makes a whole real number an integer, for integer variables.
_WHOLE = "_whole"
WHOLE_FUNCTION = Function(pyfunc=round, arg_units=[1], return_unit=1, return_type="integer")

#: Functions of the language that Brian2's numpy target lacks, or does in 32 bits.
NUMPY_FUNCTIONS: dict[str, Any] = {
    "exprel": exprel,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "int": _truncate,
}


def make_real(code: dict[str, str], variables: dict[str, Any]) -> dict[str, str]:
    """Return blocks of statements in real arithmetic; see `bioplastic.arithmetic.write_real`.

    Temporary variables that hold no truth value become real numbers, and so do the right-hand sides
    of subexpressions, which are replaced in ``variables``.

    Parameters
    ----------
    code : dict of str to str
        Statements in Brian2's abstract code.
    variables : dict
        What the code may use; the function that makes an integer real is added.
    """
    for name, variable in variables.items():
        if isinstance(variable, Subexpression):
            variables[name] = copy.copy(variable)
            variables[name].expr = write_real(variable.expr, variables)
    known: dict[str, Any] = dict(variables)
    blocks = {}
    for block, text in code.items():
        lines = [_write_line(line, known) for line in re.split(r"[;\n]", text) if line.strip()]
        blocks[block] = "\n".join(lines)
    variables.update({REAL: REAL_FUNCTION, _WHOLE: WHOLE_FUNCTION})
    variables.setdefault("int", DEFAULT_FUNCTIONS["int"])  # truth values become numbers by it
    return blocks


def _write_line(line: str, known: dict[str, Any]) -> str:
    target, operator, expression, _ = parse_statement(line.strip())
    written = write_real(expression, known)
    kind = kind_of_text(written, known)
    if target not in known:  # a temporary: real unless it is a truth value
        boolean = kind == "boolean"
        known[target] = Variable(target, dtype=bool if boolean else np.float64)
        if kind in ("integer", "flag"):
            written = f"{REAL}({written})"
    elif kind == "boolean" and not getattr(known[target], "is_boolean", False):
        written = f"int({written})"
    elif kind == "float" and getattr(known[target], "is_integer", False):
        written = f"{_WHOLE}({written})"
    return f"{target} {operator} {written}"
