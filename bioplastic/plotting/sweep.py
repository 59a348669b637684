"""What a sweep over parameters found."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked
from bioplastic.plotting._parts import add_colour_bar
from bioplastic.plotting.style import PALETTE, drawing_axes
from bioplastic.validation import check_integer

__all__ = ["plot_heat_map", "plot_search", "plot_sweep_curves"]

_MARKERS = "osv^<>D"
_MOST_TICKS = 8


@checked
def plot_heat_map(
    x: Sequence[Any],
    y: Sequence[Any],
    values: ArrayLike,
    *,
    xlabel: str = "",
    ylabel: str = "",
    label: str = "",
    best: tuple[int, int] | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a score over two parameters: a coloured cell with its number for every pair.

    Parameters
    ----------
    x, y : sequence
        Values of the parameters along the columns and the rows.
    values : array_like, shape (len(y), len(x))
        Scores; NaN leaves a cell empty.
    xlabel, ylabel, label, title : str, optional
        Texts; ``label`` belongs to the colour bar.
    best : (int, int), optional
        Row and column of a cell that is framed.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If the shape does not fit, or no score is finite.

    Examples
    --------
    >>> axes = plot_heat_map([100, 400], [0.002, 0.02], [[81.0, 89.0], [80.0, 88.0]], best=(0, 1))
    >>> [text.get_text() for text in axes.texts]
    ['81', '89', '80', '88']
    """
    scores = check_array("plot_heat_map.values", values, shape=(len(y), len(x)), finite=False)
    scores = np.asarray(scores, dtype=np.float64)
    if not np.isfinite(scores).any():
        raise ValueError("plot_heat_map.values: must hold at least one finite score")
    height = 0.9 + 0.28 * max(4, len(y))
    with drawing_axes(ax, height=min(height, 6.0)) as axes:
        colours = colormaps["viridis"]
        image = axes.imshow(scores, cmap=colours, aspect="auto", origin="lower")
        low, high = np.nanmin(scores), np.nanmax(scores)
        texts = _shorten(scores[np.isfinite(scores)])
        cells = zip(*np.nonzero(np.isfinite(scores)), texts, strict=True)
        if len(x) <= 10 and len(y) <= 14:
            for row, column, text in cells:
                shade = (scores[row, column] - low) / (high - low) if high > low else 0.5
                red, green, blue, _ = colours(shade)
                dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
                axes.text(
                    column, row, text, ha="center", va="center", fontsize=7,
                    color="white" if dark else "black",
                )  # fmt: skip
        if best is not None:
            for index, size in zip(best, scores.shape, strict=True):
                check_integer("plot_heat_map.best", index, minimum=0, maximum=size - 1)
            corner = (best[1] - 0.47, best[0] - 0.45)
            axes.add_patch(
                Rectangle(corner, 0.94, 0.9, fill=False, edgecolor=PALETTE[1], linewidth=1.8)
            )
        for axis, entries in ((axes.xaxis, x), (axes.yaxis, y)):
            shown = range(0, len(entries), -(-len(entries) // 14))
            axis.set_major_locator(FixedLocator([float(k) for k in shown]))
            axis.set_ticklabels([_name(entries[k]) for k in shown])
            axis.set_tick_params(length=0)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_title(title)
        for spine in axes.spines.values():
            spine.set_visible(False)
        add_colour_bar(axes, image, textwrap.fill(label, 24))
    return axes


@checked
def plot_sweep_curves(
    x: Sequence[Any],
    curves: Mapping[str, ArrayLike],
    *,
    log: bool = False,
    xlabel: str = "",
    ylabel: str = "",
    legend: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw scores along one parameter: means as lines, deviations as bands, seeds as dots.

    Parameters
    ----------
    x : sequence
        Values of the parameter; others than numbers are placed at equal distances.
    curves : mapping of str to array_like, shape (len(x), n_seeds)
        The scores of every run, NaN where there is none; one to seven curves.
    log : bool, default False
        Whether a numeric axis is logarithmic.
    xlabel, ylabel, title : str, optional
        Texts.
    legend : str, optional
        Title of the legend: the parameter that tells the curves apart.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If there is no curve, or one has another shape.

    Examples
    --------
    >>> axes = plot_sweep_curves([1, 2], {"100": [[0.5, 0.7], [0.7, 0.8]]}, xlabel="epochs")
    >>> axes.lines[0].get_ydata().tolist()
    [0.6, 0.75]
    """
    place = "plot_sweep_curves"
    if not 1 <= len(curves) <= len(PALETTE):
        raise ValueError(f"{place}.curves: must hold 1 to {len(PALETTE)} curves, got {len(curves)}")
    scores = {
        name: np.asarray(
            check_array(f"{place}.curves[{name!r}]", values, shape=(len(x), None), finite=False),
            dtype=np.float64,
        )
        for name, values in curves.items()
    }
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in x)
    positions = np.asarray(x, dtype=np.float64) if numeric else np.arange(len(x), dtype=np.float64)
    with drawing_axes(ax, height=2.4) as axes:
        for index, (name, values) in enumerate(scores.items()):
            colour, marker = PALETTE[index], _MARKERS[index]
            known = np.isfinite(values).any(axis=1)
            mean = np.nanmean(values[known], axis=1)
            axes.plot(positions[known], mean, color=colour, marker=marker, label=name)
            if values.shape[1] > 1:
                _draw_spread(axes, positions[known], values[known], mean, colour)
        if numeric and log:
            axes.set_xscale("log")
        if len(positions) <= _MOST_TICKS or not numeric:
            shown = list(range(0, len(x), -(-len(x) // (2 * _MOST_TICKS))))
            axes.xaxis.set_major_locator(FixedLocator([float(positions[k]) for k in shown]))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xticklabels([_name(x[k]) for k in shown])
        elif log:
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_title(title)
        if len(scores) > 1:
            axes.legend(
                title=legend, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2,
                title_fontsize=7,
            )  # fmt: skip
    return axes


@checked
def plot_search(
    x: ArrayLike,
    scores: ArrayLike,
    *,
    log: bool = False,
    best: int | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the scores of a random search along one of its parameters, one dot per point.

    Parameters
    ----------
    x, scores : array_like, shape (n_points,)
        Values of the parameter, and scores.
    log : bool, default False
        Whether the axis of the parameter is logarithmic.
    best : int, optional
        The point that is marked.
    xlabel, ylabel, title : str, optional
        Texts.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If the shapes differ.

    Examples
    --------
    >>> axes = plot_search([0.1, 0.2, 0.3], [0.5, 0.7, 0.6], best=1)
    >>> len(axes.lines)
    2
    """
    a = check_array("plot_search.x", x, shape=(None,))
    b = check_array("plot_search.scores", scores, shape=(len(a),))
    with drawing_axes(ax, height=2.2) as axes:
        axes.plot(a, b, "o", color=PALETTE[0], markersize=3.5, alpha=0.7)
        if best is not None:
            check_integer("plot_search.best", best, minimum=0, maximum=len(a) - 1)
            axes.plot(
                a[best], b[best], "o", markersize=8, markerfacecolor="none", color=PALETTE[1],
                label="best",
            )  # fmt: skip
            axes.legend(loc="best")
        if log:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: ""))
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_title(title)
    return axes


def _draw_spread(
    axes: Axes,
    positions: NDArray[np.float64],
    values: NDArray[np.float64],
    mean: NDArray[np.float64],
    colour: str,
) -> None:
    """Add a band of one sample deviation and a dot for each run."""
    several = np.isfinite(values).sum(axis=1) > 1
    deviation = np.zeros(len(values))
    deviation[several] = np.nanstd(values[several], axis=1, ddof=1)
    axes.fill_between(
        positions, mean - deviation, mean + deviation, color=colour, alpha=0.18, linewidth=0
    )
    for column in values.T:
        axes.plot(positions, column, ".", color=colour, markersize=2.5, alpha=0.6)


def _name(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _shorten(scores: NDArray[np.float64]) -> list[str]:
    """Return scores with the digits that their range deserves, at most three places."""
    span = float(np.ptp(scores))
    if (scores == np.round(scores)).all():
        digits = 0
    else:
        digits = 1 if span >= 1 or span == 0 else min(3, 1 + int(np.ceil(-np.log10(span))))
    return [f"{score:.{digits}f}" for score in scores]
