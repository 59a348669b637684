"""What the folder of a run says: its description, its states, and whether it is the same run."""

from __future__ import annotations

import os
import platform
import re
import warnings
from collections.abc import Callable, Collection, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import bioplastic
from bioplastic.checkpoints.parameters import describe_parameters
from bioplastic.checkpoints.seconds import seconds_of
from bioplastic.fields import checked
from bioplastic.files import DamagedFileError, WrongVersionError, file_digest, read_json

__all__ = ["RunFolderError", "find_state", "read_run"]

FORMAT = 1
ABOUT = "run.json"
_LIBRARIES = ("brian2", "numpy", "scipy", "scikit-learn")

T = TypeVar("T")


class RunFolderError(ValueError):
    """A run folder belongs to another run, or to another process."""


@checked
def read_run(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what the folder of a run says about it, without opening it.

    Parameters
    ----------
    folder : path-like
        The folder.

    Returns
    -------
    dict
        ``parameters``, ``versions``, ``progress``, ``started``, ``updated`` (UTC), ``finished``,
        and ``checkpoints``: a list, newest first, of ``state`` (name of the file), ``sha256`` and
        ``progress`` and what it cost up to there (``cpu_seconds``, ``wall_seconds``).

    Raises
    ------
    FileNotFoundError, DamagedFileError, WrongVersionError
        If there is no run, its description cannot be read, or it has another format.
    """
    path = Path(folder) / ABOUT
    about = read_json(path)
    if about.get("format") != FORMAT:
        raise WrongVersionError(
            f"{path}: format {about.get('format')!r} is unknown to bioplastic "
            f"{bioplastic.__version__}; the run was begun by {about.get('bioplastic')}"
        )
    kinds = {"parameters": dict, "versions": dict, "progress": dict, "checkpoints": list,
             "started": str, "updated": str, "finished": bool}  # fmt: skip
    for name, kind in kinds.items():
        if not isinstance(about.get(name), kind):
            raise DamagedFileError(f"{path}: damaged or no run ({name} is missing)")
    try:
        for state in about["checkpoints"]:
            number_of(state), str(state["sha256"]), dict(state["progress"]), seconds_of(state)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path}: damaged or no run ({error!r})") from error
    return about


@checked
def find_state(folder: str | os.PathLike[str], **parameters: Any) -> Path:
    """Return the file with the last state of a run, for example to load its model elsewhere.

    Parameters
    ----------
    folder : path-like
        The folder of the run, which may still be going on.
    **parameters
        What the parameters of the run must be, data for example.

    Raises
    ------
    FileNotFoundError, DamagedFileError, WrongVersionError, RunFolderError
        If there is no run, no checkpoint, none that can be read, or it has other parameters.
    """
    about = read_run(folder)
    for name, value in describe_parameters(parameters).items():
        if about["parameters"].get(name) != value:
            raise RunFolderError(f"{folder}: must be a run with the same {name}")
    states = about["checkpoints"]
    if not states:
        raise RunFolderError(f"{folder} holds no checkpoint")
    return first_intact(Path(folder), states, lambda path: path)[1]


def first_intact(
    folder: Path, states: list[dict[str, Any]], read: Callable[[Path], T]
) -> tuple[int, T]:
    """Return number and content of the newest state that can be read."""
    problems: list[str] = []
    for number, state in enumerate(states):
        path = folder / state["state"]
        try:
            if file_digest(path) != state["sha256"]:
                raise DamagedFileError(f"{path}: damaged, its digest is not that of the run")
            content = read(path)
        except (OSError, DamagedFileError) as error:
            problems.append(str(error))
            continue
        if number > 0:
            warnings.warn(
                f"{problems[0]}; the run continues from the checkpoint before", stacklevel=5
            )
        return number, content
    raise DamagedFileError(f"{folder}: no checkpoint can be read: {'; '.join(problems)}")


def number_of(state: Mapping[str, Any]) -> int:
    match = re.fullmatch(r"state-(\d+)\.npz", state["state"])
    if match is None:
        raise ValueError(f"{state['state']!r} is no name of a state")
    return int(match.group(1))


def compare_parameters(
    folder: Path, old: Mapping[str, Any], new: Mapping[str, Any], growing: Collection[str] = ()
) -> bool:
    """Refuse other parameters; return whether some have grown that may."""
    before, now, missing = _flatten(old), _flatten(new), "not given"
    grown = {name for name in growing if _is_larger(now.get(name), before.get(name))}
    grown |= {n for n in {*now} - {*before} if n.startswith(tuple(f"{g}." for g in growing))}
    differing = [
        f"{name} was {before.get(name, missing)!r}, is {now.get(name, missing)!r}"
        for name in sorted({*before, *now} - grown)
        if name not in before or name not in now or before[name] != now[name]
    ]
    if differing:
        raise RunFolderError(
            f"{folder} holds another run, which cannot be continued: {'; '.join(differing)}"
        )
    return bool(grown)


def _is_larger(new: Any, old: Any) -> bool:
    return isinstance(new, int | float) and isinstance(old, int | float) and new > old


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested mappings as one, with dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, Mapping) and value
        flat |= _flatten(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return flat


def collect_versions(*more: str) -> dict[str, str | None]:
    """Return versions of Python, bioplastic, libraries and ``more``; None for what is missing."""
    versions: dict[str, str | None] = {
        "python": platform.python_version(),
        "bioplastic": bioplastic.__version__,
    }
    for library in (*_LIBRARIES, *more):
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            versions[library] = None
    return versions


def warn_of_versions(folder: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    changed = [
        f"{name} was {old.get(name)}, is {new.get(name)}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
    if changed:
        warnings.warn(
            f"{folder} was begun with other software, so the result need not be the same to the "
            f"last bit: {'; '.join(changed)}",
            stacklevel=4,
        )
