"""Every classifier on corrupted images, and cells that keep their rates at test.

After Luo et al. (2025), NeurIPS, arXiv 2504.02298, who adapt deep spiking networks to corrupted
images by gradients at test. Here nothing needs gradients or labels: cells whose thresholds keep
their rates on a stream of images (local), a gain of the whole layer that settles within one image
(not local), and, as the baseline that paper misses, input that is standardised per image.

The table holds all classifiers here, trained briefly on clean images and never adapted, with sparse
random attacks (after Lun et al. 2025, arXiv 2503.03272; without gradients, so an upper bound).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from bioplastic.analysis import robustness, sparse_attack
from bioplastic.datasets import CORRUPTIONS, corrupt, load_dataset
from bioplastic.fields import Constants, param
from bioplastic.models.ei_layers import EIClassifier
from bioplastic.models.hlop import ContinualClassifier
from bioplastic.models.ncg import S2STDPClassifier
from bioplastic.models.stream import StreamClassifier
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.models.tess import TESSClassifier
from bioplastic.plotting import images, panels
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

ARMS = {"none": "no adaptation", "threshold": "threshold homeostasis", "gain": "inhibitory gain",
        "standardised": "standardised input"}  # fmt: skip
UNIT = FunctionTransformer(lambda X: np.asarray(X) / 255)  # grey values to values from 0 to 1
MODELS: dict[str, tuple[str, Callable[[int], Any]]] = {
    "linear": ("logistic regression", lambda s: make_pipeline(
        UNIT, LogisticRegression(max_iter=500))),
    "svm": ("support vectors", lambda s: make_pipeline(UNIT, SVC(random_state=s))),
    "sym_stdp": ("symmetric STDP", lambda s: SymSTDPClassifier(100, epochs=3, random_state=s)),
    "sym_stdp_readout": ("symmetric STDP, own read-out", lambda s: SymSTDPClassifier(
        100, epochs=3, variant="readout", random_state=s)),
    "s2stdp": ("S2-STDP, competition groups", lambda s: make_pipeline(UNIT,
        S2STDPClassifier(5, labelled_non_target=1, epochs=15, random_state=s))),
    "ottt": ("traces forward in time", lambda s: make_pipeline(UNIT,
        ContinualClassifier((100,), projection="none", random_state=s))),
    "tess": ("TESS", lambda s: TESSClassifier((80, 80), epochs=20, random_state=s)),
    "ei": ("E/I layers", lambda s: EIClassifier((80, 80), epochs=20, random_state=s)),
    "stream": ("prototypes, delta rule", lambda s: StreamClassifier(random_state=s)),
}  # fmt: skip


class Protocol(Constants):
    """How much is shown."""

    train: int = param(1437, minimum=10, doc="images to learn from")
    test: int = param(360, minimum=10, doc="images to test on, and in the stream")
    attacked: int = param(150, minimum=1, doc="images that are attacked")
    draws: int = param(30, minimum=1, doc="attacks on each")
    cells: int = param(400, minimum=1, doc="cells of the stream")
    models: tuple[str, ...] = param(tuple(MODELS), doc="classifiers of the table")
    seeds: int = param(3, minimum=1, doc="seeds of the stream")


def stream(seed: int, arm: str, data: str, protocol: Protocol) -> xr.DataArray:
    """Return the accuracy on the second half of every corrupted stream, and of a sorted one."""
    clean, y, sets = _corrupted(seed, data, protocol)
    model = StreamClassifier(protocol.cells, random_state=seed).fit(*clean)
    order = np.argsort(y, kind="stable")
    sets, found = {**sets, "sorted": sets["clean"][order]}, {}
    for kind, X in sets.items():
        shown = model.standardise(X) if arm == "standardised" else X
        answers = model.answer_stream(shown, "none" if arm == "standardised" else arm)
        right = answers == (y[order] if kind == "sorted" else y)
        found[kind] = float(np.mean(right[0 if kind == "sorted" else len(y) // 2 :]))
    return xr.DataArray(list(found.values()), {"corruption": list(found)}, name="stream")


def table(model: str, seed: int, data: str, protocol: Protocol) -> dict[str, Any]:
    """Return accuracies under all corruptions and attacks, and the answers contrast leaves."""
    clean, y, sets = _corrupted(seed, data, protocol)
    fitted, n = MODELS[model][1](seed).fit(*clean), protocol.attacked
    attack = sparse_attack(fitted, sets["clean"][:n], y[:n], draws=protocol.draws,
                           random_state=seed)  # fmt: skip
    same = fitted.predict(sets["clean"]) == fitted.predict(sets["contrast"])
    return {"accuracy": robustness(fitted, sets, y, attack), "same": np.mean(same)}


def _corrupted(seed: int, data: str, protocol: Protocol) -> tuple[Any, ...]:
    images, rng = load_dataset(data), np.random.default_rng(seed)
    here = rng.permutation(len(images.X))[: protocol.train]
    there = rng.permutation(len(images.X_test))[: protocol.test]
    sets = {kind: corrupt(images.X_test[there], kind, images.image_shape, random_state=seed)
            for kind in CORRUPTIONS}  # fmt: skip
    return (images.X[here].astype(float), images.y[here]), images.y_test[there], sets


def compute(run: Run) -> Results:
    """Measure the streams with all seeds and arms, the table with one."""
    given = {"data": run.data, "protocol": run.protocol}
    streams = run.measure(stream, seed=run.seeds, arm=list(ARMS), **given)
    rows = run.measure(table, model=list(run.protocol.models), seed=run.seed, **given)
    return Results(
        metrics=flatten(streams.sel(arm="threshold", drop=True),
                        names={"stream": "homeostasis_{corruption}"}),
        baselines={"chance": 0.1}
        | flatten(streams.drop_sel(arm="threshold"), names={"stream": "{arm}_{corruption}"})
        | flatten(rows.sel(corruption=["clean", "gaussian", "occlusion"]),
                  names={"accuracy": "{model}_{corruption}", "same": "{model}_same_dark"}),
        measured={"streams": streams, "table": rows},
    )  # fmt: skip


def draw(data: xr.DataArray, rows: str, names: dict[str, str]) -> Any:
    """Draw the accuracy of all rows under every corruption."""
    figure, ax = panels(1, 1, height=1.2 + 0.23 * data.sizes[rows])
    images(data * 100, ax, x="corruption", y=rows, values=".0f", limits=(0, 100), ylabel="",
           label="accuracy (%)")  # fmt: skip
    kinds = data.corruption.values.tolist()
    ax.set_xticks(range(len(kinds)), kinds, rotation=40, ha="right")
    ax.set_yticks(range(len(data[rows])), [names[row] for row in data[rows].values])
    return figure


EXPERIMENT = Experiment(
    name="robustness",
    title="Corrupted images, and homeostasis at test",
    reference="after Luo et al. (2025), NeurIPS, arXiv 2504.02298",
    costs={"smoke": "15 s", "quick": "2 min", "paper": "4 min"},
    datasets=("digits", "mnist"),
    protocols={"smoke": Protocol(train=200, test=60, attacked=10, draws=3, cells=50,
                                 models=("linear", "svm", "stream"), seeds=2),
               "quick": Protocol(),
               "paper": Protocol(train=10_000, test=2000, models=("linear", "stream"))},
    options=("train", "test", "models"),
    compute=compute,
    figures={
        "streams": lambda r: draw(r.measured["streams"].stream.mean("seed"), "arm", ARMS),
        "table": lambda r: draw(r.measured["table"].accuracy, "model",
                                {name: text for name, (text, _) in MODELS.items()}),
    },
)  # fmt: skip
