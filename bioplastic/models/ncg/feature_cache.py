"""Arrays on disk, keyed by everything that decides about them.

One entry is one directory of plain ``.npy`` files with their digests in ``entry.json``. It is
written next to its place and renamed into it: a killed writer leaves nothing that could be taken
for an entry, and of two processes that compute the same entry at once, one is kept. An entry whose
files do not match their digests is removed and computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.cache import cache_directory
from bioplastic.files import DamagedFileError, file_digest, read_arrays, write_arrays

__all__ = ["digest_arrays", "feature_directory", "find_or_compute", "load_partial", "save_partial"]

_ENTRY = "entry.json"
_STALE_SECONDS = 24 * 3600


def feature_directory(cache: bool | str | os.PathLike[str]) -> Path | None:
    """Return where entries are kept.

    Parameters
    ----------
    cache : bool or path-like
        ``False``: nowhere; ``True``: ``features`` in the directory of built programs
        (``$BIOPLASTIC_CACHE``); else that directory.

    Examples
    --------
    >>> feature_directory(False) is None, feature_directory(True).name
    (True, 'features')
    """
    if cache is False:
        return None
    if cache is True:
        return cache_directory() / "features"
    return Path(cache)


def digest_arrays(description: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> str:
    """Return a key of settings and data.

    Parameters
    ----------
    description : mapping
        Settings as JSON types.
    arrays : mapping of str to array
        Data; shape, type and every byte count.

    Examples
    --------
    >>> import numpy as np
    >>> one, other = np.arange(3), np.arange(3.0)
    >>> digest_arrays({"a": 1}, {"x": one}) == digest_arrays({"a": 1}, {"x": one.copy()})
    True
    >>> digest_arrays({"a": 1}, {"x": one}) == digest_arrays({"a": 1}, {"x": other})
    False
    """
    accumulated = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        accumulated.update(f"|{name} {array.dtype.str} {array.shape}|".encode())
        accumulated.update(array.data if array.size else b"")
    return accumulated.hexdigest()


def find_or_compute(
    root: Path, key: str, compute: Callable[[Path], None]
) -> dict[str, NDArray[Any]]:
    """Return the arrays of an entry, computing them when they are missing or damaged.

    Parameters
    ----------
    root : Path
        Where entries are kept; created if missing.
    key : str
        See `digest_arrays`.
    compute : callable
        Called with an empty directory; must write ``<name>.npy`` files there.

    Returns
    -------
    dict of str to array
        Mapped into memory, read-only.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> def square(folder):
    ...     np.save(folder / "squares.npy", np.arange(4) ** 2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = find_or_compute(Path(folder), "k", square)["squares"].tolist()
    >>> found
    [0, 1, 4, 9]
    """
    place = root / key
    found = _read(place)
    if found is not None:
        return found
    root.mkdir(parents=True, exist_ok=True)
    _remove_stale(root)
    work = Path(tempfile.mkdtemp(prefix=f".work-{key[:12]}-", dir=root))
    try:
        compute(work)
        digests = {path.name: file_digest(path) for path in sorted(work.glob("*.npy"))}
        if not digests:
            raise RuntimeError(f"find_or_compute: nothing was written for {key}")
        (work / _ENTRY).write_text(json.dumps(digests))
        for _ in range(2):
            with contextlib.suppress(OSError):  # another process was faster
                os.rename(work, place)
            found = _read(place)
            if found is not None:
                return found
    finally:
        shutil.rmtree(work, ignore_errors=True)
    raise RuntimeError(f"find_or_compute: cannot write the entry {place}")


def _read(place: Path) -> dict[str, NDArray[Any]] | None:
    """Return the arrays of a valid entry; remove a damaged one."""
    if not place.is_dir():
        return None
    try:
        digests = json.loads((place / _ENTRY).read_text())
        for name, digest in digests.items():
            if file_digest(place / name) != digest:
                raise ValueError(f"{name} does not match its digest")
        return {
            name.removesuffix(".npy"): np.load(place / name, mmap_mode="r", allow_pickle=False)
            for name in digests
        }
    except (OSError, ValueError, AttributeError):
        warnings.warn(f"damaged feature entry {place.name[:12]} is computed again", stacklevel=4)
        shutil.rmtree(place, ignore_errors=True)
        return None


def _remove_stale(root: Path) -> None:
    """Remove what a killed writer left behind."""
    for path in root.glob(".work-*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def save_partial(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an intermediate state atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(path, arrays)


def load_partial(path: Path) -> dict[str, NDArray[Any]] | None:
    """Return an intermediate state, or None if there is none that can be read."""
    try:
        return read_arrays(path, "checkpoint")
    except FileNotFoundError:
        return None
    except DamagedFileError as error:
        warnings.warn(f"damaged checkpoint {path.name} is ignored ({error})", stacklevel=3)
        return None
