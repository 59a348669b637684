"""Izhikevich (2007): reward that comes seconds later finds the synapse that earned it."""

from __future__ import annotations

import shutil
from collections import deque

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import NetworkSpec, Population, Program, SparseProjection, SpikeRecord, Trial
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import dopamine_stdp

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("g++") or shutil.which("clang++")), reason="no C++ compiler"
    ),
]

N, N_EXC, N_SYNAPSES, CHUNK = 1000, 800, 100, 0.1

CELL = NeuronModel(
    name="izhikevich-noisy",
    equations="v : 1\nu : 1\ni_in : 1\na : 1\nd : 1",
    threshold="v >= 30",
    reset="v = -65; u += d",
    update="""
        drive = i_in + 13*(rand() - 0.5)
        v = v + 0.5*(0.04*v**2 + 5*v + 140 - u + drive)
        v = v + 0.5*(0.04*v**2 + 5*v + 140 - u + drive)
        u = u + a*(0.2*v - u)
        i_in = 0
    """,
    initial={
        "v": -65.0,
        "u": -13.0,
        "a": lambda rng, n: np.where(np.arange(n) < N_EXC, 0.02, 0.1),
        "d": lambda rng, n: np.where(np.arange(n) < N_EXC, 8.0, 2.0),
    },
)


def connect(rng):
    """Excitatory cells reach 100 cells anywhere, inhibitory ones 100 excitatory cells."""
    pairs = [
        (pre, post)
        for pre in range(N)
        for post in np.sort(rng.choice(N if pre < N_EXC else N_EXC, N_SYNAPSES, replace=False))
    ]
    pre, post = np.array(pairs).T
    return {"exc": (pre[pre < N_EXC], post[pre < N_EXC]), "inh": (pre[pre >= N_EXC],
            post[pre >= N_EXC])}  # fmt: skip


def test_the_rewarded_synapse_climbs_while_the_others_stay_low():
    rng = np.random.default_rng(0)
    pairs = connect(rng)
    spec = NetworkSpec(
        populations=[Population(name="cells", n=N, model=CELL)],
        projections=[
            SparseProjection(
                name="exc", source="cells", target="cells", transmit="i_in_post += w",
                pre=pairs["exc"][0], post=pairs["exc"][1], rule=dopamine_stdp(),
                initial={"w": 1.0},
            ),
            SparseProjection(
                name="inh", source="cells", target="cells", transmit="i_in_post += w",
                pre=pairs["inh"][0], post=pairs["inh"][1], initial={"w": -1.0},
            ),
        ],
        trial=Trial(duration=CHUNK * 1000 * ms),
        records=[SpikeRecord(population="cells")],
    )  # fmt: skip
    program = Program(spec, dt=1 * ms)
    state = program.initial_state(seed=0)
    assert "exc.c" in state, "eligibilities must survive from one call to the next"
    watched = 0
    source, target = int(pairs["exc"][0][watched]), int(pairs["exc"][1][watched])
    state["exc.w"][watched] = 0.0
    rewards: deque[float] = deque()
    last_source, curve = -np.inf, []
    for chunk in range(36_000):
        now = chunk * CHUNK
        while rewards and rewards[0] <= now:
            rewards.popleft()
            state["exc.dopamine"] = state["exc.dopamine"] + 0.5
        state, record = program(state, n_samples=1, seed=1)
        cells = record["cells.spike_cell"]
        for index in np.flatnonzero((cells == source) | (cells == target)):
            time = now + record["cells.spike_time"][index]
            if cells[index] == source:
                last_source = time
            elif time - last_source <= 0.02:
                rewards.append(time + rng.uniform(1, 3))
        if chunk % 1000 == 999:
            curve.append((float(state["exc.w"][watched]), float(state["exc.w"].mean())))
            if curve[-1][0] > 3.9:
                break
    print(f"after {now:.0f} s: watched {curve[-1][0]:.2f}, mean {curve[-1][1]:.2f}", curve)
    assert curve[-1][0] > 3.9
    assert curve[-1][1] < 1.5
