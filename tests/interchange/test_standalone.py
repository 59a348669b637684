"""A stock C++ standalone project beside the numpy target: they share no generated code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    SpikeCount,
    SpikeRecord,
    StateRecord,
    Trial,
    UniformProjection,
)
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import pair_stdp
from bioplastic.signals import AnalogueSource, PoissonSource, SpikeListSource

DT = 0.5 * ms
LEAKY = NeuronModel(
    name="leaky",
    equations="""dv/dt = (10*mV*g + drive - v)/tau : volt (unless refractory)
                 dg/dt = -g/(5*ms) : 1
                 drive : volt""",
    threshold="v > 8*mV", reset="v = 0*mV; g *= 0.9", refractory=2 * ms, method="euler",
    parameters={"tau": 10 * ms}, initial={"v": lambda rng, n: 8 * rng.random(n) * mV},
)  # fmt: skip


def network() -> NetworkSpec:
    """What a project takes: constant rates, lists, currents; delays, learning, inhibition, sums."""
    start = {"w": lambda rng, shape: rng.random(shape)}
    stdp = pair_stdp(w_max=1)
    trace = "dz/dt = -z/(20*ms) : 1 (event-driven)"
    eligible = replace(
        stdp, name="eligible", synapse=f"{stdp.synapse}\n{trace}", on_pre=f"{stdp.on_pre}\nz += w"
    )
    return NetworkSpec(
        populations=[
            PoissonSource(name="noise", n=6, rates="x*Hz", inputs={"x": "float64"}),
            SpikeListSource(name="given", n=4),
            AnalogueSource(name="current", n=5, variable="x", unit=mV),
            Population(name="cells", n=5, model=LEAKY, inputs={"drive": "current"}),
        ],
        projections=[
            DenseProjection(name="feed", source="noise", target="cells", transmit="g_post += w",
                            rule=pair_stdp(w_max=1), initial=start),
            SparseProjection(name="late", source="given", target="cells", rule=eligible,
                             pre=[0, 0, 2, 3], post=[1, 2, 4, 0], transmit="g_post += w",
                             delay=3 * DT, initial=start),
            UniformProjection(name="inhibit", source="cells", target="cells",
                              pattern="all_but_self", transmit="g_post += -0.1"),
        ],
        trial=Trial(duration=40 * ms),
        records=[SpikeRecord(population="cells"), SpikeCount(population="cells"),
                 SpikeRecord(population="noise"),
                 StateRecord(population="cells", variable="v", every=4),
                 StateRecord(projection="feed", variable="w", every=8, when="start")],
    )  # fmt: skip


@pytest.mark.slow  # two minutes of the compiler, most of it Brian2's templates
def test_a_project_does_what_the_numpy_target_does() -> None:
    rng = np.random.default_rng(2)
    spikes = [(np.arange(36) % 4, np.arange(36) * ms), (np.array([1, 3]), np.array([2, 30]) * ms)]
    inputs = {"given": spikes, "current": 4 * rng.random((2, 80, 5)) * mV,
              "x": np.full((2, 6), 60.0)}  # fmt: skip
    results = []
    for target in ("numpy", "standalone"):
        program = Program(network(), dt=DT, dtype="float64", target=target)
        state, first = program(program.initial_state(seed=3), inputs, seed=5)
        inputs_again = {**inputs, "x": np.full((2, 6), 200.0)}
        state, second = program(state, inputs_again, seed=5)  # the project is not compiled again
        results.append((state, first, second))
    (state, *records), (state_, *records_) = results
    assert len(records[0]["cells.spike_time"]) > 10
    for key in state:
        np.testing.assert_allclose(state_[key], state[key], rtol=1e-9, atol=1e-12, err_msg=key)
    for ours, theirs in zip(records, records_, strict=True):
        for key in ours:
            np.testing.assert_allclose(theirs[key], ours[key], rtol=1e-9, atol=1e-12, err_msg=key)
    assert not np.allclose(records[0]["feed.w"][0, -1], records[1]["feed.w"][-1, -1])
