"""What a network has to beat: guessing, a linear classifier, a network without spikes."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array, check_labels
from bioplastic.fields import checked, param
from bioplastic.validation import check_integer

__all__ = ["chance_level", "linear_baseline", "quantised_baseline"]


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


@checked(seed=param(minimum=0))
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


@checked
def quantised_baseline(
    X_train: ArrayLike,
    y_train: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    *,
    bits: int = 8,
    n_hidden: int = 32,
    seed: int = 0,
) -> float:
    """Return the test accuracy of a network of one hidden layer, rounded to few bits.

    The opponent of a spiking network in energy: scikit-learn's ``MLPClassifier`` (rectified units,
    Adam, at most 200 epochs), whose weights, inputs and hidden activities are rounded after
    training to `bits` each, weights symmetrically about zero, activities from zero to their largest
    training value. Biases stay as they are.

    Parameters
    ----------
    X_train, X_test : array_like, shape (n_samples, ...)
        Inputs, not negative; further axes are flattened.
    y_train, y_test : array_like of int, shape (n_samples,)
        Classes.
    bits : int, default 8
        Bits of a weight and of an activity, at least 2.
    n_hidden : int, default 32
        Hidden units.
    seed : int, default 0
        Fixes start and order of training.

    Returns
    -------
    float
        Accuracy on the test samples, from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree, or a number is negative or not finite.

    Examples
    --------
    >>> X, y = np.repeat([[0.0, 1.0], [1.0, 0.0]], 20, axis=0), np.repeat([0, 1], 20)
    >>> quantised_baseline(X, y, X, y, bits=4, n_hidden=8)
    1.0
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    place = "quantised_baseline"
    train, test = _flatten(f"{place}.X_train", X_train), _flatten(f"{place}.X_test", X_test)
    if train.shape[1] != test.shape[1]:
        raise ValueError(
            f"{place}.X_test: must have {train.shape[1]} features like X_train, got {test.shape[1]}"
        )
    for name, samples in (("X_train", train), ("X_test", test)):
        check_array(f"{place}.{name}", samples, shape=(None, None), minimum=0)
    labels = check_labels(f"{place}.y_train", y_train, n_samples=len(train))
    truth = check_labels(f"{place}.y_test", y_test, n_samples=len(test))
    bits = check_integer(f"{place}.bits", bits, minimum=2)
    hidden = check_integer(f"{place}.n_hidden", n_hidden, minimum=1)
    scale = max(float(train.max()), float(np.finfo(np.float32).tiny))
    model = MLPClassifier((hidden,), random_state=check_integer(f"{place}.seed", seed, minimum=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 200 epochs are the documented limit
        model.fit(train / scale, labels)
    largest = [
        1.0,
        float(np.maximum(0, train / scale @ model.coefs_[0] + model.intercepts_[0]).max()),
    ]
    levels, activity = 2**bits - 1, test / scale
    for layer, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        unit = np.abs(weights).max() / (2 ** (bits - 1) - 1)
        step = max(largest[layer], 1e-12) / levels
        activity = np.clip(np.round(activity / step), 0, levels) * step
        activity = activity @ (np.round(weights / unit) * unit) + bias
    if activity.shape[1] == 1:  # two classes share one output
        activity = np.column_stack([-activity, activity])
    return float(np.mean(model.classes_[activity.argmax(axis=1)] == truth))


def _flatten(place: str, value: ArrayLike) -> NDArray[np.float32]:
    array = np.asarray(value)
    if array.ndim < 2 or len(array) == 0:
        raise ValueError(f"{place}: must hold samples with features, got shape {array.shape}")
    flat = array.reshape(len(array), -1)
    checked = check_array(place, flat, shape=(None, None))
    return checked.astype(np.float32)
