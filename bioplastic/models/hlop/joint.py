"""Training on all tasks at once: what continual learning cannot exceed."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from bioplastic.arguments import check_arguments
from bioplastic.checkpoints import RunFolder
from bioplastic.models.hlop.arguments import check_samples
from bioplastic.models.hlop.classifier import ContinualClassifier
from bioplastic.models.hlop.tasks import Task
from bioplastic.models.images import encode_labels

__all__ = ["fit_jointly"]


@check_arguments
def fit_jointly(
    model: ContinualClassifier,
    tasks: Sequence[Task],
    *,
    checkpoints: str | os.PathLike[str] | None = None,
    resume: bool = False,
) -> ContinualClassifier:
    """Train a model on the samples of all tasks in random order.

    Parameters
    ----------
    model : ContinualClassifier
        The model; what it has learned is forgotten. Lateral circuits have nothing to protect, use
        ``projection='none'``.
    tasks : sequence of Task
        The tasks. A shared head is trained on all of them as one task; with a head per task,
        batches of the tasks take turns at random.
    checkpoints : path-like, optional
        Folder that keeps the state, see `bioplastic.checkpoints.RunFolder`: with a shared head and
        one epoch after every ``1/len(tasks)`` of the samples, else at the end.
    resume : bool, default False
        Continue the run that the folder holds; the result is the same, bit for bit.

    Returns
    -------
    ContinualClassifier
        The model, trained. `accuracies_` is one row, the accuracy on every task.

    Raises
    ------
    ValueError
        If the model has lateral circuits, or the folder holds another run.

    Examples
    --------
    >>> from bioplastic.datasets import load_digits
    >>> from bioplastic.models.hlop import permuted_tasks
    >>> model = ContinualClassifier((30,), projection="none", batch_size=20)
    >>> fit_jointly(model, permuted_tasks(load_digits().head(100, 50), 2)).accuracies_.shape
    (1, 2)
    """
    if model.projection != "none":
        raise ValueError(
            f"fit_jointly.model: must have projection 'none', got {model.projection!r}"
        )
    with model.open_run("joint", tasks, checkpoints, resume) as run:
        if model.head == "shared":
            _train_shared(model, tasks, run)
        elif not run.found:
            _train_heads(model, tasks)
            run.save(model, {"parts": 1})
        run.finish()
    scores = [model.score(t.X_test, t.y_test, task=k) for k, t in enumerate(tasks)]
    model.accuracies_ = np.array([scores])
    return model


def _train_shared(model: ContinualClassifier, tasks: Sequence[Task], run: RunFolder) -> None:
    X = np.concatenate([task.X for task in tasks])
    y = np.concatenate([task.y for task in tasks])
    order = np.random.default_rng([model.random_state, 7]).permutation(len(y))
    parts = np.array_split(order, len(tasks) if model.epochs == 1 else 1)
    done = model.n_tasks_ if run.found else 0
    for part in parts[done:]:
        model.fit_task(X[part], y[part], np.unique(y))
        run.save(model, {"parts": model.n_tasks_})


def _train_heads(model: ContinualClassifier, tasks: Sequence[Task]) -> None:
    samples, labels = [], []
    for number, task in enumerate(tasks):
        samples.append(check_samples("fit_jointly.X", task.X))
        classes, found = encode_labels("fit_jointly.y", task.y, len(task.X))
        labels.append(found)
        if number == 0:
            model.start(samples[0], classes)
        model.begin_task(classes)
        model.n_tasks_ += 1
    trainers = [model.trainer_of(number) for number in range(len(tasks))]
    for epoch in range(model.epochs):
        rng = np.random.default_rng([model.random_state, 8, epoch])
        batches = []
        for number, found in enumerate(labels):
            order = rng.permutation(len(found))
            batches += [
                (number, order[k : k + model.batch_size])
                for k in range(0, len(order), model.batch_size)
            ]
        for chosen in rng.permutation(len(batches)):
            number, part = batches[chosen]
            x = model.standardise(samples[number][part])
            trainers[number].step(x, labels[number][part], model.learning_rate)
