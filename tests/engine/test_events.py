"""Trials on the events of a latency code: exact times, ties, and competitions at the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import (
    DenseProjection,
    EventTrial,
    GroupWinner,
    NetworkSpec,
    Population,
    PopulationMean,
    Program,
    SpikeCount,
    SpikeRecord,
    StateRecord,
    Trial,
    TrialRecord,
)
from bioplastic.engine.reductions import find_winners
from bioplastic.neurons import FIRST_SPIKE_TRANSMISSION, NeuronModel, current_lif, first_spike
from bioplastic.plasticity import Normalisation, PlasticityRule, first_spike_trial
from bioplastic.signals import LatencySource, SpikeListSource

TARGETS = ("numpy", "cpp")


def make_network(theta: float = 1.5, **options: Any) -> NetworkSpec:
    trial = {"source": "x", "until_fired": "out", **options}
    return NetworkSpec(
        populations=(
            LatencySource(name="x", n=4),
            Population(name="out", n=2, model=first_spike(theta=theta)),
        ),
        projections=(
            DenseProjection(
                name="p",
                source="x",
                target="out",
                transmit=FIRST_SPIKE_TRANSMISSION,
                rule=first_spike_trial(),
                initial={"w": np.array([[1.0, 0.5], [1.0, 0.5], [1.0, 0.5], [1.0, 0.5]])},
            ),
        ),
        trial=EventTrial(**trial),
        records=(
            TrialRecord(population="out", variable="t_spike"),
            TrialRecord(population="out", variable="v"),
            SpikeCount(population="x"),
            SpikeRecord(population="out"),
        ),
    )


@pytest.mark.parametrize("target", TARGETS)
def test_times_are_exact_and_ties_are_summed_first(target: str) -> None:
    program = Program(make_network(), dt=1 * ms, dtype="float64", target=target)
    third = 1 / 3
    X = [
        [third, 0.1, 0.7, 0.9],  # 1.5 is passed with the second input, by cell 0 only
        [third, third, third, 0.9],  # a tie: all three arrive before the test
        [1.0, np.inf, 7.0, 1.0],  # silence
        [0.2, 1.0, 1.0, 1.0],  # too little
        [0.0, 0.5, 0.5, 0.5],
    ]
    state, record = program(program.initial_state(), {"x": X})
    expected_t = [[third, 1], [third, 1], [1, 1], [1, 1], [0.5, 1]]
    expected_v = [[2, 2], [3, 2], [0, 0], [1, 0.5], [4, 2]]
    np.testing.assert_array_equal(record["out.t_spike"][:4], expected_t[:4])
    np.testing.assert_array_equal(record["out.v"], expected_v)
    assert record["out.t_spike"][4].tolist() == [1, 1]  # the last event is never tested
    assert record["x.count"].sum(axis=1).tolist() == [4, 4, 0, 1, 4]
    assert int(state["clock.step"]) == 4 + 2 + 0 + 1 + 2
    assert record["out.spike_cell"].tolist() == [0, 0]


@pytest.mark.parametrize("target", TARGETS)
def test_a_step_after_the_last_event_tests_it(target: str) -> None:
    program = Program(make_network(after_last=True), dt=1 * ms, target=target)
    X = [[0.0, 0.5, 0.5, 0.5], [1.0, 1.0, 1.0, 1.0]]
    _, record = program(program.initial_state(), {"x": X})
    assert record["out.t_spike"].tolist() == [[0.5, 0.5], [1.0, 1.0]]


def test_the_trial_ends_when_all_have_fired() -> None:
    program = Program(make_network(theta=0.2), dt=1 * ms, target="numpy")
    state, record = program(program.initial_state(), {"x": [[0.1, 0.2, 0.3, 0.4]]})
    assert record["out.t_spike"].tolist() == [[np.float32(0.1)] * 2]
    assert record["x.count"].tolist() == [[1, 1, 0, 0]]
    assert int(state["clock.step"]) == 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_times_are_sorted_like_numpy_sorts(dtype: str) -> None:
    """The compiled sort, on random numbers, ties, zeros and the neighbours of one."""
    n = 300
    spec = NetworkSpec(
        populations=(LatencySource(name="x", n=n),),
        projections=(),
        trial=EventTrial(source="x"),
        records=(SpikeRecord(population="x"),),
    )
    rng = np.random.default_rng(0)
    X = rng.random((6, n)).astype(dtype)
    X[1] = np.round(X[1], 1)
    X[2, ::3] = 0.0
    X[3] = 10.0 ** rng.uniform(-30, 0, n)
    X[4, :5] = np.nextafter(np.array(1, dtype), np.array(0, dtype))
    X[5] = 1.0
    program = Program(spec, dt=1 * ms, dtype=dtype)
    _, record = program(program.initial_state(), {"x": X})
    for trial in range(6):
        cells = record["x.spike_cell"][record["x.spike_trial"] == trial]
        steps = record["x.spike_time"][record["x.spike_trial"] == trial] * 1000
        order = np.argsort(X[trial], kind="stable")
        order = order[X[trial][order] < 1]
        np.testing.assert_array_equal(cells, order)
        np.testing.assert_array_equal(
            np.rint(steps), np.unique(X[trial][order], return_inverse=True)[1]
        )


def make_competition() -> NetworkSpec:
    cell = NeuronModel(
        name="judged",
        equations="a : 1\nb : 1\nmay : 1\nwins : 1\nleads : 1\nboth : 1\nmean : 1 (shared)\n"
        "key : 1 (shared)",
    )
    steps = (
        GroupWinner(into="wins", size=3, first="a", then="b"),
        GroupWinner(into="leads", size=2, first="a", then="b", among="may"),
        "both = wins*leads",
        PopulationMean(into="mean", of="a", weight="may", empty=-1.0),
    )
    names = ("wins", "leads", "both", "mean", "key")
    return NetworkSpec(
        populations=(
            Population(
                name="c", n=6, model=cell, sample_inputs=("a", "b", "may", "key"),
                on_trial_start="wins = 9", on_trial_end=steps,
            ),
        ),
        projections=(),
        trial=Trial(duration=1 * ms),
        records=tuple(TrialRecord(population="c", variable=name) for name in names),
    )  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_competitions(target: str) -> None:
    program = Program(make_competition(), dt=1 * ms, dtype="float64", target=target)
    inputs = {
        "a": [[3.0, 1, 2, 5, 5, 5], [1, 1, 1, 0, 0, 0]],
        "b": [[0.0, 0, 0, 1, 3, 3], [0, 0, 0, 0, 0, 0]],
        "may": [[1.0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]],
        "key": [7, 8],
    }
    _, record = program(program.initial_state(), inputs)
    assert record["c.wins"].tolist() == [[0, 1, 0, 0, 1, 0], [1, 0, 0, 1, 0, 0]]
    assert record["c.leads"].tolist() == [[1, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]]
    assert record["c.both"].tolist() == [[0.0] * 6, [0.0] * 6]
    assert record["c.mean"].ravel().tolist() == pytest.approx([10 / 3, -1])
    assert record["c.key"].ravel().tolist() == [7, 8]


def test_find_winners_agrees_with_a_plain_sort() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        first, then = rng.integers(0, 3, 12).astype(float), rng.integers(0, 3, 12).astype(float)
        among, wins = rng.integers(0, 2, 12), np.zeros(12)
        find_winners(4, wins, first, then, among)
        for group in range(3):
            cells = [j for j in range(4 * group, 4 * group + 4) if among[j]]
            best = min(cells, key=lambda j: (first[j], -then[j], j), default=None)
            won = [j for j in range(4 * group, 4 * group + 4) if wins[j]]
            assert won == ([] if best is None else [best])


@pytest.mark.parametrize("target", TARGETS)
def test_chosen_columns_alone_change(target: str) -> None:
    """Updates and normalisation at the end of a trial touch the cells with an error, no others."""
    rule = PlasticityRule(
        name="gated",
        synapse="w : 1\nk : 1 (shared)",
        post="total_post : 1",
        on_trial_end="w += k*g_post",
        normalise=Normalisation(total="total_post", when="trial_end"),
        initial={"k": 2.0},
    )
    cell = NeuronModel(name="gate", equations="g : 1")
    spec = NetworkSpec(
        populations=(
            Population(name="a", n=3, model=NeuronModel(name="still", equations="u : 1")),
            Population(name="b", n=4, model=cell, sample_inputs=("g",)),
        ),
        projections=(
            DenseProjection(name="p", source="a", target="b", rule=rule, only_post="g_post"),
        ),
        trial=Trial(duration=1 * ms),
    )
    program = Program(spec, dt=1 * ms, dtype="float64", target=target)
    state = program.initial_state()
    w = np.random.default_rng(0).random((3, 4))
    state["p.w"], state["p.total_post"] = w.copy(), np.array([1.0, 2, 3, 4])
    after, _ = program(state, {"g": [[0.0, 0.5, 0.0, -0.1]]})
    expected = w + 2 * np.array([0, 0.5, 0, -0.1])
    expected[:, [1, 3]] *= np.array([2, 4]) / expected[:, [1, 3]].sum(axis=0)
    np.testing.assert_allclose(after["p.w"], expected, rtol=1e-14)
    np.testing.assert_array_equal(after["p.w"][:, [0, 2]], w[:, [0, 2]])


def test_what_does_not_fit_an_event_trial_is_refused() -> None:
    source = LatencySource(name="x", n=2)
    trial = EventTrial(source="x")

    def network(*populations: Any, **options: Any) -> NetworkSpec:
        fields = {"projections": (), "trial": trial, **options}
        return NetworkSpec(populations=(source, *populations), **fields)

    with pytest.raises(ValueError, match=r"NetworkSpec.trial: must be an EventTrial"):
        network(trial=Trial(duration=1 * ms))
    with pytest.raises(ValueError, match=r"EventTrial.source: must be the only LatencySource"):
        network(trial=EventTrial(source="y"))
    with pytest.raises(ValueError, match=r"EventTrial.until_fired: unknown population 'z'"):
        network(trial=EventTrial(source="x", until_fired="z"))
    with pytest.raises(ValueError, match=r"'s' needs a clock"):
        network(SpikeListSource(name="s", n=1))
    with pytest.raises(ValueError, match=r"Population 'c'.model: .* needs a clock"):
        network(Population(name="c", n=1, model=current_lif()))
    cell = Population(name="c", n=2, model=first_spike())
    with pytest.raises(ValueError, match=r"StateRecord of 'c': needs a clock"):
        network(cell, records=(StateRecord(population="c", variable="v"),))
    late = DenseProjection(name="p", source="x", target="c", transmit="v_post += w", delay=1 * ms)
    with pytest.raises(ValueError, match=r"DenseProjection 'p'.delay: needs a clock"):
        network(cell, projections=(late,))


def test_bad_arguments_are_named() -> None:
    cell = first_spike()
    with pytest.raises(ValueError, match=r"groups of 2 do not divide 3 cells"):
        Population(
            name="c", n=3, model=cell,
            on_trial_end=[GroupWinner(into="v", size=2, first="v", then="v")],
        )  # fmt: skip
    with pytest.raises(ValueError, match=r"no variable 'label'"):
        Population(name="c", n=3, model=cell, sample_inputs=["label"])
    with pytest.raises(TypeError, match=r"on_trial_end: must hold .*GroupWinner.*, got 3"):
        Population(name="c", n=3, model=cell, on_trial_end=[3])
    with pytest.raises(ValueError, match=r"only_post: must be a variable .* got 'error'"):
        DenseProjection(name="p", source="a", target="b", transmit="v_post += w", only_post="error")
    with pytest.raises(ValueError, match=r"Normalisation.total: must be a trace .* in _post"):
        Normalisation(total="total_pre")
    wrong = Population(
        name="c", n=2, model=cell,
        on_trial_end=[PopulationMean(into="v", of="v", weight="v")],
    )  # fmt: skip
    spec = NetworkSpec(populations=(wrong,), projections=(), trial=Trial(duration=1 * ms))
    with pytest.raises(ValueError, match=r"PopulationMean.into: 'v' must be \(shared\)"):
        Program(spec, dt=1 * ms, target="numpy")


def test_bad_latencies_are_named() -> None:
    program = Program(make_network(), dt=1 * ms, target="numpy")
    for X, message in (
        ([[0.1, np.nan, 0.2, 0.3]], "must be finite"),
        ([[0.1, -0.5, 0.2, 0.3]], r"inputs\['x'\]: spike times must not be negative, got -0.5"),
        ([[0.1, 0.2]], r"must have shape \(n_samples, 4\)"),
    ):
        with pytest.raises(ValueError, match=message):
            program(program.initial_state(), {"x": X})
