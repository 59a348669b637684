"""Symmetric STDP with synaptic scaling and adaptive thresholds on images of digits.

Hao, Huang, Dong & Xu (2020), "A biologically plausible supervised learning method for spiking
neural networks using the symmetric STDP rule", Neural Networks 121, 387-395,
doi 10.1016/j.neunet.2019.09.007.

Images become Poisson spikes; a hidden layer with lateral inhibition learns prototypes without
labels; a teacher that fires for the true class makes the same rule learn the read-out. Both
read-outs of the paper are followed on images held out from training; the test images are shown at
the end, to the finished network alone.
"""

from __future__ import annotations

import argparse
import logging
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis.baselines import chance_level, linear_baseline
from bioplastic.analysis.embedding import embed_tsne
from bioplastic.models.sym_stdp import Response, SymSTDPClassifier
from bioplastic.models.sym_stdp.parameters import VARIANTS
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.study import Film
from bioplastic.study.framework import Experiment, positive_int
from bioplastic.study.results import Results, mean_over_seeds
from bioplastic.study.runs import add_run_arguments, choose_run_folder

from .constants import CONSTANTS, read_constant
from .drawing import draw
from .protocol import (
    Protocol,
    Samples,
    choose_protocol,
    describe_run,
    load_samples,
)
from .training import READOUTS, Training, train_model

__all__ = ["EXPERIMENT", "compute", "measure_test"]

_LOG = logging.getLogger("bioplastic.experiments.sym_stdp")


def compute(args: argparse.Namespace) -> Results:
    """Train one model per seed, then show each of them the test images once."""
    protocol = choose_protocol(args)
    runs, baselines = [], []
    film = Film() if getattr(args, "animate", False) else None
    for seed in range(args.seed, args.seed + args.seeds):
        samples = load_samples(protocol, args.data, seed)
        training = train_model(
            protocol,
            samples,
            args.data,
            seed,
            folder=choose_folder(args, protocol, seed),
            resume=args.resume,
            checkpoint_every=args.checkpoint_every,
            hidden_from=None if args.hidden_from is None else find_source(args, seed),
            constants=dict(args.constant),
            film=film if seed == args.seed else None,
        )
        response = training.model.respond(samples.X_test)
        runs.append(measure_test(training, samples, response, protocol))
        baselines.append(measure_baselines(training.model, samples, response, protocol, seed))
        _LOG.info("seed %d: %s", seed, ", ".join(f"{k} {v:.4g}" for k, v in runs[-1].items()))
        if seed == args.seed:
            first = (training, samples, response)
    return Results(
        metrics=mean_over_seeds(runs),
        baselines=mean_over_seeds(baselines),
        parameters={
            **describe_run(first[0].model, protocol, args.data),
            "train": len(first[1].X),
            "seeds": args.seeds,
            "hidden_from": args.hidden_from and Path(args.hidden_from).name,
            "checkpoints": args.checkpoints and Path(args.checkpoints).name,
        },
        arrays={
            **collect_arrays(*first),
            **(film.arrays() if film else {}),
            **{f"seeds_{name}": np.array([run[name] for run in runs]) for name in runs[0]},
        },
    )


def choose_folder(args: argparse.Namespace, protocol: Protocol, seed: int) -> Path | None:
    """Return the folder of the checkpoints of a seed; small scales need none."""
    name = f"sym_stdp-{args.data}-{args.scale}-{protocol.variant}-{protocol.n_hidden}"
    return choose_run_folder(args, name, f"seed{seed}")


def find_source(args: argparse.Namespace, seed: int) -> Path:
    """Return the folder of the run with the same seed whose hidden layer is taken over."""
    return Path(args.hidden_from) / f"seed{seed}"


def measure_test(
    training: Training, samples: Samples, response: Response, protocol: Protocol
) -> dict[str, float]:
    """Return what the test images say, and what training cost."""
    model, y_test = training.model, samples.y_test
    metrics = {
        f"accuracy_{name}": float(np.mean(model.read_out(response, name) == y_test))
        for name in READOUTS
    }
    if protocol.variant != "paper":
        summed = response
        for repetition in range(1, protocol.test_presentations):
            summed = summed + model.respond(samples.X_test, repetition=repetition)
        right = model.read_out(summed, "supervised") == y_test
        metrics["accuracy_supervised_averaged"] = float(right.mean())
    metrics |= {
        f"validation_{name}": value
        for name in READOUTS
        if (value := training.curve[-1].get(name)) is not None
    }
    per_epoch = {
        f"cpu_seconds_per_epoch_{name}": seconds * len(samples.X) / training.images[name]
        for name, seconds in training.cpu_seconds.items()
    }
    return metrics | {
        "hidden_spikes_per_image": float(response.hidden.sum(axis=1).mean()),
        "silent_outputs": float(np.mean(response.output.sum(axis=1) == 0)),
        "mean_threshold_mv": float(model.state_["exc.theta"].mean() * 1e3),
        "presentations_per_image": model.presentations_ / max(1, sum(training.images.values())),
        **per_epoch,
    }


def measure_baselines(
    model: SymSTDPClassifier, samples: Samples, response: Response, protocol: Protocol, seed: int
) -> dict[str, float]:
    """Return chance, and linear classifiers on pixels and on hidden spike counts."""
    chosen = slice(0, protocol.hidden_counts)
    counts = model.respond(samples.X[chosen], repetition=0).hidden
    return {
        "chance": chance_level(samples.y_test),
        "linear": linear_baseline(samples.X, samples.y, samples.X_test, samples.y_test, seed=seed),
        "linear_hidden": linear_baseline(
            counts, samples.y[chosen], response.hidden, samples.y_test, seed=seed
        ),
    }


def collect_arrays(training: Training, samples: Samples, response: Response) -> dict[str, Any]:
    """Return everything the figures show."""
    model = training.model
    predicted = {name: model.read_out(response, name) for name in READOUTS}
    shown = np.arange(min(len(samples.y_test), 2000))
    example = int(np.argmax(predicted["supervised"] == samples.y_test))
    last = [point for point in training.curve if "supervised" in point]
    return {
        "samples": np.array([point["samples"] for point in last]),
        **{f"curve_{name}": np.array([point[name] for point in last]) for name in READOUTS},
        "weights": model.weights_,
        "output_weights": model.output_weights_,
        "assignment": model.assignment_,
        "theta": model.state_["exc.theta"],
        "y_test": samples.y_test,
        **{f"predicted_{name}": predicted[name] for name in READOUTS},
        "tsne_activity": embed_tsne(response.hidden[shown], model.random_state),
        "tsne_weights": embed_tsne(model.weights_.T[:2000], model.random_state),
        **record_example(model, samples.X_test[example]),
        **window(model),
        **mistakes(samples.X_test, samples.y_test, predicted["supervised"]),
    }


def record_example(model: SymSTDPClassifier, image: NDArray[np.uint8]) -> dict[str, Any]:
    """Return the spikes of all layers during one presentation."""
    arrays: dict[str, Any] = {"example_image": image, "n_inputs": model.fields_.n_inputs}
    for name, (times, cells) in model.record_spikes(image).items():
        arrays[f"example_{name}_times"], arrays[f"example_{name}_cells"] = times, cells
    return arrays


def window(model: SymSTDPClassifier) -> dict[str, Any]:
    """Return the change of a hidden weight by one pair of spikes, and the closed form."""
    p = model.constants_
    rule = symmetric_stdp(eta=p.eta_hidden, a=p.trace_jump, tau=p.tau_trace, initial_trace=0.0)
    lags = np.linspace(-80, 80, 81) * b2.ms
    closed = p.eta_hidden * p.trace_jump * np.exp(-np.abs(lags / p.tau_trace))
    return {
        "window_lags": np.asarray(lags, dtype=float),
        "window": rule.window(lags),
        "window_closed_form": np.asarray(closed, dtype=float),
    }


def mistakes(
    X: NDArray[np.uint8], y: NDArray[np.int64], predicted: NDArray[np.int64]
) -> dict[str, Any]:
    """Return the first misclassified test images."""
    wrong = np.flatnonzero(predicted != y)[:24]
    return {
        "mistakes_image": X[wrong],
        "mistakes_true": y[wrong],
        "mistakes_predicted": predicted[wrong],
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment."""
    parser.add_argument(
        "--n-hidden", type=positive_int, help="hidden neurons (default: that of the scale)"
    )
    parser.add_argument(
        "--epochs", type=positive_int, help="passes through the data (default: that of the scale)"
    )
    parser.add_argument(
        "--readout-epochs", type=positive_int, help="passes of the read-out, layer by layer"
    )
    parser.add_argument(
        "--variant",
        choices=tuple(VARIANTS),
        help="published system, with our read-out, or with receptive fields too (default: paper)",
    )
    parser.add_argument(
        "--regime",
        choices=("simultaneous", "layer_by_layer"),
        help="whether both layers learn together (default: yes in paper, no in the others)",
    )
    parser.add_argument(
        "--shuffle", action="store_true", help="draw a new order of the images for every epoch"
    )
    parser.add_argument(
        "--evaluate-every", type=positive_int, help="images between two evaluations"
    )
    parser.add_argument(
        "--constant",
        type=read_constant,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a dimensionless constant or choice of the network, for example trace_jump=0.3; "
        "none where there may be none",
    )
    parser.add_argument(
        "--seeds", type=positive_int, default=1, help="number of seeds, from --seed on (default: 1)"
    )
    add_run_arguments(parser)
    parser.add_argument(
        "--checkpoint-every", type=positive_int, default=5000, help="images (default: 5000)"
    )
    parser.add_argument(
        "--hidden-from", help="checkpoints of a finished run whose hidden layer is taken over"
    )


EXPERIMENT = Experiment(
    name="sym_stdp",
    title="Symmetric STDP: a spiking network learns digits with one local rule",
    reference="Hao, Huang, Dong & Xu (2020), Neural Networks 121, 387-395",
    costs={
        "smoke": "10 s",
        "quick": "1 min",
        "paper": "2 min of processor time for 100 neurons, 6 for 400, 25 for 1600, 2 h for 6400",
    },
    datasets=("digits", "mnist", "fashion-mnist"),
    compute=compute,
    draw=draw,
    add_arguments=add_arguments,
    animates=True,
    settings={
        "eta": ("--constant", "eta_hidden={}"),
        **{name: ("--constant", f"{name}={{}}") for name in CONSTANTS},
    },
)
