"""One cell finds one, two or three words of ten bits, and which others it takes for them.

Davies, Gait, Rowley & Di Nuovo (2025), Neurocomputing 611, 128650. STDP under a teacher stores the
words, homeostasis sets the threshold; all 1024 words are shown to every detector: all single words,
and the pairs and triples of the authors.

The published values are those of their result files (repository
sergiodavies/SpiNNakerSpatialLearningCodeAndDataset, CC BY). A detector counts matching bits, and
homeostasis knows the labels, so two things stand beside it: a cell that never fires, which is right
for all but the trained words, and a logistic regression on all labels, with its threshold set
in the same way. Two triples have a word that no factor can reach, since the other two outvote it;
the released run has factors of 892 and 28269 there. In exact arithmetic many words have the score
of the weakest trained one; on the chip rounding told some of them apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import LogNorm
from sklearn.linear_model import LogisticRegression

from bioplastic.fields import Constants, param
from bioplastic.models.word_detectors import WordDetectors
from bioplastic.plotting import lines, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

EVERY = (np.arange(1024)[:, None] >> np.arange(9, -1, -1)) & 1
MEASURED = ("factor", "positives", "false_negatives", "accuracy", "sensitivity")
NAMES = (*MEASURED, *(f"released_{name}" for name in MEASURED), "linear_accuracy",
         "silent_accuracy", "distance_12", "distance_13", "distance_23")  # fmt: skip


class Protocol(Constants):
    """How much is shown."""

    singles: int = param(1024, minimum=1, maximum=1024, doc="words learned alone")


def detect(n_words: int, singles: int) -> xr.Dataset:
    """Train a detector for every set of so many words and show it all words."""
    table = pd.read_csv(Path(__file__).parent / "released.csv")
    table = table[table.filter(like="word_").notna().sum(axis=1) == n_words]
    sets = table.filter(like="word_").to_numpy()[:, :n_words].astype(int)
    if n_words == 1:
        sets = np.union1d(np.linspace(0, 1023, singles).round().astype(int), sets)[:, None]
        table = table.set_index("word_0").reindex(sets[:, 0])
    n = len(sets)
    model = WordDetectors().fit(EVERY[sets.ravel()], np.repeat(np.eye(n), n_words, axis=0))
    fires = model.predict(EVERY)
    own = (np.arange(1024)[:, None, None] == sets).any(axis=2)
    found = {f"released_{name}": table[name].to_numpy(dtype=float) for name in MEASURED[:3]}
    size, missed = own.sum(axis=0), (own & ~fires).sum(axis=0)
    found |= {"factor": model.factors_, "positives": fires.sum(axis=0), "false_negatives": missed}
    for kind in ("", "released_"):
        missed = found[f"{kind}false_negatives"]
        false = found[f"{kind}positives"] - (size - missed)
        found |= {f"{kind}accuracy": 1 - (missed + false) / 1024,
                  f"{kind}sensitivity": 1 - missed / size}  # fmt: skip
    linear = [linear_accuracy(column) for column in own.T] if n_words > 1 else np.full(n, np.nan)
    found |= {"silent_accuracy": 1 - size / 1024, "linear_accuracy": linear}
    for a, b in ((0, 1), (0, 2), (1, 2)):
        between = (EVERY[sets[:, a]] != EVERY[sets[:, b]]).sum(axis=1) if b < n_words else np.nan
        found[f"distance_{a + 1}{b + 1}"] = np.broadcast_to(between, n)
    return xr.Dataset({name: ("set", np.asarray(v, dtype=float)) for name, v in found.items()})


def linear_accuracy(own: Any) -> float:
    """Return the accuracy of a linear detector fitted to all labels that fires for its words."""
    model = LogisticRegression(C=1e3, class_weight="balanced").fit(EVERY, own)
    scores = model.decision_function(EVERY)
    return float(1 - np.mean((scores >= scores[own].min() - 1e-9) & ~own))


def compute(run: Run) -> Results:
    """Train and test detectors of one, two and three words."""
    data = run.measure(detect, n_words=[1, 2, 3], singles=run.protocol.singles, ragged=NAMES)
    one, two, three = (data.sel(n_words=k) for k in (1, 2, 3))
    off = np.abs(data.factor / data.released_factor.fillna(one.released_factor.max()) - 1)
    means = data[[name for name in NAMES if name.endswith("accuracy")]].mean("set")
    metrics = {
        "exact_1": (one.positives * one.sensitivity == 1).sum() / one.positives.count(),
        "exact_2": (two.positives == 2**two.distance_12).sum() / two.positives.count(),
        "factor_1": one.factor.mean(),
        "factor_error_1": off.sel(n_words=1).max(), "factor_error_2": off.sel(n_words=2).max(),
        "close_3": (np.abs(three.accuracy - three.released_accuracy) <= 0.06).sum(),
        "identical_3": (three.positives == three.released_positives).sum(),
    }  # fmt: skip
    return Results(
        metrics={name: float(v) for name, v in metrics.items()} | flatten(means[["accuracy"]]),
        baselines=flatten(means[["silent_accuracy", "linear_accuracy"]]),
        paper=flatten(means[["released_accuracy"]].rename(released_accuracy="accuracy"))
        | {"exact_1": 1.0, "exact_2": 1.0, "factor_1": float(one.released_factor.max())},
        measured={"detectors": data},
    )  # fmt: skip


def draw_metrics(results: Results) -> Any:
    """Draw each metric of the triples against their three distances, as the paper's figure 6."""
    data = results.measured["detectors"].sel(n_words=3)
    figure, axes = panels(2, 2, height=6.0, subplot_kw={"projection": "3d", "proj_type": "ortho"})
    for ax, name in zip(axes.flat, ("accuracy", "sensitivity", "positives", "factor"), strict=True):
        places = (data[f"distance_{pair}"] for pair in (12, 13, 23))
        drawn = ax.scatter(*places, c=data[name], s=18, depthshade=False,
                           norm=LogNorm() if name in ("positives", "factor") else None)  # fmt: skip
        figure.colorbar(drawn, ax=ax, shrink=0.6, pad=0.2, label=name)
        ax.set(xlabel="distance of words 1, 2", ylabel="1, 3", zlabel="2, 3")
        ax.zaxis.labelpad = 1
    return figure


def draw_words(results: Results) -> Any:
    """Draw pairs over their distance, and all beside the released values."""
    data = results.measured["detectors"]
    figure, (left, *others) = panels(1, 3, height=2.5)
    pairs = data.sel(n_words=2).set_coords("distance_12").groupby("distance_12").mean()
    lines(pairs.accuracy, left, labels={None: "here"}, published=pairs.released_accuracy,
          published_label="released", legend="lower left", ylabel="accuracy",
          xlabel="distance of two words")  # fmt: skip
    for ax, name in zip(others, ("accuracy", "factor"), strict=True):
        for k, marker in ((2, "s"), (3, "o")):
            part = data.sel(n_words=k)
            ax.plot(part[f"released_{name}"], part[name], marker, markersize=3, alpha=0.6,
                    label=f"{k} words")  # fmt: skip
        ax.axline((1, 1), slope=1, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel=f"{name}, released", ylabel=f"{name}, here")
    others[0].legend(loc="lower right")
    ax.set(xscale="log", yscale="log")
    return figure


EXPERIMENT = Experiment(
    name="word_detectors",
    title="STDP and homeostasis make detectors of words",
    reference="Davies, Gait, Rowley & Di Nuovo (2025), Neurocomputing 611, 128650",
    costs={"smoke": "8 s", "quick": "20 s"},
    datasets=("synthetic",),
    protocols={"smoke": Protocol(singles=32), "quick": Protocol()},
    options=("singles",),
    compute=compute,
    figures={"metrics": draw_metrics, "words": draw_words},
)
