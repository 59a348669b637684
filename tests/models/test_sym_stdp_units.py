"""The exact unit checks of the symmetric-STDP specification, on compiled networks.

Numbers are those that the equations of Hao et al. (2020) and the constants of the authors' program
give; the same checks on ordinary Brian2 groups are in ``tests/neurons``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from brian2 import ms, mV, second

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SpikeRecord,
    StateRecord,
    Trial,
    UniformProjection,
)
from bioplastic.models.sym_stdp import published_parameters
from bioplastic.models.sym_stdp.network import sym_stdp_network
from bioplastic.neurons.lif import adaptive_conductance_lif, conductance_lif
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.signals import PoissonSource, SpikeListSource

STEP = 0.5 * ms
BOTH = ("hidden", "output")


def spike_steps(record: dict[str, Any], name: str, cell: int = 0) -> list[int]:
    chosen = record[f"{name}.spike_cell"] == cell
    steps: list[int] = np.rint(record[f"{name}.spike_time"][chosen] / 0.5e-3).astype(int).tolist()
    return steps


# ---- D1: the window ------------------------------------------------------------------------------


def test_isolated_pairs_trace_the_window() -> None:
    """``eta a exp(-|lag|/tau)`` in both orders; a pair inside one step counts once."""
    eta, a = 0.04, 0.1
    lags = np.array([-60, -20, -3, -1, 0, 1, 2, 20, 60])  # steps, post minus pre
    rule = symmetric_stdp(eta=eta, a=a, w_max=8.0, initial_trace=0.0)
    spec = NetworkSpec(
        populations=[SpikeListSource(name="pre", n=1), SpikeListSource(name="cell", n=len(lags))],
        projections=[
            DenseProjection(
                name="p", source="pre", target="cell", rule=rule, initial={"w": 1.0, "eta": eta}
            )
        ],
        trial=Trial(duration=200 * STEP),
    )
    program = Program(spec, dt=STEP, dtype="float64")
    state, _ = program(
        program.initial_state(),
        {"pre": [([0], [80 * STEP])], "cell": [(np.arange(len(lags)), (80 + lags) * STEP)]},
    )
    expected = eta * a * np.exp(-np.abs(lags) * 0.5 / 20)
    np.testing.assert_allclose(state["p.w"][0] - 1, expected, rtol=1e-9)


# ---- D2, D3: initial weights and scaling ---------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "dataset", "hidden_sum", "output_sum"),
    [(100, "mnist", 78.4, 80.0), (400, "fashion-mnist", 19.6, 800.0)],
)
def test_sums_and_initial_weights(
    n: int, dataset: str, hidden_sum: float, output_sum: float
) -> None:
    parameters = published_parameters(n, dataset).with_values(
        presentation=0.5 * ms, rest=0 * ms, last_intensity=0.0
    )
    program = Program(sym_stdp_network(784, n, 10, parameters, layers=BOTH), dt=STEP)
    dark = {"pixel": np.zeros((1, 784), dtype=np.uint8), "label": np.array([0])}
    start = program.initial_state(1)
    assert 0 <= start["image_exc.w"].min() < 0.01
    assert 0.29 < start["image_exc.w"].max() < 0.3
    state, _ = program(start, dark)
    for name, total, n_pre in (("image_exc", hidden_sum, 784), ("exc_class", output_sum, n)):
        weights = state[f"{name}.w"]
        np.testing.assert_allclose(weights.sum(axis=0), total, rtol=1e-5)
        assert weights.mean() == pytest.approx(total / n_pre, rel=1e-5)
        assert weights.max() == pytest.approx(2 * total / n_pre, rel=0.25)


# ---- D4: realised rates --------------------------------------------------------------------------


def test_realised_rates_with_a_dead_step() -> None:
    """63.75, 200 and 1024 Hz become 61.8, 181.8 and 677 Hz, and no two steps in a row."""
    n, seconds = 400, 3.0
    spec = NetworkSpec(
        populations=[
            PoissonSource(
                name="source",
                n=n,
                rates="rate*Hz",
                shared_inputs={"rate": "float32"},
                dead_steps=1,
            )
        ],
        projections=[],
        trial=Trial(duration=seconds * second),
        records=[SpikeRecord(population="source")],
    )
    program = Program(spec, dt=STEP)
    nominal = np.array([63.75, 200.0, 1024.0])
    _, record = program(program.initial_state(), {"rate": nominal}, seed=1)
    spikes = np.bincount(record["source.spike_trial"], minlength=3)
    probability = nominal * 0.5e-3
    expected = probability / (1 + probability) / 0.5e-3
    np.testing.assert_allclose(expected, [61.8, 181.8, 677], atol=0.5)
    # a renewal process is more regular than a Poisson one, so sqrt(count) is a safe deviation
    deviation = np.sqrt(spikes) / (n * seconds)
    assert np.all(np.abs(spikes / (n * seconds) - expected) < 4 * deviation)
    assert spikes[1] / (n * seconds) * 0.35 == pytest.approx(64, abs=1)  # teacher spikes
    steps = np.rint(record["source.spike_time"] / 0.5e-3).astype(int)
    steps += record["source.spike_trial"] * 10_000
    order = np.lexsort((steps, record["source.spike_cell"]))
    same = np.diff(record["source.spike_cell"][order]) == 0
    assert np.diff(steps[order])[same].min() == 2


# ---- D5, D6, D7: the hidden circuit --------------------------------------------------------------


@pytest.fixture(scope="module")
def circuit() -> Program:
    """Three hidden cells, driven one by one, with their inhibitory partners."""
    spec = NetworkSpec(
        populations=[
            SpikeListSource(name="drive", n=3),
            Population(name="exc", n=3, model=adaptive_conductance_lif(adaptation="off")),
            Population(name="inh", n=3, model=conductance_lif()),
        ],
        projections=[
            DenseProjection(name="feed", source="drive", target="exc", transmit="ge_post += w"),
            UniformProjection(
                name="exc_inh",
                source="exc",
                target="inh",
                pattern="one_to_one",
                transmit="ge_post += w",
                parameters={"w": 10.4},
            ),
            UniformProjection(
                name="inh_exc",
                source="inh",
                target="exc",
                pattern="all_but_self",
                transmit="gi_post += w",
                parameters={"w": 17.0},
            ),
        ],
        trial=Trial(duration=60 * ms),
        records=[
            SpikeRecord(population="exc"),
            SpikeRecord(population="inh"),
            StateRecord(population="exc", variable="v"),
        ],
    )
    return Program(spec, dt=STEP, dtype="float64")


def run_circuit(
    circuit: Program, weight: float, steps: list[int], v: Any = -65e-3
) -> dict[str, Any]:
    state = circuit.initial_state()
    state["exc.v"][:] = v
    state["inh.v"][:] = -60e-3
    state["feed.w"] = weight * np.eye(3)
    _, record = circuit(state, {"drive": [(np.zeros(len(steps), dtype=int), steps * STEP)]})
    return record


def test_inhibition_comes_one_millisecond_after_a_hidden_spike(circuit: Program) -> None:
    record = run_circuit(circuit, 100.0, [20], v=[-65e-3, -60e-3, -55e-3])
    exc, inh = spike_steps(record, "exc"), spike_steps(record, "inh")
    assert len(exc) >= 1
    assert inh[: len(exc)] == [step + 1 for step in exc]  # one each, on the next step
    assert len(inh) == len(exc)
    assert not np.any(record["exc.spike_cell"] != 0)
    assert not np.any(record["inh.spike_cell"] != 0)
    alone = run_circuit(circuit, 0.0, [20], v=[-65e-3, -60e-3, -55e-3])
    changed = np.argmax(record["exc.v"][0, :, 1:] != alone["exc.v"][0, :, 1:], axis=0)
    assert np.all(changed == exc[0] + 2)  # 1 ms


@pytest.mark.parametrize(("v", "drop"), [(-60, 12.5), (-65, 10.6), (-55, 14.4)])
def test_how_much_one_spike_lowers_a_rival(circuit: Program, v: float, drop: float) -> None:
    """Without the decay of the rival's own deviation from rest."""
    start = np.array([-40e-3, v * 1e-3, v * 1e-3])  # above the threshold: fires in step 0
    record = run_circuit(circuit, 0.0, [], v=start)
    assert spike_steps(record, "exc") == [0]
    lowest = record["exc.v"][0, :, 1].min()
    assert v - lowest / 1e-3 == pytest.approx(drop, abs=0.25)


def test_single_input_spike_evokes_a_quarter_millivolt(circuit: Program) -> None:
    record = run_circuit(circuit, 0.3, [10])
    assert record["exc.v"][0, :, 0].max() / 1e-3 + 65 == pytest.approx(0.24, abs=0.005)


def test_dead_time_and_shortest_interval(circuit: Program) -> None:
    record = run_circuit(circuit, 200.0, list(range(100)))
    steps = spike_steps(record, "exc")
    assert len(steps) > 10
    assert set(np.diff(steps)) == {6}  # 3 ms
    v = record["exc.v"][0, :, 0] / 1e-3
    for step in steps[:-1]:  # reset in its own step, then frozen for 2.5 ms
        np.testing.assert_allclose(v[step : step + 6], -65, rtol=1e-12)


# ---- D8, D9: the adaptive threshold --------------------------------------------------------------


@pytest.mark.parametrize(("theta_plus", "spikes"), [(0.07, (90, 214)), (0.05, (125, 300))])
def test_threshold_grows_by_shrinking_steps(theta_plus: float, spikes: tuple[int, int]) -> None:
    """From 20 mV: ``theta_plus 10/|theta - 10|`` at each spike, here one per step."""
    model = adaptive_conductance_lif(
        theta_plus=theta_plus * mV,
        tau_theta=1e9 * second,
        refractory=False,
        v_t=-500 * mV,
    )
    spec = NetworkSpec(
        populations=[Population(name="exc", n=1, model=model)],
        projections=[],
        trial=Trial(duration=spikes[1] * STEP),
        records=[StateRecord(population="exc", variable="theta")],
    )
    program = Program(spec, dt=STEP, dtype="float64")
    _, record = program(program.initial_state(), n_samples=1)
    theta = record["exc.theta"][0, :, 0] / 1e-3
    assert theta[0] == pytest.approx(20 + theta_plus, rel=1e-7)
    np.testing.assert_allclose(np.diff(theta), theta_plus * 10 / np.abs(theta[:-1] - 10), rtol=1e-6)
    assert theta[spikes[0] - 1] == pytest.approx(25, abs=0.05)
    assert theta[spikes[1] - 1] == pytest.approx(30, abs=0.05)


@pytest.mark.parametrize(("decay", "kept"), [("trial", np.exp(-3 * 0.5 / 20_000)), ("step", 1.0)])
def test_a_slow_decay_needs_the_presentation_as_its_step(decay: str, kept: float) -> None:
    """In single precision, half a millisecond of a decay with 20,000 s is rounded to nothing."""
    parameters = published_parameters(6400).with_values(last_intensity=0.0, theta_decay=decay)
    program = Program(sym_stdp_network(4, 2, 2, parameters, layers=BOTH), dt=STEP)
    state = program.initial_state()
    black = {"pixel": np.zeros((3, 4), dtype=np.uint8), "label": np.zeros(3, dtype=np.int32)}
    after, record = program(state, black)
    assert record["exc.count"].sum() == 0
    np.testing.assert_allclose(after["exc.theta"], state["exc.theta"] * kept, rtol=2e-7)


# ---- D10, D14: the test network ------------------------------------------------------------------


def test_answers_of_the_output_neurons_to_one_hidden_spike() -> None:
    """Weights of 8, 6.6, 5, 4.1 and 2 evoke 3, 2, 2, 1 and no spikes."""
    weights, expected = [8, 6.6, 5, 4.1, 2], [3, 2, 2, 1, 0]
    parameters = published_parameters(100).with_values(last_intensity=0.0)  # never repeat
    program = Program(sym_stdp_network(4, 2, len(weights), parameters), dt=STEP)
    state = program.initial_state()
    state["exc_class.w"][0] = weights
    state["exc.v"][:] = [0, -65e-3]  # the first cell fires once, in the first step
    state, record = program(state, {"pixel": np.zeros((1, 4), dtype=np.uint8)})
    np.testing.assert_array_equal(record["exc.count"], [[1, 0]])
    np.testing.assert_array_equal(record["output.count"], [expected])


def test_test_mode_changes_nothing() -> None:
    program = Program(sym_stdp_network(16, 9, 3, published_parameters(100)), dt=STEP)
    state = program.initial_state(2)
    state["image_exc.w"] += 2.0
    state["exc_class.w"] += 5.0
    state["exc.theta"] = np.linspace(0.015, 0.025, 9)
    after, record = program(state, {"pixel": np.full((3, 16), 255, dtype=np.uint8)})
    assert record["exc.count"].sum() > 50
    assert record["output.count"].sum() > 50
    for name in ("image_exc.w", "exc_class.w", "exc.theta"):
        np.testing.assert_array_equal(after[name], state[name].astype(np.float32), err_msg=name)
    assert not [name for name in after if ".x_" in name]  # there are no traces
