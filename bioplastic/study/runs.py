"""Options and folders of experiments that survive an interruption."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bioplastic.checkpoints import RunFolder
from bioplastic.datasets import load_dataset

__all__ = ["add_run_arguments", "choose_run_folder", "open_run"]


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


def open_run(args: argparse.Namespace, name: str, parameters: Mapping[str, Any]) -> RunFolder:
    """Open the folder of an experiment that is made of parts, each kept there when it is finished.

    Parameters
    ----------
    args : Namespace
        With ``data`` and ``seed`` besides what `choose_run_folder` needs.
    name : str
        The folder below ``runs/`` when none is given.
    parameters : mapping
        What all parts have in common, beside the samples of a data set, which are always known.
        Which parts are computed may change when a run continues.

    Raises
    ------
    RunFolderError
        If the folder holds a run and ``resume`` is not set, or holds another run.

    Examples
    --------
    >>> args = argparse.Namespace(
    ...     checkpoints=None, resume=False, scale="smoke", data="digits", seed=0
    ... )
    >>> with open_run(args, "demo", {"epochs": 3}) as run:
    ...     run.parameters, run.folder
    ({'data': 'digits', 'seed': 0, 'epochs': 3}, None)
    """
    folder = choose_run_folder(args, name)
    known = {"data": args.data, "seed": args.seed, **parameters}
    if folder is not None and args.data not in ("none", "synthetic"):
        data = load_dataset(args.data)
        known["samples"] = {part: getattr(data, part) for part in ("X", "y", "X_test", "y_test")}
    run = RunFolder(folder, known, resume=args.resume)
    if not run.found:
        run.save({}, {})  # from now on it is known whose folder this is
    return run
