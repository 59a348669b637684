"""What reaches a network: sources of spikes and of numbers."""

from __future__ import annotations

from bioplastic.signals.analogue import AnalogueSource, NoiseSource
from bioplastic.signals.latency import LatencySource
from bioplastic.signals.poisson import PoissonSource
from bioplastic.signals.spike_list import SpikeListSource

__all__ = ["AnalogueSource", "LatencySource", "NoiseSource", "PoissonSource", "SpikeListSource"]
