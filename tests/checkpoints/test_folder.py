"""A run folder holds an earlier or the present state, never a mixture, and knows whose it is."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic import files, locks
from bioplastic.checkpoints import (
    RunFolder,
    RunFolderError,
    describe_parameters,
    find_state,
    read_run,
)
from bioplastic.files import DamagedFileError, WrongVersionError

PARAMETERS = {"eta": 0.1, "seed": 3, "tau": 20 * ms}


def save(folder: Path, *epochs: int) -> None:
    with RunFolder(folder, PARAMETERS, resume=True) as run:
        for epoch in epochs:
            run.save({"w": np.full(4, epoch)}, {"epoch": epoch})


def resume(folder: Path) -> tuple[int, int]:
    with RunFolder(folder, PARAMETERS, resume=True) as run:
        before = run.progress["epoch"]  # belongs to the state, loaded or not
        epoch = int(run.load_arrays()["w"][0])
        assert run.progress["epoch"] == before
        return epoch, before


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_state_and_progress_come_back(tmp_path: Path) -> None:
    with RunFolder(tmp_path / "a" / "b", PARAMETERS) as run:
        assert (run.found, run.progress, run.finished) == (False, {}, False)
        run.save({"w": np.arange(3.0), "deep/name": np.array(7)}, {"epoch": 1, "curve": [0.5]})
        run.finish()
    with RunFolder(tmp_path / "a" / "b", PARAMETERS, resume=True) as run:
        assert (run.found, run.finished) == (True, True)
        assert run.progress == {"epoch": 1, "curve": [0.5]}
        arrays = run.load_arrays()
        np.testing.assert_array_equal(arrays["w"], np.arange(3.0))
        assert arrays["deep/name"] == 7


def test_the_folder_says_what_it_is(tmp_path: Path) -> None:
    with RunFolder(tmp_path, PARAMETERS):
        about = read_run(tmp_path)  # before the first checkpoint
        assert (about["progress"], about["checkpoints"]) == ({}, [])
    save(tmp_path, 1)
    about = read_run(tmp_path)
    assert about["parameters"]["tau"] == {"value": 0.02, "dimensions": "s"}
    assert about["parameters"]["seed"] == 3
    assert about["progress"] == {"epoch": 1}
    assert {"python", "numpy", "brian2", "bioplastic"} <= set(about["versions"])
    assert not about["finished"]
    assert about["started"] <= about["updated"]


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with RunFolder(None, PARAMETERS, every=0) as run:
        run.save({"w": np.zeros(2)}, {"epoch": 1})
        run.finish()
        assert not run.found
        assert not run.is_due()
    assert list(tmp_path.iterdir()) == []


def test_the_last_two_states_are_kept(tmp_path: Path) -> None:
    save(tmp_path, 1, 2, 3)
    names = sorted(path.name for path in tmp_path.glob("*.npz"))
    assert names == ["state-000002.npz", "state-000003.npz"]
    assert resume(tmp_path) == (3, 3)
    assert find_state(tmp_path).name == "state-000003.npz"


def test_is_due_after_the_given_time(tmp_path: Path) -> None:
    assert RunFolder(tmp_path / "a", {}, every=0).is_due()
    assert not RunFolder(tmp_path / "b", {}, every=1000).is_due()


# ---- another run ---------------------------------------------------------------------------------


def test_other_parameters_are_named(tmp_path: Path) -> None:
    @dataclasses.dataclass
    class Sizes:
        n: int = 3
        tau: Any = None

    first = {"sizes": Sizes(), "eta": 0.1, "labels": np.arange(3), "old": 1}
    with RunFolder(tmp_path, first) as run:
        run.save({}, {})
    with RunFolder(tmp_path, {**first}, resume=True) as run:
        assert run.found
    second = {"sizes": Sizes(n=4), "eta": 0.1, "labels": np.arange(4), "new": None}
    wanted = (
        r"cannot be continued: labels.sha256 was '\w+', is '\w+'; labels.shape was \[3\], is "
        r"\[4\]; new was 'not given', is None; old was 1, is 'not given'; sizes.n was 3, is 4$"
    )
    with pytest.raises(RunFolderError, match=wanted):
        RunFolder(tmp_path, second, resume=True)
    with RunFolder(tmp_path, first, resume=True):  # the lock of the refused one is gone
        pass


def test_what_may_grow_grows(tmp_path: Path) -> None:
    with RunFolder(tmp_path, {"epochs": 1, "eta": 0.1}) as run:
        run.save({"w": np.ones(2)}, {"epoch": 1})
        run.finish()
    with RunFolder(tmp_path, {"epochs": 3, "eta": 0.1}, resume=True, growing=("epochs",)) as run:
        assert run.progress["epoch"] == 1
        assert not run.finished
        run.save({"w": np.ones(2)}, {"epoch": 3})
    for parameters in ({"epochs": 2, "eta": 0.1}, {"epochs": 4, "eta": 0.2}, {"eta": 0.1}):
        with pytest.raises(RunFolderError, match="cannot be continued"):
            RunFolder(tmp_path, parameters, resume=True, growing=("epochs",))
    with pytest.raises(TypeError, match=r"RunFolder.growing: must be names, got 'epochs'"):
        RunFolder(tmp_path, {"epochs": 4}, resume=True, growing="epochs")


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    save(tmp_path, 1)
    with pytest.raises(RunFolderError, match="holds a run already: add --resume"):
        RunFolder(tmp_path, PARAMETERS)


def test_other_software_warns(tmp_path: Path) -> None:
    with RunFolder(tmp_path, {}, versions={"compiler": "g++ 12"}) as run:
        run.save({}, {})
    with pytest.warns(UserWarning, match=r"begun with other software.*compiler was g\+\+ 12, is N"):
        RunFolder(tmp_path, {}, resume=True)


HOLD = """
import sys
from bioplastic.checkpoints import RunFolder
with RunFolder(sys.argv[1], {}) as run:
    run.save({}, {})
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"ready\n"
        with pytest.raises(RunFolderError, match="is in use by another process"):
            RunFolder(tmp_path, {}, resume=True)
        other.kill()
    with RunFolder(tmp_path, {}, resume=True) as run:  # the lock died with its process
        assert run.found


def test_without_locks_a_folder_is_used_all_the_same(tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(self: Any, timeout: float) -> None:
        raise NotImplementedError

    monkeypatch.setattr(locks.FileLock, "acquire", refuse)
    with RunFolder(tmp_path, {}) as run:
        run.save({}, {})
        with RunFolder(tmp_path, {}, resume=True) as other:
            assert other.found


def test_a_closed_folder_holds_no_lock(tmp_path: Path) -> None:
    save(tmp_path, 1)
    assert set(contents(tmp_path)) == {path.name for path in tmp_path.iterdir()}


# ---- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["truncated", "changed", "missing", "empty"])
def test_the_state_before_is_the_reserve(tmp_path: Path, how: str) -> None:
    save(tmp_path, 1, 2)
    path = find_state(tmp_path)
    whole = path.read_bytes()
    if how == "missing":
        path.unlink()
    else:
        parts = {"truncated": whole[:-20], "changed": whole[:80] + b"?" + whole[81:], "empty": b""}
        path.write_bytes(parts[how])
    with pytest.warns(UserWarning, match=r"state-000002.*continues from the checkpoint before"):
        assert resume(tmp_path) == (1, 1)
    save(tmp_path, 5)  # without loading: the damaged one is no longer named afterwards
    assert resume(tmp_path) == (5, 5)


def test_damage_of_both_states_is_an_error(tmp_path: Path) -> None:
    save(tmp_path, 1, 2)
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(b"")
    with pytest.raises(DamagedFileError, match="no checkpoint can be read"):
        resume(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "",
        lambda text: text.replace('"checkpoints"', '"points"'),
        lambda text: text.replace("state-000001.npz", "../elsewhere.npz"),
    ],
)
def test_a_damaged_description_is_no_other_version(tmp_path: Path, change: Any) -> None:
    save(tmp_path, 1)
    path = tmp_path / "run.json"
    text = path.read_text()
    path.write_text(change(text))
    with pytest.raises(DamagedFileError, match=r"run\.json: (damaged|must hold a mapping)"):
        resume(tmp_path)
    path.write_text(json.dumps({**json.loads(text), "format": 2}))
    with pytest.raises(WrongVersionError, match=r"format 2 is unknown to bioplastic"):
        resume(tmp_path)


def test_a_full_disk_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: Any) -> None:
    save(tmp_path, 1)
    before = contents(tmp_path)

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with RunFolder(tmp_path, PARAMETERS, resume=True) as run:
        monkeypatch.setattr(files.os, "fsync", full)
        wanted = r"No space left on device\); the checkpoint state-000001.npz is intact"
        with pytest.raises(OSError, match=wanted) as caught:
            run.save({"w": np.zeros(9)}, {"epoch": 2})
        assert caught.value.errno == errno.ENOSPC
        assert contents(tmp_path) == before
        monkeypatch.undo()
        run.save({"w": np.full(4, 2)}, {"epoch": 2})
    assert resume(tmp_path) == (2, 2)


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    save(tmp_path, 1)
    (tmp_path / ".part-state-000002.npz-xyz").write_bytes(b"half")
    (tmp_path / "state-000002.npz").write_bytes(b"not yet named by run.json")
    assert resume(tmp_path) == (1, 1)
    assert not (tmp_path / ".part-state-000002.npz-xyz").exists()
    save(tmp_path, 2)
    assert resume(tmp_path) == (2, 2)


# ---- what can be stored --------------------------------------------------------------------------


def test_parameters_of_many_kinds() -> None:
    plain = describe_parameters(
        {
            "a": np.float32(0.5),
            "b": (1, [2.0, "x"]),
            "c": np.inf,
            "d": np.array([1, 2]) * mV,
            "e": Path("x"),
            "f": np.array(3),
        }
    )
    assert plain["a"] == 0.5
    assert plain["b"] == [1, [2.0, "x"]]
    assert plain["c"] == "inf"
    assert plain["d"]["value"]["shape"] == [2]
    assert (plain["e"], plain["f"]) == ("x", 3)
    assert json.loads(json.dumps(plain)) == plain


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"a": object()}, r"RunFolder.parameters\['a'\]: must be plain JSON, quantities"),
        ({"a": {"b": {1: 2}}}, r"RunFolder.parameters\['a'\]\['b'\]: must have text as keys"),
        ({"a": np.array([object()])}, r"RunFolder.parameters\['a'\]: must hold numbers or text"),
        ([1], r"RunFolder.parameters: must be a mapping"),
    ],
)
def test_parameters_that_cannot_be_described(parameters: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        RunFolder(None, parameters)


def test_progress_is_exact_json(tmp_path: Path) -> None:
    with RunFolder(tmp_path, {}) as run:
        for bad, message in ((np.nan, "must be finite"), (np.zeros(2), "must be plain JSON")):
            with pytest.raises((TypeError, ValueError), match=message):
                run.save({}, {"accuracy": bad})
        with pytest.raises(TypeError, match="holds Python objects"):
            run.save({"w": np.array([None])}, {})
        assert not run.found
        run.save({}, {"accuracy": np.float32(0.1), "x": 0.1})
    assert read_run(tmp_path)["progress"] == {"accuracy": float(np.float32(0.1)), "x": 0.1}


def test_a_file_is_written_with_the_usual_permissions(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        files.write_json(tmp_path / "a.json", {})
    finally:
        os.umask(mask)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o640
