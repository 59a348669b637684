"""DAT, EVT2 and EVT3, the formats of Prophesee cameras.

Words are little-endian; text lines that begin with ``%`` come first. The layouts are those of the
documentation of the manufacturer (docs.prophesee.ai, "Data encoding formats").
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from bioplastic.events.formats.words import Raw, header_lines, unwrap, whole_words

__all__ = ["read_dat", "read_evt2", "read_evt3", "read_prophesee"]

_SIZES = (
    re.compile(r"width=(?P<width>\d+).*", re.I),
    re.compile(r"width\s+(?P<width>\d+)", re.I),
    re.compile(r"height=(?P<height>\d+).*", re.I),
    re.compile(r"height\s+(?P<height>\d+)", re.I),
    re.compile(r"geometry\s+(?P<width>\d+)x(?P<height>\d+)", re.I),
)


def read_prophesee(content: bytes) -> Raw:
    """Read a file that says in its header which format it has.

    Raises
    ------
    ValueError
        If it does not, or names another one.
    """
    lines, _ = header_lines(content, b"% ", b"% end")
    text = "\n".join(lines)
    named = re.search(r"\bevt\s*(\d(?:\.\d)?)\b", text, re.I)
    if named is None and re.search(r"data file containing|^version\s", text, re.I | re.M):
        return read_dat(content)
    readers = {"2": read_evt2, "2.0": read_evt2, "3": read_evt3, "3.0": read_evt3}
    if named is None or named[1] not in readers:
        what = f"EVT {named[1]}" if named else "neither EVT2, EVT3 nor DAT"
        raise ValueError(f"the header says {what}; readable are EVT2, EVT3 and DAT (format=)")
    return readers[named[1]](content)


def _header(content: bytes) -> tuple[list[str], int, tuple[int, int] | None]:
    lines, start = header_lines(content, b"% ", b"% end")
    found: dict[str, int] = {}
    for line in lines:
        for pattern in _SIZES:
            if match := pattern.search(line):
                found |= {name: int(value) for name, value in match.groupdict().items()}
    size = (found["width"], found["height"]) if len(found) == 2 else None
    return lines, start, size


def read_dat(content: bytes) -> Raw:
    """Read events of eight bytes: time, then polarity, row and column."""
    lines, start, size = _header(content)
    version = next((line.split()[-1] for line in lines if line.lower().startswith("version ")), "2")
    if version != "2":
        raise ValueError(f"DAT of version {version}; readable is version 2")
    if len(content) < start + 2:
        raise ValueError(f"truncated at byte {len(content)}, before the type of the events")
    kind, width = content[start], content[start + 1]
    if width != 8 or kind not in (0, 12):
        raise ValueError(
            f"events of type {kind} and {width} bytes at byte {start}; readable are type 0 and 12 "
            f"of 8 bytes"
        )
    data = whole_words(content, start + 2, [("t", "<u4"), ("w", "<u4")])
    word = data["w"]
    return Raw(
        unwrap(data["t"], 32), word & 0x3FFF, (word >> 14) & 0x3FFF, (word >> 28) & 1,
        start + 2 + 8 * np.arange(len(data)), size,
    )  # fmt: skip


def read_evt2(content: bytes) -> Raw:
    """Read words of 32 bits; the high part of the time has words of its own."""
    _, start, size = _header(content)
    words = whole_words(content, start, "<u4")
    kind = words >> 28
    _refuse_unknown(kind, {0, 1, 8, 10, 14, 15}, start, 4, "EVT2")
    high, known = _last(kind == 8, words & 0x0FFFFFFF, bits=28)
    seen = kind <= 1
    keep = np.flatnonzero(seen & known)
    word = words[keep]
    t = (high[keep] << 6) | ((word >> 22) & 63).astype(np.int64)
    return Raw(
        t, (word >> 11) & 2047, word & 2047, kind[keep], start + 4 * keep, size,
        {"before the first time": int((seen & ~known).sum())},
    )  # fmt: skip


def read_evt3(content: bytes) -> Raw:
    """Read words of 16 bits: row, column, vectors of columns, low and high part of the time.

    When the high part changes, the low part starts at zero.
    """
    _, start, size = _header(content)
    words = whole_words(content, start, "<u2").astype(np.int64)
    kind = words >> 12
    _refuse_unknown(kind, {0, 2, 3, 4, 5, 6, 7, 8, 10, 14, 15}, start, 2, "EVT3")
    here = np.arange(len(words))
    high, known = _last(kind == 8, words & 0xFFF, bits=12)
    changed = _place((kind == 8) & (np.diff(high, prepend=-1) != 0))
    low_at = _place(kind == 6)
    low = np.where(low_at > changed, words[low_at] & 0xFFF, 0)
    row_at, base_at = _place(kind == 0), _place(kind == 3)
    width = np.select([kind == 4, kind == 5], [12, 8], 0)
    before = np.cumsum(width) - width
    left = (words[base_at] & 0x7FF) + before - before[base_at]
    vector = np.flatnonzero(width)
    bits = (words[vector, None] >> np.arange(12)) & (np.arange(12) < width[vector, None])
    row, bit = np.nonzero(bits & 1)
    spot = np.concatenate([here[kind == 2], vector[row]])
    x = np.concatenate([words[kind == 2] & 0x7FF, left[vector[row]] + bit])
    p = np.concatenate([words[kind == 2], words[base_at[vector[row]]]]) >> 11 & 1
    based = np.concatenate([np.ones((kind == 2).sum(), bool), base_at[vector[row]] >= 0])
    order = np.argsort(spot, kind="stable")
    spot, x, p, based = spot[order], x[order], p[order], based[order]
    placed = (row_at[spot] >= 0) & based
    keep = known[spot] & placed
    spot, x, p = spot[keep], x[keep], p[keep]
    return Raw(
        (high[spot] << 12) | low[spot], x, words[row_at[spot]] & 0x7FF, p, start + 2 * spot, size,
        {"before the first time or row": int((~keep).sum())},
    )  # fmt: skip


def _place(mark: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return for every word the place of the last marked one, itself included, or -1."""
    return np.maximum.accumulate(np.where(mark, np.arange(len(mark)), -1))


def _last(
    mark: NDArray[np.bool_], values: NDArray[np.integer], bits: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return for every word the counter in the last marked one, and where there is one."""
    count = np.cumsum(mark)
    counter = unwrap(values[mark], bits)
    return np.concatenate([[0], counter])[count], count > 0


def _refuse_unknown(
    kind: NDArray[np.integer], known: set[int], start: int, width: int, name: str
) -> None:
    bad = ~np.isin(kind, list(known))
    if bad.any():
        k = int(np.argmax(bad))
        raise ValueError(f"word of unknown type {kind[k]} at byte {start + width * k} of {name}")
