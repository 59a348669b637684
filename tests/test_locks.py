"""Locks between processes: one at a time, given back by whoever ends, never in the way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bioplastic import locks
from bioplastic.locks import hold_lock

HOLDER = """
import sys, time
from pathlib import Path
from bioplastic.locks import hold_lock
with hold_lock(Path(sys.argv[1])) as held:
    Path(sys.argv[2]).write_text(str(held))
    time.sleep(60)
"""


def test_one_at_a_time_and_nothing_left(tmp_path: Path) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with hold_lock(tmp_path / "lock") as held:
            assert held
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == 1
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path, ready = tmp_path / "lock", tmp_path / "ready"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path), str(ready)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        deadline = time.monotonic() + 60
        while not ready.exists() or not ready.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert ready.read_text() == "True"
        with hold_lock(path, patience=0.1) as held:
            assert not held  # still at work, and we have waited long enough
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with hold_lock(path, patience=5) as held:
        assert held
    assert not path.exists()


def test_without_a_place_for_the_file_the_block_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with hold_lock(tmp_path / "file" / "lock") as held:
        assert held is None


def test_without_locks_the_block_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, timeout: float) -> None:
        raise NotImplementedError

    monkeypatch.setattr(locks.FileLock, "acquire", refuse)
    with hold_lock(tmp_path / "lock") as first, hold_lock(tmp_path / "lock") as second:
        assert (first, second) == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_an_error_gives_the_lock_back(tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold_lock(tmp_path / "lock"):
        raise KeyError
    with hold_lock(tmp_path / "lock", patience=0) as held:
        assert held


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_leaves_the_lock_alone(tmp_path: Path) -> None:
    path, stack = tmp_path / "lock", contextlib.ExitStack()
    assert stack.enter_context(hold_lock(path))
    for closes in (True, False):
        if (child := os.fork()) == 0:
            if closes:
                stack.close()
            else:
                time.sleep(60)  # it inherits the open file, but not the lock
            os._exit(0)
        if closes:
            os.waitpid(child, 0)
            with hold_lock(path, patience=0) as held:
                assert held is False
    stack.close()
    try:
        with hold_lock(path, patience=5) as held:
            assert held
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("remove", [True, False])
def test_the_file_stays_where_somebody_may_wait_for_it(tmp_path: Path, remove: bool) -> None:
    with hold_lock(tmp_path / "lock", remove=lambda: remove) as held:
        assert held
    assert (tmp_path / "lock").exists() is not remove
    with hold_lock(tmp_path / "lock", patience=0) as held:
        assert held
