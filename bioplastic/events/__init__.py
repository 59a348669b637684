"""Events of cameras: read them, cut them, make them spikes, simulate them."""

from __future__ import annotations

from bioplastic.events.events import Events
from bioplastic.events.loading import EventFormat, load_events
from bioplastic.events.saccades import Saccades, simulate_saccades

__all__ = ["EventFormat", "Events", "Saccades", "load_events", "simulate_saccades"]
