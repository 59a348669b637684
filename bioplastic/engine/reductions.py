"""Competitions between cells in NumPy, as the compiled program runs them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_winners", "weighted_mean"]


def find_winners(
    size: int,
    into: NDArray[Any],
    first: NDArray[Any],
    then: NDArray[Any],
    among: NDArray[Any] | None = None,
) -> None:
    """Set ``into`` to 1 in the winner of every group of ``size`` cells, to 0 elsewhere.

    Parameters
    ----------
    size : int
        Cells per group.
    into : array, shape (n,)
        Written.
    first, then : array, shape (n,)
        The smallest ``first`` wins, then the largest ``then``, then the lowest index.
    among : array, shape (n,), optional
        Positive where a cell may win.

    Examples
    --------
    >>> wins = np.zeros(4)
    >>> find_winners(2, wins, np.array([1., 1, 0.2, 0.1]), np.array([3., 4, 0, 0]))
    >>> wins
    array([0., 1., 0., 1.])
    """
    into[:] = 0
    index = np.arange(into.size)
    groups = index // size
    may = index if among is None else index[among > 0]
    order = may[np.lexsort((may, -then[may], first[may], groups[may]))]
    _, heads = np.unique(groups[order], return_index=True)
    into[order[heads]] = 1


def weighted_mean(values: NDArray[Any], weights: NDArray[Any], empty: float) -> float:
    """Return the weighted mean, ``empty`` if all weights are zero.

    Parameters
    ----------
    values, weights : array, shape (n,)
        What is averaged, and how much of it.
    empty : float
        The mean of nothing.

    Examples
    --------
    >>> weighted_mean(np.array([1.0, 3.0]), np.array([1.0, 1.0]), 0.0)
    2.0
    """
    total = float(np.sum(weights, dtype=np.float64))
    if total == 0:
        return empty
    return float(np.sum(np.multiply(values, weights, dtype=np.float64)) / total)
