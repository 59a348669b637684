"""A sparse recurrent plastic network: 8,000 excitatory and 2,000 inhibitory cells, 2 % connected.

``python -m benchmarks.workloads.sparse --contender ours --seconds 10 --seed 0``

Leaky cells whose rest lies above their threshold are kept from firing regularly by inhibition, as
in Vogels and Abbott (2005, doi 10.1523/JNEUROSCI.3508-05.2005): currents that decay with 5 ms
(excitation) and 10 ms (inhibition), refractory for 5 ms, 0.1 ms steps, no noise. A fifth of all
cells inhibits; every pair is connected with a probability of 0.02, and a spike arrives after 1.5
ms. With 2.5 times their number of synapses, ours are weaker, so that cells fire at about 4 Hz. The
1.28 million synapses between excitatory cells learn by additive pair STDP with all-to-all pairing
(20 ms; the presynaptic trace rises when the spike arrives), clipped to [0, 1]; the others stay.

All contenders get the same cells, synapses and initial values and take the same steps (voltages
integrated exactly for the currents at the beginning of a step, exact decays, depression before
potentiation within a step), so that they differ by rounding alone, which makes spike trains part
after some hundred milliseconds. Rates and weights must agree.

``ours`` is a `Program` in float32. ``hand`` is ``sparse.cpp``: synapses sorted by presynaptic cell
with an index by postsynaptic cell, one trace per cell and side, a ring of spikes for the delay,
float32, loops that vectorise, the compiler flags of the engine. ``brian2`` is stock Brian2 in C++
standalone mode with one thread and traces on cells, in float64, its default; the presynaptic trace
gets its delay from a projection of every cell to itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import ms, mV
from numpy.typing import NDArray

from bioplastic.engine import NetworkSpec, Population, Program, SparseProjection, SpikeCount, Trial
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity import pair_stdp

from . import common

__all__ = ["Network", "draw_network", "main"]

N_EXC, N_INH, P_CONNECT = 8000, 2000, 0.02
STEP, DELAY, REFRACTORY = 0.1 * ms, 1.5 * ms, 5 * ms
TAU_V, TAU_E, TAU_I, TAU_X = 20 * ms, 5 * ms, 10 * ms, 20 * ms
REST, THRESHOLD, RESET = -49 * mV, -50 * mV, -60 * mV
#: What a spike adds: at a plastic synapse of weight 1, at other excitatory and inhibitory ones.
G_PLASTIC, G_EXC, G_INH = 1.2 * mV, 0.6 * mV, -3.2 * mV
SENT = {
    "exc_exc": ("ge", G_PLASTIC), "exc_inh": ("ge", G_EXC), "inh_exc": ("gi", G_INH),
    "inh_inh": ("gi", G_INH),
}  # fmt: skip
ETA, RATIO = 0.01, 1.05
NAMESPACE = dict(
    tau_v=TAU_V, tau_e=TAU_E, tau_i=TAU_I, tau_x=TAU_X, v_rest=REST, v_t=THRESHOLD, v_r=RESET,
    eta=ETA, ratio=RATIO,
)  # fmt: skip
EQUATIONS = """
    dv/dt = (v_rest + ge + gi - v)/tau_v : volt (unless refractory)
    dge/dt = -ge/tau_e : volt
    dgi/dt = -gi/tau_i : volt
"""
TRACES = """
    dx_plus/dt = -x_plus/tau_x : 1
    dx_minus/dt = -x_minus/tau_x : 1
"""
Pairs = tuple[NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True)
class Network:
    """What all contenders get: pairs per projection, weights in [0, 1], voltages in volt."""

    pairs: dict[str, Pairs]
    w: NDArray[np.float32]
    v: dict[str, NDArray[np.float32]]


def draw_network(seed: int, n_exc: int = N_EXC, n_inh: int = N_INH) -> Network:
    """Draw connectivity and initial values; nobody projects to itself."""
    rng = np.random.default_rng(seed)
    sizes = {"exc": n_exc, "inh": n_inh}
    pairs = {}
    for source, n_source in sizes.items():
        for target, n_target in sizes.items():
            rows = []
            for i in range(n_source):
                chosen = rng.random(n_target, dtype=np.float32) < P_CONNECT
                if source == target:
                    chosen[i] = False
                rows.append(np.flatnonzero(chosen))
            pre = np.repeat(np.arange(n_source, dtype=np.int32), [row.size for row in rows])
            pairs[f"{source}_{target}"] = pre, np.concatenate(rows).astype(np.int32)
    w = rng.random(pairs["exc_exc"][0].size, dtype=np.float32)
    v = {name: (-0.06 + 0.01 * rng.random(n)).astype(np.float32) for name, n in sizes.items()}
    return Network(pairs, w, v)


def _outcome(
    cpu: float, seconds: float, spikes: Mapping[str, float], w: NDArray[Any], **more: Any
) -> dict[str, Any]:
    return dict(
        cpu_seconds_simulation=cpu,
        rate_hz=spikes["exc"] / seconds / N_EXC,
        rate_inh_hz=spikes["inh"] / seconds / N_INH,
        weight_mean=float(np.mean(w, dtype=float)),
        weight_std=float(np.std(w, dtype=float)),
        **more,
    )


def network_spec(network: Network, seconds: float) -> NetworkSpec:
    """Return the network for the engine."""
    cell = NeuronModel(
        name="cell", equations=EQUATIONS, threshold="v > v_t", reset="v = v_r",
        refractory=REFRACTORY, method="exponential_euler",
        parameters={k: NAMESPACE[k] for k in ("tau_v", "tau_e", "tau_i", "v_rest", "v_t", "v_r")},
    )  # fmt: skip
    projections = []
    for name, (pre, post) in network.pairs.items():
        source, _, target = name.partition("_")
        learns: dict[str, Any] = {"parameters": {"w": 1}}
        if name == "exc_exc":
            rule = pair_stdp(eta=ETA, a_minus=RATIO, tau_plus=TAU_X, tau_minus=TAU_X)
            learns = {"rule": rule, "initial": {"w": network.w}}
        conductance, g = SENT[name]
        learns["parameters"] = {"g": g, **learns.get("parameters", {})}
        projections.append(
            SparseProjection(
                name=name, source=source, target=target, pre=pre, post=post, delay=DELAY,
                transmit=f"{conductance}_post += g*w", **learns,
            )
        )  # fmt: skip
    return NetworkSpec(
        populations=[Population(name=name, n=v.size, model=cell) for name, v in network.v.items()],
        projections=projections,
        trial=Trial(duration=seconds * b2.second),
        records=[SpikeCount(population="exc"), SpikeCount(population="inh")],
    )


def ours(arguments: common.Arguments) -> dict[str, Any]:
    """Run the engine."""
    network = draw_network(arguments.seed)
    program = Program(network_spec(network, 1.0), dt=STEP)
    state = program.initial_state()
    for name, v in network.v.items():
        state[f"{name}.v"] = v
    program(state, n_samples=1, duration=10 * ms)  # sorts the synapses
    cpu = time.process_time()
    state, record = program(state, n_samples=1, duration=arguments.seconds * b2.second)
    cpu = time.process_time() - cpu
    spikes = {name: float(record[f"{name}.total"]) for name in network.v}
    return _outcome(cpu, arguments.seconds, spikes, state["exc_exc.w"], built=program.built)


def hand(arguments: common.Arguments) -> dict[str, Any]:
    """Run the hand-written program."""
    network = draw_network(arguments.seed)
    keep = [np.exp(-float(STEP / tau)) for tau in (TAU_V, TAU_E, TAU_I, TAU_X)]
    volts = [float(x) for x in (REST, THRESHOLD, RESET, G_PLASTIC, G_EXC, G_INH)]
    steps = [round(float(time / STEP)) for time in (REFRACTORY, DELAY)]
    parameters = [*keep, *volts, ETA, ETA * RATIO, *steps]
    arrays: list[NDArray[Any]] = [np.array(parameters, dtype=np.float32)]
    for name, (pre, post) in network.pairs.items():
        size = network.v[name.partition("_")[0]].size
        arrays += [np.searchsorted(pre, np.arange(size + 1)).astype(np.int32), post]
    arrays += [network.w, network.v["exc"], network.v["inh"]]
    return common.run_by_hand("sparse.cpp", arguments.seconds, arrays)


def brian2(arguments: common.Arguments) -> dict[str, Any]:
    """Run stock Brian2."""
    network = draw_network(arguments.seed)
    with common.standalone("sparse", STEP) as run:
        objects = stock_network(network)
        monitors = [
            b2.SpikeMonitor(group, record=False, name=f"{group.name}_spikes")
            for group in objects
            if isinstance(group, b2.NeuronGroup)
        ]
        cpu = run(b2.Network(objects + monitors), arguments.seconds * b2.second)
        spikes = {monitor.source.name: float(monitor.num_spikes) for monitor in monitors}
        w = np.array(next(o for o in objects if o.name == "exc_exc").w)
    return _outcome(cpu, arguments.seconds, spikes, w)


def stock_network(network: Network) -> list[Any]:
    """Return the Brian2 objects."""
    groups, objects = {}, []
    for name, v in network.v.items():
        plastic = name == "exc"
        groups[name] = group = b2.NeuronGroup(
            v.size,
            EQUATIONS + plastic * TRACES,
            threshold="v > v_t", reset="v = v_r" + plastic * "; x_minus += 1",
            refractory=REFRACTORY, method="exponential_euler", namespace=NAMESPACE, name=name,
        )  # fmt: skip
        group.v = v * b2.volt
        objects.append(group)
    tell = b2.Synapses(
        groups["exc"], groups["exc"], on_pre="x_plus_post += 1", delay=DELAY, name="tell"
    )
    tell.connect(j="i")
    tell.pre.order = -1
    objects.append(tell)
    for name, (pre, post) in network.pairs.items():
        source, _, target = name.partition("_")
        conductance, g = SENT[name]
        learns = name == "exc_exc"
        weight = "*w\nw = clip(w - eta*ratio*x_minus_post, 0, 1)" if learns else ""
        synapses = b2.Synapses(
            groups[source], groups[target], "w : 1" if learns else "",
            on_pre={"pre": f"{conductance}_post += g{weight}"},
            on_post={"post": "w = clip(w + eta*x_plus_pre, 0, 1)"} if learns else None,
            delay={"pre": DELAY}, namespace={**NAMESPACE, "g": g}, name=name,
        )  # fmt: skip
        synapses.connect(i=pre, j=post)
        if learns:
            synapses.w = network.w
        objects.append(synapses)
    return objects


CONTENDERS = {"ours": ours, "hand": hand, "brian2": brian2}


def main() -> None:
    """Run one contender and print one line of JSON."""
    common.main(__doc__ or "", CONTENDERS)


if __name__ == "__main__":
    main()
