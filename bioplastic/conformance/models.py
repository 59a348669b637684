"""The conformance suite of models: what an estimator promises beyond scikit-learn."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.utils import get_tags

from bioplastic.conformance.report import CheckResult, ConformanceReport, ModelCheckError
from bioplastic.models.base import SpikingEstimator
from bioplastic.validation import check_choice, check_flag

__all__ = ["EXPECTED_FAILURES", "MODEL_CHECKS", "check_model"]

#: The checks in the order in which they run.
MODEL_CHECKS = ("silence", "seed", "pieces", "resume", "storage", "fork", "predict", "labels")

#: Checks of `sklearn.utils.estimator_checks.check_estimator` that no model here passes, and why:
#: its argument ``expected_failed_checks``. A model may have reasons of its own.
EXPECTED_FAILURES = {
    "check_supervised_y_2d": "a column of labels is refused, not flattened with a warning",
    "check_parameters_default_constructible": "defaults may be quantities with units",
}


class _Interruption(Exception):
    """Ends a training in the middle."""


def check_model(
    estimator: SpikingEstimator,
    X: Any,
    y: Any = None,
    *,
    silent: Any = None,
    skip: Mapping[str, str] | None = None,
    raise_on_failure: bool = True,
) -> ConformanceReport:
    """Check that a model does what `bioplastic.models.base.SpikingEstimator` promises.

    Every check trains new models like the given one; all comparisons are bit for bit.

    ``silence``
        Learning from samples without any spike leaves all numbers finite, and all attributes
        called ``weights_`` or ``..._weights_`` as they were, to rounding.
    ``seed``
        The same seed gives the same model, whether given as a number or as a generator in the same
        state.
    ``pieces``
        `partial_fit` with all samples equals several calls with some of them.
    ``resume``
        A training that was interrupted and continued from its checkpoints equals one that was not.
    ``storage``
        A model that was saved and loaded has the same parameters and attributes, and goes on in the
        same way.
    ``fork``
        So does a fork, and its learning leaves the original alone.
    ``predict``
        Predicting twice gives the same and changes nothing.
    ``labels``
        Nothing of the last labels gets into predictions: neither the arrays that were given, nor
        what teachers left in the state of the network that learns.

    Parameters
    ----------
    estimator : SpikingEstimator
        The model; it is not changed. A small one: it is trained about fifteen times.
    X, y : array_like
        Samples and targets, as for its `fit`; a dozen will do.
    silent : array_like, optional
        Samples that evoke no spike. Default: zeros instead of ``X``.
    skip : mapping of str to str, optional
        Checks that cannot hold for this model, with the reason that the report shall give.
    raise_on_failure : bool, default True
        Whether to raise an error, or only to report.

    Returns
    -------
    ConformanceReport
        One result per check: passed, not applicable (with the reason) or failed.

    Raises
    ------
    ModelCheckError
        If a check failed; the error holds the report.
    TypeError, ValueError
        If this is no model on the base, or ``skip`` names no check.
    """
    if not isinstance(estimator, SpikingEstimator):
        raise TypeError(f"check_model.estimator: must be a SpikingEstimator, got {estimator!r}")
    check_flag("check_model.raise_on_failure", raise_on_failure)
    if skip is not None and not isinstance(skip, Mapping):
        raise TypeError(f"check_model.skip: must be a mapping, got {skip!r}")
    for name in skip or {}:
        check_choice("check_model.skip", name, MODEL_CHECKS)
    suite = _Suite(estimator, X, y, silent)
    results = []
    for name in MODEL_CHECKS:
        if skip and name in skip:
            results.append(CheckResult(name, "not applicable", skip[name]))
            continue
        action: Callable[[], str] = getattr(suite, name)
        try:
            results.append(CheckResult(name, "passed", action()))
        except (AssertionError, FloatingPointError) as error:
            results.append(CheckResult(name, "failed", str(error)))
    report = ConformanceReport(type(estimator).__name__, tuple(results))
    if raise_on_failure and not report.passed:
        raise ModelCheckError(report)
    return report


class _Suite:
    """The checks of one model; each returns what it found or raises."""

    def __init__(self, estimator: SpikingEstimator, X: Any, y: Any, silent: Any) -> None:
        self.estimator, self.X, self.y = estimator, X, y
        self.silent_samples = np.zeros_like(np.asarray(X)) if silent is None else silent
        self.first = {"classes": np.unique(np.asarray(y))} if is_classifier(estimator) else {}
        self.fitted = self.new().fit(X, y)

    def new(self) -> Any:
        return clone(self.estimator)

    def silence(self) -> str:
        model = self.fitted.fork()
        names = [n for n in dir(model) if n == "weights_" or n.endswith("_weights_")]
        before = {name: np.array(getattr(model, name)) for name in names}
        model.partial_fit(self.silent_samples, self.y)
        for path, value in _numbers(model._fitted()):
            assert np.all(np.isfinite(value)), f"{path} is not finite after silent samples"
        for name, old in before.items():
            now = np.asarray(getattr(model, name))
            error = np.abs(now - old).max(initial=0.0)
            scale = np.abs(old).max(initial=0.0)
            assert error <= 1e-5 * scale, f"{name} changes by {error:.2g} without spikes"
        return f"all finite, {', '.join(names) or 'no weights'} unchanged"

    def seed(self) -> str:
        _same(self.new().fit(self.X, self.y), self.fitted, "another training")
        drawn = [
            self.new().set_params(random_state=make(5)).fit(self.X, self.y)
            for make in (np.random.default_rng, np.random.default_rng, np.random.RandomState)
        ]
        _same(drawn[0], drawn[1], "another generator")
        again = self.new().set_params(random_state=drawn[2].seed_).fit(self.X, self.y)
        _same(again, drawn[2], "the seed that was drawn")
        return "equal for the same number, generator and RandomState"

    def pieces(self) -> str:
        whole = self.new().partial_fit(self.X, self.y, **self.first)
        n = len(self.X)
        for cuts in ((0, 1, n), (0, n // 3, n // 2, n)):
            parts, options = self.new(), self.first
            for start, stop in itertools.pairwise(cuts):
                y = None if self.y is None else self.y[start:stop]
                parts.partial_fit(self.X[start:stop], y, **options)
                options = {}
            _same(parts, whole, f"partial_fit cut at {cuts[1:-1]}")
        return f"equal for {n} samples in two and three pieces"

    def resume(self) -> str:
        every = max(1, len(self.X) // 3)
        calls = [0]

        def watch(model: Any) -> Mapping[str, Any]:
            calls[0] -= 1
            if calls[0] == 0:
                raise _Interruption
            return {"n": model.n_seen_}

        whole = self.new().fit(self.X, self.y, watch=watch, watch_every=every)
        points = -calls[0]
        for point in range(1, points + 1):
            with tempfile.TemporaryDirectory() as folder:
                options = {"checkpoints": folder, "watch": watch, "watch_every": every}
                calls[0], model = point, self.new()
                model.checkpoint_seconds = 0.0
                with contextlib.suppress(_Interruption):
                    model.fit(self.X, self.y, **options)
                calls[0] = 0
                resumed = self.new().fit(self.X, self.y, **options, resume=True)
                _same(resumed, whole, f"resumed after part {point} of {points}")
        return f"equal after interruptions at {points} points"

    def storage(self) -> str:
        with tempfile.TemporaryDirectory() as folder:
            loaded = type(self.fitted).load(self.fitted.save(Path(folder) / "model"))
        ours, theirs = self.fitted.get_params(deep=False), loaded.get_params(deep=False)
        different = list(_differences(ours, theirs, "parameter"))
        assert not different, f"loaded: {different[0]} differs"
        return self._goes_on(loaded, "loaded")

    def fork(self) -> str:
        before = self.new().fit(self.X, self.y)
        fork = self.fitted.fork()
        text = self._goes_on(fork, "forked")
        fork.partial_fit(self.X, self.y)
        _same(self.fitted, before, "the original of a fork that learned")
        return text

    def _goes_on(self, copy: Any, what: str) -> str:
        _same(copy, self.fitted, what)
        self._same_predictions(copy, what)
        going_on = self.new().fit(self.X, self.y).partial_fit(self.X, self.y)
        _same(copy.partial_fit(self.X, self.y), going_on, f"{what}, going on")
        return "equal, and after further learning"

    def predict(self) -> str:
        before = self.fitted.fork()
        self._same_predictions(self.fitted, "the second time")
        _same(self.fitted, before, "predicting")
        return "equal, nothing changed"

    def _same_predictions(self, other: Any, what: str) -> None:
        if hasattr(self.fitted, "predict"):
            one, two = self.fitted.predict(self.X), other.predict(self.X)
            assert not list(_differences(one, two, "")), f"{what}: other predictions"

    def labels(self) -> str:
        if not get_tags(self.estimator).target_tags.required:
            return "no labels"
        X, y = np.array(self.X), np.array(self.y)
        model = self.new().fit(X, y)
        y[:] = y[0]
        self._same_predictions(model, "labels changed after fit")
        if not hasattr(model, "state_"):
            return "given labels are copied"
        answering = set(model.frozen_state())
        for name, value in model.state_.items():
            if name not in answering and not name.startswith("clock."):
                model.state_[name] = np.zeros_like(value)
        self._same_predictions(model, "state of the teacher removed")
        inputs = set(model.present(model.check_samples(X[:1])))
        taught = set(model.present(model.check_samples(X[:1]), np.zeros(1, dtype=np.int32)))
        return (
            f"answers see {', '.join(sorted(inputs))}, learning also {', '.join(taught - inputs)}"
        )


def _same(one: SpikingEstimator, other: SpikingEstimator, what: str) -> None:
    for path in _differences(one._fitted(), other._fitted(), ""):
        raise AssertionError(f"{what}: {path} differs")


def _differences(one: Any, other: Any, path: str) -> Iterator[str]:
    """Yield where two values differ; NaN equals NaN."""
    if hasattr(one, "__dict__") and not isinstance(one, np.ndarray | Mapping):
        one, other = vars(one), getattr(other, "__dict__", other)
    if isinstance(one, Mapping):
        if not isinstance(other, Mapping) or list(one) != list(other):
            keys = set(one) ^ set(other) if isinstance(other, Mapping) else ()
            yield f"{path}: {', '.join(map(str, keys))}"
            return
        for key, value in one.items():
            yield from _differences(value, other[key], f"{path}.{key}".strip("."))
    elif isinstance(one, list | tuple):
        if type(one) is not type(other) or len(one) != len(other):
            yield path
            return
        for k, value in enumerate(one):
            yield from _differences(value, other[k], f"{path}[{k}]")
    else:
        a, b = np.asarray(one), np.asarray(other)
        same = a.dtype == b.dtype and a.shape == b.shape
        if not same or not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"):
            yield path


def _numbers(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if hasattr(value, "__dict__") and not isinstance(value, np.ndarray | Mapping):
        value = vars(value)
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _numbers(member, f"{path}.{key}".strip("."))
    elif isinstance(value, list | tuple):
        for k, member in enumerate(value):
            yield from _numbers(member, f"{path}[{k}]")
    elif np.asarray(value).dtype.kind == "f":
        yield path, np.asarray(value)
