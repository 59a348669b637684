"""A result costs what all processes that worked on it spent, and nothing counts twice."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bioplastic.checkpoints import RunFolder, read_run
from bioplastic.checkpoints.seconds import Seconds, seconds_of, seconds_spent, take_over
from bioplastic.files import DamagedFileError

STEP = Seconds(cpu=1000.0, wall=3000.0)


def burn() -> dict[str, Any]:
    """Stand for a long computation: nothing else here takes a thousand seconds."""
    take_over(STEP)
    return {"value": 1.0}


def steps_spent(work: Callable[[], Any]) -> int:
    """Return how many computations a piece of work cost."""
    start = seconds_spent()
    work()
    spent = seconds_spent() - start
    steps = round(spent.cpu / STEP.cpu)
    assert spent.cpu == pytest.approx(steps * STEP.cpu, abs=60)
    assert spent.wall == pytest.approx(steps * STEP.wall, abs=600)
    return steps


def run_in_steps(folder: Path, steps: int, stop: int | None = None) -> None:
    with RunFolder(folder, {"steps": steps}, resume=True) as run:
        done = 0
        if run.found:
            run.load_arrays()
            done = run.progress["done"]
        while done < steps:
            burn()
            done += 1
            run.save({"w": np.zeros(1)}, {"done": done})
            if done == stop:
                return
        run.finish()


def test_a_resumed_run_costs_the_sum_of_its_parts(tmp_path: Path) -> None:
    assert steps_spent(lambda: run_in_steps(tmp_path, 3, stop=2)) == 2
    assert steps_spent(lambda: run_in_steps(tmp_path, 3)) == 3  # one of them now
    assert seconds_of(read_run(tmp_path)["checkpoints"][0]).cpu >= 3 * STEP.cpu
    assert steps_spent(lambda: run_in_steps(tmp_path, 3)) == 3  # none of them now
    assert seconds_of(read_run(tmp_path)["checkpoints"][0]).cpu < 4 * STEP.cpu


def test_what_follows_the_last_checkpoint_counts_when_the_run_ends(tmp_path: Path) -> None:
    with RunFolder(tmp_path, {}) as run:
        run.save({}, {})
        burn()
        run.finish()
    assert seconds_of(read_run(tmp_path)["checkpoints"][0]).cpu >= STEP.cpu


def test_work_that_was_lost_does_not_count(tmp_path: Path) -> None:
    run_in_steps(tmp_path, 3, stop=2)
    (tmp_path / read_run(tmp_path)["checkpoints"][0]["state"]).unlink()
    with pytest.warns(UserWarning, match="continues from the checkpoint before"):
        run = RunFolder(tmp_path, {"steps": 3}, resume=True)
    with run:
        assert steps_spent(run.load_arrays) == 1
        assert steps_spent(run.load_arrays) == 0  # it is the same state


def test_the_clock_counts_this_process_and_those_it_waited_for() -> None:
    start, own = seconds_spent(), time.process_time()
    subprocess.run([sys.executable, "-c", "sum(range(10**7))"], check=True)
    spent = seconds_spent() - start
    assert spent.cpu > time.process_time() - own + 0.04
    assert spent.wall > 0.04


def test_damaged_seconds_are_damage(tmp_path: Path) -> None:
    run_in_steps(tmp_path, 1)
    path = tmp_path / "run.json"
    about = json.loads(path.read_text())
    about["checkpoints"][0]["cpu_seconds"] = -1.0
    path.write_text(json.dumps(about))
    with pytest.raises(DamagedFileError, match="must be times in seconds"):
        read_run(tmp_path)
    del about["checkpoints"][0]["cpu_seconds"]
    path.write_text(json.dumps(about))
    assert seconds_of(read_run(tmp_path)["checkpoints"][0]).cpu == 0
