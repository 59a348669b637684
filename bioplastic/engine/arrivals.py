"""Spikes that reach every synapse at its own time, or all synapses at once, on both targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.assembly import Assembly
from bioplastic.engine.brian2_bridge import KernelCode, abstract_code, run_at
from bioplastic.engine.layout import Layout
from bioplastic.engine.part import Part
from bioplastic.engine.plan import StateEntry

__all__ = [
    "EventCalendar",
    "check_arrivals",
    "render_arrivals",
    "render_send",
    "run_arrivals",
    "send_events",
]

#: Steps of the longest delay of a single synapse: a slot of the compiled calendar for each.
MOST_DELAY = 2**22


def check_arrivals(place: str, values: NDArray[Any], entry: StateEntry, layout: Layout) -> None:
    """Refuse delays and events that would lead the compiled program astray."""
    if entry.kind == "delay":
        most = (MOST_DELAY - 1) * layout.dt
        if values.size and not (values.min() >= 0 and values.max() <= most):
            raise ValueError(
                f"{place}: must lie in [0, {most:g}] s, got [{values.min()}, {values.max()}]"
            )
        return
    if values.dtype.kind not in "iu":
        raise TypeError(f"{place}: must be integers, got {values.dtype}")
    delay = next(e for e in layout.state if e.kind == "delay" and e.owner == entry.owner)
    limits = (MOST_DELAY, int(np.prod(delay.shape)))
    if values.size and (np.any(values < 0) or np.any(values.max(axis=0) >= limits)):
        raise ValueError(
            f"{place}: must hold steps in [0, {limits[0] - 1}] and synapses in "
            f"[0, {limits[1] - 1}], got {values.min(axis=0)} to {values.max(axis=0)}"
        )


# ---- C++ -----------------------------------------------------------------------------------------


def render_send(action: Any, assembly: Assembly, **sizes: Any) -> str:
    """Render the kernel that fills a calendar."""
    template = KernelCode.templater.env.get_template("send_events.cpp")
    assembly.kernels.append(
        template.render(
            queue=action.queue,
            projection=action.projection.name,
            events=f"_spikes_{action.group.name}",
            n_events=int(action.group.N),
            side=action.side,
            **sizes,
        )
    )
    name = f"{action.queue}_send"
    path = "slots of single synapses"
    assembly.parts.append(Part(name, "send_events", path, int(action.group.N)))
    return f"run_{name}();"


def render_arrivals(action: Any, assembly: Assembly, **sizes: Any) -> str:
    """Render statements for single synapses, or for all of them at spikes of another population."""
    single = bool(action.arrivals)
    return assembly.add(
        action.name,
        action.synapses,
        abstract_code(getattr(action.synapses, action.pathway)),
        "arrivals" if single else "broadcast",
        path="single synapses as events arrive" if single else "all synapses",
        queue=action.arrivals,
        projection=action.projection.name,
        **sizes,
    )


# ---- numpy ---------------------------------------------------------------------------------------


class EventCalendar:
    """Events on their way to single synapses.

    Parameters
    ----------
    cells : array of int, shape (n_synapses,), optional
        The cell whose spikes reach each synapse; without it every spike reaches all of them.
    n_synapses : int
        Number of synapses.
    dt : float
        Time step.

    Examples
    --------
    >>> calendar = EventCalendar(np.array([0, 0]), 2, 1.0)
    >>> calendar.delay = np.array([1.0, 3.0])
    >>> calendar.send(5, np.array([0]))
    >>> calendar.arrived(5).tolist(), calendar.arrived(6).tolist()
    ([], [0])
    >>> calendar.store(6).tolist()
    [[0, 0], [2, 1]]
    """

    def __init__(self, cells: NDArray[Any] | None, n_synapses: int, dt: float) -> None:
        self.delay = np.zeros(n_synapses)
        self._dt = dt
        self._cells = cells
        self._slots: dict[int, list[NDArray[np.int64]]] = {}

    def load(self, events: NDArray[Any], now: int) -> None:
        """Replace what is on its way by pairs (steps until arrival, synapse)."""
        self._slots = {}
        for steps, synapse in events.tolist():
            self._slots.setdefault(now + steps, []).append(np.array([synapse]))

    def store(self, now: int) -> NDArray[np.int32]:
        """Return what arrives from step ``now`` on, as `load` takes it."""
        pairs = [
            np.column_stack([np.full(part.size, when - now), part])
            for when in sorted(self._slots)
            for part in self._slots[when]
            if when >= now
        ]
        events: NDArray[np.int32] = np.concatenate([np.zeros((0, 2)), *pairs]).astype(np.int32)
        return events

    def send(self, now: int, fired: NDArray[Any]) -> None:
        """Let cells that fired in step ``now`` reach their synapses."""
        self._slots = {when: parts for when, parts in self._slots.items() if when >= now}
        steps = (self.delay / self._dt + 0.5).astype(np.int64)
        for cell in fired:
            synapses = np.arange(steps.size)
            if self._cells is not None:
                synapses = np.flatnonzero(self._cells == cell)
            for delay in np.unique(steps[synapses]):
                part = synapses[steps[synapses] == delay]
                self._slots.setdefault(now + int(delay), []).append(part)

    def arrived(self, now: int) -> NDArray[np.int64]:
        """Return the synapses that are reached in step ``now``, in the order they were sent."""
        return np.concatenate([np.zeros(0, dtype=np.int64), *self._slots.get(now, [])])


def send_events(action: Any, calendar: EventCalendar, timestep: Any) -> Callable[[], None]:
    """Return what fills a calendar with the spikes of a step."""
    space = action.group.variables["_spikespace"].get_value()

    def send() -> None:
        calendar.send(int(timestep.get_value()[0]), space[: space[-1]].copy())

    return send


def run_arrivals(
    action: Any, calendar: EventCalendar | None, timestep: Any, group: Any
) -> Callable[[], None]:
    """Return what runs statements at the synapses of a calendar, or at all at each spike."""
    run = run_at(getattr(action.synapses, action.pathway))
    everything = np.arange(len(action.synapses))
    space = group.variables["_spikespace"].get_value()

    def at_spikes() -> None:
        for _ in range(int(space[-1])):
            run(everything)

    def at_arrivals() -> None:
        assert calendar is not None
        left = calendar.arrived(int(timestep.get_value()[0]))
        while left.size:  # an array holds no synapse twice, or one of two events would be lost
            _, first = np.unique(left, return_index=True)
            run(left[np.sort(first)])
            left = np.delete(left, first)

    return at_spikes if calendar is None else at_arrivals
