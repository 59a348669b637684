"""Places in other seasons: small modules for stretches of a way, and their loud cells silenced.

Hussaini, Milford & Fischer (2023), ICRA. Their journeys are recordings of thousands of places from
trains and cars; here 100 places are drawn at random and seen in seasons of other light, blur, noise
and direction. Cells that too many references make fire are silenced. How many are too many is
chosen with the queries of the first 20 places; all numbers are of the queries of the others. Beside
it stand one network with as many cells, modules whose weights stay random, the sum of absolute
differences (SAD) between normalised images, and chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from brian2 import Quantity, ms
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from bioplastic.datasets import Dataset, normalise_patches, synthetic_traverse
from bioplastic.fields import Constants, param
from bioplastic.models.place_recognition import PlaceModules, precision_recall, recall_at
from bioplastic.plotting import PALETTE, dots, images, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

CONTROLS = {"one": "one network", "random": "random weights"}
GRID = np.arange(1, 101) / 100


class Protocol(Constants):
    """How long the way is, and what learns it."""

    places: int = param(100, minimum=10, doc="places")
    calibration: int = param(20, minimum=1, doc="the first places, whose queries choose the limit")
    modules: int = param(4, minimum=1, doc="modules, each of a stretch")
    cells: int = param(50, minimum=1, doc="excitatory cells of each")
    epochs: int = param(10, minimum=1, doc="passes through two reference seasons")
    queries: int = param(3, minimum=1, doc="seasons of queries")
    delay_max: Quantity = param(0 * ms, minimum=0, doc="published are 10 ms, which takes longer")
    limits: tuple[int, ...] = param((5, 10, *range(20, 201, 20)), doc="of ``hyperactive_from``")
    arms: tuple[str, ...] = param(("modules", *CONTROLS), doc="what learns")
    seeds: int = param(5, minimum=1, doc="seeds")


def travel(seed: int, sizes: Protocol) -> tuple[Dataset, Dataset, NDArray[np.bool_]]:
    """Return the journey as seen and normalised, and which queries calibrate."""
    seen = synthetic_traverse(seed, n_places=sizes.places, n_queries=sizes.queries)
    normal = seen.map(lambda X: normalise_patches(X, seen.image_shape))
    return seen, normal, seen.y_test < sizes.calibration


def describe(scores: NDArray[Any], y: NDArray[Any]) -> dict[str, Any]:
    """Return recall@1, that at full precision, and precision over recall, interpolated."""
    precision, recall = precision_recall(scores, y)
    best = [precision[recall >= r - 1e-9].max(initial=0) for r in GRID]
    return {"recall": recall_at(scores, y), "sure": recall[precision == 1].max(initial=0.0),
            "precision": xr.DataArray(best, {"level": GRID}, "level")}  # fmt: skip


def recognise(seed: int, arm: str, sizes: Protocol) -> dict[str, Any]:
    """Learn the references, choose a limit in the calibration region, answer to the others."""
    _, way, calibrates = travel(seed, sizes)
    modules = 1 if arm == "one" else sizes.modules
    still: dict[str, Any] = {"eta_pre": 0.0, "eta_post": 0.0} if arm == "random" else {}
    still |= {"epochs": sizes.epochs, "delay_max": sizes.delay_max, "random_state": seed}
    model = PlaceModules(sizes.cells * sizes.modules // modules, n_modules=modules, **still)
    model.fit(way.X, way.y)
    X, y, limits = way.X_test, way.y_test, [None, *sizes.limits]
    chosen = model.choose_hyperactive(X[calibrates], y[calibrates], limits)
    counts, y = model.respond(X[~calibrates]), y[~calibrates]
    scores = {limit: model.place_scores(counts, limit) for limit in limits}
    every, silenced = describe(scores[None], y), describe(scores[chosen], y)
    curve = [recall_at(scores[limit], y) for limit in sizes.limits]
    return every | {f"{name}_silenced": value for name, value in silenced.items()} | {
        "gain": silenced["recall"] - every["recall"], "chosen": chosen or len(way.X) + 1,
        "share": 0.0 if chosen is None else float(np.mean(model.activity_ >= chosen)),
        "over_limit": xr.DataArray(curve, {"limit": list(sizes.limits)}, "limit"),
    }  # fmt: skip


def compare(seed: int, sizes: Protocol) -> dict[str, Any]:
    """Return what the sum of absolute differences recognises, and chance."""
    _, way, calibrates = travel(seed, sizes)
    distance = cdist(way.X_test[~calibrates], way.X, "cityblock").reshape(-1, 2, sizes.places)
    return describe(-distance.min(axis=1), way.y_test[~calibrates]) | {"chance": 1 / sizes.places}


def compute(run: Run) -> Results:
    """Measure all arms with all seeds, each on a way of its own."""
    sizes = run.protocol
    data = run.measure(recognise, seed=run.seeds, arm=list(sizes.arms), sizes=sizes)
    beside = run.measure(compare, seed=run.seeds, sizes=sizes)
    numbers = data.drop_dims(["level", "limit"])
    shown = [part[:5] for each in travel(0, sizes)[:2] for part in (each.X, each.X_test)]
    return Results(
        metrics=flatten(numbers.sel(arm="modules", drop=True)),
        baselines=flatten(numbers[["recall", "recall_silenced"]].drop_sel(arm="modules"))
        | flatten(beside[["chance"]]) | flatten(beside[["recall"]], names="recall_sad"),
        measured={"modules": data, "beside": beside}, arrays={"views": np.stack(shown)},
    )  # fmt: skip


def draw_recall(results: Results) -> Any:
    """Draw recall over the limit, of all that was compared, and precision."""
    data, beside = results.measured["modules"], results.measured["beside"]
    of = data.sel(arm="modules")
    figure, (left, middle, right) = panels(1, 3, height=2.8, width_ratios=(1, 1.2, 1))
    left.plot(of.chosen, 100 * of.recall_silenced, "o", c=PALETTE[1], ms=4, label="chosen")
    lines(of.over_limit, left, x="limit", factor=100, baselines={"none silenced": of.recall},
          xlabel="references to silence a cell", ylabel="recall@1 (%)", ylim=(0, 102))  # fmt: skip
    kinds = {"modules": of.recall, "cells silenced": of.recall_silenced}
    kinds |= {CONTROLS[arm]: data.recall.sel(arm=arm) for arm in data.arm.values[1:]}
    kinds["SAD"], colours = beside.recall, dict(zip((*kinds, "SAD"), PALETTE, strict=False))
    look: dict[str, Any] = {"factor": 100, "legend": "lower left", "colours": colours}
    dots(kinds, middle, horizontal=True, xlabel="recall@1 (%)",
         xlim=(-2, 102), baselines={"chance": float(beside.chance.mean())}, **look)  # fmt: skip
    curves = {"modules": of.precision, "cells silenced": of.precision_silenced,
              "one network": data.precision.sel(arm="one"), "SAD": beside.precision}  # fmt: skip
    reached = {name: curve.where((curve > 0).all("seed")) for name, curve in curves.items()}
    lines(reached, right, x="level", xlabel="recall", ylabel="precision (%)", ylim=(0, 103),
          show="mean", markers=False, **look)  # fmt: skip
    return figure


def draw_places(results: Results) -> Any:
    """Draw five places as reference and as query, as seen and as normalised."""
    views = results.arrays["views"].reshape(4, 5, 28, 28)
    framed = np.pad(views.astype(float), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan)
    sheet = xr.DataArray(framed.swapaxes(1, 2).reshape(120, 150), dims=("row", "column"))
    ax = images(sheet, panels(width=3.5, height=2.8)[1], cmap="gray", label="", aspect="equal",
                xlabel="place", ylabel="")  # fmt: skip
    ax.set_xticks(15 + 30 * np.arange(5), range(1, 6))
    ax.set_yticks(15 + 30 * np.arange(4), ["reference", "query", "same,\nnormalised", "query"])
    return ax.figure


EXPERIMENT = Experiment(
    name="place_recognition", title="Places recognised by modules without their loud cells",
    reference="Hussaini, Milford & Fischer (2023), ICRA, arXiv 2209.08723", datasets=("traverse",),
    costs={"smoke": "10 s", "quick": "1 min"}, compute=compute,
    protocols={"quick": Protocol(), "smoke": Protocol(places=40, calibration=10, cells=20,
                                                      arms=("modules", "one"), seeds=1)},
    options=("places", "modules", "cells", "epochs", "delay_max"),
    figures={"recall": draw_recall, "places": draw_places},
)  # fmt: skip
