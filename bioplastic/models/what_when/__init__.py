"""What comes next, when, and how likely: a spiking reservoir with two read-outs.

Yamada & Chao (2026), "Joint encoding of 'what' and 'when' predictions through error-modulated
plasticity in biologically-plausible spiking networks", doi 10.1038/s42003-026-10836-2.
"""

from __future__ import annotations

from bioplastic.models.what_when.model import WhatWhenPredictor
from bioplastic.models.what_when.network import (
    LearningParameters,
    Reservoir,
    ReservoirParameters,
    draw_reservoir,
)
from bioplastic.models.what_when.task import (
    Block,
    Prediction,
    expectation,
    expectation_error,
    switch_trials,
    window_amplitude,
)

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
    "switch_trials",
    "window_amplitude",
]
