"""Entropy of spikes is no information: thresholds of cells, of a layer, and noise.

After Guo et al. (2022), IM-Loss, NeurIPS, who maximise the entropy of spikes of whole layers by
gradients (their loss centres the mean of a layer). Here intrinsic plasticity brings every cell, or
by one threshold the layer, to a rate; one half is the highest entropy there is.

Measured on digits, for cells with random weights: the entropy of a cell in a step, what the cell
(any spike at all) tells about the class, and a read-out of the counts by the delta rule. The bias
of few samples is removed from entropy and information. Noise on the membrane, to which thresholds
adapt as well, shows that entropy measures neither of the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bioplastic.analysis import mutual_information, response_entropy
from bioplastic.datasets import load_digits
from bioplastic.fields import Constants, param
from bioplastic.models.delta_readout import DeltaReadout
from bioplastic.models.leaky_cells import balance_thresholds, leaky_spikes
from bioplastic.plotting import lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

SCOPES = {"cell": "threshold per cell", "layer": "one for the layer"}
STEPS, HALF = 4, 0.5


class Protocol(Constants):
    """How much is measured."""

    cells: int = param(200, minimum=1, doc="cells with random weights")
    train: int = param(1437, minimum=20, doc="images that thresholds and read-out learn from")
    rates: tuple[float, ...] = param((0.02, 0.1, 0.2, HALF, 0.8), doc="spikes per cell and step")
    noise: tuple[float, ...] = param((0.0, 0.5, 2.0, 8.0), doc="noise, in deviations of the drive")
    passes: int = param(10, minimum=1, doc="passes of the read-out")
    shuffles: int = param(20, minimum=1, doc="random pairings that give the bias of information")
    seeds: int = param(3, minimum=1, doc="seeds")


def look(seed: int, scope: str, rate: float, noise: float, sizes: Protocol) -> dict[str, float]:
    """Return accuracy, entropy and information at one rate with one kind of thresholds."""
    data, rng, n = load_digits(seed), np.random.default_rng(seed), sizes.train
    X = np.vstack([data.X[:n], data.X_test]) / 255
    drive = (X @ rng.normal(size=(X.shape[1], sizes.cells)))[:, None]
    shake = noise * drive.std(axis=(0, 1))
    current = drive + shake * rng.normal(size=(len(X), STEPS, sizes.cells)) if noise else drive
    threshold = balance_thresholds(current[:n], rate, rng, shared=scope == "layer", n_steps=STEPS)
    spikes = leaky_spikes(current, threshold, n_steps=STEPS)
    counts, y = spikes.mean(axis=1), data.y[:n]
    readout = DeltaReadout(0.1, passes=sizes.passes, random_state=seed).fit(counts[:n], y)
    cells = [spikes[:n, :, k] for k in range(sizes.cells)]
    told = [mutual_information(y, cell.any(axis=1).astype(int), correction="shuffle",
                               n_shuffles=sizes.shuffles, seed=seed) for cell in cells]  # fmt: skip
    return {
        "accuracy": readout.score(counts[n:], data.y_test), "fired": spikes[:n].mean(),
        "entropy": np.mean([response_entropy(cell.ravel().astype(int)) for cell in cells]),
        "information": np.mean(told), "silent": np.mean([not cell.any() for cell in cells]),
    }  # fmt: skip


def compute(run: Run) -> Results:
    """Measure all rates without noise, and all noise at one half."""
    sizes, given = run.protocol, {"seed": run.seeds, "sizes": run.protocol}
    rates = run.measure(look, scope=list(SCOPES), rate=list(sizes.rates), noise=0.0, **given)
    noise = run.measure(look, scope="cell", rate=HALF, noise=list(sizes.noise), **given)
    return Results(
        metrics=flatten(rates.sel(scope="cell", drop=True), names="{name}_{rate}")
        | flatten(noise, names="{name}_noise_{noise}"),
        baselines={"chance": 0.1}
        | flatten(rates.sel(scope="layer", drop=True), names="layer_{name}_{rate}"),
        measured={"rates": rates, "noise": noise},
    )


def draw(results: Results) -> Any:
    """Draw accuracy, entropy and information over the rate, and over noise at one half."""
    rates, noise = results.measured["rates"], results.measured["noise"]
    figure, axes = panels(2, 3, height=4.2)
    shown = {"accuracy": "accuracy (%)", "entropy": "entropy (bits per step)",
             "information": "information (bits per cell)"}  # fmt: skip
    for column, (name, text) in enumerate(shown.items()):
        factor = 100 if name == "accuracy" else 1
        lines(rates[name], axes[0, column], x="rate", hue="scope", labels=SCOPES, factor=factor,
              xlabel="spikes per cell and step", ylabel=text,
              legend="best" if column == 0 else None)  # fmt: skip
        lines(noise[name], axes[1, column], x="noise", factor=factor, ylabel=text, legend=None,
              xlabel="membrane noise (sd of the drive)")  # fmt: skip
        for ax in axes[:, column]:
            ax.set_ylim(0, 1.05 * ax.get_ylim()[1])
    return figure


EXPERIMENT = Experiment(
    name="spike_entropy", title="Entropy of spikes is not information",
    reference="after Guo et al. (2022), IM-Loss, NeurIPS",
    costs={"smoke": "5 s", "quick": "30 s"}, datasets=("digits",),
    protocols={"smoke": Protocol(cells=40, train=500, rates=(0.02, HALF), noise=(0.0, 8.0),
                                 passes=4, seeds=1), "quick": Protocol()},
    options=("cells", "train", "passes"), compute=compute, figures={"entropy": draw},
)  # fmt: skip
