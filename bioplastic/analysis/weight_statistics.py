"""What learning made of the weights: two peaks, few dimensions, the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked

__all__ = ["bimodality_coefficient", "effective_rank", "weight_error"]


@checked
def bimodality_coefficient(weights: ArrayLike) -> float:
    r"""Measure whether weights split into two groups.

    Sarle's coefficient [1]_ with sample skewness :math:`g` and excess kurtosis :math:`k` (both
    corrected for bias),

    .. math:: BC = \frac{g^2 + 1}{k + 3 (n-1)^2 / ((n-2)(n-3))}

    is 1 for two points, 5/9 ≈ 0.56 for a uniform and 1/3 for a normal distribution; above 5/9
    suggests two peaks, or strong skew, which it cannot tell apart.

    Parameters
    ----------
    weights : array_like
        Any shape; at least four values.

    Returns
    -------
    float
        The coefficient; NaN when all weights are equal.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than four finite real numbers.

    References
    ----------
    .. [1] R. Pfister et al., "Good things peak in pairs: a note on the bimodality coefficient",
       Front. Psychol. 4, 2013.

    Examples
    --------
    >>> round(bimodality_coefficient([0, 1] * 500), 2)
    1.0
    """
    from scipy.stats import kurtosis, skew

    values = check_array("bimodality_coefficient.weights", np.ravel(weights), shape=(None,))
    n = values.size
    if n < 4:
        raise ValueError(f"bimodality_coefficient.weights: must be at least four, got {n}")
    if np.ptp(values) == 0:
        return float("nan")
    values = values.astype(np.float64)
    g, k = float(skew(values, bias=False)), float(kurtosis(values, bias=False))
    return (g**2 + 1) / (k + 3 * (n - 1) ** 2 / ((n - 2) * (n - 3)))


@checked
def effective_rank(weights: ArrayLike) -> float:
    r"""Measure how many directions a matrix spans, weighted by their strength.

    :math:`\exp(-\sum_i p_i \ln p_i)` with the singular values scaled to sum to one [1]_: k for a
    matrix with k equal singular values, never more than the rank.

    Parameters
    ----------
    weights : array_like, shape (n_inputs, n_neurons)
        The weights.

    Returns
    -------
    float
        The effective rank; 0 for a matrix of zeros.

    Raises
    ------
    TypeError, ValueError
        If the weights are no finite matrix.

    References
    ----------
    .. [1] O. Roy and M. Vetterli, "The effective rank: a measure of effective dimensionality",
       EUSIPCO 2007.

    Examples
    --------
    >>> round(effective_rank([[2, 0, 0], [0, 2, 0]]), 6)
    2.0
    """
    matrix = check_array("effective_rank.weights", weights, shape=(None, None))
    values = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    total = float(values.sum())
    if total == 0:
        return 0.0
    shares = values / total
    shares = shares[shares > 0]
    return float(np.exp(-np.sum(shares * np.log(shares))))


@checked
def weight_error(weights: ArrayLike, truth: ArrayLike) -> dict[str, float]:
    """Compare learned weights with those that made the data.

    Parameters
    ----------
    weights, truth : array_like
        Arrays of the same shape and unit, at least two values.

    Returns
    -------
    dict
        ``rmse`` (in the unit of the weights), ``relative`` (the norm of the difference over that
        of the truth; 1 for all-zero weights), ``correlation`` (Pearson), and ``scaled_relative``
        (``relative`` after the best common factor, blind to the overall scale). NaN where the
        truth is zero or either is constant.

    Raises
    ------
    TypeError, ValueError
        If the shapes differ or a number is not finite.

    Examples
    --------
    >>> found = weight_error([2, 4, 6], [1, 2, 3])
    >>> found["relative"], round(found["scaled_relative"], 6), round(found["correlation"], 6)
    (1.0, 0.0, 1.0)
    """
    first, second = np.asarray(weights), np.asarray(truth)
    if first.shape != second.shape or first.size < 2:
        raise ValueError(
            f"weight_error.truth: must have the shape {first.shape} of the weights and at least "
            f"two values, got {second.shape}"
        )
    w = check_array("weight_error.weights", first.ravel(), shape=(None,)).astype(np.float64)
    t = check_array("weight_error.truth", second.ravel(), shape=(None,)).astype(np.float64)
    norm, power = float(np.linalg.norm(t)), float(w @ w)
    factor = float(w @ t) / power if power else 0.0
    return {
        "rmse": float(np.sqrt(np.mean((w - t) ** 2))),
        "relative": float(np.linalg.norm(w - t)) / norm if norm else float("nan"),
        "correlation": _correlate(w, t),
        "scaled_relative": float(np.linalg.norm(factor * w - t)) / norm if norm else float("nan"),
    }


def _correlate(w: NDArray[np.float64], t: NDArray[np.float64]) -> float:
    if np.ptp(w) == 0 or np.ptp(t) == 0:
        return float("nan")
    return float(np.corrcoef(w, t)[0, 1])
