"""One table and one figure from several runs of the symmetric-STDP experiment.

``python -m bioplastic.experiments.sym_stdp.sizes FILE [FILE ...] --out figures`` reads the stored
results (JSON files, their npz files beside them) of runs with different sizes, variants and seeds,
and computes nothing anew. With ``--extend TABLE`` the rest is taken from a table gathered earlier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from bioplastic.plotting.grammar import lines, panels
from bioplastic.study.gathering import gather, gather_command
from bioplastic.study.results import Results

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
    """Gather accuracies by variant and size, see `bioplastic.study.gather`."""
    found = gather(
        NAME, files, _name_run, earlier=earlier, metrics=("accuracy", "cpu_seconds"),
        rename={"linear_hidden": "accuracy_linear_hidden"}, baselines=("linear", "chance"),
    )  # fmt: skip
    paper = {f"accuracy_recalled_unverified_{n}": value for n, value in RECALLED.items()}
    return replace(found, paper=paper)


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
    return lines(
        curves, panels(width=3.5, height=3.4)[1], x="size", show="bars", factor=100, xscale="log",
        published=recalled, published_label="paper, recalled, unverified", legend="lower right",
        baselines={"linear classifier on pixels": results.baselines["linear"]},
        xlabel="hidden neurons", ylabel="test accuracy (%)", ylim=(56, 100),
    ).figure  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, store and draw."""
    for path in gather_command(collect_sizes, {"accuracy": draw_sizes}, str(__doc__), arguments):
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
