"""What reaches a network: sources of spikes and of numbers, and which pixels cells see."""

from __future__ import annotations

from bioplastic.signals.analogue import AnalogueSource, NoiseSource
from bioplastic.signals.event_source import EventSource
from bioplastic.signals.latency import LatencySource
from bioplastic.signals.poisson import PoissonSource
from bioplastic.signals.poisson_input import PoissonInput
from bioplastic.signals.receptive_fields import ReceptiveFields, place_fields
from bioplastic.signals.spike_list import SpikeListSource

__all__ = [
    "AnalogueSource",
    "EventSource",
    "LatencySource",
    "NoiseSource",
    "PoissonInput",
    "PoissonSource",
    "ReceptiveFields",
    "SpikeListSource",
    "place_fields",
]
