"""Any spike file or folder, by what it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bioplastic.analysis.io.neo import read_neo_file
from bioplastic.analysis.io.npz import read_other_npz
from bioplastic.analysis.io.nwb import read_nwb
from bioplastic.analysis.io.parts import Spikes
from bioplastic.analysis.io.phy import is_phy_folder, read_phy
from bioplastic.analysis.io.spikeinterface import is_sorting_folder, read_sorting_folder
from bioplastic.analysis.io.table import read_table

__all__ = ["read_file"]

_TEXT = (".csv", ".txt", ".tsv", ".gdf")
_EXECUTED = (".pkl", ".pickle", ".p", ".joblib", ".dill", ".py")


def read_file(
    path: Path,
    *,
    time_unit: str | None,
    columns: str | Sequence[str] | None,
    groups: str | Sequence[str] | None,
    sampling_rate: float | None,
    t_start: float | None,
    t_stop: float | None,
) -> Spikes | None:
    """Read a file by its ending; None for a file of `SpikeTrains.save`.

    Raises
    ------
    ValueError
        If the file holds no spikes of a known form, or an option has no meaning for it.
    FileNotFoundError
        If there is nothing at the path.
    """
    ending = path.suffix.lower()
    if path.is_dir():
        kind = "sorting" if is_sorting_folder(path) else "phy" if is_phy_folder(path) else "neo"
    elif not path.exists():
        raise FileNotFoundError(f"{path} does not exist")
    elif ending in _EXECUTED:
        raise ValueError(f"{path}: is not read, since reading it would execute it; save it as npz")
    else:
        kind = {".npz": "npz", ".nwb": "nwb", **dict.fromkeys(_TEXT, "table")}.get(ending, "neo")
    _refuse_options(
        path,
        kind,
        {
            "--time-unit": (time_unit, ("npz", "table")),
            "--columns": (columns, ("table",)),
            "--quality": (groups, ("phy",)),
            "--sampling-rate": (sampling_rate, ("npz", "table", "phy")),
            "--t-start": (t_start, ("npz", "nwb", "table")),
            "--t-stop": (t_stop, ("npz", "nwb", "table", "phy", "sorting")),
        },
    )
    if kind == "sorting":
        return read_sorting_folder(path, t_stop)
    if kind == "phy":
        return read_phy(path, groups, sampling_rate, t_stop)
    if kind == "npz":
        return read_other_npz(path, time_unit, sampling_rate, t_start, t_stop)
    if kind == "nwb":
        return read_nwb(path, t_start, t_stop)
    if kind == "table":
        return read_table(path, columns, time_unit, sampling_rate, t_start, t_stop)
    return read_neo_file(path)


def _refuse_options(
    path: Path, kind: str, options: dict[str, tuple[object, tuple[str, ...]]]
) -> None:
    """Refuse what the file itself states, rather than leave it unused."""
    for name, (value, kinds) in options.items():
        if value is not None and kind not in kinds:
            raise ValueError(f"{path}: {name} has no meaning for this file, which states it itself")
