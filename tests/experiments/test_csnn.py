"""The experiment on the feature extractor: numbers beside their baselines, figures."""

from __future__ import annotations

import argparse
import shutil

import pytest

from bioplastic.commands.registry import load_experiment
from bioplastic.study.framework import compute_results, draw_figures

pytestmark = pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler"
)


@pytest.fixture(scope="module")
def results():
    args = argparse.Namespace(scale="smoke", data="digits", seed=3, seeds=2)
    return compute_results(load_experiment("csnn"), args)


def test_features_read_better_than_random_filters_and_chance(results):
    accuracy = results.metrics["accuracy_linear"]
    assert accuracy > results.baselines["linear_frozen"] > results.baselines["chance"]
    assert results.metrics["accuracy_linear_std"] >= 0
    assert results.parameters["n_train"] == 1000


def test_describes_the_code(results):
    assert results.metrics["n_features"] == 576
    assert 0.05 < results.metrics["density"] < 0.95
    assert 0 < results.metrics["mean_latency"] < 1


def test_figures(results, tmp_path):
    paths = draw_figures(load_experiment("csnn"), results, tmp_path)
    assert [path.name for path in paths] == ["csnn_smoke_filters.png", "csnn_smoke_learning.png"]
    assert all(path.stat().st_size < 300_000 for path in paths)
