"""A browser for the pages that experiments write, and a death for experiments that run."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --hide-scrollbars "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--allow-file-access-from-files --virtual-time-budget=10000"
).split()


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., str]:
    """Return a function that opens a page with options and returns what the browser prints."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"there is no browser to open the page with (looked for {', '.join(NAMES)})")

    def run(page: Path, *options: str) -> str:
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        command = [found, *FLAGS, profile, *options, page.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    return run


DRIVER = """
import os, signal, sys
from bioplastic import files
from experiments.cli import main

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
