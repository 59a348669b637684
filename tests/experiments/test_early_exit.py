"""Stopping early beside a loop over samples and steps, and around classifiers that are there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin

from bioplastic import SymSTDPClassifier, cli, load_digits
from bioplastic.analysis.early_exit import choose_threshold, exit_times, score_exit
from bioplastic.models.bcm import BCMCells
from bioplastic.models.bit_budget import BitBudgetClassifier
from bioplastic.models.early_exit import EarlyExit, spike_evidence
from bioplastic.models.liquid import LiquidStateMachine
from bioplastic.study.results import load_results


def draw_evidence(seed, n=300, n_times=12, drift=0.6):
    """Return noisy evidence that favours the class 0, 1 or 2, unequally from sample to sample."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    steps = rng.normal(0, 1, (n, n_times, 3))
    steps[np.arange(n), :, y] += drift * rng.exponential(1, n)[:, None]
    return np.cumsum(steps, axis=1), y


def test_equals_a_loop_over_samples_and_steps():
    evidence, y = draw_evidence(0)
    alpha, threshold = 2.0, 0.8
    stops, right, oracle = [], 0, []
    for sample, label in zip(evidence, y, strict=True):
        stop = len(sample) - 1
        for step, gathered in enumerate(sample):
            odds = np.exp(gathered / alpha)
            if odds.max() / odds.sum() > threshold:
                stop = step
                break
        stops.append(stop)
        right += int(sample[stop].argmax() == label)
        correct = [step for step, gathered in enumerate(sample) if gathered.argmax() == label]
        oracle.append(correct[0] if correct else len(sample) - 1)
    np.testing.assert_array_equal(exit_times(evidence, threshold, alpha=alpha), stops)
    found = score_exit(evidence, y, threshold, alpha=alpha)
    assert found.accuracy == pytest.approx(right / len(y))
    assert found.latency == pytest.approx(np.mean(stops) + 1)
    assert found.oracle_latency == pytest.approx(np.mean(oracle) + 1)
    lower = int(found.latency)
    at = [(evidence[:, k - 1].argmax(axis=1) == y).mean() for k in (lower, lower + 1)]
    assert found.fixed == pytest.approx(at[0] + (found.latency - lower) * (at[1] - at[0]))


def test_the_threshold_is_the_fastest_that_is_good_enough():
    evidence, y = draw_evidence(1)
    threshold, alpha = choose_threshold(evidence, y, tolerance=0.02, alphas=(1.0, 4.0))
    best = score_exit(evidence, y, threshold, alpha=alpha)
    assert best.accuracy >= best.full - 0.02 - 1e-9
    for other in np.linspace(0, 1, 50):  # none of a grid is as good and clearly faster
        rival = score_exit(evidence, y, other, alpha=alpha)
        assert rival.accuracy < best.full - 0.02 or rival.latency > best.latency - 0.1
    assert best.accuracy > best.fixed  # samples differ in drift, so confidence knows something
    late = np.zeros((4, 3, 2))  # right at the last step alone: there is nothing to gain
    late[:, :2, 0], late[:, 2, 1] = 1, 1
    threshold, alpha = choose_threshold(late, np.ones(4, dtype=int))
    assert np.all(exit_times(late, threshold, alpha=alpha) == 2)


def test_evidence_ends_in_the_scores_of_the_classifier():
    digits = load_digits()
    model = SymSTDPClassifier(n_hidden=16).fit(digits.X[:150], digits.y[:150])
    evidence = spike_evidence(model, digits.X_test[:30], 10)
    np.testing.assert_array_equal(evidence[:, -1], model.scores(digits.X_test[:30]))
    assert np.all(np.diff(evidence, axis=1) >= 0)
    assert np.any(evidence[:, 4] < evidence[:, 9])
    X = np.tile(digits.X / 255, (1, 4))
    model = BitBudgetClassifier(n_steps=4, epochs=1).fit(X[:100], digits.y[:100])
    found = model.evidence(X[:20], 2)
    np.testing.assert_allclose(found[:, -1], 4 * model.scores(X[:20]), rtol=1e-5, atol=1e-5)
    with pytest.raises(ValueError, match="must divide the 4 steps"):
        model.evidence(X[:20], 3)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_evidence_of_a_liquid_ends_in_its_probabilities(n_classes):
    rng, y = np.random.default_rng(0), np.arange(60) % n_classes
    X = np.kron(np.eye(n_classes), np.ones(40))[y] * (rng.random((60, 40 * n_classes)) < 0.5)
    liquid = LiquidStateMachine(n_inputs=n_classes, n_cells=30, sd_in=3.0).fit(X, y)
    gathered = liquid.evidence(X[:20], 8)
    np.testing.assert_allclose(softmax(gathered[:, -1], axis=1), liquid.scores(X[:20]), rtol=1e-9)
    assert np.abs(gathered[:, 0]).mean() < np.abs(gathered[:, -1]).mean()


class Drift(ClassifierMixin, BaseEstimator):
    """A classifier of one feature whose evidence grows with it."""

    def fit(self, X, y):
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        return self

    def evidence(self, X, n_times):
        steps = np.arange(1, n_times + 1)[None, :, None] * np.asarray(X)[:, None, :1]
        return np.concatenate([-steps, steps], axis=2)

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 0] > 0).astype(int)]


def test_the_meta_estimator_chooses_on_what_it_held_out():
    rng = np.random.default_rng(3)
    X = rng.normal(0, 1, (200, 1))
    y = np.where(X[:, 0] > 0, "up", "down")
    model = EarlyExit(Drift(), n_times=8).fit(X, y)
    labels, latency = model.answer(X)
    assert np.mean(labels == y) == model.score(X, y) == 1.0
    assert latency.max() <= 8
    assert latency[np.abs(X[:, 0]) > 1].mean() <= latency[np.abs(X[:, 0]) < 0.1].mean()
    folded = EarlyExit(Drift(), n_times=8, folds=4).fit(X, y)  # every sample once, in its place
    np.testing.assert_array_equal(folded.held_out_evidence_, Drift().evidence(X, 8))
    np.testing.assert_array_equal(folded.classes_[folded.held_out_classes_], y)
    clone = EarlyExit(**model.get_params(deep=False)).set_params(prefit=True)
    with pytest.raises(ValueError, match=r"EarlyExit\.y: must be labels seen in fit"):
        model.scores(X, np.full(200, "left"))
    with pytest.raises(Exception, match="not fitted"):
        clone.fit(X, y)
    with pytest.raises(TypeError, match=r"EarlyExit\.estimator"):
        spike_evidence(BCMCells(), X, 4)


def test_smoke_beats_the_same_time_for_all(tmp_path):
    assert cli.main(["run", "early_exit", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "early_exit_smoke.json")
    assert results.metrics["accuracy_sym_stdp"] > results.baselines["fixed_sym_stdp"] - 0.02
    assert results.metrics["latency_sym_stdp"] < 0.95
    assert results.baselines["oracle_sym_stdp"] >= results.baselines["full_sym_stdp"]
    assert (tmp_path / "early_exit_smoke_latency.png").stat().st_size > 20_000
