"""Dynamic Confidence: answer as soon as the outputs are sure, on classifiers trained as before.

Li, Jones & Furber (2023), ICCV, arXiv 2303.10276.

The threshold is chosen on training samples that the classifier has not learned from: the smallest
mean latency that costs half a point of the full accuracy, or one (``_within_1``). Of the few digits
all are held out in turn, of MNIST 5000 once. The number to beat is not the full time but the *same
mean latency spent equally on all samples*; beside it stand the full time and the oracle, which
stops when the answer is first right and so needs the label. Latencies are shares of the full time.

On digits: symmetric STDP (Hao et al. 2020; Poisson input, 350 ms); integrators with a soft reset
that get the image as a current, as in the published program, with a read-out by the local delta
rule (24 steps); a random liquid that gets spikes (Lin et al. 2025; 50 steps). On MNIST: symmetric
STDP with 1600 hidden cells. Competition groups (Goupy et al. 2024) are no case for it: there the
first spike is the answer, which is an early exit already.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import xarray as xr

from bioplastic.analysis.early_exit import choose_threshold, exit_curve, score_exit
from bioplastic.datasets import load_digits, load_mnist
from bioplastic.fields import Constants, param
from bioplastic.models.bit_budget import BitBudgetClassifier
from bioplastic.models.early_exit import EarlyExit
from bioplastic.models.liquid import LiquidStateMachine
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.plotting import lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

GRID = np.linspace(0, 1, 101)  # shares of the full time
N_PARTS = {"sym_stdp": 70, "integrators": 24, "liquid": 50}
OURS = ["accuracy", "latency", "gain", "loss", "saved", "threshold", "alpha"]
TOLERANCES = {"": 0.005, "_within_1": 0.01}  # of the full accuracy, on held-out samples
NAMES = {"sym_stdp": "symmetric STDP", "integrators": "integrators", "liquid": "liquid"}


class Protocol(Constants):
    """How much is learned and tested."""

    n_hidden: int = param(100, minimum=1, doc="hidden cells of symmetric STDP")
    epochs: int = param(3, minimum=1, doc="passes through the images of symmetric STDP")
    train: int = param(1437, minimum=50, doc="training images, those held out included")
    folds: int = param(3, minimum=0, doc="parts held out in turn to choose the threshold; 0: once")
    held_out: float = param(1 / 12, minimum=0.01, maximum=0.9, doc="share held out if once")
    test: int = param(10_000, minimum=20, doc="test images, at most")
    systems: tuple[str, ...] = param(tuple(NAMES), doc="classifiers")
    seeds: int = param(5, minimum=1, doc="seeds")


def stop_early(seed: int, system: str, data: str, sizes: Protocol) -> dict[str, Any]:
    """Train a classifier, choose the threshold, return scores and curves on test images."""
    images = load_digits(seed) if data == "digits" else load_mnist()
    X, y = images.X[: sizes.train], images.y[: sizes.train]
    X_test, y_test = images.X_test[: sizes.test], images.y_test[: sizes.test]
    if system == "sym_stdp":
        model: Any = SymSTDPClassifier(
            n_hidden=sizes.n_hidden, epochs=sizes.epochs, random_state=seed
        )
    elif system == "integrators":
        X, X_test = (np.tile(each / 255, (1, N_PARTS[system])) for each in (X, X_test))
        model = BitBudgetClassifier(n_steps=N_PARTS[system], random_state=seed)
    else:
        uniform = np.random.default_rng([seed, 7]).random
        X, X_test = ((uniform((*each.shape, N_PARTS[system])) < each[..., None] / 510)
                     .reshape(len(each), -1).astype(np.uint8) for each in (X, X_test))  # fmt: skip
        model = LiquidStateMachine(random_state=seed)
    exits = EarlyExit(model, n_times=N_PARTS[system], folds=sizes.folds or None,
                      held_out=sizes.held_out, random_state=seed)  # fmt: skip
    exits.fit(X, y)
    n, evidence = exits.n_times, exits.evidence(X_test)
    known = exits.held_out_evidence_, exits.held_out_classes_
    scores: dict[str, float] = {}
    for suffix, lost in TOLERANCES.items():
        threshold, alpha = choose_threshold(*known, tolerance=lost, alphas=exits.alphas)
        found = dataclasses.asdict(score_exit(evidence, y_test, threshold, alpha=alpha))
        found |= {"gain": found["accuracy"] - found["fixed"], "threshold": threshold,
                  "loss": found["full"] - found["accuracy"], "alpha": alpha}  # fmt: skip
        found |= {name: found[name] / n for name in ("latency", "oracle_latency")}
        scores |= {name + suffix: found[name] for name in found if not suffix or name in OURS}
    latency, accuracy = exit_curve(evidence, y_test, alpha=exits.alpha_)
    right = evidence.argmax(axis=2) == y_test[:, None]
    curves = {
        "dynamic": np.interp(GRID, latency / n, accuracy, left=np.nan),
        "fixed_time": np.interp(GRID, np.arange(1, n + 1) / n, right.mean(axis=0), left=np.nan),
    }
    return {
        **scores,
        **{k: xr.DataArray(v, dims="share", coords={"share": GRID}) for k, v in curves.items()},
    }  # fmt: skip


def compute(run: Run) -> Results:
    """Stop all classifiers early, with all seeds."""
    data = run.measure(stop_early, seed=run.seeds, system=list(run.protocol.systems),
                       data=run.data, sizes=run.protocol)  # fmt: skip
    beside = ["fixed", "full", "oracle", "oracle_latency"]
    ours = [name + suffix for suffix in TOLERANCES for name in OURS]
    return Results(metrics=flatten(data[ours]), baselines=flatten(data[beside]),
                   measured={"exits": data})  # fmt: skip


def draw(results: Results) -> Any:
    """Draw accuracy against mean latency, dynamic and fixed, with oracle and the chosen point."""
    data = results.measured["exits"]
    systems = data.system.values.tolist()
    figure, axes = panels(1, len(systems), height=2.6, width=3.6 * len(systems))
    for ax, system in zip(np.atleast_1d(axes), systems, strict=True):
        one = data.sel(system=system, drop=True)
        known = one.dynamic.notnull().all("seed")  # all seeds stop as early on average
        curves = {"confidence": one.dynamic.where(known), "same time for all": one.fixed_time}
        lines(curves, ax, x="share", factor=100, xlabel="mean latency (share of the full time)",
              ylabel="accuracy (%)", title=NAMES[system], legend=None)  # fmt: skip
        for name, x, y, marker in (("chosen, 0.5 points", one.latency, one.accuracy, "o"),
                                   ("1 point", one.latency_within_1, one.accuracy_within_1, "s"),
                                   ("oracle", one.oracle_latency, one.oracle, "*")):  # fmt: skip
            ax.plot(float(x.mean()), 100 * float(y.mean()), marker, color="black", label=name)
        low = 100 * float(one.fixed_time.mean("seed").sel(share=0.1, method="nearest"))
        ax.set_ylim(max(0, low - 15), 101)
        ax.legend(loc="lower right")
    return figure


EXPERIMENT = Experiment(
    name="early_exit",
    title="Answer as soon as the outputs are sure",
    reference="Li, Jones & Furber (2023), ICCV, arXiv 2303.10276",
    costs={"smoke": "15 s", "quick": "1 min", "paper": "4 min"},
    datasets=("digits", "mnist"),
    protocols={
        "smoke": Protocol(n_hidden=36, epochs=1, train=700, folds=0, held_out=0.3, test=150,
                          systems=("sym_stdp",), seeds=1),
        "quick": Protocol(),
        "paper": Protocol(n_hidden=1600, epochs=1, train=60_000, folds=0,
                          systems=("sym_stdp",), seeds=1),
    },
    options=("n_hidden", "epochs"),
    compute=compute,
    figures={"latency": draw},
)  # fmt: skip
