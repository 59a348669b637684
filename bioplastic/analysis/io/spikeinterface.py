"""Sortings of SpikeInterface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bioplastic.analysis.io.parts import Spikes, id_array, last_spike, plain_labels
from bioplastic.files import DamagedFileError, read_json

__all__ = ["is_sorting_folder", "read_sorting", "read_sorting_folder"]


def read_sorting(source: Any, t_stop: float | None = None) -> Spikes:
    """Read a sorting; several segments become trials, with their own lengths where these are known.

    Raises
    ------
    TypeError
        If it is no sorting.
    """
    needed = ("unit_ids", "get_unit_spike_train_in_seconds", "get_num_segments", "has_recording")
    if not all(hasattr(source, name) for name in needed):
        raise TypeError(
            f"SpikeTrains.from_spikeinterface.sorting: must be a sorting, got {source!r:.80}"
        )
    n_units, n_segments = len(source.unit_ids), source.get_num_segments()
    times, units, trials, edges = [], [], [], []
    notes: list[str] = []
    for segment in range(n_segments):
        found = [
            np.asarray(source.get_unit_spike_train_in_seconds(unit, segment), dtype=float)
            for unit in source.unit_ids
        ]
        flat = np.concatenate([np.zeros(0), *found])
        times.append(flat)
        units.append(np.repeat(np.arange(n_units), [train.size for train in found]))
        trials.append(np.full(flat.size, segment))
        start = float(source.get_start_time(segment) or 0.0)
        stop = t_stop
        if stop is None and source.has_recording():
            stop = start + source.get_num_samples(segment) / source.sampling_frequency
            if source.has_time_vector(segment):
                stop = float(source.get_times(segment)[-1]) + 1 / source.sampling_frequency
        start, stop, note = last_spike(flat, start, stop)
        notes += [text for text in note if text not in notes]
        edges.append(np.array([[start, stop]]))
    several = n_segments > 1
    labels = {key: source.get_property(key) for key in source.get_property_keys()}
    return Spikes(
        np.concatenate(times),
        np.concatenate(units),
        min(edge[0, 0] for edge in edges),
        max(edge[0, 1] for edge in edges),
        ids=id_array("SpikeTrains.from_spikeinterface.sorting", source.unit_ids),
        trials=np.concatenate(trials) if several else None,
        n_trials=n_segments if several else None,
        observed=[edge for edge in edges for _ in range(n_units)] if several else None,
        labels=plain_labels(labels, n_units),
        notes=notes,
    )


def is_sorting_folder(path: Path) -> bool:
    """Tell whether a folder holds what ``sorting.save(folder=...)`` writes."""
    return (path / "numpysorting_info.json").is_file()


def read_sorting_folder(path: Path, t_stop: float | None = None) -> Spikes:
    """Read a sorting of one segment from its folder, without SpikeInterface, which may unpickle.

    Raises
    ------
    ValueError
        If it is damaged or has several segments.
    """
    info = read_json(path / "numpysorting_info.json")
    try:
        spikes = np.load(path / "spikes.npy", allow_pickle=False)
        ids = id_array(str(path), info["unit_ids"])
        times = spikes["sample_index"] / float(info["sampling_frequency"])
        units, n_segments = spikes["unit_index"], int(info["num_segments"])
        labels = {
            file.stem: np.load(file, allow_pickle=False)
            for file in sorted((path / "properties").glob("*.npy"))
        }
    except (OSError, ValueError, KeyError, TypeError, IndexError, EOFError) as error:
        raise DamagedFileError(f"{path}: damaged or no sorting ({error})") from error
    if n_segments != 1:
        raise ValueError(f"{path}: has {n_segments} segments; choose one with SpikeInterface")
    start, stop, notes = last_spike(times, None, t_stop)
    return Spikes(
        times, units, start, stop, ids, labels=plain_labels(labels, ids.size), notes=notes
    )
