"""Parts of an experiment are computed once for the same parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
