"""Features of a fold, and one classifier trained on them, in parts that survive an interruption."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from bioplastic.analysis import chance_level, linear_baseline
from bioplastic.checkpoints import RunFolder, compute_once
from bioplastic.datasets import Dataset, load_dataset
from bioplastic.models.ncg import extract_features
from bioplastic.models.ncg.answers import Answers
from bioplastic.models.ncg.layer import LatencyClassifier

from .protocol import Entry, Protocol

__all__ = ["Fold", "evaluate_baselines", "load_fold", "train_entry"]

_PART = 2000
_TRACES = 60  # points per epoch of the threshold traces


@dataclass(frozen=True)
class Fold:
    """Latencies of one fold; the test part is touched at the end only.

    ``train`` and ``held_out`` index the rows of ``latencies``.
    """

    latencies: NDArray[np.float32]
    labels: NDArray[np.int64]
    train: NDArray[np.int64]
    held_out: NDArray[np.int64]
    test: NDArray[np.float32]
    test_labels: NDArray[np.int64]
    filters: NDArray[np.float64] | None


def load_data(data: str, protocol: Protocol) -> Dataset:
    """Return the images of a protocol."""
    loaded = load_dataset(data)
    if protocol.n_train is None and protocol.n_test is None:
        return loaded
    return loaded.head(protocol.n_train, protocol.n_test)


def load_fold(data: str, protocol: Protocol, fold: int, features: str, seed: int) -> Fold:
    """Return one fold as latencies: of the extractor trained on its training part, or of pixels."""
    return _load_fold(data, replace(protocol, entries=()), fold, features, seed)


@functools.lru_cache(maxsize=2)
def _load_fold(data: str, protocol: Protocol, fold: int, features: str, seed: int) -> Fold:
    images = load_data(data, protocol)
    splits = StratifiedKFold(protocol.splits).split(images.X, images.y)
    train, held_out = list(splits)[fold]
    filters = None
    if features == "csnn":
        options = {"cache": data != "digits", **dict(protocol.extractor)}
        extractor, latencies, test = extract_features(
            images, train, random_state=seed + fold, **options
        )
        filters = np.asarray(extractor.filters_)
    else:
        latencies, test = (
            (1 - part.reshape(len(part), -1) / np.float32(255)).astype(np.float32)
            for part in (images.X, images.X_test)
        )
    return Fold(latencies, images.y, train, held_out, test, images.y_test, filters)


def train_entry(
    entry: Entry, data: str, protocol: Protocol, fold: int, seed: int, folder: Path | None = None
) -> dict[str, Any]:
    """Train one classifier on one fold and test it at the end.

    Parameters
    ----------
    entry : Entry
        Which classifier.
    data : str
        Data set.
    protocol : Protocol
        Epochs, patience, folds.
    fold, seed : int
        Fold, and seed of the first one.
    folder : Path, optional
        Where checkpoints and the result are kept.

    Returns
    -------
    dict
        ``metrics`` and ``arrays``.
    """
    about = {
        "entry": entry.name, "arguments": dict(entry.arguments), "features": entry.features,
        "data": data, "epochs": protocol.epochs, "patience": protocol.patience, "fold": fold,
        "splits": protocol.splits, "extractor": dict(protocol.extractor), "seed": seed,
        "n_train": protocol.n_train, "n_test": protocol.n_test,
    }  # fmt: skip
    name = f"{entry.key}-fold{fold}"

    def compute() -> dict[str, Any]:
        parts = load_fold(data, protocol, fold, entry.features, seed)
        model = entry.classifier(
            epochs=protocol.epochs, patience=protocol.patience, random_state=seed + fold
        )
        run_folder = None if folder is None else folder / "running" / name
        with RunFolder(run_folder, about, resume=True) as run:
            model, extra = _train(model, parts, run)
            run.finish()
        return _describe(model, parts, extra)

    return compute_once(folder, name, about, compute)


def _train(model: LatencyClassifier, fold: Fold, run: RunFolder) -> tuple[Any, dict[str, Any]]:
    """Run epochs until validation no longer improves; the last weights are kept."""
    extra: dict[str, list[Any]] = {"error": [], "trace": []}
    if run.found:
        model, extra = run.load_model(type(model)), run.progress["extra"]
    else:
        classes = np.unique(fold.labels)
        model.begin(fold.latencies[fold.train[:_PART]], classes)
    held_out = fold.latencies[fold.held_out], fold.labels[fold.held_out]
    while model.n_epochs_ < model.epochs and not model.out_of_patience():
        errors, traces = [], []
        for start in range(0, len(fold.train), _PART):
            rows = fold.train[start : start + _PART]
            answers = model.learn(fold.latencies[rows], fold.labels[rows])
            errors.append(_mean_error(answers))
            traces.append(_first_class_thresholds(model, answers, fold.labels[rows]))
        model.end_epoch(held_out)
        extra["error"].append(float(np.mean(errors)))
        trace = np.concatenate(traces)
        extra["trace"].append(trace[:: max(1, len(trace) // _TRACES)][:_TRACES].tolist())
        run.save(model, {"extra": extra})
    return model, extra


def _mean_error(answers: Answers) -> float:
    """Return the mean distance of winners from their desired times."""
    assert answers.error is not None
    assert answers.wins is not None
    return float(np.abs(answers.error[answers.wins > 0]).mean())


def _first_class_thresholds(
    model: LatencyClassifier, answers: Answers, labels: NDArray[np.int64]
) -> NDArray[np.floating]:
    """Return the thresholds in use of the cells of the first class, on samples of that class."""
    assert answers.theta is not None
    shown: NDArray[np.floating] = answers.theta[labels == model.classes_[0], : model.n_per_class]
    return shown


def _describe(model: LatencyClassifier, fold: Fold, extra: dict[str, Any]) -> dict[str, Any]:
    """Return what a trained classifier is good for; the only place that sees the test part."""
    answers = model.respond(fold.latencies[fold.held_out])
    labels = np.searchsorted(model.classes_, fold.labels[fold.held_out])
    times = answers.t_spike.reshape(len(labels), len(model.classes_), model.n_per_class)
    rows = np.arange(len(labels))
    labelled = getattr(model, "labelled_non_target", 0)
    others = times[..., labelled:].min(axis=2)
    own = others[rows, labels].copy()
    others[rows, labels] = np.inf
    history = model.history_
    arrays = {
        "train_accuracy": history["train_accuracy"],
        "validation_accuracy": history["validation_accuracy"],
        "target_updates": history["target_updates"],
        "other_updates": history["other_updates"],
        "error": np.array(extra["error"]),
        "times_target": own.astype(np.float32),
        "times_other": others.min(axis=1).astype(np.float32),
        "threshold": np.array(model.threshold_),
    }
    if labelled:
        arrays["times_labelled"] = times[rows, labels, :labelled].min(axis=1).astype(np.float32)
    shortest = min(len(trace) for trace in extra["trace"])
    arrays["trace"] = np.array([trace[:shortest] for trace in extra["trace"]], dtype=np.float32)
    return {
        "metrics": {
            "accuracy": float(model.score(fold.test, fold.test_labels)),
            "validation": float(history["validation_accuracy"][-1]),
            "epochs": float(model.n_epochs_),
            "share_of_first": share_of_first(history, model.n_per_class, labelled),
        },
        "arrays": arrays,
    }


def share_of_first(history: dict[str, NDArray[Any]], n_per_class: int, labelled: int) -> float:
    """Return how unequally the target cells of a class share its samples, mean over classes.

    It is the share of target updates that went to the busiest target cell: 1 over their number if
    they are balanced, 1 if one cell takes them all.
    """
    updates = history["target_updates"].sum(axis=0).reshape(-1, n_per_class)[:, labelled:]
    return float(np.mean(updates.max(axis=1) / np.maximum(1, updates.sum(axis=1))))


def evaluate_baselines(
    data: str, protocol: Protocol, fold: int, seed: int, folder: Path | None = None
) -> dict[str, float]:
    """Return chance and linear classifiers on features and pixels of a fold."""
    about = {
        "data": data, "fold": fold, "splits": protocol.splits, "seed": seed,
        "extractor": dict(protocol.extractor), "n_train": protocol.n_train,
        "n_test": protocol.n_test, "max_samples": _LINEAR_SAMPLES,
    }  # fmt: skip

    def compute() -> dict[str, Any]:
        found = {}
        for features, name in (("csnn", "linear_features"), ("pixels", "linear_pixels")):
            parts = load_fold(data, protocol, fold, features, seed)
            found["chance"] = chance_level(parts.test_labels)
            train = parts.train
            if len(train) > _LINEAR_SAMPLES:
                rng = np.random.default_rng(seed)
                train = np.sort(rng.choice(train, _LINEAR_SAMPLES, replace=False))
            found[name] = linear_baseline(
                parts.latencies[train], parts.labels[train], parts.test, parts.test_labels
            )
        return found

    return compute_once(folder, f"baselines-fold{fold}", about, compute)


_LINEAR_SAMPLES = 20_000
