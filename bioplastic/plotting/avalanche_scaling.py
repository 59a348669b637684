"""How the size of avalanches grows with their duration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from numpy.typing import ArrayLike

from bioplastic.fields import checked
from bioplastic.plotting.style import PALETTE, drawing_axes

__all__ = ["plot_avalanche_scaling"]

_MARKERS = ("o", "s", "^", "D", "v")


@checked
def plot_avalanche_scaling(
    series: Mapping[str, tuple[ArrayLike, ArrayLike]],
    slopes: Mapping[str, tuple[float, float | None]] | None = None,
    *,
    colours: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw mean avalanche size against duration.

    Parameters
    ----------
    series : mapping of str to (durations, mean sizes)
        One of each network.
    slopes : mapping of str to (measured, predicted), optional
        Exponents for the legend: the slope, and that from the exponents of sizes and durations, or
        None where there are none.
    colours : mapping of str to str, optional
        Colours of networks; those of the palette by default.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Examples
    --------
    >>> axes = plot_avalanche_scaling({"PIF": ([1, 2, 4], [1, 4, 16])}, {"PIF": (2.0, 1.9)})
    >>> axes.get_xlabel()
    'avalanche duration (steps)'
    """
    with drawing_axes(ax, height=2.4) as axes:
        for number, (name, (durations, sizes)) in enumerate(series.items()):
            label = name
            if slopes and name in slopes:
                slope, predicted = slopes[name]
                label = f"{name}, {slope:.2f}" + (f" ({predicted:.2f})" if predicted else "")
            axes.plot(
                np.asarray(durations),
                np.asarray(sizes),
                marker=_MARKERS[number % len(_MARKERS)],
                markersize=2.2,
                markerfacecolor="white",
                linestyle="none",
                color=(colours or {}).get(name, PALETTE[number % len(PALETTE)]),
                label=label,
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("avalanche duration (steps)")
        axes.set_ylabel("mean avalanche size (spikes)")
        legend = axes.legend(fontsize=6, loc="upper left", handletextpad=0.2, borderaxespad=0.1)
        if slopes:
            legend.set_title("slope (predicted)", prop=FontProperties(size=6))
    return axes
