"""Five bytes for each event: N-MNIST and N-Caltech101.

Orchard et al. (2015), Frontiers in Neuroscience 9:437. Bytes: column, row, then polarity (1 bit)
and time in microseconds (23 bits). A row of 240 marks that the clock went round 2^13 microseconds.
"""

from __future__ import annotations

import numpy as np

from bioplastic.events.formats.words import Raw, whole_words

__all__ = ["read_nmnist"]

SIZE = (34, 34)
_MARK = 240


def read_nmnist(content: bytes) -> Raw:
    """Read the events of a recording."""
    data = whole_words(content, 0, np.dtype((np.uint8, 5))).reshape(-1, 5).astype(np.int64)
    marks = data[:, 1] == _MARK
    t = ((data[:, 2] & 127) << 16) | (data[:, 3] << 8) | data[:, 4]
    t += np.cumsum(marks) << 13
    keep = np.flatnonzero(~marks)
    x, y, p = data[keep, 0], data[keep, 1], data[keep, 2] >> 7
    return Raw(t[keep], x, y, p, 5 * keep, SIZE, {"mark of the clock": int(marks.sum())})
