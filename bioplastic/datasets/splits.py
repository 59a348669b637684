"""Splits that keep the share of every class."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedShuffleSplit

from bioplastic.fields import checked, param

__all__ = ["stratified_split"]


@checked(fraction=param(maximum=1, positive=True), seed=param(minimum=0, maximum=2**32 - 1))
def stratified_split(
    y: ArrayLike, fraction: float = 0.1, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hold a part of the samples out, with the same share of every class.

    Use it to take a validation set from the *training* part of a `Dataset`, so that choices made
    on it never see the test part. The samples are drawn by scikit-learn's
    ``StratifiedShuffleSplit``; the indices come back in ascending order, so that samples keep the
    order in which they were stored.

    Parameters
    ----------
    y : array_like of int, shape (n,)
        Labels.
    fraction : float, default 0.1
        Share of the samples to hold out, between 0 and 1.
    seed : int, default 0
        Fixes which samples are held out.

    Returns
    -------
    kept : ndarray of int64, shape (n - n_held_out,)
        Indices of the samples that stay.
    held_out : ndarray of int64, shape (n_held_out,)
        Indices of the others; ``n_held_out`` is ``fraction * n`` rounded up.

    Raises
    ------
    TypeError
        If ``fraction`` is no number or ``seed`` no integer.
    ValueError
        If the labels are not one-dimensional, ``fraction`` leaves a part empty, or a class has
        too few samples to appear in both parts.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.repeat([0, 1], [80, 20])
    >>> kept, held_out = stratified_split(y, fraction=0.25, seed=3)
    >>> np.bincount(y[kept]), np.bincount(y[held_out])
    (array([60, 15]), array([20,  5]))
    """
    labels = np.asarray(y)
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(
            f"stratified_split.y: must be a non-empty vector of labels, got shape {labels.shape}"
        )
    if fraction == 1:
        raise ValueError("stratified_split.fraction: must be less than 1, got 1")
    splitter = StratifiedShuffleSplit(n_splits=1, test_size=fraction, random_state=seed)
    try:
        kept, held_out = next(splitter.split(np.zeros((len(labels), 1)), labels))
    except ValueError as error:
        raise ValueError(f"stratified_split.y: cannot be split this way: {error}") from error
    return np.sort(kept).astype(np.int64), np.sort(held_out).astype(np.int64)
