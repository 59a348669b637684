"""Second opinion: NEST runs the same spike trains through its pair and triplet synapses."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms

from bioplastic.plasticity import TRIPLET_SETS, SynapseInterpreter, pair_stdp, triplet_stdp

nest = pytest.importorskip("nest")

DELAY = 1.0  # dendritic in NEST: postsynaptic spikes reach the synapse that much later


def run_nest(model, parameters, neuron, pre, post, weight):
    """Return the weight after the last presynaptic spike; times in ms."""
    nest.ResetKernel()
    nest.set_verbosity("M_ERROR")
    nest.resolution = 0.1
    cells = nest.Create("parrot_neuron", 2, params=neuron)
    for cell, times in zip(cells, (pre, post), strict=True):
        source = nest.Create("spike_generator", params={"spike_times": times - DELAY})
        nest.Connect(source, cell, syn_spec={"delay": DELAY})
    synapse = {"synapse_model": model, "weight": weight, "delay": DELAY, "receptor_type": 1}
    nest.Connect(cells[0], cells[1], syn_spec={**synapse, **parameters})
    nest.Simulate(float(max(pre.max(), post.max())) + 10)
    return nest.GetConnections(cells[0], cells[1]).get("weight")


def run_ours(rule, pre, post, weight):
    """Return our weight after the last presynaptic spike, postsynaptic times as seen there."""
    synapse = SynapseInterpreter(rule, {"w": weight})
    synapse.run(pre=pre * ms, post=(post + DELAY)[post + DELAY < pre.max()] * ms)
    return synapse.state["w"]


def random_trains(seed):
    """Two trains at 30 Hz without coincidences at the synapse, a last presynaptic spike."""
    rng = np.random.default_rng(seed)
    pre = np.unique(rng.integers(20, 20_000, 60) * 2) * 0.1
    post = np.unique(rng.integers(20, 20_000, 60) * 2 + 1) * 0.1
    return np.append(pre, 4100.0).round(1), post.round(1)


def pair_parameters(rule):
    p = rule.parameters
    return {
        "lambda": float(rule.initial["eta"]),
        "alpha": p["a_minus"],
        "mu_plus": p.get("mu_plus", 0.0),
        "mu_minus": p.get("mu_minus", 0.0),
        "tau_plus": float(p["tau_plus"] / ms),
        "Wmax": p["w_max"],
    }


def test_pair_window():
    rule = pair_stdp(eta=0.01, a_minus=1.1, tau_plus=17 * ms, tau_minus=34 * ms)
    worst = 0.0
    for lag in (-60.0, -20.1, -5.3, -0.1, 0.1, 4.7, 15.2, 70.0):
        pre = np.array([200.0, 3000.0])
        post = np.array([200.0 + lag - DELAY]).round(1)
        theirs = run_nest(
            "stdp_synapse", pair_parameters(rule), {"tau_minus": 34.0}, pre, post, 0.5
        )
        ours = run_ours(rule, pre, post, 0.5)
        worst = max(worst, abs(ours - theirs))
        assert ours == pytest.approx(theirs, abs=1e-9)
        assert ours != 0.5
    print(f"pair window: largest difference {worst:.1e}")


@pytest.mark.parametrize("mu", [0.0, 0.4, 1.0])
def test_pair_rule_on_random_trains(mu):
    rule = pair_stdp(eta=0.01, mu_plus=mu, mu_minus=mu)
    parameters = pair_parameters(rule) | {"mu_plus": mu, "mu_minus": mu}
    for seed in range(3):
        pre, post = random_trains(seed)
        theirs = run_nest("stdp_synapse", parameters, {"tau_minus": 20.0}, pre, post, 0.5)
        ours = run_ours(rule, pre, post, 0.5)
        print(f"pair, mu {mu}, seed {seed}: ours {ours:.9f}, NEST {theirs:.9f}")
        assert ours == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("name", sorted(TRIPLET_SETS))
def test_triplet_rule_on_random_trains(name):
    p = TRIPLET_SETS[name]
    parameters = {
        "Aplus": p["a2_plus"],
        "Aplus_triplet": p["a3_plus"],
        "Aminus": p["a2_minus"],
        "Aminus_triplet": p["a3_minus"],
        "tau_plus": p["tau_plus"],
        "tau_plus_triplet": p["tau_x"],
        "Wmax": 10.0,
    }
    neuron = {"tau_minus": p["tau_minus"], "tau_minus_triplet": p["tau_y"]}
    rule = triplet_stdp(parameters=name, w_max=10)
    for seed in range(3):
        pre, post = random_trains(seed)
        theirs = run_nest("stdp_triplet_synapse", parameters, neuron, pre, post, 5.0)
        ours = run_ours(rule, pre, post, 5.0)
        print(f"triplet {name}, seed {seed}: ours {ours:.9f}, NEST {theirs:.9f}")
        assert ours == pytest.approx(theirs, abs=1e-9)
