"""What single precision cannot keep: decays so slow that a step of them is rounded away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import brian2 as b2
import numpy as np
from brian2.core.functions import DEFAULT_CONSTANTS
from brian2.core.namespace import DEFAULT_UNITS

from bioplastic.engine.plan import Plan
from bioplastic.equations import solve_decay

__all__ = ["constant_rate", "slow_decays"]

#: Half a unit in the last place of a number near one: what a stored decay per step is wrong by.
_ROUNDING = 2.0**-25

#: Largest relative error of a rate that is accepted.
_TOLERANCE = 0.01


def slow_decays(plan: Plan) -> Iterator[str]:
    """Yield a sentence for every variable whose decay single precision gets wrong.

    A step multiplies the variable by ``exp(-dt/tau)``, stored with an error of 3e-8, so the rate is
    wrong by the share ``3e-8 tau/dt``: 1 % where tau is 335,000 steps, and from 30 million steps on
    nothing decays at all. Event-driven equations take long steps and are not concerned.
    """
    if plan.dtype != np.float32:
        return
    owners = [*plan.groups.items(), *plan.modulators.items(), *plan.synapses.items()]
    for name, group in owners:
        if not group.equations.diff_eq_names:
            continue
        for variable, expression in group.equations.get_substituted_expressions(group.variables):
            stored = group.variables[variable]
            if stored.dtype != np.float32:
                continue
            rate = constant_rate(variable, expression.code, group)
            share = _ROUNDING / abs(rate * float(plan.clock.dt)) if rate else 0.0
            if share > _TOLERANCE:
                time = b2.Quantity(1 / abs(rate), dim=b2.second.dim)
                lost = "is lost" if share >= 0.5 else f"is wrong by up to {share:.0%}"
                yield (
                    f"{name}.{variable} decays with {time} in steps of {plan.clock.dt}: in float32 "
                    f"the decay {lost}; use dtype='float64', or decay it once per trial"
                )


def constant_rate(variable: str, expression: str, group: Any) -> float:
    """Return the constant rate of a decay per second, 0 if there is none."""
    moving = {name for name in group.equations.diff_eq_names if name != variable}
    found = solve_decay(variable, expression, moving)
    if found is None:
        return 0.0
    constants = {name: constant.value for name, constant in DEFAULT_CONSTANTS.items()}
    named = {**DEFAULT_UNITS, **constants, **(group.namespace or {})}
    values = {name: float(np.asarray(value)) for name, value in named.items()}
    try:
        return float(eval(found[0], {"__builtins__": {}}, values))
    except (NameError, TypeError):  # the rate differs between cells, or changes
        return 0.0
