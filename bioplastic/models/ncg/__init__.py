"""Supervised STDP with neuronal competition groups on latency features (Goupy et al. 2024)."""

from __future__ import annotations

from bioplastic.models.ncg.csnn_rule import latency_stdp, target_time_thresholds
from bioplastic.models.ncg.extractors import EXTRACTORS, extract_features, named_extractor
from bioplastic.models.ncg.features import SpikingConvFeatures

__all__ = [
    "EXTRACTORS",
    "SpikingConvFeatures",
    "extract_features",
    "latency_stdp",
    "named_extractor",
    "target_time_thresholds",
]
