"""A recording on one page."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.analysis.correlograms import chance_counts, cross_correlograms
from bioplastic.analysis.intervals import interval_statistics, intervals
from bioplastic.analysis.rates import mean_rates
from bioplastic.analysis.spike_trains import SpikeTrains
from bioplastic.analysis.summary import show_number
from bioplastic.fields import checked
from bioplastic.plotting.correlogram import plot_correlogram
from bioplastic.plotting.intervals import plot_intervals
from bioplastic.plotting.style import (
    GREY,
    PAGE_WIDTH,
    PALETTE,
    drawing_axes,
    new_figure,
    use_style,
)
from bioplastic.plotting.trains import plot_spikes

__all__ = ["plot_rates", "plot_regularity", "plot_report"]

_MOST_SHOWN = 20_000
_MOST_IN_ROW = 100


@checked
def plot_report(
    trains: SpikeTrains,
    summary: Mapping[str, float | int | None],
    *,
    title: str = "",
) -> Figure:
    """Draw a recording on one page: raster, rates, intervals, regularity and correlation.

    Parameters
    ----------
    trains : SpikeTrains
        The spikes. A long recording shows its beginning in the raster; all else is of the whole.
    summary : mapping
        From `bioplastic.analysis.summarise_spikes`; the caption quotes it.
    title : str, optional
        Title.

    Returns
    -------
    Figure
        A page wide.

    Examples
    --------
    >>> from bioplastic.analysis import SpikeTrains, summarise_spikes
    >>> trains = SpikeTrains.from_arrays([0.1, 0.2, 0.3], [0, 1, 0], t_stop=1)
    >>> len(plot_report(trains, summarise_spikes(trains)).axes)
    5
    """
    shown = trains
    most = min(_MOST_SHOWN, _MOST_IN_ROW * max(trains.n_units, 1))
    if trains.n_spikes > most:
        length = max(trains.duration * most / trains.n_spikes, trains.duration / 1e4)
        shown = trains.slice_time(trains.t_start, trains.t_start + length)
    rates = mean_rates(trains)
    found = interval_statistics(trains)
    values, owner = intervals(trains)
    with use_style():
        figure = new_figure(PAGE_WIDTH, 7.6)
        panels = figure.subplot_mosaic(
            [["raster"] * 2, ["rates", "intervals"], ["regularity", "correlogram"]],
            height_ratios=[1.6, 1.0, 1.0],
        )
        part = "" if shown is trains else f", the first {shown.duration:.3g} s"
        plot_spikes(shown, title=(title or "spikes") + part, ax=panels["raster"])
        plot_rates(rates[np.isfinite(rates)], ax=panels["rates"])
        if (values > 0).any():
            plot_intervals(values, units=owner, ax=panels["intervals"])
        else:
            _say(panels["intervals"], "no intervals")
        plot_regularity(np.nan_to_num(rates), found.cv, ax=panels["regularity"])
        _draw_correlogram(trains, rates, panels["correlogram"])
        figure.suptitle(_caption(summary), fontsize=7.5, color=GREY)
    return figure


@checked
def plot_rates(rates: ArrayLike, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw the histogram of the units' rates, with their mean.

    Parameters
    ----------
    rates : array_like, shape (n_units,)
        Rates in Hz, as from `bioplastic.analysis.mean_rates`.
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
        If a rate is negative or not finite.

    Examples
    --------
    >>> plot_rates([1.0, 2.0, 2.5]).get_xlabel()
    'rate (Hz)'
    """
    values = check_array("plot_rates.rates", rates, shape=(None,), minimum=0)
    with drawing_axes(ax, height=2.1) as axes:
        if values.size == 0:
            return _say(axes, "no units")
        axes.hist(values, bins=min(30, max(5, values.size // 4)), color=PALETTE[0], alpha=0.6)
        axes.axvline(values.mean(), color=PALETTE[1], linestyle="--", linewidth=0.9, label="mean")
        axes.set_xlim(0, None)
        axes.set_ylim(0, 1.2 * axes.get_ylim()[1])
        axes.set_xlabel("rate (Hz)")
        axes.set_ylabel("units")
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        right = values.mean() < 0.5 * axes.get_xlim()[1]
        axes.legend(loc="upper right" if right else "upper left", borderaxespad=0.1)
        axes.set_title(title)
    return axes


@checked
def plot_regularity(
    rates: ArrayLike, cv: ArrayLike, *, title: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the coefficient of variation of each unit's intervals against its rate.

    Parameters
    ----------
    rates : array_like, shape (n_units,)
        Rates in Hz.
    cv : array_like, shape (n_units,)
        As from `bioplastic.analysis.interval_statistics`; NaN is left out.
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
        If the shapes differ or a rate is negative.

    Examples
    --------
    >>> plot_regularity([5.0, 8.0], [0.9, 1.1]).get_ylabel()
    'CV of intervals'
    """
    place = "plot_regularity"
    x = check_array(f"{place}.rates", rates, shape=(None,), minimum=0)
    y = check_array(f"{place}.cv", cv, shape=(x.size,), finite=False)
    known = np.isfinite(y)
    with drawing_axes(ax, height=2.1) as axes:
        if not known.any():
            return _say(axes, "no intervals")
        axes.plot(x[known], y[known], "o", color=PALETTE[0], markersize=2, alpha=0.6)
        axes.axhline(1.0, color=GREY, linestyle="--", linewidth=0.9, label="Poisson")
        axes.set_xlim(0, 1.1 * float(x[known].max()))
        axes.set_ylim(0, 1.3 * max(1.0, float(y[known].max())))
        axes.set_xlabel("rate (Hz)")
        axes.set_ylabel("CV of intervals")
        axes.legend(loc="upper right", borderaxespad=0.1)
        axes.set_title(title)
    return axes


def _draw_correlogram(trains: SpikeTrains, rates: NDArray[np.float64], ax: Axes) -> None:
    """Add the correlograms of all pairs of the most active units."""
    active = np.count_nonzero(rates > 0)
    units = np.argsort(-np.nan_to_num(rates), kind="stable")[: min(15, active)]
    if units.size < 2:
        _say(ax, "fewer than two\nactive units")
        return
    pairs = [(int(a), int(b)) for k, a in enumerate(units) for b in units[k + 1 :]]
    reach = min(0.1, trains.duration / 4)
    width = reach / 20
    lags, counts = cross_correlograms(trains, pairs, bin_width=width, max_lag=reach)
    plot_correlogram(
        lags,
        counts.sum(axis=0),
        chance=chance_counts(trains, pairs, lags, width).sum(axis=0),
        title=f"all pairs of the {units.size} most active units",
        ax=ax,
    )
    ax.set_ylim(0, 1.3 * ax.get_ylim()[1])


def _caption(summary: Mapping[str, float | int | None]) -> str:
    parts = [
        f"{show_number(summary[name])} {word}"
        for name, word in (("n_units", "units"), ("n_trials", "trials"), ("n_spikes", "spikes"))
        if summary.get(name) is not None and (name, summary[name]) != ("n_trials", 1)
    ]
    for name, word, unit in (
        ("rate_mean", "mean rate", " Hz"),
        ("cv_mean", "CV", ""),
        ("fano_mean", "Fano factor", ""),
    ):
        if summary.get(name) is not None:
            parts.append(f"{word} {show_number(summary[name])}{unit}")
    return "  ·  ".join(parts)


def _say(ax: Axes, text: str) -> Axes:
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=ax.transAxes)
    return ax
