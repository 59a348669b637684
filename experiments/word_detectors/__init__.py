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
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

EVERY = (np.arange(1024)[:, None] >> np.arange(9, -1, -1)) & 1
COLUMNS = ("factor", "positives", "false_negatives")
DERIVED = ("accuracy", "sensitivity")
NAMES = (*COLUMNS, *DERIVED, *(f"released_{name}" for name in (*COLUMNS, *DERIVED)),
         "linear_accuracy", "distances", "own")  # fmt: skip


class Protocol(Constants):
    """How much is shown."""

    singles: int = param(1024, minimum=1, maximum=1024, doc="words learned alone")


def released(n_words: int) -> pd.DataFrame:
    """Return the authors' results for detectors of so many words."""
    table = pd.read_csv(Path(__file__).parent / "released.csv")
    chosen: pd.DataFrame = table[table.filter(like="word_").notna().sum(axis=1) == n_words]
    return chosen.reset_index(drop=True)


def detect(n_words: int, singles: int) -> xr.Dataset:
    """Train a detector for every set of so many words and show it all words."""
    known = released(n_words)
    sets = known.filter(like="word_").to_numpy()[:, :n_words].astype(int)
    if n_words == 1:
        spread = np.linspace(0, 1023, singles).round().astype(int)
        sets = np.union1d(spread, sets)[:, None]
        known = known.set_index("word_0").reindex(sets[:, 0])
    n = len(sets)
    model = WordDetectors().fit(EVERY[sets.ravel()], np.repeat(np.eye(n), n_words, axis=0))
    fires = model.predict(EVERY)
    own = np.zeros((1024, n), dtype=bool)
    own[sets, np.arange(n)[:, None]] = True
    found = {"factor": model.factors_, "positives": fires.sum(axis=0),
             "false_negatives": (own & ~fires).sum(axis=0)}  # fmt: skip
    found |= {f"released_{name}": known[name].to_numpy(dtype=float) for name in COLUMNS}
    for kind in ("", "released_"):
        missed, size = found[f"{kind}false_negatives"], own.sum(axis=0)
        false = found[f"{kind}positives"] - (size - missed)
        found |= {f"{kind}accuracy": 1 - (missed + false) / 1024,
                  f"{kind}sensitivity": 1 - missed / size}  # fmt: skip
    found["linear_accuracy"] = np.full(n, np.nan)
    if n_words > 1:
        found["linear_accuracy"] = np.array([linear_accuracy(column) for column in own.T])
    found["own"] = own.sum(axis=0)
    bits = EVERY[sets]
    pairs = [(0, 1), (0, 2), (1, 2)][: n_words * (n_words - 1) // 2]
    distances = np.full((n, 3), np.nan)
    for k, (a, b) in enumerate(pairs):
        distances[:, k] = (bits[:, a] != bits[:, b]).sum(axis=1)
    data = {name: ("set", np.asarray(values, dtype=float)) for name, values in found.items()}
    return xr.Dataset(data | {"distances": (("set", "pair"), distances)})


def linear_accuracy(own: Any) -> float:
    """Return the accuracy of a linear detector fitted to all labels that fires for its words."""
    model = LogisticRegression(C=1e3, class_weight="balanced").fit(EVERY, own)
    scores = model.decision_function(EVERY)
    return float(1 - np.mean((scores >= scores[own].min() - 1e-9) & ~own))


def compute(run: Run) -> Results:
    """Train and test detectors of one, two and three words."""
    data = run.measure(detect, n_words=[1, 2, 3], singles=run.protocol.singles, ragged=NAMES)
    one, two, three = (data.sel(n_words=k).dropna("set", subset=["positives"]) for k in (1, 2, 3))
    error = np.abs(three.accuracy - three.released_accuracy)
    off = np.abs(two.factor / two.released_factor - 1)
    metrics = {
        "exact_1": ((one.positives == 1) & (one.false_negatives == 0)).mean(),
        "exact_2": (two.positives == 2 ** two.distances[:, 0]).mean(),
        "factor_1": one.factor.mean(),
        "factor_error_1": np.abs(one.factor / one.released_factor.max() - 1).max(),
        "factor_error_2": off.max(),
        "close_3": (error <= 0.06).sum(), "identical_3": (three.positives ==
                                                          three.released_positives).sum(),
        **{f"accuracy_{k}": part.accuracy.mean() for k, part in enumerate((one, two, three), 1)},
    }  # fmt: skip
    baselines = {f"silent_accuracy_{k}": 1 - part.own.mean() / 1024
                 for k, part in enumerate((one, two, three), 1)}  # fmt: skip
    for k, part in ((2, two), (3, three)):
        baselines[f"linear_accuracy_{k}"] = part.linear_accuracy.mean()
    paper = {"exact_1": 1.0, "exact_2": 1.0, "factor_1": one.released_factor.max()}
    paper |= {f"accuracy_{k}": part.released_accuracy.mean() for k, part in ((2, two), (3, three))}
    return Results(
        metrics={name: float(value) for name, value in metrics.items()},
        baselines={name: float(value) for name, value in baselines.items()},
        paper={name: float(value) for name, value in paper.items()},
        measured={"detectors": data},
    )


def draw_metrics(results: Results) -> Any:
    """Draw each metric of the triples against their three distances, as the paper's figure 6."""
    data = results.measured["detectors"].sel(n_words=3)
    figure, axes = panels(2, 2, height=6.0, subplot_kw={"projection": "3d"})
    for ax, name in zip(axes.flat, ("accuracy", "sensitivity", "positives", "factor"), strict=True):
        norm = LogNorm() if name in ("positives", "factor") else None
        ax.set_proj_type("ortho")
        drawn = ax.scatter(
            *data.distances.values.T, c=data[name], norm=norm, s=18, depthshade=False
        )
        figure.colorbar(drawn, ax=ax, shrink=0.6, pad=0.2, label=name)
        ax.set(xlabel="distance of words 1, 2", ylabel="1, 3", zlabel="2, 3")
        ax.zaxis.labelpad = -5
    return figure


def draw_words(results: Results) -> Any:
    """Draw pairs over their distance, triples beside the released values, and factors."""
    data = results.measured["detectors"]
    figure, (left, middle, right) = panels(1, 3, height=2.5)
    pairs = data.sel(n_words=2).dropna("set", subset=["positives"]).set_coords("distances")
    pairs = pairs.assign_coords(distance=pairs.distances[:, 0]).groupby("distance").mean()
    lines(pairs.accuracy, left, x="distance", labels={None: "here"},
          published=pairs.released_accuracy, published_label="released", legend="lower left",
          xlabel="Hamming distance of two words", ylabel="accuracy")  # fmt: skip
    for k, marker in ((2, "s"), (3, "o")):
        part = data.sel(n_words=k).dropna("set", subset=["positives"])
        for ax, name in ((middle, "accuracy"), (right, "factor")):
            ax.plot(part[f"released_{name}"], part[name], marker, markersize=3, alpha=0.6,
                    label=("two words", "three words")[k - 2])  # fmt: skip
    for ax, name in ((middle, "accuracy"), (right, "factor")):
        ax.axline((1, 1), slope=1, color="0.6", linewidth=0.8, zorder=0)
        ax.set(xlabel=f"{name}, released", ylabel=f"{name}, here")
    right.set(xscale="log", yscale="log")
    middle.legend(loc="lower right")
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
