"""Random search for the settings of the digits, on validation folds of the training images.

``python -m bioplastic.experiments.ncg.search s2stdp+ncg --trials 100`` prints the best settings.
The test images are not loaded. The grids follow those published for the larger data sets, with
higher rates, since an epoch of digits has 40 times fewer samples.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold
from tqdm.auto import tqdm

from bioplastic.datasets import load_digits
from bioplastic.models.ncg import (
    RSTDPClassifier,
    S2STDPClassifier,
    SSTDPClassifier,
    named_extractor,
)

__all__ = ["GRIDS", "search"]

_TIMING = {
    "drive": (0.5, 0.6, 0.7, 0.8),
    "gap": (0.3, 0.2, 0.1, 0.05),
    "a_plus": (0.5, 0.2, 0.1, 0.05),
    "a_minus": (-0.1, -0.05, -0.02, 0.0),
}
_REGULATED = {"eta": (0.05, 0.02, 0.01, 0.005), "beta_th": (0.9, 0.7, 0.5)}
_REWARD = {
    "drive": (0.3, 0.4, 0.5, 0.6),
    "a_plus": (0.2, 0.1, 0.05, 0.02),
    "a_minus": (-0.1, -0.05, -0.02, -0.01, -0.005, -0.001),
    "b_plus": (-0.2, -0.1, -0.05, -0.02),
    "b_minus": (0.1, 0.05, 0.02, 0.01, 0.005, 0.001),
}
_ONE_SIDED = {**_TIMING, "a_minus": (-0.1, -0.05, -0.01, -0.001, 0.0)}

#: By name: the class, its fixed arguments and the grid. ``drive`` is the threshold as a fraction of
#: the potential of a cell with mean weights after a whole sample, ``eta`` is ``eta_th`` as a
#: fraction of that threshold.
GRIDS: Mapping[str, tuple[type[Any], Mapping[str, Any], Mapping[str, Sequence[float]]]] = {
    "rstdp-5n": (RSTDPClassifier, {"n_per_class": 5}, {**_REWARD, "dropout": (0.0, 0.15, 0.3)}),
    "rstdp-20n": (RSTDPClassifier, {"n_per_class": 20, "dropout": 0.5}, _REWARD),
    "sstdp": (SSTDPClassifier, {}, _ONE_SIDED),
    "sstdp+ncg": (
        SSTDPClassifier,
        {"n_per_class": 5, "regulation": "two_compartment"},
        {**_ONE_SIDED, **_REGULATED},
    ),
    "s2stdp": (S2STDPClassifier, {}, _TIMING),
    "s2stdp+pcn": (S2STDPClassifier, {"n_per_class": 2, "labelled_non_target": 1}, _TIMING),
    "s2stdp+ncg": (
        S2STDPClassifier,
        {"n_per_class": 5, "labelled_non_target": 1, "regulation": "two_compartment"},
        {**_TIMING, **_REGULATED},
    ),
    "s2stdp+ncg-cr-1-thr": (
        S2STDPClassifier,
        {"n_per_class": 5, "labelled_non_target": 1, "regulation": "one_threshold"},
        {**_TIMING, **_REGULATED},
    ),
    "s2stdp+ncg-cr-drop": (
        S2STDPClassifier,
        {"n_per_class": 5, "labelled_non_target": 1, "regulation": "dropout"},
        {**_TIMING, "dropout": (0.1, 0.2, 0.3)},
    ),
}


def fold_features(pixels: bool, folds: int) -> list[tuple[NDArray[Any], ...]]:
    """Return training and validation features and labels of some folds of the digits."""
    data = load_digits()
    splits = StratifiedKFold(10).split(data.X, data.y)
    found = []
    for fold, (train, held_out) in zip(range(folds), splits, strict=False):
        if pixels:
            latencies = (1 - data.X / 255).astype(np.float32)
        else:
            extractor = named_extractor("digits", random_state=fold).fit(data.X[train])
            latencies = extractor.transform(data.X)
        found.append((latencies[train], data.y[train], latencies[held_out], data.y[held_out]))
    return found


def make_classifier(name: str, drawn: Mapping[str, float], spikes: float, **more: Any) -> Any:
    """Return the classifier of drawn settings for features with so many spikes per sample."""
    kind, fixed, _ = GRIDS[name]
    arguments = {**fixed, **drawn}
    mean = kind().weight_mean
    threshold = arguments.pop("drive") * mean * spikes
    if "eta" in arguments:
        arguments["eta_th"] = round(arguments.pop("eta") * threshold, 3)
    return kind(threshold=round(threshold, 1), **arguments, **more)


def search(
    name: str, trials: int, *, epochs: int = 30, folds: int = 3, pixels: bool = False, seed: int = 0
) -> list[tuple[float, dict[str, float]]]:
    """Return (mean validation accuracy after the last epoch, settings), the best first."""
    parts = fold_features(pixels, folds)
    spikes = float(np.mean([np.sum(X < 1, axis=1).mean() for X, _, _, _ in parts]))
    rng = np.random.default_rng(seed)
    grid = GRIDS[name][2]
    found = []
    for _ in tqdm(range(trials), desc=name):
        drawn = {key: float(rng.choice(np.asarray(values))) for key, values in grid.items()}
        scores = []
        for fold, (X, y, held_out, labels) in enumerate(parts):
            model = make_classifier(name, drawn, spikes, epochs=epochs, random_state=fold)
            scores.append(model.fit(X, y).score(held_out, labels))
            if scores[0] < 0.8:
                break
        model = make_classifier(name, drawn, spikes)
        settings = {
            key: getattr(model, key) for key in {*drawn, "threshold"} if hasattr(model, key)
        }
        if "eta" in drawn:
            settings["eta_th"] = model.eta_th
        found.append((float(np.mean(scores)), settings))
    return sorted(found, key=lambda pair: -pair[0])


def main() -> None:
    """Search and print the ten best settings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=list(GRIDS))
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--pixels", action="store_true", help="latencies of pixels, no features")
    args = parser.parse_args()
    for name in args.names:
        found = search(name, args.trials, epochs=args.epochs, folds=args.folds, pixels=args.pixels)
        for score, settings in found[:10]:
            print(f"{name} {score:.4f} {json.dumps(settings)}", flush=True)


if __name__ == "__main__":
    main()
