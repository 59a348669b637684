"""TESS beside a transcription in NumPy, samples one by one, and what is local about it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import clone

from bioplastic import cli
from bioplastic.conformance import check_model
from bioplastic.models.tess import TESSClassifier
from bioplastic.plasticity import tess_rule
from bioplastic.study.results import load_results

RNG = np.random.default_rng(0)
X, Y = 255 * RNG.random((14, 6)), np.arange(14) % 3
OPTIONS = {"hidden": (8, 7), "signal_gain": 4.0, "sd": 2.0, "eta": 0.05, "batch": 4, "epochs": 2}


def transcribe(model, weights, spatial):
    """Learn as the equations say; return weights and the scores of the network that has learned."""
    w = [each.astype(float) for each in weights]
    b = [None if spatial else model.signal_weights(k) for k in (1, 2)]
    moments = [[0 * each, 0 * each] for each in w]
    n_updates, gradients = 0, []

    def show(x, target=None):
        u, o = [np.zeros(8), np.zeros(7)], [np.zeros(8), np.zeros(7)]
        q, h = [np.zeros(6), np.zeros(8)], [np.zeros(8), np.zeros(7)]
        total, g = 0, [0 * each for each in w]
        for _ in range(model.n_steps):
            seen, psi = [x / 255], []
            for k in range(2):
                u[k] = 0.5 * (u[k] - 0.6 * o[k]) + seen[k] @ w[k]
                o[k] = (u[k] >= 0.6).astype(float)
                psi.append(0.3 * np.maximum(1 - np.abs(u[k] - 0.6), 0))
                seen.append(o[k])
            total = total + seen[2] @ w[2]
            if target is None:
                continue
            error = softmax(seen[2] @ w[2]) - target
            g[2] += np.outer(seen[2], error)
            above = w[2] @ error
            for k in (1, 0):
                m = above if spatial else b[k].T @ (softmax(b[k] @ o[k]) - target)
                q[k] = 0.5 * q[k] + seen[k]
                g[k] += np.outer(q[k], m * psi[k])
                g[k] += model.alpha_post * np.outer(seen[k], m * h[k])
                h[k] = 0.2 * h[k] + psi[k]
                above = w[k] @ (m * psi[k])
        return total, g

    for epoch in range(model.epochs):
        for sample in model.order(len(X), 0, epoch):
            gradients.append(show(X[sample], np.eye(3)[Y[sample]])[1])
            if len(gradients) < model.batch:
                continue
            n_updates += 1
            for k in range(3):
                mean = np.mean([each[k] for each in gradients], axis=0)
                for moment, (rate, value) in enumerate(((0.1, mean), (0.001, mean**2))):
                    moments[k][moment] += rate * (value - moments[k][moment])
                first = moments[k][0] / (1 - 0.9**n_updates)
                second = moments[k][1] / (1 - 0.999**n_updates)
                w[k] -= model.eta * first / (np.sqrt(second) + 1e-8)
            gradients = []
    return w, np.array([show(x)[0] for x in X])


@pytest.mark.parametrize(("signal", "alpha_post"), [("square", -1.0), ("spatial", 1.0)])
def test_learning_is_that_of_the_equations(signal, alpha_post):
    model = TESSClassifier(**OPTIONS, signal=signal, alpha_post=alpha_post, dtype="float64")
    start = clone(model).set_params(eta=0.0).fit(X, Y).weights_
    model.fit(X, Y)
    weights, scores = transcribe(model, start, signal == "spatial")
    for found, before, wanted in zip(model.weights_, start, weights, strict=True):
        assert np.abs(wanted - before).max() > 0.05
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(model.scores(X), scores, rtol=1e-5, atol=1e-6)
    if signal == "spatial":
        np.testing.assert_array_equal(model.state_["teach1.w"], model.weights_[1].T)


def test_frozen_layers_stay_and_the_read_out_learns():
    model = TESSClassifier(**OPTIONS, signal="none", target="numpy")
    start, found = clone(model).set_params(eta=0.0).fit(X, Y).weights_, model.fit(X, Y).weights_
    changed = [bool((a != b).any()) for a, b in zip(start, found, strict=True)]
    assert changed == [False, False, True]


def test_rules_are_local_and_layers_store_two_numbers_per_cell():
    assert {str(tess_rule(direction=d).audit().verdict) for d in ("forward", "feedback")} == {
        "local with modulator"
    }
    verdicts = [str(TESSClassifier(signal=s).verdict()) for s in ("square", "none", "spatial")]
    assert verdicts == ["local with modulator", "local with modulator", "NON-LOCAL"]
    model = TESSClassifier(**OPTIONS, n_steps=9, target="numpy").partial_fit(X, Y)
    assert model.traces_ == [6, 16, 14, 3]


def test_it_keeps_the_promises_of_models():
    skip = {"silence": "the momentum of Adam moves weights on when gradients end"}
    model = TESSClassifier(hidden=(8,), signal="random", batch=4, epochs=2)
    assert check_model(model, X, Y, skip=skip).passed


def test_smoke_beats_frozen_layers_and_loses_to_errors_from_above(tmp_path):
    assert cli.main(["run", "tess", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "tess_smoke.json")
    assert results.metrics["accuracy_tess"] > results.baselines["accuracy_frozen"] + 0.15
    assert results.baselines["accuracy_spatial"] > results.metrics["accuracy_tess"]
    assert (results.metrics["local_tess"], results.baselines["local_spatial"]) == (1, 0)
    assert results.metrics["memory_12"] == 200 < results.baselines["memory_bptt_12"] == 1200
    assert results.metrics["correlation_1024"] == pytest.approx(0.052, abs=1e-3)
    assert (tmp_path / "tess_smoke_learning.png").stat().st_size > 20_000
