"""What all verbs share: axes, colours, legends, texts, and how labelled arrays are taken apart."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from bioplastic.plotting._labels import place_end_labels
from bioplastic.plotting.style import GREY, PAGE_WIDTH, PALETTE, new_figure, use_style
from bioplastic.validation import check_real

__all__ = [
    "MARKERS",
    "PUBLISHED",
    "Labelled",
    "Look",
    "axis_text",
    "draw_legend",
    "draw_levels",
    "entries_of",
    "in_style",
    "make_axes",
    "panels",
    "place_entries",
    "plus_minus",
    "shorten",
    "split_curves",
    "write_texts",
]

Labelled = xr.DataArray | Mapping[str, Any]
_F = TypeVar("_F", bound=Callable[..., Any])
MARKERS = "osv^<>D"
_DASHES = ("--", ":", "-.", (0, (6, 1.5, 1, 1.5)))
PUBLISHED: dict[str, Any] = {
    "marker": "D", "markersize": 4.5, "markerfacecolor": "white", "linestyle": "none",
    "zorder": 5, "clip_on": False,
}  # fmt: skip


def in_style(function: _F) -> _F:
    @functools.wraps(function)
    def draw(*args: Any, **kwargs: Any) -> Any:
        with use_style():
            return function(*args, **kwargs)

    return cast(_F, draw)


def panels(
    rows: int | Sequence[Sequence[str]] = 1,
    columns: int = 1,
    *,
    width: float = PAGE_WIDTH,
    height: float | None = None,
    **options: Any,
) -> tuple[Figure, Any]:
    """Return a figure in the house style and its axes.

    Parameters
    ----------
    rows : int or nested sequence of str
        Number of rows, or a mosaic of names as for `matplotlib.figure.Figure.subplot_mosaic`.
    columns : int, default 1
        Number of columns; not used with a mosaic.
    width, height : float, optional
        Size in inches; 2 inches per row by default.
    **options
        Passed on to `subplots` or `subplot_mosaic`: ``sharex``, ``width_ratios``, ...

    Returns
    -------
    figure : Figure
    axes : Axes, array of Axes or dict of str to Axes
        One axes as itself, one row or column as an array, a mosaic by its names.

    Examples
    --------
    >>> figure, (left, right) = panels(1, 2, height=2.0)
    >>> figure.get_size_inches().tolist()
    [7.2, 2.0]
    """
    mosaic: Any = rows
    n_rows = rows if isinstance(rows, int) else len(rows)
    with use_style():
        figure = new_figure(width, 0.4 + 1.9 * n_rows if height is None else height)
        if isinstance(rows, int):
            return figure, figure.subplots(rows, columns, **options)
        return figure, figure.subplot_mosaic(mosaic, **options)


def plus_minus(values: ArrayLike, *, factor: float = 1.0, digits: int = 1) -> str:
    """Return "mean ± standard deviation", the mean alone for a single value.

    Parameters
    ----------
    values : array_like
        Numbers; NaN is left out.
    factor : float, default 1
        Multiplies all numbers.
    digits : int, default 1
        Digits after the point.

    Raises
    ------
    ValueError
        If no value is finite.

    Examples
    --------
    >>> plus_minus([0.79, 0.81], factor=100), plus_minus(0.8, factor=100)
    ('80.0 ± 1.4', '80.0')
    """
    numbers = factor * np.asarray(values, dtype=np.float64).ravel()
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        raise ValueError("plus_minus.values: must hold at least one finite number")
    text = f"{numbers.mean():.{digits}f}"
    return f"{text} ± {numbers.std(ddof=1):.{digits}f}" if numbers.size > 1 else text


class Look:
    """Text and colour of every entry, the same wherever it occurs."""

    def __init__(
        self,
        keys: Any,
        labels: Mapping[Any, str] | None,
        colours: Mapping[Any, str] | Sequence[str] | None,
    ) -> None:
        self._labels: dict[Any, str] = dict(labels or {})
        chosen = PALETTE if colours is None or isinstance(colours, Mapping) else tuple(colours)
        self._colours: dict[Any, str] = {key: chosen[k % len(chosen)] for k, key in enumerate(keys)}
        if isinstance(colours, Mapping):
            self._colours |= colours

    def label(self, key: Any, default: str | None = None) -> str:
        if key is None:
            return default or ""
        return self._labels.get(key, shorten(key))

    def colour(self, key: Any) -> str:
        return self._colours.get(key, "black")


def make_axes(ax: Any, *, width: float = 3.5, height: float = 2.4) -> Axes:
    if ax is None:
        return new_figure(width, height).add_subplot()
    if not hasattr(ax, "get_figure"):
        raise TypeError(f"ax: must be axes of matplotlib, got {type(ax).__name__}")
    return cast(Axes, ax)


def split_curves(place: str, data: Any, x: Any, hue: Any) -> dict[Any, xr.DataArray]:
    """Return one array per line, ``x`` first."""
    if isinstance(data, Mapping) and data:
        found = {
            name: next(iter(split_curves(place, one, x, None).values()))
            for name, one in data.items()
        }
        return found
    if not isinstance(data, xr.DataArray):
        raise TypeError(f"{place}.data: must be a DataArray or a mapping, got {data!r:.60}")
    missing = [name for name in (x, hue) if name is not None and name not in data.dims]
    if missing or data.ndim == 0 or data.size == 0:
        raise ValueError(
            f"{place}.data: must have dimension {missing or 'x'}, got {dict(data.sizes)}"
        )
    first = x if x is not None else next(name for name in data.dims if name != hue)
    if hue is None:
        return {None: data.transpose(first, ...)}
    keys = data[hue].values.tolist()
    return {key: data.isel({hue: k}).transpose(first, ...) for k, key in enumerate(keys)}


def entries_of(curve: xr.DataArray) -> list[Any]:
    name = curve.dims[0]
    values = curve[name].values if name in curve.coords else np.arange(curve.sizes[name])
    return list(values.tolist())


def place_entries(curve: xr.DataArray) -> tuple[NDArray[np.float64], list[Any] | None]:
    """Return where points stand; entries that are not numbers at equal distances."""
    keys = entries_of(curve)
    if all(isinstance(key, int | float) and not isinstance(key, bool) for key in keys):
        return np.asarray(keys, dtype=np.float64), None
    return np.arange(len(keys), dtype=np.float64), keys


def draw_levels(
    axes: Axes, baselines: Any, factor: float, digits: int, at_end: bool, *, vertical: bool = False
) -> list[tuple[float, str, str]]:
    labels = []
    for number, (name, value) in enumerate((baselines or {}).items()):
        each = factor * np.asarray(value, dtype=np.float64).ravel()
        level = check_real(f"baselines[{name!r}]", float(each.mean()))
        if each.size > 1:
            low, high = level + np.array([-1, 1]) * each.std(ddof=1)
            (axes.axvspan if vertical else axes.axhspan)(low, high, color=GREY, alpha=0.12, lw=0)
        style: dict[str, Any] = {"color": GREY, "linewidth": 0.9, "zorder": 1}
        style |= {"linestyle": _DASHES[number % 4], "label": None if at_end else name}
        (axes.axvline if vertical else axes.axhline)(level, **style)
        labels.append((level, f"{name} {level:.{digits}f}", GREY))
    return labels


def write_texts(
    axes: Axes, data: Any, curves: Any, texts: dict[str, Any], *, along: str = "x"
) -> None:
    """Set texts and limits; names and units of the data where none are given."""
    value_label = "ylabel" if along == "x" else "xlabel"
    first = next(iter(curves.values()), data)
    found: dict[str, Any] = {}
    if isinstance(first, xr.DataArray):
        found[value_label] = axis_text(first, None)
        if curves:
            found["xlabel"] = axis_text(first, first.dims[0])
    axes.set(**found | texts)


def axis_text(data: xr.DataArray, dimension: Hashable | None) -> str:
    source: Any = (
        data if dimension is None else data[dimension] if dimension in data.coords else None
    )
    if source is None:
        return str(dimension).replace("_", " ")
    text = source.attrs.get("long_name", source.name or "")
    units = source.attrs.get("units")
    return f"{text} ({units})".replace("_", " ") if units else str(text).replace("_", " ")


def draw_legend(axes: Axes, legend: str | None, ends: list[tuple[float, str, str]]) -> None:
    if legend is None:
        return
    if legend == "end":
        place_end_labels(axes, ends)
        return
    known = zip(*axes.get_legend_handles_labels(), strict=True)
    shown: Any = [(h, text) for h, text in known if text]
    if not shown:
        return
    handles, labels = zip(*shown, strict=True)
    if legend == "outside":
        figure: Any = axes.figure
        room = 20 * figure.get_figure(root=True).get_size_inches()[0]  # characters
        columns = _columns(labels, room)
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    elif legend == "above":
        axes.legend(
            handles, labels, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(shown),
            columnspacing=1.0, handletextpad=0.4, borderaxespad=0.1,
        )  # fmt: skip
    else:
        place: Any = legend
        axes.legend(handles, labels, loc=place)


def shorten(value: Any, digits: int = 3) -> str:
    if not isinstance(value, float | np.floating):
        return str(value)
    return f"{value:.{digits}g}"


def _columns(labels: Sequence[str], room: float) -> int:
    """Return in how many columns, at most 4, texts find room."""
    for columns in range(min(4, len(labels)), 1, -1):
        widths = [max(map(len, part)) + 9 for part in np.array_split(labels, columns)]
        if sum(widths) <= room:
            return columns
    return 1
