"""Weight change against the lag between two spikes."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked
from bioplastic.plotting.style import GREY, PALETTE, drawing_axes

__all__ = ["plot_stdp_window"]


@checked
def plot_stdp_window(
    lags: ArrayLike,
    dw: ArrayLike,
    *,
    reference: ArrayLike | tuple[ArrayLike, ArrayLike] | None = None,
    label: str = "simulated",
    reference_label: str = "theory",
    unit: str = "",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    r"""Draw the weight change of spike pairs as a function of their lag.

    Parameters
    ----------
    lags : array_like, shape (n_lags,)
        Postsynaptic minus presynaptic spike time in seconds.
    dw : array_like, shape (n_lags,)
        Weight change of one pair.
    reference : array_like or (lags, dw), optional
        A curve to compare with, at the same lags or at its own (in seconds).
    label, reference_label : str, optional
        Names in the legend, shown when there is a reference.
    unit : str, optional
        Unit of the weight.
    title : str, optional
        Title.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes, lags in milliseconds.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not finite or differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> lags = np.linspace(-0.05, 0.05, 11)
    >>> axes = plot_stdp_window(lags, 0.01 * np.exp(-abs(lags) / 0.02))
    >>> axes.get_xlabel()
    'lag $t_{\\mathrm{post}} - t_{\\mathrm{pre}}$ (ms)'
    """
    place = "plot_stdp_window"
    x = check_array(f"{place}.lags", lags, shape=(None,)).astype(float)
    y = check_array(f"{place}.dw", dw, shape=(x.size,)).astype(float)
    if x.size == 0:
        raise ValueError(f"{place}.lags: must not be empty")
    order = np.argsort(x, kind="stable")
    with drawing_axes(ax, height=2.1) as axes:
        axes.axhline(0, color=GREY, linewidth=0.6, zorder=0)
        axes.axvline(0, color=GREY, linewidth=0.6, zorder=0)
        if reference is None:
            axes.plot(1e3 * x[order], y[order], color=PALETTE[0], marker="o", markersize=2.5)
        else:
            own = isinstance(reference, tuple)
            at, curve = reference if isinstance(reference, tuple) else (x, reference)
            at = check_array(f"{place}.reference[0]", at, shape=(None,)).astype(float)
            where = f"{place}.reference[1]" if own else f"{place}.reference"
            curve = check_array(where, curve, shape=(at.size,)).astype(float)
            along = np.argsort(at, kind="stable")
            axes.plot(1e3 * at[along], curve[along], color=GREY, label=reference_label)
            axes.plot(1e3 * x, y, "o", color=PALETTE[0], markersize=3, label=label, clip_on=False)
            axes.legend(loc="best")
        span = 1e3 * float(abs(x).max()) or 1.0
        axes.set_xlim(-span, span)
        axes.set_xlabel(r"lag $t_{\mathrm{post}} - t_{\mathrm{pre}}$ (ms)")
        axes.set_ylabel(
            rf"weight change $\Delta w$ ({unit})" if unit else r"weight change $\Delta w$"
        )
        axes.set_title(title)
    return axes
