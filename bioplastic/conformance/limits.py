"""What the text of a rule says about the limits of its weights."""

from __future__ import annotations

import ast

import numpy as np
from brian2.equations.equations import PARAMETER

from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.statements import SLOTS

__all__ = ["find_bounds", "find_learned", "read_all_names"]


def find_learned(rule: PlasticityRule) -> tuple[str, ...]:
    """Return the variables of a synapse that a rule may be said to learn.

    ``w`` if the rule has one and writes it; otherwise every stored variable, no equation of its own
    and not shared, that statements, normalisation or least squares write.

    Examples
    --------
    >>> from bioplastic.plasticity import PlasticityRule, pair_stdp
    >>> find_learned(pair_stdp())
    ('w',)
    >>> find_learned(PlasticityRule(name="r", synapse="rho : 1", on_post="rho += 1"))
    ('rho',)
    """
    written = {statement.target for slot in SLOTS for statement in rule.statements(slot)}
    written |= {part.variable for part in (rule.normalise, rule.least_squares) if part is not None}
    found = tuple(
        name
        for name, equation in rule.parse("synapse").items()
        if equation.type == PARAMETER and "shared" not in equation.flags and name in written
    )
    return ("w",) if "w" in found else found


def find_bounds(rule: PlasticityRule, learned: str = "w") -> tuple[float, float] | None:
    """Return the limits of what is learned, if all statements that write it clip it to the same.

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
            if statement.target != learned:
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
