"""Modules beside single networks by hand, silencing beside plain loops, and the experiment."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms
from sklearn.metrics import precision_recall_curve, top_k_accuracy_score

from bioplastic import cli
from bioplastic.conformance import check_model
from bioplastic.datasets import synthetic_traverse
from bioplastic.models.place_recognition import PlaceModules, precision_recall, recall_at
from bioplastic.study.results import load_results

WAY = synthetic_traverse(0, n_places=8, side=8)
SMALL = {"n_hidden": 6, "scaling": 0.8, "n_modules": 2, "epochs": 2, "assignment_window": 12}


@pytest.fixture(scope="module")
def model():
    return PlaceModules(**SMALL, delay_max=0 * ms).fit(WAY.X, WAY.y)


def test_modules_learn_their_region_alone_and_all_answer(model):
    program, answering = model.program("learn"), model.program("answer")
    frozen, counts, references = model.frozen_state(), [], []
    for k in range(2):
        state, mine = program.initial_state(model.stream(3, k)), WAY.X[WAY.y // 4 == k]
        for _ in range(2):
            state, _ = program(state, {"pixel": mine}, seed=model.stream(3, k))
        for name, value in state.items():
            np.testing.assert_array_equal(model.state_[name][k], value)
        np.testing.assert_allclose(frozen["image_exc.w"][k].sum(axis=0), 0.8 * 64, rtol=1e-5)
        fresh = answering.initial_state(0) | {name: value[k] for name, value in frozen.items()}
        for images, stream, kept in ((WAY.X_test, 1, counts), (WAY.X, 2, references)):
            seed = model.stream(stream, k)
            kept.append(answering(fresh, {"pixel": images}, seed=seed)[1]["exc.count"])
    np.testing.assert_array_equal(model.respond(WAY.X_test), np.hstack(counts))
    np.testing.assert_array_equal(model.activity_, (np.hstack(references) > 0).sum(axis=0))
    for cell, place in enumerate(model.assignment_):
        own = [np.hstack(references)[WAY.y == p, cell].mean() for p in range(8)]
        region = slice(0, 4) if cell < 6 else slice(4, 8)
        assert place == region.start + np.argmax(own[region])


def test_silenced_cells_do_not_count(model):
    counts, activity = model.respond(WAY.X_test), model.activity_
    for limit in (None, int(np.median(activity)), 1):
        heard = np.ones(12, bool) if limit is None else activity < limit
        expected = np.zeros((8, 8))
        for place in range(8):
            cells = heard & (model.assignment_ == place)
            if cells.any():
                expected[:, place] = counts[:, cells].mean(axis=1)
        np.testing.assert_allclose(model.place_scores(counts, limit), expected)
        other = model.fork(hyperactive_from=limit)
        np.testing.assert_array_equal(other.predict(WAY.X_test), expected.argmax(axis=1))
    limits = [None, *range(1, 17)]
    recalls = [recall_at(model.place_scores(counts, k), WAY.y_test) for k in limits]
    chosen = model.choose_hyperactive(WAY.X_test, WAY.y_test, limits)
    best = [k for k, recall in zip(limits, recalls, strict=True) if recall == max(recalls)]
    assert chosen == (None if None in best else max(best))
    with pytest.raises(ValueError, match=r"PlaceModules\.limits: must hold at least one"):
        model.choose_hyperactive(WAY.X_test, WAY.y_test, [])
    learned = model.fork(hyperactive_from=3).partial_fit(WAY.X, WAY.y)
    with pytest.raises(ValueError, match=r"hyperactive_from: cells have learned since"):
        learned.predict(WAY.X)
    learned.assign(WAY.X, WAY.y).predict(WAY.X)


def test_recall_and_precision():
    rng = np.random.default_rng(0)
    scores, y = rng.random((60, 9)), rng.integers(0, 9, 60)
    for n in (1, 3):
        expected = top_k_accuracy_score(y, scores, k=n, labels=range(9))
        assert recall_at(scores, y, n) == pytest.approx(expected)
    right = scores.argmax(axis=1) == y
    precision, recall, _ = precision_recall_curve(right, scores.max(axis=1))
    ours = precision_recall(scores, y)
    np.testing.assert_allclose(ours[0][::-1], precision[:-1])
    np.testing.assert_allclose(ours[1][::-1], recall[:-1] * right.mean())
    assert recall_at([[0, 0], [0, 0]], [0, 1]) == 0
    with pytest.raises(ValueError, match=r"recall_at\.y: must be integers from 0 to 1"):
        recall_at([[0, 1]], [2])
    with pytest.raises(ValueError, match=r"PlaceModules\.n_modules: must be at most the 2 places"):
        PlaceModules(n_modules=3).fit(WAY.X[:2], [0, 1])


def test_it_keeps_the_promises_of_models():
    assert check_model(PlaceModules(**SMALL, delay_max=0 * ms), WAY.X, WAY.y).passed


def test_smoke_beats_its_baselines(tmp_path):
    assert cli.main(["run", "place_recognition", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "place_recognition_smoke.json")
    assert results.metrics["recall_silenced"] > results.metrics["recall"]
    assert results.metrics["recall"] > 4 * results.baselines["chance"]
    for name in ("recall", "places"):
        assert (tmp_path / f"place_recognition_smoke_{name}.png").stat().st_size > 20_000
