"""Categories side by side: dots and bars."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from bioplastic.plotting.grammar._frame import (
    PUBLISHED,
    Labelled,
    Look,
    draw_legend,
    draw_levels,
    entries_of,
    in_style,
    make_axes,
    split_curves,
    write_texts,
)
from bioplastic.plotting.style import GREY
from bioplastic.validation import check_real

__all__ = ["bars", "dots"]


@in_style
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
    axes = make_axes(ax)
    look = Look(names if len(curves) == 1 else curves, labels, colours)
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
              **PUBLISHED)  # fmt: skip
    draw_levels(axes, baselines, factor, 1, False, vertical=horizontal)
    texts_of = [look.label(name) for name in names]
    if horizontal:
        axes.set_yticks(range(len(names)), texts_of)
        axes.set_ylim(len(names) - 0.5, -0.5)
    else:
        axes.set_xticks(range(len(names)), texts_of)
        axes.set_xlim(-0.5, len(names) - 0.5)
    write_texts(axes, data, {}, texts, along="y" if horizontal else "x")
    draw_legend(axes, legend, [])
    return axes


@in_style
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
    axes = make_axes(ax, height=0.75 + 0.3 * len(names))
    look = Look(names, labels, colours)
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
                  label=None if number else published_label, **PUBLISHED)  # fmt: skip
    draw_levels(axes, baselines, factor, 1, False, vertical=True)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [look.label(name) for name in names])
    axes.tick_params(axis="y", length=0)
    if limits is None and factor == 100 and min(axes.get_xlim()) >= 0 < 85 < max(axes.get_xlim()):
        axes.set_xlim(0, 101)
    title = texts.pop("title", "")
    write_texts(axes, data, {}, texts, along="y")
    axes.set_title(title, pad=17.0 if published or baselines else None)
    if published or baselines:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1, columnspacing=1.0,
            ncols=bool(published) + len(baselines or {}), handletextpad=0.4,
        )  # fmt: skip
    return axes


def _categories(
    place: str, data: Any, x: Any, hue: Any
) -> tuple[dict[Any, dict[Any, Any]], list[Any]]:
    """Return, for every colour, the repetitions of each category; and the categories."""
    if isinstance(data, Mapping):
        if not data or not all(np.size(values) for values in data.values()):
            raise ValueError(f"{place}.data: must hold at least one category with one value")
        return {None: dict(data)}, list(data)
    curves = split_curves(place, data, x, hue)
    names = entries_of(next(iter(curves.values())))
    return {
        key: dict(zip(names, np.asarray(curve, dtype=np.float64), strict=True))
        for key, curve in curves.items()
    }, names


def _plot(axes: Axes, horizontal: bool, spots: Any, values: Any, **style: Any) -> None:
    axes.plot(*((values, spots) if horizontal else (spots, values)), **style)


def _index(names: list[Any], name: Any, place: str) -> int:
    if name not in names:
        raise ValueError(f"{place}: must name categories, got {name!r}")
    return names.index(name)
