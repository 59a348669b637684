"""Plasticity rules as data: statements, scopes and error messages."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from brian2 import ms, mV, volt

from bioplastic.plasticity import (
    Normalisation,
    Phase,
    PlasticityRule,
    pair_stdp,
    symmetric_stdp,
    synaptic_scaling,
)

GOOD = {
    "name": "good",
    "pre": "dx_pre/dt = -x_pre/tau : 1",
    "post": "dx_post/dt = -x_post/tau : 1",
    "on_pre": "x_pre += a; w = clip(w + eta*x_post, 0, w_max)",
    "on_post": "x_post += a\nw = clip(w + eta*x_pre, 0, w_max)  # after x_post",
    "parameters": {"tau": 20 * ms, "a": 0.1, "eta": 0.005, "w_max": 1},
}


def test_statements_and_phases():
    rule = PlasticityRule(**GOOD)
    first, second = rule.statements("on_pre")
    assert (first.target, first.op, first.expression, first.scope) == ("x_pre", "+=", "a", "pre")
    assert (second.target, second.scope) == ("w", "synapse")
    assert rule.phases("on_post") == (
        Phase("post", "x_post += a"),
        Phase("synapse", "w = clip(w + eta*x_pre, 0, w_max)"),
    )
    assert rule.phases("every") == ()


def test_phases_keep_the_order():
    rule = PlasticityRule(
        name="r",
        pre="x_pre : 1\ny_pre : 1",
        on_pre="w += x_pre; x_pre += 1; y_pre += x_pre; w += y_pre; g_post += w; w *= 0.5",
    )
    assert [phase.scope for phase in rule.phases("on_pre")] == ["synapse", "pre", "synapse"]
    assert rule.phases("on_pre")[1].code == "x_pre += 1\ny_pre += x_pre"


def test_scope_outside_spikes():
    rule = PlasticityRule(
        name="r",
        post="rate_post : 1",
        modulators="reward : 1 (shared)\nmean : 1 (shared)\nerror_post : 1",
        every="rate_post *= 0.9; w += reward*error_post; current_post += w",
        on_trial_end="mean += 0.25*(reward - mean); w += mean",
    )
    assert [s.scope for s in rule.statements("every")] == ["post", "synapse", "synapse"]
    assert [s.scope for s in rule.statements("on_trial_end")] == ["shared", "synapse"]
    assert rule.neuron_variables == {"current_post"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"on_post": "w += x_psot"},
            r"on_post: unknown variable 'x_psot' \(did you mean 'x_post'\?\)",
        ),
        ({"on_pre": "w += etta*x_post"}, r"on_pre: unknown variable 'etta' \(did you mean 'eta'\?"),
        ({"on_pre": "ww = w + x_post"}, r"on_pre: unknown variable 'ww' \(did you mean 'w'\?\)"),
        ({"post": ""}, r"on_pre: trace 'x_post' is used but slot 'post' does not define it"),
        ({"on_pre": "w += trce_post", "post": "trace_post : 1"}, r"did you mean 'trace_post'"),
        ({"pre": "dx/dt = -x/tau : 1"}, r"pre: 'x' lives on the presynaptic neuron, call it"),
        ({"pre": "dx_pre/dt = -x_post/tau : 1"}, r"pre: the trace 'x_pre' reads 'x_post'"),
        ({"pre": "dx_pre/dt = -w*x_pre/tau : 1"}, r"pre: the trace 'x_pre' reads 'w'"),
        ({"pre": "dx_pre/dt = -x_pre : 1"}, r"pre: wrong unit in 'dx_pre/dt = -x_pre'"),
        ({"pre": "dx_pre/dt = -x_pre/tau"}, r"pre: cannot read 'dx_pre/dt = -x_pre/tau', write"),
        ({"pre": "dx_pre/dt = -x_pre/tau : vlt"}, r"pre: .*'vlt'"),
        ({"on_pre": "w += tau"}, r"on_pre: wrong unit in 'w \+= tau': 'tau' has unit second"),
        ({"on_pre": "w *= tau"}, r"on_pre: wrong unit"),
        ({"on_pre": "w = clip(w, 0, 1"}, r"on_pre: cannot read (statement )?'w = clip\(w, 0, 1'"),
        ({"on_pre": "w + x_pre"}, r"on_pre: cannot read statement"),
        ({"on_pre": "w **= 2"}, r"on_pre: cannot read statement"),
        (  # which SymPy cannot take apart
            {"on_pre": "w += abs(int(x_pre > int(t > 20*ms)) - 0.5 - sin(i % 2))"},
            r"on_pre: cannot read statement",
        ),
        ({"on_pre": "w += sum(x_pre)"}, r"on_pre: unknown variable 'sum'"),
        ({"on_pre": "w += clip(x_pre)"}, r"on_pre: 'clip\(x_pre\)' has 1 arguments instead of 3"),
        ({"on_pre": "eta += 1"}, r"on_pre: cannot assign to parameter 'eta'"),
        ({"on_pre": "i = 3"}, r"on_pre: the name 'i' is taken by a provided variable"),
        ({"on_pre": "x_pre += w"}, r"executed once for the presynaptic cell and cannot read 'w'"),
        ({"on_pre": "x_pre += x_post"}, r"presynaptic cell and cannot read 'x_post'"),
        ({"on_pre": "g_post = w"}, r"adds up over synapses, so the operator must be '\+='"),
        ({"on_pre": "g_post += w; w += g_post"}, r"reads 'g_post' while 'g_post \+= w' still adds"),
        (
            {"on_pre": "d = eta*x_post; x_pre += a; w += d"},
            r"temporary 'd' is read in 'w \+= d', after a statement that acts elsewhere",
        ),
        ({"synapse": "dw/dt = -w/tau : 1"}, r"synapse: mark the differential equation of 'w'"),
        (
            {"synapse": "w : 1\ndc/dt = (x_post - c)/tau : 1 (event-driven)"},
            r"synapse: the equation of 'c' is \(event-driven\) but 'x_post' changes between",
        ),
        ({"synapse": "w : 1\ny_pre : 1"}, r"synapse: 'y_pre' ends in _pre or _post"),
        ({"synapse": "w : 1 (linked)"}, r"synapse: flag \(linked\) of 'w'"),
        ({"modulators": "dopamine : 1"}, r"modulators: 'dopamine' must be marked \(shared\)"),
        ({"modulators": "x_pre : 1"}, r"modulators: 'x_pre' is already defined in 'pre'"),
        ({"modulators": "m : 1 (shared)", "on_pre": "m += 1"}, r"'m' cannot be written at a spike"),
        ({"initial": {"x": 1}}, r"initial: unknown variable 'x'"),
        ({"initial": {"w": 1 * mV}}, r"initial: 'w' has unit volt, expected 1"),
        ({"initial": {"w": np.nan}}, r"initial: 'w' must not be NaN"),
        (
            {"parameters": {**GOOD["parameters"], "etaa": 1}},
            r"parameters: unknown parameter 'etaa'",
        ),
        ({"parameters": {**GOOD["parameters"], "a": None}}, r"parameters: 'a' must be a number"),
        ({"parameters": {**GOOD["parameters"], "w": 1}}, r"parameters: 'w' is already a variable"),
        ({"normalise": Normalisation(total=1, variable="v")}, r"normalise: unknown synapse variab"),
        ({"normalise": 78.4}, r"normalise: must be a Normalisation"),
        ({"interval": 1 * ms}, r"interval: needs statements in 'every'"),
        ({"interval": 1 * mV, "every": "w += 0"}, r"interval: must be a quantity in"),
    ],
)
def test_errors_name_rule_slot_and_token(change, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        PlasticityRule(**{**GOOD, **change})
    assert str(caught.value).startswith("PlasticityRule 'good', ")


def test_normalisation_is_checked():
    with pytest.raises(ValueError, match=r"Normalisation.total: must be .* greater than 0"):
        Normalisation(total=0)
    with pytest.raises(ValueError, match=r"Normalisation.over: must be one of 'pre', 'post'"):
        Normalisation(total=1, over="inputs")
    with pytest.raises(ValueError, match=r"Normalisation.when"):
        Normalisation(total=1, when="every")


def test_units_of_neuron_variables_are_checked_when_bound():
    rule = PlasticityRule(
        name="volt", on_pre="w += eta*(v_post - v_0)", parameters={"eta": 0.1 / mV, "v_0": -60 * mV}
    )
    assert rule.neuron_variables == {"v_post"}
    rule.check_against({}, {"v": "volt"})
    rule.check_against(None, {"v": volt})
    with pytest.raises(ValueError, match=r"'volt', on_pre: wrong unit"):
        rule.check_against({}, {"v": "1"})
    with pytest.raises(
        ValueError, match=r"'v_post' is neither a trace of the rule nor a variable of the postsyn"
    ):
        rule.check_against({"v": "volt"}, {"vm": "volt"})


def test_temporaries_inside_one_phase():
    rule = PlasticityRule(name="r", on_pre="d = 0.1*w; w += d")
    assert [s.scope for s in rule.statements("on_pre")] == ["synapse", "synapse"]


def test_with_parameters_reaches_parameters_and_shared_scalars():
    rule = symmetric_stdp()
    assert rule.with_parameters(a=0.3).parameters["a"] == 0.3
    assert rule.with_parameters(eta=0.0).initial["eta"] == 0.0
    with pytest.raises(ValueError, match=r"unknown parameter 'tua' \(did you mean 'tau'\?\)"):
        rule.with_parameters(tua=3 * ms)


def test_rules_are_values():
    rule = symmetric_stdp(total=78.4)
    assert rule == symmetric_stdp(total=78.4)
    assert hash(rule) == hash(symmetric_stdp(total=78.4))
    assert rule != symmetric_stdp()
    assert pickle.loads(pickle.dumps(rule)) == rule
    assert copy.deepcopy(rule) == rule


def test_sum_with_scaling():
    rule = symmetric_stdp() + synaptic_scaling(78.4)
    whole = symmetric_stdp(total=78.4)
    for slot in ("on_pre", "on_post", "on_trial_start"):
        assert rule.statements(slot) == whole.statements(slot)
    assert rule.normalise == whole.normalise
    assert rule.parameters == whole.parameters


def test_sum_updates_a_common_trace_once_and_in_place():
    decay = PlasticityRule(
        name="decay",
        pre="dx_pre/dt = -x_pre/tau : 1",
        on_pre="w -= 0.1*x_pre; x_pre += a; w -= k*x_pre",
        parameters={"tau": 20 * ms, "a": 0.1, "k": 0.01},
    )
    total = PlasticityRule(**GOOD) + decay
    assert [s.code for s in total.statements("on_pre")] == [
        "w -= 0.1*x_pre",
        "x_pre += a",
        "w = clip(w + eta*x_post, 0, w_max)",
        "w -= k*x_pre",
    ]


def test_contradicting_rules_do_not_add_up():
    with pytest.raises(ValueError, match=r"'good' \+ 'pair-stdp', (synapse|pre):"):
        PlasticityRule(**GOOD) + pair_stdp()
    twice = PlasticityRule(
        name="twice",
        pre=GOOD["pre"],
        on_pre="x_pre += 2*a; w -= x_pre",
        parameters={"tau": 20 * ms, "a": 0.1},
    )
    with pytest.raises(ValueError, match="share a trace but not the order or form"):
        PlasticityRule(**GOOD) + twice
    other = PlasticityRule(**{**GOOD, "parameters": {**GOOD["parameters"], "eta": 0.1}})
    with pytest.raises(ValueError, match="parameters: 'eta' is"):
        PlasticityRule(**GOOD) + other
    with pytest.raises(ValueError, match="normalise"):
        synaptic_scaling(1) + synaptic_scaling(2)
