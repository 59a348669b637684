"""The classification layer as an estimator; `bioplastic.models.ncg.classifiers` has the rules."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from bioplastic.checkpoints import RunFolder
from bioplastic.datasets import stratified_split
from bioplastic.engine import Program
from bioplastic.models.images import encode_labels
from bioplastic.models.ncg.answers import Answers, check_latencies, join_answers
from bioplastic.models.ncg.network import (
    PROJECTION,
    TIME_STEP,
    LayerSpec,
    cell_labels,
    inference_network,
    learning_network,
)
from bioplastic.models.storage import load_model, save_model
from bioplastic.validation import check_choice, check_flag, check_integer, check_real

__all__ = ["REGULATIONS", "LatencyClassifier"]

#: How a competition between the cells of one class can be balanced.
REGULATIONS = ("none", "one_threshold", "two_compartment", "dropout")

_CHUNK = 1000
_AUTOMATIC = 0.54
_PER_EPOCH = ("train_accuracy", "validation_accuracy", "target_updates", "other_updates")


@functools.lru_cache(maxsize=32)
def _program(layer: LayerSpec, learning: bool, dtype: str, target: str) -> Program:
    spec = learning_network(layer) if learning else inference_network(layer)
    return Program(spec, dt=TIME_STEP, dtype=dtype, target=target)


class LatencyClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What the classifiers of this package have in common; use one of them.

    See `bioplastic.models.ncg.S2STDPClassifier` for parameters and attributes.
    """

    _rule: ClassVar[str]
    _rates: ClassVar[tuple[str, ...]]
    _bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)

    n_per_class: int
    threshold: float | None
    weight_mean: float
    weight_std: float
    form: str
    beta: float
    annealing: float
    dropout: float
    epochs: int
    patience: int | None
    validation_fraction: float
    test_last_input: bool
    dtype: str
    target: str
    random_state: int
    progress: bool

    classes_: NDArray[Any]
    n_features_in_: int
    n_seen_: int
    n_epochs_: int
    best_epoch_: int
    threshold_: float
    state_: dict[str, NDArray[Any]]
    history_: dict[str, NDArray[Any]]

    # ---- training --------------------------------------------------------------------------------

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        validation: tuple[ArrayLike, ArrayLike] | None = None,
        *,
        checkpoints: str | Path | None = None,
        resume: bool = False,
    ) -> Self:
        """Learn from scratch, in the order given, until validation no longer improves.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Spike times from 0 to 1; 1 and above means no spike.
        y : array_like, shape (n_samples,)
            Labels.
        validation : (X, y), optional
            Samples that decide when to stop. By default ``validation_fraction`` of the samples, and
            none if that is zero: then all epochs are run.
        checkpoints : path-like, optional
            Folder that keeps the state after every epoch, see `bioplastic.checkpoints`.
        resume : bool, default False
            Continue the run in that folder; the result is the same, bit for bit.

        Returns
        -------
        LatencyClassifier
            The model itself, with the weights of the last epoch.
        """
        self._check_arguments()
        place = type(self).__name__
        samples = check_latencies(f"{place}.X", X)
        classes, labels = encode_labels(f"{place}.y", y, len(samples))
        held_out = self._held_out(validation, samples, labels, classes)
        parameters = {"class": place, **self.get_params(deep=False)}
        parameters.pop("progress")
        if checkpoints is not None:
            parameters |= {"X": samples, "y": classes[labels], "validation": None}
            if validation is not None and held_out is not None:
                parameters["validation"] = dict(zip("Xy", held_out, strict=True))
        if validation is None and held_out is not None:
            kept, _ = stratified_split(labels, self.validation_fraction, self.random_state)
            samples, labels = samples[kept], labels[kept]
        self._start(samples, classes)
        with RunFolder(checkpoints, parameters, resume=resume) as run:
            if run.found:
                self._adopt(run.load_model(type(self)))
            bar = tqdm(total=self.epochs, desc="epochs", disable=not self.progress)
            bar.update(self.n_epochs_)
            while self.n_epochs_ < self.epochs and not self.out_of_patience():
                self.learn(samples, self.classes_[labels])
                self.end_epoch(held_out)
                run.save(self, {"epoch": self.n_epochs_})
                bar.update()
            bar.close()
            run.finish()
        return self

    def begin(self, X: ArrayLike, classes: ArrayLike) -> Self:
        """Start from fresh weights without learning, for a training loop of your own.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Some training samples: they set the number of features and a threshold left open.
        classes : array_like
            All labels that will occur.
        """
        self._check_arguments()
        place = type(self).__name__
        known = np.unique(np.asarray(classes))
        samples = check_latencies(f"{place}.X", X)
        found, _ = encode_labels(f"{place}.classes", known, len(known))
        self._start(samples, found)
        return self

    def partial_fit(self, X: ArrayLike, y: ArrayLike, classes: ArrayLike | None = None) -> Self:
        """Learn from some more samples of the current epoch.

        Several calls equal one call with the concatenated samples, bit for bit. Rates and
        thresholds change between epochs only: see `end_epoch`.

        Parameters
        ----------
        X, y : array_like
            As for `fit`.
        classes : array_like, optional
            All labels that will ever occur; needed at the first call if ``y`` lacks some.
        """
        if not hasattr(self, "state_"):
            self._check_arguments()
            samples = check_latencies(f"{type(self).__name__}.X", X)
            known = None if classes is None else np.unique(np.asarray(classes))
            found, _ = encode_labels(f"{type(self).__name__}.y", y, len(samples), known)
            self._start(samples, found)
        self.learn(X, y)
        return self

    def learn(self, X: ArrayLike, y: ArrayLike) -> Answers:
        """Learn from samples as `partial_fit` does, and return what they evoked.

        Raises
        ------
        NotFittedError
            Before the first `fit` or `partial_fit`.
        """
        check_is_fitted(self, "state_")
        place = type(self).__name__
        samples = check_latencies(f"{place}.X", X, self.n_features_in_)
        _, labels = encode_labels(f"{place}.y", y, len(samples), self.classes_)
        program = _program(self._layer, True, self.dtype, self.target)
        kinds, _ = cell_labels(self._layer, self._labelled)
        parts = []
        for part in _chunks(len(samples)):
            inputs = {"feature": samples[part], "label": labels[part]}
            self.state_, record = program(self.state_, inputs, seed=self.random_state)
            answers = Answers(
                record["out.t_spike"],
                record["out.v"],
                record["out.theta"],
                record["out.wins"],
                record[f"out.error_post_{PROJECTION}"],
            )
            assert answers.error is not None
            updated = answers.error != 0
            own = kinds == labels[part, None]
            self._right += int(np.sum(kinds[answers.first] == labels[part]))
            self._target_updates += (updated & own).sum(axis=0)
            self._other_updates += (updated & ~own).sum(axis=0)
            self._n_in_epoch += len(labels[part])
            self.n_seen_ += len(labels[part])
            parts.append(answers)
        return join_answers(parts)

    def end_epoch(self, validation: tuple[ArrayLike, ArrayLike] | None = None) -> Self:
        """Anneal the rates, begin the next epoch, and add a line to ``history_``.

        Parameters
        ----------
        validation : (X, y), optional
            Samples to evaluate on.
        """
        check_is_fitted(self, "state_")
        right = self._right / max(1, self._n_in_epoch)
        for rate in self._rates:
            self.state_[f"{PROJECTION}.{rate}"] *= self.annealing
        self._end_regulation()
        if f"{PROJECTION}.accuracy" in self.state_:
            self.state_[f"{PROJECTION}.accuracy"][...] = right
        score = np.nan if validation is None else float(self.score(*validation))
        line = (right, score, self._target_updates, self._other_updates)
        for name, value in zip(_PER_EPOCH, line, strict=True):
            row = np.array(value)[None]
            self.history_[name] = np.concatenate([self.history_[name], row])
        scores = self.history_["validation_accuracy"]
        self.n_epochs_ += 1
        if validation is not None and not np.any(scores[:-1] >= score):
            self.best_epoch_ = self.n_epochs_
        self._clear_epoch()
        return self

    def _end_regulation(self) -> None:
        """Let the thresholds of the next epoch begin where the regulation says."""

    def _held_out(
        self,
        validation: tuple[ArrayLike, ArrayLike] | None,
        samples: NDArray[np.floating],
        labels: NDArray[np.int32],
        classes: NDArray[Any],
    ) -> tuple[NDArray[Any], NDArray[Any]] | None:
        if validation is not None:
            place = f"{type(self).__name__}.validation"
            X = check_latencies(place, validation[0], samples.shape[1])
            _, indices = encode_labels(place, validation[1], len(X), classes)
            return X, classes[indices]
        if self.validation_fraction == 0:
            return None
        _, held_out = stratified_split(labels, self.validation_fraction, self.random_state)
        return samples[held_out], classes[labels[held_out]]

    def out_of_patience(self) -> bool:
        """Return whether ``patience`` epochs have passed without a better validation accuracy."""
        check_is_fitted(self, "state_")
        if self.patience is None or np.all(np.isnan(self.history_["validation_accuracy"])):
            return False
        return self.n_epochs_ - self.best_epoch_ >= self.patience

    # ---- what a layer is -------------------------------------------------------------------------

    @property
    def _labelled(self) -> int:
        return 0

    @property
    def _competes(self) -> bool:
        return False

    @property
    def _regulation(self) -> str:
        return "dropout" if self.dropout else "none"

    @property
    def _normalises(self) -> bool:
        return False

    @property
    def _layer(self) -> LayerSpec:
        return LayerSpec(
            rule=self._rule,
            n_features=self.n_features_in_,
            n_classes=len(self.classes_),
            n_per_class=self.n_per_class,
            competition=self._competes,
            regulation=self._regulation,
            dropout=self.dropout > 0,
            form=self.form,
            beta=self.beta,
            w_min=self._bounds[0],
            w_max=self._bounds[1],
            normalise=self._normalises,
            test_last_input=self.test_last_input,
        )

    def _start(self, samples: NDArray[np.floating], classes: NDArray[Any]) -> None:
        self.classes_, self.n_features_in_ = classes, int(samples.shape[1])
        layer = self._layer
        state = _program(layer, True, self.dtype, self.target).initial_state(self.random_state)
        rng = np.random.default_rng(self.random_state)
        weights = rng.normal(
            self.weight_mean, self.weight_std, (layer.n_features, layer.n_cells)
        ).clip(*self._bounds)
        state[f"{PROJECTION}.w"][:] = weights
        self.threshold_ = (
            self._automatic_threshold(samples) if self.threshold is None else float(self.threshold)
        )
        state["out.kind"][:], state["out.target"][:] = cell_labels(layer, self._labelled)
        state["out.base"][:] = self.threshold_
        if self._normalises:
            w = state[f"{PROJECTION}.w"]
            state[f"{PROJECTION}.total_post"][:] = w.sum(axis=0, dtype=np.float64)
        for rate in self._rates:
            state[f"{PROJECTION}.{rate}"][...] = getattr(self, rate)
        if self.dropout:
            state[f"{PROJECTION}.dropout"][...] = self.dropout
        self._set_rule(state, layer)
        self.state_ = state
        self.n_seen_ = self.n_epochs_ = self.best_epoch_ = 0
        shapes = ((0,), (0,), (0, layer.n_cells), (0, layer.n_cells))
        self.history_ = {
            name: np.zeros(shape) for name, shape in zip(_PER_EPOCH, shapes, strict=True)
        }
        self._clear_epoch()

    def _set_rule(self, state: dict[str, NDArray[Any]], layer: LayerSpec) -> None:
        """Put the constants of the rule into the state."""

    def _automatic_threshold(self, samples: NDArray[np.floating]) -> float:
        spikes = sum(int(np.count_nonzero(samples[part] < 1)) for part in _chunks(len(samples)))
        return max(_AUTOMATIC * self.weight_mean * spikes / len(samples), 1e-3)

    def _clear_epoch(self) -> None:
        self._right = self._n_in_epoch = 0
        self._target_updates = np.zeros(self._layer.n_cells, dtype=np.int64)
        self._other_updates = np.zeros(self._layer.n_cells, dtype=np.int64)

    def _check_arguments(self) -> None:
        place = type(self).__name__
        check_integer(f"{place}.n_per_class", self.n_per_class, minimum=1)
        check_integer(f"{place}.epochs", self.epochs, minimum=1)
        check_integer(f"{place}.random_state", self.random_state, minimum=0)
        if self.patience is not None:
            check_integer(f"{place}.patience", self.patience, minimum=1)
        if self.threshold is not None:
            check_real(f"{place}.threshold", self.threshold, minimum=0, exclusive=True)
        check_real(f"{place}.weight_mean", self.weight_mean)
        check_real(f"{place}.weight_std", self.weight_std, minimum=0)
        check_real(f"{place}.beta", self.beta, minimum=0)
        check_real(f"{place}.annealing", self.annealing, minimum=0, maximum=1)
        check_real(f"{place}.dropout", self.dropout, minimum=0, maximum=1)
        check_real(f"{place}.validation_fraction", self.validation_fraction, minimum=0, maximum=0.9)
        check_choice(f"{place}.form", self.form, ("additive", "multiplicative"))
        check_choice(f"{place}.dtype", self.dtype, ("float32", "float64"))
        for argument in ("test_last_input", "progress"):
            check_flag(f"{place}.{argument}", getattr(self, argument))
        check_choice(f"{place}.target", self.target, ("cpp", "numpy"))
        for rate in self._rates:
            check_real(f"{place}.{rate}", getattr(self, rate))

    # ---- answers ---------------------------------------------------------------------------------

    def respond(self, X: ArrayLike) -> Answers:
        """Return spike times and potentials of all output cells, with thresholds at rest.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Spike times.
        """
        check_is_fitted(self, "state_")
        samples = check_latencies(f"{type(self).__name__}.X", X, self.n_features_in_)
        program = _program(self._layer, False, self.dtype, self.target)
        state = program.initial_state(0)
        for name in (f"{PROJECTION}.w", "out.base"):
            state[name] = self.state_[name]
        parts = []
        for part in _chunks(len(samples)):
            state, record = program(state, {"feature": samples[part]})
            parts.append(Answers(record["out.t_spike"], record["out.v"]))
        return join_answers(parts)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of the first cell to fire: ties go to the higher potential.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Spike times.

        Returns
        -------
        array, shape (n_samples,)
        """
        first = self.respond(X).first
        labels: NDArray[Any] = self.classes_[first // self.n_per_class]
        return labels

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return how early each class answers: 1 minus the first spike time of its cells.

        Among equal times a potential that is higher by 1 counts for 1e-12.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Spike times.

        Returns
        -------
        array, shape (n_samples, n_classes)
            With two classes the difference, shape (n_samples,).
        """
        answers = self.respond(X)
        score = 1.0 - answers.t_spike.astype(np.float64) + 1e-12 * answers.potential
        best: NDArray[np.float64] = score.reshape(len(score), len(self.classes_), -1).max(axis=2)
        return best[:, 1] - best[:, 0] if best.shape[1] == 2 else best

    # ---- what was learned ------------------------------------------------------------------------

    @property
    def weights_(self) -> NDArray[Any]:
        """Weights, shape (n_features, n_cells)."""
        check_is_fitted(self, "state_")
        w: NDArray[Any] = self.state_[f"{PROJECTION}.w"]
        return w.copy()

    # ---- storage ---------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the model to one ``.npz`` file, atomically; nothing in it is executable.

        Parameters
        ----------
        path : str or Path
            Where to; ``.npz`` is appended if missing.

        Returns
        -------
        Path
            The file written.
        """
        check_is_fitted(self, "state_")
        arrays = {f"state/{name}": value for name, value in self.state_.items()}
        arrays |= {f"history/{name}": value for name, value in self.history_.items()}
        arrays |= {
            "classes_": self.classes_,
            "threshold_": np.array(self.threshold_),
            "epoch/target": self._target_updates,
            "epoch/other": self._other_updates,
        }
        numbers = ("n_features_in_", "n_seen_", "n_epochs_", "best_epoch_", "_right", "_n_in_epoch")
        return save_model(
            path,
            type(self).__name__,
            self.get_params(deep=False),
            arrays,
            {name: int(getattr(self, name)) for name in numbers},
        )

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a model written by `save`.

        Raises
        ------
        ValueError
            If the file is damaged, or holds another kind of model.
        """
        arguments, arrays, numbers = load_model(path, cls.__name__)
        model = cls(**arguments)
        model.classes_ = arrays.pop("classes_")
        model.threshold_ = float(arrays.pop("threshold_"))
        for name, number in numbers.items():
            setattr(model, name, number)
        model._target_updates, model._other_updates = (
            arrays.pop("epoch/target"),
            arrays.pop("epoch/other"),
        )
        model.state_, model.history_ = {}, {}
        for key, values in arrays.items():
            group, _, name = key.partition("/")
            (model.state_ if group == "state" else model.history_)[name] = values
        return model

    def _adopt(self, other: LatencyClassifier) -> None:
        """Take over everything another model of this kind has learned."""
        own = set(self.get_params(deep=False))
        for name, value in vars(other).items():
            if name not in own:
                setattr(self, name, value)


def _chunks(n: int) -> Iterator[slice]:
    for start in range(0, n, _CHUNK):
        yield slice(start, min(n, start + _CHUNK))
