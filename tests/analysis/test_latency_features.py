"""Summaries of filters and latency codes, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.analysis import summarise_filters, summarise_latencies


def test_filters() -> None:
    filters = np.array([[[0.05, 0.95]], [[1.0, 0.4]], [[0.0, 0.0]]])
    summary = summarise_filters(filters, [2.0, 4.0, 9.0])
    assert summary["mean_weight"] == pytest.approx(0.4)
    assert summary["weak_share"] == 0.5
    assert summary["strong_share"] == pytest.approx(1 / 3)
    assert summary["mean_filter_sum"] == pytest.approx(0.8)
    assert summary["mean_threshold"] == 5
    assert (summary["lowest_threshold"], summary["highest_threshold"]) == (2, 9)


def test_latencies_over_several_blocks() -> None:
    rng = np.random.default_rng(0)
    times = rng.random((2500, 7)) * 1.5
    times[:, 3] = 1.0
    times[::100] = np.inf
    summary = summarise_latencies(times)
    active = times < 1
    assert summary["density"] == pytest.approx(active.mean())
    assert summary["mean_latency"] == pytest.approx(times[active].mean())
    assert summary["dead_features"] == 1
    assert summary["silent_samples"] == (~active.any(axis=1)).sum() >= 25
    assert np.isnan(summarise_latencies(np.ones((2, 2)))["mean_latency"])


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match=r"summarise_filters\.thresholds"):
        summarise_filters(np.ones((3, 2)), [1.0])
    with pytest.raises(ValueError, match=r"summarise_latencies\.latencies"):
        summarise_latencies([0.5])
