"""Files are whole or not there, one or several at once."""

from __future__ import annotations

import errno
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import mV

from bioplastic import files
from bioplastic.files import DamagedFileError, read_arrays, write_arrays, write_together


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


def test_any_text_names_an_array(tmp_path: Path) -> None:
    path, names = tmp_path / "x.npz", ["file", "allow_pickle", "a", "a.npy", "a/b", "", "é"]
    write_arrays(path, {name: np.array(k) for k, name in enumerate(names)}, compress=True)
    assert {name: int(a) for name, a in read_arrays(path).items()} == dict(
        zip(names, range(7), strict=True)
    )
    for arrays in ({1: np.eye(2)}, {"q": np.ones(2) * mV}, {"m": np.ma.array([1])}):
        with pytest.raises(TypeError, match=r"must be (text|a plain array)"):
            write_arrays(path, arrays)  # type: ignore[arg-type]


def _member(shape: str, data: bytes = b"") -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00\x76\x00" + text.encode() + data)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        _member("(3,)", bytes(2)),
        _member("(3,)", bytes(4)),
        _member(f"({10**12},)"),
        _member(f"({2**62}, 4)"),
        _member("(" * 3000),
        _member("(-1,)"),
        b"",
        b"PK\x03\x04",
    ],
)
def test_a_damaged_archive_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(_member("(3,)", b"abc"))
    assert read_arrays(path)["a"].tobytes() == b"abc"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"x\.npz: damaged or no archive"):
        read_arrays(path)
    path.write_bytes(_member(f"({2**20},)", bytes(2**20)))  # a kilobyte that states a megabyte
    monkeypatch.setattr(files, "_MEMORY", 2**19)
    with pytest.raises(DamagedFileError, match=r"states \d+ bytes .* more than the memory"):
        read_arrays(path)
