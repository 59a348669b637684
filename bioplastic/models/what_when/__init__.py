"""What comes next, when, and how likely: a spiking reservoir with two read-outs.

Yamada & Chao (2026), "Joint encoding of 'what' and 'when' predictions through error-modulated
plasticity in biologically-plausible spiking networks", doi 10.1038/s42003-026-10836-2.
"""

from __future__ import annotations

from bioplastic.models.what_when.metrics import (
    expectation_error,
    outside_share,
    peak_and_width,
    switch_trials,
    window_amplitude,
)
from bioplastic.models.what_when.model import WhatWhenPredictor
from bioplastic.models.what_when.parameters import LearningParameters, ReservoirParameters
from bioplastic.models.what_when.reservoir import Reservoir, draw_reservoir
from bioplastic.models.what_when.task import Block, Prediction, expectation

__all__ = [
    "Block",
    "LearningParameters",
    "Prediction",
    "Reservoir",
    "ReservoirParameters",
    "WhatWhenPredictor",
    "draw_reservoir",
    "expectation",
    "expectation_error",
    "outside_share",
    "peak_and_width",
    "switch_trials",
    "window_amplitude",
]
