"""How sparse weights and responses are, and how selective the neurons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.analysis.assignment import mean_responses
from bioplastic.fields import checked, param

__all__ = ["hoyer_sparseness", "selectivity_index", "treves_rolls_sparseness"]


@checked
def hoyer_sparseness(weights: ArrayLike) -> NDArray[np.float64]:
    r"""Measure how few inputs carry the weight of each neuron.

    For the :math:`n` weights of a column [1]_

    .. math:: S = \frac{\sqrt n - \sum_i |w_i| / \sqrt{\sum_i w_i^2}}{\sqrt n - 1}

    which is 0 when all weights have the same size and 1 when only one is not zero. It does not
    depend on the unit of the weights.

    Parameters
    ----------
    weights : array_like, shape (n_inputs, n_neurons)
        Weights in any unit, at least two inputs.

    Returns
    -------
    ndarray, shape (n_neurons,)
        Sparseness from 0 to 1; NaN for a neuron whose weights are all zero.

    Raises
    ------
    TypeError, ValueError
        If the weights are no finite matrix with at least two rows.

    References
    ----------
    .. [1] P. O. Hoyer, "Non-negative matrix factorization with sparseness constraints",
       J. Mach. Learn. Res. 5, 2004, section 3.1.

    Examples
    --------
    >>> hoyer_sparseness([[1, 0], [1, 0], [1, 0], [1, 7]])
    array([0., 1.])
    """
    matrix = _check_tall("hoyer_sparseness.weights", weights)
    size = np.abs(matrix)
    peak = size.max(axis=0, initial=0.0)
    size = size / np.where(peak > 0, peak, 1.0)  # no overflow or underflow in the squares
    n = len(matrix)
    with np.errstate(invalid="ignore"):
        ratio = size.sum(axis=0) / np.sqrt((size**2).sum(axis=0))
    sparseness = (np.sqrt(n) - ratio) / (np.sqrt(n) - 1.0)
    return np.asarray(np.clip(sparseness, 0.0, 1.0), dtype=np.float64)


@checked
def treves_rolls_sparseness(rates: ArrayLike) -> NDArray[np.float64]:
    r"""Measure how few of the stimuli (or neurons) in each column carry the response.

    With the activity ratio :math:`a = (\sum_i r_i / n)^2 / (\sum_i r_i^2 / n)` of Treves and
    Rolls [1]_, scaled as by Vinje and Gallant [2]_:

    .. math:: S = \frac{1 - a}{1 - 1/n}

    0 for equal responses to everything, 1 for a response to one stimulus only. Put stimuli in
    the rows for lifetime sparseness, neurons in the rows for population sparseness.

    Parameters
    ----------
    rates : array_like, shape (n_stimuli, n_neurons)
        Rates or spike counts, not negative, at least two rows.

    Returns
    -------
    ndarray, shape (n_neurons,)
        Sparseness from 0 to 1; NaN for a silent column.

    Raises
    ------
    TypeError, ValueError
        If the rates are no finite matrix with at least two rows, or one is negative.

    References
    ----------
    .. [1] A. Treves and E. T. Rolls, "What determines the capacity of autoassociative memories
       in the brain?", Network 2, 1991.
    .. [2] W. E. Vinje and J. L. Gallant, "Sparse coding and decorrelation in primary visual
       cortex during natural vision", Science 287, 2000.

    Examples
    --------
    >>> treves_rolls_sparseness([[2, 0], [2, 5], [2, 0]])
    array([0., 1.])
    """
    matrix = _check_tall("treves_rolls_sparseness.rates", rates, minimum=0)
    peak = matrix.max(axis=0, initial=0.0)
    matrix = matrix / np.where(peak > 0, peak, 1.0)
    n = len(matrix)
    with np.errstate(invalid="ignore"):
        activity = matrix.mean(axis=0) ** 2 / (matrix**2).mean(axis=0)
    return np.asarray(np.clip((1.0 - activity) / (1.0 - 1.0 / n), 0.0, 1.0), dtype=np.float64)


@checked(n_classes=param(minimum=2))
def selectivity_index(counts: ArrayLike, y: ArrayLike, n_classes: int) -> NDArray[np.float64]:
    r"""Compare each neuron's response to its best class with that to the other classes.

    :math:`(\mu_{max} - \mu_{rest}) / (\mu_{max} + \mu_{rest})` with the largest class mean
    :math:`\mu_{max}` and the mean :math:`\mu_{rest}` of the other class means [1]_: 0 for a
    neuron that treats all classes alike, 1 for one that answers a single class.

    Parameters
    ----------
    counts : array_like, shape (n_samples, n_neurons)
        Spikes per sample and neuron, not negative.
    y : array_like of int, shape (n_samples,)
        Class of each sample, from 0 to ``n_classes - 1``.
    n_classes : int
        Number of classes, at least two.

    Returns
    -------
    ndarray, shape (n_neurons,)
        Selectivity from 0 to 1; NaN for a neuron that never fires.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree, a count is negative, or a label is out of range.

    References
    ----------
    .. [1] A. S. Morcos et al., "On the importance of single directions for generalization",
       ICLR 2018, section 2.3.

    Examples
    --------
    >>> selectivity_index([[6, 1], [2, 1]], [0, 1], n_classes=2)
    array([0.5, 0. ])
    """
    means = mean_responses(counts, y, n_classes)
    best = means.max(axis=0)
    rest = (means.sum(axis=0) - best) / (n_classes - 1)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.clip((best - rest) / (best + rest), 0.0, 1.0), dtype=np.float64)


def _check_tall(place: str, value: ArrayLike, minimum: float | None = None) -> NDArray[np.float64]:
    matrix = check_array(place, value, shape=(None, None), minimum=minimum)
    if len(matrix) < 2:
        raise ValueError(f"{place}: must have at least two rows, got {len(matrix)}")
    return matrix.astype(np.float64)
