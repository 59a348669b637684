"""Files of `SpikeTrains.save`, and npz files of others."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis._observed import Observed
from bioplastic.analysis.io.parts import Spikes, Trains, index_ids, last_spike, to_seconds
from bioplastic.files import DamagedFileError, read_arrays, write_arrays

__all__ = ["read_npz", "read_other_npz", "write_npz"]

_FORMAT = "bioplastic.spikes/2"
_OLD = "bioplastic.spikes/1"
_NAP = {"type", "t", "index", "keys", "start", "end"}
_OURS = {"format", "window", "shape", "observed"}


def write_npz(trains: Trains, path: Path) -> Path:
    """Write a compressed npz, whole or not at all; a missing folder is made."""
    if path.suffix != ".npz":
        raise ValueError(f"SpikeTrains.save.path: must end in '.npz', got {str(path)!r}")
    arrays: dict[str, Any] = {
        "format": np.array(_FORMAT),
        "times": trains.times,
        "units": trains.units,
        "window": np.array([trains.t_start, trains.t_stop]),
        "shape": np.array([trains.n_trials, trains.n_units]),
        "ids": trains.ids,
        "notes": np.array(trains.notes, dtype=str),
        **{f"label/{name}": values for name, values in trains.labels.items()},
    }
    if trains.trials is not None:
        arrays["trials"] = trains.trials
    if trains.observed is not None:
        arrays["observed"] = trains.observed.edges
        arrays["observed_offsets"] = trains.observed.offsets
    path.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(path, arrays, compress=True)
    return path


def read_npz(path: Path) -> dict[str, Any]:
    """Return the arguments of `SpikeTrains` from a file of `write_npz`.

    Raises
    ------
    ValueError
        If it is no such file.
    """
    try:
        stored = read_arrays(path, "spike file")
        if str(stored.get("format")) not in (_FORMAT, _OLD):
            raise ValueError("it was not written by SpikeTrains.save")
        n_trials, n_units = (int(number) for number in stored["shape"])
        start, stop = (float(number) for number in stored["window"])
        observed = None
        if "observed" in stored:
            observed = Observed(stored["observed"], stored["observed_offsets"])
        return {
            "times": stored["times"],
            "units": stored["units"],
            "t_start": start,
            "t_stop": stop,
            "n_units": n_units,
            "trials": stored.get("trials"),
            "n_trials": n_trials,
            "ids": stored.get("ids"),
            "observed": observed,
            "labels": {
                name.removeprefix("label/"): values
                for name, values in stored.items()
                if name.startswith("label/")
            },
            "notes": tuple(str(note) for note in stored.get("notes", ())),
        }
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"SpikeTrains.load.path: {path} is no spike file ({error})") from error


def read_other_npz(
    path: Path,
    time_unit: str | None,
    sampling_rate: float | None,
    t_start: float | None,
    t_stop: float | None,
) -> Spikes | None:
    """Read a pair of arrays, or what pynapple and SpikeInterface save; None for a file of ours.

    A damaged file of `SpikeTrains.save` is never read as plain columns.

    Raises
    ------
    ValueError
        If the file is damaged or holds no spikes of a known form.
    """
    names: set[str] = set()
    with contextlib.suppress(OSError, zipfile.BadZipFile), zipfile.ZipFile(path) as archive:
        names = {name.removesuffix(".npy") for name in archive.namelist()}
    if _OURS & names:
        return None
    if names >= _NAP:
        return _read_ts_group(path, "_metadata" in names)
    stored = read_arrays(path, "spike file")
    if {"unit_ids", "sampling_frequency", "spike_indexes_seg0", "spike_labels_seg0"} <= set(stored):
        return _read_sorting(stored, t_start, t_stop)
    for first, second in (("times", "units"), ("t", "i"), ("spike_times", "spike_clusters")):
        if first in stored and second in stored:
            times, notes = to_seconds(str(path), stored[first], time_unit, sampling_rate)
            start, stop, more = last_spike(times, t_start, t_stop)
            units, ids = index_ids(str(path), stored[second])
            return Spikes(times, units, start, stop, ids, notes=(*notes, *more))
    raise DamagedFileError(
        f"{path} is no spike file (it holds {', '.join(map(repr, stored)) or 'nothing'}; arrays "
        "'times' and 'units', or 't' and 'i', are read)"
    )


def _read_ts_group(path: Path, described: bool) -> Spikes:
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = {name: file[name] for name in _NAP}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DamagedFileError(f"{path}: damaged or no spike file ({error})") from error
    if stored["type"].ravel()[:1] != "TsGroup":
        raise ValueError(f"{path}: must be a TsGroup of pynapple, got {stored['type']}")
    support = np.stack([stored["start"], stored["end"]], axis=1)
    units, ids = index_ids(str(path), stored["index"], stored["keys"])
    notes = ["metadata left out, since the file holds them as a pickle"] if described else []
    return Spikes(
        stored["t"], units, support.min(), support.max(), ids, observed=support, notes=notes
    )


def _read_sorting(
    stored: dict[str, NDArray[Any]], t_start: float | None, t_stop: float | None
) -> Spikes:
    n = int(stored.get("num_segment", [1])[0])
    if n > 1:
        raise ValueError(f"the sorting has {n} segments; choose one with SpikeInterface")
    rate = float(stored["sampling_frequency"][0])
    times = stored["spike_indexes_seg0"] / rate
    start, stop, notes = last_spike(times, t_start, t_stop)
    units, ids = index_ids("unit_ids", stored["spike_labels_seg0"], stored["unit_ids"])
    return Spikes(times, units, start, stop, ids, notes=notes)
