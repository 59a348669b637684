"""Symmetric STDP with synaptic scaling and adaptive thresholds (Hao et al. 2020)."""

from __future__ import annotations

from bioplastic.models.sym_stdp.classifier import Response, SymSTDPClassifier
from bioplastic.models.sym_stdp.parameters import (
    SymSTDPParameters,
    improved_parameters,
    published_parameters,
    readout_parameters,
)

__all__ = [
    "Response",
    "SymSTDPClassifier",
    "SymSTDPParameters",
    "improved_parameters",
    "published_parameters",
    "readout_parameters",
]
