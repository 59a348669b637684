"""Events of cameras: read them, cut them, make them spikes, simulate them."""

from __future__ import annotations

from bioplastic.events.events import Events
from bioplastic.events.loading import EventFormat, load_events

__all__ = ["EventFormat", "Events", "load_events"]
