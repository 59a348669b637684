"""Low-dimensional maps of activity and weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked, param

__all__ = ["embed_tsne"]

_PRINCIPAL = 50


@checked(
    seed=param(minimum=0, maximum=2**32 - 1),
    perplexity=param(positive=True),
    max_iter=param(minimum=250),
)
def embed_tsne(
    X: ArrayLike, seed: int, *, perplexity: float = 30.0, max_iter: int = 1000
) -> NDArray[np.float64]:
    """Place samples on a plane with t-SNE, so that near ones stay near.

    scikit-learn's t-SNE [1]_ with a start from the principal components, after a reduction to
    50 principal components where there are more columns. It runs on one thread, because
    parallel sums change the last digits and t-SNE makes these visible: the same seed gives the
    same map.

    Parameters
    ----------
    X : array_like, shape (n_samples, n_features)
        One row per sample, for example spike counts or the weights of one neuron; at least
        four samples, not all alike.
    seed : int
        Fixes the map.
    perplexity : float, default 30
        Effective number of neighbours, lowered to ``(n_samples - 1) / 3`` for few samples.
    max_iter : int, default 1000
        Steps of the optimiser, at least 250.

    Returns
    -------
    ndarray, shape (n_samples, 2)
        The points, in arbitrary units.

    Raises
    ------
    TypeError, ValueError
        If the samples are no finite matrix, too few or all alike, or an option is out of range.

    References
    ----------
    .. [1] L. van der Maaten and G. Hinton, "Visualizing data using t-SNE", J. Mach. Learn.
       Res. 9, 2008.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> embed_tsne(rng.normal(size=(20, 3)), seed=0, max_iter=250).shape
    (20, 2)
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    samples = check_array("embed_tsne.X", X, shape=(None, None)).astype(np.float64)
    n_samples, n_features = samples.shape
    if n_samples < 4 or n_features == 0:
        raise ValueError(
            f"embed_tsne.X: must have at least 4 samples and 1 feature, got {samples.shape}"
        )
    if not np.ptp(samples, axis=0).any():
        raise ValueError("embed_tsne.X: must not hold the same sample over and over")
    with threadpool_limits(limits=1):
        wanted = min(_PRINCIPAL, n_samples)
        if n_features > wanted:
            samples = PCA(wanted, svd_solver="full").fit_transform(samples)
        if samples.shape[1] == 1:  # the start needs two components
            samples = np.column_stack([samples, np.zeros(n_samples)])
        points = TSNE(
            n_components=2,
            perplexity=min(perplexity, (n_samples - 1) / 3),
            init="pca",
            learning_rate="auto",
            max_iter=max_iter,
            random_state=seed,
        ).fit_transform(samples)
    return np.asarray(points, dtype=np.float64)
