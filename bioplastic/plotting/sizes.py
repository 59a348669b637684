"""Accuracy against the size of a network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import ArrayLike

from bioplastic.arguments import check_arguments
from bioplastic.plotting.style import GREY, PALETTE, drawing_axes
from bioplastic.validation import check_integer, check_real

__all__ = ["plot_sizes"]

_MARKERS = "osv^<>"
_DASHES = ("--", ":", "-.")


@check_arguments
def plot_sizes(
    curves: Mapping[str, Mapping[int, ArrayLike]],
    *,
    baselines: Mapping[str, float] | None = None,
    paper: Mapping[int, float] | None = None,
    paper_label: str = "paper",
    xlabel: str = "hidden neurons",
    ylabel: str = "test accuracy (%)",
    ylim: tuple[float, float] | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw accuracy against the number of neurons: the mean, and each seed as a small dot.

    Parameters
    ----------
    curves : mapping of str to mapping of int to array_like, shape (n_seeds,)
        For each system, accuracies as fractions by number of neurons; at least one.
    baselines : mapping of str to float, optional
        Accuracies drawn as grey horizontal lines.
    paper : mapping of int to float, optional
        Published accuracies by number of neurons, drawn as open diamonds.
    paper_label : str, default "paper"
        Name of the diamonds in the legend.
    xlabel, ylabel, title : str, optional
        Texts.
    ylim : (float, float), optional
        Range in percent; from the data by default.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes; sizes on a logarithmic axis.

    Raises
    ------
    TypeError, ValueError
        If there is nothing to draw, a size is no positive integer, or an accuracy not finite.

    Examples
    --------
    >>> axes = plot_sizes({"ours": {100: [0.86, 0.87], 400: 0.92}}, paper={6400: 0.967})
    >>> axes.get_xscale()
    'log'
    """
    place = "plot_sizes.curves"
    if not curves or not all(curves.values()):
        raise ValueError(f"{place}: must hold at least one curve with one size")
    points = {
        name: {
            check_integer(f"{place}[{name!r}]", size, minimum=1): [
                check_real(f"{place}[{name!r}][{size}]", float(value))
                for value in np.atleast_1d(np.asarray(values))
            ]
            for size, values in sorted(curve.items())
        }
        for name, curve in curves.items()
    }
    published = {
        check_integer("plot_sizes.paper", size, minimum=1): check_real("plot_sizes.paper", value)
        for size, value in (paper or {}).items()
    }
    with drawing_axes(ax, height=2.6) as axes:
        for index, (name, curve) in enumerate(points.items()):
            colour = PALETTE[index % len(PALETTE)]
            means = [100 * float(np.mean(values)) for values in curve.values()]
            marker = _MARKERS[index % len(_MARKERS)]
            axes.plot(list(curve), means, color=colour, marker=marker, label=name, clip_on=False)
            for size, values in curve.items():
                if len(values) > 1:
                    axes.plot(
                        [size] * len(values),
                        [100 * value for value in values],
                        color=colour,
                        marker=".",
                        markersize=3,
                        linestyle="none",
                        alpha=0.6,
                    )
        if published:
            axes.plot(
                list(published),
                [100 * value for value in published.values()],
                marker="D",
                markersize=4.5,
                markerfacecolor="white",
                color="black",
                linestyle="none",
                label=paper_label,
            )
        for index, (name, value) in enumerate((baselines or {}).items()):
            level = 100 * check_real(f"plot_sizes.baselines[{name!r}]", value)
            dash = _DASHES[index % len(_DASHES)]
            axes.axhline(level, color=GREY, linestyle=dash, linewidth=0.9, zorder=1, label=name)
        sizes = sorted({size for curve in points.values() for size in curve} | set(published))
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator([float(size) for size in sizes]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
        if ylim is not None:
            axes.set_ylim(*ylim)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_title(title)
        axes.legend(loc="lower right", fontsize="x-small")
    return axes
