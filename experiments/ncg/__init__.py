"""Neuronal competition groups: supervised STDP on first spikes, with cells that share a class.

Goupy, Tirilly & Bilasco (2024), "Neuronal competition groups with supervised STDP for spike-based
classification", NeurIPS, arXiv 2410.17066. A spiking convolution learns latency features without
labels; one layer of cells that fire once learns to classify them with R-STDP, SSTDP or S2-STDP, by
one cell per class, competing pairs, or groups whose thresholds balance the competition.

Each fold leaves a tenth of the training images out, which decides when training stops; the test
images are seen once, after the last epoch. The published accuracies are known to us from secondary
sources; the values marked as measured elsewhere are single runs of the authors' read-out.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

import numpy as np

from bioplastic.study.framework import Experiment, positive_int
from bioplastic.study.parts import Call, run_calls
from bioplastic.study.results import Results, mean_over_seeds
from bioplastic.study.runs import add_run_arguments, open_run

from .drawing import draw
from .protocol import choose_protocol, describe_source
from .training import evaluate_baselines, load_fold, train_entry

__all__ = ["EXPERIMENT", "compute"]

PAPER: dict[str, dict[str, float]] = {
    "mnist": {
        "accuracy_s2stdp_ncg": 0.9892,
        "accuracy_s2stdp": 0.977,
        "accuracy_s2stdp_pcn": 0.9859,
        "accuracy_s2stdp_ncg_measured_elsewhere": 0.9884,
        "accuracy_s2stdp_measured_elsewhere": 0.9780,
        "accuracy_s2stdp_ncg_no_cr_measured_elsewhere": 0.9849,
        "accuracy_rstdp_5n_measured_elsewhere": 0.9658,
        "accuracy_sstdp_measured_elsewhere": 0.9626,
    },
    "fashion-mnist": {"accuracy_s2stdp_ncg": 0.8872, "accuracy_s2stdp_pcn": 0.8712},
    "cifar-10": {"accuracy_s2stdp_ncg": 0.6641, "accuracy_s2stdp_pcn": 0.6281},
}
"""Published means over 10 folds, from secondary sources; and, as measured elsewhere, single runs of
the authors' read-out on fold 0 after 20 epochs."""


def compute(args: argparse.Namespace) -> Results:
    """Train every classifier on every fold and summarise."""
    protocol = choose_protocol(args.scale, args.data, args.folds, args.only)
    tasks = [(entry, fold) for fold in range(protocol.folds) for entry in protocol.entries]
    # pixels last: the features of one fold stay in memory
    tasks.sort(key=lambda task: (task[1], task[0].features != "csnn"))
    filters = load_fold(args.data, protocol, 0, "csnn", args.seed).filters
    names = ("epochs", "patience", "splits", "n_train", "n_test")
    shared = {name: getattr(protocol, name) for name in names}
    shared["extractor"] = dict(protocol.extractor)
    with open_run(args, f"ncg-{args.data}", shared) as run:
        calls: list[Call] = [
            (train_entry, (entry, args.data, protocol, fold, args.seed, run.folder))
            for entry, fold in tasks
        ]
        trained = run_calls(calls, jobs=args.jobs, run=run, title="classifiers")
        linear = [
            evaluate_baselines(args.data, protocol, fold, args.seed, run.folder)
            for fold in range(protocol.folds)
        ]
        run.finish()
    runs = {(entry.key, fold): result for (entry, fold), result in zip(tasks, trained, strict=True)}
    metrics: dict[str, float] = {}
    arrays: dict[str, Any] = {} if filters is None else {"filters": filters.astype(np.float32)}
    for entry in protocol.entries:
        mine = [runs[entry.key, fold] for fold in range(protocol.folds)]
        summary = mean_over_seeds([result["metrics"] for result in mine])
        for name, value in summary.items():
            plain, std = name.removesuffix("_std"), "_std" if name.endswith("_std") else ""
            metrics[f"{plain}_{entry.key}{std}"] = value
        arrays[f"accuracy_{entry.key}"] = np.array([r["metrics"]["accuracy"] for r in mine])
        arrays |= {f"{name}_{entry.key}": value for name, value in mine[0]["arrays"].items()}
    return Results(
        metrics=metrics,
        baselines=mean_over_seeds(linear),
        paper=PAPER.get(args.data, {}) if args.scale != "smoke" else {},
        parameters={
            "epochs": protocol.epochs,
            "patience": protocol.patience,
            "folds": protocol.folds,
            "splits": protocol.splits,
            "extractor": dict(protocol.extractor),
            "settings": {entry.key: describe_source(entry) for entry in protocol.entries},
            "checkpoints": run.folder is not None,
        },
        arrays=arrays,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment."""
    parser.add_argument("--folds", type=positive_int, help="folds, each with a seed of its own")
    parser.add_argument("--only", help="configurations to train, separated by commas")
    parser.add_argument(
        "--jobs",
        type=positive_int,
        default=max(1, (os.cpu_count() or 2) // 2),
        help="parallel processes; default %(default)s",
    )
    add_run_arguments(parser)


EXPERIMENT = Experiment(
    name="ncg",
    title="Competing cells with balanced thresholds learn to classify by their first spikes",
    reference=(
        "Goupy, Tirilly & Bilasco (2024), Neuronal Competition Groups with Supervised STDP for "
        "Spike-Based Classification, NeurIPS, arXiv 2410.17066"
    ),
    costs={
        "smoke": "20 s",
        "quick": "3 min on digits, 1 h of one core on MNIST (one fold)",
        "paper": "a day of one core on MNIST (ten folds)",
    },
    datasets=("digits", "mnist", "fashion-mnist", "cifar-10"),
    compute=compute,
    draw=draw,
    add_arguments=add_arguments,
)
