"""What and when: a spiking reservoir learns which event follows a cue, when, and how likely.

Yamada & Chao (2026), "Joint encoding of 'what' and 'when' predictions through error-modulated
plasticity in biologically-plausible spiking networks", Communications Biology,
doi 10.1038/s42003-026-10836-2, arXiv 2510.14382.

Neither the program nor the constants of the paper are available: its task and architecture are
rebuilt from abstracts and reading notes, with constants of our own (see ``docs/what_when.md``). The
values under ``paper`` come from those notes on the published article, not from the article itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.study.framework import Experiment, positive_int
from bioplastic.study.parts import Call, compute_part, digest_sources, run_calls
from bioplastic.study.results import Results, mean_over_seeds
from bioplastic.study.runs import add_run_arguments, open_run

from .analysis import (
    find_components,
    flatten_weights,
    measure_angles,
    measure_switch,
    null_correlation,
)
from .drawing import draw
from .protocol import (
    ARMS,
    FIRST,
    GRID,
    MATCHING,
    SWITCHES,
    Protocol,
    choose_protocol,
    make_block,
    run_blocks,
    run_clock,
    run_condition,
    run_level,
    run_shuffled,
    run_switches,
    truth_of,
)

__all__ = ["EXPERIMENT", "compute"]

Arrays = dict[str, NDArray[Any]]
Key = tuple[Any, ...]
Task = tuple[Callable[..., Arrays], Key]

PAPER = {
    "correlation_amplitude_probability_a": 0.978,
    "correlation_amplitude_probability_b": -0.989,
    "error_trial_1": 0.192,
    "error_trial_10": 0.136,
    "error_trial_50": 0.092,
    "error_trial_100": 0.085,
}
"""From reading notes on the published article."""

_SOURCES = (
    "bioplastic/models/what_when/*.py",
    "bioplastic/plasticity/gated.py",
    "experiments/what_when/protocol.py",
)
_HEADLINE_ARMS = ("local", "rls", "rls_forgetting", "rls_reset", "merged", "merged_rls")
_MATCH = {"time0": (0.8, 450), "probability0": (0.2, 300), "both0": (0.2, 450),
          "both1": (0.8, 300)}  # fmt: skip


def compute(args: argparse.Namespace) -> Results:
    """Run all tasks, in parallel processes if asked to, and summarise them."""
    protocol = choose_protocol(args.scale)
    keys = list_tasks(args.seed, protocol)
    sources = digest_sources(*_SOURCES)
    with open_run(args, "what_when", {"protocol": protocol}) as run:
        calls: list[Call] = [(compute_part, (run.folder, *key, sources)) for key in keys]
        results = run_calls(calls, jobs=args.jobs, run=run, title="what and when")
        run.finish()
    done = dict(zip(keys, results, strict=True))
    tasks = {(key[0].__name__, *key[1][:-1]): arrays for key, arrays in done.items()}
    seeds = [args.seed + k for k in range(protocol.seeds)]
    metrics: dict[str, float] = {}
    baselines: dict[str, float] = {}
    arrays: Arrays = {"tests": np.array(protocol.tests)}
    for summarise in (
        summarise_levels,
        summarise_switches,
        summarise_grid,
        summarise_arms,
        summarise_clock,
    ):
        summarise(tasks, seeds, protocol, metrics, baselines, arrays)
    sizes = {name: getattr(protocol, name) for name in protocol.__dataclass_fields__}
    return Results(
        metrics=metrics,
        baselines=baselines,
        paper=PAPER if args.scale != "smoke" else {},
        parameters={**sizes, "checkpoints": run.folder is not None},
        arrays=arrays,
    )


def list_tasks(seed: int, protocol: Protocol) -> list[Task]:
    """Return every task; the protocol is the last of its arguments."""
    tasks: list[Task] = []
    for k in range(protocol.seeds):
        s = seed + k
        control = k < protocol.control_seeds
        tasks.append((run_switches, (s, protocol)))
        tasks += [(run_level, (s, p, protocol)) for p in protocol.levels]
        tasks += [(run_condition, (s, *where, protocol)) for where in (*GRID, *MATCHING)]
        tasks += [
            (run_blocks, (arm, s, protocol)) for arm in ARMS if control or arm in _HEADLINE_ARMS
        ]
        if control:
            tasks.append((run_shuffled, (s, protocol)))
            tasks += [
                (run_clock, (recovery, coupling, s, protocol))
                for recovery in ("slow", "stock")
                for coupling in protocol.couplings
            ]
    return tasks


def summarise_levels(
    tasks: Mapping[Key, Arrays],
    seeds: Sequence[int],
    protocol: Protocol,
    metrics: dict[str, float],
    baselines: dict[str, float],
    arrays: Arrays,
) -> None:
    """Amplitude and predicted probability against p(A)."""
    levels = np.array(protocol.levels)
    arrays["levels"] = levels
    for name in ("amplitude", "what", "counter"):
        arrays[f"levels_{name}"] = np.array(
            [[tasks["run_level", s, p][name] for p in protocol.levels] for s in seeds]
        )
    outputs = np.array([[tasks["run_level", s, p]["output"] for p in protocol.levels]
                        for s in seeds])[:, :, ::5]  # fmt: skip
    arrays["levels_output"] = outputs.mean(axis=0)
    arrays["levels_output_spread"] = outputs.std(axis=0)
    runs, counters = [], []
    for k in range(len(seeds)):
        run: dict[str, float] = {}
        amplitude, what = arrays["levels_amplitude"][k], arrays["levels_what"][k]
        truth = np.stack([levels, 1 - levels], axis=1)
        for channel, name in enumerate("ab"):
            run[f"correlation_amplitude_probability_{name}"] = _correlate(
                levels, amplitude[:, channel]
            )
            run[f"correlation_what_probability_{name}"] = _correlate(levels, what[:, channel])
            run[f"calibration_slope_{name}"] = float(
                np.polyfit(truth[:, channel], what[:, channel], 1)[0]
            )
        run["brier_distance"] = float(np.square(what - truth).mean())
        runs.append(run)
        counter = arrays["levels_counter"][k]
        counters.append({
            f"correlation_leaky_counter_{name}": _correlate(levels, counter[:, channel])
            for channel, name in enumerate("ab")
        })  # fmt: skip
    metrics |= mean_over_seeds(runs)
    baselines |= mean_over_seeds(counters)
    baselines["correlation_chance_95"] = null_correlation(levels, seeds[0])


def _correlate(x: NDArray[Any], y: NDArray[Any]) -> float:
    return float(np.corrcoef(x, y)[0, 1]) if np.std(y) > 0 else 0.0


def summarise_switches(
    tasks: Mapping[Key, Arrays],
    seeds: Sequence[int],
    protocol: Protocol,
    metrics: dict[str, float],
    baselines: dict[str, float],
    arrays: Arrays,
) -> None:
    """The learning curve, and how the error follows each switch."""
    tests = np.array(protocol.tests)
    mine = [tasks["run_switches", s] for s in seeds]
    arrays["learning_error"] = np.array(
        [np.concatenate([[task["before_error"]], task["first_error"]]) for task in mine]
    )
    arrays["learning_trials"] = np.concatenate([[0], tests])
    runs = []
    for task in mine:
        run = {"error_untrained": float(task["before_error"])}
        for trial, error in zip(tests, task["first_error"], strict=True):
            run[f"error_trial_{trial}"] = float(error)
        run["error_final_over_first"] = float(task["first_error"][-1] / task["first_error"][0])
        for name, blocks in SWITCHES.items():
            for part in range(len(blocks)):
                found = measure_switch(task, tests, name, part)
                label = name if part == 0 else "back"
                run |= {f"switch_{label}_{key}": value for key, value in found.items()}
        runs.append(run)
    metrics |= mean_over_seeds(runs)
    baselines["error_untrained"] = metrics["error_untrained"]
    truth = truth_of(make_block(FIRST, protocol.block))
    baselines["error_silent"] = float(np.sqrt(np.mean(truth**2)))
    baselines["error_best_constant"] = float(np.sqrt(np.mean((truth - truth.mean(axis=0)) ** 2)))
    shuffled = [
        {"error_shuffled_time": float(tasks["run_shuffled", s]["error"])}
        for s in seeds[: protocol.control_seeds]
    ]
    baselines |= mean_over_seeds(shuffled)
    arrays["first_output"] = np.mean([task["first_output"] for task in mine], axis=0)[::5]
    for name, blocks in SWITCHES.items():
        for part in range(len(blocks)):
            key = f"{name}{part}"
            for what in ("error", "start", "amplitude", "what"):
                arrays[f"{key}_{what}"] = np.array([task[f"{key}_{what}"] for task in mine])
            arrays[f"{key}_output"] = np.mean([t[f"{key}_output"] for t in mine], axis=0)[::5]
    for name in ("spike_time", "spike_cell", "recovery"):
        arrays[name] = mine[0][name]
    metrics["rate"] = float(
        np.mean([task["spike_time"].size / task["recovery"].size for task in mine])
    )


def summarise_grid(
    tasks: Mapping[Key, Arrays],
    seeds: Sequence[int],
    protocol: Protocol,
    metrics: dict[str, float],
    baselines: dict[str, float],
    arrays: Arrays,
) -> None:
    """Principal components over conditions, paths after switches, and principal angles."""
    runs = []
    kept: dict[str, list[Any]] = {}
    for s in seeds:
        theta = np.array([tasks["run_condition", s, *where]["theta"] for where in GRID])
        ends = {where: tasks["run_condition", s, *where]["theta"] for where in (*GRID, *MATCHING)}
        run: dict[str, float] = {}
        for label, normalised in (("", True), ("raw_", False)):
            found = find_components(theta, normalised=normalised)
            for k in range(3):
                for column, name in enumerate(("probability", "latency")):
                    value = abs(float(found["correlation"][k, column]))
                    run[f"{label}pc{k + 1}_{name}"] = value
                run[f"{label}pc{k + 1}_share"] = float(found["share"][k])
            kept.setdefault(f"{label}scores", []).append(found["scores"])
            if normalised:
                components = found
        for key, where in _MATCH.items():
            path = tasks["run_switches", s][f"{key}_theta"]
            vectors = flatten_weights(path, components["scales"])
            end = flatten_weights(ends[where], components["scales"])
            project = components["directions"][:2].T
            kept.setdefault(f"path_{key}", []).append((vectors - components["mean"]) @ project)
            kept.setdefault(f"end_{key}", []).append((end - components["mean"]) @ project)
            distance = np.linalg.norm(vectors - end, axis=1)
            kept.setdefault(f"distance_{key}", []).append(distance / distance[0])
            run[f"distance_end_{key.rstrip('01')}{'_back' if key.endswith('1') else ''}"] = float(
                distance[-1] / distance[0]
            )
        angles = measure_angles(theta, s)
        for name in ("p80", "p50", "change"):
            for k, angle in enumerate(angles[name]):
                run[f"angle_{name}_{k + 1}"] = float(angle)
                kept.setdefault(f"angle_{name}_null", [])
            run[f"angle_{name}_p_orthogonal"] = float(angles[f"{name}_p_orthogonal"])
            run[f"angle_{name}_p_aligned"] = float(angles[f"{name}_p_aligned"])
            for suffix in ("", "_null", "_permuted"):
                kept.setdefault(f"angle_{name}{suffix}", []).append(angles[f"{name}{suffix}"])
        runs.append(run)
    metrics |= mean_over_seeds(runs)
    arrays |= {f"grid_{name}": np.array(values) for name, values in kept.items()}
    for name in ("p80", "p50", "change"):
        for kind in ("null", "permuted"):
            means = np.mean(kept[f"angle_{name}_{kind}"], axis=(0, 1))
            for k, angle in enumerate(means):
                baselines[f"angle_{name}_{k + 1}_{kind}"] = float(angle)


def summarise_arms(
    tasks: Mapping[Key, Arrays],
    seeds: Sequence[int],
    protocol: Protocol,
    metrics: dict[str, float],
    baselines: dict[str, float],
    arrays: Arrays,
) -> None:
    """Errors through three blocks for every optimiser, read-out, gate and loop."""
    arrays["arm_tests"] = np.array([t for t in protocol.tests if t not in (2, 5)])
    for arm in ARMS:
        mine = [tasks["run_blocks", arm, s] for s in seeds if ("run_blocks", arm, s) in tasks]
        errors = np.array([[task[f"block{b}_error"] for b in range(3)] for task in mine])
        arrays[f"arm_{arm}"] = errors
        runs = [
            {f"error_{arm}_block_{b + 1}": float(run[b, -1]) for b in range(3)} for run in errors
        ]
        target = baselines if arm == "window" else metrics
        target |= mean_over_seeds(runs)


def summarise_clock(
    tasks: Mapping[Key, Arrays],
    seeds: Sequence[int],
    protocol: Protocol,
    metrics: dict[str, float],
    baselines: dict[str, float],
    arrays: Arrays,
) -> None:
    """How well time is decoded, and the task learned, under every recurrence and recovery."""
    arrays["clock_couplings"] = np.array(protocol.couplings)
    few = seeds[: protocol.control_seeds]
    for recovery in ("slow", "stock"):
        mine = [[tasks["run_clock", recovery, c, s] for s in few] for c in protocol.couplings]
        for name in ("decoding", "error", "rate"):
            arrays[f"clock_{recovery}_{name}"] = np.array(
                [[task[name] for task in row] for row in mine]
            )
        for coupling, row in zip(protocol.couplings, mine, strict=True):
            runs = [
                {
                    f"clock_{recovery}_{coupling}_r2": float(np.mean(task["decoding"])),
                    f"clock_{recovery}_{coupling}_error": float(task["error"]),
                    f"clock_{recovery}_{coupling}_rate": float(task["rate"]),
                }
                for task in row
            ]
            metrics |= mean_over_seeds(runs)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this experiment."""
    parser.add_argument(
        "--jobs", type=positive_int, default=1, help="parallel processes; default %(default)s"
    )
    add_run_arguments(parser)


EXPERIMENT = Experiment(
    name="what_when",
    title="A spiking reservoir learns what follows a cue, when, and how likely",
    reference=(
        "Yamada & Chao (2026), Communications Biology, doi 10.1038/s42003-026-10836-2 "
        "(rebuilt from abstracts and reading notes, constants of our own)"
    ),
    costs={"smoke": "1 min", "quick": "3 min of one core", "paper": "11 min of one core"},
    datasets=("synthetic",),
    compute=compute,
    draw=draw,
    add_arguments=add_arguments,
)
