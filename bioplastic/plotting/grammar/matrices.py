"""Matrices as colours, data frames as tables."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from numpy.typing import NDArray

from bioplastic.plotting._parts import add_colour_bar
from bioplastic.plotting.grammar._frame import (
    axis_text,
    in_style,
    make_axes,
    panels,
    shorten,
)
from bioplastic.plotting.style import PAGE_WIDTH

__all__ = ["images", "table"]


@in_style
def images(
    data: xr.DataArray,
    ax: Any = None,
    *,
    x: Hashable | None = None,
    y: Hashable | None = None,
    facet: Hashable | None = None,
    cmap: str | None = None,
    limits: tuple[float, float] | None = None,
    values: bool | str = False,
    label: str | None = None,
    labels: Mapping[Any, str] | None = None,
    aspect: str = "auto",
    origin: str = "upper",
    **texts: Any,
) -> Any:
    """Draw matrices as colours, all with the same limits and one colour bar.

    Parameters
    ----------
    data : DataArray
        Two dimensions, and one more with ``facet``.
    ax : Axes or sequence of Axes, optional
        Where to draw; with ``facet`` one per entry.
    x, y : str, optional
        Dimensions of columns and rows; the last and the one before by default.
    facet : str, optional
        Dimension whose entries are drawn side by side.
    cmap : str, optional
        Colour map; by default one from blue over white to red, centred at zero, for data of both
        signs, else ``viridis``.
    limits : (float, float), optional
        Values at the ends of the colour map.
    values : bool or str, default False
        Whether numbers stand in the cells, or their format (``".1f"``).
    label : str, optional
        Text of the colour bar; name and unit of the data by default, "" for no bar.
    labels : mapping, optional
        Texts of entries of ``facet``.
    aspect, origin : str
        As for `Axes.imshow`.
    **texts
        As for `lines`.

    Returns
    -------
    Axes or array of Axes

    Raises
    ------
    TypeError, ValueError
        If the dimensions do not fit, or no number is finite.

    Examples
    --------
    >>> scores = xr.DataArray([[81.0, 89.0]], dims=("eta", "n"), coords={"n": [100, 400]})
    >>> [text.get_text() for text in images(scores, values=".0f", label="").texts]
    ['81', '89']
    """
    if not isinstance(data, xr.DataArray):
        raise TypeError(f"images.data: must be a DataArray, got {type(data).__name__}")
    rest = [name for name in data.dims if name not in (x, y, facet)]
    x = x if x is not None else rest.pop()
    y = y if y is not None else rest.pop()
    if rest or not {x, y} <= set(data.dims):
        raise ValueError(f"images.data: must have dimensions {y!r}, {x!r}, got {data.dims}")
    numbers = np.asarray(data, dtype=np.float64)
    if not np.isfinite(numbers).any():
        raise ValueError("images.data: must hold at least one finite number")
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    signed = low < 0 < high
    if signed and limits is None:
        low, high = -max(-low, high), max(-low, high)
    low, high = limits or (low, high)
    colours = colormaps[cmap or ("RdBu_r" if signed else "viridis")]
    entries = [data] if facet is None else [data.isel({facet: k}) for k in range(data[facet].size)]
    if ax is None and facet is not None:
        ax = panels(1, len(entries), sharey=True, height=2.2)[1]
    axes_of = np.atleast_1d(
        np.asarray(make_axes(ax) if facet is None else ax, dtype=object)
    ).ravel()
    if axes_of.size < len(entries):
        raise ValueError(f"images.ax: must be {len(entries)} axes, got {axes_of.size}")
    drawn = None
    for axes, entry in zip(axes_of, entries, strict=False):
        matrix = np.asarray(entry.transpose(y, x), dtype=np.float64)
        drawn = axes.imshow(
            matrix, cmap=colours, vmin=low, vmax=high, aspect=aspect, origin=origin,
            interpolation="nearest",
        )  # fmt: skip
        for axis, name in ((axes.xaxis, x), (axes.yaxis, y)):
            if name in entry.coords:
                keys = entry[name].values
                shown = range(0, keys.size, -(-keys.size // (12 if facet is None else 6)))
                axis.set_ticks(list(shown), [shorten(keys[k]) for k in shown])
        if values:
            _write_cells(axes, matrix, "g" if values is True else str(values), drawn)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        if facet is not None:
            key = entry[facet].item() if facet in entry.coords else ""
            axes.set_title((labels or {}).get(key, str(key)))
        axes.set(**{"xlabel": axis_text(entry, x), "ylabel": axis_text(entry, y)} | texts)
        if facet is not None and axes is not axes_of[0] and "ylabel" not in texts:
            axes.set_ylabel("")
    text = axis_text(data, None) if label is None else label
    if text and drawn is not None:
        place: Any = axes_of[0] if facet is None else list(axes_of[: len(entries)])
        if facet is None:
            add_colour_bar(place, drawn, textwrap.fill(text, 26))
        else:
            bar = place[0].figure.colorbar(drawn, ax=place, fraction=0.03, pad=0.01)
            bar.set_label(text)
            bar.outline.set_linewidth(0.4)
    return axes_of[0] if facet is None else axes_of[: len(entries)]


@in_style
def table(frame: pd.DataFrame, ax: Axes | None = None, *, digits: int = 3, title: str = "") -> Axes:
    """Draw a data frame as a table; numbers with the digits that count.

    Parameters
    ----------
    frame : DataFrame
        Texts and numbers; its index is the first column.
    ax : Axes, optional
        Where to draw; a page-wide figure by default.
    digits : int, default 3
        Digits of numbers that are shown.
    title : str, optional
        Title.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If there is no data frame, or it is empty.

    Examples
    --------
    >>> axes = table(pd.DataFrame({"accuracy": [0.8125]}, index=["STDP"]))
    >>> axes.tables[0][1, 0].get_text().get_text()
    '0.812'
    """
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"table.frame: must be a DataFrame, got {type(frame).__name__}")
    if frame.empty:
        raise ValueError("table.frame: must hold at least one row and one column")
    axes = make_axes(ax, width=PAGE_WIDTH, height=0.35 + 0.2 * len(frame))
    cells = [[_digits(value, digits) for value in row] for row in frame.itertuples(index=False)]
    drawn = axes.table(
        cellText=cells, rowLabels=[str(name) for name in frame.index],
        colLabels=[str(name) for name in frame.columns], loc="center", edges="horizontal",
    )  # fmt: skip
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(7)
    lines = 1 + max(str(name).count("\n") for name in frame.columns)
    for (row, _), cell in drawn.get_celld().items():
        cell.set_linewidth(0.4)
        if row == 0:
            cell.set_height(cell.get_height() * (1 + 0.8 * (lines - 1)))
    axes.set_axis_off()
    axes.set_title(title)
    return axes


def _write_cells(axes: Axes, matrix: NDArray[np.float64], form: str, image: Any) -> None:
    texts = {spot: format(v, form) for spot, v in np.ndenumerate(matrix) if np.isfinite(v)}
    axes.figure.canvas.figure.draw_without_rendering()
    box = axes.get_window_extent()
    room = box.width * 72 / axes.figure.dpi / (matrix.shape[1] * max(map(len, texts.values())))
    for (row, column), text in texts.items():
        red, green, blue, _ = image.cmap(image.norm(matrix[row, column]))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        axes.text(
            column, row, text, ha="center", va="center", fontsize=min(7.0, 1.4 * room),
            color="white" if dark else "black",
        )  # fmt: skip


def _digits(value: Any, digits: int) -> str:
    if not isinstance(value, float | np.floating):
        return str(value)
    return f"{value:#.{digits}g}".removesuffix(".") if np.isfinite(value) else "–"
