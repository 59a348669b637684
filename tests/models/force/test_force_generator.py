"""The estimator: learning, free run, storage, errors."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import ms, mV, second
from sklearn.base import clone

from bioplastic.analysis.signals import normalised_error
from bioplastic.datasets import (
    lorenz,
    ode_to_joy,
    product_of_sines,
    sawtooth,
    sine,
    van_der_pol,
)
from bioplastic.models.force import ForceGenerator, force_parameters

N = 150


def make(rule: str = "force", **arguments: Any) -> ForceGenerator:
    parameters = force_parameters("lif", n_neurons=N, interval=1 * ms)
    return ForceGenerator(parameters, rule=rule, settle=200 * ms, random_state=2, **arguments)


@cache
def trained(rule: str) -> ForceGenerator:
    model = make(rule)
    return model.fit(sine(model.sample_times(1 * second)))


@pytest.mark.parametrize("rule", ["force", "rls", "delta"])
def test_the_output_follows_the_target_while_learning(rule: str) -> None:
    model = trained(rule)
    run = model.training_
    error = normalised_error(run.output[-400:], sine(run.time - run.start)[-400:])[0]
    assert error < {"force": 0.3, "rls": 0.5, "delta": 0.7}[rule]
    assert np.all(model.settling_.output == 0)
    assert model.settling_.rate > 1


def test_runs_join_up() -> None:
    model = trained("force")
    assert model.settling_.start == 0
    assert model.training_.start == pytest.approx(0.2)
    assert model.training_.time[[0, -1]] == pytest.approx([0.201, 1.2])
    spikes = model.training_.spike_time
    assert spikes.min() > 0.2
    assert spikes.max() < 1.2
    assert model.training_.output.shape == (1000, 1)


def test_the_seed_fixes_everything_and_storage_keeps_it(tmp_path: Path) -> None:
    model = make()
    target = sine(model.sample_times(300 * ms))
    model.fit(target)
    again = clone(model).fit(target)
    other = make().set_params(random_state=3).fit(target)
    loaded = ForceGenerator.load(model.save(tmp_path / "network"))
    runs = [each.generate(200 * ms).output for each in (model, again, loaded, other)]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])
    assert not np.array_equal(runs[0], runs[3])
    assert loaded.parameters == model.parameters
    further = [each.partial_fit(target).generate(100 * ms).output for each in (model, loaded)]
    np.testing.assert_array_equal(*further)


def test_generating_does_not_learn_and_feedback_can_be_cut() -> None:
    model = make().fit(sine(make().sample_times(300 * ms)))
    weights = model.state_["readout.w"].copy()
    feedback = model.state_["feedback.w"].copy()
    start = dict(model.state_)
    closed = model.generate(200 * ms).output
    model.state_ = start
    opened = model.generate(200 * ms, feedback=False).output
    np.testing.assert_array_equal(model.state_["readout.w"], weights)
    np.testing.assert_array_equal(model.state_["feedback.w"], feedback)
    assert not np.array_equal(closed, opened)


def test_without_feedback_the_network_does_not_hear_its_output() -> None:
    model = make(feedback=False)
    model.fit(sine(model.sample_times(300 * ms)))
    assert not model.state_["feedback.w"].any()
    np.testing.assert_array_equal(model.effective_weights(), model.effective_weights(learned=False))


def test_effective_weights_add_the_loop_through_the_output() -> None:
    model = trained("force")
    difference = model.effective_weights() - model.effective_weights(learned=False)
    assert np.linalg.matrix_rank(difference, tol=1e-6 * np.abs(difference).max()) == 1
    loop = np.outer(model.state_["feedback.w"][0], model.state_["readout.w"][:, 0])
    np.testing.assert_allclose(difference, loop, rtol=1e-6, atol=1e-12)


def test_several_outputs() -> None:
    model = make(target="numpy", block=20 * ms).set_params(settle=20 * ms)
    run = model.fit(ode_to_joy(model.sample_times(40 * ms))).generate(20 * ms)
    assert run.output.shape == (20, 5)


def test_bad_input_is_refused() -> None:
    model = make()
    with pytest.raises(ValueError, match=r"X: must be a whole number of blocks of 2000 steps"):
        model.fit(np.zeros(2001))
    with pytest.raises(ValueError, match=r"X: must have shape \(any, any\)"):
        model.fit(np.zeros((2, 2, 2)))
    with pytest.raises(ValueError, match="must be finite"):
        model.fit(np.full(2000, np.nan))
    with pytest.raises(ValueError, match="rule: must be one of"):
        make("hebb").fit(np.ones(2000))
    with pytest.raises(ValueError, match=r"duration: must be a multiple of 100. ms"):
        trained("force").generate(150 * ms)
    with pytest.raises(ValueError, match="X must have 1 outputs, got 2"):
        trained("force").partial_fit(np.zeros((2000, 2)))
    with pytest.raises(TypeError, match="duration"):
        model.sample_times(3 * mV)


def test_targets_are_what_their_names_say() -> None:
    t = np.arange(4000) / 1000
    np.testing.assert_allclose(sine(t)[50, 0], 1)
    assert sawtooth(t)[50, 0] == pytest.approx(np.pi / 2)
    np.testing.assert_allclose(np.diff(sawtooth(t)[:40, 0], 2), 0, atol=1e-12)
    np.testing.assert_allclose(
        product_of_sines(t)[:, 0], np.sin(8 * np.pi * t) * np.sin(12 * np.pi * t)
    )
    noise = product_of_sines(t, noise=0.05) - product_of_sines(t)
    assert 0 <= noise.min() < noise.max() <= 0.05


def test_dynamical_targets_solve_their_equations() -> None:
    dt = 1e-3
    t = np.arange(20000) * dt
    x, y, z = lorenz(t).T
    slope = np.gradient(lorenz(t), dt, axis=0)[1000:-1]
    change = np.stack([10 * (y - x), 28 * x - 70 * x * z - y, 70 * x * y - 8 / 3 * z], axis=1)
    assert np.abs(slope - change[1000:-1]).max() < 0.05 * np.abs(change).max()
    assert x[5000:].min() < -0.1 < 0.1 < x[5000:].max()
    np.testing.assert_allclose(lorenz([0.0])[0], 0.1)
    for mu in (0.5, 5.0):
        u, w = van_der_pol(t[:4000], mu).T
        slope = np.gradient(w, dt)[1:-1]
        np.testing.assert_allclose(slope, 20 * u[1:-1] / mu, atol=0.02 * np.abs(slope).max())
        assert u.max() == pytest.approx(0.2, rel=0.05)  # amplitude 2 over the scale of 10


def test_the_melody_has_one_voice_of_fifteen_notes() -> None:
    melody = ode_to_joy((np.arange(1600) + 0.5) / 400)
    assert np.all((melody > 0).sum(axis=1) == 1)
    onsets = np.flatnonzero((melody[1:] > 0) & (melody[:-1] == 0))
    assert onsets.size < 15  # repeated notes touch
    peaks = [(melody[:, voice] > 0.999).any() for voice in range(5)]
    assert all(peaks)
    np.testing.assert_allclose(melody[:100].argmax(axis=1), 2)
    np.testing.assert_allclose(melody[1500, 1], 1, atol=0.01)  # the long note at the end
