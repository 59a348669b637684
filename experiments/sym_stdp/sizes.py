"""One table and one figure from several runs of the symmetric-STDP experiment.

``python -m bioplastic.experiments.sym_stdp.sizes FILE [FILE ...] --out figures`` reads the stored
results (JSON files, their npz files beside them) of runs with different sizes, variants and seeds,
and computes nothing anew. With ``--extend TABLE`` the rest is taken from a table gathered earlier.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.plotting import plot_sizes, save_figure
from bioplastic.study.framework import figure_path, prepare_folder
from bioplastic.study.results import Results, load_results, save_results

__all__ = ["collect_sizes", "draw_sizes", "main"]

NAME = "sym_stdp_mnist_sizes"
RECALLED = {6400: 0.9673}
"""Headline accuracy that citing papers give, as we remember it: neither the figure nor the size it
belongs to is confirmed."""

CURVES = {
    "published system": ("paper", "accuracy_supervised"),
    "published, label assignment": ("paper", "accuracy_assigned"),
    "published, exact decay of thresholds": ("exact", "accuracy_supervised"),
    "published hidden layer, our read-out": ("readout", "accuracy_supervised"),
    "receptive fields, our read-out": ("ours", "accuracy_supervised"),
    "the same, random input weights": ("random", "accuracy_supervised"),
}


def collect_sizes(files: Sequence[Path], earlier: Path | None = None) -> Results:
    """Gather accuracies by variant and size, over the seeds of all runs.

    Parameters
    ----------
    files : sequence of Path
        Stored results.
    earlier : Path, optional
        A table gathered earlier; the runs replace what it has of their variants and sizes.

    Raises
    ------
    ValueError
        If the runs are on different data, or a seed occurs twice.
    """
    runs = [load_results(path) for path in files]
    known = [] if earlier is None else [load_results(earlier)]
    if len({run.data for run in [*runs, *known]}) != 1:
        raise ValueError("collect_sizes.files: must hold runs on the same data")
    values: dict[str, list[NDArray[np.float64]]] = {}
    seen: set[tuple[str, int, int]] = set()
    for run in runs:
        variant, n = _name_variant(run.parameters), int(run.parameters["n_hidden"])
        for seed in range(run.seed, run.seed + int(run.parameters["seeds"])):
            if (variant, n, seed) in seen:
                raise ValueError(f"collect_sizes.files: seed {seed} of {variant} {n} comes twice")
            seen.add((variant, n, seed))
        for name, array in run.arrays.items():
            if name.startswith(("seeds_accuracy", "seeds_cpu_seconds")):
                key = f"{name.removeprefix('seeds_')}_{variant}_{n}"
                values.setdefault(key, []).append(array)
        values.setdefault(f"accuracy_linear_hidden_{variant}_{n}", []).append(
            np.array([run.baselines["linear_hidden"]])
        )
    gathered = [dict(run.parameters) for run in runs]
    replaced = {f"_{variant}_{n}" for variant, n, _ in seen}
    for table in known:
        for key, array in table.arrays.items():
            if not key.endswith(tuple(replaced)):
                values[key] = [array]
        gathered += [
            parameters
            for parameters in table.parameters["runs"]
            if f"_{_name_variant(parameters)}_{int(parameters['n_hidden'])}" not in replaced
        ]
    arrays = {key: np.concatenate(parts) for key, parts in sorted(values.items())}
    metrics: dict[str, float] = {}
    for key, array in arrays.items():
        metrics[key] = float(array.mean())
        if len(array) > 1:
            metrics[f"{key}_std"] = float(array.std(ddof=1))
    linear = float(np.mean([run.baselines["linear"] for run in runs]))
    return Results(
        experiment=NAME,
        reference=runs[0].reference,
        scale=runs[0].scale,
        data=runs[0].data,
        seed=min(run.seed for run in runs),
        metrics=metrics,
        baselines={"linear": linear, "chance": runs[0].baselines["chance"]},
        paper={f"accuracy_recalled_unverified_{n}": value for n, value in RECALLED.items()},
        parameters={"runs": gathered},
        arrays=arrays,
        versions=runs[0].versions,
        revision=runs[0].revision,
        cpu_seconds=sum(run.cpu_seconds for run in [*runs, *known]),
        wall_seconds=sum(run.wall_seconds for run in [*runs, *known]),
    )


def _name_variant(parameters: Mapping[str, Any]) -> str:
    """Return the variant, or what its constants make of it.

    That is ``'exact'`` for the published network with exact thresholds, and ``'random'`` for ours
    with input weights that do not learn.
    """
    variant = str(parameters["variant"])
    if variant == "paper" and parameters.get("theta_decay") == "trial":
        return "exact"
    if variant == "ours" and parameters.get("eta_hidden") == 0:
        return "random"
    return variant


def draw_sizes(results: Results, out: Path) -> list[Path]:
    """Draw accuracy against the number of hidden neurons."""
    curves: dict[str, dict[int, NDArray[np.float64]]] = {}
    for label, (variant, metric) in CURVES.items():
        prefix = f"{metric}_{variant}_"
        found = {
            int(name.removeprefix(prefix)): array
            for name, array in results.arrays.items()
            if name.startswith(prefix) and name.removeprefix(prefix).isdigit()
        }
        if found:
            curves[label] = found
    axes = plot_sizes(
        curves,
        paper=RECALLED,
        paper_label="paper, recalled, unverified",
        baselines={"linear classifier on pixels": results.baselines["linear"]},
        xlabel="Hidden neurons",
        ylabel="Test accuracy (%)",
    )
    return [save_figure(axes.figure, figure_path(out, results.name, "accuracy"))]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, store and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="stored results (JSON)")
    parser.add_argument("--extend", type=Path, metavar="TABLE", help="a table gathered earlier")
    parser.add_argument("--out", type=Path, default=Path("figures"), help="default: figures")
    args = parser.parse_args(arguments)
    results = collect_sizes(args.files, args.extend)
    prepare_folder(args.out)
    for path in [*save_results(results, args.out), *draw_sizes(results, args.out)]:
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
