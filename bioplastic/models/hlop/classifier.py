"""Continual learning of one task after another (Xiao et al. 2024)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bioplastic.datasets import ContinualTask
from bioplastic.engine import NetworkSpec
from bioplastic.fields import param
from bioplastic.models.continual import ContinualLearner
from bioplastic.models.hlop.batches import BatchTrainer, Consolidation, LayeredNetwork
from bioplastic.models.hlop.network import (
    TIME_STEP,
    HLOPParameters,
    OnlineTrainer,
    initial_weights,
    online_network,
)
from bioplastic.plasticity.subspace_learner import SubspaceLearner
from bioplastic.validation import check_integer

__all__ = ["ContinualClassifier", "published_subspace_sizes"]

Array = NDArray[np.float32]
_CHUNK = 1000  # samples per forward pass at inference, and per call of the engine


def published_subspace_sizes(task: int) -> tuple[int, int, int]:
    """Return how many subspace neurons the three layers get for a task of permuted MNIST.

    Parameters
    ----------
    task : int
        Number of the task, from 0; the published protocol has ten, later ones get the number of
        the tenth.

    Examples
    --------
    >>> published_subspace_sizes(0), published_subspace_sizes(1), published_subspace_sizes(9)
    ((80, 200, 100), (70, 70, 70), (10, 10, 10))
    """
    check_integer("published_subspace_sizes.task", task, minimum=0)
    size = 70 if task < 3 else 50 if task < 6 else 30 if task < 9 else 10
    return (size, size, size) if task else (80, 200, 100)


class ContinualClassifier(ContinualLearner, without=("dtype",)):
    """Spiking classifier that learns tasks one after another without forgetting.

    Every layer learns from presynaptic trace, surrogate derivative and fed-back error. Beside every
    layer, subspace neurons learn the principal subspace of its presynaptic traces by Hebbian and
    anti-Hebbian plasticity. In later tasks, weights change with what the subspaces of earlier tasks
    leave of the trace only, so that the responses to earlier tasks stay as they are. Inference does
    not use the lateral circuits.

    Samples may have any scale. `partial_fit` learns the first task, standardises inputs by the
    samples of its first call, and ends a batch, as ``watch_every`` of `fit` does: give multiples of
    ``batch_size``.

    Attributes
    ----------
    classes_ : array
        Labels of the first task, or of all with a shared head, in sorted order.
    weights_ : list of array
        Weights of the hidden layers, shape ``(n_in, n_out)``.
    heads_ : list of array
        Weights of the read-outs.
    circuits_ : list of SubspaceLearner
        Lateral circuits, one per protected layer.
    centre_, spread_ : float
        Mean and standard deviation of all values of the first task; inputs are standardised by
        these two numbers.
    n_tasks_, task_classes_, accuracies_, notes_
        See `bioplastic.models.continual.ContinualLearner`.

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
    >>> from bioplastic.datasets import load_digits, permuted_tasks
    >>> tasks = permuted_tasks(load_digits().head(200, 50), 2)
    >>> model = ContinualClassifier((50,), subspace_sizes=[(10, 20), (5, 10)], batch_size=20)
    >>> model.fit_tasks(tasks).accuracies_.shape
    (2, 2)
    """

    dt = TIME_STEP
    stored = (SubspaceLearner, Consolidation)

    hidden: Sequence[int] = param((300, 300), minimum=1, doc="sizes of the hidden layers")
    trainer: str = param("ottt", choices=("ottt", "bptt"), doc="``'ottt'``: traces run forward "
        "with the spikes, every time step has its own error; local in time. ``'bptt'``: the "
        "surrogate gradient through time, which is not")  # fmt: skip
    feedback: str = param("transpose", choices=("transpose", "random", "sign", "direct"),
        doc="how errors reach hidden layers, see `bioplastic.models.hlop.network.feedback_weights`."
        " Only ``'random'`` and ``'direct'`` need no knowledge of forward weights")  # fmt: skip
    projection: str = param(
        "hebbian", choices=("hebbian", "none"), doc="whether there are lateral circuits"
    )
    laterals: str = param("linear", choices=("linear", "spiking"), doc="whether lateral neurons "
        "respond in proportion, or by bursts")  # fmt: skip
    lateral_steps: int = param(40, minimum=1, doc="time steps of a burst")
    subspace_sizes: Sequence[Sequence[int]] = param(((25, 90, 60), (7, 35, 35)), minimum=0,
        doc="lateral neurons recruited per task and layer; later tasks get the last entry. No "
        "layer gets more than it has inputs")  # fmt: skip
    subspace_data: str = param("traces", choices=("traces", "both"), doc="what lateral circuits of "
        "hidden layers learn from with ``'ottt'``: presynaptic traces, or spikes and traces as "
        "published")  # fmt: skip
    head: str = param("shared", choices=("shared", "per_task"), doc="one read-out for all tasks, "
        "protected as every other layer, or one for every task")  # fmt: skip
    batch_size: int = param(1, minimum=1, doc="samples per update. One at a time is online "
        "learning on the engine, with one update of the lateral circuits per time step; more is "
        "the published protocol, which averages updates")  # fmt: skip
    epochs: int = param(1, minimum=1, doc="passes through the samples of a task")
    learning_rate: float = param(0.1, minimum=0, doc="step size")
    replay: int = param(0, minimum=0, doc="samples per class that are kept of every task and shown "
        "again after later ones")  # fmt: skip
    replay_epochs: int = param(1, minimum=1, doc="passes through them")
    replay_learning_rate: float = param(
        0.01, minimum=0, doc="step size of replay, which is not projected"
    )
    ewc: float = param(0.0, minimum=0, doc="strength of elastic weight consolidation, see "
        "`bioplastic.models.hlop.Consolidation`")  # fmt: skip
    fisher_samples: int = param(
        200, minimum=1, doc="samples per task that it estimates importance from"
    )
    parameters: HLOPParameters | None = param(None, doc="constants of neurons and lateral "
        "circuits. Default: the published ones for batches, with ``eta_subspace=0.001`` and "
        "``hebbian_steps=1`` for single samples")  # fmt: skip
    backend: str = param("auto", choices=("auto", "engine", "numpy"), doc="where learning runs: on "
        "the engine, network compiled from equation strings, or on NumPy in batches. ``'auto'``: "
        "the engine for ``batch_size=1``, ``'ottt'`` and ``'traces'`` without consolidation, else "
        "NumPy")  # fmt: skip

    weights_: list[Array]
    heads_: list[Array]
    circuits_: list[SubspaceLearner]
    feedback_: list[list[Array]]
    consolidation_: Consolidation | None
    memory_: list[tuple[Array, NDArray[np.int32]]]
    centre_: float
    spread_: float

    def combined_checks(self) -> None:
        """Refuse sizes that miss a layer, and what the engine cannot do."""
        place = type(self).__name__
        if len(self.hidden) == 0:
            raise ValueError(f"{place}.hidden: must hold at least one size, got {self.hidden!r}")
        if self.projection == "hebbian":
            layers = len(self.hidden) + (self.head == "shared")
            if not len(self.subspace_sizes):
                raise ValueError(
                    f"{place}.subspace_sizes: must hold the sizes of at least one task"
                )
            for sizes in self.subspace_sizes:
                if len(sizes) < layers:
                    raise ValueError(
                        f"{place}.subspace_sizes: must have {layers} sizes per task, got {sizes!r}"
                    )
        needed = {"batch_size": 1, "trainer": "ottt", "subspace_data": "traces", "ewc": 0}
        for name, wanted in needed.items() if self.backend == "engine" else ():
            if (given := getattr(self, name)) != wanted:
                raise ValueError(
                    f"{place}.backend: 'engine' needs {name}={wanted!r}, got {given!r}"
                )

    # ---- what follows from the parameters --------------------------------------------------------

    @property
    def shared_labels(self) -> bool:  # type: ignore[override]
        """Whether all tasks have the same labels, and one read-out."""
        return self.head == "shared"

    @property
    def chunk(self) -> int:  # type: ignore[override]
        """Samples that `learn` gets at once: whole batches."""
        return self.batch_size * max(1, _CHUNK // self.batch_size)

    @property
    def constants_(self) -> HLOPParameters:
        """The constants in use."""
        # one sample at a time: as fast per sample, and stable for single images of many pixels
        online = {"eta_subspace": 0.001, "hebbian_steps": 1} if self.batch_size == 1 else {}
        return self.parameters or HLOPParameters(**online)

    @property
    def runs_online_(self) -> bool:
        """Whether learning runs on the engine."""
        possible = self.batch_size == 1 and self.trainer == "ottt" and self.ewc == 0
        possible &= self.subspace_data == "traces"
        return self.backend == "engine" or (self.backend == "auto" and possible)

    def network(self, kind: str) -> NetworkSpec:
        """Return the network of the present task, as it learns one sample at a time."""
        weights = [*self.weights_, self.heads_[-1]]
        return online_network(weights, self.circuits_, self.feedback, self.constants_)

    def network_of(self, head: int) -> LayeredNetwork:
        """Return the network for batches with its buffers, one per number of outputs."""
        cache: dict[Any, LayeredNetwork] = self.__dict__.setdefault("_networks", {})
        sizes = (self.n_features_in_, *self.hidden, self.heads_[head].shape[1])
        key = (sizes, self.constants_, self.trainer)
        if key not in cache:
            cache[key] = LayeredNetwork(sizes, self.constants_, through_time=self.trainer == "bptt")
        return cache[key]

    def trainer_of(self, head: int) -> BatchTrainer:
        """Return what learns from batches with one of the read-outs."""
        return BatchTrainer(
            self.network_of(head), [*self.weights_, self.heads_[head]], self.circuits_,
            self.feedback, self.feedback_[head], self.subspace_data,
        )  # fmt: skip

    def head_number(self, task: int | None) -> int:
        """Return which read-out belongs to a task."""
        if self.head == "shared":
            return 0
        if task is None or not 0 <= task < len(self.heads_):
            raise ValueError(
                "ContinualClassifier.task: must be the number of a learned task, from 0 to "
                f"{len(self.heads_) - 1}, with a head per task, got {task}"
            )
        return task

    def standardise(self, samples: NDArray[Any]) -> Array:
        """Return samples as the network gets them."""
        centred = samples - np.float32(self.centre_)
        return (centred * np.float32(1 / self.spread_)).astype(np.float32)

    # ---- learning --------------------------------------------------------------------------------

    def start(self, X: Any, y: Any) -> None:
        """Draw the weights; there are neither heads nor subspace neurons before the first task."""
        self.centre_ = float(X.mean(dtype=np.float64))
        self.spread_ = float(X.std(dtype=np.float64)) or 1.0
        sizes, rng = (self.n_features_in_, *self.hidden), self.rng(0)
        self.weights_ = [initial_weights(rng, *pair) for pair in itertools.pairwise(sizes)]
        self.heads_, self.feedback_, self.memory_, self.consolidation_ = [], [], [], None
        protected = sizes if self.head == "shared" else sizes[:-1]
        p, spiking = self.constants_, self.laterals == "spiking"
        self.circuits_ = [
            SubspaceLearner(
                n, eta=p.eta_subspace if layer or p.eta_input is None else p.eta_input,
                momentum=p.momentum, clip=p.clip, steps=p.hebbian_steps,
                burst_steps=self.lateral_steps if spiking else None, burst_scale=p.burst_scale,
            )
            for layer, n in enumerate(protected if self.projection == "hebbian" else ())
        ]  # fmt: skip

    def begin_task(self, classes: NDArray[Any]) -> None:
        """Add a head where the task has its own, and recruit subspace neurons."""
        task = self.n_tasks_
        if self.head == "per_task" or task == 0:
            rng, n_out = self.rng(1, task), len(classes)
            head = initial_weights(rng, self.hidden[-1], n_out)
            if self.head == "per_task":
                head = rng.normal(0, 0.01, size=head.shape).astype(np.float32)
            self.heads_.append(head)
            self.feedback_.append(self._draw_feedback(task, n_out))
        wanted = self.subspace_sizes[min(task, len(self.subspace_sizes) - 1)]
        rng = self.rng(2, task)
        for circuit, n_rows in zip(self.circuits_, wanted, strict=False):
            circuit.grow(max(0, min(n_rows, circuit.n_inputs - circuit.n_rows)), rng)

    def _draw_feedback(self, task: int, n_out: int) -> list[Array]:
        """Return fixed feedback: between hidden layers the same for all heads."""
        if self.feedback not in ("random", "direct"):
            return []
        direct = self.feedback == "direct"
        above = [n_out] * len(self.hidden) if direct else [*self.hidden[1:], n_out]
        drawn = []
        for layer, (n_low, n_high) in enumerate(zip(self.hidden, above, strict=True)):
            own = task if n_high == n_out and layer + 1 >= len(self.hidden) else 0
            drawn.append(initial_weights(self.rng(3, layer, own), n_low, n_high).T.copy())
        return drawn

    def order(self, n_samples: int, stage: int, epoch: int) -> NDArray[np.int64]:
        """Return a random order for every task and epoch."""
        return self.rng(4, stage, epoch).permutation(n_samples)

    def learn(self, X: Any, y: Any) -> None:
        """Learn from some samples of the present task, on the engine or in batches."""
        if not self.heads_:  # `partial_fit` begins the first task
            self._begin_task(self.classes_)
        if self.runs_online_:
            weights = [*self.weights_, self.heads_[-1]]
            OnlineTrainer(
                weights, self.circuits_, self.feedback, self.feedback_[-1], self.constants_,
                target=self.target,
            ).train(self.standardise(X), y, self.learning_rate)  # fmt: skip
            return
        trainer = self.trainer_of(len(self.heads_) - 1)
        pull = self.consolidation_.pull if self.consolidation_ is not None else None
        for start in range(0, len(y), self.batch_size):
            part = slice(start, start + self.batch_size)
            trainer.step(self.standardise(X[part]), y[part], self.learning_rate, pull=pull)

    def end_task(self, X: Any, y: Any) -> None:
        """Freeze the subspaces; estimate what matters, keep and replay samples if asked to."""
        for circuit in self.circuits_:
            circuit.freeze()
        if self.ewc > 0:
            trainer = self.trainer_of(len(self.heads_) - 1)
            if self.consolidation_ is None:
                pulled = trainer.weights if self.head == "shared" else self.weights_
                self.consolidation_ = Consolidation(self.ewc, [w.shape for w in pulled])
            size = min(self.fisher_samples, len(X))
            chosen = self.rng(5, self.n_tasks_).choice(len(X), size, replace=False)
            self.consolidation_.remember(trainer, self.standardise(X[chosen]), y[chosen])
        if self.replay:
            chosen = np.concatenate([np.flatnonzero(y == k)[: self.replay] for k in np.unique(y)])
            self.memory_.append((X[chosen].copy(), y[chosen].copy()))
            if self.n_tasks_:
                self._replay(self.n_tasks_ + 1)

    def _replay(self, n_tasks: int) -> None:
        """Show what was kept of all tasks, one batch of each at a time, without projection."""
        trainers = [self.trainer_of(self.head_number(k)) for k in range(n_tasks)]
        for trainer in trainers:
            trainer.circuits = []
        batch, weights = max(self.batch_size, 50), [*self.weights_, *self.heads_]
        longest = max(len(labels) for _, labels in self.memory_)
        for epoch in range(self.replay_epochs):
            orders = [
                self.rng(6, n_tasks, epoch, k).permutation(len(labels))
                for k, (_, labels) in enumerate(self.memory_)
            ]
            for start in range(0, longest, batch):
                before = [w.copy() for w in weights]
                total = [np.zeros_like(w) for w in before]
                for k, (samples, labels) in enumerate(self.memory_):
                    part = orders[k][start : start + batch]
                    if part.size == 0:
                        continue
                    x = self.standardise(samples[part])
                    trainers[k].step(x, labels[part], self.replay_learning_rate)
                    for now, old, change in zip(weights, before, total, strict=True):
                        change += now - old
                        now[...] = old
                for now, change in zip(weights, total, strict=True):
                    now += change

    def learn_together(self, tasks: Sequence[tuple[Any, NDArray[np.int32]]]) -> None:
        """Learn all tasks with a head each; their batches take turns at random."""
        trainers = [self.trainer_of(number) for number in range(len(tasks))]
        for epoch in range(self.epochs):
            rng, size = self.rng(8, epoch), self.batch_size
            batches: list[tuple[int, NDArray[np.int64]]] = []
            for number, (_, labels) in enumerate(tasks):
                order = rng.permutation(len(labels))
                batches += [(number, order[k : k + size]) for k in range(0, len(order), size)]
            for number, part in (batches[chosen] for chosen in rng.permutation(len(batches))):
                samples, labels = tasks[number]
                trainers[number].step(
                    self.standardise(samples[part]), labels[part], self.learning_rate
                )

    def fit_jointly(self, tasks: Sequence[ContinualTask], **options: Any) -> Self:
        """See `ContinualLearner.fit_jointly`; lateral circuits would have nothing to protect.

        Examples
        --------
        >>> from bioplastic.datasets import load_digits, permuted_tasks
        >>> model = ContinualClassifier((30,), projection="none", batch_size=20)
        >>> model.fit_jointly(permuted_tasks(load_digits().head(100, 50), 2)).accuracies_.shape
        (1, 2)
        """
        if self.projection != "none":
            raise ValueError(
                "ContinualClassifier.projection: must be 'none' for joint training, got "
                f"{self.projection!r}"
            )
        return super().fit_jointly(tasks, **options)

    # ---- inference -------------------------------------------------------------------------------

    def scores(self, X: Any) -> NDArray[Any]:
        """Return the logits of the shared head summed over steps, shape (n_samples, n_classes)."""
        return self.task_scores(X, self.head_number(None))

    def task_scores(self, X: Any, task: int) -> NDArray[Any]:
        """Return the logits of the head of a task summed over steps."""
        samples, head = self.check_samples(X), self.head_number(task)
        network, weights = self.network_of(head), [*self.weights_, self.heads_[head]]
        parts = [
            network.forward(self.standardise(samples[k : k + _CHUNK]), weights).sum(axis=0)
            for k in range(0, len(samples), _CHUNK)
        ]
        return np.concatenate(parts)
