"""Optimised programs give what the plain ones give, bit for bit or within what is stated."""

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
    Regularly,
    SpikeCount,
    SpikeRecord,
    Trial,
)
from bioplastic.engine.optimisations import OPTIMISATIONS, left_out, without
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import PoissonSource


def random_network(n: int, draw: str = "rand()") -> NetworkSpec:
    """Return cells that draw in statements and threshold, and synapses with an eligibility.

    The last bit of exponentials, and of few cells, depends on the vectors that the compiler takes.
    """
    model = NeuronModel(
        name="random",
        equations="dv/dt = (1.5 - v)/tau : 1 (unless refractory)\nu : 1\nm : 1\nh : 1",
        threshold=f"v > 1 and {draw} < v*dt/(0.2*tau)",
        reset="v = 0",
        refractory=2 * ms,
        parameters={"tau": 5 * ms},
    )
    rule = PlasticityRule(
        name="eligible",
        synapse="w : 1\ndc/dt = -c/tau_c : 1 (clock-driven)",
        on_pre="c += 0.1",
        on_post="c += 0.2",
        every="w += 0.1*c; c *= 0.9",
        interval=5 * ms,
        parameters={"tau_c": 50 * ms},
    )
    return NetworkSpec(
        populations=[
            PoissonSource(name="in", n=3, rates="100*Hz"),
            Population(
                name="exc", n=n, model=model,
                regularly=[
                    Regularly(statements=f"u = u/2 + {draw}; m = {draw}*dt/ms"),
                    Regularly(statements=f"m = m + {draw}", every=4 * ms),
                    Regularly(statements="h = h/2" + " + exp(-v*dt/ms)" * (draw != "rand()")),
                ],
            ),
        ],
        projections=[
            DenseProjection(
                name="feed", source="in", target="exc", transmit="v_post += 0.2*w", rule=rule,
                initial={"w": 1.0},
            )
        ],
        trial=Trial(duration=60 * ms),
        records=[SpikeRecord(population="exc"), SpikeCount(population="exc")],
    )  # fmt: skip


def play(spec: NetworkSpec, *, left: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
    """Return state and record of two samples, without some optimisations."""
    with without(*left or ("",)):
        program = Program(spec, dt=0.5 * ms, **options)
    state, record = program(program.initial_state(1), n_samples=2, seed=3)
    return {**state, **record}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_draws_and_flat_loops_change_no_bit(dtype: str) -> None:
    plain = play(random_network(1104), left=("draws", "flat"), dtype=dtype)
    found = play(random_network(1104), dtype=dtype)
    for name, values in plain.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert plain["exc.count"].sum() > 4


def test_optimisations_agree_with_numpy() -> None:
    spec = random_network(5, draw="0.3")
    right = play(spec, target="numpy", dtype="float64")
    for left in (), tuple(OPTIMISATIONS):
        found = play(spec, left=left, dtype="float64")
        for name, values in right.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-9, atol=1e-12, err_msg=name)
    single = play(spec, dtype="float32")
    np.testing.assert_array_equal(single["exc.spike_cell"], right["exc.spike_cell"])
    for name in ("exc.v", "exc.u", "exc.m", "exc.h", "feed.w", "feed.c"):
        np.testing.assert_allclose(single[name], right[name], rtol=2e-5, atol=1e-6, err_msg=name)


def test_names_of_what_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIOPLASTIC_WITHOUT", "flat, draws")
    assert left_out() == {"flat", "draws"}
    with without():
        assert left_out() == OPTIMISATIONS.keys()
    assert left_out() == {"flat", "draws"}
    monkeypatch.setenv("BIOPLASTIC_WITHOUT", "flat,speed")
    with pytest.raises(ValueError, match=r"BIOPLASTIC_WITHOUT: must name some .*, got speed"):
        left_out()
