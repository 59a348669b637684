"""Means and spreads of labelled measurements, and the flat names that a result file has."""

from __future__ import annotations

import itertools
import math
import re
import statistics
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

__all__ = ["flatten", "summarise"]

_STATISTICS = ("mean", "std", "n")


def summarise(data: xr.Dataset, over: str = "seed") -> xr.Dataset:
    """Return mean, sample standard deviation and number along a dimension, as labels.

    Parameters
    ----------
    data : Dataset
        Numbers, as `measure` returns them. NaN stands for what was not measured and does not count.
    over : str, default 'seed'
        The dimension that goes.

    Returns
    -------
    Dataset
        With the dimension ``statistic`` (``'mean'``, ``'std'``, ``'n'``) in its place; ``std`` is
        NaN for fewer than two values. Variables without the dimension stay as they are, text is
        left out. Sums are exact, so that the order of the seeds does not matter.

    Raises
    ------
    ValueError
        If the data has no such dimension.

    Examples
    --------
    >>> data = xr.Dataset({"accuracy": ("seed", [0.75, 0.25])})
    >>> summarise(data).accuracy.sel(statistic=["mean", "n"]).values
    array([0.5, 2. ])
    """
    if over not in data.dims:
        raise ValueError(f"summarise.over: must be a dimension of the data, got {over!r}")
    kept = {}
    for name, variable in data.data_vars.items():
        if over not in variable.dims:
            kept[name] = variable
        elif variable.dtype.kind in "biuf":
            found = xr.apply_ufunc(
                _moments, variable.astype(float), input_core_dims=[[over]],
                output_core_dims=[["statistic"]], keep_attrs=True,
            )  # fmt: skip
            kept[name] = found.assign_coords(statistic=list(_STATISTICS))
    return xr.Dataset(kept, attrs=data.attrs)


def _moments(values: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = values.reshape(-1, values.shape[-1])
    return np.array([_moments_of(row) for row in rows]).reshape(*values.shape[:-1], 3)


def _moments_of(row: NDArray[np.float64]) -> tuple[float, float, int]:
    found = row[~np.isnan(row)].tolist()
    if not found:
        return math.nan, math.nan, 0
    mean = statistics.fmean(found)
    if len(found) < 2 or not all(map(math.isfinite, found)):
        return mean, math.nan, len(found)
    return mean, statistics.stdev(found), len(found)


def flatten(
    data: xr.Dataset, over: str = "seed", names: Mapping[str, str] | str | None = None
) -> dict[str, float]:
    """Return the flat numbers of a result file: ``x`` and, with two seeds or more, ``x_std``.

    This is the boundary to JSON, figures of the README and sweeps; inside, statistics are labels.

    Parameters
    ----------
    data : Dataset
        One number per seed, and per label of further dimensions.
    over : str, default 'seed'
        The dimension to average over; data without it are taken as they are.
    names : str or mapping of str to str, optional
        How the names are made: for all variables, or for one with further dimensions, a format
        string in these and ``name``: ``{"error": "error_{arm}_block_{block}"}``. By default the
        labels follow the name. Everything but letters and digits becomes an underscore.

    Returns
    -------
    dict of str to float
        Without what was not measured.

    Raises
    ------
    ValueError
        If two numbers would have the same name, or ``names`` holds an unknown variable.

    Examples
    --------
    >>> data = xr.Dataset({"error": (("seed", "arm"), [[0.5, 1.0], [1.5, 1.0]])},
    ...                   {"arm": ["local", "rls"]})
    >>> flatten(data)["error_rls_std"]
    0.0
    >>> flatten(data, names={"error": "{arm}_error"})["local_error"]
    1.0
    """
    forms = {str(n): names for n in data} if isinstance(names, str) else dict(names or {})
    for wanted in forms:
        if wanted not in data.data_vars:
            raise ValueError(f"flatten.names: there is no variable {wanted!r}")
    table = summarise(data, over) if over in data.dims else data
    flat: dict[str, float] = {}
    for name, variable in table.data_vars.items():
        if variable.dtype.kind not in "biuf":
            continue
        rest = [str(dim) for dim in variable.dims if dim != "statistic"]
        template = forms.get(str(name), "_".join(["{name}", *(f"{{{dim}}}" for dim in rest)]))
        labels = [_labels(variable, dim) for dim in rest]
        for where in itertools.product(*(range(len(each)) for each in labels)):
            words = {dim: labels[k][where[k]] for k, dim in enumerate(rest)}
            value = variable[dict(zip(rest, where, strict=True))]
            summary = "statistic" in variable.dims
            numbers = {"": float(value.sel(statistic="mean") if summary else value)}
            if summary and float(value.sel(statistic="n")) > 1:
                numbers["_std"] = float(value.sel(statistic="std"))
            for suffix, number in numbers.items():
                key = _snake_case(template.format(name=name, **words)) + suffix
                if key in flat:
                    raise ValueError(f"flatten.names: {key!r} would stand for two numbers")
                if not math.isnan(number):
                    flat[key] = number
    return flat


def _snake_case(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _labels(variable: xr.DataArray, dim: str) -> list[Any]:
    if dim in variable.coords:
        return list(variable[dim].values.tolist())
    return list(range(variable.sizes[dim]))
