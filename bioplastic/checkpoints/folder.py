"""The folder of one run, with the latest state of a computation."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TypeVar, cast

from numpy.typing import NDArray

import bioplastic
from bioplastic.checkpoints.parameters import describe_parameters, to_plain
from bioplastic.checkpoints.reading import (
    ABOUT,
    FORMAT,
    RunFolderError,
    collect_versions,
    compare_parameters,
    first_intact,
    number_of,
    read_run,
    warn_of_versions,
)
from bioplastic.checkpoints.seconds import seconds_of, seconds_spent, take_over
from bioplastic.files import (
    file_digest,
    read_arrays,
    remove_leftovers,
    write_arrays,
    write_json,
)
from bioplastic.locks import hold_lock
from bioplastic.validation import check_real

__all__ = ["RunFolder"]

_LOCK = ".lock"


class _Savable(Protocol):
    def save(self, path: Path) -> Any: ...


class _Loadable(Protocol):
    @classmethod
    def load(cls, path: Path) -> Any: ...


Model = TypeVar("Model", bound=_Loadable)


class RunFolder:
    """The folder of one run: ``run.json``, and the state at one or two moments.

    ``run.json`` holds parameters, versions, progress and the names and digests of the states, and
    with each state what it cost, earlier processes included. A new state goes to a new file before
    ``run.json`` is replaced in one step to name it; the state before is kept as a reserve. An
    advisory lock, which ends with the process, keeps two processes from writing to one folder.

    Parameters
    ----------
    folder : path-like or None
        Where to, made if missing. With None nothing is kept and every method does nothing.
    parameters : mapping of str to object
        Everything that determines the result, seed included: JSON types, quantities, dataclasses,
        arrays (known by their digest). A run continues only with the same.
    resume : bool, default False
        Whether a run found there is continued.
    every : float, default 60.0
        Seconds after which `is_due` asks for the next checkpoint.
    versions : mapping of str to str, optional
        Versions to record besides those of Python, bioplastic and the numerical libraries.
    growing : collection of str, default ()
        Parameters that may have grown since: numbers, such as epochs, and mappings with further
        entries. They only say where the run ends, so a longer run continues a shorter one.

    Attributes
    ----------
    found : bool
        Whether there is a state to continue from.
    progress : dict
        What the last intact checkpoint found there, or saved since, said about its progress.
    finished : bool
        Whether the run has ended.

    Raises
    ------
    RunFolderError
        If the folder holds a run and ``resume`` is not set; if that run differs, and then the
        message names the parameters; or if another process is using it.
    DamagedFileError
        If ``run.json``, or every checkpoint it names, cannot be read.
    WrongVersionError
        If another version of bioplastic wrote it in another format.

    Warns
    -----
    UserWarning
        If the versions of the software differ: the result need not be the same to the last bit.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> folder = tempfile.mkdtemp()
    >>> with RunFolder(folder, {"eta": 0.1, "seed": 0}) as run:
    ...     run.save({"w": np.ones(3)}, {"epoch": 1})
    >>> with RunFolder(folder, {"eta": 0.1, "seed": 0}, resume=True) as run:
    ...     run.progress["epoch"], run.load_arrays()["w"]
    (1, array([1., 1., 1.]))
    >>> RunFolder(folder, {"eta": 0.2, "seed": 0}, resume=True)
    Traceback (most recent call last):
        ...
    bioplastic.checkpoints.reading.RunFolderError: ... cannot be continued: eta was 0.1, is 0.2
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None,
        parameters: Mapping[str, Any],
        *,
        resume: bool = False,
        every: float = 60.0,
        versions: Mapping[str, str | None] | None = None,
        growing: Collection[str] = (),
    ) -> None:
        if not isinstance(resume, bool):
            raise TypeError(f"RunFolder.resume: must be True or False, got {resume!r}")
        if folder is not None and not isinstance(folder, str | os.PathLike):
            raise TypeError(f"RunFolder.folder: must be a path or None, got {folder!r}")
        if not _are_names(growing):
            raise TypeError(f"RunFolder.growing: must be names, got {growing!r}")
        self.folder = None if folder is None else Path(folder)
        self.parameters = describe_parameters(parameters)
        self.every = check_real("RunFolder.every", every, minimum=0)
        self.progress: dict[str, Any] = {}
        self.finished = False
        self._resume = resume
        self._growing = growing
        self._states: list[dict[str, Any]] = []
        self._number = 0
        self._lock = contextlib.ExitStack()
        self._started = self._stamp()
        self._saved = time.monotonic()
        self._opened, self._loaded = seconds_spent(), False
        machine = {"machine": platform.machine()}
        self._versions = {**collect_versions(), **machine, **(versions or {})}
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._lock.enter_context(hold_lock(self.folder / _LOCK, patience=0)) is False:
            raise RunFolderError(f"{folder} is in use by another process")
        try:
            remove_leftovers(self.folder)
            if (self.folder / ABOUT).exists():
                self._read_about(self.folder)
            if not self._states:
                self._write_about([], finished=False)
        except BaseException:
            self.close()
            raise

    # ---- opening and closing ---------------------------------------------------------------------

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_lock"):
            self.close()

    def close(self) -> None:
        """Let other processes use the folder."""
        self._lock.close()

    def _read_about(self, folder: Path) -> None:
        about = read_run(folder)
        if not about["checkpoints"]:  # it ended before the first one
            return
        if not self._resume:
            raise RunFolderError(
                f"{folder} holds a run already: add --resume (resume=True), or choose another"
            )
        grown = compare_parameters(folder, about["parameters"], self.parameters, self._growing)
        warn_of_versions(folder, about["versions"], self._versions)
        states = about["checkpoints"]
        newest, _ = first_intact(folder, states, lambda path: path)
        self._started = about["started"]
        self.finished = about["finished"] and not grown and newest == 0
        self._states = states[newest:]
        self._number = max(number_of(state) for state in states)
        self.progress = self._states[0]["progress"]

    # ---- loading ---------------------------------------------------------------------------------

    @property
    def found(self) -> bool:
        """Whether there is a state to continue from."""
        return bool(self._states)

    def load_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of the last checkpoint; `progress` belongs to them.

        Raises
        ------
        RunFolderError
            If there is no checkpoint.
        DamagedFileError
            If it cannot be read.
        """
        arrays: dict[str, NDArray[Any]] = self._load(lambda path: read_arrays(path, "checkpoint"))
        return arrays

    def load_model(self, kind: type[Model]) -> Model:
        """Return the model of the last checkpoint, read by ``kind.load``; see `load_arrays`."""
        return cast(Model, self._load(kind.load))

    def adopt(self, model: Any) -> None:
        """Give an estimator what the model of the last checkpoint has learned, if there is one.

        Parameters
        ----------
        model : estimator
            With `get_params`, and read by its own ``load``; its arguments stay as they are.
        """
        if not self.found:
            return
        arguments = set(model.get_params(deep=False))
        for name, value in vars(self.load_model(type(model))).items():
            if name not in arguments:
                setattr(model, name, value)

    def _load(self, read: Callable[[Path], Any]) -> Any:
        if self.folder is None or not self._states:
            raise RunFolderError(f"{self.folder} holds no checkpoint")
        _, content = first_intact(self.folder, self._states[:1], read)
        if not self._loaded:
            self._loaded = True
            take_over(seconds_of(self._states[0]))
        return content

    # ---- saving ----------------------------------------------------------------------------------

    def is_due(self) -> bool:
        """Return whether `every` seconds have passed since the last checkpoint."""
        return self.folder is not None and time.monotonic() - self._saved >= self.every

    def save(
        self, state: Mapping[str, NDArray[Any]] | _Savable, progress: Mapping[str, Any]
    ) -> None:
        """Replace the checkpoint.

        Parameters
        ----------
        state : mapping of str to array, or model
            Named arrays, or an object with a method ``save(path)`` that writes an ``.npz`` file.
        progress : mapping
            Where the run stands, in JSON types: whatever is needed to continue besides the state.

        Raises
        ------
        OSError
            If nothing can be written, for example on a full disk. The last checkpoint stays.
        """
        plain = to_plain("RunFolder.progress", progress, finite=True)
        if self.folder is None:
            self.progress = plain
            return
        name = f"state-{self._number + 1:06d}.npz"
        path = self.folder / name
        try:
            if isinstance(state, Mapping):
                write_arrays(path, state)
            else:
                state.save(path)
            entry = {"state": name, "sha256": file_digest(path), "progress": plain}
            entry |= self._seconds()
            states = [entry, *self._states[:1]]
            self._write_about(states, finished=False)
        except OSError as error:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            last = f"the checkpoint {self._states[0]['state']} is intact" if self._states else ""
            raise OSError(
                error.errno,
                f"cannot write a checkpoint ({error.strerror}); {last or 'there is none yet'}",
                str(self.folder),
            ) from error
        self._states, self._number, self.progress = states, self._number + 1, plain
        self.finished = False
        self._saved = time.monotonic()
        kept = {state["state"] for state in states}
        for old in self.folder.glob("state-*.npz"):
            if old.name not in kept:
                old.unlink(missing_ok=True)

    def finish(self) -> None:
        """Mark the run as ended; the last checkpoint is its result."""
        if self.folder is not None and not self.finished:
            self._states[:1] = [state | self._seconds() for state in self._states[:1]]
            self._write_about(self._states, finished=True)
        self.finished = True

    def _seconds(self) -> dict[str, float]:
        """Return what the run has cost so far."""
        return (seconds_spent() - self._opened).stored()

    def _write_about(self, states: list[dict[str, Any]], *, finished: bool) -> None:
        assert self.folder is not None
        about = {
            "format": FORMAT,
            "bioplastic": bioplastic.__version__,
            "parameters": self.parameters,
            "versions": self._versions,
            "started": self._started,
            "updated": self._stamp(),
            "finished": finished,
            "progress": states[0]["progress"] if states else {},
            "checkpoints": states,
        }
        write_json(self.folder / ABOUT, about)

    @staticmethod
    def _stamp() -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _are_names(value: Any) -> bool:
    several = isinstance(value, list | tuple | set | frozenset)
    return several and all(isinstance(name, str) for name in value)
