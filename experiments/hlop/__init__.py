"""Hebbian learning based orthogonal projection: tasks learned one after another.

Xiao, Meng, Zhang, He & Lin (2024), "Hebbian learning based orthogonal projection for continual
learning of spiking neural networks", ICLR, arXiv 2402.11984.

Lateral neurons learn the principal subspace of each layer's presynaptic traces; later tasks change
weights in its orthogonal complement only. Every arm is trained on the same sequence of tasks and
tested on all tasks so far after each. Test images choose nothing.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from bioplastic.analysis.baselines import chance_level, linear_baseline
from bioplastic.models.hlop import audit_learning
from bioplastic.study.framework import Experiment, positive_int
from bioplastic.study.parts import Call, run_calls
from bioplastic.study.results import Results, mean_over_seeds
from bioplastic.study.runs import add_run_arguments, open_run

from .arms import run_arm
from .drawing import draw
from .protocol import (
    ARMS,
    Protocol,
    build_model,
    choose_arms,
    choose_protocol,
)
from .toy import measure_toy

__all__ = ["EXPERIMENT", "compute"]

PAPER = {"bwt_hlop": -0.0130}
"""Permuted MNIST with another trainer (DSR), from third-party notes on the paper's table 2."""

PROTOTYPE = {
    "acc_sequential": 0.8556,
    "bwt_sequential": -0.1618,
    "acc_hlop": 0.9256,
    "bwt_hlop": -0.0535,
    "acc_sequential_fa": 0.7956,
    "bwt_sequential_fa": -0.1986,
    "acc_hlop_fa": 0.8867,
    "bwt_hlop_fa": -0.0194,
    "acc_sequential_ss": 0.8839,
    "bwt_sequential_ss": -0.1236,
    "acc_hlop_ss": 0.9339,
    "bwt_hlop_ss": -0.0389,
    "acc_hlop_spiking_10": 0.7133,
    "bwt_hlop_spiking_10": -0.3181,
    "acc_hlop_spiking_20": 0.8744,
    "bwt_hlop_spiking_20": -0.1174,
    "acc_hlop_spiking_40": 0.9167,
    "bwt_hlop_spiking_40": -0.0632,
    "acc_hlop_spiking_1000": 0.9256,
    "bwt_hlop_spiking_1000": -0.0549,
}
"""Permuted digits: not published, but measured with one seed of an independent prototype that
trains through time (BPTT)."""


def compute(args: argparse.Namespace) -> Results:
    """Train all arms with all seeds and summarise them."""
    protocol = choose_protocol(args)
    seeds = range(args.seed, args.seed + choose_seeds(args))
    metrics: dict[str, float] = {}
    arrays: dict[str, Any] = {"arms": np.array(protocol.arms)}
    revisions = set()
    if args.data == "digits":
        metrics, arrays_toy = measure_toy(seeds)
        arrays |= arrays_toy
    shared = {name: value for name, value in describe(protocol).items() if name != "arms"}
    with open_run(args, name_run(args), shared) as run:
        calls: list[Call] = [
            (run_arm, (protocol, arm, seed, run.folder, args.progress))
            for arm in protocol.arms
            for seed in seeds
        ]
        results = run_calls(calls, jobs=1, run=run, title="arms")
        run.finish()
    for number, arm in enumerate(protocol.arms):
        runs = results[number * len(seeds) : (number + 1) * len(seeds)]
        means = mean_over_seeds([each["metrics"] for each in runs])
        for name, value in means.items():
            stem, std = name.removesuffix("_std"), "_std" if name.endswith("_std") else ""
            metrics[f"{stem}_{arm}{std}"] = value
        arrays[f"accuracies_{arm}"] = np.stack([each["arrays"]["accuracies"] for each in runs])
        arrays |= {
            f"{name}_{arm}": value
            for name, value in runs[0]["arrays"].items()
            if name != "accuracies"
        }
        revisions |= {str(each["revision"]) for each in runs}
        shown = ", ".join(f"{k} {v:.4g}" for k, v in means.items() if not k.endswith("_std"))
        print(f"{arm}: {shown}", flush=True)
    return Results(
        metrics=metrics,
        baselines=measure_baselines(protocol, args.seed),
        paper=choose_references(args, protocol),
        parameters={
            **describe(protocol),
            "seeds": len(seeds),
            "locality": {
                part.part: f"{part.verdict}: {part.reason}"
                for part in audit_learning(
                    build_model(protocol, protocol.arms[0], args.seed, progress=False)
                )
            },
            "revisions": sorted(revisions),
            "checkpoints": run.folder is not None,  # a path says nothing elsewhere
        },
        arrays=arrays,
    )


def choose_references(args: argparse.Namespace, protocol: Protocol) -> dict[str, float]:
    """Return what was measured elsewhere under the same protocol."""
    if args.scale == "smoke" or args.n_tasks or args.images or protocol.kind != "permuted":
        return {}
    known = PROTOTYPE if protocol.data == "digits" else PAPER
    return {name: v for name, v in known.items() if name.split("_", 1)[1] in protocol.arms}


def describe(protocol: Protocol) -> dict[str, Any]:
    """Return the protocol as plain data."""
    return {name: getattr(protocol, name) for name in protocol.__dataclass_fields__}


def measure_baselines(protocol: Protocol, seed: int) -> dict[str, float]:
    """Return chance, and a linear classifier of the pixels of one task alone."""
    tasks = protocol.tasks(seed)
    found = [
        linear_baseline(task.X, task.y, task.X_test, task.y_test, seed=seed, max_samples=10_000)
        for task in (tasks if protocol.kind == "split" else tasks[:1])
    ]
    return {"chance": chance_level(tasks[0].y_test), "linear": float(np.mean(found))}


def choose_seeds(args: argparse.Namespace) -> int:
    """Return the number of seeds: five with the digits, one otherwise."""
    if args.seeds is not None:
        return int(args.seeds)
    return 5 if args.scale == "quick" and args.data == "digits" else 1


def name_run(args: argparse.Namespace) -> str:
    """Return the name of the run below ``runs/``."""
    parts = ("hlop", args.data, args.tasks, args.n_tasks, args.images)
    return "-".join(str(part) for part in parts if part is not None)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment."""
    parser.add_argument(
        "--tasks",
        choices=("permuted", "split"),
        default="permuted",
        help="permuted pixels with one head, or split classes with a head per task; default "
        "%(default)s",
    )
    parser.add_argument("--n-tasks", type=positive_int, help="number of tasks")
    parser.add_argument("--images", type=positive_int, help="use the first training images only")
    parser.add_argument("--seeds", type=positive_int, help="number of seeds, from --seed on")
    parser.add_argument(
        "--arms", type=choose_arms, help=f"what to compare, with commas: {', '.join(ARMS)}"
    )
    add_run_arguments(parser)
    parser.add_argument("--progress", action="store_true", help="show progress bars")


EXPERIMENT = Experiment(
    name="hlop",
    title="Tasks learned one after another without forgetting, by orthogonal projection",
    reference=(
        "Xiao, Meng, Zhang, He & Lin (2024), ICLR, Hebbian learning based orthogonal projection "
        "for continual learning of spiking neural networks, arXiv 2402.11984"
    ),
    costs={"smoke": "10 s", "quick": "20 min of one core", "paper": "40 min of one core"},
    datasets=("digits", "mnist"),
    compute=compute,
    draw=draw,
    add_arguments=add_arguments,
)
