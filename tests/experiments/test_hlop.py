"""The experiment on continual learning at its smallest scale."""

from __future__ import annotations

import numpy as np

from experiments.cli import main
from experiments.results import load_results

ARMS = "hlop,sequential,joint,hlop_fa,sequential_fa,hlop_spiking_10,hlop_spiking_40"


def test_smoke(tmp_path):
    out, kept = tmp_path / "out", tmp_path / "kept"
    command = ["hlop", "--scale", "smoke", "--arms", ARMS, "--checkpoints", str(kept)]
    assert main([*command, "--out", str(out)]) == 0
    results = load_results(out / "hlop_smoke.json")
    metrics = results.metrics
    assert metrics["acc_hlop"] > metrics["acc_sequential"] > results.baselines["chance"]
    assert metrics["bwt_hlop"] > metrics["bwt_sequential"]
    assert metrics["toy_residual_task_1"] <= 0.085
    assert metrics["toy_orthonormality"] < 1e-2
    assert metrics["toy_change_of_old_rows"] < 1e-6
    names = {path.name for path in out.glob("*.png")}
    assert names == {
        f"hlop_smoke_{name}.png"
        for name in (
            "accuracy_matrix", "scores", "forgetting", "feedback", "laterals", "subspaces", "toy"
        )
    }  # fmt: skip
    assert main([*command, "--out", str(out)]) == 0  # finished arms are taken from the folder
    again = load_results(out / "hlop_smoke.json")
    for name in ("accuracies_hlop", "residual_after_hlop"):
        np.testing.assert_array_equal(again.arrays[name], results.arrays[name])
    assert again.metrics["cpu_seconds_hlop"] == metrics["cpu_seconds_hlop"]


def test_split_tasks(tmp_path):
    command = ["hlop", "--scale", "smoke", "--tasks", "split", "--arms", "hlop,joint"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "hlop_smoke.json")
    assert results.metrics["acc_hlop"] > 0.6
    assert results.arrays["accuracies_hlop"].shape == (1, 2, 2)


def test_unknown_arm(tmp_path, capsys):
    command = ["hlop", "--scale", "smoke", "--arms", "nothing", "--out", str(tmp_path)]
    assert main(command) == 2
    assert "unknown 'nothing'" in capsys.readouterr().err
