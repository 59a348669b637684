"""What an estimator is made of comes back from its file as it was, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import mV

from bioplastic.models.saving import read_estimator, write_estimator


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
        {1: "x", "1": "y", 0.5: np.float32(4)},
        {"t": (1, [2, (3,)], []), "e": {}},
        {"d": {"array": "/a"}, "a": np.arange(2), "header": np.eye(2), "file": np.zeros(0)},
        {"n": [np.int64(3), np.bool_(True), np.str_("x"), True, 1, 1.0, -0.0, 2**70, np.nan]},
        {"x": np.array("s"), "y": np.array([1.5], ">f8"), "z": [np.zeros((0, 3)), np.inf, "\0"]},
        {"v": 3 * mV, "w": [np.ones(2) * mV]},
    ],
)
def test_what_comes_back_is_what_was_written(tmp_path: Path, value: dict[Any, Any]) -> None:
    path = write_estimator(tmp_path / "model", "Kind", {"x": value}, {"x_": value})
    assert same(read_estimator(path, "Kind"), ({"x": value}, {"x_": value}))


@pytest.mark.parametrize("entry", [{1, 2}, np.ma.array([1]), np.array([None]), b"x", 1j, {None: 1}])
def test_what_could_not_come_back_is_refused(tmp_path: Path, entry: Any) -> None:
    with pytest.raises(TypeError, match=r"^Kind\.x_/a/0: "):
        write_estimator(tmp_path / "model", "Kind", {}, {"x_": {"a": [entry]}})
    assert list(tmp_path.iterdir()) == []
