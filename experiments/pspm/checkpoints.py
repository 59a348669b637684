"""Finished trials on disk, so that an interrupted experiment loses no more than one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bioplastic.checkpoints import compute_once
from bioplastic.engine.fingerprint import software_digest

__all__ = ["run_once"]


def run_once(
    function: Callable[..., dict[str, Any]], arguments: tuple[Any, ...], folder: Path | None
) -> dict[str, Any]:
    """Return the stored result of a trial, or compute and store it.

    A trial is known by the function, its arguments, the sources of model and engine and the
    libraries that measure distances, so a result of an older program, or one without those
    distances, is not taken for a new one.
    """
    parameters = {"arguments": list(arguments), "sources": _source_digest()}
    return compute_once(folder, function.__name__, parameters, lambda: function(*arguments))


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
