"""How long something took, told through `logging`."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator

__all__ = ["log_time"]


@contextlib.contextmanager
def log_time(
    logger: logging.Logger, message: str, *values: object, level: int = logging.INFO
) -> Iterator[None]:
    """Log what a block did and how many seconds it took, once it has ended without an error.

    Parameters
    ----------
    logger : logging.Logger
        One below ``bioplastic``.
    message : str
        What was done, with ``%`` formats.
    *values : object
        What goes into them.
    level : int, default logging.INFO
        The level.

    Examples
    --------
    >>> logger = logging.getLogger("bioplastic.demo")
    >>> with log_time(logger, "counted to %d", 3):
    ...     _ = sum(range(3))
    """
    start = time.perf_counter()
    yield
    if logger.isEnabledFor(level):
        logger.log(level, f"{message} in %.2f s", *values, time.perf_counter() - start)
