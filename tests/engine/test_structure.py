"""Growing and pruning between calls: Brian2 with weights of zero where there is no synapse."""

from __future__ import annotations

from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import NetworkSpec, Population, Program, SparseProjection, Trial
from bioplastic.engine import cache as builds
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import SpikeListSource

N_IN, N_CELL, STEPS, DT = 5, 4, 40, 1 * ms
TARGETS = pytest.mark.parametrize("target", ["cpp", "numpy"])
RASTERS = np.random.default_rng(2).random((2, STEPS, N_IN)) < 0.2
DELAYS = np.random.default_rng(5).integers(0, 9, (N_IN, N_CELL))
BEFORE = np.random.default_rng(3).random((N_IN, N_CELL)) < 0.5
GROWN = ~BEFORE & (np.random.default_rng(4).random((N_IN, N_CELL)) < 0.4)
DELAYS[GROWN] = 0  # nothing is on its way to what is not there
PRUNED = BEFORE & (np.random.default_rng(6).random((N_IN, N_CELL)) < 0.4)
RULE = PlasticityRule(
    name="grow", synapse="w : 1\ndc/dt = -c/tau : 1 (event-driven)",
    on_pre="c += 1; w += 0.01*c", parameters={"tau": 9 * ms},
)  # fmt: skip


def spec() -> NetworkSpec:
    pre, post = np.nonzero(BEFORE)
    projection = SparseProjection(
        name="p", source="a", target="b", transmit="v_post += w", rule=RULE, pre=pre, post=post,
        delay=DELAYS[pre, post] * ms, initial={"w": 1.0 + 0.1 * np.arange(pre.size)},
    )  # fmt: skip
    cell = NeuronModel(name="sum", equations="v : 1")
    return NetworkSpec(
        populations=[SpikeListSource(name="a", n=N_IN), Population(name="b", n=N_CELL, model=cell)],
        projections=[projection],
        trial=Trial(duration=STEPS * DT),
    )


def given(trial: int) -> dict[str, Any]:
    steps, cells = np.nonzero(RASTERS[trial])
    return {"a": [(cells, steps * DT)]}


def run_stock() -> tuple[Any, Any]:
    b2.prefs.codegen.target = "numpy"
    clock = b2.Clock(dt=DT)
    steps, cells = np.nonzero(RASTERS.reshape(-1, N_IN))
    source = b2.SpikeGeneratorGroup(N_IN, cells, steps * DT, clock=clock)
    group = b2.NeuronGroup(N_CELL, "v : 1", clock=clock)
    synapses = b2.Synapses(
        source, group, "w : 1\nthere : 1\ndc/dt = -c/tau : 1 (event-driven)",
        on_pre="v_post += there*w\nc += there\nw += there*0.01*c", clock=clock,
        namespace={"tau": 9 * ms},
    )  # fmt: skip
    synapses.connect()
    synapses.delay = DELAYS.ravel() * ms
    weights = np.zeros(BEFORE.shape)
    weights[BEFORE] = 1 + 0.1 * np.arange(np.count_nonzero(BEFORE))
    synapses.w, synapses.there = weights.ravel(), BEFORE.ravel()
    network = b2.Network(source, group, synapses)
    network.run(STEPS * DT)
    left = (BEFORE & ~PRUNED) | GROWN
    weights = np.where(GROWN, 0.5, np.asarray(synapses.w).reshape(BEFORE.shape))
    synapses.w, synapses.there = weights.ravel(), left.ravel()
    network.run(STEPS * DT)
    return np.asarray(group.v), np.asarray(synapses.w).reshape(left.shape)[left]


@TARGETS
def test_synapses_grow_and_vanish_between_calls(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Program(spec(), dt=DT, dtype="float64", target=target)
    monkeypatch.setattr(builds, "find_or_build", None)  # nothing is compiled from here on
    state, _ = program(program.initial_state(), given(0))
    assert state["p.events_in_flight"].size
    pre, post = program.synapses_of(state, "p")
    new_pre, new_post = (index[::-1] for index in np.nonzero(GROWN))
    edited = program.edit_synapses(
        state, "p", keep=~PRUNED[pre, post], pre=new_pre, post=new_post,
        w=0.5, delay=DELAYS[new_pre, new_post] * 1e-3,
    )  # fmt: skip
    kept = {key: values.copy() for key, values in edited.items()}
    final, _ = program(edited, given(1))
    v, w = run_stock()
    pre, post = program.synapses_of(final, "p")
    np.testing.assert_array_equal(np.nonzero((BEFORE & ~PRUNED) | GROWN), (pre, post))
    np.testing.assert_allclose(final["b.v"], v, rtol=1e-12)
    np.testing.assert_allclose(final["p.w"], w, rtol=1e-12)
    assert "p.pre" not in state
    assert all(np.array_equal(edited[key], values) for key, values in kept.items())


@TARGETS
def test_an_edited_state_is_that_of_a_network_made_so(target: str) -> None:
    """Growing back what was pruned, in another order, gives the first network."""
    program = Program(spec(), dt=DT, dtype="float64", target=target)
    state = program.initial_state()
    pre, post = program.synapses_of(state, "p")
    keep = np.arange(pre.size) % 3 > 0
    less = program.edit_synapses(state, "p", keep=keep)
    assert less["p.w"].shape == less["p.delay"].shape == (np.count_nonzero(keep),)
    back = np.flatnonzero(~keep)[::-1]
    again = program.edit_synapses(
        less, "p", pre=pre[back], post=post[back], w=state["p.w"][back],
        delay=state["p.delay"][back],
    )  # fmt: skip
    one, two = (program(start, given(0))[0] for start in (state, again))
    for key, values in one.items():
        np.testing.assert_array_equal(two[key], values)


def test_edits_that_make_no_sense_are_refused() -> None:
    program = Program(spec(), dt=DT, target="numpy")
    state = program.initial_state()
    n = state["p.w"].size
    for options, message in (
        ({"keep": [True]}, rf"keep: must be {n} truth values"),
        ({"pre": [0], "post": []}, r"pre has 1 entries and post 0"),
        ({"pre": [9], "post": [0], "delay": 0}, r"cells must lie in \[0, 4\]"),
        ({"pre": [0], "post": [0]}, r"new synapses of 'p' need 'delay'"),
        ({"weight": 1.0}, r"have no variable 'weight'"),
        ({"keep": np.zeros(n, dtype=bool)}, r"at least one"),
    ):
        with pytest.raises(ValueError, match=message):
            program.edit_synapses(state, "p", **options)
    with pytest.raises(ValueError, match=r"needs both 'p.pre' and 'p.post'"):
        program({**state, "p.pre": np.zeros(n, dtype=int)}, given(0))
    mixed = {"p.pre": np.arange(n)[::-1] % N_IN, "p.post": np.zeros(n, dtype=int)}
    with pytest.raises(ValueError, match=r"must be sorted"):
        program({**state, **mixed}, given(0))
