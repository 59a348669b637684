"""Integration of one time step: exact decays beside any other method.

Synaptic conductances and plasticity traces decay exponentially. :class:`StepMethod` multiplies
them by ``exp(-dt/tau)`` and hands every other equation to a Brian2 state-update method. Right-hand
sides see the values at the beginning of the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import brian2 as b2
from brian2.core.variables import Constant
from brian2.equations.codestrings import Expression
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SingleEquation
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException

from bioplastic.equations import parse_statements, read_names, solve_decay
from bioplastic.linear import constant_value, solve_linear

__all__ = ["METHODS", "StepMethod", "check_noise", "euler_decay"]

#: Names a model may give as its method.
METHODS = (
    "euler+decay",
    "euler",
    "exact",
    "linear",
    "exponential_euler",
    "rk2",
    "rk4",
    "heun",
    "milstein",
)


_NOISY = {"additive": ("euler", "euler+decay", "heun", "milstein"), None: METHODS}


def check_noise(place: str, method: str, equations: b2.Equations) -> None:
    """Check that a method can integrate the noise of equations.

    Raises
    ------
    ValueError
        If it cannot, naming methods that can.
    """
    kind = equations.stochastic_type
    suitable = _NOISY.get(kind, ("heun", "milstein"))
    if method not in suitable:
        raise ValueError(
            f"{place}: {method!r} cannot integrate {kind} noise, use one of {', '.join(suitable)}"
        )


#: Methods that divide by the coefficient of a variable.
_DIVIDING = ("exact", "linear", "exponential_euler")


@dataclass(frozen=True)
class StepMethod:
    """A Brian2 state-update method: a base method, exact decays, and statements after them.

    Parameters
    ----------
    base : str, default "euler"
        Brian2 method for the equations that are no exact decays.
    detect : bool, default True
        Whether decays are looked for among all equations (``euler+decay``). Otherwise only
        ``traces`` are, and everything else belongs to ``base``.
    traces : frozenset of str, default empty
        Variables that plasticity rules put on the neuron. Pure decays among them are exact,
        the others use forward Euler, whatever ``base`` is.
    update : str, default ""
        Statements executed after the integration in the same loop.

    Notes
    -----
    An equation is a decay if it has the form ``dx/dt = k*x + c`` where ``k`` and ``c`` do not
    change during the step. Equations marked ``(unless refractory)`` depend on the state of the
    neuron and always belong to ``base``.

    Raises
    ------
    ValueError
        When called with equations the base method cannot integrate, for example multiplicative
        noise under ``euler``.

    Examples
    --------
    >>> from brian2 import Equations
    >>> equations = Equations('''dv/dt = (g - v)/tau_m : 1
    ...                          dg/dt = -g/tau_g : 1''')
    >>> print(StepMethod()(equations))
    _v = dt*(g - v)/tau_m + v
    v = _v
    g = g*exp(-dt/tau_g)
    """

    base: str = "euler"
    detect: bool = True
    traces: frozenset[str] = frozenset()
    update: str = ""

    def __call__(
        self,
        equations: b2.Equations,
        variables: dict[str, Any] | None = None,
        method_options: dict[str, Any] | None = None,
    ) -> str:
        """Return the abstract code of one step."""
        substituted = {
            name: expression.code
            for name, expression in equations.get_substituted_expressions(variables)
        }
        moving = set(equations.diff_eq_names) | set(equations.stochastic_variables)
        moving.add("not_refractory")
        constants = None
        if variables is not None:
            constants = [
                name
                for name, variable in variables.items()
                if isinstance(variable, Constant) or name == "dt"
            ]
        before: list[str] = []
        decays: list[str] = []
        done: set[str] = set()
        for name in equations.diff_eq_names:
            trace = name in self.traces
            if not (self.detect or trace):
                continue
            solution = solve_decay(name, substituted[name], moving, constants)
            if solution is not None and solution[1] is not None:
                if constant_value(solution[0], variables or {}) == 0:
                    solution = None  # no decay but a drift, which Euler solves exactly
            if solution is not None:
                decays.append(_decay_statement(name, *solution))
                done.add(name)
            elif trace and not read_names(substituted[name]) & equations.stochastic_variables:
                before.append(f"_new_{name} = {name} + dt*({substituted[name]})")
                decays.insert(0, f"{name} = _new_{name}")
                done.add(name)
        rest = b2.Equations(
            [
                _drop_refractory_factor(equation) if self.base in _DIVIDING else equation
                for equation in equations.values()
                if equation.type != DIFFERENTIAL_EQUATION or equation.varname not in done
            ]
        )
        integrated = self._integrate(rest, variables, method_options)
        if self.base in ("exact", "linear"):
            integrated = _hold_frozen(integrated, rest, variables)
        update = [
            f"{target} {operator} {expression}"
            for target, operator, expression in parse_statements("update", self.update)
        ]
        return "\n".join([*before, *([integrated] if integrated else []), *decays, *update])

    def _integrate(
        self,
        equations: b2.Equations,
        variables: dict[str, Any] | None,
        method_options: dict[str, Any] | None,
    ) -> str:
        if not equations.diff_eq_names:
            return ""
        method = StateUpdateMethod.stateupdaters[self.base]
        try:
            if self.base in ("exact", "linear") and not equations.is_stochastic:
                return solve_linear(equations, variables)
            code = method(equations, variables, method_options)
        except UnsupportedEquationsException as error:
            raise ValueError(
                f"method {self.base!r} cannot integrate {sorted(equations.diff_eq_names)}: {error}"
            ) from error
        return str(code)


def _drop_refractory_factor(equation: SingleEquation) -> SingleEquation:
    """Remove the factor ``int(not_refractory)`` that Brian2 puts before a right-hand side.

    Brian2 does not write these variables while the neuron is refractory, but methods that divide by
    the coefficient of the variable would divide by zero. Methods with stages keep the factor, or
    other variables would see this one move within the step.
    """
    factor = "int(not_refractory)*("
    if "unless refractory" not in equation.flags or not equation.expr.code.startswith(factor):
        return equation
    return SingleEquation(
        equation.type,
        equation.varname,
        equation.dim,
        var_type=equation.var_type,
        expr=Expression(equation.expr.code[len(factor) : -1]),
        flags=equation.flags,
    )


def _hold_frozen(code: str, equations: b2.Equations, variables: dict[str, Any] | None) -> str:
    """Let variables of refractory cells that are not frozen see the frozen ones stand still."""
    frozen = {n for n, e in equations.items() if "unless refractory" in e.flags}
    right = dict(equations.get_substituted_expressions(variables))
    seeing: set[str] = set()
    for _ in right:
        seeing |= {n for n, e in right.items() if read_names(e.code) & (frozen | seeing)} - frozen
    if not seeing:
        return code
    still = b2.Equations(
        [
            SingleEquation(PARAMETER, e.varname, e.dim, var_type=e.var_type) if n in frozen else e
            for n, e in equations.items()
        ]
    )
    lines = code.splitlines()
    for name in sorted(seeing):
        lines.remove(f"{name} = _{name}")
        held = f"(1 - int(not_refractory))*_still_{name}"
        lines.append(f"{name} = int(not_refractory)*_{name} + {held}")
    solved = [line.split(" = ", 1) for line in solve_linear(still, variables).splitlines()]
    before = [f"_still{name} = {text}" for name, text in solved if name[1:] in seeing]
    return "\n".join([*before, *lines])


def _decay_statement(name: str, rate: str, target: str | None) -> str:
    exponent = sympy_to_str(str_to_sympy(f"dt*({rate})"))
    if target is None:
        return f"{name} = {name}*exp({exponent})"
    return f"{name} = ({target}) + ({name} - ({target}))*exp({exponent})"


#: Forward Euler with exact decays, usable as ``NeuronGroup(..., method=euler_decay)``.
euler_decay = StepMethod()
