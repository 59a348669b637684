"""Networks given back to Brian2: its own objects, and its own C++ standalone projects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import Hz, ms, mV

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
from bioplastic.interchange import from_brian2, to_brian2
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import Normalisation, PlasticityRule, pair_stdp
from bioplastic.signals import AnalogueSource, PoissonInput, PoissonSource, SpikeListSource

DT = 0.5 * ms
SPIKES = (np.arange(40) % 4, np.arange(40) * ms)

LEAKY = NeuronModel(
    name="leaky",
    equations="""dv/dt = (10*mV*g + drive - v)/tau : volt (unless refractory)
                 dg/dt = -g/(5*ms) : 1
                 drive : volt""",
    threshold="v > 8*mV", reset="v = 0*mV; g *= 0.9", refractory=2 * ms, method="euler",
    parameters={"tau": 10 * ms}, initial={"v": lambda rng, n: 8 * rng.random(n) * mV},
)  # fmt: skip


def network(**changes: Any) -> NetworkSpec:
    """A bit of everything: sources, kinds of projections, delay, clocked and scaled learning."""
    rule = replace(
        pair_stdp(w_max=1), every="w = w - 0.01*w", interval=4 * DT,
        normalise=Normalisation(variable="w", total=2.0, over="pre", when="trial_start"),
    )  # fmt: skip
    start = {"w": lambda rng, shape: rng.random(shape)}
    parts: dict[str, Any] = {
        "populations": [
            PoissonSource(name="noise", n=6, rates="60*Hz"),
            SpikeListSource(name="given", n=4),
            AnalogueSource(name="current", n=5, variable="x", unit=mV),
            PoissonSource(name="waves", n=3, rates="(1 + sin(200*t/second))*40*Hz"),
            Population(name="cells", n=5, model=LEAKY, inputs={"drive": "current"},
                       background=(PoissonInput(variable="v", n=20, rate=9*Hz, weight=1*mV),)),
        ],
        "projections": [
            DenseProjection(name="feed", source="noise", target="cells", rule=rule,
                            transmit="g_post += w", initial=start),
            SparseProjection(name="late", source="given", target="cells", rule=pair_stdp(),
                             pre=[0, 0, 2, 3], post=[1, 2, 4, 0], transmit="g_post += w",
                             delay=3 * DT, initial=start),
            DenseProjection(name="own", source="waves", target="cells", transmit="g_post += w",
                            delay=np.linspace(0, 5, 15).reshape(3, 5) * ms, initial=start),
            UniformProjection(name="inhibit", source="cells", target="cells",
                              pattern="all_but_self", transmit="g_post += -0.1"),
        ],
        "trial": Trial(duration=40 * ms),
        "records": [SpikeRecord(population="cells"), SpikeCount(population="cells"),
                    SpikeRecord(population="noise"),
                    StateRecord(population="cells", variable="v", every=4),
                    StateRecord(projection="feed", variable="w", every=8, when="start")],
    }  # fmt: skip
    return NetworkSpec(**{**parts, **changes})


def inputs() -> dict[str, Any]:
    steps = round(float(40 * ms / DT))
    return {"given": [SPIKES], "current": 4 * np.random.default_rng(2).random((steps, 5)) * mV}


@pytest.mark.parametrize(
    "device", ["runtime", pytest.param("cpp_standalone", marks=pytest.mark.slow)]
)
def test_brian2_objects_do_what_the_program_does(device: str, tmp_path: Path) -> None:
    """Without what only the limits of a trial have."""
    populations = [network().populations[k] for k in (1, 2, 4)]
    populations[2] = replace(populations[2], background=())
    rule = replace(pair_stdp(w_max=1), every="w = w - 0.01*w", interval=4 * DT, interval_at="start")
    late = replace(network().projections[1], rule=rule)
    own = replace(network().projections[2], source="given", delay=np.arange(20).reshape(4, 5) * DT)
    spec = network(
        populations=populations, projections=(late, own, network().projections[3]),
        records=[SpikeRecord(population="cells"), SpikeCount(population="given"),
                 StateRecord(population="cells", variable="v", every=4)],
    )  # fmt: skip
    program = Program(spec, dt=DT, dtype="float64", target="numpy")
    state, record = program(program.initial_state(seed=3), inputs())
    target = b2.prefs["codegen.target"]
    if device == "runtime":
        b2.prefs["codegen.target"] = "numpy"
    else:
        b2.set_device(device, directory=str(tmp_path))
    try:
        exported = to_brian2(spec, dt=DT, inputs=inputs(), seed=3)
        exported.network.run(exported.duration, namespace={})
        monitor = exported.monitors["cells.spike"]
        np.testing.assert_allclose(monitor.t_[:], record["cells.spike_time"], atol=1e-12)
        np.testing.assert_array_equal(monitor.i[:], record["cells.spike_cell"])
        np.testing.assert_allclose(exported.synapses["late"].w[:], state["late.w"], rtol=1e-9)
        voltage = exported.monitors["cells.v"].v_[:].T[1:]
        np.testing.assert_allclose(voltage, record["cells.v"][0][:-1], rtol=1e-9)
        assert exported.monitors["given.count"].count[:].tolist() == [10] * 4
    finally:
        b2.prefs["codegen.target"] = target
        if device != "runtime":
            b2.device.reinit()
            b2.set_device("runtime")


def test_drawn_sources_have_their_rate_and_window() -> None:
    source = PoissonSource(name="noise", n=400, rates="100*Hz", window=(10 * ms, 30 * ms))
    spec = NetworkSpec(populations=[source], projections=[], trial=Trial(duration=40 * ms),
                       records=[SpikeRecord(population="noise")])  # fmt: skip
    previous = b2.prefs["codegen.target"]
    b2.prefs["codegen.target"] = "numpy"
    try:
        exported = to_brian2(spec, dt=DT)
        b2.seed(1)
        exported.network.run(2 * exported.duration, namespace={})
    finally:
        b2.prefs["codegen.target"] = previous
    times = exported.monitors["noise.spike"].t_[:] % 0.04
    assert times.min() >= 0.01
    assert times.max() < 0.03
    expected = 2 * 400 * 100 * 0.02
    assert abs(times.size - expected) < 4 * np.sqrt(expected)


SCALED = DenseProjection(
    name="feed", source="noise", target="cells",
    rule=replace(pair_stdp(w_max=1), normalise=Normalisation(variable="w", total=2.0, over="pre",
                                                             when="trial_start")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trial": Trial(duration=40 * ms, repeat_while="cells_count < 5")}, "Trial.repeat_while"),
        ({}, "these run in the last; give the rules interval_at='start'"),
        (
            {"projections": [SCALED]},
            "Normalise 'feed_normalise' at the start of a trial has no counterpart",
        ),
    ],
)
def test_refuses_by_name(change: dict[str, Any], message: str) -> None:
    b2.prefs["codegen.target"] = "numpy"  # nothing to compile
    with pytest.raises(ValueError, match=message):
        to_brian2(network(**change), dt=DT, inputs=inputs())


def test_standalone_needs_double_precision() -> None:
    with pytest.raises(ValueError, match=r"Program\.dtype: the standalone target needs 'float64'"):
        Program(network(), dt=DT, target="standalone")


@pytest.mark.slow  # a minute of the compiler, most of it Brian2's templates
def test_a_project_does_what_the_numpy_target_does() -> None:
    """Rates that move, Poisson inputs, delays of all kinds, intervals, currents, learning."""
    whole, stdp = network(), pair_stdp(w_max=1)
    trace = "dz/dt = -z/(20*ms) : 1 (event-driven)"
    eligible = replace(
        stdp, name="eligible", synapse=f"{stdp.synapse}\n{trace}", on_pre=f"{stdp.on_pre}\nz += w"
    )
    populations = list(whole.populations)  # nothing is in flight at the end
    populations[3] = replace(populations[3], window=(0 * ms, 32 * ms), dead_steps=2)
    feed, late, own, inhibit = whole.projections
    fade = PlasticityRule(
        name="fade", synapse="w : 1", post="dx_post/dt = -x_post/(20*ms) : 1",
        on_pre="w = clip(w - 0.05*x_post, 0, 1)", on_post="x_post += 1",
    )  # fmt: skip
    own = replace(own, rule=fade)
    projections = [feed, replace(late, rule=eligible), own, inhibit]
    spec = network(populations=populations, projections=projections)
    spikes = [(np.arange(36) % 4, np.arange(36) * ms), (np.array([1, 3]), np.array([2, 30]) * ms)]
    currents = 4 * np.random.default_rng(2).random((2, 2, 80, 5)) * mV
    results: list[Any] = []
    for target in ("numpy", "standalone"):
        program = Program(spec, dt=DT, dtype="float64", target=target)
        state = program.initial_state(seed=3)
        for current in currents:  # the second call compiles nothing
            for sample in range(2):
                given = {"given": spikes[sample : sample + 1], "current": current[sample][None]}
                state, record = program(state, given, seed=5)
                results.append({**state, **record})
    assert len(results[0]["cells.spike_time"]) > 10
    assert not np.allclose(results[0]["own.w"], results[3]["own.w"])
    for ours, theirs in zip(results[:4], results[4:], strict=True):
        for key in ours:
            np.testing.assert_allclose(theirs[key], ours[key], rtol=1e-9, atol=1e-12, err_msg=key)


def test_a_project_that_is_ahead_by_a_step_refuses_to_tell_the_time() -> None:
    population = Population(name="waves", n=1, model=NeuronModel(
        name="wave", equations="dv/dt = sin(t/ms)*mV/ms : volt", threshold="v > mV"))  # fmt: skip
    rule = replace(pair_stdp(w_max=1), every="w = w - 0.01*w", interval=4 * DT)
    feed = DenseProjection(name="feed", source="noise", target="waves", rule=rule)
    spec = network(populations=[network().populations[0], population], projections=[feed],
                   records=[])  # fmt: skip
    with pytest.raises(ValueError, match=r"Program\.target: .* something reads t; give the rules"):
        Program(spec, dt=DT, dtype="float64", target="standalone")


def test_noise_of_synapses_goes_both_ways() -> None:
    """Ornstein-Uhlenbeck synapses at rest: the variance is that of Euler's method."""
    cells = b2.NeuronGroup(40, "v : 1", name="cells")
    model = "dw/dt = -w/(10*ms) + (0.1/ms)**0.5*xi : 1 (clock-driven)"
    synapses = b2.Synapses(cells, cells, model, method="euler", name="feed", dt=DT)
    synapses.connect()
    cells.clock.dt = DT
    imported = from_brian2([cells, synapses], duration=60 * ms)
    state, _ = imported.run(imported.program(target="numpy"), seed=1)
    exported = to_brian2(imported.spec, dt=imported.dt, state=imported.state)
    b2.seed(2)
    exported.network.run(exported.duration, namespace={})
    shrink = 1 - 0.5 / 10
    expected = 0.1 * 0.5 * (1 - shrink**240) / (1 - shrink**2)
    for w in (state["feed.w"], exported.synapses["feed"].w[:]):
        assert abs(w.var() / expected - 1) < 3 * (2 / 1600) ** 0.5
