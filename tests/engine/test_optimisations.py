"""Optimised programs give what the plain ones give, bit for bit or within what is stated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    Regularly,
    SparseProjection,
    SpikeCount,
    SpikeRecord,
    StateRecord,
    Trial,
    UniformProjection,
)
from bioplastic.engine.columns import find_columns
from bioplastic.engine.factors import SMALLEST, Decay, find_decays, take_decays
from bioplastic.engine.lowering import lower
from bioplastic.engine.optimisations import OPTIMISATIONS, left_out, without
from bioplastic.engine.quiet import find_quiet
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity import PlasticityRule, pair_stdp
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.signals import PoissonSource


def random_network(n: int, draw: str = "rand()") -> NetworkSpec:
    """Return cells that draw in statements and threshold, and synapses with an eligibility.

    The last bit of exponentials, and of few cells, depends on the vectors that the compiler takes.
    """
    model = NeuronModel(
        name="random",
        equations="dv/dt = (1.5 - v)/tau : 1 (unless refractory)\nu : 1\nm : 1\nh : 1",
        threshold=f"v > 1 and {draw} < v*dt/(0.2*tau)",
        reset="v = 0",
        refractory=2 * ms,
        parameters={"tau": 5 * ms},
    )
    rule = PlasticityRule(
        name="eligible",
        synapse="w : 1\ndc/dt = -c/tau_c : 1 (clock-driven)",
        on_pre="c += 0.1",
        on_post="c += 0.2",
        every="w = clip(w + 0.1*c, 0, 1.2); c *= 0.9",
        interval=5 * ms,
        parameters={"tau_c": 50 * ms},
    )
    return NetworkSpec(
        populations=[
            PoissonSource(name="in", n=3, rates="100*Hz"),
            Population(
                name="exc", n=n, model=model,
                regularly=[
                    Regularly(statements=f"u = u/2 + {draw}; m = {draw}*dt/ms"),
                    Regularly(statements=f"m = m + {draw}", every=4 * ms),
                    Regularly(statements="h = h/2" + " + exp(-v*dt/ms)" * (draw != "rand()")),
                ],
            ),
        ],
        projections=[
            DenseProjection(
                name="feed", source="in", target="exc", transmit="v_post += 0.2*w", rule=rule,
                initial={"w": 1.0},
            )
        ],
        trial=Trial(duration=60 * ms),
        records=[SpikeRecord(population="exc"), SpikeCount(population="exc")],
    )  # fmt: skip


def play(
    spec: NetworkSpec, *, left: tuple[str, ...] = (), n: int = 2, **options: Any
) -> dict[str, Any]:
    """Return state and record of some samples, without some optimisations."""
    with without(*left or ("",)):
        program = Program(spec, dt=0.5 * ms, **options)
    state, record = program(program.initial_state(1), n_samples=n, seed=3)
    return {**state, **record}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_draws_limits_and_flat_loops_change_no_bit(dtype: str) -> None:
    plain = play(random_network(1104), left=("draws", "flat", "limits"), dtype=dtype)
    found = play(random_network(1104), dtype=dtype)
    for name, values in plain.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert plain["exc.count"].sum() > 4


def test_optimisations_agree_with_numpy() -> None:
    spec = random_network(5, draw="0.3")
    right = play(spec, target="numpy", dtype="float64")
    for left in (), tuple(OPTIMISATIONS):
        found = play(spec, left=left, dtype="float64")
        for name, values in right.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-12, err_msg=name)
    single = play(spec, dtype="float32")
    np.testing.assert_array_equal(single["exc.spike_cell"], right["exc.spike_cell"])
    for name in ("exc.v", "exc.u", "exc.m", "exc.h", "feed.w", "feed.c"):
        np.testing.assert_allclose(single[name], right[name], rtol=2e-5, atol=1e-6, err_msg=name)


def test_decays_that_all_synapses_share_change_one_number() -> None:
    """Against numpy above; a cut run stores what a whole one does, at lines of the cache."""
    spec = random_network(5, draw="0.3")
    found = find_decays(lower(spec, 0.5 * ms, np.dtype("float32"), connect=False), ())
    assert found["feed_integrate"] == ("", [Decay("c", pytest.approx(np.exp(-0.01)), False)])
    assert found["feed_every0"] == ("w = clip(w + 0.1*c, 0, 1.2)", [Decay("c", 0.9, False)])
    assert np.exp(-0.01) ** 120 * 0.9**12 < SMALLEST  # so that c is stored within a trial too
    program = Program(spec, dt=0.5 * ms)
    state = program.initial_state(1)
    whole, _ = program(state, n_samples=2, seed=3)
    for _ in range(2):
        state, _ = program(state, n_samples=1, seed=3)
    for name, values in whole.items():
        np.testing.assert_array_equal(state[name], values, err_msg=name)
        assert name.startswith("clock") or values.ctypes.data % 64 == 0


@pytest.mark.parametrize(
    ("code", "before"),
    [
        ("c *= k; w += c", [True]),
        ("w += c; c = k*c", [False]),
        ("c = k*c*exp(-1/tau)", [False]),
        ("c *= k; w += c; c *= k", [True, False]),
        ("w += c; c *= k; w += c", []),
        ("c = k", []),
        ("c = c*c*k", []),
        ("c = c + k", []),
        ("c *= k/2", []),
        ("c *= x_post", []),
        ("w *= k", []),
    ],
)
def test_statements_that_are_decays(code: str, before: list[bool]) -> None:
    lines = code.replace("; ", "\n")
    rest, found = take_decays(lines, {"c"}, {"k": 0.99, "tau": 50.0})
    assert [decay.before for decay in found] == before
    assert (rest == lines) == (not before)


def test_names_of_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOPLASTIC_WITHOUT", "flat, draws")
    assert left_out() == {"flat", "draws"}
    with without():
        assert left_out() == OPTIMISATIONS.keys()
    assert left_out() == {"flat", "draws"}
    monkeypatch.setenv("BIOPLASTIC_WITHOUT", "flat,speed")
    with pytest.raises(ValueError, match=r"BIOPLASTIC_WITHOUT: must name some .*, got speed"):
        left_out()


# ---- cells at rest -------------------------------------------------------------------------------


def resting_network(n: int = 40, **changes: Any) -> NetworkSpec:
    """Return cells that fire rarely, one that never rests, and one to one targets that do rest."""
    model = NeuronModel(
        name="cell",
        equations="dv/dt = (v_rest - v + g)/tau : 1 (unless refractory)\ndg/dt = -g/(2*ms) : 1\n"
        "bias : 1",
        threshold="v + bias > 1", reset="v = 0.2", refractory=2 * ms,
        parameters={"tau": 1 * ms, "v_rest": 0.1}, initial={"bias": "int(i == 17)"},
    )  # fmt: skip
    return NetworkSpec(
        populations=[
            PoissonSource(name="in", n=n, rates="9*Hz*int(i % 5 != 0)"),
            Population(name="cell", n=n, model=replace(model, **changes)),
        ],
        projections=[
            UniformProjection(name="feed", source="in", target="cell", pattern="one_to_one",
                              transmit="g_post += 6; bias_post = 0.9*bias_post"),
        ],
        trial=Trial(duration=400 * ms),
        records=[SpikeRecord(population="cell"), StateRecord(population="cell", variable="v")],
    )  # fmt: skip


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let cells of small populations rest too."""
    monkeypatch.setattr("bioplastic.engine.quiet.SMALL", 20)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("n", [35, 48])
def test_cells_at_rest_change_no_bit(n: int) -> None:
    spec = resting_network(n)
    plain, found = play(spec, left=("quiet",)), play(spec)
    for name, values in plain.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    right = play(spec, target="numpy", dtype="float64")
    np.testing.assert_array_equal(found["cell.spike_cell"], right["cell.spike_cell"])
    counts = np.bincount(found["cell.spike_cell"], minlength=n)
    assert counts[17] > counts.max(initial=0, where=np.arange(n) != 17) > 1  # never at rest
    assert (counts[::5] == 0).all()
    assert "blocks at rest are left out" in Program(spec, dt=0.5 * ms).report()


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "changes",
    [
        {"threshold": "v > 1 - 0.01*t/second"},
        {"threshold": "v > 1 and rand() < 0.5"},
        {"refractory": "v > 1"},
        {"equations": "dv/dt = (v_rest - v + g)/tau : 1\ndg/dt = -g/(2*ms) : 1\nbias : 1 (shared)"},
        {"equations": "dv/dt = (v_rest - v + exp(g))/tau : 1\ndg/dt = -g/(2*ms) : 1\nbias : 1",
         "method": "euler"},
        {"equations": "dv/dt = (v_rest - v + g/(1 + v))/tau : 1\ndg/dt = -g/(2*ms) : 1\nbias : 1",
         "method": "euler"},
        {"equations": "dv/dt = (v_rest*t/second - v + g)/tau : 1\ndg/dt = -g/(2*ms) : 1\nbias : 1",
         "method": "euler"},
    ],
)  # fmt: skip
def test_cells_that_no_equation_lets_rest_are_computed(changes: dict[str, Any]) -> None:
    plan = lower(resting_network(**changes), 0.5 * ms, np.dtype("float32"), connect=False)
    assert find_quiet(plan) == {}


@pytest.mark.usefixtures("small")
def test_cells_that_others_write_to_do_not_rest() -> None:
    spec = resting_network()
    assert find_quiet(lower(spec, 0.5 * ms, np.dtype("float32"), connect=False)).keys() == {"cell"}
    population = replace(spec.populations[1], regularly=[Regularly(statements="bias += 0.001")])
    dense = DenseProjection(name="all", source="in", target="cell", transmit="g_post += w")
    for changed in (
        replace(spec, populations=[spec.populations[0], population]),
        replace(spec, projections=[*spec.projections, dense]),
    ):
        assert find_quiet(lower(changed, 0.5 * ms, np.dtype("float32"), connect=False)) == {}


# ---- columns that are left alone -----------------------------------------------------------------


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small networks leave columns alone too."""
    monkeypatch.setattr("bioplastic.engine.columns.NARROW", 32)


def learning_network(n: int = 100, total: float | None = 4.0, **changes: Any) -> NetworkSpec:
    """Return few cells that fire among many, with weights beyond their limits on the way."""
    cell = NeuronModel(
        name="cell", equations="dv/dt = -v/tau_m : 1\ns : 1\ngain : 1", threshold="v > 1",
        reset="v = 0", parameters={"tau_m": 4 * ms}, initial={"gain": "0.1 + int(i % 13 == 0)"},
    )  # fmt: skip
    rule = symmetric_stdp(eta=0.03, tau=1 * ms, w_max=0.4, total=total, initial_trace=0.0)
    rule = replace(rule, **{k: v for k, v in changes.items() if k != "initial"})

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        w = rng.uniform(0, 0.3, shape)
        w[3:5, [2, 26, 40]] = [[1.1, -0.2, 0.1], [0.5, 0.3, -0.1]]
        return w

    return NetworkSpec(
        populations=[
            PoissonSource(name="in", n=20, rates="60*Hz*int(i % 4 != trial_part)"),
            Population(name="exc", n=n, model=cell),
        ],
        projections=[
            DenseProjection(
                name="feed", source="in", target="exc", rule=rule,
                transmit="v_post += gain_post*w; s_post += w*w", initial={"w": draw},
            )
        ],
        trial=Trial(duration=40 * ms, variables={"trial_part": 1.0}),
        records=[SpikeRecord(population="exc")],
    )  # fmt: skip


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("total", [4.0, None])
def test_columns_left_alone_are_those_where_nothing_happens(total: float | None) -> None:
    spec = learning_network(total=total)
    right = play(spec, target="numpy", dtype="float64", n=4)
    for left in (), ("columns",):
        found = play(spec, left=left, dtype="float64", n=4)
        for name, values in right.items():
            np.testing.assert_allclose(found[name], values, rtol=2e-13, atol=1e-13, err_msg=name)
    learned = np.unique(right["exc.spike_cell"])
    assert 3 < learned.size < 12
    start = Program(spec, dt=0.5 * ms).initial_state(1)["feed.w"]
    assert (start > 0.4).any()
    assert (start < 0).any()
    single = play(spec, dtype="float32", n=4)
    np.testing.assert_array_equal(single["exc.spike_cell"], right["exc.spike_cell"])
    most = np.bincount(right["exc.spike_cell"]).max()
    bound = 1e-4 * 0.03 * 0.1 * most  # what the report tells, of one pair, per spike
    np.testing.assert_allclose(single["feed.w"], right["feed.w"], rtol=5e-6, atol=bound)


@pytest.mark.usefixtures("narrow")
def test_a_cut_run_leaves_the_same_columns_alone() -> None:
    program = Program(learning_network(), dt=0.5 * ms)
    assert "without the last 1e-04 of a pair per spike and synapse" in program.report()
    assert "not where the sum is right to 5e-07" in program.report()
    state = program.initial_state(1)
    whole, _ = program(state, n_samples=7, seed=3)
    for cut in (1, 2, 4):
        state, _ = program(state, n_samples=cut, seed=3)
    for name, values in whole.items():
        np.testing.assert_array_equal(state[name], values, err_msg=name)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(
    "changes",
    [
        {"on_pre": "x_pre += a; w = clip(w + eta*x_post*(1 - w), 0, w_max)"},
        {"on_pre": "x_pre += a; w = clip(w + eta*x_post*x_pre, 0, w_max)"},
        {"on_pre": "x_pre += a; w = clip(w + eta, 0, w_max)"},
        {"on_pre": "x_pre += a; w = clip(w + eta*v_post, 0, w_max)"},
        {"on_pre": "x_pre += a; w = clip(w + eta*x_post, 0, w_max); w *= 1.01"},
        {"on_post": "x_post += a; w = w + eta*x_pre"},
        {"on_post": "x_post += a; w = clip(w + eta*x_pre, 0, 1)"},
        {"on_post": "x_post += a*v_post; w = clip(w + eta*x_pre, 0, w_max)"},
        {"on_trial_end": "w = 2*w"},
        {"every": "x_post = 0.1*v_post"},
        {"post": "x_post : 1"},
    ],
)
def test_columns_that_no_equation_speaks_for_are_updated(changes: dict[str, str]) -> None:
    spec = learning_network(**changes)
    plan = lower(spec, 0.5 * ms, np.dtype("float64"), connect=False)
    assert find_columns(plan) == {}
    assert find_columns(lower(learning_network(), 0.5 * ms, plan.dtype, connect=False)).keys() == {
        "feed"
    }


def test_fetching_synapses_ahead_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """More events, and longer columns, than are fetched; several synapses of one pair."""
    monkeypatch.setattr("bioplastic.engine.actions.synapse_statements.MANY", 1000)
    n, rng = 90, np.random.default_rng(0)
    pairs = rng.integers(0, n, (2, 60 * n))
    cell = NeuronModel(name="cell", equations="v : 1", threshold="v > 3", reset="v = 0")
    options: dict[str, Any] = {"source": "in", "target": "cell", "pre": pairs[0], "post": pairs[1]}
    learn = {"rule": pair_stdp(eta=0.2), "initial": {"w": rng.random(pairs[0].size)}}
    spec = NetworkSpec(
        populations=[
            PoissonSource(name="in", n=n, rates="900*Hz*int(i % 2 == 0)"),
            Population(name="cell", n=n, model=cell),
        ],
        projections=[
            SparseProjection(
                name="late", transmit="v_post += 0.1*w", delay=1 * ms, **learn, **options
            ),
            SparseProjection(
                name="soon", transmit="v_post += w", parameters={"w": 0.01}, **options
            ),
        ],
        trial=Trial(duration=20 * ms),
        records=[SpikeRecord(population="cell")],
    )  # fmt: skip
    found = play(spec, dtype="float64")
    plain = play(spec, dtype="float64", left=("ahead",))
    right = play(spec, dtype="float64", target="numpy")
    assert found["cell.spike_cell"].size > 5 * n
    for name, values in plain.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        np.testing.assert_allclose(right[name], values, rtol=1e-9, atol=1e-12, err_msg=name)
    members = Program(spec, dt=0.5 * ms, dtype="float64").layout.connectivity
    assert {member for name, member, _ in members if name == "soon"} == {"row", "post"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sparse", [False, True])
def test_time_constants_of_synapses_cost_a_multiplication(sparse, dtype):
    """The exponentials of a call are those of every step, as in stock Brian2 on numpy."""
    rng = np.random.default_rng(0)
    tau, rule = rng.uniform(1, 50, 12) * ms, PlasticityRule(
        name="het",
        synapse="w : 1\ntau : second\ndx/dt = (y - x)/tau : 1 (clock-driven)\n"
        "dy/dt = -y/(2*tau) : 1 (clock-driven)",
        on_pre="y += w",
    )  # fmt: skip
    cell = NeuronModel(name="sum", equations="drive : 1", threshold="drive > 2", reset="")
    options: dict[str, Any] = {
        "name": "feed", "source": "in", "target": "cell", "rule": rule, "summed": "drive_post = x",
    }  # fmt: skip
    pairs = np.indices((3, 4)).reshape(2, -1)
    feed = (
        SparseProjection(**options, pre=pairs[0], post=pairs[1], initial={"w": 1.0, "tau": tau})
        if sparse
        else DenseProjection(**options, initial={"w": 1.0, "tau": tau.reshape(3, 4)})
    )
    spec = NetworkSpec(
        populations=[
            PoissonSource(name="in", n=3, rates="200*Hz"), Population(name="cell", n=4, model=cell)
        ],
        projections=[feed],
        trial=Trial(duration=60 * ms),
        records=[SpikeCount(population="cell"), StateRecord(projection="feed", variable="x")],
    )  # fmt: skip
    fast, plain = play(spec, dtype=dtype), play(spec, left=("steady",), dtype=dtype)
    stock = play(spec, dtype=dtype, target="numpy")
    assert fast["cell.count"].sum() > 10
    tolerance = 1e-13 if dtype == "float64" else 1e-6
    for key, value in plain.items():
        np.testing.assert_allclose(fast[key], value, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(fast[key], stock[key], rtol=10 * tolerance, atol=10 * tolerance)
    report = Program(spec, dt=0.5 * ms, dtype=dtype).report()
    assert "feed_integrate_begin" in report
    # whoever assigns the time constants gets new exponentials in every step
    changing = replace(rule, on_pre="y += w; tau *= 1.01")
    moved = replace(spec, projections=[replace(feed, rule=changing)])
    assert "feed_integrate_begin" not in Program(moved, dt=0.5 * ms, dtype=dtype).report()
