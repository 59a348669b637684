"""Diehl & Cook at small scale: learning beats random weights."""

from __future__ import annotations

from bioplastic import cli
from bioplastic.study.results import load_results


def test_smoke_beats_random_weights(tmp_path):
    options = ["--scale", "smoke", "--arms", "no_delays,random", "--out", str(tmp_path)]
    assert cli.main(["run", "diehl_cook", *options]) == 0
    results = load_results(tmp_path / "diehl_cook_smoke.json")
    accuracy, random = results.metrics["accuracy_no_delays"], results.baselines["accuracy_random"]
    assert accuracy > max(random + 0.05, 3 * results.baselines["chance"])
    assert results.baselines["linear"] > 0.9
    for figure in ("learning", "prototypes"):
        assert (tmp_path / f"diehl_cook_smoke_{figure}.png").stat().st_size > 20_000
