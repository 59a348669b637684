"""Lines over labelled arrays."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from bioplastic.plotting.grammar._frame import (
    MARKERS,
    PUBLISHED,
    Labelled,
    Look,
    draw_legend,
    draw_levels,
    entries_of,
    in_style,
    make_axes,
    place_entries,
    shorten,
    split_curves,
    write_texts,
)
from bioplastic.validation import check_choice, check_real

__all__ = ["lines"]


@in_style
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
    curves = split_curves("lines", data, x, hue)
    axes = make_axes(ax)
    look = Look(curves, labels, colours)
    ends: list[tuple[float, str, str]] = []
    categories: list[Any] | None = None
    for number, (key, curve) in enumerate(curves.items()):
        places, categories = place_entries(curve)
        values = factor * np.asarray(curve, dtype=np.float64).reshape(places.size, -1)
        known = np.isfinite(values).any(axis=1)
        at, values = places[known], values[known]
        mean, spread = _mean_and_spread(values)
        colour, name = look.colour(key), look.label(key)
        marked = markers if markers is not None else at.size <= 25
        several = values.shape[1] > 1
        style: dict[str, Any] = {
            "color": colour,
            "marker": MARKERS[number % 7] if marked else None,
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
    ends += draw_levels(axes, baselines, factor, digits, legend == "end")
    found = published if isinstance(published, Mapping) else {None: published}
    for key, value in found.items():
        colour = look.colour(key) if key in curves and len(curves) > 1 else "black"
        ends += _publish(axes, value, factor, digits, colour, look.label(key, published_label),
                         published_label, legend == "end")  # fmt: skip
    axes.set(xscale=xscale, yscale=yscale)
    _ticks(axes, next(iter(curves.values())), categories, xscale)
    write_texts(axes, data, curves, texts)
    draw_legend(axes, legend, ends)
    return axes


def _publish(
    axes: Axes, value: Any, factor: float, digits: int, colour: str, label: str, legend: str,
    at_end: bool,
) -> list[tuple[float, str, str]]:  # fmt: skip
    if value is None:
        return []
    known = {text.get_label() for text in axes.lines}
    style = PUBLISHED | {"color": colour, "label": None if at_end or legend in known else legend}
    if isinstance(value, xr.DataArray):
        at, _ = place_entries(value)
        axes.plot(at, factor * np.asarray(value, dtype=np.float64), **style)
        return []
    level = factor * check_real("published", float(value))
    axes.plot(1.0, level, transform=axes.get_yaxis_transform(), **style)
    return [(level, f"{legend if colour != 'black' else label} {level:.{digits}f}", colour)]


def _ticks(axes: Axes, curve: xr.DataArray, categories: list[Any] | None, scale: str) -> None:
    keys = entries_of(curve)
    if categories is not None or (scale == "log" and len(keys) <= 8):
        places = place_entries(curve)[0]
        step = -(-len(keys) // 16)
        axes.xaxis.set_major_locator(FixedLocator(places[::step].tolist()))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([shorten(key) for key in keys[::step]])
    elif scale == "log":
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _mean_and_spread(values: NDArray[np.float64]) -> tuple[Any, Any]:
    several = np.isfinite(values).sum(axis=1) > 1
    spread = np.zeros(len(values))
    spread[several] = np.nanstd(values[several], axis=1, ddof=1)
    return np.nanmean(values, axis=1), spread
