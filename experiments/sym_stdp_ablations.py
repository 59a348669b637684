"""What each part of the symmetric-STDP network contributes.

Each condition takes one part away from the network of Hao et al. (2020), or replaces it. Input
weights frozen at their random start with a trained read-out are the baseline that learning in the
hidden layer must beat; there the adaptive thresholds learn as usual, or the strongest neurons would
fire for every image. Linear classifiers on pixels and on hidden spike counts tell what a read-out
without any constraint of locality would reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brian2 import mV, second
from matplotlib.figure import Figure

from bioplastic.analysis.baselines import chance_level, linear_baseline
from bioplastic.experiments.sym_stdp import measure_baselines, measure_test
from bioplastic.experiments.sym_stdp.training import PROTOCOLS, Protocol, load_samples, train
from bioplastic.plotting.grammar import bars
from bioplastic.study import flatten, labelled
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["CONDITIONS", "EXPERIMENT", "Condition"]

_FROZEN = {"eta_hidden": 0.0}


@dataclass(frozen=True)
class Condition:
    """One row of the figure: a label, a variant, and the constants or the order that differ."""

    label: str
    variant: str = "paper"
    constants: Mapping[str, Any] = field(default_factory=dict)
    shuffle: bool = False
    linear_on_hidden: bool = False


CONDITIONS = {
    "paper": Condition("as published", linear_on_hidden=True),
    "shuffled": Condition("shuffled images", shuffle=True),
    "no_scaling": Condition("no scaling", "paper", dict(scaling_hidden=None, scaling_output=None)),
    # without the decay as well, which alone would lower the thresholds
    "no_adaptive_threshold": Condition(
        "no adaptive threshold", "paper", dict(theta_plus=0*mV, tau_theta=1e9*second)),
    "no_inhibition": Condition("no inhibition", "paper", dict(inhibition=0.0)),
    "asymmetric": Condition("asymmetric rule", "paper", dict(hidden_rule="asymmetric")),
    "frozen_random": Condition("random input weights", "paper", _FROZEN),
    "readout": Condition("our read-out", "readout", linear_on_hidden=True),
    "readout_full_inhibition": Condition(
        "our read-out,\nfull inhibition", "readout", dict(readout_inhibition=None)),
    "readout_frozen_random": Condition("our read-out,\nrandom input weights", "readout", _FROZEN),
    "ours": Condition("receptive fields", "ours", linear_on_hidden=True),
    "ours_frozen_random": Condition("receptive fields,\nrandom input weights", "ours", _FROZEN),
}  # fmt: skip
_KEPT = ("accuracy_supervised", "accuracy_assigned", "hidden_spikes_per_image")


def run_condition(
    seed: int, condition: Condition, data: str, protocol: Protocol
) -> dict[str, float]:
    """Train a model under one condition, show it the test images."""
    samples = load_samples(protocol, data, seed)
    chosen = protocol.with_values(
        variant=condition.variant, shuffle=condition.shuffle, test_presentations=1
    )
    model = train(chosen, samples, data, seed, condition.constants)
    response = model.respond(samples.X_test)
    measured = measure_test(model, samples, response, chosen)
    kept = {name: measured[name] for name in _KEPT}
    if condition.linear_on_hidden:
        found = measure_baselines(model, samples, response, protocol)
        kept["accuracy_linear_on_hidden"] = found["linear_hidden"]
    return kept


def run_pixels(seed: int, data: str, protocol: Protocol) -> dict[str, float]:
    """Return chance, and the accuracy of a linear classifier on pixels."""
    s = load_samples(protocol, data, seed)
    linear = linear_baseline(s.X, s.y, s.X_test, s.y_test, seed=seed)
    return {"chance": chance_level(s.y_test), "linear": linear}


def compute(run: Run) -> Results:
    """Train every condition with every seed and show the test images to each."""
    protocol = run.protocol.with_values(seeds=1, readout_epochs=run.protocol.n_epochs)
    given: dict[str, Any] = {"data": run.data, "protocol": protocol, "seed": run.seeds}
    data = run.measure(run_condition, **given, condition=labelled(CONDITIONS))
    pixels = run.measure(run_pixels, **given)
    return Results(
        metrics=flatten(data),
        baselines=flatten(pixels),
        parameters={"epochs": protocol.n_epochs, "readout_epochs": protocol.n_epochs},
        measured={"conditions": data},
    )


def draw_bars(results: Results) -> Figure:
    """Draw the accuracy of each condition with its spread over seeds."""
    data, known = results.measured["conditions"], CONDITIONS
    rows = {
        known[n].label: data.accuracy_supervised.sel(condition=n) for n in data.condition.values
    }
    for name in data.condition.values[[known[n].linear_on_hidden for n in data.condition.values]]:
        counts = data.accuracy_linear_on_hidden.sel(condition=name)
        rows[f"linear on counts,\n{known[name].label}"] = counts
    levels = {"linear on pixels" if k == "linear" else k: v for k, v in results.baselines.items()}
    levels = {name: v for name, v in levels.items() if not name.endswith("_std")}
    return bars(rows, baselines=levels, xlabel="test accuracy (%)", xlim=(0.0, 100.0)).figure


_SIZES = {
    "smoke": (1, 1), "quick/digits": (10, 2), "quick": (1, 3), "paper/digits": (20, 3),
    "paper": (1, 3),
}  # fmt: skip
"""Epochs and seeds."""

EXPERIMENT = Experiment(
    name="sym_stdp_ablations",
    title="What each part of the symmetric-STDP network contributes",
    reference="Hao, Huang, Dong & Xu (2020), Neural Networks 121, 387-395",
    costs={"smoke": "40 s", "quick": "3 min", "paper": "12 min of processor time"},
    datasets=("digits", "mnist"),
    compute=compute,
    figures={"bars": draw_bars},
    protocols={
        key: PROTOCOLS[key].with_values(epochs=epochs, evaluate_every=10**9, seeds=seeds)
        for key, (epochs, seeds) in _SIZES.items()
    },
    options=("n_hidden", "epochs"),
)
