"""t-SNE: repeatable, and true to clusters that are there."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from bioplastic.analysis import embed_tsne


@pytest.fixture(scope="module")
def clusters():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 30)
    return 8.0 * np.eye(3, 60)[labels] + rng.normal(size=(90, 60)), labels


def test_separate_clusters_stay_separate(clusters):
    samples, labels = clusters
    assert silhouette_score(embed_tsne(samples, seed=0), labels) > 0.7


def test_same_seed_gives_the_same_map(clusters):
    samples, _ = clusters
    first = embed_tsne(samples, seed=3, max_iter=250)
    np.testing.assert_array_equal(first, embed_tsne(samples, seed=3, max_iter=250))


@pytest.mark.parametrize("shape", [(4, 1), (5, 2), (4, 200)])
def test_few_samples_still_have_a_map(shape):
    samples = np.random.default_rng(0).random(shape)
    points = embed_tsne(samples, seed=0, max_iter=250)
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="the same sample over and over"):
        embed_tsne(np.ones((10, 3)), seed=0)
    with pytest.raises(ValueError, match="at least 4 samples"):
        embed_tsne(np.eye(3), seed=0)
    with pytest.raises(ValueError, match="perplexity: must be a finite number greater than 0"):
        embed_tsne(np.eye(9), seed=0, perplexity=0)
