"""Sweeps: which points of parameter space are visited, and the best of them.

`bioplastic.study.measure` visits them: a grid as factors, or any list as ``points``.

>>> axes = [parse_axis("eta=0.01:0.1:log2"), parse_axis("seed=0:2")]
>>> cross_axes(axes)[-1]
{'eta': 0.1, 'seed': 1}
"""

from __future__ import annotations

import importlib.util
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bioplastic.files import write_atomically
from bioplastic.validation import check_integer

__all__ = [
    "Axis",
    "Choice",
    "choose_best",
    "cross_axes",
    "draw_points",
    "is_validation_metric",
    "parse_axis",
    "write_table",
]

Value = bool | int | float | str

SEED = "seed"
"""Name of the axis that repeats a point and is no parameter of it."""

_MOST_VALUES = 10_000
_MOST_POINTS = 100_000
_INTEGER = re.compile(r"[+-]?\d+")
_SPACING = re.compile(r"(lin|log)(\d{1,6})")


@dataclass(frozen=True)
class Axis:
    """The values that one parameter takes.

    Parameters
    ----------
    name : str
        Name of the parameter.
    values : tuple of bool, int, float or str
        Its values in a grid; at least one, all different.
    spacing : {'list', 'range', 'lin', 'log'}, default 'list'
        How a random search draws: one of the values, or for ``'lin'`` and ``'log'`` a real number
        between the first and the last, uniform or uniform in its logarithm.

    Raises
    ------
    ValueError
        If there are no values or one comes twice.
    """

    name: str
    values: tuple[Value, ...]
    spacing: str = "list"

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"Axis.values: {self.name} must have at least one value")
        seen: list[tuple[type, Value]] = []
        for value in self.values:
            if (type(value), value) in seen:
                raise ValueError(f"Axis.values: {self.name} has the value {value!r} twice")
            seen.append((type(value), value))


def parse_axis(text: str) -> Axis:
    """Read ``NAME=VALUES``.

    ``VALUES`` is a list ``100,400``; integers ``0:5`` from the first to the one before the last;
    ``0.002:0.02:log5`` or ``0:1:lin5``, that many numbers from the first to the last, equally
    spaced on a logarithmic or a linear scale. Numbers are read as numbers, ``true`` and ``false``
    as truth values, anything else as text. A hyphen in a name counts as an underscore.

    Parameters
    ----------
    text : str
        What stands on the command line.

    Raises
    ------
    ValueError
        If the text has another form; the message repeats it.

    Examples
    --------
    >>> parse_axis("n_hidden=100,400").values
    (100, 400)
    >>> parse_axis("eta=0.002:0.2:log3").values
    (0.002, 0.02, 0.2)
    >>> parse_axis("seed=0:5").values
    (0, 1, 2, 3, 4)
    >>> parse_axis("eta=0.1:")
    Traceback (most recent call last):
        ...
    ValueError: parse_axis.text: 'eta=0.1:' must be integers FIRST:LAST, or FIRST:LAST:logN or linN
    """
    name, equals, spec = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals or not name.isidentifier() or not name.isascii():
        raise ValueError(f"parse_axis.text: must be NAME=VALUES, got {text!r}")
    if ":" in spec:
        return _parse_range(name, spec.strip(), text)
    items = [item.strip() for item in spec.split(",")]
    if not all(items):
        raise ValueError(f"parse_axis.text: {text!r} must have a value between any two commas")
    if len(items) > _MOST_VALUES:
        raise ValueError(f"parse_axis.text: {name} must have at most {_MOST_VALUES} values")
    return Axis(name, tuple(_read_value(item, text) for item in items))


def cross_axes(axes: Sequence[Axis]) -> list[dict[str, Value]]:
    """Return all combinations, the last axis fastest.

    Raises
    ------
    ValueError
        If a parameter occurs twice, or there are more than 100 000 combinations.

    Examples
    --------
    >>> cross_axes([Axis("a", (1, 2)), Axis("b", ("x",))])
    [{'a': 1, 'b': 'x'}, {'a': 2, 'b': 'x'}]
    """
    _check_names(axes)
    count = math.prod(len(axis.values) for axis in axes)
    if count > _MOST_POINTS:
        raise ValueError(
            f"cross_axes.axes: must make at most {_MOST_POINTS} combinations, got {count}"
        )
    names = [axis.name for axis in axes]
    return [
        dict(zip(names, values, strict=True))
        for values in itertools.product(*(axis.values for axis in axes))
    ]


def draw_points(axes: Sequence[Axis], n: int, seed: int = 0) -> list[dict[str, Value]]:
    """Return ``n`` random points, each with all values of an axis called ``seed``.

    Parameters
    ----------
    axes : sequence of Axis
        What to draw from, see `Axis.spacing`.
    n : int
        Number of different points; fewer if there are not that many.
    seed : int, default 0
        Fixes the draw.

    Returns
    -------
    list of dict
        ``n`` times the number of seeds.

    Examples
    --------
    >>> points = draw_points([parse_axis("eta=0.001:0.1:log5"), parse_axis("seed=0:2")], 3)
    >>> len(points), all(0.001 <= point["eta"] <= 0.1 for point in points)
    (6, True)
    """
    check_integer("draw_points.n", n, minimum=1)
    _check_names(axes)
    rng = np.random.default_rng(check_integer("draw_points.seed", seed, minimum=0))
    drawn = [axis for axis in axes if axis.name != SEED]
    seeds = [axis for axis in axes if axis.name == SEED]
    points: list[dict[str, Value]] = []
    known: set[tuple[Value, ...]] = set()
    for _ in range(100 * n):
        point = {axis.name: _draw(axis, rng) for axis in drawn}
        if tuple(point.values()) not in known:
            known.add(tuple(point.values()))
            points.append(point)
        if len(points) == n:
            break
    if len(points) * math.prod(len(axis.values) for axis in seeds) > _MOST_POINTS:
        raise ValueError(f"draw_points.n: must make at most {_MOST_POINTS} trials, got {n} points")
    return [point | repeat for point in points for repeat in cross_axes(seeds)]


def _parse_range(name: str, spec: str, text: str) -> Axis:
    first, last, *rest = spec.split(":")
    spacing = _SPACING.fullmatch(rest[0]) if len(rest) == 1 else None
    if (rest and not spacing) or not (_is_number(first) and _is_number(last)):
        raise ValueError(
            f"parse_axis.text: {text!r} must be integers FIRST:LAST, or FIRST:LAST:logN or linN"
        )
    low, high = float(first), float(last)
    whole = bool(_INTEGER.fullmatch(first.strip()) and _INTEGER.fullmatch(last.strip()))
    if not low < high:
        raise ValueError(f"parse_axis.text: {text!r} must go from a number to a larger one")
    if spacing is None:
        if not whole:
            raise ValueError(
                f"parse_axis.text: {text!r} must say how many numbers: {first}:{last}:lin5"
            )
        if high - low > _MOST_VALUES:
            raise ValueError(f"parse_axis.text: {name} must have at most {_MOST_VALUES} values")
        return Axis(name, tuple(range(int(first), int(last))), "range")
    kind, count = spacing[1], int(spacing[2])
    if not 2 <= count <= _MOST_VALUES:
        raise ValueError(f"parse_axis.text: {text!r} must ask for 2 to {_MOST_VALUES} numbers")
    if kind == "log" and low <= 0:
        raise ValueError(f"parse_axis.text: {text!r} must be positive on a logarithmic scale")
    space = np.geomspace if kind == "log" else np.linspace
    numbers = [float(f"{value:.12g}") for value in space(low, high, count)]
    if whole and all(value.is_integer() for value in numbers):
        return Axis(name, tuple(int(value) for value in numbers), kind)
    return Axis(name, tuple(numbers), kind)


def _draw(axis: Axis, rng: np.random.Generator) -> Value:
    numbers = [value for value in axis.values if isinstance(value, int | float)]
    if axis.spacing not in ("lin", "log") or len(numbers) != len(axis.values):
        return axis.values[int(rng.integers(len(axis.values)))]
    low, high = numbers[0], numbers[-1]
    if axis.spacing == "log":
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        value = rng.uniform(low, high)
    if all(isinstance(number, int) for number in numbers):
        return int(min(max(round(value), low), high))
    return float(f"{min(max(value, low), high):.12g}")


def _check_names(axes: Sequence[Axis]) -> None:
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"cross_axes.axes: must name each parameter once, got {name!r} twice")


def _read_value(item: str, text: str) -> Value:
    if _INTEGER.fullmatch(item):
        return int(item)
    if item.lower() in ("true", "false"):
        return item.lower() == "true"
    try:
        number = float(item)
    except ValueError:
        return item
    if not math.isfinite(number):
        raise ValueError(f"parse_axis.text: {text!r} must hold finite numbers, got {item}")
    return number


def _is_number(item: str) -> bool:
    try:
        return math.isfinite(float(item))
    except ValueError:
        return False


# ---- what came out -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """The best point of a sweep.

    Parameters
    ----------
    parameters : mapping
        The point, without the seed.
    metric : str
        What it was chosen by.
    mean, std : float
        Mean and sample deviation over the seeds; the deviation is NaN for a single seed.
    n : int
        Number of seeds.
    """

    parameters: Mapping[str, Any]
    metric: str
    mean: float
    std: float
    n: int


def is_validation_metric(name: str) -> bool:
    """Return whether a metric was measured on held-out samples, by its name.

    Examples
    --------
    >>> is_validation_metric("validation_supervised"), is_validation_metric("accuracy_supervised")
    (True, False)
    """
    return "validation" in name.split("_")


def choose_best(
    rows: Sequence[Mapping[str, Any]],
    parameters: Sequence[str],
    metric: str,
    *,
    minimise: bool = False,
) -> Choice | None:
    """Return the point with the best mean over its seeds, chosen on validation scores alone.

    A point of which a seed failed is left out: its mean would be one of fewer seeds.

    Parameters
    ----------
    rows : sequence of mappings
        One per finished trial, with its parameters and metrics.
    parameters : sequence of str
        What was swept; ``"seed"`` among them repeats points.
    metric : str
        A validation metric.
    minimise : bool, default False
        Whether less is better.

    Returns
    -------
    Choice or None
        The first of equally good points; None without rows.

    Raises
    ------
    ValueError
        If the metric is none of validation, or no row has it.

    Examples
    --------
    >>> rows = [{"eta": e, "seed": s, "validation": v}
    ...         for e, s, v in [(1, 0, 0.5), (1, 1, 0.75), (2, 0, 0.75), (2, 1, 0.75)]]
    >>> choose_best(rows, ["eta", "seed"], "validation").parameters
    {'eta': 2}
    """
    if not is_validation_metric(metric):
        raise ValueError(
            "choose_best.metric: must be measured on validation samples (validation_...), "
            f"never on the test set, got {metric!r}"
        )
    if rows and not any(metric in row for row in rows):
        raise ValueError(f"choose_best.metric: no trial has measured {metric!r}")
    names = [name for name in parameters if name != SEED]
    frame = pd.DataFrame([{"": row.get(metric), **{k: row[k] for k in names}} for row in rows])
    if rows:
        frame = frame[np.isfinite(frame[""].astype(float))]
    if frame.empty:
        return None
    number = frame.groupby(names, sort=False, dropna=False).ngroup() if names else 0 * frame.index
    found = frame[""].groupby(np.asarray(number), sort=False).agg(["mean", "std", "count"])
    found = found[found["count"] == found["count"].max()]
    best = found["mean"].idxmin() if minimise else found["mean"].idxmax()
    first = frame.index[np.asarray(number) == best][0]
    return Choice(
        parameters={name: rows[first][name] for name in names},
        metric=metric,
        mean=float(found["mean"][best]),
        std=float(found["std"][best]),
        n=int(found["count"][best]),
    )


def write_table(rows: Sequence[Mapping[str, Any]], path: Path) -> list[Path]:
    """Write rows as ``PATH.csv`` and, when pyarrow is installed, as ``PATH.parquet``.

    Parameters
    ----------
    rows : sequence of mappings
        Their keys are the columns, in the order of first appearance; a row may lack some.
    path : Path
        The name without ending.

    Returns
    -------
    list of Path
        What was written. A parquet file of an earlier table does not stay beside a new csv file.
    """
    table = pd.DataFrame(list(rows))
    csv, parquet = path.with_name(f"{path.name}.csv"), path.with_name(f"{path.name}.parquet")
    with write_atomically(csv) as file:
        file.write(table.to_csv(index=False, lineterminator="\n").encode())
    parquet.unlink(missing_ok=True)
    if importlib.util.find_spec("pyarrow") is None:
        return [csv]
    for name in table.columns:  # a column of a parquet file has one type
        if table[name].dtype == object and len({type(v) for v in table[name].dropna()}) > 1:
            table[name] = table[name].map(str)
    with write_atomically(parquet) as file:
        table.to_parquet(file, index=False, engine="pyarrow")
    return [csv, parquet]
