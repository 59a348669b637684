"""Recursive least squares inside the engine: against ridge regression and plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from brian2 import ms
from sklearn.linear_model import Ridge

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    StateRecord,
    Trial,
)
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import LeastSquares, PlasticityRule, RecursiveLeastSquares, rls_rule
from bioplastic.signals import AnalogueSource

N, M, STEPS = 21, 2, 37  # more updates than are collected, and a remainder
OUT = NeuronModel(name="out", equations="z : 1")


def readout(*, target: str = "cpp", dtype: str = "float64", n: int = N, **rule: Any) -> Program:
    """A linear read-out of a given signal, with a given target."""
    spec = NetworkSpec(
        populations=[
            AnalogueSource(name="signal", n=n, variable="r", dtype="float64"),
            AnalogueSource(name="teacher", n=M, dtype="float64"),
            Population(name="out", n=M, model=OUT),
        ],
        projections=[
            DenseProjection(
                name="read",
                source="signal",
                target="out",
                rule=rls_rule(**rule),
                summed="z_post = w*r_pre",
                summed_when="after",
                modulators={"target_post": ("teacher", "x")},
            )
        ],
        trial=Trial(duration=STEPS * ms),
        records=[StateRecord(population="out", variable="z")],
    )
    return Program(spec, dt=1 * ms, dtype=dtype, target=target)


def samples(n: int = N, trials: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(trials, STEPS, n))
    teacher = signal @ rng.normal(size=(n, M)) + rng.normal(size=(trials, STEPS, M))
    return {"signal": signal, "teacher": teacher}


def test_the_weights_are_those_of_ridge_regression() -> None:
    program, inputs = readout(ridge=0.5), samples()
    state, _ = program(program.initial_state(), inputs)
    ridge = Ridge(alpha=0.5, fit_intercept=False)
    ridge.fit(inputs["signal"].reshape(-1, N), inputs["teacher"].reshape(-1, M))
    np.testing.assert_allclose(state["read.w"], ridge.coef_.T, rtol=1e-9)


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_both_gains_follow_their_equations(target: str) -> None:
    """The output is taken before the update, the ``force`` gain leaves the denominator out."""
    inputs = samples()
    inputs["signal"] *= 0.1
    for gain, forgetting in (("exact", 0.98), ("force", 1.0)):
        program = readout(target=target, gain=gain, forgetting=forgetting, interval=3 * ms)
        state, record = program(program.initial_state(), inputs)
        w, p = np.zeros((N, M)), np.eye(N)
        for trial in range(3):
            for step in range(STEPS):
                r = inputs["signal"][trial, step]
                z = r @ w
                np.testing.assert_allclose(record["out.z"][trial, step], z, rtol=1e-9, atol=1e-12)
                if (trial * STEPS + step + 1) % 3 == 0:
                    c = p @ r
                    spread = forgetting + r @ c
                    error = z - inputs["teacher"][trial, step]
                    w -= np.outer(c, error) / (spread if gain == "exact" else 1)
                    p = (p - np.outer(c, c) / spread) / forgetting
        np.testing.assert_allclose(state["read.w"], w, rtol=1e-9)
        np.testing.assert_allclose(state["read.inverse_correlation"], p, rtol=1e-9, atol=1e-12)


def test_numpy_class_and_engine_are_the_same_rule() -> None:
    program, inputs = readout(ridge=2.0, forgetting=0.99), samples()
    state, _ = program(program.initial_state(), inputs)
    rls = RecursiveLeastSquares(N, M, ridge=2.0, forgetting=0.99)
    for r, goal in zip(inputs["signal"].reshape(-1, N), inputs["teacher"].reshape(-1, M),
                       strict=True):  # fmt: skip
        rls.update(r, goal)
    np.testing.assert_allclose(state["read.w"], rls.w, rtol=1e-9)


@pytest.mark.parametrize("n", [1, 4, 50])
def test_single_precision_agrees(n: int) -> None:
    results = []
    for dtype in ("float32", "float64"):
        program = readout(dtype=dtype, n=n)
        results.append(program(program.initial_state(), samples(n))[0])
    np.testing.assert_allclose(results[0]["read.w"], results[1]["read.w"], rtol=2e-3, atol=2e-4)
    p = results[0]["read.inverse_correlation"]
    np.testing.assert_array_equal(p, p.T)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_in_two_calls_equals_one_bit_for_bit(dtype: str) -> None:
    program, inputs = readout(dtype=dtype, forgetting=0.99), samples()
    whole, _ = program(program.initial_state(), inputs)
    state, _ = program(program.initial_state(), {k: v[:1] for k, v in inputs.items()})
    state, _ = program(state, {k: v[1:] for k, v in inputs.items()})
    for name, values in whole.items():
        np.testing.assert_array_equal(values, state[name], err_msg=name)


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_a_closed_gate_changes_nothing(target: str) -> None:
    program = readout(target=target)
    start = program.initial_state() | {"read.learning": np.array(0.0)}
    state, _ = program(start, samples())
    assert not state["read.w"].any()
    np.testing.assert_array_equal(state["read.inverse_correlation"], np.eye(N))


def test_the_audit_declares_what_is_not_local() -> None:
    audit = rls_rule().audit()
    assert not audit.local
    assert {update.target: str(update.verdict) for update in audit.updates} == {
        "P": "NON-LOCAL",
        "w": "NON-LOCAL",
    }


def test_wrong_rules_are_refused() -> None:
    with pytest.raises(ValueError, match=r"LeastSquares.ridge: must be a finite number greater"):
        rls_rule(ridge=0.0)
    with pytest.raises(ValueError, match=r"least_squares, activity: 'target_post' cannot read"):
        rls_rule(activity="target_post")
    with pytest.raises(ValueError, match=r"least_squares: unknown synapse variable 'v'"):
        PlasticityRule(name="r", least_squares=LeastSquares(activity="r_pre", error="z_post",
                                                            variable="v"))  # fmt: skip
    with pytest.raises(ValueError, match=r"the gate 'open' must be a .shared. modulator"):
        PlasticityRule(name="r", least_squares=LeastSquares(activity="r_pre", error="z_post",
                                                            gate="open"))  # fmt: skip
    with pytest.raises(ValueError, match="unknown parameter 'k'"):
        rls_rule(parameters={"k": 1.0})
    assert rls_rule(activity="k*r_pre", parameters={"k": 1.0}).parameters["k"] == 1.0
