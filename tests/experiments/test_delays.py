"""Motif detectors beside a correlation, stock Brian2 and the delta rule written out in NumPy."""

from __future__ import annotations

import brian2 as b2
import numpy as np
import pytest
from scipy.signal import correlate2d

from bioplastic import cli
from bioplastic.conformance import check_model
from bioplastic.datasets.motifs import draw_rasters, motif_kernels
from bioplastic.models.delays import MotifDetector
from bioplastic.study.results import load_results

N, M, D, T = 12, 3, 7, 90
RNG = np.random.default_rng(4)
KERNELS = motif_kernels(RNG, M, N, D, share=0.2)
X, Y = draw_rasters(RNG, KERNELS, 4, T, p_event=0.03)
SMALL = {"n_inputs": N, "depth": D, "prior": 0.03}


def test_evidence_is_the_correlation_with_the_kernels():
    model = MotifDetector(**SMALL).adopt(KERNELS, X, share=0.1)
    found = model.evidence(X)
    for row, evidence in zip(X.reshape(-1, N, T), found, strict=True):
        padded = np.pad(row.astype(float), ((0, 0), (0, D - 1)))
        exact = [correlate2d(padded, kernel, mode="valid")[0] for kernel in KERNELS]
        np.testing.assert_allclose(evidence, exact, atol=1e-5)
    np.testing.assert_array_equal(model.predict(X), found > model.threshold_)
    assert 0.01 < model.predict(X).mean() <= 0.1  # evidence that is equal is left out
    assert model.score(X, Y) == (found > model.threshold_)[Y > 0].mean()


def test_evidence_is_that_of_synapses_in_stock_brian2():
    b2.start_scope()
    b2.prefs.codegen.target = "numpy"
    clock = b2.Clock(dt=1 * b2.ms)
    cell, at = np.nonzero(X[0].reshape(N, T))
    source = b2.SpikeGeneratorGroup(N, cell, at * b2.ms, clock=clock)
    group = b2.NeuronGroup(M, "s : 1", clock=clock)
    group.run_regularly("s = 0", when="start")
    synapses = b2.Synapses(source, group, "w : 1", on_pre="s_post += w", clock=clock)
    pre, post, d = np.nonzero(KERNELS.transpose(1, 0, 2))
    synapses.connect(i=pre, j=post)
    synapses.w, synapses.delay = KERNELS[post, pre, d], (D - 1 - d) * b2.ms
    monitor = b2.StateMonitor(group, "s", record=True, when="end", clock=clock)
    b2.Network(source, group, synapses, monitor).run((T + D) * b2.ms)
    model = MotifDetector(**SMALL, target="numpy", dtype="float64").adopt(KERNELS, X)
    np.testing.assert_allclose(
        model.evidence(X[:1])[0], monitor.s[:, D - 1 : D - 1 + T], atol=1e-12
    )


@pytest.mark.parametrize("target", ["numpy", "cpp"])
def test_learning_is_the_delta_rule_at_every_delay(target):
    model = MotifDetector(**SMALL, eta=0.05, target=target, dtype="float64").fit(X, Y)
    weights, bias = np.zeros((M, N, D)), np.log(0.03 / 0.97)
    for row, events in zip(X.reshape(-1, N, T), Y, strict=True):
        around = np.pad(row, ((0, 0), (D - 1, D)))
        for t in range(1 - D, T):
            window = around[:, t + D - 1 : t + 2 * D - 1]
            there = events[:, t] if t >= 0 else np.zeros(M)
            error = there - 1 / (1 + np.exp(-np.sum(weights * window, axis=(1, 2)) - bias))
            weights += 0.05 * error[:, None, None] * window
    np.testing.assert_allclose(model.kernels_, weights, atol=1e-12)
    assert np.abs(weights).max() > 0.1
    assert model.threshold_ == pytest.approx(-bias)


def test_it_keeps_the_promises_of_models():
    assert check_model(MotifDetector(**SMALL, eta=0.05), X, Y).passed


def test_it_refuses_what_is_no_raster_or_kernel():
    model = MotifDetector(**SMALL, target="numpy")
    for message, call in {
        "X: must be 0 and 1, a multiple of 12": lambda: model.fit(X[:, 1:], Y),
        r"y: must be 0 and 1 of shape \(4, 3, 90\)": lambda: model.fit(X, Y[..., 1:]),
        "y: requires y": lambda: model.fit(X),
        "kernels: must have shape": lambda: model.adopt(KERNELS[..., 1:], X),
        "kernels: must be finite": lambda: model.adopt(KERNELS * np.nan, X),
        "share: must lie between 0 and 1": lambda: model.adopt(KERNELS, X, share=1.0),
        r"draw_rasters.kernels: must be finite, of shape": lambda: draw_rasters(RNG, KERNELS, 1, 5),
    }.items():
        with pytest.raises(ValueError, match=message):
            call()


def test_smoke_needs_the_delays_and_learns_them(tmp_path):
    assert cli.main(["run", "delays", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "delays_smoke.json")
    assert results.metrics["found_depth_31"] >= 0.9 > 0.5 > results.metrics["found_depth_5"]
    assert results.metrics["learnt_found"] >= 0.85
    assert results.metrics["learnt_correlation"] > 0.7
    for name in ("found_shuffled", "found_averaged", "learnt_shuffled"):
        assert results.baselines[name] < 0.05
