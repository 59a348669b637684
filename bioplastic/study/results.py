"""What an experiment measured: a strict JSON file and an npz file, both or neither."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bioplastic.files import (
    DamagedFileError,
    pack_arrays,
    read_arrays,
    read_json,
    write_together,
)
from bioplastic.study.packing import pack, unpack
from bioplastic.validation import check_integer, check_real

__all__ = [
    "KEYS",
    "SNAKE_CASE",
    "Results",
    "load_numbers",
    "load_results",
    "save_results",
]

KEYS = (
    "experiment",
    "reference",
    "scale",
    "data",
    "seed",
    "parameters",
    "metrics",
    "baselines",
    "paper",
    "versions",
    "revision",
    "cpu_seconds",
    "wall_seconds",
)
"""Keys of the JSON file, no more and no fewer."""

_MEASURED = "measured/"

SNAKE_CASE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""Names of numbers, arrays and files of results."""


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Results:
    """The numbers of one experiment and where they come from.

    A computation fills `metrics`, `baselines`, `paper`, `parameters` and `arrays`; the framework
    fills the rest.

    Parameters
    ----------
    metrics : mapping of str to float
        What was measured, snake_case names, accuracies as fractions. ``x_std`` is the standard
        deviation over seeds of ``x``.
    baselines : mapping of str to float, optional
        What to compare with, for example ``chance`` and ``linear``.
    paper : mapping of str to float, optional
        Published values, under the names of the metrics where they are the same quantity.
    parameters : mapping, optional
        Everything that was set, as JSON: texts, numbers, truth values, None, lists, mappings.
    arrays : mapping of str to ndarray, optional
        Whatever the figures need.
    measured : mapping of str to Dataset, optional
        The same with labels, as `bioplastic.study.measure` returns it.
    name : str
        What its files are called, by default as the experiment. It is not stored: the name of the
        file is the name of the results.
    experiment, reference, scale, data : str
        Which experiment, and on what.
    seed : int
        The seed.
    versions : mapping of str to str or None
        Versions of the software.
    revision : str or None
        The git commit, with ``+dirty`` if the code differed from it.
    cpu_seconds, wall_seconds : float
        What the computation took, in all processes that worked on it.

    Raises
    ------
    TypeError, ValueError
        If a name is not snake_case, a number is not finite, or something cannot be stored. The
        message names the entry.

    Examples
    --------
    >>> results = Results(metrics={"accuracy": 0.81}, baselines={"chance": 0.1})
    >>> results.metrics["accuracy"]
    0.81
    >>> Results(metrics={"accuracy": float("nan")})
    Traceback (most recent call last):
        ...
    ValueError: Results.metrics['accuracy']: must be a finite number, got nan
    """

    metrics: Mapping[str, float]
    baselines: Mapping[str, float] = dataclasses.field(default_factory=dict)
    paper: Mapping[str, float] = dataclasses.field(default_factory=dict)
    parameters: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = dataclasses.field(default_factory=dict)
    measured: Mapping[str, xr.Dataset] = dataclasses.field(default_factory=dict)
    name: str = ""
    experiment: str = ""
    reference: str = ""
    scale: str = ""
    data: str = ""
    seed: int = 0
    versions: Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    revision: str | None = None
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0

    def __post_init__(self) -> None:
        clean: dict[str, Any] = {
            "parameters": _to_json("Results.parameters", self.parameters),
            "versions": _to_json("Results.versions", self.versions),
            "arrays": _check_arrays(self.arrays),
            "measured": _check_measured(self.measured),
            "seed": check_integer("Results.seed", self.seed, minimum=0),
        }
        for field in ("metrics", "baselines", "paper"):
            clean[field] = _check_numbers(f"Results.{field}", getattr(self, field))
        for field in ("cpu_seconds", "wall_seconds"):
            clean[field] = check_real(f"Results.{field}", getattr(self, field), minimum=0)
        for field in ("name", "experiment", "reference", "scale", "data"):
            if not isinstance(getattr(self, field), str):
                raise TypeError(f"Results.{field}: must be text, got {getattr(self, field)!r}")
        if not isinstance(self.revision, str | None):
            raise TypeError(f"Results.revision: must be text or None, got {self.revision!r}")
        clean["name"] = self.name or self.experiment
        for field, value in clean.items():
            object.__setattr__(self, field, value)


def save_results(results: Results, out: str | os.PathLike[str]) -> tuple[Path, Path]:
    """Write ``NAME.npz`` and ``NAME.json``, neither before both are complete.

    Parameters
    ----------
    results : Results
        The results; ``results.name`` is that of the files.
    out : path-like
        The folder, made if missing.

    Returns
    -------
    json_path, npz_path : pathlib.Path
        The two files.

    Raises
    ------
    ValueError
        If the results carry no name.
    OSError
        If the files cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> results = Results(experiment="demo", metrics={"accuracy": 0.81})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path, _ = save_results(results, folder)
    ...     load_results(path).metrics
    {'accuracy': 0.81}
    """
    if not results.name:
        raise ValueError("Results.name: must not be empty when results are stored")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    json_path = folder / f"{results.name}.json"
    npz_path = folder / f"{results.name}.npz"
    content = {key: getattr(results, key) for key in KEYS}
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with write_together(npz_path, json_path) as (npz, plain):
        packed = dict(results.arrays)
        for name, data in results.measured.items():
            packed |= pack(data, f"{_MEASURED}{name}/")
        pack_arrays(npz, packed, compress=True)
        plain.write(text.encode())
    return json_path, npz_path


def load_results(path: str | os.PathLike[str]) -> Results:
    """Read the results written by `save_results`.

    Parameters
    ----------
    path : path-like
        The JSON file; the npz file lies beside it.

    Returns
    -------
    Results
        The same results.

    Raises
    ------
    FileNotFoundError
        If one of the two files is missing.
    DamagedFileError
        If a file is damaged, or the keys or values are not those of results.
    """
    json_path = Path(path)
    results = _read_results(json_path)
    npz_path = json_path.with_suffix(".npz")
    packed = read_arrays(npz_path)
    arrays = {name: packed.pop(name) for name in list(packed) if not name.startswith(_MEASURED)}
    try:
        names = dict.fromkeys(name.split("/")[1] for name in packed)
        measured = {name: unpack(packed, f"{_MEASURED}{name}/") for name in names}
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{npz_path}: damaged or no results ({error!r})") from error
    return dataclasses.replace(results, arrays=arrays, measured=measured)


def load_numbers(path: str | os.PathLike[str]) -> Results:
    """Read the JSON file of `save_results` alone; there are no arrays then.

    Parameters
    ----------
    path : path-like
        The JSON file.

    Returns
    -------
    Results
        With empty `Results.arrays`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If it is damaged, or the keys or values are not those of results.
    """
    return _read_results(Path(path))


def _read_results(path: Path) -> Results:
    content = read_json(path)
    if set(content) != set(KEYS):
        raise DamagedFileError(f"{path}: must have the keys {sorted(KEYS)}, got {sorted(content)}")
    try:
        return Results(**content, name=path.stem)
    except (TypeError, ValueError) as error:
        raise DamagedFileError(f"{path}: damaged or no results ({error})") from error


def _check_numbers(place: str, values: Mapping[str, Any]) -> dict[str, float]:
    if not isinstance(values, Mapping):
        raise TypeError(f"{place}: must be a mapping of names to numbers, got {values!r}")
    clean = {}
    for name, value in values.items():
        _check_name(place, name)
        if name.endswith("_std") and name.removesuffix("_std") not in values:
            raise ValueError(f"{place}[{name!r}]: must stand beside {name.removesuffix('_std')!r}")
        clean[name] = check_real(f"{place}[{name!r}]", value)
    return clean


def _check_arrays(arrays: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    if not isinstance(arrays, Mapping):
        raise TypeError(f"Results.arrays: must be a mapping of names to arrays, got {arrays!r}")
    clean = {}
    for name, value in arrays.items():
        _check_name("Results.arrays", name)
        array = np.asarray(value)
        if array.dtype.kind not in "biufcU":
            raise TypeError(
                f"Results.arrays[{name!r}]: must hold numbers, truth values or text, "
                f"got {array.dtype}"
            )
        clean[name] = array
    return clean


def _check_measured(measured: Mapping[str, Any]) -> dict[str, xr.Dataset]:
    for name, data in measured.items():
        _check_name("Results.measured", name)
        if not isinstance(data, xr.Dataset):
            raise TypeError(f"Results.measured[{name!r}]: must be a Dataset, got {data!r}")
    return dict(measured)


def _check_name(place: str, name: Any) -> None:
    if not isinstance(name, str) or not SNAKE_CASE.fullmatch(name):
        raise ValueError(f"{place}: must have names in snake_case, got {name!r}")


def _to_json(place: str, value: Any) -> Any:
    """Return the value as plain JSON types, or name what is none."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.ndarray):  # a Brian2 quantity, which would lose its unit, is one too
        raise TypeError(f"{place}: must be plain JSON, got the array or quantity {value!r}")
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return check_real(place, float(value))
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{place}: must have text as keys, got {key!r}")
        return {key: _to_json(f"{place}[{key!r}]", entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(f"{place}[{index}]", entry) for index, entry in enumerate(value)]
    raise TypeError(f"{place}: must be plain JSON, got {value!r}")
