"""FORCE training: spiking networks learn oscillators, a melody and a chaotic attractor.

Nicola & Clopath (2017), "Supervised learning in spiking neural networks with FORCE training",
Nature Communications 8, 2208, doi 10.1038/s41467-017-01827-3.

Beside recursive least squares, which is not local, the sine is also learnt by the delta rule, which
is, and by a network that does not hear its own output. The article states no errors; the values
under ``paper`` were measured with an independent implementation of the authors' program.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from bioplastic.checkpoints import compute_once
from bioplastic.models.force import force_parameters
from bioplastic.study.framework import Experiment, positive_int
from bioplastic.study.parts import Call, digest_sources, run_calls
from bioplastic.study.results import Results, mean_over_seeds
from bioplastic.study.runs import add_run_arguments, open_run

from .drawing import draw
from .protocol import Task, choose_protocol, run_task

__all__ = ["EXPERIMENT", "compute"]

PAPER = {
    "sine_rate_before": 5.0,
    "sine_rate_after": 36.0,
    "sine_error_training": 0.0175,
    "sine_error_free": 0.70,
    "sine_lag_tolerant": 0.095,
    "sine_b0_rate_before": 5.5,
    "sine_b0_rate_after": 37.0,
    "sine_b0_error_training": 0.0165,
    "sine_b0_lag_tolerant": 0.075,
    "sawtooth_rate_after": 37.0,
    "sawtooth_error_training": 0.0305,
    "sawtooth_lag_tolerant": 0.09,
    "product_rate_before": 15.5,
    "product_rate_after": 52.0,
    "product_error_training": 0.0205,
    "product_lag_tolerant": 0.08,
    "lorenz_rate_before": 10.0,
    "lorenz_rate_after": 21.0,
    "lorenz_error_training": 0.097,
    "lorenz_overlap": 0.71,
    "lorenz_lobe_changes": 52.0,
    "lorenz_lobe_changes_target": 32.0,
}
"""Independent implementation with 2000 neurons; the middle of the range over its seeds."""

_SOURCES = (
    "bioplastic/models/force/*.py",
    "bioplastic/analysis/signals.py",
    "experiments/force/protocol.py",
)
_SHOWN = ("rate_after", "error_training", "lag_tolerant", "peak_frequency")


def compute(args: argparse.Namespace) -> Results:
    """Run all tasks, one after the other, and summarise them."""
    protocol = choose_protocol(args.scale)
    n = args.n_neurons or protocol.n_neurons
    chosen = [task for task in protocol.tasks if not args.tasks or task.name in args.tasks]
    if not chosen:
        names = ", ".join(task.name for task in protocol.tasks)
        raise ValueError(f"--tasks: none of {', '.join(args.tasks)} is among {names}")
    jobs = [
        (task, arm, seed)
        for task in chosen
        for arm in task.arms
        for seed in range(args.seed, args.seed + (args.seeds or _number_of_seeds(task, arm)))
    ]
    metrics: dict[str, float] = {}
    baselines: dict[str, float] = {}
    arrays: dict[str, Any] = {}
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with open_run(args, "force", {"scale": args.scale, "n_neurons": n}) as run:
        calls: list[Call] = [
            (_run_once, (run.folder, task, n, arm, seed, arm == "force" and seed == args.seed))
            for task, arm, seed in jobs
        ]
        results = run_calls(calls, jobs=1, run=run, title="networks")
        run.finish()
    for (task, arm, _), result in zip(jobs, results, strict=True):
        found.setdefault((task.name, arm), []).append(result)
    for (name, arm), runs in found.items():
        means = mean_over_seeds([run["metrics"] for run in runs])
        if arm == "force":
            arrays |= {
                f"{name}_{key}_each": np.array([run["metrics"][key] for run in runs])
                for key in runs[0]["metrics"]
            }
            metrics |= {f"{name}_{key}": value for key, value in means.items()}
            controls = mean_over_seeds([run["controls"] for run in runs])
            baselines |= _name_controls(name, controls)
            arrays |= {f"{name}_{key}": value for key, value in runs[0]["arrays"].items()}
        else:
            baselines |= {
                f"{arm}_{name}_{key}": value
                for key, value in means.items()
                if key.removesuffix("_std") in _SHOWN
            }
    return Results(
        metrics=metrics,
        baselines=baselines,
        paper=PAPER if args.scale == "paper" and n == protocol.n_neurons else {},
        parameters={
            "n_neurons": n,
            "tasks": {task.name: _describe(task, n, args.seeds) for task in chosen},
            "checkpoints": run.folder is not None,
        },
        arrays=arrays,
    )


def _number_of_seeds(task: Task, arm: str) -> int:
    return task.seeds if arm == "force" else task.control_seeds


def _name_controls(task: str, controls: dict[str, float]) -> dict[str, float]:
    """Return ``untrained_sine_lag_tolerant`` for the ``untrained`` of the sine, and so on."""
    named = {}
    for key, value in controls.items():
        stem = key.removesuffix("_std")
        named[f"{stem}_{task}_lag_tolerant" + ("_std" if stem != key else "")] = value
    return named


def _describe(task: Task, n: int, seeds: int | None) -> dict[str, Any]:
    constants = force_parameters(task.cell, n_neurons=n, **task.constants)
    return {
        "cell": task.cell,
        "settle": task.settle,
        "train": task.train,
        "free": task.free,
        "seeds": {arm: seeds or _number_of_seeds(task, arm) for arm in task.arms},
        "arms": list(task.arms),
        **{name: str(getattr(constants, name)) for name in ("gain", "feedback", "interval", "dt")},
    }


def _run_once(
    folder: Path | None, task: Task, n: int, arm: str, seed: int, keep: bool
) -> dict[str, Any]:
    parameters = {
        "task": {
            name: str(getattr(task, name))
            for name in task.__dataclass_fields__
            if name not in ("seeds", "control_seeds")
        },
        "n_neurons": n,
        "arm": arm,
        "seed": seed,
        "keep": keep,
        "sources": digest_sources(*_SOURCES),
    }
    return compute_once(
        folder, f"{task.name}-{arm}", parameters, lambda: run_task(task, n, arm, seed, keep)
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment."""
    parser.add_argument("--n-neurons", type=positive_int, help="neurons of every network")
    names = [task.name for task in choose_protocol("paper").tasks]
    parser.add_argument("--tasks", nargs="+", choices=names, help="only these tasks")
    parser.add_argument("--seeds", type=positive_int, help="seeds of every task and control")
    add_run_arguments(parser)


EXPERIMENT = Experiment(
    name="force",
    title="Recurrent spiking networks generate oscillators and the Lorenz attractor",
    reference=(
        "Nicola & Clopath (2017), Nature Communications 8, 2208, doi 10.1038/s41467-017-01827-3"
    ),
    costs={"smoke": "10 s", "quick": "1 min of one core", "paper": "5 min of one core"},
    datasets=("synthetic",),
    compute=compute,
    draw=draw,
    add_arguments=add_arguments,
)
