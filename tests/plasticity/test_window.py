"""The pairing protocol against closed forms and against stock Brian2."""

from __future__ import annotations

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, second

from bioplastic.plasticity import PlasticityRule, pair_stdp, symmetric_stdp
from bioplastic.plasticity.interpreter import SynapseInterpreter

LAGS = np.array([-80, -30, -12.3, -1, -0.01, 0.01, 1, 7.7, 25, 90])


def test_symmetric_window():
    change = symmetric_stdp().window(LAGS * ms)
    np.testing.assert_allclose(change, 0.005 * 0.1 * np.exp(-np.abs(LAGS) / 20), atol=1e-15)


def test_pair_in_one_step_counts_once():
    assert symmetric_stdp().window([0] * ms)[0] == pytest.approx(5e-4, abs=1e-15)
    assert pair_stdp(a_plus=1, a_minus=3).window([0] * ms)[0] == pytest.approx(0.01, abs=1e-15)


@pytest.mark.parametrize(("mu_plus", "mu_minus"), [(0, 0), (1, 1), (0.3, 0.7), (0, 1)])
def test_asymmetric_window(mu_plus, mu_minus):
    rule = pair_stdp(tau_minus=33 * ms, mu_plus=mu_plus, mu_minus=mu_minus)
    change = rule.window(LAGS * ms, values={"w": 0.4})
    up = 0.01 * 0.6**mu_plus * np.exp(-np.abs(LAGS) / 20)
    down = -0.01 * 1.05 * 0.4**mu_minus * np.exp(-np.abs(LAGS) / 33)
    np.testing.assert_allclose(change, np.where(LAGS > 0, up, down), atol=1e-15)


def test_nearest_neighbour_forgets_earlier_spikes():
    values = {"w": 0.2}
    for pairing, expected in (("all-to-all", np.exp(-1) + np.exp(-0.5)), ("nearest", np.exp(-0.5))):
        synapse = SynapseInterpreter(pair_stdp(pairing=pairing, eta=0.1), values)
        synapse.run(pre=[0 * ms, 10 * ms], post=[20 * ms])
        assert synapse.state["w"] == pytest.approx(0.2 + 0.1 * expected, abs=1e-15)


def test_weights_stay_inside_their_bounds():
    rule = pair_stdp(eta=10.0)
    assert 0.5 + rule.window([5] * ms)[0] == 1.0
    assert 0.5 + rule.window([-5] * ms)[0] == 0.0


def test_leaky_eligibility_reward_at_a_delay():
    """A pair at zero, a pulse of reward at D: the change falls as exp(-D/tau_e)."""
    rule = PlasticityRule(
        name="three-factor",
        synapse="w : 1\ndc/dt = -c/tau_e : 1 (event-driven)",
        pre="dx_pre/dt = -x_pre/tau : 1",
        modulators="reward : 1 (shared)",
        on_pre="x_pre += 1",
        on_post="c += x_pre",
        on_trial_end="w += reward*c",
        parameters={"tau": 20 * ms, "tau_e": 500 * ms},
    )
    delays = np.array([0, 100, 500, 2000])
    for reward in (0.0, -2.0):
        change = [
            rule.window([10] * ms, values={"reward": reward}, settle=delay * ms)[0]
            for delay in delays
        ]
        expected = reward * np.exp(-0.5) * np.exp(-delays / 500)
        np.testing.assert_allclose(change, expected, rtol=1e-12)


def test_cascaded_traces_use_the_matrix_exponential():
    rule = PlasticityRule(
        name="cascade",
        pre="dx_pre/dt = -x_pre/tau_1 : 1\ndy_pre/dt = (x_pre - y_pre)/tau_2 : 1",
        on_pre="x_pre += 1",
        on_post="w += y_pre",
        parameters={"tau_1": 5 * ms, "tau_2": 20 * ms},
    )
    lags = np.array([1.0, 10, 40])
    expected = 5 / (5 - 20) * (np.exp(-lags / 5) - np.exp(-lags / 20))
    np.testing.assert_allclose(rule.window(lags * ms), expected, rtol=1e-12)


def test_nonlinear_traces_are_solved_numerically():
    rule = PlasticityRule(
        name="quadratic",
        pre="dx_pre/dt = -x_pre**2/tau : 1",
        on_pre="x_pre += 1",
        on_post="w += x_pre",
        parameters={"tau": 10 * ms},
    )
    np.testing.assert_allclose(rule.window([10, 30] * ms), [1 / 2, 1 / 4], rtol=1e-8)


def test_clocked_updates():
    rule = PlasticityRule(name="drift", every="w += k*w", interval=10 * ms, parameters={"k": 0.1})
    synapse = SynapseInterpreter(rule, {"w": 1.0})
    synapse.run(until=49 * ms)
    assert synapse.state["w"] == pytest.approx(1.1**4)
    synapse.run(until=50 * ms)
    assert synapse.state["w"] == pytest.approx(1.1**5)


def test_values_are_needed_and_checked():
    rule = PlasticityRule(name="volt", on_pre="w += v_post")
    with pytest.raises(ValueError, match="give a value for the neuron variable 'v_post'"):
        rule.window([1] * ms)
    assert rule.window([1] * ms, values={"v_post": 3.0})[0] == 3
    with pytest.raises(ValueError, match="unknown variable 'v_psot'"):
        rule.window([1] * ms, values={"v_psot": 3.0})
    with pytest.raises(TypeError, match=r"lags: must be a quantity in second"):
        rule.window([1, 2])


def test_interpreter_agrees_with_stock_synapses():
    """Random trains on the numpy target, per-synapse traces, the same order of pathways."""
    b2.prefs.codegen.target = "numpy"
    rng = np.random.default_rng(5)
    trains = [np.unique(rng.integers(1, 3000, 60)) * 0.1 for _ in range(2)]
    clock = b2.Clock(dt=0.1 * ms)
    groups = [b2.SpikeGeneratorGroup(1, np.zeros(len(t), int), t * ms, clock=clock) for t in trains]
    synapses = b2.Synapses(
        *groups,
        """w : 1
           dx/dt = -x/(20*ms) : 1 (event-driven)
           dy/dt = -y/(33*ms) : 1 (event-driven)""",
        on_pre="x += 1; w = clip(w - 0.02*1.05*w*y, 0, 1)",
        on_post="y += 1; w = clip(w + 0.02*(1 - w)*x, 0, 1)",
        clock=clock,
    )
    synapses.connect()
    synapses.w = 0.5
    synapses.post.order = 1
    b2.Network(*groups, synapses).run(0.31 * second, namespace={})
    rule = pair_stdp(eta=0.02, mu_plus=1, mu_minus=1, tau_minus=33 * ms)
    synapse = SynapseInterpreter(rule, {"w": 0.5})
    synapse.run(pre=trains[0] * ms, post=trains[1] * ms)
    assert synapse.state["w"] == pytest.approx(synapses.w[0], abs=1e-12)
    assert abs(synapse.state["w"] - 0.5) > 1e-3


def test_plot_has_labels_and_both_branches():
    axes = pair_stdp().plot_window(lags=np.array([-20, -10, 10, 20]) * ms)
    assert axes.get_xlabel() == "Lag, post minus pre (ms)"
    assert axes.get_ylabel() == "Weight change"
    curves = [
        line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linewidth() > 1
    ]
    assert len(curves) == 2
    assert curves[0].get_color() != curves[1].get_color()
