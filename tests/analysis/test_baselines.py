"""Baselines against scikit-learn's own estimators."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from bioplastic.analysis import chance_level, linear_baseline


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:1000], y[:1000], X[1000:], y[1000:]


def test_chance_is_the_most_frequent_class():
    y = np.random.default_rng(0).choice(4, 300, p=[0.1, 0.5, 0.2, 0.2])
    dummy = DummyClassifier(strategy="most_frequent").fit(y[:, None], y)
    assert chance_level(y) == pytest.approx(dummy.score(y[:, None], y))


def test_linear_is_close_to_a_fully_converged_fit_in_double_precision(digits):
    X, y, X_test, y_test = digits
    mean, std = X.mean(axis=0), X.std(axis=0)
    std[std == 0] = 1
    oracle = LogisticRegression(tol=1e-6, max_iter=5000).fit((X - mean) / std, y)
    expected = oracle.score((X_test - mean) / std, y_test)
    assert linear_baseline(*digits) == pytest.approx(expected, abs=0.01)
    assert expected > 0.85


def test_scale_and_shape_of_the_inputs_do_not_matter(digits):
    X, y, X_test, y_test = digits
    images, test_images = X.reshape(-1, 8, 8) * 1000, X_test.reshape(-1, 8, 8) * 1000
    difference = linear_baseline(images, y, test_images, y_test) - linear_baseline(*digits)
    assert abs(difference) < 0.005


def test_subset_is_drawn_by_the_seed(digits):
    accuracies = [linear_baseline(*digits, seed=seed, max_samples=60) for seed in (0, 0, 1, 2, 3)]
    assert accuracies[0] == accuracies[1]
    assert len(set(accuracies)) > 1
    assert max(accuracies) < linear_baseline(*digits)


def test_bad_input_is_named(digits):
    X, y, X_test, y_test = digits
    with pytest.raises(ValueError, match="X_test: must have 64 features like X_train, got 63"):
        linear_baseline(X, y, X_test[:, 1:], y_test)
    with pytest.raises(ValueError, match="y_train: must have shape"):
        linear_baseline(X, y[1:], X_test, y_test)
    with pytest.raises(ValueError, match="at least two classes"):
        linear_baseline(X, np.zeros_like(y), X_test, y_test)
    with pytest.raises(ValueError, match="must hold samples with features"):
        linear_baseline([], [], X_test, y_test)
    with pytest.raises(ValueError, match="must not be empty"):
        chance_level([])
