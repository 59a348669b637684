"""Accuracy over training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.arguments import check_arguments
from bioplastic.plotting._labels import place_end_labels
from bioplastic.plotting.style import GREY, PALETTE, drawing_axes
from bioplastic.validation import check_real

__all__ = ["plot_learning_curve"]

_MARKERS = ("o", "s", "^", "v", "P", "X", "D")
_DASHES = ((0, (4, 2)), (0, (1, 1.5)), (0, (6, 1.5, 1, 1.5)))


@check_arguments
def plot_learning_curve(
    samples: ArrayLike,
    curves: Mapping[str, ArrayLike],
    *,
    spread: Mapping[str, ArrayLike] | None = None,
    baselines: Mapping[str, float] | None = None,
    paper: Mapping[str, float] | None = None,
    xlabel: str = "training samples",
    ylabel: str = "test accuracy (%)",
    ylim: tuple[float, float] | None = None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw accuracy against the number of training samples, each curve named at its end.

    The names carry the final accuracy in percent.

    Parameters
    ----------
    samples : array_like, shape (n_points,)
        Training samples seen, increasing.
    curves : mapping of str to array_like, shape (n_points,)
        Accuracies as fractions; at least one curve.
    spread : mapping of str to array_like, shape (n_points,), optional
        Standard deviation over seeds of some of the curves, drawn as a band.
    baselines : mapping of str to float, optional
        Accuracies drawn as grey horizontal lines, for example chance.
    paper : mapping of str to float, optional
        Published accuracies, drawn as diamonds at the right edge. One that has the name of a
        curve takes its colour and is labelled "paper", any other keeps its own name.
    xlabel, ylabel, title : str, optional
        Texts.
    ylim : (float, float), optional
        Range in percent; baselines outside it are left out. From zero by default.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes, accuracies in percent.

    Raises
    ------
    TypeError, ValueError
        If there is no curve, a curve has another length than `samples`, a number is not finite,
        or a spread belongs to no curve.

    Examples
    --------
    >>> axes = plot_learning_curve(
    ...     [0, 500, 1000], {"supervised": [0.1, 0.6, 0.8]}, baselines={"chance": 0.1}
    ... )
    >>> axes.get_ylabel()
    'test accuracy (%)'
    """
    place = "plot_learning_curve"
    x = check_array(f"{place}.samples", samples, shape=(None,), minimum=0)
    if not curves or x.size == 0:
        raise ValueError(f"{place}.curves: must hold at least one curve with one point")
    if (np.diff(x.astype(float)) <= 0).any():
        raise ValueError(f"{place}.samples: must be increasing")
    lines = _check_curves(f"{place}.curves", curves, x.size)
    bands = _check_curves(f"{place}.spread", spread or {}, x.size)
    if unknown := set(bands) - set(lines):
        raise ValueError(f"{place}.spread: must name curves, got {sorted(unknown)}")
    levels = {
        name: check_real(f"{place}.baselines[{name!r}]", value)
        for name, value in (baselines or {}).items()
        if ylim is None or ylim[0] <= 100 * check_real(f"{place}.baselines", value) <= ylim[1]
    }
    published = {
        name: check_real(f"{place}.paper[{name!r}]", value) for name, value in (paper or {}).items()
    }
    with drawing_axes(ax, height=2.3) as axes:
        labels: list[tuple[float, str, str]] = []
        colours = {}
        for index, (name, curve) in enumerate(lines.items()):
            colour = colours[name] = PALETTE[index % len(PALETTE)]
            marker = _MARKERS[index % len(_MARKERS)]
            if name in bands:
                low, high = 100 * (curve - bands[name]), 100 * (curve + bands[name])
                axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
            dense = x.size > 25
            axes.plot(x, 100 * curve, color=colour, marker=None if dense else marker, clip_on=False)
            labels.append((100 * float(curve[-1]), f"{name} {100 * curve[-1]:.1f}", colour))
        for index, (name, value) in enumerate(levels.items()):
            dash = _DASHES[index % len(_DASHES)]
            axes.axhline(100 * value, color=GREY, linestyle=dash, linewidth=0.9, zorder=1)
            labels.append((100 * value, f"{name} {100 * value:.1f}", GREY))
        for name, value in published.items():
            colour = colours.get(name, "black")
            axes.plot(
                1.0,
                100 * value,
                transform=axes.get_yaxis_transform(),
                marker="D",
                markersize=4.5,
                markerfacecolor="white",
                color=colour,
                linestyle="none",
                clip_on=False,
                zorder=5,
            )
            text = "paper" if name in colours else name
            labels.append((100 * value, f"{text} {100 * value:.1f}", colour))
        values = [value for value, _, _ in labels]
        values += [
            100 * number for curve in lines.values() for number in (curve.min(), curve.max())
        ]
        top = 100.5 if max(values) > 85 else max(values) * 1.1 + 1.0
        axes.set_ylim(*(ylim or (min(0.0, *values), max(top, *values))))
        axes.set_xlim(min(0.0, float(x[0])), float(x[-1]) * 1.03 if x[-1] > 0 else 1.0)
        ticks = 4 if x[-1] >= 100_000 else 6  # longer labels need more room
        axes.xaxis.set_major_locator(MaxNLocator(ticks, integer=True, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(FuncFormatter(_thousands if x[-1] >= 10_000 else _plain))
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_title(title)
        place_end_labels(axes, labels)
    return axes


def _check_curves(
    place: str, curves: Mapping[str, ArrayLike], n_points: int
) -> dict[str, NDArray[Any]]:
    return {
        name: check_array(f"{place}[{name!r}]", curve, shape=(n_points,)).astype(np.float64)
        for name, curve in curves.items()
    }


def _thousands(value: float, _position: int | None = None) -> str:
    return f"{value / 1000:,.4g}k" if value else "0"


def _plain(value: float, _position: int | None = None) -> str:
    return f"{value:,.0f}"
