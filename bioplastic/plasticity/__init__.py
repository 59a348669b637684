"""Plasticity rules: what a synapse learns."""

from __future__ import annotations

from bioplastic.plasticity.audit import Audit, Origin, Update, Verdict
from bioplastic.plasticity.inhibitory import vogels_stdp
from bioplastic.plasticity.interpreter import SynapseInterpreter
from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.pair import pair_stdp
from bioplastic.plasticity.rate import bcm_rule, delta_rule, oja_rule
from bioplastic.plasticity.reward import dopamine_stdp, reward_stdp
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.scaling import synaptic_scaling
from bioplastic.plasticity.short_term import tsodyks_markram
from bioplastic.plasticity.statements import Phase, Statement
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.plasticity.triplet import TRIPLET_SETS, triplet_stdp

__all__ = [
    "TRIPLET_SETS",
    "Audit",
    "Normalisation",
    "Origin",
    "Phase",
    "PlasticityRule",
    "Statement",
    "SynapseInterpreter",
    "Update",
    "Verdict",
    "bcm_rule",
    "delta_rule",
    "dopamine_stdp",
    "oja_rule",
    "pair_stdp",
    "reward_stdp",
    "symmetric_stdp",
    "synaptic_scaling",
    "triplet_stdp",
    "tsodyks_markram",
    "vogels_stdp",
]
