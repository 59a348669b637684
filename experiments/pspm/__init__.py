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
from importlib.util import find_spec
from typing import Any

import numpy as np
import xarray as xr

from bioplastic.analysis.avalanches import Avalanches, find_avalanches, fit_avalanches
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

from .drawing import draw
from .protocol import NETWORKS, PERTURBATIONS, PROTOCOLS, VARIANTS, run_pif_trial, run_trial

__all__ = ["EXPERIMENT", "compute"]

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


def compute(run: Run) -> Results:
    """Run all trials and summarise them."""
    protocol = run.protocol
    sizes = protocol.with_values(trials=1, pif_trials=1)  # their number does not change a trial
    libraries = all(find_spec(name) for name in ("elephant", "neo", "pyspike"))
    metrics: dict[str, float] = {}
    arrays: dict[str, Any] = {"perturbations": np.array(PERTURBATIONS)}
    for variant in VARIANTS:
        data = run.measure(
            run_trial, variant=variant, trial=range(protocol.trials), seed=run.seed, protocol=sizes,
            libraries=libraries, ragged=("history",), progress=variant,
        )  # fmt: skip
        metrics |= summarise_variant(variant, data, arrays)
    if protocol.pif_trials and not run.options["no_avalanches"]:
        data = run.measure(
            run_pif_trial, trial=range(protocol.pif_trials), seed=run.seed, protocol=sizes,
            ragged=[f"counts_{name}" for name in ("reference", *NETWORKS)], progress="avalanches",
        )  # fmt: skip
        metrics |= summarise_avalanches(data, arrays)
    return Results(metrics=metrics, paper=PAPER if run.scale != "smoke" else {}, arrays=arrays)


def _numbers(data: xr.Dataset) -> xr.Dataset:
    """Return the numbers that every trial has."""
    return data[sorted(n for n in data if data[n].dims == ("trial",) and data[n].notnull().all())]


def _shown(data: xr.Dataset) -> dict[str, Any]:
    """Return what was kept of the first trial."""
    first = data.isel(trial=0)
    kinds = {"step": np.int32, "cell": np.int16, "error": np.float32, "inhibitory": bool}
    names = [str(n).removeprefix("shown_") for n in first if str(n).startswith("shown_")]
    return {n: first[f"shown_{n}"].values.astype(kinds[n.partition("_")[0]]) for n in names}


def summarise_variant(variant: str, data: xr.Dataset, arrays: dict[str, Any]) -> dict[str, float]:
    """Return means over trials and keep every trial among the arrays."""
    numbers = _numbers(data)
    arrays |= {f"{variant}_{name}": numbers[name].values for name in numbers}
    history = data.history.transpose("trial", "kind", "iteration")  # -1: ended before
    arrays[f"{variant}_history"] = history.fillna(-1).values.astype(np.int64)
    arrays |= {f"{variant}_{name}": values for name, values in _shown(data).items()}
    means = flatten(numbers, over="trial")
    metrics = {f"{variant}_{name}": value for name, value in means.items()}
    for name in ("optimised", "control"):
        if means["train_distance_naive"] > 0:
            ratio = means[f"train_distance_{name}"] / means["train_distance_naive"]
            metrics[f"{variant}_{name}_over_naive"] = ratio
    return metrics


def summarise_avalanches(data: xr.Dataset, arrays: dict[str, Any]) -> dict[str, float]:
    """Return exponents of the concatenated trials; keep sizes and durations among the arrays."""
    flat = flatten(_numbers(data), over="trial")
    metrics = {f"avalanches_{name}": value for name, value in flat.items()}
    for name in ("reference", *NETWORKS):
        counts = data[f"counts_{name}"].transpose("trial", ...).values.ravel()
        found = find_avalanches(counts[~np.isnan(counts)].astype(np.int64))
        arrays[f"avalanches_sizes_{name}"] = found.sizes
        arrays[f"avalanches_durations_{name}"] = found.durations
        metrics[f"avalanches_number_{name}"] = float(found.sizes.size)
        metrics[f"avalanches_threshold_{name}"] = found.threshold
        metrics |= _fit(name, found, arrays)
    arrays |= {f"avalanches_{name}": values for name, values in _shown(data).items()}
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
    """Add the choice of parts."""
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
    costs={"smoke": "15 s", "quick": "3 min of one core", "paper": "40 min of one core"},
    datasets=("synthetic",),
    protocols=PROTOCOLS,
    options=("trials", "n_iterations"),
    compute=compute,
    draw=draw,
    add_arguments=add_arguments,
)
