"""The locality audit: verdicts come from the equations."""

from __future__ import annotations

import json

import pytest
from brian2 import ms

from bioplastic.engine import DenseProjection, NetworkSpec, Pathway, Population, Trial
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule, pair_stdp, symmetric_stdp
from bioplastic.plasticity.audit import Origin, Verdict
from bioplastic.signals import PoissonSource


def find(audit, slot, target):
    return next(u for u in audit.updates if (u.slot, u.target) == (slot, target))


def test_pair_rule_is_local():
    audit = pair_stdp().audit()
    assert audit.local
    assert audit.verdict == Verdict.LOCAL
    assert dict(find(audit, "on_pre", "w").reads) == {
        "eta": Origin.SETTING,
        "w": Origin.SYNAPSE,
        "x_post": Origin.POST,
    }
    assert audit.memory == {"synapse": 1, "pre": 1, "post": 1, "shared": 1}
    # w - eta*a_minus*x_post inside clip: one minus, two products, one call; x_pre += 1.
    assert audit.operations["pre spike, per synapse"] == 4
    assert audit.operations["pre spike, per cell"] == 1
    assert audit.operations["step"] == 2
    assert audit.online
    assert audit.causal


def test_scaling_is_cell_wide_over_inputs_and_not_local_over_outputs():
    audit = symmetric_stdp(total=78.4).audit()
    assert audit.verdict == Verdict.CELL_WIDE
    assert not audit.online
    from bioplastic.plasticity import synaptic_scaling

    assert synaptic_scaling(1, over="post").audit().verdict == Verdict.NON_LOCAL


def test_modulators():
    rule = PlasticityRule(
        name="r",
        synapse="w : 1\ndc/dt = -c/tau : 1 (event-driven)",
        modulators="dopamine : 1 (shared)\nerror_post : 1",
        on_pre="c += v_post",
        every="w += dopamine*c*error_post",
        interval=10 * ms,
        parameters={"tau": 1000 * ms},
    )
    audit = rule.audit()
    assert audit.verdict == Verdict.MODULATED
    reads = dict(find(audit, "every", "w").reads)
    assert reads == {
        "c": Origin.SYNAPSE,
        "dopamine": Origin.SCALAR,
        "error_post": Origin.PER_NEURON,
    }
    assert dict(find(audit, "on_pre", "c").reads) == {"v_post": Origin.POST}
    # w, c and the time of the last update.
    assert audit.memory["synapse"] == 3


def test_a_hidden_sum_over_inputs_is_found_through_two_traces():
    rule = PlasticityRule(
        name="perfectly local, trust me",
        post="s_post : 1\ndz_post/dt = (s_post - z_post)/tau : 1",
        on_pre="s_post += w",
        on_post="w *= 1 - z_post",
        parameters={"tau": 20 * ms},
    )
    audit = rule.audit()
    assert audit.verdict == Verdict.CELL_WIDE
    assert not audit.local
    assert dict(find(audit, "on_post", "w").reads)["z_post"] == Origin.INPUTS


def test_a_sum_over_all_synapses_or_over_outputs_is_not_local():
    pooled = PlasticityRule(
        name="local rule",
        synapse="w : 1\ntotal : 1 (shared)",
        on_trial_start="w /= total",
        on_trial_end="total += w",
    )
    assert pooled.audit().verdict == Verdict.NON_LOCAL
    assert find(pooled.audit(), "on_trial_end", "total").verdict == Verdict.NON_LOCAL
    backwards = PlasticityRule(
        name="local rule", pre="s_pre : 1", on_post="s_pre += w", on_pre="w -= s_pre"
    )
    assert find(backwards.audit(), "on_pre", "w").verdict == Verdict.NON_LOCAL


def test_a_sum_hidden_in_a_subexpression_is_found():
    rule = PlasticityRule(
        name="r",
        synapse="w : 1\nneed = s_pre*2 : 1",
        pre="s_pre : 1",
        on_post="s_pre += w",
        on_pre="w -= need",
    )
    assert find(rule.audit(), "on_pre", "w").verdict == Verdict.NON_LOCAL


def test_plain_transmission_is_local():
    rule = PlasticityRule(name="static", on_pre="g_post += w")
    assert rule.audit().verdict == Verdict.LOCAL


@pytest.mark.parametrize("rule", [pair_stdp(), symmetric_stdp(total=3.0)])
def test_tables(rule):
    audit = rule.audit()
    data = json.loads(json.dumps(audit.to_dict()))
    assert data["verdict"] == str(audit.verdict)
    assert len(data["updates"]) == len(audit.updates)
    text = str(audit)
    assert text.splitlines()[0].startswith(rule.name)
    assert all(update.target in text for update in audit.updates)
    row = audit.to_latex()
    assert row.endswith(r"\\")
    assert row.count("&") == 4


@pytest.mark.parametrize(
    ("pathway", "slot", "verdict"),
    [
        (None, "", Verdict.LOCAL),
        (Pathway(statements="c += gain*v_post"), "on_pre, more", Verdict.LOCAL),
        (Pathway(statements="s_post += w"), "on_pre, more", Verdict.CELL_WIDE),
        (Pathway(statements="w += c", on="reward"), "spikes of reward, more", Verdict.MODULATED),
        (Pathway(statements="x_pre += w", on="post"), "on_post, more", Verdict.NON_LOCAL),
    ],
)
def test_pathways_of_a_projection_count(pathway, slot, verdict):
    """A rule that is local alone is not once a pathway adds up weights, or rewards."""
    rule = PlasticityRule(
        name="r", synapse="w : 1\nc : 1", pre="x_pre : 1", post="s_post : 1",
        on_pre="x_pre += 1", on_post="w *= 1 - s_post*x_pre",
    )  # fmt: skip
    cell = NeuronModel(name="cell", equations="v : 1", threshold="v > 1", reset="v = 0")
    feed = DenseProjection(
        name="feed", source="inputs", target="cells", rule=rule, parameters={"gain": 2.0},
        pathways={} if pathway is None else {"more": pathway},
    )  # fmt: skip
    network = NetworkSpec(
        populations=[
            PoissonSource(name="inputs", n=3, rates="9*Hz"),
            PoissonSource(name="reward", n=1, rates="9*Hz"),
            Population(name="cells", n=2, model=cell),
        ],
        projections=[feed],
        trial=Trial(duration=10 * ms),
    )
    audit = network.audit("feed")
    assert rule.audit().verdict == Verdict.LOCAL
    assert audit.verdict == verdict
    assert [u.slot for u in audit.updates if ", " in u.slot] == ([slot] if slot else [])
    assert ("reward spike, per synapse" in audit.operations) == slot.startswith("spikes of")
    if slot == "on_pre, more" and verdict == Verdict.LOCAL:
        assert dict(find(audit, slot, "c").reads) == {"v_post": Origin.POST}
