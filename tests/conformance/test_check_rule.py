"""The conformance suite itself: it lets good rules pass and catches each kind of bad one."""

from __future__ import annotations

import json

import pytest
from brian2 import ms, mV

from bioplastic.conformance import RuleCheckError, check_rule
from bioplastic.conformance.limits import find_bounds
from bioplastic.engine import CompilerError
from bioplastic.plasticity import PlasticityRule, pair_stdp, symmetric_stdp, vogels_stdp


def failures(rule, **arguments):
    report = check_rule(rule, compiled=False, raise_on_failure=False, **arguments)
    return {result.name: result.message for result in report.failures}


def test_a_good_rule_passes_and_the_report_says_what_was_compared():
    report = check_rule(pair_stdp(), compiled=False)
    assert report.passed
    assert report["bounds"].message == "w stays in [0, 1]"
    assert report["zero modulator"].status == "not applicable"
    assert "the other order gives" in report["simultaneous spikes"].message
    assert json.loads(json.dumps(report.to_dict()))["checks"]["reset"]["status"] == "passed"
    assert str(report).splitlines()[0] == "pair-stdp: 6 passed, 2 not applicable, 0 failed"
    with pytest.raises(KeyError):
        report["nothing"]


def test_decay_without_spikes_is_found():
    rule = PlasticityRule(name="leaky", every="w *= 1 - dt/tau", parameters={"tau": 1000 * ms})
    assert set(failures(rule)) == {"silence"}
    assert "without a spike" in failures(rule)["silence"]
    excused = check_rule(rule, compiled=False, skip={"silence": "weights leak by design"})
    assert excused["silence"].message == "weights leak by design"


def test_steps_without_dt_are_found():
    rule = PlasticityRule(
        name="per step",
        pre="dx_pre/dt = -x_pre/tau : 1",
        on_pre="x_pre += 1",
        every="w += 0.01*x_pre",
        parameters={"tau": 20 * ms},
    )
    found = failures(rule)
    assert set(found) == {"time step"}
    assert "proportional to dt" in found["time step"]


def test_a_claimed_bound_that_does_not_hold_is_found():
    rule = PlasticityRule(name="unbounded", on_post="w += 1")
    assert failures(rule) == {}
    found = failures(rule, bounds=(0, 1))
    assert set(found) == {"bounds"}
    assert "above 1" in found["bounds"]


def test_change_without_a_modulator_is_found():
    rule = PlasticityRule(
        name="tonic",
        modulators="reward : 1 (shared)",
        on_post="w += (baseline + reward)*0.1",
        parameters={"baseline": 0.01},
    )
    assert set(failures(rule)) == {"zero modulator"}
    assert failures(rule, zero_modulator={"baseline": 0}) == {}
    idle = PlasticityRule(name="idle", modulators="reward : 1 (shared)", on_post="w += 0*reward")
    assert "at one either" in failures(idle)["zero modulator"]


def test_a_failure_raises_with_the_whole_report():
    rule = PlasticityRule(name="growing", every="w += dt/(100*ms)")
    with pytest.raises(RuleCheckError, match="silence") as error:
        check_rule(rule, compiled=False)
    assert not error.value.report.passed
    assert isinstance(error.value, AssertionError)


def test_rules_with_noise_are_compared_only_where_that_makes_sense():
    rule = PlasticityRule(name="noisy", on_pre="w = clip(w + 0.1*(rand() - 0.5), 0, 1)")
    report = check_rule(rule, compiled=False)
    assert report["reset"].status == "passed"
    assert report["time step"].status == "not applicable"


def test_values_of_neuron_variables():
    rule = PlasticityRule(name="volt", on_pre="w += v_post/mV*1e-4")
    with pytest.raises(ValueError, match="give a value for the neuron variable 'v_post'"):
        check_rule(rule, compiled=False)
    with pytest.raises(ValueError, match=r"no neuron variable 'v_psot' \(did you mean 'v_post'"):
        check_rule(rule, compiled=False, values={"v_psot": 1 * mV})
    assert check_rule(rule, compiled=False, values={"v_post": [1, 2] * mV}).passed
    with pytest.raises(ValueError, match="skip"):
        check_rule(rule, skip={"silense": "typo"})
    with pytest.raises(TypeError, match="must be a PlasticityRule"):
        check_rule("pair-stdp")


def test_bounds_are_read_from_the_statements():
    assert find_bounds(vogels_stdp(w_max=3)) == (0, 3)
    assert find_bounds(symmetric_stdp()) == (0, 1)
    assert find_bounds(PlasticityRule(name="r", on_pre="w = clip(w - 1, 0, 1); w += 1")) is None
    two = PlasticityRule(name="r", on_pre="w = clip(w - 1, 0, 1)", on_post="w = clip(w, 0, 2)")
    assert find_bounds(two) is None
    open_above = PlasticityRule(name="r", on_pre="w = clip(w - 1, -inf, 2)")
    assert find_bounds(open_above) == (float("-inf"), 2)


def test_a_missing_compiler_excuses_and_a_failing_one_does_not(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", str(tmp_path / "compiler"))
    result = check_rule(pair_stdp())["numpy and C++"]
    assert (result.status, "no C++ compiler" in result.message) == ("not applicable", True)
    with pytest.raises(CompilerError, match="was not found"):
        check_rule(pair_stdp(), compiled=True)
    (tmp_path / "compiler").write_text("#!/bin/sh\necho no luck >&2; exit 1\n")
    (tmp_path / "compiler").chmod(0o755)
    monkeypatch.setenv("BIOPLASTIC_CACHE", str(tmp_path / "cache"))
    result = check_rule(pair_stdp(), raise_on_failure=False)["numpy and C++"]
    assert (result.status, "no luck" in result.message) == ("failed", True)


RENAMED = {"synapse": "rho : 1", "on_pre": "x_pre += 1", "on_post": "rho = clip(rho + x_pre, 0, 1)"}
TRACE = {"pre": "dx_pre/dt = -x_pre/tau : 1", "parameters": {"tau": 5 * ms}}


def test_a_weight_of_any_name_is_found_and_checked():
    report = check_rule(PlasticityRule(name="r", **RENAMED, **TRACE), compiled=False)
    usual = {k: v.replace("rho", "w") for k, v in RENAMED.items()}
    same = check_rule(PlasticityRule(name="r", **usual, **TRACE), compiled=False)
    assert [r.status for r in report.results] == [r.status for r in same.results]
    assert (report.learned, report.proved) == ("rho", True)
    assert report["bounds"].message == "rho stays in [0, 1]"


def test_bad_rules_are_found_whatever_the_weight_is_called():
    leak = PlasticityRule(name="r", synapse="rho : 1", every="rho *= 1 - dt/(1000*ms)")
    assert set(failures(leak)) == {"silence"}
    tonic = PlasticityRule(
        name="r", synapse="rho : 1", modulators="m : 1 (shared)", on_post="rho += 0.1 + m"
    )
    assert set(failures(tonic)) == {"zero modulator"}


def test_what_is_learned_is_asked_for_where_two_may_be():
    rule = PlasticityRule(
        name="r", synapse="a : 1\nb : 1", every="a += dt/second; b *= 1", on_pre="b += 1"
    )
    with pytest.raises(
        ValueError, match=r"check_rule.learned: rule 'r' writes 'a', 'b'; say which"
    ):
        check_rule(rule, compiled=False)
    assert set(failures(rule, learned="a")) == {"silence"}
    assert failures(rule, learned="b") == {}
    with pytest.raises(ValueError, match="stores no synapse variable 'c'"):
        check_rule(rule, learned="c", compiled=False)


def test_a_report_that_proves_nothing_says_so():
    rule = PlasticityRule(name="r", synapse="", **TRACE, on_pre="x_pre += 1")
    report = check_rule(rule, compiled=False)
    assert (report.passed, report.proved, report.learned) == (True, False, "")
    assert str(report).splitlines()[1] == "nothing is proved about what the rule learns"
