"""Hebbian learning based orthogonal projection: continual learning (Xiao et al. 2024)."""

from __future__ import annotations

from bioplastic.models.hlop.batches import Consolidation
from bioplastic.models.hlop.classifier import ContinualClassifier, published_subspace_sizes
from bioplastic.models.hlop.inspection import (
    LearningPart,
    audit_learning,
    inspect_subspaces,
    presynaptic_traces,
)
from bioplastic.models.hlop.network import HLOPParameters

__all__ = [
    "Consolidation",
    "ContinualClassifier",
    "HLOPParameters",
    "LearningPart",
    "audit_learning",
    "inspect_subspaces",
    "presynaptic_traces",
    "published_subspace_sizes",
]
