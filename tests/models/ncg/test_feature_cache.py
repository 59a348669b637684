"""Feature entries on disk: found again, rebuilt when damaged, safe when written at once."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from bioplastic.models.ncg.feature_cache import (
    digest_arrays,
    feature_directory,
    find_or_compute,
    load_partial,
    save_partial,
)


class Counter:
    """Writes an entry and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, folder: Path) -> None:
        self.calls += 1
        np.save(folder / "values.npy", np.arange(5.0))


def test_computes_once(tmp_path: Path) -> None:
    compute = Counter()
    for _ in range(3):
        values = find_or_compute(tmp_path / "deep", "key", compute)["values"]
        np.testing.assert_array_equal(values, np.arange(5.0))
    assert compute.calls == 1
    assert not values.flags.writeable


@pytest.mark.parametrize("damage", ["flip", "cut", "no entry", "bad entry", "no array"])
def test_damaged_entries_are_computed_again(tmp_path: Path, damage: str) -> None:
    compute = Counter()
    find_or_compute(tmp_path, "key", compute)
    array, entry = tmp_path / "key" / "values.npy", tmp_path / "key" / "entry.json"
    content = array.read_bytes()
    if damage == "flip":
        array.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif damage == "cut":
        array.write_bytes(content[:-8])
    elif damage == "no entry":
        entry.unlink()
    elif damage == "bad entry":
        entry.write_text("[]")
    else:
        array.unlink()
    with pytest.warns(UserWarning, match="computed again"):
        values = find_or_compute(tmp_path, "key", compute)["values"]
    np.testing.assert_array_equal(values, np.arange(5.0))
    assert compute.calls == 2


def test_a_failed_computation_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        np.save(folder / "values.npy", np.zeros(3))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        find_or_compute(tmp_path, "key", fail)
    assert list(tmp_path.iterdir()) == []


def test_writers_at_the_same_time_agree(tmp_path: Path) -> None:
    barrier = threading.Barrier(4)
    found = []

    def compute(folder: Path) -> None:
        barrier.wait()  # all four are inside
        np.save(folder / "values.npy", np.arange(5.0))

    def work() -> None:
        found.append(find_or_compute(tmp_path, "key", compute)["values"].tolist())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[0, 1, 2, 3, 4]] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_key_depends_on_settings_values_shape_and_type() -> None:
    x = np.arange(6, dtype=np.int32)
    keys = {
        digest_arrays({"a": 1}, {"x": x}),
        digest_arrays({"a": 2}, {"x": x}),
        digest_arrays({"a": 1}, {"y": x}),
        digest_arrays({"a": 1}, {"x": x.reshape(2, 3)}),
        digest_arrays({"a": 1}, {"x": x.view(np.uint32)}),
        digest_arrays({"a": 1}, {"x": x[::-1]}),
    }
    assert len(keys) == 6


def test_checkpoint_round_trip_and_damage(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.npz"
    assert load_partial(path) is None
    save_partial(path, {"w": np.eye(2), "epoch": np.array(3)})
    loaded = load_partial(path)
    assert loaded is not None
    np.testing.assert_array_equal(loaded["w"], np.eye(2))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.warns(UserWarning, match="ignored"):
        assert load_partial(path) is None


def test_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path))
    assert feature_directory(True) == tmp_path / "features"
    assert feature_directory("here") == Path("here")
    assert feature_directory(False) is None
