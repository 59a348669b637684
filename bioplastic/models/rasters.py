"""Samples that are spikes: rows of 0 and 1, the bins of the first input, then those of the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Quantity
from numpy.typing import NDArray

__all__ = ["check_rasters", "raster_spikes"]


def check_rasters(place: str, X: NDArray[Any], n_inputs: int) -> None:
    """Refuse anything but 0 and 1, and bins that are no multiple of the inputs.

    Parameters
    ----------
    place : str
        Where the samples were given, ``"Class.X"``.
    X : array, shape (n_samples, n_inputs * n_bins)
        Samples.
    n_inputs : int
        Inputs.

    Raises
    ------
    ValueError
        Naming the place.

    Examples
    --------
    >>> check_rasters("Model.X", np.array([[0, 1, 2]]), 2)
    Traceback (most recent call last):
        ...
    ValueError: Model.X: must be 0 and 1, a multiple of 2 (n_inputs) bins, got 3 bins from 0 to 2
    """
    if not np.isin(X, (0, 1)).all() or X.shape[1] % n_inputs:
        raise ValueError(
            f"{place}: must be 0 and 1, a multiple of {n_inputs} (n_inputs) bins, got "
            f"{X.shape[1]} bins from {X.min()} to {X.max()}"
        )


def raster_spikes(
    X: NDArray[Any], n_bins: int, dt: Quantity, *, late: int = 0
) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """Return the spikes of samples as a `SpikeListSource` takes them, at the beginning of bins.

    Parameters
    ----------
    X : array, shape (n_samples, ...)
        Samples of any shape whose bins come last.
    n_bins : int
        Bins of an input.
    dt : Quantity
        Length of a bin.
    late : int, default 0
        Bins by which all spikes come later.

    Returns
    -------
    list of (cells, times)
        For each sample; times in seconds.

    Examples
    --------
    >>> from brian2 import ms
    >>> raster_spikes(np.array([[0, 1, 0, 0, 0, 1]]), 3, 5 * ms)
    [(array([0, 1]), array([0.005, 0.01 ]))]
    """
    found = [np.divmod(np.flatnonzero(row), n_bins) for row in X]
    return [(cells, (bins + late) * float(dt)) for cells, bins in found]
