"""The read-out of all steps beside its traces, leaky cells beside a loop, and smoke runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from bioplastic import cli
from bioplastic.models.late_teacher import StepReadout
from bioplastic.models.leaky_cells import balance_thresholds, leaky_spikes
from bioplastic.study.results import load_results


def test_a_trial_is_what_its_two_traces_say():
    rng = np.random.default_rng(0)
    x, gate = rng.random((1, 5, 3)), 0.7
    readout = StepReadout(3, 4)
    readout.weights = rng.normal(size=(4, 4))
    before = readout.weights.copy()
    rates = np.append(x[0], np.ones((5, 1)), axis=1)
    X, E = np.zeros(4), np.zeros((4, 4))
    for step in range(5):
        X += rates[step]
        E += np.outer(rates[step], softmax(rates[step] @ before))
    readout.learn(x, np.array([2]), gate, rng=rng, eta=0.5, epochs=1)
    wanted = before + 0.5 * gate / 5 * (np.outer(X, np.eye(4)[2]) - E)
    np.testing.assert_allclose(readout.weights, wanted)


def test_gates_and_answers_of_every_step():
    rng = np.random.default_rng(1)
    x, wanted = rng.random((6, 3, 2)), rng.integers(0, 2, (6, 3))
    closed = StepReadout(2, 2).learn(x, wanted, np.zeros(6), rng=rng)
    assert not closed.weights.any()
    one, other = (
        StepReadout(2, 2).learn(x, answer, rng=np.random.default_rng(3))
        for answer in (wanted[:, 2], wanted[:, [2]])
    )
    np.testing.assert_array_equal(one.weights, other.weights)
    assert (one.weights != StepReadout(2, 2).learn(x, wanted, rng=rng).weights).any()
    copy = one.copy().learn(x, wanted, rng=rng)
    assert (copy.weights != one.weights).any()
    said, sure = one.answers(x)
    p = softmax(np.append(x[4, 1], 1) @ one.weights)
    assert (said[4, 1], sure[4, 1]) == (p.argmax(), pytest.approx(p.max()))


def test_leaky_cells_beside_a_loop():
    current, threshold = np.random.default_rng(2).normal(size=(4, 6, 3)), np.array([0.3, 0.5, 1.0])
    fired = leaky_spikes(current, threshold, leak=0.8)
    for sample in range(4):
        for cell in range(3):
            u = 0.0
            for step in range(6):
                u = 0.8 * u + current[sample, step, cell]
                assert fired[sample, step, cell] == (u > threshold[cell])
                u -= threshold[cell] * fired[sample, step, cell]
    for wrong, message in ((current[0], "must be"), (current, "must have 1 or 5 steps, got 6")):
        with pytest.raises(ValueError, match=rf"leaky_spikes\.current: {message}"):
            leaky_spikes(wrong, 1.0, n_steps=5)


@pytest.mark.parametrize("shared", [False, True])
def test_thresholds_balance_cells_or_the_layer(shared):
    rng = np.random.default_rng(4)
    current = rng.normal(size=(800, 1, 4)) * [1, 1, 2, 4] + [0, 1, 0, 0]
    threshold = balance_thresholds(current, 0.3, rng, shared=shared, n_steps=3)
    rates = leaky_spikes(current, threshold, n_steps=3).mean(axis=(0, 1))
    assert rates.mean() == pytest.approx(0.3, abs=0.03)
    assert np.ptp(threshold) < 1e-12 if shared else np.abs(rates - 0.3).max() < 0.05
    assert np.ptp(rates) > 0.1 if shared else np.ptp(threshold) > 0.1


@pytest.mark.parametrize(
    ("name", "better", "worse"),
    [
        ("late_teacher", "late_all_noisy", "shuffled_noisy"),
        ("spike_entropy", "accuracy_noise_0_0", "accuracy_noise_8_0"),
        ("low_bit", "stochastic_2_small_rate", "nearest_2_small_rate"),
    ],
)
def test_smoke(name, better, worse, tmp_path):
    assert cli.main(["run", name, "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / f"{name}_smoke.json")
    found = {**results.baselines, **results.metrics}
    assert found[better] > found[worse] + 0.1
    assert found[better] > results.baselines["chance"] + 0.2
    for picture in tmp_path.glob("*.png"):
        assert picture.stat().st_size > 10_000
