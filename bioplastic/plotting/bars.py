"""Means over seeds beside published values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array
from bioplastic.arguments import check_arguments
from bioplastic.plotting.style import GREY, PALETTE, drawing_axes
from bioplastic.validation import check_real

__all__ = ["plot_bars"]

_DASHES = ("--", ":", "-.")


@check_arguments
def plot_bars(
    values: Mapping[str, ArrayLike],
    *,
    paper: Mapping[str, float] | None = None,
    paper_label: str = "paper",
    baselines: Mapping[str, float] | None = None,
    xlabel: str = "test accuracy (%)",
    factor: float = 100.0,
    xlim: tuple[float, float] | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw one bar per condition: mean, standard deviation, each seed, and the paper's value.

    Parameters
    ----------
    values : mapping of str to array_like, shape (n_seeds,)
        Results of each condition, one per seed; a single number is fine.
    paper : mapping of str to float, optional
        Published values of some conditions, drawn as open diamonds.
    paper_label : str, default "paper"
        Name of the diamonds in the legend.
    baselines : mapping of str to float, optional
        Values drawn as vertical lines, for example chance.
    xlabel : str, default "test accuracy (%)"
        What the bars show.
    factor : float, default 100
        Multiplies every number before it is drawn: 100 turns fractions into percent.
    xlim : (float, float), optional
        Range shown, after multiplication. A range that does not start at zero leaves the bars
        out, since their length would mislead, and marks the means with a stroke.
    title : str, optional
        Title.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes; the first condition is on top.

    Raises
    ------
    TypeError, ValueError
        If there is no condition, one has no value, a number is not finite, or a published value
        belongs to no condition.

    Examples
    --------
    >>> axes = plot_bars({"STDP": [0.8, 0.82], "R-STDP": [0.7, 0.75]}, paper={"STDP": 0.83})
    >>> [text.get_text() for text in axes.get_yticklabels()]
    ['STDP', 'R-STDP']
    """
    place = "plot_bars"
    if not values:
        raise ValueError(f"{place}.values: must hold at least one condition")
    groups: dict[str, Any] = {}
    for name, numbers in values.items():
        where = f"{place}.values[{name!r}]"
        groups[name] = factor * check_array(where, np.atleast_1d(numbers), shape=(None,))
        if groups[name].size == 0:
            raise ValueError(f"{where}: must hold at least one value")
    published = {
        name: factor * check_real(f"{place}.paper[{name!r}]", value)
        for name, value in (paper or {}).items()
    }
    if unknown := set(published) - set(groups):
        raise ValueError(f"{place}.paper: must name conditions, got {sorted(unknown)}")
    n = len(groups)
    digits = ".1f" if factor == 100.0 else ".3g"
    bars = xlim is None or xlim[0] <= 0 <= xlim[1]
    with drawing_axes(ax, height=0.75 + 0.3 * n) as axes:
        for row, (name, numbers) in enumerate(groups.items()):
            colour = PALETTE[row % len(PALETTE)]
            mean, spread = float(numbers.mean()), 0.0
            if bars:
                axes.barh(row, mean, height=0.62, color=colour, alpha=0.45, linewidth=0)
            else:
                axes.plot([mean, mean], [row - 0.31, row + 0.31], color=colour, linewidth=1.8)
            if numbers.size > 1:
                spread = float(numbers.std(ddof=1))
                axes.errorbar(
                    mean,
                    row,
                    xerr=spread,
                    color="black",
                    capsize=2,
                    elinewidth=0.8,
                    capthick=0.8,
                    zorder=3,
                )
                shift = np.linspace(-0.18, 0.18, numbers.size)
                axes.plot(numbers, row + shift, "o", color=colour, markersize=2, zorder=4)
            axes.annotate(
                f"{mean:{digits}} ± {spread:{digits}}" if spread else f"{mean:{digits}}",
                xy=(1.0, row),
                xycoords=axes.get_yaxis_transform(),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=7,
                annotation_clip=False,
            )
            if name in published:
                axes.plot(
                    published[name],
                    row,
                    "D",
                    markerfacecolor="white",
                    markeredgecolor="black",
                    markersize=4.5,
                    clip_on=False,
                    zorder=5,
                    label=paper_label if name == next(iter(published)) else None,
                )
        for index, (name, value) in enumerate((baselines or {}).items()):
            where = f"{place}.baselines[{name!r}]"
            level = factor * check_real(where, value)
            dash = _DASHES[index % len(_DASHES)]
            axes.axvline(level, color=GREY, linestyle=dash, linewidth=0.9, label=name, zorder=2)
        axes.set_ylim(n - 0.5, -0.5)
        axes.set_yticks(range(n), list(groups))
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel(xlabel)
        axes.set_title(title, pad=17.0 if published or baselines else None)
        if xlim is not None:
            axes.set_xlim(*xlim)
        elif factor == 100.0 and min(axes.get_xlim()) >= 0 and max(axes.get_xlim()) > 85:
            axes.set_xlim(0, 101)
        if published or baselines:
            axes.legend(
                loc="lower right",
                bbox_to_anchor=(1.0, 1.0),
                ncols=1 + len(baselines or {}),
                borderaxespad=0.1,
                columnspacing=1.0,
                handletextpad=0.4,
            )
    return axes
