"""Pictures of a sweep: a heat map over two parameters, curves along one, dots of a search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from bioplastic.plotting import COLUMN_WIDTH, PALETTE, images, lines, panels, save_figure
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


def _tabulate(rows: Sequence[Row], metric: str, factor: float, *names: str) -> xr.DataArray:
    """Return scores by the values of some parameters; what else differs is a repetition."""
    values = [_values(rows, name) for name in names]
    cells: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for row in rows:
        place = tuple(known.index(row[name]) for known, name in zip(values, names, strict=True))
        cells[place].append(factor * row[metric])
    data = np.full((*map(len, values), max(map(len, cells.values()))), np.nan)
    for place, found in cells.items():
        data[place][: len(found)] = found
    coordinates = {
        name: known if len({isinstance(v, str) for v in known}) == 1 else list(map(str, known))
        for name, known in zip(names, values, strict=True)
    }
    return xr.DataArray(data, coordinates, (*names, "repetition"))


def _draw_curves(
    rows: Sequence[Row], varied: Sequence[Axis], metric: str, label: str, factor: float, out: Path
) -> Path:
    """Draw curves along the axis with most values, one for each value of another."""
    first = max(varied, key=lambda axis: (_numeric(axis), len(axis.values)))
    others = [axis for axis in varied if axis is not first]
    second = next((axis for axis in others if len(axis.values) <= _MOST_CURVES), None)
    data = _tabulate(rows, metric, factor, first.name, *([second.name] if second else []))
    rest = [axis.name for axis in others if axis is not second]
    labels = {}
    if second is not None:
        labels = {v: f"{_human(second.name)} {_text(v)}" for v in data[second.name].values.tolist()}
    drawn = lines(
        data, x=first.name, hue=None if second is None else second.name, show="bars",
        xscale="log" if first.spacing == "log" else "linear", labels=labels, legend="outside",
        xlabel=_human(first.name), ylabel=label,
        title=f"over all {', '.join(map(_human, rest))}" if rest else "",
    )  # fmt: skip
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
    data = _tabulate(rows, metric, factor, down.name, across.name).mean("repetition")
    rest = [_human(axis.name) for axis in varied[2:]]
    height = min(0.9 + 0.28 * max(4, data.sizes[down.name]), 6.0)
    figure, axes = panels(width=COLUMN_WIDTH, height=height)
    small = data.sizes[across.name] <= 10 and data.sizes[down.name] <= 14
    images(
        data, axes, x=across.name, y=down.name, cmap="viridis", origin="lower", label=label,
        values=_format(data.values) if small else False, xlabel=_human(across.name),
        ylabel=_human(down.name), title=f"mean over {', '.join(rest)}" if rest else "",
        limits=(float(data.min()), float(data.max())),
    )  # fmt: skip
    if chosen is not None:  # a frame around the best
        row, column = (_values(rows, axis.name).index(chosen.parameters[axis.name])
                       for axis in (down, across))  # fmt: skip
        frame = Rectangle((column - 0.47, row - 0.45), 0.94, 0.9, fill=False)
        frame.set(edgecolor=PALETTE[1], linewidth=1.8)
        axes.add_patch(frame)
    return save_figure(figure, out / "heat_map.png")


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
    best = None if chosen is None else tuple(chosen.parameters[name] for name in names)
    scores = {point: float(np.mean(found)) for point, found in groups.items()}
    height = 1.9 * len(shown)
    figure, axes = panels(len(shown), 1, width=COLUMN_WIDTH, height=height, squeeze=False)
    for axis, (panel,) in zip(shown, axes, strict=True):
        place = names.index(axis.name)
        panel.plot([point[place] for point in scores], list(scores.values()), "o",
                   color=PALETTE[0], markersize=3.5, alpha=0.7)  # fmt: skip
        if best is not None:
            panel.plot(best[place], scores[best], "o", markersize=8, markerfacecolor="none",
                       color=PALETTE[1], label="best")  # fmt: skip
            panel.legend(loc="best")
        panel.set(xlabel=_human(axis.name), ylabel=label)
        panel.set_xscale("log" if axis.spacing == "log" else "linear")
    return [save_figure(figure, out / "search.png")]


def _format(scores: NDArray[np.float64]) -> str:
    """Return a format with the digits that the range of scores deserves, at most three places."""
    known = scores[np.isfinite(scores)]
    if (known == np.round(known)).all():
        return ".0f"
    span = float(np.ptp(known))
    return f".{1 if span >= 1 or span == 0 else min(3, 1 + int(np.ceil(-np.log10(span))))}f"


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
