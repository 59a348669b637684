"""The SoftHebb network against its definition, map by map, on small images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import correlate

from bioplastic.datasets import load_digits
from bioplastic.models.ncg.softhebb import (
    PUBLISHED_BLOCKS,
    SoftHebbBlock,
    SoftHebbFeatures,
    soft_hebb_update,
)

X = load_digits().X[:120]
BLOCKS = (
    SoftHebbBlock(12, 5, 1.0, 0.7, 0.08),
    SoftHebbBlock(20, 3, 0.65, 1.4, 0.005),
    SoftHebbBlock(30, 3, 0.25, 1.0, 0.01, pool="mean"),
)


def test_update_follows_its_definition() -> None:
    rng = np.random.default_rng(0)
    block = SoftHebbBlock(4, 1, 0.7, 1.0, 0.03)
    patches = rng.normal(size=(50, 6)).astype(np.float32)
    weights = rng.normal(size=(6, 4)).astype(np.float32)
    wanted = np.zeros((6, 4))
    for x in patches.astype(float):
        u = np.array([x @ weights[:, k] for k in range(4)])
        share = np.exp(0.7 * u) / np.exp(0.7 * u).sum()
        for k in range(4):
            y = share[k] if k == np.argmax(u) else -share[k]
            wanted[:, k] += y * (x - u[k] * weights[:, k])
    wanted /= np.abs(wanted).max()
    for k in range(4):
        wanted[:, k] *= 0.03 * (abs(np.linalg.norm(weights[:, k]) - 1) + 1e-10) ** 0.5
    np.testing.assert_allclose(soft_hebb_update(patches, weights, block), wanted, atol=1e-6)


def test_learning_brings_norms_towards_one() -> None:
    model = SoftHebbFeatures((8, 8), blocks=BLOCKS[:1], epochs=0).fit(X)
    before = np.linalg.norm(model.weights_[0], axis=0)
    after = np.linalg.norm(model.set_params(epochs=20).fit(X).weights_[0], axis=0)
    assert np.median(before) > 10
    assert np.median(np.abs(after - 1)) < 0.2


def respond_plainly(model: SoftHebbFeatures, image: np.ndarray) -> np.ndarray:
    """Return the features of one grey image of 8 x 8, one map and position at a time."""
    x = image.reshape(8, 8, 1) / 255.0
    for k, block in enumerate(model.blocks):
        x = (x - model.means_[k]) / np.sqrt(model.variances_[k] + 1e-5)
        rows, columns, below = x.shape
        filters = model.weights_[k].reshape(block.kernel, block.kernel, below, block.n_maps)
        u = np.zeros((rows, columns, block.n_maps))
        for z in range(block.n_maps):
            for c in range(below):
                u[..., z] += correlate(x[..., c], filters[:, :, c, z], mode="mirror")
        a = np.maximum(u - u.mean(axis=-1, keepdims=True), 0) ** block.power
        pooled = np.empty((rows // 2, columns // 2, block.n_maps))
        for r, c in np.ndindex(*pooled.shape[:2]):
            if block.pool == "mean":
                window = a[2 * r : 2 * r + 2, 2 * c : 2 * c + 2]
                pooled[r, c] = window.mean(axis=(0, 1))
            else:
                top, left = max(0, 2 * r - 1), max(0, 2 * c - 1)
                pooled[r, c] = a[top : 2 * r + 3, left : 2 * c + 3].max(axis=(0, 1))
        x = pooled
    return 1 - x.ravel() / x.max()


def test_features_follow_their_definition() -> None:
    model = SoftHebbFeatures((8, 8), blocks=BLOCKS, random_state=1).fit(X)
    times = model.transform(X[:5])
    assert times.shape == (5, 30)
    assert len(model.get_feature_names_out()) == 30
    for image, found in zip(X, times, strict=False):
        np.testing.assert_allclose(found, respond_plainly(model, image), atol=1e-4)


def test_code_is_scaled_per_sample() -> None:
    """The strongest feature of every image comes first; a brighter neighbour changes nothing."""
    model = SoftHebbFeatures((8, 8), blocks=BLOCKS[:2]).fit(X)
    times = model.transform(X)
    assert (times.min(axis=1) == 0).all()
    assert times.max() <= 1
    assert (times == 1).any()  # the triangle cuts off what is below the mean
    np.testing.assert_allclose(model.transform(X[3:4]), times[3:4], atol=1e-6)


def test_one_seed_fixes_everything(tmp_path: Path) -> None:
    first, again, other = (
        SoftHebbFeatures((8, 8), blocks=BLOCKS, random_state=s).fit(X) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.transform(X), again.transform(X))
    assert not np.array_equal(first.weights_[0], other.weights_[0])
    loaded = SoftHebbFeatures.load(first.save(tmp_path / "network"))
    np.testing.assert_array_equal(loaded.transform(X), first.transform(X))


@pytest.mark.parametrize(("image_shape", "n_features"), [((28, 28), 13_824), ((32, 32, 3), 24_576)])
def test_published_sizes(image_shape: tuple[int, ...], n_features: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, np.prod(image_shape))).astype(np.uint8)
    model = SoftHebbFeatures(image_shape, blocks=PUBLISHED_BLOCKS, epochs=0).fit(images)
    assert np.prod(model.output_shape_) == n_features


def test_colour_images() -> None:
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (6, 8 * 8 * 3), dtype=np.uint8)
    model = SoftHebbFeatures((8, 8, 3), blocks=BLOCKS[:2]).fit(images)
    assert model.weights_[0].shape == (75, 12)
    assert model.transform(images).shape == (6, 80)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_shape": (2, 2)}, "nothing is left for block 0"),
        ({"blocks": BLOCKS * 2}, "nothing is left for block 3"),
        ({"blocks": ()}, "must be SoftHebbBlock"),
        ({"batch_size": 0}, "batch_size"),
        ({"image_shape": (8, 9)}, "needs 72 values per image, got 64"),
    ],
)
def test_bad_arguments_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        SoftHebbFeatures(**{"image_shape": (8, 8), "blocks": BLOCKS, **change}).fit(X)


def test_bad_blocks_are_named() -> None:
    with pytest.raises(ValueError, match=r"SoftHebbBlock.kernel: must be odd, got 4"):
        SoftHebbBlock(8, 4, 1.0, 1.0, 0.1)
    with pytest.raises(ValueError, match=r"SoftHebbBlock.pool"):
        SoftHebbBlock(8, 3, 1.0, 1.0, 0.1, pool="min")
