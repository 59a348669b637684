"""Recordings of N-MNIST from a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioplastic.datasets.folders import DATA_VARIABLE, local_folder, why_missing
from bioplastic.events import Events, load_events
from bioplastic.fields import checked
from bioplastic.files import DamagedFileError

__all__ = ["EventRecordings", "load_nmnist"]


class EventRecordings(NamedTuple):
    """Recordings of an event camera: ``X``, classes ``y``, and the number in each file name."""

    X: list[Events]
    y: NDArray[np.int64]
    ids: NDArray[np.int64]


@checked
def load_nmnist(root: str | os.PathLike[str] | None = None) -> EventRecordings:
    """Return recordings of N-MNIST, in order of their numbers.

    The folder holds files ``12.bs2`` or ``00012.bin``, either with a table ``labels.txt`` (number
    and class on each line) or, as published, in one folder per class. Recording ``k`` is that of
    the ``k``-th image of MNIST, counted from 1.

    Parameters
    ----------
    root : path-like, optional
        The folder; by default ``$BIOPLASTIC_DATA/nmnist``.

    Returns
    -------
    EventRecordings
        All recordings that are there.

    Raises
    ------
    FileNotFoundError
        If the folder is not there or holds none. The message says what to do.
    DamagedFileError
        If a recording is damaged or its class is not known.

    References
    ----------
    G. Orchard, A. Jayawant, G. Cohen and N. Thakor, Converting static image datasets to spiking
    neuromorphic datasets using saccades, Frontiers in Neuroscience 9:437, 2015.

    Examples
    --------
    >>> load_nmnist("no-such-folder")
    Traceback (most recent call last):
        ...
    FileNotFoundError: load_nmnist: no recordings (*.bin, *.bs2) below no-such-folder; set BIOPL...
    """
    folder = Path(root) if root is not None else local_folder("nmnist")
    if folder is None:
        raise FileNotFoundError(f"load_nmnist: {why_missing('nmnist')}; set it, or give root=")
    files = sorted(
        (path for path in folder.rglob("*.b*") if re.fullmatch(r"\d+\.(bin|bs2)", path.name)),
        key=lambda path: int(path.stem),
    )
    if not files:
        raise FileNotFoundError(
            f"load_nmnist: no recordings (*.bin, *.bs2) below {folder}; set {DATA_VARIABLE} to a "
            f"folder that holds 'nmnist', or give root="
        )
    known: dict[int, int] = {}
    table = folder / "labels.txt"
    if table.is_file():
        try:
            known = {int(k): int(c) for k, c in np.loadtxt(table, dtype=int, ndmin=2)}
        except ValueError as error:
            raise DamagedFileError(f"{table}: must hold number and class ({error})") from None
    labels = []
    for path in files:
        label = known.get(int(path.stem))
        if label is None and re.fullmatch(r"\d", path.parent.name):
            label = int(path.parent.name)
        if label is None:
            raise DamagedFileError(f"{path}: its class is neither in {table} nor its folder's name")
        labels.append(label)
    recordings = [load_events(path, format="nmnist") for path in files]
    return EventRecordings(recordings, np.array(labels), np.array([int(p.stem) for p in files]))
