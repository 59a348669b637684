"""Tasks to learn one after another, made from one dataset: permuted pixels, split classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.datasets.dataset import Dataset
from bioplastic.validation import check_integer

__all__ = ["ContinualTask", "TaskSequence", "permuted_tasks", "split_tasks"]


@dataclass(frozen=True, eq=False)
class ContinualTask:
    """Training and test samples of one task.

    Parameters
    ----------
    X, X_test : ndarray, shape (n_samples, n_features)
        Samples.
    y, y_test : ndarray of int, shape (n_samples,)
        Labels.
    """

    X: NDArray[Any]
    y: NDArray[Any]
    X_test: NDArray[Any]
    y_test: NDArray[Any]

    def __post_init__(self) -> None:
        for part in ("", "_test"):
            X, y = getattr(self, f"X{part}"), getattr(self, f"y{part}")
            checked = check_array(f"ContinualTask.X{part}", X, shape=(None, None))
            check_array(f"ContinualTask.y{part}", y, shape=(len(checked),))


class TaskSequence(Sequence[ContinualTask]):
    """Tasks that are made when they are asked for, so that only one is in memory.

    Parameters
    ----------
    make : callable
        Takes the number of a task and returns it.
    n_tasks : int
        How many there are.
    """

    def __init__(self, make: Callable[[int], ContinualTask], n_tasks: int) -> None:
        if not callable(make):
            raise TypeError(f"TaskSequence.make: must be a function, got {make!r}")
        self._make = make
        self._n_tasks = check_integer("TaskSequence.n_tasks", n_tasks, minimum=1)

    def __len__(self) -> int:
        return self._n_tasks

    def __getitem__(self, task: Any) -> Any:
        if isinstance(task, slice):
            return [self._make(k) for k in range(*task.indices(self._n_tasks))]
        if not -self._n_tasks <= task < self._n_tasks:
            raise IndexError(f"there are {self._n_tasks} tasks, got {task}")
        return self._make(task % self._n_tasks)

    def __iter__(self) -> Iterator[ContinualTask]:
        return (self._make(k) for k in range(self._n_tasks))


def permuted_tasks(dataset: Dataset, n_tasks: int = 10, seed: int = 0) -> TaskSequence:
    """Return the same images with the pixels shuffled in a way of its own for every task.

    Parameters
    ----------
    dataset : Dataset
        The images; no task shows them unshuffled.
    n_tasks : int, default 10
        Number of tasks.
    seed : int, default 0
        Fixes the permutations.

    Returns
    -------
    TaskSequence

    Examples
    --------
    >>> from bioplastic.datasets import load_digits
    >>> tasks = permuted_tasks(load_digits(), 3)
    >>> len(tasks), tasks[2].X.shape, bool((tasks[0].X == tasks[1].X).all())
    (3, (1437, 64), False)
    """
    _check("permuted_tasks", dataset, n_tasks, seed)

    def make(task: int) -> ContinualTask:
        order = np.random.default_rng([seed, task]).permutation(dataset.X.shape[1])
        X, X_test = dataset.X[:, order], dataset.X_test[:, order]
        return ContinualTask(X, dataset.y, X_test, dataset.y_test)

    return TaskSequence(make, n_tasks)


def split_tasks(dataset: Dataset, n_tasks: int = 5, seed: int = 0) -> TaskSequence:
    """Return tasks with classes of their own.

    Parameters
    ----------
    dataset : Dataset
        The images.
    n_tasks : int, default 5
        Number of tasks; it divides the number of classes.
    seed : int, default 0
        Fixes which classes go together.

    Returns
    -------
    TaskSequence

    Raises
    ------
    ValueError
        If the classes cannot be split evenly, or a task would have a single class.

    Examples
    --------
    >>> from bioplastic.datasets import load_digits
    >>> tasks = split_tasks(load_digits(), 5)
    >>> [len(np.unique(task.y)) for task in tasks]
    [2, 2, 2, 2, 2]
    """
    _check("split_tasks", dataset, n_tasks, seed)
    if dataset.n_classes % n_tasks or dataset.n_classes // n_tasks < 2:
        raise ValueError(
            f"split_tasks.n_tasks: must divide the {dataset.n_classes} classes into groups of at "
            f"least two, got {n_tasks}"
        )
    groups = np.random.default_rng(seed).permutation(dataset.n_classes).reshape(n_tasks, -1)

    def make(task: int) -> ContinualTask:
        train, test = (np.isin(y, groups[task]) for y in (dataset.y, dataset.y_test))
        return ContinualTask(
            dataset.X[train], dataset.y[train], dataset.X_test[test], dataset.y_test[test]
        )

    return TaskSequence(make, n_tasks)


def _check(place: str, dataset: Any, n_tasks: Any, seed: Any) -> None:
    if not isinstance(dataset, Dataset):
        raise TypeError(f"{place}.dataset: must be a Dataset, got {dataset!r:.80}")
    check_integer(f"{place}.n_tasks", n_tasks, minimum=1)
    check_integer(f"{place}.seed", seed, minimum=0)
