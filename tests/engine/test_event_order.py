"""Who sees what when events meet in one time step: the order that `NetworkSpec` promises."""

from __future__ import annotations

from functools import cache
from typing import Any

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
    UniformProjection,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import Normalisation, PlasticityRule
from bioplastic.signals import SpikeListSource

TARGETS = pytest.mark.parametrize("target", ["cpp", "numpy"])

# Every slot writes down what it sees; the decays are exact halves per step.
WITNESS = PlasticityRule(
    name="witness",
    synapse="""
        w : 1
        trace_of_post_cell : 1
        trace_of_pre_cell : 1
        w_between : 1
        w_at_every : 1
        v_at_every : 1
        w_at_start : 1
    """,
    pre="dx_pre/dt = -x_pre*log(2)/ms : 1",
    post="dx_post/dt = -x_post*log(2)/ms : 1",
    on_pre="x_pre += 1; trace_of_post_cell = x_post; w = w + 1",
    on_post="x_post += 1; trace_of_pre_cell = x_pre; w_between = w; w = 2*w",
    every="w_at_every = w; v_at_every = clip(v_post, v_at_every, 10)",
    on_trial_start="w_at_start = w",
    on_trial_end="w = w + 100",
    normalise=Normalisation(total=3.0),
    initial={"w": 1.0},
)
CELL = NeuronModel(
    name="cell",
    equations="dv/dt = 0/second : 1\ng : 1",
    threshold="v > 1",
    reset="v = 0",
)


@cache
def witness(target: str, kind: type = DenseProjection) -> Program:
    options: dict[str, Any] = {"pre": [0], "post": [0]} if kind is SparseProjection else {}
    spec = NetworkSpec(
        populations=[SpikeListSource(name="input", n=1), Population(name="cell", n=1, model=CELL)],
        projections=[
            kind(
                name="p",
                source="input",
                target="cell",
                transmit="g_post += w",
                rule=WITNESS,
                **options,
            )
        ],
        trial=Trial(duration=4 * ms),
        records=[StateRecord(population="cell", variable="v")],
    )
    return Program(spec, dt=1 * ms, dtype="float64", target=target)


def run_pair(program: Program) -> tuple[dict[str, Any], Any]:
    """Let the cell and its input fire together in the first step."""
    state = program.initial_state()
    state["cell.v"][:] = 2.0
    state, record = program(state, {"input": [([0], [0.0])]})
    return {name: value.item() for name, value in state.items()}, record["cell.v"][0, :, 0]


@TARGETS
@pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
def test_simultaneous_spikes(target: str, kind: type) -> None:
    state, v = run_pair(witness(target, kind))
    # normalised to 3 before the trial begins, transmitted before it grows
    assert state["p.w_at_start"] == 3
    assert state["cell.g"] == 3
    # the presynaptic pass does not see the postsynaptic spike, the other pass sees both
    assert state["p.trace_of_post_cell"] == 0
    assert state["p.trace_of_pre_cell"] == 1
    assert state["p.w_between"] == 4
    # clocked updates see the weight after both passes, and the voltage before the reset
    assert state["p.w_at_every"] == 8
    assert state["p.v_at_every"] == 2
    np.testing.assert_array_equal(v, 0)
    assert state["p.w"] == 108
    # three decays after the step of the spikes
    assert state["p.x_pre"] == pytest.approx(0.125, rel=1e-14)
    assert state["p.x_post"] == pytest.approx(0.125, rel=1e-14)


@TARGETS
@pytest.mark.parametrize(("lag", "seen"), [(1, 0.5), (3, 0.125)])
def test_traces_decay_before_they_are_read(target: str, lag: int, seen: float) -> None:
    program = witness(target)
    state = program.initial_state()
    state["cell.v"][:] = 2.0  # fires in step 0
    state, _ = program(state, {"input": [([0], [lag * ms])]})
    assert state["p.trace_of_post_cell"].item() == pytest.approx(seen, rel=1e-14)
    assert state["p.trace_of_pre_cell"].item() == 0


@TARGETS
def test_a_spike_reaches_its_target_in_the_next_step(target: str) -> None:
    """Projections in the given order; resets last, so that a cell resets what it just received."""
    spec = NetworkSpec(
        populations=[
            SpikeListSource(name="input", n=1),
            Population(name="cell", n=2, model=CELL),
            Population(name="other", n=2, model=CELL),
        ],
        projections=[
            UniformProjection(
                name="one", source="input", target="cell", transmit="v_post = 2 + 0*v_post"
            ),
            UniformProjection(
                name="two",
                source="cell",
                target="other",
                pattern="one_to_one",
                transmit="v_post += 2",
            ),
        ],
        trial=Trial(duration=6 * ms),
        records=[SpikeCount(population="other"), StateRecord(population="other", variable="v")],
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target=target)
    _, record = program(program.initial_state(), {"input": [([0], [1 * ms])]})
    # input in step 1, cell in step 2, other in step 3
    np.testing.assert_array_equal(record["other.v"][0, :, 0], [0, 0, 2, 0, 0, 0])
    np.testing.assert_array_equal(record["other.count"], [[1, 1]])


@TARGETS
def test_simultaneous_arrivals_add_up(target: str) -> None:
    """Total minus own, the loop over pairs, and a matrix give the same sums."""
    n = 9
    patterns = {"sum": "h_post += 3", "loop": "k_post += 3 + 0*k_post"}
    cell = NeuronModel(name="cell", equations="h : 1\nk : 1\nm : 1", threshold="h < -1", reset="")
    spec = NetworkSpec(
        populations=[SpikeListSource(name="input", n=n), Population(name="cell", n=n, model=cell)],
        projections=[
            *(
                UniformProjection(
                    name=name,
                    source="input",
                    target="cell",
                    pattern="all_but_self",
                    transmit=transmit,
                )
                for name, transmit in patterns.items()
            ),
            DenseProjection(
                name="dense",
                source="input",
                target="cell",
                transmit="m_post += w",
                initial={"w": 3.0 * (1 - np.eye(n))},
            ),
        ],
        trial=Trial(duration=3 * ms),
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target=target)
    cells = np.array([0, 2, 3, 8, 2])
    steps = np.array([1, 1, 1, 1, 2])
    state, _ = program(program.initial_state(), {"input": [(cells, steps * ms)]})
    fired = np.bincount(cells, minlength=n)
    np.testing.assert_array_equal(state["cell.h"], 3 * (fired.sum() - fired))
    np.testing.assert_array_equal(state["cell.k"], state["cell.h"])
    np.testing.assert_array_equal(state["cell.m"], state["cell.h"])


@TARGETS
@pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
def test_clocked_sums_and_scaling_of_outputs(target: str, kind: type) -> None:
    """Sums over synapses in `every`, an interval, and scaling over the outputs of each cell."""
    rng = np.random.default_rng(1)
    weights = rng.random((5, 37))
    rule = PlasticityRule(
        name="sums",
        pre="s_pre : 1",
        post="s_post : 1",
        every="s_pre += w; s_post += w",
        interval=2 * ms,
        normalise=Normalisation(total=7.0, over="post", when="trial_end"),
    )
    options: dict[str, Any] = {}
    if kind is SparseProjection:
        pre, post = (index.ravel() for index in np.indices(weights.shape))
        options = {"pre": pre, "post": post}
    spec = NetworkSpec(
        populations=[SpikeListSource(name="a", n=5), SpikeListSource(name="b", n=37)],
        projections=[
            kind(name="p", source="a", target="b", rule=rule, initial={"w": 0.0}, **options)
        ],
        trial=Trial(duration=5 * ms),
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target=target)
    state = program.initial_state()
    state["p.w"] = weights.reshape(state["p.w"].shape)
    state, _ = program(state, {"a": [([], [])], "b": [([], [])]})
    np.testing.assert_allclose(state["p.s_pre"], 2 * weights.sum(axis=1))
    np.testing.assert_allclose(state["p.s_post"], 2 * weights.sum(axis=0))
    scaled = state["p.w"].reshape(weights.shape)
    np.testing.assert_allclose(scaled, 7 * weights / weights.sum(axis=1, keepdims=True))


@TARGETS
def test_updates_and_refractory_periods_without_differential_equations(target: str) -> None:
    counter = NeuronModel(
        name="counter", equations="v : 1", update="v = v + 0.25", threshold="v > 0.9", reset="v = 0"
    )
    steady = NeuronModel(
        name="steady",
        equations="v : 1",
        threshold="v > 0.5",
        reset="",
        refractory=3 * ms,
        initial={"v": 1.0},
    )
    jittery = NeuronModel(
        name="jittery",
        equations="dv/dt = 1/ms : 1 (unless refractory)\np : second",
        threshold="v > 0.5",
        reset="v = 0",
        refractory="p",
        initial={"p": np.array([0, 1, 4]) * ms},
    )
    spec = NetworkSpec(
        populations=[
            Population(name="counter", n=2, model=counter),
            Population(name="steady", n=2, model=steady),
            Population(name="jittery", n=3, model=jittery),
        ],
        projections=[],
        trial=Trial(duration=13 * ms),
        records=[SpikeCount(population=name) for name in ("counter", "steady", "jittery")],
    )
    program = Program(spec, dt=1 * ms, target=target)
    _, record = program(program.initial_state(), n_samples=1)
    np.testing.assert_array_equal(record["counter.count"], [[3, 3]])
    np.testing.assert_array_equal(record["steady.count"], [[5, 5]])
    np.testing.assert_array_equal(record["jittery.count"], [[13, 13, 4]])


@TARGETS
def test_two_rules_on_one_cell_keep_their_traces_apart(target: str) -> None:
    """Both projections have traces of the same name and parameters of different values."""
    projections = [
        DenseProjection(
            name=name,
            source="input",
            target="output",
            rule=PlasticityRule(
                name="hebb",
                pre="dx_pre/dt = -x_pre/tau : 1",
                on_pre="x_pre += a",
                on_post="w += x_pre",
                parameters={"tau": tau, "a": a},
            ),
        )
        for name, tau, a in (("fast", 1 * ms, 1.0), ("slow", 4 * ms, 3.0))
    ]
    spec = NetworkSpec(
        populations=[SpikeListSource(name="input", n=1), SpikeListSource(name="output", n=1)],
        projections=projections,
        trial=Trial(duration=5 * ms),
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target=target)
    state, _ = program(
        program.initial_state(), {"input": [([0], [1 * ms])], "output": [([0], [3 * ms])]}
    )
    assert state["fast.w"].item() == pytest.approx(np.exp(-2))
    assert state["slow.w"].item() == pytest.approx(3 * np.exp(-0.5))
    assert set(state) >= {"fast.x_pre", "slow.x_pre"}


@pytest.mark.parametrize("scalar", [False, True])
def test_transmission_into_a_refractory_cell_is_lost(scalar: bool) -> None:
    """What is written to a variable marked (unless refractory) has no effect meanwhile."""
    cell = NeuronModel(
        name="cell",
        equations="dv/dt = 0*mV/second : volt (unless refractory)",
        threshold="v > 3*mV",
        reset="v = 0*mV",
        refractory=3 * ms,
    )
    spec = NetworkSpec(
        populations=[SpikeListSource(name="input", n=1), Population(name="cell", n=1, model=cell)],
        projections=[
            DenseProjection(
                name="p",
                source="input",
                target="cell",
                transmit="v_post += s*w*mV" if scalar else "v_post += w*mV",
                initial={"w": 2.0},
                rule=PlasticityRule(
                    name="r",
                    synapse="w : 1\ns = ceil(3*m) : 1",
                    modulators="m : 1 (shared)",
                    on_post="w *= s",
                    initial={"m": 0.3},
                )
                if scalar
                else None,
            )
        ],
        trial=Trial(duration=9 * ms),
        records=[StateRecord(population="cell", variable="v")],
    )
    found = []
    for target in ("cpp", "numpy"):
        program = Program(spec, dt=1 * ms, dtype="float64", target=target)
        state = program.initial_state()
        state["cell.v"][:] = float(4 * mV)
        steps = np.arange(1, 7) * ms
        _, record = program(state, {"input": [(np.zeros(6, dtype=int), steps)]})
        found.append(record["cell.v"][0, :, 0] / 1e-3)
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)
    # fires in step 0, deaf in steps 1 and 2, then two arrivals of 2 mV and the next spike
    np.testing.assert_allclose(found[0], [0, 0, 0, 2, 4, 0, 0, 0, 0], atol=1e-12)


ROW = [0, 0, 1, 1, 2, 2]


@TARGETS
@pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
@pytest.mark.parametrize("delay", [None, 1 * ms])
def test_rules_see_what_all_synapses_of_a_step_have_transmitted(
    target: str, kind: type, delay: Any
) -> None:
    """Three spikes in one step add 3, 30 and 300: every rule sees 333."""
    cell = NeuronModel(name="m", equations="v : 1\ng : 1\nh = 2*v : 1")
    pairs = {"pre": ROW, "post": [0, 1] * 3} if kind is SparseProjection else {}
    texts = {
        "reads": "w = v_post", "through": "w = h_post", "fused": "w = g_post + 1",
        "own": "x_pre += 1; w = x_pre; w = w + v_post", "only": "x_pre += 1",
    }  # fmt: skip
    traces = {"pre": "x_pre : 1"}
    rules = {
        name: PlasticityRule(name=name, on_pre=text, **(traces if "x_pre" in text else {}))
        for name, text in texts.items()
    }
    options: dict[str, Any] = {"source": "a", "target": "e", "delay": delay}
    sends = {"reads": "v_post += w", "own": "v_post += 10*(w - x_pre)", "fused": "v_post += 0*w"}
    spec = NetworkSpec(
        populations=[SpikeListSource(name="a", n=3), Population(name="e", n=2, model=cell)],
        projections=[
            *(
                kind(name=name, rule=rule, transmit=sends.get(name, ""), initial={"w": 1.0},
                     **pairs, **options)
                for name, rule in rules.items()
            ),
            UniformProjection(name="last", transmit="v_post += 100", **options),
        ],
        trial=Trial(duration=6 * ms),
    )  # fmt: skip
    program = Program(spec, dt=1 * ms, dtype="float64", target=target)
    state, _ = program(program.initial_state(), {"a": [([0, 1, 2], [1, 1, 1] * ms)]})
    seen = {name: np.unique(state[f"{name}.w"]).tolist() for name in rules}
    assert seen == {"reads": [333], "through": [666], "fused": [1], "own": [334], "only": [1]}
    assert state["e.v"].tolist() == [333, 333]
    if kind is DenseProjection:  # one pass over the synapses where nobody can tell
        order = [p.name for p in program.layout.parts if p.action == "dense_pre"]
        assert order[:3] == ["reads_pre0", "fused_pre0", "own_pre0"]
        assert order[3:] == ["reads_pre1", "through_pre0", "own_pre2"]


@TARGETS
@pytest.mark.parametrize("trials", [[2], [1, 1]])
@pytest.mark.parametrize("period", [0, 0.3, 1, 2])
def test_a_cell_is_refractory_until_the_next_step_begins(
    target: str, trials: list[int], period: float
) -> None:
    """Cells fire in steps 0, 1 and 2; between trials they are as they were in the last step."""
    cell = NeuronModel(
        name="cell",
        equations="dv/dt = 1/ms : 1\ndmark/dt = 0/second : 1 (unless refractory)",
        threshold="v > 2.5 and v < 3.5",
        refractory=period * ms,
        initial={"v": np.array([2.0, 1.0, 0.0])},
    )
    spec = NetworkSpec(
        populations=[
            SpikeListSource(name="input", n=3),
            Population(
                name="cell", n=3, model=cell,
                on_trial_start="mark += 1", on_trial_end=("mark += 10",),
            ),
        ],
        projections=[
            UniformProjection(
                name="p", source="input", target="cell", pattern="one_to_one",
                transmit="mark_post += 100",
            )
        ],
        trial=Trial(duration=3 * ms),
    )  # fmt: skip
    program = Program(spec, dt=1 * ms, target=target)
    state = program.initial_state()
    times = [([0, 1, 2], np.arange(3) * ms), ([], [])]
    for first, count in enumerate(trials):
        state, _ = program(state, {"input": times[first : first + count]})
    free = np.arange(3) + max(period, 1) <= 2  # what arrives with the spike is always lost
    np.testing.assert_array_equal(state["cell.mark"], 11 + 11 * free)


@TARGETS
@pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
@pytest.mark.parametrize("slot", ["on_pre", "on_post", "every", "on_trial_end"])
def test_sums_over_synapses_wait_for_statements_that_read_them(
    target: str, kind: Any, slot: str
) -> None:
    """Every synapse sees the trace before the first of them adds to it."""
    side = "pre" if slot == "on_post" else "post"
    rule = PlasticityRule(
        name="r", synapse="w : 1\nseen : 1",
        **{side: f"x_{side} : 1\ny_{side} = 2*x_{side} : 1"},
        **{slot: f"seen += y_{side}\nx_{side} += w"},
    )  # fmt: skip
    options = {"pre": [0, 0, 1, 1], "post": [0, 1, 0, 1]} if kind is SparseProjection else {}
    spec = NetworkSpec(
        populations=[SpikeListSource(name="a", n=2), SpikeListSource(name="b", n=2)],
        projections=[kind(name="p", source="a", target="b", rule=rule, **options)],
        trial=Trial(duration=1 * ms),
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target=target)
    state = program.initial_state()
    state["p.w"] = np.array([1.0, 2.0, 4.0, 8.0]).reshape(state["p.w"].shape)
    state[f"p.x_{side}"] = np.array([0.5, 3.0])
    at_once = [([0, 1], [0, 0] * ms)]
    state, _ = program(state, {"a": at_once, "b": at_once})
    seen = [1, 1, 6, 6] if side == "pre" else [1, 6, 1, 6]
    np.testing.assert_allclose(state["p.seen"].ravel(), seen)
    np.testing.assert_allclose(state[f"p.x_{side}"], [3.5, 15] if side == "pre" else [5.5, 13])
