"""Options and folders of experiments that survive an interruption."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_run_arguments", "choose_run_folder"]


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--checkpoints`` and ``--resume``."""
    parser.add_argument(
        "--checkpoints", help="folder of the checkpoints (default: one in runs/ at paper scale)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="continue the run that the checkpoints hold"
    )


def choose_run_folder(args: argparse.Namespace, name: str, *parts: str) -> Path | None:
    """Return the folder for the checkpoints of one part of an experiment, None to keep nothing.

    Parameters
    ----------
    args : Namespace
        With ``checkpoints``, ``resume`` and ``scale``. Small scales keep nothing unless asked to.
    name : str
        The folder below ``runs/`` when none is given: everything that tells runs apart.
    *parts : str
        Folders below it, for example one per seed and condition.

    Examples
    --------
    >>> args = argparse.Namespace(checkpoints=None, resume=False, scale="paper")
    >>> choose_run_folder(args, "demo-digits", "seed0").as_posix()
    'runs/demo-digits/seed0'
    """
    if args.checkpoints is not None:
        return Path(args.checkpoints, *parts)
    if args.scale != "paper" and not args.resume:
        return None
    return Path("runs", name, *parts)
