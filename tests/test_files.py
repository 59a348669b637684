"""Files are whole or not there, one or several at once."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from bioplastic import files
from bioplastic.files import write_together


def write_both(folder: Path, error: Exception | None = None) -> None:
    with write_together(folder / "a", folder / "b") as (a, b):
        a.write(b"one")
        b.write(b"two")
        assert not (folder / "b").exists()
        if error is not None:
            raise error


def test_several_files_appear_together(tmp_path: Path) -> None:
    write_both(tmp_path)
    assert (tmp_path / "a").read_bytes() == b"one"
    assert (tmp_path / "b").read_bytes() == b"two"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("failing", [0, 1])
def test_none_appears_when_one_cannot_be_written(
    tmp_path: Path, monkeypatch: Any, failing: int
) -> None:
    (tmp_path / "a").write_bytes(b"before")
    calls = []

    def sync(handle: int) -> None:
        calls.append(handle)
        if len(calls) > failing:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", sync)
    with pytest.raises(OSError, match="No space left"):
        write_both(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"before"


def test_an_error_in_the_block_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        write_both(tmp_path, KeyError())
    with pytest.raises(FileNotFoundError), write_together(tmp_path / "a", tmp_path / "no" / "b"):
        pass
    assert list(tmp_path.iterdir()) == []
