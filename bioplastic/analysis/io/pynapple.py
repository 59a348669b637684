"""Groups of time stamps of pynapple."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioplastic.analysis.io.parts import Spikes, Trains, id_array, import_extra, plain_labels

__all__ = ["make_pynapple", "read_pynapple"]


def read_pynapple(source: Any) -> Spikes:
    """Read a ``TsGroup``; its time support is when all units were observed.

    Raises
    ------
    TypeError
        If it is no ``TsGroup``.
    """
    nap = import_extra("pynapple", "spikes")
    if not isinstance(source, nap.TsGroup):
        raise TypeError(f"SpikeTrains.from_pynapple.source: must be a TsGroup, got {source!r:.80}")
    ids = id_array("SpikeTrains.from_pynapple.source", source.index)
    trains = [np.asarray(source[key].t) for key in source.index]
    edges = np.stack([source.time_support.start, source.time_support.end], axis=1)
    labels = {name: source.get_info(name) for name in source.metadata_columns if name != "rate"}
    return Spikes(
        np.concatenate([np.zeros(0), *trains]),
        np.repeat(np.arange(ids.size), [train.size for train in trains]),
        edges.min(),
        edges.max(),
        ids=ids,
        observed=edges,
        labels=plain_labels(labels, ids.size),
    )


def make_pynapple(trains: Trains) -> Any:
    """Return a ``TsGroup`` with the labels as metadata.

    Raises
    ------
    ValueError
        If there are trials, or units observed at different times, or ids that are text.
    """
    place = "SpikeTrains.to_pynapple"
    nap = import_extra("pynapple", "spikes")
    if trains.trials is not None:
        raise ValueError(f"{place}: a TsGroup has no trials; select one")
    if trains.ids.dtype.kind == "U":
        raise ValueError(f"{place}: a TsGroup has whole numbers as ids, got text")
    support = np.array([[trains.t_start, trains.t_stop]])
    if trains.n_units:
        support = trains.observed_of(0)
    for unit in range(trains.n_units):
        if not np.array_equal(trains.observed_of(unit), support):
            raise ValueError(
                f"{place}: a TsGroup has one time support, but units {trains.ids[0]} and "
                f"{trains.ids[unit]} were observed at different times"
            )
    return nap.TsGroup(
        {
            int(trains.ids[unit]): nap.Ts(np.array(trains.of_unit(unit)))
            for unit in range(trains.n_units)
        },
        time_support=nap.IntervalSet(support[:, 0], support[:, 1]),
        metadata={name: np.array(values) for name, values in trains.labels.items()},
    )
