"""One classifier on the features of one fold, and what it is compared with."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from bioplastic.analysis import chance_level, linear_baseline
from bioplastic.datasets import Dataset, load_dataset
from bioplastic.engine.cache import cache_directory
from bioplastic.experiments.ncg.protocol import Entry, Protocol
from bioplastic.models.ncg import LatencyClassifier, extract_features
from bioplastic.study import measure

__all__ = [
    "Fold", "evaluate_baselines", "load_fold", "share_of_first", "split_images", "train_entry",
]  # fmt: skip

FULL = "s2stdp_ncg"
_TRACES = 60  # points per epoch of the threshold traces
_LINEAR_SAMPLES = 20_000


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
    filters: NDArray[np.float32] | None


@functools.lru_cache(maxsize=2)
def load_fold(data: str, protocol: Protocol, fold: int, features: str, seed: int) -> Fold:
    """Return one fold as latencies: of the extractor trained on its training part, or of pixels."""
    sizes = {name: getattr(protocol, name) for name in ("splits", "n_train", "n_test")}
    images, train, held_out = split_images(data, fold, **sizes)
    labels = images.y, train, held_out
    if features == "pixels":
        latencies, test = (
            (1 - part.reshape(len(part), -1) / np.float32(255)).astype(np.float32)
            for part in (images.X, images.X_test)
        )
        return Fold(latencies, *labels, test, images.y_test, None)
    found = measure(
        spiking_features, store=None if data == "digits" else cache_directory(), progress=False,
        data=data, fold=fold, seed=seed, **sizes,
    )  # fmt: skip
    return Fold(found.train.values, *labels, found.test.values, images.y_test, found.filters.values)


def split_images(
    data: str, fold: int, splits: int = 10, n_train: int | None = None, n_test: int | None = None
) -> tuple[Dataset, NDArray[np.int64], NDArray[np.int64]]:
    """Return the images of a data set, and which train and are held out in a fold."""
    images = load_dataset(data)
    if n_train is not None or n_test is not None:
        images = images.head(n_train, n_test)
    train, held_out = list(StratifiedKFold(splits).split(images.X, images.y))[fold]
    return images, train, held_out


def spiking_features(
    data: str, fold: int, seed: int, splits: int, n_train: int | None, n_test: int | None
) -> dict[str, NDArray[np.float32]]:
    """Return features of all images, of an extractor that learned from the training part."""
    images, rows, _ = split_images(data, fold, splits, n_train, n_test)
    extractor, train, test = extract_features(images, rows, random_state=seed + fold)
    return {"train": train, "test": test, "filters": extractor.filters_}


def train_entry(entry: Entry, data: str, protocol: Protocol, fold: int, seed: int) -> xr.Dataset:
    """Train one classifier on one fold until validation no longer improves; test it at the end.

    ``seed`` is that of the first fold. Curves have the dimensions ``epoch``, ``cell`` (of the first
    class), ``sample`` (held out) and ``point`` (of the training of the full method).
    """
    parts = load_fold(data, protocol, fold, entry.features, seed)
    model = entry.configuration.classifier(
        epochs=protocol.epochs, patience=protocol.patience, random_state=seed + fold
    )
    held_out, labels = parts.latencies[parts.held_out], parts.labels[parts.held_out]
    watched = entry.key == FULL
    model.fit(
        parts.latencies[parts.train], parts.labels[parts.train], (held_out, labels),
        watch=_thresholds_of_first_class if watched else None,
        watch_every=max(1, len(parts.train) // _TRACES) if watched else None,
    )  # fmt: skip
    history, size, labelled = model.history_, model.n_per_class, model.labelled_non_target
    shape = (len(labels), len(model.classes_), size)
    times = model.respond(held_out).t_spike.reshape(shape)
    rows, own = np.arange(len(labels)), np.searchsorted(model.classes_, labels)
    others = times[..., labelled:].min(axis=2)
    first_right = others[rows, own]
    others[rows, own] = np.inf
    found: dict[str, Any] = {
        "accuracy": float(model.score(parts.test, parts.test_labels)),
        "validation": float(history["validation_accuracy"][-1]),
        "epochs": float(model.n_epochs_),
        "share_of_first": share_of_first(history["target_updates"], size, labelled),
        "target_time": ("sample", first_right),
        "other_time": ("sample", others.min(axis=1)),
        "target_updates": (("epoch", "cell"), history["target_updates"][:, :size]),
    }
    for name in ("train_accuracy", "validation_accuracy", "error"):
        found[name] = ("epoch", history[name])
    if labelled:
        found["labelled_time"] = ("sample", times[rows, own, :labelled].min(axis=1))
    if watched:
        seen = np.array([row["n_seen"] for row in model.curve_]) / len(parts.train)
        found["trace"] = ("point", "member"), np.array([row["theta"] for row in model.curve_])
        found["trace_epoch"] = ("point", seen)
    return xr.Dataset(found)


def _thresholds_of_first_class(model: LatencyClassifier) -> dict[str, Any]:
    """Return the thresholds in use of the cells of the first class, on samples of that class."""
    thresholds: Any = model.thresholds_  # type: ignore[attr-defined]
    return {"theta": thresholds[: model.n_per_class].tolist()}


def share_of_first(updates: NDArray[Any], n_per_class: int, labelled: int) -> float:
    """Return how unequally the target cells of a class share its samples, mean over classes.

    It is the share of target updates that went to the busiest target cell: 1 over their number if
    they are balanced, 1 if one cell takes them all.

    Examples
    --------
    >>> share_of_first(np.array([[9, 3, 1, 0, 2, 2], [9, 0, 0, 0, 0, 0]]), 3, 1)
    0.625
    """
    sums = updates.sum(axis=0).reshape(-1, n_per_class)[:, labelled:]
    return float(np.mean(sums.max(axis=1) / np.maximum(1, sums.sum(axis=1))))


def evaluate_baselines(data: str, protocol: Protocol, fold: int, seed: int) -> dict[str, float]:
    """Return chance and linear classifiers on features and pixels of a fold."""
    found = {}
    for features, name in (("csnn", "linear_features"), ("pixels", "linear_pixels")):
        parts = load_fold(data, protocol, fold, features, seed)
        found["chance"] = chance_level(parts.test_labels)
        found[name] = linear_baseline(
            parts.latencies[parts.train], parts.labels[parts.train], parts.test, parts.test_labels,
            seed=seed, max_samples=_LINEAR_SAMPLES,
        )  # fmt: skip
    return found
