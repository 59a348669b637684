"""Gallery of the rule library: pairing windows, classical protocols and weight distributions.

Windows are those of one pair; protocols repeat what the papers of the rules show: sixty pairs
against frequency with the data of Sjoestroem et al. (2001), change against postsynaptic rate under
Poisson spikes, voltage clamp, delayed reward, and the weights of 1000 Poisson inputs under
additive, power-law and multiplicative STDP (Song et al. 2000; Guetig et al. 2003).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Hz, ms, mV, second
from numpy.typing import NDArray

from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, SpikeCount, Trial
from bioplastic.neurons import conductance_lif
from bioplastic.plasticity import (
    PlasticityRule,
    SynapseInterpreter,
    clopath_stdp,
    dopamine_stdp,
    pair_stdp,
    reward_stdp,
    symmetric_stdp,
    triplet_stdp,
    tsodyks_markram,
    vogels_stdp,
)
from bioplastic.signals import PoissonSource
from bioplastic.study.framework import Experiment
from bioplastic.study.results import Results

from .pictures import draw

Array = NDArray[np.float64]

FREQUENCIES = (0.1, 10.0, 20.0, 40.0, 50.0)
#: Relative change and standard error, pre 10 ms before and 10 ms after post (Sjoestroem et al.
#: 2001, as tabulated by Pfister and Gerstner 2006).
SJOESTROEM = {
    10: ((-0.04, 0.14, 0.29, 0.53, 0.56), (0.05, 0.10, 0.14, 0.11, 0.26)),
    -10: ((-0.29, -0.41, -0.34, 0.56, 0.75), (0.08, 0.11, 0.10, 0.32, 0.19)),
}
#: Post-pre lags of both pairs in ms, relative change and standard error (Wang et al. 2005, as
#: tabulated by Pfister and Gerstner 2006): pre-post-pre, then post-pre-post.
WANG = (
    (5, -5, -0.01, 0.04), (10, -10, 0.03, 0.04), (15, -5, 0.01, 0.03), (5, -15, 0.24, 0.06),
    (-5, 5, 0.33, 0.04), (-10, 10, 0.34, 0.04), (-5, 15, 0.22, 0.08), (-15, 5, 0.29, 0.05),
)  # fmt: skip
TAU = 20.0  # ms, of the windows with a closed form


@dataclass(frozen=True)
class Protocol:
    """How much is simulated.

    ``inputs`` and ``seconds`` are those of the Poisson network, ``rate_seconds`` the length of a
    pair of Poisson trains, ``balance_seconds`` that of the network with plastic inhibition.
    """

    lags: int
    inputs: int
    seconds: int
    rate_seconds: int
    balance_seconds: int


PROTOCOLS = {
    "smoke": Protocol(9, 200, 20, 10, 20),
    "quick": Protocol(81, 1000, 2000, 100, 120),
}


def window_rules() -> dict[str, tuple[PlasticityRule, dict[str, Any], Any]]:
    """Return title, (rule, protocol, closed form or None) of the windows."""

    def pair(lag: Array) -> Array:
        up, down = 0.01 * np.exp(-lag / TAU), -0.0105 * np.exp(lag / TAU)
        return np.where(lag > 0, up, down)

    def scaled(w: float, mu: float) -> Any:
        return lambda lag: pair(lag) * np.where(lag > 0, (1 - w) ** mu, w**mu)

    def symmetric(lag: Array) -> Array:
        return np.asarray(5e-4 * np.exp(-np.abs(lag) / TAU))

    def vogels(lag: Array) -> Array:
        return np.asarray(0.01 * (np.exp(-np.abs(lag) / TAU) - 2 * 5e-3 * TAU))

    def triplet(lag: Array) -> Array:
        up, down = 6.1e-3 * np.exp(-lag / 16.8), -1.6e-3 * np.exp(lag / 33.7)
        return np.where(lag > 0, up, down)

    def eligibility(lag: Array) -> Array:
        up, down = 0.1 * np.exp(-lag / TAU), -0.15 * np.exp(lag / TAU)
        return np.where(lag > 0, up, down)

    soft = {"values": {"w": 0.25}}
    return {
        "Pair, additive": (pair_stdp(), {}, pair),
        "Pair, multiplicative\n(w = 0.25)": (
            pair_stdp(mu_plus=1, mu_minus=1), soft, scaled(0.25, 1)),
        "Pair, power law 0.4\n(w = 0.25)": (
            pair_stdp(mu_plus=0.4, mu_minus=0.4), soft, scaled(0.25, 0.4)),
        "Symmetric": (symmetric_stdp(), {}, symmetric),
        "Vogels, inhibitory": (vogels_stdp(), {"values": {"w": 5.0}}, vogels),
        "Triplet, hippocampus": (triplet_stdp(parameters="hippocampus"), {}, triplet),
        "Dopamine: eligibility": (dopamine_stdp(), {"variable": "c"}, eligibility),
        "Reward at trial end\n(reward 1)": (
            reward_stdp(), {"values": {"w": 0.5, "reward": 1.0}},
            lambda lag: np.where(lag > 0, 1, -1) * 0.01 * np.exp(-np.abs(lag) / TAU)),
    }  # fmt: skip


def measure_windows(protocol: Protocol) -> dict[str, Array]:
    """Return the windows of all rules and their closed forms."""
    side = np.linspace(1, 80, protocol.lags // 2)
    lags = np.concatenate([-side[::-1], side])
    arrays = {"window_lags": lags}
    for k, (rule, options, closed) in enumerate(window_rules().values()):
        arrays[f"window_{k}"] = rule.window(lags * ms, **options)
        arrays[f"window_{k}_closed"] = closed(lags)
    return arrays


def measure_frequencies() -> dict[str, Array]:
    """Return relative changes after sixty pairs at each frequency, triplet and pair rule."""
    rules = {
        "triplet": triplet_stdp(w_max=10),
        "pair": pair_stdp(
            eta=1, a_plus=5e-3, a_minus=5e-3, tau_plus=16.8 * ms, tau_minus=33.7 * ms, w_max=10
        ),
    }
    data = {f"data_{name}": np.array(SJOESTROEM[lag]) for name, lag in (("up", 10), ("down", -10))}
    data["frequency"] = np.array(FREQUENCIES)
    return data | {
        f"frequency_{name}_{'up' if lag > 0 else 'down'}": np.array(
            [
                rule.window([lag] * ms, values={"w": 5.0}, pairs=60, period=1 / (f * Hz))[0]
                for f in FREQUENCIES
            ]
        )
        for name, rule in rules.items()
        for lag in (10, -10)
    }


def measure_rates(protocol: Protocol, seed: int) -> dict[str, Array]:
    """Return the change per second of uncorrelated Poisson trains against postsynaptic rate."""
    rng = np.random.default_rng(seed)
    rates = np.array([2.0, 5, 10, 15, 20, 25, 30, 40])
    rule = triplet_stdp(w_max=1e6)
    simulated, closed, duration = [], [], protocol.rate_seconds
    p = {name: float(np.asarray(value)) for name, value in rule.parameters.items()}
    for rate in rates:
        trains = [
            np.unique(rng.uniform(0, duration, rng.poisson(r * duration))) for r in (10.0, rate)
        ]
        synapse = SynapseInterpreter(rule, {"w": 5e5})
        synapse.run(pre=trains[0] * second, post=trains[1] * second)
        simulated.append((synapse.state["w"] - 5e5) / duration)
        up = p["tau_plus"] * (p["a2_plus"] + p["a3_plus"] * p["tau_y"] * rate)
        closed.append(10 * rate * (up - p["tau_minus"] * p["a2_minus"]))
    return {
        "rate_post": rates,
        "rate_change": np.array(simulated),
        "rate_closed": np.array(closed),
    }


def measure_triplets() -> dict[str, Array]:
    """Return relative changes after sixty triplets of spikes at 1 Hz, full triplet rule."""
    rule = triplet_stdp(parameters="hippocampus", w_max=10)
    changes = []
    for first, second_lag, *_ in WANG:
        if first > 0:  # pre, post, pre
            pre, post = np.array([0, first - second_lag]), np.array([first])
        else:  # post, pre, post
            pre, post = np.array([0]), np.array([first, second_lag])
        onset = 1000.0 * np.arange(1, 61)[:, None]
        synapse = SynapseInterpreter(rule, {"w": 5.0})
        synapse.run(pre=(onset + pre).ravel() * ms, post=(onset + post).ravel() * ms)
        changes.append(synapse.state["w"] - 5.0)
    return {"triplet_change": np.array(changes), "triplet_data": np.array(WANG)}


def measure_short_term() -> dict[str, Array]:
    """Return what each spike of a 20 Hz train transmits, and the closed-form steady states."""
    settings = {
        "depressing": (0.5, 1e-3, 200.0),
        "facilitating": (0.05, 500.0, 50.0),
    }
    arrays = {}
    for name, (use, tau_f, tau_d) in settings.items():
        rule = tsodyks_markram(use=use, tau_f=tau_f * ms, tau_d=tau_d * ms)
        synapse = SynapseInterpreter(rule, {"w": 1.0})
        sent = []
        for spike in range(20):
            before = synapse.state["ge_post"]
            synapse.run(pre=[50 * spike * ms])
            sent.append(synapse.state["ge_post"] - before)
        f, d = np.exp(-50 / tau_f), np.exp(-50 / tau_d)
        u = use / (1 - (1 - use) * f)
        arrays[f"short_{name}"] = np.array(sent)
        arrays[f"short_{name}_closed"] = np.array(u * (1 - d) / (1 - (1 - u) * d))
    return arrays


def measure_clamp(protocol: Protocol) -> dict[str, Array]:
    """Return the change per presynaptic spike of the Clopath rule at clamped voltages."""
    rule = clopath_stdp(w_max=1e6)
    voltages = np.linspace(-80, -35, 10 if protocol.lags < 20 else 19)
    changes = []
    for v in voltages * 1e-3:
        start = {"w": 5e5, "v_post": v, "u_minus_post": v, "u_plus_post": v}
        synapse = SynapseInterpreter(rule, start, dt=0.1 * ms)
        synapse.run(pre=[1 * ms], until=100 * ms)
        changes.append(synapse.state["w"] - 5e5)
    p = {name: float(np.asarray(value)) for name, value in rule.parameters.items()}
    volts = voltages * 1e-3
    above = np.maximum(volts - p["theta_minus"], 0)
    closed = p["a_ltp"] * np.maximum(volts - p["theta_plus"], 0) * above - p["a_ltd"] * above
    return {"clamp_v": voltages, "clamp_change": np.array(changes), "clamp_closed": closed}


def measure_delays() -> dict[str, Array]:
    """Return the change by a pair whose reward comes later, relative to an immediate one."""
    rule = dopamine_stdp(baseline=0.0)
    delays = np.array([0.0, 0.25, 0.5, 1, 1.5, 2, 3])
    changes = []
    for delay in delays:
        synapse = SynapseInterpreter(rule, {"w": 1.0})
        synapse.run(pre=[0 * ms], post=[5 * ms], until=(0.005 + delay) * second)
        synapse.state["dopamine"] += 0.5
        synapse.run(until=(0.005 + delay + 8) * second)
        changes.append(synapse.state["w"] - 1.0)
    return {"delay": delays, "delay_change": np.array(changes) / changes[0]}


def poisson_rules() -> dict[str, PlasticityRule]:
    """Return the rules whose weights are compared under Poisson input."""
    return {
        "additive": pair_stdp(eta=0.005),
        "power law 0.05": pair_stdp(eta=0.005, mu_plus=0.05, mu_minus=0.05),
        "multiplicative": pair_stdp(eta=0.005, mu_plus=1, mu_minus=1),
    }


def poisson_network(rule: PlasticityRule, n: int) -> NetworkSpec:
    """Return the cell of Song et al. (2000) with ``n`` plastic inputs at 15 Hz."""
    cell = conductance_lif(
        tau=20 * ms, v_rest=-70 * mV, v_reset=-60 * mV, v_t=-54 * mV, refractory=False,
        e_rev=0 * mV, i_rev=-70 * mV, tau_e=5 * ms, tau_i=5 * ms, v_init=-70 * mV,
    )  # fmt: skip
    return NetworkSpec(
        populations=[
            PoissonSource(name="exc", n=n, rates="15*Hz"),
            PoissonSource(name="inh", n=200, rates="10*Hz"),
            Population(name="cell", n=1, model=cell),
        ],
        projections=[
            DenseProjection(
                name="learn", source="exc", target="cell", transmit="ge_post += g*w",
                parameters={"g": 15.0 / n}, rule=rule, initial={"w": 0.6},
            ),
            DenseProjection(
                name="inhibit", source="inh", target="cell", transmit="gi_post += g",
                parameters={"g": 0.05},
            ),
        ],
        trial=Trial(duration=1 * second),
        records=[SpikeCount(population="cell")],
    )  # fmt: skip


def measure_poisson(protocol: Protocol, seed: int) -> tuple[dict[str, Array], dict[str, float]]:
    """Return final weights and the rate of the cell under each rule."""
    arrays, metrics = {}, {}
    for k, (name, rule) in enumerate(poisson_rules().items()):
        program = Program(poisson_network(rule, protocol.inputs), dt=0.5 * ms)
        start = program.initial_state(seed=seed)
        state, record = program(start, n_samples=protocol.seconds, seed=seed)
        weights = state["learn.w"].ravel().astype(float)
        arrays[f"poisson_{k}"] = weights
        key = name.replace(" ", "_").replace(".", "_")
        metrics[f"rate_{key}_hz"] = float(record["cell.count"][-10:].mean())
        metrics[f"near_bounds_{key}"] = float(np.mean((weights < 0.2) | (weights > 0.8)))
    return arrays, metrics


def measure_balance(protocol: Protocol, seed: int) -> tuple[dict[str, Array], float]:
    """Return the rate in every second while inhibition learns towards 8 Hz, and its late mean."""
    target = 8.0
    song = poisson_network(vogels_stdp(), 1)
    cell = next(p.model for p in song.populations if isinstance(p, Population))
    network = NetworkSpec(
        populations=[
            PoissonSource(name="exc", n=800, rates="5*Hz"),
            PoissonSource(name="inh", n=800, rates="10*Hz"),
            Population(name="cell", n=4, model=cell),
        ],
        projections=[
            DenseProjection(
                name="drive", source="exc", target="cell", transmit="ge_post += g",
                parameters={"g": 0.025},
            ),
            DenseProjection(
                name="learn", source="inh", target="cell", transmit="gi_post += g*w",
                parameters={"g": 0.003}, rule=vogels_stdp(eta=0.02, rate=target * Hz, w_max=100),
            ),
        ],
        trial=Trial(duration=1 * second),
        records=[SpikeCount(population="cell")],
    )  # fmt: skip
    program = Program(network, dt=0.5 * ms)
    start = program.initial_state(seed=seed)
    _, record = program(start, n_samples=protocol.balance_seconds, seed=seed)
    rates = record["cell.count"].mean(axis=1)
    arrays = {"balance_rate": rates, "balance_target": np.array(target)}
    return arrays, float(rates[-protocol.balance_seconds // 2 :].mean())


def compute(args: argparse.Namespace) -> Results:
    """Run all protocols."""
    protocol = PROTOCOLS[args.scale]
    arrays = measure_windows(protocol)
    arrays |= measure_frequencies()
    arrays |= measure_rates(protocol, args.seed)
    arrays |= measure_clamp(protocol)
    arrays |= measure_delays()
    arrays |= measure_triplets()
    arrays |= measure_short_term()
    weights, metrics = measure_poisson(protocol, args.seed)
    balance, metrics["rate_vogels_hz"] = measure_balance(protocol, args.seed)
    arrays |= weights | balance
    windows = len(window_rules())
    metrics["window_error"] = max(
        float(np.abs(arrays[f"window_{k}"] - arrays[f"window_{k}_closed"]).max())
        for k in range(windows)
    )
    metrics["clamp_error"] = float(np.abs(arrays["clamp_change"] - arrays["clamp_closed"]).max())
    reward = arrays["delay_change"] - np.exp(-arrays["delay"])
    metrics["delay_error"] = float(np.abs(reward).max())
    for name in ("up", "down"):
        metrics[f"triplet_50_hz_{name}"] = float(arrays[f"frequency_triplet_{name}"][-1])
        metrics[f"triplet_0_1_hz_{name}"] = float(arrays[f"frequency_triplet_{name}"][0])
    paper = {}
    for name, lag in (("up", 10), ("down", -10)):
        paper[f"triplet_0_1_hz_{name}"] = SJOESTROEM[lag][0][0]
        paper[f"triplet_50_hz_{name}"] = SJOESTROEM[lag][0][-1]
    return Results(
        metrics=metrics,
        paper=paper,
        parameters={
            **vars(protocol),
            "windows": list(window_rules()),
            "poisson": list(poisson_rules()),
        },
        arrays=arrays,
    )


EXPERIMENT = Experiment(
    name="rules",
    title="Gallery of learning rules: windows, protocols, weight distributions",
    reference="Song 2000; Pfister & Gerstner 2006; Izhikevich 2007; Clopath 2010; Vogels 2011",
    costs={"smoke": "20 s", "quick": "1 min"},
    datasets=("none",),
    compute=compute,
    draw=draw,
)
