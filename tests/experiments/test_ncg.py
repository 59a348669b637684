"""The experiment on competition groups at its smallest scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioplastic import cli
from bioplastic.experiments.ncg.protocol import ABLATION_ROWS, RULE_ROWS, choose_entries
from bioplastic.experiments.ncg.training import share_of_first
from bioplastic.study.results import load_results


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ncg")
    arguments = ["ncg", "--scale", "smoke", "--only", "rstdp-5n,s2stdp,s2stdp+ncg,s2stdp+ncg-m7"]
    assert cli.main([*arguments, "--out", str(folder), "--jobs", "1"]) == 0
    return folder


def test_everything_is_measured_and_drawn(out: Path) -> None:
    results = load_results(out / "ncg_smoke.json")
    numbers, curves = results.measured["numbers"], results.measured["first_fold"]
    assert numbers.entry.values.tolist() == ["rstdp_5n", "s2stdp", "s2stdp_ncg", "s2stdp_ncg_m7"]
    for key in numbers.entry.values:
        assert results.metrics[f"accuracy_{key}"] == float(numbers.accuracy.sel(entry=key).mean())
        assert results.metrics[f"accuracy_{key}"] > 2 * results.baselines["chance"]
    assert curves.target_updates.sizes["epoch"] == results.parameters["epochs"]
    moved = np.ptp(curves.trace.sel(entry="s2stdp_ncg").values, axis=0)
    assert moved[1:].max() > 0 == moved[0]  # the labelled non-target cell keeps its threshold
    assert set(results.baselines) == {"chance", "linear_features", "linear_pixels"}
    assert "search" in results.parameters["settings"]["s2stdp_ncg"]
    drawn = {path.stem.removeprefix("ncg_smoke_") for path in out.glob("*.png")}
    assert drawn == {"rules", "learning", "thresholds", "spike_times", "filters"}


@pytest.mark.parametrize("data", ["digits", "mnist", "fashion-mnist", "cifar-10"])
def test_every_row_has_settings(data: str) -> None:
    keys = {entry.key: entry for entry in choose_entries("paper", data)}
    assert {*RULE_ROWS, *ABLATION_ROWS} <= set(keys)
    for entry in keys.values():
        entry.configuration.classifier(epochs=1)._check_params()
    full = keys["s2stdp_ncg"]
    assert (full.source == "published") == (data != "digits")
    assert keys["s2stdp_ncg_m7"].configuration.arguments["n_per_class"] == 7
    if data == "cifar-10":
        assert {keys[name].source for name in ABLATION_ROWS} == {"published"}


def test_unknown_configurations_are_refused() -> None:
    with pytest.raises(ValueError, match="--only: unknown nothing; known: rstdp_5n"):
        choose_entries("quick", "mnist", "nothing")


def test_share_of_the_busiest_cell() -> None:
    updates = np.array([[9, 3, 1, 0, 2, 2], [9, 0, 0, 0, 0, 0]])
    assert share_of_first(updates, 3, 1) == pytest.approx((3 / 4 + 2 / 4) / 2)
