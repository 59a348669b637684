"""Pictures of a sweep: a heat map over two parameters, curves along one, dots of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bioplastic.plotting import (
    COLUMN_WIDTH,
    new_figure,
    plot_heat_map,
    plot_search,
    plot_sweep_curves,
    save_figure,
    use_style,
)
from bioplastic.sweeps import SEED, Axis, Choice

__all__ = ["draw_sweep"]

_MOST_CURVES = 7
Row = Mapping[str, Any]


def draw_sweep(
    rows: Sequence[Row],
    axes: Sequence[Axis],
    metric: str,
    out: Path,
    chosen: Choice | None,
    *,
    searched: bool = False,
) -> list[Path]:
    """Draw what fits the axes, and return the paths.

    Parameters
    ----------
    rows : sequence of mappings
        Finished trials.
    axes : sequence of Axis
        What was swept.
    metric : str
        What is drawn.
    out : Path
        Where to.
    chosen : Choice or None
        The point to mark.
    searched : bool, default False
        Whether the points were drawn at random.
    """
    rows = [row for row in rows if metric in row]
    varied = [axis for axis in axes if axis.name != SEED and len(_values(rows, axis.name)) > 1]
    if not rows:
        return []
    label, factor = _name_metric(metric, rows)
    if searched:
        return _draw_search(rows, varied, metric, label, factor, out, chosen)
    along = varied or [axis for axis in axes if axis.name == SEED]
    written = []
    if along:
        written.append(_draw_curves(rows, along, metric, label, factor, out))
    if len(varied) > 1:
        written.append(_draw_heat_map(rows, varied, metric, label, factor, out, chosen))
    return written


def _draw_curves(
    rows: Sequence[Row], varied: Sequence[Axis], metric: str, label: str, factor: float, out: Path
) -> Path:
    """Draw curves along the axis with most values, one for each value of another."""
    first = max(varied, key=lambda axis: (_numeric(axis), len(axis.values)))
    others = [axis for axis in varied if axis is not first]
    second = next((axis for axis in others if len(axis.values) <= _MOST_CURVES), None)
    x = _values(rows, first.name)
    curves = {}
    for value in [None] if second is None else _values(rows, second.name):
        mine = [row for row in rows if second is None or row[second.name] == value]
        columns = [[factor * row[metric] for row in mine if row[first.name] == v] for v in x]
        width = max(map(len, columns))
        filled = [column + [np.nan] * (width - len(column)) for column in columns]
        curves["all" if second is None else _text(value)] = filled
    rest = [axis.name for axis in others if axis is not second]
    drawn = plot_sweep_curves(
        x,
        curves,
        log=first.spacing == "log",
        xlabel=_human(first.name),
        ylabel=label,
        legend="" if second is None else _human(second.name),
        title=f"over all {', '.join(map(_human, rest))}" if rest else "",
    )
    return save_figure(drawn.figure, out / "curves.png")  # type: ignore[arg-type]


def _draw_heat_map(
    rows: Sequence[Row],
    varied: Sequence[Axis],
    metric: str,
    label: str,
    factor: float,
    out: Path,
    chosen: Choice | None,
) -> Path:
    """Draw the mean over seeds, and over all further parameters, for the first two axes."""
    down, across = varied[:2]
    if len(down.values) > len(across.values):
        down, across = across, down
    x, y = _values(rows, across.name), _values(rows, down.name)
    values = np.full((len(y), len(x)), np.nan)
    for i, value in enumerate(y):
        for j, other in enumerate(x):
            found = [
                row[metric] for row in rows if row[down.name] == value and row[across.name] == other
            ]
            if found:
                values[i, j] = factor * float(np.mean(found))
    best = None
    if chosen is not None:
        best = (y.index(chosen.parameters[down.name]), x.index(chosen.parameters[across.name]))
    rest = [_human(axis.name) for axis in varied[2:]]
    drawn = plot_heat_map(
        x,
        y,
        values,
        xlabel=_human(across.name),
        ylabel=_human(down.name),
        label=label,
        best=best,
        title=f"mean over {', '.join(rest)}" if rest else "",
    )
    return save_figure(drawn.figure, out / "heat_map.png")  # type: ignore[arg-type]


def _draw_search(
    rows: Sequence[Row],
    varied: Sequence[Axis],
    metric: str,
    label: str,
    factor: float,
    out: Path,
    chosen: Choice | None,
) -> list[Path]:
    """Draw the mean over seeds of every point, once along each numeric parameter."""
    shown = [axis for axis in varied if _numeric(axis)][:6]
    if not shown:
        return []
    names = [axis.name for axis in varied]
    groups: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(factor * row[metric])
    points = list(groups)
    best = None
    if chosen is not None:
        best = points.index(tuple(chosen.parameters[name] for name in names))
    with use_style():
        figure = new_figure(COLUMN_WIDTH, 1.9 * len(shown))
        panels = np.atleast_1d(np.asarray(figure.subplots(len(shown), 1)))
        for axis, panel in zip(shown, panels, strict=True):
            plot_search(
                [point[names.index(axis.name)] for point in points],
                [float(np.mean(groups[point])) for point in points],
                log=axis.spacing == "log",
                best=best,
                xlabel=_human(axis.name),
                ylabel=label,
                ax=panel,
            )
    return [save_figure(figure, out / "search.png")]


def _name_metric(metric: str, rows: Sequence[Row]) -> tuple[str, float]:
    """Return the label of a metric and the factor that brings it there: fractions in percent."""
    fraction = metric.split("_")[0] in ("accuracy", "acc", "validation") and all(
        0 <= row[metric] <= 1 for row in rows
    )
    name = _human(metric)
    if metric.startswith("validation"):
        rest = name.removeprefix("validation").strip()
        name = f"validation {'accuracy' if fraction else 'score'}{f', {rest}' if rest else ''}"
    return (f"{name} (%)", 100.0) if fraction else (name, 1.0)


def _values(rows: Sequence[Row], name: str) -> list[Any]:
    """Return the different values of a column: numbers in order, others as they come."""
    found = list(dict.fromkeys(row[name] for row in rows))
    numbers = all(isinstance(value, int | float) for value in found)
    return sorted(found) if numbers else found


def _numeric(axis: Axis) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in axis.values)


def _human(name: str) -> str:
    return name.replace("_", " ")


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
