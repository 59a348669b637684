"""Distributions that may be power laws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked
from bioplastic.plotting.style import PALETTE, drawing_axes
from bioplastic.validation import check_real

__all__ = ["plot_avalanches"]

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@checked
def plot_avalanches(
    values: Mapping[str, ArrayLike],
    *,
    exponents: Mapping[str, tuple[float, float, float]] | None = None,
    colours: Mapping[str, str] | None = None,
    xlabel: str = "avalanche size (spikes)",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    r"""Draw the probability densities of sizes or durations on logarithmic axes.

    Parameters
    ----------
    values : mapping of str to array_like of int
        Sizes, or durations, of each condition; at least 1. They are counted in bins of equal
        width in the logarithm, each at least one integer wide.
    exponents : mapping of str to (exponent, lower, upper), optional
        Power laws :math:`x^{-\tau}` of some conditions and their ranges, drawn as lines that
        carry the share of the data in the range.
    colours : mapping of str to str, optional
        Colours of conditions; those of the palette by default.
    xlabel : str, default "avalanche size (spikes)"
        What is counted.
    title : str, optional
        Title.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If there is no condition, one has no values, or a value is below 1.

    Examples
    --------
    >>> axes = plot_avalanches({"driven": [1, 1, 1, 2, 2, 4]}, exponents={"driven": (1.5, 1, 4)})
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['driven (exponent 1.50)']
    """
    place = "plot_avalanches"
    if not values:
        raise ValueError(f"{place}.values: must hold at least one condition")
    if unknown := set(exponents or {}) - set(values):
        raise ValueError(f"{place}.exponents: must name conditions, got {sorted(unknown)}")
    with drawing_axes(ax, height=2.4) as axes:
        for index, (name, numbers) in enumerate(values.items()):
            where = f"{place}.values[{name!r}]"
            data = check_array(where, numbers, shape=(None,), minimum=1)
            if data.size == 0:
                raise ValueError(f"{where}: must hold at least one value")
            top = float(data.max()) + 1
            edges = np.unique(np.ceil(np.geomspace(1, top, 8 * int(np.log10(top) + 1) + 2)))
            counts = np.histogram(data, edges)[0]
            density = counts / (np.diff(edges) * data.size)
            centres = np.sqrt(edges[:-1] * (edges[1:] - 1))
            seen = counts > 0
            colour = (colours or {}).get(name, PALETTE[index % len(PALETTE)])
            label = name
            if exponents and name in exponents:
                given = exponents[name]
                tau, low, high = (check_real(f"{place}.exponents[{name!r}]", x) for x in given)
                grid = np.arange(low, high + 1)
                share = float(np.mean((data >= low) & (data <= high)))
                axes.plot(
                    grid[[0, -1]],
                    share * grid[[0, -1]] ** -tau / np.sum(grid**-tau),
                    color=colour,
                    linewidth=1.0,
                    zorder=3,
                )
                label = f"{name} (exponent {tau:.2f})"
            axes.plot(
                centres[seen],
                density[seen],
                linestyle="none",
                marker=_MARKERS[index % len(_MARKERS)],
                markersize=3,
                markerfacecolor="white",
                color=colour,
                label=label,
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel(xlabel)
        axes.set_ylabel("probability density")
        axes.legend(loc="lower left", borderaxespad=0.2)
        axes.set_title(title)
    return axes
