"""Two-variable neurons: where they move, and where one variable stands still."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked
from bioplastic.plotting.style import GREY, PALETTE, drawing_axes
from bioplastic.validation import check_real

__all__ = ["plot_phase_plane"]

Field = Callable[[NDArray[Any], NDArray[Any]], tuple[ArrayLike, ArrayLike]]


@checked
def plot_phase_plane(
    field: Field,
    xlim: tuple[float, float],
    ylim: tuple[float, float],
    *,
    trajectory: tuple[ArrayLike, ArrayLike] | None = None,
    names: Sequence[str] = ("v", "u"),
    xlabel: str = "v",
    ylabel: str = "u",
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the flow of a two-variable neuron, its nullclines, and a trajectory.

    Parameters
    ----------
    field : callable
        ``field(x, y)`` returns the time derivatives of both variables for arrays of shape
        (rows, columns).
    xlim, ylim : (float, float)
        The part shown.
    trajectory : (array_like, array_like), optional
        Values of both variables over time; jumps of more than half of the width, the resets,
        are drawn as dotted lines.
    names : sequence of two str, default ("v", "u")
        Names of the variables in the legend.
    xlabel, ylabel : str
        Labels of the axes, with units.
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
        If a range is empty, the field returns something of another shape, or the trajectory is
        not finite.

    References
    ----------
    E. M. Izhikevich, *Dynamical Systems in Neuroscience*, 2007, chapter 4.

    Examples
    --------
    >>> axes = plot_phase_plane(lambda v, u: (v - v**3 / 3 - u, v + 0.7), (-2, 2), (-1, 1))
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['dv/dt = 0', 'du/dt = 0']
    """
    place = "plot_phase_plane"
    (x0, x1), (y0, y1) = _range(f"{place}.xlim", xlim), _range(f"{place}.ylim", ylim)
    if not callable(field):
        raise TypeError(f"{place}.field: must be a function of (x, y), got {field!r}")
    if len(names) != 2 or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{place}.names: must be the two names of the axes, got {names!r}")
    x, y = np.meshgrid(np.linspace(x0, x1, 241), np.linspace(y0, y1, 241))
    shape: tuple[int | None, ...] = x.shape
    parts = field(x, y)
    if not isinstance(parts, tuple | list | np.ndarray) or len(parts) != 2:
        raise TypeError(f"{place}.field: must return the two rates of change, got {parts!r}")
    dx, dy = (
        check_array(f"{place}.field", np.broadcast_to(part, x.shape), shape=shape) for part in parts
    )
    with drawing_axes(ax, height=2.7) as axes:
        # Directions as they look on the page: both axes in units of their length.
        step = slice(10, None, 20)
        u, v = dx[step, step] / (x1 - x0), dy[step, step] / (y1 - y0)
        length = np.hypot(u, v)
        length = np.where(length > 0, length, 1.0)
        axes.quiver(
            x[step, step],
            y[step, step],
            u / length,
            v / length,
            color="#B8B8B8",
            angles="uv",
            pivot="mid",
            scale=24,
            width=0.004,
            zorder=1,
        )
        handles = []
        for values, name, colour, dash in (
            (dx, names[0], PALETTE[0], "-"),
            (dy, names[1], PALETTE[1], "--"),
        ):
            if values.min() < 0 < values.max():
                axes.contour(x, y, values, levels=[0.0], colors=[colour], linestyles=[dash])
            label = f"d{name}/dt = 0"
            handles += axes.plot([], [], color=colour, linestyle=dash, label=label)
        if trajectory is not None:
            path = [check_array(f"{place}.trajectory", part, shape=(None,)) for part in trajectory]
            if path[0].size != path[1].size:
                raise ValueError(f"{place}.trajectory: must be two arrays of one length")
            jumps = np.flatnonzero(np.abs(np.diff(path[0])) > 0.5 * (x1 - x0))
            broken = [np.insert(part.astype(float), jumps + 1, np.nan) for part in path]
            handles += axes.plot(*broken, color="black", linewidth=0.9, label="trajectory")
            for jump in jumps:
                ends = [part[jump : jump + 2] for part in path]
                axes.plot(*ends, color=GREY, linestyle=":", linewidth=0.9)
        axes.set_xlim(x0, x1)
        axes.set_ylim(y0, y1)
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=len(handles),
            columnspacing=1.0,
            borderaxespad=0.1,
        )
        axes.set_title(title, pad=16.0 if title else None)
    return axes


def _range(place: str, limits: tuple[float, float]) -> tuple[float, float]:
    low, high = (check_real(place, value) for value in limits)
    if high <= low:
        raise ValueError(f"{place}: must rise, got {low:g} to {high:g}")
    return low, high
