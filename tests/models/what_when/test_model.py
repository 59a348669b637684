"""The estimator: what it learns, what leaves it unchanged, and how it is continued."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from brian2 import ms, mV
from sklearn.base import clone

from bioplastic.models.what_when import (
    Block,
    LearningParameters,
    ReservoirParameters,
    WhatWhenPredictor,
    expectation,
    expectation_error,
)

SMALL = ReservoirParameters(n_excitatory=80, n_inhibitory=20, trial=300 * ms)
COARSE = dataclasses.replace(SMALL, dt=2 * ms)
NUMPY = {"reservoir": COARSE, "target": "numpy"}
LEARNING = LearningParameters(event_width=20 * ms, eta_when=0.2, eta_what=0.1)
BLOCK = Block(p_a=0.75, latency_a=180 * ms, latency_b=240 * ms, n_trials=12)
EVENTS = BLOCK.draw([0, 3, 0])


def model(**arguments: Any) -> WhatWhenPredictor:
    given = {"reservoir": SMALL, "learning": LEARNING, "n_tests": 2, **arguments}
    return WhatWhenPredictor(**given)


def weights(found: WhatWhenPredictor) -> np.ndarray:
    return np.concatenate([found.when_weights_, found.what_weights_])


@pytest.fixture(scope="module")
def learned() -> WhatWhenPredictor:
    return model().fit(*EVENTS)


def test_it_learns_when_and_how_likely(learned: WhatWhenPredictor) -> None:
    truth = expectation(BLOCK.probabilities, BLOCK.latencies, n_steps=300, width=20 * ms)
    silent = model().fit([], [])
    before = expectation_error(silent.predict().output, truth)
    assert before == pytest.approx(np.sqrt(np.mean(truth**2)))  # an untrained network is silent
    prediction = learned.predict()
    assert expectation_error(prediction.output, truth) < 0.9 * before
    assert abs(prediction.when[:, :, 0].mean(axis=0).argmax() - 180) < 30
    counted = np.zeros(2)
    for event in EVENTS[0]:
        counted += 0.1 * (np.eye(2)[event] - counted)
    np.testing.assert_allclose(prediction.what.mean(axis=0), counted, atol=0.1)


def test_prediction_and_watching_leave_the_model_as_it_is(learned: WhatWhenPredictor) -> None:
    before, state = weights(learned), dict(learned.state_)
    first, seen = learned.predict(), learned.predict()
    np.testing.assert_array_equal(first.when, seen.when)
    np.testing.assert_array_equal(weights(learned), before)
    for name, values in state.items():
        np.testing.assert_array_equal(learned.state_[name], values)


def test_only_the_channel_that_was_shown_learns_its_time() -> None:
    found = model().fit([0, 0], [180, 180] * ms)
    assert np.any(found.when_weights_[:, 0])
    assert not np.any(found.when_weights_[:, 1])


def test_without_learning_rates_nothing_changes() -> None:
    still = dataclasses.replace(LEARNING, eta_when=0.0, eta_what=0.0)
    assert not np.any(weights(model(learning=still).fit(*EVENTS)))


@pytest.mark.parametrize("normalise", ["trial", "once"])
def test_silent_cells_learn_nothing(normalise: str) -> None:
    silent = dataclasses.replace(COARSE, bias_mean=-10.0, bias_std=0.0, cue_gain=0.0, noise=0.0)
    learning = dataclasses.replace(LEARNING, normalise=normalise)
    found = model(reservoir=silent, learning=learning, target="numpy")
    assert not np.any(weights(found.fit([0, 1], [180, 240] * ms)))
    assert found.watch()["spike_cell"].size == 0


@pytest.mark.parametrize("reset", [True, False])
def test_only_a_reset_restarts_the_clock(reset: bool) -> None:
    quiet = dataclasses.replace(COARSE, noise=0.0, reset=reset)
    found = model(reservoir=quiet, target="numpy").fit([], [])
    found.partial_fit([0], [180] * ms)
    found.when_weights_ = np.zeros_like(found.when_weights_)
    first = {name: values.copy() for name, values in found.state_.items()}
    found.partial_fit([0], [180] * ms)
    assert np.array_equal(first["cell.v"], found.state_["cell.v"]) == reset


def test_seeds_fix_everything() -> None:
    short = [each[:3] for each in EVENTS]
    one, same, other = (model(random_state=s).fit(*short) for s in (1, 1, 2))
    np.testing.assert_array_equal(weights(one), weights(same))
    assert not np.array_equal(weights(one), weights(other))


@pytest.mark.parametrize(
    "arguments", [{}, {"optimiser": "rls", **NUMPY}, {"merged": True, **NUMPY}]
)
def test_a_loaded_model_continues_bit_for_bit(tmp_path: Path, arguments: dict[str, Any]) -> None:
    first, second = ([each[part] for each in EVENTS] for part in (slice(2), slice(2, 4)))
    straight = model(**arguments).fit(*first).partial_fit(*second)
    halfway = model(**arguments).fit(*first)
    resumed = WhatWhenPredictor.load(halfway.save(tmp_path / "halfway")).partial_fit(*second)
    np.testing.assert_array_equal(weights(straight), weights(resumed))
    np.testing.assert_array_equal(straight.what_history_, resumed.what_history_)
    assert resumed.n_seen_ == 4


def test_least_squares_read_outs_learn_faster_but_keep_counting_old_trials() -> None:
    faint = dataclasses.replace(LEARNING, ridge=0.01)
    found = model(optimiser="rls", learning=faint, **NUMPY).fit([0] * 4, 180 * ms)
    p = found.predict().what.mean(axis=0)
    found.partial_fit([1] * 4, 240 * ms)
    q = found.predict().what.mean(axis=0)
    assert p[0] > 0.8  # after four trials
    assert abs(q[0] - 0.5) < 0.2  # the mean over all of them
    assert np.abs(found.when_weights_).max() > 0
    found.reset_optimiser().partial_fit([1] * 2, 240 * ms)
    assert found.predict().what.mean(axis=0)[1] > 0.8


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="events: must be class labels from 0 to 1, got 2"):
        model().fit([0, 2], [100, 100] * ms)
    with pytest.raises(ValueError, match=r"latencies must lie within the trial of 0\.3 s"):
        model().fit([0], [400] * ms)
    with pytest.raises(TypeError, match="latencies: must be a time"):
        model().fit([0], [400] * mV)
    with pytest.raises(ValueError, match="rls_interval must divide the trial"):
        model(optimiser="rls", learning=LearningParameters(rls_interval=7 * ms)).fit([], [])
    with pytest.raises(ValueError, match="optimiser: must be one of 'local', 'rls', got 'adam'"):
        model(optimiser="adam").fit([], [])
    with pytest.raises(ValueError, match=r"ReservoirParameters.a_min: must be below a_max"):
        ReservoirParameters(a_min=0.2)
    with pytest.raises(ValueError, match=r"eta_when: must be below 2 to converge, got 2"):
        LearningParameters(eta_when=2)


def test_the_constructor_only_stores() -> None:
    assert clone(model()).get_params()["reservoir"] == SMALL
