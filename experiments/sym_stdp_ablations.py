"""What each part of the symmetric-STDP network contributes.

Each condition takes one part away from the network of Hao et al. (2020), or replaces it. Input
weights frozen at their random start with a trained read-out are the baseline that learning in the
hidden layer must beat; there the adaptive thresholds learn as usual, or the strongest neurons would
fire for every image. Linear classifiers on pixels and on hidden spike counts tell what a read-out
without any constraint of locality would reach.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import mV, second

from bioplastic.plotting import plot_bars, save_figure
from bioplastic.study.framework import Experiment, figure_path, positive_int
from bioplastic.study.results import Results, mean_over_seeds
from bioplastic.study.runs import add_run_arguments, choose_run_folder

from .sym_stdp import measure_baselines, measure_test
from .sym_stdp.protocol import PROTOCOLS, Protocol, load_samples
from .sym_stdp.training import train_model

__all__ = ["CONDITIONS", "EXPERIMENT", "Condition"]

_LOG = logging.getLogger("bioplastic.experiments.sym_stdp_ablations")
_FROZEN = {"eta_hidden": 0.0}


@dataclass(frozen=True)
class Condition:
    """One row of the figure: a label, a variant, and the constants or the order that differ."""

    label: str
    variant: str = "paper"
    constants: Mapping[str, Any] = field(default_factory=dict)
    shuffle: bool = False


CONDITIONS = {
    "paper": Condition("as published"),
    "shuffled": Condition("shuffled images", shuffle=True),
    "no_scaling": Condition(
        "no scaling", constants={"scaling_hidden": None, "scaling_output": None}
    ),
    "no_adaptive_threshold": Condition(
        # without the decay as well, which alone would lower the thresholds
        "no adaptive threshold",
        constants={"theta_plus": 0 * mV, "tau_theta": 1e9 * second},
    ),
    "no_inhibition": Condition("no inhibition", constants={"inhibition": 0.0}),
    "asymmetric": Condition("asymmetric rule", constants={"hidden_rule": "asymmetric"}),
    "frozen_random": Condition("random input weights", constants=_FROZEN),
    "readout": Condition("our read-out", "readout"),
    "readout_full_inhibition": Condition(
        "our read-out,\nfull inhibition", "readout", {"readout_inhibition": None}
    ),
    "readout_frozen_random": Condition("our read-out,\nrandom input weights", "readout", _FROZEN),
    "ours": Condition("receptive fields", "ours"),
    "ours_frozen_random": Condition("receptive fields,\nrandom input weights", "ours", _FROZEN),
}
LINEAR_ON_HIDDEN = ("paper", "readout", "ours")
_KEPT = ("accuracy_supervised", "accuracy_assigned", "hidden_spikes_per_image")


def compute(args: argparse.Namespace) -> Results:
    """Train every condition with every seed and show the test images to each."""
    runs: list[dict[str, float]] = []
    baselines: list[dict[str, float]] = []
    protocol = choose_protocol(args)
    seeds = args.seeds or (1 if args.scale == "smoke" else 3)
    for seed in range(args.seed, args.seed + seeds):
        samples = load_samples(protocol, args.data, seed)
        run: dict[str, float] = {}
        for name, condition in CONDITIONS.items():
            chosen = replace(protocol, shuffle=condition.shuffle)
            if condition.variant != "paper":
                chosen = replace(chosen, variant=condition.variant, regime="layer_by_layer")
            title = f"sym_stdp_ablations-{args.data}-{args.scale}-{protocol.n_hidden}"
            training = train_model(
                chosen,
                samples,
                args.data,
                seed,
                folder=choose_run_folder(args, title, f"seed{seed}", name),
                resume=args.resume,
                constants=dict(condition.constants),
            )
            response = training.model.respond(samples.X_test)
            measured = measure_test(training, samples, response, replace(chosen, variant="paper"))
            run |= {f"{key}_{name}": measured[key] for key in _KEPT}
            if name in LINEAR_ON_HIDDEN:
                lines = measure_baselines(training.model, samples, response, chosen, seed)
                run[f"accuracy_linear_on_hidden_{name}"] = lines["linear_hidden"]
            _LOG.info("seed %d, %s: %.4f", seed, condition.label, measured["accuracy_supervised"])
        runs.append(run)
        baselines.append({name: lines[name] for name in ("chance", "linear")})
    return Results(
        metrics=mean_over_seeds(runs),
        baselines=mean_over_seeds(baselines),
        parameters={**vars_of(protocol), "seeds": seeds},
        arrays={f"seeds_{name}": np.array([run[name] for run in runs]) for name in runs[0]},
    )


def vars_of(protocol: Protocol) -> dict[str, Any]:
    """Return the protocol without what the conditions vary."""
    kept = {name: getattr(protocol, name) for name in protocol.__dataclass_fields__}
    return {
        k: v for k, v in kept.items() if k not in ("variant", "regime", "evaluate_every", "shuffle")
    }


def choose_protocol(args: argparse.Namespace) -> Protocol:
    """Return the protocol of a scale; the learning curve is left out."""
    chosen = PROTOCOLS[args.scale, args.data]
    epochs = {("quick", "digits"): 10, ("paper", "digits"): 20, ("paper", "mnist"): 1}
    epochs_chosen = args.epochs or epochs.get((args.scale, args.data), chosen.epochs)
    return replace(
        chosen,
        n_hidden=args.n_hidden or chosen.n_hidden,
        epochs=epochs_chosen,
        readout_epochs=epochs_chosen,
        evaluate_every=10**9,
    )


def draw(results: Results, out: Path) -> list[Path]:
    """Draw the accuracy of each condition with its spread over seeds."""
    a = results.arrays
    bars = {c.label: a[f"seeds_accuracy_supervised_{n}"] for n, c in CONDITIONS.items()}
    for name in LINEAR_ON_HIDDEN:
        bars[f"linear on counts,\n{CONDITIONS[name].label}"] = a[
            f"seeds_accuracy_linear_on_hidden_{name}"
        ]
    axes = plot_bars(
        bars,
        baselines={
            "linear on pixels": results.baselines["linear"],
            "chance": results.baselines["chance"],
        },
        xlabel="Test accuracy (%)",
        xlim=(0.0, 100.0),
    )
    return [save_figure(axes.figure, figure_path(out, results.name, "bars"))]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment."""
    parser.add_argument(
        "--n-hidden", type=positive_int, help="hidden neurons (default: that of the scale)"
    )
    parser.add_argument(
        "--epochs", type=positive_int, help="passes of each layer (default: that of the scale)"
    )
    parser.add_argument(
        "--seeds", type=positive_int, help="number of seeds, from --seed on (default: 3; smoke: 1)"
    )
    add_run_arguments(parser)


EXPERIMENT = Experiment(
    name="sym_stdp_ablations",
    title="What each part of the symmetric-STDP network contributes",
    reference="Hao, Huang, Dong & Xu (2020), Neural Networks 121, 387-395",
    costs={"smoke": "40 s", "quick": "4 min", "paper": "12 min of processor time"},
    datasets=("digits", "mnist"),
    compute=compute,
    draw=draw,
    add_arguments=add_arguments,
)
