"""What reaches a network: spike sources and encoders."""

from __future__ import annotations

from bioplastic.signals.poisson import PoissonSource
from bioplastic.signals.spike_list import SpikeListSource

__all__ = ["PoissonSource", "SpikeListSource"]
