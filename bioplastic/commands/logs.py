"""What a command tells while it works: nothing, what it does (``-v``), or everything (``-vv``)."""

from __future__ import annotations

import argparse
import logging
import sys

__all__ = ["add_verbosity", "set_verbosity"]

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """The one handler that `set_verbosity` replaces."""


def add_verbosity(parser: argparse.ArgumentParser) -> None:
    """Add ``-v``."""
    parser.add_argument(
        "-v",
        "--verbose",
        action="count",
        default=0,
        help="tell what is built, found, run and how long it takes; -vv tells more",
    )


def set_verbosity(verbosity: int) -> None:
    """Let the logger ``bioplastic`` speak to standard error.

    Parameters
    ----------
    verbosity : int
        0 for warnings alone, 1 for what is done, 2 for everything.

    Examples
    --------
    >>> set_verbosity(1)
    >>> logging.getLogger("bioplastic.engine").isEnabledFor(logging.INFO)
    True
    >>> set_verbosity(0)
    """
    logger = logging.getLogger("bioplastic")
    for handler in [h for h in logger.handlers if isinstance(h, _Handler)]:
        logger.removeHandler(handler)
    handler = _Handler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(_LEVELS[min(verbosity, len(_LEVELS) - 1)])
