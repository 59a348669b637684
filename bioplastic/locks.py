"""Locks between processes: one builds a program or writes to a folder at a time."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["hold_lock"]

_LOG = logging.getLogger(__name__)
_PATIENCE_SECONDS = 600.0


@contextlib.contextmanager
def hold_lock(
    path: Path, patience: float = _PATIENCE_SECONDS, *, remove: Callable[[], bool] | None = None
) -> Iterator[bool | None]:
    """Hold a lock between processes, named by a file, as long as the block runs.

    The system releases the lock of a process that ends, however it ends; a forked child neither
    holds it nor gives it back. After waiting for ``patience``, and where files cannot be locked,
    the block runs without; what that means is for the block to say.

    Parameters
    ----------
    path : Path
        The file. It is made, and removed when the block ends.
    patience : float, default 600
        Seconds to wait for the other process.
    remove : callable, optional
        Says at the end whether the file is removed, where somebody may be waiting for it.

    Yields
    ------
    bool or None
        Whether the lock is held; None where files cannot be locked: there are no locks on this
        system or file system, or the file cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with hold_lock(Path(folder) / "lock") as first:
    ...         with hold_lock(Path(folder) / "lock", patience=0) as second:
    ...             print(first, second)
    True False
    """
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    held: bool | None = True
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if patience > 0:
                _LOG.info("waiting for another process, which holds %s", path)
            lock.acquire(timeout=patience)
    except Timeout:
        held = False
    except (OSError, NotImplementedError):
        held = None
    try:
        yield held
    finally:
        if lock.is_locked:  # not in a forked child, which holds nothing
            with contextlib.suppress(OSError):
                if remove is None or remove():
                    path.unlink()  # before the lock is given back: no one else holds this file
            lock.release()
