"""What learning made of convolution filters, and how dense a latency code is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked

__all__ = ["summarise_filters", "summarise_latencies"]


@checked
def summarise_filters(filters: ArrayLike, thresholds: ArrayLike) -> dict[str, float]:
    """Return the numbers that papers give for filters learned by STDP between 0 and 1.

    Parameters
    ----------
    filters : array_like, shape (n_filters, ...)
        Weights.
    thresholds : array_like, shape (n_filters,)
        Thresholds of the maps.

    Returns
    -------
    dict of str to float
        ``mean_weight``, ``weak_share`` of weights below 0.1, ``strong_share`` above 0.9,
        ``mean_filter_sum``, ``mean_threshold``, ``lowest_threshold`` and ``highest_threshold``.

    Raises
    ------
    TypeError, ValueError
        If there is not one finite threshold per filter.

    Examples
    --------
    >>> summary = summarise_filters([[0.0, 1.0], [0.5, 1.0]], [1.0, 3.0])
    >>> summary["strong_share"], summary["mean_filter_sum"], summary["mean_threshold"]
    (0.5, 1.25, 2.0)
    """
    place = "summarise_filters"
    array = np.asarray(filters)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"{place}.filters: must have shape (n_filters, ...), got {array.shape}")
    w = check_array(f"{place}.filters", array.reshape(len(array), -1), shape=(None, None))
    theta = check_array(f"{place}.thresholds", thresholds, shape=(len(array),))
    if w.size == 0:
        raise ValueError(f"{place}.filters: must not be empty, got shape {array.shape}")
    return {
        "mean_weight": float(w.mean(dtype=np.float64)),
        "weak_share": float((w < 0.1).mean()),
        "strong_share": float((w > 0.9).mean()),
        "mean_filter_sum": float(w.sum(axis=1, dtype=np.float64).mean()),
        "mean_threshold": float(theta.mean(dtype=np.float64)),
        "lowest_threshold": float(theta.min()),
        "highest_threshold": float(theta.max()),
    }


@checked
def summarise_latencies(latencies: ArrayLike, silent: float = 1.0) -> dict[str, float | int]:
    """Return how dense and how early a latency code is.

    Parameters
    ----------
    latencies : array_like, shape (n_samples, n_features)
        Spike times.
    silent : float, default 1
        This time and later ones mean no spike.

    Returns
    -------
    dict of str to float or int
        ``n_features``; ``density``, the share of features with a spike; ``mean_latency`` of those
        (NaN without any); ``dead_features``, which never spike; ``silent_samples`` without a spike.

    Raises
    ------
    TypeError, ValueError
        If the latencies are no matrix of numbers.

    Examples
    --------
    >>> summary = summarise_latencies([[0.25, 1.0, 1.0], [0.75, 0.5, 1.0]])
    >>> summary["density"], summary["mean_latency"], summary["dead_features"]
    (0.5, 0.5, 1)
    """
    place = "summarise_latencies.latencies"
    times = check_array(place, latencies, shape=(None, None), finite=False)
    if times.size == 0:
        raise ValueError(f"{place}: must not be empty, got shape {times.shape}")
    used = np.zeros(times.shape[1], dtype=np.int64)
    total, quiet = 0.0, 0
    for start in range(0, len(times), 1000):  # the matrix may be mapped from disk
        part = times[start : start + 1000]
        active = part < silent
        used += active.sum(axis=0)
        quiet += int((~active.any(axis=1)).sum())
        total += float(part[active].sum(dtype=np.float64))
    spikes = int(used.sum())
    return {
        "n_features": times.shape[1],
        "density": spikes / times.size,
        "mean_latency": total / spikes if spikes else float("nan"),
        "dead_features": int((used == 0).sum()),
        "silent_samples": quiet,
    }
