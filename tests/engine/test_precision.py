"""What single precision keeps: times and everything computed from the clock are double."""

from __future__ import annotations

from math import exp, sin, tau
from typing import Any

import numpy as np
import pytest
from brian2 import Hz, ms, second

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    Trial,
    UniformProjection,
)
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import Normalisation, PlasticityRule
from bioplastic.signals import SpikeListSource

TARGETS = pytest.mark.parametrize("target", ["cpp", "numpy"])
LATE = 2 * 10**7  # steps of 1 ms: 20,000 s


@TARGETS
@pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
def test_times_and_the_clock_are_double(kind: type, target: str) -> None:
    rule = PlasticityRule(
        name="q", parameters={"f": 3.7 * Hz, "tau": 20 * ms},
        synapse="w : 1\nlast : second\nphase : 1\nsince : 1\nodd : 1",
        pre="seen_pre : second",
        on_pre="w = (t - last)/ms; last = t; seen_pre = t; since = exp(-(t - seen_pre)/tau)",
        on_post="now = t; phase = sin(2*pi*f*now); odd = t_in_timesteps - 0.5",
        every="since = (t - seen_pre)/ms",
    )  # fmt: skip
    cell = NeuronModel(
        name="m", threshold="v > 0.5", reset="v = 0", parameters={"f": 3.7 * Hz},
        equations="v : 1\nx : 1\nfired : second", update="x = sin(2*pi*f*t); v = int(x > 0.99)",
    )  # fmt: skip
    pairs = {"pre": [0], "post": [0]} if kind is SparseProjection else {}
    spec = NetworkSpec(
        populations=[
            SpikeListSource(name="a", n=1), SpikeListSource(name="b", n=1),
            Population(name="e", n=1, model=cell),
        ],
        projections=[kind(name="p", source="a", target="b", rule=rule, **pairs)],
        trial=Trial(duration=10 * ms),
    )  # fmt: skip
    program = Program(spec, dt=1 * ms, target=target)
    state = program.initial_state() | {"clock.step": np.array(LATE)}
    state, _ = program(state, {"a": [([0, 0], [0.001, 0.004])], "b": [([0], [0.006])]})
    assert {state[name].dtype.name for name in ("p.last", "p.seen_pre", "e.fired")} == {"float64"}
    assert state["p.w"].dtype == np.float32
    assert state["p.w"].item() == 3
    found = [state[f"p.{name}"].item() for name in ("w", "last", "phase", "since", "odd")]
    now = (LATE + np.array([4, 6, 9])) * 1e-3
    right = [3, now[0], sin(tau * 3.7 * now[1]), 5, np.float32(LATE + 5.5)]
    assert found == pytest.approx(right, rel=1e-5)
    assert state["e.x"].item() == pytest.approx(sin(tau * 3.7 * now[2]), rel=1e-5)


@TARGETS
@pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
def test_arrays_of_both_precisions_meet(kind: type, target: str) -> None:
    """Scaling of times, sums into times: kernels take the type of the variable."""
    rule = PlasticityRule(
        name="q", synapse="w : second", initial={"w": 1 * ms}, on_post="w += 0*ms",
        normalise=Normalisation(total=0.1, when="trial_end"),
    )  # fmt: skip
    cell = NeuronModel(name="m", equations="d : second\ns : second\nv : 1", threshold="v > 1")
    pairs = {"pre": [0, 1], "post": [0, 0]} if kind is SparseProjection else {}
    plastic: Any = kind(
        name="p", source="a", target="e", rule=rule, transmit="d_post += w", summed="s_post = w",
        **pairs,
    )  # fmt: skip
    flat = UniformProjection(name="u", source="a", target="e", transmit="d_post += 3*ms")
    spec = NetworkSpec(
        populations=[SpikeListSource(name="a", n=2), Population(name="e", n=1, model=cell)],
        projections=[plastic, flat], trial=Trial(duration=2 * ms),
    )  # fmt: skip
    program = Program(spec, dt=1 * ms, target=target)
    state, _ = program(program.initial_state(), {"a": [([0, 1], [0, 0])]})
    names = ("e.d", "e.s", "p.w")
    found = [float(state[name].ravel()[0]) for name in names]
    assert found == pytest.approx([8e-3, 2e-3, 0.05], rel=1e-14)


@TARGETS
def test_decays_that_single_precision_loses_are_told(target: str) -> None:
    model = NeuronModel(
        name="m", equations="dx/dt = -x/slow : 1\ndy/dt = (1 - y)/fast : 1\ndz/dt = -z/fair : 1",
        method="euler+decay", initial={"x": 1.0},
        parameters={"slow": 20000 * second, "fast": 20 * second, "fair": 1000 * second},
    )  # fmt: skip
    spec = NetworkSpec(
        populations=[Population(name="e", n=1, model=model)], projections=[],
        trial=Trial(duration=1 * second),
    )  # fmt: skip
    with pytest.warns(RuntimeWarning) as told:
        program = Program(spec, dt=0.5 * ms, target=target)
    messages = [str(w.message) for w in told if w.category is RuntimeWarning]
    assert len(messages) == 2
    assert "e.x decays with 20. ks in steps of 0.5 ms: in float32 the decay is lost" in messages[0]
    assert "e.z decays with 1. ks in steps of 0.5 ms" in messages[1]
    assert "wrong by up to 6%" in messages[1]
    state, _ = program(program.initial_state(), n_samples=1)
    assert state["e.x"].item() == 1  # which is why it is told
    exact = Program(spec, dt=0.5 * ms, dtype="float64", target=target)
    state, _ = exact(exact.initial_state(), n_samples=1)
    assert state["e.x"].item() == pytest.approx(exp(-1 / 20000), rel=1e-12)
