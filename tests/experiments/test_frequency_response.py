"""Gains beside closed forms, calibrated rates, and pools beside each other."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic import cli
from bioplastic.analysis import integrator_gain, lif_gain
from bioplastic.models.frequency_response import (
    count_spikes,
    filter_cell,
    measure_membrane,
    measure_rates,
)
from bioplastic.study.results import load_results

F = [0.01, 0.115, 0.2, 0.4, 0.49]


@pytest.mark.parametrize("beta", [0.5, 0.9])
def test_membranes_have_the_gain_of_the_formula(beta):
    np.testing.assert_allclose(measure_membrane(F, beta), lif_gain(F, beta), rtol=1e-3)
    exact = (1 - beta) * integrator_gain(F)
    np.testing.assert_allclose(measure_membrane(F, beta, leaky=False), exact, rtol=1e-3)


def test_an_integrator_passes_slow_input_on_as_it_is():
    """What goes in must come out as spikes: a gain of 1 - beta, and less when it is fast."""
    gain = measure_rates([0.005, 0.3], 0.5, leaky=False, n_cells=400, n_steps=1100, seed=1)
    assert gain[0, 0] == pytest.approx(0.5, rel=0.05)
    assert gain[1, 0] == pytest.approx(0.25, rel=0.1)
    assert gain[0, 1] < 0.75 * gain[0, 0]


def test_counts_are_those_of_a_loop():
    X = np.random.default_rng(0).normal(0, 1, (3, 40)).astype(np.float32)
    rng, n = np.random.default_rng(5), 7
    beta, bias = rng.uniform(0, 0.9, n), rng.uniform(-0.5, 1.5, n)
    gain = rng.choice([-1, 1], n) * rng.uniform(0.5, 2, n)
    wanted, v = np.zeros((3, n), dtype=int), np.zeros((3, n))
    for x in X.T:
        v = beta * v + (1 - beta) * (bias + gain * x[:, None])
        wanted += v > 1
        v -= v > 1
    np.testing.assert_array_equal(count_spikes(X, n_cells=n, seed=5), wanted)


def test_a_decay_of_one_is_refused():
    with pytest.raises(ValueError, match=r"filter_cell\.beta"):
        filter_cell(1.0)


def test_smoke_meets_the_closed_form_and_the_order_of_cells(tmp_path):
    command = ["run", "frequency_response", "--scale", "smoke", "--out", str(tmp_path)]
    assert cli.main(command) == 0
    results = load_results(tmp_path / "frequency_response_smoke.json")
    assert results.metrics["membrane_error"] < 0.01
    assert results.metrics["gain_if_noisy_1_0_2"] + 0.1 < results.metrics["gain_lif_5_noisy_1_0_2"]
    assert results.metrics["effect_high"] > results.metrics["effect_low"]
    assert (tmp_path / "frequency_response_smoke_gains.png").stat().st_size > 20_000
