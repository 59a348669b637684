"""Units of Neurodata Without Borders, through pynwb."""

from __future__ import annotations

import contextlib
import datetime
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis.io.parts import Spikes, Trains, id_array, import_extra, plain_labels
from bioplastic.files import DamagedFileError

__all__ = ["read_nwb", "write_nwb"]

_COLUMNS = {"spike_times", "spike_times_index", "obs_intervals", "obs_intervals_index"}


def read_nwb(source: Any, t_start: float | None = None, t_stop: float | None = None) -> Spikes:
    """Read the units of a file or of an ``NWBFile``.

    Raises
    ------
    ValueError
        If there are no units, or they have no spike times.
    """
    place = "SpikeTrains.from_nwb.source"
    pynwb = import_extra("pynwb", "nwb")
    with contextlib.ExitStack() as stack:
        if not isinstance(source, pynwb.NWBFile):
            try:
                book = stack.enter_context(pynwb.NWBHDF5IO(os.fspath(source), "r")).read()
            except FileNotFoundError:
                raise
            except Exception as error:  # h5py and hdmf say in many ways that a file is none
                raise DamagedFileError(f"{source}: damaged or no NWB file ({error})") from error
        else:
            book = source
        table = book.units
        if table is None or len(table) == 0 or "spike_times" not in table.colnames:
            raise ValueError(f"{place}: must hold units with spike times")
        return _read_table(table, t_start, t_stop)


def _read_table(table: Any, t_start: float | None, t_stop: float | None) -> Spikes:
    n = len(table)
    index = table["spike_times"]
    ends = np.asarray(index.data[:], dtype=np.int64)
    times = np.asarray(index.target.data[:], dtype=np.float64)
    ids = id_array("units.id", table.id[:])
    owner = np.repeat(np.arange(n), np.diff(ends, prepend=0))
    observed: list[NDArray[np.float64]] | None = None
    notes: list[str] = []
    if "obs_intervals" in table.colnames:
        observed = [np.asarray(table["obs_intervals"][row]).reshape(-1, 2) for row in range(n)]
        if not any(len(part) for part in observed):
            observed = None
    known = None if observed is None else np.concatenate(observed)
    if t_start is None:
        t_start = 0.0 if known is None else float(known.min())
        if known is None and times.size:
            t_start = min(0.0, float(times.min()))
    if t_stop is None:
        if known is None and times.size == 0:
            t_stop = t_start + 1.0
        elif known is None:
            t_stop = float(times.max())
            notes.append("the file states no observed intervals; the end is the last spike")
        else:
            t_stop = float(known.max())
    if observed is not None:
        silent = [str(ids[row]) for row in range(n) if len(observed[row]) == 0]
        if silent:
            notes.append(f"observed intervals of unit {', '.join(silent)} not stated: the window")
        window = np.array([[t_start, t_stop]])
        observed = [_cut(part, t_start, t_stop) if len(part) else window for part in observed]
    labels = {
        name: table[name][:]
        for name in table.colnames
        if name not in _COLUMNS and type(table[name]).__name__ == "VectorData"
    }
    return Spikes(
        times, owner, t_start, t_stop, ids=ids, observed=observed,
        labels=plain_labels(labels, n), notes=notes,
    )  # fmt: skip


def _cut(part: NDArray[np.float64], start: float, stop: float) -> NDArray[np.float64]:
    edges = np.clip(part, start, stop)
    return np.asarray(edges[edges[:, 1] > edges[:, 0]])


def write_nwb(trains: Trains, target: Any, session_start: Any = None) -> Any:
    """Add the units to an ``NWBFile``, or write a file of them.

    Raises
    ------
    ValueError
        If there are trials, ids are text, or a file lacks the start of its session.
    """
    place = "SpikeTrains.to_nwb"
    pynwb = import_extra("pynwb", "nwb")
    if trains.trials is not None:
        raise ValueError(f"{place}: trials have no place in a table of units; select one trial")
    book = target
    if not isinstance(target, pynwb.NWBFile):
        if not isinstance(session_start, datetime.datetime):
            raise TypeError(
                f"{place}.session_start: must be a datetime with a time zone, which the format "
                f"demands, got {session_start!r}"
            )
        book = pynwb.NWBFile("spike trains", Path(os.fspath(target)).stem, session_start)
    text = trains.ids.dtype.kind == "U"
    names = [name for name in trains.labels if not (text and name == "unit_name")]
    for name in names:
        book.add_unit_column(name, name.replace("_", " "))
    if text:
        book.add_unit_column("unit_name", "id of the unit as text")
    for unit in range(trains.n_units):
        more: dict[str, Any] = {name: trains.labels[name][unit].item() for name in names}
        if text:
            more["unit_name"] = str(trains.ids[unit])
        book.add_unit(
            spike_times=trains.of_unit(unit),
            obs_intervals=trains.observed_of(unit),
            id=unit if text else int(trains.ids[unit]),
            **more,
        )
    if book is target:
        return book
    with pynwb.NWBHDF5IO(os.fspath(target), "w") as writer:
        writer.write(book)
    return Path(os.fspath(target))
