"""The trials of a sweep as one table, and the best parameters in it."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bioplastic.files import write_atomically
from bioplastic.sweeps.axes import SEED

__all__ = ["Choice", "choose_best", "is_validation_metric", "write_table"]


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
    groups: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        value = row.get(metric)
        if value is not None and math.isfinite(value):
            groups.setdefault(tuple(row[name] for name in names), []).append(float(value))
    if not groups:
        return None
    complete = max(len(values) for values in groups.values())
    means = {
        point: float(np.mean(values)) for point, values in groups.items() if len(values) == complete
    }
    point = (min if minimise else max)(means, key=lambda key: means[key])
    values = groups[point]
    return Choice(
        parameters=dict(zip(names, point, strict=True)),
        metric=metric,
        mean=means[point],
        std=float(np.std(values, ddof=1)) if len(values) > 1 else math.nan,
        n=len(values),
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
    import pandas

    table = pandas.DataFrame(list(rows))
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
