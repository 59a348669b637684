"""What programs record over time, beside the monitors of stock Brian2 objects made by hand."""

from __future__ import annotations

import dataclasses
import pickle
from functools import cache
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
    SparseProjection,
    SpikeCount,
    StateRecord,
    Trial,
    TrialRecord,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import SpikeListSource

DT, N_STEPS, N_IN, N_OUT = 0.5 * ms, 60, 6, 4
PRE, POST = np.nonzero(np.arange(N_IN * N_OUT).reshape(N_IN, N_OUT) % 3 < 2)
RNG = np.random.default_rng(3)
RASTER = RNG.random((N_STEPS, N_IN)) < 0.15
WEIGHTS = RNG.random((N_IN, N_OUT))
CELL = NeuronModel(
    name="cell",
    equations="dv/dt = -v/tau : volt",
    threshold="v > 6*mV",
    reset="v = 0*mV",
    parameters={"tau": 8 * ms},
    method="exponential_euler",
    initial={"v": np.arange(N_OUT) * mV},
)
#: Event-driven traces per synapse, which must be up to date when a record looks at them.
RULE = PlasticityRule(
    name="traces",
    synapse="w : 1\ndap/dt = -ap/taup : 1 (event-driven)\ndam/dt = -am/taum : 1 (event-driven)",
    on_pre="ap += 0.02; w = clip(w + am, 0, 1)",
    on_post="am -= 0.021; w = clip(w + ap, 0, 1)",
    parameters={"taup": 12 * ms, "taum": 17 * ms},
)
TARGETS = [("cpp", "float64"), ("cpp", "float32"), ("numpy", "float64")]


@cache
def recorded(kind: str, target: str, dtype: str) -> tuple[Program, Any, Any]:
    options: dict[str, Any] = {
        "name": "feed", "source": "input", "target": "cell", "transmit": "v_post += w*4*mV",
        "rule": RULE,
    }  # fmt: skip
    if kind == "dense":
        projection: Any = DenseProjection(**options, initial={"w": WEIGHTS})
        places = [1, 9, 22]
    else:
        projection = SparseProjection(
            **options, initial={"w": WEIGHTS[PRE, POST]}, pre=PRE, post=POST
        )
        places = [0, 5, 11]
    network = NetworkSpec(
        populations=[
            SpikeListSource(name="input", n=N_IN), Population(name="cell", n=N_OUT, model=CELL),
        ],
        projections=[projection],
        trial=Trial(duration=N_STEPS * DT),
        records=[
            StateRecord(projection="feed", variable="w", every=2 * ms, when="start"),
            StateRecord(projection="feed", variable="ap", every=7, when="start", subset=places),
            StateRecord(population="cell", variable="v", when="start", subset=[3, 1]),
            TrialRecord(projection="feed", variable="am"),
            SpikeCount(population="cell"),
        ],
    )  # fmt: skip
    program = Program(network, dt=DT, dtype=dtype, target=target)
    step, cell = np.nonzero(RASTER)
    return program, *program(program.initial_state(), {"input": [(cell, step * DT)]})


@cache
def stock(kind: str) -> dict[str, Any]:
    """Return what monitors of Brian2 saw; traces of synapses are clock-driven and exact."""
    b2.prefs.codegen.target = "numpy"
    step, cell = np.nonzero(RASTER)
    source = b2.SpikeGeneratorGroup(N_IN, cell, step * DT, dt=DT)
    group = b2.NeuronGroup(
        N_OUT, CELL.equations, threshold=CELL.threshold, reset=CELL.reset, dt=DT,
        method="exponential_euler", namespace=dict(CELL.parameters),
    )  # fmt: skip
    group.v = np.arange(N_OUT) * mV
    synapses = b2.Synapses(
        source, group, RULE.synapse.replace("event-driven", "clock-driven"), dt=DT, method="exact",
        on_pre="v_post += w*4*mV\nap += 0.02\nw = clip(w + am, 0, 1)",
        on_post="am -= 0.021\nw = clip(w + ap, 0, 1)", namespace=dict(RULE.parameters),
    )  # fmt: skip
    pre, post = (PRE, POST) if kind == "sparse" else np.indices((N_IN, N_OUT)).reshape(2, -1)
    synapses.connect(i=pre, j=post)
    synapses.w = WEIGHTS[pre, post]
    w = b2.StateMonitor(synapses, "w", record=True, dt=2 * ms)
    ap = b2.StateMonitor(synapses, "ap", record=True, dt=7 * DT, when="after_resets")
    v = b2.StateMonitor(group, "v", record=True, dt=DT)
    spikes = b2.SpikeMonitor(group)
    b2.Network(source, group, synapses, w, ap, v, spikes).run(N_STEPS * DT, namespace={})
    found = {"w": w.w.T, "ap": ap.ap.T, "v": np.asarray(v.v).T, "count": np.array(spikes.count)}
    return found | {"am": np.array(synapses.am)}


@pytest.mark.parametrize(("target", "dtype"), TARGETS)
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_records_are_what_brian2_monitors_see(kind: str, target: str, dtype: str) -> None:
    _, state, record = recorded(kind, target, dtype)
    expected = stock(kind)
    bound = {"atol": 1e-12, "rtol": 1e-9} if dtype == "float64" else {"atol": 2e-6, "rtol": 0}
    assert expected["count"].sum() > 5
    np.testing.assert_array_equal(record["cell.count"][0], expected["count"])
    w = record["feed.w"][0].reshape(len(expected["w"]), -1)
    np.testing.assert_allclose(w, expected["w"], **bound)
    assert np.ptp(w, axis=0).max() > 0.05
    np.testing.assert_allclose(record["cell.v"][0], expected["v"][:, [3, 1]], **bound)
    # at the start of a step: what the step before left, decayed over one step
    places = list(recorded(kind, target, dtype)[0].network.records[1].subset)
    assert record["feed.ap"].shape == (1, 9, 3)
    now = expected["ap"][:, places] * 1.0
    seen = record["feed.ap"][0]
    steps = np.arange(9) * 7
    jumps = np.nonzero(RASTER[steps])  # at the end of this step a spike has been added to both
    pre = PRE if kind == "sparse" else np.indices((N_IN, N_OUT))[0].ravel()
    now[RASTER[steps][:, pre[places]]] -= 0.02
    assert jumps[0].size
    np.testing.assert_allclose(seen, now, **bound)
    am = record["feed.am"][0]
    np.testing.assert_allclose(am, state["feed.am"], rtol=1e-12)
    assert am.shape == (expected["am"].shape if kind == "sparse" else (N_IN, N_OUT))


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_labels(kind: str) -> None:
    program, _, record = recorded(kind, "cpp", "float64")
    data = pickle.loads(pickle.dumps(record)).to_xarray()
    if kind == "dense":
        assert data["feed.w"].dims == ("sample", "time_4_start", "feed_pre", "feed_post")
    else:
        chosen = data["feed.w"].where((data.feed_pre == 2) & (data.feed_post == 1), drop=True)
        k = np.flatnonzero((PRE == 2) & (POST == 1))
        np.testing.assert_array_equal(chosen.values[0, :, 0], record["feed.w"][0][:, k[0]])
    assert float(data["feed.w"].time_4_start[1]) == pytest.approx(0.002)
    np.testing.assert_array_equal(data["cell.v"].sel(cell_v=1)[0], record["cell.v"][0, :, 1])
    assert data.equals(program.label(dict(record)))


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_pairs_and_traces_on_cells(target: str) -> None:
    rule = PlasticityRule(
        name="pair", synapse="w : 1", pre="dx_pre/dt = -x_pre/tau : 1", on_pre="x_pre += 1",
        on_post="w += x_pre", parameters={"tau": 10 * ms},
    )  # fmt: skip
    every = {"every": 1, "projection": "feed"}
    network = NetworkSpec(
        populations=[SpikeListSource(name="input", n=3), SpikeListSource(name="out", n=4)],
        projections=[
            DenseProjection(name="feed", source="input", target="out", rule=rule, groups=1)
        ],
        trial=Trial(duration=4 * ms),
        records=[
            StateRecord(variable="w", subset=[(1, 3), (0, 2)], **every),
            StateRecord(variable="x_pre", subset=[1], **every),
        ],
    )
    program = Program(network, dt=1 * ms, dtype="float64", target=target)
    spikes = {"input": [([1], [1] * ms)], "out": [([3], [3] * ms)]}
    _, record = program(program.initial_state(), spikes)
    x = np.exp(-np.arange(3) / 10)
    np.testing.assert_allclose(record["feed.x_pre"][0, :, 0], [0, *x], rtol=1e-12)
    np.testing.assert_allclose(record["feed.w"][0], [[0, 0]] * 3 + [[x[2], 0]], rtol=1e-12)


def test_other_connectivity_does_not_build_again() -> None:
    whole = recorded("sparse", "cpp", "float64")[0].network
    kept = PRE < 5
    fewer = dataclasses.replace(
        whole.projections[0],
        pre=PRE[kept],
        post=POST[kept],
        initial={"w": WEIGHTS[PRE, POST][kept]},
    )
    program = Program(dataclasses.replace(whole, projections=[fewer]), dt=DT, dtype="float64")
    assert not program.built
    step, cell = np.nonzero(RASTER * (np.arange(N_IN) < 0))
    _, record = program(program.initial_state(), {"input": [(cell, step * DT)]}, duration=4 * ms)
    assert record["feed.w"].shape == (1, 2, kept.sum())
    np.testing.assert_array_equal(record["feed.w"][0], [WEIGHTS[PRE, POST][kept]] * 2)


def test_what_cannot_be_recorded() -> None:
    def program(record: Any) -> Program:
        network = recorded("sparse", "numpy", "float64")[0].network
        changed = NetworkSpec(
            populations=network.populations, projections=network.projections, trial=network.trial,
            records=[record],
        )  # fmt: skip
        return Program(changed, dt=DT, target="numpy")

    with pytest.raises(ValueError, match=r"StateRecord: needs either a population or a projection"):
        StateRecord(variable="w")
    with pytest.raises(ValueError, match=r"StateRecord.projection: unknown projection 'fed' \(did"):
        program(StateRecord(projection="fed", variable="w"))
    with pytest.raises(ValueError, match=r"projection 'feed' has no state variable 'x'; known: am"):
        program(StateRecord(projection="feed", variable="x"))
    with pytest.raises(ValueError, match=r"StateRecord.every: must be a multiple of the time step"):
        program(StateRecord(projection="feed", variable="w", every=0.7 * ms))
    with pytest.warns(RuntimeWarning, match=r"StateRecord.every: 'feed.w' is not looked at in a "):
        program(StateRecord(projection="feed", variable="w", every=10_000 * ms))
    with pytest.raises(ValueError, match=r"subset: there is no synapse \(0, 2\)"):
        program(StateRecord(projection="feed", variable="w", subset=[(0, 0), (0, 2)]))
    rule = PlasticityRule(
        name="r", synapse="w : 1\ndc/dt = -c/(5*ms) : 1 (event-driven)\ns = 2*c : 1",
        on_pre="c += 1; w += s",
    )  # fmt: skip
    twice = SparseProjection(name="p", source="a", target="b", pre=[0, 0], post=[1, 1], rule=rule)
    for record, message in (
        ({"variable": "w", "subset": [(0, 1)]}, r"subset: \(0, 1\) has 2 synapses; give their"),
        ({"variable": "s"}, "projection 'p' has no state variable 's'"),
    ):
        network = NetworkSpec(
            populations=[SpikeListSource(name="a", n=2), SpikeListSource(name="b", n=2)],
            projections=[twice], trial=Trial(duration=5 * ms),
            records=[TrialRecord(projection="p", **record)],
        )  # fmt: skip
        with pytest.raises(ValueError, match=message):
            Program(network, dt=DT, target="numpy")
    with pytest.raises(ValueError, match=r"StateRecord.subset: cell.v has 4 values, got 4"):
        program(StateRecord(population="cell", variable="v", subset=[4]))
    with pytest.raises(ValueError, match=r"TrialRecord.subset: must be a sequence of integers"):
        TrialRecord(projection="feed", variable="w", subset=[0.5])


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_durations_are_given_at_the_call(target: str) -> None:
    """Two calls continue where the state stands, without another build."""
    whole, _, record = recorded("dense", target, "float64")
    assert not Program(
        NetworkSpec(
            populations=whole.network.populations, projections=whole.network.projections,
            trial=Trial(duration=7 * ms), records=whole.network.records,
        ), dt=DT, dtype="float64", target=target,
    ).built  # fmt: skip
    step, cell = np.nonzero(RASTER)
    state, parts = whole.initial_state(), []
    for first, last in ((0, 24), (24, N_STEPS)):
        here = (first <= step) & (step < last)
        spikes = {"input": [(cell[here], (step[here] - first) * DT)]}
        state, part = whole(state, spikes, duration=(last - first) * DT)
        parts.append(part)
    assert [part["feed.w"].shape[1] for part in parts] == [6, 9]
    joined = np.concatenate([part["feed.w"][0] for part in parts])
    np.testing.assert_allclose(joined, record["feed.w"][0], rtol=0, atol=1e-15)
    np.testing.assert_array_equal(
        parts[0]["cell.count"] + parts[1]["cell.count"], record["cell.count"]
    )
    with pytest.raises(ValueError, match=r"Program.duration: must be a multiple of the time step"):
        whole(state, spikes, duration=0.7 * ms)
    with pytest.raises(ValueError, match=r"times must lie in \[0, 0.012\) s"):
        whole(state, {"input": [([0], [20] * ms)]}, duration=12 * ms)
