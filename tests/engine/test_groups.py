"""Projections within groups: the same as with stock synapses, and as networks of one group each."""

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
    SpikeCount,
    Trial,
    UniformProjection,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import Normalisation, PlasticityRule
from bioplastic.signals import PoissonSource, SpikeListSource

GROUPS, AFFERENTS, CELLS = 3, 4, 5
PARALLEL = NeuronModel(
    name="parallel",
    equations="dv/dt = -v/(10*ms) : 1\ndrive : 1",
    threshold="v > 1",
    reset="v = 0",
)


def rule(**slots: Any) -> PlasticityRule:
    """Return a rule that uses every kind of update, with a normalisation."""
    arguments: dict[str, Any] = {
        "pre": "dx_pre/dt = -x_pre/tau : 1",
        "post": "dx_post/dt = -x_post/tau : 1",
        "on_pre": "x_pre += 1; w -= 0.01*x_post",
        "on_post": "x_post += 1; w += 0.02*x_pre",
        "on_trial_end": "w += 0.001*x_post",
        "parameters": {"tau": 20 * ms},
        "normalise": Normalisation(total=2.0),
    }
    return PlasticityRule(name="all-slots", **{**arguments, **slots})


def network(
    groups: int,
    n_groups: int = GROUPS,
    *,
    cells: int = CELLS,
    listed: bool = False,
    **projection: Any,
) -> NetworkSpec:
    """Return a network of the cells of ``n_groups`` groups, wired in ``groups``."""
    arguments: dict[str, Any] = {
        "transmit": "v_post += w",
        "summed": "drive_post = w*x_pre",
        "rule": rule(),
        "initial": {"w": lambda rng, shape: rng.random(shape)},
    }
    n = n_groups * AFFERENTS
    return NetworkSpec(
        populations=[
            SpikeListSource(name="input", n=n)
            if listed
            else PoissonSource(name="input", n=n, rates="rate*Hz", inputs={"rate": "uint8"}),
            Population(name="cell", n=n_groups * cells, model=PARALLEL),
        ],
        projections=[
            DenseProjection(
                name="feed",
                source="input",
                target="cell",
                groups=groups,
                **{**arguments, **projection},
            ),
            UniformProjection(
                name="rivals",
                source="cell",
                target="cell",
                pattern="all_but_self",
                groups=groups,
                transmit="v_post += w",
                parameters={"w": -0.25},
            ),
            UniformProjection(
                name="pairs",
                source="input",
                target="cell",
                groups=groups,
                transmit="v_post = v_post*1.01",
            ),
        ],
        trial=Trial(duration=100 * ms),
        records=[SpikeCount(population="cell")],
    )


RATES = np.random.default_rng(0).integers(60, 200, (6, GROUPS * AFFERENTS)).astype(np.uint8)
ONLY = {"only_post": "x_post", "rule": rule(normalise=Normalisation(total=2.0, when="trial_end"))}
ROWS = {"rule": rule(normalise=Normalisation(total=2.0, over="post"))}
NARROW = {"cells": 2}  # so few that sums run over the presynaptic cells


@pytest.mark.parametrize(
    "options", [{}, ONLY, ROWS, NARROW], ids=["columns", "only", "rows", "narrow"]
)
def test_groups_equal_stock_synapses(options: dict[str, Any]) -> None:
    states, records = [], []
    for target in ("cpp", "numpy"):
        program = Program(network(GROUPS, **options), dt=0.5 * ms, dtype="float64", target=target)
        state, record = program(program.initial_state(seed=3), {"rate": RATES}, seed=1)
        states.append(state)
        records.append(record)
    assert states[0]["feed.w"].shape == (GROUPS * AFFERENTS, options.get("cells", CELLS))
    assert records[0]["cell.count"].sum() > 50
    assert np.all(states[0]["cell.drive"] > 0)
    np.testing.assert_array_equal(records[0]["cell.count"], records[1]["cell.count"])
    for name in states[0]:
        np.testing.assert_allclose(states[0][name], states[1][name], rtol=1e-9, err_msg=name)


def test_a_group_is_a_network_of_its_own() -> None:
    """Block by block: the spikes and weights of a network of one group with the same input."""
    rng = np.random.default_rng(1)
    fires = rng.random((GROUPS * AFFERENTS, 200)) < 0.05
    weights = rng.random((GROUPS * AFFERENTS, CELLS))

    def run(groups: int, fires: Any, weights: Any) -> tuple[Any, Any]:
        program = Program(network(groups, groups, listed=True), dt=0.5 * ms, dtype="float64")
        state = program.initial_state() | {"feed.w": weights}
        cells, steps = np.nonzero(fires)
        state, record = program(state, {"input": [(cells, steps * 0.5e-3)]})
        return state["feed.w"], record["cell.count"][0]

    whole = run(GROUPS, fires, weights)
    assert whole[1].sum() > 50
    parts = [
        run(1, fires[rows], weights[rows])
        for rows in np.split(np.arange(GROUPS * AFFERENTS), GROUPS)
    ]
    np.testing.assert_allclose(whole[0], np.concatenate([w for w, _ in parts]), rtol=1e-12)
    np.testing.assert_array_equal(whole[1], np.concatenate([count for _, count in parts]))


def test_bad_groups() -> None:
    with pytest.raises(ValueError, match=r"DenseProjection 'feed'.groups: 2 groups do not divide"):
        network(2)
    with pytest.raises(ValueError, match=r"DenseProjection.groups: must be .* got 0"):
        network(0)
    with pytest.raises(ValueError, match=r"UniformProjection 'p'.groups: has no meaning"):
        UniformProjection(
            name="p", source="a", target="a", pattern="one_to_one", groups=2, transmit="v_post += 1"
        )
