"""Which class is taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_labels
from bioplastic.fields import checked
from bioplastic.plotting._parts import add_colour_bar, name_classes
from bioplastic.plotting.style import drawing_axes
from bioplastic.validation import check_integer

__all__ = ["plot_confusion"]

_ANNOTATED = 12


@checked
def plot_confusion(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    n_classes: int | None = None,
    class_names: Sequence[str] | None = None,
    normalise: bool = False,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the confusion matrix, true classes in rows.

    The colour is the share of each true class, so that rare and frequent classes compare; up to
    twelve classes the cells also carry their counts, or percentages with `normalise`.

    Parameters
    ----------
    y_true, y_pred : array_like of int, shape (n_samples,)
        True and predicted classes, at least one.
    n_classes : int, optional
        Number of classes; by default the number of names, or as many as occur.
    class_names : sequence of str, optional
        Names of the classes; their numbers by default.
    normalise : bool, default False
        Whether the cells carry percentages of the true class instead of counts.
    title : str, optional
        Title; the accuracy by default.
    ax : Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    Axes
        The axes with the matrix.

    Raises
    ------
    TypeError, ValueError
        If there are no samples, the lengths differ, or a label is out of range.

    Examples
    --------
    >>> axes = plot_confusion([0, 0, 1, 1], [0, 1, 1, 1])
    >>> [text.get_text() for text in axes.texts]
    ['1', '1', '0', '2']
    """
    from sklearn.metrics import confusion_matrix

    place = "plot_confusion"
    if n_classes is not None:
        n_classes = check_integer(f"{place}.n_classes", n_classes, minimum=1)
    elif class_names is not None:
        n_classes = len(class_names)
    truth = check_labels(f"{place}.y_true", y_true, n_classes=n_classes)
    guess = check_labels(f"{place}.y_pred", y_pred, n_samples=truth.size, n_classes=n_classes)
    if truth.size == 0:
        raise ValueError(f"{place}.y_true: must not be empty")
    n = n_classes or int(max(truth.max(), guess.max())) + 1
    names = name_classes(place, class_names, n)
    counts = confusion_matrix(truth, guess, labels=np.arange(n))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with drawing_axes(ax, height=2.95) as axes:
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        axes.set_title(title or f"accuracy {100 * np.mean(truth == guess):.1f} %")
        axes.set_xlabel("predicted class")
        axes.set_ylabel("true class")
        axes.spines[:].set_visible(True)
        axes.tick_params(length=0)
        step = 1 if n <= 20 else -(-n // 10)
        long = max(len(name) for name in names) > 3
        axes.set_xticks(range(0, n, step), names[::step], rotation=90 if long else 0)
        axes.set_yticks(range(0, n, step), names[::step])
        add_colour_bar(axes, image, "share of the true class")
        if n <= _ANNOTATED:
            cells = 100 * shares if normalise else counts
            texts = [[f"{cell:.0f}" for cell in row] for row in cells]
            widest = max(len(text) for row in texts for text in row)
            size = min(7.0, 210.0 / (n * max(widest, 2)))
            for row in range(n):
                for column in range(n):
                    dark = shares[row, column] > 0.55
                    faint = not dark and counts[row, column] == 0
                    axes.text(
                        column,
                        row,
                        texts[row][column],
                        ha="center",
                        va="center",
                        fontsize=size,
                        color="white" if dark else "#A0A0A0" if faint else "black",
                    )
    return axes
