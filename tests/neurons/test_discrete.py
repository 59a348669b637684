"""Discrete-time neurons against their recursion."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import NetworkSpec, Population, Program, SpikeRecord, StateRecord, Trial
from bioplastic.neurons import discrete_alif, discrete_lif


@pytest.mark.parametrize("beta", [0.0, 0.4], ids=["lif", "alif"])
def test_recursion(beta):
    steps, drives = 80, np.array([0.0, 0.08, 0.15, 0.6])
    if beta:
        model = discrete_alif(tau_m=10 * ms, tau_a=30 * ms, beta=beta)
    else:
        model = discrete_lif(tau_m=10 * ms)
    records = [SpikeRecord(population="c"), StateRecord(population="c", variable="v")]
    spec = NetworkSpec(
        populations=[Population(name="c", n=4, model=model)],
        projections=[],
        trial=Trial(duration=steps * ms),
        records=records,
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target="numpy")
    state = program.initial_state()
    state["c.i_ext"] = drives
    _, record = program(state, n_samples=1)
    v = a = z = np.zeros(4)
    spikes = 0
    for t in range(steps):
        v, a = np.exp(-0.1) * v + drives - z, np.exp(-1 / 30) * a + z
        z = (v > 1 + beta * a).astype(float)
        np.testing.assert_allclose(record["c.v"][0, t], v, atol=1e-12)
        fired = record["c.spike_cell"][np.isclose(record["c.spike_time"], t * 1e-3)]
        assert fired.tolist() == np.flatnonzero(z).tolist()
        spikes += int(z.sum())
    assert spikes > 10
    assert record["c.spike_cell"].min() > 0
