"""What published systems have in common as estimators; a model states the rest.

A system is a class that declares its parameters (`bioplastic.fields.param`), states its network
as data, and says what samples are to the compiled program:

>>> import numpy as np
>>> from brian2 import ms
>>> from bioplastic.engine import DenseProjection, NetworkSpec, Population, SpikeCount, Trial
>>> from bioplastic.neurons import NeuronModel
>>> from bioplastic.plasticity import PlasticityRule
>>> INPUT = NeuronModel(
...     name="input", equations="x : 1", parameters={}, threshold="x > 0.5", reset="x = 0"
... )
>>> OUTPUT = NeuronModel(
...     name="output", equations="v : 1\\nteacher : 1", threshold="v > 1", reset="v = 0",
... )
>>> class Tagger(SpikingClassifier):
...     '''Learns by the error of its outputs which of its inputs belong to which class.'''
...
...     dt = 1 * ms
...     eta: float = param(0.5, minimum=0, doc="learning rate")
...     epochs: int = param(1, minimum=1, doc="passes through the samples")
...
...     def network(self, kind):
...         learn, n_classes = kind == "learn", len(self.classes_)
...         rule = PlasticityRule(
...             name="delta", synapse="w : 1", on_pre="w += eta*(teacher_post - 0.5)",
...             parameters={"eta": self.eta},
...         )
...         given = ("teacher",) if learn else ()
...         return NetworkSpec(
...             populations=[
...                 Population(
...                     name="input", n=self.n_features_in_, model=INPUT, sample_inputs=("x",)
...                 ),
...                 Population(name="output", n=n_classes, model=OUTPUT, sample_inputs=given),
...             ],
...             projections=[
...                 DenseProjection(
...                     name="feed", source="input", target="output", transmit="v_post += w",
...                     rule=rule if learn else None,
...                 )
...             ],
...             trial=Trial(duration=3 * ms),
...             records=[SpikeCount(population="output")],
...         )
...
...     def present(self, X, y=None):
...         given = {"x": X.astype(float)}
...         if y is not None:
...             given["teacher"] = np.eye(len(self.classes_))[y]
...         return given
>>> X, y = np.array([[1, 0], [0, 1]] * 6), np.array(["left", "right"] * 6)
>>> model = Tagger(target="numpy").fit(X, y)
>>> model.predict([[0, 1], [1, 0]])
array(['right', 'left'], dtype='<U5')

Everything else is here: the constructor and the checks of its arguments; `fit` with checkpoints,
`partial_fit`, progress; `predict`; `save`, `load` and `fork`; seeds; feature names; the manners of
scikit-learn. What a system does differently goes into a hook:

========================  ==========================================================================
``check_data``            what samples and targets may be, and in which form they are used
``start``                 what is fresh before learning; by default the initial state of the program
``stages``                phases of learning and how many epochs each has
``begin_stage``           what changes between two phases, such as freezing a layer
``order``                 in which order an epoch shows the samples
``chunk``                 how many samples `learn` gets at once; None for all
``learn``, ``observe``    one call of the program, and what is kept of its record
``end_epoch``             annealing, early stopping
``finish``                what happens when the last epoch is over
``frozen_state``          what of the state the network that answers takes over
``scores``                what each class gets for each sample
``combined_checks``       refusals that concern several parameters
========================  ==========================================================================

Fitted attributes end in an underscore, and a model is its parameters and these: whatever `learn`
needs to go on must be among them, numbers, arrays, quantities, lists, tuples or dictionaries of
them, or objects of a class in `SpikingEstimator.stored`. Then a saved model, a checkpoint and a
fork go on bit for bit, which `bioplastic.conformance.check_model` tests.
"""

from __future__ import annotations

import copy
import dataclasses
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from tqdm.auto import tqdm

from bioplastic.checkpoints import RunFolder
from bioplastic.engine import NetworkSpec, Program
from bioplastic.engine.recorded import Recorded
from bioplastic.fields import Constants, Parametrised, check_params, param, params_of
from bioplastic.models.images import encode_labels
from bioplastic.models.saving import read_estimator, write_estimator
from bioplastic.processors import call_at_once
from bioplastic.timing import log_time
from bioplastic.validation import check_integer

__all__ = ["SpikingClassifier", "SpikingEstimator", "SpikingRegressor", "callback_name"]

_LOG = logging.getLogger(__name__)

Watch = Callable[[Any], Mapping[str, Any] | None]


def _check_random_state(place: str, value: Any) -> Any:
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return value
    return check_integer(place, value, minimum=0)


class SpikingEstimator(Parametrised, BaseEstimator):  # type: ignore[misc]
    """Base of published systems; see the module for how one is written.

    Attributes
    ----------
    seed_ : int
        The seed that `random_state` stands for: itself, or a number drawn at the start.
    state_ : dict of str to array
        State of the network that learns, see `bioplastic.engine.Program`.
    n_seen_ : int
        Samples learned from.
    curve_ : list of dict
        What ``watch`` returned in `fit`, with stage, epoch and samples learned from.
    n_features_in_, feature_names_in_
        As in scikit-learn.
    """

    dt: ClassVar[Any]
    """Time step of the programs."""
    chunk: ClassVar[int | None] = 250
    """Samples that `learn` gets at once, at most; None for all. A property may decide it."""
    answer_block: ClassVar[int] = 2000
    """Samples after which the network that answers starts anew, so that blocks run at once."""
    checkpoint_seconds: float = 60.0
    """Seconds from one checkpoint of `fit` to the next."""
    stored: ClassVar[tuple[type, ...]] = ()
    """Classes of objects among the fitted attributes, besides those of the parameters."""
    frozen: ClassVar[str] = "answer"
    """What `network` calls the network that answers."""

    dtype: str = param(
        "float32", choices=("float32", "float64"), kw_only=True, doc="precision of the simulation"
    )
    target: str = param(
        "cpp", choices=("cpp", "numpy"), kw_only=True, doc="see `bioplastic.engine.Program`"
    )
    random_state: int | np.random.RandomState | np.random.Generator | None = param(
        0,
        check=_check_random_state,
        optional=True,
        kw_only=True,
        doc="fixes everything that is drawn; None for another result every time",
    )
    progress: bool = param(False, kw_only=True, doc="show a progress bar with the time left")

    seed_: int
    state_: dict[str, NDArray[Any]]
    n_seen_: int
    curve_: list[dict[str, Any]]
    n_features_in_: int

    # ---- what a system states --------------------------------------------------------------------

    def network(self, kind: str) -> NetworkSpec:
        """Return the network as data.

        Parameters
        ----------
        kind : str
            ``"learn"``, ``"answer"`` (nothing learns), or what else the system calls a network of
            its own.
        """
        raise NotImplementedError(f"{type(self).__name__}.network: must be defined")

    def present(self, X: NDArray[Any], y: NDArray[Any] | None = None) -> dict[str, Any]:
        """Return samples as inputs of the program.

        Parameters
        ----------
        X : array, shape (n_samples, n_features)
            Samples as `check_data` returns them.
        y : array, optional
            Targets as `check_data` returns them, classes as index; None when the network answers.
        """
        raise NotImplementedError(f"{type(self).__name__}.present: must be defined")

    # ---- hooks -----------------------------------------------------------------------------------

    def combined_checks(self) -> None:
        """Refuse parameters that do not go together; each alone is as declared."""

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return samples and targets in the form in which `learn` gets them.

        Parameters
        ----------
        X, y : array_like
            As given.
        first : bool
            Whether learning begins with them: then they set ``n_features_in_`` and the like.
        classes : array_like, optional
            As given to `partial_fit`.
        """
        return self.check_samples(X, first=first), y

    def check_samples(self, X: Any, *, first: bool = False) -> Any:
        """Return samples as a finite array of numbers, shape (n_samples, n_features).

        Raises
        ------
        ValueError
            For another shape, another number or order of features than before, or NaN.
        """
        place = f"{type(self).__name__}.X"
        shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
        if len(shape) != 2:
            raise ValueError(
                f"{place}: must have shape (n_samples, n_features), got {tuple(shape)}. Reshape "
                "your data: one row per sample"
            )
        try:
            array = validate_data(self, X, reset=first, ensure_all_finite=False)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        self.check_values(array)
        return array

    def check_values(self, array: NDArray[Any]) -> None:
        """Refuse values that no sample may have; these are NaN and infinity."""
        if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
            sample, feature = np.argwhere(~np.isfinite(array))[0]
            raise ValueError(
                f"{type(self).__name__}.X: must be finite, got {array[sample, feature]} at sample "
                f"{sample}, feature {feature}; NaN and inf are refused"
            )

    def start(self, X: Any, y: Any) -> None:
        """Set everything that is learned to what it is before learning."""
        self.state_ = self.program("learn").initial_state(self.seed_)

    def stages(self) -> Sequence[tuple[str, int]]:
        """Return the phases of `fit`: their names and epochs."""
        return (("epoch", getattr(self, "epochs", 1)),)

    @property
    def growing(self) -> tuple[str, ...]:
        """Parameters that only say how long the last phase is: a longer run continues a shorter."""
        return ("epochs",) if hasattr(self, "epochs") and len(self.stages()) == 1 else ()

    def begin_stage(self, number: int) -> None:
        """Prepare a phase of `fit`, the first one included."""

    def order(self, n_samples: int, stage: int, epoch: int) -> NDArray[np.int64] | None:
        """Return the order in which an epoch shows the samples; None as they are."""
        return None

    def learn(self, X: Any, y: Any) -> None:
        """Learn from some samples, whatever their number: several calls equal one."""
        program = self.program("learn")
        self.state_, record = program(self.state_, self.present(X, y), seed=self.seed_)
        self.observe(record, X, y)

    def observe(self, record: dict[str, NDArray[Any]], X: Any, y: Any) -> None:
        """Keep what is worth keeping of the record of a call of the network that learns."""

    def end_epoch(self) -> bool | None:
        """Do what is due after an epoch of `fit`; return True to end the phase early."""

    def finish(self, X: Any, y: Any) -> None:
        """Do what is due at the end of `fit`."""

    def frozen_state(self) -> dict[str, NDArray[Any]]:
        """Return the part of the state that the network that answers takes over: weights."""
        return {name: value for name, value in self.state_.items() if name.endswith(".w")}

    # ---- learning --------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
        watch: Watch | None = None,
        watch_every: int | None = None,
    ) -> Self:
        """Learn from scratch.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.
        y : array_like, shape (n_samples,)
            Targets.
        checkpoints : path-like, optional
            Folder that keeps the state, every minute; see `bioplastic.checkpoints.RunFolder`.
        resume : bool, default False
            Continue the run that the folder holds; the result is the same, bit for bit.
        watch : callable, optional
            Called with the model during training, for example to test it on held-out samples. What
            it returns, a mapping, becomes a row of ``curve_``. It must not change the model.
        watch_every : int, optional
            Samples from one call of ``watch`` to the next. Default: an epoch. It is called at the
            end of every stage, too. A run in ``checkpoints`` is known by the name of ``watch``, or,
            if it is a dataclass, by its fields.

        Returns
        -------
        self
            The model.
        """
        self._check_params()
        X, y = self.check_data(X, y, first=True)
        self._begin(X, y)
        return self._fit_stages(X, y, checkpoints, resume, watch, watch_every)

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None) -> Self:
        """Continue learning with one pass through the samples, as they are.

        Several calls equal one call with all samples, bit for bit.

        Parameters
        ----------
        X, y : array_like
            As for `fit`.
        classes : array_like, optional
            All labels that will ever occur; needed at the first call if ``y`` lacks some.

        Returns
        -------
        self
            The model.
        """
        self._check_params()
        first = not hasattr(self, "n_seen_")
        X, y = self.check_data(X, y, first=first, classes=classes)
        if first:
            self._begin(X, y)
        with self._compiled_once():
            for part in self._parts(len(X), 0, None):
                self._learn_part(X, y, part)
        return self

    def _check_params(self) -> None:
        check_params(self)
        self.combined_checks()

    def _begin(self, X: Any, y: Any) -> None:
        """Forget what was learned and get ready."""
        self.seed_ = _draw_seed(self.random_state)
        self.n_seen_, self.curve_ = 0, []
        self.start(X, y)

    def _fit_stages(
        self,
        X: Any,
        y: Any,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
        watch: Watch | None = None,
        watch_every: int | None = None,
        *,
        first_stage: int = 0,
        **described: Any,
    ) -> Self:
        """Run the stages of `fit` on a model that is ready to learn.

        ``first_stage`` has begun already if it is not 0; ``described`` are parameters of the run
        besides those of the constructor.
        """
        place, stages = type(self).__name__, self.stages()
        every = len(X) if watch_every is None else watch_every
        check_integer(f"{place}.watch_every", every, minimum=1)
        if checkpoints is not None:
            described |= {**self._describe_run(X, y), "watch": callback_name(watch)}
        if watch is not None:
            described["watch_every"] = every
        with (
            RunFolder(
                checkpoints,
                described,
                resume=resume,
                every=self.checkpoint_seconds,
                growing=self.growing,
            ) as run,
            log_time(_LOG, "%s.fit: %d samples", place, len(X)),
            self._progress_bar(sum(epochs for _, epochs in stages) * len(X)) as bar,
        ):
            run.adopt(self)
            if run.finished:
                return self
            at = run.progress or {"stage": first_stage, "epoch": 0, "samples": 0}
            for stage in range(at["stage"], len(stages)):
                name, epochs = stages[stage]
                if stage > at["stage"]:
                    at = {"stage": stage, "epoch": 0, "samples": 0}
                    self.begin_stage(stage)
                elif stage == 0 and not run.found:
                    self.begin_stage(stage)
                bar.set_description(name)
                done = sum(e for _, e in stages[:stage]) * len(X)
                for epoch in range(at["epoch"], at["epoch"] if at.get("stopped") else epochs):
                    seen = epoch * len(X)
                    order = self.order(len(X), stage, epoch)
                    start = at["samples"] if epoch == at["epoch"] else 0
                    with self._compiled_once():
                        for part in self._parts(len(X), start, every - seen % every, every):
                            chosen: Any = part if order is None else order[part]
                            self._learn_part(X, y, chosen)
                            bar.update(done + seen + part.stop - bar.n)
                            at = {"stage": stage, "epoch": epoch, "samples": part.stop}
                            ended = part.stop == len(X)
                            if not ended and (seen + part.stop) % every == 0:
                                self._watch(watch, name, epoch)
                            if not ended and run.is_due():
                                run.save(self, at)
                    stop = self.end_epoch()
                    at = {"stage": stage, "epoch": epoch + 1, "samples": 0}
                    if stop or epoch + 1 == epochs or (seen + len(X)) % every == 0:
                        self._watch(watch, name, epoch)
                    if stop:
                        at |= {"epoch": epochs, "stopped": True}
                        break
                    if run.is_due():
                        run.save(self, at)
            self.finish(X, y)
            run.save(self, at)
            run.finish()
        return self

    def _learn_part(self, X: Any, y: Any, chosen: Any) -> None:
        part = X[chosen]
        self.learn(part, None if y is None else y[chosen])
        self.n_seen_ += len(part)

    def _parts(
        self, n: int, start: int, cut: int | None, every: int | None = None
    ) -> Iterator[slice]:
        """Cut samples into chunks, also at ``cut`` and every ``every`` samples after it."""
        chunk = self.chunk or n
        while start < n:
            stop = min(start + chunk, n)
            if cut is not None and every is not None:
                while cut <= start:
                    cut += every
                stop = min(stop, cut)
            yield slice(start, stop)
            start = stop

    def _watch(self, watch: Watch | None, stage: str, epoch: int) -> None:
        found = None if watch is None else watch(self)
        if found is not None:
            place = {"stage": stage, "epoch": epoch, "n_seen": self.n_seen_}
            self.curve_.append({**place, **found})

    def _describe_run(self, X: Any, y: Any) -> dict[str, Any]:
        described = {"class": type(self).__name__, **self.get_params(deep=False), "progress": None}
        if not isinstance(self.random_state, int | None):
            described["random_state"] = self.seed_
        return {**described, "X": X, "y": y, "classes": getattr(self, "classes_", None)}

    def _progress_bar(self, total: int) -> Any:
        return tqdm(total=total, unit="sample", disable=not self.progress)

    # ---- programs and seeds ----------------------------------------------------------------------

    def program(self, kind: str) -> Program:
        """Return the compiled network of a kind, see `network`."""
        known: dict[str, Program] | None = self.__dict__.get("_programs")
        if known is not None and kind in known:
            return known[kind]
        program = Program(self.network(kind), dt=self.dt, **self._precision())
        if known is not None:
            known[kind] = program
        return program

    def _precision(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("dtype", "target") if hasattr(self, name)}

    @contextmanager
    def _compiled_once(self) -> Iterator[None]:
        """Keep programs while nothing changes that a network is made from."""
        if "_programs" in self.__dict__:  # a caller keeps them for longer
            yield
            return
        self.__dict__["_programs"] = {}
        try:
            yield
        finally:
            self.__dict__.pop("_programs", None)

    def stream(self, *key: int) -> int:
        """Return a seed of its own for every key, derived from ``seed_``."""
        return int(np.random.SeedSequence([self.seed_, *key]).generate_state(1)[0])

    def rng(self, *key: int) -> np.random.Generator:
        """Return a generator of its own for every key, derived from ``seed_``."""
        return np.random.default_rng([self.seed_, *key])

    # ---- answering -------------------------------------------------------------------------------

    def answer(self, X: Any, *, kind: str | None = None, stream: Sequence[int] = (1,)) -> Any:
        """Show samples to the network that answers, which learns nothing.

        It starts from its initial state with the weights that were learned, see `frozen_state`.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.
        kind : str, optional
            Which network; default `frozen`.
        stream : sequence of int, default (1,)
            Which random numbers it gets, see `stream`: the same answers for the same.

        Returns
        -------
        dict of str to array
            What the network records, samples first.
        """
        check_is_fitted(self, "n_seen_")
        return self._show(self.check_samples(X), kind, stream)

    def _show(self, samples: Any, kind: str | None = None, stream: Sequence[int] = (1,)) -> Any:
        records = self.show(self.program(kind or self.frozen), samples, stream)
        return {
            name: np.concatenate([record[name] for record in records])
            for name, values in records[0].items()
            if np.ndim(values) > 0
        }

    def show(self, program: Program, samples: Any, stream: Sequence[int] = (1,)) -> list[Recorded]:
        """Show samples to a network that learns nothing, blocks at once over the processors.

        Every `answer_block` samples it starts again from its initial state with the weights that
        were learned, and with random numbers of its own, so that the records do not depend on how
        many processors there are.

        Parameters
        ----------
        program : Program
            The network.
        samples : array
            As `check_samples` returns them.
        stream : sequence of int, default (1,)
            Which random numbers it gets, see `stream`.

        Returns
        -------
        list of Recorded
            The records of every `chunk` samples, in order.
        """
        begin = {**program.initial_state(0), **self.frozen_state()}
        parts = list(self._parts(len(samples), 0, None))
        size = max(1, self.answer_block // (self.chunk or len(samples)))
        told = log_time(_LOG, "%s.answer: %d samples", type(self).__name__, len(samples))
        with told, self._progress_bar(len(samples)) as bar:

            def run(first: int) -> list[Recorded]:
                state, seed = begin, self.stream(*stream, *([first // size] if first else []))
                records = []
                for part in parts[first : first + size]:
                    state, record = program(state, self.present(samples[part]), seed=seed)
                    records.append(record)
                    bar.update(part.stop - part.start)
                return records

            blocks = [(first,) for first in range(0, len(parts), size)]
            return list(chain(*call_at_once(run, blocks, program.calls_at_once())))

    def record_spikes(
        self, sample: ArrayLike, *, kind: str = "spikes"
    ) -> dict[str, tuple[NDArray[np.float64], NDArray[np.int32]]]:
        """Show one sample to a network that records spikes; return those of its last presentation.

        Parameters
        ----------
        sample : array_like, shape (n_features,)
            The sample.
        kind : str, default 'spikes'
            Which network, see `network`.

        Returns
        -------
        dict of str to (times, cells)
            For every recorded population the seconds from the onset, and the index of the cell.
        """
        record = self.answer(np.atleast_2d(np.asarray(sample))[:1], kind=kind)
        last, spikes = int(record["presentations"][0]) - 1, {}
        for key in [key for key in record if key.endswith(".spike_time")]:
            name = key.removesuffix(".spike_time")
            chosen = record[f"{name}.spike_trial"] == last
            spikes[name] = (record[key][chosen], record[f"{name}.spike_cell"][chosen])
        return spikes

    # ---- storing ---------------------------------------------------------------------------------

    def _fitted(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in vars(self).items()
            if name.endswith("_") and not name.startswith("_")
        }

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model to one ``.npz`` file, atomically; nothing in it is executable.

        Parameters
        ----------
        path : path-like
            Where to; ``.npz`` is appended if missing. A generator as ``random_state`` is stored as
            the seed that was drawn from it.

        Returns
        -------
        Path
            The file written.

        Raises
        ------
        NotFittedError
            If nothing was learned.
        """
        check_is_fitted(self, "n_seen_")
        arguments = self.get_params(deep=False)
        if isinstance(self.random_state, np.random.RandomState | np.random.Generator):
            arguments["random_state"] = self.seed_
        return write_estimator(path, type(self).__name__, arguments, self._fitted())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model written by `save`; it goes on as if nothing had happened.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or holds another kind of model.
        """
        declared = [p.type for p in params_of(cls).values()]
        kinds = [k for k in declared if isinstance(k, type) and issubclass(k, Constants)]
        arguments, fitted = read_estimator(path, cls.__name__, [*kinds, *cls.stored])
        model = cls(**arguments)
        model.__dict__.update(fitted)
        return model

    def fork(self, **changes: Any) -> Self:
        """Return an independent copy with what was learned.

        Parameters
        ----------
        **changes
            Parameters that the copy has otherwise.
        """
        check_is_fitted(self, "n_seen_")
        other = type(self)(**{**self.get_params(deep=False), **changes})
        other.__dict__.update(copy.deepcopy(self._fitted()))
        return other

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_seen_")


def callback_name(function: Any) -> Any:
    """Return what a run folder knows a function by: a dataclass by its fields, others by name.

    Examples
    --------
    >>> callback_name(len)
    'len'
    """
    if function is None or dataclasses.is_dataclass(function):
        return function
    return str(getattr(function, "__qualname__", type(function).__name__))


def _draw_seed(random_state: Any) -> int:
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**31 - 1))
    return int(random_state)


class SpikingClassifier(ClassifierMixin, SpikingEstimator):  # type: ignore[misc]
    """Base of systems that learn labels.

    `learn` and `present` get the index of each label in ``classes_``. The default of `scores` are
    the spike counts of the population called `output` in the network that answers.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        Labels in sorted order.
    """

    output: ClassVar[str] = "output"
    """Population whose cells stand for the classes."""
    classes_: NDArray[Any]

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return samples, and the index of every label in ``classes_``, which it sets at first.

        Raises
        ------
        ValueError
            Also for continuous, missing and unknown labels, and for a single class.
        """
        samples = self.check_samples(X, first=first)
        found, labels = self.check_labels(y, len(samples), first=first, classes=classes)
        if first:
            self.classes_ = found
        return samples, labels

    def check_labels(
        self, y: Any, n_samples: int, *, first: bool, classes: Any = None
    ) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """Return the classes and the index of every label among them."""
        place = f"{type(self).__name__}.y"
        if y is None:
            raise ValueError(f"{place}: requires y to be passed, but the target y is None")
        known = None if classes is None else np.unique(np.asarray(classes))
        found, labels = encode_labels(place, y, n_samples, known if first else self.classes_)
        try:
            check_classification_targets(np.asarray(y))
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        return found, labels

    def scores(self, X: Any) -> NDArray[Any]:
        """Return what each class gets for each sample, shape (n_samples, n_classes)."""
        counts: NDArray[Any] = self.answer(X)[f"{self.output}.count"]
        return counts

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label with the highest score for every sample, shape (n_samples,).

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.

        Returns
        -------
        array, shape (n_samples,)
            Labels; ties go to the lowest class.
        """
        check_is_fitted(self, "n_seen_")
        labels: NDArray[Any] = self.classes_[self.scores(X).argmax(axis=1)]
        return labels

    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """Return the scores, shape (n_samples, n_classes); with two classes their difference."""
        check_is_fitted(self, "n_seen_")
        scores = self.scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores


class SpikingRegressor(RegressorMixin, SpikingEstimator):  # type: ignore[misc]
    """Base of systems that learn numbers; a system defines `predict`."""

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return samples, and targets as finite numbers, shape (n_samples,) or with columns.

        Raises
        ------
        ValueError
            For another shape, or NaN.
        """
        place, samples = f"{type(self).__name__}.y", self.check_samples(X, first=first)
        if y is None:
            raise ValueError(f"{place}: requires y to be passed, but the target y is None")
        targets = np.asarray(y, dtype=np.float64)
        if targets.ndim not in (1, 2) or len(targets) != len(samples):
            raise ValueError(
                f"{place}: must have shape ({len(samples)},) or ({len(samples)}, n_outputs), got "
                f"{targets.shape}"
            )
        if not np.all(np.isfinite(targets)):
            raise ValueError(f"{place}: must be finite. Input y contains NaN or infinity")
        return samples, targets
