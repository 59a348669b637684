"""e-prop against the gradient of the same network, computed backwards in time."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SpikeRecord,
    StateRecord,
    Trial,
)
from bioplastic.neurons import NeuronModel, discrete_alif, discrete_lif
from bioplastic.plasticity import eprop_alif, eprop_lif
from bioplastic.signals import SpikeListSource

N_IN, N_REC, N_OUT, STEPS = 5, 4, 2, 60
TAU_M, TAU_A, TAU_OUT, BETA, GAMMA = 8.0, 25.0, 12.0, 0.3, 0.3
ALPHA, RHO, KAPPA = (np.exp(-1 / tau) for tau in (TAU_M, TAU_A, TAU_OUT))


@pytest.fixture
def data():
    rng = np.random.default_rng(4)
    return {
        "w_in": rng.uniform(0, 0.7, (N_IN, N_REC)),
        "w_rec": rng.normal(0, 0.3, (N_REC, N_REC)) * (1 - np.eye(N_REC)),
        "feedback": rng.normal(0, 1, (N_OUT, N_REC)),
        "spikes": rng.random((STEPS, N_IN)) < 0.25,
        "cost": rng.normal(0, 1, N_OUT),
    }


def simulate(data, beta):
    """Run the network in plain numpy; return v, a and z of every step."""
    v, a, z = (np.zeros((STEPS, N_REC)) for _ in range(3))
    before_v, before_a, before_z, before_x = (np.zeros(n) for n in (N_REC, N_REC, N_REC, N_IN))
    for t in range(STEPS):
        v[t] = ALPHA * before_v + before_x @ data["w_in"] + before_z @ data["w_rec"] - before_z
        a[t] = RHO * before_a + before_z
        z[t] = v[t] > 1 + beta * a[t]
        before_v, before_a, before_z, before_x = v[t], a[t], z[t], data["spikes"][t] * 1.0
    return v, a, z


def blocked_gradient(data, v, a, z, signal, beta):
    """Differentiate the loss backwards in time, treating spikes that reach cells as constants.

    The loss depends on spikes through the leaky read-out: ``dE/dz_j(t) = sum_{s >= t}
    kappa^(s - t) signal_j(s)``. Its gradient runs back through the cell's own voltage and
    adaptation, not through spikes of other cells and not through the reset.
    """
    psi = GAMMA * np.maximum(0, 1 - np.abs(v - 1 - beta * a))
    gradient = {"in": np.zeros((N_IN, N_REC)), "rec": np.zeros((N_REC, N_REC))}
    d_z, d_v, d_a = (np.zeros(N_REC) for _ in range(3))
    for t in reversed(range(STEPS)):
        d_z = KAPPA * d_z + signal[t]
        # The spike also raises the threshold of the next step, d a(t+1)/d z(t) = 1.
        through_spike = psi[t] * (d_z + d_a)
        d_v = ALPHA * d_v + through_spike
        d_a = RHO * d_a - beta * through_spike
        if t > 0:
            gradient["in"] += np.outer(data["spikes"][t - 1], d_v)
            gradient["rec"] += np.outer(z[t - 1], d_v)
    return gradient


def network(data, rule, model, modulators=None, extra=()):
    populations = [SpikeListSource(name="x", n=N_IN), Population(name="rec", n=N_REC, model=model)]
    projections = [
        DenseProjection(
            name=name,
            source=source,
            target="rec",
            rule=rule,
            transmit="i_in_post += w",
            initial={"w": lambda rng, shape, key=key: data[key]},
            modulators=modulators or {},
        )
        for name, source, key in (("in", "x", "w_in"), ("rec_rec", "rec", "w_rec"))
    ]
    return NetworkSpec(
        populations=[*populations, *(e for e in extra if isinstance(e, Population))],
        projections=[*projections, *(e for e in extra if not isinstance(e, Population))],
        trial=Trial(duration=STEPS * ms),
        records=[SpikeRecord(population="rec"), StateRecord(population="rec", variable="v")],
    )


def spike_list(spikes):
    steps, cells = np.nonzero(spikes)
    return [(cells, steps * 1e-3)]


@pytest.mark.parametrize("adaptive", [False, True], ids=["lif", "alif"])
def test_eprop_is_the_gradient_with_recurrent_spikes_blocked(data, adaptive):
    """A cost that is linear in the read-out gives every neuron a constant learning signal."""
    beta = BETA if adaptive else 0.0
    v, a, z = simulate(data, beta)
    assert 20 < z.sum() < 200
    signal = np.tile(data["cost"] @ data["feedback"], (STEPS, 1))
    expected = blocked_gradient(data, v, a, z, signal, beta)
    times = {"tau_m": TAU_M * ms, "tau_out": TAU_OUT * ms}
    if adaptive:
        rule = eprop_alif(eta=1.0, gamma=GAMMA, beta=BETA, tau_a=TAU_A * ms, **times)
        model = discrete_alif(tau_m=TAU_M * ms, tau_a=TAU_A * ms, beta=BETA)
    else:
        rule = eprop_lif(eta=1.0, gamma=GAMMA, **times)
        model = discrete_lif(tau_m=TAU_M * ms)
    program = Program(network(data, rule, model), dt=1 * ms, dtype="float64", target="numpy")
    state = program.initial_state()
    for name in ("in", "rec_rec"):
        state[f"{name}.signal_post"] = signal[0]
    after, record = program(state, {"x": spike_list(data["spikes"])})
    np.testing.assert_allclose(record["rec.v"][0], v, atol=1e-12)
    for name, key in (("in", "in"), ("rec_rec", "rec")):
        change = after[f"{name}.w"] - state[f"{name}.w"]
        np.testing.assert_allclose(change, -expected[key], atol=1e-12)
        assert np.abs(change).max() > 0.1


def test_learning_signal_comes_from_another_population(data):
    """Quadratic cost of the read-out: the error changes in time and is fed back with fixed weights.

    The cells of ``signal`` hold ``L(t) = B y(t)`` with ``y(t) = kappa y(t-1) + W z(t)``.
    """
    v, a, z = simulate(data, 0.0)
    w_out = np.random.default_rng(1).normal(0, 1, (N_REC, N_OUT))
    y = np.zeros((STEPS, N_OUT))
    for t in range(STEPS):
        y[t] = KAPPA * y[t - 1] * (t > 0) + z[t] @ w_out
    expected = blocked_gradient(data, v, a, z, y @ data["feedback"], 0.0)
    rule = eprop_lif(eta=1e-11, gamma=GAMMA, tau_m=TAU_M * ms, tau_out=TAU_OUT * ms, commit="step")
    filtered = NeuronModel(
        name="signal",
        equations="s : 1",
        update="s = exp(-dt/tau)*s",
        parameters={"tau": TAU_OUT * ms},
    )
    fed_back = DenseProjection(
        name="fed_back",
        source="rec",
        target="signal",
        transmit="s_post += w",
        initial={"w": lambda rng, shape: w_out @ data["feedback"]},
    )
    spec = network(
        data,
        rule,
        discrete_lif(tau_m=TAU_M * ms),
        modulators={"signal_post": ("signal", "s")},
        extra=(Population(name="signal", n=N_REC, model=filtered), fed_back),
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target="numpy")
    state = program.initial_state()
    after, _ = program(state, {"x": spike_list(data["spikes"])})
    for name, key in (("in", "in"), ("rec_rec", "rec")):
        change = (after[f"{name}.w"] - state[f"{name}.w"]) / 1e-11
        np.testing.assert_allclose(change, -expected[key], rtol=1e-6, atol=1e-3)
        assert np.abs(change).max() > 0.1
