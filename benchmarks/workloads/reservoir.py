"""A reservoir: 2,000 chaotic Izhikevich cells with dense weights that stay, in steps of 0.04 ms.

``python -m benchmarks.workloads.reservoir --contender ours --seconds 2 --seed 0``

The recurrent network of Nicola and Clopath (2017, doi 10.1038/s41467-017-01827-3) before it learns:
their cell, forward Euler, a double exponential filter of every cell's input and a constant current.
Their weights connect a tenth of all pairs; here all pairs are connected, with weights of the same
variance per cell, as their program stores and reads them.

All contenders get the same weights and initial voltages and take the same steps, so that they
differ by rounding, which makes spike trains of a chaotic network part soon; rates must agree.

``ours`` is a `Program` in float32. ``hand`` is ``reservoir.cpp``: float32, loops that vectorise,
the compiler flags of the engine, a row of weights per spike. ``brian2`` is stock Brian2 in C++
standalone mode with one thread, in float64, its default.
"""

from __future__ import annotations

import time
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import ms, mV, nS, pA, pF
from numpy.typing import NDArray

from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, SpikeCount, Trial
from bioplastic.neurons import NeuronModel

from . import common

__all__ = ["draw_network", "main", "network_spec"]

N, STEP = 2000, 0.04 * ms
GAIN, DENSITY = 5000 * pA * ms, 0.1
PARAMETERS = dict(
    c_m=250 * pF, k=2.5 * nS / mV, v_r=-60 * mV, v_t=-19.2 * mV, v_peak=30 * mV, a=0.01 / ms,
    b=-2 * nS, c=-65 * mV, d=200 * pA, bias=1000 * pA, tau_rise=2 * ms, tau_decay=20 * ms,
)  # fmt: skip
EQUATIONS = """
    dv/dt = (k*(v - v_r)*(v - v_t) - u + i_syn + bias)/c_m : volt
    du/dt = a*(b*(v - v_r) - u) : amp
    di_syn/dt = g - i_syn/tau_rise : amp
    dg/dt = -g/tau_decay : amp/second
"""
CELL = dict(threshold="v >= v_peak", reset="v = c; u += d", method="euler")


def draw_network(seed: int, n: int = N) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return initial voltages (volt) and weights (ampere per second), pre by post."""
    rng = np.random.default_rng(seed)
    v = (-0.06 + 0.09 * rng.random(n)).astype(np.float32)
    jump = GAIN / np.sqrt(n * DENSITY) / (PARAMETERS["tau_rise"] * PARAMETERS["tau_decay"])
    return v, float(jump) * rng.standard_normal((n, n), dtype=np.float32)


def network_spec(v: NDArray[np.float32], w: NDArray[np.float32]) -> NetworkSpec:
    """Return the network for the engine; a trial is a second."""
    cell = NeuronModel(
        name="cell", equations=EQUATIONS, parameters=PARAMETERS, initial={"v": v * b2.volt}, **CELL
    )
    recurrent = DenseProjection(
        name="recurrent", source="cell", target="cell", transmit="g_post += w*amp/second",
        initial={"w": w},
    )  # fmt: skip
    return NetworkSpec(
        populations=[Population(name="cell", n=v.size, model=cell)],
        projections=[recurrent],
        trial=Trial(duration=1 * b2.second),
        records=[SpikeCount(population="cell")],
    )


def ours(arguments: common.Arguments) -> dict[str, Any]:
    """Run the engine."""
    v, w = draw_network(arguments.seed)
    program = Program(network_spec(v, w), dt=STEP)
    state = program.initial_state()
    cpu = time.process_time()
    _, record = program(state, n_samples=1, duration=arguments.seconds * b2.second)
    return dict(
        cpu_seconds_simulation=time.process_time() - cpu,
        rate_hz=float(record["cell.total"]) / arguments.seconds / N,
        built=program.built,
    )


def hand(arguments: common.Arguments) -> dict[str, Any]:
    """Run the hand-written program."""
    parameters = [float(STEP), *(float(value) for value in PARAMETERS.values())]
    arrays = [np.array(parameters, dtype=np.float32), *draw_network(arguments.seed)]
    return common.run_by_hand("reservoir.cpp", arguments.seconds, arrays)


def brian2(arguments: common.Arguments) -> dict[str, Any]:
    """Run stock Brian2."""
    v, w = draw_network(arguments.seed)
    with common.standalone("reservoir", STEP) as run:
        cell = b2.NeuronGroup(N, EQUATIONS, namespace=PARAMETERS, **CELL)
        cell.v = v * b2.volt
        recurrent = b2.Synapses(cell, cell, "w : amp/second", on_pre="g_post += w")
        recurrent.connect()
        recurrent.w = w.ravel() * b2.amp / b2.second
        spikes = b2.SpikeMonitor(cell, record=False)
        cpu = run(b2.Network(cell, recurrent, spikes), arguments.seconds * b2.second)
        rate = spikes.num_spikes / arguments.seconds / N
    return dict(cpu_seconds_simulation=cpu, rate_hz=rate)


def main() -> None:
    """Run one contender and print one line of JSON."""
    common.main(__doc__ or "", {"ours": ours, "hand": hand, "brian2": brian2})


if __name__ == "__main__":
    main()
