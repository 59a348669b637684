"""The engine: networks as data, compiled once and called like functions."""

from __future__ import annotations

from bioplastic.engine.compiler import CompilerError
from bioplastic.engine.events import EventTrial, GroupWinner, PopulationMean
from bioplastic.engine.finite import NonFiniteStateError
from bioplastic.engine.network import NetworkSpec, Population
from bioplastic.engine.pathways import Pathway
from bioplastic.engine.program import Program
from bioplastic.engine.projections import DenseProjection, SparseProjection, UniformProjection
from bioplastic.engine.records import SpikeCount, SpikeRecord, StateRecord, TrialRecord
from bioplastic.engine.regularly import Regularly
from bioplastic.engine.trial import Trial

__all__ = [
    "CompilerError",
    "DenseProjection",
    "EventTrial",
    "GroupWinner",
    "NetworkSpec",
    "NonFiniteStateError",
    "Pathway",
    "Population",
    "PopulationMean",
    "Program",
    "Regularly",
    "SparseProjection",
    "SpikeCount",
    "SpikeRecord",
    "StateRecord",
    "Trial",
    "TrialRecord",
    "UniformProjection",
]
