"""Spike trains as a raster, with the rate of the population above it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from bioplastic.analysis.rates import population_rate
from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.fields import checked, param
from bioplastic.plotting.style import PALETTE, drawing_axes
from bioplastic.validation import check_integer

__all__ = ["plot_spikes"]

_MOST_UNITS = 400

_MOST_NAMED = 10
"""Up to this many units each has a tick of its own."""

_RASTER = 0.72
"""Share of the height that the raster takes; the rest is the strip."""


@checked(max_units=param(minimum=1))
def plot_spikes(
    trains: SpikeTrains,
    *,
    bin_width: Any = None,
    trial: int = 0,
    max_units: int = _MOST_UNITS,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a raster and, on a strip above it, the mean rate of all units.

    Ticks name units by their ids. Time in which a unit was not observed is grey.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes; cut them with `SpikeTrains.slice_time` to show less.
    bin_width : float or Quantity, optional
        Bins of the rate in seconds; a hundredth of the window by default.
    trial : int, default 0
        The trial shown.
    max_units : int, default 400
        With more units the raster shows this many, evenly spread; the rate is still of all.
    title : str, optional
        Title.
    ax : Axes, optional
        Where to draw; a new figure by default. The strip is an inset in its upper part.

    Returns
    -------
    Axes
        The axes of the raster; ``axes.child_axes[0]`` is the strip.

    Raises
    ------
    TypeError, ValueError
        If the trial does not exist or the bins do not fit.

    Examples
    --------
    >>> trains = SpikeTrains.from_arrays([0.1, 0.2, 0.25], [0, 2, 1], t_stop=0.5)
    >>> plot_spikes(trains, bin_width=0.1).get_xlabel()
    'time (ms)'
    """
    place = "plot_spikes"
    trial = check_integer(f"{place}.trial", trial, minimum=0, maximum=trains.n_trials - 1)
    if trains.trials is not None:
        trains = trains.select_trials([trial])
    width = trains.duration / 100 if bin_width is None else bin_width
    rate = population_rate(trains, width)
    n = trains.n_units
    shown = np.unique(np.linspace(0, max(n - 1, 0), min(n, max_units)).round().astype(np.int64))
    part = trains.select_units(shown)
    factor, unit = (1e3, "ms") if trains.duration <= 2.0 else (1.0, "s")
    left, right = factor * trains.t_start, factor * trains.t_stop
    with drawing_axes(ax, height=2.8) as axes:
        points = axes.get_window_extent().height * 72 / axes.figure.canvas.figure.dpi
        room = 0.8 * _RASTER * points / max(len(shown), 1)
        sparse = room > 2.0 or part.n_spikes < 500
        axes.plot(
            factor * part.times,
            shown[part.units],
            linestyle="none",
            marker="|" if sparse else "o",
            markersize=float(np.clip(0.9 * room, 2.5 if sparse else 0.8, 5.0)),
            markeredgewidth=0.6 if sparse else 0.0,
            color=PALETTE[0],
            rasterized=part.n_spikes > 20_000,
        )
        axes.set_xlim(left, right)
        top = max(n, 1) - 0.5
        axes.set_ylim(-0.5, -0.5 + (top + 0.5) / _RASTER)
        axes.spines["left"].set_bounds(-0.5, top)
        axes.set_xlabel(f"time ({unit})")
        name = "unit" if len(shown) == n else f"unit ({len(shown)} of {n:,})"
        axes.set_ylabel(name, y=_RASTER / 2)
        if n <= _MOST_NAMED:
            ticks = np.arange(n)
        else:
            found = MaxNLocator(4, integer=True).tick_values(0, max(n - 1, 1))
            ticks = np.asarray(found, dtype=np.int64)
            ticks = ticks[(ticks >= 0) & (ticks <= top)]
        axes.set_yticks(ticks, [f"{trains.ids[tick]:.12}" if trains.ids.dtype.kind == "U"
                                else str(trains.ids[tick]) for tick in ticks])  # fmt: skip
        if trains.observed is not None:
            _shade_gaps(trains, shown, factor, axes)
        strip = axes.inset_axes((0.0, _RASTER + 0.04, 1.0, 1.0 - _RASTER - 0.04))
        edges = np.linspace(0, 1, rate.size + 1) * (rate.size * _seconds(width)) + trains.t_start
        strip.stairs(rate, factor * edges, fill=True, color=PALETTE[0], alpha=0.35)
        strip.stairs(rate, factor * edges, color=PALETTE[0], linewidth=0.8)
        strip.set_xlim(left, right)
        strip.set_ylabel("rate (Hz)")
        strip.tick_params(labelbottom=False)
        high = float(np.nanmax(rate, initial=0.0))
        strip.set_ylim(0, 1.15 * high if high > 0 else 1.0)
        strip.yaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2, steps=[1, 2, 2.5, 5, 10]))
        strip.spines[["top", "right"]].set_visible(False)
        axes.set_title(title)
    return axes


def _shade_gaps(trains: SpikeTrains, shown: NDArray[np.int64], factor: float, axes: Axes) -> None:
    """Draw the time in which units were not observed as grey bars behind their spikes."""
    bars = []
    for unit in shown:
        seen = trains.observed_of(int(unit))
        edges = np.concatenate([[trains.t_start], seen.ravel(), [trains.t_stop]]).reshape(-1, 2)
        for begin, end in factor * edges[edges[:, 1] > edges[:, 0]]:
            low, high = unit - 0.5, unit + 0.5
            bars.append([(begin, low), (end, low), (end, high), (begin, high)])
    axes.add_collection(
        PolyCollection(bars, facecolors="0.88", edgecolors="none", zorder=0, rasterized=True),
        autolim=False,
    )


def _seconds(width: Any) -> float:
    return float(np.asarray(width))
