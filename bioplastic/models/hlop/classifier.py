"""Continual learning of one task after another (Xiao et al. 2024)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis.continual import ContinualScores, score_continual
from bioplastic.models.hlop.arguments import check_arguments, check_samples
from bioplastic.models.hlop.parameters import HLOPParameters
from bioplastic.models.hlop.storage import ContinualStorage
from bioplastic.models.hlop.task_learning import TaskLearning
from bioplastic.models.hlop.tasks import Task
from bioplastic.models.images import encode_labels

__all__ = ["ContinualClassifier"]

_CHUNK = 1000  # samples per forward pass at inference


class ContinualClassifier(TaskLearning, ContinualStorage, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Spiking classifier that learns tasks one after another without forgetting.

    Every layer learns from presynaptic trace, surrogate derivative and fed-back error. Beside every
    layer, subspace neurons learn the principal subspace of its presynaptic traces by Hebbian and
    anti-Hebbian plasticity. In later tasks, weights change with what the subspaces of earlier tasks
    leave of the trace only, so that the responses to earlier tasks stay as they are. Inference does
    not use the lateral circuits.

    Parameters
    ----------
    hidden : sequence of int, default (300, 300)
        Sizes of the hidden layers.
    trainer : {'ottt', 'bptt'}, default 'ottt'
        ``'ottt'``: traces run forward with the spikes, every time step has its own error; local in
        time. ``'bptt'``: the surrogate gradient through time, which is not.
    feedback : {'transpose', 'random', 'sign', 'direct'}, default 'transpose'
        How errors reach hidden layers, see `bioplastic.models.hlop.training.feedback_weights`. Only
        ``'random'`` and ``'direct'`` need no knowledge of forward weights.
    projection : {'hebbian', 'none'}, default 'hebbian'
        Whether there are lateral circuits.
    laterals : {'linear', 'spiking'}, default 'linear'
        Whether lateral neurons respond in proportion, or by bursts.
    lateral_steps : int, default 40
        Time steps of a burst.
    subspace_sizes : sequence of sequence of int, default ((25, 90, 60), (7, 35, 35))
        Lateral neurons recruited per task and layer; later tasks get the last entry. No layer gets
        more than it has inputs.
    subspace_data : {'traces', 'both'}, default 'traces'
        What lateral circuits of hidden layers learn from with ``'ottt'``: presynaptic traces, or
        spikes and traces as published.
    head : {'shared', 'per_task'}, default 'shared'
        One read-out for all tasks, protected as every other layer, or one for every task.
    batch_size : int, default 1
        Samples per update. One at a time is online learning on the engine, with one update of the
        lateral circuits per time step; more is the published protocol, which averages updates.
    epochs : int, default 1
        Passes through the samples of a task.
    learning_rate : float, default 0.1
        Step size.
    replay : int, default 0
        Samples per class that are kept of every task and shown again after later ones.
    replay_epochs : int, default 1
        Passes through them.
    replay_learning_rate : float, default 0.01
        Step size of replay, which is not projected.
    ewc : float, default 0
        Strength of elastic weight consolidation, see
        `bioplastic.models.hlop.consolidation.Consolidation`.
    fisher_samples : int, default 200
        Samples per task that it estimates importance from.
    parameters : HLOPParameters, optional
        Constants of neurons and lateral circuits. Default: the published ones for batches, with
        ``eta_subspace=0.001`` and ``hebbian_steps=1`` for single samples.
    backend : {'auto', 'engine', 'numpy'}, default 'auto'
        Where learning runs: on the engine, network compiled from equation strings, or on NumPy in
        batches. ``'auto'``: the engine for ``batch_size=1``, ``'ottt'`` and ``'traces'`` without
        consolidation, else NumPy.
    random_state : int, default 0
        Fixes weights, lateral weights and the order of samples.
    progress : bool, default False
        Show a progress bar per task.

    Attributes
    ----------
    classes_ : array
        Labels of the shared head in sorted order.
    weights_ : list of array
        Weights of the hidden layers, shape ``(n_in, n_out)``.
    heads_ : list of array
        Weights of the read-outs.
    circuits_ : list of SubspaceLearner
        Lateral circuits, one per protected layer.
    n_tasks_ : int
        Tasks learned.
    accuracies_ : array, shape (n_tasks, n_tasks)
        Row: tasks learned; column: task tested, NaN above the diagonal. Filled by `fit_tasks`.
    notes_ : dict of int to dict of str to array
        By task, what ``after_task`` of `fit_tasks` returned.
    centre_, spread_ : float
        Mean and standard deviation of all values of the first task; inputs are standardised by
        these two numbers.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or arguments exclude each other.

    References
    ----------
    Xiao, Meng, Zhang, He & Lin (2024), Hebbian learning based orthogonal projection for continual
    learning of spiking neural networks, ICLR, arXiv 2402.11984. Online training through time: Xiao
    et al. (2022), arXiv 2210.04195.

    Examples
    --------
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.models.hlop import permuted_tasks
    >>> tasks = permuted_tasks(load_digits().head(200, 50), 2)
    >>> model = ContinualClassifier((50,), subspace_sizes=[(10, 20), (5, 10)], batch_size=20)
    >>> model.fit_tasks(tasks).accuracies_.shape
    (2, 2)
    """

    def __init__(
        self,
        hidden: Sequence[int] = (300, 300),
        *,
        trainer: str = "ottt",
        feedback: str = "transpose",
        projection: str = "hebbian",
        laterals: str = "linear",
        lateral_steps: int = 40,
        subspace_sizes: Sequence[Sequence[int]] = ((25, 90, 60), (7, 35, 35)),
        subspace_data: str = "traces",
        head: str = "shared",
        batch_size: int = 1,
        epochs: int = 1,
        learning_rate: float = 0.1,
        replay: int = 0,
        replay_epochs: int = 1,
        replay_learning_rate: float = 0.01,
        ewc: float = 0.0,
        fisher_samples: int = 200,
        parameters: HLOPParameters | None = None,
        backend: str = "auto",
        random_state: int = 0,
        progress: bool = False,
    ) -> None:
        self.hidden = hidden
        self.trainer = trainer
        self.feedback = feedback
        self.projection = projection
        self.laterals = laterals
        self.lateral_steps = lateral_steps
        self.subspace_sizes = subspace_sizes
        self.subspace_data = subspace_data
        self.head = head
        self.batch_size = batch_size
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.replay = replay
        self.replay_epochs = replay_epochs
        self.replay_learning_rate = replay_learning_rate
        self.ewc = ewc
        self.fisher_samples = fisher_samples
        self.parameters = parameters
        self.backend = backend
        self.random_state = random_state
        self.progress = progress

    # ---- learning --------------------------------------------------------------------------------

    def fit(self, X: ArrayLike, y: ArrayLike) -> ContinualClassifier:
        """Forget everything and learn one task, see `fit_task`."""
        if hasattr(self, "weights_"):
            del self.weights_
        return self.fit_task(X, y)

    def fit_task(
        self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None
    ) -> ContinualClassifier:
        """Learn the next task.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples, of any scale.
        y : array_like, shape (n_samples,)
            Labels.
        classes : array_like, optional
            All labels of the shared head; needed with the first task if ``y`` lacks some.

        Returns
        -------
        ContinualClassifier
            The model itself.
        """
        check_arguments(self)
        first = not hasattr(self, "weights_")
        samples = check_samples("ContinualClassifier.X", X, None if first else self.n_features_in_)
        known = None if classes is None else np.unique(np.asarray(classes))
        if not first and self.head == "shared":
            known = self.classes_
        found, labels = encode_labels("ContinualClassifier.y", y, len(samples), known)
        if first:
            self.start(samples, found)
        self.begin_task(found)
        for epoch in range(self.epochs):
            self._train(samples, labels, epoch)
        self._end_task(samples, labels)
        return self

    def fit_tasks(
        self,
        tasks: Sequence[Task],
        *,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
        after_task: Callable[[ContinualClassifier, int], Mapping[str, ArrayLike] | None]
        | None = None,
    ) -> ContinualClassifier:
        """Learn tasks in turn and test all tasks so far after each.

        Parameters
        ----------
        tasks : sequence of Task
            The tasks.
        checkpoints : path-like, optional
            Folder that keeps the state after every task, see `bioplastic.checkpoints.RunFolder`.
        resume : bool, default False
            Continue the run that the folder holds; the result is the same, bit for bit. There may
            be more tasks than when it began.
        after_task : callable, optional
            Called with the model and the number of the task just learned, before the checkpoint.
            Arrays that it returns by name are kept in `notes_`, and with the model on disk.

        Returns
        -------
        ContinualClassifier
            The model itself, `accuracies_` filled.
        """
        check_arguments(self)
        every = None
        if self.head == "shared":
            every = np.unique(np.concatenate([np.unique(task.y) for task in tasks]))
        noted = None
        if after_task is not None:
            noted = str(getattr(after_task, "__qualname__", type(after_task).__name__))
        growing = ("n_tasks", "tasks")
        with self.open_run("in turn", tasks, checkpoints, resume, growing, after_task=noted) as run:
            for number in range(self.n_tasks_ if run.found else 0, len(tasks)):
                task = tasks[number]
                self.fit_task(task.X, task.y, every)
                self.record_accuracies(tasks)
                notes = None if after_task is None else after_task(self, number)
                if notes is not None:
                    self.notes_[number] = {name: np.asarray(a) for name, a in notes.items()}
                run.save(self, {"tasks": number + 1})
            run.finish()
        return self

    def record_accuracies(self, tasks: Sequence[Task]) -> ContinualClassifier:
        """Test every task learned so far and store the accuracies in the last row.

        Parameters
        ----------
        tasks : sequence of Task
            At least the tasks learned, in order.
        """
        check_is_fitted(self, "weights_")
        n = self.n_tasks_
        matrix = np.full((n, n), np.nan)
        old = self.accuracies_[: n - 1, : n - 1]
        matrix[: len(old), : len(old)] = old
        for number in range(n):
            task = tasks[number]
            matrix[n - 1, number] = self.score(task.X_test, task.y_test, task=number)
        self.accuracies_ = matrix
        return self

    def continual_scores(self) -> ContinualScores:
        """Return mean accuracy, backward transfer, forgetting and learning of `accuracies_`."""
        check_is_fitted(self, "weights_")
        return score_continual(self.accuracies_)

    # ---- inference -------------------------------------------------------------------------------

    def predict(self, X: ArrayLike, task: int | None = None) -> NDArray[Any]:
        """Return labels, shape (n_samples,).

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.
        task : int, optional
            Number of the task, from 0; needed with a head per task, without effect otherwise.
        """
        check_is_fitted(self, "weights_")
        samples = check_samples("ContinualClassifier.X", X, self.n_features_in_)
        number = self.head_number(task)
        network, weights = self.network_of(number), [*self.weights_, self.heads_[number]]
        found = [
            network.forward(self.standardise(samples[k : k + _CHUNK]), weights)
            .sum(axis=0)
            .argmax(axis=1)
            for k in range(0, len(samples), _CHUNK)
        ]
        return np.asarray(self.task_classes_[number][np.concatenate(found)])

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: Any = None, *, task: int | None = None
    ) -> float:
        """Return the accuracy; ``task`` as for `predict`."""
        right = self.predict(X, task) == np.asarray(y)
        return float(np.average(right, weights=sample_weight))
