"""Images that were taken for something else."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array, check_labels
from bioplastic.fields import checked, param
from bioplastic.plotting.style import new_figure, use_style

__all__ = ["plot_misclassified"]


@checked(max_images=param(minimum=1), columns=param(minimum=1))
def plot_misclassified(
    images: ArrayLike,
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    class_names: Sequence[str] | None = None,
    max_images: int = 24,
    columns: int = 6,
    title: str | None = None,
) -> Figure:
    """Show the first misclassified images, each titled "true → predicted".

    Parameters
    ----------
    images : array_like, shape (n_samples, rows, columns)
        The images.
    y_true, y_pred : array_like of int, shape (n_samples,)
        True and predicted classes.
    class_names : sequence of str, optional
        Names of the classes; their numbers by default.
    max_images : int, default 24
        Largest number of images shown.
    columns : int, default 6
        Images in a row.
    title : str, optional
        Title; by default how many images are misclassified.

    Returns
    -------
    Figure
        The gallery; a figure that says so when nothing was misclassified.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree or a label has no name.

    Examples
    --------
    >>> import numpy as np
    >>> figure = plot_misclassified(np.zeros((3, 8, 8)), [0, 1, 2], [0, 7, 2])
    >>> figure.axes[0].get_title()
    '1 → 7'
    """
    place = "plot_misclassified"
    pictures = check_array(f"{place}.images", images, shape=(None, None, None))
    n_classes = None if class_names is None else len(class_names)
    n = len(pictures)
    truth = check_labels(f"{place}.y_true", y_true, n_samples=n, n_classes=n_classes)
    guess = check_labels(f"{place}.y_pred", y_pred, n_samples=n, n_classes=n_classes)
    wrong = np.flatnonzero(truth != guess)
    shown = wrong[:max_images]
    rows = math.ceil(shown.size / columns)
    names = class_names or [str(label) for label in range(1 + max([*truth, *guess], default=0))]
    arrow = " → " if max((len(name) for name in names), default=0) <= 3 else "\n→ "
    step = 0.72 if arrow == " → " else 0.85
    with use_style():
        figure = new_figure(height=0.3 + step * rows)
        rest = "" if shown.size == wrong.size else f", the first {shown.size} shown"
        counted = f"{wrong.size:,} of {n:,} images misclassified{rest}"
        figure.suptitle(counted if title is None else title)
        if shown.size == 0:
            return figure
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, index in zip(grid.flat, shown, strict=False):
            axes.imshow(pictures[index], cmap="Greys", interpolation="nearest")
            text = f"{names[truth[index]]}{arrow}{names[guess[index]]}"
            axes.set_title(text, fontsize=7 if arrow == " → " else 6, pad=2)
    return figure
