"""The spiking convolution alone: what it learns, how dense its code is, what a line can read.

Feature extractor of Goupy, Tirilly & Bilasco (2024), arXiv 2410.17066. It learns from the training
images of fold 0 without labels. Numbers of the authors' program and of another transcription of it
after 10 and 100 epochs stand beside ours as measured elsewhere. Baselines: chance, a linear
classifier on pixels, and on the features of random filters that are never changed but whose
thresholds are adapted all the same. Test images are seen once, by the linear classifiers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bioplastic.analysis import (
    chance_level,
    linear_baseline,
    summarise_filters,
    summarise_latencies,
)
from bioplastic.experiments.ncg.training import split_images
from bioplastic.fields import Constants, param
from bioplastic.models.ncg import EXTRACTORS, SpikingConvFeatures, named_extractor
from bioplastic.plotting import plot_feature_learning, plot_signed_filters
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT", "compute"]

_LINEAR_SAMPLES = 10_000

#: By data set and number of epochs: another transcription, and the authors' program.
ELSEWHERE: dict[tuple[str, int], dict[str, float]] = {
    ("mnist", 10): {
        "mean_weight": 0.271, "strong_share": 0.217, "mean_filter_sum": 13.6,
        "mean_threshold": 11.3, "mean_weight_authors": 0.275, "strong_share_authors": 0.218,
        "mean_filter_sum_authors": 13.8, "mean_threshold_authors": 11.2,
    },
    ("mnist", 100): {
        "weak_share": 0.70, "strong_share": 0.24, "mean_threshold": 11.5, "density": 0.265,
        "mean_latency": 0.84,
    },
}  # fmt: skip


class Protocol(Constants):
    """Sizes of the experiment."""

    epochs: int = param(100, minimum=1, doc="passes through the images")
    seeds: int = param(1, minimum=1, doc="extractors trained")
    n_train: int | None = param(None, minimum=1, doc="images that they learn from, all if None")


def compute(run: Run) -> Results:
    """Train one extractor per seed and measure its filters and its code."""
    shared = {"data": run.data, "n_train": run.protocol.n_train, "sample": run.seed}
    epochs = run.protocol.epochs
    trained = run.measure(train_extractor, seed=run.seeds, epochs=epochs, **shared)
    frozen = run.measure(read_random_filters, seed=run.seeds, epochs=min(10, epochs), **shared)
    data, train, _ = split_images(run.data, 0)
    train = train[: run.protocol.n_train]
    pixels = linear_baseline(
        data.X[train], data.y[train], data.X_test, data.y_test,
        seed=run.seed, max_samples=_LINEAR_SAMPLES,
    )  # fmt: skip
    numbers = [name for name, values in trained.items() if values.dims == ("seed",)]
    settings = EXTRACTORS[run.data].items()
    return Results(
        metrics=flatten(trained[numbers]),
        baselines={
            "chance": chance_level(data.y_test),
            "linear_pixels": pixels,
            **flatten(frozen, names={"value": "linear_frozen"}),
        },
        paper=dict(ELSEWHERE.get((run.data, epochs), {})),
        parameters={
            "n_train": len(train),
            "linear_samples": min(_LINEAR_SAMPLES, len(train)),
            "extractor": {n: list(v) if isinstance(v, tuple) else v for n, v in settings},
        },
        measured={
            "numbers": trained[numbers],
            "first_seed": trained.drop_vars(numbers).isel(seed=0, drop=True),
        },
    )


def train_extractor(
    seed: int, data: str, epochs: int, n_train: int | None, sample: int
) -> dict[str, Any]:
    """Train one extractor; return what it learned and how well its code can be read."""
    extractor = named_extractor(data, random_state=seed, epochs=epochs)
    accuracy, latencies = _read_linearly(extractor, data, n_train, sample)
    some = latencies[:: max(1, len(latencies) // 500)]
    return {
        **summarise_filters(extractor.filters_, extractor.thresholds_),
        **summarise_latencies(latencies),
        "accuracy_linear": accuracy,
        "filters": xr.DataArray(extractor.filters_, dims=("map", "row", "column", "channel")),
        "thresholds": xr.DataArray(extractor.threshold_history_, dims=("moment", "map")),
        "wins": xr.DataArray(extractor.wins_, dims=("epoch", "map")),
        "latencies": xr.DataArray(some, dims=("image", "feature")),
    }


def read_random_filters(
    seed: int, data: str, epochs: int, n_train: int | None, sample: int
) -> float:
    """Return how well the code of random filters can be read whose thresholds alone adapt."""
    frozen = {"a_plus": 0.0, "a_minus": 0.0, "weight_std": 0.3}
    extractor = named_extractor(data, random_state=seed, epochs=epochs, **frozen)
    return _read_linearly(extractor, data, n_train, sample)[0]


def _read_linearly(
    extractor: SpikingConvFeatures, name: str, n_train: int | None, seed: int
) -> tuple[float, NDArray[np.float32]]:
    """Train; return the test accuracy of a linear classifier and the latencies of test images."""
    data, train, _ = split_images(name, 0)
    chosen = train = train[:n_train]
    if len(train) > _LINEAR_SAMPLES:
        chosen = np.random.default_rng(seed).choice(train, _LINEAR_SAMPLES, replace=False)
    extractor.fit(data.X[train])
    learned, latencies = extractor.transform(data.X[chosen]), extractor.transform(data.X_test)
    accuracy = linear_baseline(1 - learned, data.y[chosen], 1 - latencies, data.y_test)
    return accuracy, latencies


def draw_filters(results: Results) -> Any:
    """Draw the filters of the first seed."""
    return plot_signed_filters(results.measured["first_seed"].filters).figure


def draw_learning(results: Results) -> Any:
    """Draw how the first seed has learned, and its code."""
    first = results.measured["first_seed"]
    return plot_feature_learning(
        first.thresholds, first.wins, first.filters, first.latencies,
        t_target=results.parameters["extractor"]["t_target"],
        threshold_elsewhere=results.paper.get("mean_threshold"),
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="csnn",
    title="Latency features from a spiking convolution trained with STDP",
    reference=(
        "Goupy, Tirilly & Bilasco (2024), Neuronal competition groups with supervised STDP for "
        "spike-based classification, NeurIPS: the feature extractor"
    ),
    costs={"smoke": "5 s", "quick": "20 s", "paper": "5 min with MNIST"},
    datasets=("digits", "mnist", "fashion-mnist", "cifar-10", "cifar-100"),
    protocols={
        "smoke": Protocol(epochs=3, n_train=1000),
        "quick": Protocol(epochs=10),
        "quick/digits": Protocol(),  # takes a second
        "paper": Protocol(seeds=3),
    },
    compute=compute,
    figures={"filters": draw_filters, "learning": draw_learning},
)
