"""NaN and infinity stop a run at the place and time that a closed form predicts."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    NonFiniteStateError,
    Population,
    Program,
    SpikeCount,
    Trial,
)
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import SpikeListSource

TARGETS = ["cpp", "numpy"]
pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")


def growing(trial: Any = 50 * ms, n: int = 3) -> NetworkSpec:
    """Return cells that double at every step of 1 ms: beyond float32 after 128 steps."""
    model = NeuronModel(name="growing", equations="dv/dt = v/(1*ms) : 1", method="euler")
    return NetworkSpec(
        populations=[Population(name="cell", n=n, model=model)],
        projections=[],
        trial=Trial(duration=trial),
    )


def multiplying() -> NetworkSpec:
    """Return synapses whose weight grows by 1e20 with every presynaptic spike."""
    rule = PlasticityRule(name="multiply", on_pre="w = w * 1e20")
    cell = NeuronModel(name="cell", equations="g : 1", threshold="g > 1e30", reset="g = 0")
    return NetworkSpec(
        populations=[
            SpikeListSource(name="input", n=90),
            Population(name="cell", n=70, model=cell),
        ],
        projections=[
            DenseProjection(
                name="feed", source="input", target="cell", rule=rule, initial={"w": 1.0}
            )
        ],
        trial=Trial(duration=20 * ms),
        records=[SpikeCount(population="cell")],
    )


@pytest.mark.parametrize("target", TARGETS)
def test_a_cell_that_explodes_is_named_with_its_time(target: str) -> None:
    program = Program(growing(), dt=1 * ms, target=target)
    state = program.initial_state()
    state["cell.v"][1] = 1
    kept = {name: values.copy() for name, values in state.items()}
    wanted = (
        r"^Program: cell.v\[1\] became inf in trial 2 \(sample 2 of this call\), 28 ms after its "
        r"start; the state given to the call is unchanged$"
    )
    with pytest.raises(NonFiniteStateError, match=wanted) as caught:
        program(state, n_samples=5, seed=0)
    error = caught.value
    assert isinstance(error, FloatingPointError)
    assert (error.variable, error.index, error.value) == ("cell.v", (1,), np.inf)
    assert (error.trial, error.time) == (2, pytest.approx(0.028))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    for name, values in kept.items():
        np.testing.assert_array_equal(state[name], values)
    # in pieces it is the same trial
    state, _ = program(state, n_samples=1, seed=0)
    with pytest.raises(NonFiniteStateError, match=r"trial 2 \(sample 1 of this call\), 28 ms"):
        program(state, n_samples=2, seed=0)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("n_samples", [3, 100])
def test_a_weight_of_a_large_matrix_is_named(target: str, n_samples: int) -> None:
    """Whether the part of the matrix that is looked at comes round, or the call ends before."""
    program = Program(multiplying(), dt=1 * ms, target=target)
    trials: list[Any] = [([], []) for _ in range(n_samples)]
    trials[0] = ([40], [3e-3])
    trials[2] = ([7, 40], [5e-3, 13e-3])
    with pytest.raises(
        NonFiniteStateError, match=r"feed.w\[40, 0\] became inf in trial 2"
    ) as caught:
        program(program.initial_state(), {"input": trials})
    assert caught.value.time == pytest.approx(14e-3)  # the end of the step that begins at 13 ms


@pytest.mark.parametrize("target", TARGETS)
def test_without_the_check_numbers_come_back(target: str) -> None:
    program = Program(growing(), dt=1 * ms, target=target, check_finite=False)
    state = program.initial_state()
    state["cell.v"][1] = 1
    state, _ = program(state, n_samples=3)
    np.testing.assert_array_equal(state["cell.v"], [0, np.inf, 0])
    with pytest.raises(TypeError, match=r"Program.check_finite: must be True or False, got 1"):
        Program(growing(), dt=1 * ms, target=target, check_finite=1)  # type: ignore[arg-type]


def test_double_precision_lasts_longer() -> None:
    program = Program(growing(2000 * ms), dt=1 * ms, dtype="float64", target="numpy")
    state = program.initial_state()
    state["cell.v"][2] = 1
    with pytest.raises(NonFiniteStateError, match=r"cell.v\[2\] became inf in trial 0") as caught:
        program(state, n_samples=1)
    assert caught.value.time == pytest.approx(1.024)


def test_both_targets_stop_alike_when_a_trial_is_repeated() -> None:
    cell = NeuronModel(
        name="cell",
        equations="dv/dt = v/(1*ms) : 1",
        method="euler",
        threshold="v < 0",
        reset="v = 0",
    )
    spec = NetworkSpec(
        populations=[Population(name="cell", n=2, model=cell)],
        projections=[],
        trial=Trial(duration=10 * ms, repeat_while="cell_count < 1"),
        records=[SpikeCount(population="cell")],
    )
    places = []
    for target in TARGETS:
        program = Program(spec, dt=1 * ms, target=target)
        state = program.initial_state()
        state["cell.v"][:] = 1
        with pytest.raises(NonFiniteStateError) as caught:
            program(state, n_samples=4)
        places.append(str(caught.value))
    assert places[0] == places[1]
    assert "trial 12 (sample 0 of this call), 8 ms" in places[0]
