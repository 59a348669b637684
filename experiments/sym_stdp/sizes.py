"""One table and one figure from several runs of the symmetric-STDP experiment.

``python -m bioplastic.experiments.sym_stdp.sizes FILE [FILE ...] --out figures`` reads the stored
results (JSON files, their npz files beside them) of runs with different sizes, variants and seeds,
and computes nothing anew. With ``--extend TABLE`` the rest is taken from a table gathered earlier.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bioplastic.plotting import save_figure
from bioplastic.plotting.grammar import lines, panels
from bioplastic.study import flatten
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

    They replace what a table gathered earlier has of their variants and sizes. Runs on different
    data, and a seed that occurs twice, are refused.
    """
    runs = [load_results(path) for path in files]
    known = [] if earlier is None else [load_results(earlier)]
    if len({run.data for run in [*runs, *known]}) != 1:
        raise ValueError("collect_sizes.files: must hold runs on the same data")
    values: dict[str, list[NDArray[np.float64]]] = {}
    seen: set[tuple[str, int]] = set()
    for run in runs:
        name = _name_run(run.parameters)
        numbers = run.measured["seeds"].rename(linear_hidden="accuracy_linear_hidden")
        for seed in numbers.seed.values.tolist():
            if (name, seed) in seen:
                text = name.replace("_", " ")
                raise ValueError(f"collect_sizes.files: seed {seed} of {text} comes twice")
            seen.add((name, seed))
        for metric, array in numbers.data_vars.items():
            if str(metric).startswith(("accuracy", "cpu_seconds")):
                values.setdefault(f"{metric}_{name}", []).append(array.values)
    replaced = {name for name, _ in seen}
    gathered = [dict(run.parameters) for run in runs]
    for table in known:
        old = table.arrays.items()
        values |= {key: [a] for key, a in old if not key.endswith(tuple(f"_{n}" for n in replaced))}
        gathered += [p for p in table.parameters["runs"] if _name_run(p) not in replaced]
    arrays = {key: np.concatenate(parts) for key, parts in sorted(values.items())}
    metrics: dict[str, float] = {}
    for key, array in arrays.items():
        metrics |= flatten(xr.Dataset({key: ("seed", array)}))
    linear = float(np.mean([run.baselines["linear"] for run in runs]))
    return replace(
        runs[0], name=NAME, experiment=NAME, seed=min(run.seed for run in runs), metrics=metrics,
        baselines={"linear": linear, "chance": runs[0].baselines["chance"]},
        paper={f"accuracy_recalled_unverified_{n}": value for n, value in RECALLED.items()},
        parameters={"runs": gathered}, arrays=arrays, measured={},
        cpu_seconds=sum(run.cpu_seconds for run in [*runs, *known]),
        wall_seconds=sum(run.wall_seconds for run in [*runs, *known]),
    )  # fmt: skip


def _name_run(parameters: Mapping[str, Any]) -> str:
    """Return variant and size: 'exact' has exact thresholds, 'random' learns no input weights."""
    variant = str(parameters["variant"])
    if variant == "paper" and parameters.get("theta_decay") == "trial":
        variant = "exact"
    if variant == "ours" and parameters.get("eta_hidden") == 0:
        variant = "random"
    return f"{variant}_{int(parameters['n_hidden'])}"


def draw_sizes(results: Results) -> Figure:
    """Draw accuracy against the number of hidden neurons."""
    curves: dict[str, xr.DataArray] = {}
    for label, (variant, metric) in CURVES.items():
        prefix = f"{metric}_{variant}_"
        names = [name for name in results.arrays if name.startswith(prefix)]
        found = {int(n.removeprefix(prefix)): results.arrays[n] for n in sorted(names)}
        columns = [
            xr.DataArray([a], {"size": [n], "seed": range(len(a))}, ("size", "seed"))
            for n, a in found.items()
        ]
        if columns:
            curves[label] = xr.concat(columns, "size", join="outer").sortby("size")
    recalled = xr.DataArray(list(RECALLED.values()), dims="size", coords={"size": list(RECALLED)})
    figure, axes = panels(width=3.5, height=3.4)
    lines(
        curves, axes, x="size", show="bars", factor=100, xscale="log", published=recalled,
        published_label="paper, recalled, unverified", legend="lower right",
        baselines={"linear classifier on pixels": results.baselines["linear"]},
        xlabel="hidden neurons", ylabel="test accuracy (%)",
        ylim=(56, 100),
    )  # fmt: skip
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, store and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="stored results (JSON)")
    parser.add_argument("--extend", type=Path, metavar="TABLE", help="a table gathered earlier")
    parser.add_argument("--out", type=Path, default=Path("figures"), help="default: figures")
    args = parser.parse_args(arguments)
    results = collect_sizes(args.files, args.extend)
    prepare_folder(args.out)
    picture = save_figure(draw_sizes(results), figure_path(args.out, results.name, "accuracy"))
    for path in [*save_results(results, args.out), picture]:
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
