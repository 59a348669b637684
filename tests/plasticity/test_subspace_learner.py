"""Subspace neurons for batches beside a plain transcription, the exact subspace and the rule."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.analysis.subspaces import principal_angles
from bioplastic.plasticity import SubspaceLearner, quantise_bursts

N, K = 200, 20
POWER = np.exp(-2 * np.arange(N) / 15)  # amplitudes fall as exp(-i/15)


def make_basis(rng):
    return np.linalg.qr(rng.normal(size=(N, N)))[0] * np.sqrt(POWER)


def learn_task(learner, basis, rng, batches=938):
    for _ in range(batches):
        learner.learn((rng.normal(size=(64, N)) @ basis.T).astype(np.float32))


def test_two_tasks_reach_the_principal_subspaces():
    rng = np.random.default_rng(1)
    learner = SubspaceLearner(N).grow(K, rng)
    first, second = make_basis(rng), make_basis(rng)
    learn_task(learner, first, rng)
    optimum = POWER[K:].sum() / POWER.sum()
    assert optimum == pytest.approx(0.070, abs=1e-3)
    assert optimum <= learner.residual_energy(first @ first.T) <= 0.085
    assert np.abs(learner.rows @ learner.rows.T - np.eye(K)).max() < 1e-2
    leading = np.linalg.eigh(first @ first.T)[1][:, -10:]
    assert np.degrees(principal_angles(learner.rows.T, leading).max()) < 20

    kept = learner.freeze().rows.copy()
    before = SubspaceLearner.project(learner, np.eye(N, dtype=np.float32))
    learner.grow(K, rng)
    learn_task(learner, second, rng)
    np.testing.assert_allclose(learner.rows[:K], kept, atol=1e-6)
    np.testing.assert_allclose(learner.project(np.eye(N, dtype=np.float32)), before, atol=1e-6)
    assert learner.residual_energy(second @ second.T) <= 0.085


@pytest.mark.parametrize("n_rows", [3, 40], ids=["fewer rows than samples", "more"])
@pytest.mark.parametrize("clip", [10.0, 0.05])
def test_a_batch_follows_the_written_rule(n_rows, clip):
    rng = np.random.default_rng(0)
    learner = SubspaceLearner(50, eta=0.02, clip=clip, steps=3, dtype=np.float64)
    learner.grow(5, rng).freeze().grow(n_rows, rng)
    h, velocity = learner.rows.copy(), np.zeros((n_rows, 50))
    for _ in range(4):
        x = rng.normal(size=(16, 50))
        learner.learn(x)
        for _ in range(3):
            y = x @ h.T
            change = np.clip(y.T @ (x - y @ h) / 16, -clip, clip)[5:]
            velocity = 0.9 * velocity + 0.1 * change
            h[5:] += 0.02 * velocity
    np.testing.assert_allclose(learner.rows, h, atol=1e-12)
    np.testing.assert_allclose(learner.velocity, 0.02 * velocity, atol=1e-12)


def test_projecting_a_gradient_is_projecting_its_inputs():
    rng = np.random.default_rng(0)
    learner = SubspaceLearner(30, dtype=np.float64).grow(7, rng).freeze()
    x, d = rng.normal(size=(11, 30)), rng.normal(size=(11, 4))
    np.testing.assert_allclose(
        learner.project_gradient(x.T @ d), learner.project(x).T @ d, atol=1e-12
    )
    with pytest.raises(ValueError, match=r"SubspaceLearner.project_gradient: needs analogue"):
        SubspaceLearner(3, burst_steps=5).project_gradient(np.zeros((3, 2)))


def test_bursts_carry_the_response_on_a_grid():
    y = np.linspace(-30, 30, 601)
    carried = quantise_bursts(y, steps=40)
    assert np.abs(carried - np.clip(y, -20, 20)).max() <= 0.25 + 1e-12
    np.testing.assert_allclose(carried / 0.5, np.rint(carried / 0.5), atol=1e-12)
    assert np.abs(quantise_bursts(y, 1000) - np.clip(y, -20, 20)).max() <= 0.01 + 1e-12


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"SubspaceLearner.steps: must be a positive integer"):
        SubspaceLearner(3, steps=0)
    with pytest.raises(ValueError, match=r"SubspaceLearner.grow.n_rows: .* from 0 to 3, got 4"):
        SubspaceLearner(3).grow(4, np.random.default_rng(0))
