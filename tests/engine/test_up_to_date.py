"""A variable is up to date whenever anything reads it, whoever reads it and when."""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import Any

import numpy as np
import pytest
from brian2 import ms, second

from bioplastic.engine import (
    DenseProjection,
    EventTrial,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    Trial,
)
from bioplastic.neurons import first_spike
from bioplastic.plasticity import (
    LeastSquares,
    Normalisation,
    PlasticityRule,
    SynapseInterpreter,
    dopamine_stdp,
)
from bioplastic.signals import LatencySource, SpikeListSource

TARGETS = pytest.mark.parametrize("target", ["cpp", "numpy"])
KINDS = pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
NO_SPIKE: tuple[list[int], list[float]] = ([], [])


def build(rules: Any, kind: Any, target: str, duration: Any, **options: Any) -> Program:
    """Return a program with one synapse for every rule, named like it."""
    pairs = {"pre": [0], "post": [0]} if kind is SparseProjection else {}
    rules = [rules] if isinstance(rules, PlasticityRule) else rules
    spec = NetworkSpec(
        populations=[SpikeListSource(name="a", n=1), SpikeListSource(name="b", n=1)],
        projections=[kind(name=r.name, source="a", target="b", rule=r, **pairs) for r in rules],
        trial=Trial(duration=duration),
    )
    return Program(spec, dt=1 * ms, target=target, **{"dtype": "float64", **options})


def leaky(name: str = "p", **slots: Any) -> PlasticityRule:
    """Return an eligibility of 0.5 s that a presynaptic spike raises by one."""
    synapse = "w : 1\nk : 1 (shared)\ndc/dt = -k*c/tau : 1 (event-driven)\nh = 2*c : 1"
    slots = {"on_pre": "c += 1", "parameters": {"tau": 500 * ms}, "initial": {"k": 1.0}, **slots}
    return PlasticityRule(name=name, synapse=synapse, **slots)


# A spike in step 10 of two trials of 510 ms; the limits lie 500 and 1010 ms after the first one.
READS = {
    "trial_end": ({"on_trial_end": "w += c"}, "w", exp(-1) + (exp(-1) + exp(-2.02))),
    "trial_start": ({"on_trial_start": "w += c"}, "w", exp(-1)),
    "subexpression": ({"on_trial_end": "w = h"}, "w", 2 * (exp(-1) + exp(-2.02))),
    # ticks in steps 254, 509, 764 and 1019
    "every": (
        {"every": "w += c", "interval": 255 * ms}, "w",
        sum(exp(-t / 500) for t in (244, 499, 754, 1009)) + exp(-0.488) + exp(-0.998),
    ),
    "every_writes": (
        {"every": "c *= 0.5", "interval": 510 * ms}, "c", (exp(-2.02) / 4 + exp(-1) / 2)
    ),
    "every_sets": ({"every": "c = 1", "interval": 510 * ms}, "c", exp(-0.002)),
    "another_rate": ({"every": "k = 0", "interval": 510 * ms}, "c", exp(-0.998) + 1),
    "normalised": (
        {"normalise": Normalisation(total=1.0, variable="c", when="trial_start")}, "c",
        exp(-1.02) + exp(-1),
    ),
    "state": ({"on_post": "w += c"}, "c", exp(-1) + exp(-2.02)),
}  # fmt: skip


@TARGETS
@KINDS
def test_event_driven_variables_are_never_stale(kind: type, target: str) -> None:
    rules = [leaky(read, **slots) for read, (slots, _, _) in READS.items()]
    program = build(rules, kind, target, 510 * ms)
    inputs = {"a": [([0], [0.01])] * 2, "b": [NO_SPIKE] * 2}
    state, _ = program(program.initial_state(), inputs)
    found = {read: state[f"{read}.{name}"].item() for read, (_, name, _) in READS.items()}
    assert found == pytest.approx({read: right for read, (*_, right) in READS.items()}, rel=1e-12)
    first, _ = program(program.initial_state(), {k: v[:1] for k, v in inputs.items()})
    again, _ = program(first, {k: v[1:] for k, v in inputs.items()})
    assert {k: v.tobytes() for k, v in again.items()} == {k: v.tobytes() for k, v in state.items()}


@TARGETS
def test_single_precision_keeps_times_of_updates(target: str) -> None:
    program = build(
        leaky(on_trial_end="w += c"), DenseProjection, target, 510 * ms, dtype="float32"
    )
    state = program.initial_state() | {"clock.step": np.array(10**10)}
    state["p.lastupdate"][:] = 1e7
    state, _ = program(state, {"a": [([0], [0.01])], "b": [NO_SPIKE]})
    assert state["p.w"].item() == pytest.approx(exp(-1), rel=1e-6)


@TARGETS
def test_the_limit_of_a_trial_agrees_with_the_interpreter(target: str) -> None:
    rule = leaky(on_trial_end="w += c", on_post="c -= 0.3")
    program = build(rule, DenseProjection, target, 510 * ms)
    pre, post = np.array([10, 90, 200]) * ms, np.array([50, 90, 410]) * ms
    zeros = np.zeros(3, int)
    state, _ = program(program.initial_state(), {"a": [(zeros, pre)], "b": [(zeros, post)]})
    synapse = SynapseInterpreter(rule)
    synapse.run(pre=pre, post=post, until=510 * ms)
    synapse.execute("on_trial_end")
    assert state["p.w"].item() == pytest.approx(synapse.state["w"], rel=1e-12)


@TARGETS
@pytest.mark.parametrize(("at", "first"), [("start", 20), ("end", 29)])
def test_dopamine_reads_a_decayed_eligibility(target: str, at: str, first: int) -> None:
    """The pair is complete in step 20, in which the clock ticks if it does so at the start."""
    rule = replace(dopamine_stdp(name="p"), interval_at=at)
    assert dopamine_stdp().interval_at == "start"  # as in the published program
    program = build(rule, DenseProjection, target, 1 * second)
    state = program.initial_state()
    state["p.dopamine"][:] = 0.4
    state, _ = program(state, {"a": [([0], [0.01])], "b": [([0], [0.02])]})
    ticks = range(first, 1000, 10)
    change = sum((0.002 + 0.4 * exp(-(k + 1) / 200)) * exp(-(k - 20) / 1000) for k in ticks)
    assert state["p.w"].item() == pytest.approx(0.1 * exp(-0.5) * change, rel=1e-12)


@TARGETS
@KINDS
def test_event_driven_equals_clock_driven(kind: type, target: str) -> None:
    """Within a trial the two ways to integrate a decay are the same for every reader."""
    rules = [
        PlasticityRule(
            name=f"{flag}_driven", synapse=f"w : 1\ndc/dt = -c/tau : 1 ({flag}-driven)",
            on_pre="c += 1", on_post="w += c; c *= 0.5", every="w += c*c; c *= 0.9",
            interval=7 * ms, parameters={"tau": 40 * ms},
        )
        for flag in ("clock", "event")
    ]  # fmt: skip
    program = build(rules, kind, target, 300 * ms)
    rng = np.random.default_rng(3)
    inputs = {c: [(np.zeros(20, int), np.sort(rng.permutation(300)[:20]) * 1e-3)] for c in "ab"}
    state, _ = program(program.initial_state(), inputs)
    assert state["event_driven.w"] == pytest.approx(state["clock_driven.w"], rel=1e-12)
    assert state["event_driven.w"] > 5


@TARGETS
def test_least_squares_moves_a_weight_that_has_decayed(target: str) -> None:
    rule = PlasticityRule(
        name="p", synapse="dw/dt = -w/tau : 1 (event-driven)", parameters={"tau": 200 * ms},
        pre="r_pre : 1", post="e_post : 1", initial={"w": 1.0, "r_pre": 1.0, "e_post": 1.0},
        interval=50 * ms,
        least_squares=LeastSquares(activity="r_pre", error="e_post", ridge=0.5),
    )  # fmt: skip
    program = build(rule, DenseProjection, target, 50 * ms)
    state, _ = program(program.initial_state(), {"a": [NO_SPIKE], "b": [NO_SPIKE]})
    right = (exp(-49 / 200) - 2 / (1 + 2)) * exp(-1 / 200)  # read in step 49, returned at 50 ms
    assert state["p.w"].item() == pytest.approx(right, rel=1e-12)


LAZY = "w : 1\ndc/dt = -c/tau : 1 (event-driven)\nh = 2*c : 1"


def test_what_needs_a_value_in_every_step_refuses_event_driven_equations() -> None:
    slots: dict[str, Any] = {"name": "p", "on_pre": "c += 1", "parameters": {"tau": 1 * ms}}
    rule = PlasticityRule(synapse=LAZY, **slots)
    with pytest.raises(ValueError, match=r"'p'\.summed: reads 'c' in every step"):
        DenseProjection(name="p", source="a", target="b", summed="i_post = h", rule=rule)
    clocked = f"{LAZY}\ndq/dt = (h - q)/tau : 1 (clock-driven)"
    with pytest.raises(ValueError, match=r"synapse: the equation of 'q' is \(clock-driven\) but"):
        PlasticityRule(synapse=clocked, **slots)
    cells = (LatencySource(name="a", n=1), Population(name="b", n=1, model=first_spike()))
    projection = DenseProjection(name="p", source="a", target="b", rule=rule)
    with pytest.raises(ValueError, match=r"'p'\.rule, synapse: the equation of 'c' needs a clock"):
        NetworkSpec(populations=cells, projections=[projection], trial=EventTrial(source="a"))


@TARGETS
def test_limits_of_trials_have_a_time(target: str) -> None:
    """``t`` in the slots of a trial is that of its limit, whatever the program did before."""
    rule = PlasticityRule(
        name="p", synapse="w : 1\nv : 1", on_trial_start="w = t/ms", on_trial_end="v = t/ms"
    )
    program = build(rule, DenseProjection, target, 20 * ms)
    inputs = {"a": [NO_SPIKE], "b": [NO_SPIKE]}
    state = program.initial_state()
    for k in (0, 20, 0):
        state = program.initial_state() if k == 0 else state
        state, _ = program(state, inputs)
        assert [state["p.w"].item(), state["p.v"].item()] == pytest.approx([k, k + 20])
