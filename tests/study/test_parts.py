"""Experiments made of parts: what is stored counts with what it cost, wherever it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bioplastic.checkpoints import RunFolder, compute_once, read_run
from bioplastic.checkpoints.seconds import Seconds, seconds_spent, take_over
from bioplastic.study.parts import Call, run_calls

COST = Seconds(cpu=1000.0, wall=3000.0)


def square(number: int) -> dict[str, Any]:
    take_over(COST)  # stands for a long computation
    return {"square": number**2}


@pytest.mark.parametrize("jobs", [1, 2])
def test_stored_parts_cost_what_they_cost_in_any_process(tmp_path: Path, jobs: int) -> None:
    for number in range(2):
        compute_once(tmp_path, f"part{number}", {}, lambda: square(3))
    calls: list[Call] = [(compute_once, (tmp_path, f"part{k}", {}, dict)) for k in range(2)]
    start = seconds_spent()
    with RunFolder(tmp_path, {}) as run:
        assert run_calls(calls, jobs=jobs, run=run, title="parts") == [{"square": 9}] * 2
    spent = seconds_spent() - start
    assert spent.cpu == pytest.approx(2 * COST.cpu, abs=100)
    assert spent.wall == pytest.approx(2 * COST.wall / jobs, abs=600)  # they passed side by side
    assert read_run(tmp_path)["progress"] == {"finished": 2, "parts": 2}
