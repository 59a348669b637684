"""Points on a plane, coloured by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array, check_labels
from bioplastic.fields import checked
from bioplastic.plotting.style import CLASS_COLOURS, CLASS_MARKERS, drawing_axes

__all__ = ["plot_embedding"]


@checked
def plot_embedding(
    points: ArrayLike,
    labels: ArrayLike,
    *,
    title: str = "",
    class_names: Sequence[str] | None = None,
    method: str = "t-SNE",
    ax: Axes | None = None,
) -> Axes:
    """Draw embedded samples, each class with its own colour and shape.

    Parameters
    ----------
    points : array_like, shape (n_samples, 2)
        Positions, for example from `bioplastic.analysis.embed_tsne`.
    labels : array_like of int, shape (n_samples,)
        Class of each sample; -1 for none, drawn as a small grey cross.
    title : str, optional
        Title.
    class_names : sequence of str, optional
        Names of the classes; their numbers by default.
    method : str, default "t-SNE"
        Name of the axes.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes, without ticks, since positions have no unit.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree or a label has no name.

    Examples
    --------
    >>> axes = plot_embedding([[0, 0], [1, 1], [2, 0]], [0, 1, -1])
    >>> [text.get_text() for text in axes.get_legend().get_texts()]
    ['0', '1', 'none']
    """
    place = "plot_embedding"
    xy = check_array(f"{place}.points", points, shape=(None, 2)).astype(float)
    n_classes = None if class_names is None else len(class_names)
    y = check_labels(f"{place}.labels", labels, n_samples=len(xy), n_classes=n_classes, minimum=-1)
    size = float(np.clip(4000 / max(len(xy), 1), 7, 16))
    with drawing_axes(ax, height=2.6) as axes:
        present = np.unique(y)
        for label in [*present[present >= 0], *present[present < 0]]:
            mine = y == label
            known = label >= 0
            name = "none"
            if known:
                name = str(label) if class_names is None else str(class_names[label])
            marker = "x"
            if known:  # the shapes shift by one for every further ten classes
                marker = CLASS_MARKERS[(label + label // 10) % len(CLASS_MARKERS)]
            axes.scatter(
                xy[mine, 0],
                xy[mine, 1],
                s=1.8 * size if marker == "*" else size,
                c=CLASS_COLOURS[label % len(CLASS_COLOURS)] if known else "#9A9A9A",
                marker=marker,
                linewidths=0.2 if known else 0.6,
                edgecolors="white" if known else None,
                label=name,
            )
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel(f"{method} 1")
        axes.set_ylabel(f"{method} 2")
        axes.set_title(title)
        if len(xy):
            legend = axes.legend(
                loc="center left",
                bbox_to_anchor=(1.0, 0.5),
                title="class",
                handletextpad=0.2,
                labelspacing=0.35,
                borderaxespad=0.2,
                ncols=-(-present.size // 15),
            )
            for handle in legend.legend_handles:
                handle.set_sizes([16.0])  # type: ignore[union-attr]
    return axes
