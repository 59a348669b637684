"""Word detectors beside the closed form: sums of matching bits, Hamming subcubes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bioplastic import cli
from bioplastic.conformance import check_model
from bioplastic.models.word_detectors import WordDetectors
from bioplastic.study.results import load_results

EVERY = (np.arange(64)[:, None] >> np.arange(5, -1, -1)) & 1
SETS = [(0,), (37,), (0, 1), (0, 31), (5, 42), (0, 7, 9), (1, 1, 62), (3, 12, 48)]


@pytest.fixture(scope="module")
def trained():
    words = [word for chosen in SETS for word in chosen]
    owners = [k for k, chosen in enumerate(SETS) for _ in chosen]
    return WordDetectors().fit(EVERY[words], np.eye(len(SETS))[owners])


def test_weights_count_words_in_cut_steps(trained):
    unit = np.floor(np.exp(-1) * 256) / 256
    for k, chosen in enumerate(SETS):
        bits = EVERY[list(chosen)]
        np.testing.assert_array_equal(trained.ones_[:, k], unit * bits.sum(axis=0))
        np.testing.assert_array_equal(trained.zeros_[:, k], unit * (1 - bits).sum(axis=0))


def test_answers_and_factors_are_those_of_exact_counts(trained):
    fires, unit = trained.predict(EVERY), np.floor(np.exp(-1) * 256) / 256
    needed = 15 / (20 * (1 - np.exp(-1 / 20)))
    for k, chosen in enumerate(SETS):
        score = sum(6 - 2 * (EVERY != EVERY[word]).sum(axis=1) for word in chosen)
        own = score[list(chosen)]
        np.testing.assert_array_equal(fires[:, k], score >= own[own > 0].min())
        exact = needed / (unit * own[own > 0].min())
        assert exact <= trained.factors_[k] <= exact + 1.1e-5
    for k, chosen in enumerate(SETS):
        if len(chosen) < 3:
            distance = (EVERY[chosen[0]] != EVERY[chosen[-1]]).sum()
            assert fires[:, k].sum() == 2**distance


def test_without_cutting_a_weight_is_the_window():
    model = WordDetectors(fraction_bits=40).fit(EVERY[:1], [[1]])
    np.testing.assert_allclose(model.zeros_, np.exp(-1), atol=1e-11)


def test_a_word_out_of_reach_is_left_out():
    model = WordDetectors(h_max=2.0).fit(EVERY[[1]], [[1]])
    assert model.factors_[0] == 1
    assert not model.predict(EVERY).any()


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (EVERY[:2] * 2, [[1], [1]], "must be bits"),
        (EVERY[:2], [1, 1], "must be 0 and 1 of shape"),
        (EVERY[:2], [[1], [2]], "must be 0 and 1"),
        (EVERY[:2], None, "requires y"),
    ],
)
def test_other_samples_are_refused(X, y, message):
    with pytest.raises(ValueError, match=message):
        WordDetectors().fit(X, y)


def test_it_keeps_the_promises_of_models():
    skip = {"silence": "a word of zeros is no silence: the other rail fires"}
    owners = np.array(list(itertools.islice(itertools.cycle(np.eye(3)), 9)))
    assert check_model(WordDetectors(), EVERY[7:16], owners, skip=skip).passed


def test_smoke_meets_the_integers_and_the_released_values(tmp_path):
    assert cli.main(["run", "word_detectors", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "word_detectors_smoke.json")
    assert results.metrics["exact_1"] == results.metrics["exact_2"] == 1
    assert results.metrics["factor_error_1"] < 1e-3
    assert results.metrics["factor_error_2"] < 1e-3
    assert results.metrics["close_3"] >= 65
    for name in ("metrics", "words"):
        assert (tmp_path / f"word_detectors_smoke_{name}.png").stat().st_size > 20_000
