"""Folders of Kilosort and phy: arrays, ``params.py`` and tables of clusters."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bioplastic.analysis.io.parts import Spikes, index_ids, last_spike
from bioplastic.files import DamagedFileError

__all__ = ["is_phy_folder", "read_phy"]

_QUALITY = ("group", "KSLabel")


def is_phy_folder(path: Path) -> bool:
    """Tell whether a folder holds what Kilosort and phy write."""
    return (path / "spike_times.npy").is_file()


def read_phy(
    path: Path,
    groups: str | Sequence[str] | None = None,
    sampling_rate: float | None = None,
    t_stop: float | None = None,
) -> Spikes:
    """Read the clusters of a folder.

    Raises
    ------
    ValueError
        If an array is damaged, the sampling rate is unknown, or no cluster is in the groups.
    """
    path = Path(path)
    params = _read_params(path / "params.py")
    if sampling_rate is None:
        sampling_rate = params.get("sample_rate")
        if not isinstance(sampling_rate, (int, float)) or not sampling_rate > 0:
            raise ValueError(
                f"{path}: params.py states no sample_rate; say --sampling-rate (sampling_rate=)"
            )
    samples = _load(path / "spike_times.npy")
    named = path / "spike_clusters.npy"
    clusters = _load(named if named.is_file() else path / "spike_templates.npy")
    if samples.size != clusters.size:
        raise DamagedFileError(
            f"{path}: spike_times.npy has {samples.size} entries, {named.name} {clusters.size}"
        )
    units, ids = index_ids(str(path), clusters)
    labels = _read_labels(path, ids)
    quality = next((labels[name] for name in _QUALITY if name in labels), None)
    notes = []
    if quality is not None:
        quality = np.where(quality == "", "unsorted", quality)
        labels["group"] = quality
        wanted = groups.split(",") if isinstance(groups, str) else groups
        keep = quality != "noise" if wanted is None else np.isin(quality, list(wanted))
        present = {str(name): int((quality == name).sum()) for name in np.unique(quality)}
        if not keep.any():
            raise ValueError(f"{path}: no cluster is in groups {wanted}, only {present}")
        notes.append(_say_groups(present, sorted({str(name) for name in quality[keep]})))
        chosen = keep[units]
        samples, units = samples[chosen], (np.cumsum(keep, dtype=np.int32) - 1)[units[chosen]]
        ids, labels = ids[keep], {name: values[keep] for name, values in labels.items()}
    elif groups is not None:
        raise ValueError(f"{path}: states no group of its clusters (cluster_group.tsv)")
    times = samples / float(sampling_rate)
    if t_stop is None:
        t_stop = _recording_end(path, params, float(sampling_rate))
    start, stop, more = last_spike(times, 0.0, t_stop)
    notes.append(f"sampling rate {float(sampling_rate):g} Hz")
    return Spikes(times, units, start, stop, ids, labels=labels, notes=(*notes, *more))


def _say_groups(present: dict[str, int], kept: list[str]) -> str:
    text = "groups of clusters: " + ", ".join(f"{name} ({present[name]})" for name in kept)
    left = [f"{name} ({n})" for name, n in present.items() if name not in kept]
    return f"{text}; left out: {', '.join(left)}" if left else text


def _read_params(path: Path) -> dict[str, Any]:
    """Return the literals that are assigned in ``params.py``, which is not executed."""
    if not path.is_file():
        return {}
    try:
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise DamagedFileError(f"{path}: is no file of parameters ({error})") from None
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue  # an expression; what it would be is not needed
    return found


def _load(path: Path) -> NDArray[Any]:
    if not path.is_file():
        raise DamagedFileError(f"{path}: is missing")
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DamagedFileError(f"{path}: damaged or no array ({error})") from error
    if array.dtype.kind not in "iuf" or array.size != max(array.shape, default=0):
        raise DamagedFileError(f"{path}: must be one column of numbers, got shape {array.shape}")
    flat = array.reshape(-1)
    if flat.dtype.kind == "f" and (flat % 1).any():
        raise DamagedFileError(f"{path}: must hold whole numbers")
    return np.asarray(flat, dtype=np.int64)


def _read_labels(path: Path, ids: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return a column for each property in ``cluster_info.tsv`` and the other ``cluster_*.tsv``."""
    labels: dict[str, NDArray[Any]] = {}
    files = sorted(path.glob("cluster_*.tsv")) + sorted(path.glob("cluster_*.csv"))
    files.sort(key=lambda file: file.name.startswith("cluster_info"))  # single files are newer
    for file in files:
        try:
            table = pd.read_csv(file, sep=None, engine="python", dtype=str, keep_default_na=False)
        except (ValueError, UnicodeError) as error:
            raise DamagedFileError(f"{file}: is no table ({error})") from None
        key = next((name for name in ("cluster_id", "id") if name in table), None)
        if key is None:
            continue
        rows = table.set_index(pd.to_numeric(table[key], errors="coerce")).drop(columns=key)
        rows = rows[~rows.index.duplicated()].reindex(ids)
        for name in rows.columns:
            if str(name) not in labels:
                labels[str(name)] = _simplest(rows[name])
    return labels


def _simplest(column: Any) -> NDArray[Any]:
    text = column.fillna("").to_numpy(dtype=str)
    try:
        return np.array([float(cell) if cell else np.nan for cell in text])
    except ValueError:
        return np.asarray(text)


def _recording_end(path: Path, params: dict[str, Any], rate: float) -> float | None:
    """Return the length of the recording where its file is still there."""
    try:
        name = params["dat_path"]
        name = name[0] if isinstance(name, list) else name
        data = path / name
        size = np.dtype(params["dtype"]).itemsize * int(params["n_channels_dat"])
        count = (data.stat().st_size - int(params.get("offset", 0))) // size
    except (KeyError, IndexError, TypeError, ValueError, OSError, ZeroDivisionError):
        return None
    return count / rate if count > 0 else None
