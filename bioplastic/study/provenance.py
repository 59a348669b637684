"""Where numbers come from: versions, revision, and the time they took."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

from bioplastic.checkpoints import reading
from bioplastic.checkpoints.seconds import seconds_spent

__all__ = ["Stopwatch", "collect_versions", "find_revision"]

_ROOT = Path(__file__).resolve().parents[2]
_CODE = ("bioplastic", "experiments", "setup.cfg", "pyproject.toml")


class Stopwatch:
    """Measure wall time and processor time, child processes included, of a ``with`` block.

    Child processes count once they have ended and been waited for. What the block takes from run
    folders counts with what it cost when it was computed; programs and features from caches, which
    runs share, do not.

    Attributes
    ----------
    wall_seconds, cpu_seconds : float
        Set at the end of the block.

    Examples
    --------
    >>> with Stopwatch() as watch:
    ...     _ = sum(range(1000))
    >>> watch.cpu_seconds >= 0
    True
    """

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __enter__(self) -> Stopwatch:
        self._start = seconds_spent()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        spent = seconds_spent() - self._start
        self.wall_seconds, self.cpu_seconds = spent.wall, max(0.0, spent.cpu)


def collect_versions() -> dict[str, str | None]:
    """Return the versions of everything the numbers depend on; None for what is missing."""
    return {**reading.collect_versions("matplotlib"), "compiler": _compiler_version()}


def find_revision(root: Path = _ROOT) -> str | None:
    """Return the git commit of the code, with ``+dirty`` when the code differs from it.

    Only code counts: results written by an earlier experiment do not make the next one dirty.

    Parameters
    ----------
    root : Path
        Top of the source tree.

    Returns
    -------
    str or None
        None outside a git checkout of this tree, or without git.
    """
    top = _ask_git(root, "rev-parse", "--show-toplevel")
    if not top or Path(top).resolve() != root.resolve():
        return None
    commit = _ask_git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return None
    return f"{commit}+dirty" if _ask_git(root, "status", "--porcelain", "--", *_CODE) else commit


def _ask_git(root: Path, *command: str) -> str | None:
    return _first_output(["git", "-C", str(root), "--no-optional-locks", *command])


def _compiler_version() -> str | None:
    given = shlex.split(os.environ.get("CXX", ""))
    for command in [given] if given else [["g++"], ["clang++"]]:
        if shutil.which(command[0]):
            text = _first_output([*command, "--version"])
            return text.splitlines()[0] if text else None
    return None


def _first_output(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
