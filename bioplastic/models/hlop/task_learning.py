"""How the continual classifier learns one task."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from bioplastic.models.hlop.backend import LayeredNetwork
from bioplastic.models.hlop.consolidation import Consolidation
from bioplastic.models.hlop.parameters import HLOPParameters, subspace_schedule
from bioplastic.models.hlop.training import BatchTrainer, initial_weights
from bioplastic.plasticity.subspace_learner import SubspaceLearner

__all__ = ["TaskLearning"]

Array = NDArray[np.float32]
_CHUNK = 1000  # samples per call of the engine


class TaskLearning:
    """Growing, training, freezing and replay of the continual classifier."""

    hidden: Sequence[int]
    trainer: str
    feedback: str
    projection: str
    laterals: str
    lateral_steps: int
    subspace_sizes: Sequence[Sequence[int]]
    subspace_data: str
    head: str
    batch_size: int
    epochs: int
    learning_rate: float
    replay: int
    replay_epochs: int
    replay_learning_rate: float
    ewc: float
    fisher_samples: int
    parameters: HLOPParameters | None
    backend: str
    random_state: int
    progress: bool

    classes_: NDArray[Any]
    n_features_in_: int
    centre_: float
    spread_: float
    weights_: list[Array]
    heads_: list[Array]
    circuits_: list[SubspaceLearner]
    feedback_: list[list[Array]]
    consolidation_: Consolidation | None
    memory_: list[tuple[Array, NDArray[np.int32]]]
    task_classes_: list[NDArray[Any]]
    accuracies_: NDArray[np.float64]
    notes_: dict[int, dict[str, NDArray[Any]]]
    n_tasks_: int

    def head_number(self, task: int | None) -> int:
        if self.head == "shared":
            return 0
        if task is None or not 0 <= task < len(self.heads_):
            raise ValueError(
                "ContinualClassifier.task: must be the number of a learned task, from 0 to "
                f"{len(self.heads_) - 1}, with a head per task, got {task}"
            )
        return task

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
            self.make_circuit(layer, n)
            for layer, n in enumerate(protected if self.projection == "hebbian" else ())
        ]
        self.consolidation_ = None
        self.n_tasks_ = 0
        self.accuracies_ = np.zeros((0, 0))
        self.notes_ = {}

    def make_circuit(self, layer: int, n_inputs: int) -> SubspaceLearner:
        """Return the lateral circuit of a layer before it has learned anything."""
        p = self.constants_
        return SubspaceLearner(
            n_inputs,
            eta=p.eta_input if layer == 0 and p.eta_input is not None else p.eta_subspace,
            momentum=p.momentum,
            clip=p.clip,
            steps=p.hebbian_steps,
            burst_steps=self.lateral_steps if self.laterals == "spiking" else None,
            burst_scale=p.burst_scale,
        )

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
