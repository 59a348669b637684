"""The tutorial paper beside its closed form, and the rule beside a plain transcription."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic import cli
from bioplastic.conformance import check_model
from bioplastic.models.bcm import BCMCells, selectivity
from bioplastic.study.results import load_results


@pytest.mark.parametrize("k", [2, 4])
def test_cells_end_in_the_stable_states(k):
    patterns = 40 * np.kron(np.eye(k), np.ones((1, 10)))
    model = BCMCells(n_cells=8, random_state=1)
    model.fit(patterns[np.random.default_rng(1).integers(0, k, 1500 * k)])
    rates = model.transform(np.tile(patterns, (40, 1))).reshape(40, k, -1).mean(axis=0)
    np.testing.assert_allclose(selectivity(rates), 1 - 1 / k, atol=0.07)
    assert rates.max(axis=0).mean() == pytest.approx(10 * k, rel=0.15)


def test_the_rule_is_the_equation_step_by_step():
    model = BCMCells(n_cells=1, eta=1e-3, target="numpy", dtype="float64")
    model.fit(np.full((1, 2), 50.0))
    state, n_steps, decay = model.state_, 200, np.exp(-1e-3 / 0.1)
    assert state["feed.w"].shape == (2, 1)
    w, x, y, m = 0.5, 2.0, 1.5, 0.4
    state = {**state, "feed.w": np.full((2, 1), w), "feed.r_pre": np.full(2, x),
             "feed.r_post": np.full(1, y), "feed.m_post": np.full(1, m),
             "cell.drive": np.zeros(1)}  # fmt: skip
    program = model.program("learn")
    after, _ = program(state, {"x": np.zeros((1, 2))})  # nothing fires: the traces only decay
    tau, tau_m = 0.1, 5.0
    for _ in range(n_steps):
        m = (m - y**2 * tau_ratio(tau, tau_m)) * np.exp(-1e-3 / tau_m) + y**2 * tau_ratio(
            tau, tau_m
        ) * np.exp(-2e-3 / tau)
        x, y = x * decay, y * decay
        w = np.clip(w + 1e-3 * x * y * (y - m), 0, 10)
    np.testing.assert_allclose(after["feed.m_post"], m, rtol=1e-3)
    np.testing.assert_allclose(after["feed.w"].ravel(), w, rtol=1e-4)


def tau_ratio(tau: float, tau_m: float) -> float:
    """What ``dm/dt = (y^2 - m)/tau_m`` makes of ``y = exp(-t/tau)``: its particular solution."""
    return 1 / (1 - 2 * tau_m / tau)


def test_it_keeps_the_promises_of_models():
    patterns = 40 * np.kron(np.eye(2), np.ones((1, 5)))
    skip = {"silence": "what traces the last spikes left goes on learning"}
    assert check_model(BCMCells(n_cells=3), np.tile(patterns, (10, 1)), skip=skip).passed


def test_smoke_beats_its_baselines(tmp_path):
    assert cli.main(["run", "bcm", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "bcm_smoke.json")
    assert results.metrics["selectivity_5"] > results.baselines["fixed_selectivity_5"] + 0.2
    assert (tmp_path / "bcm_smoke_selectivity.png").stat().st_size > 20_000
