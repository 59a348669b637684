"""Initial values as text: closed forms, moments of what is drawn, units and names."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from brian2 import ms, mV, volt

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    Trial,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import PlasticityRule

CELL = NeuronModel(
    name="cell",
    equations="dv/dt = -v/tau : volt\nx : 1\nu : volt\nlevel : 1 (shared)",
    threshold="v > 1*volt",
    reset="",
    parameters={"tau": 5 * ms, "top": 8 * mV},
    initial={"x": "(i % 4)/N", "u": "rand()*10*mV", "v": "top*x + 2*u", "level": "2*3"},
    update="u = u + 0*top",
)
RULE = PlasticityRule(
    name="rule", synapse="w : 1\ng : volt", pre="da_pre/dt = -a_pre/tau_a : 1", on_pre="w += a_pre",
    parameters={"tau_a": 5 * ms}, initial={"g": "x_pre*mV + randn()*volt"},
)  # fmt: skip
PAIRS = {"pre": [0, 0, 3, 5], "post": [1, 4, 2, 5]}


def network(kind: str, **initial: Any) -> NetworkSpec:
    options: dict[str, Any] = {"name": "p", "source": "cell", "target": "cell", "rule": RULE}
    options["initial"] = {"w": "exp(-abs(i - j)/3.0)*int(i != j)", "a_pre": "i**2", **initial}
    projection: Any = DenseProjection(**options)
    if kind == "sparse":
        projection = SparseProjection(**options, **PAIRS)
    populations = [Population(name="cell", n=300 if kind == "dense" else 6, model=CELL)]
    return NetworkSpec(
        populations=populations, projections=[projection], trial=Trial(duration=1 * ms)
    )


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_expressions(kind: str) -> None:
    program = Program(network(kind), dt=1 * ms, target="numpy", dtype="float64")
    state = program.initial_state(seed=3)
    n = len(state["cell.v"])
    np.testing.assert_array_equal(state["cell.x"], (np.arange(n) % 4) / n)
    np.testing.assert_allclose(state["cell.v"], 8e-3 * state["cell.x"] + 2 * state["cell.u"])
    assert state["cell.level"] == 6
    i, j = np.indices((n, n)) if kind == "dense" else (np.array(PAIRS[s]) for s in ("pre", "post"))
    np.testing.assert_allclose(state["p.w"], np.exp(-abs(i - j) / 3) * (i != j))
    np.testing.assert_array_equal(state["p.a_pre"], np.arange(n) ** 2)
    again, other = program.initial_state(seed=3), program.initial_state(seed=4)
    np.testing.assert_array_equal(again["p.g"], state["p.g"])
    assert np.all(other["p.g"] != state["p.g"])
    if kind == "dense":
        drawn = state["p.g"] - state["cell.x"][:, None] * 1e-3
        assert abs(drawn.mean()) < 4 / n
        assert abs(drawn.std() - 1) < 4 / n
        u = state["cell.u"]
        assert u.min() > 0
        assert u.max() < 0.01
        assert abs(u.mean() - 0.005) < 4 * 0.01 / np.sqrt(12 * n)


def test_groups_of_brian2_start_there_too() -> None:
    first, second = (CELL.group(5, dt=1 * ms, seed=2) for _ in range(2))
    np.testing.assert_array_equal(first.v[:], second.v[:])
    np.testing.assert_allclose(first.v / volt, 8e-3 * first.x + 2 * first.u / volt)


def test_wrong_expressions() -> None:
    def cell(**initial: str) -> NeuronModel:
        return dataclasses.replace(CELL, initial=initial)

    with pytest.raises(ValueError, match=r"'v': wrong unit in '3\*ms': .* has unit second, expe"):
        cell(v="3*ms")
    with pytest.raises(ValueError, match=r"'cell', initial: 'v': unknown variable 'tip' in 'tip'"):
        cell(v="tip")
    with pytest.raises(ValueError, match=r"'v': is evaluated once and cannot read 't', got"):
        cell(v="t*volt/second")
    with pytest.raises(ValueError, match=r"'p'.initial: 'w': wrong unit in 'x_pre\*mV'"):
        network("dense", w="x_pre*mV")
    with pytest.raises(ValueError, match=r"'p'.initial: 'w': unknown variable 'y_post'"):
        network("sparse", w="y_post")
