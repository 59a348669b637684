"""From spike counts to classes: label assignment and the read-outs that use it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array, check_labels
from bioplastic.fields import checked, param
from bioplastic.validation import check_integer

__all__ = [
    "ResponseWindow",
    "assign_labels",
    "mean_responses",
    "predict_from_assignment",
    "predict_from_counts",
]


@checked(n_classes=param(minimum=1))
def mean_responses(counts: ArrayLike, y: ArrayLike, n_classes: int) -> NDArray[np.float64]:
    """Average the response of every neuron over the samples of each class.

    Parameters
    ----------
    counts : array_like, shape (n_samples, n_neurons)
        Spikes per sample and neuron, not negative.
    y : array_like of int, shape (n_samples,)
        Class of each sample, from 0 to ``n_classes - 1``.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray, shape (n_classes, n_neurons)
        Mean spikes per sample; zero for a class without samples.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree, a count is negative, or a label is out of range.

    Examples
    --------
    >>> mean_responses([[4, 0], [2, 0], [0, 3]], [0, 0, 1], n_classes=2)
    array([[3., 0.],
           [0., 3.]])
    """
    spikes = check_array("mean_responses.counts", counts, shape=(None, None), minimum=0)
    labels = check_labels("mean_responses.y", y, n_samples=len(spikes), n_classes=n_classes)
    means = np.zeros((n_classes, spikes.shape[1]))
    for label in np.unique(labels):
        chosen = labels == label
        # Sums of counts are exact, so equal means are equal bit for bit and ties stay ties.
        means[label] = spikes[chosen].sum(axis=0, dtype=np.float64) / np.count_nonzero(chosen)
    return means


@checked
def assign_labels(counts: ArrayLike, y: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Give every neuron the class that it responds to most.

    The class with the largest mean response wins [1]_, the lowest class on a tie. Means, not
    sums: a class with few samples has the same chance as one with many.

    Parameters
    ----------
    counts : array_like, shape (n_samples, n_neurons)
        Spikes per sample and neuron, not negative.
    y : array_like of int, shape (n_samples,)
        Class of each sample, from 0 to ``n_classes - 1``.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of int64, shape (n_neurons,)
        The class of each neuron; -1 for a neuron that never fires.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree, a count is negative, or a label is out of range.

    References
    ----------
    .. [1] P. U. Diehl and M. Cook, "Unsupervised learning of digit recognition using
       spike-timing-dependent plasticity", Front. Comput. Neurosci. 9:99, 2015.

    Examples
    --------
    >>> assign_labels([[4, 0, 0], [0, 3, 0], [1, 2, 0]], [0, 1, 1], n_classes=2)
    array([ 0,  1, -1])
    """
    means = mean_responses(counts, y, n_classes)
    winners = means.argmax(axis=0)
    return np.where(means.max(axis=0) > 0, winners, -1).astype(np.int64)


@checked(n_classes=param(minimum=1))
def predict_from_assignment(
    counts: ArrayLike, assignment: ArrayLike, n_classes: int
) -> NDArray[np.int64]:
    """Predict the class whose assigned neurons fire most on average.

    Parameters
    ----------
    counts : array_like, shape (n_samples, n_neurons)
        Spikes per sample and neuron, not negative.
    assignment : array_like of int, shape (n_neurons,)
        The class of each neuron, -1 for none, as from `assign_labels`.
    n_classes : int
        Number of classes. A class without neurons scores zero.

    Returns
    -------
    ndarray of int64, shape (n_samples,)
        The predicted classes. Ties, silence included, go to the lowest class.

    Raises
    ------
    TypeError, ValueError
        If the shapes disagree, a count is negative, or a label is out of range.

    Examples
    --------
    >>> predict_from_assignment([[4, 0, 2], [1, 3, 0], [0, 0, 0]], [0, 1, -1], n_classes=2)
    array([0, 1, 0])
    """
    spikes = check_array("predict_from_assignment.counts", counts, shape=(None, None), minimum=0)
    owner = check_labels(
        "predict_from_assignment.assignment",
        assignment,
        n_samples=spikes.shape[1],
        n_classes=n_classes,
        minimum=-1,
    )
    scores = np.zeros((len(spikes), n_classes))
    for label in np.unique(owner[owner >= 0]):
        chosen = owner == label
        total = spikes[:, chosen].sum(axis=1, dtype=np.float64)
        scores[:, label] = total / np.count_nonzero(chosen)
    return np.asarray(scores.argmax(axis=1), dtype=np.int64)


@checked
def predict_from_counts(counts: ArrayLike) -> NDArray[np.int64]:
    """Predict the class whose neuron spikes most.

    Parameters
    ----------
    counts : array_like, shape (n_samples, n_classes)
        Spikes of one neuron per class.

    Returns
    -------
    ndarray of int64, shape (n_samples,)
        The predicted classes. Ties, silence included, go to the lowest class.

    Raises
    ------
    TypeError, ValueError
        If the array is no matrix with at least one column, or a count is negative.

    Examples
    --------
    >>> predict_from_counts([[0, 5, 2], [3, 3, 1], [0, 0, 0]])
    array([1, 0, 0])
    """
    spikes = check_array("predict_from_counts.counts", counts, shape=(None, None), minimum=0)
    if spikes.shape[1] == 0:
        raise ValueError("predict_from_counts.counts: must have at least one column, got none")
    return np.asarray(spikes.argmax(axis=1), dtype=np.int64)


class ResponseWindow:
    """What neurons answer to each class over a moving window of samples, while they learn.

    Responses are kept in blocks, by default sixths of the window, of which the oldest is replaced,
    so that they cover between five and six sixths of it.

    Parameters
    ----------
    n_classes, n_neurons : int
        Sizes.
    length : int
        Samples that the window looks back on.
    blocks : int, default 6
        Parts of the window.

    Attributes
    ----------
    sums : array, shape (blocks, n_classes, n_neurons)
        Spikes.
    samples : array of int64, shape (blocks, n_classes)
        Samples of every class.

    Examples
    --------
    >>> window = ResponseWindow(2, 3, length=60)
    >>> window.add(np.array([[4, 0, 0], [0, 3, 0]]), np.array([0, 1]), 0)
    >>> window.assignment
    array([ 0,  1, -1])
    """

    def __init__(self, n_classes: int, n_neurons: int, length: int, blocks: int = 6) -> None:
        sizes = {"n_classes": n_classes, "n_neurons": n_neurons, "length": length, "blocks": blocks}
        for name, size in sizes.items():
            check_integer(f"ResponseWindow.{name}", size, minimum=1)
        self.block_length = max(1, length // blocks)
        self.sums = np.zeros((blocks, n_classes, n_neurons))
        self.samples = np.zeros((blocks, n_classes), dtype=np.int64)

    def add(self, counts: NDArray[Any], y: NDArray[Any], n_seen: int) -> None:
        """Add samples.

        Parameters
        ----------
        counts : array, shape (n_samples, n_neurons)
            Spikes.
        y : array of int, shape (n_samples,)
            Index of the class of each sample.
        n_seen : int
            Samples before these.
        """
        numbers = (n_seen + np.arange(len(y))) // self.block_length
        for number in np.unique(numbers):
            chosen, block = numbers == number, int(number) % len(self.sums)
            if n_seen <= number * self.block_length:  # the block begins among these samples
                self.sums[block], self.samples[block] = 0, 0
            np.add.at(self.sums[block], y[chosen], counts[chosen])
            np.add.at(self.samples[block], y[chosen], 1)

    @property
    def assignment(self) -> NDArray[np.int64]:
        """Index of the class that each neuron responds to most, -1 for a silent one."""
        means = self.sums.sum(axis=0) / np.maximum(1, self.samples.sum(axis=0))[:, None]
        return np.where(means.max(axis=0) > 0, means.argmax(axis=0), -1).astype(np.int64)

    def votes(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Return the mean spikes of the neurons of each class, shape (n_samples, n_classes)."""
        owner = np.eye(self.sums.shape[1])[self.assignment] * (self.assignment >= 0)[:, None]
        return np.asarray(counts @ owner / np.maximum(1, owner.sum(axis=0)))
