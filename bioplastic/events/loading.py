"""Read recordings of event cameras."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from brian2 import Quantity, second, usecond

from bioplastic.events.events import Events
from bioplastic.events.formats.aedat import read_aedat2, read_aedat4
from bioplastic.events.formats.nmnist import read_nmnist
from bioplastic.events.formats.prophesee import read_dat, read_evt2, read_evt3, read_prophesee
from bioplastic.events.formats.tables import read_npy, read_npz, read_text
from bioplastic.events.formats.words import Raw
from bioplastic.files import DamagedFileError, check_memory
from bioplastic.validation import check_choice, check_quantity

__all__ = ["EventFormat", "load_events"]

EventFormat = Literal["nmnist", "dat", "evt2", "evt3", "aedat2", "aedat4", "npz", "npy", "csv"]

_WORDS = {
    "nmnist": read_nmnist, "dat": read_dat, "evt2": read_evt2, "evt3": read_evt3,
    "prophesee": read_prophesee,
}  # fmt: skip
_FILES = {"npz": read_npz, "npy": read_npy, "csv": read_text, "aedat4": read_aedat4}
_SUFFIXES = {
    ".bin": "nmnist", ".bs2": "nmnist", ".csv": "csv", ".txt": "csv", ".tsv": "csv",
}  # fmt: skip
_MAGIC = (
    (b"#!AER-DAT4", "aedat4"), (b"#!AER-DAT2", "aedat2"), (b"#!AER-DAT1", "AEDAT1"),
    (b"#!AER-DAT3", "AEDAT3"), (b"\x89HDF", "HDF5"), (b"PK\x03\x04", "npz"),
    (b"PK\x05\x06", "npz"), (b"\x93NUMPY", "npy"), (b"% ", "prophesee"),
)  # fmt: skip


def load_events(
    path: str | os.PathLike[str],
    *,
    format: EventFormat | None = None,
    size: tuple[int, int] | None = None,
    camera: str | None = None,
    time_unit: Quantity = usecond,
) -> Events:
    """Read a recording of an event camera.

    The format is seen from the first bytes, or from the name where it has no mark of its own
    (``.bin``, ``.bs2``: N-MNIST; ``.csv``, ``.txt``: text).

    Parameters
    ----------
    path : path-like
        The file. Nothing in it is executed.
    format : {'nmnist', 'dat', 'evt2', 'evt3', 'aedat2', 'aedat4', 'npz', 'npy', 'csv'}, optional
        Needed where neither content nor name tells it.
    size : tuple of int, optional
        Width and height of the sensor. By default what the file or the format says, or else up to
        the largest column and row that occur.
    camera : {'dvs128', 'davis240', 'davis346'}, optional
        For AEDAT2, which does not say what its addresses mean.
    time_unit : Quantity, default 1 us
        Of the times in text and arrays.

    Returns
    -------
    Events
        Sorted, the first at 0. ``dropped`` tells what was left out.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If the file is truncated, of no known format, or holds an event outside the sensor; the
        message names the byte.
    ImportError
        For AEDAT4 without the package ``aedat``.

    Notes
    -----
    Formats: N-MNIST and N-Caltech101 (5 bytes), Prophesee DAT, EVT2 and EVT3, AEDAT2 of jAER,
    AEDAT4 of DV, arrays of numpy, text. AEDAT3, EVT 2.1 and HDF5 are refused by name; what another
    library read goes through `Events.from_structured`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "00001.bin"
    ...     _ = path.write_bytes(bytes([3, 4, 0x80, 0, 10, 5, 4, 0, 1, 0]))
    ...     load_events(path)
    Events(2 events, 34 x 34 pixels, 0.246 ms)
    """
    file = Path(path)
    if format is not None:
        check_choice("load_events.format", format, get_args(EventFormat))
    check_quantity("load_events.time_unit", time_unit, second, positive=True)
    with file.open("rb") as stream:
        head = stream.read(16)
    kind = format or _recognise(file, head)
    try:
        check_memory(file.stat().st_size)
        if kind in _FILES:
            raw = _FILES[kind](file)
        elif kind == "aedat2":
            raw = read_aedat2(file.read_bytes(), camera)
        else:
            raw = _WORDS[kind](file.read_bytes())
        return _assemble(raw, kind, size, time_unit)
    except DamagedFileError:
        raise
    except (ValueError, TypeError, EOFError, OverflowError) as error:
        text = str(error).removeprefix(f"{file}: ")
        raise DamagedFileError(f"{file}: {text}") from error


def _recognise(file: Path, head: bytes) -> str:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            if kind in ("AEDAT1", "AEDAT3", "HDF5"):
                raise DamagedFileError(
                    f"{file}: {kind} is not read here; read it with the library of the camera and "
                    f"hand the array to Events.from_structured"
                )
            return kind
    kind = _SUFFIXES.get(file.suffix.lower(), "")
    if not kind:
        raise DamagedFileError(
            f"{file}: neither its first bytes ({head[:8].hex(' ') or 'none'}) nor its name tell "
            f"the format; name it with format="
        )
    return kind


def _assemble(raw: Raw, kind: str, size: tuple[int, int] | None, time_unit: Quantity) -> Events:
    size = size or raw.size
    if size is not None:
        outside = (raw.x < 0) | (raw.x >= size[0]) | (raw.y < 0) | (raw.y >= size[1])
        if outside.any():
            k = int(np.argmax(outside))
            where = f"at byte {raw.offsets[k]}" if raw.offsets is not None else f"number {k}"
            hint = "; N-Caltech101 has this layout too: give size=" if kind == "nmnist" else ""
            raise ValueError(
                f"event {where}: x = {raw.x[k]}, y = {raw.y[k]} lies outside the {size[0]} x "
                f"{size[1]} pixels of the sensor{hint}"
            )
    t = raw.t
    if kind in ("npz", "npy", "csv") and (time_unit != usecond or np.asarray(t).dtype.kind == "f"):
        if time_unit == usecond and (t != np.floor(t)).any():
            raise ValueError("times are no whole microseconds: give time_unit=, perhaps second")
        t = np.asarray(t) * time_unit
    return Events.from_arrays(t, raw.x, raw.y, raw.p, size=size, dropped=raw.dropped)
