"""A sketch of populations and the projections between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch

from bioplastic.fields import checked
from bioplastic.plotting.style import GREY, PALETTE, drawing_axes
from bioplastic.validation import check_choice, check_integer

__all__ = ["plot_network"]

_COLOURS = {"excitatory": PALETTE[0], "inhibitory": PALETTE[1], "plastic": PALETTE[2]}
_HEADS = {
    "excitatory": "-|>,head_length=4,head_width=2",
    "inhibitory": "|-|,widthA=0,widthB=3",
    "plastic": "-|>,head_length=4,head_width=2",
}


@checked
def plot_network(
    populations: Mapping[str, int],
    projections: Sequence[tuple[str, str, str]],
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw populations as discs in a row and projections as arrows.

    Arrows to the right arch above the row, arrows to the left below it, so that a pair in both
    directions stays apart; a population that projects to itself has a loop.

    Parameters
    ----------
    populations : mapping of str to int
        Name and number of neurons, left to right. The area of a disc grows with the logarithm.
    projections : sequence of (source, target, kind)
        Kind is ``"excitatory"``, ``"inhibitory"`` or ``"plastic"`` (excitatory and learning).
    title : str, optional
        Title.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        Axes without frame.

    Raises
    ------
    TypeError, ValueError
        If there is no population, or a projection names none or an unknown kind.

    Examples
    --------
    >>> axes = plot_network({"input": 784, "cells": 100}, [("input", "cells", "plastic")])
    >>> [text.get_text() for text in axes.texts]
    ['input\\n784', 'cells\\n100']
    """
    place = "plot_network"
    if not populations:
        raise ValueError(f"{place}.populations: must hold at least one population")
    names = list(populations)
    sizes = [
        check_integer(f"{place}.populations[{name!r}]", size, minimum=1)
        for name, size in populations.items()
    ]
    largest = math.log10(max(sizes) + 10)
    radii = [0.46 * math.sqrt(math.log10(size + 10) / largest) for size in sizes]
    with drawing_axes(ax, height=1.75) as axes:
        axes.set_aspect("equal")
        axes.set_axis_off()
        for column, (name, size, radius) in enumerate(zip(names, sizes, radii, strict=True)):
            axes.add_patch(
                Circle((1.6 * column, 0), radius, facecolor="#EFEFEF", edgecolor=GREY, zorder=2)
            )
            axes.text(
                1.6 * column, 0, f"{name}\n{size:,}", ha="center", va="center", fontsize=7, zorder=4
            )
        used = []
        for index, arrow in enumerate(projections):
            where = f"{place}.projections[{index}]"
            if not isinstance(arrow, tuple | list) or len(arrow) != 3:
                raise TypeError(f"{where}: must be (source, target, kind), got {arrow!r}")
            source, target, kind = arrow
            check_choice(f"{where}[2]", kind, tuple(_COLOURS))
            for name in (source, target):
                check_choice(where, name, names)
            used.append(kind)
            first, last = names.index(source), names.index(target)
            start, stop, bend = _ends(first, last, radii[first], radii[last])
            axes.add_patch(
                FancyArrowPatch(
                    start,
                    stop,
                    connectionstyle=f"arc3,rad={bend}",
                    arrowstyle=_HEADS[kind],
                    color=_COLOURS[kind],
                    linewidth=1.2,
                    linestyle="--" if kind == "plastic" else "-",
                    shrinkA=0,
                    shrinkB=1,
                    zorder=3,
                )
            )
        axes.set_xlim(-0.6, 1.6 * (len(names) - 1) + 0.6)
        axes.set_ylim(-0.85, 1.05)
        handles = [
            axes.plot(
                [], [], color=colour, linestyle="--" if kind == "plastic" else "-", label=kind
            )[0]
            for kind, colour in _COLOURS.items()
            if kind in used
        ]
        if handles:
            axes.legend(
                handles=handles,
                loc="upper center",
                bbox_to_anchor=(0.5, 0.04),
                ncols=len(handles),
                columnspacing=1.2,
            )
        axes.set_title(title)
    return axes


def _ends(
    first: int, last: int, radius_first: float, radius_last: float
) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Return where an arrow starts and stops on the discs, and how much it bends."""
    if first == last:
        lean = 0.6
        x = 1.6 * first
        return (
            (x - radius_first * math.sin(lean), radius_first * math.cos(lean)),
            (x + radius_first * math.sin(lean), radius_first * math.cos(lean)),
            -1.6,
        )
    side = 1.0 if last > first else -1.0
    angle = 0.5
    start = (
        1.6 * first + side * radius_first * math.cos(angle),
        side * radius_first * math.sin(angle),
    )
    stop = (
        1.6 * last - side * radius_last * math.cos(angle),
        side * radius_last * math.sin(angle),
    )
    return start, stop, -0.25 if abs(last - first) == 1 else -0.45
