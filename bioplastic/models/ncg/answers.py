"""What latency-coded samples evoke in a layer of first-spike cells, and how it decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Answers", "check_latencies", "first_cells", "join_answers"]


@dataclass(frozen=True)
class Answers:
    """What samples evoke in the output cells.

    Parameters
    ----------
    t_spike : array, shape (n_samples, n_cells)
        First spike times from 0 to 1; 1 for a silent cell.
    potential : array, shape (n_samples, n_cells)
        Potential at the spike, or at the end for a silent cell.
    theta : array, shape (n_samples, n_cells), optional
        Thresholds in use, in training.
    wins : array, shape (n_samples, n_cells), optional
        1 in the winners of the competition, in training.
    error : array, shape (n_samples, n_cells), optional
        Error of every cell, zero where nothing was learned, in training.
    """

    t_spike: NDArray[np.floating]
    potential: NDArray[np.floating]
    theta: NDArray[np.floating] | None = None
    wins: NDArray[np.floating] | None = None
    error: NDArray[np.floating] | None = None

    @property
    def first(self) -> NDArray[np.int64]:
        """Index of the cell that decides each sample."""
        return first_cells(self.t_spike, self.potential)


def first_cells(
    t_spike: NDArray[np.floating], potential: NDArray[np.floating]
) -> NDArray[np.int64]:
    """Return the first cell of every row: earliest, then highest potential, then lowest index.

    Parameters
    ----------
    t_spike, potential : array, shape (n_samples, n_cells)
        Spike times and potentials.

    Returns
    -------
    array of int, shape (n_samples,)

    Examples
    --------
    >>> first_cells(np.array([[1.0, 0.5, 0.5]]), np.array([[9.0, 2.0, 3.0]]))
    array([2])
    """
    earliest = t_spike == t_spike.min(axis=1, keepdims=True)
    first: NDArray[np.int64] = np.argmax(np.where(earliest, potential, -np.inf), axis=1)
    return first


def join_answers(parts: list[Answers]) -> Answers:
    """Return the answers to consecutive parts of the samples as one."""

    def join(name: str) -> NDArray[np.floating] | None:
        arrays = [getattr(part, name) for part in parts]
        return None if arrays[0] is None else np.concatenate(arrays)

    t_spike, potential = join("t_spike"), join("potential")
    assert t_spike is not None
    assert potential is not None
    return Answers(t_spike, potential, join("theta"), join("wins"), join("error"))


def check_latencies(
    place: str, X: ArrayLike, n_features: int | None = None
) -> NDArray[np.floating]:
    """Return spike times as an array of floating point numbers.

    Parameters
    ----------
    place : str
        Where the samples were given, ``"Class.X"``.
    X : array_like, shape (n_samples, n_features)
        Spike times; 1 and above, infinity included, means no spike.
    n_features : int, optional
        Number of features the model knows.

    Raises
    ------
    ValueError
        For a wrong shape, no samples, NaN, negative times, or something else than numbers.

    Examples
    --------
    >>> check_latencies("Model.X", [[0.5, -0.5]])
    Traceback (most recent call last):
        ...
    ValueError: Model.X: spike times must not be negative, got -0.5
    """
    array = np.asarray(X)
    if array.dtype.kind not in "buif":
        raise ValueError(f"{place}: must be numbers, got dtype {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"{place}: must have shape (n_samples, n_features), got {array.shape}")
    if array.shape[0] == 0 or array.shape[1] == 0:
        raise ValueError(f"{place}: must not be empty, got shape {array.shape}")
    if n_features is not None and array.shape[1] != n_features:
        raise ValueError(
            f"{place}: the model was trained on {n_features} features, got {array.shape[1]}"
        )
    if array.dtype.kind != "f":
        array = array.astype(np.float32)
    smallest = array.min()
    if np.isnan(smallest):
        sample, feature = np.argwhere(np.isnan(array))[0]
        raise ValueError(
            f"{place}: must not hold NaN, got one at sample {sample}, feature {feature}"
        )
    if smallest < 0:
        raise ValueError(f"{place}: spike times must not be negative, got {smallest:g}")
    return array
