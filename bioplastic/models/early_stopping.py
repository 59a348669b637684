"""Early stopping: held-out samples say when `fit` ends."""

from __future__ import annotations

import os
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.datasets import stratified_split
from bioplastic.fields import param
from bioplastic.models.base import SpikingClassifier, Watch

__all__ = ["EarlyStoppingClassifier"]


class EarlyStoppingClassifier(SpikingClassifier):
    """Base of classifiers that stop when they answer held-out samples no better.

    A system states ``epochs``, the largest number, and `decide`, and tells `end_epoch` what else of
    an epoch belongs into ``history_``.

    Attributes
    ----------
    history_ : dict of str to array
        Per epoch ``validation_accuracy``, NaN without validation, and what the system notes.
    n_epochs_, best_epoch_ : int
        Epochs so far, and the first one with the best validation accuracy.
    """

    patience: int | None = param(10, minimum=1, optional=True, kw_only=True, doc="epochs without a "
        "better validation accuracy after which `fit` stops")  # fmt: skip
    validation_fraction: float = param(0.0, minimum=0, maximum=0.9, kw_only=True, doc="share of "
        "the samples held out for that, if `fit` is given no validation set")  # fmt: skip

    history_: dict[str, NDArray[Any]]
    n_epochs_: int
    best_epoch_: int

    def decide(self, samples: Any) -> NDArray[Any]:
        """Return the index of the class of each sample; samples are as of `check_data`."""
        raise NotImplementedError(f"{type(self).__name__}.decide: must be defined")

    def fit(
        self,
        X: Any,
        y: Any = None,
        validation: tuple[ArrayLike, ArrayLike] | None = None,
        *,
        checkpoints: str | os.PathLike[str] | None = None,
        resume: bool = False,
        watch: Watch | None = None,
        watch_every: int | None = None,
    ) -> Self:
        """Learn from scratch, in the order given, until validation no longer improves.

        Parameters
        ----------
        X : array_like, shape (n_samples, n_features)
            Samples.
        y : array_like, shape (n_samples,)
            Labels.
        validation : (X, y), optional
            Samples that decide when to stop. By default ``validation_fraction`` of the samples, and
            none if that is zero: then all epochs are run.
        checkpoints, resume, watch, watch_every
            See `bioplastic.models.base.SpikingEstimator.fit`.

        Returns
        -------
        self
            The model, with the weights of the last epoch.
        """
        self._check_params()
        samples, labels = self.check_data(X, y, first=True)
        self._begin(samples, labels)
        held_out = None
        if validation is not None:
            held_out = self.check_data(*validation, first=False)
        elif self.validation_fraction:
            kept, rest = stratified_split(labels, self.validation_fraction, self.seed_)
            held_out = samples[rest], labels[rest]
            samples, labels = samples[kept], labels[kept]
            self.start(samples, labels)
        about: dict[str, Any] = {}
        if held_out is not None and checkpoints is not None:
            about = {"validation": dict(zip("Xy", held_out, strict=True))}
        self._held_out = held_out
        try:
            with self._compiled_once():  # epochs change nothing in the networks
                return self._fit_stages(
                    samples, labels, checkpoints, resume, watch, watch_every, **about
                )
        finally:
            del self._held_out

    def start(self, X: Any, y: Any) -> None:
        """Begin with an empty history."""
        super().start(X, y)
        self.history_, self.n_epochs_, self.best_epoch_ = {}, 0, 0

    def end_epoch(
        self, validation: tuple[ArrayLike, ArrayLike] | None = None, **noted: Any
    ) -> bool:
        """Evaluate, and add a line to ``history_``.

        Parameters
        ----------
        validation : (X, y), optional
            Samples to evaluate on. `fit` uses its own.
        **noted
            What else is kept of the epoch: numbers, or arrays of the same shape in every epoch.

        Returns
        -------
        bool
            Whether ``patience`` epochs have passed without a better validation accuracy.
        """
        check_is_fitted(self, "n_seen_")
        held_out = self.__dict__.get("_held_out")
        if validation is not None:
            held_out = self.check_data(*validation, first=False)
        score = np.nan
        if held_out is not None:
            score = float(np.mean(self.decide(held_out[0]) == held_out[1]))
        for name, value in {**noted, "validation_accuracy": score}.items():
            line = np.array(value)[None]
            self.history_[name] = np.concatenate([self.history_.get(name, line[:0]), line])
        scores = self.history_["validation_accuracy"]
        self.n_epochs_ += 1
        if held_out is not None and not np.any(scores[:-1] >= score):
            self.best_epoch_ = self.n_epochs_
        if self.patience is None or np.all(np.isnan(scores)):
            return False
        return self.n_epochs_ - self.best_epoch_ >= self.patience
