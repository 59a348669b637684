"""The FORCE experiment at its smallest scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bioplastic import cli
from bioplastic.commands.run import make_parser
from bioplastic.experiments.force import EXPERIMENT, PROTOCOLS
from bioplastic.study.framework import compute_results
from bioplastic.study.results import load_results


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("force")
    assert cli.main(["force", "--scale", "smoke", "--out", str(folder)]) == 0
    return folder


def test_every_task_is_measured_and_drawn(out: Path) -> None:
    results = load_results(out / "force_smoke.json")
    for task in PROTOCOLS["smoke"].tasks:
        for key in ("rate_before", "rate_after", "error_training", "lag_tolerant", "overlap"):
            assert np.isfinite(results.metrics[f"{task.name}_{key}"])
        assert results.baselines[f"untrained_{task.name}_lag_tolerant"] >= 1 - 1e-9
    drawn = {path.stem.removeprefix("force_smoke_") for path in out.glob("*.png")}
    assert drawn == {"sine", "spectrum", "controls", "targets", "lorenz"}


def test_controls_stand_beside_the_sine(out: Path) -> None:
    results = load_results(out / "force_smoke.json")
    for control in ("delta", "no_feedback", "feedback_cut", "untrained"):
        assert results.baselines[f"{control}_sine_lag_tolerant"] > 0
        assert f"{control}_sine_lag_tolerant_std" in results.baselines
    before, after = (results.arrays[f"sine_eigenvalues_{name}"] for name in ("before", "after"))
    assert before.shape == after.shape == (2, 60)
    assert not np.array_equal(before, after)


def test_a_run_continues_with_the_networks_that_are_left(tmp_path: Path) -> None:
    options = "--scale smoke --tasks sine --seeds 1 --checkpoints"
    args = make_parser(EXPERIMENT).parse_args([*options.split(), str(tmp_path)])
    first = compute_results(EXPERIMENT, args)
    parts = sorted(tmp_path.rglob("*.npz"))
    assert len(parts) == 3  # one per arm
    parts[0].write_bytes(parts[0].read_bytes()[:100])
    parts[1].unlink()
    with pytest.warns(UserWarning, match="damaged"):
        again = compute_results(EXPERIMENT, args)
    for name, array in first.arrays.items():
        if "cpu_seconds" not in name:
            np.testing.assert_array_equal(again.arrays[name], array)


def test_published_sizes_are_those_of_the_paper() -> None:
    protocol = PROTOCOLS["paper"]
    assert protocol.n_neurons == 2000
    sine = protocol.tasks[0]
    assert (sine.settle, sine.train, sine.free, sine.seeds) == (5, 5, 5, 5)


def test_unknown_tasks_are_refused(tmp_path: Path) -> None:
    arguments = ["force", "--scale", "smoke", "--out", str(tmp_path), "--tasks"]
    assert cli.main([*arguments, "square"]) == 2
    with pytest.raises(ValueError, match="none of sawtooth is among sine, product"):
        cli.main([*arguments, "sawtooth"])
