"""Dynamic Confidence (Li, Jones & Furber 2023): a classifier that answers as soon as it is sure.

Each time step adds spikes of the outputs, ``O[t] = O[t-1] + o[t]/alpha``; the answer is given at
the first step at which ``max softmax(O[t])`` exceeds a threshold, and at the last one otherwise.
Nothing in the classifier changes. The threshold is chosen on held-out training samples.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis.early_exit import ExitScores, choose_threshold, exit_times, score_exit
from bioplastic.datasets import stratified_split
from bioplastic.engine import Program, SpikeCount, SpikeRecord
from bioplastic.fields import Parametrised, check_params, param
from bioplastic.models.base import SpikingClassifier

__all__ = ["EarlyExit", "spike_evidence"]


class EarlyExit(ClassifierMixin, MetaEstimatorMixin, Parametrised, BaseEstimator):  # type: ignore[misc]
    """Let a rate-coded classifier answer before the end of a sample, when it is confident.

    The classifier is a `bioplastic.models.base.SpikingClassifier` whose score of a class is the
    number of spikes of its output cell, or any classifier with a method ``evidence(X, n_times)``
    that returns what each class has gathered by the end of each part of the time, shape
    ``(n_samples, n_times, n_classes)``.

    Attributes
    ----------
    estimator_ : estimator
        The classifier, fitted.
    threshold_, alpha_ : float
        Chosen on held-out samples: the smallest mean latency within ``tolerance``.
    classes_ : array, shape (n_classes,)
        Labels in sorted order.
    held_out_evidence_, held_out_classes_ : array
        What the threshold was chosen on, shapes ``(n_samples, n_times, n_classes)`` and
        ``(n_samples,)``, as indices into ``classes_``.

    References
    ----------
    Li, Jones & Furber (2023), "Unleashing the Potential of Spiking Neural Networks by Dynamic
    Confidence", ICCV, arXiv 2303.10276.

    Examples
    --------
    >>> from bioplastic import SymSTDPClassifier, load_digits
    >>> digits = load_digits()
    >>> model = EarlyExit(SymSTDPClassifier(n_hidden=16), n_times=10)
    >>> labels, latency = model.fit(digits.X[:200], digits.y[:200]).answer(digits.X_test[:5])
    >>> labels.shape, bool(np.all((latency >= 1) & (latency <= 10)))
    ((5,), True)
    """

    estimator: Any = param(doc="the classifier; `fit` fits a clone of it")
    n_times: int = param(
        50, minimum=2, doc="parts of the time at whose ends an answer may be given"
    )
    tolerance: float = param(
        0.005, minimum=0, maximum=1, doc="accuracy that may be lost on held-out samples"
    )
    alphas: Sequence[float] = param(
        (0.3, 1.0, 3.0, 10.0, 30.0), doc="smoothing of the confidence: the values tried"
    )
    held_out: float = param(
        0.2, minimum=0.01, maximum=0.9, doc="share of the training samples that `fit` holds out"
    )
    folds: int | None = param(
        None, minimum=2, optional=True, doc="parts of the training samples, held out in turn: "
        "the threshold is chosen on answers of classifiers that were fitted on the other parts; "
        "the one that answers later is fitted on all. Without, ``held_out`` counts"
    )  # fmt: skip
    prefit: bool = param(
        False, doc="whether the classifier is fitted already and all samples given to `fit` are "
        "held-out ones, which it has not seen"
    )  # fmt: skip
    random_state: int = param(0, minimum=0, doc="draws the samples that are held out")

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the classifier on a part of the samples, choose the threshold on the others."""
        check_params(self)
        X, labels = np.asarray(X), np.asarray(y)
        if self.prefit:
            self.estimator_ = self.estimator
            check_is_fitted(self.estimator_)
        elif self.folds:
            return self._fit_folds(X, labels, self.folds)
        else:
            _, coded = np.unique(labels, return_inverse=True)
            kept, held = stratified_split(coded, self.held_out, self.random_state)
            self.estimator_ = clone(self.estimator).fit(X[kept], labels[kept])
            X, labels = X[held], labels[held]
        self.classes_ = self.estimator_.classes_
        return self._choose(self.evidence(X), labels)

    def _fit_folds(self, X: NDArray[Any], labels: NDArray[Any], folds: int) -> Self:
        shuffled = StratifiedKFold(folds, shuffle=True, random_state=self.random_state)
        parts = []
        for kept, held in shuffled.split(X, labels):
            self.estimator_ = clone(self.estimator).fit(X[kept], labels[kept])
            parts.append((held, self.evidence(X[held])))
        self.estimator_ = clone(self.estimator).fit(X, labels)
        self.classes_ = self.estimator_.classes_
        order = np.argsort(np.concatenate([held for held, _ in parts]))
        return self._choose(np.concatenate([found for _, found in parts])[order], labels)

    def _choose(self, evidence: NDArray[np.float64], labels: NDArray[Any]) -> Self:
        self.held_out_evidence_, self.held_out_classes_ = evidence, self._code(labels)
        self.threshold_, self.alpha_ = choose_threshold(
            evidence, self.held_out_classes_, tolerance=self.tolerance, alphas=self.alphas
        )
        return self

    def _code(self, y: Any) -> NDArray[np.int64]:
        labels = np.asarray(y)
        unknown = np.setdiff1d(labels, self.classes_)
        if unknown.size:
            raise ValueError(f"EarlyExit.y: must be labels seen in fit, got {unknown[0]!r}")
        return np.searchsorted(self.classes_, labels).astype(np.int64)

    @property
    def n_features_in_(self) -> int:
        """Features of a sample."""
        return int(self.estimator_.n_features_in_)

    def evidence(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return what each class has gathered, shape (n_samples, n_times, n_classes)."""
        check_is_fitted(self, "estimator_")
        own = getattr(self.estimator_, "evidence", None)
        if own is not None:
            return np.asarray(own(X, self.n_times), dtype=np.float64)
        return spike_evidence(self.estimator_, X, self.n_times)

    def answer(self, X: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return labels and the number of parts of the time, from 1, after which they are given."""
        check_is_fitted(self, "threshold_")
        evidence = self.evidence(X)
        stop = exit_times(evidence, self.threshold_, alpha=self.alpha_)
        return self.classes_[evidence[np.arange(len(stop)), stop].argmax(axis=1)], stop + 1

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the labels given early."""
        return self.answer(X)[0]

    def scores(self, X: ArrayLike, y: ArrayLike) -> ExitScores:
        """Return accuracy and latency beside fixed times, the full time and the oracle."""
        check_is_fitted(self, "threshold_")
        return score_exit(self.evidence(X), self._code(y), self.threshold_, alpha=self.alpha_)


def spike_evidence(
    model: SpikingClassifier, X: ArrayLike, n_times: int, population: str | None = None
) -> NDArray[np.float64]:
    """Return the spikes of the outputs of a classifier up to the end of each part of a trial.

    Parameters
    ----------
    model : SpikingClassifier
        Fitted. Its scores are the spike counts of its output population, over a window perhaps.
    X : array_like, shape (n_samples, n_features)
        Samples.
    n_times : int
        Equal parts of the window in which spikes count. Where a sample is presented several times,
        they are parts of its last presentation.
    population : str, optional
        Whose spikes are taken. Default: the outputs.

    Returns
    -------
    array, shape (n_samples, n_times, n_cells)
        At the last time the counts of the whole window; of the outputs, scores of the classes.

    Raises
    ------
    TypeError
        If the network does not count spikes of that population.
    """
    place = "EarlyExit.estimator"
    if not isinstance(model, SpikingClassifier):
        raise TypeError(f"{place}: must be a SpikingClassifier or have evidence(), got {model!r}")
    cells = population or model.output
    network = model.network(model.frozen)
    counts = [r for r in network.records if isinstance(r, SpikeCount) and r.population == cells]
    if not counts:
        raise TypeError(f"{place}: must count the spikes of its outputs, got {model!r}")
    if not any(isinstance(r, SpikeRecord) and r.population == cells for r in network.records):
        record = SpikeRecord(population=cells)
        network = dataclasses.replace(network, records=(*network.records, record))
    program = Program(network, dt=model.dt, dtype=model.dtype, target=model.target)
    begin, end = counts[0].window or (0, network.trial.duration)
    first, last = (round(float(edge) / program.layout.dt) for edge in (begin, end))
    samples = model.check_samples(X)
    gathered = np.zeros((len(samples), n_times, network.population(cells).n))
    start = 0
    for found in model.show(program, samples):
        shown = np.cumsum(found["presentations"]) - 1  # the last presentation of each sample
        sample = np.searchsorted(shown, found[f"{cells}.spike_trial"])
        step = np.rint(found[f"{cells}.spike_time"] / program.layout.dt).astype(int)
        chosen = (found[f"{cells}.spike_trial"] == shown[sample]) & (step >= first)
        chosen &= step < last
        when = (step[chosen] - first) * n_times // (last - first)
        fired = found[f"{cells}.spike_cell"][chosen]
        np.add.at(gathered, (start + sample[chosen], when, fired), 1)
        start += len(shown)
    return np.cumsum(gathered, axis=1)
