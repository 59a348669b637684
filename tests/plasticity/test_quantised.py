"""Rules with weights of few bits: levels, means of rounded updates, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import DenseProjection, NetworkSpec, Program, Trial
from bioplastic.plasticity import (
    LeastSquares,
    Normalisation,
    PlasticityRule,
    pair_stdp,
    quantised,
    trial_delta_rule,
)
from bioplastic.signals import SpikeListSource


def run(rule, w, n_trials=10, target="numpy"):
    """Let all of 2000 synapses see the same spikes; return weights and the whole state."""
    network = NetworkSpec(
        populations=(SpikeListSource(name="a", n=1), SpikeListSource(name="b", n=2000)),
        projections=(
            DenseProjection(name="feed", source="a", target="b", rule=rule, initial={"w": w}),
        ),
        trial=Trial(duration=5 * ms),
    )
    program = Program(network, dt=1 * ms, target=target, dtype="float64")
    given = {"a": [([0], [1] * ms)] * n_trials, "b": [([], [] * ms)] * n_trials}
    state, _ = program(program.initial_state(0), given, seed=3)
    return state["feed.w"].ravel(), state


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("target", ["numpy", "cpp"])
def test_small_updates_survive_on_average_or_are_lost(bits, target):
    rule = PlasticityRule(name="up", on_pre="w += 0.01")
    levels = np.linspace(-0.5, 0.5, 2**bits)
    step = levels[1] - levels[0]
    w, _ = run(quantised(rule, bits, w_max=0.5), levels[0], target=target)
    assert np.abs(w[:, None] - levels).min(axis=1).max() < 1e-9
    moved = (w - levels[0]) / step  # far from the upper end it moves by 0.1 on average
    chance = 0.01 / step
    error = np.sqrt(10 * chance * (1 - chance) / w.size)
    assert moved.mean() == pytest.approx(10 * chance if bits > 1 else 1 - (1 - chance) ** 10,
                                         abs=5 * error)  # fmt: skip
    lost, _ = run(quantised(rule, bits, w_max=0.5, rounding="nearest"), levels[0])
    np.testing.assert_allclose(lost, levels[0])  # half a step is more than 0.01
    shown, state = run(quantised(rule, bits, w_max=0.5, rounding="shadow"), levels[0])
    np.testing.assert_allclose(state["feed.w_shadow"].ravel(), 0.1)  # the copy began at zero
    np.testing.assert_allclose(shown, levels[np.abs(levels - 0.1 - 1e-9).argmin()])


def test_any_slot_of_any_rule():
    fine = pair_stdp(eta=0.02)
    for rule in (fine, trial_delta_rule(normalised=False), trial_delta_rule()):
        coarse = quantised(rule, 3, w_min=0.0)
        assert str(coarse.audit().verdict) == str(rule.audit().verdict)
        for slot in ("on_pre", "on_post", "every", "on_trial_start", "on_trial_end"):
            writes = any(s.target == "w" for s in rule.statements(slot))
            found = [s.expression for s in coarse.statements(slot) if "level_step" in s.expression]
            assert len(found) == int(writes)
            kept = coarse.statements(slot)[: len(rule.statements(slot))]
            assert [s.code for s in kept] == [s.code for s in rule.statements(slot)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normalise": Normalisation(total=1.0)}, "by normalise"),
        ({"least_squares": LeastSquares(activity="1", error="v_post")}, "by least_squares"),
        ({"on_pre": "", "on_post": ""}, "does not write 'w'"),
        ({"synapse": "dw/dt = -w/(10*ms) : 1 (event-driven)"}, "differential equation"),
        ({"parameters": {"level_max": 1.0}, "on_pre": "w += level_max"}, "uses the name"),
    ],
)
def test_refuses_what_would_leave_the_levels(change, message):
    rule = PlasticityRule(**{"name": "r", "on_pre": "w += 0.1", **change})
    with pytest.raises(ValueError, match=message):
        quantised(rule, 2)
    with pytest.raises(ValueError, match=r"quantised\.variable: 'r' has no 'v'"):
        quantised(PlasticityRule(name="r", on_pre="w += 1"), 2, variable="v")
    with pytest.raises(ValueError, match=r"quantised\.w_min: must be below"):
        quantised(PlasticityRule(name="r", on_pre="w += 1"), 2, w_min=2.0)
