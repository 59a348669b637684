"""Labelled arrays as plain ones, for an npz file, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

__all__ = ["pack", "unpack"]

_ABOUT = "about"


def pack(data: xr.Dataset, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Return a Dataset as arrays: its values, and a text with names, dimensions and attributes.

    Parameters
    ----------
    data : Dataset
        Numbers, truth values, times or text; attributes as JSON types.
    prefix : str, optional
        Beginning of the names of the arrays.

    Raises
    ------
    TypeError
        If it holds Python objects.

    Examples
    --------
    >>> data = xr.Dataset({"error": ("seed", [0.5, 0.25])}, {"seed": [0, 1]}, {"note": "x"})
    >>> data.identical(unpack(pack(data)))
    True
    """
    arrays: dict[str, NDArray[Any]] = {}
    variables = []
    for number, (name, variable) in enumerate(data.variables.items()):
        values = np.asarray(variable.values)
        if values.dtype.kind not in "biufcUMm":
            raise TypeError(f"{name}: must hold numbers, truth values or text, got {values.dtype}")
        arrays[f"{prefix}{number}"] = values
        variables.append({
            "name": name, "dims": list(variable.dims), "attrs": dict(variable.attrs),
            "coordinate": name in data.coords,
        })  # fmt: skip
    about = {"variables": variables, "attrs": dict(data.attrs)}
    return {f"{prefix}{_ABOUT}": np.array(json.dumps(about)), **arrays}


def unpack(arrays: Mapping[str, NDArray[Any]], prefix: str = "") -> xr.Dataset:
    """Return the Dataset that `pack` has taken apart.

    Raises
    ------
    KeyError, TypeError, ValueError
        If the arrays are not those of a Dataset.
    """
    about = json.loads(str(arrays[f"{prefix}{_ABOUT}"]))
    groups: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for number, entry in enumerate(about["variables"]):
        groups[bool(entry["coordinate"])][entry["name"]] = (
            tuple(entry["dims"]), arrays[f"{prefix}{number}"], entry["attrs"],
        )  # fmt: skip
    return xr.Dataset(*groups, about["attrs"])
