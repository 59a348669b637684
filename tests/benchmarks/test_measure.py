"""What a measured process is said to have used."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from bioplastic.benchmarks.measure import measure, slope


def test_output_and_directory(tmp_path: Path) -> None:
    usage = measure([sys.executable, "-c", "import os; print(os.getcwd())"], cwd=tmp_path)
    assert Path(usage.output.strip()) == tmp_path.resolve()
    assert usage.wall_seconds > 0


def test_peak_memory_is_that_of_the_command_and_not_of_its_parent() -> None:
    ballast = np.ones(150_000_000 // 8)  # held by this process while it starts the other
    usage = measure([sys.executable, "-I", "-S", "-c", "pass"])
    assert usage.peak_bytes < 60e6
    large = measure([sys.executable, "-I", "-S", "-c", "x = b'x' * 100_000_000"])
    assert large.peak_bytes - usage.peak_bytes == pytest.approx(1e8, rel=0.1)
    assert ballast.size > 0


def test_the_time_of_children_counts() -> None:
    busy = "import time\nt = time.process_time()\nwhile time.process_time() - t < 0.2: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {busy!r}])"
    assert measure([sys.executable, "-c", parent]).cpu_seconds > 0.2


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no pinning on this system")
def test_the_command_is_pinned() -> None:
    core = max(os.sched_getaffinity(0))
    command = [sys.executable, "-c", "import os; print(os.sched_getaffinity(0))"]
    assert measure(command, core=core).output.strip() == f"{{{core}}}"


def test_one_thread_is_asked_for() -> None:
    command = [sys.executable, "-c", "import os; print(os.environ['OMP_NUM_THREADS'])"]
    assert measure(command).output.strip() == "1"


def test_a_failure_tells_its_reason() -> None:
    with pytest.raises(RuntimeError, match=r"status 1 .*ZeroDivisionError"):
        measure([sys.executable, "-c", "1/0"])
    with pytest.raises(RuntimeError, match="status 127"):
        measure(["a-program-that-nobody-wrote"])


def test_slope_removes_set_up() -> None:
    assert slope(2 + 10 * 0.25, 2 + 90 * 0.25, 10, 90) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="must exceed"):
        slope(1, 2, 5, 5)
