"""Sortings of SpikeInterface."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioplastic.analysis.io.parts import Spikes, id_array, last_spike, plain_labels

__all__ = ["read_sorting"]


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
