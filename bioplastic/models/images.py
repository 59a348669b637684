"""Checks of images and labels at the door of an estimator."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["check_brightness", "check_images", "encode_labels"]


def check_images(place: str, X: ArrayLike, n_features: int | None = None) -> NDArray[np.uint8]:
    """Return images as uint8 grey values.

    Parameters
    ----------
    place : str
        Where the images were given, ``"Class.X"``.
    X : array_like, shape (n_samples, n_features)
        Grey values from 0 to 255; fractions are rounded.
    n_features : int, optional
        Number of pixels the model knows.

    Returns
    -------
    array of uint8, shape (n_samples, n_features)

    Raises
    ------
    ValueError
        For a wrong shape, no images, NaN, or values outside [0, 255], rounding aside.

    Examples
    --------
    >>> check_images("Model.X", [[0, 300]])
    Traceback (most recent call last):
        ...
    ValueError: Model.X: grey values must lie in [0, 255], got 300 at sample 0, pixel 1
    """
    array = np.asarray(X)
    if array.dtype.kind not in "buif":
        raise ValueError(f"{place}: must be numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"{place}: must have shape (n_samples, n_pixels), got {array.shape}")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(f"{place}: must not be empty, got shape {array.shape}")
    if n_features is not None and array.shape[1] != n_features:
        raise ValueError(
            f"{place}: the model was trained on {n_features} pixels, got {array.shape[1]}"
        )
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
        sample, pixel = np.argwhere(~np.isfinite(array))[0]
        value = array[sample, pixel]
        raise ValueError(
            f"{place}: grey values must be finite, got {value} at sample {sample}, pixel {pixel}"
        )
    slack = 0.0
    if array.dtype.kind == "f":  # what a scaler of this precision may leave of 0 and 255
        slack = 255 * 4 * float(np.finfo(array.dtype).eps)
    outside = (array < -slack) | (array > 255 + slack)
    if np.any(outside):
        sample, pixel = np.argwhere(outside)[0]
        value = array[sample, pixel]
        raise ValueError(
            f"{place}: grey values must lie in [0, 255], got {value:.9g} at sample {sample}, pixel "
            f"{pixel}{'. Negative values in data are refused' if value < 0 else ''}"
        )
    return np.ascontiguousarray(np.rint(array), dtype=np.uint8)


def check_brightness(place: str, X: ArrayLike) -> None:
    """Refuse or warn of images to learn from that are on another scale than 0 to 255.

    Raises
    ------
    ValueError
        If they are fractions up to 1, of which rounding would leave nothing.

    Warns
    -----
    UserWarning
        If no pixel reaches a quarter of the scale, as in images of few bits.

    Examples
    --------
    >>> check_brightness("Model.X", [[0.25, 1.0]])
    Traceback (most recent call last):
        ...
    ValueError: Model.X: must be grey values from 0 to 255, got fractions up to 1: multiply by 255
    """
    array = np.asarray(X)
    top = float(array.max())
    if top <= 1 and not np.array_equal(array, np.rint(array)):
        raise ValueError(
            f"{place}: must be grey values from 0 to 255, got fractions up to {top:g}: multiply "
            f"by 255"
        )
    if top < 64:
        warnings.warn(
            f"{place}: no grey value is above {top:g}, where white is 255, so the network is "
            f"hardly driven; multiply by {255 / max(top, 1):g} if that is white here",
            stacklevel=3,
        )


def encode_labels(
    place: str, y: ArrayLike, n_samples: int, classes: NDArray[Any] | None = None
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return the classes and the index of every label among them.

    Parameters
    ----------
    place : str
        Where the labels were given, ``"Class.y"``.
    y : array_like, shape (n_samples,)
        Labels.
    n_samples : int
        Number of images.
    classes : array, optional
        Sorted known labels.

    Raises
    ------
    ValueError
        For a wrong length, missing or continuous values, unknown labels, or a single class.

    Examples
    --------
    >>> encode_labels("Model.y", ["b", "a"], 2)[1]
    array([1, 0], dtype=int32)
    """
    labels = np.asarray(y)
    if labels.dtype.kind == "O":
        labels = _plain_labels(place, labels)
    if labels.ndim != 1 or len(labels) != n_samples:
        raise ValueError(f"{place}: must have shape ({n_samples},), got {labels.shape}")
    if labels.dtype.kind == "f" and not np.all(np.isfinite(labels)):
        raise ValueError(f"{place}: must not hold NaN or infinite values")
    if labels.dtype.kind == "c" or (labels.dtype.kind == "f" and np.any(labels % 1)):
        raise ValueError(f"{place}: Unknown label type: continuous, must be labels of classes")
    found = np.unique(labels)
    if classes is None:
        classes = found
    elif classes.dtype.kind == "O":
        classes = _plain_labels(place, classes)
    unknown = found[~np.isin(found, classes)]
    if unknown.size:
        raise ValueError(
            f"{place}: unknown label {unknown[0].item()!r}; known: {', '.join(map(str, classes))}"
        )
    if len(classes) < 2:
        raise ValueError(f"{place}: needs at least two classes, got {len(classes)} class")
    return classes, np.searchsorted(classes, labels).astype(np.int32)


def _plain_labels(place: str, labels: NDArray[Any]) -> NDArray[Any]:
    """Return labels that were given as Python objects as an array of numbers or strings."""
    kinds = {str if isinstance(label, str) else type(label) for label in labels.ravel()}
    plain = np.asarray(labels.tolist())
    if plain.dtype.kind == "O" or (str in kinds and len(kinds) > 1):
        listed = ", ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"{place}: labels must all be numbers or all be strings, got {listed}")
    return plain
