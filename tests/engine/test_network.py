"""Specifications of networks: what is refused when they are written down or compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from brian2 import ms

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
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import AnalogueSource, SpikeListSource

TARGETS = ["cpp", "numpy"]


def network(**overrides: Any) -> NetworkSpec:
    """Return a network of one source, with other arguments put in."""
    arguments: dict[str, Any] = {
        "populations": [SpikeListSource(name="exc", n=5)],
        "projections": [],
        "trial": Trial(duration=40 * ms),
        "records": [SpikeCount(population="exc")],
    }
    return NetworkSpec(**{**arguments, **overrides})


SILENT = NeuronModel(name="silent", equations="v : 1")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"populations": []}, r"NetworkSpec.populations: must not be empty"),
        ({"records": [SpikeCount(population="ecx")]}, r"unknown population 'ecx' \(did you mean"),
        ({"records": [SpikeCount(population="exc")] * 2}, r"'exc.count' is recorded twice"),
        (
            {"populations": [SpikeListSource(name="exc", n=2), SpikeListSource(name="exc", n=2)]},
            r"the name 'exc' is used 2 times",
        ),
        ({"populations": [SpikeListSource(name="trial", n=2)]}, r"'trial' is reserved"),
        (
            {
                "populations": [SpikeListSource(name="a", n=2), SpikeListSource(name="b", n=3)],
                "projections": [
                    UniformProjection(
                        name="p", source="a", target="b", pattern="one_to_one", transmit="v += 1"
                    )
                ],
                "records": [],
            },
            r"UniformProjection 'p'.pattern: 'one_to_one' needs populations of equal size",
        ),
        (
            {
                "populations": [SpikeListSource(name="a", n=2), SpikeListSource(name="b", n=3)],
                "projections": [
                    SparseProjection(
                        name="p", source="a", target="b", transmit="v += 1", pre=[0], post=[3]
                    )
                ],
                "records": [],
            },
            r"SparseProjection 'p'.post: cell 3 of 3 does not exist",
        ),
        (
            {
                "populations": [Population(name="a", n=2, model=SILENT)],
                "projections": [],
                "records": [SpikeCount(population="a")],
            },
            r"SpikeCount.population: 'a' has no threshold and never fires",
        ),
        (
            {
                "populations": [Population(name="a", n=2, model=SILENT)],
                "projections": [
                    DenseProjection(name="p", source="a", target="a", transmit="v_post += w")
                ],
                "records": [],
            },
            r"DenseProjection 'p'.source: 'a' has no threshold and never fires",
        ),
    ],
)
def test_bad_networks(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        network(**overrides)


@pytest.mark.parametrize(
    ("pre", "post", "message"),
    [
        ([], [], r"SparseProjection 'p'.pre: must be a non-empty 1d array of integers"),
        ([0, 1], [0], r"pre has 2 entries and post 1"),
        ([-1], [0], r"pre: must not be negative"),
        ([0.5], [0], r"pre: must be a non-empty 1d array of integers"),
    ],
)
def test_bad_connectivity(pre: Any, post: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SparseProjection(name="p", source="a", target="b", transmit="v += 1", pre=pre, post=post)


@pytest.mark.parametrize("variable", ["t", "i", "tau", "twice", "not_refractory", "w"])
def test_only_state_can_be_recorded(variable: str) -> None:
    model = NeuronModel(
        name="cell",
        equations="dv/dt = -v/tau : 1 (unless refractory)\ntwice = 2*v : 1",
        threshold="v > 1",
        reset="v = 0",
        refractory=1 * ms,
        parameters={"tau": 1 * ms},
    )
    spec = NetworkSpec(
        populations=[Population(name="cell", n=1, model=model)],
        projections=[],
        trial=Trial(duration=1 * ms),
        records=[StateRecord(population="cell", variable=variable)],
    )
    with pytest.raises(ValueError, match=rf"has no state variable '{variable}'; known: v"):
        Program(spec, dt=1 * ms, target="numpy")


def test_one_value_for_all_cells_is_no_modulator_of_single_cells() -> None:
    cell = NeuronModel(name="told", equations="v : 1\ngate : 1")
    rule = PlasticityRule(name="gated", modulators="gate_post : 1", every="w += gate_post")
    spec = network(
        populations=[
            SpikeListSource(name="exc", n=5),
            AnalogueSource(name="open", n=1),
            Population(name="out", n=2, model=cell, inputs={"gate": "open"}),
        ],
        projections=[
            DenseProjection(name="feed", source="exc", target="out", rule=rule,
                            modulators={"gate_post": ("out", "gate")}),
        ],
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"'gate' of 'out' is one value for all its cells"):
        Program(spec, dt=1 * ms, target="numpy")


def test_random_connectivity() -> None:
    arguments = {"name": "p", "source": "a", "target": "b", "transmit": "v_post += w"}
    one, two = (
        SparseProjection.random(
            n_source=40,
            n_target=40,
            probability=0.2,
            seed=seed,
            self_connections=False,
            **arguments,
        )
        for seed in (1, 1)
    )
    np.testing.assert_array_equal(one.pre, two.pre)
    assert not np.any(one.pre == one.post)
    assert abs(one.n_synapses - 0.2 * 40 * 39) < 4 * np.sqrt(0.2 * 0.8 * 40 * 39)


# ---- limits that keep a program from hanging or guessing -----------------------------------------


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_a_repetition_without_end_is_cut(target: str) -> None:
    spec = NetworkSpec(
        populations=[SpikeListSource(name="silent", n=1)],
        projections=[],
        trial=Trial(duration=2 * ms, repeat_while="silent_count < 1", max_presentations=7),
        records=[SpikeCount(population="silent")],
    )
    program = Program(spec, dt=1 * ms, target=target)
    _, record = program(program.initial_state(), {"silent": [([], [])] * 3})
    np.testing.assert_array_equal(record["presentations"], 7)


def test_a_trial_is_a_multiple_of_the_step() -> None:
    spec = NetworkSpec(
        populations=[SpikeListSource(name="silent", n=1)],
        projections=[],
        trial=Trial(duration=2.5 * ms),
    )
    with pytest.raises(ValueError, match=r"Trial\.duration: must be a multiple of the time step"):
        Program(spec, dt=1 * ms)


def test_names_that_run_together_are_refused() -> None:
    one = NeuronModel(name="one", equations="b_c : 1", threshold="b_c > 1")
    two = NeuronModel(name="two", equations="c : 1", threshold="c > 1")
    spec = NetworkSpec(
        populations=[
            Population(name="a", n=1, model=one),
            Population(name="a_b", n=1, model=two),
        ],
        projections=[],
        trial=Trial(duration=1 * ms),
    )
    with pytest.raises(ValueError, match=r"'a\.b_c' and 'a_b\.c' have the same name"):
        Program(spec, dt=1 * ms)
