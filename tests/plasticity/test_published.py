"""Networks and protocols of the papers: what each rule became known for."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SpikeCount,
    Trial,
)
from bioplastic.neurons import conductance_lif
from bioplastic.plasticity import (
    TRIPLET_SETS,
    SynapseInterpreter,
    clopath_stdp,
    intrinsic_plasticity,
    pair_stdp,
    rate_scaling,
    triplet_stdp,
    vogels_stdp,
)
from bioplastic.signals import PoissonSource

needs_compiler = pytest.mark.skipif(
    not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler"
)

#: The cell of Song, Miller and Abbott (2000).
SONG_CELL = conductance_lif(
    tau=20 * ms, v_rest=-70 * mV, v_reset=-60 * mV, v_t=-54 * mV, refractory=False,
    e_rev=0 * mV, i_rev=-70 * mV, tau_e=5 * ms, tau_i=5 * ms, v_init=-70 * mV,
)  # fmt: skip


def song_network(rule, n=1000):
    """1000 excitatory inputs at 15 Hz with peak conductance 0.015, 200 inhibitory at 10 Hz."""
    return NetworkSpec(
        populations=[
            PoissonSource(name="exc", n=n, rates="15*Hz"),
            PoissonSource(name="inh", n=200, rates="10*Hz"),
            Population(name="cell", n=1, model=SONG_CELL),
        ],
        projections=[
            DenseProjection(
                name="learn",
                source="exc",
                target="cell",
                transmit="ge_post += g_max*w",
                parameters={"g_max": 0.015},
                rule=rule,
                initial={"w": 0.6},
            ),
            DenseProjection(
                name="inhibit",
                source="inh",
                target="cell",
                transmit="gi_post += g_in",
                parameters={"g_in": 0.05},
            ),
        ],
        trial=Trial(duration=1 * second),
        records=[SpikeCount(population="cell")],
    )


@needs_compiler
@pytest.mark.parametrize("mu", [0, 1], ids=["additive", "multiplicative"])
def test_additive_stdp_under_poisson_input_makes_weights_bimodal(mu):
    """Song et al. 2000: additive weights gather at the bounds; van Rossum et al.: not if soft."""
    rule = pair_stdp(eta=0.005, a_minus=1.05, mu_plus=mu, mu_minus=mu)
    program = Program(song_network(rule), dt=0.5 * ms)
    state, record = program(program.initial_state(seed=1), n_samples=1200, seed=1)
    w = state["learn.w"].ravel()
    low, middle, high = (float(np.mean((w >= a) & (w <= b))) for a, b in
                         ((0, 0.2), (0.3, 0.7), (0.8, 1)))  # fmt: skip
    settled = record["cell.count"].ravel()[600:]  # since 200 s; means over 50 s vary by 1.5 Hz
    rate = settled.mean()
    print(f"mu {mu}: low {low:.2f}, middle {middle:.2f}, high {high:.2f}, rate {rate:.1f} Hz")
    if mu == 0:
        assert low > 0.3
        assert high > 0.1
        assert middle < 0.25
        assert 5 < rate < 40
        assert settled[:300].mean() == pytest.approx(settled[300:].mean(), rel=0.1)
    else:
        assert middle > 0.95


@needs_compiler
def test_vogels_rule_holds_its_target_rate():
    """Excitation drives the cell far above; learned inhibition brings it to the target."""
    target = 8.0
    rule = vogels_stdp(eta=0.02, rate=target * Hz, w_max=100)
    spec = NetworkSpec(
        populations=[
            PoissonSource(name="exc", n=800, rates="5*Hz"),
            PoissonSource(name="inh", n=800, rates="10*Hz"),
            Population(name="cell", n=4, model=SONG_CELL),
        ],
        projections=[
            DenseProjection(
                name="drive",
                source="exc",
                target="cell",
                transmit="ge_post += g",
                parameters={"g": 0.025},
            ),
            DenseProjection(
                name="learn",
                source="inh",
                target="cell",
                transmit="gi_post += g*w",
                parameters={"g": 0.003},
                rule=rule,
            ),
        ],
        trial=Trial(duration=1 * second),
        records=[SpikeCount(population="cell")],
    )
    program = Program(spec, dt=0.5 * ms)
    _, record = program(program.initial_state(), n_samples=200, seed=3)
    rates = record["cell.count"]
    print(f"first second {rates[0].mean():.1f} Hz, last 100 s {rates[-100:].mean():.2f} Hz")
    assert rates[0].mean() > 2 * target
    assert rates[-100:].mean() == pytest.approx(target, rel=0.05)


def triplet_sum(pre, post, p):
    """Sum the changes of all pairs and triplets explicitly, in ms."""
    change = 0.0
    for k, t in enumerate(post):
        r1 = sum(np.exp(-(t - s) / p["tau_plus"]) for s in pre if s < t)
        o2 = sum(np.exp(-(t - s) / p["tau_y"]) for s in post[:k])
        change += r1 * (p["a2_plus"] + p["a3_plus"] * o2)
    for k, t in enumerate(pre):
        o1 = sum(np.exp(-(t - s) / p["tau_minus"]) for s in post if s < t)
        r2 = sum(np.exp(-(t - s) / p["tau_x"]) for s in pre[:k])
        change -= o1 * (p["a2_minus"] + p["a3_minus"] * r2)
    return change


@pytest.mark.parametrize("name", ["visual_cortex", "visual_cortex_minimal"])
def test_triplet_rule_reproduces_the_frequency_dependence(name):
    """Sixty pairs (Sjoestroem et al. 2001): depression or nothing at low frequency for pre after
    post, potentiation for both orders at 50 Hz."""
    changes = {}
    for lag in (10, -10):
        for frequency in (0.1, 10, 20, 40, 50):
            onset = np.arange(60) * 1000.0 / frequency
            pre, post = onset + max(-lag, 0), onset + max(lag, 0)
            window = triplet_stdp(parameters=name, w_max=10).window(
                [lag] * ms, values={"w": 5.0}, pairs=60, period=1 / (frequency * Hz)
            )[0]
            expected = triplet_sum(pre.tolist(), post.tolist(), TRIPLET_SETS[name])
            assert window == pytest.approx(expected, abs=1e-9)
            changes[lag, frequency] = window
    assert abs(changes[10, 0.1]) < 0.02
    assert changes[-10, 0.1] < -0.2
    assert changes[10, 20] < changes[10, 40] < changes[10, 50]
    assert changes[-10, 20] < 0 < changes[-10, 50]
    assert changes[10, 50] > 0.3


def test_clopath_voltage_clamp():
    """At a clamped voltage the change per presynaptic spike is a difference of two ramps."""
    rule = clopath_stdp(w_max=100)
    p = {name: float(value) for name, value in rule.parameters.items()}
    for v in (-0.080, -0.060, -0.040, 0.0):
        state = {"w": 50.0, "v_post": v, "u_minus_post": v, "u_plus_post": v}
        synapse = SynapseInterpreter(rule, state, dt=0.02 * ms)
        synapse.run(pre=[1 * ms], until=0.3 * second)
        down = p["a_ltd"] * max(v - p["theta_minus"], 0)
        up = p["a_ltp"] * max(v - p["theta_plus"], 0) * max(v - p["theta_minus"], 0)
        # The area of the presynaptic trace is one.
        assert synapse.state["w"] - 50 == pytest.approx(up - down, rel=2e-3, abs=1e-12)


def test_intrinsic_plasticity_and_rate_scaling_have_their_fixed_point_at_the_target():
    """Closed form: with a constant spike train at the target rate the mean change is zero."""
    for rate, sign in ((4.0, 0), (8.0, 1), (2.0, -1)):
        spikes = np.arange(0, 40, 1 / rate) * second
        rule = intrinsic_plasticity(step=1 * mV, rate=4 * Hz, tau=100 * ms)
        cell = SynapseInterpreter(rule, {"theta_post": 0.0})
        cell.run(post=spikes, until=40 * second)
        assert cell.state["theta_post"] == pytest.approx(1e-3 * (rate - 4) * 40, abs=1.5e-3)
        start = {"w": 0.5, "r_post": rate * 10}
        synapse = SynapseInterpreter(rate_scaling(eta=0.01, rate=4 * Hz), start)
        synapse.run(post=spikes, until=40 * second)
        change = synapse.state["w"] - 0.5
        assert abs(change) < 0.02 if sign == 0 else -sign * change > 0.1
