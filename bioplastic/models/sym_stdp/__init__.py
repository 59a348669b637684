"""Symmetric STDP with synaptic scaling and adaptive thresholds (Hao et al. 2020)."""

from __future__ import annotations

from bioplastic.models.sym_stdp.classifier import SymSTDPClassifier
from bioplastic.models.sym_stdp.parameters import (
    SymSTDPParameters,
    improved_parameters,
    published_parameters,
)
from bioplastic.models.sym_stdp.response import Response

__all__ = [
    "Response",
    "SymSTDPClassifier",
    "SymSTDPParameters",
    "improved_parameters",
    "published_parameters",
]
