"""Pictures as declarations: lines, dots, bars, images, raster and table over labelled arrays.

Every verb takes an `xarray.DataArray` (or a mapping of names to arrays), says which dimension is
what, and draws on axes made by `panels`. Dimensions that are neither an axis nor a colour are
repetitions, seeds for example: they become mean and spread. ``attrs["long_name"]`` and
``attrs["units"]`` of arrays and coordinates become the labels of the axes.
"""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from bioplastic.plotting._labels import place_end_labels
from bioplastic.plotting._parts import add_colour_bar
from bioplastic.plotting.style import GREY, PAGE_WIDTH, PALETTE, new_figure, use_style
from bioplastic.validation import check_choice, check_real

__all__ = ["bars", "dots", "images", "lines", "panels", "plus_minus", "raster", "table", "traces"]

Labelled = xr.DataArray | Mapping[str, Any]
_F = TypeVar("_F", bound=Callable[..., Any])
_MARKERS = "osv^<>D"
_DASHES = ("--", ":", "-.", (0, (6, 1.5, 1, 1.5)))
_PUBLISHED: dict[str, Any] = {
    "marker": "D", "markersize": 4.5, "markerfacecolor": "white", "linestyle": "none",
    "zorder": 5, "clip_on": False,
}  # fmt: skip


def _in_style(function: _F) -> _F:
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


@_in_style
def lines(
    data: Labelled,
    ax: Axes | None = None,
    *,
    x: Hashable | None = None,
    hue: Hashable | None = None,
    show: str = "band",
    factor: float = 1.0,
    labels: Mapping[Any, str] | None = None,
    colours: Mapping[Any, str] | Sequence[str] | None = None,
    published: Any = None,
    published_label: str = "paper",
    baselines: Mapping[str, ArrayLike] | None = None,
    legend: str | None = "best",
    markers: bool | None = None,
    xscale: str = "linear",
    yscale: str = "linear",
    digits: int = 1,
    **texts: Any,
) -> Axes:
    """Draw one line per entry of ``hue`` along ``x``: the mean over all other dimensions.

    Parameters
    ----------
    data : DataArray, or mapping of str to DataArray
        Numbers; NaN where there are none. A mapping holds one line per name, and their ``x`` may
        differ.
    ax : Axes, optional
        Where to draw; a figure of one column by default.
    x, hue : str, optional
        Dimensions. By default ``x`` is the first one that is not ``hue``, and all lines are one.
    show : {'band', 'each', 'bars', 'mean'}, default 'band'
        Sample standard deviation as a band, every repetition as a thin line, error bars with a
        dot per repetition, or the mean alone.
    factor : float, default 1
        Multiplies all numbers; 100 turns fractions into percent.
    labels, colours : mapping, optional
        Text and colour of entries of ``hue``; the entries themselves and the palette by default.
    published : float, DataArray over ``x``, or mapping of entries of ``hue`` to either, optional
        The paper's values: diamonds at their ``x``, or at the right edge if there is none.
    published_label : str, default 'paper'
        What the legend calls them.
    baselines : mapping of str to float or array_like, optional
        Grey horizontal lines, named; repetitions become a mean with a band.
    legend : {'best', 'end', 'above', 'outside', ...} or None
        ``'end'`` writes name and last value where each line ends, ``'above'`` and ``'outside'``
        put the legend above the axes and below the figure, anything else is a place of matplotlib.
    markers : bool, optional
        Whether points are marked; by default up to 25 of them.
    xscale, yscale : str
        Scales of matplotlib.
    digits : int, default 1
        Digits after the point of values beside lines.
    **texts
        ``xlabel``, ``ylabel``, ``title``, ``xlim``, ``ylim``, ... for `Axes.set`.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If the data are not labelled, a dimension is missing, or there is nothing to draw.

    Examples
    --------
    >>> error = xr.DataArray([[4.0, 2.0], [2.0, 0.0]], dims=("seed", "trial"),
    ...                      coords={"trial": [1, 10]}, name="error", attrs={"units": "Hz"})
    >>> axes = lines(error, x="trial", baselines={"chance": 5.0})
    >>> axes.get_ylabel(), axes.lines[0].get_ydata().tolist()
    ('error (Hz)', [3.0, 1.0])
    """
    check_choice("lines.show", show, ("band", "each", "bars", "mean"))
    curves = _curves("lines", data, x, hue)
    axes = _axes(ax)
    look = _Look(curves, labels, colours)
    ends: list[tuple[float, str, str]] = []
    categories: list[Any] | None = None
    for number, (key, curve) in enumerate(curves.items()):
        places, categories = _places(curve)
        values = factor * np.asarray(curve, dtype=np.float64).reshape(places.size, -1)
        known = np.isfinite(values).any(axis=1)
        at, values = places[known], values[known]
        mean, spread = _mean_and_spread(values)
        colour, name = look.colour(key), look.label(key)
        marked = markers if markers is not None else at.size <= 25
        several = values.shape[1] > 1
        style: dict[str, Any] = {
            "color": colour,
            "marker": _MARKERS[number % 7] if marked else None,
        }
        axes.plot(at, mean, label=name, zorder=3, **style)
        if several and show == "band":
            axes.fill_between(at, mean - spread, mean + spread, color=colour, alpha=0.18, lw=0)
        elif several and show == "each":
            axes.plot(at, values, color=colour, linewidth=0.4, alpha=0.45)
        elif several and show == "bars":
            axes.errorbar(at, mean, spread, fmt="none", color=colour, capsize=2, linewidth=0.8)
            for column in values.T:
                axes.plot(at, column, ".", color=colour, markersize=2.5, alpha=0.6)
        ends.append((float(mean[-1]), f"{name} {mean[-1]:.{digits}f}".strip(), colour))
    ends += _levels(axes, baselines, factor, digits, legend == "end")
    found = published if isinstance(published, Mapping) else {None: published}
    for key, value in found.items():
        colour = look.colour(key) if key in curves and len(curves) > 1 else "black"
        ends += _publish(axes, value, factor, digits, colour, look.label(key, published_label),
                         published_label, legend == "end")  # fmt: skip
    axes.set(xscale=xscale, yscale=yscale)
    _ticks(axes, next(iter(curves.values())), categories, xscale)
    _say(axes, data, curves, texts)
    _legend(axes, legend, ends)
    return axes


@_in_style
def dots(
    data: Labelled,
    ax: Axes | None = None,
    *,
    x: Hashable | None = None,
    hue: Hashable | None = None,
    paired: bool = False,
    each: bool = True,
    horizontal: bool = False,
    factor: float = 1.0,
    labels: Mapping[Any, str] | None = None,
    colours: Mapping[Any, str] | Sequence[str] | None = None,
    published: xr.DataArray | Mapping[Any, float] | None = None,
    published_label: str = "paper",
    baselines: Mapping[str, float] | None = None,
    legend: str | None = "best",
    **texts: Any,
) -> Axes:
    """Draw each category as the mean, its standard deviation, and every repetition as a dot.

    Parameters
    ----------
    data : DataArray, or mapping of str to array_like
        Numbers; a mapping holds the repetitions of every category, which may differ in number.
    ax : Axes, optional
        Where to draw; a figure of one column by default.
    x, hue : str, optional
        Dimension of the categories (by default the first that is not ``hue``), and that of the
        colours, which stand side by side in each category.
    paired : bool, default False
        Whether repetition k is the same thing in all categories; thin lines then join them.
    each : bool, default True
        Whether every repetition is drawn.
    horizontal : bool, default False
        Whether categories stand below each other.
    factor, labels, colours, baselines, legend, **texts
        As for `lines`; ``labels`` name categories too.
    published : mapping of categories to float, or DataArray over ``x`` and ``hue``, optional
        The paper's values, drawn as diamonds; NaN where there are none.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        As for `lines`.

    Examples
    --------
    >>> axes = dots({"naive": [64, 72], "optimised": [15, 13]}, paired=True, ylabel="distance")
    >>> [label.get_text() for label in axes.get_xticklabels()]
    ['naive', 'optimised']
    """
    curves, names = _categories("dots", data, x, hue)
    axes = _axes(ax)
    look = _Look(names if len(curves) == 1 else curves, labels, colours)
    shift = 0.5 / len(curves)
    for number, (key, groups) in enumerate(curves.items()):
        middle = (number - (len(curves) - 1) / 2) * shift
        rows = [factor * np.asarray(groups[name], dtype=np.float64).ravel() for name in names]
        if paired and each:
            spots = np.arange(len(names)) + middle
            for repetition in np.array(rows).T:
                _plot(axes, horizontal, spots, repetition, color=GREY, linewidth=0.6,
                      alpha=float(np.clip(4 / len(rows[0]), 0.25, 0.8)), zorder=1)  # fmt: skip
        for place, (name, values) in enumerate(zip(names, rows, strict=True)):
            values = values[np.isfinite(values)]
            if not values.size:
                continue
            colour = look.colour(name if len(curves) == 1 else key)
            spot = place + middle
            label = look.label(key) if place == 0 and len(curves) > 1 else None
            if values.size > 1:
                deviation = values.std(ddof=1)
                _plot(axes, horizontal, [spot, spot],
                      [values.mean() - deviation, values.mean() + deviation],
                      color="black", linewidth=0.8, marker="_|"[horizontal],
                      markersize=4, zorder=3)  # fmt: skip
                if each and not paired:
                    around = spot + np.linspace(-0.3, 0.3, values.size) * shift
                    _plot(axes, horizontal, around, values, marker=".", markersize=3,
                          linestyle="none", color=colour, alpha=0.6, zorder=2)  # fmt: skip
            _plot(axes, horizontal, [spot], [values.mean()], marker="o", markersize=4.5,
                  linestyle="none", color=colour, label=label, zorder=4)  # fmt: skip
    levels: list[tuple[float, float]] = []
    if isinstance(published, xr.DataArray):
        for number, key in enumerate(curves):
            own = published if key is None else published.sel({str(hue): key})
            spots = np.arange(len(names)) + (number - len(curves) / 2 + 0.9) * shift
            levels += zip(spots, own.values.tolist(), strict=True)
    else:
        for name, value in (published or {}).items():
            check_real(f"dots.published[{name!r}]", value)
            levels.append((_index(names, name, "dots.published") + 0.3, value))
    if shown := [(spot, factor * level) for spot, level in levels if np.isfinite(level)]:
        _plot(axes, horizontal, *zip(*shown, strict=True), color="black", label=published_label,
              **_PUBLISHED)  # fmt: skip
    _levels(axes, baselines, factor, 1, False, vertical=horizontal)
    texts_of = [look.label(name) for name in names]
    if horizontal:
        axes.set_yticks(range(len(names)), texts_of)
        axes.set_ylim(len(names) - 0.5, -0.5)
    else:
        axes.set_xticks(range(len(names)), texts_of)
        axes.set_xlim(-0.5, len(names) - 0.5)
    _say(axes, data, {}, texts, along="y" if horizontal else "x")
    _legend(axes, legend, [])
    return axes


@_in_style
def bars(
    data: Labelled,
    ax: Axes | None = None,
    *,
    x: Hashable | None = None,
    factor: float = 100.0,
    labels: Mapping[Any, str] | None = None,
    colours: Mapping[Any, str] | Sequence[str] | None = None,
    published: Mapping[Any, float] | None = None,
    published_label: str = "paper",
    baselines: Mapping[str, float] | None = None,
    digits: int | None = None,
    **texts: Any,
) -> Axes:
    """Draw one bar per category, the first on top: mean, spread, each repetition, paper's value.

    Parameters
    ----------
    data : DataArray, or mapping of str to array_like
        Numbers; a mapping holds the repetitions of every category, which may differ in number.
    ax : Axes, optional
        Where to draw; by default a figure of one column, as high as needed.
    x : str, optional
        Dimension of the categories; the first by default.
    factor : float, default 100
        Multiplies all numbers; 100 turns fractions into percent.
    published : mapping of categories to float, optional
        The paper's values, drawn as diamonds.
    baselines : mapping of str to float, optional
        Grey vertical lines, named.
    digits : int, optional
        Digits after the point of the values at the right; by default 1 for percent, else three
        that count.
    labels, colours, published_label, **texts
        As for `lines`. An ``xlim`` that does not start at zero leaves the bars out, since their
        length would mislead, and marks the means with a stroke.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        As for `lines`; also if a published value belongs to no category.

    Examples
    --------
    >>> axes = bars({"STDP": [0.8, 0.82], "R-STDP": [0.7, 0.75]}, published={"STDP": 0.83})
    >>> [text.get_text() for text in axes.get_yticklabels()]
    ['STDP', 'R-STDP']
    """
    curves, names = _categories("bars", data, x, None)
    groups = next(iter(curves.values()))
    axes = _axes(ax, height=0.75 + 0.3 * len(names))
    look = _Look(names, labels, colours)
    limits = texts.get("xlim")
    from_zero = limits is None or limits[0] <= 0 <= limits[1]
    form = f".{digits}f" if digits is not None else ".1f" if factor == 100 else ".3g"
    for row, name in enumerate(names):
        values = factor * np.asarray(groups[name], dtype=np.float64).ravel()
        values = values[np.isfinite(values)]
        if not values.size:
            continue
        mean, colour = float(values.mean()), look.colour(name)
        if from_zero:
            axes.barh(row, mean, height=0.62, color=colour, alpha=0.45, linewidth=0)
        else:
            axes.plot([mean, mean], [row - 0.31, row + 0.31], color=colour, linewidth=1.8)
        text = f"{mean:{form}}"
        if values.size > 1:
            spread = float(values.std(ddof=1))
            axes.errorbar(mean, row, xerr=spread, color="black", capsize=2, linewidth=0.8, zorder=3)
            around = row + np.linspace(-0.18, 0.18, values.size)
            axes.plot(values, around, "o", color=colour, markersize=2, zorder=4)
            text += f" ± {spread:{form}}"
        axes.annotate(
            text, xy=(1.0, row), xycoords=axes.get_yaxis_transform(), xytext=(5, 0),
            textcoords="offset points", va="center", fontsize=7, annotation_clip=False,
        )  # fmt: skip
    for number, (name, value) in enumerate((published or {}).items()):
        level = factor * check_real(f"bars.published[{name!r}]", value)
        axes.plot(level, _index(names, name, "bars.published"), color="black",
                  label=None if number else published_label, **_PUBLISHED)  # fmt: skip
    _levels(axes, baselines, factor, 1, False, vertical=True)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [look.label(name) for name in names])
    axes.tick_params(axis="y", length=0)
    if limits is None and factor == 100 and min(axes.get_xlim()) >= 0 < 85 < max(axes.get_xlim()):
        axes.set_xlim(0, 101)
    title = texts.pop("title", "")
    _say(axes, data, {}, texts, along="y")
    axes.set_title(title, pad=17.0 if published or baselines else None)
    if published or baselines:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1, columnspacing=1.0,
            ncols=bool(published) + len(baselines or {}), handletextpad=0.4,
        )  # fmt: skip
    return axes


@_in_style
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
    axes_of = np.atleast_1d(np.asarray(_axes(ax) if facet is None else ax, dtype=object)).ravel()
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
                shown = range(0, keys.size, -(-keys.size // 12))
                axis.set_ticks(list(shown), [_short(keys[k]) for k in shown])
        if values:
            _write_cells(axes, matrix, "g" if values is True else str(values), drawn)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0)
        if facet is not None:
            key = entry[facet].item() if facet in entry.coords else ""
            axes.set_title((labels or {}).get(key, str(key)))
        axes.set(**{"xlabel": _name(entry, x), "ylabel": _name(entry, y)} | texts)
        if facet is not None and axes is not axes_of[0] and "ylabel" not in texts:
            axes.set_ylabel("")
    text = _name(data, None) if label is None else label
    if text and drawn is not None:
        place: Any = axes_of[0] if facet is None else list(axes_of[: len(entries)])
        if facet is None:
            add_colour_bar(place, drawn, textwrap.fill(text, 26))
        else:
            bar = place[0].figure.colorbar(drawn, ax=place, fraction=0.03, pad=0.01)
            bar.set_label(text)
            bar.outline.set_linewidth(0.4)
    return axes_of[0] if facet is None else axes_of[: len(entries)]


@_in_style
def traces(
    time: ArrayLike,
    output: ArrayLike,
    ax: Axes | None = None,
    *,
    target: ArrayLike | None = None,
    window: tuple[float, float] | None = None,
    learned_until: float | None = None,
    stacked: bool = False,
    names: tuple[str, str] = ("target", "output of the network"),
    legend: str | None = None,
    **texts: Any,
) -> Axes:
    """Draw signals over time, each on top of the one that it should follow.

    Parameters
    ----------
    time : array_like, shape (n,)
        Times, in the unit of the axis.
    output : array_like, shape (n,) or (n, n_channels)
        Signals.
    ax : Axes, optional
        Where to draw; a figure of one column by default.
    target : array_like, shape of ``output``, optional
        What they should be, drawn broad and grey.
    window : (float, float), optional
        Times shown.
    learned_until : float, optional
        The time until this is shaded.
    stacked : bool, default False
        Whether channels stand above each other, without a scale.
    names : (str, str)
        Of target and output in a legend.
    legend, **texts
        As for `lines`.

    Returns
    -------
    Axes

    Examples
    --------
    >>> axes = traces([1, 2, 3], [0.0, 1.0, 0.0], target=[0.0, 1.1, 0.1], learned_until=2)
    >>> len(axes.lines)
    2
    """
    at, signals = np.asarray(time, dtype=np.float64), np.asarray(output, dtype=np.float64)
    wanted = None if target is None else np.asarray(target, dtype=np.float64)
    if len(signals) != len(at) or (wanted is not None and wanted.shape != signals.shape):
        raise ValueError(f"traces.output: must have shape ({len(at)}, ...), got {signals.shape}")
    axes, shift = _axes(ax), 0.0
    start, stop = (at[0], at[-1]) if window is None else window
    inside = (at > start) & (at <= stop)
    if stacked:
        shown = (signals if wanted is None else wanted)[inside].reshape(inside.sum(), -1)
        height, n = 1.15 * float(np.ptp(shown, axis=0).max()), shown.shape[1]
        shift, low = height * np.arange(n).reshape(-1, *signals.shape[1:]), float(shown.min())
        axes.set(ylim=(low - 0.4 * height, low + (n + 0.3) * height), yticks=[])
    broad = {"color": "black", "linewidth": 2, "alpha": 0.25}
    thin = {"color": PALETTE[0], "linewidth": 0.9}
    for name, values, style in ((names[0], wanted, broad), (names[1], signals, thin)):
        if values is not None:  # one entry of the legend for all channels
            axes.plot(at[inside], values[inside] + shift, **style)[0].set_label(name)
    if learned_until is not None:
        axes.axvspan(start, learned_until, color="#EDEDED", zorder=0)
    axes.set(**{"xlim": (start, stop), **texts})
    _legend(axes, legend, [])
    return axes


@_in_style
def raster(
    times: ArrayLike,
    cells: ArrayLike,
    ax: Axes | None = None,
    *,
    groups: Mapping[str, ArrayLike] | None = None,
    order: ArrayLike | None = None,
    window: tuple[float, float] | None = None,
    phases: Mapping[str, tuple[float, float]] | None = None,
    colours: Mapping[Any, str] | Sequence[str] | None = None,
    legend: str | None = None,
    **texts: Any,
) -> Axes:
    """Draw one mark per spike, cells from below.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        Times, in the unit of the axis.
    cells : array_like of int, shape (n_spikes,)
        The cell of each spike.
    ax : Axes, optional
        Where to draw; a figure of one column by default.
    groups : mapping of str to array_like of int, optional
        Cells of each group, which has a colour; all black without.
    order : array_like of int, optional
        Row of each cell; its number by default.
    window : (float, float), optional
        Times shown.
    phases : mapping of str to (start, stop), optional
        Stretches of time that are shaded.
    colours, legend, **texts
        As for `lines`.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there are not as many cells as times.

    Examples
    --------
    >>> axes = raster([1.0, 2.0, 3.0], [0, 1, 0], phases={"cue": (0, 1.5)}, xlabel="time (ms)")
    >>> axes.get_ylabel()
    'cell'
    """
    t, number = np.asarray(times, dtype=np.float64), np.asarray(cells)
    if t.ndim != 1 or t.shape != number.shape:
        raise ValueError(
            f"raster.cells: must be one cell per spike, got {number.shape} and {t.shape}"
        )
    axes = _axes(ax)
    inside = np.ones(t.size, dtype=bool)
    if window is not None:
        inside = (t >= window[0]) & (t <= window[1])
    rank = np.arange(int(number.max(initial=0)) + 1) if order is None else np.asarray(order)
    known = {"": np.unique(number)} if groups is None else groups
    look = _Look(known, None, ("black",) if groups is None and colours is None else colours)
    rows = max(rank.size, 1)
    room = axes.get_window_extent().height * 72 / axes.figure.dpi / rows
    sparse = room > 2.5 or np.count_nonzero(inside) < 500
    for name, members in known.items():
        mine = inside & np.isin(number, np.asarray(members))
        axes.plot(
            t[mine], rank[number[mine]], linestyle="none", marker="|" if sparse else "o",
            markersize=float(np.clip(0.8 * room, 3.0 if sparse else 0.9, 5.0)),
            markeredgewidth=0.7 if sparse else 0.0, color=look.colour(name), label=name or None,
            rasterized=bool(np.count_nonzero(mine) > 2000),
        )  # fmt: skip
    for name, (start, stop) in (phases or {}).items():
        axes.axvspan(start, stop, color=GREY, alpha=0.2, linewidth=0, zorder=0, label=name)
    axes.set_ylim(-0.5, rows - 0.5)
    axes.set(**{"ylabel": "cell", "xlabel": "time (s)", "xlim": window} | texts)
    _legend(axes, legend, [])
    return axes


@_in_style
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
    axes = _axes(ax, width=PAGE_WIDTH, height=0.35 + 0.2 * len(frame))
    cells = [[_digits(value, digits) for value in row] for row in frame.itertuples(index=False)]
    drawn = axes.table(
        cellText=cells, rowLabels=[str(name) for name in frame.index],
        colLabels=[str(name) for name in frame.columns], loc="center", edges="horizontal",
    )  # fmt: skip
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(7)
    for cell in drawn.get_celld().values():
        cell.set_linewidth(0.4)
    axes.set_axis_off()
    axes.set_title(title)
    return axes


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


class _Look:
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
        return self._labels.get(key, _short(key))

    def colour(self, key: Any) -> str:
        return self._colours.get(key, "black")


def _axes(ax: Any, *, width: float = 3.5, height: float = 2.4) -> Axes:
    if ax is None:
        return new_figure(width, height).add_subplot()
    if not hasattr(ax, "get_figure"):
        raise TypeError(f"ax: must be axes of matplotlib, got {type(ax).__name__}")
    return cast(Axes, ax)


def _curves(place: str, data: Any, x: Any, hue: Any) -> dict[Any, xr.DataArray]:
    """Return one array per line, ``x`` first."""
    if isinstance(data, Mapping) and data:
        found = {
            name: next(iter(_curves(place, one, x, None).values())) for name, one in data.items()
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


def _categories(
    place: str, data: Any, x: Any, hue: Any
) -> tuple[dict[Any, dict[Any, Any]], list[Any]]:
    """Return, for every colour, the repetitions of each category; and the categories."""
    if isinstance(data, Mapping):
        if not data or not all(np.size(values) for values in data.values()):
            raise ValueError(f"{place}.data: must hold at least one category with one value")
        return {None: dict(data)}, list(data)
    curves = _curves(place, data, x, hue)
    names = _keys(next(iter(curves.values())))
    return {
        key: dict(zip(names, np.asarray(curve, dtype=np.float64), strict=True))
        for key, curve in curves.items()
    }, names


def _keys(curve: xr.DataArray) -> list[Any]:
    name = curve.dims[0]
    values = curve[name].values if name in curve.coords else np.arange(curve.sizes[name])
    return list(values.tolist())


def _places(curve: xr.DataArray) -> tuple[NDArray[np.float64], list[Any] | None]:
    """Return where points stand; entries that are not numbers at equal distances."""
    keys = _keys(curve)
    if all(isinstance(key, int | float) and not isinstance(key, bool) for key in keys):
        return np.asarray(keys, dtype=np.float64), None
    return np.arange(len(keys), dtype=np.float64), keys


def _mean_and_spread(values: NDArray[np.float64]) -> tuple[Any, Any]:
    several = np.isfinite(values).sum(axis=1) > 1
    spread = np.zeros(len(values))
    spread[several] = np.nanstd(values[several], axis=1, ddof=1)
    return np.nanmean(values, axis=1), spread


def _levels(
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


def _publish(
    axes: Axes, value: Any, factor: float, digits: int, colour: str, label: str, legend: str,
    at_end: bool,
) -> list[tuple[float, str, str]]:  # fmt: skip
    if value is None:
        return []
    known = {text.get_label() for text in axes.lines}
    style = _PUBLISHED | {"color": colour, "label": None if at_end or legend in known else legend}
    if isinstance(value, xr.DataArray):
        at, _ = _places(value)
        axes.plot(at, factor * np.asarray(value, dtype=np.float64), **style)
        return []
    level = factor * check_real("published", float(value))
    axes.plot(1.0, level, transform=axes.get_yaxis_transform(), **style)
    return [(level, f"{legend if colour != 'black' else label} {level:.{digits}f}", colour)]


def _ticks(axes: Axes, curve: xr.DataArray, categories: list[Any] | None, scale: str) -> None:
    keys = _keys(curve)
    if categories is not None or (scale == "log" and len(keys) <= 8):
        places = _places(curve)[0]
        step = -(-len(keys) // 16)
        axes.xaxis.set_major_locator(FixedLocator(places[::step].tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([_short(key) for key in keys[::step]])
    elif scale == "log":
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _say(axes: Axes, data: Any, curves: Any, texts: dict[str, Any], *, along: str = "x") -> None:
    """Set texts and limits; names and units of the data where none are given."""
    value_label = "ylabel" if along == "x" else "xlabel"
    first = next(iter(curves.values()), data)
    found: dict[str, Any] = {}
    if isinstance(first, xr.DataArray):
        found[value_label] = _name(first, None)
        if curves:
            found["xlabel"] = _name(first, first.dims[0])
    axes.set(**found | texts)


def _name(data: xr.DataArray, dimension: Hashable | None) -> str:
    source: Any = (
        data if dimension is None else data[dimension] if dimension in data.coords else None
    )
    if source is None:
        return str(dimension).replace("_", " ")
    text = source.attrs.get("long_name", source.name or "")
    units = source.attrs.get("units")
    return f"{text} ({units})".replace("_", " ") if units else str(text).replace("_", " ")


def _legend(axes: Axes, legend: str | None, ends: list[tuple[float, str, str]]) -> None:
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
        figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(shown)))
    elif legend == "above":
        axes.legend(
            handles, labels, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(shown),
            columnspacing=1.0, handletextpad=0.4, borderaxespad=0.1,
        )  # fmt: skip
    else:
        place: Any = legend
        axes.legend(handles, labels, loc=place)


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


def _plot(axes: Axes, horizontal: bool, spots: Any, values: Any, **style: Any) -> None:
    axes.plot(*((values, spots) if horizontal else (spots, values)), **style)


def _index(names: list[Any], name: Any, place: str) -> int:
    if name not in names:
        raise ValueError(f"{place}: must name categories, got {name!r}")
    return names.index(name)


def _short(value: Any, digits: int = 3) -> str:
    if not isinstance(value, float | np.floating):
        return str(value)
    return f"{value:.{digits}g}"


def _digits(value: Any, digits: int) -> str:
    if not isinstance(value, float | np.floating):
        return str(value)
    return f"{value:#.{digits}g}".removesuffix(".") if np.isfinite(value) else "–"
