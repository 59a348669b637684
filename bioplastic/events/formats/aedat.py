"""AEDAT2 of jAER, and AEDAT4 of DV through the package ``aedat``.

AEDAT2 holds pairs of 32-bit words, big-endian: address and time in microseconds. What the bits of
an address mean depends on the camera; the layouts are those of jAER and of the loaders that
followed it. Rows and columns are as in the address, not mirrored. No recording of these cameras was
at hand to check them.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bioplastic.events.formats.words import Raw, header_lines, unwrap, whole_words

__all__ = ["CAMERAS", "read_aedat2", "read_aedat4"]


class _Camera(NamedTuple):
    """Bits of an address: shift and mask of column, row and polarity; which are no events."""

    size: tuple[int, int]
    x: tuple[int, int]
    y: tuple[int, int]
    p: int
    on: int = 1
    other: int = 0


CAMERAS = {
    "dvs128": _Camera((128, 128), (1, 0x7F), (8, 0x7F), 0, on=0, other=0x8000),
    "davis240": _Camera((240, 180), (12, 0x3FF), (22, 0x1FF), 11, other=0x80000400),
    "davis346": _Camera((346, 260), (12, 0x3FF), (22, 0x1FF), 11, other=0x80000400),
}


def read_aedat2(content: bytes, camera: str | None) -> Raw:
    """Read the changes of brightness; frames, motion sensor and triggers are left out.

    Raises
    ------
    ValueError
        Without the camera.
    """
    if camera not in CAMERAS:
        raise ValueError(
            f"AEDAT2 does not say what its addresses mean: camera= must be one of "
            f"{', '.join(CAMERAS)}, got {camera!r}"
        )
    layout = CAMERAS[camera]
    lines, start = header_lines(content, b"#")
    if lines and lines[0].startswith("!AER-DAT") and not lines[0].startswith("!AER-DAT2"):
        raise ValueError(f"the header says {lines[0][1:]}; readable are AER-DAT2 and AER-DAT4")
    data = whole_words(content, start, [("address", ">u4"), ("t", ">u4")])
    address = data["address"].astype(np.int64)
    seen = (address & layout.other) == 0
    keep = np.flatnonzero(seen)
    address = address[keep]
    x, y = ((address >> shift) & mask for shift, mask in (layout.x, layout.y))
    return Raw(
        unwrap(data["t"], 32)[keep], x, y, ((address >> layout.p) & 1) == layout.on,
        start + 8 * keep, layout.size, {"no change of brightness": int((~seen).sum())},
    )  # fmt: skip


def read_aedat4(path: Path) -> Raw:
    """Read the first stream of events.

    Raises
    ------
    ImportError
        Without the package ``aedat``.
    ValueError
        If the file holds no events.
    """
    try:
        aedat: Any = importlib.import_module("aedat")
    except ImportError:
        raise ImportError(f"{path}: AEDAT4 needs the package aedat (pip install aedat)") from None
    decoder = aedat.Decoder(str(path))
    streams = {
        key: value for key, value in decoder.id_to_stream().items() if value["type"] == "events"
    }
    if not streams:
        raise ValueError("it holds no events")
    chosen = min(streams)
    packets = [packet["events"] for packet in decoder if packet["stream_id"] == chosen]
    size = (int(streams[chosen]["width"]), int(streams[chosen]["height"]))
    if not packets:
        nothing = np.zeros(0, np.int64)
        return Raw(nothing, nothing, nothing, nothing, size=size)
    events = np.concatenate(packets)
    return Raw(events["t"], events["x"], events["y"], events["on"], size=size)
