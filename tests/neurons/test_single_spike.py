"""First-spike coding: one spike per trial, at the time the inputs add up to the threshold."""

from __future__ import annotations

import numpy as np
from brian2 import ms

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SpikeRecord,
    Trial,
)
from bioplastic.neurons import FRESH_START, single_spike
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import SpikeListSource


def test_latencies_are_the_times_at_which_sorted_inputs_reach_the_threshold():
    rng = np.random.default_rng(0)
    n_in, n_out, steps, trials = 12, 4, 50, 5
    weights = rng.uniform(0, 1, (n_in, n_out))
    theta = np.array([1.0, 2.0, 3.0, 100.0])
    times = rng.integers(0, steps - 2, (trials, n_in))
    start = PlasticityRule(name="start", on_trial_start=FRESH_START)
    spec = NetworkSpec(
        populations=[
            SpikeListSource(name="x", n=n_in),
            Population(name="out", n=n_out, model=single_spike()),
        ],
        projections=[
            DenseProjection(
                name="w",
                source="x",
                target="out",
                transmit="i_in_post += w",
                rule=start,
                initial={"w": lambda rng, shape: weights},
            )
        ],
        trial=Trial(duration=steps * ms),
        records=[SpikeRecord(population="out")],
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target="numpy")
    state = program.initial_state()
    state["out.theta"] = theta
    inputs = {"x": [(np.arange(n_in), row * 1e-3) for row in times]}
    _, record = program({**state}, inputs)
    for trial in range(trials):
        here = record["out.spike_trial"] == trial
        found = dict(
            zip(record["out.spike_cell"][here], record["out.spike_time"][here], strict=True)
        )
        potential = np.array([weights[times[trial] < t].sum(axis=0) for t in range(steps)])
        for cell in range(n_out):
            reached = np.flatnonzero(potential[:, cell] >= theta[cell])
            assert (cell in found) == (reached.size > 0)
            if reached.size:
                assert round(found[cell] * 1e3) == reached[0]
    assert 3 not in record["out.spike_cell"]
