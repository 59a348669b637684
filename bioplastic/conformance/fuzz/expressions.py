"""Random expressions and assignments over given names, with units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["BAD_NAMES", "Grammar"]

#: Names that mean something to Python, C++, its libraries, SymPy, Brian2 or the engine.
BAD_NAMES = tuple(
    "union double register auto template bool char signed volatile mutable operator friend delete "
    "inline export namespace virtual wchar_t xor bitand NAN EOF M_PI RAND_MAX NULL INFINITY BUFSIZ "
    "errno assert HUGE_VAL OVERFLOW DOMAIN linux unix stdin lambda None self in is class async "
    "N i j t dt N_pre N_post N_incoming xi lastspike not_refractory lastupdate _idx rand pi e inf "
    "msecond second volt mV Hz S E I Q O beta gamma zeta Symbol oo Abs re im state clock step "
    "trial n k key value counts w_ this input output std size_t int32_t uint64_t float32 spike "
    "_spikespace _n _vectorisation_idx n_steps seed sample j1 y0 jn gamma_ fma erf "
    "main abs_ tau".split()
)

_ONE = (
    "({a} + {b})", "({a} - {b})", "{a}*{b}", "{a}/(0.5 + abs({b}))", "-{a}", "abs({a})",
    "exp(-abs({a}))", "exp(clip({a}, -2, 2))", "clip({a}, -1, 0.5)", "clip({a}, 0, 2)",
    "sqrt(abs({a}))", "log(abs({a}) + 0.5)", "log10(abs({a}) + 1)", "log1p(abs({a}))",
    "expm1(clip({a}, -1, 1))", "exprel(clip({a}, -1, 1))", "sin({a})", "cos({a})", "tan(tanh({a}))",
    "tanh({a})", "arctan({a})", "arcsin(tanh({a}))", "sinh(tanh({a}))", "cosh(tanh({a}))",
    "sign({a})", "floor(3*{a})", "ceil(3*{a})", "int(3*{a})", "int({a} > {b})",
    "int({a} > {b} and not {a} < 0.3)", "int({a} >= 0.2 or {b} <= 0.4)", "({a} % 0.7)",
    "({a})**2", "({a})**3", "(abs({a}) + 0.5)**-1", "(abs({a}) + 0.5)**-2", "abs({a})**0.5",
    "(abs({a}) + 0.1)**tanh({b})", "1/(1 + exp(-{a}))", "({a} - {b})*{a}", "2**tanh({a})",
)  # fmt: skip
_INDEX = (
    "(i + 2)**-1", "2**(j - 3)", "clip(j, 0, 0.5)", "i/2", "i*j", "(i + 1)//2", "i % 2", "(j - 3)",
    "int(i == j)", "int(i > j)", "(j + 1)**2", "sqrt(i)", "exp(-j)", "abs(j - 2)", "1/(i + 1)",
    "10**-(j + 1)", "tanh(i - j)", "i/(j + 2)", "3/(2 + i)", "(i - 1)/2", "-i/3", "sign(j - 1)",
    "clip(i, 0.25, 1.5)", "N_pre/N_post", "1/N_pre", "0.1*N_incoming", "N_outgoing/3", "2**-i",
)  # fmt: skip
_NUMBER = ("1", "2", "3", "0", "0.5", "1e-2", "10**-3", "2**-1", "1/3", "3/2", "0.25", "-1", "5/10",
           "2**3", "7//2", "10**10*1e-10", "pi", "e/3", "0.1**2")  # fmt: skip
_TIME = ("sin(t/ms)", "t/second", "exp(-t/(20*ms))", "dt/(5*ms)", "int(t > 20*ms)", "dt/ms")
_STRANGE = (
    "({a} > {b})",
    "({a} & 1)",
    "({a}^2)",
    "({a} << 1)",
    "int({a} > 0.1 & {b} < 3)",
    "({a} if {b} else 1)",
    "max({a}, {b})",
    "{a} @ {b}",
    "int(0 < {a} < 1)",
    "foo({a})",
)
_VOLT = (
    "clip({u}, -10*mV, 20*mV)", "({u} + {v})", "({u} - {v})", "abs({u})", "{a}*({u})", "({a})*mV",
    "-({u})", "sqrt(({u})**2)", "({u})*int({a} > {b})", "({u})/(1 + abs({a}))", "({u})/2",
    "1e-3*({a})*volt",
)  # fmt: skip


@dataclass
class Grammar:
    """What an expression may be made of at one place.

    Parameters
    ----------
    rng : Generator
        Where the choices come from.
    names : mapping of str to str
        Variables and parameters, each ``"1"`` or ``"volt"``.
    index, time : bool
        Whether ``i``, ``j``, ``N_pre``, ...; ``t`` and ``dt`` may be read.
    strange : float
        Share of things that are not in the language.
    """

    rng: np.random.Generator
    names: Mapping[str, str]
    index: bool = False
    time: bool = False
    strange: float = 0.0

    def pick(self, choices: Sequence[str]) -> str:
        """Return one of the choices."""
        return choices[int(self.rng.integers(len(choices)))]

    def _named(self, unit: str) -> list[str]:
        return [name for name, own in self.names.items() if own == unit]

    def one(self, depth: int = 2) -> str:
        """Return an expression without a unit."""
        draw = self.rng.random()
        if draw < self.strange:
            return self._fill(self.pick(_STRANGE), depth)
        if depth <= 0 or draw < 0.25:
            return self._leaf()
        return self._fill(self.pick(_ONE), depth)

    def _leaf(self) -> str:
        draw, ones, volts = self.rng.random(), self._named("1"), self._named("volt")
        if draw < 0.12 and self.index:
            return f"({self.pick(_INDEX)})"
        if draw < 0.17 and self.time:
            return self.pick(_TIME)
        if draw < 0.30 and volts:
            return f"({self.pick(volts)}/(7*mV))"
        if draw < 0.80 and ones:
            return self.pick(ones)
        return f"({self.pick(_NUMBER)})" if draw < 0.95 else f"{self.rng.uniform(0.1, 2):.3g}"

    def volt(self, depth: int = 2) -> str:
        """Return an expression in volt."""
        volts = self._named("volt")
        if depth <= 0 or self.rng.random() < 0.3:
            return self.pick(volts) if volts else "3*mV"
        return self._fill(self.pick(_VOLT), depth)

    def _fill(self, form: str, depth: int) -> str:
        parts = {name: self.one(depth - 1) for name in "ab" if f"{{{name}}}" in form}
        parts |= {name: self.volt(depth - 1) for name in "uv" if f"{{{name}}}" in form}
        return form.format(**parts)

    def assign(self, target: str, unit: str, operators: Sequence[str] = ("=", "+=", "*=")) -> str:
        """Return a statement that changes ``target`` and cannot make it grow without bound."""
        operator = self.pick(operators)
        depth = int(self.rng.integers(0, 4))
        if operator in ("*=", "/="):
            factor = f"exp(-abs({self.one(depth - 1)}))"
            if operator == "*=":
                return f"{target} *= {self.pick((factor, f'1 - {factor}', f'0.5 + 0.5*{factor}'))}"
            return f"{target} /= {self.pick((f'(1 + {factor})', f'1 + {factor}', '2'))}"
        if unit == "volt":
            value = f"clip({self.volt(depth)}, -20*mV, 20*mV)"
            return f"{target} {operator} {value}" + ("" if operator == "=" else "/5")
        value = self.one(depth)
        forms = (
            "clip({0}, -1, 2)", "tanh({0})", "({0})/(1 + abs({0}))", "{0}*exp(-abs({0}))",
            "0.1 - tanh({0})", "cos({0}) + 0.2",
        )  # fmt: skip
        bounded = self.pick(forms).format(value)
        if operator == "=":
            if target in self.names and self.rng.random() < 0.5:
                return f"{target} = clip({target} + 0.3*({bounded}), -1, 2)"
            return f"{target} = {bounded}"
        return f"{target} {operator} {bounded}"
