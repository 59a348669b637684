"""Hebbian learning based orthogonal projection: continual learning (Xiao et al. 2024)."""

from __future__ import annotations

from bioplastic.models.hlop.classifier import ContinualClassifier
from bioplastic.models.hlop.consolidation import Consolidation
from bioplastic.models.hlop.inspection import (
    LearntSubspace,
    inspect_subspaces,
    presynaptic_traces,
)
from bioplastic.models.hlop.joint import fit_jointly
from bioplastic.models.hlop.locality import LearningPart, audit_learning
from bioplastic.models.hlop.parameters import (
    HLOPParameters,
    published_subspace_sizes,
    subspace_schedule,
)
from bioplastic.models.hlop.tasks import Task, TaskSequence, permuted_tasks, split_tasks

__all__ = [
    "Consolidation",
    "ContinualClassifier",
    "HLOPParameters",
    "LearningPart",
    "LearntSubspace",
    "Task",
    "TaskSequence",
    "audit_learning",
    "fit_jointly",
    "inspect_subspaces",
    "permuted_tasks",
    "presynaptic_traces",
    "published_subspace_sizes",
    "split_tasks",
    "subspace_schedule",
]
