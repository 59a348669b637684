"""Layers that learn from traces of their cells and labels of their own: no error travels.

Apolinario, Roy & Frenkel (2025), TESS, IJCNN. Published are convolutional networks on CIFAR and
event data, not run here; on digits and MNIST the layers are dense. Every image stays for six steps.

Beside the rule stand hidden layers that never learn, a linear classifier on pixels, random signs
in place of the square waves, and the same traces with the error of the layer above through
transposed weights, not local in space. ``+-1``, not in the paper, are square waves not divided by
the cells of the layer. On digits a linear classifier is better than TESS.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from bioplastic.analysis import chance_level, linear_baseline
from bioplastic.datasets import load_dataset
from bioplastic.fields import Constants, param
from bioplastic.models.tess import TESSClassifier, square_waves
from bioplastic.plasticity import Verdict
from bioplastic.plotting import PALETTE, bars, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

ARMS: dict[str, dict[str, Any]] = {
    "tess": {}, "plus": {"alpha_post": 1.0}, "minus": {"alpha_post": -1.0},
    "random": {"signal": "random"}, "unscaled": {}, "frozen": {"signal": "none"},
    "spatial": {"signal": "spatial"}, "spatial_plus": {"signal": "spatial", "alpha_post": 1.0},
}  # fmt: skip
NAMES = {"tess": "TESS", "plus": "TESS, α = +1", "minus": "TESS, α = −1", "random": "random signs",
         "unscaled": "signs of ±1", "frozen": "frozen layers", "spatial": "error from above",
         "spatial_plus": "same, α = +1"}  # fmt: skip
SHORT = ("tess", "frozen", "spatial")
COLOURS = dict(zip(ARMS, PALETTE, strict=False))
ELSEWHERE = {"tess": 0.931, "plus": 0.921, "minus": 0.926, "random": 0.934, "frozen": 0.692,
             "spatial": 0.970, "spatial_plus": 0.975}  # fmt: skip
PAPER = {"cifar10": 0.9255, "cifar100": 0.70, "gesture": 0.9856, "cifar10_dvs": 0.75,
         "correlation_200_elsewhere": 0.175, "correlation_1024_elsewhere": 0.052}  # fmt: skip


class Protocol(Constants):
    """How much is learned."""

    hidden: int = param(50, minimum=2, doc="cells in each of two hidden layers")
    epochs: int = param(30, minimum=1, doc="passes through the images")
    train: int = param(60_000, minimum=100, doc="training images, at most")
    arms: tuple[str, ...] = param(tuple(ARMS), doc="rules and comparisons")
    steps: tuple[int, ...] = param((6, 12, 24, 48), doc="lengths of trials to count memory for")
    seeds: int = param(5, minimum=1, doc="seeds")


def learn(seed: int, arm: str, data: str, sizes: Protocol) -> dict[str, Any]:
    """Train one network; return accuracy over epochs, and what the audit says."""
    images, n = load_dataset(data, seed=seed), sizes.hidden
    X, y = images.X[: sizes.train], images.y[: sizes.train]
    gain = float(n) if arm == "unscaled" else 1.0
    model = TESSClassifier(hidden=(n, n), signal_gain=gain, epochs=sizes.epochs,
                           random_state=seed, **ARMS[arm])  # fmt: skip
    model.fit(X, y, watch=lambda model: {"test": model.score(images.X_test, images.y_test)},
              watch_every=max(1, sizes.epochs // 10) * len(X))  # fmt: skip
    epochs = [row["epoch"] + 1 for row in model.curve_]
    curve = xr.DataArray([row["test"] for row in model.curve_], {"epoch": epochs}, "epoch")
    return {"accuracy": curve[-1].item(), "train": model.score(X, y), "curve": curve,
            "local": float(model.verdict() is not Verdict.NON_LOCAL)}  # fmt: skip


def compare(seed: int, data: str, sizes: Protocol) -> dict[str, float]:
    """Return the accuracy of a linear classifier on the pixels, and of chance."""
    images = load_dataset(data, seed=seed)
    X, y = images.X[: sizes.train], images.y[: sizes.train]
    return {"linear": linear_baseline(X, y, images.X_test, images.y_test, seed=seed),
            "chance": chance_level(images.y_test)}  # fmt: skip


def count(steps: int, sizes: Protocol) -> dict[str, float]:
    """Count what two hidden layers store and what errors cost, per image of 64 pixels."""
    n = sizes.hidden
    model = TESSClassifier(hidden=(n, n), n_steps=steps, target="numpy")
    model.partial_fit(np.zeros((10, 64)), np.arange(10))
    sized = {key.split(".")[0]: value.size for key, value in model.state_.items() if ".w" in key}
    labels = sum(size for key, size in sized.items() if key.startswith(("see", "teach")))
    feeds = sum(size for key, size in sized.items() if key.startswith("feed"))
    return {"memory": sum(model.traces_[1:-1]), "memory_bptt": steps * 2 * n,
            "operations": steps * labels, "operations_bptt": steps * feeds}  # fmt: skip


def compute(run: Run) -> Results:
    """Train all arms with all seeds, and count memory for trials of several lengths."""
    sizes, given = run.protocol, {"data": run.data, "sizes": run.protocol}
    data = run.measure(learn, seed=run.seeds, arm=list(sizes.arms), **given)
    beside = run.measure(compare, seed=run.seeds, **given)
    stored = run.measure(count, steps=list(sizes.steps), sizes=sizes)
    controls = [arm for arm in ("frozen", "spatial", "spatial_plus") if arm in sizes.arms]
    ours = {"arm": [arm for arm in sizes.arms if arm not in controls]}
    numbers = data[["accuracy", "train", "local"]]
    waves = {n: np.corrcoef(square_waves(10, n)) - np.eye(10) for n in (200, 1024)}
    known = {f"accuracy_{arm}_elsewhere": value for arm, value in ELSEWHERE.items()
             if arm in sizes.arms and run.data == "digits"}  # fmt: skip
    return Results(
        metrics=flatten(numbers.sel(ours)) | flatten(stored[["memory", "operations"]])
        | {f"correlation_{n}": float(np.abs(found).max()) for n, found in waves.items()},
        baselines=flatten(numbers.sel(arm=controls)) | flatten(beside)
        | flatten(stored[["memory_bptt", "operations_bptt"]]),
        paper=PAPER | known,
        measured={"learning": data, "beside": beside, "memory": stored},
    )  # fmt: skip


def draw(results: Results) -> Any:
    """Draw accuracy of all arms, over epochs, and the numbers that hidden layers store."""
    data, stored = results.measured["learning"], results.measured["memory"]
    figure, (left, middle, right) = panels(1, 3, height=2.9, width_ratios=(1.5, 1, 1))
    names = {arm: NAMES[arm] + ("" if data.local.sel(arm=arm).all() else " *")
             for arm in data.arm.values.tolist()}  # fmt: skip
    known = {arm: v for arm in names if (v := results.paper.get(f"accuracy_{arm}_elsewhere"))}
    bars(data.accuracy, left, x="arm", labels=names, colours=COLOURS, published=known, ylabel="",
         published_label="elsewhere", xlabel="accuracy (%), * not local",
         xlim=(max(0, 100 * float(data.accuracy.min()) - 8), 101),
         baselines={"linear": float(results.measured["beside"].linear.mean())})  # fmt: skip
    shown = [arm for arm in ("tess", "unscaled", "frozen", "spatial") if arm in names]
    lines(data.curve.sel(arm=shown), middle, x="epoch", hue="arm", factor=100, labels=NAMES,
          colours=COLOURS, xlabel="epochs", ylabel="accuracy (%)", ylim=(0, 102),
          legend="lower right")  # fmt: skip
    lines({"TESS: 2 per cell": stored.memory, "back through time": stored.memory_bptt}, right,
          x="steps", xscale="log", yscale="log", ylim=(100, 20_000), xlabel="steps of a trial",
          ylabel="numbers stored", legend="upper left")  # fmt: skip
    return figure


EXPERIMENT = Experiment(
    name="tess",
    title="Layers that learn from their own labels",
    reference="Apolinario, Roy & Frenkel (2025), IJCNN, arXiv 2502.01837",
    costs={"smoke": "15 s", "quick": "2 min"},
    datasets=("digits", "mnist"),
    protocols={
        "smoke": Protocol(epochs=10, arms=SHORT, steps=(6, 12), seeds=1),
        "quick": Protocol(),
        "quick/mnist": Protocol(hidden=100, epochs=3, train=30_000, arms=SHORT, seeds=1),
    },
    options=("hidden", "epochs", "train"),
    compute=compute,
    figures={"learning": draw},
)  # fmt: skip
