"""Learn on simulated saccades, test on a real event camera.

Time surfaces: Lagorce et al. (2017); the recordings (N-MNIST): Orchard et al. (2015), Frontiers in
Neuroscience 9, 437. New is the question: prototypes and read-out learn by local rules on simulated
saccades over images, and are tested on recordings. With ``--data digits`` there are none of these.

Beside the learned prototypes stand patches that were merely sampled, and the counts of all pixels.
The classes are still pictures: nothing here needs the order of the events. The geometry of the
simulation was fitted to the pixel counts of recordings 1 to 100; the transfer is tested on others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from brian2 import ms
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.preprocessing import normalize

from bioplastic.datasets import load_dataset, load_nmnist, resize_images
from bioplastic.events import Events, simulate_saccades
from bioplastic.fields import Constants, param
from bioplastic.models.delta_readout import DeltaReadout
from bioplastic.models.time_surfaces import TimeSurfaces
from bioplastic.plotting import bars, images, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

FITTED = 100  # recordings that the geometry of the simulation was fitted to
RECORDED = 1000  # images of MNIST that may have been recorded are left out of the training
FEATURES = {"learned": "learned prototypes", "sampled": "sampled patches", "counts": "pixel counts"}
LONG = {"eta": 0.3, "passes": 15}  # what pixel counts need
TESTS = {"simulated": "simulated", "real": "real, trained on simulated", "folds": "real, 5 folds"}


class Protocol(Constants):
    """How much is shown."""

    train: int = param(600, minimum=10, doc="simulated recordings to learn from")
    test: int = param(300, minimum=10, doc="simulated recordings to test on")
    prototypes: int = param(32, minimum=1, doc="cells that compete for a surface")
    patches: int = param(60_000, minimum=100, doc="surfaces that prototypes learn from")
    eta: float = param(0.3, positive=True, doc="learning rate of the read-out")
    passes: int = param(15, minimum=1, doc="passes of the read-out; few transfer better")
    seeds: int = param(3, minimum=1, doc="seeds")


def transfer(seed: int, features: str, data: str, protocol: Protocol) -> dict[str, Any]:
    """Learn from simulated recordings; return accuracies on simulated and on real ones."""
    rng, dataset = np.random.default_rng(seed), load_dataset(data)
    first = RECORDED if data == "mnist" else 0
    here = first + rng.permutation(len(dataset.X) - first)[: protocol.train]
    there = rng.permutation(len(dataset.X_test))[: protocol.test]

    def see(X: Any, seed: int) -> list[Events]:
        stack = resize_images(X, dataset.image_shape, (28, 28)).reshape(-1, 28, 28)
        return simulate_saccades(stack, random_state=seed)

    real = load_nmnist() if data == "mnist" else None
    sets = [see(dataset.X[here], seed), see(dataset.X_test[there], seed + 10_000)]
    sets += [real.X] if real else []
    found: dict[str, Any] = {}
    if features == "counts":  # of all pixels and both polarities, of unit length
        seen = [normalize([events.counts().values.ravel() for events in part]) for part in sets]
    else:
        surfaces = TimeSurfaces(protocol.prototypes, patches=protocol.patches, random_state=seed,
                                learn=features == "learned").fit(sets[0])  # fmt: skip
        seen = [surfaces.transform(part) for part in sets]
        best = surfaces.prototypes_.reshape(-1, 14, 7)[:8]
        found["prototype"] = xr.DataArray(best, dims=("cell", "row", "column"))
    short = {"eta": protocol.eta, "passes": protocol.passes}
    readout = DeltaReadout(random_state=seed, **(LONG if features == "counts" else short))
    found["simulated"] = readout.fit(seen[0], dataset.y[here]).score(seen[1], dataset.y_test[there])
    if real:
        unseen = real.ids > FITTED
        found["real"] = readout.score(seen[2][unseen], real.y[unseen])
        again = DeltaReadout(0.3, passes=30, random_state=seed)
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        found["folds"] = cross_val_score(again, seen[2], real.y, cv=folds).mean()
    return found


def first_saccades() -> xr.Dataset:
    """Return ON minus OFF events of the first saccade of a recording and of its simulation."""
    real = load_nmnist()
    image = load_dataset("mnist").X[real.ids[0] - 1].reshape(1, 28, 28)
    pair = {"recorded": real.X[0], "simulated": simulate_saccades(image, random_state=0)[0]}
    legs = [events.window(0 * ms, 105 * ms).counts() for events in pair.values()]
    shown = xr.concat([leg.diff("polarity")[0].drop_vars("polarity") for leg in legs], "source")
    return xr.Dataset({"difference": shown.assign_coords(source=list(pair))})


def compute(run: Run) -> Results:
    """Measure all features and seeds; keep one recording beside its simulation."""
    data = run.measure(transfer, seed=run.seeds, features=list(FEATURES), data=run.data,
                       protocol=run.protocol, ragged=("prototype",))  # fmt: skip
    numbers = data[[name for name in TESTS if name in data]]
    pictures = {"recording": first_saccades()} if run.data == "mnist" else {}
    return Results(
        metrics=flatten(numbers.sel(features="learned", drop=True)),
        baselines={"chance": 0.1}
        | flatten(numbers.drop_sel(features="learned"), names="{features}_{name}"),
        measured={"transfer": data, **pictures},
    )


def draw(results: Results) -> Any:
    """Draw accuracy by features and test."""
    data = results.measured["transfer"]
    tests = [name for name in TESTS if name in data]
    figure, axes = panels(1, len(tests), height=1.9, sharey=True)
    for name, ax in zip(tests, np.atleast_1d(axes), strict=True):
        bars(data[name], ax, x="features", labels=FEATURES, xlabel="accuracy (%)",
             title=TESTS[name], baselines={"chance": 0.1})  # fmt: skip
    return figure


def draw_prototypes(results: Results) -> Any:
    """Draw eight learned prototypes: how recently pixels around an event fired, OFF above ON."""
    shown = results.measured["transfer"].prototype.sel(features="learned").isel(seed=0)
    figure, axes = panels(1, 8, height=1.6)
    images(shown, axes, x="column", y="row", facet="cell", aspect="equal", label="recency",
           cmap="viridis", xlabel="column", ylabel="row (OFF above ON)")  # fmt: skip
    return figure


def draw_recording(results: Results) -> Any:
    """Draw the first saccade of a recording beside its simulation, ON minus OFF events."""
    if "recording" not in results.measured:
        return None
    shown, (figure, axes) = results.measured["recording"], panels(1, 2, height=2.4, width=4.5)
    images(shown.difference, axes, x="x", y="y", facet="source", cmap="RdBu_r", aspect="equal",
           label="ON minus OFF events", xlabel="column", ylabel="row")  # fmt: skip
    return figure


EXPERIMENT = Experiment(
    name="time_surfaces", title="Prototypes of time surfaces, from simulated saccades to a camera",
    reference="Lagorce et al. (2017), IEEE TPAMI 39, 1346-1359",
    costs={"smoke": "10 s", "quick": "2 min", "paper": "6 min"}, datasets=("digits", "mnist"),
    protocols={"smoke": Protocol(train=100, test=50, prototypes=8, patches=4000, seeds=2),
               "quick": Protocol(), "paper": Protocol(train=2000, test=1000, eta=0.05, passes=5)},
    options=("train", "test", "prototypes", "eta", "passes"), compute=compute,
    figures={"accuracy": draw, "prototypes": draw_prototypes, "recording": draw_recording},
)  # fmt: skip
