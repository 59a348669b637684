"""What is kept and lost when tasks are learned one after another."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked

__all__ = ["ContinualScores", "score_continual"]


@dataclasses.dataclass(frozen=True)
class ContinualScores:
    """Scores of a sequence of tasks, in the unit of the accuracies.

    Attributes
    ----------
    acc : float
        Mean accuracy over all tasks at the end.
    bwt : float
        Backward transfer: mean change of the earlier tasks since each was learned; negative when
        they were forgotten.
    forgetting : float
        Mean loss of the earlier tasks since the best that each ever was.
    learning : float
        Mean accuracy of each task right after it was learned.
    """

    acc: float
    bwt: float
    forgetting: float
    learning: float


@checked
def score_continual(accuracies: ArrayLike) -> ContinualScores:
    r"""Score the matrix of accuracies of continual learning.

    With :math:`R_{ij}` the accuracy on task :math:`j` after learning task :math:`i` of :math:`T`
    [1]_

    .. math::
        ACC = \frac1T \sum_j R_{Tj}, \qquad
        BWT = \frac{1}{T-1} \sum_{j<T} (R_{Tj} - R_{jj})

    and forgetting as in [2]_. Entries above the diagonal, tasks not yet learned, are not used and
    may be NaN.

    Parameters
    ----------
    accuracies : array_like, shape (n_tasks, n_tasks)
        Row: tasks learned so far; column: task tested.

    Returns
    -------
    ContinualScores
        With one task, `bwt` and `forgetting` are 0.

    Raises
    ------
    TypeError, ValueError
        If the matrix is not square or a used entry is not finite.

    References
    ----------
    .. [1] D. Lopez-Paz and M. Ranzato, "Gradient episodic memory for continual learning", NeurIPS
       2017, equations 2 and 3.
    .. [2] A. Chaudhry et al., "Riemannian walk for incremental learning: understanding forgetting
       and intransigence", ECCV 2018.

    Examples
    --------
    >>> score_continual([[0.75, 0.1], [0.5, 1.0]])
    ContinualScores(acc=0.75, bwt=-0.25, forgetting=0.25, learning=0.875)
    """
    matrix = check_array(
        "score_continual.accuracies", accuracies, shape=(None, None), finite=False
    ).astype(np.float64)
    n = len(matrix)
    if n == 0 or matrix.shape[1] != n:
        raise ValueError(f"score_continual.accuracies: must be square, got {matrix.shape}")
    used = np.tril(np.ones((n, n), dtype=bool))
    if not np.isfinite(matrix[used]).all():
        raise ValueError("score_continual.accuracies: must be finite on and below the diagonal")
    last, fresh = matrix[-1], np.diag(matrix)
    best = np.where(used, matrix, -np.inf)[:-1, :-1].max(axis=0) if n > 1 else np.zeros(0)
    return ContinualScores(
        acc=_mean(last),
        bwt=_mean(last[:-1] - fresh[:-1]),
        forgetting=_mean(best - last[:-1]),
        learning=_mean(fresh),
    )


def _mean(values: ArrayLike) -> float:
    array = np.asarray(values, dtype=np.float64)
    return float(array.mean()) if array.size else 0.0
