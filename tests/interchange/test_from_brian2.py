"""Networks imported from Brian2 against the same objects run by stock Brian2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import Hz, ms, mV, second

import bioplastic
from bioplastic.interchange import ImportedNetwork, from_brian2
from bioplastic.plasticity import PlasticityRule

DURATION = 60 * ms
CONSTANTS = {
    "tau": 10 * ms,
    "tau_t": 15 * ms,
    "gmax": 0.5,
    "a": 0.03,
    "E": 0 * mV,
    "El": -70 * mV,
    "k": 2,
}
LIF = "dv/dt = (ge*(E - v) + El - v)/tau : volt\ndge/dt = -ge/(5*ms) : 1"
STDP = """w : 1
          dApre/dt = -Apre/tau_t : 1 (event-driven)
          dApost/dt = -Apost/tau_t : 1 (event-driven)"""
ON_PRE = "ge += w\nApre += a\nw = clip(w - Apost, 0, gmax)"
ON_POST = "Apost += a\nw = clip(w + Apre, 0, gmax)"


@pytest.fixture(autouse=True)
def _numpy_only() -> Any:
    previous = b2.prefs["codegen.target"]
    b2.prefs["codegen.target"] = "numpy"
    yield
    b2.prefs["codegen.target"] = previous


def lif(n: int = 3, model: str = LIF, **options: Any) -> b2.NeuronGroup:
    options = {"threshold": "v > -55*mV", "reset": "v = El", "method": "euler", **options}
    group = b2.NeuronGroup(n, model, name="cells", namespace=CONSTANTS, **options)
    group.v = np.linspace(-70, -56, n) * mV
    return group


def inputs(n: int = 4, rate: float = 0.06, seed: int = 0) -> b2.SpikeGeneratorGroup:
    steps, cells = np.nonzero(np.random.default_rng(seed).random((600, n)) < rate / 10)
    return b2.SpikeGeneratorGroup(n, cells, steps * 0.1 * ms, name="inputs")


def plastic(source: Any, target: Any, **options: Any) -> b2.Synapses:
    options = {"model": STDP, "on_pre": ON_PRE, "on_post": ON_POST, **options}
    synapses = b2.Synapses(source, target, name="feed", namespace=CONSTANTS, **options)
    synapses.connect()
    synapses.w = 0.3 * np.random.default_rng(1).random(len(synapses))
    return synapses


def dense() -> list[Any]:
    source, target = inputs(), lif()
    return [source, target, plastic(source, target)]


def sparse_delayed() -> list[Any]:
    source, target = inputs(), lif(refractory=2 * ms)
    synapses = b2.Synapses(
        source, target, STDP, on_pre=ON_PRE, on_post=ON_POST, delay=1.3 * ms, name="feed",
        namespace=CONSTANTS,
    )  # fmt: skip
    synapses.connect(i=[3, 0, 2, 0, 1], j=[0, 2, 1, 0, 1])  # unsorted
    synapses.w = [0.3, 0.2, 0.1, 0.4, 0.5]
    return [source, target, synapses]


def own_delays() -> list[Any]:
    """Delays per synapse on both sides: the presynaptic trace cannot move, the other can."""
    source, target = inputs(), lif()
    synapses = plastic(source, target)
    synapses.delay = "(1 + i + 0.3*j)*ms"
    synapses.post.delay = 2 * ms
    return [source, target, synapses]


def pathways() -> list[Any]:
    source, target = inputs(), lif()
    synapses = b2.Synapses(
        source, target, "w : 1\nc : 1", name="feed", namespace=CONSTANTS,
        on_pre={"transmit": "ge += w", "learn": "c += 0.1", "late": "w = clip(w + c*a, 0, gmax)"},
        on_post={"post": "c *= 0.9"}, delay={"late": 3 * ms},
    )  # fmt: skip
    synapses.connect()
    synapses.learn.order = 2
    synapses.w = 0.3
    return [source, target, synapses]


def modulated() -> list[Any]:
    """Spikes of a population reach all synapses of another object."""
    source, target = inputs(), lif()
    synapses = plastic(source, target, model=STDP + "\nd : 1", on_post=ON_POST + "\nw += d")
    dopamine = b2.SpikeGeneratorGroup(2, [0, 1, 1], [5, 20, 30] * ms, name="dopamine")
    reward = b2.Synapses(dopamine, synapses, on_pre="d_post += 0.02", name="reward")
    reward.connect()
    return [source, target, synapses, dopamine, reward]


def subgroups() -> list[Any]:
    cells = lif(6, LIF + "\ndgi/dt = -gi/(8*ms) : 1", refractory=1 * ms)
    cells.ge = 3 + 0.2 * np.arange(6)
    excitatory, inhibitory = cells[:4], cells[4:]
    first = b2.Synapses(excitatory, cells, on_pre="ge += 0.1*(i + 1); gi -= 0.01", name="one")
    first.connect("i != j")
    second_ = b2.Synapses(inhibitory, excitatory, "w : 1", on_pre="ge += w*(i + j)", name="two")
    second_.connect()
    second_.w = "0.01*(1 + i + j)"
    return [cells, first, second_]


def summed() -> list[Any]:
    cells = lif(4, "dv/dt = (-52*mV - v + gap)/tau : volt\ngap : volt")
    cells.v = np.linspace(-60, -50, 4) * mV
    junctions = b2.Synapses(cells, cells, "w : 1\ngap_post = w*(v_pre - v_post) : volt (summed)")
    junctions.connect(condition="i != j")
    junctions.w = 0.1
    return [cells, junctions]


def short_term() -> list[Any]:
    """Depression and facilitation are one per presynaptic cell, whatever Brian2 writes."""
    source, target = inputs(), lif()
    model = """dx/dt = (1 - x)/(40*ms) : 1 (event-driven)
               du/dt = -u/(30*ms) : 1 (event-driven)
               last : 1"""
    on_pre = "u += 0.4*(1 - u)\nlast = u*x\nge += 1.5*u*x\nx -= u*x"
    synapses = b2.Synapses(source, target, model, on_pre=on_pre, name="feed")
    synapses.connect()
    synapses.x = 1
    return [source, target, synapses]


def counted() -> list[Any]:
    """A variable of the cell that on_post raises once per synapse, as Brian2 does."""
    source, target = inputs(), lif(2, LIF + "\ncount : 1")
    target.v = -58 * mV
    target.ge = [0.5, 0.6]
    return [source, target, plastic(source, target, on_post=ON_POST + "\ncount += 0.5")]


def array_rates() -> list[Any]:
    """Refractory periods and a density per cell, whose unit Brian2 prints with brackets."""
    model = """dv/dt = (drive - v)/tau : volt (unless refractory)
               drive : volt (constant)
               g = drive/volt*siemens/meter**2 : siemens/meter**2"""
    cells = lif(3, model, refractory="5*ms*int(drive > -52*mV)", method="exact")
    cells.drive = [-53, -50, -40] * mV
    return [cells]


def timed() -> list[Any]:
    """Values that change in time, in equations and as linked variable of synapses."""
    source = inputs()
    cells = lif(3, "dv/dt = (El - v + drive(t, i))/tau : volt")
    table = np.random.default_rng(4).uniform(10, 25, (12, 3)) * mV
    cells.namespace["drive"] = b2.TimedArray(table, dt=5 * ms)
    clock = b2.NeuronGroup(1, "x = k*y : 1\ndy/dt = -y/(30*ms) : 1", name="pacer",
                           method="exact", namespace=CONSTANTS)  # fmt: skip
    clock.y = 1
    model = STDP + "\nx : 1 (linked)"
    on_pre = "v += w*mV\nApre += a\nw = clip(w - x*Apost, 0, gmax)"
    synapses = b2.Synapses(source, cells, model, on_pre=on_pre, on_post=ON_POST, name="feed",
                           namespace=CONSTANTS)  # fmt: skip
    synapses.connect()
    synapses.x = b2.linked_var(clock, "x")
    synapses.w = 0.3
    return [source, cells, clock, synapses]


def regular() -> list[Any]:
    """Statements at regular times, a custom event, two synapses on a pair."""
    cells = lif(3, LIF + "\nmark : 1\nbursts : 1\nlast : second (shared)",
                events={"burst": "v > -57*mV and ge > 0.3"})  # fmt: skip
    cells.ge = [0.2, 0.6, 0.9]
    cells.run_regularly("last = t\nge += 0.3*(1 + mark)\nmark = 1 - mark", dt=3 * ms)
    cells.run_on_event("burst", "bursts += 1; ge *= 0.99")
    part = cells[1:]
    part.run_regularly("ge *= 1 - 0.01*i\nmark = mark + N - 2\nbursts -= 0.5", dt=7 * ms)
    synapses = b2.Synapses(cells, cells, "w : 1", on_pre="ge += w", on_event="burst", name="feed")
    synapses.connect(i=[0, 1, 1, 2], j=[1, 2, 2, 0])
    synapses.w = [0.01, 0.02, 0.03, 0.04]
    return [cells, synapses]


def methods() -> list[Any]:
    """Clock-driven equations of synapses take the step that Brian2 chooses, or is told to."""
    source, target = inputs(), lif()
    model = """dw/dt = b*(1 - w)*x - w*w/(50*ms) : 1 (clock-driven)
               dx/dt = -x/(9*ms) : 1 (clock-driven)
               b : Hz (constant, shared)"""
    synapses = b2.Synapses(source, target, model, on_pre="ge += w; x += 0.2", name="feed")
    synapses.connect()
    synapses.w, synapses.b = 0.3, 30 * Hz
    return [source, target, synapses]


NETWORKS = (
    dense, regular, timed, sparse_delayed, own_delays, pathways, modulated, subgroups, summed,
    short_term, counted, array_rates, methods,
)  # fmt: skip


def run_both(
    make: Callable[[], list[Any]], target: str = "numpy"
) -> tuple[ImportedNetwork, Any, Any, b2.Network, b2.SpikeMonitor]:
    objects = make()
    cells = next(o for o in objects if o.name == "cells")
    spikes = b2.SpikeMonitor(cells, name="spikes")
    network = b2.Network(*objects, spikes)
    imported = from_brian2(network, duration=DURATION, namespace=CONSTANTS)
    state, record = imported.run(imported.program(target=target))
    network.run(DURATION, namespace=CONSTANTS)
    return imported, state, record, network, spikes


def assert_equal(
    imported: ImportedNetwork, state: Any, record: Any, network: b2.Network, spikes: b2.SpikeMonitor
) -> None:
    assert spikes.num_spikes > 3
    np.testing.assert_allclose(record["cells.spike_time"], spikes.t_[:], atol=1e-9)
    np.testing.assert_array_equal(record["cells.spike_cell"], spikes.i[:])
    compared = 0
    for key, values in state.items():
        owner, _, name = key.partition(".")
        group = {o.name: o for o in network.objects}.get(owner)
        lazy = getattr(group, "event_driven", None)
        if group is None or name not in group.variables or name in ("lastspike", "lastupdate"):
            continue
        if lazy is not None and name in lazy.diff_eq_names:
            continue
        theirs = np.asarray(group.variables[name].get_value())
        order = imported.order.get(owner, np.zeros(0))
        theirs = theirs[order] if order.size == theirs.size else theirs
        np.testing.assert_allclose(values.ravel(), theirs, rtol=1e-9, atol=1e-12, err_msg=key)
        compared += 1
    assert compared


@pytest.mark.parametrize("make", NETWORKS, ids=lambda make: make.__name__)
def test_equals_stock_brian2(make: Callable[[], list[Any]]) -> None:
    assert_equal(*run_both(make))


def test_compiled_program_equals_stock_brian2() -> None:
    assert_equal(*run_both(sparse_delayed, "cpp"))


def test_moves_traces_to_the_cells() -> None:
    imported, *_ = run_both(dense)
    assert dict(imported.report.moved) == {
        "feed.Apre": "one per presynaptic cell, Apre_pre",
        "feed.Apost": "one per postsynaptic cell, Apost_post",
    }
    rule = imported.spec.projections[0].rule  # type: ignore[attr-defined]
    assert rule.parse("synapse").names == {"w"}
    assert [phase.scope for phase in rule.phases("on_pre")] == ["pre", "synapse"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"on_pre": "ge += w\nApre += w"}, "'Apre += w' reads 'w', which every synapse has"),
        ({"on_pre": "ge += w\nApre += a*rand()"}, "draws a number for every synapse"),
        ({"on_pre": "Apre += a\nw += Apost\nApost += 0.1*a"}, "statements of both sides write it"),
        ({"on_pre": "Apre += a*v_post/mV"}, "'Apre += a*v_post/mV' reads 'v_post' of the other"),
    ],
)
def test_says_why_a_trace_stays(change: dict[str, str], reason: str) -> None:
    source, target = inputs(), lif()
    objects = [source, target, plastic(source, target, **change)]
    imported = from_brian2(objects, duration=DURATION, namespace=CONSTANTS)
    assert reason in str(imported.report)


def test_unequal_values_stay_at_the_synapses() -> None:
    def make() -> list[Any]:
        source, target = inputs(), lif()
        synapses = plastic(source, target)
        synapses.Apre = 0.1 * np.arange(len(synapses))
        return [source, target, synapses]

    imported, *rest = run_both(make)
    assert dict(imported.report.stayed)["feed.Apre"].startswith("its values differ")
    assert_equal(imported, *rest)


def test_draws_the_rates_of_poisson_groups() -> None:
    source = b2.PoissonGroup(50, np.linspace(20, 400, 50) * Hz, name="inputs")
    imported = from_brian2([source, b2.SpikeMonitor(source)], duration=2 * second)
    _, record = imported.run(imported.program(target="numpy"), seed=3)
    counts = np.bincount(record["inputs.spike_cell"], minlength=50)
    expected = 2 * np.linspace(20, 400, 50)
    assert np.abs(counts - expected).max() < 4.5 * np.sqrt(expected.max())


def test_draws_moving_rates_and_poisson_inputs() -> None:
    stimulus = b2.TimedArray([0, 300] * Hz, dt=1 * second)
    weight = b2.TimedArray([0.0, 0.25], dt=1 * second)
    source = b2.PoissonGroup(50, "stimulus(t)*gain", name="inputs")
    cells = b2.NeuronGroup(40, "v : 1", name="cells")
    background = b2.PoissonInput(cells[:20], "v", N=100, rate=20 * Hz, weight=0.5)
    moving = b2.PoissonInput(cells[20:], "v", N=100, rate=20 * Hz, weight="k*weight(t)")
    imported = from_brian2(
        [source, cells, background, moving, b2.SpikeMonitor(source)], duration=2 * second,
        namespace={"stimulus": stimulus, "gain": 0.5, "k": 2, "weight": weight},
    )  # fmt: skip
    imported = replace(imported, dt=1 * ms)
    state, record = imported.run(imported.program(target="numpy"), seed=3)
    assert record["inputs.spike_time"].min() >= 1
    assert abs(record["inputs.spike_time"].size - 50 * 150) < 4 * np.sqrt(50 * 150)
    still, half = state["cells.v"][:20].mean(), state["cells.v"][20:].mean()
    assert abs(still - 2000) < 4 * 0.5 * np.sqrt(4000 / 20)
    assert abs(half - 1000) < 4 * 0.5 * np.sqrt(2000 / 20)


def test_records_what_monitors_watch() -> None:
    source, target = inputs(), lif()
    synapses = b2.Synapses(
        source, target, STDP, on_pre=ON_PRE, on_post=ON_POST, name="feed", namespace=CONSTANTS
    )
    synapses.connect(i=[3, 0, 2, 0, 1], j=[0, 2, 1, 0, 1])
    synapses.w = 0.3
    cells = b2.StateMonitor(target[1:], ["v", "ge"], record=[0, 1], dt=1 * ms)
    weights = b2.StateMonitor(synapses, "w", record=[0, 3, 4])
    late = b2.StateMonitor(target, "v", record=True, when="thresholds", name="late")
    network = b2.Network(source, target, synapses, cells, weights, late)
    imported = from_brian2(network, duration=DURATION, namespace=CONSTANTS)
    _, record = imported.run(imported.program(target="numpy"))
    network.run(DURATION, namespace=CONSTANTS)
    np.testing.assert_allclose(record["cells.v"][0], cells.v_[:].T, rtol=1e-9)
    np.testing.assert_allclose(record["cells.ge"][0], cells.ge_[:].T, rtol=1e-9)
    np.testing.assert_allclose(record["feed.w"][0], weights.w_[:].T, rtol=1e-9)
    assert "records nothing: it looks" in dict(imported.report.notes)["late"]


def test_finds_the_objects_and_names_of_the_caller() -> None:
    tau = 7 * ms
    cells = b2.NeuronGroup(1, "dv/dt = (2 - v)/tau : 1", threshold="v > 1", reset="v = 0",
                           method="exact")  # fmt: skip
    spikes = b2.SpikeMonitor(cells)
    imported = bioplastic.from_brian2(duration=DURATION)
    _, record = imported.run(imported.program(target="numpy"))
    b2.run(DURATION)
    np.testing.assert_allclose(record[f"{cells.name}.spike_time"], spikes.t_[:], atol=1e-9)
    assert imported.spec.populations[0].model.parameters == {"tau": tau}  # type: ignore[union-attr]


def test_continues_where_a_run_ended() -> None:
    source, target = inputs(), lif(refractory=3 * ms)
    network = b2.Network(source, target, plastic(source, target, delay=0 * ms))
    network.run(30 * ms, namespace=CONSTANTS)
    spikes = b2.SpikeMonitor(target)
    network.add(spikes)
    imported = from_brian2(network, duration=30 * ms, namespace=CONSTANTS)
    state, record = imported.run(imported.program(target="numpy"))
    network.run(30 * ms, namespace=CONSTANTS)
    weights = network["feed"].w[:]
    np.testing.assert_allclose(state["feed.w"].ravel(), weights, rtol=1e-9)
    np.testing.assert_allclose(record["cells.spike_time"] + 0.03, spikes.t_[:], atol=1e-9)


def _different_clock() -> list[Any]:
    return [lif(), b2.PoissonGroup(2, 5 * Hz, dt=1 * ms)]


def _changed(group: Any) -> Any:
    group.run_regularly("rates = 7*Hz", dt=1 * ms)
    return group


def _clocked() -> list[Any]:
    source, target = inputs(), lif()
    synapses = plastic(source, target)
    synapses.run_regularly("w *= 0.9", dt=1 * ms)
    return [source, target, synapses]


def _compartments() -> list[Any]:
    shape = b2.Cylinder(length=1 * b2.mm, diameter=1 * b2.um, n=3)
    return [
        b2.SpatialNeuron(morphology=shape, model="Im = 0*amp/meter**2 : amp/meter**2", name="tree")
    ]


def _order_dependent() -> list[Any]:
    source, target = inputs(), lif()
    return [source, target, plastic(source, target, on_post="ge_post += 0.1\nw += ge_post")]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: [lif(), b2.NetworkOperation(lambda: None)],
            "NetworkOperation .* has no counterpart; it is Python",
        ),
        (lambda: [_changed(b2.PoissonGroup(2, 5 * Hz)), lif()], "CodeRunner in 'start', active T"),
        (_clocked, "CodeRunner 'feed_run_regularly', active True, has no counterpart"),
        (_different_clock, "all groups need one time step"),
        (_compartments, "'tree': has compartments, which a population of points"),
        (_order_dependent, "the result depends on the order of the synapses; write it once per"),
    ],
)
def test_refuses_by_name(make: Callable[[], list[Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_brian2(make(), duration=DURATION, namespace=CONSTANTS)


def test_rule_alone() -> None:
    source, target = inputs(), lif()
    rule = PlasticityRule.from_synapses(plastic(source, target))
    assert rule.name == "feed"
    assert rule.on_post == "Apost_post += a\nw = clip(w + Apre_pre, 0, gmax)"
    assert rule.parameters == {"a": 0.03, "gmax": 0.5, "tau_t": 15 * ms}
