"""The liquid beside a loop in NumPy, and what its recurrence is good for."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic import cli
from bioplastic.conformance import check_model
from bioplastic.experiments.liquid import draw_order
from bioplastic.models.liquid import LiquidStateMachine
from bioplastic.study.results import load_results

RNG = np.random.default_rng(0)
X = (RNG.random((12, 4 * 15)) < 0.4).astype(np.uint8)
Y = np.arange(12) % 2
OPTIONS = {"n_inputs": 4, "n_cells": 9, "sd_in": 3.0, "sd_rec": 2.0, "read_noise": 0.0}


def test_counts_are_those_of_the_equation():
    model = LiquidStateMachine(**OPTIONS, dtype="float64").fit(X, Y)
    w_in, w_rec = model.state_["feed.w"], model.state_["loop.w"]
    for row, counts in zip(X, model.transform(X), strict=True):
        u, s, total = np.zeros(9), np.zeros(9), np.zeros(9)
        for x in row.reshape(4, 15).T:
            u = 0.9 * u * (1 - s) + w_in.T @ x + w_rec.T @ s
            s = (u > 5).astype(float)
            total += s
        np.testing.assert_array_equal(counts, total)
    np.testing.assert_array_equal(model.counts_, model.transform(X))
    assert total.sum() > 0


def test_reading_is_noisy_and_the_same_every_time():
    noisy = LiquidStateMachine(**OPTIONS | {"read_noise": 0.2}).fit(X, Y)
    read = noisy.frozen_state()["loop.w"]
    assert np.std(read / noisy.state_["loop.w"] - 1) == pytest.approx(0.2, rel=0.3)
    np.testing.assert_array_equal(read, noisy.frozen_state()["loop.w"])
    assert (noisy.counts_ != noisy.transform(X)).any()


def test_it_keeps_the_promises_of_models():
    assert check_model(LiquidStateMachine(**OPTIONS | {"read_noise": 0.1}), X, Y).passed


def test_both_orders_have_the_same_inputs_on_average():
    trials, labels = draw_order(0, 400, 20)
    counts = trials.reshape(400, 20, -1).sum(axis=2)
    difference = counts[labels == 0].mean(axis=0) - counts[labels == 1].mean(axis=0)
    assert np.abs(difference).max() < 5 * np.sqrt(2 / 200 * counts.var(axis=0).max())
    with pytest.raises(ValueError, match="a multiple of 64"):
        LiquidStateMachine().fit(trials, labels)


def test_smoke_remembers_longer_than_membranes_do(tmp_path):
    assert cli.main(["run", "liquid", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "liquid_smoke.json")
    assert results.metrics["order_15_strong"] >= 0.95
    assert results.baselines["count_order_15"] < 0.65
    assert results.metrics["order_100_strong"] > results.baselines["no_recurrence_order_100"] + 0.15
    assert (tmp_path / "liquid_smoke_memory.png").stat().st_size > 20_000
