"""A program is a function: state, inputs and seed in; state and record out; nothing hidden."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
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
    SpikeRecord,
    StateRecord,
    Trial,
    UniformProjection,
)
from bioplastic.neurons import adaptive_conductance_lif
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.signals import AnalogueSource, PoissonSource, SpikeListSource

N_IN, N_OUT = 12, 5
TARGETS = ["cpp", "numpy"]


def busy_network(**overrides: Any) -> NetworkSpec:
    """Poisson inputs, plastic synapses, noise in the membrane, repetitions: all that draws."""
    noisy = NeuronModel(
        name="noisy",
        equations="dv/dt = -v/tau + sigma*xi*tau**-0.5 : volt (unless refractory)",
        threshold="v > 8*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        parameters={"tau": 10 * ms, "sigma": 6 * mV},
    )
    arguments: dict[str, Any] = {
        "populations": [
            PoissonSource(
                name="image",
                n=N_IN,
                rates="pixel*boost*Hz",
                inputs={"pixel": "uint8"},
                window=(0 * ms, 30 * ms),
                dead_steps=1,
            ),
            Population(name="exc", n=N_OUT, model=noisy),
        ],
        "projections": [
            DenseProjection(
                name="feed",
                source="image",
                target="exc",
                transmit="v_post += w*mV",
                rule=symmetric_stdp(eta=0.05, total=12.0),
                initial={"w": lambda rng, shape: rng.random(shape)},
            ),
            UniformProjection(
                name="inhibition",
                source="exc",
                target="exc",
                pattern="all_but_self",
                transmit="v_post += -w*mV",
                parameters={"w": 2.0},
            ),
        ],
        "trial": Trial(
            duration=40 * ms,
            variables={"boost": 1.0},
            repeat_while="exc_count < 4 and boost < 3",
            on_repeat="boost += 1",
        ),
        "records": [SpikeCount(population="exc"), SpikeRecord(population="exc")],
    }
    return NetworkSpec(**{**arguments, **overrides})


@pytest.fixture(scope="module", params=TARGETS)
def busy(request: pytest.FixtureRequest) -> Program:
    return Program(busy_network(), dt=0.5 * ms, target=request.param)


@pytest.fixture(scope="module")
def compiled() -> Program:
    return Program(busy_network(), dt=0.5 * ms)


def images(n: int, seed: int = 0) -> dict[str, Any]:
    return {"pixel": np.random.default_rng(seed).integers(0, 120, (n, N_IN)).astype(np.uint8)}


def assert_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, values in one.items():
        assert values.dtype == other[name].dtype, name
        np.testing.assert_array_equal(values, other[name], err_msg=name)


# ---- calls ---------------------------------------------------------------------------------------


def test_same_arguments_give_bit_identical_results(busy: Program) -> None:
    state = busy.initial_state(seed=3)
    kept = {name: values.copy() for name, values in state.items()}
    first, second = (busy(state, images(4), seed=7) for _ in range(2))
    assert_equal(first[0], second[0])
    assert_equal(first[1], second[1])
    assert_equal(state, kept)  # the input state is not changed
    assert first[1]["exc.count"].sum() > 0


def test_seeds_matter(busy: Program) -> None:
    state = busy.initial_state(seed=3)
    runs = [busy(state, images(4), seed=seed)[0]["feed.w"] for seed in (0, 1, 2**64 - 1)]
    for k in range(3):
        assert not np.array_equal(runs[k], runs[k - 1])
    initial = [busy.initial_state(seed)["feed.w"] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(initial[0], initial[1])
    assert not np.array_equal(initial[0], initial[2])


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_two_calls_equal_one(busy: Program, cut: int) -> None:
    """Bit for bit, with the clock, the refractory cells and the streams of random numbers."""
    data, start = images(6)["pixel"], busy.initial_state(seed=1)
    whole, record = busy(start, {"pixel": data}, seed=5)
    middle, left = busy(start, {"pixel": data[:cut]}, seed=5)
    end, right = busy(middle, {"pixel": data[cut:]}, seed=5)
    assert_equal(end, whole)
    for name in ("exc.count", "presentations"):
        np.testing.assert_array_equal(np.concatenate([left[name], right[name]]), record[name])
    assert left["exc.total"] + right["exc.total"] == record["exc.total"]
    assert whole["clock.trial"] == record["presentations"].sum()
    assert whole["clock.step"] == 80 * record["presentations"].sum()


def test_a_state_can_be_forked(compiled: Program) -> None:
    middle, _ = compiled(compiled.initial_state(), images(2), seed=5)
    one, _ = compiled(middle, images(2, seed=1), seed=5)
    compiled(middle, images(3, seed=2), seed=6)
    again, _ = compiled(middle, images(2, seed=1), seed=5)
    assert_equal(one, again)


def test_many_calls_at_once_are_the_calls(busy: Program) -> None:
    states = [busy.initial_state(seed) for seed in range(3)]
    inputs, seeds = [images(3, seed) for seed in range(3)], [4, 2**64 - 1, 0]
    for given in ((states, inputs, seeds), (states[1], inputs[2], seeds), (states, inputs[0], 7)):
        alone = []
        for k in range(3):
            state, data, seed = (g[k] if isinstance(g, list) else g for g in given)
            alone.append(busy(state, data, seed=seed))
        for jobs in (None, 1, 3):
            found = busy.map(given[0], given[1], seeds=given[2], jobs=jobs)
            for one, other in zip(found, alone, strict=True):
                assert_equal(one[0], other[0])
                assert_equal(dict(one[1]), dict(other[1]))
    with pytest.raises(ValueError, match=r"Program.map: .* got \{'states': 3, 'seeds': 2\}"):
        busy.map(states, inputs[0], seeds=[1, 2])
    with pytest.raises(ValueError, match=r"Program.map: .* got none"):
        busy.map(states[0], inputs[0], seeds=1)
    with pytest.raises(ValueError, match=r"Program.jobs"):
        busy.map(states, inputs[0], jobs=0)
    with pytest.raises(ValueError, match=r"Program.state: entry 'exc.v' is missing"):
        busy.map([states[0], {k: v for k, v in states[1].items() if k != "exc.v"}], inputs[0])


def test_refractory_cells_stay_refractory_across_calls() -> None:
    cell = NeuronModel(
        name="cell",
        equations="dv/dt = 1/ms : 1 (unless refractory)",
        threshold="v > 0.5",
        reset="v = 0",
        refractory=7 * ms,
    )
    spec = NetworkSpec(
        populations=[Population(name="cell", n=1, model=cell)],
        projections=[],
        trial=Trial(duration=3 * ms),
        records=[SpikeRecord(population="cell")],
    )
    for target in TARGETS:
        program = Program(spec, dt=1 * ms, target=target)
        state, times = program.initial_state(), []
        for call in range(8):
            state, record = program(state, n_samples=1)
            times += [3 * call + round(t * 1e3) for t in record["cell.spike_time"]]
        assert times == [0, 7, 14, 21]


@pytest.mark.parametrize("period", [7 * ms, "p"])
@pytest.mark.parametrize("target", TARGETS)
def test_refractory_periods_do_not_lose_precision(target: str, period: Any) -> None:
    """After days of simulated time, in single precision."""
    cell = NeuronModel(
        name="cell",
        equations="dv/dt = 1/ms : 1 (unless refractory)\np : second",
        threshold="v > 0.5",
        reset="v = 0",
        refractory=period,
        initial={"p": 7 * ms},
    )
    spec = NetworkSpec(
        populations=[Population(name="cell", n=1, model=cell)],
        projections=[],
        trial=Trial(duration=30 * ms),
        records=[SpikeRecord(population="cell")],
    )
    program = Program(spec, dt=1 * ms, target=target)
    state = program.initial_state()
    state["clock.step"] = np.array(10**9)
    _, record = program(state, n_samples=1)
    np.testing.assert_allclose(record["cell.spike_time"], [0, 7e-3, 14e-3, 21e-3, 28e-3])


@pytest.mark.parametrize("key", ["notes", "exc.vv", "nobody.v"])
def test_entries_that_belong_to_nothing_are_refused(busy: Program, key: str) -> None:
    with pytest.raises(ValueError, match=f"Program.state: '{key}' belongs to nothing"):
        busy({**busy.initial_state(), key: np.array([1.5, 2.5])}, images(1))


def test_no_samples_change_nothing(busy: Program) -> None:
    state, _ = busy(busy.initial_state(), images(1))
    new, record = busy(state, images(0))
    assert_equal(new, state)
    assert record["exc.count"].shape == (0, N_OUT)
    assert record["presentations"].shape == record["exc.spike_cell"].shape == (0,)
    assert record["exc.total"] == 0


@pytest.mark.parametrize("target", TARGETS)
def test_silence_leaves_weights_unchanged(target: str) -> None:
    spec = NetworkSpec(
        populations=[SpikeListSource(name="a", n=4), SpikeListSource(name="b", n=3)],
        projections=[
            DenseProjection(
                name="p",
                source="a",
                target="b",
                rule=symmetric_stdp(),
                initial={"w": lambda rng, shape: rng.random(shape)},
            )
        ],
        trial=Trial(duration=20 * ms),
    )
    program = Program(spec, dt=1 * ms, target=target)
    state = program.initial_state()
    silent, spikes = [([], [])], [([0], [2 * ms])]
    end, _ = program(state, {"a": silent, "b": silent})
    np.testing.assert_array_equal(end["p.w"], state["p.w"])
    np.testing.assert_allclose(end["p.x_pre"], np.exp(-1), rtol=1e-5)  # the trace decays from 1
    end, _ = program(state, {"a": spikes, "b": silent})
    assert np.all(end["p.w"][0] > state["p.w"][0])
    np.testing.assert_array_equal(end["p.w"][1:], state["p.w"][1:])


def test_two_programs_side_by_side(compiled: Program) -> None:
    """Calls of one do not disturb the other, on either target."""
    alone, _ = compiled(compiled.initial_state(), images(3), seed=1)
    other = Program(
        busy_network(trial=Trial(duration=20 * ms, variables={"boost": 2.0})), dt=1 * ms
    )
    oracles = [Program(busy_network(), dt=0.5 * ms, target="numpy") for _ in range(2)]
    states = [oracle.initial_state() for oracle in oracles]
    half = []
    for oracle, state in zip(oracles, states, strict=True):
        half.append(oracle(state, images(1), seed=1)[0])
        other(other.initial_state(), images(2), seed=4)
    assert_equal(half[0], half[1])
    after, _ = compiled(compiled.initial_state(), images(3), seed=1)
    assert_equal(alone, after)


def test_settings_of_the_user_stay_as_they_are() -> None:
    b2.prefs.core.default_float_dtype = np.float64
    b2.prefs.codegen.target = "numpy"
    np.random.seed(12)  # noqa: NPY002
    expected = np.random.random()  # noqa: NPY002
    np.random.seed(12)  # noqa: NPY002
    dt = b2.defaultclock.dt
    for target in TARGETS:
        spec = busy_network(trial=Trial(duration=21 * ms, variables={"boost": 1.01}))
        program = Program(spec, dt=0.5 * ms, dtype="float32", target=target)
        program(program.initial_state(), images(1))
    assert b2.prefs.core.default_float_dtype is np.float64
    assert b2.prefs.codegen.target == "numpy"
    assert b2.defaultclock.dt == dt
    assert np.random.random() == expected  # noqa: NPY002
    group = b2.NeuronGroup(1, "v : 1")
    assert group.variables["v"].dtype == np.float64


def test_floating_point_mode_of_the_process_is_left_alone(compiled: Program) -> None:
    """A library linked with -ffast-math would flush subnormal numbers in all of Python."""
    compiled(compiled.initial_state(), images(1))
    assert np.array([5e-324]) * 1.0 > 0
    assert ctypes.c_double(5e-324).value > 0


# ---- trials and records --------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_repetitions(target: str) -> None:
    """Rates follow the variables, the count is that of the last presentation."""
    spec = NetworkSpec(
        populations=[
            PoissonSource(
                name="source",
                n=50,
                rates="level*scale*Hz",
                shared_inputs={"scale": "float32"},
            )
        ],
        projections=[],
        trial=Trial(
            duration=10 * ms,
            variables={"level": 0.0},
            repeat_while="source_count < 20 and level < 5",
            on_repeat="level += 1",
        ),
        records=[SpikeCount(population="source"), SpikeRecord(population="source")],
    )
    program = Program(spec, dt=1 * ms, target=target)
    # at 0 Hz always six presentations; at 1000 Hz the first one is silent, the second accepted
    state, record = program(program.initial_state(), {"scale": np.array([0.0, 500.0])})
    np.testing.assert_array_equal(record["presentations"], [6, 2])
    assert record["source.count"][0].sum() == 0
    assert record["source.count"][1].sum() == record["source.total"] >= 20
    assert set(record["source.spike_trial"]) == {7}
    assert record["source.spike_cell"].size == record["source.total"]
    assert state["clock.trial"] == 8


@pytest.mark.parametrize("target", TARGETS)
def test_records_equal_the_monitors_of_stock_brian2(target: str) -> None:
    model = NeuronModel(
        name="cell",
        equations="dv/dt = (drive - v)/(5*ms) : volt\ndrive : volt",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        initial={"drive": np.array([5, 12, 30]) * mV},
    )
    spec = NetworkSpec(
        populations=[Population(name="cell", n=3, model=model)],
        projections=[],
        trial=Trial(duration=20 * ms),
        records=[
            SpikeCount(population="cell", window=(5 * ms, 15 * ms)),
            SpikeRecord(population="cell"),
            StateRecord(population="cell", variable="v", every=4),
            StateRecord(population="cell", variable="drive"),
        ],
    )
    program = Program(spec, dt=0.5 * ms, dtype="float64", target=target)
    state, record = program(program.initial_state(), n_samples=2)

    b2.prefs.codegen.target = "numpy"
    group = model.group(3, dt=0.5 * ms)
    spikes = b2.SpikeMonitor(group)
    voltage = b2.StateMonitor(group, "v", record=True, when="end", clock=group.clock)
    b2.Network(group, spikes, voltage).run(40 * ms, namespace={})
    found = record["cell.spike_trial"] * 20e-3 + record["cell.spike_time"]
    order = np.lexsort((record["cell.spike_cell"], found))
    np.testing.assert_allclose(found[order], spikes.t / b2.second, atol=1e-12)
    np.testing.assert_array_equal(record["cell.spike_cell"][order], spikes.i)
    expected = np.asarray(voltage.v).T.reshape(2, 10, 4, 3)[:, :, 3]
    np.testing.assert_allclose(record["cell.v"], expected, atol=1e-12)
    np.testing.assert_allclose(record["cell.drive"], np.full((2, 40, 3), [5e-3, 12e-3, 30e-3]))
    steps = np.rint(np.asarray(spikes.t / (0.5 * ms))).astype(int)
    for trial in range(2):
        inside = (steps >= 40 * trial + 10) & (steps < 40 * trial + 30)
        counts = np.bincount(spikes.i[:][inside], minlength=3)
        np.testing.assert_array_equal(record["cell.count"][trial], counts)
    np.testing.assert_allclose(state["cell.v"], np.asarray(group.v), atol=1e-12)


def test_shared_variables_are_recorded_once() -> None:
    model = adaptive_conductance_lif(adaptation="switch")
    spec = NetworkSpec(
        populations=[Population(name="cell", n=4, model=model)],
        projections=[],
        trial=Trial(duration=3 * ms),
        records=[StateRecord(population="cell", variable="adapting")],
    )
    for target in TARGETS:
        program = Program(spec, dt=0.5 * ms, target=target)
        _, record = program(program.initial_state(), n_samples=1)
        np.testing.assert_array_equal(record["cell.adapting"], np.ones((1, 6, 1)))


def test_the_report_names_every_part(compiled: Program) -> None:
    report = compiled.report()
    for part in ("exc_integrate", "exc_threshold", "feed_pre1", "feed_normalise", "image_emit"):
        assert part in report
    assert "total minus own" in report or "loop over pairs" in report
    assert "not vectorised" in report  # noise draws random numbers in sequence
    assert repr(compiled).startswith("Program(image, exc; dt=")


# ---- bad input -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def listed() -> Program:
    spec = NetworkSpec(
        populations=[
            SpikeListSource(name="spikes", n=3),
            PoissonSource(
                name="source",
                n=2,
                rates="rate*Hz",
                inputs={"rate": "float32"},
                shared_inputs={"label": "uint8"},
            ),
        ],
        projections=[],
        trial=Trial(duration=5 * ms),
    )
    return Program(spec, dt=1 * ms, target="numpy")


GOOD: dict[str, Any] = {
    "spikes": [([0, 2], [0.0, 0.004])],
    "rate": np.zeros((1, 2)),
    "label": np.array([3]),
}


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("label", None, ValueError, r"input 'label' is missing"),
        ("labels", [1], ValueError, r"unknown input 'labels'; declared: "),
        ("rate", np.zeros(2), ValueError, r"\['rate'\]: must have shape \(n_samples, 2\), got"),
        ("rate", np.zeros((1, 3)), ValueError, r"must have shape \(n_samples, 2\), got \(1, 3\)"),
        ("rate", np.zeros((2, 2)), ValueError, r"numbers of samples differ \(spikes: 1, rate: 2"),
        ("rate", [["a", "b"]], ValueError, r"\['rate'\]: must be numbers, got dtype <U1"),
        ("rate", [[np.nan, 0]], ValueError, r"\['rate'\]: must be finite"),
        ("rate", np.float32([[np.inf, 0]]), ValueError, r"\['rate'\]: must be finite"),
        ("rate", [[1e300, 0]], ValueError, r"\['rate'\]: must be finite float32 numbers"),
        ("label", [256], ValueError, r"must lie in \[0, 255\], got \[256, 256\]"),
        ("label", [-1], ValueError, r"must lie in \[0, 255\]"),
        ("label", [0.5], ValueError, r"must be whole numbers \(uint8\)"),
        ("label", [np.nan], ValueError, r"must be finite"),
        ("spikes", np.zeros((1, 2, 2)), TypeError, r"must be a list of \(indices, times\)"),
        ("spikes", [[0]], TypeError, r"\[0\]: must be a pair \(indices, times\)"),
        ("spikes", [([0], [0.0, 0.1])], ValueError, r"1d and of equal length"),
        ("spikes", [([3], [0.0])], ValueError, r"\[0\]: cells must lie in \[0, 2\]"),
        ("spikes", [([-1], [0.0])], ValueError, r"\[0\]: cells must lie in \[0, 2\]"),
        ("spikes", [([0.5], [0.0])], TypeError, r"indices must be integers"),
        ("spikes", [([0], [0.005])], ValueError, r"times must lie in \[0, 0.005\) s"),
        ("spikes", [([0], [-0.001])], ValueError, r"times must lie in \[0, 0.005\) s"),
        ("spikes", [([0], [np.nan])], ValueError, r"times must be finite"),
        ("spikes", [([0], [1] * mV)], TypeError, r"times must be in seconds"),
        ("spikes", [([1, 1], [0.001, 0.0012])], ValueError, r"fires twice within one time step"),
    ],
)
def test_bad_inputs(
    listed: Program, name: str, value: Any, error: type[Exception], message: str
) -> None:
    inputs = {**GOOD, name: value}
    if value is None:
        del inputs[name]
    with pytest.raises(error, match=message) as caught:
        listed(listed.initial_state(), inputs)
    assert str(caught.value).startswith("Program.inputs")


def test_good_inputs(listed: Program) -> None:
    listed(listed.initial_state(), GOOD, n_samples=1)
    listed(listed.initial_state(), {**GOOD, "spikes": [([0], [4] * ms)]})
    with pytest.raises(TypeError, match=r"Program.inputs: must be a mapping, got ndarray"):
        listed(listed.initial_state(), np.zeros((1, 2)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"numbers of samples differ \(n_samples: 2"):
        listed(listed.initial_state(), GOOD, n_samples=2)
    with pytest.raises(ValueError, match=r"Program.n_samples: must be a non-negative integer"):
        listed(listed.initial_state(), GOOD, n_samples=-1)


def test_number_of_samples_without_inputs() -> None:
    cell = NeuronModel(name="cell", equations="v : 1")
    spec = NetworkSpec(
        populations=[Population(name="cell", n=1, model=cell)],
        projections=[],
        trial=Trial(duration=1 * ms),
    )
    program = Program(spec, dt=1 * ms, target="numpy")
    with pytest.raises(ValueError, match=r"Program.n_samples: must be given for a network"):
        program(program.initial_state())


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("feed.w", None, ValueError, r"Program.state: entry 'feed.w' is missing"),
        ("clock.trial", None, ValueError, r"Program.state: entry 'clock.trial' is missing"),
        ("feed.w", np.zeros((N_OUT, N_IN)), ValueError, r"\['feed.w'\]: must have shape \(12, 5\)"),
        ("exc.v", np.array(["a"] * N_OUT), TypeError, r"\['exc.v'\]: must be numbers"),
        ("clock.step", np.array(-1), ValueError, r"must be one integer from 0"),
        ("clock.step", np.array(2**64 - 1), ValueError, r"must be one integer from 0 to 2"),
        ("clock.step", np.array(0.5), ValueError, r"must be one integer from 0"),
        ("clock.step", np.array([1, 2]), ValueError, r"must be one integer from 0"),
    ],
)
def test_bad_state(
    compiled: Program, name: str, value: Any, error: type[Exception], message: str
) -> None:
    state = {**compiled.initial_state(), name: value}
    if value is None:
        del state[name]
    with pytest.raises(error, match=message):
        compiled(state, images(1))


def test_bad_calls(compiled: Program) -> None:
    with pytest.raises(TypeError, match=r"Program.state: must be a mapping, got list"):
        compiled([1, 2], images(1))  # type: ignore[arg-type]
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match=r"Program.seed: must be an integer from 0 to"):
            compiled(compiled.initial_state(), images(1), seed=seed)
    with pytest.raises(TypeError, match=r"Program.seed"):
        compiled(compiled.initial_state(), images(1), seed=1.5)  # type: ignore[arg-type]


def test_values_that_are_not_finite(busy: Program) -> None:
    for key, index in (("feed.w", (3, 2)), ("exc.v", (4,))):
        state = busy.initial_state()
        state[key][index] = np.nan
        place = re.escape(f"Program.state[{key!r}]: must be finite, got nan at {index}")
        for n in (0, 1):
            with pytest.raises(ValueError, match=place):
                busy(state, images(n))


@pytest.fixture
def standalone_device(tmp_path: Any) -> Iterator[None]:
    b2.prefs["devices.cpp_standalone.extra_make_args_unix"] = ["-j2"]
    b2.set_device("cpp_standalone", directory=str(tmp_path), build_on_run=False)
    yield
    b2.device.reinit()
    b2.set_device("runtime")


@pytest.mark.usefixtures("standalone_device")
def test_another_device_is_active() -> None:
    spec = busy_network(trial=Trial(duration=22 * ms, variables={"boost": 1.02}))
    for target in TARGETS:
        with pytest.raises(
            RuntimeError, match=r"CPPStandaloneDevice is active; call brian2.set_de"
        ):
            Program(spec, dt=0.5 * ms, target=target)


def test_bad_programs() -> None:
    spec = busy_network()
    with pytest.raises(TypeError, match=r"Program.network: must be a NetworkSpec, got"):
        Program([1], dt=1 * ms)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Program.dt: must be a quantity in"):
        Program(spec, dt=0.5)
    with pytest.raises(ValueError, match=r"Program.dtype: must be one of 'float32', 'float64'"):
        Program(spec, dt=1 * ms, dtype="float16")
    with pytest.raises(ValueError, match=r"Program.target: must be one of 'cpp', 'numpy'"):
        Program(spec, dt=1 * ms, target="cuda")
    with pytest.raises(ValueError, match=r"Trial.duration: must be a multiple of the time step"):
        Program(spec, dt=1 * b2.second, target="numpy")
    with pytest.raises(ValueError, match=r"DenseProjection 'feed'.initial: unknown variable 'weig"):
        with_initial({"weight": 1.0})


def with_initial(
    initial: dict[str, Any], kind: Any = DenseProjection, rule: Any = None
) -> NetworkSpec:
    """Return a network with a conductance on its synapses and an input in volt."""
    rule = rule or PlasticityRule(
        name="q", synapse="g : siemens\nlast : second", pre="u_pre : volt",
        modulators="m : amp (shared)", on_post="g *= 2",
    )  # fmt: skip
    cell = NeuronModel(name="cell", equations="v : volt\nd : volt", threshold="v > d")
    pairs = {"pre": [0], "post": [0]} if kind is SparseProjection else {}
    return NetworkSpec(
        populations=[Population(name="a", n=1, model=cell, sample_inputs=("d",))],
        projections=[
            kind(name="feed", source="a", target="a", rule=rule, initial=initial, **pairs)
        ],
        trial=Trial(duration=1 * ms),
    )


@pytest.mark.parametrize("target", ["cpp", "numpy"])
@pytest.mark.parametrize(("n_source", "n_pre", "n_post"), [(1, 1, 1), (1, 3, 2)])
def test_projections_read_inputs_of_any_number_of_cells(
    n_source: int, n_pre: int, n_post: int, target: str
) -> None:
    shared = NeuronModel(name="shared", equations="x : 1")
    adder = NeuronModel(name="adder", equations="g : 1\ndrive : 1\nsum : 1", update="sum += drive")
    image, gain = (AnalogueSource(name=n, n=k) for n, k in (("image", n_source), ("gain", 1)))
    spec = NetworkSpec(
        populations=(
            image,
            gain,
            Population(name="a", n=n_pre, model=shared, inputs={"x": "image"}),
            Population(name="b", n=n_post, model=adder, inputs={"g": "gain"}),
        ),
        projections=(
            DenseProjection(name="p", source="a", target="b", summed="drive_post = w*x_pre*g_post"),
        ),
        trial=Trial(duration=2 * ms),
    )
    program = Program(spec, dt=1 * ms, target=target)
    rng = np.random.default_rng(0)
    w, x, g = (rng.random(n).astype("f4") for n in ((n_pre, n_post), (1, 2, n_source), (1, 2, 1)))
    state = program.initial_state() | {"p.w": w}
    state, _ = program(state, {"image": x, "gain": g})
    wanted = (np.broadcast_to(x[0], (2, n_pre)) @ w * g[0]).sum(axis=0)
    np.testing.assert_allclose(state["b.sum"], wanted, rtol=1e-5)


@pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
@pytest.mark.parametrize("given", [5 * mV, 5.0, np.ones(1), lambda rng, n: np.ones(n) * mV])
@pytest.mark.parametrize("name", ["g", "last", "u_pre", "m"])
def test_units_of_initial_values(name: str, given: Any, kind: type) -> None:
    def build() -> dict[str, Any]:
        spec = with_initial({name: given}, kind)
        return Program(spec, dt=1 * ms, target="numpy").initial_state()

    volts = callable(given) or isinstance(given, b2.Quantity)
    if name == "u_pre" and volts:
        assert build()["feed.u_pre"] == pytest.approx([1e-3 if callable(given) else 5e-3])
        return
    with pytest.raises(b2.DimensionMismatchError, match=rf"feed.*{name}.* has unit (volt|1), "):
        build()


def test_units_of_states_and_inputs() -> None:
    program = Program(with_initial({"g": 5 * b2.nS}), dt=1 * ms, target="numpy")
    state = program.initial_state()
    assert state["feed.g"] == pytest.approx(5e-9)
    new, _ = program({**state, "feed.g": [[7]] * b2.nS}, {"d": [[-1]] * mV})
    assert new["feed.g"] == pytest.approx(14e-9)
    with pytest.raises(b2.DimensionMismatchError, match=r"state\['feed.g'\]: has unit volt, expec"):
        program({**state, "feed.g": [[7]] * mV}, {"d": [[1]]})
    with pytest.raises(TypeError, match=r"Program.inputs\['d'\]: must be in V, got A"):
        program(state, {"d": [[1]] * b2.amp})


def test_stop_and_look(busy: Program, capsys: pytest.CaptureFixture[str]) -> None:
    """A call in parts is the call; the callback sees the way and may end it."""
    start = busy.initial_state(seed=1)
    end, record = busy(start, images(5), seed=3)
    seen: list[Any] = []

    def look(done: int, state: Any, part: Any) -> bool:
        seen.append((done, int(state["clock.trial"]), part["exc.count"].shape[0]))
        return done == 4 and len(seen) > 10

    again, joined = busy(start, images(5), seed=3, callback=look, every=2, progress=True)
    assert "5/5" in capsys.readouterr().err
    assert_equal(end, again)
    assert_equal(dict(record), dict(joined))
    shown = np.cumsum(record["presentations"])
    assert seen == [(2, shown[1], 2), (4, shown[3], 2), (5, shown[4], 1)]
    seen *= 4
    stopped, part = busy(start, images(5), seed=3, callback=look, every=2)
    assert stopped["clock.trial"] == shown[3]
    np.testing.assert_array_equal(part["exc.count"], record["exc.count"][:4])
    assert part.to_xarray()["exc.count"].dims == ("sample", "exc")
