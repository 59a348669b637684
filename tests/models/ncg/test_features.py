"""The feature extractor as a transformer, on the embedded digits and small stand-ins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from bioplastic.checkpoints import RunFolder
from bioplastic.datasets import load_digits
from bioplastic.engine.convolution import LatencyConvolution
from bioplastic.models.ncg import (
    EXTRACTORS,
    SpikingConvFeatures,
    extract_features,
    features,
    named_extractor,
)

DIGITS = load_digits()
X = DIGITS.X[:300]


def small(**arguments: Any) -> SpikingConvFeatures:
    return named_extractor("digits", **{"n_filters": 12, "epochs": 6, **arguments})


def test_features_beat_pixels_for_a_linear_classifier() -> None:
    """Validation images of the training part; the test part is not touched."""
    train, held_out = slice(0, 1000), slice(1000, None)
    extractor = named_extractor("digits").fit(DIGITS.X[train])
    earliness = 1 - extractor.transform(DIGITS.X)
    scores = {}
    for name, values in {"features": earliness, "pixels": DIGITS.X / 255}.items():
        linear = LogisticRegression(C=0.1, max_iter=300).fit(values[train], DIGITS.y[train])
        scores[name] = linear.score(values[held_out], DIGITS.y[held_out])
    assert scores["features"] > scores["pixels"] > 0.85


@pytest.mark.parametrize("t_target", [0.3, 0.6])
def test_training_makes_weights_bimodal_and_winners_punctual(t_target: float) -> None:
    extractor = named_extractor("digits", t_target=t_target).fit(DIGITS.X)
    before, after = extractor.weight_history_[0], extractor.weight_history_[-1]
    assert before[1:].tolist() == [0, 0]
    assert after[1:].sum() > 0.8
    np.testing.assert_allclose(extractor.winner_latency_[-5:], t_target, atol=0.02)


def test_one_seed_fixes_everything() -> None:
    first, again, other = (small(random_state=seed).fit(X) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.filters_, again.filters_)
    np.testing.assert_array_equal(first.transform(X), again.transform(X))
    assert not np.array_equal(first.filters_, other.filters_)


def test_a_transform_does_not_depend_on_its_neighbours_or_on_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extractor = small().fit(X)
    whole = extractor.transform(X)
    np.testing.assert_array_equal(extractor.transform(X[7:8]), whole[7:8])
    monkeypatch.setattr(features, "_CHUNK", 90)
    np.testing.assert_array_equal(clone(extractor).fit(X).transform(X), whole)
    extractor.set_params(n_jobs=2)
    with joblib.parallel_config("threading"):
        np.testing.assert_array_equal(extractor.transform(X), whole)


@pytest.mark.slow
def test_processes_give_the_same_features() -> None:
    np.testing.assert_array_equal(
        small(n_jobs=2).fit(DIGITS.X).transform(DIGITS.X), small().fit(DIGITS.X).transform(DIGITS.X)
    )


def test_no_epochs_leave_the_initial_weights() -> None:
    extractor = small(epochs=0, random_state=5).fit(X)
    drawn = np.random.default_rng(5).normal(0.5, 0.01, (18, 12)).astype(np.float32)
    np.testing.assert_array_equal(extractor.filters_.reshape(12, -1).T, drawn)
    assert (extractor.thresholds_ == 3).all()


def test_works_in_a_pipeline() -> None:
    pipe = make_pipeline(
        small(), FunctionTransformer(lambda times: 1 - times), LogisticRegression(max_iter=200)
    )
    pipe.fit(X, DIGITS.y[:300])
    assert pipe.score(X, DIGITS.y[:300]) > 0.9


def test_names_match_the_order_of_the_features() -> None:
    extractor = small().fit(X)
    names = extractor.get_feature_names_out()
    times = extractor.transform(X)
    assert names.shape == (times.shape[1],)
    assert names[1 * 3 * 12 + 2 * 12 + 5] == "window1_2_map5"
    # a map answers at most with what its own filter sees: silence the others
    only = small().fit(X)
    only.thresholds_ = np.where(np.arange(12) == 5, only.thresholds_, np.float32(1e9))
    alone = only.transform(X)
    chosen = np.array([name.endswith("map5") for name in names])
    np.testing.assert_array_equal(alone[:, chosen], times[:, chosen])
    assert (alone[:, ~chosen] == 1).all()


def test_save_and_load(tmp_path: Path) -> None:
    extractor = small(gaussians=(0.5, 1.5)).fit(X)
    loaded = SpikingConvFeatures.load(extractor.save(tmp_path / "extractor"))
    assert loaded.get_params() == extractor.get_params()
    np.testing.assert_array_equal(loaded.transform(X), extractor.transform(X))
    np.testing.assert_array_equal(loaded.wins_, extractor.wins_)


def test_an_interrupted_training_goes_on_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunFolder, "is_due", lambda run: run.folder is not None)
    straight = small(epochs=7).fit(X)
    shown = []
    original = LatencyConvolution.learn

    def learn(self: Any, *arguments: Any) -> Any:
        shown.append(1)
        if len(shown) == 6:
            raise KeyboardInterrupt
        return original(self, *arguments)

    monkeypatch.setattr(LatencyConvolution, "learn", learn)
    with pytest.raises(KeyboardInterrupt):
        small(epochs=7).fit(X, checkpoints=tmp_path)
    resumed = small(epochs=7).fit(X, checkpoints=tmp_path, resume=True)
    assert len(shown) == 6 + 2  # epochs 6 and 7
    for name, value in straight._fitted().items():
        np.testing.assert_equal(getattr(resumed, name), value)


def test_an_epoch_in_pieces_is_an_epoch() -> None:
    """With the contrast of the first images; patches depend on the place in the epoch."""
    whole, parts = small(epochs=2).fit(X), small(epochs=2).fit(X)
    whole.partial_fit(X).end_epoch()
    parts.partial_fit(X[:70]).partial_fit(X[70:]).end_epoch()
    np.testing.assert_array_equal(parts.filters_, whole.filters_)
    np.testing.assert_array_equal(parts.wins_, whole.wins_)
    assert whole.wins_.shape == (3, 12)
    assert whole.wins_[2].tolist() != whole.wins_[1].tolist()


@pytest.mark.parametrize(
    ("name", "n_features", "channels"),
    [("mnist", 4608, 2), ("fashion-mnist", 4608, 2), ("cifar-10", 6272, 6), ("cifar-100", 6272, 6)],
)
def test_published_settings_on_small_stand_ins(name: str, n_features: int, channels: int) -> None:
    extractor = named_extractor(name, epochs=2)
    rows, columns, colours = (*EXTRACTORS[name]["image_shape"], 1)[:3]
    rng = np.random.default_rng(0)
    lit = rng.integers(0, 256, (40, 4, 4, colours)) * (rng.random((40, 4, 4, 1)) < 0.15)
    images = lit.repeat(rows // 4, axis=1).repeat(columns // 4, axis=2).astype(np.uint8)
    times = extractor.fit_transform(images.reshape(40, -1))
    assert times.shape == (40, n_features)
    assert times.dtype == np.float32
    assert extractor.filters_.shape == (128, 5, 5, channels)
    assert times.min() >= 0
    assert 0.01 < (times < 1).mean() < 0.99


def test_features_of_a_data_set_leave_validation_images_out_of_the_scale() -> None:
    data = DIGITS.head(200, 30)
    extractor, train, test = extract_features(data, np.arange(100), epochs=1, n_filters=4)
    assert (train.shape, test.shape) == ((200, 36), (30, 36))
    alone = named_extractor("digits", epochs=1, n_filters=4).fit(data.X[:100])
    np.testing.assert_array_equal(extractor.scale_high_, alone.scale_high_)
    np.testing.assert_array_equal(test, alone.transform(data.X_test))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_shape": 8}, r"image_shape: must be \(rows, columns\)"),
        ({"image_shape": (8, 9)}, "needs 72 values per image, got 64"),
        ({"kernel": 9}, "kernel: must be an integer from 1 to 8, got 9"),
        ({"pooling": 7}, "pooling: must be an integer from 1 to 6, got 7"),
        ({"n_filters": 1}, "n_filters"),
        ({"preprocessing": "sobel"}, "preprocessing: must be one of 'dog', 'whitening'"),
        ({"t_target": 1.5}, "t_target"),
        ({"a_minus": -0.1}, "a_minus"),
        ({"patches": "some"}, "patches"),
        ({"gaussians": (1, 2, 3)}, "gaussians: must have 2 entries, got 3"),
        ({"gaussians": (0, 2)}, "gaussians"),
    ],
)
def test_bad_arguments_are_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        small(**change).fit(X)


def test_bad_images_are_named() -> None:
    with pytest.raises(ValueError, match=r"SpikingConvFeatures.X: grey values"):
        small().fit(np.full((3, 64), 300))
    with pytest.raises(
        ValueError, match="X has 63 features, but SpikingConvFeatures is expecting 64"
    ):
        small().fit(X).transform(X[:, :63])


@pytest.mark.slow
def test_mnist_reproduces_the_published_filters(mnist_root: Path) -> None:
    """Statistics of the published program after 10 epochs, measured elsewhere; other seeds."""
    from bioplastic.datasets import load_mnist

    images = load_mnist(root=mnist_root).X[:54000]
    extractor = named_extractor("mnist", epochs=10).fit(images)
    mean, _, high = extractor.weight_history_[-1]
    assert mean == pytest.approx(0.273, abs=0.006)
    assert high == pytest.approx(0.2175, abs=0.006)
    assert extractor.filters_.sum(axis=(1, 2, 3)).mean() == pytest.approx(13.7, abs=0.3)
    # with steps still large, the mean of all thresholds wanders by about 0.6 from epoch to epoch
    assert extractor.threshold_history_[6:].mean() == pytest.approx(11.25, abs=0.8)
    times = extractor.transform(images[:2000])
    assert times.shape[1] == 4608
    assert times[times < 1].mean() == pytest.approx(0.84, abs=0.03)  # follows the thresholds
