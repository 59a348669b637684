"""Files that are either whole or not there, and errors that tell what is wrong with one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import platformdirs
from numpy.typing import NDArray

__all__ = [
    "DamagedFileError",
    "Stored",
    "WrongVersionError",
    "check_memory",
    "file_digest",
    "pack_arrays",
    "read_arrays",
    "read_json",
    "user_cache",
    "write_arrays",
    "write_atomically",
    "write_json",
    "write_together",
]

T = TypeVar("T")

_TEMPORARY = ".part-"
_FORMAT: Any = np.lib.format  # of an array in a file


class DamagedFileError(ValueError):
    """A file is truncated, has a wrong checksum, or is no file of this kind at all."""


class WrongVersionError(ValueError):
    """A file is whole, but its format belongs to another version of bioplastic."""


@contextlib.contextmanager
def write_atomically(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Lend a stream whose content becomes the file at the end of the block, or never.

    The content is on disk before the name changes, so that neither ``kill -9`` nor a loss of power
    leaves half a file.

    Parameters
    ----------
    path : path-like
        The file. Its folder must exist.

    Yields
    ------
    binary stream
        Where to write.

    Raises
    ------
    OSError
        If the file cannot be written, for example on a full disk. What was there stays.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with write_atomically(Path(folder) / "note.txt") as file:
    ...         _ = file.write(b"whole")
    ...     (Path(folder) / "note.txt").read_text()
    'whole'
    """
    with write_together(path) as (file,):
        yield file


@contextlib.contextmanager
def write_together(*paths: str | os.PathLike[str]) -> Iterator[list[IO[bytes]]]:
    """Lend a stream for each of several files; all appear at the end of the block, or none.

    No name changes before every content is on disk.

    Parameters
    ----------
    *paths : path-like
        The files, in the order in which they appear. Their folders must exist.

    Yields
    ------
    list of binary streams
        Where to write.

    Raises
    ------
    OSError
        If a file cannot be written, for example on a full disk. What was there stays.
    """
    targets = [Path(path) for path in paths]
    staged: list[tuple[Path, IO[bytes]]] = []
    try:
        for target in targets:
            handle, name = tempfile.mkstemp(prefix=f"{_TEMPORARY}{target.name}-", dir=target.parent)
            staged.append((Path(name), os.fdopen(handle, "wb")))
        yield [file for _, file in staged]
        mode = 0o666 & ~_umask()
        for temporary, file in staged:
            file.flush()
            os.fsync(file.fileno())
            file.close()
            temporary.chmod(mode)
        for (temporary, _), target in zip(staged, targets, strict=True):
            os.replace(temporary, target)
    except BaseException:
        for temporary, file in staged:
            with contextlib.suppress(OSError):  # what is left in the buffer may not fit on the disk
                file.close()
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise
    for folder in {target.parent for target in targets}:
        _sync_folder(folder)


def remove_leftovers(folder: Path) -> int:
    """Remove what killed writers left in a folder, and return how many files.

    The caller makes sure that nobody is writing there.
    """
    count = 0
    for path in folder.glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(OSError):
            path.unlink()
            count += 1
    return count


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Write strict JSON, atomically.

    Raises
    ------
    ValueError, TypeError
        If the content is no plain JSON, or holds NaN.
    """
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    with write_atomically(path) as file:
        file.write(f"{text}\n".encode())


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a strict JSON file that holds a mapping.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If it holds anything else.
    """
    try:
        content = json.loads(
            Path(path).read_text(encoding="utf-8"), parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"{path}: damaged or no JSON ({error})") from error
    if not isinstance(content, dict):
        raise DamagedFileError(f"{path}: must hold a mapping, got {type(content).__name__}")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not allowed")


def write_arrays(
    path: str | os.PathLike[str], arrays: Mapping[str, NDArray[Any]], *, compress: bool = False
) -> None:
    """Write named arrays to an ``.npz`` file, atomically.

    Parameters
    ----------
    path : path-like
        The file.
    arrays : mapping of str to array
        What to write; names may hold slashes.
    compress : bool, default False
        Smaller and slower.

    Raises
    ------
    TypeError
        If an array holds Python objects, or is of a subclass with units or a mask, which would be
        lost.
    """
    with write_atomically(path) as file:
        pack_arrays(file, arrays, compress=compress)


def pack_arrays(
    file: IO[bytes], arrays: Mapping[str, NDArray[Any]], *, compress: bool = False
) -> None:
    """Write named arrays as `write_arrays` does, to an open file."""
    for name, array in arrays.items():
        if not isinstance(name, str) or "\0" in name:
            raise TypeError(f"{name!r}: must be text to name an array")
        if np.asarray(array).dtype.hasobject:
            raise TypeError(f"{name}: holds Python objects, which are not stored")
        if isinstance(array, np.ma.MaskedArray) or hasattr(array, "dim"):
            raise TypeError(f"{name}: must be a plain array, got {type(array).__name__}")
    kind = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", kind) as archive:  # numpy.savez has names of its own
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                _FORMAT.write_array(member, np.asarray(array), allow_pickle=False)


def read_arrays(path: str | os.PathLike[str], what: str = "archive") -> dict[str, NDArray[Any]]:
    """Read the arrays of an ``.npz`` file; nothing in it is executed.

    Parameters
    ----------
    path : path-like
        The file.
    what : str, default 'archive'
        What the file should be, for the message.

    Returns
    -------
    dict
        The arrays by name. Asking for one that is not there raises `DamagedFileError`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If it is truncated, changed, no archive of arrays, or holds Python objects.
    """
    try:
        return Stored(_unpack(Path(path)), path, what)
    except FileNotFoundError:
        raise
    except Exception as error:  # what a parser says of bytes that make no sense
        if isinstance(error, OSError) and error.errno in _SYSTEM:
            raise
        raise DamagedFileError(f"{path}: damaged or no {what} ({error})") from error


class Stored(dict[str, T]):
    """What a file holds, by name; the file is damaged if something is missing."""

    def __init__(self, content: Any, path: str | os.PathLike[str], what: str) -> None:
        super().__init__(content)
        self._file = f"{path}: damaged or no {what}"

    def __missing__(self, name: str) -> T:
        raise DamagedFileError(f"{self._file} ({name} is missing)")

    def pop(self, name: str, *default: Any) -> Any:
        return super().pop(name, *default) if name in self or default else self[name]


def _unpack(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        check_memory(sum(member.file_size for member in members))
        if len({member.filename for member in members}) < len(members):
            raise ValueError("it holds a name twice")
        for member in members:
            if not member.filename.endswith(".npy"):
                raise ValueError(f"{member.filename} is no array")
            with archive.open(member) as stream:
                array = _FORMAT.read_array(stream, allow_pickle=False)
                if stream.read(1):  # the end also checks the sum
                    raise ValueError(f"{member.filename} is longer than it states")
            yield member.filename.removesuffix(".npy"), array


def check_memory(n_bytes: int, what: str = "it") -> None:
    """Refuse what a file says it holds when this machine cannot.

    Raises
    ------
    ValueError
        If it is more than the memory of the machine.
    """
    if n_bytes > _MEMORY:
        raise ValueError(
            f"{what} states {n_bytes} bytes of data, more than the memory of the machine"
        )


def _find_memory() -> float:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return math.inf


_MEMORY = _find_memory()
_SYSTEM = frozenset({errno.EACCES, errno.EPERM, errno.EISDIR, errno.EIO, errno.EMFILE})


def user_cache() -> Path:
    """Return the folder of this user for what can be made again, as the system has it.

    Without a home directory, or where it cannot be written, as in many containers, that is a folder
    of the user among the temporary files.

    Examples
    --------
    >>> user_cache().is_absolute()
    True
    """
    usual = platformdirs.user_cache_path("bioplastic")
    if usual.is_absolute():
        there = next(path for path in (usual, *usual.parents) if path.exists())
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            return usual
    return (
        Path(tempfile.gettempdir())
        / f"bioplastic-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    )


def file_digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    """Bring a change of name to disk; file systems that cannot do so are left alone."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
