"""What the text of a rule says about the limits of its weights."""

from __future__ import annotations

import ast

import numpy as np

from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.statements import SLOTS

__all__ = ["find_bounds", "read_all_names"]


def find_bounds(rule: PlasticityRule) -> tuple[float, float] | None:
    """Return the limits of ``w``, if every statement that writes it clips it to the same ones.

    Examples
    --------
    >>> from bioplastic.plasticity import oja_rule, vogels_stdp
    >>> find_bounds(vogels_stdp())
    (0.0, 10.0)
    >>> find_bounds(oja_rule()) is None
    True
    """
    found: set[tuple[float, float]] = set()
    for slot in SLOTS:
        for statement in rule.statements(slot):
            if statement.target != "w":
                continue
            node = ast.parse(statement.expression, mode="eval").body
            clipped = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "clip"
            if not clipped or statement.op != "=":
                return None
            assert isinstance(node, ast.Call)
            names = {name: float(np.asarray(value)) for name, value in rule.parameters.items()}
            try:
                low, high = (
                    float(eval(ast.unparse(limit), {"__builtins__": {}, "inf": np.inf}, names))
                    for limit in node.args[1:]
                )
            except NameError:
                return None
            found.add((low, high))
    return found.pop() if len(found) == 1 else None


def read_all_names(expression: str) -> set[str]:
    """Return all names of an expression, functions included."""
    tree = ast.parse(expression, mode="eval")
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
