"""How many bits responses hold, and how many of them are about stimuli."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_labels
from bioplastic.fields import checked, param

__all__ = ["mutual_information", "response_entropy"]


@checked(
    correction=param(choices=("miller-madow", "shuffle", "none")),
    n_shuffles=param(minimum=1),
    seed=param(minimum=0),
)
def mutual_information(
    stimuli: ArrayLike,
    responses: ArrayLike,
    *,
    correction: str = "miller-madow",
    n_shuffles: int = 100,
    seed: int = 0,
) -> float:
    r"""Estimate the mutual information of two discrete variables from paired samples.

    The plug-in estimate is biased upwards, since chance makes responses look informative. To
    first order the bias is :math:`[\sum_s (R_s - 1) - (R - 1)] / (2 N \ln 2)` bits, with the
    numbers :math:`R_s` of responses that occur with stimulus :math:`s` and :math:`R` in all
    [1]_ [2]_. Counting only responses that were seen makes this correction too small when there
    are few samples for each response; shuffling makes it slightly too large.

    Parameters
    ----------
    stimuli, responses : array_like of int, shape (n_samples,)
        Non-negative labels, for example classes and spike counts.
    correction : {"miller-madow", "shuffle", "none"}, default "miller-madow"
        Subtract the first-order bias, or the mean over random pairings, or nothing.
    n_shuffles : int, default 100
        Number of random pairings.
    seed : int, default 0
        Fixes them.

    Returns
    -------
    float
        Bits. A corrected estimate can be slightly negative.

    Raises
    ------
    TypeError, ValueError
        If the lengths differ, there are no samples, or a label is no non-negative integer.

    References
    ----------
    .. [1] G. A. Miller, "Note on the bias of information estimates", in *Information Theory in
       Psychology*, 1955.
    .. [2] S. Panzeri and A. Treves, "Analytical estimates of limited sampling biases in different
       information measures", Network 7, 1996.

    Examples
    --------
    >>> mutual_information([0, 1] * 50, [3, 5] * 50, correction="none")
    1.0
    """
    place = "mutual_information"
    s = check_labels(f"{place}.stimuli", stimuli)
    r = check_labels(f"{place}.responses", responses, n_samples=s.size)
    if s.size == 0:
        raise ValueError(f"{place}.stimuli: must not be empty")
    s, r = np.unique(s, return_inverse=True)[1], np.unique(r, return_inverse=True)[1]
    table = _tabulate(s, r)
    plain = _plug_in(table)
    if correction == "miller-madow":
        seen = np.count_nonzero(table, axis=1)
        excess = float(np.sum(seen - 1) - (table.shape[1] - 1))
        return plain - excess / (2 * s.size * math.log(2))
    if correction == "shuffle":
        rng = np.random.default_rng(seed)
        by_chance = [_plug_in(_tabulate(s, rng.permutation(r))) for _ in range(n_shuffles)]
        return plain - float(np.mean(by_chance))
    return plain


@checked(correction=param(choices=("miller-madow", "none")))
def response_entropy(responses: ArrayLike, *, correction: str = "miller-madow") -> float:
    r"""Estimate the entropy of a discrete variable from samples.

    The plug-in estimate is too small, to first order by :math:`(R - 1)/(2 N \ln 2)` bits, with the
    number :math:`R` of different responses that were seen [1]_. Entropy is what responses could
    carry at most; noise has it too, see `mutual_information`.

    Parameters
    ----------
    responses : array_like of int, shape (n_samples,)
        Non-negative labels, for example spikes in a step or spike counts.
    correction : {"miller-madow", "none"}, default "miller-madow"
        Add the first-order bias, or nothing.

    Returns
    -------
    float
        Bits.

    Raises
    ------
    TypeError, ValueError
        If there are no samples, or a label is no non-negative integer.

    References
    ----------
    .. [1] G. A. Miller, "Note on the bias of information estimates", in *Information Theory in
       Psychology*, 1955.

    Examples
    --------
    >>> response_entropy([0, 1, 2, 3] * 25, correction="none")
    2.0
    """
    r = check_labels("response_entropy.responses", responses)
    if r.size == 0:
        raise ValueError("response_entropy.responses: must not be empty")
    share = np.unique(r, return_counts=True)[1] / r.size
    plain = float(-np.sum(share * np.log2(share)))
    bias = (share.size - 1) / (2 * r.size * math.log(2))
    return plain + (bias if correction == "miller-madow" else 0.0)


def _tabulate(s: NDArray[np.int64], r: NDArray[np.int64]) -> NDArray[np.int64]:
    shape = (int(s.max()) + 1, int(r.max()) + 1)
    return np.bincount(s * shape[1] + r, minlength=shape[0] * shape[1]).reshape(shape)


def _plug_in(table: NDArray[np.int64]) -> float:
    joint = table / table.sum()
    product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    return float(np.sum(joint[seen] * np.log2(joint[seen] / product[seen])))
