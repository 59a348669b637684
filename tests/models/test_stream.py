"""Cells that adapt on a stream beside a plain loop, corruptions and attacks beside theirs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from bioplastic import cli
from bioplastic.analysis import robustness, sparse_attack
from bioplastic.datasets import CORRUPTIONS, corrupt
from bioplastic.models.stream import StreamClassifier
from bioplastic.study.results import load_results

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (40, 36)).astype(float)
Y = np.arange(40) % 4
INNER_SQUARE = np.pad(np.ones((4, 4)), 1)  # what an occlusion reaches


def test_thresholds_follow_their_equation_on_a_stream():
    model = StreamClassifier(6, eta=0.3, random_state=1).fit(X, Y)
    th0 = model.threshold_
    counts = model._run(X, th0, model.rate_, 0.3)
    th, wanted = th0.copy(), []
    for image in X:
        v, n = np.zeros(6), np.zeros(6)
        for _ in range(25):
            v = 0.9 * v + 0.1 * (image / 255 @ model.prototypes_)
            fired = v > th
            v, n = v - fired * th, n + fired
        wanted.append(n)
        th = np.maximum(th + 0.3 * th0 * (n - model.rate_) / 25, 0.02 * th0)
    np.testing.assert_array_equal(counts, wanted)
    assert (model._run(X, th0, model.rate_, 0.0) != counts).any()


def test_what_adapts_undoes_a_change_of_contrast():
    images = np.repeat(np.kron(np.eye(4), np.ones((1, 9))) * 200 + 20, 50, axis=0)
    order = RNG.permutation(200)
    images, y = images[order], (np.arange(200) // 50)[order]
    model = StreamClassifier(20, level=2.0, passes=30, random_state=0).fit(images, y)
    dark = images * 0.3
    late = slice(100, None)
    assert np.mean(model.predict(images) == y) > 0.95
    assert np.mean(model.answer_stream(dark)[late] == y[late]) < 0.5
    for adapt in ("threshold", "gain"):
        assert np.mean(model.answer_stream(dark, adapt)[late] == y[late]) > 0.9
    np.testing.assert_array_equal(model.predict(model.standardise(dark)), model.predict(
        model.standardise(images)))  # fmt: skip


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_corruptions_do_what_they_say(kind):
    ours = corrupt(X, kind, (6, 6), random_state=3).reshape(-1, 6, 6)
    x = X.reshape(-1, 6, 6) / 255
    again = corrupt(X, kind, (6, 6), random_state=3)
    np.testing.assert_array_equal(ours.reshape(-1, 36), again)
    assert 0 <= ours.min() <= ours.max() <= 255
    exact = {
        "clean": x, "contrast": 0.3 * x, "bright": np.minimum(x + 0.4, 1),
        "mid": 0.5 + 0.3 * (x - 0.5),
        "blur": np.array([gaussian_filter(image, 1.0) for image in x]),
    }  # fmt: skip
    if kind in exact:
        np.testing.assert_allclose(ours / 255, exact[kind], atol=1e-12)
    elif kind == "gaussian":
        inside = (ours > 0) & (ours < 255)
        assert abs((ours / 255 - x)[inside]).max() > 0.3
    elif kind == "impulse":
        changed = (ours / 255 != x).mean()
        assert changed == pytest.approx(0.2, abs=0.05)
        assert set(np.unique(ours[ours / 255 != x])) == {0.0, 255.0}
    elif kind == "shift":
        options = [np.pad(image, 1)[a : a + 6, b : b + 6] for image in x[:1] for a in (0, 2)
                   for b in (0, 2)]  # fmt: skip
        assert any(np.allclose(ours[0] / 255, option) for option in options)
    elif kind == "occlusion":
        changed = ~np.isclose(ours / 255, x, atol=1e-12)
        assert (changed.sum(axis=(1, 2)) <= 9).all()
        assert (changed.any(axis=0) == (INNER_SQUARE > 0)).all()
    else:
        kinds = [exact[name] for name in ("clean", "contrast", "bright", "mid")]
        for k, image in enumerate(ours):
            assert any(np.allclose(image / 255, option[k]) for option in kinds)


def test_attacks_and_tables():
    model = LogisticRegression(max_iter=500).fit(X, Y)
    table = robustness(model, {"clean": X, "contrast": X * 0.3}, Y, {2: 0.25})
    assert table.sel(corruption="clean") == model.score(X, Y)
    assert table.sel(corruption="2 pixels") == 0.25
    shares = sparse_attack(model, X, Y, (1, 4, 16), draws=5, random_state=0)
    assert shares[1] >= shares[4] >= shares[16]
    nearest = KNeighborsClassifier(1).fit(X, Y)
    assert sparse_attack(nearest, X, Y, (1,), draws=3, random_state=0) == {1: 1.0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: corrupt(X, "fog", (6, 6)), "corrupt.kind: must be one of"),
        (lambda: corrupt(X, "blur", (5, 5)), r"must have the shape \(n, 5 \* 5\)"),
        (lambda: corrupt(X + 200, "blur", (6, 6)), "grey values from 0 to 255"),
        (lambda: StreamClassifier(0).fit(X, Y), "StreamClassifier.n_cells: must be"),
        (lambda: StreamClassifier(2).fit(X, Y).answer_stream(X, "always"), "adapt: must be one of"),
        (lambda: sparse_attack(None, X, Y, draws=0), "sparse_attack.draws"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_smoke_runs(tmp_path):
    assert cli.main(["run", "robustness", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "robustness_smoke.json")
    assert results.baselines["linear_same_dark"] < 1
    assert results.baselines["gain_contrast"] > results.baselines["none_contrast"] + 0.1
