"""Finished tasks on disk, so that an interrupted experiment loses no more than one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bioplastic.engine.fingerprint import software_digest
from bioplastic.files import read_arrays, write_arrays

__all__ = ["run_once"]

Arrays = dict[str, NDArray[Any]]


def run_once(
    function: Callable[..., Arrays], arguments: tuple[Any, ...], folder: Path | None
) -> Arrays:
    """Return the stored arrays of a task, or compute and store them.

    A task is known by the function, its arguments, and the sources of protocol, model and engine.
    """
    if folder is None:
        return function(*arguments)
    text = json.dumps([function.__name__, repr(arguments), _source_digest()])
    path = folder / f"{function.__name__}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    if path.exists():
        return read_arrays(path, "result of a task")
    result = function(*arguments)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_arrays(path, result, compress=True)
    return result


def _source_digest() -> str:
    import bioplastic

    root = Path(bioplastic.__file__).parent
    files = [
        *sorted((root / "models" / "what_when").glob("*.py")),
        root / "plasticity" / "gated.py",
        Path(__file__).parent / "protocol.py",
    ]
    parts = [file.read_bytes() for file in files] + [software_digest().encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
