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

import xarray as xr

from bioplastic.experiments.ncg.figures import FIGURES
from bioplastic.experiments.ncg.protocol import PROTOCOLS, choose_entries
from bioplastic.experiments.ncg.training import evaluate_baselines, load_fold, train_entry
from bioplastic.study import flatten, labelled
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT", "compute"]

PAPER: dict[str, dict[str, float]] = {
    "mnist": {
        "accuracy_s2stdp_ncg": 0.9892, "accuracy_s2stdp": 0.977, "accuracy_s2stdp_pcn": 0.9859,
        "accuracy_s2stdp_ncg_measured_elsewhere": 0.9884,
        "accuracy_s2stdp_measured_elsewhere": 0.9780,
        "accuracy_s2stdp_ncg_no_cr_measured_elsewhere": 0.9849,
        "accuracy_rstdp_5n_measured_elsewhere": 0.9658,
        "accuracy_sstdp_measured_elsewhere": 0.9626,
    },
    "fashion-mnist": {"accuracy_s2stdp_ncg": 0.8872, "accuracy_s2stdp_pcn": 0.8712},
    "cifar-10": {"accuracy_s2stdp_ncg": 0.6641, "accuracy_s2stdp_pcn": 0.6281},
}  # fmt: skip
"""Published means over 10 folds, from secondary sources; and, as measured elsewhere, single runs of
the authors' read-out on fold 0 after 20 epochs."""


def compute(run: Run) -> Results:
    """Train every classifier on every fold and summarise."""
    entries = choose_entries(run.scale, run.data, run.options["only"])
    folds = range(run.protocol.folds)
    shared = {"data": run.data, "protocol": run.protocol, "seed": run.seed}
    curves = ("target_time", "other_time", "labelled_time", "train_accuracy", "error",
              "validation_accuracy", "target_updates", "trace", "trace_epoch")  # fmt: skip
    factor = labelled({entry.key: entry for entry in entries})
    trained = run.measure(train_entry, fold=folds, entry=factor, ragged=curves, **shared)
    linear = run.measure(evaluate_baselines, fold=folds, **shared)
    numbers = trained[["accuracy", "validation", "epochs", "share_of_first"]]
    filters = load_fold(run.data, run.protocol, 0, "csnn", run.seed).filters
    return Results(
        metrics=flatten(numbers, over="fold"),
        baselines=flatten(linear, over="fold"),
        paper=PAPER.get(run.data, {}) if run.scale != "smoke" else {},
        parameters={
            "settings": {entry.key: entry.describe() for entry in entries},
            "checkpoints": run.store is not None,
        },
        measured={
            "numbers": numbers,
            "first_fold": trained.drop_vars(list(numbers)).isel(fold=0, drop=True),
            "extractor": xr.Dataset({"filters": (("map", "row", "column", "channel"), filters)}),
        },
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment."""
    parser.add_argument("--only", help="configurations to train, separated by commas")


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
    protocols=PROTOCOLS,
    options=("folds",),
    compute=compute,
    figures=FIGURES,
    add_arguments=add_arguments,
)
