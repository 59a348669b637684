"""What cells do beside integration and spikes: regular statements, events, random thresholds."""

from __future__ import annotations

from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    Regularly,
    SparseProjection,
    SpikeRecord,
    StateRecord,
    Trial,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import EventSource

DT, N = 0.5 * ms, 5
EQUATIONS = "dv/dt = (drive - v)/tau : volt (unless refractory)\ndrive : volt\nu : volt"
OPTIONS: dict[str, Any] = {
    "threshold": "v > 12*mV", "reset": "v = 0*mV", "refractory": 2 * ms, "method": "exact",
}  # fmt: skip
DRIVE = np.linspace(11, 20, N) * mV
CELL = NeuronModel(
    name="cell",
    equations=EQUATIONS,
    parameters={"tau": 6 * ms},
    initial={"drive": DRIVE},
    **OPTIONS,
)
REGULAR = {
    "start": ("v += 3*mV*exp(-t/(20*ms)); u = v", 3.5 * ms),
    "groups": ("u += 0.25*v", 1.5 * ms),
    "end": ("drive += (i + 1)*mV; u *= 0.5", 9 * ms),
}
#: Order 1 of the slot "groups" comes after the state update.
SLOTS = {"start": ("start", 0), "groups": ("groups", 1), "end": ("end", 0)}
BURST, AFTER = "u > 9*mV and not_refractory", "u = -1*mV; v -= 2*mV"
WEIGHTS = np.linspace(0.1, 1, N * N).reshape(N, N)
#: A rule whose traces live on the events.
RULE = PlasticityRule(
    name="rule", synapse="w : 1", pre="da_pre/dt = -a_pre/tau_a : 1",
    on_pre="a_pre += 1; w += 0.01*a_pre", parameters={"tau_a": 7 * ms},
)  # fmt: skip


def stock() -> dict[str, Any]:
    b2.prefs.codegen.target = "numpy"
    group = b2.NeuronGroup(
        N, EQUATIONS, events={"burst": BURST}, dt=DT, namespace={"tau": 6 * ms}, **OPTIONS
    )
    group.drive = DRIVE
    group.run_on_event("burst", AFTER)
    for when, (code, dt) in REGULAR.items():
        slot, order = SLOTS[when]
        group.run_regularly(code, dt=dt, when=slot, order=order)
    synapses = b2.Synapses(
        group, group, "w : 1\nda/dt = -a/(7*ms) : 1 (event-driven)", dt=DT, on_event="burst",
        on_pre="v_post += w*mV\na += 1\nw += 0.01*a",
    )  # fmt: skip
    synapses.connect()
    synapses.w = WEIGHTS.ravel()
    monitor = b2.StateMonitor(group, ["v", "u"], record=True, when="end", order=1)
    bursts = b2.EventMonitor(group, "burst")
    spikes = b2.SpikeMonitor(group)
    b2.Network(group, synapses, monitor, bursts, spikes).run(60 * ms, namespace={})
    found = {"v": np.array(monitor.v).T, "u": np.array(monitor.u).T, "w": np.array(synapses.w)}
    for name, events in (("burst", bursts), ("cell", spikes)):
        found[name] = np.stack([np.rint(np.array(events.t) / 5e-4), np.array(events.i)])
    return found


@pytest.mark.parametrize("kind", ["dense", "sparse"])
@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_regular_statements_and_events_are_those_of_brian2(target: str, kind: str) -> None:
    options: dict[str, Any] = {
        "name": "p", "source": "burst", "target": "cell", "transmit": "v_post += w*mV",
        "rule": RULE,
    }  # fmt: skip
    projection: Any = DenseProjection(**options, initial={"w": WEIGHTS})
    if kind == "sparse":
        pre, post = np.indices((N, N)).reshape(2, -1)
        projection = SparseProjection(**options, initial={"w": WEIGHTS.ravel()}, pre=pre, post=post)
    regular = [Regularly(statements=c, every=dt, when=w) for w, (c, dt) in REGULAR.items()]
    network = NetworkSpec(
        populations=[
            Population(name="cell", n=N, model=CELL, regularly=regular),
            EventSource(name="burst", n=N, population="cell", condition=BURST, statements=AFTER),
        ],
        projections=[projection],
        trial=Trial(duration=20 * ms),
        records=[
            *(SpikeRecord(population=name) for name in ("cell", "burst")),
            *(StateRecord(population="cell", variable=name) for name in ("v", "u")),
        ],
    )
    program = Program(network, dt=DT, target=target, dtype="float64")
    state, record = program(program.initial_state(), n_samples=3)
    expected = stock()
    for name in ("cell", "burst"):
        steps = np.rint(record[f"{name}.spike_time"] / 5e-4) + 40 * record[f"{name}.spike_trial"]
        assert expected[name].shape[1] > 10
        np.testing.assert_array_equal([steps, record[f"{name}.spike_cell"]], expected[name])
    for name in ("v", "u"):
        found = record[f"cell.{name}"].reshape(120, N)
        np.testing.assert_allclose(found, expected[name], rtol=0, atol=1e-13)
    np.testing.assert_allclose(state["p.w"].ravel(), expected["w"], rtol=1e-12)


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_thresholds_may_be_random(target: str) -> None:
    """An escape rate: independent in every step and cell, where the refractory time allows it."""
    model = NeuronModel(
        name="escape", equations="p : 1", threshold="rand() < p", reset="", refractory=1 * ms,
        initial={"p": "0.1 + 0.4*int(i >= 200)"},
    )  # fmt: skip
    network = NetworkSpec(
        populations=[Population(name="cell", n=400, model=model)],
        projections=[],
        trial=Trial(duration=100 * ms),
        records=[SpikeRecord(population="cell")],
    )
    program = Program(network, dt=1 * ms, target=target)
    _, record = program(program.initial_state(), n_samples=1, seed=5)
    counts = np.bincount(record["cell.spike_cell"], minlength=400).reshape(2, 200)
    for p, found in zip((0.1, 0.5), counts, strict=True):
        error = np.sqrt(p * (1 - p) * 100 / 200)
        assert abs(found.mean() - 100 * p) < 4 * error
        assert 0.7 < found.var() / (100 * p * (1 - p)) < 1.35


def test_what_makes_no_sense() -> None:
    def network(**options: Any) -> NetworkSpec:
        source = {"name": "burst", "n": N, "population": "cell", "condition": BURST, **options}
        populations = [Population(name="cell", n=N, model=CELL), EventSource(**source)]
        return NetworkSpec(populations=populations, projections=[], trial=Trial(duration=1 * ms))

    with pytest.raises(ValueError, match=r"'burst'.condition: unknown variable 'x'"):
        network(condition="x > 1")
    with pytest.raises(ValueError, match=r"'burst'.condition: wrong unit in 'v > 1'"):
        network(condition="v > 1")
    with pytest.raises(ValueError, match=r"'burst'.condition: 'v' is not a condition"):
        network(condition="v")
    with pytest.raises(ValueError, match=r"'burst'.statements: wrong unit in 'u = 1\*ms'"):
        network(statements="u = 1*ms")
    with pytest.raises(ValueError, match=r"'burst'.population: must be a Population of 3 cells"):
        network(n=3)
    with pytest.raises(ValueError, match=r"Regularly.when: must be one of 'start', 'groups', 'en"):
        Regularly(statements="v = 0*mV", when="resets")
    regular = [Regularly(statements="v = 0*mV", every=0.7 * ms)]
    wrong = NetworkSpec(
        populations=[Population(name="cell", n=N, model=CELL, regularly=regular)], projections=[],
        trial=Trial(duration=1 * ms),
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"Regularly.every: must be a multiple of the time step"):
        Program(wrong, dt=DT, target="numpy")
