"""Conductance LIF neurons against the numbers of the symmetric-STDP specification."""

from __future__ import annotations

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, mV, second

from bioplastic.neurons import adaptive_conductance_lif, conductance_lif, current_lif

STEP = 0.5 * ms


@pytest.fixture(autouse=True)
def _numpy_target():
    b2.prefs.codegen.target = "numpy"


def run(duration, *objects):
    b2.Network(*objects).run(duration, namespace={})


def rest_group(model, n=1, v=-65 * mV):
    return model.with_initial(v=v).group(n, dt=STEP)


def test_single_input_spike_evokes_a_quarter_millivolt():
    group = rest_group(adaptive_conductance_lif())
    group.ge = 0.3
    monitor = b2.StateMonitor(group, "v", record=True, clock=group.clock)
    run(20 * ms, group, monitor)
    peak = (monitor.v[0].max() - (-65 * mV)) / mV
    # 0.3 * 65 mV * (0.5 / 100) per step, summed over exp(-0.5 k), less the leak.
    assert peak == pytest.approx(0.24, abs=0.005)


def test_refractory_period_freezes_five_steps():
    model = adaptive_conductance_lif(adaptation="off")
    group = rest_group(model)
    spikes = b2.SpikeMonitor(group)
    voltage = b2.StateMonitor(group, "v", record=True, when="end", clock=group.clock)
    drive = group.run_regularly("ge = 50", when="start", clock=group.clock)
    run(60 * ms, group, spikes, voltage, drive)
    steps = np.round(np.asarray(spikes.t / STEP)).astype(int)
    assert len(steps) > 3
    assert set(np.diff(steps)) == {6}
    frozen = np.asarray(voltage.v[0] / mV)[steps[0] : steps[0] + 6]
    np.testing.assert_allclose(frozen, -65.0)


def test_threshold_increment_shrinks_with_the_threshold():
    model = adaptive_conductance_lif(tau_theta=1e12 * second)
    for theta in (20.0, 30.0, 60.0):
        group = model.with_initial(v=0 * mV, theta=theta * mV).group(1, dt=STEP)
        run(STEP, group)
        grown = float(group.theta[0] / mV) - theta
        assert grown == pytest.approx(0.07 * 10 / abs(theta - 10), rel=1e-6)


@pytest.mark.parametrize(("end", "spikes"), [(25, 90), (30, 214)])
def test_number_of_spikes_that_raise_the_threshold(end, spikes):
    model = adaptive_conductance_lif(tau_theta=1e12 * second, refractory=False, v_reset=0 * mV)
    group = model.with_initial(v=0 * mV).with_parameters(v_t=-500 * mV).group(1, dt=STEP)
    run(spikes * STEP, group)
    assert float(group.theta[0] / mV) == pytest.approx(end, abs=0.05)


def test_threshold_decays_exactly_and_only_while_adapting():
    model = adaptive_conductance_lif(adaptation="switch", tau_theta=50 * ms)
    group = model.group(1, dt=STEP)
    run(10 * ms, group)
    assert float(group.theta[0] / mV) == pytest.approx(20 * np.exp(-10 / 50), rel=1e-12)
    group = model.with_initial(adapting=0.0, v=0 * mV).group(1, dt=STEP)
    run(10 * ms, group)
    assert group.theta[0] == 20 * mV
    frozen = adaptive_conductance_lif(adaptation="off").with_initial(v=0 * mV).group(1, dt=STEP)
    run(10 * ms, frozen)
    assert frozen.theta[0] == 20 * mV


def test_voltage_is_clamped_from_below():
    for v, gi in ((-105, 0.0), (-65, 1000.0)):
        group = adaptive_conductance_lif().with_initial(v=v * mV, gi=gi).group(1, dt=STEP)
        run(STEP, group)
        assert group.v[0] == -100 * mV


def test_hidden_spike_makes_its_partner_fire_once_on_the_next_step():
    excitatory = rest_group(adaptive_conductance_lif())
    inhibitory = rest_group(conductance_lif(), v=-60 * mV)
    excitatory.v = 0 * mV
    synapses = b2.Synapses(excitatory, inhibitory, on_pre="ge_post += 10.4", clock=excitatory.clock)
    synapses.connect(j="i")
    sent, received = b2.SpikeMonitor(excitatory), b2.SpikeMonitor(inhibitory)
    run(50 * ms, excitatory, inhibitory, synapses, sent, received)
    assert sent.count[0] == 1
    assert received.count[0] == 1
    assert round(float((received.t[0] - sent.t[0]) / STEP)) == 1


@pytest.mark.parametrize(("v", "drop"), [(-60, 12.5), (-65, 10.6), (-55, 14.4)])
def test_inhibition_lowers_a_rival(v, drop):
    model = adaptive_conductance_lif(tau=100 * ms).with_parameters(v_t=1 * b2.volt)
    with_inhibition, without = rest_group(model, v=v * mV), rest_group(model, v=v * mV)
    with_inhibition.gi = 17.0
    one = b2.StateMonitor(with_inhibition, "v", record=True, clock=with_inhibition.clock)
    run(20 * ms, with_inhibition, without, one)
    assert v - one.v[0].min() / mV == pytest.approx(drop, abs=0.15)


@pytest.mark.parametrize(("weight", "spikes"), [(8, 3), (6.6, 2), (5, 2), (4.1, 1), (2, 0)])
def test_supervised_neuron_answers_one_hidden_spike(weight, spikes):
    group = rest_group(conductance_lif(refractory=False), v=-60 * mV)
    group.ge = weight
    monitor = b2.SpikeMonitor(group)
    run(30 * ms, group, monitor)
    assert monitor.count[0] == spikes


def test_current_lif_matches_its_closed_form():
    model = current_lif(refractory=False)
    group = model.group(1, dt=0.1 * ms)
    group.i_ext = 10 * mV
    run(7 * ms, group)
    assert float(group.v[0] / mV) == pytest.approx(-55 - 10 * np.exp(-0.7), rel=1e-10)


def test_current_lif_rate_and_refractory_period():
    model = current_lif()
    group = model.group(1, dt=0.1 * ms)
    group.i_ext = 30 * mV
    monitor = b2.SpikeMonitor(group)
    run(500 * ms, group, monitor)
    period = 2 + 10 * np.log(30 / 15)
    assert np.diff(monitor.t / ms) == pytest.approx(period, abs=0.2)
    assert np.isfinite(group.v[0])


def test_same_as_a_stock_group_written_by_hand():
    """The oracle: plain Brian2 Euler with a step so small that exact decay does not matter."""
    fine = 0.01 * ms
    ours = conductance_lif().with_initial(v=-60 * mV).group(1, dt=fine)
    stock = b2.NeuronGroup(
        1,
        """dv/dt = (-60*mV - v - ge*v)/(10*ms) : volt (unless refractory)
           dge/dt = -ge/(1*ms) : 1""",
        threshold="v > -40*mV",
        reset="v = -45*mV",
        refractory=3 * ms,
        method="euler",
        dt=fine,
        namespace={},
    )
    stock.v = -60 * mV
    for group in (ours, stock):
        group.ge = 3.0
    run(5 * ms, ours, stock)
    assert float(ours.v[0] / mV) == pytest.approx(float(stock.v[0] / mV), abs=0.05)
