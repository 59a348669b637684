"""The spiking convolution alone: what it learns, how dense its code is, what a line can read.

Feature extractor of Goupy, Tirilly & Bilasco (2024), arXiv 2410.17066. It learns from the training
images of fold 0 without labels. Numbers of the authors' program and of another transcription of it
after 10 and 100 epochs stand beside ours as measured elsewhere. Baselines: chance, a linear
classifier on pixels, and on the features of random filters that are never changed but whose
thresholds are adapted all the same. Test images are seen once, by the linear classifiers.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from bioplastic.analysis import (
    chance_level,
    linear_baseline,
    summarise_filters,
    summarise_latencies,
)
from bioplastic.datasets import Dataset, load_dataset
from bioplastic.models.ncg import EXTRACTORS, SpikingConvFeatures, named_extractor
from bioplastic.plotting import plot_feature_learning, plot_signed_filters, save_figure
from bioplastic.study.framework import Experiment, figure_path, positive_int
from bioplastic.study.results import Results, mean_over_seeds

__all__ = ["EXPERIMENT", "compute", "draw"]

_SPLITS = 10
_LINEAR_SAMPLES = 10_000
_EPOCHS = {"smoke": 3, "quick": 10, "paper": 100}

#: By data set and number of epochs: another transcription, and the authors' program.
ELSEWHERE: dict[tuple[str, int], dict[str, float]] = {
    ("mnist", 10): {
        "mean_weight": 0.271,
        "strong_share": 0.217,
        "mean_filter_sum": 13.6,
        "mean_threshold": 11.3,
        "mean_weight_authors": 0.275,
        "strong_share_authors": 0.218,
        "mean_filter_sum_authors": 13.8,
        "mean_threshold_authors": 11.2,
    },
    ("mnist", 100): {
        "weak_share": 0.70,
        "strong_share": 0.24,
        "mean_threshold": 11.5,
        "density": 0.265,
        "mean_latency": 0.84,
    },
}


def compute(args: argparse.Namespace) -> Results:
    """Train one extractor per seed and measure its filters and its code."""
    seeds = args.seeds or (3 if args.scale == "paper" else 1)
    epochs = _EPOCHS[args.scale]
    if args.data == "digits" and args.scale == "quick":
        epochs = _EPOCHS["paper"]  # takes a second
    data = load_dataset(args.data)
    folds = StratifiedKFold(_SPLITS).split(data.X, data.y)
    train = next(folds)[0]
    if args.scale == "smoke":
        train = train[:1000]
    runs, frozen = [], []
    arrays: dict[str, Any] = {}
    for seed in range(args.seed, args.seed + seeds):
        extractor = named_extractor(
            args.data, random_state=seed, epochs=epochs, cache=args.data != "digits", progress=True
        ).fit(data.X[train])
        accuracy, latencies = _read_linearly(extractor, data, train, args.seed)
        summary = summarise_filters(extractor.filters_, extractor.thresholds_)
        runs.append({**summary, **summarise_latencies(latencies), "accuracy_linear": accuracy})
        random = named_extractor(
            args.data, random_state=seed, epochs=min(10, epochs), a_plus=0.0, a_minus=0.0,
            weight_std=0.3, cache=args.data != "digits",
        ).fit(data.X[train])  # fmt: skip
        frozen.append({"linear_frozen": _read_linearly(random, data, train, args.seed)[0]})
        if seed == args.seed:
            arrays = {
                "filters": extractor.filters_,
                "threshold_history": extractor.threshold_history_,
                "wins": extractor.wins_,
                "latencies": latencies[:: max(1, len(latencies) // 500)],
                "t_target": np.array(extractor.t_target),
            }
    pixels = linear_baseline(
        data.X[train], data.y[train], data.X_test, data.y_test,
        seed=args.seed, max_samples=_LINEAR_SAMPLES,
    )  # fmt: skip
    return Results(
        metrics=mean_over_seeds(runs),
        baselines={
            "chance": chance_level(data.y_test),
            "linear_pixels": pixels,
            **mean_over_seeds(frozen),
        },
        paper=dict(ELSEWHERE.get((args.data, epochs), {})),
        parameters={
            "epochs": epochs,
            "seeds": seeds,
            "n_train": len(train),
            "linear_samples": min(_LINEAR_SAMPLES, len(train)),
            "extractor": {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in EXTRACTORS[args.data].items()
            },
        },
        arrays=arrays,
    )


def _read_linearly(
    extractor: SpikingConvFeatures, data: Dataset, train: NDArray[Any], seed: int
) -> tuple[float, NDArray[np.float32]]:
    """Return the test accuracy of a linear classifier and the latencies of the test images."""
    chosen = train
    if len(train) > _LINEAR_SAMPLES:
        chosen = np.random.default_rng(seed).choice(train, _LINEAR_SAMPLES, replace=False)
    learned, latencies = extractor.transform(data.X[chosen]), extractor.transform(data.X_test)
    accuracy = linear_baseline(1 - learned, data.y[chosen], 1 - latencies, data.y_test)
    return accuracy, latencies


def draw(results: Results, out: Path) -> list[Path]:
    """Draw filters and learning of the first seed."""
    a = results.arrays
    figures = {
        "filters": plot_signed_filters(a["filters"]).figure,
        "learning": plot_feature_learning(
            a["threshold_history"], a["wins"], a["filters"], a["latencies"],
            t_target=float(a["t_target"]),
            threshold_elsewhere=results.paper.get("mean_threshold"),
        ),
    }  # fmt: skip
    return [
        save_figure(figure, figure_path(out, results.name, title))
        for title, figure in figures.items()
    ]


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seeds", type=positive_int, help="extractors trained (default: 3 for paper, else 1)"
    )


EXPERIMENT = Experiment(
    name="csnn",
    title="Latency features from a spiking convolution trained with STDP",
    reference=(
        "Goupy, Tirilly & Bilasco (2024), Neuronal competition groups with supervised STDP for "
        "spike-based classification, NeurIPS: the feature extractor"
    ),
    costs={"smoke": "5 s", "quick": "20 s", "paper": "5 min with MNIST"},
    datasets=("digits", "mnist", "fashion-mnist", "cifar-10", "cifar-100"),
    compute=compute,
    draw=draw,
    add_arguments=_add_arguments,
)
