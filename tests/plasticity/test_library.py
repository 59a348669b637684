"""The rules of the library against the numbers and closed forms of their papers."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import Hz, ms, second

from bioplastic.plasticity import (
    SynapseInterpreter,
    Verdict,
    bcm_rule,
    delta_rule,
    dopamine_stdp,
    oja_rule,
    pair_stdp,
    reward_stdp,
    symmetric_stdp,
    synaptic_scaling,
    triplet_stdp,
    tsodyks_markram,
    vogels_stdp,
)

LIBRARY = [
    bcm_rule(),
    delta_rule(),
    dopamine_stdp(),
    oja_rule(),
    pair_stdp(),
    pair_stdp(mu_plus=0.4, pairing="nearest"),
    reward_stdp(),
    symmetric_stdp(total=78.4),
    synaptic_scaling(1.0),
    triplet_stdp(),
    tsodyks_markram(),
    vogels_stdp(),
]


@pytest.mark.parametrize("rule", LIBRARY, ids=lambda rule: rule.name)
def test_every_rule_has_a_reference_and_is_not_non_local(rule):
    assert rule.reference
    assert rule.audit().verdict != Verdict.NON_LOCAL


@pytest.mark.parametrize("rule", LIBRARY, ids=lambda rule: rule.name)
def test_silence_leaves_the_weight_unchanged(rule):
    synapse = SynapseInterpreter(rule, {"w": 0.3}, rest=True, dt=1 * ms)
    synapse.run(until=50 * ms)
    assert synapse.state["w"] == 0.3


def test_triplet_window_of_isolated_pairs():
    """Pairs alone see the amplitudes a2 and the fast time constants."""
    rule = triplet_stdp(parameters="hippocampus_minimal")
    lags = np.array([-40, -5, 5, 40])
    expected = [
        -3.5e-3 * np.exp(-40 / 33.7),
        -3.5e-3 * np.exp(-5 / 33.7),
        5.3e-3 * np.exp(-5 / 16.8),
        5.3e-3 * np.exp(-40 / 16.8),
    ]
    np.testing.assert_allclose(rule.window(lags * ms), expected, rtol=1e-9)


def test_triplet_post_pre_post():
    rule = triplet_stdp()
    synapse = SynapseInterpreter(rule, {"w": 0.5})
    synapse.run(post=[0 * ms, 15 * ms], pre=[10 * ms])
    up = np.exp(-5 / 16.8) * 6.5e-3 * np.exp(-15 / 114)
    down = 7.1e-3 * np.exp(-10 / 33.7)
    assert synapse.state["w"] - 0.5 == pytest.approx(up - down, abs=1e-15)


def test_triplet_frequency_dependence():
    """60 pairs at +10 ms: no potentiation at low, strong at high frequency (Sjoestroem 2001)."""
    change = []
    for frequency in (0.1, 10, 20, 40, 50):
        change.append(
            triplet_stdp(w_max=5).window([10] * ms, pairs=60, period=1 / (frequency * Hz))[0]
        )
    assert abs(change[0]) < 0.03
    assert np.all(np.diff(change[1:]) > 0)
    assert change[-1] > 0.2


def test_vogels_fixed_point():
    """Independent Poisson spikes: drift is proportional to post rate minus target rate."""
    rng = np.random.default_rng(0)
    drift = []
    for rate in (2.0, 5.0, 10.0):
        duration = 200.0
        pre, post = (np.sort(rng.uniform(0, duration, int(r * duration))) for r in (10.0, rate))
        synapse = SynapseInterpreter(vogels_stdp(eta=1e-4, rate=5 * Hz), {"w": 5.0})
        synapse.run(pre=pre * second, post=post * second)
        drift.append((synapse.state["w"] - 5.0) / duration)
    # Expected 2 eta pre tau (post - target).
    expected = 2e-4 * 10 * 0.02 * (np.array([2.0, 5.0, 10.0]) - 5)
    np.testing.assert_allclose(drift, expected, atol=3e-5)


def test_dopamine_reaches_back_through_the_eligibility():
    rule = dopamine_stdp(baseline=0.0)
    change = []
    for delay in (0.5, 1.5):
        synapse = SynapseInterpreter(rule, {"w": 1.0})
        synapse.run(pre=[0 * ms], post=[5 * ms], until=delay * second)
        assert synapse.state["w"] == 1.0
        synapse.state["dopamine"] += 0.5
        synapse.run(until=10 * second)
        change.append(synapse.state["w"] - 1.0)
    assert change[0] > 0
    assert change[1] / change[0] == pytest.approx(np.exp(-1), rel=1e-6)


def test_reward_baseline_cancels_a_constant_reward():
    synapse = SynapseInterpreter(reward_stdp(baseline_rate=1.0), {"w": 0.5, "reward": 1.0})
    change = []
    for trial in range(3):
        before = synapse.state["w"]
        synapse.run(pre=[trial * second], post=[trial * second + 5 * ms])
        synapse.execute("on_trial_end")
        change.append(synapse.state["w"] - before)
    assert change[0] == pytest.approx(0.01 * np.exp(-0.25), rel=1e-9)
    assert change[1] == pytest.approx(0, abs=1e-15)


def test_oja_converges_to_the_ratio_of_rates():
    synapse = SynapseInterpreter(oja_rule(eta=0.05), {"w": 0.1, "r_pre": 0.6, "r_post": 2.0})
    for _ in range(200):
        synapse.execute("every")
    assert synapse.state["w"] == pytest.approx(0.3, rel=1e-9)


def test_bcm_changes_sign_at_its_threshold():
    change = []
    for r_post in (0.5, 1.0, 1.5):
        values = {"w": 0.5, "r_pre": 1.0, "r_post": r_post, "m_post": 1.0}
        synapse = SynapseInterpreter(bcm_rule(eta=0.1), values)
        synapse.execute("every")
        change.append(synapse.state["w"] - 0.5)
    np.testing.assert_allclose(change, [-0.025, 0, 0.075], atol=1e-15)


def test_zero_error_or_zero_rate_changes_nothing():
    for values in ({"error_post": 0.0, "r_pre": 3.0}, {"error_post": 2.0, "r_pre": 0.0}):
        synapse = SynapseInterpreter(delta_rule(), {"w": 0.5, **values})
        synapse.execute("every")
        assert synapse.state["w"] == 0.5


def test_depressing_synapse_reaches_its_steady_state():
    """Without facilitation a train at interval T settles at x = (1 - q)/(1 - (1 - u) q)."""
    use, period = 0.5, 20.0
    rule = tsodyks_markram(use=use, tau_f=1e-3 * ms, tau_d=200 * ms)
    synapse = SynapseInterpreter(rule, {"w": 2.0})
    sent = []
    for spike in range(40):
        before = synapse.state["ge_post"]
        synapse.run(pre=[spike * period * ms])
        sent.append(synapse.state["ge_post"] - before)
    q = np.exp(-period / 200)
    assert sent[0] == pytest.approx(2.0 * use)
    assert sent[-1] == pytest.approx(2.0 * use * (1 - q) / (1 - (1 - use) * q), rel=1e-6)
