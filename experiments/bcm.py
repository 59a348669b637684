"""Cells become selective for one of several patterns under a sliding threshold.

Bienenstock, Cooper & Munro (1982), J. Neurosci. 2, 32-48; stability: Intrator & Cooper (1992).

Beside the rule stands the same cell with a threshold that stays at zero, which is Hebb's rule up to
the bound of the weights, and the cell before learning. The published value is the closed
form for patterns that do not overlap: selectivity ``1 - 1/K``, answer ``K`` times the target.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from brian2 import second

from bioplastic.fields import Constants, param
from bioplastic.models.bcm import BCMCells, selectivity
from bioplastic.plotting import images, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

ARMS = {"sliding": 5 * second, "fixed": 1e9 * second}  # the threshold begins at zero
TARGET = 10.0  # Hz


class Protocol(Constants):
    """How much is shown."""

    patterns: tuple[int, ...] = param((2, 5, 10), doc="numbers of patterns")
    samples: int = param(8000, minimum=1, doc="samples to learn from, per five patterns")
    seeds: int = param(5, minimum=1, doc="seeds")


def learn(seed: int, arm: str, k: int, samples: int) -> dict[str, Any]:
    """Learn k patterns of ten inputs each; return selectivity over learning and final answers."""
    patterns = 40 * np.kron(np.eye(k), np.ones((1, 10)))
    model = BCMCells(n_cells=20, tau_threshold=ARMS[arm], random_state=seed)

    def answers(model: BCMCells) -> Any:
        return model.transform(np.tile(patterns, (20, 1))).reshape(20, k, -1).mean(axis=0)

    shown = patterns[np.random.default_rng(seed).integers(0, k, samples * k // 5)]
    model.fit(shown[:1] * 0)  # silence, to see the cells before learning
    before = selectivity(answers(model)).mean()
    model.fit(shown, watch=lambda model: {"s": selectivity(answers(model)).mean()},
              watch_every=max(1, len(shown) // 10))  # fmt: skip
    rates, curve = answers(model), [before, *(row["s"] for row in model.curve_)]
    progress = xr.DataArray(curve[:11], dims="progress", coords={"progress": np.arange(11) / 10})
    return {"selectivity": selectivity(rates).mean(), "rate": rates.max(axis=0).mean(),
            "untrained": before, "curve": progress,
            "answers": xr.DataArray(rates, dims=("pattern", "cell"))}  # fmt: skip


def compute(run: Run) -> Results:
    """Learn with both thresholds, all numbers of patterns and seeds."""
    sizes = run.protocol
    data = run.measure(learn, seed=run.seeds, arm=list(ARMS), k=list(sizes.patterns),
                       samples=sizes.samples, ragged=("answers",))  # fmt: skip
    numbers = data[["selectivity", "rate", "untrained"]]
    fixed = flatten(numbers[["selectivity"]].sel(arm="fixed", drop=True))
    return Results(
        metrics=flatten(numbers[["selectivity", "rate"]].sel(arm="sliding", drop=True)),
        baselines={f"fixed_{name}": value for name, value in fixed.items()}
        | flatten(numbers[["untrained"]].sel(arm="sliding", drop=True)),
        paper={f"selectivity_{k}": 1 - 1 / k for k in sizes.patterns}
        | {f"rate_{k}": TARGET * k for k in sizes.patterns},
        measured={"learning": data},
    )


def draw(results: Results) -> Any:
    """Draw selectivity over learning and over the number of patterns, and the answers."""
    data = results.measured["learning"]
    figure, (left, middle, right) = panels(1, 3, height=2.4)
    k = data.k.values
    curve = data.curve.sel(arm="sliding").assign_attrs(long_name="selectivity")
    lines(curve, left, x="progress", hue="k", xlabel="share of the samples", ylim=(0, 1),
          labels={n: f"{n} patterns" for n in k.tolist()})  # fmt: skip
    lines(data.selectivity, middle, x="k", hue="arm", xlabel="patterns", ylim=(0, 1),
          published=xr.DataArray(1 - 1 / k, dims="k", coords={"k": k}), legend="lower right",
          published_label="closed form")  # fmt: skip
    answers = data.answers.sel(arm="sliding", k=k[len(k) // 2]).isel(seed=0).dropna("pattern")
    order = np.argsort(answers.argmax("pattern").values, kind="stable")
    images(answers.isel(cell=order), right, x="cell", y="pattern", label="answer (Hz)")
    return figure


EXPERIMENT = Experiment(
    name="bcm",
    title="A sliding threshold makes cells selective",
    reference="Bienenstock, Cooper & Munro (1982), J. Neurosci. 2, 32-48",
    costs={"smoke": "5 s", "quick": "20 s"},
    datasets=("synthetic",),
    protocols={"smoke": Protocol(samples=1000, seeds=2), "quick": Protocol()},
    options=("samples",),
    compute=compute,
    figures={"selectivity": draw},
)
