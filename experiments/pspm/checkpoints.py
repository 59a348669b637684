"""Finished trials on disk, so that an interrupted experiment loses no more than one."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from bioplastic.engine.fingerprint import software_digest

__all__ = ["run_once"]

_ARRAYS = ("arrays", "counts")


def run_once(
    function: Callable[..., dict[str, Any]], arguments: tuple[Any, ...], folder: Path | None
) -> dict[str, Any]:
    """Return the stored result of a trial, or compute and store it.

    A trial is known by the function, its arguments, the sources of model and engine and the
    libraries that measure distances, so a result of an older program, or one without those
    distances, is not taken for a new one.
    """
    if folder is None:
        return function(*arguments)
    text = json.dumps([function.__name__, repr(arguments), _source_digest()])
    path = folder / f"{function.__name__}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    if path.exists():
        return _read(path)
    result = function(*arguments)
    _write(path, result)
    return result


def _source_digest() -> str:
    import bioplastic

    root = Path(bioplastic.__file__).parent
    files = [
        *sorted((root / "models" / "pspm").glob("*.py")),
        Path(__file__).parent / "protocol.py",
    ]
    files += [root / "analysis" / name for name in ("pairing.py", "spike_distance.py")]
    parts = [file.read_bytes() for file in files]
    parts.append(software_digest().encode())
    parts += [f"{name}={_version_of(name)}".encode() for name in ("elephant", "pyspike")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"


def _write(path: Path, result: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = {"metrics": np.array(json.dumps(result["metrics"]))}
    if "history" in result:
        flat["history"] = result["history"]
    for group in _ARRAYS:
        for name, value in result.get(group, {}).items():
            flat[f"{group}/{name}"] = value
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".trial-")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez_compressed(file, **flat)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> dict[str, Any]:
    result: dict[str, Any] = {group: {} for group in _ARRAYS}
    with np.load(path, allow_pickle=False) as file:
        for name in file.files:
            group, _, member = name.partition("/")
            if member:
                result[group][member] = file[name]
            elif name == "metrics":
                result["metrics"] = json.loads(str(file[name]))
            else:
                result[name] = file[name]
    return result
