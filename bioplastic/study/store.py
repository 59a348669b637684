"""One folder for finished parts of studies: whole or not there, each of them once."""

from __future__ import annotations

import contextlib
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bioplastic.checkpoints.seconds import Seconds, seconds_of
from bioplastic.entries import Entries
from bioplastic.files import DamagedFileError, read_arrays, write_arrays
from bioplastic.locks import hold_lock
from bioplastic.study.packing import pack, unpack

__all__ = ["Store"]

_FORMAT = 1
_PARTS = "parts"


class Store(Entries):
    """A folder with one file per finished part, ``parts/FUNCTION/KEY.npz``.

    Several processes may use it at once. A part is computed by the process that holds its lock,
    and its file appears when it is complete.

    Parameters
    ----------
    folder : path-like
        Where to; made when the first part is kept.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> store.save("demo", "a1", xr.Dataset({"error": 0.25}), Seconds(1.0, 2.0), {"seed": 0})
    >>> part, seconds = store.load("demo", "a1")
    >>> float(part["error"]), seconds.cpu
    (0.25, 1.0)
    >>> [(entry.name, entry.key) for entry in store.list_entries()]
    [('demo', 'a1')]
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if not isinstance(folder, str | os.PathLike):
            raise TypeError(f"Store.folder: must be a path, got {folder!r}")
        super().__init__(Path(folder))

    def path(self, function: str, key: str) -> Path:
        """Return the file of a part, which need not exist."""
        return self.folder / _PARTS / re.sub(r"[^\w.-]", "-", function) / f"{key}.npz"

    def load(self, function: str, key: str) -> tuple[xr.Dataset, Seconds] | None:
        """Return a part and what it cost; None if there is none, or it is damaged.

        Warns
        -----
        UserWarning
            If the file is damaged; the part is then measured again.
        """
        path = self.path(function, key)
        try:
            return _decode(path, read_arrays(path, "stored part"))
        except FileNotFoundError:
            return None
        except DamagedFileError as error:
            warnings.warn(f"{error}; it is measured again", stacklevel=2)
            return None

    def save(
        self,
        function: str,
        key: str,
        part: xr.Dataset,
        seconds: Seconds,
        values: Mapping[str, Any],
    ) -> None:
        """Keep a part, atomically.

        Parameters
        ----------
        function, key : str
            Which part.
        part : Dataset
            Numbers, truth values or text.
        seconds : Seconds
            What it cost.
        values : mapping
            The values it was measured with, as JSON types, for people who look at the file.

        Raises
        ------
        TypeError
            If the part holds Python objects.
        OSError
            If it cannot be written.
        """
        path = self.path(function, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        about = {"format": _FORMAT, "values": dict(values), **seconds.stored()}
        arrays = {"part": np.array(json.dumps(about)), **pack(part, "data/")}
        write_arrays(path, arrays, compress=True)

    @contextlib.contextmanager
    def lock(self, function: str, key: str, patience: float = 0) -> Iterator[bool]:
        """Try to hold a part; yield whether this process may measure it.

        The lock of a process that ends is free, however it ends.

        Parameters
        ----------
        function, key : str
            Which part.
        patience : float, default 0
            Seconds to wait for another process.
        """
        path = self.path(function, key).with_suffix(".lock")
        path.parent.mkdir(parents=True, exist_ok=True)
        # who waits for a file that is removed finds the part
        with hold_lock(path, patience, remove=path.with_suffix(".npz").exists) as held:
            if held:
                for left in path.parent.glob(f".part-{key}.npz-*"):  # by a writer that was killed
                    left.unlink(missing_ok=True)
            yield held is not False

    def paths(self) -> list[Path]:
        """Return the file of every part."""
        return list((self.folder / _PARTS).glob("*/*.npz"))

    def name_of(self, path: Path) -> str:
        """Return the function that measured a part."""
        return path.parent.name


def _decode(path: Path, arrays: Mapping[str, NDArray[Any]]) -> tuple[xr.Dataset, Seconds]:
    try:
        about = json.loads(str(arrays["part"]))
        if about["format"] != _FORMAT:
            raise ValueError(f"format {about['format']}")
        return unpack(arrays, "data/"), seconds_of(about)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path}: damaged or no stored part ({error!r})") from error
