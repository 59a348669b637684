"""The conformance suite of plasticity rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import brian2 as b2
import numpy as np
from brian2.equations.equations import SUBEXPRESSION
from numpy.typing import NDArray

from bioplastic.conformance.bench import N_POST, N_PRE, Bench, Spikes, State, stored_names
from bioplastic.conformance.limits import find_bounds, find_learned, read_all_names
from bioplastic.conformance.report import CheckResult, ConformanceReport, RuleCheckError
from bioplastic.engine.compiler import CompilerError, find_compiler
from bioplastic.equations import suggest
from bioplastic.fields import checked, param
from bioplastic.plasticity.audit import Origin
from bioplastic.plasticity.interpreter import SynapseInterpreter
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.statements import SLOTS
from bioplastic.validation import check_choice

__all__ = ["CHECKS", "check_rule"]

#: The checks in the order in which they run.
CHECKS = (
    "silence",
    "simultaneous spikes",
    "bounds",
    "zero modulator",
    "reset",
    "time step",
    "dense and sparse",
    "numpy and C++",
)

_ROUNDING = 1e-9


class _NotApplicable(Exception):
    """Raised by a check that has nothing to check in a rule."""


@checked(dt=param(positive=True))
def check_rule(
    rule: PlasticityRule,
    *,
    learned: str | None = None,
    values: Mapping[str, Any] | None = None,
    silent_values: Mapping[str, Any] | None = None,
    weights: tuple[float, float] | None = None,
    bounds: tuple[float, float] | None = None,
    zero_modulator: Mapping[str, Any] | None = None,
    skip: Mapping[str, str] | None = None,
    dt: b2.Quantity = 0.5 * b2.ms,
    compiled: bool | None = None,
    raise_on_failure: bool = True,
) -> ConformanceReport:
    """Check that a rule does what the rule language promises.

    A network of three presynaptic and two postsynaptic cells plays spikes to the rule, on a dense
    and on a sparse projection at once.

    ``silence``
        Without spikes the weights do not change.
    ``simultaneous spikes``
        A pair inside one step is processed in the documented order (presynaptic pass first), by
        comparison with :class:`~bioplastic.plasticity.SynapseInterpreter`.
    ``bounds``
        Weights stay inside the limits of their ``clip``, under strong drive, from both limits.
    ``zero modulator``
        With all modulators at zero the weights do not change by a single bit.
    ``reset``
        The state holds every variable; the same state gives the same result; a run cut into two
        calls equals one call.
    ``time step``
        Halving the step changes the result less and less, or not at all.
    ``dense and sparse``
        Both projections end with the same numbers.
    ``numpy and C++``
        Stock Brian2 on numpy and the compiled program agree to rounding, in double precision.

    Parameters
    ----------
    rule : PlasticityRule
        The rule.
    learned : str, optional
        The variable of the synapse that the rule learns. By default ``w``, or the one stored
        variable that statements, normalisation or least squares write.
    values : mapping of str to Quantity or float, optional
        Variables of the neurons that the rule reads (``v_post``), scalar or one per cell (3
        presynaptic, 2 postsynaptic), constant during the run.
    silent_values : mapping, optional
        Other values of neuron variables for the check of silence, for rules that read activity
        from a variable (``x_pre``) and not from spikes.
    weights : (float, float), optional
        Range of the initial weights, in base units. By default the middle of the bounds, or 0.3
        to 0.7.
    bounds : (float, float), optional
        Limits of what is learned; read from the ``clip`` calls of the rule otherwise.
    zero_modulator : mapping, optional
        Parameters to change in the check of the same name, where the third factor has a constant
        part (``{"baseline": 0.0}``).
    skip : mapping of str to str, optional
        Checks that cannot hold for this rule, with the reason that the report shall give.
    dt : Quantity, default 0.5 ms
        Coarsest time step.
    compiled : bool, optional
        Whether to compile. By default the C++ target is checked if a compiler is found.
    raise_on_failure : bool, default True
        Whether to raise an error, or only to report.

    Returns
    -------
    ConformanceReport
        One result per check: passed, not applicable (with the reason) or failed.

    Raises
    ------
    RuleCheckError
        If a check failed; the error holds the report.
    CompilerError
        If ``compiled`` is True and there is no compiler.
    ValueError
        If a value for a neuron variable is missing or unknown, ``skip`` names no check, or it is
        not clear what the rule learns.

    Examples
    --------
    >>> from bioplastic.plasticity import pair_stdp
    >>> report = check_rule(pair_stdp(), compiled=False)
    >>> report.passed, report["zero modulator"].status
    (True, 'not applicable')
    """
    if not isinstance(rule, PlasticityRule):
        raise TypeError(f"check_rule.rule: must be a PlasticityRule, got {rule!r}")
    for name in skip or {}:
        check_choice("check_rule.skip", name, CHECKS)
    what = _choose_learned(rule, learned)
    watched = what or ("w" if "w" in rule.parse("synapse") else "")
    suite = _Suite(
        rule, watched, dict(values or {}), weights, bounds, dict(zero_modulator or {}), dt
    )
    silent = dict(silent_values or {})
    missing = suite.missing_from_state()
    actions: dict[str, Callable[[], str]] = {
        "silence": lambda: suite.silence(silent),
        "simultaneous spikes": suite.simultaneous_spikes,
        "bounds": suite.bounds,
        "zero modulator": suite.zero_modulator,
        "reset": suite.reset,
        "time step": suite.time_step,
        "dense and sparse": suite.dense_and_sparse,
        "numpy and C++": lambda: suite.numpy_and_cpp(compiled),
    }
    results = []
    for name in CHECKS:
        if skip and name in skip:
            results.append(CheckResult(name, "not applicable", skip[name]))
            continue
        if missing and name != "reset":
            text = f"the state lacks {missing[0]!r}"
            results.append(CheckResult(name, "not applicable", text))
            continue
        try:
            results.append(CheckResult(name, "passed", actions[name]()))
        except _NotApplicable as reason:
            results.append(CheckResult(name, "not applicable", str(reason)))
        except (AssertionError, FloatingPointError) as error:
            results.append(CheckResult(name, "failed", str(error)))
    report = ConformanceReport(rule.name, tuple(results), what)
    if raise_on_failure and not report.passed:
        raise RuleCheckError(report)
    return report


def _choose_learned(rule: PlasticityRule, given: str | None) -> str:
    """Return the variable that a rule learns, empty if it writes none."""
    synapse, found = rule.parse("synapse"), find_learned(rule)
    if given is not None:
        if given not in synapse or synapse[given].type == SUBEXPRESSION:
            raise ValueError(
                f"check_rule.learned: rule {rule.name!r} stores no synapse variable {given!r}"
                f"{suggest(given, synapse)}"
            )
        return given
    if len(found) > 1:
        raise ValueError(
            f"check_rule.learned: rule {rule.name!r} writes {', '.join(map(repr, found))}; "
            "say which of them it learns"
        )
    return found[0] if found else ""


class _Suite:
    """The checks of one rule; each returns what it found or raises."""

    def __init__(
        self,
        rule: PlasticityRule,
        learned: str,
        values: dict[str, Any],
        weights: tuple[float, float] | None,
        bounds: tuple[float, float] | None,
        zero: dict[str, Any],
        dt: b2.Quantity,
    ) -> None:
        self.rule = rule
        self.learned = learned
        self.values = values
        self.limits = bounds if bounds is not None else find_bounds(rule, learned)
        self.zero = zero
        interval = float(rule.interval) if rule.interval is not None else 0.0
        n_steps = round(max(40 * float(b2.ms), 2 * interval) / float(dt))
        self.bench = Bench(rule, values, dt, n_steps, learned)
        self.weights = self._make_weights(weights)
        statements = [s for slot in SLOTS for s in rule.statements(slot)]
        names = {name for s in statements for name in read_all_names(s.expression)}
        noise = rule.parse("synapse").stochastic_variables
        self.random = bool(noise or names & {"rand", "randn", "poisson", "binomial"})
        rng = np.random.default_rng(0)
        self.spikes = _random_spikes(rng, n_steps, count=4)
        self.storm = _random_spikes(rng, n_steps, count=n_steps // 2)

    def _make_weights(self, given: tuple[float, float] | None) -> NDArray[np.float64]:
        low, high = 0.3, 0.7
        if given is not None:
            low, high = given
        elif self.limits is not None and np.all(np.isfinite(self.limits)):
            span = self.limits[1] - self.limits[0]
            low, high = self.limits[0] + 0.3 * span, self.limits[0] + 0.7 * span
        weights = np.random.default_rng(1).uniform(low, high, (N_PRE, N_POST))
        scaling = self.rule.normalise
        if (
            scaling is not None
            and scaling.variable == self.learned
            and not isinstance(scaling.total, str)
        ):
            axis = 0 if scaling.over == "pre" else 1
            weights *= scaling.total / weights.sum(axis=axis, keepdims=True)
        return weights

    @property
    def _scale(self) -> float:
        return float(np.abs(self.weights).max()) or 1.0

    def _needs_weight(self) -> None:
        if not self.learned:
            raise _NotApplicable("the rule writes no variable of the synapse")

    def _compare(self, one: State, other: State, what: str) -> float:
        """Compare all stored variables of a rule between two states, same keys."""
        worst = 0.0
        for name in stored_names(self.rule):
            for kind in ("dense", "sparse"):
                a, b = one[f"{kind}.{name}"], other[f"{kind}.{name}"]
                scale = max(float(np.abs(a).max(initial=0.0)), 1e-30)
                error = float(np.abs(a - b).max(initial=0.0)) / scale
                worst = max(worst, error)
                assert error <= _ROUNDING, (
                    f"{what}: {name!r} differs by {error:.2g} of its size ({kind} projection)"
                )
        return worst

    def missing_from_state(self) -> list[str]:
        """Return the stored variables of the rule that a program does not give back."""
        state = self.bench.program().initial_state(seed=0)
        return [name for name in stored_names(self.rule) if f"dense.{name}" not in state]

    # ---- checks ----------------------------------------------------------------------------------

    def silence(self, values: Mapping[str, Any]) -> str:
        self._needs_weight()
        after = self.bench.run(self.bench.start(self.weights, values=values), Spikes())
        change = np.abs(after[f"dense.{self.learned}"] - self.weights).max()
        tolerance = 1e-12 * self._scale if self.rule.normalise is not None else 0.0
        assert change <= tolerance, (
            f"weights change by {change:.3g} in {self._duration} without a spike"
        )
        return f"no change in {self._duration} without a spike"

    @property
    def _duration(self) -> str:
        return f"{self.bench.n_steps * float(self.bench.dt) * 1e3:g} ms"

    def simultaneous_spikes(self) -> str:
        self._needs_weight()
        if self.random:
            raise _NotApplicable("the rule draws random numbers")
        sums = any(
            origin in {Origin.INPUTS, Origin.ELSEWHERE}
            for update in self.rule.audit().updates
            if update.slot != "normalise"
            for _, origin in update.reads
        )
        at_end = self.rule.normalise is not None and self.rule.normalise.when == "trial_end"
        if sums or at_end:
            raise _NotApplicable("the rule adds over synapses, which one synapse cannot show")
        step, split = 4, 4
        pair = Spikes(pre=((0, step),), post=((0, step),))
        state = self.bench.start(self.weights)
        found = float(self.bench.run(state, pair, split=split)[f"dense.{self.learned}"][0, 0])
        documented, other = (self._interpret(state, step, split, order) for order in (0, 1))
        distance = abs(documented - other)
        alike = distance <= _ROUNDING * self._scale
        moved = 0.01 * abs(documented - float(self.weights[0, 0]))
        tolerance = _ROUNDING * self._scale + (moved if alike else 0.05 * distance)
        assert abs(found - documented) <= tolerance, (
            f"presynaptic pass first gives {self.learned} = {documented:.9g}, the other order "
            f"{other:.9g}, the engine {found:.9g}"
        )
        text = f"{self.learned} = {found:.6g} as interpreted"
        if alike:
            return f"{text}; the order makes no difference to this rule"
        return f"{text}, the other order gives {other:.6g}"

    def _interpret(self, state: State, step: int, split: int, order: int) -> float:
        values: dict[str, Any] = {}
        for name in stored_names(self.rule):
            array = state[f"dense.{name}"]
            values[name] = float(array if array.ndim == 0 else array[(0,) * array.ndim])
        for name, value in self.values.items():
            values[name] = float(np.ravel(np.asarray(value))[0])
        dt = self.bench.dt
        synapse = SynapseInterpreter(self.rule, values, dt=dt / split)
        synapse.execute("on_trial_start")
        spike = [(step + 1) * dt]
        if order == 0:
            synapse.run(pre=spike, post=spike)
        else:
            synapse.run(post=spike)
            synapse.execute("on_pre")
        synapse.run(until=self.bench.n_steps * dt)
        synapse.execute("on_trial_end")
        return synapse.state[self.learned]

    def bounds(self) -> str:
        self._needs_weight()
        if self.limits is None:
            raise _NotApplicable(f"the rule does not clip {self.learned} to constant limits")
        if self.rule.normalise is not None:
            raise _NotApplicable("the normalisation rescales weights without clipping them")
        low, high = self.limits
        extremes = [v for v in (low, high) if np.isfinite(v)] or [float(self.weights.mean())]
        for start in [*extremes, float(self.weights.mean())]:
            for modulator in (50.0, -50.0):
                state = self.bench.start(np.full((N_PRE, N_POST), start), modulator)
                if "dense.eta" in state:
                    for kind in ("dense", "sparse"):
                        state[f"{kind}.eta"] = state[f"{kind}.eta"] * 100
                after = self.bench.run(state, self.storm)
                for kind in ("dense", "sparse"):
                    w = after[f"{kind}.{self.learned}"]
                    assert w.min() >= low, f"{self.learned} reaches {w.min():.6g}, below {low:g}"
                    assert w.max() <= high, f"{self.learned} reaches {w.max():.6g}, above {high:g}"
        return f"{self.learned} stays in [{low:g}, {high:g}]"

    def zero_modulator(self) -> str:
        self._needs_weight()
        if not self.bench.modulators:
            raise _NotApplicable("the rule has no modulator")
        bench = self.bench
        if self.zero:
            changed = self.rule.with_parameters(**self.zero)
            bench = Bench(changed, self.values, self.bench.dt, self.bench.n_steps, self.learned)
        after = bench.run(bench.start(self.weights, modulator=0.0), self.spikes)
        change = np.abs(after[f"dense.{self.learned}"] - self.weights).max()
        tolerance = 1e-12 * self._scale if self.rule.normalise is not None else 0.0
        assert change <= tolerance, f"weights change by {change:.3g} although modulators are zero"
        moved = bench.run(bench.start(self.weights), self.spikes)[f"dense.{self.learned}"]
        moves = np.abs(moved - self.weights).max()
        assert moves > 0, "weights do not change with modulators at one either"
        return f"no change at zero, {moves:.2g} at one"

    def reset(self) -> str:
        for name in self.missing_from_state():
            raise AssertionError(f"{name!r} is not part of the state")
        state = self.bench.start(self.weights)
        once = self.bench.run(state, self.spikes)
        self.bench.run(once, self.storm)
        again = self.bench.run(state, self.spikes)
        for key, value in once.items():
            assert np.array_equal(value, again[key]), f"{key!r} differs after a reset"
        both = self.bench.run(state, self.spikes, trials=2)
        cut = self.bench.run(once, self.spikes)
        for key, value in both.items():
            assert np.array_equal(value, cut[key]), f"{key!r} differs if a run is cut in two"
        return "the same state gives the same bits, in one call or two"

    def time_step(self) -> str:
        self._needs_weight()
        if self.random:
            raise _NotApplicable("the rule draws random numbers")
        state = self.bench.start(self.weights)
        w = [
            self.bench.run(state, self.spikes, split=split)[f"dense.{self.learned}"]
            for split in (1, 2, 4)
        ]
        first, second = (float(np.abs(w[k + 1] - w[k]).max()) for k in (0, 1))
        text = f"halving the step twice changes {self.learned} by {first:.2g} and {second:.2g}"
        assert second <= max(0.75 * first, _ROUNDING * self._scale), (
            f"{text}; an update in 'every' without an interval must be proportional to dt"
        )
        return text

    def dense_and_sparse(self) -> str:
        if self.random:
            raise _NotApplicable("the rule draws random numbers, other ones on each projection")
        after = self.bench.run(self.bench.start(self.weights), self.spikes)
        worst = 0.0
        for name in stored_names(self.rule):
            one, other = after[f"dense.{name}"].ravel(), after[f"sparse.{name}"].ravel()
            scale = max(float(np.abs(one).max(initial=0.0)), 1e-30)
            error = float(np.abs(one - other).max(initial=0.0)) / scale
            worst = max(worst, error)
            assert error <= _ROUNDING, f"{name!r} differs by {error:.2g} of its size"
        return f"largest relative difference {worst:.1g}"

    def numpy_and_cpp(self, compiled: bool | None) -> str:
        if compiled is False:
            raise _NotApplicable("not asked for")
        if self.random:
            raise _NotApplicable("the rule draws random numbers, other ones on each target")
        try:
            find_compiler()
        except CompilerError as error:
            if compiled:
                raise
            reason = str(error).splitlines()[0]
            raise _NotApplicable(f"no C++ compiler: {reason}") from error
        try:
            self.bench.program("cpp")
        except CompilerError as error:
            raise AssertionError(str(error)) from error
        state = self.bench.start(self.weights)
        worst = 0.0
        for spikes in (self.spikes, self.storm):
            one, other = (self.bench.run(state, spikes, target=t) for t in ("numpy", "cpp"))
            worst = max(worst, self._compare(one, other, "numpy and C++"))
        return f"largest relative difference {worst:.1g}"


def _random_spikes(rng: np.random.Generator, n_steps: int, count: int) -> Spikes:
    """Draw distinct steps for every cell, with one simultaneous pair of the first cells."""
    sides = []
    for n in (N_PRE, N_POST):
        pairs = {(0, n_steps // 2)}
        for cell in range(n):
            pairs |= {(cell, int(k)) for k in rng.choice(np.arange(1, n_steps), count, False)}
        sides.append(tuple(sorted(pairs)))
    return Spikes(*sides)
