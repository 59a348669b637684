"""Complexity beside the entropy rate, the tempotron beside its kernel and its derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms
from sklearn.utils.estimator_checks import check_estimator

from bioplastic import cli
from bioplastic.analysis import entropy_rate_markov
from bioplastic.conformance import check_model
from bioplastic.experiments.lempel_ziv import SOURCES
from bioplastic.models.lempel_ziv import LempelZivClassifier, Tempotron, markov_trains
from bioplastic.study.results import load_results


@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_is_content_with_the_read_out():
    check_estimator(LempelZivClassifier())


@pytest.mark.parametrize("source", [(0.1, 0.0), (0.5, 0.0), (0.2, 0.8)])
def test_complexity_tends_to_the_entropy_rate(source):
    rng, reader = np.random.default_rng(0), LempelZivClassifier()
    excess = []
    for bins in (100, 1000, 5000):
        X = markov_trains(rng, 8, bins, *source)
        found = reader.fit(X, np.arange(8) % 2).complexities_.mean()
        excess.append(found - entropy_rate_markov(*source))
    assert excess[0] > excess[1] > excess[2]
    assert abs(excess[2]) < 0.08
    assert reader.complexity(np.zeros((1, 5000)))[0] < 0.006


def test_trains_have_the_rate_and_the_correlation_that_was_asked_for():
    X = markov_trains(np.random.default_rng(0), 200, 1000, *SOURCES["order 0.5"][1]).astype(float)
    assert X.mean() == pytest.approx(0.2, abs=0.01)
    lag = np.corrcoef(X[:, :-1].ravel(), X[:, 1:].ravel())[0, 1]
    assert lag == pytest.approx(0.5, abs=0.02)


SPIKES = np.zeros((3, 40))
SPIKES[[0, 0, 1, 2, 2], [3, 8, 5, 2, 20]] = 1


def learn(label=0, **options):
    model = Tempotron(n_inputs=3, dtype="float64", random_state=3, **options)
    return model.partial_fit(SPIKES.reshape(1, -1), [label], classes=[0, 1])


def kernel_sums(tau):
    """Return the potential that each input would cause with weight one, at the end of each bin."""
    peak = np.log(15 / 2.5) * 15 / (15 - 2.5)
    v0 = 1 / (np.exp(-peak * 2.5 / 15) - np.exp(-peak))
    lag = np.maximum(np.arange(40)[:, None, None] - np.where(SPIKES, np.arange(40), 50), 0)
    return v0 * (np.exp(-lag / tau) - np.exp(-lag / 2.5)).sum(axis=2)


def test_a_miss_follows_the_gradient_at_the_peak():
    start = learn(eta=0.0).weights_
    v = kernel_sums(15.0) @ start[:, 0]
    top = v.argmax()
    assert 0 < v[top] < 1
    after = learn(eta=0.1, eta_tau=0.2, eta_threshold=0.3)
    np.testing.assert_allclose(after.weights_[:, 0] - start[:, 0], 0.1 * kernel_sums(15.0)[top])
    np.testing.assert_array_equal(after.weights_[:, 1], start[:, 1])  # right: nothing happens
    higher, lower = ((kernel_sums(15 * np.exp(d)) @ start[:, 0])[top] for d in (1e-5, -1e-5))
    np.testing.assert_allclose(
        after.taus_, [0.015 * np.exp(0.2 * (higher - lower) / 2e-5), 0.015], rtol=1e-6
    )
    np.testing.assert_allclose(after.thresholds_, [0.7, 1.0])


def test_a_false_alarm_goes_the_other_way():
    start = learn(label=1, eta=0.0, v_th=0.01)
    v = kernel_sums(15.0) @ start.weights_[:, 0]
    assert v.max() > 0.01
    after = learn(label=1, eta=0.1, eta_threshold=0.3, v_th=0.01, v_th_min=0.01)
    down = -0.1 * kernel_sums(15.0)[v.argmax()]
    np.testing.assert_allclose(after.weights_[:, 0] - start.weights_[:, 0], down)
    np.testing.assert_allclose(after.thresholds_, [0.31, 0.01])


def test_what_cannot_be_right_is_refused():
    with pytest.raises(ValueError, match=r"Tempotron\.tau: must be from"):
        Tempotron(tau=2 * ms).fit(np.zeros((2, 50)), [0, 1])
    with pytest.raises(ValueError, match="a multiple of 50"):
        Tempotron().fit(np.zeros((2, 60)), [0, 1])


def test_the_tempotron_keeps_the_promises_of_models():
    X = (np.random.default_rng(0).random((9, 60)) < 0.1).astype(float)
    model = Tempotron(n_inputs=3, epochs=2, eta_tau=0.1, eta_threshold=0.01)
    assert check_model(model, X, np.arange(9) % 2).passed


def test_smoke_reads_order_where_counts_fail(tmp_path):
    assert cli.main(["run", "lempel_ziv", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "lempel_ziv_smoke.json")
    assert results.metrics["gap_order_0_5"] > 0.3
    assert results.metrics["gap_order_0_8"] > 0.3
    assert results.metrics["gap_rate_0_15"] < 0.1
    assert (tmp_path / "lempel_ziv_smoke_accuracy.png").stat().st_size > 20_000
