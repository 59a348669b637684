"""Digits without labels: STDP, lateral inhibition and adaptive thresholds.

Diehl & Cook (2015), Front. Comput. Neurosci. 9:99. Cells learn prototypes of digits without labels;
then the training images are shown once more, with learning off, to give each cell the class that it
answers to most. The test images are shown once, at the end. Published are three passes through
MNIST for 100 and 400 cells, more for more. Beside it stand the same network without delays, and
two more without delays: thresholds that do not grow, and random weights that never learn.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from brian2 import ms, mV

from bioplastic.analysis import chance_level, linear_baseline
from bioplastic.experiments.sym_stdp.training import MNIST_SHAPE, load_samples
from bioplastic.experiments.sym_stdp.training import Protocol as Shown
from bioplastic.fields import Constants, param
from bioplastic.models.diehl_cook import DiehlCookClassifier
from bioplastic.plotting import PALETTE, bars, lines, panels, plot_confusion, plot_weight_maps
from bioplastic.study import digest_code, flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

ARMS: dict[str, dict[str, Any]] = {
    "delays": {}, "no_delays": {"delay_max": 0 * ms},
    "fixed": {"delay_max": 0 * ms, "theta_plus": 0 * mV},
    "random": {"delay_max": 0 * ms, "eta_pre": 0.0, "eta_post": 0.0},
}  # fmt: skip
NAMES = {"delays": "published network", "no_delays": "without delays",
         "fixed": "no growing thresholds", "random": "random weights"}  # fmt: skip
COLOURS = dict(zip(ARMS, PALETTE, strict=False))
PAPER = {100: 0.829, 400: 0.870, 1600: 0.919, 6400: 0.950}  # MNIST, by number of cells


class Protocol(Constants):
    """How much is learned."""

    n_hidden: int = param(100, minimum=1, doc="excitatory cells")
    epochs: int = param(3, minimum=1, doc="passes through the images")
    train: int | None = param(None, minimum=1, doc="training images; all that are not held out")
    validation: int = param(200, minimum=1, doc="images held out")
    test: int | None = param(None, minimum=1, doc="test images; all")
    evaluate_every: int = param(2000, minimum=1, doc="images between two looks at the held out")
    arms: tuple[str, ...] = param(tuple(ARMS), doc="networks")
    seeds: int = param(3, minimum=1, doc="seeds")


def load(p: Protocol, data: str, seed: int) -> Any:
    """Return the same images as those of the symmetric-STDP network."""
    return load_samples(Shown(train=p.train, validation=p.validation, test=p.test), data, seed)


def learn(seed: int, arm: str, data: str, sizes: Protocol, shown: int, folder: str | None) -> Any:
    """Train one network and show it the test images once; pictures are of the seed ``shown``."""
    s, options = load(sizes, data, seed), {}
    model = DiehlCookClassifier(sizes.n_hidden, epochs=sizes.epochs, random_state=seed, **ARMS[arm])
    if folder is not None:
        size = f"{sizes.n_hidden}-{sizes.epochs}-{sizes.train}"
        name = f"{arm}-{size}-{seed}-{digest_code(learn)[:8]}"
        options = {"checkpoints": Path(folder) / name, "resume": True}
    model.fit(s.X, s.y, watch=lambda m: {"right": m.score(s.X_held_out, s.y_held_out)},
              watch_every=sizes.evaluate_every, **options)  # fmt: skip
    votes = model.window_.votes(counts := model.respond(s.X_test))
    predicted = model.classes_[votes.argmax(axis=1)]
    images, right = ([row[key] for row in model.curve_] for key in ("n_seen", "right"))
    curve = xr.DataArray(right, {"images": images}, "images")
    found = {"accuracy": np.mean(predicted == s.y_test), "held_out": curve[-1].item(),
             "presentations": model.presentations_ / model.n_seen_, "curve": curve,
             "spikes": counts.sum(axis=1).mean(), "unassigned": np.mean(model.assignment_ < 0),
             "threshold_mv": 1e3 * model.state_["exc.theta"].mean() - 72.0}  # fmt: skip
    if seed == shown:
        order = np.argsort(model.assignment_, kind="stable")  # at most 100 cells, of all classes
        some = order[np.linspace(0, len(order) - 1, min(100, len(order))).astype(int)]
        found |= {"weights": model.weights_[:, some], "y": s.y_test, "predicted": predicted}
    return found


def compare(seed: int, data: str, sizes: Protocol) -> dict[str, float]:
    """Return the accuracy of a linear classifier on the pixels, and of chance."""
    s = load(sizes, data, seed)
    return {"linear": linear_baseline(s.X, s.y, s.X_test, s.y_test, seed=seed),
            "chance": chance_level(s.y_test)}  # fmt: skip


def compute(run: Run) -> Results:
    """Train all networks with all seeds."""
    sizes, given = run.protocol, {"data": run.data, "sizes": run.protocol.with_values(seeds=1)}
    folder = None if run.store is None else str(run.store / f"diehl_cook-{run.data}-{run.scale}")
    data = run.measure(learn, seed=run.seeds, arm=list(sizes.arms), shown=run.seed,
                       folder=folder, **given)  # fmt: skip
    beside = run.measure(compare, seed=run.seeds, **given)
    pictures = data[["weights", "y", "predicted"]].isel(seed=0, arm=0)
    numbers = data.drop_vars([*pictures, "curve"])
    controls = [arm for arm in sizes.arms if arm in ("fixed", "random")]
    ours = [arm for arm in sizes.arms if arm not in controls]
    return Results(
        metrics=flatten(numbers.sel(arm=ours)),
        baselines=flatten(numbers[["accuracy", "held_out"]].sel(arm=controls)) | flatten(beside),
        paper={f"accuracy_{ours[0]}": value for n, value in PAPER.items()
               if (run.data, sizes.n_hidden) == ("mnist", n)},
        measured={"learning": data.drop_vars([*pictures]), "beside": beside, "first": pictures},
    )  # fmt: skip


def draw_learning(results: Results) -> Any:
    """Draw accuracy on held-out images over training, and on the test images."""
    data = results.measured["learning"]
    levels = {"linear": float(results.measured["beside"].linear.mean())}
    figure, (left, right) = panels(1, 2, height=2.7)
    known = {name.removeprefix("accuracy_"): v for name, v in results.paper.items()} or None
    lines(data.curve, left, x="images", hue="arm", factor=100, labels=NAMES, colours=COLOURS,
          xlabel="training images", ylabel="held-out accuracy (%)", ylim=(0, 102),
          baselines=levels, legend=None)  # fmt: skip
    bars(data.accuracy, right, x="arm", labels=NAMES, colours=COLOURS, published=known,
         xlabel="test accuracy (%)", ylabel="", xlim=(0, 101), baselines=levels)  # fmt: skip
    return figure


def draw_first(results: Results) -> Any:
    """Draw weights of up to 100 cells in the order of their classes, and what is taken for what."""
    shown, (figure, (left, right)) = results.measured["first"], panels(1, 2, height=3.1)
    plot_weight_maps(shown.weights.values, MNIST_SHAPE, vmin=0.0, label="input weight", ax=left)
    plot_confusion(*(shown[k].values.astype(int) for k in ("y", "predicted")), ax=right)
    return figure


EXPERIMENT = Experiment(
    name="diehl_cook",
    title="Digits without labels: prototypes by STDP and homeostasis",
    reference="Diehl & Cook (2015), Front. Comput. Neurosci. 9:99",
    costs={"smoke": "10 s", "quick": "2.5 min", "paper": "25 min of processor time per seed"},
    datasets=("digits", "mnist"),
    protocols={
        "smoke": Protocol(n_hidden=50, epochs=2, train=600, evaluate_every=300, seeds=1),
        "quick/digits": Protocol(epochs=10, evaluate_every=1300),
        "quick": Protocol(epochs=1, train=5000, validation=500, test=2000, seeds=1),
        "paper/digits": Protocol(n_hidden=400, epochs=20, evaluate_every=2600),
        "paper": Protocol(n_hidden=400, validation=1000, evaluate_every=10_000),
    },
    options=("n_hidden", "epochs", "train", "arms"),
    compute=compute,
    figures={"learning": draw_learning, "prototypes": draw_first},
)  # fmt: skip
