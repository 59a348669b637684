"""Array checks shared by the verbs of analysis and the pictures of plotting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.validation import check_integer

__all__ = ["check_array", "check_labels"]


def check_array(
    place: str,
    value: Any,
    *,
    shape: Sequence[int | None],
    minimum: float | None = None,
    finite: bool = True,
) -> NDArray[Any]:
    """Return ``value`` as a real array of the wanted shape.

    Parameters
    ----------
    place : str
        Where the value was given, ``"function.argument"``.
    value : array_like
        The value to check. The type of its numbers is kept; booleans become ``uint8``.
    shape : sequence of int or None
        The wanted shape; ``None`` leaves an axis free.
    minimum : float, optional
        Smallest number allowed.
    finite : bool, default True
        Whether NaN and infinity are refused.

    Raises
    ------
    TypeError
        If the value holds anything but real numbers.
    ValueError
        If the shape differs, or a number is not finite or too small.

    Examples
    --------
    >>> check_array("demo.counts", [[1, 2], [3, 4]], shape=(None, 2), minimum=0).shape
    (2, 2)
    """
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged nested lists
        raise ValueError(f"{place}: must be a rectangular array ({error})") from None
    if array.dtype == bool:
        array = array.astype(np.uint8)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{place}: must hold real numbers, got an array of {array.dtype}")
    fits = array.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if want is None else str(want) for want in shape)
        raise ValueError(f"{place}: must have shape ({wanted}), got {array.shape}")
    if finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{place}: must be finite, got NaN or infinity")
    if minimum is not None and array.size and array.min() < minimum:
        raise ValueError(f"{place}: must be at least {minimum:g}, got {array.min():g}")
    return array


def check_labels(
    place: str,
    value: Any,
    *,
    n_samples: int | None = None,
    n_classes: int | None = None,
    minimum: int = 0,
) -> NDArray[np.int64]:
    """Return class labels as ``int64`` inside ``[minimum, n_classes)``.

    Parameters
    ----------
    place : str
        Where the labels were given, ``"function.argument"``.
    value : array_like of int
        The labels, shape (n_samples,).
    n_samples : int, optional
        The wanted number of labels.
    n_classes : int, optional
        The number of classes; without it there is no upper limit.
    minimum : int, default 0
        The smallest label; -1 where "no class" is allowed.

    Raises
    ------
    TypeError
        If a label is no integer.
    ValueError
        If the number of labels differs or one lies outside the range.

    Examples
    --------
    >>> check_labels("demo.y", [0, 2, 1], n_classes=3)
    array([0, 2, 1])
    """
    labels = check_array(place, value, shape=(n_samples,))
    if labels.dtype.kind == "f" and not (labels == np.floor(labels)).all():
        raise TypeError(f"{place}: must hold integer class labels, got fractions")
    if n_classes is not None:
        check_integer(f"{place} (number of classes)", n_classes, minimum=1)
    if labels.size:
        low, high = labels.min(), labels.max()
        if low < minimum or (n_classes is not None and high >= n_classes):
            top = "" if n_classes is None else f" to {n_classes - 1}"
            wrong = low if low < minimum else high
            raise ValueError(f"{place}: must be class labels from {minimum}{top}, got {wrong:g}")
    return labels.astype(np.int64)
