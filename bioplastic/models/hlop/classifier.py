"""Continual learning of one task after another (Xiao et al. 2024)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from bioplastic.analysis.continual import ContinualScores, score_continual
from bioplastic.models.hlop.arguments import check_arguments, check_samples
from bioplastic.models.hlop.backend import LayeredNetwork
from bioplastic.models.hlop.consolidation import Consolidation
from bioplastic.models.hlop.parameters import HLOPParameters, subspace_schedule
from bioplastic.models.hlop.storage import ContinualStorage
from bioplastic.models.hlop.tasks import Task
from bioplastic.models.hlop.training import BatchTrainer, initial_weights
from bioplastic.models.images import encode_labels
from bioplastic.plasticity.subspace_learner import SubspaceLearner

__all__ = ["ContinualClassifier"]

Array = NDArray[np.float32]
_CHUNK = 1000  # samples per forward pass at inference


class ContinualClassifier(ContinualStorage, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
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

    weights_: list[Array]
    heads_: list[Array]
    circuits_: list[SubspaceLearner]
    feedback_: list[list[Array]]
    consolidation_: Consolidation | None
    memory_: list[tuple[Array, NDArray[np.int32]]]
    task_classes_: list[NDArray[Any]]
    accuracies_: NDArray[np.float64]
    n_tasks_: int

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
        checkpoint: str | Path | None = None,
        after_task: Callable[[ContinualClassifier, int], None] | None = None,
    ) -> ContinualClassifier:
        """Learn tasks in turn and test all tasks so far after each.

        Parameters
        ----------
        tasks : sequence of Task
            The tasks.
        checkpoint : path, optional
            File written after every task. If it exists and holds a model with the same arguments,
            learning goes on from there, with the same result to the bit.
        after_task : callable, optional
            Called with the model and the number of the task just learned, before the checkpoint.

        Returns
        -------
        ContinualClassifier
            The model itself, `accuracies_` filled.
        """
        check_arguments(self)
        path = None if checkpoint is None else Path(checkpoint)
        if path is not None and path.exists():
            self.resume(path)
        elif hasattr(self, "weights_"):
            del self.weights_
        done = getattr(self, "n_tasks_", 0) if hasattr(self, "weights_") else 0
        every = None
        if self.head == "shared":
            every = np.unique(np.concatenate([np.unique(task.y) for task in tasks]))
        for number in range(done, len(tasks)):
            task = tasks[number]
            self.fit_task(task.X, task.y, every)
            self.record_accuracies(tasks)
            if after_task is not None:
                after_task(self, number)
            if path is not None:
                self.save(path)
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

    def head_number(self, task: int | None) -> int:
        if self.head == "shared":
            return 0
        if task is None or not 0 <= task < len(self.heads_):
            raise ValueError(
                "ContinualClassifier.task: must be the number of a learned task, from 0 to "
                f"{len(self.heads_) - 1}, with a head per task, got {task}"
            )
        return task

    # ---- one task --------------------------------------------------------------------------------

    @property
    def constants_(self) -> HLOPParameters:
        """The constants in use."""
        if self.parameters is not None:
            return self.parameters
        # one sample at a time: as fast per sample, and stable for single images of many pixels
        online = HLOPParameters(eta_subspace=0.001, hebbian_steps=1)
        return online if self.batch_size == 1 else HLOPParameters()

    @property
    def runs_online_(self) -> bool:
        """Whether learning runs on the engine."""
        possible = self.trainer == "ottt" and self.subspace_data == "traces" and self.ewc == 0
        return self.backend == "engine" or (
            self.backend == "auto" and self.batch_size == 1 and possible
        )

    def _rng(self, *key: int) -> np.random.Generator:
        return np.random.default_rng([self.random_state, *key])

    def standardise(self, samples: NDArray[Any]) -> Array:
        return ((samples - np.float32(self.centre_)) * np.float32(1 / self.spread_)).astype(
            np.float32
        )

    def _sizes(self) -> tuple[int, ...]:
        return (self.n_features_in_, *self.hidden)

    def network_of(self, head: int) -> LayeredNetwork:
        """Return the network with its buffers, one per number of outputs."""
        cache: dict[Any, LayeredNetwork] = self.__dict__.setdefault("_networks", {})
        sizes = (*self._sizes(), self.heads_[head].shape[1])
        key = (sizes, self.constants_, self.trainer)
        if key not in cache:
            cache[key] = LayeredNetwork(sizes, self.constants_, through_time=self.trainer == "bptt")
        return cache[key]

    def start(self, samples: NDArray[Any], classes: NDArray[Any]) -> None:
        p = self.constants_
        self.n_features_in_ = samples.shape[1]
        self.classes_ = classes
        self.centre_ = float(samples.mean(dtype=np.float64))
        self.spread_ = float(samples.std(dtype=np.float64)) or 1.0
        sizes = self._sizes()
        rng = self._rng(0)
        self.weights_ = [initial_weights(rng, *pair) for pair in itertools.pairwise(sizes)]
        self.heads_, self.feedback_, self.task_classes_, self.memory_ = [], [], [], []
        protected = sizes if self.head == "shared" else sizes[:-1]
        self.circuits_ = [
            SubspaceLearner(
                n,
                eta=p.eta_input if layer == 0 and p.eta_input is not None else p.eta_subspace,
                momentum=p.momentum,
                clip=p.clip,
                steps=p.hebbian_steps,
                burst_steps=self.lateral_steps if self.laterals == "spiking" else None,
                burst_scale=p.burst_scale,
            )
            for layer, n in enumerate(protected if self.projection == "hebbian" else ())
        ]
        self.consolidation_ = None
        self.n_tasks_ = 0
        self.accuracies_ = np.zeros((0, 0))

    def begin_task(self, classes: NDArray[Any]) -> None:
        task = self.n_tasks_
        if self.head == "per_task" or task == 0:
            rng = self._rng(1, task)
            n_in, n_out = self._sizes()[-1], len(classes)
            head = initial_weights(rng, n_in, n_out)
            if self.head == "per_task":
                head = rng.normal(0, 0.01, size=head.shape).astype(np.float32)
            self.heads_.append(head)
            self.task_classes_.append(classes)
            self.feedback_.append(self._draw_feedback(task, n_out))
        if self.circuits_:
            grown = subspace_schedule(
                self.subspace_sizes,
                task,
                [circuit.n_inputs for circuit in self.circuits_],
                [circuit.n_rows for circuit in self.circuits_],
            )
            rng = self._rng(2, task)
            for circuit, number in zip(self.circuits_, grown, strict=True):
                circuit.grow(number, rng)

    def _draw_feedback(self, task: int, n_out: int) -> list[Array]:
        """Return fixed feedback: between hidden layers the same for all heads."""
        above = [*self.hidden[1:], n_out]
        if self.feedback == "direct":
            above = [n_out] * len(self.hidden)
        drawn = []
        for layer, (n_low, n_high) in enumerate(zip(self.hidden, above, strict=True)):
            own = task if n_high == n_out and layer + 1 >= len(self.hidden) else 0
            drawn.append(initial_weights(self._rng(3, layer, own), n_low, n_high).T.copy())
        return drawn if self.feedback in ("random", "direct") else []

    def trainer_of(self, head: int) -> BatchTrainer:
        return BatchTrainer(
            self.network_of(head),
            [*self.weights_, self.heads_[head]],
            self.circuits_,
            self.feedback,
            self.feedback_[head],
            self.subspace_data,
        )

    def _train(self, samples: NDArray[Any], labels: NDArray[np.int32], epoch: int) -> None:
        task = self.n_tasks_
        order = self._rng(4, task, epoch).permutation(len(samples))
        if self.runs_online_:
            self._train_online(samples[order], labels[order])
            return
        trainer = self.trainer_of(len(self.heads_) - 1)
        pull = self.consolidation_.pull if self.consolidation_ is not None else None
        title = f"task {task + 1}, epoch {epoch + 1}/{self.epochs}"
        with tqdm(total=len(order), desc=title, unit="img", disable=not self.progress) as bar:
            for start in range(0, len(order), self.batch_size):
                part = order[start : start + self.batch_size]
                x = self.standardise(samples[part])
                trainer.step(x, labels[part], self.learning_rate, pull=pull)
                bar.update(len(part))

    def _train_online(self, samples: NDArray[Any], labels: NDArray[np.int32]) -> None:
        from bioplastic.models.hlop.online import OnlineTrainer

        weights = [*self.weights_, self.heads_[-1]]
        trainer = OnlineTrainer(
            weights, self.circuits_, self.feedback, self.feedback_[-1], self.constants_
        )
        with tqdm(total=len(labels), unit="img", disable=not self.progress) as bar:
            for start in range(0, len(labels), _CHUNK):
                part = slice(start, start + _CHUNK)
                trainer.train(self.standardise(samples[part]), labels[part], self.learning_rate)
                bar.update(len(labels[part]))

    def _end_task(self, samples: NDArray[Any], labels: NDArray[np.int32]) -> None:
        for circuit in self.circuits_:
            circuit.freeze()
        if self.ewc > 0:
            self._consolidate(samples, labels)
        self.n_tasks_ += 1
        if self.replay:
            chosen = np.concatenate(
                [np.flatnonzero(labels == k)[: self.replay] for k in np.unique(labels)]
            )
            self.memory_.append((samples[chosen].copy(), labels[chosen].copy()))
            if self.n_tasks_ > 1:
                self._replay()

    def _consolidate(self, samples: NDArray[Any], labels: NDArray[np.int32]) -> None:
        trainer = self.trainer_of(len(self.heads_) - 1)
        if self.consolidation_ is None:
            pulled = trainer.weights if self.head == "shared" else self.weights_
            self.consolidation_ = Consolidation(self.ewc, [w.shape for w in pulled])
        size = min(self.fisher_samples, len(samples))
        chosen = self._rng(5, self.n_tasks_).choice(len(samples), size, replace=False)
        self.consolidation_.remember(trainer, self.standardise(samples[chosen]), labels[chosen])

    def _replay(self) -> None:
        """Show what was kept of all tasks, one batch of each at a time, without projection."""
        trainers = [self.trainer_of(self.head_number(k)) for k in range(self.n_tasks_)]
        for trainer in trainers:
            trainer.circuits = []
        batch = max(self.batch_size, 50)
        longest = max(len(labels) for _, labels in self.memory_)
        for epoch in range(self.replay_epochs):
            orders = [
                self._rng(6, self.n_tasks_, epoch, k).permutation(len(labels))
                for k, (_, labels) in enumerate(self.memory_)
            ]
            for start in range(0, longest, batch):
                before = [w.copy() for w in self.weights_] + [h.copy() for h in self.heads_]
                total = [np.zeros_like(w) for w in before]
                for k, (samples, labels) in enumerate(self.memory_):
                    part = orders[k][start : start + batch]
                    if part.size == 0:
                        continue
                    trainers[k].step(
                        self.standardise(samples[part]), labels[part], self.replay_learning_rate
                    )
                    for now, old, change in zip(
                        [*self.weights_, *self.heads_], before, total, strict=True
                    ):
                        change += now - old
                        now[...] = old
                for now, change in zip([*self.weights_, *self.heads_], total, strict=True):
                    now += change
