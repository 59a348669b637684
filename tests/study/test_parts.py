"""Experiments made of parts: what is stored counts with what it cost, wherever it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bioplastic.checkpoints import RunFolder, compute_once, read_run
from bioplastic.checkpoints.seconds import Seconds, seconds_spent, take_over
from bioplastic.study.parts import Call, compute_part, digest_sources, run_calls

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


def test_a_part_of_another_program_is_computed_anew(tmp_path: Path) -> None:
    for sources, number in (("a", 2), ("a", 2), ("b", 2), ("b", 3)):
        assert compute_part(tmp_path, square, (number,), sources) == {"square": number**2}
    assert len(list(tmp_path.iterdir())) == 3


def test_sources_that_are_not_there_are_an_error() -> None:
    digest = digest_sources("experiments/audit.py", libraries=("numpy", "no-such-library"))
    assert digest == digest_sources("experiments/audit.py", libraries=("numpy", "no-such-library"))
    assert digest != digest_sources("experiments/audit.py", libraries=("numpy",))
    with pytest.raises(ValueError, match="no file fits 'experiments/absent/"):
        digest_sources("experiments/absent/*.py")
