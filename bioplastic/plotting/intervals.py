"""How intervals between spikes are distributed."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked, param
from bioplastic.plotting.style import GREY, PALETTE, drawing_axes

__all__ = ["plot_intervals"]


@checked(n_bins=param(minimum=2))
def plot_intervals(
    intervals: ArrayLike,
    *,
    units: ArrayLike | None = None,
    n_bins: int = 40,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the histogram of inter-spike intervals beside that of Poisson processes.

    The axis is logarithmic, so that bursts and pauses both show; heights are the share of
    intervals in each bin in percent. The line is what Poisson processes would give: exponential
    intervals with the mean of each unit, mixed by their numbers, since units of different rates
    pool to intervals that are not exponential.

    Parameters
    ----------
    intervals : array_like, shape (n_intervals,)
        Intervals in seconds, as from `bioplastic.analysis.intervals`. Zeros are left out.
    units : array_like of int, shape (n_intervals,), optional
        The unit of each, from the same function; without it all are of one unit.
    n_bins : int, default 40
        Number of bins of equal width in the logarithm.
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
        If there are no positive intervals, or one is negative.

    Examples
    --------
    >>> import numpy as np
    >>> axes = plot_intervals(np.random.default_rng(0).exponential(0.05, 1000))
    >>> axes.get_xlabel()
    'inter-spike interval (ms)'
    """
    place = "plot_intervals"
    values = check_array(f"{place}.intervals", intervals, shape=(None,), minimum=0)
    owner = np.zeros(values.size, dtype=np.int64)
    if units is not None:
        owner = check_array(f"{place}.units", units, shape=(values.size,), minimum=0)
        owner = owner.astype(np.int64)
    owner, values = owner[values > 0], 1e3 * values[values > 0]
    if values.size == 0:
        raise ValueError(f"{place}.intervals: must hold at least one positive interval")
    low, high = float(values.min()), float(values.max())
    if high <= low * 1.01:
        low, high = low / 2, high * 2
    edges = np.geomspace(low, high * (1 + 1e-9), n_bins + 1)
    shares = 100 * np.histogram(values, edges)[0] / values.size
    count = np.bincount(owner).astype(np.float64)
    sums, count = np.bincount(owner, values)[count > 0], count[count > 0]
    survival = np.exp(-edges[:, None] / (sums / count)) @ (count / count.sum())
    expected = -100 * np.diff(survival)
    with drawing_axes(ax, height=2.1) as axes:
        axes.stairs(shares, edges, fill=True, color=PALETTE[0], alpha=0.45, label="intervals")
        axes.plot(
            np.sqrt(edges[1:] * edges[:-1]),
            expected,
            color=GREY,
            linestyle="--",
            label="Poisson, same mean" if count.size == 1 else "Poisson, rates of the units",
        )
        axes.set_xscale("log")
        narrow = edges[-1] < 100 * edges[0]
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        few = float(np.quantile(values, 1e-3))  # the axis does not stretch for a few short ones
        axes.set_xlim(max(edges[0], min(few, edges[-2])), edges[-1])
        axes.set_ylim(0, 1.25 * max(float(shares.max()), float(expected.max())))
        axes.set_xlabel("inter-spike interval (ms)")
        axes.set_ylabel("share of intervals (%)")
        axes.legend(loc="upper left", ncols=2, columnspacing=1.0, borderaxespad=0.1)
        axes.set_title(title)
    return axes
