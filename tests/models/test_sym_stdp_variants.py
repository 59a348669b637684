"""Regimes, the read-out that learns from local errors, rule variants and repeated answers."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import mV, second

from bioplastic.models.sym_stdp import (
    Response,
    SymSTDPClassifier,
    improved_parameters,
    published_parameters,
)
from bioplastic.models.sym_stdp.network import error_rule


def draw_stripes(n: int, seed: int = 0):
    """Return two classes of noisy 8 x 8 images: light on the left or on the right."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.integers(0, 40, (n, 8, 8))
    X[y == 0, :, :4] += 200
    X[y == 1, :, 4:] += 200
    return X.reshape(n, 64), y


@pytest.fixture(scope="module")
def ours():
    X, y = draw_stripes(60)
    return SymSTDPClassifier(9, variant="ours", random_state=1).fit(X, y)


@pytest.fixture(scope="module")
def layered():
    X, y = draw_stripes(40)
    return SymSTDPClassifier(9, regime="layer_by_layer", random_state=1).fit(X, y)


def test_hidden_layer_learns_the_same_in_both_regimes(layered):
    X, y = draw_stripes(40)
    together = SymSTDPClassifier(9, random_state=1).fit(X, y)
    assert np.array_equal(together.weights_, layered.weights_)
    assert np.array_equal(together.state_["exc.theta"], layered.state_["exc.theta"])


def test_second_phase_leaves_the_hidden_layer_alone():
    X, y = draw_stripes(40)
    model = SymSTDPClassifier(9, regime="layer_by_layer", random_state=1).partial_fit(X, y)
    weights, theta = model.weights_, model.state_["exc.theta"]
    assert not model.output_weights_.any()
    model.freeze_hidden()
    fresh = model.state_["exc_class.w"].copy()
    assert fresh.min() >= 0
    assert 0 < fresh.max() < 0.3
    model.partial_fit(X, y)
    assert np.array_equal(model.weights_, weights)
    assert np.array_equal(model.state_["exc.theta"], theta)
    assert not np.array_equal(model.state_["exc_class.w"], fresh)
    with pytest.raises(ValueError, match="in its first phase"):
        model.freeze_hidden()


def test_readout_of_ours_learns_the_task_with_signed_weights(ours):
    X, y = draw_stripes(20, seed=5)
    assert ours.score(X, y) == 1.0
    assert ours.output_weights_.min() < 0 < ours.output_weights_.max()


def test_ours_with_both_layers_together_learns_the_task():
    X, y = draw_stripes(60)
    model = SymSTDPClassifier(9, variant="ours", regime="simultaneous", random_state=1).fit(X, y)
    assert model.score(*draw_stripes(20, seed=5)) >= 0.9


def test_error_rule_is_the_delta_rule_on_spike_counts():
    X, y = draw_stripes(1)
    p = improved_parameters(9).with_values(
        error_eta=0.5, error_power=10.0, error_images=4.0, min_spikes=0
    )
    model = SymSTDPClassifier(9, variant="ours", parameters=p, dtype="float64", random_state=1)
    model.partial_fit(*draw_stripes(2))
    model.freeze_hidden()
    before = model.state_["exc_class.w"].copy()
    model.partial_fit(X, y)
    counts, error = model.state_["exc_class.n_pre"], np.array([1.0, 0.0])
    assert counts.sum() > 0
    assert np.all(before == 0)  # so the output neurons stay silent in the first presentation
    change = model.state_["exc_class.w"] - before
    assert change == pytest.approx(0.05 * np.outer(counts, error), rel=1e-5)
    # half the learning rate after error_images, a fifth less after the first of four
    assert model.state_["exc_class.eta"] == pytest.approx(0.05 / (1 + 1 / 4))


def test_error_rule_is_local():
    audit = error_rule(1e-3, 0.1).audit()
    assert audit.local is True


def test_two_calls_in_the_second_phase_equal_one(ours):
    X, y = draw_stripes(60)
    model = SymSTDPClassifier(9, variant="ours", random_state=1)
    model.partial_fit(X, y).freeze_hidden().partial_fit(X[:23], y[:23]).partial_fit(X[23:], y[23:])
    for name, values in ours.state_.items():
        assert np.array_equal(values, model.state_[name]), name
    assert np.array_equal(ours.assignment_, model.assignment_)


def test_saved_model_continues_in_its_phase(ours, tmp_path):
    X, y = draw_stripes(20)
    copy = SymSTDPClassifier.load(ours.save(tmp_path / "ours"))
    assert copy.hidden_frozen_ is True
    again = SymSTDPClassifier.load(tmp_path / "ours.npz").partial_fit(X, y)
    copy.partial_fit(X, y)
    assert np.array_equal(copy.output_weights_, again.output_weights_)
    assert not np.array_equal(copy.output_weights_, ours.output_weights_)


def test_adopted_hidden_layer_is_that_of_the_other_model(layered):
    X, y = draw_stripes(40)
    source = SymSTDPClassifier(9, random_state=1).fit(X, y)
    model = SymSTDPClassifier(9, variant="ours", random_state=1).adopt_hidden(source)
    assert np.array_equal(model.weights_, source.weights_)
    model.partial_fit(X, y)
    assert model.score(*draw_stripes(20, seed=5)) == 1.0
    with pytest.raises(ValueError, match="same n_hidden, got 16 and 9"):
        SymSTDPClassifier(16, variant="ours").adopt_hidden(source)


def test_repeated_answers_add_up(ours):
    X, _ = draw_stripes(10, seed=5)
    single = [ours.respond(X, repetition=number) for number in range(3)]
    ours_three = SymSTDPClassifier(**{**ours.get_params(), "test_presentations": 3})
    for name, value in vars(ours).items():
        if name.endswith("_"):
            setattr(ours_three, name, value)
    total = ours_three.respond(X)
    assert np.array_equal(total.hidden, sum(answer.hidden for answer in single))
    assert np.array_equal(total.output, sum(answer.output for answer in single))
    assert not np.array_equal(single[0].hidden, single[1].hidden)
    added = single[0] + single[1]
    assert isinstance(added, Response)
    assert np.array_equal(added.hidden, single[0].hidden + single[1].hidden)


def test_weaker_inhibition_lets_more_neurons_answer(ours):
    X, _ = draw_stripes(10, seed=5)
    source = SymSTDPClassifier.__new__(SymSTDPClassifier)
    source.__dict__.update(ours.__dict__)
    source.parameters = improved_parameters(9).with_values(readout_inhibition=17.0)
    assert ours.respond(X).hidden.sum() > source.respond(X).hidden.sum()


def test_without_scaling_weights_only_grow():
    X, y = draw_stripes(20)
    p = published_parameters(9).with_values(scaling_hidden=None, scaling_output=None)
    model = SymSTDPClassifier(9, parameters=p, random_state=1)
    model.partial_fit(X, y)
    before = model.weights_
    model.partial_fit(X, y)
    assert np.all(model.weights_ >= before)
    assert model.weights_.sum() > before.sum()


def test_asymmetric_rule_depresses_without_scaling():
    X, y = draw_stripes(20)
    changes = {"hidden_rule": "asymmetric", "scaling_hidden": None, "eta_hidden": 0.05}
    model = SymSTDPClassifier(
        9, parameters=published_parameters(9).with_values(**changes), random_state=1
    ).partial_fit(X, y)
    before = model.weights_
    model.partial_fit(X, y)
    assert np.any(model.weights_ < before)


def test_threshold_without_adaptation_stays():
    X, y = draw_stripes(20)
    p = published_parameters(9).with_values(theta_plus=0 * mV, tau_theta=1e9 * second)
    model = SymSTDPClassifier(9, parameters=p, random_state=1).fit(X, y)
    assert model.state_["exc.theta"] == pytest.approx(0.020, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variant": "better"}, r"SymSTDPClassifier\.variant: must be one of"),
        ({"regime": "none"}, r"SymSTDPClassifier\.regime: must be one of"),
        ({"readout_epochs": 0}, r"SymSTDPClassifier\.readout_epochs: must be"),
        ({"test_presentations": 0}, r"SymSTDPClassifier\.test_presentations: must be"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        SymSTDPClassifier(9, **arguments).fit(*draw_stripes(4))


@pytest.mark.parametrize(
    "values",
    [
        {"readout_rule": "hebb"},
        {"hidden_rule": "triplet"},
        {"target_spikes": 0.5},
        {"error_images": 0.0},
        {"readout_inhibition": -1.0},
        {"scaling_output": 0.0},
    ],
)
def test_bad_constants_are_named(values):
    (name,) = values
    with pytest.raises(ValueError, match=rf"SymSTDPParameters\.{name}: must be"):
        published_parameters(100).with_values(**values)
