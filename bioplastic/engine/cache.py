"""Built programs on disk, keyed by everything that decides about the binary.

One entry is one directory, private to the user, that holds ``program.so``, ``program.cpp`` and
``entry.json`` (layout, digest of layout and library). It is written next to its place and renamed
into it, so that a killed build leaves nothing that could be mistaken for an entry and two processes
that build the same program at once do not disturb each other. Of several processes that want the
same program at once, one builds it and the others wait. An entry that does not match its digest, or
that other users can write, is removed and built again.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import json
import logging
import os
import shutil
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bioplastic.entries import Entries, digest
from bioplastic.files import file_digest, user_cache
from bioplastic.locks import hold_lock

__all__ = [
    "BuildCounts",
    "Builds",
    "cache_directory",
    "count_builds",
    "find_or_build",
]

_LOG = logging.getLogger(__name__)
_LIBRARY, _SOURCE, _ENTRY = "program.so", "program.cpp", "entry.json"
_STALE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class BuildCounts:
    """What this process asked of the cache so far.

    Parameters
    ----------
    compiled : int
        Programs that this process compiled.
    found : int
        Programs that were found instead, each counted once.
    """

    compiled: int
    found: int


_COMPILED: list[str] = []
_FOUND: set[str] = set()
_COUNTING = threading.Lock()


def count_builds() -> BuildCounts:
    """Return how many programs this process has compiled, and how many it found in the cache.

    Examples
    --------
    >>> count_builds().compiled >= 0
    True
    """
    with _COUNTING:
        return BuildCounts(len(_COMPILED), len(_FOUND))


def cache_directory() -> Path:
    """Return the directory of built programs.

    ``$BIOPLASTIC_CACHE`` if set, else `bioplastic.files.user_cache`.
    """
    override = os.environ.get("BIOPLASTIC_CACHE")
    return Path(override).absolute() if override else user_cache()


class Builds(Entries):
    """The programs in `cache_directory`."""

    def __init__(self) -> None:
        super().__init__(cache_directory())

    def paths(self) -> list[Path]:
        """Return the directory of every program."""
        return [path for path in self.folder.glob("?" * 64) if path.is_dir()]

    def name_of(self, path: Path) -> str:
        """Return the populations of the network."""
        return str(json.loads((path / _ENTRY).read_text())["name"])


def find_or_build(
    key: str, name: str, build: Callable[[Path], dict[str, Any]]
) -> tuple[Path, dict[str, Any], bool]:
    """Return the library of an entry, building it when it is missing or damaged.

    Parameters
    ----------
    key : str
        See `bioplastic.entries.digest`.
    name : str
        What people see in the listing.
    build : callable
        Called with an empty directory; must create ``program.cpp`` and ``program.so`` there and
        return the layout as JSON types.

    Returns
    -------
    library : Path
        The shared library.
    layout : dict
        What ``build`` returned, now or then.
    built : bool
        Whether this call compiled.
    """
    found = _find(key, name)
    if found is not None:
        return (*found, False)
    with _one_builder(key):
        found = _find(key, name)  # another process may have built it meanwhile
        if found is not None:
            return (*found, False)
        _LOG.info("building the program %s (%s)", key[:12], name)
        start = time.perf_counter()
        library, layout = _build(key, name, build)
        with _COUNTING:
            _COMPILED.append(key)
        _LOG.info("built the program %s in %.1f s", key[:12], time.perf_counter() - start)
        return library, layout, True


def _build(
    key: str, name: str, build: Callable[[Path], dict[str, Any]]
) -> tuple[Path, dict[str, Any]]:
    with _workplace(key) as (work, permanent):
        layout = build(work)
        data = json.loads(json.dumps({"name": name, "layout": layout}))
        data["sha256"] = _seal(key, data, work / _LIBRARY)
        (work / _ENTRY).write_text(json.dumps(data))
        for path in work.iterdir():
            path.chmod(0o600)
        return _publish(work, cache_directory() / key) if permanent else work / _LIBRARY, layout


def _find(key: str, name: str) -> tuple[Path, dict[str, Any]] | None:
    """Return library and layout of an entry that can be trusted."""
    place = cache_directory() / key
    layout = _read(place) if _is_private(cache_directory()) else None
    if layout is None:
        return None
    with _COUNTING:
        again = key in _FOUND or key in _COMPILED
        if not again:
            _FOUND.add(key)
    level = logging.DEBUG if again else logging.INFO
    _LOG.log(level, "found the program %s in the cache (%s)", key[:12], name)
    return place / _LIBRARY, layout


@contextlib.contextmanager
def _one_builder(key: str) -> Iterator[None]:
    """Let one process at a time build the same program, where there is a cache to share."""
    root = cache_directory()
    with contextlib.suppress(OSError):
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not _is_private(root):
        yield
        return
    with hold_lock(root / f".lock-{key[:12]}"):
        yield


def _read(place: Path) -> dict[str, Any] | None:
    """Return the layout of a valid entry; remove any other."""
    if not place.is_dir():
        return None
    problem = "damaged cache entry"
    try:
        if all(map(_is_private, (place, place / _LIBRARY, place / _ENTRY))):
            data = json.loads((place / _ENTRY).read_text())
            if _seal(place.name, data, place / _LIBRARY) == data["sha256"]:
                layout: dict[str, Any] = data["layout"]
                return layout
        elif (place / _LIBRARY).exists() and (place / _ENTRY).exists():
            problem = "cache entry that other users can write:"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    warnings.warn(f"{problem} {place.name[:12]} is built again", stacklevel=5)
    shutil.rmtree(place, ignore_errors=True)
    return None


def _seal(key: str, data: dict[str, Any], library: Path) -> str:
    """Return a digest of everything in an entry that is trusted."""
    described = json.dumps([data["name"], data["layout"]], sort_keys=True)
    return digest([key, described, file_digest(library)])


def _publish(work: Path, place: Path) -> Path:
    for _ in range(2):
        try:
            os.rename(work, place)
            return place / _LIBRARY
        except OSError:  # another process was faster: use its entry if it is valid
            if _read(place) is not None:
                return place / _LIBRARY
    raise RuntimeError(f"Program: cannot write the cache entry {place}")


@contextlib.contextmanager
def _workplace(key: str) -> Iterator[tuple[Path, bool]]:
    """Yield an empty directory next to the entries, or a temporary one without a writable cache."""
    root = cache_directory()
    permanent = True
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_private(root):
            raise PermissionError(errno.EPERM, "owned or writable by other users", str(root))
        _remove_stale(root)
        work = Path(tempfile.mkdtemp(prefix=f".build-{key[:12]}-", dir=root))
    except OSError as error:
        permanent = False
        work = Path(tempfile.mkdtemp(prefix="bioplastic-"))
        warnings.warn(
            f"the cache directory {root} cannot be used ({error.strerror}); the program is built "
            "for this process only. Set BIOPLASTIC_CACHE to a writable directory of yours.",
            stacklevel=6,
        )
    keep = False
    try:
        yield work, permanent
        keep = not permanent
    finally:
        if keep:  # until the process ends
            _TEMPORARY.append(work)
        else:
            shutil.rmtree(work, ignore_errors=True)


_TEMPORARY: list[Path] = []


def _remove_temporary_builds() -> None:
    """Remove the builds that could not be cached."""
    while _TEMPORARY:
        shutil.rmtree(_TEMPORARY.pop(), ignore_errors=True)


atexit.register(_remove_temporary_builds)


def _is_private(path: Path) -> bool:
    """Return whether nobody else can write a file or directory, which we would then trust."""
    try:
        status = path.stat()
    except OSError:
        return False
    return not hasattr(os, "getuid") or (
        status.st_uid == os.getuid() and not status.st_mode & 0o022
    )


def _remove_stale(root: Path) -> None:
    """Remove what a killed build left behind."""
    for path in root.glob(".build-*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
