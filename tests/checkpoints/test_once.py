"""Parts of an experiment are computed once for the same parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import mV

from bioplastic.checkpoints import compute_once


class Counted:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> dict[str, Any]:
        self.calls += 1
        return {"metrics": {"x": 0.1 + 0.2, "n": np.int64(3)}, "arrays": {"a/b": np.eye(2)}}


def test_a_stored_part_is_not_computed_again(tmp_path: Path) -> None:
    part = Counted()
    for _ in range(2):
        result = compute_once(tmp_path / "runs", "trial", {"seed": 0}, part)
        assert result["metrics"] == {"x": 0.1 + 0.2, "n": 3}
        np.testing.assert_array_equal(result["arrays"]["a/b"], np.eye(2))
    assert part.calls == 1
    compute_once(tmp_path / "runs", "trial", {"seed": 1}, part)
    compute_once(tmp_path / "runs", "other", {"seed": 0}, part)
    compute_once(None, "trial", {"seed": 0}, part)
    assert part.calls == 4


def same(one: Any, two: Any) -> bool:
    if type(one) is not type(two):
        return False
    if isinstance(one, dict):
        return same(list(one.items()), list(two.items()))
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, np.ndarray | np.generic):
        return one.dtype == two.dtype and one.tobytes() == two.tobytes() and one.shape == two.shape
    return bool(one == two or (one != one and two != two))


@pytest.mark.parametrize(
    "value",
    [
        {"a/b": np.arange(2), "a": {"b": np.arange(3)}},
        {1: "x", "1": "y", None: 2, (1, "a"): 3, 0.5: np.float32(4)},
        {"t": (1, [2, (3,)], []), "e": {}},
        {"d": {"array": "/a"}, "a": np.arange(2), "content": np.eye(2), "file": np.zeros(0)},
        {"n": [np.int64(3), np.bool_(True), np.str_("x"), True, 1, 1.0, -0.0, 2**70, np.nan]},
        {"x": np.array("s"), "y": np.array([1.5], ">f8"), "z": [np.zeros((0, 3)), np.inf, "\0"]},
    ],
)
def test_what_comes_back_is_what_was_computed(tmp_path: Path, value: dict[Any, Any]) -> None:
    compute_once(tmp_path, "part", {}, lambda: value)
    assert same(compute_once(tmp_path, "part", {}, dict), value)


@pytest.mark.parametrize(
    "entry",
    [{1, 2}, 3 * mV, np.ones(2) * mV, np.ma.array([1]), np.array([None]), b"x", 1j, Path("x")],
)
def test_what_could_not_come_back_is_refused(tmp_path: Path, entry: Any) -> None:
    with pytest.raises(TypeError, match=r"compute_once.compute\['a'\]\[0\]: must be an array"):
        compute_once(tmp_path, "part", {}, lambda: {"a": [entry]})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("length", [0, 100, -1])
def test_a_damaged_part_is_computed_again(tmp_path: Path, length: int) -> None:
    part = Counted()
    compute_once(tmp_path, "trial", {}, part)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:length])
    with pytest.warns(UserWarning, match=r"damaged or no stored result.*computed again"):
        compute_once(tmp_path, "trial", {}, part)
    assert part.calls == 2
    compute_once(tmp_path, "trial", {}, part)
    assert part.calls == 2


def test_a_part_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> dict[str, Any]:
        raise RuntimeError("no luck")

    with pytest.raises(RuntimeError, match="no luck"):
        compute_once(tmp_path, "trial", {}, fail)
    assert list(tmp_path.iterdir()) == []
