"""Plasticity rules: what a synapse learns."""

from __future__ import annotations

from bioplastic.plasticity.audit import Audit, Origin, Update, Verdict
from bioplastic.plasticity.eprop import eprop_alif, eprop_lif
from bioplastic.plasticity.gated import gated_delta_rule, trial_delta_rule
from bioplastic.plasticity.inhibitory import vogels_stdp
from bioplastic.plasticity.interpreter import SynapseInterpreter
from bioplastic.plasticity.intrinsic import intrinsic_plasticity
from bioplastic.plasticity.least_squares import LeastSquares
from bioplastic.plasticity.library import rule_library
from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.ottt import ottt_rule
from bioplastic.plasticity.pair import pair_stdp
from bioplastic.plasticity.perturbation import miconi_rule, node_perturbation
from bioplastic.plasticity.quantised import quantised
from bioplastic.plasticity.rate import bcm_rule, delta_rule, oja_rule
from bioplastic.plasticity.reward import dopamine_stdp, reward_stdp
from bioplastic.plasticity.rls import RecursiveLeastSquares, rls_rule
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.scaling import rate_scaling, synaptic_scaling
from bioplastic.plasticity.short_term import tsodyks_markram
from bioplastic.plasticity.statements import Phase, Statement
from bioplastic.plasticity.subspace import subspace_rule
from bioplastic.plasticity.subspace_learner import SubspaceLearner, quantise_bursts
from bioplastic.plasticity.supervised import (
    first_spike_trial,
    reward_latency_stdp,
    s2_stdp,
    sstdp,
)
from bioplastic.plasticity.surrogate import superspike
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.plasticity.tess import tess_rule
from bioplastic.plasticity.triplet import TRIPLET_SETS, diehl_cook_stdp, triplet_stdp
from bioplastic.plasticity.voltage import clopath_stdp

__all__ = [
    "TRIPLET_SETS",
    "Audit",
    "LeastSquares",
    "Normalisation",
    "Origin",
    "Phase",
    "PlasticityRule",
    "RecursiveLeastSquares",
    "Statement",
    "SubspaceLearner",
    "SynapseInterpreter",
    "Update",
    "Verdict",
    "bcm_rule",
    "clopath_stdp",
    "delta_rule",
    "diehl_cook_stdp",
    "dopamine_stdp",
    "eprop_alif",
    "eprop_lif",
    "first_spike_trial",
    "gated_delta_rule",
    "intrinsic_plasticity",
    "miconi_rule",
    "node_perturbation",
    "oja_rule",
    "ottt_rule",
    "pair_stdp",
    "quantise_bursts",
    "quantised",
    "rate_scaling",
    "reward_latency_stdp",
    "reward_stdp",
    "rls_rule",
    "rule_library",
    "s2_stdp",
    "sstdp",
    "subspace_rule",
    "superspike",
    "symmetric_stdp",
    "synaptic_scaling",
    "tess_rule",
    "trial_delta_rule",
    "triplet_stdp",
    "tsodyks_markram",
    "vogels_stdp",
]
