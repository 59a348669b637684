"""Plasticity rules: what a synapse learns."""

from __future__ import annotations

from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.pair import pair_stdp
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.scaling import synaptic_scaling
from bioplastic.plasticity.statements import Phase, Statement
from bioplastic.plasticity.symmetric import symmetric_stdp

__all__ = [
    "Normalisation",
    "Phase",
    "PlasticityRule",
    "Statement",
    "pair_stdp",
    "symmetric_stdp",
    "synaptic_scaling",
]
