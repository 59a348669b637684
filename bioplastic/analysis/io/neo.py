"""Neo's trains, segments, blocks, and the files that Neo reads without executing anything."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from bioplastic.analysis._observed import merge
from bioplastic.analysis.io.parts import Spikes, Trains, id_array, import_extra

__all__ = ["NEO_READERS", "make_neo", "make_neo_block", "read_neo", "read_neo_file"]

NEO_READERS = frozenset({
    "AlphaOmegaIO", "AsciiSpikeTrainIO", "AxographIO", "AxonaIO", "AxonIO", "BCI2000IO", "BiocamIO",
    "BlackrockIO", "BrainVisionIO", "BrainwareF32IO", "BrainwareSrcIO", "EDFIO", "ElanIO",
    "IntanIO", "KlustaKwikIO", "KwikIO", "MaxwellIO", "MedIO", "MicromedIO", "NeoMatlabIO",
    "NestIO", "NeuralynxIO", "NeuroExplorerIO", "NeuroNexusIO", "NeuroScopeIO", "NixIO",
    "OpenEphysIO", "OpenEphysBinaryIO", "PlexonIO", "RawMCSIO", "Spike2IO", "SpikeGadgetsIO",
    "SpikeGLXIO", "TdtIO", "WinEdrIO", "WinWcpIO",
})  # fmt: skip
"""The readers of Neo that may be reached: they know spikes, and decode bytes only.

Left out are those that unpickle or evaluate (PickleIO, ElphyIO), that load a vendor's library or
start a program (CedIO, NeurosharectypesIO, Plexon2IO, StimfitIO, MEArecIO), and those with a reader
of our own (NWBIO, PhyIO)."""

_ID_NAMES = ("unit_id", "id", "cluster_id", "sender", "gid")


def read_neo(source: Any) -> Spikes:
    """Read trains, a segment or a block.

    Units are known by an annotation (``unit_id``, ``id``, ...) that differs between all trains of a
    segment, else by their place. Segments that follow one another in time are stretches of one
    recording; segments that share their time are trials. Each train was observed in its own window.

    Raises
    ------
    TypeError, ValueError
        If there are no trains, or the units of the segments differ.
    """
    place = "SpikeTrains.from_neo.spiketrains"
    neo = import_extra("neo", "spikes")
    if isinstance(source, neo.Block):
        segments = [list(segment.spiketrains) for segment in source.segments]
    elif isinstance(source, neo.Segment):
        segments = [list(source.spiketrains)]
    elif isinstance(source, neo.SpikeTrain):
        segments = [[source]]
    else:
        parts = list(source)
        nested = bool(parts) and all(isinstance(part, (list, tuple)) for part in parts)
        segments = [list(part) for part in parts] if nested else [parts]
    segments = [segment for segment in segments if segment]
    if not segments:
        raise ValueError(f"{place}: must hold at least one train")
    for train in (train for segment in segments for train in segment):
        if not isinstance(train, neo.SpikeTrain):
            raise TypeError(f"{place}: must hold neo.SpikeTrain, got {type(train).__name__}")
    ids, positions = _find_units(place, segments)
    n_units = len(ids)
    windows = [
        [(float(t.t_start.rescale("s")), float(t.t_stop.rescale("s"))) for t in segment]
        for segment in segments
    ]
    marked = [segment[0].annotations.get("trial") for segment in segments]
    if all(isinstance(mark, (int, np.integer)) for mark in marked):
        trials = [int(mark) for mark in marked]
    else:
        trials = list(range(len(segments)))
        if _follow(windows, positions, n_units):
            trials = [0] * len(segments)
    n_trials = max(trials) + 1
    rows: list[list[tuple[float, float]]] = [[] for _ in range(n_units * n_trials)]
    times, units, owner = [], [], []
    labels = [""] * n_units
    for segment, trial, edges, places in zip(segments, trials, windows, positions, strict=True):
        for train, (begin, end), unit in zip(segment, edges, places, strict=True):
            # rescaling may move a spike beyond the edge by one rounding
            seconds = np.asarray(train.rescale("s").magnitude, dtype=float)
            times.append(np.clip(seconds, begin, end))
            units.append(np.full(seconds.size, unit))
            owner.append(np.full(seconds.size, trial))
            rows[trial * n_units + unit].append((begin, end))
            labels[unit] = labels[unit] or str(train.name or "")
    every = [edge for row in rows for edge in row]
    start, stop = min(edge[0] for edge in every), max(edge[1] for edge in every)
    if stop <= start:
        raise ValueError(f"{place}: must span some time, got t_start = t_stop = {start:g} s")
    slack = 1e-9 * (stop - start)
    observed = [_snap(np.array(row).reshape(-1, 2), start, stop, slack) for row in rows]
    return Spikes(
        np.concatenate(times),
        np.concatenate(units),
        start,
        stop,
        trials=np.concatenate(owner) if n_trials > 1 else None,
        n_trials=n_trials if n_trials > 1 else None,
        ids=ids,
        observed=observed,
        labels={"name": labels} if any(labels) else {},
    )


def _find_units(place: str, segments: list[list[Any]]) -> tuple[Any, list[list[int]]]:
    """Return the ids of the units, and which unit each train of each segment is."""
    for name in _ID_NAMES:
        keys = [[train.annotations.get(name) for train in segment] for segment in segments]
        if all(
            None not in segment and len({str(key) for key in segment}) == len(segment)
            for segment in keys
        ):
            flat: dict[Any, None] = {}
            for segment in keys:
                flat.update(dict.fromkeys(np.asarray(key).item() for key in segment))
            try:
                ids = id_array(place, list(flat))
            except TypeError:
                continue
            known = {key: k for k, key in enumerate(flat)}
            return ids, [[known[np.asarray(key).item()] for key in segment] for segment in keys]
    if len({len(segment) for segment in segments}) > 1:
        raise ValueError(
            f"{place}: must hold the same number of trains in every segment, or trains with an "
            "annotation unit_id"
        )
    size = len(segments[0])
    return np.arange(size), [list(range(size)) for _ in segments]


def _follow(
    windows: list[list[tuple[float, float]]], positions: list[list[int]], n_units: int
) -> bool:
    """Tell whether the windows of every unit come one after the other."""
    for unit in range(n_units):
        own = sorted(
            edges[places.index(unit)]
            for edges, places in zip(windows, positions, strict=True)
            if unit in places
        )
        if any(later[0] < earlier[1] for earlier, later in itertools.pairwise(own)):
            return False
    return True


def _snap(edges: Any, start: float, stop: float, slack: float) -> Any:
    """Move what differs from the window by rounding onto it."""
    edges = np.where(np.abs(edges - start) <= slack, start, edges)
    edges = np.where(np.abs(edges - stop) <= slack, stop, edges)
    return merge(edges)


def read_neo_file(path: Path) -> Spikes:
    """Read a file or folder by the first of `NEO_READERS` that can.

    Raises
    ------
    ValueError
        If none can, or the file holds no spikes or several blocks.
    """
    neo_io = import_extra("neo.io", "spikes")
    neo = import_extra("neo", "spikes")
    try:
        candidates = list(neo_io.list_candidate_ios(str(path)))
    except Exception as error:  # Neo says in many ways that it does not know a file
        raise ValueError(
            f"{path}: neither bioplastic nor Neo can read it ({_line(error)})"
        ) from None
    if path.is_dir():
        candidates = [r for r in candidates if r.mode == "dir" and r.__name__ != "PhyIO"]
        if not candidates:
            raise ValueError(f"{path}: is a folder without spike files that Neo or phy knows")
    trusted = [reader for reader in candidates if reader.__name__ in NEO_READERS]
    if not trusted:
        names = ", ".join(sorted({reader.__name__ for reader in candidates})) or "no reader"
        raise ValueError(
            f"{path}: is not read, since {names} of Neo may execute what a file holds, needs a "
            "vendor's library, or knows no spikes; save it as NWB or npz"
        )
    errors = []
    for reader in trusted:
        try:
            stream = reader(str(path))
            lazy = {"lazy": True} if stream.support_lazy else {}
            blocks = stream.read(**lazy) if neo.Block in stream.readable_objects else None
            if blocks is None:
                blocks = [neo.Block()]
                blocks[0].segments.append(stream.read_segment())
            for block in blocks if lazy else ():
                for segment in block.segments:
                    segment.spiketrains = [train.load() for train in segment.spiketrains]
        except Exception as error:
            errors.append(f"{reader.__name__}: {_line(error)}")
            continue
        if len(blocks) != 1:
            raise ValueError(
                f"{path}: holds {len(blocks)} blocks; choose one with SpikeTrains.from_neo"
            )
        try:
            return read_neo(blocks[0])
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    raise ValueError(f"{path}: neither bioplastic nor Neo can read it ({'; '.join(errors)})")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def make_neo(trains: Trains) -> Any:
    """Return a list of trains; with trials or gaps a list of such lists, one for each stretch.

    A train has the window of its stretch, and the id of its unit as annotation ``unit_id`` and its
    number of trial as ``trial``. So Elephant sees no interval across a gap.
    """
    neo = import_extra("neo", "spikes")
    groups = []
    for trial in range(trains.n_trials):
        stretches = [trains.observed_of(unit, trial) for unit in range(trains.n_units)]
        for k in range(max((len(part) for part in stretches), default=0) or 1):
            group = []
            for unit in range(trains.n_units):
                if k >= len(stretches[unit]):
                    continue
                begin, end = stretches[unit][k]
                times = trains.of_unit(unit, trial)
                chosen = times[(times >= begin) & (times <= end)]
                more: dict[str, Any] = {"unit_id": trains.ids[unit].item()}
                if trains.trials is not None:
                    more["trial"] = trial
                if "name" in trains.labels:
                    more["name"] = str(trains.labels["name"][unit])
                group.append(neo.SpikeTrain(chosen, units="s", t_start=begin, t_stop=end, **more))
            groups.append(group)
    return groups[0] if len(groups) == 1 and trains.trials is None else groups


def make_neo_block(trains: Trains) -> Any:
    """Return a ``neo.Block`` with one segment for each list of `make_neo`."""
    neo = import_extra("neo", "spikes")
    groups = make_neo(trains)
    if groups and not isinstance(groups[0], list):
        groups = [groups]
    block = neo.Block(name="spike trains")
    for group in groups:
        segment = neo.Segment()
        segment.spiketrains.extend(group)
        block.segments.append(segment)
    return block
