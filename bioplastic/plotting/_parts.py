"""Small parts that several pictures share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

__all__ = ["add_colour_bar", "name_classes"]


def add_colour_bar(axes: Axes, image: Any, label: str) -> None:
    """Put a thin labelled colour bar right of the axes."""
    bar = axes.figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02, aspect=25)
    bar.set_label(label)
    bar.outline.set_linewidth(0.4)
    bar.locator = MaxNLocator(5, steps=[1, 2, 5, 10])
    bar.update_ticks()


def name_classes(place: str, names: Sequence[str] | None, n_classes: int) -> list[str]:
    """Return one name per class, their numbers where none are given."""
    if names is None:
        return [str(index) for index in range(n_classes)]
    if len(names) != n_classes:
        raise ValueError(f"{place}.class_names: must be {n_classes} names, got {len(names)}")
    return [str(name) for name in names]
