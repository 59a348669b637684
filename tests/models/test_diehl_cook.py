"""Diehl & Cook beside stock Brian2 objects written by hand, and as an estimator."""

from __future__ import annotations

import dataclasses

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, second
from sklearn.utils.estimator_checks import check_estimator

from bioplastic.benchmarks.diehl_cook import scale, stock_network
from bioplastic.conformance import check_model
from bioplastic.conformance.models import EXPECTED_FAILURES
from bioplastic.engine import Program, SpikeRecord
from bioplastic.models.diehl_cook import DiehlCookClassifier

N_PIXELS = 36
SMALL = {"n_hidden": 6, "scaling": 0.9, "assignment_window": 12}  # few pixels need large weights


def make_images(n, seed):
    """Three classes: a noisy bright third of the image each."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 3)
    bright = np.arange(N_PIXELS)[None] * 3 // N_PIXELS == y[:, None]
    return (bright * rng.integers(150, 256, bright.shape)).astype(np.uint8), y


X, Y = make_images(18, 0)


def stock(model, state, spikes, n):
    """Return what ordinary Brian2 objects make of the same weights, delays and input spikes."""
    b2.prefs.codegen.target, b2.defaultclock.dt = "numpy", 0.5 * ms
    times, cells = spikes
    w, delay = state["image_exc.w"], state.get("image_exc.delay")
    network = stock_network(
        b2.SpikeGeneratorGroup(N_PIXELS, cells, times * second), model.n_hidden, w,
        delay=None if delay is None else delay.ravel() * second,
    )  # fmt: skip
    for _ in range(n):
        scale(network["learn"], w.shape, 0.9 * N_PIXELS)
        network.run(0.5 * second)
        network["exc"].theta *= np.exp(-0.5 / 1e4)
    w = np.reshape(network["learn"].w, w.shape)
    return w, np.asarray(network["exc"].theta / b2.volt), network["spikes"]


@pytest.mark.parametrize("delay_max", [0 * ms, 10 * ms])
def test_learning_is_that_of_stock_brian2(delay_max):
    n = 3
    model = DiehlCookClassifier(**SMALL, delay_max=delay_max, min_spikes=0, dtype="float64")
    model.partial_fit(X[:1], Y[:1], classes=[0, 1, 2])
    spec = model.network("learn")
    spikes_too = (*spec.records, *(SpikeRecord(population=p) for p in ("image", "exc")))
    spec = dataclasses.replace(spec, records=spikes_too)
    program = Program(spec, dt=model.dt, dtype="float64")
    state = program.initial_state(0)
    after, record = program(state, {"pixel": X[:n]}, seed=1)

    def spikes(name):
        trial, time = record[f"{name}.spike_trial"], record[f"{name}.spike_time"]
        return trial * 0.5 + time, record[f"{name}.spike_cell"]

    w, theta, monitor = stock(model, state, spikes("image"), n)
    times, cells = spikes("exc")
    assert times.size >= 15
    np.testing.assert_array_equal(cells, monitor.i)
    np.testing.assert_allclose(times, monitor.t / second, atol=1e-9)
    assert np.abs(w - state["image_exc.w"]).max() > 0.1
    np.testing.assert_allclose(after["image_exc.w"], w, rtol=1e-9)
    np.testing.assert_allclose(after["exc.theta"], theta, rtol=1e-9)


def test_it_learns_without_labels_and_needs_them_for_names_alone():
    one, other = (DiehlCookClassifier(**SMALL, epochs=3).fit(X, y) for y in (Y, (Y + 1) % 3))
    np.testing.assert_array_equal(one.weights_, other.weights_)
    np.testing.assert_array_equal(other.window_.sums[:, [1, 2, 0]], one.window_.sums)
    X_test, y_test = make_images(30, 9)
    assert one.score(X_test, y_test) > 2 / 3  # chance is 1/3, six seeds gave 0.80 to 1.00
    counts = one.respond(X_test)  # votes by hand
    means = [counts[:, one.assignment_ == k].mean(axis=1) for k in range(3)]
    np.testing.assert_array_equal(np.argmax(means, axis=0), one.predict(X_test))


def test_assignment_follows_learning_until_it_is_asked_for():
    model = DiehlCookClassifier(**SMALL).partial_fit(X, Y)
    moving = model.window_.sums.copy()
    frozen = model.fork().assign(X, Y)
    assert frozen.window_.samples.tolist() == [[6, 6, 6]]
    np.testing.assert_array_equal(
        frozen.window_.sums[0], [frozen._show(X, stream=(2,))["exc.count"][Y == k].sum(axis=0)
                                 for k in range(3)])  # fmt: skip
    np.testing.assert_array_equal(model.window_.sums, moving)
    frozen.partial_fit(X, Y)
    assert frozen.window_.samples.shape == (6, 3)


def test_quiet_images_are_shown_again_and_brighter():
    model = DiehlCookClassifier(**SMALL, last_intensity=6.0).partial_fit(X, Y)
    bright = model.presentations_
    assert len(X) <= bright < 2 * len(X)
    dark = DiehlCookClassifier(**SMALL, last_intensity=6.0).partial_fit(X * 0, Y)
    assert dark.presentations_ == 5 * len(X)


def test_cells_that_fire_together_stay_stable():
    """Euler steps under the inhibition of sixty cells at once would swing further and further."""
    model = DiehlCookClassifier(n_hidden=60, scaling=0.9, delay_max=0 * ms, eta_post=0.0)
    model.partial_fit(X[:1], Y[:1], classes=[0, 1, 2])
    model.state_["image_exc.w"][:] = 0.9
    model.state_["exc.theta"][:] = 0.02
    model.state_["exc.v"][:] = -0.1
    model.partial_fit(X, Y)
    assert len(X) * 0.04 < 1e3 * (model.state_["exc.theta"].min() - 0.02) < len(X) * 3


def test_it_keeps_the_promises_of_models():
    assert check_model(DiehlCookClassifier(**SMALL), X, Y).passed


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_agrees():
    names = ("classifiers_one_label", "classifiers_train", "dtype_object", "estimators_nan_inf",
             "fit_score_takes_y")  # fmt: skip
    scale = "images are grey values; the data of this check are fractions or nearly black"
    expected = {**EXPECTED_FAILURES, **{f"check_{name}": scale for name in names}}
    quick = DiehlCookClassifier(4, presentation=20 * ms, rest=0 * ms, min_spikes=0)
    check_estimator(quick, expected_failed_checks=expected, on_fail="raise")
