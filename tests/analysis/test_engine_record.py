"""The engine's own record as spike trains and labelled arrays, beside counting by hand."""

from __future__ import annotations

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic.analysis import SpikeTrains, mean_rates, to_spike_trains, to_xarray
from bioplastic.engine import (
    NetworkSpec,
    Population,
    Program,
    SpikeCount,
    SpikeRecord,
    StateRecord,
    Trial,
)
from bioplastic.neurons.model import NeuronModel

CELL = NeuronModel(
    name="driven",
    equations="dv/dt = (drive - v)/tau : volt\ndrive : volt",
    threshold="v > 10*mV",
    reset="v = 0*mV",
    parameters={"tau": 10 * ms},
    initial={"drive": np.array([15, 20, 25]) * mV},
)


@pytest.fixture(scope="module")
def ran():
    network = NetworkSpec(
        populations=[Population(name="exc", n=3, model=CELL)],
        projections=[],
        trial=Trial(duration=50 * ms),
        records=[
            SpikeRecord(population="exc"),
            SpikeCount(population="exc"),
            StateRecord(population="exc", variable="v", every=5),
        ],
    )
    program = Program(network, dt=0.1 * ms, target="numpy")
    return program, program(program.initial_state(), n_samples=4)[1]


def test_spikes_of_a_program_are_those_of_its_counts_and_of_brian2(ran):
    program, record = ran
    trains = to_spike_trains(record, program)
    assert (trains.n_units, trains.n_trials) == (3, 4)
    np.testing.assert_array_equal(trains.counts(), record["exc.count"])
    b2.prefs.codegen.target = "numpy"
    group = b2.NeuronGroup(
        3, "dv/dt = (drive - v)/(10*ms) : volt\ndrive : volt", threshold="v > 10*mV",
        reset="v = 0*mV", method="euler", dt=0.1 * ms,
    )  # fmt: skip
    group.drive = [15, 20, 25] * mV
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, monitor).run(50 * ms)
    expected = SpikeTrains.from_monitor(monitor)
    for unit in range(3):
        np.testing.assert_allclose(trains.of_unit(unit), expected.of_unit(unit), atol=1e-9)
    joined = to_spike_trains(record, program, "exc", join=True)
    assert (joined.n_trials, joined.t_stop) == (1, pytest.approx(0.2))
    np.testing.assert_allclose(mean_rates(joined), mean_rates(trains))
    np.testing.assert_allclose(
        joined.of_unit(2), np.concatenate([trains.of_unit(2, k) + 0.05 * k for k in range(4)])
    )
    with pytest.raises(ValueError, match=r"must be one of \['exc'\], got 'inh'"):
        to_spike_trains(record, program, "inh")


def test_states_have_names_and_times(ran):
    program, record = ran
    found = to_xarray(record, program)
    assert found["exc.v"].dims == ("sample", "time", "exc")
    np.testing.assert_allclose(found["time"], np.arange(1, 101) * 0.5e-3)
    np.testing.assert_array_equal(found["exc.v"], record["exc.v"])
    # before its first spike a cell follows the closed form of Euler's steps
    early = found["exc.v"].isel(sample=0, exc=0).sel(time=5e-3, method="nearest")
    assert float(early) == pytest.approx(15e-3 * (1 - 0.99**50), rel=1e-5)
    assert found["exc.count"].dims == ("sample", "exc")
