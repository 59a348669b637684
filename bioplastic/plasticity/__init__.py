"""Plasticity rules: what a synapse learns."""

from __future__ import annotations

from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.statements import Phase, Statement

__all__ = ["Normalisation", "Phase", "PlasticityRule", "Statement"]
