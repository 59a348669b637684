"""Locks between processes: one builds a program or writes to a folder at a time."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # not on this system; processes then do not know of each other
    fcntl = None  # type: ignore[assignment]

__all__ = ["hold_lock"]

_LOG = logging.getLogger(__name__)
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 600.0


@contextlib.contextmanager
def hold_lock(path: Path, patience: float = _PATIENCE_SECONDS) -> Iterator[bool | None]:
    """Hold a lock between processes, named by a file, as long as the block runs.

    The system releases the lock of a process that ends, however it ends. After waiting for
    ``patience``, and where files cannot be locked, the block runs without; what that means is for
    the block to say.

    Parameters
    ----------
    path : Path
        The file. It is made, and removed when the block ends.
    patience : float, default 600
        Seconds to wait for the other process.

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
    handle = _acquire(path, patience)
    try:
        yield None if handle is None else handle >= 0
    finally:
        if handle is not None and handle >= 0:
            with contextlib.suppress(OSError):
                path.unlink()  # before the lock is given back: no one else holds this file
            os.close(handle)


def _acquire(path: Path, patience: float) -> int | None:
    """Return the open file, -1 after waiting in vain, None where there are no locks."""
    if fcntl is None:
        return None
    deadline, waited = time.monotonic() + patience, False
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_ino == os.stat(path).st_ino:
                return handle
        except BlockingIOError:  # held by another process
            if time.monotonic() >= deadline:
                os.close(handle)
                return -1
            if not waited:
                waited = True
                _LOG.info("waiting for another process, which holds %s", path)
        except FileNotFoundError:  # its holder removed it in between
            pass
        except OSError:  # no locks on this file system
            os.close(handle)
            return None
        os.close(handle)
        time.sleep(_POLL_SECONDS)
