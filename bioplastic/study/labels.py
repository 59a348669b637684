"""Factors as dimensions, results as labelled arrays, and many of these as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from brian2 import Quantity
from numpy.typing import NDArray

__all__ = ["Dimension", "Fixed", "Labelled", "assemble", "label_part", "read_factor"]

_SCALARS = (bool, int, float, str, np.generic)


@dataclass(frozen=True)
class Fixed:
    """A value that is the same for all parts."""

    value: Any


@dataclass(frozen=True)
class Labelled:
    """Objects under labels."""

    values: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not isinstance(self.values, Mapping) or not all(isinstance(k, str) for k in self.values):
            raise TypeError(
                f"labelled.values: must be a mapping with texts as keys, got {self.values!r}"
            )


@dataclass(frozen=True)
class Dimension:
    """One dimension of a study.

    Parameters
    ----------
    name : str
        Name of the dimension.
    labels : list
        One per place.
    shown, passed : list of dict
        What conditions see and what the function gets at each place, by argument.
    units : str
        Of the labels, if they are quantities.
    """

    name: str
    labels: list[Any]
    shown: list[dict[str, Any]]
    passed: list[dict[str, Any]]
    units: str = ""

    @property
    def arguments(self) -> list[str]:
        """The arguments of the function that this dimension gives."""
        return list(self.passed[0])

    @property
    def coordinates(self) -> dict[str, tuple[str, Any]]:
        """The labels, and for points the values of every factor."""
        found: dict[str, tuple[str, Any]] = {self.name: (self.name, _column(self.labels))}
        for key in self.shown[0]:
            found[key] = (self.name, _column([entry[key] for entry in self.shown]))
        return found

    @classmethod
    def of_points(
        cls, points: Sequence[Mapping[str, Any]], factors: Mapping[str, Any]
    ) -> Dimension:
        """Return the dimension of points that are no grid."""
        rows = [dict(point) for point in points]
        if not rows or not rows[0] or any(row.keys() != rows[0].keys() for row in rows):
            raise ValueError("measure.points: must be mappings of the same factors, at least one")
        for name in {*rows[0]} & {*factors, "point"}:
            raise ValueError(f"measure.points: {name} must not be given twice")
        for row in rows:
            for name, value in row.items():
                if not isinstance(value, _SCALARS):
                    raise TypeError(
                        f"measure.points: {name} must be a number or text, got {value!r}"
                    )
        return cls("point", list(range(len(rows))), rows, rows)


def read_factor(place: str, name: str, values: Any) -> Dimension | Fixed:
    """Return a factor as a dimension, or as a constant if it is no sequence."""
    units = ""
    if isinstance(values, Fixed):
        return values
    if isinstance(values, Labelled):
        labels, passed = list(values.values), list(values.values.values())
    elif isinstance(values, Quantity) and values.ndim == 1:
        labels = np.asarray(values, dtype=float).tolist()
        passed, units = list(values), _unit_of(values)
    elif isinstance(values, np.ndarray) and values.ndim == 1 and not isinstance(values, Quantity):
        labels = passed = values.tolist()
    elif isinstance(values, Sequence) and not isinstance(values, str | bytes):
        passed = list(values)
        labels = [_label(place, value) for value in passed]
    else:
        return Fixed(values)
    if not labels:
        raise ValueError(f"{place}: must have at least one value")
    if len(set(labels)) < len(labels):
        raise ValueError(f"{place}: must have different values, got {labels!r}")
    if len({isinstance(label, str) for label in labels}) > 1:
        raise TypeError(f"{place}: must hold either numbers or texts, got {labels!r}")
    return Dimension(
        name,
        labels,
        [{name: label} for label in labels],
        [{name: value} for value in passed],
        units,
    )


def _label(place: str, value: Any) -> Any:
    if isinstance(value, Quantity) and value.ndim == 0:
        raise TypeError(
            f"{place}: must be one quantity of several values, got a list of quantities"
        )
    if isinstance(value, _SCALARS):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(getattr(value, "name", None), str):
        return value.name
    raise TypeError(
        f"{place}: must hold numbers, texts or objects with a name; labelled({{label: object}}) "
        f"makes a factor of others, fixed(...) a constant, got {value!r}"
    )


def _unit_of(value: Quantity) -> str:
    """Return the SI units of a quantity as text, empty for a plain number."""
    return "" if value.is_dimensionless else str(value.dim)


def _column(values: Sequence[Any]) -> NDArray[Any]:
    if len({isinstance(value, str) for value in values}) > 1:
        return np.array([str(value) for value in values])
    return np.array(list(values))


# ---- results -------------------------------------------------------------------------------------


def label_part(result: Any) -> xr.Dataset:
    """Return what a function measured as a Dataset.

    Raises
    ------
    TypeError
        If it is nothing that can be labelled, or holds Python objects.
    """
    if isinstance(result, xr.Dataset):
        return result.map(_plain_variable, keep_attrs=True) if result.data_vars else result
    if isinstance(result, xr.DataArray):
        return label_part({str(result.name or "value"): result})
    if not isinstance(result, Mapping):
        result = {"value": result}
    variables: dict[str, Any] = {}
    for name, value in result.items():
        if not isinstance(name, str):
            raise TypeError(f"measure.function: must return texts as names, got {name!r}")
        if isinstance(value, xr.DataArray):
            variables[name] = _plain_variable(value)
            continue
        units = {}
        if isinstance(value, Quantity):
            units = {"units": _unit_of(value)} if not value.is_dimensionless else {}
        array = np.array(value) if isinstance(value, str) else np.asarray(value)
        array = np.array(array, subok=False)
        _check_kind(name, array)
        dims = tuple(f"{name}_{axis}" for axis in range(array.ndim))
        variables[name] = xr.Variable(dims, array, units)
    return xr.Dataset(variables)


def _plain_variable(variable: xr.DataArray) -> xr.DataArray:
    if variable.dtype == object and all(isinstance(v, str) for v in variable.values.flat):
        variable = variable.astype(str)
    _check_kind(str(variable.name), np.asarray(variable.values))
    return variable


def _check_kind(name: str, array: NDArray[Any]) -> None:
    if array.dtype.kind not in "biufcUMm":
        raise TypeError(
            f"measure.function: {name} must hold numbers, truth values or text, got {array!r}"
        )


def assemble(
    dimensions: Sequence[Dimension],
    parts: Mapping[tuple[int, ...], xr.Dataset],
    ragged: set[str],
) -> xr.Dataset:
    """Put parts side by side, one dimension per factor; what was not measured is NaN.

    Raises
    ------
    ValueError
        If variables of the same name do not fit together.
    """
    lead = tuple(dimension.name for dimension in dimensions)
    shape = tuple(len(dimension.labels) for dimension in dimensions)
    coordinates: dict[str, Any] = {}
    for dimension in dimensions:
        coordinates |= dimension.coordinates
        if dimension.units:
            axis = dimension.name
            coordinates[axis] = (*coordinates[axis], {"units": dimension.units})
    names = list(dict.fromkeys(name for part in parts.values() for name in part.data_vars))
    variables = {name: _join(str(name), lead, shape, parts, ragged) for name in names}
    shared: dict[str, Any] = {}
    for part in parts.values():
        for name, coordinate in part.coords.items():
            taken = str(name) in coordinates
            if taken and coordinate.ndim == 0:  # what is left of a selection
                continue
            if taken or not shared.setdefault(str(name), coordinate.variable).equals(
                coordinate.variable
            ):
                problem = "is the name of a factor" if taken else "has other values in another part"
                raise ValueError(f"measure: the coordinate {name} of a part {problem}")
    return xr.Dataset(variables, coordinates | shared)


def _join(
    name: str,
    lead: tuple[str, ...],
    shape: tuple[int, ...],
    parts: Mapping[tuple[int, ...], xr.Dataset],
    ragged: set[str],
) -> xr.Variable:
    found = {index: part[name].variable for index, part in parts.items() if name in part.data_vars}
    first = next(iter(found.values()))
    for index, variable in found.items():
        if set(variable.dims) & set(lead) or name in lead:
            raise ValueError(f"measure: {name} must not use the name of a factor, {lead}")
        same = variable.dims == first.dims
        if not same or (variable.shape != first.shape and name not in ragged):
            raise ValueError(
                f"measure: {name} has shape {dict(first.sizes)} in one part and "
                f"{dict(variable.sizes)} in part {index}; return equal shapes, or name it in ragged"
            )
    inner = tuple(max(v.shape[k] for v in found.values()) for k in range(first.ndim))
    whole = len(found) == int(np.prod(shape)) and all(v.shape == inner for v in found.values())
    dtype = np.result_type(*(variable.dtype for variable in found.values()))
    if whole:
        data = np.empty((*shape, *inner), dtype)
    else:
        if dtype.kind in "biu":
            dtype = np.dtype(float)
        fill: Any = (
            "" if dtype.kind == "U" else np.array("NaT", dtype) if dtype.kind in "Mm" else np.nan
        )
        data = np.full((*shape, *inner), fill, dtype)
    for index, variable in found.items():
        place: tuple[int | slice, ...] = (*index, *(slice(int(n)) for n in variable.shape))
        data[place] = variable.values
    return xr.Variable((*lead, *first.dims), data, first.attrs)
