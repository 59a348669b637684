"""Spikes and signals over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from bioplastic.plotting.grammar._frame import (
    Look,
    draw_legend,
    in_style,
    make_axes,
)
from bioplastic.plotting.style import GREY, PALETTE

__all__ = ["raster", "traces"]


@in_style
def raster(
    times: ArrayLike,
    cells: ArrayLike,
    ax: Axes | None = None,
    *,
    groups: Mapping[str, ArrayLike] | None = None,
    order: ArrayLike | None = None,
    window: tuple[float, float] | None = None,
    phases: Mapping[str, tuple[float, float]] | None = None,
    colours: Mapping[Any, str] | Sequence[str] | None = None,
    legend: str | None = None,
    **texts: Any,
) -> Axes:
    """Draw one mark per spike, cells from below.

    Parameters
    ----------
    times : array_like, shape (n_spikes,)
        Times, in the unit of the axis.
    cells : array_like of int, shape (n_spikes,)
        The cell of each spike.
    ax : Axes, optional
        Where to draw; a figure of one column by default.
    groups : mapping of str to array_like of int, optional
        Cells of each group, which has a colour; all black without.
    order : array_like of int, optional
        Row of each cell; its number by default.
    window : (float, float), optional
        Times shown.
    phases : mapping of str to (start, stop), optional
        Stretches of time that are shaded.
    colours, legend, **texts
        As for `lines`.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there are not as many cells as times.

    Examples
    --------
    >>> axes = raster([1.0, 2.0, 3.0], [0, 1, 0], phases={"cue": (0, 1.5)}, xlabel="time (ms)")
    >>> axes.get_ylabel()
    'cell'
    """
    t, number = np.asarray(times, dtype=np.float64), np.asarray(cells)
    if t.ndim != 1 or t.shape != number.shape:
        raise ValueError(
            f"raster.cells: must be one cell per spike, got {number.shape} and {t.shape}"
        )
    axes = make_axes(ax)
    inside = np.ones(t.size, dtype=bool)
    if window is not None:
        inside = (t >= window[0]) & (t <= window[1])
    rank = np.arange(int(number.max(initial=0)) + 1) if order is None else np.asarray(order)
    known = {"": np.unique(number)} if groups is None else groups
    look = Look(known, None, ("black",) if groups is None and colours is None else colours)
    rows = max(rank.size, 1)
    room = axes.get_window_extent().height * 72 / axes.figure.dpi / rows
    sparse = room > 2.5 or np.count_nonzero(inside) < 500
    for name, members in known.items():
        mine = inside & np.isin(number, np.asarray(members))
        axes.plot(
            t[mine], rank[number[mine]], linestyle="none", marker="|" if sparse else "o",
            markersize=float(np.clip(0.8 * room, 3.0 if sparse else 0.9, 5.0)),
            markeredgewidth=0.7 if sparse else 0.0, color=look.colour(name), label=name or None,
            rasterized=bool(np.count_nonzero(mine) > 2000),
        )  # fmt: skip
    for name, (start, stop) in (phases or {}).items():
        axes.axvspan(start, stop, color=GREY, alpha=0.2, linewidth=0, zorder=0, label=name)
    axes.set_ylim(-0.5, rows - 0.5)
    axes.set(**{"ylabel": "cell", "xlabel": "time (s)", "xlim": window} | texts)
    draw_legend(axes, legend, [])
    return axes


@in_style
def traces(
    time: ArrayLike,
    output: ArrayLike,
    ax: Axes | None = None,
    *,
    target: ArrayLike | None = None,
    window: tuple[float, float] | None = None,
    learned_until: float | None = None,
    stacked: bool = False,
    names: tuple[str, str] = ("target", "output of the network"),
    legend: str | None = None,
    **texts: Any,
) -> Axes:
    """Draw signals over time, each on top of the one that it should follow.

    Parameters
    ----------
    time : array_like, shape (n,)
        Times, in the unit of the axis.
    output : array_like, shape (n,) or (n, n_channels)
        Signals.
    ax : Axes, optional
        Where to draw; a figure of one column by default.
    target : array_like, shape of ``output``, optional
        What they should be, drawn broad and grey.
    window : (float, float), optional
        Times shown.
    learned_until : float, optional
        The time until this is shaded.
    stacked : bool, default False
        Whether channels stand above each other, without a scale.
    names : (str, str)
        Of target and output in a legend.
    legend, **texts
        As for `lines`.

    Returns
    -------
    Axes

    Examples
    --------
    >>> axes = traces([1, 2, 3], [0.0, 1.0, 0.0], target=[0.0, 1.1, 0.1], learned_until=2)
    >>> len(axes.lines)
    2
    """
    at, signals = np.asarray(time, dtype=np.float64), np.asarray(output, dtype=np.float64)
    wanted = None if target is None else np.asarray(target, dtype=np.float64)
    if len(signals) != len(at) or (wanted is not None and wanted.shape != signals.shape):
        raise ValueError(f"traces.output: must have shape ({len(at)}, ...), got {signals.shape}")
    axes = make_axes(ax)
    shift: NDArray[Any] = np.zeros(1)
    start, stop = (at[0], at[-1]) if window is None else window
    inside = (at >= start) & (at <= stop)
    if stacked:
        shown = (signals if wanted is None else wanted)[inside].reshape(inside.sum(), -1)
        height, n = 1.15 * float(np.ptp(shown, axis=0).max()), shown.shape[1]
        shift, low = height * np.arange(n).reshape(-1, *signals.shape[1:]), float(shown.min())
        axes.set(ylim=(low - 0.4 * height, low + (n + 0.3) * height), yticks=[])
    broad: dict[str, Any] = {"color": "black", "linewidth": 2, "alpha": 0.25}
    thin: dict[str, Any] = {"color": PALETTE[0], "linewidth": 0.9}
    for name, values, style in ((names[0], wanted, broad), (names[1], signals, thin)):
        if values is not None:  # one entry of the legend for all channels
            axes.plot(at[inside], values[inside] + shift, **style)[0].set_label(name)
    if learned_until is not None:
        axes.axvspan(start, learned_until, color="#EDEDED", zorder=0)
    axes.set(**{"xlim": (start, stop), **texts})
    draw_legend(axes, legend, [])
    return axes
