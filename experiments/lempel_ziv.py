"""What the complexity of spike trains tells that their count does not, and learned neurons.

After Rudnicka, Szczepanski & Pregowska, arXiv 2508.11674. Only the abstract was at hand (best
accuracy of their read-out 99.5 %; learning internal parameters gains up to 13.5 points): sizes,
rates and rules are our choice, and these two are no targets.

Poisson classes differ in rate, so the count is a sufficient statistic and no read-out can beat it.
Markov classes have one rate and differ in order: independent bins against a lag-1 correlation;
there the count is at chance. Both read-outs choose the nearest mean.
A tempotron tells jittered templates of two classes apart; time constant and threshold are fixed,
or learned by the same local gradient, with as many inputs fewer as there are parameters more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from brian2 import ms
from sklearn.neighbors import NearestCentroid

from bioplastic.analysis import entropy_rate_markov
from bioplastic.fields import Constants, param
from bioplastic.models.lempel_ziv import LempelZivClassifier, Tempotron, markov_trains
from bioplastic.plotting import dots, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

SOURCES = {  # rate and correlation of either class
    "rate 0.12": ((0.10, 0.0), (0.12, 0.0)), "rate 0.15": ((0.10, 0.0), (0.15, 0.0)),
    "rate 0.20": ((0.10, 0.0), (0.20, 0.0)), "order 0.2": ((0.20, 0.0), (0.20, 0.2)),
    "order 0.5": ((0.20, 0.0), (0.20, 0.5)), "order 0.8": ((0.20, 0.0), (0.20, 0.8)),
}  # fmt: skip
ARMS = {"fixed": (0.0, 0.0), "tau": (1.0, 0.0), "threshold": (0.0, 1.0), "both": (1.0, 1.0)}
ELSEWHERE = (0.865, 0.98, 1.0, 0.725, 0.98, 1.0)  # complexity, by an earlier program


class Protocol(Constants):
    """How much is shown."""

    trains: int = param(100, minimum=2, doc="trains per class, to learn from and to test each")
    bins: int = param(1000, minimum=2, doc="bins of a train")
    patterns: int = param(200, minimum=2, doc="patterns for the tempotron, for either use")
    epochs: int = param(10, minimum=1, doc="passes of the tempotron")
    eta_tau: float = param(0.1, minimum=0, doc="learning rate of the time constant")
    eta_threshold: float = param(0.01, minimum=0, doc="learning rate of the threshold")
    taus: tuple[int, ...] = param((5, 15, 60), doc="time constants at the start in ms")
    seeds: int = param(10, minimum=1, doc="seeds")


def read_out(seed: int, source: str, sizes: Protocol) -> dict[str, float]:
    """Classify trains by complexity and by count."""
    rng = np.random.default_rng([seed, list(SOURCES).index(source)])
    X = np.vstack(
        [markov_trains(rng, 2 * sizes.trains, sizes.bins, *one) for one in SOURCES[source]]
    )
    y, learn = np.repeat([0, 1], 2 * sizes.trains), np.arange(len(X)) % 2 == 0
    count = X.sum(axis=1, keepdims=True, dtype=float)
    read = LempelZivClassifier().fit(X[learn], y[learn])
    by_count = NearestCentroid().fit(count[learn], y[learn])
    excess = read.complexities_ - [entropy_rate_markov(*one) for one in SOURCES[source]]
    return {"complexity": read.score(X[~learn], y[~learn]), "excess": float(excess.mean()),
            "count": by_count.score(count[~learn], y[~learn])}  # fmt: skip


def draw_patterns(seed: int, n: int, n_inputs: int = 50, steps: int = 200) -> Any:
    """Draw jittered templates, ten per class: samples (n, inputs, steps) and labels."""
    rng = np.random.default_rng([seed, 100])
    templates = rng.random((2, 10, n_inputs, steps)) < 0.005
    y, X = np.arange(n) % 2, rng.random((n, n_inputs, steps)) < 0.002
    for pattern, label in zip(X, y, strict=True):
        cells, at = np.nonzero(templates[label, rng.integers(10)])
        moved = np.rint(at + rng.normal(0, 5, at.size)).astype(int)
        inside = (moved >= 0) & (moved < steps)
        pattern[cells[inside], moved[inside]] = True
    return X, y


def tempotron(seed: int, tau: int, arm: str, sizes: Protocol) -> dict[str, Any]:
    """Learn patterns with an arm; as many inputs fewer as there are parameters more."""
    with_tau, with_threshold = ARMS[arm]
    X, y = draw_patterns(seed, 2 * sizes.patterns)
    used = X[:, int(with_tau + with_threshold) :]
    X, n = used.reshape(len(X), -1), sizes.patterns
    model = Tempotron(n_inputs=used.shape[1], tau=tau * ms, epochs=sizes.epochs, random_state=seed,
                      eta_tau=with_tau * sizes.eta_tau,
                      eta_threshold=with_threshold * sizes.eta_threshold)  # fmt: skip
    model.fit(X[:n], y[:n])
    return {"accuracy": model.score(X[n:], y[n:]), "tau_end": 1e3 * model.taus_.mean(),
            "chance": max(np.bincount(y[n:])) / n}  # fmt: skip


def compute(run: Run) -> Results:
    """Read trains of all sources, and train tempotrons in all arms."""
    sizes = run.protocol
    trains = run.measure(read_out, seed=run.seeds, source=list(SOURCES), sizes=sizes)
    cells = run.measure(tempotron, seed=run.seeds, tau=list(sizes.taus), arm=list(ARMS),
                        sizes=sizes)  # fmt: skip
    gain = (cells.accuracy - cells.accuracy.sel(arm="fixed")).drop_sel(arm="fixed")
    gap = trains.complexity - trains["count"]
    tempotrons = cells[["accuracy", "tau_end"]]
    learned = tempotrons.drop_sel(arm="fixed")
    return Results(
        metrics=flatten(trains[["complexity", "excess"]].assign(gap=gap))
        | flatten(learned.assign(gain=gain)),
        baselines=flatten(trains[["count"]]) | flatten(tempotrons[["accuracy"]].sel(arm=["fixed"]))
        | {"chance": float(cells.chance.max())},
        paper={"best_complexity": 0.995, "best_gain": 0.135} | flatten(xr.Dataset({
            "elsewhere": ("source", list(ELSEWHERE))}, {"source": list(SOURCES)})),
        measured={"trains": trains, "tempotrons": cells.assign(gain=gain)},
    )  # fmt: skip


def draw(results: Results) -> Any:
    """Draw both read-outs of all classes, and what learning of parameters gains."""
    trains, cells = results.measured["trains"], results.measured["tempotrons"]
    figure, (left, middle, right) = panels(1, 3, height=2.6, width_ratios=(1.7, 1, 1))
    both = xr.concat([trains.complexity, trains["count"]], "read_out")
    dots(both.assign_coords(read_out=["complexity", "count"]), left, x="source", hue="read_out",
         factor=100, baselines={"chance": 0.5}, ylabel="accuracy (%)", xlabel="", legend="above",
         labels={name: name.replace(" ", "\n") for name in SOURCES}, each=False)  # fmt: skip
    names = {tau: f"{tau:g}" for tau in cells.tau.values.tolist()}
    dots(cells.accuracy, middle, x="tau", hue="arm", factor=100, each=False, labels=names,
         ylabel="accuracy (%)", xlabel="tau at the start (ms)", legend=None)  # fmt: skip
    dots(cells.gain, right, x="tau", hue="arm", factor=100, each=False, labels=names,
         baselines={"": 0.0}, ylabel="gain (points)", xlabel="tau at the start (ms)",
         legend=None)  # fmt: skip
    figure.legend(*middle.get_legend_handles_labels(), loc="outside upper right", ncols=4)
    return figure


EXPERIMENT = Experiment(
    name="lempel_ziv",
    title="Complexity reads the order of spikes, tempotrons learn their own parameters",
    reference="Rudnicka, Szczepanski & Pregowska, arXiv 2508.11674",
    costs={"smoke": "10 s", "quick": "1 min"},
    datasets=("synthetic",),
    protocols={"smoke": Protocol(trains=20, patterns=60, epochs=3, taus=(5,), seeds=2),
               "quick": Protocol()},
    options=("trains", "bins", "patterns", "epochs", "eta_tau", "eta_threshold"),
    compute=compute,
    figures={"accuracy": draw},
)  # fmt: skip
