"""Late answers teach early ones without labels: what noise makes possible.

The question of Ding et al. (2025), NeurIPS, arXiv 2510.07924 (steps of a network teach each other,
by gradients; the abstract was at hand), with traces and a delayed modulator instead.

Random leaky cells see digits for 16 steps, as Bernoulli spikes or as the constant current they
stand for. A read-out learns the answer after 16 steps from 200 labels (*before*). Then it learns
to answer early from the other 1237 images without labels: from what it said at the end, where it
was surer than one half (*gated*) or always; from what it said at the same step; or from the ends of
other images. The teacher is the read-out as it was before, a second set of weights; with itself as
teacher it gains nothing, which is measured as well. Beside them stand the same 200 labels at all
steps, and all labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from bioplastic.datasets import load_digits
from bioplastic.fields import Constants, param
from bioplastic.models.late_teacher import StepReadout
from bioplastic.models.leaky_cells import balance_thresholds, leaky_spikes
from bioplastic.plotting import dots, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

TAUGHT = (2, 3, 4, 6, 9, 13, 16)  # steps
ARMS = {
    "before": "before", "labels": "same labels, early", "same": "same step, gated",
    "same_all": "same step", "late": "late teacher, gated", "late_all": "late teacher",
    "shuffled": "other images", "own": "itself, gated", "all": "all labels",
}  # fmt: skip
INPUTS = {"noisy": "Bernoulli spikes", "constant": "constant current"}


class Protocol(Constants):
    """How much is learned."""

    labels: int = param(200, minimum=10, doc="images with a label")
    train: int = param(1437, minimum=20, doc="training images")
    cells: int = param(200, minimum=1, doc="random cells")
    epochs: int = param(15, minimum=1, doc="passes through the images without labels")
    rate: float = param(0.1, positive=True, maximum=1, doc="spikes per cell and step")
    gate: float = param(0.5, minimum=0, maximum=1, doc="probability that an answer needs to teach")
    seeds: int = param(5, minimum=1, doc="seeds")


def see(X: Any, seed: int, kind: str, sizes: Protocol) -> Any:
    """Return the rates of the cells up to every taught step, shape (n, 7, cells)."""
    rng, n = np.random.default_rng(seed), TAUGHT[-1]
    p = 0.4 * np.asarray(X)[:, None] / 255
    shown = rng.random((len(X), n, p.shape[2])) < p if kind == "noisy" else p
    current = shown @ rng.normal(size=(p.shape[2], sizes.cells))
    threshold = balance_thresholds(current[:500], sizes.rate, rng, shared=True, batches=60,
                                   leak=0.9, n_steps=n)  # fmt: skip
    spikes = leaky_spikes(current, threshold, leak=0.9, n_steps=n)
    return (spikes.cumsum(axis=1) / np.arange(1, n + 1)[:, None])[:, np.array(TAUGHT) - 1]


def teach(seed: int, kind: str, sizes: Protocol) -> xr.Dataset:
    """Return the accuracy of all arms after every taught step, and how good the teacher is."""
    data, rng, n = load_digits(seed), np.random.default_rng([seed, 1]), sizes.train
    x, y = see(np.vstack([data.X[:n], data.X_test]), seed, kind, sizes), data.y[:n]
    x, x_test = x[:n], x[n:]
    known, rest = np.split(rng.permutation(n), [sizes.labels])
    few = {"rng": rng, "epochs": round(sizes.epochs * len(rest) / len(known))}
    more = {"rng": rng, "epochs": sizes.epochs}
    before = StepReadout(x.shape[2], 10).learn(x[known][:, -1:], y[known], **few)
    said, sure = before.answers(x[rest])
    end, gate = said[:, -1], sure[:, -1] > sizes.gate
    other = rng.permutation(len(rest))
    own = before.copy()
    for _ in range(sizes.epochs):
        now, certain = (each[:, -1] for each in own.answers(x[rest]))
        own.learn(x[rest], now, certain > sizes.gate, rng=rng, epochs=1)
    arms = {
        "before": before, "labels": before.copy().learn(x[known], y[known], **few),
        "same": before.copy().learn(x[rest], said, sure > sizes.gate, **more),
        "same_all": before.copy().learn(x[rest], said, **more),
        "late": before.copy().learn(x[rest], end, gate, **more),
        "late_all": before.copy().learn(x[rest], end, **more), "own": own,
        "shuffled": before.copy().learn(x[rest], end[other], gate[other], **more),
        "all": before.copy().learn(x, y, **more),
    }  # fmt: skip
    right = [(arms[arm].answers(x_test)[0] == data.y_test[:, None]).mean(axis=0) for arm in ARMS]
    steps = xr.DataArray(right, {"arm": list(ARMS), "step": list(TAUGHT)}, ("arm", "step"))
    return xr.Dataset({"step_accuracy": steps, "accuracy": steps.mean("step"), "gated": gate.mean(),
                       "teacher": (end == y[rest])[gate].mean()})  # fmt: skip


def compute(run: Run) -> Results:
    """Measure all arms on both kinds of input."""
    data = run.measure(teach, seed=run.seeds, kind=list(INPUTS), sizes=run.protocol)
    gain = data.accuracy.sel(arm="late") - data.accuracy.sel(arm=["before", "labels", "same"])
    gap = data.accuracy.mean("seed")
    closed = (gap.sel(arm="late") - gap.sel(arm="before")) / (
        gap.sel(arm="all") - gap.sel(arm="before"))  # fmt: skip
    ours = ["late", "late_all"]
    names = {"accuracy": "{arm}_{kind}"}
    return Results(
        metrics=flatten(data[["accuracy"]].sel(arm=ours), names=names)
        | flatten(gain.to_dataset(name="gain_over"), names="gain_over_{arm}_{kind}")
        | flatten(closed.to_dataset(name="closed")) | flatten(data[["gated", "teacher"]]),
        baselines={"chance": 0.1} | flatten(data[["accuracy"]].drop_sel(arm=ours), names=names),
        measured={"teaching": data},
    )  # fmt: skip


def draw(results: Results) -> Any:
    """Draw accuracy over steps on noisy input, and what the late teacher gains on both."""
    data = results.measured["teaching"]
    figure, (left, right) = panels(1, 2, height=2.9, width_ratios=(1.3, 1))
    shown = ["before", "same", "late", "own", "all"]
    lines(data.step_accuracy.sel(kind="noisy", arm=shown), left, x="step", hue="arm", factor=100,
          labels=ARMS, xlabel="steps", ylabel="accuracy (%)", ylim=(40, 95),
          title=INPUTS["noisy"], legend="outside")  # fmt: skip
    gain = data.accuracy.sel(arm="late") - data.accuracy.sel(arm=["before", "labels", "same"])
    dots(gain, right, x="arm", hue="kind", factor=100, labels=ARMS | INPUTS, xlabel="compared with",
         baselines={"": 0.0}, ylabel="gain of late, gated (points)",
         legend="above")  # fmt: skip
    right.tick_params(axis="x", rotation=30)
    return figure


EXPERIMENT = Experiment(
    name="late_teacher", title="Late answers teach early ones, where input is noisy",
    reference="after Ding et al. (2025), NeurIPS, arXiv 2510.07924",
    costs={"smoke": "5 s", "quick": "30 s"}, datasets=("digits",),
    protocols={"smoke": Protocol(train=700, cells=80, epochs=10, seeds=2), "quick": Protocol()},
    options=("labels", "cells", "epochs", "rate", "gate"), compute=compute,
    figures={"teaching": draw},
)  # fmt: skip
