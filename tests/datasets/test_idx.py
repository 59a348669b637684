from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from bioplastic.datasets import read_idx
from bioplastic.files import DamagedFileError


def encode(array: np.ndarray, kind: int = 8) -> bytes:
    """Write the format as its description says, with `struct` and row-major bytes."""
    header = struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape)
    return header + array.tobytes()


IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("name", ["images.gz", "images"])
@pytest.mark.parametrize("compressed", [False, True])
def test_reads_plain_and_compressed_whatever_the_name(
    tmp_path: Path, name: str, compressed: bool
) -> None:
    content = encode(IMAGES)
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if compressed else content)
    array = read_idx(path, ndim=3)
    np.testing.assert_array_equal(array, IMAGES)
    assert array.dtype == np.uint8
    array[0] = 0  # ours to change


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an IDX file: only 0 bytes"),
        (b"\x00\x00", "not an IDX file: only 2 bytes"),
        (b"\x89PNG\r\n\x1a\n", "not an IDX file: it begins with 89 50 4e 47"),
        (encode(IMAGES, kind=0x0D), "must hold unsigned bytes .* got type 0x0d"),
        (bytes([0, 0, 8, 0]), "not an IDX file"),
        (encode(IMAGES)[:10], "truncated inside the header"),
        (encode(IMAGES)[:-1], "truncated: 2 x 3 x 4 needs 24 bytes of data, got 23"),
        (encode(IMAGES) + b"\x00", "longer than it states: .* got more"),
        (struct.pack(">HBB3I", 0, 8, 3, *[2**32 - 1] * 3), "states .* more than the memory"),
        (struct.pack(">HBB3I", 0, 8, 3, 10**4, 10**3, 10**2), "truncated: .*, got 0"),
        (
            gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 10**4, 10**3, 10**2), mtime=0),
            "truncated: .*, got 0",
        ),
        (struct.pack(">HBB70I", 0, 8, 70, *[0] * 70), "must have 3 dimensions"),
        (gzip.compress(encode(IMAGES), mtime=0)[:-12], "damaged or truncated gzip"),
        (gzip.compress(encode(IMAGES), mtime=0)[:30] + b"garbage", "damaged or truncated gzip"),
        (encode(IMAGES[0]), "must have 3 dimensions, got 2"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "some-images"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=f"some-images: .*{message}"):
        read_idx(path, ndim=3)


def test_no_more_is_read_than_stated(tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(encode(IMAGES))
        for _ in range(300):
            file.write(bytes(2**20))
    tracemalloc.start()
    with pytest.raises(ValueError, match="bomb: longer than it states"):
        read_idx(path)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing-here"):
        read_idx(tmp_path / "nothing-here")
