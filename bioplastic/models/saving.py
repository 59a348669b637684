"""Estimators on disk: one ``.npz`` of plain arrays and a JSON header, nothing executable."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

import bioplastic
from bioplastic.files import DamagedFileError, WrongVersionError, read_arrays, write_arrays

__all__ = ["read_estimator", "write_estimator"]

_FORMAT = 2


def write_estimator(
    path: str | os.PathLike[str], kind: str, arguments: Mapping[str, Any], fitted: Mapping[str, Any]
) -> Path:
    """Write the arguments and the fitted attributes of an estimator, atomically.

    Parameters
    ----------
    path : path-like
        Where to; ``.npz`` is appended if missing.
    kind : str
        Name of the class.
    arguments, fitted : mapping of str to object
        Numbers, text, quantities, arrays, lists, tuples, dictionaries, and objects of few kinds,
        which `read_estimator` is told of.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    TypeError
        If there is anything else; the message names the attribute.
    """
    target = Path(path)
    if target.suffix != ".npz":
        target = target.with_name(f"{target.name}.npz")
    arrays: dict[str, NDArray[Any]] = {}
    header = {
        "format": _FORMAT,
        "bioplastic": bioplastic.__version__,
        "kind": kind,
        "arguments": {name: _pack(f"{kind}.{name}", v, arrays) for name, v in arguments.items()},
        "fitted": {name: _pack(f"{kind}.{name}", v, arrays) for name, v in fitted.items()},
    }
    write_arrays(target, {"header": np.array(json.dumps(header)), **arrays}, compress=True)
    return target


def read_estimator(
    path: str | os.PathLike[str], kind: str, kinds: Iterable[type] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read what `write_estimator` wrote.

    Parameters
    ----------
    path : path-like
        The file.
    kind : str
        Name of the class that is expected.
    kinds : iterable of type
        Classes of objects that may occur; a file cannot name others.

    Returns
    -------
    arguments, fitted : dict
        As they were, bit for bit.

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
    path = Path(path)
    written = path.with_name(f"{path.name}.npz")
    if path.suffix != ".npz" and not path.exists() and written.exists():
        path = written
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
        raise ValueError(f"{path}: holds a {header.get('kind')}, not a {kind}")
    known = {cls.__name__: cls for cls in kinds}
    try:
        arguments, fitted = (
            {name: _unpack(value, arrays, known) for name, value in header[part].items()}
            for part in ("arguments", "fitted")
        )
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DamagedFileError(f"{path}: damaged or no saved model ({error!r})") from error
    return arguments, fitted


def _pack(place: str, value: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return a value as JSON; arrays go to ``arrays``, under the place where they are."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, b2.Quantity):
        exponents = [float(exponent) for exponent in value.dim._dims]
        return {"quantity": _pack(place, np.asarray(value), arrays), "dimensions": exponents}
    if isinstance(value, np.ndarray | np.generic):
        if isinstance(value, np.ma.MaskedArray):
            raise TypeError(f"{place}: cannot be stored, got an array with a mask")
        array = np.asarray(value)
        if array.dtype.kind == "O" and all(isinstance(entry, str) for entry in array.flat):
            return {"names": array.tolist()}
        while place in arrays:  # another key, with a slash in it, leads to the same name
            place += "'"
        arrays[place] = array
        return {"array": place} if isinstance(value, np.ndarray) else {"scalar": place}
    if isinstance(value, list | tuple):
        entries = [_pack(f"{place}/{k}", entry, arrays) for k, entry in enumerate(value)]
        return entries if isinstance(value, list) else {"tuple": entries}
    if isinstance(value, Mapping):
        for key in value:
            if type(key) not in (bool, int, float, str):
                raise TypeError(f"{place}: has a key that cannot be stored, {key!r}")
        return {"mapping": [[k, _pack(f"{place}/{k}", v, arrays)] for k, v in value.items()]}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    members = None if callable(value) else getattr(value, "__dict__", None)
    if members is None:
        raise TypeError(f"{place}: cannot be stored, got {type(value).__name__} {value!r:.80}")
    packed = {name: _pack(f"{place}/{name}", member, arrays) for name, member in members.items()}
    return {"object": type(value).__name__, "members": packed}


def _unpack(value: Any, arrays: Mapping[str, NDArray[Any]], known: Mapping[str, type]) -> Any:
    if isinstance(value, list):
        return [_unpack(entry, arrays, known) for entry in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    if "scalar" in value:
        return arrays[value["scalar"]][()]
    if "names" in value:
        return np.array(value["names"], dtype=object)
    if "tuple" in value:
        return tuple(_unpack(entry, arrays, known) for entry in value["tuple"])
    if "mapping" in value:
        return {key: _unpack(entry, arrays, known) for key, entry in value["mapping"]}
    if "quantity" in value:
        dimension = b2.get_or_create_dimension(value["dimensions"])
        return b2.Quantity(_unpack(value["quantity"], arrays, known), dim=dimension)
    cls = known[value["object"]]
    members = {name: _unpack(member, arrays, known) for name, member in value["members"].items()}
    if dataclasses.is_dataclass(cls):  # with its checks
        names = [field.name for field in dataclasses.fields(cls) if field.init]
        return cls(**{name: members[name] for name in names})
    restored: Any = object.__new__(cls)
    restored.__dict__.update(members)
    return restored
