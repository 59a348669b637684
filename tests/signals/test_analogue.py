"""Signals and noise: who sees which number at which step, on both targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from brian2 import ms, mV, nA, pA, second

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    StateRecord,
    Trial,
)
from bioplastic.engine.random import normal_frame
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import AnalogueSource, NoiseSource, PoissonSource

TARGETS = pytest.mark.parametrize("target", ["cpp", "numpy"])
DT = 0.5 * ms
N_STEPS = 8

SUM = NeuronModel(name="sum", equations="dv/dt = i_in/ms : 1\ni_in : 1\ngain : 1")


def program(target: str, *, every: int = 1, dtype: str = "float64", size: int = 3) -> Program:
    """A population that integrates a signal, one that receives it through weights, and noise."""
    rule = PlasticityRule(
        name="follow",
        synapse="w : 1",
        modulators="target_post : 1",
        every="w += dt/ms*(target_post - w)*x_pre",
    )
    spec = NetworkSpec(
        populations=[
            Population(name="cell", n=3, model=SUM, inputs={"i_in": "signal"}),
            AnalogueSource(name="signal", n=size, dtype="float64", every=every),
            AnalogueSource(name="teacher", n=2, dtype="float32"),
            Population(name="out", n=2, model=SUM),
            NoiseSource(name="noise", n=5, every=every),
            Population(name="walk", n=5, model=SUM, inputs={"i_in": "noise"}),
        ],
        projections=[
            DenseProjection(
                name="feed",
                source="signal",
                target="out",
                rule=rule,
                summed="i_in_post = w*x_pre",
                initial={"w": 0.5},
                modulators={"target_post": ("teacher", "x")},
            ),
        ],
        trial=Trial(duration=N_STEPS * DT),
        records=[StateRecord(population=name, variable="v") for name in ("cell", "out", "walk")],
    )
    return Program(spec, dt=DT, dtype=dtype, target=target)


def signals(n_samples: int, *, every: int = 1, size: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    frames = -(-N_STEPS // every)
    return {
        "signal": rng.normal(size=(n_samples, frames, size)),
        "teacher": rng.normal(size=(n_samples, N_STEPS, 2)).astype(np.float32),
    }


@TARGETS
@pytest.mark.parametrize(("every", "size"), [(1, 3), (3, 1)])
def test_every_reader_sees_the_frame_of_the_step(target: str, every: int, size: int) -> None:
    compiled = program(target, every=every, size=size)
    inputs = signals(2, every=every, size=size)
    state, record = compiled(compiled.initial_state(), inputs)
    v, out, w = np.zeros(3), np.zeros(2), np.full((size, 2), 0.5)
    for trial in range(2):
        for step in range(N_STEPS):
            x = inputs["signal"][trial, step // every]
            out = out + 0.5 * (x @ w)
            v = v + 0.5 * x
            w = w + 0.5 * (inputs["teacher"][trial, step] - w) * x[:, None]
            np.testing.assert_allclose(record["cell.v"][trial, step], v, rtol=1e-12)
            np.testing.assert_allclose(record["out.v"][trial, step], out, rtol=1e-12)
    np.testing.assert_allclose(state["feed.w"], w, rtol=1e-12)
    assert "signal.x" not in state
    assert "cell.i_in" not in state
    assert "out.i_in" in state


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_both_targets_agree(dtype: str) -> None:
    results = []
    for target in ("cpp", "numpy"):
        compiled = program(target, every=3, dtype=dtype)
        state, record = compiled(compiled.initial_state(), signals(3, every=3), seed=5)
        results.append({**state, **record})
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    for name, values in results[0].items():
        np.testing.assert_allclose(
            values, results[1][name], rtol=tolerance, atol=tolerance, err_msg=name
        )


@TARGETS
def test_a_signal_without_trials_repeats(target: str) -> None:
    compiled = program(target)
    inputs = {name: values[0] for name, values in signals(1).items()}
    repeated = {name: np.tile(values, (4, 1, 1)) for name, values in inputs.items()}
    expected = compiled(compiled.initial_state(), repeated)[1]
    shared = compiled(compiled.initial_state(), inputs, n_samples=4)[1]
    np.testing.assert_array_equal(shared["out.v"], expected["out.v"])
    assert compiled(compiled.initial_state(), inputs)[1]["out.v"].shape[0] == 1


@TARGETS
def test_a_run_in_two_calls_equals_one(target: str) -> None:
    compiled = program(target, every=3)
    inputs = signals(4, every=3)
    whole, record = compiled(compiled.initial_state(), inputs, seed=3)
    state, first = compiled(
        compiled.initial_state(), {name: values[:1] for name, values in inputs.items()}, seed=3
    )
    state, second_part = compiled(
        state, {name: values[1:] for name, values in inputs.items()}, seed=3
    )
    joined = np.concatenate([first["walk.v"], second_part["walk.v"]])
    np.testing.assert_array_equal(record["walk.v"], joined)
    np.testing.assert_array_equal(whole["feed.w"], state["feed.w"])


@TARGETS
def test_noise_is_independent_and_follows_the_seed(target: str) -> None:
    compiled = program(target, every=3)

    def steps(seed: int) -> Any:
        v = compiled(compiled.initial_state(), signals(2, every=3), seed=seed)[1]["walk.v"]
        return 2 * np.diff(v.reshape(-1, 5), axis=0, prepend=0)

    first, second_seed = steps(0), steps(1)
    np.testing.assert_allclose(first[0], first[2], atol=1e-12)  # it stays for three steps
    assert np.unique(np.round(first[::3][:2], 9)).size == 10
    assert not np.intersect1d(np.round(first, 9), np.round(second_seed, 9)).size
    assert not np.array_equal(first[:3], first[N_STEPS : N_STEPS + 3])


@pytest.mark.parametrize("n", [1, 2, 7])
def test_a_frame_of_noise_has_the_asked_size(n: int) -> None:
    assert normal_frame(n, 3).shape == (n,)


def test_noise_is_standard_normal() -> None:
    spec = NetworkSpec(
        populations=[
            NoiseSource(name="noise", n=1001),
            Population(name="cell", n=1001, model=SUM, inputs={"i_in": "noise"}),
        ],
        projections=[],
        trial=Trial(duration=100 * DT),
        records=[StateRecord(population="cell", variable="v")],
    )
    compiled = Program(spec, dt=DT, dtype="float64")
    v = compiled(compiled.initial_state(), n_samples=1)[1]["cell.v"][0]
    x = 2 * np.diff(v, axis=0, prepend=0)
    assert abs(x.mean()) < 4 / np.sqrt(x.size)
    assert abs(x.std() - 1) < 4 / np.sqrt(2 * x.size)
    assert abs((x**4).mean() - 3) < 0.1
    for lag in (1, 2, 500, 501):  # neighbours, and the two numbers of one pair
        assert abs(np.corrcoef(x[:, :-lag].ravel(), x[:, lag:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(x[:-1].ravel(), x[1:].ravel())[0, 1]) < 0.02


@TARGETS
def test_units_are_those_of_the_equations(target: str) -> None:
    cell = NeuronModel(
        name="leaky",
        equations="dv/dt = (resistance*i_in - v)/(10*ms) : volt\ni_in : amp",
        parameters={"resistance": 10 * mV / nA},
    )
    spec = NetworkSpec(
        populations=[
            AnalogueSource(name="current", n=1, unit=pA),
            Population(name="cell", n=2, model=cell, inputs={"i_in": "current"}),
        ],
        projections=[],
        trial=Trial(duration=4 * DT),
        records=[StateRecord(population="cell", variable="v")],
    )
    compiled = Program(spec, dt=DT, target=target)
    frames = np.ones((4, 1)) * nA
    v = compiled(compiled.initial_state(), {"current": frames})[1]["cell.v"][0]
    np.testing.assert_allclose(v[0], 0.5e-3, rtol=1e-6)
    with pytest.raises(TypeError, match=r"Program.inputs\['current'\]: must be in A, got"):
        compiled(compiled.initial_state(), {"current": np.ones((4, 1)) * mV})


@TARGETS
def test_a_source_holds_traces_of_rules(target: str) -> None:
    rule = PlasticityRule(
        name="smooth",
        synapse="w : 1",
        pre="dr_pre/dt = (x_pre - r_pre)/tau : 1",
        every="w += r_pre*dt/ms",
        parameters={"tau": 5 * ms},
    )
    spec = NetworkSpec(
        populations=[
            AnalogueSource(name="signal", n=2, dtype="float64"),
            Population(name="out", n=1, model=SUM),
        ],
        projections=[SparseProjection(name="feed", source="signal", target="out", rule=rule,
                                      pre=[0, 1], post=[0, 0])],
        trial=Trial(duration=6 * DT),
    )  # fmt: skip
    compiled = Program(spec, dt=DT, dtype="float64", target=target)
    signal = np.random.default_rng(0).normal(size=(6, 2))
    state, _ = compiled(compiled.initial_state(), {"signal": signal})
    r, w = np.zeros(2), np.zeros(2)
    for x in signal:
        r = x + (r - x) * np.exp(-0.1)
        w = w + r * 0.5
    np.testing.assert_allclose(state["feed.w"], w, rtol=1e-12)


def test_wrong_inputs_are_refused_where_they_are_given() -> None:
    compiled = program("numpy")
    inputs, state = signals(2), compiled.initial_state()
    with pytest.raises(ValueError, match=r"signal.*must have shape \(n_samples, 8, 3\), got"):
        compiled(state, {**inputs, "signal": inputs["signal"][:, :7]})
    with pytest.raises(ValueError, match=r"signal.*\(n_samples, 8, 3\) or \(8, 3\), got \(3,\)"):
        compiled(state, {**inputs, "signal": np.zeros(3)})
    with pytest.raises(ValueError, match="must be finite"):
        compiled(state, {**inputs, "signal": np.full((2, N_STEPS, 3), np.nan)})
    with pytest.raises(ValueError, match="numbers of samples differ"):
        compiled(state, {**inputs, "signal": inputs["signal"][:1]})


def spec(cell: Mapping[str, Any], source: Any) -> NetworkSpec:
    populations = [source, Population(name="cell", n=3, model=SUM, **cell)]
    return NetworkSpec(populations=populations, projections=[], trial=Trial(duration=DT))


def test_wrong_networks_are_refused() -> None:
    source = AnalogueSource(name="signal", n=2)
    with pytest.raises(ValueError, match="the model has no parameter 'v' in its equations; known"):
        spec({"inputs": {"v": "signal"}}, source)
    with pytest.raises(ValueError, match="'signal' must have 1 or 3 cells, has 2"):
        spec({"inputs": {"i_in": "signal"}}, source)
    with pytest.raises(ValueError, match=r"unknown population 'signl' .did you mean 'signal'"):
        spec({"inputs": {"i_in": "signl"}}, source)
    poisson = PoissonSource(name="signal", n=3, rates="1*Hz")
    with pytest.raises(ValueError, match="'signal' is no AnalogueSource or NoiseSource"):
        spec({"inputs": {"i_in": "signal"}}, poisson)
    with_unit = spec({"inputs": {"i_in": "signal"}}, AnalogueSource(name="signal", n=3, unit=mV))
    with pytest.raises(ValueError, match="'signal' has unit volt, expected 1"):
        Program(with_unit, dt=DT, target="numpy")
    with pytest.raises(ValueError, match="has no threshold and never fires"):
        NetworkSpec(
            populations=[source, Population(name="cell", n=3, model=SUM)],
            projections=[DenseProjection(name="p", source="signal", target="cell",
                                         transmit="v_post += w")],
            trial=Trial(duration=1 * second),
        )  # fmt: skip


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match=r"AnalogueSource.unit: must be a Brian2 unit"):
        AnalogueSource(name="signal", n=2, unit="pA")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"AnalogueSource.dtype"):
        AnalogueSource(name="signal", n=2, dtype="int32")
    with pytest.raises(ValueError, match=r"NoiseSource.every: must be"):
        NoiseSource(name="noise", n=2, every=0)
