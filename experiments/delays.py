"""Delays of single synapses find motifs in spikes, and a local rule learns which weights they need.

Grimaldi & Perrinet (2023), with the task of Perrinet (2023): rasters of 128 inputs in which motifs
of 31 steps overlap, each beginning once in a thousand steps. The cells with the highest evidence
fire, as often as there are events; found is an event answered in its very step. Thresholds are set
on rasters of their own, without labels. Beside the kernels stand the same weights with the delays
of every connection shuffled, the mean weight at all delays, which counts spikes, and the
probability of a spike as weight, the paper's own comparison. Learning hears of every event, in
rasters with more frequent motifs. The paper's main task, images in motion, is not run.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from scipy.special import expit, logit

from bioplastic.datasets.motifs import draw_rasters, motif_kernels
from bioplastic.fields import Constants, param
from bioplastic.models.delays import MotifDetector
from bioplastic.plotting import images, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

STEPS, P_EVENT = 1000, 1e-3
ELSEWHERE = {"depth": {5: 0.25, 11: 0.65, 21: 0.84, 31: 0.96},
             "inputs": {16: 0.28, 32: 0.53, 64: 0.79, 128: 0.96}}  # fmt: skip
ARMS = {"known": "delays", "shuffled": "shuffled", "averaged": "mean weight",
        "probability": "probability as weight"}  # fmt: skip


class Protocol(Constants):
    """Sizes."""

    motifs: int = param(144, minimum=1, doc="motifs with known kernels")
    depths: tuple[int, ...] = param((5, 11, 21, 31), doc="steps of a motif")
    inputs: tuple[int, ...] = param((16, 32, 64, 128), doc="inputs")
    tested: int = param(10, minimum=1, doc="rasters to test, and as many to set the threshold")
    learnt: int = param(32, minimum=1, doc="motifs to learn")
    p_event: float = param(0.05, minimum=0, maximum=0.5, doc="events per step while it learns")
    rasters: tuple[int, ...] = param((1, 2, 5, 10, 20, 40), doc="rasters learned from")
    seeds: int = param(5, minimum=1, doc="seeds")


def vary(rng: np.random.Generator, weights: Any, arm: str) -> Any:
    """Return the weights of an arm."""
    if arm == "averaged":
        return np.broadcast_to(weights.mean(axis=2, keepdims=True), weights.shape)
    if arm == "probability":
        return expit(logit(P_EVENT) + weights)
    return rng.permuted(weights, axis=2) if arm == "shuffled" else weights


def find(seed: int, kernels: Any, weights: Any, n: int) -> dict[str, float]:
    """Return how many events of n rasters some weights find, and how many answers are right."""
    rng = np.random.default_rng([seed, 1])
    (calm, _), (X, y) = (draw_rasters(rng, kernels, n, STEPS, p_event=P_EVENT) for _ in range(2))
    model = MotifDetector(n_inputs=kernels.shape[1], depth=kernels.shape[2], random_state=seed)
    fires = model.adopt(weights, calm, share=P_EVENT).predict(X)
    return {"found": float(fires[y > 0].mean()), "right": y[fires].sum() / max(1, fires.sum())}


def detect(seed: int, arm: str, depth: int, inputs: int, sizes: Protocol) -> dict[str, float]:
    """Return how many events known kernels find."""
    rng = np.random.default_rng([seed, 0])
    kernels = motif_kernels(rng, sizes.motifs, inputs, depth)
    return find(seed, kernels, vary(rng, kernels, arm), sizes.tested)


def learn(seed: int, sizes: Protocol) -> dict[str, Any]:
    """Learn kernels from labelled rasters; return correlation and true positives on the way."""
    rng, p, seen = np.random.default_rng([seed, 2]), sizes.p_event, 0
    kernels = motif_kernels(rng, sizes.learnt, 128, 31)
    model, rows = MotifDetector(prior=p, random_state=seed), []
    for rasters in sizes.rasters:
        for done in range(seen, rasters, 20):
            model.partial_fit(*draw_rasters(rng, kernels, min(20, rasters - done), STEPS, p))
        seen, weights = rasters, np.array(model.kernels_)
        excitation = [np.maximum(k, 0).ravel() for k in (weights, kernels)]
        rows.append({"learnt_found": find(seed, kernels, weights, sizes.tested)["found"],
                     "learnt_correlation": np.corrcoef(weights.ravel(), kernels.ravel())[0, 1],
                     "learnt_excitation": np.corrcoef(*excitation)[0, 1]})  # fmt: skip
    at = {"rasters": list(sizes.rasters)}
    curves = {f"{k}_curve": xr.DataArray([row[k] for row in rows], at) for k in rows[0]}
    other = {f"learnt_{arm}": find(seed, kernels, vary(rng, w, arm), sizes.tested)["found"]
             for arm, w in (("shuffled", weights), ("true", kernels))}  # fmt: skip
    shown = np.stack([kernels[0, :40] / kernels.std(), weights[0, :40] / weights.std()])
    kernel = xr.DataArray(shown, {"which": ["true", "learnt"]}, ("which", "input", "step"))
    return rows[-1] | other | curves | {"kernel": kernel}


def compute(run: Run) -> Results:
    """Detect with known kernels over depth and inputs, and learn."""
    sizes, given = run.protocol, {"seed": run.seeds, "sizes": run.protocol}
    deep = run.measure(detect, arm=list(ARMS), depth=list(sizes.depths), inputs=[128], **given)
    wide = run.measure(detect, arm=["known"], depth=[31], inputs=list(sizes.inputs), **given)
    learning = run.measure(learn, **given)
    depth, inputs = deep.isel(inputs=0, drop=True), wide.isel(depth=0, arm=0, drop=True)
    known, last = depth.sel(arm="known", drop=True), {"depth": sizes.depths[-1], "drop": True}
    other = depth.found.drop_sel(arm="known").sel(**last)
    return Results(
        metrics=flatten(known[["found"]].rename(found="found_depth"))
        | flatten(known[["right"]].sel(**last))
        | flatten(inputs[["found"]].rename(found="found_inputs"))
        | flatten(learning[["learnt_found", "learnt_correlation", "learnt_excitation"]]),
        baselines=flatten(other.to_dataset(name="found"))
        | flatten(learning[["learnt_shuffled", "learnt_true"]]),
        paper={"probability_233": 0.7775, "found_233": 0.9502, "correct": 0.988}
        | {f"found_{k}_{n}_elsewhere": v for k in ELSEWHERE for n, v in ELSEWHERE[k].items()},
        measured={"depth": depth, "inputs": inputs, "learning": learning},
    )  # fmt: skip


def draw(results: Results) -> Any:
    """Draw true positives over depth, inputs and learning, and a learnt kernel beside its own."""
    depth, inputs, learning = (results.measured[k] for k in ("depth", "inputs", "learning"))
    figure, axes = panels([list("aabbcc"), list("dddeee")], height=4.4)
    shown = {text: depth.found.sel(arm=arm) for arm, text in ARMS.items()}
    known = {k: xr.DataArray(list(v.values()), {k: list(v)}) for k, v in ELSEWHERE.items()}
    lines(shown, axes["a"], x="depth", factor=100, published=known["depth"], ylim=(-4, 104),
          published_label="elsewhere", xlabel="steps of a motif", ylabel="events found (%)",
          legend="outside")  # fmt: skip
    lines(inputs.found, axes["b"], x="inputs", factor=100, published=known["inputs"],
          ylim=(-4, 104), xlabel="inputs", ylabel="events found (%)", legend=None)  # fmt: skip
    names = {"events found": "found", "correlation": "correlation", "of excitation": "excitation"}
    curves = {text: learning[f"learnt_{name}_curve"] for text, name in names.items()}
    lines(curves, axes["c"], x="rasters", factor=100, xscale="log", ylim=(-4, 104),
          baselines={"found by kernels": float(learning.learnt_true.mean())}, legend="lower right",
          xlabel="rasters learned from", ylabel="found, correlation (%)")  # fmt: skip
    images(learning.kernel.isel(seed=0), [axes["d"], axes["e"]], x="step", y="input",
           facet="which", limits=(-6, 6), label="weight / deviation")  # fmt: skip
    return figure


EXPERIMENT = Experiment(
    name="delays", title="Delays of single synapses find motifs in spikes",
    reference="Grimaldi & Perrinet (2023), Biological Cybernetics, doi 10.1007/s00422-023-00975-8",
    costs={"smoke": "15 s", "quick": "2 min", "paper": "10 min"}, datasets=("synthetic",),
    protocols={"smoke": Protocol(motifs=32, depths=(5, 31), inputs=(128,), tested=5,
                                 rasters=(1, 5), seeds=1),
               "quick": Protocol(),
               "paper": Protocol(learnt=144, p_event=P_EVENT, seeds=1,
                                 rasters=(10, 30, 100, 300, 1000, 3000))},
    options=("motifs", "learnt", "p_event", "tested"), compute=compute, figures={"motifs": draw},
)  # fmt: skip
