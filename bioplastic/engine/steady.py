"""Numbers of single synapses that stay what they are while a program runs, computed once per call.

``dx/dt = -x/tau`` with a time constant per synapse takes a step by ``x = x*exp(-dt/tau)``: the
exponential costs more than all the rest. Where no statement assigns ``tau`` it is an array, filled
when a call begins, and a step is one multiplication, bit for bit the same.
"""

from __future__ import annotations

import ast
from collections.abc import Collection
from typing import Any

import brian2 as b2
from brian2.parsing.statements import parse_statement

from bioplastic.equations import parse_statements
from bioplastic.plasticity.statements import SLOTS

__all__ = ["constant_names", "steady_names", "take_steady"]

_FUNCTIONS = frozenset(
    "exp expm1 exprel log log10 log1p sqrt sin cos tan sinh cosh tanh arcsin arccos arctan".split()
)


def steady_names(spec: Any, projection: Any) -> frozenset[str]:
    """Return the variables of single synapses that no statement of a network assigns.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    projection : Projection
        One of its projections.
    """
    rule = getattr(projection, "rule", None)
    if rule is None or rule.least_squares is not None:
        return frozenset()
    found = {
        name
        for name, equation in rule.parse("synapse").items()
        if equation.type == b2.equations.equations.PARAMETER and "shared" not in equation.flags
    }
    written = {statement.target for slot in SLOTS for statement in rule.statements(slot)}
    for name in projection.pathways:
        written |= {statement.target for statement in spec.read_pathway(projection, name)}
    for text in (projection.transmit, projection.summed):
        written |= {target for target, *_ in parse_statements("transmit", text)} if text else set()
    if rule.normalise is not None:
        written.add(rule.normalise.variable)
    return frozenset(found - written)


def constant_names(synapses: Any) -> frozenset[str]:
    """Return the names of numbers in the equations of synapses."""
    numbers = (int, float, b2.Quantity)
    return frozenset(n for n, v in synapses.namespace.items() if isinstance(v, numbers)) | {"dt"}


def take_steady(
    code: str, steady: Collection[str], constants: Collection[str]
) -> tuple[str, dict[str, str]]:
    """Return statements with names in place of steady expressions, and these by name.

    Parameters
    ----------
    code : str
        Statements, one per line.
    steady : collection of str
        Names of numbers per synapse that stay; an expression is taken out if it calls a function of
        one of them.
    constants : collection of str
        Names of numbers that it may read besides.

    Examples
    --------
    >>> take_steady("x = w*x*exp(-dt/tau)", {"tau"}, {"dt"})
    ('x = w * x * _steady0', {'_steady0': 'exp(-dt / tau)'})
    >>> take_steady("x = x*exp(-y/tau)", {"tau"}, {"dt"})
    ('x = x*exp(-y/tau)', {})
    """
    taken: dict[str, str] = {}
    lines = []
    for line in code.splitlines():
        if not line.strip():
            continue
        target, operator, expression, _ = parse_statement(line.strip())
        taker = _Taker(set(steady), set(constants), taken)
        tree = taker.visit(ast.parse(expression, mode="eval"))
        changed = f"{target} {operator} {ast.unparse(tree)}"
        lines.append(changed if taker.found else line.strip())
    return "\n".join(lines), {name: text for text, name in taken.items()}


class _Taker(ast.NodeTransformer):
    def __init__(self, steady: set[str], constants: set[str], taken: dict[str, str]) -> None:
        self.steady, self.constants, self.taken, self.found = steady, constants, taken, False

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and self._is_steady(node):
            self.found = True
            name = self.taken.setdefault(ast.unparse(node), f"_steady{len(self.taken)}")
            return ast.Name(name, ast.Load())
        return self.generic_visit(node)

    def _is_steady(self, node: ast.AST) -> bool:
        calls = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
        functions = {getattr(function, "id", "") for function in calls}
        names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)} - functions
        return (
            bool(functions)
            and functions <= _FUNCTIONS
            and names <= self.steady | self.constants
            and bool(names & self.steady)
        )
