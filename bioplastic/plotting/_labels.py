"""Texts beside lines, moved apart so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

__all__ = ["place_end_labels", "spread_apart"]


def spread_apart(
    wanted: Sequence[float], gap: float, low: float, high: float
) -> NDArray[np.float64]:
    """Move positions as little as possible so that neighbours are at least ``gap`` apart.

    Overlapping neighbours are merged into blocks centred on the mean of their wished positions,
    which is the least-squares answer (isotonic regression, pool adjacent violators). The order
    is kept, and all stay inside ``[low, high]`` when they fit at all.

    Examples
    --------
    >>> spread_apart([1.0, 1.2, 5.0], gap=1.0, low=0.0, high=6.0)
    array([0.6, 1.6, 5. ])
    """
    positions = np.asarray(wanted, dtype=np.float64)
    if positions.size == 0:
        return positions
    order = np.argsort(positions, kind="stable")
    steps = gap * np.arange(positions.size)
    blocks: list[tuple[float, int]] = []  # mean of (position - step), members
    for value in positions[order] - steps:
        mean, count = float(value), 1
        while blocks and blocks[-1][0] > mean:
            before, members = blocks.pop()
            mean = (before * members + mean * count) / (members + count)
            count += members
        blocks.append((mean, count))
    base = np.concatenate([np.full(count, mean) for mean, count in blocks])
    top = max(low, high - steps[-1])
    moved = np.empty_like(positions)
    moved[order] = np.clip(base, low, top) + steps
    return moved


def place_end_labels(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Write (height, text, colour) labels right of the axes, where lines end.

    A label that had to move gets a thin line to its height. Call it last: the room for the
    labels is measured from the finished axes.
    """
    if not labels:
        return
    figure = axes.figure.canvas.figure  # the whole, even for axes in a subfigure
    size = float(mpl.rcParams["legend.fontsize"])
    texts = [
        axes.annotate(
            text,
            xy=(1.0, value),
            xycoords=axes.get_yaxis_transform(),
            xytext=(12, 0),
            textcoords="offset points",
            color=colour,
            fontsize=size,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.5,
                "relpos": (0.0, 0.5),
                "shrinkA": 1,
                "shrinkB": 3,
            },
        )
        for value, text, colour in labels
    ]
    figure.draw_without_rendering()
    box = axes.get_window_extent()
    # in points above the lower end of the axis, on any scale
    per_pixel = 72.0 / figure.dpi
    points = box.height * per_pixel
    pixels = axes.get_yaxis_transform().transform([(1.0, value) for value, _, _ in labels])[:, 1]
    wanted = [float(pixel - box.y0) * per_pixel for pixel in pixels]
    half = 0.6 * size
    moved = spread_apart(wanted, 1.3 * size, half - 4, points - half + 6)
    for text, place, start in zip(texts, moved, wanted, strict=True):
        text.xyann = (12, place - start)
