from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from bioplastic.datasets import Dataset


def facts(**changes: Any) -> dict[str, Any]:
    X = np.arange(24, dtype=np.uint8).reshape(4, 6)
    y = np.array([0, 1, 2, 0])
    return {
        "name": "toy",
        "X": X,
        "y": y,
        "X_test": X[:2],
        "y_test": y[:2],
        "image_shape": (2, 3),
        "n_classes": 3,
        "source": "made up",
    } | changes


def test_head_keeps_the_first_images_and_everything_else() -> None:
    whole = Dataset(**facts())
    part = whole.head(3, 1)
    np.testing.assert_array_equal(part.X, whole.X[:3])
    np.testing.assert_array_equal(part.y, [0, 1, 2])
    assert (part.X_test.shape, part.y_test.shape) == ((1, 6), (1,))
    assert (part.name, part.image_shape, part.n_classes) == ("toy", (2, 3), 3)
    assert whole.head(100).X.shape == whole.head().X.shape == (4, 6)


def test_head_refuses_to_keep_nothing() -> None:
    with pytest.raises(ValueError, match=r"Dataset\.head\.n: must be a positive integer, got 0"):
        Dataset(**facts()).head(0)


def test_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Dataset(**facts()).name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"X": np.zeros((4, 6))}, TypeError, r"Dataset\.X: must be an array of uint8.*float64"),
        ({"X": [[0] * 6]}, TypeError, r"Dataset\.X: must be an array of uint8, got list"),
        ({"y_test": np.zeros(2)}, TypeError, r"Dataset\.y_test: must be an array of int64"),
        ({"image_shape": (3, 3)}, ValueError, r"Dataset\.X: must have shape \(n, 9\)"),
        ({"X": np.zeros((4, 2, 3), np.uint8)}, ValueError, r"Dataset\.X: must have shape \(n, 6\)"),
        ({"y": np.array([0, 1])}, ValueError, r"Dataset\.y: must have shape \(4,\), got \(2,\)"),
        ({"n_classes": 2}, ValueError, r"Dataset\.y: must lie from 0 to 1, got labels from 0 to 2"),
        ({"y_test": np.array([0, -1])}, ValueError, r"Dataset\.y_test: must lie from 0 to 2"),
        ({"n_classes": 0}, ValueError, r"Dataset\.n_classes: must be a positive integer, got 0"),
        (
            {"X_test": np.zeros((0, 6), np.uint8), "y_test": np.zeros(0, np.int64)},
            ValueError,
            r"Dataset\.X_test: must hold at least one image",
        ),
    ],
)
def test_bad_data_is_named(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Dataset(**facts(**changes))
