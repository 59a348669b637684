"""Entries of a folder, each under a key: what was made once and may be made again.

Compiled programs (`bioplastic.engine.cache`) and finished parts of studies
(`bioplastic.study.Store`) are such entries. A key is the digest of everything that decides about
the content, so that an entry is either right or not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Entries", "Entry", "digest"]


@dataclass(frozen=True)
class Entry:
    """What is known of an entry without using it.

    Parameters
    ----------
    key : str
        Digest of everything it depends on.
    name : str
        What people know it by: the populations of a network, the function that measured a part.
    bytes : int
        Size on disk.
    created : float
        Seconds since the epoch.
    path : Path
        Its file or directory.
    """

    key: str
    name: str
    bytes: int
    created: float
    path: Path


class Entries:
    """A folder of entries; a subclass says which paths these are, and what they are called.

    Parameters
    ----------
    folder : Path
        Where they lie; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def paths(self) -> Iterable[Path]:
        """Return the file or directory of every entry, whole or damaged."""
        raise NotImplementedError(f"{type(self).__name__}.paths: must be defined")

    def name_of(self, path: Path) -> str:
        """Return what people know an entry by; what raises an error is not listed."""
        raise NotImplementedError(f"{type(self).__name__}.name_of: must be defined")

    def list_entries(self) -> list[Entry]:
        """Return all readable entries, newest first."""
        found = []
        for path in self.paths():  # some may be damaged, or removed meanwhile
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
                files = list(path.iterdir()) if path.is_dir() else [path]
                size = sum(file.stat().st_size for file in files)
                created = path.stat().st_mtime
                found.append(Entry(path.stem, self.name_of(path), size, created, path))
        return sorted(found, key=lambda entry: (-entry.created, entry.key))

    def clear(self, keys: Collection[str] | None = None) -> int:
        """Remove entries, all or those with the given keys, and return how many."""
        chosen = [path for path in self.paths() if keys is None or path.stem in keys]
        for path in chosen:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        return len(chosen)


def digest(parts: Iterable[str]) -> str:
    """Return a key from the texts that decide about an entry.

    Examples
    --------
    >>> digest(["ab", "c"]) == digest(["a", "bc"])
    False
    """
    accumulated = hashlib.sha256()
    for part in parts:
        accumulated.update(f"{len(part)}:{part}".encode())
    return accumulated.hexdigest()
