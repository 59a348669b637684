"""The network with spikes of several bits beside a transcription, its task, and the smoke scale."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic import cli
from bioplastic.analysis import quantised_baseline
from bioplastic.conformance import check_model
from bioplastic.models.bit_budget import BitBudgetClassifier, draw_order_task, to_frames
from bioplastic.study.results import load_results


@pytest.mark.parametrize(("bits", "n_steps"), [(4, 1), (2, 2), (1, 4)])
def test_answers_equal_a_plain_transcription(bits, n_steps):
    rng = np.random.default_rng(bits)
    X, y = rng.random((60, 6 * n_steps)), np.arange(60) % 3
    model = BitBudgetClassifier(n_hidden=7, spike_bits=bits, n_steps=n_steps, epochs=2,
                                target="numpy", dtype="float64").fit(X, y)  # fmt: skip
    state, top = model.state_, 2**bits - 1
    v, u, total = np.zeros((60, 6)), np.zeros((60, 7)), np.zeros((60, 7))
    for step in range(n_steps):
        v += X.reshape(60, n_steps, 6)[:, step]
        s = np.clip(np.floor(v / state["encoder.theta"] + 0.5), 0, top)
        v -= s * state["encoder.theta"]
        u += s * state["encoder.theta"] @ state["mix.w"]
        z = np.clip(np.floor(u / state["hidden.theta"] + 0.5), 0, top)
        u -= z * state["hidden.theta"]
        total += z * state["hidden.theta"] / n_steps
    assert np.any(total > 0)
    np.testing.assert_allclose(model.scores(X), total @ model.weights_, rtol=1e-5, atol=1e-6)
    frames = X.reshape(-1, 6)
    assert state["encoder.theta"] * top == pytest.approx(np.quantile(frames, 0.99))


def test_the_readout_follows_the_local_delta_rule():
    model = BitBudgetClassifier(n_hidden=4, spike_bits=4, n_steps=1, epochs=1, eta=0.2,
                                target="numpy", dtype="float64")  # fmt: skip
    X = np.random.default_rng(0).random((2, 3))
    model.fit(X, [0, 1])
    before = model.state_
    model.learn(X[:1], np.array([1]))
    rbar = model.state_["hidden.rbar"]
    p = np.exp(rbar @ before["readout.w"])
    expected = model.state_["readout.eta"] * np.outer(rbar, [0, 1] - p / p.sum())
    np.testing.assert_allclose(model.state_["readout.w"] - before["readout.w"], expected, rtol=1e-5)


def test_counts_say_nothing_about_the_order():
    spikes, order = draw_order_task(1, 2000, onset=20)
    counts = spikes.sum(axis=1).reshape(2000, 2, 10).sum(axis=2)
    for group in (0, 1):
        one, other = (counts[order == k, group] for k in (0, 1))
        error = np.sqrt(one.var() / one.size + other.var() / other.size)
        assert abs(one.mean() - other.mean()) < 4 * error
    inside = draw_order_task(0, 400)[0][draw_order_task(0, 400)[1] == 1, :15]
    assert inside[:, :, 10:].mean() == pytest.approx(0.5, abs=0.02)
    assert inside[:, :, :10].mean() == pytest.approx(0.02, abs=0.005)
    frames = to_frames(np.arange(10)[None, :, None], 4)  # parts of 2, 3, 3 and 2 steps
    np.testing.assert_allclose(frames, [[0.5, 3.0, 6.0, 8.5]])


def test_a_network_of_few_bits_is_the_network_itself_when_bits_are_many():
    rng = np.random.default_rng(0)
    X, y = rng.random((200, 5)), rng.integers(0, 3, 200)
    y = (X[:, 0] > 0.5) + (X[:, 1] > 0.5).astype(int)
    many = quantised_baseline(X[:150], y[:150], X[150:], y[150:], bits=24)
    few = quantised_baseline(X[:150], y[:150], X[150:], y[150:], bits=2)
    from sklearn.neural_network import MLPClassifier

    plain = MLPClassifier((32,), random_state=0).fit(X[:150].astype("f4") / X[:150].max(), y[:150])
    assert many == plain.score(X[150:].astype("f4") / X[:150].max(), y[150:]) >= few
    with pytest.raises(ValueError, match=r"quantised_baseline\.X_test"):
        quantised_baseline(X, y, X[:, :2], y)


def test_it_keeps_the_promises_of_models():
    X, y = np.tile(np.eye(4), (10, 1)), np.tile([0, 1, 1, 0], 10)
    model = BitBudgetClassifier(n_hidden=5, n_steps=2, epochs=2)
    skip = {"pieces": "the first samples it learns from set the size of a spike"}
    assert check_model(model, X, y, skip=skip).passed
    with pytest.raises(ValueError, match="must have a multiple of 3 features"):
        BitBudgetClassifier(n_steps=3, target="numpy").fit(X, y)


def test_smoke(tmp_path):
    assert cli.main(["run", "energy", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "energy_smoke.json")
    assert results.metrics["accuracy_digits_4x1"] > results.baselines["chance_digits"] + 0.5
    found = results.metrics["accuracy_late_1x4"] - results.metrics["accuracy_late_4x1"]
    assert found > 0.15  # one step knows nothing about an order
    for name in ("splits", "systems"):
        assert (tmp_path / f"energy_smoke_{name}.png").stat().st_size > 20_000


def test_few_bits_stay_on_their_levels():
    X, y = np.tile(np.eye(4), (10, 2)), np.tile([0, 1, 1, 0], 10)
    model = BitBudgetClassifier(n_hidden=5, n_steps=2, epochs=1, weight_bits=2, w_max=0.3,
                                target="numpy").fit(X, y)  # fmt: skip
    away = np.abs(model.weights_[..., None] - [-0.3, -0.1, 0.1, 0.3]).min(axis=-1)
    assert away.max() < 1e-6
    assert len(np.unique(np.round(model.weights_, 4))) > 1
