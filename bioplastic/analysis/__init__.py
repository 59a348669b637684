"""Verbs over results: arrays in, arrays and numbers out, no engine involved."""

from __future__ import annotations

from bioplastic.analysis.assignment import (
    assign_labels,
    mean_responses,
    predict_from_assignment,
    predict_from_counts,
)
from bioplastic.analysis.baselines import chance_level, linear_baseline
from bioplastic.analysis.embedding import embed_tsne
from bioplastic.analysis.weights import (
    hoyer_sparseness,
    selectivity_index,
    treves_rolls_sparseness,
)

__all__ = [
    "assign_labels",
    "chance_level",
    "embed_tsne",
    "hoyer_sparseness",
    "linear_baseline",
    "mean_responses",
    "predict_from_assignment",
    "predict_from_counts",
    "selectivity_index",
    "treves_rolls_sparseness",
]
