"""Random search for the settings of the digits, on validation folds of the training images.

``python -m bioplastic.experiments.ncg.search s2stdp+ncg --trials 100`` prints the best settings.
The test images are not loaded. The grids follow those published for the larger data sets, with
higher rates, since an epoch of digits has 40 times fewer samples.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bioplastic.experiments.ncg.protocol import Protocol
from bioplastic.experiments.ncg.training import Fold, load_fold
from bioplastic.models.ncg import RSTDPClassifier, S2STDPClassifier, SSTDPClassifier
from bioplastic.study import measure

__all__ = ["GRIDS", "search"]

_TIMING = {
    "drive": (0.5, 0.6, 0.7, 0.8),
    "gap": (0.3, 0.2, 0.1, 0.05),
    "a_plus": (0.5, 0.2, 0.1, 0.05),
    "a_minus": (-0.1, -0.05, -0.02, 0.0),
}
_REGULATED = {**_TIMING, "eta": (0.05, 0.02, 0.01, 0.005), "beta_th": (0.9, 0.7, 0.5)}
_REWARD = {
    "drive": (0.3, 0.4, 0.5, 0.6),
    "a_plus": (0.2, 0.1, 0.05, 0.02),
    "a_minus": (-0.1, -0.05, -0.02, -0.01, -0.005, -0.001),
    "b_plus": (-0.2, -0.1, -0.05, -0.02),
    "b_minus": (0.1, 0.05, 0.02, 0.01, 0.005, 0.001),
}
_ONE_SIDED = {"a_minus": (-0.1, -0.05, -0.01, -0.001, 0.0)}
_GROUP = {"n_per_class": 5, "labelled_non_target": 1}
_Grid = tuple[type[Any], Mapping[str, Any], Mapping[str, Sequence[float]]]

#: By name: the class, its fixed arguments and the grid. ``drive`` is the threshold as a fraction of
#: the potential of a cell with mean weights after a whole sample, ``eta`` is ``eta_th`` as a
#: fraction of that threshold.
GRIDS: Mapping[str, _Grid] = {
    "rstdp-5n": (RSTDPClassifier, {}, {**_REWARD, "dropout": (0.0, 0.15, 0.3)}),
    "rstdp-20n": (RSTDPClassifier, {"n_per_class": 20, "dropout": 0.5}, _REWARD),
    "sstdp": (SSTDPClassifier, {}, {**_TIMING, **_ONE_SIDED}),
    "sstdp+ncg": (
        SSTDPClassifier, {"n_per_class": 5, "regulation": "two_compartment"},
        {**_REGULATED, **_ONE_SIDED},
    ),
    "s2stdp": (S2STDPClassifier, {}, _TIMING),
    "s2stdp+pcn": (S2STDPClassifier, {"n_per_class": 2, "labelled_non_target": 1}, _TIMING),
    "s2stdp+ncg": (S2STDPClassifier, {**_GROUP, "regulation": "two_compartment"}, _REGULATED),
    "s2stdp+ncg-cr-1-thr": (
        S2STDPClassifier, {**_GROUP, "regulation": "one_threshold"}, _REGULATED
    ),
    "s2stdp+ncg-cr-drop": (
        S2STDPClassifier, {**_GROUP, "regulation": "dropout"},
        {**_TIMING, "dropout": (0.1, 0.2, 0.3)},
    ),
}  # fmt: skip


@functools.cache
def load_folds(folds: int, features: str) -> list[Fold]:
    """Return some folds of the digits."""
    return [load_fold("digits", Protocol(), fold, features, 0) for fold in range(folds)]


def try_settings(
    name: str, epochs: int, folds: int, features: str, **drawn: float
) -> dict[str, float]:
    """Return the mean validation accuracy after the last epoch, and threshold and its step."""
    kind, fixed, _ = GRIDS[name]
    parts = load_folds(folds, features)
    counts = [np.sum(part.latencies[part.train] < 1, axis=1).mean() for part in parts]
    spikes = float(np.mean(counts))
    threshold = drawn.pop("drive") * kind().weight_mean * spikes
    found = {"threshold": round(threshold, 1)}
    if "eta" in drawn:
        found["eta_th"] = round(drawn.pop("eta") * threshold, 3)
    scores: list[float] = []
    for fold, part in enumerate(parts):
        model = kind(**{**fixed, **drawn, **found}, epochs=epochs, random_state=fold)
        model.fit(part.latencies[part.train], part.labels[part.train])
        scores.append(model.score(part.latencies[part.held_out], part.labels[part.held_out]))
        if scores[0] < 0.8:
            break
    return {"score": float(np.mean(scores)), **found}


def search(
    name: str, trials: int, *, epochs: int = 30, folds: int = 3, pixels: bool = False, seed: int = 0
) -> Any:
    """Return a data frame of mean validation accuracies and settings, the best first."""
    rng = np.random.default_rng(seed)
    grid = {key: np.asarray(values) for key, values in GRIDS[name][2].items()}
    data = measure(
        try_settings, name=name, epochs=epochs, folds=folds,
        features="pixels" if pixels else "csnn", progress=name,
        points=[{k: float(rng.choice(v)) for k, v in grid.items()} for _ in range(trials)],
    )  # fmt: skip
    return data.to_dataframe().sort_values("score", ascending=False, kind="stable")


def main() -> None:
    """Search and print the ten best settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=list(GRIDS))
    for option, default in (("trials", 100), ("epochs", 30), ("folds", 3)):
        parser.add_argument(f"--{option}", type=int, default=default)
    parser.add_argument("--pixels", action="store_true", help="latencies of pixels, no features")
    args = parser.parse_args()
    for name in args.names:
        found = search(name, args.trials, epochs=args.epochs, folds=args.folds, pixels=args.pixels)
        print(f"{name}\n{found.head(10)}", flush=True)


if __name__ == "__main__":
    main()
