"""Spikes of one unit around those of another."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked
from bioplastic.plotting.style import GREY, PALETTE, drawing_axes
from bioplastic.validation import check_real

__all__ = ["plot_correlogram"]


@checked
def plot_correlogram(
    lags: ArrayLike,
    values: ArrayLike,
    *,
    chance: float | ArrayLike | None = None,
    ylabel: str = "pairs of spikes",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a correlogram as bars around lag zero.

    Parameters
    ----------
    lags : array_like, shape (n_bins,)
        Centres of the bins in seconds, equally spaced, as from
        `bioplastic.analysis.cross_correlograms`.
    values : array_like, shape (n_bins,)
        Heights.
    chance : float or array_like of shape (n_bins,), optional
        The height that independent trains would have, drawn as a dashed line.
    ylabel : str, default "pairs of spikes"
        What the heights are.
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
        If the shapes differ, or there are fewer than two bins or unequal ones.

    Examples
    --------
    >>> axes = plot_correlogram([-0.001, 0, 0.001], [3, 9, 2], chance=2.5)
    >>> axes.get_xlabel()
    'lag (ms)'
    """
    place = "plot_correlogram"
    centres = 1e3 * check_array(f"{place}.lags", lags, shape=(None,))
    heights = check_array(f"{place}.values", values, shape=(centres.size,))
    if centres.size < 2:
        raise ValueError(f"{place}.lags: must hold at least two bins, got {centres.size}")
    steps = np.diff(centres)
    width = float(steps[0])
    if width <= 0 or not np.allclose(steps, width, rtol=1e-6):
        raise ValueError(f"{place}.lags: must rise in equal steps")
    edges = np.append(centres - width / 2, centres[-1] + width / 2)
    with drawing_axes(ax, height=2.1) as axes:
        axes.stairs(heights, edges, fill=True, color=PALETTE[0], alpha=0.7)
        axes.axvline(0, color=GREY, linewidth=0.6, zorder=0)
        if chance is not None:
            level = (
                np.full(centres.size, check_real(f"{place}.chance", chance))
                if np.ndim(chance) == 0
                else check_array(f"{place}.chance", chance, shape=(centres.size,))
            )
            axes.plot(
                centres, level, color=PALETTE[1], linestyle="--", linewidth=0.9, label="chance"
            )
            axes.legend(loc="upper right", borderaxespad=0.1)
        axes.set_xlim(edges[0], edges[-1])
        top = max(float(heights.max()), 0.0 if chance is None else float(np.max(chance)))
        if heights.min() >= 0 and top > 0:
            axes.set_ylim(0, 1.2 * top)
        axes.set_xlabel("lag (ms)")
        axes.set_ylabel(ylabel)
        axes.set_title(title)
    return axes
