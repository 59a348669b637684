"""Spikes on their way to single synapses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    n_synapses,
    sizes_of,
)
from bioplastic.engine.arrivals import (
    EventCalendar,
    render_send,
    send_events,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.projections import (
    Projection,
    SparseProjection,
)

__all__ = ["SendEvents"]


@dataclass(frozen=True)
class SendEvents(Action):
    """Send the spikes of this step on their way, each to arrive at every synapse at its own time.

    ``side`` is ``"pre"``, ``"post"``, or ``"other"`` where a spike reaches all synapses.
    """

    queue: str
    projection: Projection
    synapses: Any
    group: Any
    side: str

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        projection, synapses = self.projection, self.synapses
        sparse = isinstance(projection, SparseProjection)
        row = f"_row_{projection.name}[{int(synapses.source.N)}]"
        count = row if sparse else str(n_synapses(projection, synapses))
        sizes = sizes_of(projection, synapses)
        return render_send(self, assembly, sparse=sparse, n_synapses=count, **sizes)

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        synapses = self.synapses
        index = {"pre": "i", "post": "j"}.get(self.side)
        cells = None if index is None else np.asarray(getattr(synapses, index)[:])
        calendar = EventCalendar(cells, len(synapses), float(network.plan.clock.dt))
        network.calendars_of_events[self.queue] = calendar
        return send_events(self, calendar, network.plan.clock.variables["timestep"])
