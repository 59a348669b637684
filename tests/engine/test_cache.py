"""Built programs on disk: compiled once, never half-written, never in the way."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic.engine import (
    CompilerError,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    SpikeCount,
    Trial,
    cache,
    compiler,
)
from bioplastic.engine.fingerprint import describe
from bioplastic.entries import digest
from bioplastic.neurons.model import NeuronModel
from bioplastic.signals import SpikeListSource

SCRIPT = """
import sys, time
from pathlib import Path
from brian2 import ms, mV
from bioplastic.engine import NetworkSpec, Population, Program, Trial
from bioplastic.neurons.model import NeuronModel

model = NeuronModel(name="leaky", equations="dv/dt = (20*mV - v)/tau : volt",
                    threshold="v > 10*mV", reset="v = 0*mV", parameters={"tau": 10*ms})
spec = NetworkSpec(populations=[Population(name="cell", n=3, model=model)], projections=[],
                   trial=Trial(duration=5*ms))
ready, go = map(Path, sys.argv[1:3])
ready.touch()
while not go.exists():
    time.sleep(0.01)
program = Program(spec, dt=1*ms)
state, _ = program(program.initial_state(), n_samples=1)
print(program.built, state["cell.v"].tolist())
"""


def network(tau: float = 10.0, start: float = 0.0) -> NetworkSpec:
    model = NeuronModel(
        name="leaky",
        equations="dv/dt = (20*mV - v)/tau : volt",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        parameters={"tau": tau * ms},
        initial={"v": start * mV},
    )
    return NetworkSpec(
        populations=[Population(name="cell", n=3, model=model)],
        projections=[],
        trial=Trial(duration=5 * ms),
    )


def run(program: Program) -> list[float]:
    state, _ = program(program.initial_state(), n_samples=1)
    values: list[float] = state["cell.v"].tolist()
    return values


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of a cache of this test alone; it does not exist yet."""
    path = tmp_path / "cache"
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(path))
    return path


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the place of temporary files."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(path))
    return path


# ---- what is compiled again ----------------------------------------------------------------------


def test_only_what_decides_about_the_binary_compiles_again(folder: Path) -> None:
    first = Program(network(), dt=1 * ms)
    second = Program(network(), dt=1 * ms)
    assert (first.built, second.built) == (True, False)
    assert run(first) == run(second)
    assert second.layout == first.layout
    other_start = Program(network(start=3.0), dt=1 * ms)
    assert not other_start.built
    assert other_start.initial_state()["cell.v"] == pytest.approx(3e-3)
    assert Program(network(tau=11.0), dt=1 * ms).built
    assert Program(network(), dt=0.5 * ms).built
    assert Program(network(), dt=1 * ms, dtype="float64").built
    assert len(cache.Builds().list_entries()) == 4
    assert oct(folder.stat().st_mode & 0o777) == "0o700"


@pytest.mark.usefixtures("folder")
def test_connectivity_is_no_part_of_the_program() -> None:
    def wired(pre: list[int], post: list[int]) -> Program:
        cell = NeuronModel(name="cell", equations="g : 1", threshold="g > 1.5", reset="g = 0")
        spec = NetworkSpec(
            populations=[
                SpikeListSource(name="input", n=5),
                Population(name="cell", n=5, model=cell),
            ],
            projections=[
                SparseProjection(
                    name="p",
                    source="input",
                    target="cell",
                    transmit="g_post += w",
                    initial={"w": 2.0},
                    pre=pre,
                    post=post,
                )
            ],
            trial=Trial(duration=4 * ms),
            records=[SpikeCount(population="cell")],
        )
        return Program(spec, dt=1 * ms)

    everybody = {"input": [(np.arange(5), np.zeros(5))]}
    for number, (pre, post) in enumerate([([0, 1], [3, 2]), ([0, 1, 2, 4], [1, 1, 4, 0])]):
        program = wired(pre, post)
        assert program.built == (number == 0)
        state = program.initial_state()
        assert state["p.w"].shape == (len(pre),)
        _, record = program(state, everybody)
        np.testing.assert_array_equal(record["cell.count"][0] > 0, np.isin(np.arange(5), post))
        part = next(p for p in program.layout.parts if p.name == "p_pre0")
        assert part.elements == len(pre)


def test_builds_at_once_in_two_processes_and_reuse_in_a_third(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)

    def start(number: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(script), str(tmp_path / f"ready{number}"), str(tmp_path / "go")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    both = [start(0), start(1)]
    for _ in range(6000):
        if all((tmp_path / f"ready{k}").exists() or both[k].poll() is not None for k in (0, 1)):
            break
        time.sleep(0.01)
    (tmp_path / "go").touch()
    results = [process.communicate(timeout=100) for process in both]
    for process, (_, errors) in zip(both, results, strict=True):
        assert process.returncode == 0, errors
    built, values = zip(*(out.split(" ", 1) for out, _ in results), strict=True)
    assert sorted(built) == ["False", "True"]  # one compiled, the other waited for it
    assert values[0] == values[1]
    assert [path.name for path in folder.iterdir()] == [cache.Builds().list_entries()[0].key]

    later = start(2)
    assert later.communicate(timeout=100)[0] == f"False {values[0]}"


# ---- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("program.so", b"\x7fELF"),
        ("program.so", None),
        ("entry.json", b'{"sha256": "'),
        ("entry.json", b"[]"),
        ("entry.json", lambda text: text.replace(b'"shape": [3]', b'"shape": [300000]')),
        ("entry.json", lambda text: text.replace(b'"cell 3"', b'"cell 4"')),
    ],
)
def test_a_damaged_entry_is_built_again(folder: Path, name: str, content: Any) -> None:
    expected = run(Program(network(), dt=1 * ms))
    damaged = cache.Builds().list_entries()[0].path / name
    whole = damaged.read_bytes()
    damaged.unlink()  # never write into a library that is loaded
    if content is not None:
        new = content(whole) if callable(content) else content
        assert new != whole
        damaged.write_bytes(new)
    with pytest.warns(UserWarning, match="damaged cache entry [0-9a-f]{12} is built again"):
        program = Program(network(), dt=1 * ms)
    assert program.built
    assert run(program) == expected
    assert not Program(network(), dt=1 * ms).built
    assert len(list(folder.iterdir())) == 1


def test_what_a_killed_build_left_is_removed_after_a_day(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    stale, recent = folder / ".build-stale", folder / ".build-recent"
    for path in (stale, recent):
        path.mkdir()
    yesterday = time.time() - 25 * 3600
    os.utime(stale, (yesterday, yesterday))
    assert cache.Builds().list_entries() == []
    Program(network(), dt=1 * ms)
    assert not stale.exists()
    assert recent.exists()
    assert len(cache.Builds().list_entries()) == 1


# ---- a cache that cannot be written --------------------------------------------------------------


def test_unusable_cache(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path below a regular file cannot be created, whoever asks."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(UserWarning, match=r"cannot be used \(.*\); .*for this process only"):
        program = Program(network(), dt=1 * ms)
    assert program.built
    assert len(run(program)) == 3
    assert len(list(temporary.iterdir())) == 1
    cache._remove_temporary_builds()
    assert list(temporary.iterdir()) == []
    assert cache.Builds().list_entries() == []
    assert cache.Builds().clear() == 0


def test_a_cache_that_others_can_write_is_not_trusted(folder: Path, temporary: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.warns(UserWarning, match=r"cannot be used \(owned or writable by other users\)"):
        Program(network(), dt=1 * ms)
    assert list(folder.iterdir()) == []
    cache._remove_temporary_builds()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("name", ["", "program.so", "entry.json"])
def test_an_entry_that_others_can_write_is_not_trusted(folder: Path, name: str) -> None:
    Program(network(), dt=1 * ms)
    (entry,) = cache.Builds().list_entries()
    (entry.path / name).chmod(0o777)
    with pytest.warns(UserWarning, match="entry that other users can write: .* is built again"):
        assert Program(network(), dt=1 * ms).built
    assert not Program(network(), dt=1 * ms).built


def test_an_entry_is_valid_under_its_own_key_alone(folder: Path) -> None:
    keys = [Program(network(tau=tau), dt=1 * ms).key for tau in (5.0, 6.0)]
    shutil.rmtree(folder / keys[0])
    shutil.copytree(folder / keys[1], folder / keys[0])
    with pytest.warns(UserWarning, match="damaged cache entry"):
        assert Program(network(tau=5.0), dt=1 * ms).built


# ---- compilers -----------------------------------------------------------------------------------


def test_without_a_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    wanted = r"'cpp' needs a C\+\+ compiler, but CXX='no-such-compiler' was not found.*numpy"
    with pytest.raises(CompilerError, match=wanted):
        Program(network(), dt=1 * ms)
    monkeypatch.delenv("CXX")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CompilerError, match=r"neither g\+\+ nor clang\+\+ was found. Install one"):
        Program(network(), dt=1 * ms)
    assert not folder.exists()
    program = Program(network(), dt=1 * ms, target="numpy")
    assert len(run(program)) == 3


@pytest.mark.parametrize("usable", [True, False])
def test_a_compiler_that_fails_leaves_nothing(
    folder: Path, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, usable: bool
) -> None:
    compiler = tmp_path / "broken-compiler"
    compiler.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo broken 1.0 && exit 0\necho no luck >&2; exit 1\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    if not usable:
        folder.write_text("a file where the directory should be")
    with (
        pytest.raises(CompilerError, match=r"broken-compiler failed on program.cpp:\nno luck"),
        _warns_unless(usable),
    ):
        Program(network(), dt=1 * ms)
    assert list(temporary.iterdir()) == []
    if usable:
        assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sleep 60 & wait", "has not ended after 0.3 s and was stopped: .*-fPIC"),
        ('for last; do :; done; echo garbage > "$last"', "made no library that loads: .*program"),
        ("exit 0", "made no library that loads"),
    ],
)
def test_a_compiler_that_hangs_or_lies(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, message: str
) -> None:
    script = tmp_path / "compiler"
    script.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo it 1.0 && exit 0\n{body}\n')
    script.chmod(0o755)
    monkeypatch.setenv("CXX", str(script))
    monkeypatch.setattr(compiler, "_PATIENCE_SECONDS", 0.3)
    with pytest.raises(CompilerError, match=message):
        Program(network(), dt=1 * ms)
    assert list(folder.iterdir()) == []
    monkeypatch.undo()


@pytest.mark.parametrize("command", ["{gxx} -g0 '-DUNUSED=1 2'", "{launcher} {gxx}", "{spaced}"])
def test_arguments_and_launchers_of_a_compiler(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    gxx = compiler.find_compiler()[0]
    launcher, spaced = tmp_path / "launcher", tmp_path / "a compiler"
    launcher.write_text(f'#!/bin/sh\necho x >> {tmp_path}/calls\nexec "$@"\n')
    spaced.write_text(f'#!/bin/sh\nexec {gxx} "$@"\n')
    for path in (launcher, spaced):
        path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BIOPLASTIC_CACHE", "-o cache")  # no option either
    plain = compiler.compiler_identity()
    monkeypatch.setenv("CXX", command.format(gxx=gxx, launcher=launcher, spaced=spaced))
    assert len(run(Program(network(), dt=1 * ms))) == 3
    assert (tmp_path / "calls").exists() == command.startswith("{launcher}")
    assert (compiler.compiler_identity() == plain) == command.startswith("{spaced}")


def test_a_full_disk_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out_of_space(source: Path, library: Path) -> None:
        library.write_bytes(b"half a library")
        raise OSError(errno.ENOSPC, "No space left on device", str(library))

    with monkeypatch.context() as patch:
        patch.setattr("bioplastic.engine.program.compile_library", run_out_of_space)
        with pytest.raises(OSError, match=r"No space left on device.*program\.so"):
            Program(network(), dt=1 * ms)
    assert list(folder.iterdir()) == []
    assert Program(network(), dt=1 * ms).built


def test_a_killed_build_is_no_entry(folder: Path, tmp_path: Path) -> None:
    compiler = tmp_path / "slow-compiler"
    compiler.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo slow 1.0 && exit 0\nexec sleep 5\n'
    )
    compiler.chmod(0o755)
    go = tmp_path / "go"
    go.touch()
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "ready"), str(go)]
    build = subprocess.Popen(
        command, env={**os.environ, "CXX": str(compiler)}, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while not list(folder.glob(".build-*/program.cpp")):
            assert build.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        os.killpg(build.pid, signal.SIGKILL)
        build.wait()
    assert cache.Builds().list_entries() == []
    assert Program(network(), dt=1 * ms).built
    assert len(cache.Builds().list_entries()) == 1


def _warns_unless(usable: bool) -> Any:
    return nullcontext() if usable else pytest.warns(UserWarning, match="cannot be used")


# ---- listing and keys ----------------------------------------------------------------------------


def test_listing_and_clearing(folder: Path) -> None:
    keys = [Program(network(tau=tau), dt=1 * ms).key for tau in (5.0, 6.0)]
    builds = cache.Builds().list_entries()
    assert {entry.key for entry in builds} == set(keys)
    assert all(entry.name == "cell 3" and entry.bytes > 1000 for entry in builds)
    assert "layout" in json.loads((builds[0].path / "entry.json").read_text())
    assert cache.Builds().clear([keys[0]]) == 1
    assert [entry.key for entry in cache.Builds().list_entries()] == [keys[1]]
    assert cache.Builds().clear() == 1
    assert list(folder.iterdir()) == []


def test_default_place(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOPLASTIC_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "somewhere"))
    assert cache.cache_directory() == tmp_path / "somewhere" / "bioplastic"
    monkeypatch.delenv("XDG_CACHE_HOME")
    if sys.platform == "linux":
        assert cache.cache_directory() == Path.home() / ".cache" / "bioplastic"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file" / "home"))  # where nothing can be written
    monkeypatch.setenv("CCACHE_DISABLE", "1")  # which would write there too
    assert cache.cache_directory() == temporary / f"bioplastic-{os.getuid()}"
    assert len(run(Program(network(), dt=1 * ms))) == 3
    assert len(cache.Builds().list_entries()) == 1


def test_keys() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert describe({"b": 1, "a": 2 * ms}) == describe({"a": 2 * ms, "b": 1})
    assert describe(1 * ms) != describe(1e-3 * mV)
    assert describe(np.float64(0.5)) == describe(0.5)
    assert describe(np.array([1, 2])) != describe(np.array([2, 1]))
    with pytest.raises(TypeError, match="cannot be part of a compiled network"):
        describe({"f": lambda: None})
