"""What a computation has cost, whoever paid: this process, or earlier ones whose work it took over.

`seconds_spent` reads a clock. Its difference over a stretch of a program is the time of this
process and of its children, and of everything that was read from a `RunFolder` or a `Store`
meanwhile: each of them keeps with a result what it cost and advances the clock when it is read. So
nested stretches need not know of each other, and nothing is counted twice.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Seconds", "seconds_of", "seconds_spent", "take_over", "taken_over"]

_ADDING = threading.Lock()


@dataclass(frozen=True)
class Seconds:
    """Processor time, child processes included, and time that passed.

    Examples
    --------
    >>> Seconds(cpu=2.0, wall=3.0) - Seconds(cpu=0.5, wall=1.0)
    Seconds(cpu=1.5, wall=2.0)
    """

    cpu: float = 0.0
    wall: float = 0.0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.cpu + other.cpu, self.wall + other.wall)

    def __sub__(self, other: Seconds) -> Seconds:
        return Seconds(self.cpu - other.cpu, self.wall - other.wall)

    def stored(self) -> dict[str, float]:
        """Return what `seconds_of` reads, in JSON types."""
        return {"cpu_seconds": round(self.cpu, 3), "wall_seconds": round(self.wall, 3)}


_taken = Seconds()


def seconds_spent() -> Seconds:
    """Return the time since some moment in the past, and all that was taken over; only the
    difference between two readings means anything.

    Child processes count once they have ended and been waited for.

    Examples
    --------
    >>> start = seconds_spent()
    >>> take_over(Seconds(cpu=10.0, wall=20.0))
    >>> (seconds_spent() - start).cpu >= 10.0
    True
    """
    children = os.times()
    cpu = time.process_time() + children.children_user + children.children_system
    return Seconds(cpu, time.perf_counter()) + _taken


def take_over(seconds: Seconds) -> None:
    """Count what another process spent on something that is used here."""
    global _taken
    with _ADDING:
        _taken += seconds


def taken_over() -> Seconds:
    """Return all that this process took over."""
    return _taken


def seconds_of(stored: Mapping[str, Any]) -> Seconds:
    """Return the seconds in something stored; zero if it says nothing about them.

    Raises
    ------
    TypeError, ValueError
        If they are no times.

    Examples
    --------
    >>> seconds_of({"cpu_seconds": 1.5, "wall_seconds": 2.0})
    Seconds(cpu=1.5, wall=2.0)
    """
    found = [float(stored.get(name, 0.0)) for name in ("cpu_seconds", "wall_seconds")]
    if not all(math.isfinite(value) and value >= 0 for value in found):
        raise ValueError(f"must be times in seconds, got {found}")
    return Seconds(*found)
