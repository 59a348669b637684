"""Spike trains from and to files and the containers of other libraries."""

from __future__ import annotations

import contextlib
import importlib
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bioplastic.analysis._spike_checks import in_seconds
from bioplastic.files import write_arrays

if TYPE_CHECKING:
    from bioplastic.analysis.spike_trains import SpikeTrains

__all__ = ["import_extra", "make_neo", "read_neo", "read_npz", "read_nwb", "write_npz"]

_FORMAT = "bioplastic.spikes/1"


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


def write_npz(trains: SpikeTrains, path: Path) -> Path:
    """Write a compressed npz, whole or not at all; a missing folder is made."""
    if path.suffix != ".npz":
        raise ValueError(f"SpikeTrains.save.path: must end in '.npz', got {str(path)!r}")
    arrays: dict[str, Any] = {
        "format": np.array(_FORMAT),
        "times": trains.times,
        "units": trains.units,
        "window": np.array([trains.t_start, trains.t_stop]),
        "shape": np.array([trains.n_trials, trains.n_units]),
    }
    if trains.trials is not None:
        arrays["trials"] = trains.trials
    path.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(path, arrays, compress=True)
    return path


def read_npz(path: Path) -> dict[str, Any]:
    """Return the arguments of `SpikeTrains` from a file of `write_npz`."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            if "format" not in stored or str(stored["format"]) != _FORMAT:
                raise ValueError("it was not written by SpikeTrains.save")
            n_trials, n_units = (int(number) for number in stored["shape"])
            start, stop = (float(number) for number in stored["window"])
            return {
                "times": stored["times"],
                "units": stored["units"],
                "t_start": start,
                "t_stop": stop,
                "n_units": n_units,
                "trials": stored["trials"] if "trials" in stored else None,
                "n_trials": n_trials,
            }
    except (ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(f"SpikeTrains.load.path: {path} is no spike file ({error})") from error


def read_neo(source: Any) -> dict[str, Any]:
    """Return the arguments of `SpikeTrains.from_arrays` from Neo objects."""
    place = "SpikeTrains.from_neo.spiketrains"
    neo = import_extra("neo", "spikes")
    if isinstance(source, neo.Block):
        segments = [list(segment.spiketrains) for segment in source.segments]
    elif isinstance(source, neo.Segment):
        segments = [list(source.spiketrains)]
    else:
        segments = [[source] if isinstance(source, neo.SpikeTrain) else list(source)]
    flat = [train for segment in segments for train in segment]
    if not flat:
        raise ValueError(f"{place}: must hold at least one train")
    for train in flat:
        if not isinstance(train, neo.SpikeTrain):
            raise TypeError(f"{place}: must hold neo.SpikeTrain, got {type(train).__name__}")
    if len({len(segment) for segment in segments}) > 1:
        raise ValueError(f"{place}: must hold the same number of trains in every segment")
    starts = np.array([float(train.t_start.rescale("s")) for train in flat])
    stops = np.array([float(train.t_stop.rescale("s")) for train in flat])
    slack = 1e-9 * float(np.max(stops - starts))
    if np.ptp(starts) > slack or np.ptp(stops) > slack:
        raise ValueError(f"{place}: must share one window, got different t_start or t_stop")
    sizes = [len(train) for train in flat]
    n_units = len(segments[0])
    row = np.repeat(np.arange(len(flat)), sizes)
    times = np.concatenate([np.asarray(train.rescale("s").magnitude, float) for train in flat])
    start, stop = float(starts.min()), float(stops.max())
    return {
        "times": np.clip(times, start, stop),  # rescaling may move an edge by one rounding
        "units": row % n_units,
        "t_start": start,
        "t_stop": stop,
        "n_units": n_units,
        "trials": row // n_units if len(segments) > 1 else None,
        "n_trials": len(segments) if len(segments) > 1 else None,
        "duplicates": "keep",
    }


def make_neo(trains: SpikeTrains) -> Any:
    """Return Neo spike trains, nested by trial if there are trials."""
    neo = import_extra("neo", "spikes")
    flat = [
        neo.SpikeTrain(times, units="s", t_start=trains.t_start, t_stop=trains.t_stop)
        for times in trains.trains()
    ]
    if trains.trials is None:
        return flat
    n = trains.n_units
    return [flat[trial * n : (trial + 1) * n] for trial in range(trains.n_trials)]


def read_nwb(source: Any, t_start: Any, t_stop: Any) -> dict[str, Any]:
    """Return the arguments of `SpikeTrains.from_arrays` from the units of an NWB file."""
    place = "SpikeTrains.from_nwb"
    pynwb = import_extra("pynwb", "nwb")
    with contextlib.ExitStack() as stack:
        if not isinstance(source, pynwb.NWBFile):
            reader = stack.enter_context(pynwb.NWBHDF5IO(os.fspath(source), "r"))
            source = reader.read()
        table = source.units
        if table is None or len(table) == 0:
            raise ValueError(f"{place}.source: must hold units with spike times")
        trains = [np.asarray(table["spike_times"][row], float) for row in range(len(table))]
        observed = None
        if "obs_intervals" in table.colnames:
            parts = [np.asarray(table["obs_intervals"][row]) for row in range(len(table))]
            observed = np.concatenate([part.reshape(-1, 2) for part in parts])
    times = np.concatenate(trains)
    known = observed is not None and observed.size > 0
    if t_start is None:
        t_start = float(observed[:, 0].min()) if known and observed is not None else 0.0
    if t_stop is None:
        last = float(times.max()) if times.size else in_seconds(f"{place}.t_start", t_start) + 1.0
        t_stop = float(observed[:, 1].max()) if known and observed is not None else last
    return {
        "times": times,
        "units": np.repeat(np.arange(len(trains)), [train.size for train in trains]),
        "t_start": t_start,
        "t_stop": t_stop,
        "n_units": len(trains),
        "duplicates": "keep",
    }
