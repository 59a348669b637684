"""Time constants of single synapses: delayed match-to-sample without back-propagation through time.

Deng et al. (2025), NeurIPS: a cue of 100 ms on the left or right, 800 ms of silence, a second cue;
is it the same? Ten inputs fire at 10 Hz all the time. There weights and time constants are trained
by back-propagation through time (100 %). Here time constants are drawn and stay, and one gain per
network, found without labels before learning, makes all fire alike.

First weights stay as drawn, and a linear classifier reads the spikes of the second cue. Beside one
time constant per synapse, 10 to 2000 ms, stand one per cell, from the same range, and the same for
all, from 40 ms to twice the delay. Then a local rule of three factors learns the weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from brian2 import ms

from bioplastic.fields import Constants, param
from bioplastic.models.hetsyn import HetSynClassifier
from bioplastic.plotting import dots, lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

STEP, CUE, DELAY, ONSET = 5, 100, 800, 50  # ms
ARMS = {"synapse": {"own": "synapse"}, "cell": {"own": "cell"}} | {
    f"same{tau}": {"own": "none", "tau": tau * ms} for tau in (40, 200, 400, 800, 1600)
}
ELSEWHERE = {"synapse": 0.933, "cell": 0.726, "same40": 0.487, "same400": 0.790}


class Protocol(Constants):
    """How much is shown."""

    trials: int = param(1000, minimum=50, doc="trials, two fifths of them to test")
    epochs: int = param(5, minimum=1, doc="passes of the local rule")
    eta: float = param(1e-4, minimum=0, doc="its learning rate")
    arms: tuple[str, ...] = param(tuple(ARMS), doc="time constants with fixed weights")
    taught: tuple[str, ...] = param(("synapse", "cell", "same400", "same1600"),
                                    doc="time constants with the local rule")  # fmt: skip
    seeds: int = param(10, minimum=1, doc="seeds")


def draw_trials(seed: int, n: int) -> tuple[Any, Any]:
    """Draw trials: samples (n, 30 inputs times steps), and whether the cues were the same."""
    rng, start, long = np.random.default_rng([seed, 8]), ONSET // STEP, CUE // STEP
    steps = (ONSET + CUE + DELAY + CUE) // STEP
    cues = rng.integers(0, 2, (n, 2))
    p = np.zeros((n, 30, steps))
    p[:, 20:] = 10e-3 * STEP
    for trial, (first, second) in zip(p, cues, strict=True):
        trial[10 * first :][:10, start : start + long] = 40e-3 * STEP
        trial[10 * second :][:10, -long:] = 40e-3 * STEP
    X = (rng.random(p.shape) < p).reshape(n, -1).astype(np.uint8)
    return X, (cues[:, 0] == cues[:, 1]).astype(int)


def prepare(seed: int, arm: str, n: int) -> Any:
    """Return a model whose cells fire at 10 Hz before learning, and trials to learn and to test."""
    X, y = draw_trials(seed, n)
    model = HetSynClassifier(random_state=seed, **ARMS[arm]).matched(X[:40])
    cut = 3 * n // 5
    return model, X[:cut], y[:cut], X[cut:], y[cut:]


def fixed(seed: int, arm: str, sizes: Protocol) -> dict[str, float]:
    """Return the accuracy of fixed weights with a linear classifier, and the rate."""
    model, X, y, X_test, y_test = prepare(seed, arm, sizes.trials)
    model.fit(X, y)
    return {"fixed": model.score(X_test, y_test), "rate": model.rates(X_test).mean()}


def learn(seed: int, arm: str, sizes: Protocol) -> dict[str, Any]:
    """Return the accuracy under the local rule, after the last epoch and on the way."""
    model, X, y, X_test, y_test = prepare(seed, arm, sizes.trials)
    found: dict[str, Any] = {}
    for name, eta in (("frozen", 0.0), ("taught", sizes.eta)):
        model.set_params(read_out="delta", eta_out=3e-3, eta=eta, epochs=sizes.epochs)
        model.fit(X, y, watch=lambda model: {"test": model.score(X_test, y_test)})
        curve = [row["test"] for row in model.curve_]
        at = {"epoch": np.arange(1, len(curve) + 1)}
        found |= {name: curve[-1], f"{name}_curve": xr.DataArray(curve, at, "epoch"),
                  f"{name}_rate": model.rates(X_test).mean()}  # fmt: skip
    return found


def compute(run: Run) -> Results:
    """Measure fixed weights with all time constants, and the local rule with some."""
    sizes = run.protocol
    given = {"seed": run.seeds, "sizes": sizes}
    plain = run.measure(fixed, arm=list(sizes.arms), **given)
    taught = run.measure(learn, arm=list(sizes.taught), **given)
    ours, rest = {"arm": ["synapse"]}, [arm for arm in sizes.arms if arm != "synapse"]
    others = [arm for arm in sizes.taught if arm != "synapse"]
    lead = {f"lead_{arm}": plain.fixed.sel(arm="synapse", drop=True)
            - plain.fixed.sel(arm=arm, drop=True) for arm in rest}  # fmt: skip
    learnt = taught[["taught", "frozen", "taught_rate"]]
    return Results(
        metrics=flatten(plain.sel(ours)) | flatten(learnt.sel(ours)) | flatten(xr.Dataset(lead)),
        baselines=flatten(plain.sel(arm=rest)) | flatten(learnt.sel(arm=others)) | {"chance": 0.5},
        paper={"taught_synapse": 1.0}
        | {f"fixed_{arm}_elsewhere": value for arm, value in ELSEWHERE.items()},
        measured={"fixed": plain, "taught": taught},
    )  # fmt: skip


def draw(results: Results) -> Any:
    """Draw fixed weights over the time constant, and the local rule over epochs."""
    plain, taught = results.measured["fixed"], results.measured["taught"]
    figure, (left, middle, right) = panels(1, 3, height=2.7, width_ratios=(1.2, 1, 1))
    same = [arm for arm in plain.arm.values.tolist() if arm.startswith("same")]
    over = plain.fixed.sel(arm=same).assign_coords(arm=[int(arm[4:]) for arm in same])
    known = {int(arm[4:]): v for arm, v in ELSEWHERE.items() if arm in same}
    lines({"the same for all": over.rename(arm="tau")}, left, x="tau", factor=100, xscale="log",
          published=xr.DataArray(list(known.values()), {"tau": list(known)}), ylim=(40, 102),
          published_label="elsewhere", legend="lower right", xlabel="time constant (ms)",
          baselines={"one per synapse": plain.fixed.sel(arm="synapse"),
                     "one per cell": plain.fixed.sel(arm="cell")},
          ylabel="accuracy, fixed weights (%)")  # fmt: skip
    known_names = {"synapse": "per synapse", "cell": "per cell"}
    arms = taught.arm.values.tolist()
    names = {arm: known_names.get(arm, f"{arm[4:]} ms") for arm in arms}
    lines(taught.taught_curve, middle, x="epoch", hue="arm", factor=100, labels=names,
          ylim=(40, 102), xlabel="epochs of the local rule", ylabel="accuracy (%)",
          legend="lower right")  # fmt: skip
    both = xr.concat([taught.frozen, taught.taught], xr.Variable("weights", ["fixed", "learnt"]))
    both = both.assign_coords(arm=[names[arm].replace(" ", "\n") for arm in arms])
    dots(both, right, x="arm", hue="weights", factor=100, ylim=(40, 102), xlabel="time constants",
         ylabel="accuracy, output cell (%)")  # fmt: skip
    return figure


EXPERIMENT = Experiment(
    name="hetsyn", title="Time constants of single synapses remember over a delay",
    reference="Deng et al. (2025), HetSyn, NeurIPS, arXiv 2508.11644",
    costs={"smoke": "15 s", "quick": "3 min"}, datasets=("synthetic",),
    protocols={"smoke": Protocol(trials=300, epochs=3, arms=("synapse", "cell", "same40"),
                                 taught=("synapse",), seeds=1),
               "quick": Protocol()},
    options=("trials", "epochs", "eta"), compute=compute, figures={"memory": draw},
)  # fmt: skip
