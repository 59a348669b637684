"""Four layers of E and I cells under Dale's law learn like signed weights, and mend themselves.

After Liu, Ding & Yu (2026), arXiv 2509.23253: inhibition that subtracts and divides in place of
normalisation. That paper back-propagates; this is a local counterpart on digits, each layer with an
error of its own (`bioplastic.models.ei_layers` says what is local). Beside it stand signed weights,
E cells alone, with and without thresholds that keep rates, and frozen layers.

Learning rates are chosen on held-out images. E cells alone are far behind at a small rate, less so
at a large one where thresholds adapt. Then inhibition loses its balance, and a local rule of rates
mends it without labels, of inhibitory weights or of thresholds; where it is gone, neither does.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import xarray as xr

from bioplastic.datasets import corrupt, load_digits
from bioplastic.datasets.splits import stratified_split
from bioplastic.fields import Constants, param
from bioplastic.models.ei_layers import EIClassifier
from bioplastic.plotting import dots, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "both": ("subtract and divide", {}),
    "unscaled": ("same, unscaled start", {"scaled": False}),
    "subtractive": ("subtract", {"inhibition": "subtractive"}),
    "divisive": ("divide", {"inhibition": "divisive"}),
    "signed": ("signed weights", {"inhibition": "signed"}),
    "excitatory": ("E only", {"inhibition": "none"}),
    "homeostasis": ("E, thresholds adapt", {"inhibition": "none", "homeostasis": 0.03}),
}
KINDS = {"0.8": "x 0.8", "1.25": "x 1.25", "noise": "noisy", "removed": "removed"}
REPAIR = {"none": "not repaired", "inhibition": "by inhibition", "threshold": "by threshold"}
IMAGES = ["clean", "contrast", "bright"]


class Protocol(Constants):
    """How much is shown."""

    depth: int = param(4, minimum=1, doc="layers of 80 E cells")
    train: int = param(1437, minimum=100, doc="images, a fifth of them held out")
    epochs: int = param(20, minimum=1, doc="passes through them")
    etas: tuple[float, ...] = param((0.0, 1e-3, 3e-3, 1e-2), doc="learning rates; 0 is frozen")
    batches: int = param(300, minimum=1, doc="batches of a repair")
    seeds: int = param(3, minimum=1, doc="seeds")


def learn(seed: int, arm: str, eta: float, sizes: Protocol) -> dict[str, Any]:
    """Return the accuracy on held-out and test images, and the rates of the layers at the start."""
    model, _, held, test = _fit(seed, arm, sizes, eta=eta)
    start = xr.DataArray(model.start_rates_, {"layer": [str(k + 1) for k in range(sizes.depth)]})
    return {"held_out": model.score(*held), "accuracy": model.score(*test), "start": start}


def mend(seed: int, arm: str, sizes: Protocol) -> dict[str, Any]:
    """Return the accuracy under other input, and with imbalance before and after repair."""
    model, X, _, (X_test, y_test) = _fit(seed, arm, sizes)
    answers = np.array([model.predict(corrupt(X_test, kind, (8, 8))) for kind in IMAGES])
    shown = xr.DataArray((answers == y_test).mean(axis=1), {"image": IMAGES})
    found = {"same": float(np.mean(answers[0] == answers[1])), "shown": shown}
    if arm == "signed":
        return found
    draw = np.random.default_rng([seed, 1]).lognormal
    factors: list[Any] = [0.8, 1.25, lambda n: draw(0, 0.5, n), 0.0]
    mended = xr.DataArray(np.zeros((4, 3)), {"kind": list(KINDS), "by": list(REPAIR)})
    for kind, factor in zip(KINDS, factors, strict=True):
        broken = copy.deepcopy(model).scale_inhibition(factor)
        mended.loc[kind, "none"] = broken.score(X_test, y_test)
        for by in ("inhibition", "threshold"):
            again = copy.deepcopy(broken).repair(X, by, batches=sizes.batches, random_state=seed)
            mended.loc[kind, by] = again.score(X_test, y_test)
    return found | {"mended": mended}


def _fit(seed: int, arm: str, sizes: Protocol, **options: Any) -> tuple[Any, ...]:
    data, options = load_digits(seed), ARMS[arm][1] | options | {"epochs": sizes.epochs}
    here, held = stratified_split(data.y[: sizes.train], 0.2, seed)
    model = EIClassifier((80,) * sizes.depth, random_state=seed, **options)
    model.fit(data.X[here], data.y[here])
    return model, data.X[here], (data.X[held], data.y[held]), (data.X_test, data.y_test)


def compute(run: Run) -> Results:
    """Measure all arms at all learning rates, then what breaks and what mends them."""
    given = {"seed": run.seeds, "sizes": run.protocol}
    depth = run.measure(learn, arm=list(ARMS), eta=list(run.protocol.etas), **given)
    repair = run.measure(mend, arm=["both", "subtractive", "signed"], **given)
    best = depth.held_out.mean("seed").idxmax("eta")
    numbers = depth[["accuracy"]].assign(chosen=depth.accuracy.sel(eta=best).drop_vars("eta"))
    start = depth.start.isel(eta=0).sel(arm="both")

    def of(data: xr.Dataset, arm: str) -> dict[str, float]:
        return flatten(data.sel(arm=arm, drop=True).rename({k: f"{arm}_{k}" for k in data}))

    rest = [of(numbers, arm) for arm in ARMS if arm != "both"]
    rest += [of(repair, "signed"), of(repair, "subtractive")]
    return Results(
        metrics=of(numbers, "both") | of(repair, "both")
        | {"start_lowest": float(start.min()), "start_highest": float(start.max())},
        baselines={"chance": 0.1} | {key: each[key] for each in rest for key in each},
        paper={"cifar10": 0.9205}, measured={"depth": depth, "repair": repair},
    )  # fmt: skip


def draw_depth(results: Results) -> Any:
    """Draw accuracy over the learning rate, and how much the layers fire before learning."""
    data = results.measured["depth"]
    look: dict[str, Any] = {"hue": "arm", "labels": {arm: text for arm, (text, _) in ARMS.items()}}
    figure, (left, right) = panels(1, 2, height=3.1)
    level = {"chance": 0.1, "frozen": float(data.accuracy.sel(arm="both", eta=0).mean())}
    lines(data.accuracy.where(data.eta > 0, drop=True), left, x="eta", factor=100, xscale="log",
          baselines=level, xlabel="learning rate", ylabel="accuracy (%)", legend="outside",
          ylim=(0, 100), **look)  # fmt: skip
    lines(data.start.isel(eta=0), right, x="layer", legend=None, show="mean", **look,
          xlabel="layer", ylabel="mean spikes per step at start", ylim=(-0.03, 1.03))  # fmt: skip
    return figure


def draw_repair(results: Results) -> Any:
    """Draw the accuracy with inhibition out of balance, before and after repair."""
    data = results.measured["repair"]
    figure, axes = panels(1, 2, height=2.8, sharey=True)
    for arm, ax, legend in zip(("both", "subtractive"), axes, ("outside", None), strict=True):
        intact = float(data.shown.sel(arm=arm, image="clean").mean())
        dots(data.mended.sel(arm=arm), ax, x="kind", hue="by", factor=100, labels=KINDS | REPAIR,
             title=ARMS[arm][0], xlabel="drive of I cells", ylabel="accuracy (%)", ylim=(0, 105),
             baselines={"intact": intact}, legend=legend)  # fmt: skip
    return figure


EXPERIMENT = Experiment(
    name="ei_layers",
    title="Layers under Dale's law that learn locally and mend themselves",
    reference="after Liu, Ding & Yu (2026), ICLR, arXiv 2509.23253",
    costs={"smoke": "10 s", "quick": "2 min"}, datasets=("digits",),
    protocols={"smoke": Protocol(train=400, epochs=20, etas=(0.0, 3e-3), batches=50, seeds=1),
               "quick": Protocol()},
    options=("depth", "train", "epochs"),
    compute=compute,
    figures={"depth": draw_depth, "repair": draw_repair},
)  # fmt: skip
