"""The experiment on continual learning at its smallest scale."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.checkpoints import read_run
from bioplastic.cli import main
from bioplastic.study.results import load_results

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
    again = ["--resume", "--out", str(out)]
    assert main([*command, *again]) == 0  # finished arms are taken from the folder
    again = load_results(out / "hlop_smoke.json")
    for name in ("accuracies_hlop", "residual_after_hlop"):
        np.testing.assert_array_equal(again.arrays[name], results.arrays[name])
    spent = sum(value for name, value in metrics.items() if name.startswith("cpu_seconds_"))
    assert again.metrics["cpu_seconds_hlop"] == metrics["cpu_seconds_hlop"]
    assert again.cpu_seconds > spent


def test_a_killed_run_continues_with_the_same_bits(tmp_path, kill_run, capsys):
    command = ["hlop", "--scale", "smoke", "--n-tasks", "3", "--arms", "hlop,sequential"]
    kept = ["--checkpoints", str(tmp_path / "kept"), "--out"]
    # run.json and a state at the start, run.json of the arm, then one state and run.json per task
    kill_run(7, *command, *kept, str(tmp_path / "out"))
    running = tmp_path / "kept" / "running" / "hlop-seed0"
    assert read_run(running)["progress"] == {"tasks": 1}
    assert read_run(tmp_path / "kept")["parameters"]["seed"] == 0
    assert main([*command, *kept, str(tmp_path / "out")]) == 1
    assert "holds a run already: add --resume" in capsys.readouterr().err
    resume = [*command, "--resume", *kept]
    assert main([*resume, str(tmp_path / "out"), "--n-tasks", "2"]) == 1
    assert "cannot be continued: n_tasks was 3, is 2" in capsys.readouterr().err
    assert main([*resume, str(tmp_path / "out")]) == 0
    assert main([*command, "--out", str(tmp_path / "straight")]) == 0
    resumed, straight = (
        load_results(tmp_path / name / "hlop_smoke.json") for name in ("out", "straight")
    )
    assert resumed.arrays.keys() == straight.arrays.keys()
    for name, array in straight.arrays.items():
        np.testing.assert_array_equal(resumed.arrays[name], array)
    first = read_run(running)["checkpoints"][-1]["cpu_seconds"]
    assert resumed.metrics["cpu_seconds_hlop"] > first > 0
    (part,) = (tmp_path / "kept").glob("sequential-seed0-*.npz")
    part.write_bytes(part.read_bytes()[:-10])
    with pytest.warns(UserWarning, match="damaged or no stored result"):
        assert main([*resume, str(tmp_path / "out")]) == 0
    again = load_results(tmp_path / "out" / "hlop_smoke.json")
    assert again.metrics["acc_sequential"] == straight.metrics["acc_sequential"]


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
