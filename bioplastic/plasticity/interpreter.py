"""One synapse, interpreted from the equation strings of its rule in plain floating point.

Spike times are exact, not rounded to a grid, and linear equations are solved exactly between
events. It is slow and independent of Brian2's code generation, hence a good second opinion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any

import brian2 as b2
import numpy as np
import numpy.typing as npt
import sympy
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from bioplastic.equations import suggest
from bioplastic.plasticity.data import RuleData
from bioplastic.validation import check_flag, check_integer, check_quantity

__all__ = ["SynapseInterpreter"]

Array = npt.NDArray[np.float64]

#: Events closer than this, in seconds, happen together.
_SAME_TIME = 1e-12


class SynapseInterpreter:
    """Run one synapse of a rule through spikes and waiting times.

    Parameters
    ----------
    rule : PlasticityRule
        The rule. Its normalisation, which needs the other synapses of the cell, is left out.
    values : mapping of str to Quantity or float, optional
        Start values of synapse variables, traces, modulators and variables of neurons (such as
        ``v_post``, held constant unless written). Variables not given start at the rule's initial
        value if that is a scalar; traces otherwise at their resting value, modulators at one,
        everything else at zero.
    rest : bool, default False
        Start traces at their resting value even if the rule has an initial one.
    dt : Quantity, default 0.1 ms
        Period of ``every`` where the rule has no interval, and the value of ``dt``.
    seed : int, default 0
        For rules with random numbers.

    Raises
    ------
    ValueError
        If a value for an unknown variable is given, or a neuron variable that the rule reads has
        none.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.plasticity import symmetric_stdp
    >>> synapse = SynapseInterpreter(symmetric_stdp(), {"w": 0.5}, rest=True)
    >>> synapse.run(pre=[0 * ms], post=[20 * ms])
    >>> round(synapse.state["w"], 9) == round(0.5 + 0.005 * 0.1 * math.exp(-1), 9)
    True
    """

    def __init__(
        self,
        rule: RuleData,
        values: Mapping[str, Any] | None = None,
        *,
        rest: bool = False,
        dt: b2.Quantity = 0.1 * b2.ms,
        seed: int = 0,
    ) -> None:
        if not isinstance(rule, RuleData):
            raise TypeError(f"SynapseInterpreter.rule: must be a PlasticityRule, got {rule!r}")
        check_flag("SynapseInterpreter.rest", rest)
        check_integer("SynapseInterpreter.seed", seed, minimum=0)
        self.rule = rule
        self.dt = float(check_quantity("SynapseInterpreter.dt", dt, b2.second, positive=True))
        self.time = 0.0
        self._names = _make_namespace(rule, self.dt, np.random.default_rng(seed))
        self._code: dict[str, CodeType] = {}
        self._subexpressions: dict[str, str] = {}
        self._right: dict[str, sympy.Expr] = {}
        self._read_equations()
        self.state: dict[str, float] = self._start(dict(values or {}), rest)
        self._system = self._linearise()
        self._propagators: dict[float, tuple[tuple[float, ...], Array]] = {}
        self._next_clock = int(self.rule.interval_at == "end")

    def run(
        self,
        pre: Iterable[b2.Quantity] = (),
        post: Iterable[b2.Quantity] = (),
        until: b2.Quantity | None = None,
    ) -> None:
        """Go through spikes, in the order a time step has.

        Parameters
        ----------
        pre, post : iterable of Quantity
            Spike times, not before the present :attr:`time`.
        until : Quantity, optional
            Time at which to stop; the last spike otherwise.

        Raises
        ------
        ValueError
            If a spike lies in the past.
        """
        before, after = (sorted(float(time) for time in times) for times in (pre, post))
        stop = max([float(until) if until is not None else self.time, *before, *after])
        if min([*before, *after, self.time]) < self.time - _SAME_TIME:
            raise ValueError(f"SynapseInterpreter.run: spike before the present, {self.time:g} s")
        for time in _distinct(before + after):
            self._advance_to(time, clock_at_end=False)
            if any(abs(time - spike) <= _SAME_TIME for spike in before):
                self.execute("on_pre")
            if any(abs(time - spike) <= _SAME_TIME for spike in after):
                self.execute("on_post")
        self._advance_to(stop, clock_at_end=self.rule.interval_at == "end")

    def execute(self, slot: str) -> None:
        """Execute the statements of a slot once."""
        for statement in self.rule.statements(slot):
            value = self.evaluate(statement.expression)
            old = self.state.get(statement.target, 0.0)
            self.state[statement.target] = {
                "=": lambda old, value: value,
                "+=": lambda old, value: old + value,
                "-=": lambda old, value: old - value,
                "*=": lambda old, value: old * value,
                "/=": lambda old, value: old / value,
            }[statement.op](old, value)

    def evaluate(self, expression: str) -> float:
        """Return the value of an expression in SI base units."""
        if expression not in self._code:
            self._code[expression] = compile(expression, "<rule>", "eval")
        names: dict[str, Any] = {**self.state, "t": self.time}
        for name, code in self._subexpressions.items():
            names[name] = eval(code, self._names, names)
        try:
            return float(eval(self._code[expression], self._names, names))
        except ArithmeticError:  # Python raises where numpy and C++ give an infinity
            real = {key: np.float64(v) if isinstance(v, float) else v for key, v in names.items()}
            return float(eval(self._code[expression], self._names, real))
        except NameError as error:
            raise ValueError(
                f"PlasticityRule {self.rule.name!r}: {expression!r} needs a value: {error}"
            ) from error

    def _read_equations(self) -> None:
        if self.rule.parse("synapse").is_stochastic:
            raise ValueError(
                f"SynapseInterpreter.rule: {self.rule.name!r} has noise in its equations, which "
                "this solves without steps; run it in a network"
            )
        for slot in ("pre", "post", "modulators", "synapse"):
            equations = self.rule.parse(slot)
            for name, equation in equations.items():
                if equation.type == SUBEXPRESSION:
                    self._subexpressions[name] = equation.expr.code
        for slot in ("pre", "post", "modulators", "synapse"):
            for name, equation in self.rule.parse(slot).items():
                if equation.type == DIFFERENTIAL_EQUATION:
                    right = str_to_sympy(equation.expr.code)
                    for _ in self._subexpressions:
                        right = right.subs(
                            {
                                sympy.Symbol(sub, real=True): str_to_sympy(code)
                                for sub, code in self._subexpressions.items()
                            }
                        )
                    self._right[name] = right

    def _start(self, values: dict[str, Any], rest: bool) -> dict[str, float]:
        rule = self.rule
        state: dict[str, float] = {}
        traces: list[str] = []
        for slot in ("synapse", "modulators", "pre", "post"):
            for name, equation in rule.parse(slot).items():
                if equation.type == SUBEXPRESSION:
                    continue
                initial = rule.initial.get(name)
                scalar = initial is not None and not callable(initial) and np.ndim(initial) == 0
                state[name] = float(np.asarray(initial)) if scalar else float(slot == "modulators")
                if slot in {"pre", "post"} and name in self._right and (rest or not scalar):
                    traces.append(name)
        needed = rule.neuron_variables
        for name, value in values.items():
            if name not in state and name not in needed:
                raise ValueError(
                    f"PlasticityRule {rule.name!r}: unknown variable {name!r}"
                    f"{suggest(name, {*state, *needed})}"
                )
            state[name] = float(np.asarray(value))
        slots = ("on_pre", "on_post", "every")
        written = {statement.target for slot in slots for statement in rule.statements(slot)}
        for name in sorted(needed - set(state)):
            if name not in written:
                raise ValueError(
                    f"PlasticityRule {rule.name!r}: give a value for the neuron variable {name!r}"
                )
            state[name] = 0.0
        self.state = state
        for name in traces:
            if name not in values:
                state[name] = self._resting_value(name)
        return state

    def _resting_value(self, name: str) -> float:
        symbol = sympy.Symbol(name, real=True)
        right = self._right[name]
        if right.has(sympy.core.relational.Relational):
            return self.state[name]
        rate = sympy.diff(right, symbol)
        if rate == 0 or rate.has(symbol):
            return self.state[name]
        offset = right.subs(symbol, 0)
        others = {sympy.Symbol(other, real=True): 0 for other in self._right if other != name}
        return -self.evaluate(sympy_to_str(offset.subs(others))) / self.evaluate(
            sympy_to_str(rate.subs(others))
        )

    def _linearise(self) -> tuple[list[list[str]], list[str]] | None:
        """Return coefficients of ``dx/dt = M x + b`` as expressions, None if it is not linear."""
        symbols = [sympy.Symbol(name, real=True) for name in self._right]
        matrix: list[list[str]] = []
        offset: list[str] = []
        for right in self._right.values():
            if right.has(sympy.core.relational.Relational):
                return None
            row = [sympy.diff(right, symbol) for symbol in symbols]
            zero = right.subs(dict.fromkeys(symbols, 0))
            names = {symbol.name for entry in [*row, zero] for symbol in entry.free_symbols}
            if names & {*self._right, "t"}:
                return None
            matrix.append([sympy_to_str(entry) for entry in row])
            offset.append(sympy_to_str(zero))
        return matrix, offset

    def _advance_to(self, time: float, *, clock_at_end: bool) -> None:
        """Integrate up to ``time``, with the clocked updates on the way."""
        period = float(self.rule.interval) if self.rule.interval is not None else self.dt
        if self.rule.every:
            slack = _SAME_TIME if clock_at_end else -_SAME_TIME
            while self._next_clock * period <= time + slack:
                self._integrate(self._next_clock * period - self.time)
                self.execute("every")
                self._next_clock += 1
        self._integrate(time - self.time)

    def _integrate(self, duration: float) -> None:
        names = list(self._right)
        if duration > 0 and names:
            start = np.array([self.state[name] for name in names])
            if self._system is not None:
                end = (self._propagator(duration) @ np.append(start, 1.0))[:-1]
            else:
                end = self._solve(names, start, duration)
            self.state.update(zip(names, end.tolist(), strict=True))
        self.time += max(duration, 0.0)

    def _propagator(self, duration: float) -> Array:
        assert self._system is not None
        matrix, offset = self._system
        entries = [self.evaluate(entry) for row in matrix for entry in row]
        constant = [self.evaluate(entry) for entry in offset]
        key = tuple(entries + constant)
        known = self._propagators.get(duration)
        if known is not None and known[0] == key:
            return known[1]
        size = len(offset)
        system = np.zeros((size + 1, size + 1))
        system[:size, :size] = np.reshape(entries, (size, size))
        system[:size, size] = constant
        if not np.any(system - np.diag(np.diag(system))):
            result = np.diag(np.exp(np.diag(system) * duration))
        else:
            result = np.asarray(expm(system * duration), dtype=float)
        self._propagators[duration] = (key, result)
        return result

    def _solve(self, names: list[str], start: Array, duration: float) -> Array:
        code = [sympy_to_str(self._right[name]) for name in names]

        def change(_: float, values: Array) -> list[float]:
            self.state.update(zip(names, values.tolist(), strict=True))
            return [self.evaluate(entry) for entry in code]

        solution = solve_ivp(change, (0.0, duration), start, rtol=1e-10, atol=1e-14)
        return np.asarray(solution.y[:, -1], dtype=float)


def _make_namespace(rule: RuleData, dt: float, rng: np.random.Generator) -> dict[str, Any]:
    names: dict[str, Any] = {name: float(unit) for name, unit in DEFAULT_UNITS.items()}
    names.update({name: constant.value for name, constant in DEFAULT_CONSTANTS.items()})
    names.update({name: function.pyfunc for name, function in DEFAULT_FUNCTIONS.items()})
    names.update({"rand": rng.random, "randn": rng.standard_normal, "poisson": rng.poisson})
    names["dt"] = dt
    names.update({"int": int, "abs": abs, "clip": lambda x, low, high: min(max(x, low), high)})
    names.update({name: float(np.asarray(value)) for name, value in rule.parameters.items()})
    names.update({"i": 0, "j": 0, "True": True, "False": False})
    names["__builtins__"] = {}
    names.update(dict.fromkeys(("N_pre", "N_post", "N_incoming", "N_outgoing"), 1))
    return names


def _distinct(times: list[float]) -> list[float]:
    distinct: list[float] = []
    for time in sorted(times):
        if not distinct or not math.isclose(time, distinct[-1], rel_tol=0, abs_tol=_SAME_TIME):
            distinct.append(time)
    return distinct
