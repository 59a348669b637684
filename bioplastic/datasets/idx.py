"""Reader for IDX files of unsigned bytes, the format of MNIST and its relatives."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioplastic.arguments import check_arguments
from bioplastic.validation import check_integer

__all__ = ["read_idx"]

_GZIP_MAGIC = b"\x1f\x8b"
_UNSIGNED_BYTE = 0x08


@check_arguments
def read_idx(path: str | os.PathLike[str], ndim: int | None = None) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, plain or compressed with gzip.

    The format: two zero bytes, a type code (8 for unsigned bytes), the number of dimensions, each
    dimension as a big-endian 32-bit integer, then the data in row-major order. Whether the file is
    compressed is seen from its content, not from its name.

    Parameters
    ----------
    path : path-like
        The file.
    ndim : int, optional
        Number of dimensions the file must have; any by default.

    Returns
    -------
    ndarray of uint8
        With the shape that the file states.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is damaged, truncated, longer than it states, of another type or of another
        number of dimensions. The message names the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "labels-idx1-ubyte"
    ...     _ = path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    ...     read_idx(path)
    array([7, 2, 1], dtype=uint8)
    """
    if ndim is not None:
        check_integer("read_idx.ndim", ndim, minimum=1)
    file = Path(path)
    content = _read_bytes(file)
    if len(content) < 4:
        raise ValueError(f"{file}: not an IDX file: only {len(content)} bytes long")
    zero, kind, n_dimensions = struct.unpack(">HBB", content[:4])
    if zero != 0 or n_dimensions == 0:
        raise ValueError(f"{file}: not an IDX file: it begins with {content[:4].hex(' ')}")
    if kind != _UNSIGNED_BYTE:
        raise ValueError(f"{file}: must hold unsigned bytes (type 0x08), got type 0x{kind:02x}")
    if ndim is not None and n_dimensions != ndim:
        raise ValueError(f"{file}: must have {ndim} dimensions, got {n_dimensions}")
    start = 4 + 4 * n_dimensions
    if len(content) < start:
        raise ValueError(f"{file}: truncated inside the header")
    shape = struct.unpack(f">{n_dimensions}I", content[4:start])
    expected, found = math.prod(shape), len(content) - start
    if found != expected:
        problem = "truncated" if found < expected else "longer than it states"
        size = " x ".join(map(str, shape))
        raise ValueError(f"{file}: {problem}: {size} needs {expected} bytes of data, got {found}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape).copy()


def _read_bytes(file: Path) -> bytes:
    content = file.read_bytes()
    if not content.startswith(_GZIP_MAGIC):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{file}: damaged or truncated gzip file: {error}") from error
