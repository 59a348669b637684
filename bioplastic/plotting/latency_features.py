"""Pictures of a spiking convolution: its filters, how they were learned, and its code."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked
from bioplastic.plotting.style import COLUMN_WIDTH, GREY, PALETTE, drawing_axes, use_style
from bioplastic.plotting.weights import plot_weight_maps, tile_images

__all__ = ["plot_feature_learning", "plot_signed_filters"]


@checked
def plot_signed_filters(filters: ArrayLike, *, title: str = "", ax: Axes | None = None) -> Axes:
    """Show filters over on and off channels, tiled on a near-square grid.

    Parameters
    ----------
    filters : array_like, shape (n_filters, rows, columns, channels)
        Weights, on (or positive) in even and off (negative) in odd channels. With 2 channels the
        difference is shown in two colours; with 6 the differences of red, green and blue are the
        colours, grey meaning none.
    title : str, optional
        Title above the maps.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes with the maps.

    Raises
    ------
    TypeError, ValueError
        If the weights are no finite array of 2 or 6 channels.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> axes = plot_signed_filters(rng.random((9, 5, 5, 2)))
    >>> axes.images[0].get_array().shape
    (17, 17)
    """
    place = "plot_signed_filters.filters"
    weights = check_array(place, filters, shape=(None, None, None, None))
    n, rows, columns, channels = weights.shape
    if channels not in (2, 6) or n == 0:
        raise ValueError(f"{place}: must have 2 or 6 channels, got shape {weights.shape}")
    signed = weights[..., ::2].astype(np.float64) - weights[..., 1::2]
    if channels == 2:
        flat = signed.reshape(n, -1).T
        return plot_weight_maps(
            flat, (rows, columns), vmin=-1, vmax=1, label="weight, on − off", cmap="RdBu_r",
            title=title, ax=ax,
        )  # fmt: skip
    tiles = [tile_images(signed[..., z]) for z in range(3)]
    picture = np.clip(0.5 + 0.5 * np.stack(tiles, axis=-1), 0, 1)
    picture[np.isnan(picture)] = 1.0
    height = COLUMN_WIDTH * picture.shape[0] / picture.shape[1] + (0.2 if title else 0.0)
    with drawing_axes(ax, height=height) as axes:
        axes.imshow(picture, interpolation="antialiased")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_title(title)
        axes.spines[:].set_visible(False)
    return axes


@checked
def plot_feature_learning(
    threshold_history: ArrayLike,
    wins: ArrayLike,
    filters: ArrayLike,
    latencies: ArrayLike,
    *,
    t_target: float | None = None,
    threshold_elsewhere: float | None = None,
) -> Figure:
    """Show thresholds over training, who won, where the weights went, and the latencies.

    Parameters
    ----------
    threshold_history : array_like, shape (n_epochs + 1, n_maps)
        Thresholds before the first and after every epoch.
    wins : array_like, shape (n_epochs, n_maps)
        Patches won in every epoch.
    filters : array_like
        Weights after training, 0 to 1; any shape.
    latencies : array_like, shape (n_samples, n_features)
        Features; 1 and above means no spike.
    t_target : float, optional
        Latency that thresholds aim at, drawn into the histogram of latencies.
    threshold_elsewhere : float, optional
        Mean threshold after training that another program reached, drawn beside ours.

    Returns
    -------
    Figure
        Four panels, one column wide.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree or numbers are not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> figure = plot_feature_learning(
    ...     5 + rng.random((11, 8)), rng.integers(0, 50, (10, 8)), rng.random((8, 18)),
    ...     rng.random((20, 30)) * 1.3, t_target=0.75)
    >>> len(figure.axes)
    4
    """
    place = "plot_feature_learning"
    thresholds = check_array(f"{place}.threshold_history", threshold_history, shape=(None, None))
    n_maps = thresholds.shape[1]
    won = check_array(f"{place}.wins", wins, shape=(len(thresholds) - 1, n_maps), minimum=0)
    weights = check_array(f"{place}.filters", np.ravel(np.asarray(filters)), shape=(None,))
    times = check_array(f"{place}.latencies", latencies, shape=(None, None), finite=False)
    for name, values in (("filters", weights), ("latencies", times)):
        if values.size == 0:
            raise ValueError(f"{place}.{name}: must not be empty")
    with use_style():
        figure = Figure(figsize=(COLUMN_WIDTH, 3.7))
        panels = figure.subplots(2, 2)
        _draw_thresholds(panels[0, 0], thresholds, threshold_elsewhere)
        _draw_wins(panels[0, 1], won)
        _draw_weights(panels[1, 0], weights)
        _draw_latencies(panels[1, 1], times, t_target)
    return figure


def _draw_thresholds(axes: Axes, thresholds: NDArray[Any], elsewhere: float | None) -> None:
    epochs = np.arange(len(thresholds))
    low, high = np.percentile(thresholds, [5, 95], axis=1)
    axes.fill_between(epochs, low, high, color=PALETTE[0], alpha=0.2, linewidth=0)
    axes.plot(epochs, thresholds.mean(axis=1), color=PALETTE[0])
    if elsewhere is not None:
        axes.plot(
            epochs[-1:], [elsewhere], "D", markerfacecolor="white", color=GREY, clip_on=False,
            label="mean, measured\nelsewhere",
        )  # fmt: skip
        axes.legend(loc="lower right", borderaxespad=0.1)
    axes.set_xlim(0, epochs[-1] or 1)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel("epoch")
    axes.set_ylabel("threshold")
    axes.set_title("mean, 5 to 95 %")


def _draw_wins(axes: Axes, wins: NDArray[Any]) -> None:
    n_maps = wins.shape[1]
    rank = np.arange(1, n_maps + 1)
    phases = {"first epoch": wins[:1], "last epoch": wins[-1:]} if len(wins) else {}
    for (name, part), colour in zip(phases.items(), (GREY, PALETTE[1]), strict=True):
        share = np.sort(part.sum(axis=0))[::-1] / max(1, part.sum())
        axes.plot(rank, 100 * share * n_maps, color=colour, label=name)
    axes.axhline(100, color="black", linewidth=0.6, linestyle="--")
    axes.set_xlim(1, n_maps)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("map, sorted")
    axes.set_ylabel("wins (%)")
    axes.set_title("100 % = equal share")
    axes.legend(loc="lower left", borderaxespad=0.1)


def _draw_weights(axes: Axes, weights: NDArray[Any]) -> None:
    edges = np.linspace(min(0.0, weights.min()), max(1.0, weights.max()), 31)
    share = 100 * np.histogram(weights, edges)[0] / weights.size
    axes.stairs(share, edges, color=PALETTE[2], fill=True)
    axes.set_yscale("log")
    axes.set_xlim(edges[0], edges[-1])
    axes.set_xlabel("weight")
    axes.set_ylabel("weights (%)")
    low, high = 100 * (weights < 0.1).mean(), 100 * (weights > 0.9).mean()
    axes.set_title(f"{low:.0f} % < 0.1, {high:.0f} % > 0.9")


def _draw_latencies(axes: Axes, times: NDArray[Any], t_target: float | None) -> None:
    active = times[times < 1]
    edges = np.linspace(0, 1, 41)
    share = 100 * np.histogram(active, edges)[0] / times.size
    axes.stairs(share, edges, color=PALETTE[3], fill=True)
    if t_target is not None:
        axes.axvline(t_target, color="black", linewidth=0.6, linestyle="--")
        axes.annotate(
            "target in\nlearning", (t_target, 0.97), (-3, 0), va="top", ha="right", fontsize=6.5,
            xycoords=("data", "axes fraction"), textcoords="offset points",
        )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("latency")
    axes.set_ylabel("features (%)")
    axes.set_title(f"{100 * active.size / times.size:.0f} % spike")
