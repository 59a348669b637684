"""Models on disk: one ``.npz`` of plain arrays and a JSON header, nothing executable."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

import bioplastic
from bioplastic.files import (
    DamagedFileError,
    Stored,
    WrongVersionError,
    read_arrays,
    write_arrays,
)

__all__ = ["load_model", "save_model"]

_FORMAT = 1


def save_model(
    path: str | Path,
    kind: str,
    arguments: Mapping[str, Any],
    arrays: Mapping[str, NDArray[Any]],
    numbers: Mapping[str, int],
) -> Path:
    """Write a model atomically.

    Parameters
    ----------
    path : str or Path
        Where to; ``.npz`` is appended if missing.
    kind : str
        Name of the class.
    arguments : mapping
        Constructor arguments: JSON types, or dataclasses of numbers and quantities.
    arrays : mapping of str to array
        Learned arrays.
    numbers : mapping of str to int
        Learned scalars.

    Returns
    -------
    Path
        The file.
    """
    target = Path(path)
    if target.suffix != ".npz":
        target = target.with_name(f"{target.name}.npz")
    header = json.dumps(
        {
            "format": _FORMAT,
            "bioplastic": bioplastic.__version__,
            "kind": kind,
            "arguments": {name: _encode(value) for name, value in arguments.items()},
            "numbers": dict(numbers),
            "arrays": sorted(arrays),
        }
    )
    write_arrays(target, {"header": np.array(header), **arrays}, compress=True)
    return target


def load_model(
    path: str | Path, kind: str, dataclasses: Sequence[type] = ()
) -> tuple[dict[str, Any], dict[str, NDArray[Any]], dict[str, int]]:
    """Read a model.

    Parameters
    ----------
    path : str or Path
        The file.
    kind : str
        Name of the class that is expected.
    dataclasses : sequence of type
        Dataclasses that may occur among the arguments.

    Returns
    -------
    arguments, arrays, numbers : dict
        What `save_model` was given. Whoever asks for what is not there learns that the file is
        damaged.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If the file is truncated, changed, or no saved model.
    WrongVersionError
        If its format is that of another version.
    ValueError
        If it holds another kind of model.
    """
    path = _existing(Path(path))
    arrays = read_arrays(path, "saved model")
    try:
        header = json.loads(str(arrays.pop("header")))
        if not isinstance(header, dict):
            raise ValueError("the header is no mapping")
    except (KeyError, ValueError, RecursionError) as error:
        raise DamagedFileError(f"{path}: damaged or no saved model ({error})") from error
    if header.get("format") != _FORMAT:
        raise WrongVersionError(
            f"{path}: format {header.get('format')!r} is unknown to bioplastic "
            f"{bioplastic.__version__}; the file was written by {header.get('bioplastic')}"
        )
    if header.get("kind") != kind:
        raise DamagedFileError(f"{path}: holds a {header.get('kind')}, not a {kind}")
    known = {cls.__name__: cls for cls in dataclasses}
    try:
        arguments = {name: _decode(value, known) for name, value in header["arguments"].items()}
        numbers = {name: int(value) for name, value in header["numbers"].items()}
        for name in header.get("arrays", ()):
            arrays[name]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFileError(f"{path}: damaged or no saved model ({error!r})") from error
    return arguments, arrays, Stored(numbers, path, "saved model")


def _existing(path: Path) -> Path:
    """Return the path, or the one `save_model` wrote to if ``.npz`` was left out."""
    written = path.with_name(f"{path.name}.npz")
    return written if path.suffix != ".npz" and not path.exists() and written.exists() else path


def _encode(value: Any) -> Any:
    if isinstance(value, np.generic) and not isinstance(value, b2.Quantity):
        return value.item()
    if is_dataclass(value) and not isinstance(value, type):
        members = {f.name: _encode(getattr(value, f.name)) for f in fields(value)}
        return {"dataclass": type(value).__name__, "fields": members}
    if isinstance(value, b2.Quantity):
        exponents = [float(e) for e in value.dim._dims]
        return {"quantity": float(value), "dimensions": exponents}
    return value


def _decode(value: Any, known: Mapping[str, type]) -> Any:
    if not isinstance(value, dict):
        return value
    if "dataclass" in value:
        members = {name: _decode(v, known) for name, v in value["fields"].items()}
        return known[value["dataclass"]](**members)
    return b2.Quantity(value["quantity"], dim=b2.get_or_create_dimension(value["dimensions"]))
