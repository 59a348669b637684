"""Which frequencies membranes, rates of populations and pooled textures pass on.

Fang et al. (2025), Spiking Neural Networks Need High-Frequency Information, NeurIPS. The paper
derives from the membrane that spiking layers are low-pass, integrators (IF) more than leaky cells
(LIF), and mends it with max-pooling (CIFAR-100: 76.7 to 79.1 %).

The membrane is exactly what its formula says. The rate of a population need not be: where noise
makes the threshold soft, a layer with a short memory passes nearly all frequencies on, and one
with a long memory resonates at its own rate. Noisy integrators do lose high frequencies, twice as
much in two layers; with little noise they lose none. Textures are noise with or without a
sinusoid; beside the pools stand no pool and a linear read-out of the spectrum. Max-pooling also
changes the size of what it passes on, so frequency is not isolated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bioplastic.analysis import integrator_gain, lif_gain
from bioplastic.fields import Constants, param
from bioplastic.models.frequency_response import count_spikes, measure_membrane, measure_rates
from bioplastic.plotting import dots, lines, panels
from bioplastic.study import flatten, labelled
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

CELLS = {"lif_5": (0.5, True), "lif_9": (0.9, True), "if": (0.5, False)}
REGIMES = {"noisy": {"rate": 0.2, "sd": 0.6}, "quiet": {"rate": 0.2, "sd": 0.1},
           "busy": {"rate": 0.4, "sd": 0.6}}  # fmt: skip
FREQUENCIES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
TASKS = {"low": (0.02, 0.1), "high": (0.35, 0.45)}  # band of what one class has in the noise
ELSEWHERE = {"lif_5": 1.02, "lif_9": 0.93, "if": 0.64}  # layer 1 at 0.2, an earlier program


class Protocol(Constants):
    """How much is shown."""

    n_cells: int = param(3000, minimum=100, doc="cells of a population")
    n_steps: int = param(1000, minimum=300, doc="steps for each frequency")
    textures: int = param(400, minimum=20, doc="textures, half of them to test")
    seeds: int = param(3, minimum=1, doc="seeds")


def membrane(cell: Any) -> xr.Dataset:
    """Return gain of the membrane and closed form."""
    (beta, leaky), f = cell, np.array(FREQUENCIES)
    exact = lif_gain(f, beta) if leaky else (1 - beta) * integrator_gain(f)
    gain = measure_membrane(f, beta, leaky=leaky)
    return xr.Dataset({"gain": ("frequency", gain), "exact": ("frequency", exact)},
                      {"frequency": f})  # fmt: skip


def rates(seed: int, cell: Any, regime: Any, sizes: Protocol) -> xr.DataArray:
    """Return the gain of the rate of both layers, relative to that of the lowest frequency."""
    gain = measure_rates(FREQUENCIES, cell[0], leaky=cell[1], n_cells=sizes.n_cells,
                         n_steps=sizes.n_steps, seed=seed, **regime)  # fmt: skip
    place = {"layer": [1, 2], "frequency": list(FREQUENCIES)}
    return xr.DataArray(gain / gain[:, :1], place, name="rate_gain")


def textures(seed: int, task: str, sizes: Protocol) -> xr.DataArray:
    """Tell noise with a sinusoid from noise without by the spikes, after pooling three steps."""
    rng, n = np.random.default_rng([seed, list(TASKS).index(task)]), sizes.textures
    y, phase = np.arange(n) % 2, rng.uniform(0, 2 * np.pi, n)
    f = rng.uniform(*TASKS[task], n)
    X = y[:, None] * np.sin(2 * np.pi * f[:, None] * np.arange(100) + phase[:, None])
    X += rng.normal(0, 1, X.shape)
    inputs = {"none": X, "average": uniform_filter1d(X, 3, axis=1),
              "maximum": maximum_filter1d(X, 3, axis=1)}  # fmt: skip
    features = {name: count_spikes(pooled, seed=seed) for name, pooled in inputs.items()}
    features["power"] = np.abs(np.fft.rfft(X, axis=1)) ** 2
    learn, found = np.arange(n) < n // 2, {}
    for name, values in features.items():
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
        found[name] = model.fit(values[learn], y[learn]).score(values[~learn], y[~learn])
    return xr.DataArray(list(found.values()), {"pool": list(found)}, name="accuracy")


def compute(run: Run) -> Results:
    """Measure membranes, rates in all regimes, and textures."""
    cells, given = labelled(CELLS), {"seed": run.seeds, "sizes": run.protocol}
    still = run.measure(membrane, cell=cells)
    moving = run.measure(rates, cell=cells, regime=labelled(REGIMES), **given)
    read = run.measure(textures, task=list(TASKS), **given)
    error = np.abs(still.gain / still.exact - 1).max()
    effect = read.accuracy.sel(pool="maximum") - read.accuracy.sel(pool="average")
    chosen = moving.rate_gain.sel(frequency=[0.2, 0.4])
    spiking = read[["accuracy"]].sel(pool=["average", "maximum"])
    return Results(
        metrics={"membrane_error": float(error)} | flatten(xr.Dataset({"gain": chosen}))
        | flatten(spiking) | flatten(xr.Dataset({"effect": effect})),
        baselines={"chance": 0.5} | flatten(read[["accuracy"]].sel(pool=["none", "power"])),
        paper={f"gain_{cell}_noisy_1_0_2_elsewhere": value for cell, value in ELSEWHERE.items()}
        | {"cifar100_average": 0.7673, "cifar100_maximum": 0.7912},
        measured={"membrane": still, "rates": moving, "textures": read},
    )  # fmt: skip


def draw(results: Results) -> Any:
    """Draw the gains of membranes and of rates in all regimes, and textures after every pool."""
    still, moving = results.measured["membrane"], results.measured["rates"].rate_gain
    figure, axes = panels(2, 3, height=4.4)
    exact = {cell: still.exact.sel(cell=cell) for cell in CELLS}
    style: dict[str, Any] = {"x": "frequency", "hue": "cell", "labels":
                             {"lif_5": "LIF 0.5", "lif_9": "LIF 0.9", "if": "IF"}}  # fmt: skip
    lines(
        still.gain,
        axes[0, 0],
        published=exact,
        published_label="closed form",
        yscale="log",
        ylabel="gain",
        xlabel="cycles per step",
        title="membrane",
        legend="best",
        **style,
    )
    places = [("noisy", 1), ("noisy", 2), ("quiet", 1), ("busy", 1)]
    for ax, (regime, layer) in zip(axes.flat[1:], places, strict=False):
        at = REGIMES[regime]
        lines(moving.sel(regime=regime, layer=layer), ax, legend=None, baselines={"": 1.0},
              ylabel="relative gain of the rate", xlabel="cycles per step",
              title=f"layer {layer}, rate {at['rate']}, noise {at['sd']}", **style)  # fmt: skip
    dots(results.measured["textures"].accuracy, axes[1, 2], x="task", hue="pool", factor=100,
         baselines={"chance": 0.5}, ylabel="accuracy (%)", xlabel="frequency of the sinusoid",
         legend="outside")  # fmt: skip
    return figure


EXPERIMENT = Experiment(
    name="frequency_response",
    title="Membranes are low-pass, rates of populations need not be",
    reference="Fang et al. (2025), NeurIPS, arXiv 2505.18608",
    costs={"smoke": "10 s", "quick": "1 min"},
    datasets=("synthetic",),
    protocols={"smoke": Protocol(n_cells=500, n_steps=300, textures=100, seeds=1),
               "quick": Protocol()},
    options=("n_cells", "n_steps", "textures"),
    compute=compute,
    figures={"gains": draw},
)  # fmt: skip
