"""Populations and trials of any size: memory on the heap, steps counted without overflow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from brian2 import ms, second

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SpikeRecord,
    Trial,
    UniformProjection,
)
from bioplastic.engine.convolution import LatencyConvolution
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import Normalisation, PlasticityRule

N = 9_000_000


def cells(n: int = 1, name: str = "e", **options: Any) -> Population:
    model = NeuronModel(
        name="m", equations="v : 1\nd : 1", threshold="v > 1", reset="v = 0", **options
    )
    return Population(name=name, n=n, model=model)


def test_millions_of_cells_need_no_stack() -> None:
    everyone = UniformProjection(
        name="u", source="e", target="e", pattern="all_but_self", transmit="v_post += 0.25"
    )
    rule = PlasticityRule(
        name="wide", on_trial_end="w += 1", normalise=Normalisation(total=3.0, when="trial_end")
    )
    wide = DenseProjection(name="w", source="one", target="e", rule=rule, only_post="d_post")
    spec = NetworkSpec(
        populations=[cells(N), cells(1, "one")], projections=[everyone, wide],
        trial=Trial(duration=1 * ms), records=[SpikeRecord(population="e")],
    )  # fmt: skip
    program = Program(spec, dt=1 * ms)
    state = program.initial_state()
    fired = [5, N - 1]
    state["e.v"][fired] = 2
    state["e.d"][[7, N - 2]] = 1
    state, record = program(state, n_samples=1)
    assert record["e.spike_cell"].tolist() == fired
    assert np.unique(np.delete(state["e.v"], fired)).tolist() == [0.5]
    assert state["w.w"][0, [6, 7, N - 2, N - 1]].tolist() == [0, 3, 3, 0]


def test_steps_of_a_call_never_overflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps since a spike are counted anew long before the counter is full."""
    monkeypatch.setattr("bioplastic.engine.source.MOST_STEPS", 25)
    drive = cells(3, "counted_anew", update="v += 0.3", refractory=4 * ms)
    spec = NetworkSpec(
        populations=[drive], projections=[], trial=Trial(duration=10 * ms),
        records=[SpikeRecord(population="counted_anew")],
    )  # fmt: skip
    program = Program(spec, dt=1 * ms)
    monkeypatch.undo()
    oracle = Program(spec, dt=1 * ms, target="numpy")
    (state, record), (right, stock) = (
        p(p.initial_state(), n_samples=20) for p in (program, oracle)
    )
    assert np.array_equal(record["counted_anew.spike_time"], stock["counted_anew.spike_time"])
    assert state["counted_anew.steps_since_spike"].tolist() == (
        right["counted_anew.steps_since_spike"].tolist()
    )
    with pytest.raises(
        ValueError, match=r"Trial.duration: must be at most 1,073,741,824 time step"
    ):
        Program(
            NetworkSpec(populations=[drive], projections=[], trial=Trial(duration=3e6 * second)),
            dt=1 * ms,
        )


def test_convolutions_of_many_maps_need_no_stack() -> None:
    rule = PlasticityRule(name="first", on_post="w = w + 1")
    layer = LatencyConvolution(rule, kernel=1, channels=1, n_cells=N // 4)
    w, theta = np.ones((1, N // 4), np.float32), np.full(N // 4, 2, np.float32)
    theta[-1] = 0.5
    image = np.full((1, 1, 1, 1), 0.5, np.float32)
    winners, _ = layer.learn(image, np.zeros((1, 2)), w, theta, {})
    assert winners.tolist() == [N // 4 - 1]
    assert layer.respond(image, w, theta, pooling=1)[..., -2:].ravel().tolist() == [1, 0.5]
