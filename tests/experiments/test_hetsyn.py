"""Synapses with time constants of their own beside a loop in NumPy: dynamics and learning."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import Hz, ms

from bioplastic import cli
from bioplastic.conformance import check_model
from bioplastic.experiments.hetsyn import draw_trials
from bioplastic.models.hetsyn import HetSynClassifier
from bioplastic.study.results import load_results

RNG = np.random.default_rng(0)
N, STEPS, READ = 4, 30, 8
X = (RNG.random((10, N * STEPS)) < 0.3).astype(np.uint8)
Y = np.arange(10) % 2
SMALL = {"n_inputs": N, "n_cells": 6, "gain": 1.0, "window": READ * 5 * ms, "tau_max": 300 * ms}


def transcribe(model, rows, labels, eta, eta_out, feedback):
    """Return counts, and the weights after learning, of the equations step by step."""
    w, tau = (np.array(model.state_[f"feed.{name}"]) for name in ("w", "tau"))
    v, bias, counts = np.zeros(6), 0.0, []
    for row, label in zip(rows, labels, strict=True):
        x, late, z, n, g = np.zeros((N, 6)), np.zeros(6), np.zeros(6), np.zeros(6), np.zeros((N, 6))
        for step, fired in enumerate(row.reshape(N, STEPS).T):
            x = x * np.exp(-5e-3 / tau) + fired[:, None]
            late = late * np.exp(-5 / 40) + z
            u = (w * x).sum(axis=0) - late
            z = (u > 1).astype(float)
            if step >= STEPS - READ:
                n += z
                g += np.clip(1 - np.abs(u - 1), 0, 1) * x
        error = 1 / (1 + np.exp(-v @ n - bias)) - label
        w = w - eta * feedback * error * g
        v, bias = v - eta_out * error * n, bias - eta_out * error
        counts.append(n)
    return np.array(counts), w, v, bias


@pytest.mark.parametrize("own", ["synapse", "cell", "none"])
def test_counts_are_those_of_the_equations(own):
    model = HetSynClassifier(**SMALL, own=own, target="numpy", dtype="float64")
    model.partial_fit(X, Y)
    counts = transcribe(model, X, Y, 0, 0, 0)[0]
    np.testing.assert_array_equal(model.counts_, counts)
    assert counts.sum() > 20
    tau = model.state_["feed.tau"]
    kinds = {"synapse": tau.size, "cell": 6, "none": 1}
    assert np.unique(tau).size == kinds[own]
    assert own == "none" or 0.01 <= tau.min() < tau.max() <= 0.3


@pytest.mark.parametrize("target", ["numpy", "cpp"])
def test_learning_is_the_product_of_three_factors(target):
    options = SMALL | {"read_out": "delta", "eta": 0.02, "eta_out": 0.05}
    model = HetSynClassifier(**options, target=target, dtype="float64")
    model.fit(X[:2], Y[:2])
    start = model.program("learn").initial_state(0)
    model.state_ = dict(start)
    _, w, v, bias = transcribe(model, X, Y, 0.02, 0.05, start["teach.w"])
    model.state_ = start
    model.learn(X, Y)
    np.testing.assert_allclose(model.state_["feed.w"], w, atol=1e-12)
    np.testing.assert_allclose(model.state_["read.w"][:, 0], v, atol=1e-12)
    np.testing.assert_allclose(model.state_["output.bias"], bias, atol=1e-12)
    assert np.abs(w - start["feed.w"]).max() > 0.01
    before = model.state_["feed.w"].copy()
    model.predict(X)
    np.testing.assert_array_equal(model.answer(X)["cell.fired"], model.answer(X)["cell.fired"])
    np.testing.assert_array_equal(model.state_["feed.w"], before)


@pytest.mark.parametrize("options", [{}, {"read_out": "delta", "eta": 0.02}])
def test_it_keeps_the_promises_of_models(options):
    assert check_model(HetSynClassifier(**SMALL | options), X, Y).passed


def test_rates_are_matched_and_wrong_arguments_refused():
    trials, labels = draw_trials(0, 40)
    model = HetSynClassifier(n_cells=30).matched(trials, 6 * Hz)
    assert model.fit(trials, labels).rates(trials).mean() == pytest.approx(6, rel=0.1)
    for message, call in {
        "eta: must be 0 with": lambda: HetSynClassifier(eta=0.1).fit(trials, labels),
        "tau_min: must be at most": lambda: HetSynClassifier(tau_min=3000 * ms).fit(trials, labels),
        "two classes": lambda: HetSynClassifier().fit(trials, np.arange(40)),
        "a multiple of 30": lambda: HetSynClassifier().fit(trials[:, 1:], labels),
    }.items():
        with pytest.raises(ValueError, match=message):
            call()


def test_smoke_needs_time_constants_of_synapses(tmp_path):
    assert cli.main(["run", "hetsyn", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "hetsyn_smoke.json")
    assert results.metrics["lead_cell"] > 0.05
    assert results.metrics["lead_same40"] > 0.15
    assert results.metrics["rate_synapse"] == pytest.approx(10, rel=0.15)
