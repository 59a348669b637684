"""Rates and currents that change in time, beside stock Brian2 and closed forms."""

from __future__ import annotations

from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import Hz, TimedArray, ms, mV
from scipy.stats import binom, chisquare

from bioplastic.engine import NetworkSpec, Population, Program, SpikeRecord, StateRecord, Trial
from bioplastic.neurons.model import NeuronModel
from bioplastic.signals import PoissonInput, PoissonSource

RNG = np.random.default_rng(5)
SHARED = TimedArray(RNG.random(9) * mV, dt=2 * ms)
OWN = TimedArray(RNG.random((5, 4)) * mV, dt=4 * ms)
EQUATIONS = "dv/dt = (stim(t) + drive - v)/tau : volt\ndrive = own(t, i) : volt"
RUNS = [("cpp", "float64", 1e-15), ("cpp", "float32", 1e-9), ("numpy", "float64", 1e-15)]
DT = 0.1 * ms


def driven(method: str, stim: TimedArray = SHARED, dt: Any = DT) -> NetworkSpec:
    model = NeuronModel(
        name="cell", equations=EQUATIONS, method=method,
        parameters={"tau": 10 * ms, "stim": stim, "own": OWN},
    )  # fmt: skip
    return NetworkSpec(
        populations=[Population(name="cell", n=4, model=model)],
        projections=[],
        trial=Trial(duration=25 * ms),
        records=[StateRecord(population="cell", variable="v", when="start")],
    )


@pytest.mark.parametrize("method", ["euler", "exact"])
def test_timed_arrays_in_equations_are_those_of_brian2(method: str) -> None:
    b2.prefs.codegen.target = "numpy"
    namespace = {"tau": 10 * ms, "stim": SHARED, "own": OWN}
    group = b2.NeuronGroup(4, EQUATIONS, dt=DT, method=method, namespace=namespace)
    monitor = b2.StateMonitor(group, "v", record=True)
    b2.Network(group, monitor).run(25 * ms)
    for target, dtype, bound in RUNS:
        program = Program(driven(method), dt=DT, target=target, dtype=dtype)
        _, record = program(program.initial_state(), n_samples=1)
        np.testing.assert_allclose(record["cell.v"][0], np.array(monitor.v).T, rtol=0, atol=bound)


def test_values_of_timed_arrays_are_data_of_a_run() -> None:
    Program(driven("euler"), dt=DT, dtype="float64")
    other = TimedArray(np.array([3.0, 1.0]) * mV, dt=2 * ms)
    program = Program(driven("euler", other), dt=DT, dtype="float64")
    assert not program.built
    _, record = program(program.initial_state(), n_samples=1)
    oracle = Program(driven("euler", other), dt=DT, dtype="float64", target="numpy")
    _, expected = oracle(oracle.initial_state(), n_samples=1)
    np.testing.assert_allclose(record["cell.v"], expected["cell.v"], rtol=0, atol=1e-15)


def sources(**options: Any) -> NetworkSpec:
    return NetworkSpec(
        populations=[PoissonSource(name="input", **options)],
        projections=[],
        trial=Trial(duration=60 * ms),
        records=[SpikeRecord(population="input")],
    )


RATES = TimedArray(np.array([[20.0, 300.0, 0.0], [250.0, 5.0, 80.0]]) * Hz, dt=30 * ms)
TOP = np.tile([9.0, 400.0, 90.0], 4000) * Hz
MOVING: dict[str, dict[str, Any]] = {
    "array": {"rates": "stim(t, i % 3)", "parameters": {"stim": RATES}},
    "formula": {"rates": "(1 + cos(2*pi*t/tau))*top",
                "parameters": {"tau": 60 * ms, "top": 90 * Hz}},
    "window": {"rates": "top + 0*t*Hz**2", "parameters": {"top": TOP},
               "window": (10 * ms, 31 * ms), "dead_steps": 2},
}  # fmt: skip


def probabilities(kind: str) -> Any:
    """Return the expected number of spikes of every step and cell."""
    t = np.arange(60)
    if kind == "array":
        return np.array(RATES.values)[(t >= 30).astype(int)] * 1e-3
    if kind == "formula":
        return np.repeat((1 + np.cos(2 * np.pi * t / 60))[:, None] * 0.09, 3, axis=1)
    p = np.array([0.009, 0.4, 0.09])
    expected = np.zeros((60, 3))
    for k in range(10, 31):  # free to fire unless it did in one of the last two steps
        expected[k] = p * (1 - expected[k - 2 : k].sum(axis=0))
    return expected


@pytest.mark.parametrize("kind", MOVING)
def test_moving_rates(kind: str) -> None:
    """Both targets draw the same spikes; their frequencies are those of the rates."""
    network = sources(n=12000, **MOVING[kind])
    records = []
    for target in ("cpp", "numpy"):
        program = Program(network, dt=1 * ms, target=target, dtype="float64")
        records.append(program(program.initial_state(), n_samples=1, seed=4)[1])
    for name in ("time", "cell"):
        np.testing.assert_array_equal(*(record[f"input.spike_{name}"] for record in records))
    found = np.zeros((60, 3))  # each of 4000 cells
    step = np.rint(records[0]["input.spike_time"] / 1e-3).astype(int)
    np.add.at(found, (step, records[0]["input.spike_cell"] % 3), 1 / 4000)
    expected = probabilities(kind)
    error = np.sqrt(np.maximum(expected * (1 - expected), 1e-12) / 4000)
    np.testing.assert_allclose(found[expected == 0], 0)
    z = ((found - expected) / error)[expected > 0]
    assert abs(z).max() < 4.5
    assert abs((z**2).mean() - 1) < 0.45


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_a_wrong_moving_rate_is_refused(target: str) -> None:
    network = sources(n=2, rates="(20*ms - t)*Hz**2*i")
    program = Program(network, dt=1 * ms, target=target)
    with pytest.raises(ValueError, match=r"'input'.rates: must be finite and not negative, got -0"):
        program(program.initial_state(), n_samples=1)


def test_rates_per_cell_are_state() -> None:
    options = {"n": 3, "rates": "base", "parameters": {"base": np.array([5.0, 90.0, 0.0]) * Hz}}
    program = Program(sources(**options), dt=1 * ms)
    state = program.initial_state()
    np.testing.assert_array_equal(state["input.base"], np.float32([5, 90, 0]))
    _, record = program({**state, "input.base": np.array([0, 0, 100.0])}, n_samples=50)
    assert set(record["input.spike_cell"]) == {2}
    options["parameters"] = {"base": np.array([1.0, 2.0, 3.0]) * Hz}
    assert not Program(sources(**options), dt=1 * ms).built
    with pytest.raises(ValueError, match=r"'base' must hold 4 finite numbers, got shape \(3,\)"):
        sources(**{**options, "n": 4})
    with pytest.raises(ValueError, match=r"PoissonSource.parameters: nothing reads 'top'"):
        sources(n=3, rates="5*Hz", parameters={"top": 5 * Hz})


def counted(*background: PoissonInput, equations: str = "c : 1") -> NetworkSpec:
    cell = NeuronModel(name="cell", equations=equations)
    return NetworkSpec(
        populations=[Population(name="cell", n=2000, model=cell, background=background)],
        projections=[],
        trial=Trial(duration=3 * ms),
        records=[StateRecord(population="cell", variable="c")],
    )


@pytest.mark.parametrize(("n", "rate"), [(40, 20 * Hz), (1000, 250 * Hz), (5, 1000 * Hz)])
def test_inputs_are_binomial(n: int, rate: Any) -> None:
    network = counted(PoissonInput(variable="c", n=n, rate=rate, weight=1.0))
    records = []
    for target in ("cpp", "numpy"):
        program = Program(network, dt=1 * ms, target=target)
        records.append(program(program.initial_state(), n_samples=2, seed=3)[1]["cell.c"])
    np.testing.assert_array_equal(*records)
    steps = np.diff(records[0].reshape(6, 2000), axis=0, prepend=0)  # trials go on
    counts = steps.astype(int)
    p = float(rate) * 1e-3
    low, high = (int(k) for k in binom.ppf([0.01, 0.99], n, p))
    edges = np.arange(low, high + 1)
    found = [(counts < low).sum(), *((counts == k).sum() for k in edges), (counts > high).sum()]
    expected = np.array([binom.cdf(low - 1, n, p), *binom.pmf(edges, n, p), binom.sf(high, n, p)])
    keep = expected * counts.size > 5
    assert counts.max() <= n
    if keep.sum() > 1:
        scale = np.sum(np.array(found)[keep]) / expected[keep].sum()
        assert chisquare(np.array(found)[keep], expected[keep] * scale).pvalue > 1e-3
    corr = np.corrcoef(steps)[np.triu_indices(6, 1)] if counts.std() else np.zeros(1)
    assert abs(corr).max() < 4.5 / np.sqrt(2000)


def test_weights_of_inputs_may_be_expressions() -> None:
    """Where every input fires at every step nothing is random, as in stock Brian2."""
    text = "2*mV*exp(-t/(3*ms)) + 0.1*v*(i+1)"
    equations = "dv/dt = -v/(9*ms) : volt (unless refractory)"
    options = {"threshold": "v > 30*mV", "reset": "v = 0*mV", "refractory": 1 * ms}
    group = b2.NeuronGroup(3, equations, dt=1 * ms, method="exact", **options)
    given = b2.PoissonInput(group, "v", 4, 1000 * Hz, text)
    monitor = b2.StateMonitor(group, "v", record=True)
    b2.prefs.codegen.target = "numpy"
    b2.Network(group, given, monitor).run(30 * ms, namespace={})
    cell = NeuronModel(name="cell", equations=equations, method="exact", **options)
    background = [PoissonInput(variable="v", n=4, rate=1000 * Hz, weight=text)]
    network = NetworkSpec(
        populations=[Population(name="cell", n=3, model=cell, background=background)],
        projections=[], trial=Trial(duration=30 * ms),
        records=[StateRecord(population="cell", variable="v", when="start")],
    )  # fmt: skip
    for target in ("cpp", "numpy"):
        program = Program(network, dt=1 * ms, target=target, dtype="float64")
        _, record = program(program.initial_state(), n_samples=1)
        np.testing.assert_allclose(record["cell.v"][0], np.array(monitor.v).T, rtol=1e-12)
    assert np.count_nonzero(np.diff(np.array(monitor.v), axis=1) < -0.02) > 3


def test_inputs_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match=r"background: the model has no variable 'x'; known: c"):
        counted(PoissonInput(variable="x", n=4, rate=5 * Hz, weight=1.0))
    with pytest.raises(ValueError, match=r"weight of 'c' has unit volt, expected 1"):
        counted(PoissonInput(variable="c", n=4, rate=5 * Hz, weight=1 * mV))
    with pytest.raises(ValueError, match=r"background: wrong unit in 'c \+= 3\*mV'"):
        counted(PoissonInput(variable="c", n=4, rate=5 * Hz, weight="3*mV"))
    network = counted(PoissonInput(variable="c", n=4, rate=5000 * Hz, weight=1.0))
    with pytest.raises(ValueError, match=r"PoissonInput.rate: 5. kHz at a time step of 0.001 s is"):
        Program(network, dt=1 * ms, target="numpy")
