"""A small part of the fuzzer with fixed seeds, and faults that it has to find."""

from __future__ import annotations

import pytest
from brian2 import Clock, Network, NeuronGroup, ms, mV, prefs

from bioplastic.conformance.fuzz import check_descriptions, check_networks, fuzz
from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, Trial, plan
from bioplastic.neurons import NeuronModel, integration
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import SpikeListSource


def test_random_rules_agree() -> None:
    report = fuzz(rules=7, networks=0, first=4)
    assert report.findings == ()
    assert report.share("rule", "agrees") > 0.7


def _plant_decay(monkeypatch: pytest.MonkeyPatch) -> None:
    right = integration._decay_statement
    monkeypatch.setattr(
        integration, "_decay_statement",
        lambda name, rate, target: right(name, f"1.001*({rate})", target),
    )  # fmt: skip


def test_a_planted_fault_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both targets share the step method, so only an oracle of its own can tell."""
    _plant_decay(monkeypatch)
    report = fuzz(rules=1, networks=0, first=4, compiled=False)
    assert report.findings
    case = report.findings[0]
    assert case.status == "wrong"
    assert "interpreted" in case.detail
    assert case.code.count("\n") < 12
    names: dict[str, object] = {}
    exec(case.code, names)  # the code in a report shows the fault
    found = check_descriptions([names["rule"]], compiled=False, seed=0)  # type: ignore[list-item]
    assert found[0].found


def test_a_planted_fault_in_networks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _plant_decay(monkeypatch)
    cases = check_networks(0, [22], compiled=False, small=False)
    assert any(case.status == "wrong" and "stock Brian2" in case.detail for case in cases)


def test_delays_are_part_of_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    right = plan.round_steps
    monkeypatch.setattr(
        "bioplastic.engine.passes.round_steps", lambda delay, of: max(0, right(delay, of) - 1)
    )
    cases = check_networks(0, [19], compiled=False, small=False)
    assert any(case.found for case in cases)


#: Rules that the fuzzer has shown to be computed wrongly, each the smallest of its kind.
FOUND = {
    "a shared modulator that decays and is written": {
        "modulators": "dm/dt = -m/tau : 1 (shared)", "every": "m += 0.1",
        "on_trial_start": "m *= 2", "on_post": "w += 0.1*m", "parameters": {"tau": 20 * ms},
    },
    "shared variables that read each other": {
        "synapse": "w : 1\ng : 1 (shared)", "modulators": "dm/dt = -m/tau : 1 (shared)",
        "every": "g += 0.1*m; m += g; g *= 0.5; m *= 0.9", "on_post": "w += 0.1*g*m",
        "parameters": {"tau": 20 * ms},
    },
    "a subexpression after what it reads was written": {
        "synapse": "w : 1\nh : 1\ns = 2*h : 1", "on_post": "w += s; h *= 0.5; w += s",
    },
    "a subexpression that is a name": {
        "synapse": "w : 1\nh : 1\ns = h : 1", "on_post": "w += s; h *= 0.5; w += s",
    },
    "a subexpression of an event-driven variable": {
        "synapse": "w : 1\ndc/dt = -c/tau : 1 (event-driven)\ns = c : 1",
        "on_pre": "c += 1", "on_post": "w -= s", "parameters": {"tau": 5 * ms},
    },
    "factors that are sums, with units": {
        "synapse": "w : 1\nh : volt", "on_pre": "h *= 1 - 0.5*exp(-w)",
        "on_post": "h /= 1 + w; w += 0.01*h/mV",
    },
    "event-driven variables that do not decay": {
        "synapse": "w : 1\ndc/dt = (a - c)/tau : 1 (event-driven)\n"
        "ds/dt = c/tau_s : 1 (event-driven)\ndq/dt = (s - q)/tau : 1 (event-driven)",
        "on_pre": "c += 1", "on_post": "w += 0.1*q",
        "parameters": {"tau": 33 * ms, "tau_s": 5 * ms, "a": 0.6},
    },
    "a truth value that is kept": {
        "on_pre": "high = (j + 1)**2 > w + 2; w = 0.1*w + tanh(high) + 0.1*high",
    },
    "a trace set to a constant and then moved by cells": {
        "post": "x_post : 1\ny_post : 1", "on_post": "x_post = clip(a, 0, 1); x_post += y_post",
        "parameters": {"a": 0.5},
    },
    "signs between limits": {
        "on_pre": "w += clip(sign(w + 1), -1, 0.5)", "on_post": "w -= clip(sign(i - 1), -0.5, 1)/3",
    },
    "modulators with a unit": {
        "modulators": "m_post : volt\ndn/dt = -n/tau : volt (shared)",
        "on_post": "w += (m_post + n)/volt", "parameters": {"tau": 5 * ms},
    },
}  # fmt: skip


def test_rules_that_were_wrong() -> None:
    rules = [{"name": f"r{k}", **rule} for k, rule in enumerate(FOUND.values())]
    for name, case in zip(FOUND, check_descriptions(rules, seed=0), strict=True):
        assert case.status == "agrees", f"{name}: {case.detail}"


def test_a_sum_is_not_read_through_a_subexpression_while_it_is_added_up() -> None:
    with pytest.raises(ValueError, match=r"reads 's_post' while 's_post \+= w' still adds it up"):
        PlasticityRule(
            name="r", post="s_post : 1\ny_post = tanh(s_post) : 1",
            on_pre="s_post += w; w = clip(y_post, 0, 1)",
        )  # fmt: skip


@pytest.mark.parametrize("delay", [3 * ms, [[3, 1], [2, 4]] * ms])
@pytest.mark.parametrize("argument", ["delay", "rule_delay"])
def test_a_delay_without_presynaptic_statements(argument: str, delay: object) -> None:
    rule = PlasticityRule(name="r", on_post="w += 1")
    spec = NetworkSpec(
        populations=[SpikeListSource(name="a", n=2), SpikeListSource(name="b", n=2)],
        projections=[
            DenseProjection(name="p", source="a", target="b", rule=rule, **{argument: delay})
        ],
        trial=Trial(duration=10 * ms),
    )
    program = Program(spec, dt=1 * ms, target="numpy")
    spikes = {"a": [([0], [1] * ms)], "b": [([1], [4] * ms)]}
    state, _ = program(program.initial_state(), spikes)
    assert state["p.w"].tolist() == [[0, 1], [0, 1]]


def test_resets_and_updates_multiply_by_sums() -> None:
    """``v *= 1 + a`` with a unit in every place where cells have statements."""
    model = NeuronModel(
        name="m", equations="v : volt\na : 1", threshold="v > 2*mV", reset="v *= 1 - a",
        update="v *= 1 + a", initial={"v": 1 * mV, "a": 0.5},
    )  # fmt: skip
    cells = Population(name="c", n=1, model=model, on_trial_start="v /= 1 + a")
    spec = NetworkSpec(populations=[cells], projections=[], trial=Trial(duration=3 * ms))
    program = Program(spec, dt=1 * ms, target="numpy", dtype="float64")
    state, _ = program(program.initial_state(), n_samples=1)
    assert state["c.v"] == pytest.approx([0.001 * 1.5**2 * 0.5])


@pytest.mark.parametrize("method", ["rk2", "rk4"])
def test_stages_of_a_step_do_not_move_refractory_cells(method: str) -> None:
    """``u`` reads ``v``, which stands still for 3 ms after a spike; stock Brian2 says the same."""
    equations = "dv/dt = (2 - v)/(5*ms) : 1 (unless refractory)\ndu/dt = (v - u)/(2*ms) : 1"
    options = {"threshold": "v > 1", "reset": "v = 0.5", "refractory": 3 * ms, "method": method}
    cells = Population(name="c", n=1, model=NeuronModel(name="m", equations=equations, **options))
    spec = NetworkSpec(populations=[cells], projections=[], trial=Trial(duration=20 * ms))
    program = Program(spec, dt=1 * ms, target="numpy", dtype="float64")
    state, _ = program(program.initial_state(), n_samples=1)
    prefs.codegen.target = "numpy"
    clock = Clock(dt=1 * ms)
    group = NeuronGroup(1, equations, clock=clock, namespace={}, **options)
    Network(group).run(20 * ms)
    assert state["c.u"] == pytest.approx(group.u[:], rel=1e-12)


@pytest.mark.slow
def test_one_network_alone_that_reads_a_subexpression_with_parameters_of_a_cell() -> None:
    report = fuzz(rules=0, networks=1, first=37, compiled=False)
    assert [(case.number, case.status) for case in report.cases] == [(37, "agrees")]
