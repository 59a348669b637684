"""Supervised STDP with neuronal competition groups on latency features (Goupy et al. 2024)."""

from __future__ import annotations

from bioplastic.models.ncg.answers import Answers
from bioplastic.models.ncg.classifiers import RSTDPClassifier, S2STDPClassifier, SSTDPClassifier
from bioplastic.models.ncg.configurations import (
    ABLATIONS,
    CONFIGURATIONS,
    Configuration,
    published_classifier,
)
from bioplastic.models.ncg.csnn_rule import latency_stdp, target_time_thresholds
from bioplastic.models.ncg.extractors import EXTRACTORS, extract_features, named_extractor
from bioplastic.models.ncg.features import SpikingConvFeatures
from bioplastic.models.ncg.softhebb import SoftHebbBlock, SoftHebbFeatures

__all__ = [
    "ABLATIONS",
    "CONFIGURATIONS",
    "EXTRACTORS",
    "Answers",
    "Configuration",
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
