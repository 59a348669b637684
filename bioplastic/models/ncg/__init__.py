"""Supervised STDP with neuronal competition groups on latency features (Goupy et al. 2024)."""

from __future__ import annotations

from bioplastic.models.ncg.configurations import (
    ABLATIONS,
    CONFIGURATIONS,
    Configuration,
    published_classifier,
)
from bioplastic.models.ncg.features import (
    EXTRACTORS,
    SpikingConvFeatures,
    extract_features,
    latency_stdp,
    named_extractor,
    target_time_thresholds,
)
from bioplastic.models.ncg.model import (
    Answers,
    LatencyClassifier,
    RSTDPClassifier,
    S2STDPClassifier,
    SSTDPClassifier,
)
from bioplastic.models.ncg.softhebb import SoftHebbBlock, SoftHebbFeatures

__all__ = [
    "ABLATIONS",
    "CONFIGURATIONS",
    "EXTRACTORS",
    "Answers",
    "Configuration",
    "LatencyClassifier",
    "RSTDPClassifier",
    "S2STDPClassifier",
    "SSTDPClassifier",
    "SoftHebbBlock",
    "SoftHebbFeatures",
    "SpikingConvFeatures",
    "extract_features",
    "latency_stdp",
    "named_extractor",
    "published_classifier",
    "target_time_thresholds",
]
