"""Few bits and signed spikes beside plain transcriptions; the ternary cell is a pair of cells."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from bioplastic.conformance import check_model
from bioplastic.models.low_bit import LowBitClassifier

RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, 256, (60, 9)).astype(float), np.arange(60) % 3


def spikes_of(current, n_steps, below=1):
    """Cells driven by currents (n_samples, n_steps or 1, n_cells); without ``below``, on-cells."""
    u, spikes = np.zeros(current[:, 0].shape), []
    for step in range(n_steps):
        u = 0.5 * u + current[:, step % current.shape[1]]
        s = 1.0 * (u > 1) - below * (u < -1)
        u -= s
        spikes.append(s)
    return np.stack(spikes, axis=1)


@pytest.mark.parametrize("n_steps", [1, 4, 16])
def test_a_ternary_cell_is_an_on_off_pair_under_constant_input(n_steps):
    given = {"n_hidden": 30, "n_steps": n_steps, "epochs": 1, "drive": 1.5, "dtype": "float64",
             "target": "numpy"}  # fmt: skip
    one, two = (LowBitClassifier(code=code, **given).fit(X, Y) for code in ("ternary", "pair"))
    signed, pair = one.spikes(X), two.spikes(X)
    np.testing.assert_array_equal(signed, pair[..., :30] - pair[..., 30:])
    current = ((X - X.mean(axis=0)) @ one.mix_)[:, None]
    np.testing.assert_array_equal(signed, spikes_of(current, n_steps))
    assert set(np.unique(signed)) == {-1, 0, 1}
    assert set(np.unique(pair)) == {0, 1}


def test_input_that_changes_tells_a_ternary_cell_from_a_pair():
    moving = RNG.normal(size=(60, 16, 30))
    pair = spikes_of(moving, 16, below=0) - spikes_of(-moving, 16, below=0)
    assert (spikes_of(moving, 16) != pair).any()


@pytest.mark.parametrize("rounding", ["stochastic", "nearest", "shadow"])
def test_the_readout_is_the_delta_rule_rounded_at_once(rounding):
    model = LowBitClassifier(8, weight_bits=2, rounding=rounding, epochs=1, eta=0.4, w_max=0.3,
                             dtype="float64", target="numpy").fit(X, Y)  # fmt: skip
    before, step = model.state_, 0.2
    image = X[:1]
    model.learn(image, np.array([1]))
    rbar = model.spikes(image)[0].mean(axis=0)
    source = "readout.w_shadow" if rounding == "shadow" else "readout.w"
    error = np.eye(3)[1] - softmax(rbar @ before["readout.w"])
    wanted = before[source] + float(before["readout.eta"]) * np.outer(rbar, error)
    place = (np.clip(wanted, -0.3, 0.3) + 0.3) / step
    found = (model.weights_ + 0.3) / step
    np.testing.assert_allclose(found, np.rint(found), atol=1e-9)
    assert ((found > place - 1) & (found < place + 1)).all()
    if rounding != "stochastic":
        np.testing.assert_allclose(found, np.floor(place + 0.5), atol=1e-9)
    copy = 32 if rounding == "shadow" else 0
    assert model.memory_bits_ == 24 * (2 + copy)
    np.testing.assert_allclose(model.scores(X), model.spikes(X).mean(axis=1) @ model.weights_,
                               atol=1e-9)  # fmt: skip


def test_the_projection_is_centred_and_scaled():
    model = LowBitClassifier(50, code="pair", epochs=1, drive=0.7, target="numpy").fit(X, Y)
    current = (X - X.mean(axis=0)) @ model.mix_
    assert np.sqrt(current[:, :50].var(axis=0).mean()) == pytest.approx(0.7)
    np.testing.assert_array_equal(current[:, 50:], -current[:, :50])
    with pytest.raises(ValueError, match="must hold samples that differ"):
        LowBitClassifier().fit(np.ones((4, 2)), [0, 1, 0, 1])


def test_it_keeps_the_promises_of_models():
    few, labels = np.tile(np.eye(4), (10, 1)), np.tile([0, 1, 1, 0], 10)
    skip = {"pieces": "the first samples it learns from set mean and scale of the input",
            "silence": "an image of zeros drives the cells: the mean is silent"}  # fmt: skip
    model = LowBitClassifier(6, weight_bits=2, epochs=2)
    assert check_model(model, few, labels, skip=skip).passed
    before = model.fit(few, labels).weights_.copy()
    model.learn(np.tile(model.mean_, (50, 1)), np.zeros(50, int))
    np.testing.assert_allclose(model.weights_, before, atol=1e-6)
