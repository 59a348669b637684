"""Journeys: what differs between seasons, and normalised patches beside plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.datasets import normalise_patches, synthetic_traverse

STILL = {"brightness": 0, "blur": 0, "shift": 0, "noise": 0}


def test_without_changes_all_seasons_are_one_and_places_differ():
    way = synthetic_traverse(3, n_places=6, side=10, n_references=3, n_queries=2, **STILL)
    assert way.y.tolist() == [*range(6)] * 3
    assert way.y_test.tolist() == [*range(6)] * 2
    np.testing.assert_array_equal(way.X, np.tile(way.X[:6], (3, 1)))
    np.testing.assert_array_equal(way.X_test, np.tile(way.X[:6], (2, 1)))
    assert np.abs(np.corrcoef(way.X[:6]) - np.eye(6)).max() < 0.7
    np.testing.assert_array_equal(
        way.X, synthetic_traverse(3, n_places=6, side=10, n_references=3, **STILL).X
    )
    assert (way.X != synthetic_traverse(4, n_places=6, side=10, n_references=3, **STILL).X).any()


def test_displaced_images_show_the_same_landscape():
    way = synthetic_traverse(0, n_places=5, side=12, n_references=8, **STILL | {"shift": 2})
    views, found = way.X.reshape(8, 5, 12, 12), set()
    for place in range(5):
        first = views[0, place]
        for other in views[1:, place]:
            fits = [
                (dy, dx)
                for dy in range(-4, 5)
                for dx in range(-4, 5)
                if np.array_equal(
                    first[max(0, dy) : 12 + min(0, dy), max(0, dx) : 12 + min(0, dx)],
                    other[max(0, -dy) : 12 + min(0, -dy), max(0, -dx) : 12 + min(0, -dx)],
                )
            ]
            assert len(fits) == 1
            found |= set(fits)
    assert len(found) > 10


@pytest.mark.parametrize("change", ["brightness", "blur", "noise"])
def test_changes_grow_with_their_size(change):
    def difference(size):
        way = synthetic_traverse(1, n_places=20, side=10, **STILL | {change: size})
        return np.abs(way.X.astype(float) - np.tile(way.X_test, (2, 1))).mean()

    assert 0 < difference(0.2) < difference(0.6)


def test_normalised_patches_are_those_of_plain_loops():
    images = np.random.default_rng(0).integers(0, 256, (3, 6 * 5))
    images[2] = 77
    padded = np.pad(images.reshape(3, 6, 5), ((0, 0), (1, 1), (1, 1)), mode="symmetric")
    expected = np.empty((3, 6, 5))
    for k, row, column in np.ndindex(3, 6, 5):
        patch = padded[k, row : row + 3, column : column + 3]
        deviation = patch.std()
        above = patch[1, 1] - patch.mean()
        expected[k, row, column] = above / deviation if deviation else 0
    expected = np.rint(127.5 * (1 + np.clip(expected, -1, 1)))
    found = normalise_patches(images, (6, 5), size=3)
    np.testing.assert_array_equal(found, expected.reshape(3, -1))
    darker = normalise_patches(images / 4, (6, 5), size=3)  # contrast does not matter
    np.testing.assert_allclose(darker.astype(int), found.astype(int), atol=1)
    with pytest.raises(ValueError, match=r"normalise_patches\.X: must have shape \(n, 20\)"):
        normalise_patches(images, (4, 5))
