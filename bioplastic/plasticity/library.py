"""All rules of the library with their default parameters."""

from __future__ import annotations

from bioplastic.plasticity.eprop import eprop_alif, eprop_lif
from bioplastic.plasticity.gated import gated_delta_rule, trial_delta_rule
from bioplastic.plasticity.inhibitory import vogels_stdp
from bioplastic.plasticity.intrinsic import intrinsic_plasticity
from bioplastic.plasticity.ottt import ottt_rule
from bioplastic.plasticity.pair import pair_stdp
from bioplastic.plasticity.perturbation import miconi_rule, node_perturbation
from bioplastic.plasticity.rate import bcm_rule, delta_rule, oja_rule
from bioplastic.plasticity.reward import dopamine_stdp, reward_stdp
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.scaling import rate_scaling, synaptic_scaling
from bioplastic.plasticity.short_term import tsodyks_markram
from bioplastic.plasticity.subspace import subspace_rule
from bioplastic.plasticity.supervised import (
    first_spike_trial,
    reward_latency_stdp,
    s2_stdp,
    sstdp,
)
from bioplastic.plasticity.surrogate import superspike
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.plasticity.tess import tess_rule
from bioplastic.plasticity.triplet import diehl_cook_stdp, triplet_stdp
from bioplastic.plasticity.voltage import clopath_stdp

__all__ = ["rule_library"]


def rule_library() -> dict[str, tuple[PlasticityRule, ...]]:
    """Return one instance of every rule of the library, by family.

    Returns
    -------
    dict of str to tuple of PlasticityRule
        Names of rules are unique.

    Examples
    --------
    >>> [rule.name for rule in rule_library()["three factors, scalar"]]
    ['dopamine-stdp', 'reward-stdp', 'node-perturbation', 'miconi']
    """
    return {
        "spike timing": (
            pair_stdp(),
            pair_stdp(mu_plus=1, mu_minus=1, name="pair-stdp-multiplicative"),
            pair_stdp(mu_plus=0.4, mu_minus=0.4, name="pair-stdp-power"),
            pair_stdp(pairing="nearest", name="pair-stdp-nearest"),
            symmetric_stdp(),
            triplet_stdp(),
            triplet_stdp(parameters="hippocampus", name="triplet-stdp-full"),
            diehl_cook_stdp(),
            vogels_stdp(),
        ),
        "voltage": (clopath_stdp(),),
        "rates": (
            oja_rule(),
            subspace_rule(),
            subspace_rule(direction="feedback"),
            bcm_rule(),
        ),
        "three factors, scalar": (
            dopamine_stdp(),
            reward_stdp(),
            node_perturbation(),
            miconi_rule(),
        ),
        "three factors, per neuron": (
            delta_rule(),
            eprop_lif(),
            eprop_alif(),
            superspike(),
            ottt_rule(),
            tess_rule(),
            gated_delta_rule(),
            trial_delta_rule(),
        ),
        "first spikes, supervised": (
            s2_stdp(),
            sstdp(),
            reward_latency_stdp(),
            reward_latency_stdp(form="multiplicative", name="reward-latency-multiplicative"),
        ),
        "homeostasis": (
            synaptic_scaling(1.0),
            rate_scaling(),
            intrinsic_plasticity(),
            first_spike_trial(regulation="two_compartment"),
        ),
        "short term": (tsodyks_markram(),),
    }
