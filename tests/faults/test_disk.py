"""Disks that are full, caches that cannot be written, and two builders at once."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bioplastic.engine import cache

ROOT = Path(__file__).parents[2]

FULL = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from bioplastic.experiments.sym_stdp.training import PROTOCOLS, load_samples
from bioplastic.models.sym_stdp import SymSTDPClassifier
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
protocol = PROTOCOLS["smoke"].with_values(train=60, test=30)
SymSTDPClassifier.chunk, SymSTDPClassifier.checkpoint_seconds = 20, 0.0
samples = load_samples(protocol, "digits", 0)

def limit(size):
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size if size else hard, hard))

def run(**options):
    return protocol.make_model("digits", 0, {}).fit(samples.X, samples.y, **options)

limit(2000)                     # no room for the library
try:
    run(checkpoints=folder)
except Exception as error:
    print(type(error).__name__, sorted(p.name for p in Path(sys.argv[2]).glob("[!.]*")))
limit(0)
straight = run()
limit(30000)                    # room for what describes the run, not for its state
try:
    run(checkpoints=folder, resume=True)
except OSError as error:
    print(error.errno, error)
print(sorted(p.name for p in folder.iterdir()))
limit(0)
resumed = run(checkpoints=folder, resume=True)
print(all(np.array_equal(straight.state_[k], resumed.state_[k])
          for k in straight.state_))
"""


def test_a_disk_that_is_full_while_building_and_writing(tmp_path: Path) -> None:
    builds = tmp_path / "cache"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "run"), str(builds)],
        cwd=ROOT, env={**os.environ, "BIOPLASTIC_CACHE": str(builds)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    building, writing, left, same = done.stdout.splitlines()
    assert building.split(" ", 1)[0] in ("CompilerError", "OSError")
    assert building.endswith("[]")
    assert writing.startswith(f"{errno.EFBIG} ")
    assert "cannot write a checkpoint (File too large)" in writing
    assert left == "['run.json']"
    assert same == "True"


def test_a_read_only_cache_still_serves_and_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root writes anywhere, so the errors of a read-only file system are made by hand."""
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def build(folder: Path) -> dict[str, Any]:
        (folder / "program.so").write_bytes(b"library")
        return {"layout": 1}

    key, other = "0" * 64, "1" * 64
    library, layout, built = cache.find_or_build(key, "cell 3", build)
    assert built
    make = cache.tempfile.mkdtemp

    def refuse(*arguments: Any, **options: Any) -> str:
        if "dir" in options:
            raise OSError(errno.EROFS, "Read-only file system", str(options["dir"]))
        return make(*arguments, **options)

    open_file = os.open

    def refuse_to_make(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_CREAT:
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return open_file(path, flags, *arguments, **options)

    monkeypatch.setattr(cache.tempfile, "mkdtemp", refuse)
    monkeypatch.setattr(os, "open", refuse_to_make)
    assert cache.find_or_build(key, "cell 3", build) == (library, layout, False)
    with pytest.warns(UserWarning, match=r"cannot be used \(Read-only file system\)"):
        place, _, built = cache.find_or_build(other, "cell 4", build)
    assert built
    assert place.read_bytes() == b"library"
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [key]
    cache._remove_temporary_builds()
    assert not place.exists()


def test_a_truncated_entry_is_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path / "cache"))

    def build(folder: Path) -> dict[str, Any]:
        (folder / "program.so").write_bytes(b"library" * 100)
        return {"layout": 1}

    for name in ("program.so", "entry.json"):
        library, _, _ = cache.find_or_build("0" * 64, "cell 3", build)
        path = library.with_name(name)
        for length in (0, 1, path.stat().st_size // 2, path.stat().st_size - 1):
            path.write_bytes(path.read_bytes()[:length])
            with pytest.warns(UserWarning, match="damaged cache entry"):
                _, layout, built = cache.find_or_build("0" * 64, "cell 3", build)
            assert built
            assert layout == {"layout": 1}
            assert library.read_bytes() == b"library" * 100
