from __future__ import annotations

import numpy as np
import pytest
from sklearn import datasets as sklearn_datasets

from bioplastic.datasets import load_digits


def rows(X: np.ndarray) -> list[tuple[int, ...]]:
    return sorted(map(tuple, X.tolist()))


def test_holds_every_scikit_learn_image_once() -> None:
    digits = load_digits()
    assert digits.X.shape == (1437, 64)
    assert digits.X_test.shape == (360, 64)
    pixels, labels = sklearn_datasets.load_digits(return_X_y=True)
    # 0 to 16 becomes 0 to 255, and back without loss
    both = np.vstack([digits.X, digits.X_test])
    assert rows(np.rint(both / 255 * 16).astype(int)) == rows(pixels.astype(int))
    all_labels = np.concatenate([digits.y, digits.y_test])
    np.testing.assert_array_equal(np.bincount(all_labels), np.bincount(labels))


def test_both_parts_have_the_same_share_of_every_digit() -> None:
    digits = load_digits(seed=3)
    train, test = np.bincount(digits.y) / 1437, np.bincount(digits.y_test) / 360
    np.testing.assert_allclose(train, test, atol=1 / 360)


def test_pixels_and_labels_belong_together() -> None:
    """A linear classifier that scores far above chance sees matching pairs."""
    from sklearn.linear_model import RidgeClassifier

    digits = load_digits()
    score = RidgeClassifier().fit(digits.X, digits.y).score(digits.X_test, digits.y_test)
    assert score > 0.9


def test_the_seed_decides_the_split() -> None:
    np.testing.assert_array_equal(load_digits(seed=1).X_test, load_digits(seed=1).X_test)
    assert not np.array_equal(load_digits(seed=1).X_test, load_digits(seed=2).X_test)


def test_another_fraction() -> None:
    assert len(load_digits(test_fraction=0.5).y_test) == 899


def test_bad_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed"):
        load_digits(seed=-1)
