"""Operations beside loops over all spikes and synapses, and beside counters inside the network."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms

from bioplastic.accounting import account, counted
from bioplastic.analysis import Operations
from bioplastic.engine import (
    DenseProjection,
    EventTrial,
    NetworkSpec,
    Pathway,
    Population,
    Program,
    SparseProjection,
    SpikeCount,
    SpikeRecord,
    Trial,
    UniformProjection,
)
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import LeastSquares, Normalisation, PlasticityRule, pair_stdp
from bioplastic.signals import LatencySource, SpikeListSource

CELL = NeuronModel(
    name="counter", equations="v : 1\nsteps : 1", threshold="v > 1", reset="v = 0",
    update="v = 0.9*v\nsteps += 1",
)  # fmt: skip
DT = 1 * ms


def build(projections, *, trial=None, records=(), n=(6, 4), model=CELL, source=SpikeListSource):
    network = NetworkSpec(
        populations=(source(name="a", n=n[0]), Population(name="b", n=n[1], model=model)),
        projections=projections, trial=trial or Trial(duration=30 * ms), records=records,
    )  # fmt: skip
    return Program(counted(network), dt=DT, target="numpy")


def draw_spikes(rng, n, trials, steps=30, p=0.2):
    found = [np.nonzero(rng.random((steps, n)) < p) for _ in range(trials)]
    return [(cells, times * ms) for times, cells in found]


def run(program, trials=3, state=None):
    given = {"a": draw_spikes(np.random.default_rng(2), 6, trials)}
    return program(program.initial_state() if state is None else state, given)


def test_ten_cells_equal_a_loop_over_everything():
    rng = np.random.default_rng(0)
    wiring = rng.random((4, 4)) < 0.5
    pre, post = np.nonzero(wiring)
    program = build(
        [
            DenseProjection(name="feed", source="a", target="b", transmit="v_post += w",
                            rule=pair_stdp(), initial={"w": 0.6}),
            SparseProjection(name="loop", source="b", target="b", transmit="v_post += w",
                             pre=pre, post=post, initial={"w": 0.3}, delay=2 * ms),
            UniformProjection(name="rivals", source="b", target="b", pattern="all_but_self",
                              transmit="v_post -= 0.1"),
        ],
        records=[SpikeRecord(population="a"), SpikeRecord(population="b")],
    )  # fmt: skip
    state, record = run(program)
    synaptic = reads = plastic = traces = neurons = 0
    for trial in range(3):
        for step in range(30):
            neurons += 4
            for name, n in (("a", 6), ("b", 4)):
                fired = [
                    cell
                    for cell, k, t in zip(
                        record[f"{name}.spike_cell"], record[f"{name}.spike_trial"],
                        record[f"{name}.spike_time"], strict=True,
                    )
                    if k == trial and round(t * 1000) == step
                ]  # fmt: skip
                for cell in fired:
                    assert cell < n
                    traces += 1
                    for _ in range(4 if name == "a" else 6):  # the plastic matrix, both ways
                        plastic += 1
                        synaptic += name == "a"
                        reads += name == "a"
                    for other in range(4 if name == "b" else 0):
                        synaptic += int(wiring[cell, other]) + int(other != cell)
                        reads += int(wiring[cell, other])
    assert record["b.spike_cell"].size > 20
    found = account(program, record, program.initial_state())
    assert sum(found.values(), start=Operations()) == Operations(
        synaptic, reads, plastic, traces, neurons
    )
    assert neurons == state["b.steps"].sum()
    state, record = program(program.initial_state(), {"a": [([], [] * ms)]}, duration=12 * ms)
    assert (
        account(program, record, program.initial_state())["b"].neuron_updates
        == state["b.steps"].sum()
        == 4 * 12
    )


RULES = {  # variables written by each rule, every one counting its updates from zero
    "spikes": {"synapse": "w : 1\nu : 1", "on_pre": "w += 1; u += 1", "on_post": "u += 1"},
    "every": {"every": "w += 1", "interval": 7 * ms},
    "every start": {"every": "w += 1", "interval": 7 * ms, "interval_at": "start"},
    "each step": {"every": "w += 1"},
    "limits": {"on_trial_start": "w += 1", "on_trial_end": "w += 1"},
}


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("sparse", [False, True])
def test_updates_equal_what_synapses_counted(name, sparse):
    common = {
        "name": "feed", "source": "a", "target": "b", "transmit": "v_post += 0.6",
        "rule": PlasticityRule(name=name, **RULES[name]), "initial": {"w": 0.0},
    }  # fmt: skip
    one = (
        SparseProjection(pre=[0, 0, 2, 5], post=[1, 3, 0, 3], **common)
        if sparse
        else DenseProjection(**common)
    )
    program = build([one])
    state, _ = run(program, 1)
    middle = {key: value.copy() for key, value in state.items()}
    state, record = run(program, 2, state)
    found = account(program, record, middle)["feed"]
    changed = [state[f"feed.{v}"] - middle[f"feed.{v}"] for v in ("w", "u") if f"feed.{v}" in state]
    assert found.plastic_updates == sum(values.sum() for values in changed) > 0
    assert found.weight_reads == 0  # 0.6 is no weight


@pytest.mark.parametrize(
    ("rule", "n_updates"),
    [
        ({"synapse": "w : 1\ndu/dt = -u/(10*ms) : 1 (clock-driven)"}, 24 * 90),
        ({"on_pre": "w += 1", "normalise": Normalisation(total=1.0)}, 24 * 3),
        (
            {"interval": 10 * ms, "least_squares": LeastSquares(activity="1", error="v_post")},
            (36 + 24) * 9,
        ),
    ],
)
def test_updates_of_whole_projections(rule, n_updates):
    program = build([DenseProjection(name="feed", source="a", target="b", initial={"w": 0.1},
                                     rule=PlasticityRule(name="r", **rule))])  # fmt: skip
    _, record = program(program.initial_state(), {"a": [([], [] * ms)] * 3})
    assert account(program, record, program.initial_state())["feed"].plastic_updates == n_updates


def test_counts_synapses_as_they_have_grown():
    program = build([SparseProjection(name="feed", source="a", target="b", transmit="v_post += w",
                                      pre=[0, 1], post=[0, 1])])  # fmt: skip
    grown = program.edit_synapses(program.initial_state(), "feed", keep=[True, False],
                                  pre=[3, 3, 4], post=[0, 1, 2])  # fmt: skip
    _, record = run(program, state=grown)
    spikes = record["a.count"].sum(axis=0)
    expected = spikes[0] + 2 * spikes[3] + spikes[4]
    assert account(program, record, grown)["feed"].synaptic == expected
    with pytest.raises(TypeError, match=r"account\.state"):
        account(program, record, {})


def test_summed_transmission_is_analogue():
    program = build([DenseProjection(name="feed", source="b", target="b", summed="v_post = w*v_pre",
                                     initial={"w": 0.1})])  # fmt: skip
    found = account(program, run(program)[1], program.initial_state())["feed"]
    assert found == Operations(weight_reads=16 * 90, analogue_macs=16 * 90)


@pytest.mark.parametrize("after_last", [False, True])
@pytest.mark.parametrize("until", ["", "b"])
def test_steps_and_errors_of_trials_that_run_on_events(after_last, until):
    model = NeuronModel(
        name="once", equations="v : 1\nsteps : 1\nlate : 1\nfired : 1", update="steps += 1",
        threshold="v > 1.5 and fired < 0.5", reset="fired = 1; late += 1",
    )  # fmt: skip
    rule = PlasticityRule(name="late", on_trial_end="w += 0.25")
    program = build(
        [DenseProjection(name="feed", source="a", target="b", rule=rule, only_post="late_post",
                         transmit="v_post += w", initial={"w": np.tile([2.0, 1, 0, 1], (6, 1))})],
        trial=EventTrial(source="a", after_last=after_last, until_fired=until),
        source=LatencySource, model=model,
    )  # fmt: skip
    for n_fire in (2, 6):
        times = np.full((2, 6), np.inf)
        times[:, :n_fire] = [np.arange(n_fire) / 10, np.arange(n_fire) // 2 / 10]
        state = program.initial_state()
        before = state["feed.w"].copy()
        state, record = program(state, {"a": times})
        found = account(program, record, program.initial_state())
        assert found["b"].neuron_updates == state["b.steps"].sum() > 0
        changes = ((state["feed.w"] - before) / 0.25).sum()
        assert found["feed"].plastic_updates == changes


def test_refuses_what_cannot_be_counted():
    feed = DenseProjection(name="feed", source="a", target="b", transmit="v_post += w")
    window = SpikeCount(population="a", window=(0 * ms, 5 * ms))
    for records in ((), (window,)):
        network = NetworkSpec(populations=build([feed]).network.populations, projections=[feed],
                              trial=Trial(duration=30 * ms), records=records)  # fmt: skip
        program = Program(network, dt=DT, target="numpy")
        with pytest.raises(ValueError, match="must hold all spikes of 'a'"):
            account(program, run(program)[1], program.initial_state())
    again = build([feed], trial=Trial(duration=30 * ms, variables={"k": 0.0},
                                      repeat_while="k < 2", on_repeat="k += 1"))  # fmt: skip
    state, record = run(again)
    assert (
        account(again, record, again.initial_state())["b"].neuron_updates
        == state["b.steps"].sum()
        == 3 * 4 * 90
    )
    gated = PlasticityRule(
        name="gated", modulators="g : 1 (shared)", interval=5 * ms,
        least_squares=LeastSquares(activity="1", error="v_post", gate="g"),
    )  # fmt: skip
    program = build([DenseProjection(name="feed", source="a", target="b", rule=gated)])
    _, record = run(program)
    with pytest.raises(ValueError, match=r"account\.gate"):
        account(program, record, program.initial_state())
    assert (
        account(program, record, program.initial_state(), gate=False)["feed"].plastic_updates == 0
    )
    slow = PlasticityRule(name="up", on_pre="w += 1")
    program = build([DenseProjection(name="feed", source="a", target="b", rule=slow,
                                     pathways={"late": Pathway(statements="w += 1")})])  # fmt: skip
    with pytest.raises(ValueError, match="does not count pathways, and 'feed'"):
        account(program, run(program)[1], program.initial_state())
    with pytest.raises(TypeError, match=r"account\.program"):
        account(program.network, record, {})
