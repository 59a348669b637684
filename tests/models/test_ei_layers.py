"""E/I layers beside stock Brian2 and plain loops; what they keep, lose and mend."""

from __future__ import annotations

import copy

import brian2 as b2
import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from bioplastic import cli
from bioplastic.models.ei_layers import EIClassifier
from bioplastic.study.results import load_results

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
X = np.clip(RNG.integers(0, 120, (60, 12)) + 130.0 * np.kron(np.eye(3), np.ones(4))[Y], 0, 255)
SMALL = {"layers": (8, 8), "random_state": 1, "batch": 60}


@pytest.mark.parametrize("inhibition", ["both", "subtractive", "divisive", "none"])
def test_a_layer_is_that_of_stock_brian2(inhibition):
    b2.prefs.codegen.target = "numpy"
    model = EIClassifier(**SMALL, inhibition=inhibition, epochs=30).fit(X, Y)
    layer = model.layers_[0]
    layer.w_ei = layer.w_ei * RNG.uniform(0.5, 1.5, layer.w_ei.shape)
    layer.theta = layer.theta * RNG.uniform(0.5, 1.5, 8)
    x = RNG.uniform(0.1, 1, (20, 12))
    stimulus = b2.TimedArray(x, dt=1 * b2.ms)
    feed = b2.NeuronGroup(12, "x = stimulus(t, i) : 1", dt=1 * b2.ms,
                          namespace={"stimulus": stimulus})  # fmt: skip
    i_cells = b2.NeuronGroup(2, "drive : 1", dt=1 * b2.ms)
    e_cells = b2.NeuronGroup(8, "exc : 1\nsub : 1\nsh : 1\nu : 1\ntheta : 1", dt=1 * b2.ms,
                             threshold="u > theta", reset="u -= theta")  # fmt: skip
    e_cells.theta = layer.theta
    sub, sh = {"both": ("sub", "sh"), "subtractive": ("sub", "1"), "divisive": ("0", "sh"),
               "none": ("0", "1")}[inhibition]  # fmt: skip
    e_cells.run_regularly(f"u = 0.5*u + (exc - {sub})/{sh}", when="before_thresholds")
    parts = [e_cells, i_cells, feed]
    for source, target, weights, order, equation in (
        (feed, i_cells, layer.w_ie, 0, "drive_post = w*x_pre : 1 (summed)"),
        (feed, e_cells, layer.w_ee, 1, "exc_post = w*x_pre : 1 (summed)"),
        (i_cells, e_cells, layer.w_ei, 1, "sub_post = w*drive_pre : 1 (summed)"),
        (i_cells, e_cells, layer.g_i * layer.w_ei, 1, "sh_post = w*drive_pre : 1 (summed)"),
    ):
        synapses = b2.Synapses(source, target, f"w : 1\n{equation}", dt=1 * b2.ms)
        synapses.connect()
        synapses.w = weights.T.ravel()
        for updater in synapses.summed_updaters.values():
            updater.order = order
        parts.append(synapses)
    spikes = b2.SpikeMonitor(e_cells)
    b2.Network(*parts, spikes).run(20 * b2.ms)
    wanted = np.zeros((20, 8))
    wanted[np.round(spikes.t / b2.ms).astype(int), np.asarray(spikes.i)] = 1
    ours, _ = layer.run(x[:, None, :], 0.5)
    np.testing.assert_array_equal(ours[:, 0], wanted)
    assert 0 < wanted.mean() < 1


def test_a_cell_that_nothing_divides_takes_the_smallest_of_its_layer():
    layer = EIClassifier(**SMALL, epochs=1).fit(X, Y).layers_[0]
    layer.w_ei[[0, 3]] = 0
    x = X[:1] / 255
    shunt = x @ layer.w_ie.T @ (layer.g_i * layer.w_ei.T)
    least = shunt[shunt > 0].min()
    np.testing.assert_allclose(layer.current(x)[0, [0, 3]], (x @ layer.w_ee.T)[0, [0, 3]] / least)
    layer.w_ie[:] = 0
    np.testing.assert_allclose(layer.current(x), x @ layer.w_ee.T)


@pytest.mark.parametrize("inhibition", ["both", "signed"])
def test_the_first_step_is_that_of_the_rule_in_loops(inhibition):
    options = SMALL | {"inhibition": inhibition, "epochs": 1}
    start = EIClassifier(**options, eta=0).fit(X, Y)
    learned = EIClassifier(**options, eta=0.01).fit(X, Y)
    low = -np.inf if inhibition == "signed" else 0
    below = np.broadcast_to(X / 255, (6, 60, 12))
    for old, new in zip(start.layers_, learned.layers_, strict=True):
        spikes, u = old.run(below, 0.5)
        d_ee, d_ie = np.zeros_like(old.w_ee), np.zeros_like(old.w_ie)
        for n in range(60):
            q = np.zeros(below.shape[-1])
            for t in range(6):
                q = 0.5 * q + below[t, n]
                power = np.exp(old.b @ spikes[t, n])
                error = old.b.T @ (power / power.sum() - (np.arange(3) == Y[n]))
                error *= 0.3 * np.maximum(1 - np.abs(u[t, n] - 0.6), 0)
                d_ee += np.outer(error, q)
                d_ie -= np.outer(old.f @ error, q) / len(q)
        for w_old, w_new, d in ((old.w_ee, new.w_ee, d_ee), (old.w_ie, new.w_ie, d_ie)):
            if inhibition == "signed" and w_old is old.w_ie:
                d = 0 * d
            step = 0.01 * d / (np.abs(d) + 1e-8)  # Adam: rounding of 1e-15 in d moves 1e-9
            np.testing.assert_allclose(w_new, np.maximum(w_old - step, low), rtol=0, atol=1e-8)
        below = spikes


def test_the_first_weights_give_currents_of_unit_variance_and_obey_dale():
    images = RNG.uniform(0, 255, (400, 100))
    model = EIClassifier((400, 400), eta=0, epochs=1, random_state=0).fit(
        images, np.arange(400) % 2
    )
    x = images / 255
    current = model.layers_[0].current(x)
    assert current.std() == pytest.approx(1, rel=0.1)
    assert 0.1 < model.start_rates_.min() < model.start_rates_.max() < 0.5
    model = EIClassifier(**SMALL, eta=0.1).fit(X, Y)
    for layer in model.layers_:
        for w in (layer.w_ee, layer.w_ie, layer.w_ei):
            assert w.min() >= 0
        assert layer.w_ee.min() == 0


def test_contrast_changes_nothing_where_inhibition_divides():
    model = EIClassifier(**SMALL, epochs=30, eta=0.01).fit(X, Y)
    np.testing.assert_array_equal(model.predict(0.3 * X), model.predict(X))
    signed = EIClassifier(**SMALL, epochs=30, eta=0.01, inhibition="signed").fit(X, Y)
    assert (signed.predict(0.3 * X) != signed.predict(X)).any()


@pytest.mark.parametrize("by", ["inhibition", "threshold"])
def test_repair_follows_its_rule_and_restores_rates(by):
    model = EIClassifier(**SMALL, epochs=30, eta=0.01).fit(X, Y).scale_inhibition(0.8)
    once = copy.deepcopy(model).repair(X, by, eta=0.2, batches=1, size=5, random_state=3)
    shown = X[np.random.RandomState(3).randint(60, size=5)]
    below = np.broadcast_to(shown / 255, (6, 5, 12))
    for old, new in zip(model.layers_, once.layers_, strict=True):
        spikes, _ = old.run(below, 0.5)
        error = spikes.mean(axis=(0, 1)) - old.rate
        theta, w_ei = old.theta.copy(), old.w_ei.copy()
        for i in range(8):
            theta[i] += 0.2 * error[i]
            for j in range(2):
                drive = (below @ old.w_ie.T).mean(axis=(0, 1))
                w_ei[i, j] *= 1 + 0.2 * error[i] * drive[j] / drive.mean()
        np.testing.assert_allclose(new.theta, theta if by == "threshold" else old.theta)
        np.testing.assert_allclose(new.w_ei, w_ei if by == "inhibition" else old.w_ei)
        below = spikes

    def far(model):
        return max(
            np.abs(found - layer.rate).mean()
            for found, layer in zip(model.rates(X), model.layers_, strict=True)
        )

    assert far(copy.deepcopy(model).repair(X, by, random_state=0)) < 0.3 * far(model)


def test_thresholds_keep_rates_in_training():
    model = EIClassifier(**SMALL, inhibition="none", homeostasis=0.1, target=0.3, epochs=200)
    for layer in model.fit(X, Y).layers_:
        assert layer.rate.mean() == pytest.approx(0.3, abs=0.05)


def test_it_is_an_estimator_and_refuses_what_cannot_be_right():
    few = {"epochs": 30, "batch": 16, "eta_readout": 0.02, "random_state": 0}
    check_estimator(EIClassifier((60,), inhibition="signed", theta=0.005, eta=0.003, **few))
    expected = {"check_classifiers_train": "of two inputs, division leaves their ratio alone"}
    check_estimator(EIClassifier((20, 20), **few), expected_failed_checks=expected)
    model = EIClassifier(**SMALL, epochs=1)
    with pytest.raises(ValueError, match=r"EIClassifier\.X: Negative values"):
        model.fit(-X, Y)
    with pytest.raises(ValueError, match=r"repair\.by: must be one of"):
        model.fit(X, Y).repair(X, by="magic")
    with pytest.raises(ValueError, match="there is no inhibition"):
        EIClassifier(**SMALL, epochs=1, inhibition="none").fit(X, Y).repair(X)
    with pytest.raises(ValueError, match=r"EIClassifier\.inhibition: must be one of"):
        EIClassifier(inhibition="some").fit(X, Y)


def test_smoke_learns_breaks_and_mends(tmp_path):
    assert cli.main(["run", "ei_layers", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "ei_layers_smoke.json")
    assert results.metrics["both_same"] == 1
    assert results.metrics["both_chosen"] > results.baselines["excitatory_chosen"] + 0.15
    broken = results.metrics["both_mended_0_8_none"]
    assert results.metrics["both_shown_clean"] - broken > 0.5
    assert results.metrics["both_mended_0_8_inhibition"] - broken > 0.5
