"""The experiment on the feature extractor: numbers beside their baselines, figures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bioplastic import cli
from bioplastic.study.results import load_results

pytestmark = pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler"
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("csnn")
    arguments = ["csnn", "--scale", "smoke", "--seed", "3", "--seeds", "2", "--out", str(folder)]
    assert cli.main(arguments) == 0
    return folder


def test_features_read_better_than_random_filters_and_chance(out: Path) -> None:
    results = load_results(out / "csnn_smoke.json")
    accuracy = results.metrics["accuracy_linear"]
    assert accuracy > results.baselines["linear_frozen"] > results.baselines["chance"]
    assert results.metrics["accuracy_linear_std"] >= 0
    assert results.parameters["n_train"] == 1000
    assert results.metrics["n_features"] == 576
    assert 0.05 < results.metrics["density"] < 0.95
    assert 0 < results.metrics["mean_latency"] < 1


def test_figures(out: Path) -> None:
    paths = sorted(out.glob("*.png"))
    assert [path.name for path in paths] == ["csnn_smoke_filters.png", "csnn_smoke_learning.png"]
    assert all(path.stat().st_size < 300_000 for path in paths)
