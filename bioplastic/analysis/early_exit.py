"""When to stop listening: answers of a classifier over time, and confidence that ends them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax

from bioplastic.analysis._arrays import check_array, check_labels
from bioplastic.fields import checked
from bioplastic.validation import check_real

__all__ = [
    "ExitScores",
    "choose_threshold",
    "confidences",
    "exit_curve",
    "exit_times",
    "score_exit",
]


@dataclasses.dataclass(frozen=True)
class ExitScores:
    """What stopping early costs and saves; accuracies are fractions, latencies numbers of parts.

    Attributes
    ----------
    accuracy, latency : float
        Of stopping at the threshold, and the mean time at which that happens.
    fixed : float
        Accuracy of stopping all samples at that same mean time, interpolated between parts.
    full : float
        Accuracy at the end.
    oracle, oracle_latency : float
        Of stopping when the answer is first right, which needs the label: a bound, no method.
    saved : float
        Share of the evidence, such as spikes of the outputs, that never has to be gathered.
    """

    accuracy: float
    latency: float
    fixed: float
    full: float
    oracle: float
    oracle_latency: float
    saved: float


@checked
def confidences(evidence: ArrayLike, *, alpha: float = 30.0) -> NDArray[np.float64]:
    r"""Return the largest entry of the softmax of the evidence so far, at every time.

    Parameters
    ----------
    evidence : array_like, shape (n_samples, n_times, n_classes)
        What each class has gathered up to the end of each part of the time: it grows.
    alpha : float, default 30
        Evidence is divided by it; the smaller, the sooner confidence saturates.

    Returns
    -------
    array, shape (n_samples, n_times)

    References
    ----------
    Li, Jones & Furber (2023), ICCV, arXiv 2303.10276.

    Examples
    --------
    >>> confidences([[[0.0, 0.0], [30.0, 0.0]]]).round(2)
    array([[0.5 , 0.73]])
    """
    values = _check_evidence("confidences.evidence", evidence)
    scale = check_real("confidences.alpha", alpha, minimum=0, exclusive=True)
    return np.asarray(softmax(values / scale, axis=2).max(axis=2))


@checked
def exit_times(evidence: ArrayLike, threshold: float, *, alpha: float = 30.0) -> NDArray[np.int64]:
    """Return the first time, from 0, at which confidence exceeds a threshold; else the last one.

    Parameters
    ----------
    evidence, alpha
        See `confidences`.
    threshold : float
        From 0 (stop at once) to 1 (never stop early).

    Returns
    -------
    array of int, shape (n_samples,)

    Examples
    --------
    >>> exit_times([[[0.0, 0.0], [30.0, 0.0], [60.0, 0.0]]], 0.7)
    array([1])
    """
    limit = check_real("exit_times.threshold", threshold, minimum=0, maximum=1)
    return _first(confidences(evidence, alpha=alpha) > limit)


@checked
def score_exit(
    evidence: ArrayLike, y: ArrayLike, threshold: float, *, alpha: float = 30.0
) -> ExitScores:
    """Return accuracy and latency of stopping early, beside everything it has to be compared with.

    Parameters
    ----------
    evidence, threshold, alpha
        See `exit_times`.
    y : array_like of int, shape (n_samples,)
        The true classes.

    Returns
    -------
    ExitScores

    Examples
    --------
    >>> evidence = np.cumsum([[[0.0, 9.0]] * 4, [[1.0, 0.0], [0.0, 4.0], [0, 4], [0, 4]]], axis=1)
    >>> found = score_exit(evidence, [1, 1], 0.7, alpha=3)
    >>> found.accuracy, found.latency, found.fixed
    (1.0, 1.5, 0.75)
    """
    values = _check_evidence("score_exit.evidence", evidence)
    truth = check_labels("score_exit.y", y, n_samples=len(values))
    right = values.argmax(axis=2) == truth[:, None]
    stop = exit_times(values, threshold, alpha=alpha)
    rows, times = np.arange(len(values)), np.arange(1, values.shape[1] + 1)
    latency = float(np.mean(stop + 1))
    gathered = np.abs(values).sum(axis=2)
    whole = gathered[:, -1].sum()
    return ExitScores(
        accuracy=float(right[rows, stop].mean()),
        latency=latency,
        fixed=float(np.interp(latency, times, right.mean(axis=0))),
        full=float(right[:, -1].mean()),
        oracle=float(right.any(axis=1).mean()),
        oracle_latency=float(np.mean(_first(right) + 1)),
        saved=float(1 - gathered[rows, stop].sum() / whole) if whole > 0 else 0.0,
    )


@checked
def choose_threshold(
    evidence: ArrayLike,
    y: ArrayLike,
    *,
    tolerance: float = 0.005,
    alphas: Sequence[float] = (30.0,),
) -> tuple[float, float]:
    """Return threshold and alpha with the smallest mean latency at nearly full accuracy.

    Every threshold that tells samples apart is looked at. Use held-out training samples.

    Parameters
    ----------
    evidence, y
        See `score_exit`.
    tolerance : float, default 0.005
        What accuracy may lose.
    alphas : sequence of float, default (30,)
        Values that are tried; among equals the first.

    Returns
    -------
    threshold, alpha : float

    Examples
    --------
    >>> evidence = np.cumsum([[[0.0, 9.0]] * 4, [[1.0, 0.0], [0.0, 4.0], [0, 4], [0, 4]]], axis=1)
    >>> threshold, alpha = choose_threshold(evidence, [1, 1], alphas=(3.0,))
    >>> exit_times(evidence, threshold, alpha=alpha)
    array([0, 1])
    """
    values = _check_evidence("choose_threshold.evidence", evidence)
    truth = check_labels("choose_threshold.y", y, n_samples=len(values))
    lost = check_real("choose_threshold.tolerance", tolerance, minimum=0, maximum=1)
    if len(alphas) == 0:
        raise ValueError("choose_threshold.alphas: must not be empty")
    right = values.argmax(axis=2) == truth[:, None]
    least, rows = right[:, -1].mean() - lost - 1e-12, np.arange(len(values))
    best: tuple[float, float, float] | None = None
    for alpha in alphas:
        for threshold, stop in _all_stops(values, alpha, 201):
            latency = float(stop.mean())
            if right[rows, stop].mean() >= least and (best is None or latency < best[0] - 1e-12):
                best = latency, threshold, float(alpha)
    if best is None:  # only the end is good enough
        return 1.0, float(alphas[0])
    return best[1], best[2]


@checked
def exit_curve(
    evidence: ArrayLike, y: ArrayLike, *, alpha: float = 30.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean latencies, growing, and accuracies of all thresholds that tell samples apart.

    Parameters
    ----------
    evidence, y, alpha
        See `score_exit`.

    Returns
    -------
    latency, accuracy : array, shape (n_points,)
        Latencies count parts of the time from 1.

    Examples
    --------
    >>> evidence = np.cumsum([[[0.0, 9.0]] * 4, [[1.0, 0.0], [0.0, 4.0], [0, 4], [0, 4]]], axis=1)
    >>> latency, accuracy = exit_curve(evidence, [1, 1], alpha=3)
    >>> latency[[0, -1]], accuracy[[0, -1]]
    (array([1.5, 4. ]), array([1., 1.]))
    """
    values = _check_evidence("exit_curve.evidence", evidence)
    truth = check_labels("exit_curve.y", y, n_samples=len(values))
    right, rows = values.argmax(axis=2) == truth[:, None], np.arange(len(values))
    stops = np.array([stop for _, stop in _all_stops(values, alpha, 101)])
    latency, first = np.unique((stops + 1).mean(axis=1), return_index=True)
    return latency, right[rows, stops].mean(axis=1)[first]


def _all_stops(
    values: NDArray[np.float64], alpha: float, n: int
) -> Iterator[tuple[float, NDArray[np.int64]]]:
    """Yield thresholds, at most ``n`` that tell samples apart, and when each sample stops."""
    highest = np.maximum.accumulate(confidences(values, alpha=alpha), axis=1)
    for threshold in np.unique(np.quantile(highest, np.linspace(0, 1, n))):
        yield float(threshold), _first(highest > threshold)


def _first(hit: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first true entry of every row; the last one where there is none."""
    return np.where(hit.any(axis=1), hit.argmax(axis=1), hit.shape[1] - 1).astype(np.int64)


def _check_evidence(place: str, value: ArrayLike) -> NDArray[np.float64]:
    values = check_array(place, value, shape=(None, None, None)).astype(np.float64)
    if values.size == 0 or values.shape[2] < 2:
        raise ValueError(
            f"{place}: must hold samples, times and at least two classes, got {values.shape}"
        )
    return values
