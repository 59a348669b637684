"""Contrast filters against scipy's plain correlation, whitening against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import correlate

from bioplastic.models.ncg.preprocessing import (
    difference_of_gaussians,
    fit_scale,
    latency_code,
    split_signs,
    whiten,
    whitening_filters,
)


def test_difference_of_gaussians_is_a_correlation_with_the_7_by_7_filter() -> None:
    images = np.random.default_rng(0).random((3, 10, 12, 2))
    y, x = np.mgrid[-3:4, -3:4]
    gaussians = [np.exp(-(x**2 + y**2) / (2 * sigma**2)) for sigma in (1.0, 2.0)]
    dog = gaussians[0] / gaussians[0].sum() - gaussians[1] / gaussians[1].sum()
    found = difference_of_gaussians(images)
    assert found.shape == (3, 10, 12, 4)
    for n, z in np.ndindex(3, 2):
        v = correlate(images[n, :, :, z], dog, mode="nearest")
        np.testing.assert_allclose(found[n, :, :, 2 * z], np.maximum(0, v), atol=1e-14)
        np.testing.assert_allclose(found[n, :, :, 2 * z + 1], np.maximum(0, -v), atol=1e-14)


@pytest.mark.parametrize("level", [0.0, 1.0, 0.3])
def test_uniform_light_gives_no_spike(level: float) -> None:
    """Round-off in bright areas must not turn into late spikes."""
    rng = np.random.default_rng(1)
    textured = difference_of_gaussians(rng.random((5, 9, 9, 1)))
    flat = difference_of_gaussians(np.full((1, 9, 9, 1), level))
    times = latency_code(flat, *fit_scale(None, None, textured))
    assert np.isinf(times[(textured.min(axis=0) == 0)[None]]).all()


def test_scale_of_parts_is_the_scale_of_the_whole() -> None:
    responses = np.random.default_rng(2).random((9, 2, 3, 4))
    low, high = fit_scale(*fit_scale(None, None, responses[:4]), responses[4:])
    np.testing.assert_array_equal(low, responses.min(axis=0))
    np.testing.assert_array_equal(high, responses.max(axis=0))


def test_latency_of_images_beyond_the_training_range() -> None:
    """Brighter than all training images: at once; below their minimum: a spike after 1."""
    low, high = np.full((1, 1, 1), 0.2), np.full((1, 1, 1), 0.6)
    times = latency_code(np.array([0.9, 0.6, 0.5, 0.2, 0.1]).reshape(-1, 1, 1, 1), low, high)
    np.testing.assert_allclose(times.ravel(), [0, 0, 0.25, np.inf, 1.25], atol=1e-7)


def test_a_feature_constant_in_training_stays_silent() -> None:
    low = high = np.zeros((1, 1, 1))
    assert np.isinf(latency_code(np.ones((1, 1, 1, 1)), low, high)).all()


def smooth_images(n: int) -> np.ndarray:
    """Return images whose neighbouring pixels and colours are correlated, like photographs."""
    rng = np.random.default_rng(3)
    images = rng.random((n, 16, 16, 1)) + 0.3 * rng.random((n, 16, 16, 3))
    for axis in (1, 2):
        images = (images + np.roll(images, 1, axis) + np.roll(images, 2, axis)) / 3
    return images / images.max()


def test_whitening_filters_are_the_centre_of_the_zca_matrix() -> None:
    images = smooth_images(400)
    size, eps = 3, 0.01
    filters = whitening_filters(images, size=size, stride=2, eps=eps)
    patches = np.array(
        [
            image[r : r + size, c : c + size].ravel()
            for image in images
            for r in range(0, 14, 2)
            for c in range(0, 14, 2)
        ]
    )
    covariance = np.cov(patches.T, ddof=0)
    # (C + eps)^(-1/2), by its defining property
    for z, found in enumerate(filters.reshape(3, -1)):
        impulse = np.zeros(27)
        impulse[(1 * 3 + 1) * 3 + z] = 1
        values, vectors = np.linalg.eigh(covariance + eps * np.eye(27))
        root = vectors @ np.diag(np.sqrt(values)) @ vectors.T
        wanted = np.linalg.solve(root, impulse)
        np.testing.assert_allclose(found, wanted - wanted.mean(), atol=1e-8)


def test_whitening_removes_correlations() -> None:
    images = smooth_images(600)
    signed = whiten(images, whitening_filters(images, size=7, eps=1e-4))
    assert signed.shape == (600, 16, 16, 6)
    assert (signed >= 0).all()
    white = (signed[..., ::2] - signed[..., 1::2])[:, 4:-4, 4:-4]

    def neighbours(x: np.ndarray) -> float:
        return float(np.corrcoef(x[:, :, 1:, 0].ravel(), x[:, :, :-1, 0].ravel())[0, 1])

    assert neighbours(images) > 0.5
    assert abs(neighbours(white)) < 0.2


def test_whitening_is_a_correlation_with_repeated_edges() -> None:
    rng = np.random.default_rng(4)
    images, filters = rng.random((2, 6, 7, 3)), rng.normal(size=(3, 5, 5, 3))
    wanted = np.empty((2, 6, 7, 3))
    for n, z in np.ndindex(2, 3):
        wanted[n, :, :, z] = sum(
            correlate(images[n, :, :, c], filters[z, :, :, c], mode="nearest") for c in range(3)
        )
    np.testing.assert_allclose(whiten(images, filters), split_signs(wanted), atol=1e-12)


def test_even_filters_are_refused() -> None:
    images = np.zeros((1, 8, 8, 1))
    with pytest.raises(ValueError, match=r"size: must be odd, got 6"):
        difference_of_gaussians(images, size=6)
    with pytest.raises(ValueError, match=r"size: must be odd, got 4"):
        whitening_filters(images, size=4)
