"""What all readers of binary events share."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Raw", "header_lines", "unwrap", "whole_words"]


class Raw(NamedTuple):
    """Events as they stand in a file, and the place of each, for messages."""

    t: NDArray[Any]
    x: NDArray[Any]
    y: NDArray[Any]
    p: NDArray[Any]
    offsets: NDArray[Any] | None = None
    size: tuple[int, int] | None = None
    dropped: dict[str, int] = {}  # noqa: RUF012  # never changed


def header_lines(content: bytes, mark: bytes, end: bytes | None = None) -> tuple[list[str], int]:
    """Return the text lines at the start that begin with a mark, and where they end."""
    lines, place = [], 0
    while content.startswith(mark, place):
        stop = content.find(b"\n", place)
        if stop < 0:
            raise ValueError(f"truncated inside the header, at byte {place}")
        line = content[place:stop].strip()
        lines.append(line.removeprefix(mark.strip()).strip().decode("utf-8", "replace"))
        place = stop + 1
        if end is not None and line == end:
            break
    return lines, place


def whole_words(content: bytes, start: int, dtype: Any) -> NDArray[Any]:
    """Return the words after a header.

    Raises
    ------
    ValueError
        If the last word is truncated.
    """
    width = np.dtype(dtype).itemsize
    rest = (len(content) - start) % width
    if rest:
        raise ValueError(
            f"truncated: {rest} of {width} bytes at byte {len(content) - rest}, the last event"
        )
    return np.frombuffer(content, dtype, offset=start)


def unwrap(counter: NDArray[Any], bits: int) -> NDArray[np.int64]:
    """Return a counter of so many bits as it would be if it had not started again at zero.

    Examples
    --------
    >>> unwrap(np.array([254, 255, 1, 0, 2]), 8)  # a small step back is no new start
    array([254, 255, 257, 256, 258])
    """
    values = counter.astype(np.int64)
    jumps = np.diff(values, prepend=values[:1])
    half = 1 << (bits - 1)
    turns = np.cumsum((jumps < -half).astype(np.int64) - (jumps > half))
    return np.asarray(values + (turns << bits))
