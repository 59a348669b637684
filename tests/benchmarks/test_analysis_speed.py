"""The analysis benchmark runs, and ten million spikes stay inside their limits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _run(path: Path, *options: str) -> dict:
    command = [
        sys.executable,
        "-m",
        "bioplastic.benchmarks.analysis_speed",
        "--json",
        str(path),
        *options,
    ]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    return json.loads(path.read_text())


def test_small_run(tmp_path):
    found = _run(tmp_path / "a.json", "--units", "110", "--seconds", "5")
    assert found["many"]["n_spikes"] == pytest.approx(5500, rel=0.1)
    assert set(found["many"]["steps"]) == {
        "container",
        "rates",
        "interval_statistics",
        "correlograms_100_pairs",
    }
    for row in found["verbs"].values():  # empty without Elephant
        assert row["difference"] < 1e-9


@pytest.mark.slow
def test_ten_million_spikes_in_ten_seconds_and_two_gigabytes(tmp_path):
    many = _run(tmp_path / "a.json")["many"]
    assert many["n_spikes"] > 9_900_000
    assert many["cpu_seconds"] < 10
    assert many["peak_bytes"] < 2e9
