"""What every reader returns and every writer takes, and units of time."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._observed import Observed, Stretches
from bioplastic.validation import check_choice, check_real

__all__ = [
    "TIME_UNITS",
    "Spikes",
    "Trains",
    "id_array",
    "import_extra",
    "index_ids",
    "last_spike",
    "plain_labels",
    "role_of_column",
    "to_seconds",
]

TIME_UNITS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
"""How many of each unit make a second; times can also be given in ``"samples"``."""


@dataclasses.dataclass
class Spikes:
    """What a reader found.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        Seconds, in any order.
    units : array_like of int, shape (n_spikes,)
        Index of the unit of each spike.
    t_start, t_stop : float
        The window in seconds.
    ids : array_like, shape (n_units,)
        The id of each unit, silent ones included.
    trials : array_like of int, shape (n_spikes,), optional
        Trial of each spike.
    n_trials : int, optional
        Number of trials.
    observed : array_like or sequence, optional
        Observed intervals, as `SpikeTrains.from_arrays` takes them.
    labels : mapping of str to array_like
        What else is known about each unit.
    notes : sequence of str
        What was assumed or left out.
    """

    times: Any
    units: Any
    t_start: float
    t_stop: float
    ids: NDArray[Any]
    trials: Any = None
    n_trials: int | None = None
    observed: Any = None
    labels: Mapping[str, ArrayLike] = dataclasses.field(default_factory=dict)
    notes: Sequence[str] = ()


class Trains(Protocol):
    """What writers ask of `SpikeTrains`."""

    @property
    def times(self) -> NDArray[np.float64]: ...
    @property
    def units(self) -> NDArray[np.int32]: ...
    @property
    def t_start(self) -> float: ...
    @property
    def t_stop(self) -> float: ...
    @property
    def n_units(self) -> int: ...
    @property
    def n_trials(self) -> int: ...
    @property
    def trials(self) -> NDArray[np.int32] | None: ...
    @property
    def offsets(self) -> NDArray[np.int64]: ...
    @property
    def ids(self) -> NDArray[Any]: ...
    @property
    def labels(self) -> Mapping[str, NDArray[Any]]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def observed(self) -> Observed | None: ...

    def of_unit(self, unit: int, trial: int = 0) -> NDArray[np.float64]:
        """Return the spikes of a unit."""
        ...

    def observed_of(self, unit: int, trial: int = 0) -> Stretches:
        """Return the stretches in which it was observed."""
        ...


def import_extra(name: str, extra: str) -> Any:
    """Import an optional library, or say how to get it.

    Raises
    ------
    ImportError
        If the library is missing.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this needs {name.partition('.')[0]}; install it with "
            f"`pip install 'bioplastic[{extra}]'` ({error})"
        ) from error


def to_seconds(
    place: str, times: ArrayLike, unit: str | None, sampling_rate: float | None = None
) -> tuple[NDArray[np.float64], list[str]]:
    """Return times in seconds and what was assumed.

    Without a unit, times count as seconds, which is noted; unless they can hardly be seconds.

    Raises
    ------
    ValueError
        If the unit is unknown, the sampling rate is missing, or no unit is given and the times are
        large whole numbers or span more than a day.
    """
    given = np.asarray(times)
    if given.dtype.kind == "m":
        return given / np.timedelta64(1, "s"), []
    if given.dtype.kind not in "iuf":
        raise TypeError(f"{place}: times must be numbers, got an array of {given.dtype}")
    values = given.astype(np.float64)
    if unit == "samples":
        if sampling_rate is None:
            raise ValueError(f"{place}: times in samples need --sampling-rate (sampling_rate=)")
        return values / check_real(
            f"{place}.sampling_rate", sampling_rate, minimum=0, exclusive=True
        ), []
    if unit is not None:
        check_choice(f"{place}.time_unit", unit, [*TIME_UNITS, "samples"])
        return values / TIME_UNITS[unit], []
    if values.size and np.isfinite(values).all():
        largest = float(np.abs(values).max())
        whole = largest >= 1000 and not (values % 1).any()
        if whole or largest > 86_400:
            raise ValueError(
                f"{place}: the unit of time is not stated and times up to {largest:g} "
                f"{'in whole numbers ' if whole else ''}may not be seconds; "
                "say --time-unit s, ms, us or samples (time_unit=)"
            )
    return values, ["the unit of time is not stated; taken as seconds"]


def last_spike(
    times: NDArray[np.float64], t_start: float | None, t_stop: float | None
) -> tuple[float, float, list[str]]:
    """Return a window for times whose recording does not say when it ended, and a note.

    Raises
    ------
    ValueError
        If there are no spikes to tell.
    """
    notes = []
    start = min(0.0, float(times.min(initial=0.0))) if t_start is None else float(t_start)
    if t_stop is None:
        if times.size == 0:
            raise ValueError("the file holds no spikes; give --t-stop (t_stop=) to say its length")
        t_stop = float(times.max())
        notes.append("the end of the recording is not stated; taken as the last spike")
    return start, float(t_stop), notes


def id_array(place: str, ids: ArrayLike) -> NDArray[Any]:
    """Return ids of units as whole numbers or text.

    Raises
    ------
    TypeError
        If they are anything else.
    """
    array = np.asarray(ids)
    if array.dtype.kind == "O":
        texts = [value for value in array.ravel() if isinstance(value, str)]
        array = array.astype(str) if len(texts) == array.size else np.array(array.tolist())
    if array.dtype.kind in "SU":
        return array.astype(str)
    if array.dtype.kind == "f" and np.isfinite(array).all() and not (array % 1).any():
        array = array.astype(np.int64)
    if array.size == 0:
        return array.astype(np.int64).reshape(-1)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{place}: ids of units must be whole numbers or text, got {array.dtype}")
    return array.astype(np.int64)


def index_ids(
    place: str, values: ArrayLike, ids: ArrayLike | None = None
) -> tuple[NDArray[np.int32], NDArray[Any]]:
    """Return the place of each value among the ids, and the ids, by default those that occur.

    Raises
    ------
    TypeError, ValueError
        If ids repeat, are no whole numbers or text, or a value is none of them.

    Examples
    --------
    >>> index_ids("demo", [40, 3, 40])
    (array([1, 0, 1], dtype=int32), array([ 3, 40]))
    """
    owner = id_array(place, values)
    if ids is None:
        low = int(owner.min()) if owner.size and owner.dtype.kind == "i" else 0
        if owner.dtype.kind == "i" and owner.size and owner.max() - low < max(10**6, owner.size):
            shifted = owner - low
            found = np.flatnonzero(np.bincount(shifted))
            table = np.zeros(found[-1] + 1, dtype=np.int32)
            table[found] = np.arange(found.size)
            return table[shifted], found + low
        found, index = np.unique(owner, return_inverse=True)
        return index.astype(np.int32), found
    known = id_array(place, ids)
    order = np.argsort(known, kind="stable")
    if known.ndim != 1 or (known[order][1:] == known[order][:-1]).any():
        raise ValueError(f"{place}: ids of units must be a list without repetition")
    if known.dtype.kind != owner.dtype.kind and owner.size:
        raise TypeError(f"{place}: must be ids like {known[:1]}, got {owner[:1]}")
    if known.size == 0 and owner.size:
        raise ValueError(f"{place}: must be one of the ids, got {owner[0]}")
    where = np.minimum(np.searchsorted(known[order], owner), max(known.size - 1, 0))
    if owner.size and (wrong := known[order][where] != owner).any():
        raise ValueError(f"{place}: must be one of the ids, got {owner[wrong][0]}")
    return order[where].astype(np.int32) if owner.size else np.zeros(0, np.int32), known


def plain_labels(labels: Mapping[str, Any], n_units: int) -> dict[str, NDArray[Any]]:
    """Keep the labels that are one number, truth value or text for each unit."""
    kept = {}
    for name, values in labels.items():
        array = np.asarray(values)
        if array.dtype.kind == "O":
            if not all(v is None or isinstance(v, (str, bool, int, float)) for v in array.ravel()):
                continue
            array = np.array(["" if v is None else str(v) for v in array.ravel()])
        if array.shape == (n_units,) and array.dtype.kind in "biufU":
            kept[str(name)] = array
    return kept


_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "usec", "µs", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("sample", "samples", "frame", "frames"), "samples"),
}
_TIME = {"t", "time", "times", "timestamp", "timestamps", "spiketime", "spiketimes"}
_UNIT = {
    "unit", "units", "neuron", "neurons", "cell", "cells", "cluster", "clusters", "sender",
    "senders", "id", "ids", "i", "gid",
}  # fmt: skip


def role_of_column(name: str) -> tuple[str, str | None] | None:
    """Return what a column holds by its name, ``"time"``, ``"unit"`` or ``"trial"``.

    Examples
    --------
    >>> role_of_column("spike_time_ms"), role_of_column("Neuron ID"), role_of_column("depth")
    (('time', 'ms'), ('unit', None), None)
    """
    words = [word for word in re.split(r"[^a-zµ0-9]+", name.strip().lower()) if word]
    if words[:1] in (["spike"], ["spikes"]) and len(words) > 1:
        words = words[1:]
    if words and words[0] in _TIME:
        if len(words) == 1:
            return "time", None
        if len(words) == 2 and words[1] in _UNITS:
            return "time", _UNITS[words[1]]
        return None
    if words and _UNITS.get(words[0]) == "samples" and words[1:] in ([], ["index"], ["ind"]):
        return "time", "samples"
    if words and words[0] in _UNIT and words[1:] in ([], ["id"], ["ids"], ["index"], ["name"]):
        return "unit", None
    if words and words[0] in ("trial", "trials") and words[1:] in ([], ["id"], ["index"]):
        return "trial", None
    return None
