"""Reader for IDX files of unsigned bytes, the format of MNIST and its relatives."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from bioplastic.fields import checked, param
from bioplastic.files import DamagedFileError, check_memory

__all__ = ["read_idx"]

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_RATIO = 1032  # the most that deflate can shrink
_UNSIGNED_BYTE = 0x08


@checked(ndim=param(minimum=1))
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
    DamagedFileError
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
    file = Path(path)
    with file.open("rb") as stream:
        compressed = stream.peek(2)[:2] == _GZIP_MAGIC
        limit = file.stat().st_size * (_GZIP_RATIO if compressed else 1) if file.is_file() else None
        try:
            content = gzip.GzipFile(fileobj=stream) if compressed else stream
            return _read_array(content, limit, ndim)
        except (EOFError, OSError, zlib.error) as error:
            if not compressed:
                raise
            raise DamagedFileError(f"{file}: damaged or truncated gzip file: {error}") from error
        except (ValueError, MemoryError) as error:
            raise DamagedFileError(f"{file}: {error}") from error


def _read_array(
    content: gzip.GzipFile | IO[bytes], limit: int | None, ndim: int | None
) -> NDArray[np.uint8]:
    """Read no more than the header states, of the ``limit`` bytes that there can be."""
    start = content.read(4)
    if len(start) < 4:
        raise ValueError(f"not an IDX file: only {len(start)} bytes long")
    zero, kind, n_dimensions = struct.unpack(">HBB", start)
    if zero != 0 or n_dimensions == 0:
        raise ValueError(f"not an IDX file: it begins with {start.hex(' ')}")
    if kind != _UNSIGNED_BYTE:
        raise ValueError(f"must hold unsigned bytes (type 0x08), got type 0x{kind:02x}")
    if ndim is not None and n_dimensions != ndim:
        raise ValueError(f"must have {ndim} dimensions, got {n_dimensions}")
    sizes = content.read(4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise ValueError("truncated inside the header")
    shape = struct.unpack(f">{n_dimensions}I", sizes)
    expected, size = math.prod(shape), " x ".join(map(str, shape))
    check_memory(expected)
    data = content.read((expected if limit is None else min(expected, limit)) + 1)
    if len(data) < expected:
        raise ValueError(f"truncated: {size} needs {expected} bytes of data, got {len(data)}")
    if len(data) > expected:
        raise ValueError(f"longer than it states: {size} needs {expected} bytes of data, got more")
    return np.array(bytearray(data), dtype=np.uint8).reshape(shape)
