"""A dopamine network: 1,000 Poisson inputs onto 100 cells, with an eligibility per synapse.

``python -m benchmarks.workloads.dopamine --contender ours --seconds 10 --seed 0``

Pairs of spikes change the eligibility ``c`` of a synapse (traces of 20 ms on the cells), which
decays with a second; once a millisecond the weight follows it in proportion to dopamine, clipped to
[0, 1]. A reward comes once a second: dopamine jumps and decays with 200 ms to a tonic level. That
is the learning of Izhikevich (2007, doi 10.1093/cercor/bhl152), with smaller steps; cells are leaky
and take the weights of spikes as jumps of their voltage. Steps of 0.1 ms.

All contenders get the same initial weights and take the same steps (exact decays, depression before
potentiation within a step, learning at the end of a millisecond); inputs are drawn by each. Rates
and weights must agree.

``ours`` is a `Program` in float32. ``hand`` is ``dopamine.cpp``: float32, aligned arrays, loops
that vectorise, the compiler flags of the engine, traces on the cells, inputs drawn by the gaps
between spikes, decay and learning in one pass. ``brian2`` is stock Brian2 in C++ standalone mode
with one thread, in float64, its default, with traces on the cells and learning run once a
millisecond.
"""

from __future__ import annotations

import time
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import Hz, ms, second
from numpy.typing import NDArray

from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, SpikeCount, Trial
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import PoissonSource

from . import common

__all__ = ["draw_weights", "main", "network_spec"]

N_INPUTS, N_CELLS = 1000, 100
STEP, INTERVAL, REWARDS = 0.1 * ms, 1 * ms, 1 * second
TAU_M, TAU_X, TAU_C, TAU_D = 10 * ms, 20 * ms, 1 * second, 200 * ms
RATE, GAIN = 10 * Hz, 0.018
A_PLUS, A_MINUS, BASELINE, REWARD, W_MAX = 0.001, 0.00105, 0.002, 0.5, 1.0
NAMESPACE = dict(
    tau_m=TAU_M, tau_x=TAU_X, tau_d=TAU_D, rate=RATE, gain=GAIN, a_plus=A_PLUS, a_minus=A_MINUS,
    baseline=BASELINE, reward=REWARD, w_max=W_MAX, keep_c=float(np.exp(-INTERVAL / TAU_C)),
)  # fmt: skip
LEARN = "w = clip(w + (baseline + {dopamine})*c, 0, w_max)\nc *= keep_c"
RULE = PlasticityRule(
    name="dopamine",
    synapse="w : 1\nc : 1",
    pre="dx_pre/dt = -x_pre/tau_x : 1",
    post="dx_post/dt = -x_post/tau_x : 1",
    modulators="ddopamine/dt = -dopamine/tau_d : 1 (shared)",
    on_pre="x_pre += 1; c -= a_minus*x_post",
    on_post="x_post += 1; c += a_plus*x_pre",
    every=LEARN.format(dopamine="dopamine"),
    interval=INTERVAL,
    on_trial_start="dopamine += reward",
    parameters={k: v for k, v in NAMESPACE.items() if k not in ("tau_m", "rate", "gain")},
)


def draw_weights(seed: int) -> NDArray[np.float32]:
    """Return initial weights, inputs by cells."""
    return np.random.default_rng(seed).random((N_INPUTS, N_CELLS), dtype=np.float32)


def network_spec(w: NDArray[np.float32]) -> NetworkSpec:
    """Return the network for the engine; a trial lasts from reward to reward."""
    cell = NeuronModel(
        name="cell", equations="dv/dt = -v/tau_m : 1", threshold="v > 1", reset="v = 0",
        method="exact", parameters={"tau_m": TAU_M},
    )  # fmt: skip
    feed = DenseProjection(
        name="feed", source="input", target="cell", transmit="v_post += gain*w", rule=RULE,
        parameters={"gain": GAIN}, initial={"w": w},
    )  # fmt: skip
    return NetworkSpec(
        populations=[
            PoissonSource(name="input", n=len(w), rates="rate", parameters={"rate": RATE}),
            Population(name="cell", n=w.shape[1], model=cell),
        ],
        projections=[feed],
        trial=Trial(duration=REWARDS),
        records=[SpikeCount(population="cell"), SpikeCount(population="input")],
    )


def ours(arguments: common.Arguments) -> dict[str, Any]:
    """Run the engine."""
    program = Program(network_spec(draw_weights(arguments.seed)), dt=STEP)
    state = program.initial_state()
    trials = round(arguments.seconds / float(REWARDS))
    cpu = time.process_time()
    state, record = program(state, n_samples=trials, seed=arguments.seed)
    cpu = time.process_time() - cpu
    spikes = {name: float(record[f"{name}.total"]) for name in ("cell", "input")}
    return _outcome(cpu, arguments.seconds, spikes, state["feed.w"], built=program.built)


def hand(arguments: common.Arguments) -> dict[str, Any]:
    """Run the hand-written program."""
    keep = [float(np.exp(-a / tau)) for a, tau in
            [(STEP, TAU_M), (STEP, TAU_X), (INTERVAL, TAU_C), (STEP, TAU_D)]]  # fmt: skip
    steps = [round(float(time / STEP)) for time in (INTERVAL, REWARDS)]
    parameters = [
        float(STEP), *keep, float(RATE), A_PLUS, A_MINUS, BASELINE, REWARD, W_MAX, GAIN, *steps
    ]  # fmt: skip
    arrays: list[NDArray[Any]] = [
        np.array(parameters, dtype=np.float32),
        draw_weights(arguments.seed),
    ]
    arrays.append(np.random.default_rng(arguments.seed).integers(1, 2**63, 1, dtype=np.uint64))
    return common.run_by_hand("dopamine.cpp", arguments.seconds, arrays)


def brian2(arguments: common.Arguments) -> dict[str, Any]:
    """Run stock Brian2."""
    with common.standalone("dopamine", STEP) as run:
        b2.seed(arguments.seed)
        inputs = b2.NeuronGroup(
            N_INPUTS, "dx/dt = -x/tau_x : 1", method="exact", threshold="rand() < rate*dt",
            reset="x += 1", namespace=NAMESPACE,
        )  # fmt: skip
        inputs.resetter["spike"].when = "before_synapses"  # so that a pair in one step counts
        cells = b2.NeuronGroup(
            N_CELLS,
            "dv/dt = -v/tau_m : 1\ndx/dt = -x/tau_x : 1\nddopamine/dt = -dopamine/tau_d : 1",
            threshold="v > 1", reset="v = 0; x += 1", method="exact", namespace=NAMESPACE,
        )  # fmt: skip
        cells.run_regularly("dopamine += reward", dt=REWARDS)
        feed = b2.Synapses(
            inputs, cells, "w : 1\nc : 1", on_pre="v_post += gain*w\nc -= a_minus*x_post",
            on_post="c += a_plus*x_pre", namespace=NAMESPACE,
        )  # fmt: skip
        feed.connect()
        feed.w = draw_weights(arguments.seed).ravel()
        feed.run_regularly(LEARN.format(dopamine="dopamine_post"), dt=INTERVAL, when="end")
        spikes = {
            "cell": b2.SpikeMonitor(cells, record=False),
            "input": b2.SpikeMonitor(inputs, record=False),
        }
        network = b2.Network(inputs, cells, feed, *spikes.values())
        cpu = run(network, arguments.seconds * second)
        counts = {name: float(monitor.num_spikes) for name, monitor in spikes.items()}
        return _outcome(cpu, arguments.seconds, counts, np.array(feed.w))


def _outcome(
    cpu: float, seconds: float, spikes: dict[str, float], w: NDArray[Any], **more: Any
) -> dict[str, Any]:
    return dict(
        cpu_seconds_simulation=cpu,
        rate_hz=spikes["cell"] / seconds / N_CELLS,
        rate_in_hz=spikes["input"] / seconds / N_INPUTS,
        weight_mean=float(np.mean(w, dtype=float)),
        weight_std=float(np.std(w, dtype=float)),
        **more,
    )


def main() -> None:
    """Run one contender and print one line of JSON."""
    common.main(__doc__ or "", {"ours": ours, "hand": hand, "brian2": brian2})


if __name__ == "__main__":
    main()
