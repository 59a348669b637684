"""The folder of a sweep: what it is, and one file per finished trial."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from bioplastic.files import DamagedFileError, read_json, write_json
from bioplastic.locks import hold_lock

__all__ = ["SweepFolder", "SweepFolderError", "trial_key"]

_LOG = logging.getLogger(__name__)
_ABOUT, _TRIALS, _FAILURES = "sweep.json", "trials", "failures"


class SweepFolderError(ValueError):
    """A folder holds another sweep, or is in use."""


def trial_key(parameters: Mapping[str, Any]) -> str:
    """Return the name of a trial: a digest of everything that determines it.

    Examples
    --------
    >>> trial_key({"eta": 0.1, "seed": 0}) == trial_key({"seed": 0, "eta": 0.1})
    True
    """
    text = json.dumps(dict(parameters), sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


class SweepFolder:
    """A folder with ``sweep.json`` and, for every finished trial, one file named by its key.

    Files are complete or not there. A trial has one place, so that none can be stored twice.

    Parameters
    ----------
    folder : path-like
        Where to, made if missing.
    description : mapping
        What all trials have in common, as JSON types. A sweep continues only with the same;
        the axes may change, and trials that exist already are used again.

    Raises
    ------
    SweepFolderError
        If the folder holds a sweep of something else, naming what differs, or another process is
        running a sweep in it.
    DamagedFileError
        If ``sweep.json`` cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> place = tempfile.mkdtemp()
    >>> with SweepFolder(place, {"experiment": "demo"}) as folder:
    ...     folder.save("a1", {"metrics": {"error": 0.25}})
    ...     folder.load()
    {'a1': {'metrics': {'error': 0.25}}}
    >>> with SweepFolder(place, {"experiment": "other"}) as folder:
    ...     pass
    Traceback (most recent call last):
        ...
    bioplastic.sweeps.folder.SweepFolderError: ...: experiment was 'demo', is 'other'
    """

    def __init__(self, folder: str | os.PathLike[str], description: Mapping[str, Any]) -> None:
        self.folder = Path(folder)
        self.description = dict(description)

    def __enter__(self) -> SweepFolder:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = hold_lock(self.folder / ".lock", patience=0)
        if self._lock.__enter__() is False:
            self._lock.__exit__(None, None, None)
            raise SweepFolderError(f"{self.folder} is in use by another sweep")
        try:
            self._open()
        except BaseException:
            self._lock.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.__exit__(None, None, None)

    def _open(self) -> None:
        try:
            old = read_json(self.folder / _ABOUT)
        except FileNotFoundError:
            write_json(self.folder / _ABOUT, self.description)
        else:
            new = json.loads(json.dumps(self.description))
            different = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
            if different:
                listed = "; ".join(f"{n} was {old.get(n)!r}, is {new.get(n)!r}" for n in different)
                raise SweepFolderError(f"{self.folder} holds another sweep: {listed}")
        for name in (_TRIALS, _FAILURES):
            (self.folder / name).mkdir(exist_ok=True)

    def load(self) -> dict[str, dict[str, Any]]:
        """Return the finished trials by key. A damaged file does not count as one."""
        found = {}
        for path in sorted((self.folder / _TRIALS).glob("*.json")):
            try:
                found[path.stem] = read_json(path)
            except DamagedFileError as error:
                _LOG.warning("%s; the trial is run again", error)
        return found

    def save(self, key: str, record: Mapping[str, Any]) -> None:
        """Keep a finished trial and forget its failures."""
        write_json(self.folder / _TRIALS / f"{key}.json", dict(record))
        (self.folder / _FAILURES / f"{key}.json").unlink(missing_ok=True)

    def save_failure(self, key: str, record: Mapping[str, Any]) -> None:
        """Keep what went wrong with a trial; it does not count as finished."""
        write_json(self.folder / _FAILURES / f"{key}.json", dict(record))
