"""What a network has to beat: guessing, and a linear classifier on the same inputs."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array, check_labels
from bioplastic.fields import checked
from bioplastic.validation import check_integer

__all__ = ["chance_level", "linear_baseline"]


@checked
def chance_level(y: ArrayLike) -> float:
    """Return the accuracy of always answering the most frequent class.

    Parameters
    ----------
    y : array_like of int, shape (n_samples,)
        The true classes, at least one.

    Returns
    -------
    float
        The share of the most frequent class: ``1 / n_classes`` for balanced classes, else more.

    Raises
    ------
    TypeError, ValueError
        If there are no labels, or one is no non-negative integer.

    Examples
    --------
    >>> chance_level([0, 1, 1, 2])
    0.5
    """
    labels = check_labels("chance_level.y", y)
    if labels.size == 0:
        raise ValueError("chance_level.y: must not be empty")
    return float(np.unique(labels, return_counts=True)[1].max() / labels.size)


@checked
def linear_baseline(
    X_train: ArrayLike,
    y_train: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    *,
    seed: int = 0,
    max_samples: int | None = None,
) -> float:
    """Return the test accuracy of multinomial logistic regression on standardised inputs.

    The strongest linear read-out of the raw inputs, trained without any constraint of locality.
    scikit-learn's ``StandardScaler`` and ``LogisticRegression`` (L-BFGS, L2 penalty ``C=1``, at
    most 200 steps to a tolerance of 1e-3) in 32-bit numbers: about six seconds on one core for
    the 60,000 images of MNIST.

    Parameters
    ----------
    X_train, X_test : array_like, shape (n_samples, ...)
        Inputs; further axes are flattened. Their scale does not matter.
    y_train, y_test : array_like of int, shape (n_samples,)
        Classes.
    seed : int, default 0
        Draws the subset when there are more than `max_samples` training samples; the fit itself
        is deterministic.
    max_samples : int, optional
        Largest number of training samples; all by default.

    Returns
    -------
    float
        Accuracy on the test samples, from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree, a number is not finite, or the training labels hold one class.

    Examples
    --------
    >>> linear_baseline([[0.0], [1.0], [9.0], [10.0]], [0, 0, 1, 1], [[2.0], [8.0]], [0, 1])
    1.0
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train = _flatten("linear_baseline.X_train", X_train)
    test = _flatten("linear_baseline.X_test", X_test)
    if train.shape[1] != test.shape[1]:
        raise ValueError(
            f"linear_baseline.X_test: must have {train.shape[1]} features like X_train, "
            f"got {test.shape[1]}"
        )
    labels = check_labels("linear_baseline.y_train", y_train, n_samples=len(train))
    truth = check_labels("linear_baseline.y_test", y_test, n_samples=len(test))
    if np.unique(labels).size < 2:
        raise ValueError("linear_baseline.y_train: must hold at least two classes")
    seed = check_integer("linear_baseline.seed", seed, minimum=0)
    if max_samples is not None:
        max_samples = check_integer("linear_baseline.max_samples", max_samples, minimum=2)
        if len(train) > max_samples:
            chosen = np.random.default_rng(seed).choice(len(train), max_samples, replace=False)
            train, labels = train[chosen], labels[chosen]
            if np.unique(labels).size < 2:
                raise ValueError(
                    "linear_baseline.max_samples: must leave at least two classes, "
                    f"got {max_samples}"
                )
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, tol=1e-3, max_iter=200))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 200 steps are the documented limit
        model.fit(train, labels)
    return float(np.mean(model.predict(test) == truth))


def _flatten(place: str, value: ArrayLike) -> NDArray[np.float32]:
    array = np.asarray(value)
    if array.ndim < 2 or len(array) == 0:
        raise ValueError(f"{place}: must hold samples with features, got shape {array.shape}")
    flat = array.reshape(len(array), -1)
    checked = check_array(place, flat, shape=(None, None))
    return checked.astype(np.float32)
