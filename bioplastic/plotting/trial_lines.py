"""One line per trial through several conditions, with the mean and a reference value beside."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array
from bioplastic.plotting.style import GREY, PALETTE, drawing_axes
from bioplastic.validation import check_real

__all__ = ["plot_trial_lines"]


def plot_trial_lines(
    values: Mapping[str, ArrayLike],
    *,
    reference: Mapping[str, float] | None = None,
    ylabel: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw paired measurements: one thin line per trial, dots at the means.

    Parameters
    ----------
    values : mapping of str to array_like, shape (n_trials,)
        The measurements of every condition; trial k is the same in all.
    reference : mapping of str to float, optional
        Published values of some of the conditions, drawn as diamonds.
    ylabel, title : str, optional
        Texts.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes

    Raises
    ------
    TypeError, ValueError
        If there is nothing to draw, numbers of trials differ, or a reference names no condition.

    Examples
    --------
    >>> axes = plot_trial_lines({"naive": [64, 72], "optimised": [15, 13]}, ylabel="distance")
    >>> [label.get_text() for label in axes.get_xticklabels()]
    ['naive', 'optimised']
    """
    place = "plot_trial_lines"
    names = list(values)
    if not names:
        raise ValueError(f"{place}.values: must hold at least one condition")
    n_trials = np.size(values[names[0]])
    rows = [
        check_array(f"{place}.values[{name!r}]", values[name], shape=(n_trials,)) for name in names
    ]
    if n_trials == 0:
        raise ValueError(f"{place}.values: must hold at least one trial")
    if unknown := set(reference or {}) - set(names):
        raise ValueError(f"{place}.reference: must name conditions, got {sorted(unknown)}")
    table = np.asarray(rows, dtype=np.float64)
    positions = np.arange(len(names))
    with drawing_axes(ax, height=2.2) as axes:
        alpha = float(np.clip(4 / n_trials, 0.25, 0.8))
        axes.plot(positions, table, color=GREY, linewidth=0.6, alpha=alpha, zorder=1)
        for position, row in zip(positions, table, strict=True):
            axes.plot(
                position,
                row.mean(),
                marker="o",
                markersize=4.5,
                color=PALETTE[position % len(PALETTE)],
                linestyle="none",
                zorder=3,
            )
        for name, value in (reference or {}).items():
            level = check_real(f"{place}.reference[{name!r}]", value)
            axes.plot(
                names.index(name) + 0.22,
                level,
                marker="D",
                markersize=4,
                markerfacecolor="white",
                color="black",
                linestyle="none",
                zorder=2,
            )
        top = max(table.max(), *(reference or {"": 0.0}).values())
        low = min(0.0, float(table.min()))
        axes.set_ylim(low, low + 1.06 * (top - low) if top > low else low + 1.0)
        axes.set_xlim(-0.35, len(names) - 0.55)
        axes.set_xticks(positions, names)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.set_ylabel(ylabel)
        axes.set_title(title)
    return axes
