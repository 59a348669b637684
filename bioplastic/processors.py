"""How many processors there are to use, and several calls at once over them."""

from __future__ import annotations

import contextlib
import contextvars
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["call_at_once", "count_processors", "use_processors"]

T = TypeVar("T")
_LIMIT: contextvars.ContextVar[int | None] = contextvars.ContextVar("processors", default=None)


def count_processors() -> int:
    """Return the number of processors that this process may use.

    ``$BIOPLASTIC_PROCESSORS`` sets it; else it is what the system, a container or a queue gives.

    Raises
    ------
    ValueError
        If the variable is no positive integer.

    Examples
    --------
    >>> count_processors() >= 1
    True
    """
    if (limit := _LIMIT.get()) is not None:
        return limit
    if wanted := os.environ.get("BIOPLASTIC_PROCESSORS"):
        if not wanted.isdecimal() or int(wanted) < 1:
            raise ValueError(f"BIOPLASTIC_PROCESSORS: must be a positive integer, got {wanted!r}")
        return int(wanted)
    if hasattr(os, "sched_getaffinity"):  # a container or a queue may have given fewer
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def use_processors(count: int) -> Iterator[None]:
    """Let `count_processors` return ``count`` within a block.

    Examples
    --------
    >>> with use_processors(1):
    ...     count_processors()
    1
    """
    token = _LIMIT.set(count)
    try:
        yield
    finally:
        _LIMIT.reset(token)


def call_at_once(
    function: Callable[..., T], calls: Sequence[Sequence[object]], jobs: int
) -> list[T]:
    """Call a function with several lists of arguments, ``jobs`` at a time in threads.

    Parameters
    ----------
    function : callable
        Gains only where it releases the interpreter, as compiled programs do.
    calls : sequence of sequence
        Arguments of every call.
    jobs : int
        Calls at a time; with 1 they run here, in order.

    Returns
    -------
    list
        What the calls returned, in order. The first error ends those that have not begun.

    Examples
    --------
    >>> call_at_once(pow, [(2, 3), (3, 2)], jobs=2)
    [8, 9]
    """
    if jobs == 1 or len(calls) < 2:
        return [function(*arguments) for arguments in calls]
    pool = ThreadPoolExecutor(min(jobs, len(calls)))
    try:
        futures = [pool.submit(function, *arguments) for arguments in calls]
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)
