"""Parameters of a run as plain JSON types."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import os
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

__all__ = ["describe_parameters", "to_plain"]


def describe_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as plain JSON types that compare equal when the parameters do.

    Parameters
    ----------
    parameters : mapping of str to object
        JSON types, numpy scalars, quantities (as a number in SI units and their dimensions),
        dataclasses, and arrays (as their digest).

    Raises
    ------
    TypeError
        If something else is among them; the message names it.

    Examples
    --------
    >>> from brian2 import ms
    >>> describe_parameters({"tau": 20 * ms, "sizes": (3, 4)})
    {'tau': {'value': 0.02, 'dimensions': 's'}, 'sizes': [3, 4]}
    """
    if not isinstance(parameters, Mapping):
        raise TypeError(f"RunFolder.parameters: must be a mapping, got {parameters!r}")
    return cast(dict[str, Any], to_plain("RunFolder.parameters", parameters))


def to_plain(place: str, value: Any, *, finite: bool = False) -> Any:
    """Return a value as plain JSON types.

    Parameters
    ----------
    place : str
        Where the value was given, ``"Class.argument"``.
    value : object
        See `describe_parameters`.
    finite : bool, default False
        Refuse NaN and infinity, quantities, arrays and dataclasses: only what JSON gives back as it
        was, tuples as lists.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic) and not hasattr(value, "dim"):
        return to_plain(place, value.item(), finite=finite)
    if not isinstance(value, np.ndarray) and isinstance(value, int | float):
        if math.isfinite(value):
            return value
        if finite:
            raise ValueError(f"{place}: must be finite, got {value}")
        return str(value)
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{place}: must have text as keys, got {key!r}")
        return {k: to_plain(f"{place}[{k!r}]", v, finite=finite) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(f"{place}[{k}]", v, finite=finite) for k, v in enumerate(value)]
    if finite:
        raise TypeError(f"{place}: must be plain JSON, got {type(value).__name__} {value!r}")
    return _describe_object(place, value)


def _describe_object(place: str, value: Any) -> Any:
    if isinstance(value, np.ndarray) and hasattr(value, "dim"):  # a Brian2 quantity
        numbers = np.asarray(value, dtype=float)
        content = float(numbers) if numbers.ndim == 0 else _describe_object(place, numbers)
        return {"value": content, "dimensions": str(value.dim)}
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError(f"{place}: must hold numbers or text, got an array of objects")
        if value.ndim == 0:
            return to_plain(place, value.item())
        flat = np.ascontiguousarray(value).reshape(-1)
        digest = hashlib.sha256(flat.view(np.uint8).data).hexdigest()
        return {"sha256": digest[:32], "shape": list(value.shape), "dtype": str(value.dtype)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        members = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **to_plain(place, members)}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(
        f"{place}: must be plain JSON, quantities, arrays or dataclasses, got {value!r}"
    )
