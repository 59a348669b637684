from __future__ import annotations

import numpy as np
import pytest

from bioplastic.datasets import preprocess_fashion


def test_mean_is_30_where_nothing_saturates() -> None:
    images = np.random.default_rng(0).integers(20, 200, (5, 28, 28), dtype=np.uint8)
    scaled = preprocess_fashion(images)
    assert scaled.shape == images.shape
    assert scaled.dtype == np.uint8
    np.testing.assert_allclose(scaled.mean(axis=(1, 2)), 30, atol=0.1)  # rounding only
    np.testing.assert_array_equal(
        scaled, preprocess_fashion(images.reshape(5, -1)).reshape(5, 28, 28)
    )


def test_saturates_instead_of_wrapping_around() -> None:
    image = np.zeros((1, 100), np.uint8)
    image[0, :2] = 10, 40  # mean 0.5, so the gain is 60
    np.testing.assert_array_equal(preprocess_fashion(image)[0, :3], [255, 255, 0])


def test_brightness_of_the_input_does_not_matter() -> None:
    image = np.random.default_rng(1).integers(0, 60, (1, 50), dtype=np.uint8)
    np.testing.assert_array_equal(preprocess_fashion(image), preprocess_fashion(4 * image))


def test_a_black_image_stays_black_and_the_input_unchanged() -> None:
    images = np.array([[0, 0], [60, 60]], np.uint8)
    np.testing.assert_array_equal(preprocess_fashion(images), [[0, 0], [30, 30]])
    np.testing.assert_array_equal(images, [[0, 0], [60, 60]])


@pytest.mark.parametrize("X", [[1, 2, 3], [[0, -1]], [[0, 256]], [[0.0, np.nan]], [[np.inf, 0]]])
def test_bad_images_are_refused(X: object) -> None:
    with pytest.raises(ValueError, match=r"preprocess_fashion\.X: must"):
        preprocess_fashion(X)  # type: ignore[arg-type]
