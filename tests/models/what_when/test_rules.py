"""The two rules of the read-outs against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms

from bioplastic.conformance import check_rule
from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, Trial
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity import (
    PlasticityRule,
    RecursiveLeastSquares,
    gated_delta_rule,
    trial_delta_rule,
)
from bioplastic.plasticity.rls import BufferedInverse
from bioplastic.signals import AnalogueSource

OUT = NeuronModel(
    name="out",
    equations="y : 1\ngoal : 1\ngate : 1\nerror : 1",
    update="error = goal - y",
)


def network(rule: PlasticityRule, n: int, steps: int, *, gated: bool) -> Program:
    """Given activity, one output, a target and, if the rule has one, a gate."""
    activity = "r" if gated else "rbar"
    modulators = {"error_post": ("out", "error")}
    if gated:
        modulators["gate_post"] = ("out", "gate")
    spec = NetworkSpec(
        populations=[
            AnalogueSource(name="activity", n=n, variable=activity, dtype="float64"),
            AnalogueSource(name="goal", n=1, dtype="float64"),
            AnalogueSource(name="gate", n=1, dtype="float64"),
            Population(name="out", n=1, model=OUT, inputs={"goal": "goal", "gate": "gate"}),
        ],
        projections=[
            DenseProjection(
                name="read",
                source="activity",
                target="out",
                rule=rule,
                summed=f"y_post = w*{activity}_pre",
                modulators=modulators,
            )
        ],
        trial=Trial(duration=steps * ms),
    )
    return Program(spec, dt=1 * ms, dtype="float64", target="numpy")


def test_the_gated_rule_converges_to_least_squares() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 4))
    goal = x @ [1.0, -2.0, 0.5, 0.0] + 0.1 * rng.normal(size=2000)
    program = network(gated_delta_rule(eta=0.005), 4, 2000, gated=True)
    inputs = {"activity": x, "goal": goal[:, None], "gate": np.ones((2000, 1))}
    state, _ = program(program.initial_state(), inputs)
    solution = np.linalg.lstsq(x, goal, rcond=None)[0]
    np.testing.assert_allclose(state["read.w"][:, 0], solution, atol=0.02)


def test_a_closed_gate_changes_no_bit_and_an_open_one_does() -> None:
    x = np.random.default_rng(0).normal(size=(50, 4))
    program = network(gated_delta_rule(eta=0.01), 4, 50, gated=True)
    start = program.initial_state()
    start["read.w"] = np.random.default_rng(1).normal(size=(4, 1))
    closed = {"activity": x, "goal": np.ones((50, 1)), "gate": np.zeros((50, 1))}
    np.testing.assert_array_equal(program(start, closed)[0]["read.w"], start["read.w"])
    half = {**closed, "gate": np.repeat([[1.0], [0.0]], 25, axis=0)}
    w = start["read.w"][:, 0].copy()
    for r in x[:25]:
        w += 0.01 * (1 - r @ w) * r
    np.testing.assert_allclose(program(start, half)[0]["read.w"][:, 0], w, rtol=1e-12)


@pytest.mark.parametrize("normalised", [True, False])
def test_under_constant_activity_the_trial_rule_is_a_leaky_counter(normalised: bool) -> None:
    rbar, alpha = np.array([1.0, 2.0, 0.5]), 0.05
    power = rbar @ rbar
    rule = trial_delta_rule(eta=alpha if normalised else alpha / power, normalised=normalised)
    program = network(rule, 3, 1, gated=False)
    state, p = program.initial_state(), 0.0
    for shown in np.random.default_rng(2).integers(0, 2, 30).astype(float):
        inputs = {"activity": rbar[None], "goal": [[shown]], "gate": [[0.0]]}
        state, _ = program(state, {k: np.asarray(v, dtype=float) for k, v in inputs.items()})
        p += alpha * (shown - p)
        np.testing.assert_allclose(rbar @ state["read.w"][:, 0], p, rtol=1e-12)


def test_the_local_trial_rule_passes_the_conformance_suite() -> None:
    check_rule(
        trial_delta_rule(normalised=False),
        values={"rbar_pre": 0.5},
        silent_values={"rbar_pre": 0.0},
        compiled=False,
    )


@pytest.mark.parametrize("forgetting", [1.0, 0.97])
def test_buffered_least_squares_equal_the_plain_ones(forgetting: float) -> None:
    rng = np.random.default_rng(3)
    plain = RecursiveLeastSquares(6, 1, ridge=0.3, forgetting=forgetting)
    buffered, w = BufferedInverse(6, ridge=0.3, forgetting=forgetting, buffer=7), np.zeros(6)
    for _ in range(40):
        r, goal = rng.normal(size=6), rng.normal(size=1)
        error = goal[0] - r @ w
        plain.update(r, goal)
        w = w + buffered.gain(r) * error
    np.testing.assert_allclose(w, plain.w[:, 0], rtol=1e-9)
    buffered.flush()
    np.testing.assert_allclose(np.triu(buffered.p), np.triu(plain.p), atol=1e-12)
