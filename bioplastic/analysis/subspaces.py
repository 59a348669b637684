"""How many directions activity uses, and how two sets of directions lie."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked, param
from bioplastic.validation import check_integer

__all__ = [
    "SubspaceComparison",
    "SubspaceRecovery",
    "compare_subspaces",
    "participation_ratio",
    "principal_angles",
    "recover_subspace",
]


@dataclasses.dataclass(frozen=True)
class SubspaceComparison:
    """How aligned two subspaces are beside chance.

    Attributes
    ----------
    angles : ndarray, shape (k,)
        Principal angles in radians, smallest first.
    overlap : float
        Mean squared cosine, from 0 (orthogonal) to 1 (one contains the other).
    null_angles : ndarray, shape (n_samples, k)
        Angles between random subspaces of the same dimensions.
    null_overlap : ndarray, shape (n_samples,)
        Their overlaps; the expectation is max(k1, k2) / n.
    p_aligned, p_orthogonal : float
        Share of random pairs, this pair included, at least as aligned, or as orthogonal.
    """

    angles: NDArray[np.float64]
    overlap: float
    null_angles: NDArray[np.float64]
    null_overlap: NDArray[np.float64]
    p_aligned: float
    p_orthogonal: float


@checked
def participation_ratio(activity: ArrayLike) -> float:
    r"""Measure in how many dimensions a population varies.

    :math:`(\sum_i \lambda_i)^2 / \sum_i \lambda_i^2` for the eigenvalues of the covariance of the
    units [1]_: 1 when all vary together, n when n units vary independently and equally. With few
    samples it is biased towards the number of samples.

    Parameters
    ----------
    activity : array_like, shape (n_samples, n_units)
        Rates or counts, at least two samples.

    Returns
    -------
    float
        The dimension; NaN when nothing varies.

    Raises
    ------
    TypeError, ValueError
        If the activity is no finite matrix with at least two rows.

    References
    ----------
    .. [1] P. Gao et al., "A theory of multineuronal dimensionality, dynamics and measurement",
       bioRxiv 214262, 2017.

    Examples
    --------
    >>> participation_ratio([[1, 0], [-1, 0], [0, 1], [0, -1]])
    2.0
    """
    matrix = check_array("participation_ratio.activity", activity, shape=(None, None))
    if len(matrix) < 2:
        raise ValueError(
            f"participation_ratio.activity: must have at least two samples, got {len(matrix)}"
        )
    centred = matrix - matrix.mean(axis=0)
    # The smaller of the two Gram matrices has the same non-zero eigenvalues.
    gram = centred @ centred.T if centred.shape[0] < centred.shape[1] else centred.T @ centred
    total = float(np.trace(gram))
    if total == 0.0:
        return float("nan")
    gram = gram / total
    return float(1.0 / np.sum(gram * gram))


@checked
def principal_angles(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    """Return the principal angles between the column spaces of two matrices.

    By `scipy.linalg.subspace_angles`, which is accurate for small angles too [1]_.

    Parameters
    ----------
    first, second : array_like, shape (n, k1) and (n, k2)
        Columns that span the subspaces; need not be orthogonal.

    Returns
    -------
    ndarray, shape (min(k1, k2),)
        Angles in radians from 0 to π/2, smallest first.

    Raises
    ------
    TypeError, ValueError
        If the matrices are not finite or their numbers of rows differ.

    References
    ----------
    .. [1] A. V. Knyazev and M. E. Argentati, "Principal angles between subspaces in an A-based
       scalar product", SIAM J. Sci. Comput. 23, 2002.

    Examples
    --------
    >>> principal_angles([[1], [0]], [[1], [1]]).round(4)
    array([0.7854])
    """
    from scipy.linalg import subspace_angles

    one = check_array("principal_angles.first", first, shape=(None, None))
    two = check_array("principal_angles.second", second, shape=(len(one), None))
    return np.asarray(subspace_angles(one, two)[::-1], dtype=np.float64)


@checked(n_samples=param(minimum=1), seed=param(minimum=0))
def compare_subspaces(
    first: ArrayLike, second: ArrayLike, *, n_samples: int = 1000, seed: int = 0
) -> SubspaceComparison:
    """Compare the principal angles of two subspaces with those of random ones.

    The null distribution takes the second subspace uniformly at random (the column space of a
    Gaussian matrix), which by symmetry equals taking both at random.

    Parameters
    ----------
    first, second : array_like, shape (n, k1) and (n, k2)
        Columns that span the subspaces.
    n_samples : int, default 1000
        Number of random subspaces.
    seed : int, default 0
        Fixes them.

    Returns
    -------
    SubspaceComparison

    Raises
    ------
    TypeError, ValueError
        As `principal_angles`, or if the number of samples is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> found = compare_subspaces(np.eye(20)[:, :3], np.eye(20)[:, 3:6], n_samples=200)
    >>> found.overlap, found.p_orthogonal < 0.01, found.p_aligned
    (0.0, True, 1.0)
    """
    angles = principal_angles(first, second)
    overlap = float(np.mean(np.cos(angles) ** 2)) if angles.size else float("nan")
    if overlap < 1e-30:
        overlap = 0.0
    base, _ = np.linalg.qr(np.asarray(first, dtype=np.float64))
    n, k = base.shape[0], np.asarray(second).shape[1]
    rng = np.random.default_rng(seed)
    cosines = np.empty((n_samples, angles.size))
    for index in range(n_samples):
        other, _ = np.linalg.qr(rng.standard_normal((n, k)))
        cosines[index] = np.linalg.svd(base.T @ other, compute_uv=False)
    cosines = np.clip(cosines, 0.0, 1.0)
    null = (cosines**2).mean(axis=1)
    return SubspaceComparison(
        angles=angles,
        overlap=overlap,
        null_angles=np.arccos(cosines),
        null_overlap=null,
        p_aligned=float((1 + np.count_nonzero(null >= overlap)) / (1 + n_samples)),
        p_orthogonal=float((1 + np.count_nonzero(null <= overlap)) / (1 + n_samples)),
    )


@dataclasses.dataclass(frozen=True)
class SubspaceRecovery:
    """Directions that were learned beside the exact principal subspace of samples.

    Attributes
    ----------
    n_rows : int
        All directions, earlier ones included.
    residual_before, residual_after : float
        Share of the energy of the samples left unexplained by the earlier directions, and by all.
    residual_exact : float
        Share left by the exact principal subspace with as many dimensions.
    angles : ndarray, shape (k,)
        Principal angles in radians between the new directions and the exact principal subspace of
        what the earlier ones leave, smallest first.
    """

    n_rows: int
    residual_before: float
    residual_after: float
    residual_exact: float
    angles: NDArray[np.float64]


@checked
def recover_subspace(rows: ArrayLike, n_new: int, samples: ArrayLike) -> SubspaceRecovery:
    """Compare learned orthonormal directions with the principal subspace of some samples.

    Parameters
    ----------
    rows : array_like, shape (n_rows, n)
        The directions, for example `bioplastic.plasticity.SubspaceLearner.rows`.
    n_new : int
        How many of them, the last, were learned from these samples.
    samples : array_like, shape (n_samples, n)
        The samples; they are not centred.

    Raises
    ------
    TypeError, ValueError
        For no samples, other shapes, or more new directions than there are.

    Examples
    --------
    >>> found = recover_subspace([[1.0, 0.0]], 1, [[2.0, 0.0], [0.0, 1.0]])
    >>> found.residual_after, found.angles
    (0.2, array([0.]))
    """
    from scipy.linalg import eigh

    place = "recover_subspace"
    values = check_array(f"{place}.samples", samples, shape=(None, None)).astype(np.float64)
    known = check_array(f"{place}.rows", rows, shape=(None, values.shape[1])).astype(np.float64)
    fresh = check_integer(f"{place}.n_new", n_new, minimum=0, maximum=len(known))
    if not values.any():
        raise ValueError(f"{place}.samples: must not all be zero")
    moment, size = values.T @ values / len(values), values.shape[1]
    old, new = known[: len(known) - fresh], known[len(known) - fresh :]
    before, after = (np.eye(size) - part.T @ part for part in (old, known))
    rest, angles = before @ moment @ before, np.zeros(0)
    if fresh:
        _, leading = eigh(rest, subset_by_index=(size - fresh, size - 1))
        angles = principal_angles(new.T, leading)
    energy, total = np.linalg.eigvalsh(moment), np.trace(moment)
    return SubspaceRecovery(
        n_rows=len(known),
        residual_before=float(np.trace(rest) / total),
        residual_after=float(np.einsum("ij,jk,ik->", after, moment, after) / total),
        residual_exact=float(energy[: len(energy) - len(known)].sum() / energy.sum()),
        angles=np.sort(angles),
    )
