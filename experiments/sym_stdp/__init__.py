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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
import xarray as xr

from bioplastic.analysis.baselines import chance_level, linear_baseline
from bioplastic.analysis.embedding import embed_tsne
from bioplastic.experiments.sym_stdp.figures import FIGURES
from bioplastic.experiments.sym_stdp.training import (
    PROTOCOLS,
    READOUTS,
    Protocol,
    Samples,
    load_samples,
    train,
)  # fmt: skip
from bioplastic.fields import params_of
from bioplastic.models.sym_stdp import Response, SymSTDPClassifier, SymSTDPParameters
from bioplastic.options import read_assignment
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.study import Film, flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT", "compute", "measure_test", "run_seed"]

_BASELINES = ("chance", "linear", "linear_hidden")


def run_seed(
    seed: int, data: str, protocol: Protocol, constants: Mapping[str, Any], shown: int,
    checkpoints: str | None = None, hidden_from: str | None = None, animate: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Train one model, then show it the test images once; figures are of the seed ``shown``."""
    samples = load_samples(protocol, data, seed)
    film = Film() if animate and seed == shown else None
    model = train(
        protocol, samples, data, seed, constants,
        checkpoints=checkpoints, hidden_from=hidden_from, film=film,
    )  # fmt: skip
    response = model.respond(samples.X_test)
    measured: dict[str, Any] = measure_test(model, samples, response, protocol)
    measured |= measure_baselines(model, samples, response, protocol)
    measured["chance"] = chance_level(samples.y_test)
    train_and_test = (samples.X, samples.y, samples.X_test, samples.y_test)
    measured["linear"] = linear_baseline(*train_and_test, seed=seed)
    if seed == shown:
        measured |= {"n_train": len(samples.X), **keep_arrays(model, samples, response)}
        measured |= {} if film is None else film.arrays()
    return measured


def measure_test(
    model: SymSTDPClassifier, samples: Samples, response: Response, protocol: Protocol
) -> dict[str, float]:
    """Return what the test images say, and what training cost."""
    y_test = samples.y_test
    metrics = {
        f"accuracy_{name}": float(np.mean(model.read_out(response, name) == y_test))
        for name in READOUTS
    }
    if protocol.variant != "paper":
        further = range(1, protocol.test_presentations)
        summed = sum((model.respond(samples.X_test, repetition=k) for k in further), start=response)
        right = model.read_out(summed, "supervised") == y_test
        metrics["accuracy_supervised_averaged"] = float(right.mean())
    last = model.curve_[-1]
    metrics |= {f"validation_{name}": last[name] for name in READOUTS if name in last}
    learned = [row["stage"] for row in model.curve_]
    stages = {name: epochs for name, epochs in model.stages() if name in learned}
    for stage, epochs in stages.items():
        seconds = sum(row["seconds"] for row in model.curve_ if row["stage"] == stage)
        metrics[f"cpu_seconds_per_epoch_{stage}"] = seconds / epochs
    return metrics | {
        "hidden_spikes_per_image": float(response.hidden.sum(axis=1).mean()),
        "silent_outputs": float(np.mean(response.output.sum(axis=1) == 0)),
        "mean_threshold_mv": float(model.state_["exc.theta"].mean() * 1e3),
        "presentations_per_image": model.presentations_ / (sum(stages.values()) * len(samples.X)),
    }


def measure_baselines(
    model: SymSTDPClassifier, samples: Samples, response: Response, protocol: Protocol
) -> dict[str, float]:
    """Return the accuracy of a linear classifier on hidden spike counts."""
    chosen = slice(0, protocol.hidden_counts)
    counts = model.respond(samples.X[chosen], repetition=0).hidden
    train, test = (counts, samples.y[chosen]), (response.hidden, samples.y_test)
    return {"linear_hidden": linear_baseline(*train, *test, seed=model.seed_)}


def keep_arrays(model: SymSTDPClassifier, samples: Samples, response: Response) -> dict[str, Any]:
    """Return everything the figures show."""
    predicted = {name: model.read_out(response, name) for name in READOUTS}
    right = predicted["supervised"] == samples.y_test
    wrong, example = np.flatnonzero(~right)[:24], samples.X_test[int(np.argmax(right))]
    curve = [row for row in model.curve_ if "supervised" in row]
    spikes = model.record_spikes(example)
    shown = [spikes[name] for name in ("image", "exc", "output")]
    times, cells = (np.concatenate([found[k] for found in shown]) for k in (0, 1))
    p, lags = model.constants_, np.linspace(-80, 80, 81) * b2.ms
    rule = symmetric_stdp(eta=p.eta_hidden, a=p.trace_jump, tau=p.tau_trace, initial_trace=0.0)
    closed = p.eta_hidden * p.trace_jump * np.exp(-np.abs(lags / p.tau_trace))
    window = np.stack([rule.window(lags), np.asarray(closed, dtype=float)])
    return {
        "samples": np.array([row["n_seen"] for row in curve]),
        **{f"curve_{name}": np.array([row[name] for row in curve]) for name in READOUTS},
        "weights": model.weights_,
        "output_weights": model.output_weights_,
        "assignment": model.assignment_,
        "y_test": samples.y_test,
        **{f"predicted_{name}": predicted[name] for name in READOUTS},
        "tsne_activity": embed_tsne(response.hidden[:2000], model.seed_),
        "tsne_weights": embed_tsne(model.weights_.T[:2000], model.seed_),
        "n_inputs": model.fields_.n_inputs,
        "example_image": example,
        "example_times": times,
        "example_cells": cells,
        "example_layer": np.repeat(np.arange(3), [len(found[0]) for found in shown]),
        "window": xr.DataArray(
            window, dims=("kind", "lag"),
            coords={"kind": ["simulated", "theory"], "lag": np.asarray(lags) * 1e3},
        ),
        "mistakes_image": samples.X_test[wrong],
        "mistakes_true": samples.y_test[wrong],
        "mistakes_predicted": predicted["supervised"][wrong],
    }  # fmt: skip


def compute(run: Run) -> Results:
    """Train one model per seed, show each the test images, keep what is drawn of the first."""
    protocol: Protocol = run.protocol
    constants, given = dict(run.options["constant"]), run.options["hidden_from"]
    model = protocol.make_model(run.data, run.seed, constants)
    folder = None
    if run.store is not None:
        name = f"sym_stdp-{run.data}-{run.scale}-{protocol.variant}-{protocol.n_hidden}"
        folder = str(run.store / name)
    data = run.measure(
        run_seed, seed=run.seeds, data=run.data, protocol=protocol.with_values(seeds=1),
        constants=constants, shown=run.seed, checkpoints=folder, hidden_from=given,
        animate=run.animate,
    )  # fmt: skip
    first = data.isel(seed=0)
    film = [str(name) for name in first if str(name).startswith("film_")]
    scalars = [name for name, values in data.data_vars.items() if values.dims == ("seed",)]
    numbers = data[[name for name in scalars if name not in ("n_train", "n_inputs")]]
    values = {name: getattr(model.constants_, name) for name in params_of(SymSTDPParameters)}
    return Results(
        metrics=flatten(numbers.drop_vars(_BASELINES)),
        baselines=flatten(numbers[list(_BASELINES)]),
        parameters={
            **{k: v if v is None or isinstance(v, str) else float(v) for k, v in values.items()},
            "epochs": protocol.n_epochs, "regime": model.regime_, "seeds": len(run.seeds),
            "train": int(data.n_train[0]), "hidden_from": given and Path(given).name,
            "checkpoints": folder and Path(folder).name, "constant": sorted(constants),
        },
        measured={"seeds": numbers, "first": first.drop_vars([*numbers, *film])},
        arrays={name: first[name].values for name in film},
    )  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment besides those of its protocol."""
    text = "a constant of the network, such as trace_jump=0.3; none where there may be none"
    read, name = read_assignment(SymSTDPParameters), "NAME=VALUE"
    parser.add_argument(
        "--constant", type=read, action="append", default=[], metavar=name, help=text
    )
    parser.add_argument(
        "--hidden-from", help="folder below --checkpoints of a run whose hidden layer is taken over"
    )


EXPERIMENT = Experiment(
    name="sym_stdp",
    title="Symmetric STDP: a spiking network learns digits with one local rule",
    reference="Hao, Huang, Dong & Xu (2020), Neural Networks 121, 387-395",
    costs={
        "smoke": "10 s", "quick": "1 min",
        "paper": "2 min of processor time for 100 neurons, 6 for 400, 25 for 1600, 2 h for 6400",
    },
    datasets=("digits", "mnist", "fashion-mnist"),
    compute=compute, figures=FIGURES, protocols=PROTOCOLS, animates=True,
    options=("n_hidden", "epochs", "readout_epochs", "variant", "regime", "shuffle",
             "evaluate_every"),
    add_arguments=add_arguments,
    settings={name: ("--constant", f"{name}={{}}") for name in params_of(SymSTDPParameters)}
    | {"eta": ("--constant", "eta_hidden={}")},
)  # fmt: skip
