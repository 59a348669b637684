"""Every choice of the three-factor form is a line of text: closed forms for each."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms, mV, second

from bioplastic.plasticity import (
    PlasticityRule,
    SynapseInterpreter,
    dopamine_stdp,
    miconi_rule,
    node_perturbation,
    superspike,
)

TRACE = {"pre": "dx_pre/dt = -x_pre/tau : 1", "on_pre": "x_pre += 1"}


def play(rule, until=0.1, **values):
    synapse = SynapseInterpreter(rule, {"w": 0.0, **values}, dt=1 * ms)
    synapse.run(pre=[0 * ms, 30 * ms], post=[10 * ms, 35 * ms], until=until * second)
    synapse.execute("on_trial_end")
    return synapse.state["w"]


@pytest.mark.parametrize("delay", [0.0, 0.3, 1.0, 2.5])
def test_delayed_reward_falls_with_the_time_constant_of_the_eligibility(delay):
    """Integral of c(t) d(t) for reward at delay D: c0 e^{-D/tau_c} tau d0, 1/tau = sum of rates."""
    rule = dopamine_stdp(baseline=0.0, interval=1 * ms, w_max=1e6)
    synapse = SynapseInterpreter(rule, {"w": 1.0})
    synapse.run(pre=[0 * ms], post=[5 * ms], until=(0.005 + delay) * second)
    synapse.state["dopamine"] = 0.5
    synapse.run(until=(4 + delay) * second)
    steps = np.exp(-1e-3 * (1 / 1.0 + 1 / 0.2))
    # the clock ticks from the moment of the reward on
    total = 0.1 * np.exp(-5 / 20) * np.exp(-delay) * 0.5 / (1 - steps)
    assert synapse.state["w"] - 1.0 == pytest.approx(total, rel=1e-6)


def test_scalar_and_constant_per_neuron_modulator_agree():
    parameters = {"tau": 20 * ms}
    scalar = PlasticityRule(
        name="scalar", modulators="m : 1 (shared)", on_post="w += m*x_pre",
        parameters=parameters, **TRACE,
    )  # fmt: skip
    vector = PlasticityRule(
        name="vector", modulators="m_post : 1", on_post="w += m_post*x_pre",
        parameters=parameters, **TRACE,
    )  # fmt: skip
    assert play(scalar, m=0.7) == play(vector, m_post=0.7) != 0
    assert play(scalar, m=0.0) == play(vector, m_post=0.0) == 0


def test_an_eligibility_of_one_is_a_leaky_counter():
    """Trial end, third factor 1 - p: the weight follows p <- p + alpha (1 - p)."""
    rule = PlasticityRule(
        name="counter", on_trial_end="w += alpha*(1 - w)", parameters={"alpha": 0.1}
    )
    synapse = SynapseInterpreter(rule, {"w": 0.0})
    for _ in range(7):
        synapse.execute("on_trial_end")
    assert synapse.state["w"] == pytest.approx(1 - 0.9**7, rel=1e-12)


def test_separable_and_full_eligibility_agree():
    """Two traces multiplied at commit are the matrix of their products."""
    parameters = {"tau": 20 * ms}
    post = {"post": "dy_post/dt = -y_post/tau : 1"}
    full = PlasticityRule(
        name="full", synapse="w : 1\nh : 1", every="h += x_pre*y_post*dt/tau",
        on_post="y_post += 1", on_trial_end="w += h", parameters=parameters, **TRACE, **post,
    )  # fmt: skip
    online = PlasticityRule(
        name="online", every="w += x_pre*y_post*dt/tau", on_post="y_post += 1",
        parameters=parameters, **TRACE, **post,
    )  # fmt: skip
    assert play(full) == pytest.approx(play(online), rel=1e-12)
    # Independent: sum over milliseconds of the product of two sums of exponentials.
    t = np.arange(1, 101.0)
    x, y = (
        sum(np.where(t >= s, np.exp(-(t - s) / 20), 0) for s in spikes)
        for spikes in ((0, 30), (10, 35))
    )
    # A clocked update at the time of a spike comes after it.
    assert play(full) == pytest.approx((x * y).sum() / 20, rel=1e-9)


def test_node_perturbation_correlates_noise_with_presynaptic_activity():
    rule = node_perturbation(eta=0.5, tau=20 * ms)
    values = {"noise_post": 0.2, "error": 1.5, "mean": 0.5}
    t = np.arange(1, 101.0)
    r = sum(np.where(t >= s, np.exp(-(t - s) / 20), 0) for s in (0, 30))
    expected = -0.5 * (1.5 - 0.5) * (r * 0.2 / 20).sum()
    assert play(rule, **values) == pytest.approx(expected, rel=1e-9)
    assert play(rule, **{**values, "error": 0.5}) == 0


def test_miconi_rule_against_a_loop():
    rng = np.random.default_rng(0)
    rates, drive = rng.normal(0, 1, 20), rng.normal(0, 1, 20)
    rule = miconi_rule(eta=0.1, max_change=10.0)
    synapse = SynapseInterpreter(rule, {"w": 0, "r_pre": 0, "x_post": 0, "error": 2, "mean": 1.5})
    h, mean, before = 0.0, 0.0, 0.0
    for k, (r, x) in enumerate(zip(rates, drive, strict=True)):
        synapse.state.update(r_pre=r, x_post=x)
        synapse.run(until=(k + 1) * ms)
        h += (before * (x - mean)) ** 3
        mean, before = 0.05 * mean + 0.95 * x, r
    synapse.execute("on_trial_end")
    assert synapse.state["w"] == pytest.approx(-0.1 * 1.5 * 0.5 * h, rel=1e-12)
    assert synapse.state["mean"] == pytest.approx(1.5 + 0.25 * 0.5)
    limited = SynapseInterpreter(miconi_rule(), {**synapse.state, "w": 0.0, "h": -1e6})
    limited.execute("on_trial_end")
    assert limited.state["w"] == pytest.approx(3e-4)


def test_superspike_is_two_double_exponentials_around_the_surrogate():
    """Fine Euler steps of the four filters, written down once more, and the scaled step."""
    rule = superspike(interval=100 * ms, eta=1e-3)
    v, error, dt = -50.7, 0.3, 1e-5
    values = {"w": 0.0, "v_post": v * mV, "error_post": error}
    synapse = SynapseInterpreter(rule, values)
    synapse.run(pre=[0 * ms, 12 * ms], until=99.9 * ms)
    q = p = lam = c = g = 0.0
    for k in range(9990):
        q += (k in (0, 1200)) * 1.0
        surrogate = p / (1 + abs(v + 50)) ** 2
        g += dt * c * error
        q, p, lam, c = (
            q - dt * q / 5e-3,
            p + dt * (q - p) / 10e-3,
            lam + dt * (surrogate - lam) / 5e-3,
            c + dt * (lam - c) / 10e-3,
        )
    assert synapse.state["g"] == pytest.approx(g, rel=5e-3)
    before = synapse.state["g"]
    synapse.run(until=100 * ms)
    # The first step is scaled by its own size: sign times eta.
    assert synapse.state["w"] == pytest.approx(1e-3 * np.sign(before), rel=1e-6)
    assert synapse.state["g"] == 0


def test_commit_on_a_clock_of_n_steps():
    rule = PlasticityRule(
        name="batched", synapse="w : 1\ng : 1", on_post="g += x_pre", every="w += g; g = 0",
        interval=50 * ms, parameters={"tau": 20 * ms}, **TRACE,
    )  # fmt: skip
    assert play(rule, until=0.049) == 0
    first = np.exp(-10 / 20)
    second_ = np.exp(-35 / 20) + np.exp(-5 / 20)
    assert play(rule, until=0.05) == pytest.approx(first + second_, rel=1e-12)
