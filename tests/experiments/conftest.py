"""A death for experiments that run."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

DRIVER = """
import os, signal, sys
from bioplastic import files
from bioplastic.cli import main

replace, left = os.replace, int(sys.argv[1])

def replace_or_die(*names):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*names)

files.os.replace = replace_or_die
main(sys.argv[2:])
"""


@pytest.fixture
def kill_run() -> Callable[..., None]:
    """Return a function that runs an experiment and kills it while it writes its n-th file."""

    def run(number: int, *command: str) -> None:
        start = [sys.executable, "-c", DRIVER, str(number), *command]
        done = subprocess.run(start, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]

    return run
