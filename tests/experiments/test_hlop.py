"""The experiment on continual learning at its smallest scale."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.cli import main
from bioplastic.commands.run import make_parser
from bioplastic.experiments.hlop import ARMS, EXPERIMENT
from bioplastic.study.framework import compute_results, make_run
from bioplastic.study.results import load_results

SHOWN = "hlop,sequential,joint,hlop_fa,sequential_fa,hlop_spiking_10,hlop_spiking_40"


def run(command):
    """Run without drawing."""
    return compute_results(EXPERIMENT, make_parser(EXPERIMENT).parse_args(command[1:]))


def test_smoke(tmp_path):
    out, kept = tmp_path / "out", tmp_path / "kept"
    command = ["hlop", "--scale", "smoke", "--arms", SHOWN, "--checkpoints", str(kept)]
    assert main([*command, "--out", str(out)]) == 0
    results = load_results(out / "hlop_smoke.json")
    metrics = results.metrics
    assert metrics["acc_hlop"] > metrics["acc_sequential"] > results.baselines["chance"]
    assert metrics["bwt_hlop"] > metrics["bwt_sequential"]
    assert "bwt_joint" not in metrics
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
    again = run(command)  # finished arms are taken from the folder
    arms = results.measured["arms"]
    assert again.measured["arms"].identical(arms.assign_attrs(again.measured["arms"].attrs))
    assert again.measured["arms"].attrs["parts_found"] == arms.sizes["arm"] == 7
    assert again.metrics["cpu_seconds_hlop"] == metrics["cpu_seconds_hlop"]
    assert again.cpu_seconds > arms.cpu_seconds.sum()
    # joint training has seen all tasks at once, the others one after the other
    accuracy = arms.accuracy.isel(seed=0)
    assert accuracy.sel(arm="joint").notnull().values.tolist() == [[False, False], [True, True]]
    assert accuracy.sel(arm="hlop").notnull().values.tolist() == [[True, False], [True, True]]
    assert arms.rows.sel(arm="hlop", seed=0).values.tolist() == [[20, 20, 20], [25, 30, 30]]
    assert arms.rows.sel(arm="sequential").isnull().all()


def test_a_killed_run_continues_with_the_same_bits(tmp_path, kill_run):
    command = ["hlop", "--scale", "smoke", "--arms", "hlop,sequential"]
    kept = [*command, "--checkpoints", str(tmp_path / "kept"), "--out", str(tmp_path)]
    kill_run(2, *kept)
    resumed, straight = run(kept), run(command)
    found = resumed.measured["arms"]
    assert 0 < found.attrs["parts_found"] < 2
    assert set(found) == set(straight.measured["arms"])
    for name, array in straight.measured["arms"].drop_vars("cpu_seconds").items():
        np.testing.assert_array_equal(found[name], array)


def test_split_tasks(tmp_path):
    command = ["hlop", "--scale", "smoke", "--tasks", "split", "--arms", "hlop,joint"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "hlop_smoke.json")
    assert results.metrics["acc_hlop"] > 0.6
    assert results.measured["arms"].accuracy.sel(arm="hlop").shape == (1, 2, 2)


@pytest.mark.parametrize(
    ("options", "n_tasks", "n_arms", "seeds"),
    [
        ("--scale paper", 5, len(ARMS), 5),
        ("--scale paper --tasks split", 5, 6, 5),
        ("--scale paper --data mnist", 10, 5, 1),
        ("--scale paper --data mnist --tasks split", 5, 6, 1),
        ("--scale quick --seeds 3 --n-tasks 4", 4, 9, 3),
        ("--scale smoke --tasks split", 2, 4, 1),
    ],
)
def test_what_is_usual(options, n_tasks, n_arms, seeds):
    run = make_run(EXPERIMENT, make_parser(EXPERIMENT).parse_args(options.split()))
    protocol = run.protocol.settled(run.scale)
    assert (protocol.n_tasks, len(protocol.arms), len(run.seeds)) == (n_tasks, n_arms, seeds)


def test_unknown_arm(tmp_path, capsys):
    command = ["hlop", "--scale", "smoke", "--arms", "nothing", "--out", str(tmp_path)]
    assert main(command) == 2
    assert "unknown 'nothing'" in capsys.readouterr().err
