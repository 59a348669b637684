"""Presynaptic pool modification: recurrent networks learn the spike trains of another network.

Bagley, Bordelon, Moseley & Wessel (2020), "Pre-synaptic pool modification (PSPM): a supervised
learning procedure for recurrent spiking neural networks", PLoS ONE 15(2), e0229083,
doi 10.1371/journal.pone.0229083.

An all-to-all network starts from other weights than a reference network and learns to fire its
spikes under the same input. Does matching the spikes recover the weights? All scores are taken on
the input of the training, as published. The values under ``paper`` were measured with the authors'
program at its default settings; the article's own tables are not available to us.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from bioplastic.analysis.avalanches import Avalanches, find_avalanches, fit_avalanches
from bioplastic.study.framework import Experiment, positive_int
from bioplastic.study.parts import Call, compute_part, digest_sources, run_calls
from bioplastic.study.results import Results, mean_over_seeds
from bioplastic.study.runs import add_run_arguments, open_run

from .drawing import draw
from .protocol import (
    NETWORKS,
    PERTURBATIONS,
    VARIANTS,
    choose_protocol,
    run_pif_trial,
    run_trial,
)

__all__ = ["EXPERIMENT", "compute"]

_SOURCES = (
    "bioplastic/models/pspm/*.py",
    "bioplastic/analysis/pairing.py",
    "bioplastic/analysis/spike_distance.py",
    "experiments/pspm/protocol.py",
)

PAPER = {
    "uniform_train_distance_naive": 64.7,
    "uniform_train_distance_optimised": 16.3,
    "uniform_train_distance_control": 63.6,
    "uniform_activity_distance_naive": 30.3,
    "uniform_activity_distance_optimised": 4.2,
    "uniform_activity_distance_control": 28.5,
    "uniform_count_reference": 57.3,
    "uniform_count_naive": 56.5,
    "uniform_count_optimised": 57.0,
    "uniform_count_control": 50.7,
    "uniform_weight_error_naive": 0.501,
    "uniform_weight_error_optimised": 0.523,
    "uniform_weight_error_control": 0.505,
    "uniform_weight_correlation_optimised": 0.022,
    "half_max_train_distance_naive": 157.2,
    "half_max_train_distance_optimised": 22.4,
    "half_max_train_distance_control": 65.0,
    "half_max_activity_distance_naive": 113.3,
    "half_max_activity_distance_optimised": 7.7,
    "half_max_activity_distance_control": 30.1,
    "half_max_weight_error_naive": 0.499,
    "half_max_weight_error_optimised": 0.486,
    "half_max_weight_error_control": 0.459,
    "half_max_weight_correlation_optimised": 0.031,
    "sparse_train_distance_naive": 150.5,
    "sparse_train_distance_optimised": 0.55,
    "sparse_train_distance_control": 15.3,
    "sparse_activity_distance_naive": 105.3,
    "sparse_activity_distance_optimised": 0.0025,
    "sparse_activity_distance_control": 0.92,
    "sparse_weight_error_naive": 0.624,
    "sparse_weight_error_optimised": 0.580,
    "sparse_weight_error_control": 0.586,
    "sparse_weight_correlation_optimised": 0.007,
    "local_only_train_distance_naive": 52.3,
    "local_only_train_distance_optimised": 15.5,
    "local_only_train_distance_control": 48.5,
    "local_only_activity_distance_naive": 21.1,
    "local_only_activity_distance_optimised": 5.2,
    "local_only_activity_distance_control": 16.6,
    "local_only_weight_correlation_optimised": 0.028,
    "homeostasis_only_train_distance_naive": 52.3,
    "homeostasis_only_train_distance_optimised": 51.6,
    "homeostasis_only_train_distance_control": 51.6,
    "homeostasis_only_activity_distance_naive": 21.1,
    "homeostasis_only_activity_distance_optimised": 20.0,
    "homeostasis_only_activity_distance_control": 20.7,
    "homeostasis_only_weight_correlation_optimised": 0.002,
}
"""Measured with the authors' program at N = 400, 5000 steps, 150 iterations: the mean of three runs
for uniform, one run for each other condition."""


def compute(args: argparse.Namespace) -> Results:
    """Run all trials, in parallel processes, and summarise them."""
    protocol = choose_protocol(args.scale, args.trials)
    tasks: list[Call] = [
        (run_trial, (variant, trial, args.seed, protocol))
        for variant in VARIANTS
        for trial in range(protocol.trials)
    ]
    pif_trials = range(0 if args.no_avalanches else protocol.pif_trials)
    tasks += [(run_pif_trial, (trial, args.seed, protocol)) for trial in pif_trials]
    sources = digest_sources(*_SOURCES, libraries=("elephant", "pyspike"))
    with open_run(args, "pspm", {"protocol": protocol}) as run:
        calls: list[Call] = [(compute_part, (run.folder, *task, sources)) for task in tasks]
        results = run_calls(calls, jobs=args.jobs, run=run, title="trials")
        run.finish()
    metrics: dict[str, float] = {}
    arrays: dict[str, Any] = {"perturbations": np.array(PERTURBATIONS)}
    for number, variant in enumerate(VARIANTS):
        first = number * protocol.trials
        mine = results[first : first + protocol.trials]
        metrics |= summarise_variant(variant, mine, arrays)
    if pif_trials:
        metrics |= summarise_avalanches(results[-len(pif_trials) :], arrays)
    sizes = {name: getattr(protocol, name) for name in protocol.__dataclass_fields__}
    return Results(
        metrics=metrics,
        paper=PAPER if args.scale != "smoke" else {},
        parameters={**sizes, "checkpoints": run.folder is not None},
        arrays=arrays,
    )


def summarise_variant(
    variant: str, trials: Sequence[dict[str, Any]], arrays: dict[str, Any]
) -> dict[str, float]:
    """Return means over trials and keep every trial among the arrays."""
    shared = set.intersection(*(set(trial["metrics"]) for trial in trials))
    runs = [{name: trial["metrics"][name] for name in sorted(shared)} for trial in trials]
    for name in runs[0]:
        arrays[f"{variant}_{name}"] = np.array([run[name] for run in runs])
    longest = max(trial["history"].shape[1] for trial in trials)
    history = np.full((len(trials), 2, longest), -1, dtype=np.int64)  # -1: ended before
    for row, trial in zip(history, trials, strict=True):
        row[:, : trial["history"].shape[1]] = trial["history"]
    arrays[f"{variant}_history"] = history
    arrays |= {f"{variant}_{name}": value for name, value in trials[0]["arrays"].items()}
    means = mean_over_seeds(runs)
    naive = means["train_distance_naive"]
    metrics = {f"{variant}_{name}": value for name, value in means.items()}
    for name in ("optimised", "control"):
        if naive > 0:
            metrics[f"{variant}_{name}_over_naive"] = means[f"train_distance_{name}"] / naive
    return metrics


def summarise_avalanches(
    trials: Sequence[dict[str, Any]], arrays: dict[str, Any]
) -> dict[str, float]:
    """Return exponents of the concatenated trials; keep sizes and durations among the arrays."""
    metrics = {
        f"avalanches_{name}": value
        for name, value in mean_over_seeds([trial["metrics"] for trial in trials]).items()
    }
    for name in ("reference", *NETWORKS):
        found = find_avalanches(np.concatenate([trial["counts"][name] for trial in trials]))
        arrays[f"avalanches_sizes_{name}"] = found.sizes
        arrays[f"avalanches_durations_{name}"] = found.durations
        metrics[f"avalanches_number_{name}"] = float(found.sizes.size)
        metrics[f"avalanches_threshold_{name}"] = found.threshold
        metrics |= _fit(name, found, arrays)
    arrays |= {f"avalanches_{name}": value for name, value in trials[0]["arrays"].items()}
    return metrics


def _fit(name: str, found: Avalanches, arrays: dict[str, Any]) -> dict[str, float]:
    try:
        fit = fit_avalanches(found)
    except ValueError:  # too few avalanches for a fit; there is nothing to report
        return {}
    measured = {f"avalanches_scaling_{name}": fit.scaling}
    if abs(fit.size.exponent - 1) > 1e-6:
        measured[f"avalanches_scaling_predicted_{name}"] = fit.predicted_scaling
    for kind, law in (("size", fit.size), ("duration", fit.duration)):
        arrays[f"avalanches_{kind}_fit_{name}"] = np.array(
            [law.exponent, law.lower, law.upper, law.ks, law.n]
        )
        measured[f"avalanches_{kind}_exponent_{name}"] = law.exponent
        measured[f"avalanches_{kind}_error_{name}"] = min(law.standard_error, 1e6)
        measured[f"avalanches_{kind}_ks_{name}"] = law.ks
        measured[f"avalanches_{kind}_p_{name}"] = law.p_value()
    return measured


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment."""
    parser.add_argument("--trials", type=positive_int, help="trials of each condition")
    parser.add_argument(
        "--jobs",
        type=positive_int,
        default=max(1, (os.cpu_count() or 2) // 2),
        help="parallel processes; default %(default)s",
    )
    add_run_arguments(parser)
    parser.add_argument(
        "--no-avalanches", action="store_true", help="leave out the avalanche experiment"
    )


EXPERIMENT = Experiment(
    name="pspm",
    title="Recurrent networks learn target spike trains without recovering the weights",
    reference=(
        "Bagley, Bordelon, Moseley & Wessel (2020), PLoS ONE 15(2), e0229083, "
        "doi 10.1371/journal.pone.0229083"
    ),
    costs={"smoke": "15 s", "quick": "6 min of one core", "paper": "40 min of one core"},
    datasets=("synthetic",),
    compute=compute,
    draw=draw,
    add_arguments=add_arguments,
)
