"""Delays per synapse and further pathways, against Brian2 networks written by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Pathway,
    Population,
    Program,
    SparseProjection,
    SpikeRecord,
    Trial,
    UniformProjection,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import SpikeListSource

N_IN, N_CELL, STEPS = 6, 5, 120
DT = 0.5 * ms
EQUATIONS = "dv/dt = -v/tau_m : volt"
CONSTANTS = {"tau_m": 8 * ms, "tau": 6 * ms, "eta": 0.2, "gain": 5 * mV}
ON_PRE = "apre += 1\nw = clip(w - eta*apost, 0, 1)"
ON_POST = "apost += 1\nw = clip(w + eta*apre, 0, 1)"
SYNAPSE = """
    w : 1
    dapre/dt = -apre/tau : 1 (event-driven)
    dapost/dt = -apost/tau : 1 (event-driven)
"""
BOTH = pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
TARGETS = pytest.mark.parametrize("target", ["cpp", "numpy"])
MASK = np.random.default_rng(7).random((N_IN, N_CELL)) < 0.6


def pairs(kind: type) -> tuple[Any, Any]:
    return np.nonzero(MASK if kind is SparseProjection else np.ones_like(MASK))


def network(kind: type, **options: Any) -> NetworkSpec:
    pre, post = pairs(kind)
    given: dict[str, Any] = {
        "rule": PlasticityRule(
            name="stdp", synapse=SYNAPSE, on_pre=ON_PRE, on_post=ON_POST,
            parameters={name: CONSTANTS[name] for name in ("tau", "eta")},
        ),
        "transmit": "v_post += w*gain",
        "parameters": {"gain": CONSTANTS["gain"]},
        **({"pre": pre, "post": post} if kind is SparseProjection else {}),
        **options,
    }  # fmt: skip
    cell = NeuronModel(
        name="cell", equations=EQUATIONS, threshold="v > 6*mV", reset="v = 0*mV",
        method="exact", parameters={"tau_m": CONSTANTS["tau_m"]},
    )  # fmt: skip
    return NetworkSpec(
        populations=[
            SpikeListSource(name="input", n=N_IN),
            Population(name="cell", n=N_CELL, model=cell),
            SpikeListSource(name="other", n=2),
        ],
        projections=[kind(name="p", source="input", target="cell", **given)],
        trial=Trial(duration=STEPS * DT / 3),
        records=[SpikeRecord(population="cell")],
    )


@cache
def spikes(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    rasters = {"input": rng.random((STEPS, N_IN)) < 0.15, "other": rng.random((STEPS, 2)) < 0.05}
    rasters["input"][[30, 31]] = rasters["other"][40] = True
    return {name: np.nonzero(raster) for name, raster in rasters.items()}


def weights(kind: type) -> Any:
    return np.random.default_rng(3).random(MASK.shape)[pairs(kind)]


def run_ours(spec: NetworkSpec, target: str, dtype: str = "float64") -> dict[str, Any]:
    """Run three trials in two calls."""
    program = Program(spec, dt=DT, target=target, dtype=dtype)
    state = program.initial_state(seed=5)
    kind = type(spec.projections[0])
    state["p.w"] = weights(kind).reshape(state["p.w"].shape)
    inputs: dict[str, list[Any]] = {"input": [], "other": []}
    for name, (steps, cells) in spikes(0).items():
        for k in range(3):
            part = steps // (STEPS // 3) == k
            inputs[name].append((cells[part], (steps[part] - k * STEPS // 3) * DT))
    fired = []
    for first, last in ((0, 1), (1, 3)):
        given = {name: trials[first:last] for name, trials in inputs.items()}
        state, record = program(state, given)
        steps = np.rint(record["cell.spike_time"] / float(DT)).astype(int)
        steps += (first + record["cell.spike_trial"]) * (STEPS // 3)
        fired += zip(steps.tolist(), record["cell.spike_cell"].tolist(), strict=True)
    return {"fired": sorted(fired), "w": state["p.w"].ravel(), "state": state}


def run_stock(kind: type, set_delays: Any, model: str = SYNAPSE, **options: Any) -> dict[str, Any]:
    b2.prefs.codegen.target = "numpy"
    clock = b2.Clock(dt=DT)
    sources = {
        name: b2.SpikeGeneratorGroup(n, cells, steps * DT, clock=clock, name=f"stock_{name}")
        for (name, (steps, cells)), n in zip(spikes(0).items(), (N_IN, 2), strict=True)
    }
    cell = b2.NeuronGroup(
        N_CELL, EQUATIONS, threshold="v > 6*mV", reset="v = 0*mV", method="exact", clock=clock,
        namespace=CONSTANTS,
    )  # fmt: skip
    given = {"on_pre": f"v_post += w*gain\n{ON_PRE}", "on_post": ON_POST, **options}
    synapses = b2.Synapses(sources["input"], cell, model, clock=clock, namespace=CONSTANTS, **given)
    pre, post = pairs(kind)
    synapses.connect(i=pre, j=post)
    synapses.w = weights(kind)
    extra = set_delays(synapses, sources["other"])
    monitor = b2.SpikeMonitor(cell)
    b2.Network(*sources.values(), cell, synapses, monitor, *extra).run(STEPS * DT, namespace={})
    steps = np.rint(np.asarray(monitor.t / DT)).astype(int)
    fired = sorted(zip(steps.tolist(), monitor.i[:].tolist(), strict=True))
    return {"fired": fired, "w": np.asarray(synapses.w), "synapses": synapses}


def delays(kind: type, seed: int) -> Any:
    """Whole steps from 0 to 12, other in every synapse."""
    steps = np.random.default_rng(seed).integers(0, 13, MASK.shape)[pairs(kind)]
    return steps * DT


def shaped(kind: type, values: Any) -> Any:
    return values.reshape(MASK.shape) if kind is DenseProjection else values


@TARGETS
@BOTH
def test_every_synapse_has_its_delay_before_and_behind(kind: type, target: str) -> None:
    early, late = delays(kind, 1), delays(kind, 2)

    def set_delays(synapses: Any, other: Any) -> list[Any]:
        synapses.pre.delay, synapses.post.delay = early, late
        return []

    expected = run_stock(kind, set_delays)
    spec = network(kind, delay=shaped(kind, early), post_delay=shaped(kind, late))
    found = run_ours(spec, target)
    assert len(expected["fired"]) > 10
    assert found["fired"] == expected["fired"]
    np.testing.assert_allclose(found["w"], expected["w"], rtol=0, atol=1e-12)
    assert found["state"]["p.events_in_flight"].shape[1] == 2
    np.testing.assert_array_equal(found["state"]["p.delay"].ravel(), np.asarray(early))
    if target == "cpp" and kind is SparseProjection:
        single = run_ours(spec, target, "float32")
        assert single["fired"] == expected["fired"]
        np.testing.assert_allclose(single["w"], expected["w"], rtol=0, atol=1e-5)


@TARGETS
@BOTH
def test_pathways_with_their_own_order_and_delay(kind: type, target: str) -> None:
    """Calcium comes late, learning first, and two clocks of delays cross."""
    late = delays(kind, 4)
    code = {
        "transmit": "v_post += w*gain",
        "calcium": "apre += 1",
        "learn": "w = clip(w - eta*apost, 0, 1)",
    }

    def set_delays(synapses: Any, other: Any) -> list[Any]:
        synapses.transmit.delay = late
        synapses.learn.order, synapses.after.order = -2, 2
        return []

    post = {"rise": "apost += 1", "after": "w = clip(w + eta*apre, 0, 1)"}
    expected = run_stock(
        kind, set_delays, on_pre=code, on_post=post,
        delay={"calcium": 6.5 * ms, "rise": 2 * ms, "learn": 0 * ms, "after": 0 * ms},
    )  # fmt: skip
    ways = {
        "calcium": Pathway(statements=code["calcium"], delay=6.5 * ms),
        "learn": Pathway(statements=code["learn"], order=-2),
        "rise": Pathway(statements=post["rise"], on="post", delay=2 * ms),
        "after": Pathway(statements=post["after"], on="post", order=2),
    }
    rule = PlasticityRule(name="variables", synapse=SYNAPSE, parameters={"tau": CONSTANTS["tau"]})
    spec = network(
        kind, rule=rule, pathways=ways, delay=shaped(kind, late),
        parameters={name: CONSTANTS[name] for name in ("gain", "eta")},
    )  # fmt: skip
    found = run_ours(spec, target)
    assert found["fired"] == expected["fired"]
    np.testing.assert_allclose(found["w"], expected["w"], rtol=0, atol=1e-12)


@TARGETS
@pytest.mark.parametrize(("kind", "cells"), [(DenseProjection, True), (SparseProjection, False)])
def test_a_rule_sees_spikes_later_than_the_cells(kind: type, target: str, cells: bool) -> None:
    """With traces on the synapses or on the cells, which share one delay."""

    def set_delays(synapses: Any, other: Any) -> list[Any]:
        return []

    expected = run_stock(
        kind, set_delays, on_pre={"a_send": "v_post += w*gain", "learn": ON_PRE},
        on_post=ON_POST, delay={"a_send": 1 * ms, "learn": 13.5 * ms, "post": 2 * ms},
    )  # fmt: skip
    options: dict[str, Any] = {"rule_delay": 13.5 * ms, "delay": 1 * ms, "post_delay": 2 * ms}
    if cells:
        names = {"apre": "apre_pre", "apost": "apost_post"}
        moved = {
            "on_pre": b2.utils.stringtools.word_substitute(ON_PRE, names),
            "on_post": b2.utils.stringtools.word_substitute(ON_POST, names),
        }
        options["rule"] = PlasticityRule(
            name="stdp", pre="dapre_pre/dt = -apre_pre/tau : 1",
            post="dapost_post/dt = -apost_post/tau : 1", **moved,
            parameters={name: CONSTANTS[name] for name in ("tau", "eta")},
        )  # fmt: skip
    found = run_ours(network(kind, **options), target)
    assert found["fired"] == expected["fired"]
    np.testing.assert_allclose(found["w"], expected["w"], rtol=0, atol=1e-12)


@TARGETS
@pytest.mark.parametrize(
    ("kind", "delay"),
    [
        (DenseProjection, None), (SparseProjection, 3 * ms),
        (DenseProjection, "late"), (SparseProjection, "late"),
    ],
)  # fmt: skip
def test_another_population_reaches_all_synapses(kind: type, target: str, delay: Any) -> None:
    """Dopamine: synapses onto synapses in Brian2, each with a source that fires late.

    Brian2 2.11 loses delays of synapses onto synapses that have a pathway themselves.
    """
    late = delays(kind, 9)
    synapse = SYNAPSE + "dd/dt = -d/tau : 1 (event-driven)\n"
    learn = ON_PRE.replace("eta", "d*eta"), ON_POST.replace("eta", "d*eta")

    def set_delays(synapses: Any, other: Any) -> list[Any]:
        n = len(synapses)
        time = late if isinstance(delay, str) else 0 * ms if delay is None else delay
        after = np.rint(np.asarray(time / DT)) * np.ones(n)
        steps, cells = spikes(0)["other"]
        sources = b2.SpikeGeneratorGroup(
            2 * n, (cells[:, None] * n + np.arange(n)).ravel(),
            (steps[:, None] + after).ravel() * DT, clock=synapses.clock,
        )  # fmt: skip
        reward = b2.Synapses(sources, synapses, on_pre="d_post += 0.7", clock=synapses.clock)
        reward.connect(i=np.arange(2 * n), j=np.tile(np.arange(n), 2))
        reward.pre.order = -2
        return [sources, reward]

    expected = run_stock(
        kind, set_delays, SYNAPSE + "dd/dt = -d/tau : 1 (clock-driven)", method="exact",
        on_pre=f"v_post += w*gain\n{learn[0]}", on_post=learn[1],
    )  # fmt: skip
    rule = PlasticityRule(
        name="three", synapse=synapse, on_pre=learn[0], on_post=learn[1],
        parameters={name: CONSTANTS[name] for name in ("tau", "eta")},
    )  # fmt: skip
    given = shaped(kind, late) if isinstance(delay, str) else delay
    way = Pathway(statements="d += 0.7", on="other", order=-2, delay=given)
    found = run_ours(network(kind, rule=rule, pathways={"reward": way}), target)
    assert found["fired"] == expected["fired"]
    np.testing.assert_allclose(found["w"], expected["w"], rtol=0, atol=1e-12)
    assert np.any(np.abs(found["w"] - weights(kind)) > 0.05)


@TARGETS
def test_a_shared_modulator_rises_with_every_spike_of_a_population(target: str) -> None:
    rule = PlasticityRule(
        name="gate", modulators="dm/dt = -m/tau : 1 (shared)", on_pre="w += m",
        parameters={"tau": CONSTANTS["tau"]},
    )  # fmt: skip
    way = Pathway(statements="m += 1", on="other", delay=2 * ms)
    spec = network(DenseProjection, rule=rule, pathways={"reward": way}, transmit="", parameters={})
    found = run_ours(spec, target)
    m, grown = 0.0, np.zeros(N_IN)
    steps, _ = spikes(0)["other"]
    for step in range(STEPS):
        m *= np.exp(-float(DT / CONSTANTS["tau"]))
        grown[spikes(0)["input"][1][spikes(0)["input"][0] == step]] += m
        m += np.count_nonzero(steps == step - 4)
    expected = weights(DenseProjection).reshape(MASK.shape) + grown[:, None]
    np.testing.assert_allclose(found["w"].reshape(MASK.shape), expected, rtol=1e-12)


@TARGETS
@BOTH
def test_delays_as_expressions(kind: type, target: str) -> None:
    """Of indices they are what an array of the same numbers is; random ones follow the seed."""
    pre, post = pairs(kind)
    same = network(kind, delay="(i + 2*j)*0.5*ms")
    other = network(kind, delay=shaped(kind, (pre + 2 * post) * 0.5 * ms))
    one, two = run_ours(same, target), run_ours(other, target)
    np.testing.assert_array_equal(one["w"], two["w"])
    assert one["fired"] == two["fired"]
    program = Program(network(kind, delay="rand()*10*ms + 1*ms"), dt=DT, target=target)
    first, again, third = (program.initial_state(seed=s)["p.delay"] for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.all(first != third)
    assert np.unique(first).size == first.size
    assert 0.001 <= first.min() < 0.003 < 0.009 < first.max() <= 0.011


def test_rounding_is_that_of_brian2() -> None:
    """A delay of k + 1/2 steps is rounded up, for one synapse and for all."""
    for delay in (0.25 * ms, 1.25 * ms):
        found = [
            run_ours(network(DenseProjection, delay=d), "numpy")["w"]
            for d in (delay, np.full(MASK.shape, float(delay)) * b2.second)
        ]
        np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delay": -1 * ms}, r"delay: must not be negative"),
        ({"delay": [1, -2] * ms}, r"delay: must be finite and not negative"),
        ({"delay": [1, 2]}, r"delay: must be in seconds"),
        ({"delay": "rand()*10*ms +"}, r"delay: cannot read"),
        ({"pathways": {"pre": Pathway(statements="w = 1")}}, r"'pre' is taken"),
        ({"pathways": {"a": Pathway(statements="x = 1")}}, r"unknown variable 'x'"),
        ({"pathways": {"a": Pathway(statements="w = 1", on="nobody")}}, r"unknown population"),
        ({"pathways": {"a": Pathway(statements="v_post += w*gain", on="other")}}, r"about a cell"),
        (
            {
                "rule": PlasticityRule(name="r", synapse="w : 1\ng : 1 (shared)", on_pre="w += g"),
                "pathways": {"a": Pathway(statements="g += w", on="other")},
            },
            r"'g \+= w' adds up over synapses",
        ),
        ({"pathways": {"a": Pathway(statements="v_post = w*gain")}}, r"the operator must be '\+='"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        network(DenseProjection, **options)


def test_traces_of_cells_and_delays_of_synapses_do_not_go_together() -> None:
    rule = PlasticityRule(name="hebb", pre="x_pre : 1", on_pre="x_pre += 1; w += x_pre")
    options: dict[str, Any] = {"rule": rule, "delay": "i*ms"}
    with pytest.raises(ValueError, match=r"on_pre: 'x_pre \+= 1' acts on a whole cell"):
        network(DenseProjection, **options)
    network(DenseProjection, **options, rule_delay=0 * ms)  # it sees spikes as they leave
    with pytest.raises(ValueError, match=r"UniformProjection 'p'.delay: synapses that are stored"):
        UniformProjection(name="p", source="a", target="b", transmit="v_post += 1*mV", delay="i*ms")


@TARGETS
def test_states_that_would_lead_astray_are_refused(target: str) -> None:
    program = Program(network(DenseProjection, delay="i*ms"), dt=DT, target=target)
    inputs = {"input": [([], [])], "other": [([], [])]}
    for key, value, message in (
        ("p.delay", np.full(MASK.shape, -1e-3), r"must lie in \[0,"),
        ("p.delay", np.zeros(3), r"must have shape"),
        ("p.events_in_flight", np.array([[0, 30]]), r"synapses in \[0, 29\]"),
        ("p.events_in_flight", np.array([[-1, 3]]), r"must hold steps"),
        ("p.events_in_flight", np.array([[0.5, 3]]), r"must be integers"),
        ("p.events_in_flight", np.array([0, 3]), r"must have shape"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            program({**program.initial_state(), key: value}, inputs)


@TARGETS
def test_pathways_of_one_order_follow_their_own_spikes(target: str) -> None:
    """Presynaptic, postsynaptic and other spikes in different steps; digits tell who acted."""
    ways = {
        f"at_{on}": Pathway(statements=f"h = 10*h + {digit}", on=on, order=2)
        for digit, on in enumerate(("pre", "other", "post", "more"), 1)
    }
    rule = PlasticityRule(name="r", synapse="w : 1\nh : 1", on_pre="w += h")
    names = ("a", "b", "other", "more")
    spec = NetworkSpec(
        populations=[SpikeListSource(name=name, n=1) for name in names],
        projections=[DenseProjection(name="p", source="a", target="b", rule=rule, pathways=ways)],
        trial=Trial(duration=8 * ms),
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target=target)
    steps = {"a": [1, 6], "b": [2, 6], "other": [3, 6], "more": [0, 4, 6]}
    spikes = {name: [([0] * len(at), np.array(at) * ms)] for name, at in steps.items()}
    state, _ = program(program.initial_state(), spikes)
    assert state["p.h"].item() == 413241234
