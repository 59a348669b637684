"""Rules that solve linear problems: delta rule, recursive least squares, principal subspace."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms
from scipy.linalg import subspace_angles
from sklearn.linear_model import Ridge

from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, Trial
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import (
    Origin,
    RecursiveLeastSquares,
    Verdict,
    delta_rule,
    subspace_rule,
)
from bioplastic.signals import SpikeListSource


def test_delta_rule_converges_to_least_squares():
    """Binary patterns, a teacher that also hears noise inputs: annealed steps find the minimum."""
    rng = np.random.default_rng(0)
    n, hidden, outputs, samples = 6, 3, 2, 60
    patterns = rng.random((samples, n + hidden)) < 0.4
    teacher = np.vstack([rng.normal(0, 1, (n, outputs)), rng.normal(0, 0.3, (hidden, outputs))])
    seen, targets = patterns[:, :n].astype(float), patterns @ teacher
    expected, residual, *_ = np.linalg.lstsq(seen, targets, rcond=None)
    assert residual.min() > 1  # no weights fit exactly
    readout = NeuronModel(
        name="readout", equations="y : 1\ngoal : 1\nerr = goal - y : 1", update="y = 0\ngoal = 0"
    )
    spec = NetworkSpec(
        populations=[
            SpikeListSource(name="x", n=n),
            SpikeListSource(name="all", n=n + hidden),
            Population(name="out", n=outputs, model=readout),
        ],
        projections=[
            DenseProjection(
                name="teach",
                source="all",
                target="out",
                transmit="goal_post += w",
                initial={"w": lambda rng, shape: teacher},
            ),
            DenseProjection(
                name="learn",
                source="x",
                target="out",
                transmit="y_post += w",
                rule=delta_rule(tau=0.01 * ms),  # gone by the next pattern, one step later
                modulators={"error_post": ("out", "err")},
            ),
        ],
        trial=Trial(duration=1 * ms),
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target="numpy")
    state = program.initial_state()
    for eta, epochs in ((0.1, 10), (0.01, 20), (0.001, 20)):
        state["learn.eta"] = np.array(eta)
        order = np.concatenate([rng.permutation(samples) for _ in range(epochs)])
        inputs = {
            "x": [spikes_of(patterns[k, :n]) for k in order],
            "all": [spikes_of(patterns[k]) for k in order],
        }
        state, _ = program(state, inputs)
    np.testing.assert_allclose(state["learn.w"], expected, atol=0.02)


def spikes_of(pattern):
    cells = np.flatnonzero(pattern)
    return cells, np.zeros(cells.size)


@pytest.mark.parametrize("ridge", [0.1, 5.0])
def test_recursive_least_squares_is_ridge_regression(ridge):
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 1, (50, 8)), rng.normal(0, 1, (50, 3))
    rls = RecursiveLeastSquares(8, 3, ridge=ridge)
    errors = [rls.update(a, b) for a, b in zip(x, y, strict=True)]
    closed = Ridge(alpha=ridge, fit_intercept=False).fit(x, y)
    np.testing.assert_allclose(rls.w.T, closed.coef_, rtol=1e-9)
    np.testing.assert_allclose(rls.predict(x), closed.predict(x), rtol=1e-9)
    np.testing.assert_allclose(errors[0], -y[0])


def test_forgetting_weighs_samples_by_age():
    rng = np.random.default_rng(2)
    x, y, forgetting = rng.normal(0, 1, (30, 4)), rng.normal(0, 1, 30), 0.9
    rls = RecursiveLeastSquares(4, 1, ridge=1e-3, forgetting=forgetting)
    for a, b in zip(x, y, strict=True):
        rls.update(a, [b])
    closed = Ridge(alpha=1e-3 * forgetting**30, fit_intercept=False).fit(
        x, y, sample_weight=forgetting ** np.arange(29, -1, -1)
    )
    np.testing.assert_allclose(rls.w[:, 0], closed.coef_, rtol=1e-6)


def test_recursive_least_squares_is_declared_non_local():
    rls = RecursiveLeastSquares(100, 2)
    audit = rls.audit()
    assert audit.verdict == Verdict.NON_LOCAL
    assert not audit.local
    assert audit.memory["pre"] == 100  # one row of p per presynaptic cell
    assert all(Origin.ELSEWHERE in dict(update.reads).values() for update in audit.updates)
    with pytest.raises(ValueError, match=r"activity must have shape \(100,\), got \(3,\)"):
        rls.update(np.zeros(3), np.zeros(2))


def test_subspace_rule_finds_the_principal_subspace():
    """Analogue inputs, outputs and feedback on summed projections; PCA is the oracle.

    One latent cell stands for one sample: it adds the sample to the inputs, and one trial later a
    second source takes it away.
    """
    rng = np.random.default_rng(3)
    n, k, samples = 6, 2, 150
    mixing = np.linalg.qr(rng.normal(0, 1, (n, n)))[0]
    data = rng.normal(0, 1, (samples, n)) * [1.0, 0.8, 0.25, 0.2, 0.2, 0.1] @ mixing
    principal = np.linalg.svd(data)[2][:k]
    start = rng.normal(0, 0.2, (n, k))
    cells = {
        "x": NeuronModel(name="input", equations="x : 1\nf : 1"),
        "y": NeuronModel(name="output", equations="y : 1"),
    }
    plastic = {
        "forward": ("x", "y", "y_post = w*x_pre", start),
        "feedback": ("y", "x", "f_post = w*y_pre", start.T),
    }
    spec = NetworkSpec(
        populations=[
            SpikeListSource(name="latent", n=samples),
            SpikeListSource(name="erase", n=samples),
            Population(name="x", n=n, model=cells["x"]),
            Population(name="y", n=k, model=cells["y"]),
        ],
        projections=[
            *(
                DenseProjection(
                    name=f"{name}_x",
                    source=name,
                    target="x",
                    transmit=f"x_post {sign}= w",
                    initial={"w": lambda rng, shape: data},
                )
                for name, sign in (("latent", "+"), ("erase", "-"))
            ),
            *(
                DenseProjection(
                    name=name,
                    source=source,
                    target=target,
                    summed=summed,
                    rule=subspace_rule(direction=name, interval=3 * ms),
                    initial={"w": lambda rng, shape, w=w: w},
                )
                for name, (source, target, summed, w) in plastic.items()
            ),
        ],
        trial=Trial(duration=3 * ms),
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target="numpy")
    state = program.initial_state()
    before = np.degrees(subspace_angles(state["forward.w"], principal.T))[0]
    last: list[int] = []
    for eta, epochs in ((0.05, 4), (0.01, 4), (0.002, 4)):
        for name in plastic:
            state[f"{name}.eta"] = np.array(eta)
        order = np.concatenate([rng.permutation(samples) for _ in range(epochs)])
        previous = [*last, *order][-len(order) - 1 : -1]
        erase = [([cell], [0.0]) for cell in previous]
        erase = [([], [])] * (len(order) - len(erase)) + erase
        state, _ = program(state, {"latent": [([c], [0.0]) for c in order], "erase": erase})
        last = [int(order[-1])]
    angle = np.degrees(subspace_angles(state["forward.w"], principal.T))[0]
    assert before > 20
    assert angle < 2
    np.testing.assert_allclose(state["forward.w"], state["feedback.w"].T, atol=1e-12)
    gram = state["forward.w"].T @ state["forward.w"]
    np.testing.assert_allclose(gram, np.eye(k), atol=0.05)
