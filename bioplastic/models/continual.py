"""Systems that learn one task after another, and what they all have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis.continual import ContinualScores, score_continual
from bioplastic.checkpoints import RunFolder, describe_parameters
from bioplastic.datasets import ContinualTask
from bioplastic.models.base import SpikingClassifier, callback_name
from bioplastic.validation import check_integer

__all__ = ["ContinualLearner"]


class ContinualLearner(SpikingClassifier):
    """Base of systems that learn one task after another.

    A task is learned like the samples of `fit`: its number is the stage that `order` is given,
    `begin_task` comes before and `end_task` after its epochs.

    Attributes
    ----------
    n_tasks_ : int
        Tasks learned.
    task_classes_ : list of array
        Labels of every task.
    accuracies_ : array, shape (n_tasks, n_tasks)
        Row: tasks learned; column: task tested, NaN above the diagonal. Filled by `fit_tasks`.
    notes_ : dict of int to dict of str to array
        By task, what ``after_task`` of `fit_tasks` returned.
    """

    shared_labels: ClassVar[bool] = True
    """Whether all tasks have the same labels. A property may decide it."""
    n_tasks_: int
    task_classes_: list[NDArray[Any]]
    accuracies_: NDArray[np.float64]
    notes_: dict[int, dict[str, NDArray[Any]]]

    def begin_task(self, classes: NDArray[Any]) -> None:
        """Prepare for the task of number ``n_tasks_``."""

    def end_task(self, X: Any, y: Any) -> None:
        """Freeze and consolidate after the epochs of a task; ``n_tasks_`` is still its number."""

    def _begin(self, X: Any, y: Any) -> None:
        self.n_tasks_, self.task_classes_, self.notes_ = 0, [], {}
        self.accuracies_ = np.zeros((0, 0))
        super()._begin(X, y)

    def begin_stage(self, number: int) -> None:
        """Begin the task that `fit` learns."""
        self._begin_task(self.classes_)

    def finish(self, X: Any, y: Any) -> None:
        """End the task that `fit` learned."""
        self._end_task(X, y)

    def _begin_task(self, classes: NDArray[Any]) -> None:
        self.task_classes_.append(classes)
        self.begin_task(classes)

    def _end_task(self, X: Any, y: Any) -> None:
        self.end_task(X, y)
        self.n_tasks_ += 1

    def begin_next_task(self, X: Any, y: Any, classes: Any = None) -> tuple[Any, NDArray[np.int32]]:
        """Check samples and labels of the next task and begin it."""
        self._check_params()
        first = not hasattr(self, "n_seen_")
        samples = self.check_samples(X, first=first)
        fresh = first or not self.shared_labels
        found, labels = self.check_labels(y, len(samples), first=fresh, classes=classes)
        if first:
            self.classes_ = found
            self._begin(samples, labels)
        self._begin_task(found)
        return samples, labels

    def fit_task(self, X: Any, y: Any, classes: Any = None) -> Self:
        """Learn the next task.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.
        y : array_like, shape (n_samples,)
            Labels.
        classes : array_like, optional
            All labels of all tasks; needed with the first task if ``y`` lacks some.

        Returns
        -------
        self
            The model.
        """
        samples, labels = self.begin_next_task(X, y, classes)
        _, epochs = self.stages()[0]
        with self._compiled_once(), self._progress_bar(epochs * len(samples)) as bar:
            bar.set_description(f"task {self.n_tasks_ + 1}")
            for epoch in range(epochs):
                order = self.order(len(samples), self.n_tasks_, epoch)
                for part in self._parts(len(samples), 0, None):
                    self._learn_part(samples, labels, part if order is None else order[part])
                    bar.update(part.stop - part.start)
                if self.end_epoch():
                    break
        self._end_task(samples, labels)
        return self

    def fit_tasks(
        self,
        tasks: Sequence[ContinualTask],
        *,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
        after_task: Callable[[Any, int], Mapping[str, ArrayLike] | None] | None = None,
    ) -> Self:
        """Learn tasks in turn, from scratch, and test all tasks so far after each.

        Parameters
        ----------
        tasks : sequence of ContinualTask
            The tasks, see `bioplastic.datasets.permuted_tasks`.
        checkpoints : path-like, optional
            Folder that keeps the state after every task, see `bioplastic.checkpoints.RunFolder`.
        resume : bool, default False
            Continue the run that the folder holds; the result is the same, bit for bit. There may
            be more tasks than when it began.
        after_task : callable, optional
            Called with the model and the number of the task just learned, before the checkpoint.
            Arrays that it returns by name are kept in ``notes_``.

        Returns
        -------
        self
            The model, ``accuracies_`` filled.
        """
        self._check_params()
        every = np.unique(np.concatenate([np.unique(np.asarray(task.y)) for task in tasks]))
        growing, noted = ("n_tasks", "tasks"), callback_name(after_task)
        with self.open_run("in turn", tasks, checkpoints, resume, growing, after_task=noted) as run:
            for number in range(self.n_tasks_ if run.found else 0, len(tasks)):
                task = tasks[number]
                self.fit_task(task.X, task.y, every if self.shared_labels else None)
                self.record_accuracies(tasks)
                notes = None if after_task is None else after_task(self, number)
                if notes is not None:
                    self.notes_[number] = {name: np.asarray(a) for name, a in notes.items()}
                run.save(self, {"tasks": number + 1})
            run.finish()
        return self

    def fit_jointly(
        self,
        tasks: Sequence[ContinualTask],
        *,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn the samples of all tasks in random order: the bound of continual learning.

        Parameters
        ----------
        tasks : sequence of ContinualTask
            The tasks. With shared labels they are one task; where every task has labels of its own,
            `learn_together` decides. ``random_state`` must be a number.
        checkpoints : path-like, optional
            Folder that keeps the state, see `bioplastic.checkpoints.RunFolder`: with shared labels
            and one epoch after every ``1/len(tasks)`` of the samples, else at the end.
        resume : bool, default False
            Continue the run that the folder holds; the result is the same, bit for bit.

        Returns
        -------
        self
            The model. ``accuracies_`` is one row, the accuracy on every task.
        """
        self._check_params()
        place = f"{type(self).__name__}.random_state"
        seed = check_integer(place, self.random_state, minimum=0)
        with self.open_run("joint", tasks, checkpoints, resume) as run:
            if self.shared_labels:
                X, y = (np.concatenate([getattr(task, name) for task in tasks]) for name in "Xy")
                order = np.random.default_rng([seed, 7]).permutation(len(y))
                n_parts = len(tasks) if self.stages()[0][1] == 1 else 1
                for part in np.array_split(order, n_parts)[self.n_tasks_ if run.found else 0 :]:
                    self.fit_task(X[part], y[part], np.unique(y))
                    run.save(self, {"parts": self.n_tasks_})
            elif not run.found:
                known = []
                for task in tasks:
                    known.append(self.begin_next_task(task.X, task.y))
                    self.n_tasks_ += 1
                self.learn_together(known)
                run.save(self, {"parts": 1})
            run.finish()
        scores = [self.score(t.X_test, t.y_test, task=k) for k, t in enumerate(tasks)]
        self.accuracies_ = np.array([scores])
        return self

    def learn_together(self, tasks: Sequence[tuple[Any, NDArray[np.int32]]]) -> None:
        """Learn samples and labels of tasks that have begun, each with labels of its own."""
        raise NotImplementedError(f"{type(self).__name__}.learn_together: must be defined")

    def open_run(
        self,
        training: str,
        tasks: Sequence[ContinualTask],
        folder: str | os.PathLike[str] | None,
        resume: bool,
        growing: tuple[str, ...] = (),
        **further: Any,
    ) -> RunFolder:
        """Forget everything, open the folder of a training, take over what was learned there."""
        about = {"class": type(self).__name__, **self.get_params(deep=False), "progress": None}
        about |= {"training": training, "n_tasks": len(tasks), **further}
        if not isinstance(self.random_state, int | None):
            about["random_state"] = type(self.random_state).__name__
        if folder is not None:
            about["tasks"] = {str(k): describe_parameters(vars(t)) for k, t in enumerate(tasks)}
        run = RunFolder(folder, about, resume=resume, growing=growing)
        self.__dict__.pop("n_seen_", None)
        run.adopt(self)
        return run

    def record_accuracies(self, tasks: Sequence[ContinualTask]) -> Self:
        """Test every task learned so far and store the accuracies in the last row.

        Parameters
        ----------
        tasks : sequence of ContinualTask
            At least the tasks learned, in order.
        """
        check_is_fitted(self, "n_seen_")
        n = self.n_tasks_
        matrix = np.full((n, n), np.nan)
        old = self.accuracies_[: n - 1, : n - 1]
        matrix[: len(old), : len(old)] = old
        for number, task in enumerate(tasks[:n]):
            matrix[n - 1, number] = self.score(task.X_test, task.y_test, task=number)
        self.accuracies_ = matrix
        return self

    def continual_scores(self) -> ContinualScores:
        """Return mean accuracy, backward transfer, forgetting and learning of ``accuracies_``."""
        check_is_fitted(self, "n_seen_")
        return score_continual(self.accuracies_)

    def predict(self, X: ArrayLike, task: int | None = None) -> NDArray[Any]:
        """Return labels, shape (n_samples,).

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.
        task : int, optional
            Number of the task, from 0, where every task has labels of its own.
        """
        if self.shared_labels:
            return super().predict(X)
        if task is None or not 0 <= task < len(self.task_classes_):
            raise ValueError(
                f"{type(self).__name__}.task: must be the number of a learned task, from 0 to "
                f"{len(self.task_classes_) - 1}, with labels of its own, got {task}"
            )
        chosen: NDArray[Any] = self.task_classes_[task][self.task_scores(X, task).argmax(axis=1)]
        return chosen

    def task_scores(self, X: Any, task: int) -> NDArray[Any]:
        """Return what each class of a task gets for each sample, where tasks differ in labels."""
        raise NotImplementedError(f"{type(self).__name__}.task_scores: must be defined")

    def score(
        self, X: ArrayLike, y: ArrayLike, sample_weight: Any = None, *, task: int | None = None
    ) -> float:
        """Return the accuracy; ``task`` as for `predict`."""
        right = self.predict(X, task) == np.asarray(y)
        return float(np.average(right, weights=sample_weight))
