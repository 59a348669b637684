"""Every rule of the library passes the conformance suite."""

from __future__ import annotations

import pytest
from brian2 import ms, mV

from bioplastic.conformance import check_rule
from bioplastic.plasticity import Verdict, rule_library

RULES = {rule.name: rule for family in rule_library().values() for rule in family}

STEPS = {"time step": "the rule is a recursion over steps"}

#: Rules that compare first spike times, which the bench gives as values.
FIRST_SPIKES = {
    "values": {"t_spike_pre": [0.1, 0.5, 1.0], "t_spike_post": [0.3, 0.6]},
    "skip": {"silence": "the error of a spike time moves weights: silent cells are kept active"},
}

#: What the suite has to know about a rule besides its text.
ARGUMENTS = {
    "clopath": {"values": {"v_post": [-40, -60] * mV}},
    "dopamine-stdp": {"zero_modulator": {"baseline": 0.0}},
    "eprop-alif": {"values": {"v_post": [0.9, 0.7], "a_post": 0.1}, "skip": STEPS},
    "eprop-lif": {"values": {"v_post": [0.9, 0.7]}, "skip": STEPS},
    "gated-delta": {"values": {"r_pre": [0.5, 0.2, 0.1]}, "silent_values": {"r_pre": 0.0}},
    "intrinsic": {"values": {"theta_post": [0, 1] * mV}},
    "miconi": {
        "values": {"r_pre": [0.5, 0.2, 0.1], "x_post": [0.5, -1]},
        "silent_values": {"r_pre": 0.0, "x_post": 0.0},
    },
    "node-perturbation": {"values": {"noise_post": [0.5, -1]}},
    "ottt": {
        "values": {"r_pre": [0.5, 0.2, 0.1], "h_post": [0.5, 1.0]},
        "silent_values": {"r_pre": 0.0, "h_post": 0.5},
        "skip": STEPS,
    },
    "reward-latency-multiplicative": FIRST_SPIKES,
    "reward-latency-stdp": FIRST_SPIKES,
    "rate-scaling": {"skip": {"silence": "a silent cell scales its inputs up"}},
    "s2-stdp": FIRST_SPIKES,
    "sstdp": FIRST_SPIKES,
    "subspace": {
        "values": {"x_pre": [0.5, 0.2, 0.1], "f_pre": [0.1, 0.1, 0.3], "y_post": [0.5, -1]},
        "silent_values": {"x_pre": 0.0, "f_pre": 0.0, "y_post": 0.0},
    },
    "subspace-feedback": {
        "values": {"x_post": [0.5, 0.2], "f_post": [0.1, 0.3], "y_pre": [0.5, -1, 1]},
        "silent_values": {"x_post": 0.0, "f_post": 0.0, "y_pre": 0.0},
    },
    "two-compartment": {
        "values": {"base_post": [2.0, 3.0], "active_post": 1.0, "crossed_post": 0.0}
        | {"t_spike_post": 1.0, "theta_post": 2.0, "v_post": 0.0},
        "skip": {"zero modulator": "the rule moves thresholds, not weights"},
    },
    "tess": {
        "values": {"o_pre": [1.0, 0.0, 1.0], "psi_post": [0.3, 0.1]},
        "silent_values": {"o_pre": 0.0, "psi_post": 0.1},
        "skip": STEPS,
    },
    "trial-delta": {"values": {"rbar_pre": [0.5, 0.2, 0.1]}, "silent_values": {"rbar_pre": 0.0}},
    "superspike": {"values": {"v_post": [-51, -52] * mV}},
}

#: Compiled in the default run; the others are slow.
COMPILED = {"clopath", "dopamine-stdp", "s2-stdp", "superspike"}


def make(name):
    """Return a rule and its arguments, with an interval that fits into a short run."""
    rule = RULES[name]
    if name == "superspike":
        from bioplastic.plasticity import superspike

        rule = superspike(interval=20 * ms)
    elif name == "tess":
        from bioplastic.plasticity import tess_rule

        rule = tess_rule(batch=1)
    return rule, ARGUMENTS.get(name, {})


@pytest.mark.parametrize("name", sorted(RULES))
def test_rule_conforms(name):
    rule, arguments = make(name)
    report = check_rule(rule, compiled=None if name in COMPILED else False, **arguments)
    applied = [result for result in report.results if result.status == "passed"]
    assert len(applied) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(RULES) - COMPILED))
def test_rule_conforms_compiled(name):
    rule, arguments = make(name)
    assert check_rule(rule, compiled=None, **arguments).passed


def test_names_are_unique_and_rules_are_local_or_say_why():
    assert len(RULES) == sum(len(family) for family in rule_library().values())
    verdicts = {name: rule.audit().verdict for name, rule in RULES.items()}
    assert Verdict.NON_LOCAL not in verdicts.values()
    assert [n for n, v in verdicts.items() if v == Verdict.CELL_WIDE] == [
        "trial-delta",
        "s2-stdp",
        "synaptic-scaling",
    ]
    assert all(rule.reference for rule in RULES.values())
