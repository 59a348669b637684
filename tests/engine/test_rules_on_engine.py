"""What the rule language promises, seen from the engine: memory, units and names of the rules."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic.conformance import check_rule
from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, Trial
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule, SynapseInterpreter, dopamine_stdp, pair_stdp
from bioplastic.signals import SpikeListSource

PAIR = {
    "pre": "dx_pre/dt = -x_pre/tau : 1",
    "on_pre": "x_pre += 1",
    "parameters": {"tau": 20 * ms, "tau_c": 100 * ms},
}


def test_event_driven_variables_are_part_of_the_state():
    rule = dopamine_stdp()
    program = Program(two_sources(rule), dt=1 * ms, dtype="float64", target="numpy")
    assert program.initial_state()["learn.c"].shape == (1, 1)
    assert check_rule(rule, compiled=False, zero_modulator={"baseline": 0.0})["reset"].status == (
        "passed"
    )


def test_clock_driven_variables_are_integrated():
    """A leaky eligibility that is written every step equals the one that is solved at events."""
    synapse = "w : 1\ndc/dt = -c/tau_c : 1 ({})"
    weights = []
    for flag in ("clock-driven", "event-driven"):
        rule = PlasticityRule(
            name=flag, synapse=synapse.format(flag), on_post="c += x_pre; w += c", **PAIR
        )
        program = Program(two_sources(rule), dt=1 * ms, dtype="float64", target="numpy")
        state, _ = program(program.initial_state(), SPIKES)
        weights.append(state["learn.w"][0, 0])
    assert weights[0] == pytest.approx(weights[1], rel=1e-12)
    assert weights[0] > 1


def test_traces_may_read_variables_of_their_neuron():
    rule = PlasticityRule(
        name="voltage trace",
        post="du_post/dt = (v_post - u_post)/tau : volt",
        on_pre="w += u_post/mV",
        parameters={"tau": 10 * ms},
    )
    assert check_rule(rule, compiled=False, values={"v_post": [1, 2] * mV}).passed


def test_statements_of_cells_may_read_parameters_where_no_trace_lives():
    rule = PlasticityRule(
        name="threshold", on_post="theta_post += step", parameters={"step": 0.1 * mV}
    )
    assert check_rule(rule, compiled=False, values={"theta_post": 0 * mV}).passed


def two_sources(rule):
    return NetworkSpec(
        populations=[SpikeListSource(name="a", n=1), SpikeListSource(name="b", n=1)],
        projections=[DenseProjection(name="learn", source="a", target="b", rule=rule)],
        trial=Trial(duration=200 * ms),
    )


SPIKES = {
    "a": [(np.zeros(3, int), np.array([10, 60, 150]) * 1e-3)],
    "b": [(np.zeros(4, int), np.array([15, 40, 70, 150]) * 1e-3)],
}


@pytest.mark.parametrize("pairing", ["all-to-all", "nearest"])
def test_interpreter_and_engine_agree_on_a_whole_train(pairing):
    rule = pair_stdp(pairing=pairing, mu_plus=0.5, mu_minus=0.5)
    program = Program(two_sources(rule), dt=1 * ms, dtype="float64", target="numpy")
    state = program.initial_state()
    state["learn.w"][:] = 0.5
    after, _ = program(state, SPIKES)
    synapse = SynapseInterpreter(rule, {"w": 0.5})
    synapse.run(pre=SPIKES["a"][0][1] * 1000 * ms, post=SPIKES["b"][0][1] * 1000 * ms)
    assert after["learn.w"][0, 0] == pytest.approx(synapse.state["w"], rel=1e-12)


def test_modulator_of_another_population_gates_learning():
    """A closed gate changes nothing, an open one as much as no gate at all."""
    gated = PlasticityRule(
        name="gated", modulators="gate : 1 (shared)", on_post="w += gate*x_pre",
        pre=PAIR["pre"], on_pre=PAIR["on_pre"], parameters={"tau": 20 * ms},
    )  # fmt: skip
    change = {}
    for value in (0.0, 1.0):
        switch = NeuronModel(name="switch", equations="g : 1", initial={"g": value})
        base = two_sources(gated)
        spec = NetworkSpec(
            populations=[*base.populations, Population(name="switch", n=1, model=switch)],
            projections=[
                DenseProjection(
                    name="learn", source="a", target="b", rule=gated,
                    modulators={"gate": ("switch", "g")},
                )
            ],
            trial=base.trial,
        )  # fmt: skip
        program = Program(spec, dt=1 * ms, dtype="float64", target="numpy")
        after, _ = program(program.initial_state(), SPIKES)
        change[value] = after["learn.w"][0, 0]
    synapse = SynapseInterpreter(gated, {"w": 0.0, "gate": 1.0})
    synapse.run(pre=SPIKES["a"][0][1] * 1000 * ms, post=SPIKES["b"][0][1] * 1000 * ms)
    assert change[0.0] == 0.0
    assert change[1.0] == pytest.approx(synapse.state["w"], rel=1e-12)
