"""Images, sizes and the training of one network, followed on held-out images."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.checkpoints import find_state
from bioplastic.datasets import (
    equalise_brightness,
    load_dataset,
    preprocess_fashion,
    resize_images,
    stratified_split,
)  # fmt: skip
from bioplastic.fields import Constants, param
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.models.sym_stdp.parameters import VARIANTS
from bioplastic.study import Film, digest_code

__all__ = [
    "MNIST_SHAPE",
    "PROTOCOLS",
    "READOUTS",
    "Protocol",
    "Samples",
    "load_samples",
    "train",
]

READOUTS = ("supervised", "assigned")
_FRAMES = 80
MNIST_BRIGHTNESS = 33.3  # mean grey value of MNIST, which the published drive is tuned to
MNIST_SHAPE = (28, 28)
PUBLISHED_EPOCHS = {100: 3, 400: 5, 1600: 7, 6400: 15, 10_000: 20}


class Protocol(Constants):
    """How much is trained and how often the held-out images are shown."""

    # fmt: off
    n_hidden: int = param(100, minimum=1, doc="hidden neurons")
    epochs: int | None = param(None, minimum=1, doc=
        "passes of the hidden layer, or of both; by default as published")
    readout_epochs: int = param(1, minimum=1, doc="passes of the read-out, layer by layer")
    variant: str = param("paper", choices=tuple(VARIANTS), doc="as in `SymSTDPClassifier`")
    regime: str | None = param(None, choices=("simultaneous", "layer_by_layer"), doc=
        "whether both layers learn together (by default yes in paper, no in the others)")
    shuffle: bool = param(False, doc=
        "draw a new order of the images for every epoch, instead of the stored one that the "
        "published program takes; the last images of MNIST differ from the others")
    train: int | None = param(None, minimum=1, doc="training images; all that are not held out")
    validation: int = param(200, minimum=1, doc="images held out")
    evaluate_every: int = param(2500, minimum=1, doc="images between two evaluations")
    test: int | None = param(None, minimum=1, doc="test images; all")
    test_presentations: int = param(4, minimum=1, doc=
        "presentations over which the averaged answer at the test adds spikes")
    hidden_counts: int = param(10_000, minimum=1, doc=
        "training images whose spike counts a linear classifier gets")
    seeds: int = param(1, minimum=1, doc="seeds")
    # fmt: on

    @property
    def n_epochs(self) -> int:
        """Passes of the hidden layer: as published for MNIST, unless they are given."""
        if self.epochs is not None:
            return self.epochs
        if self.variant == "ours":  # 20,000 images did as well as 55,000 on held-out ones
            return 1
        return PUBLISHED_EPOCHS[min(PUBLISHED_EPOCHS, key=lambda size: abs(size - self.n_hidden))]

    def make_model(self, data: str, seed: int, constants: Mapping[str, Any]) -> SymSTDPClassifier:
        """Return an untrained model; ``constants`` replace those of the variant."""
        dataset = "fashion-mnist" if data == "fashion-mnist" else "mnist"
        parameters = VARIANTS[self.variant](self.n_hidden, dataset).with_values(**constants)
        same = {k: getattr(self, k) for k in ("readout_epochs", "variant", "regime", "shuffle")}
        return SymSTDPClassifier(
            self.n_hidden, epochs=self.n_epochs, parameters=parameters, random_state=seed, **same
        )


_SMOKE = Protocol(n_hidden=16, epochs=1, train=200, validation=60, evaluate_every=100, test=100)
_DIGITS = Protocol(epochs=20, readout_epochs=5)
PROTOCOLS = {
    "smoke": _SMOKE,
    "quick/digits": _DIGITS,
    "quick": Protocol(epochs=1, train=20_000, validation=1000, evaluate_every=2000),
    "paper/digits": _DIGITS.with_values(n_hidden=400, epochs=40, readout_epochs=10),
    "paper": Protocol(readout_epochs=2, validation=5000, evaluate_every=10_000),
}


@dataclass(frozen=True)
class Samples:
    """Images and labels: to train on, to choose on, and to test on once."""

    X: NDArray[np.uint8]
    y: NDArray[np.int64]
    X_held_out: NDArray[np.uint8]
    y_held_out: NDArray[np.int64]
    X_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]


def load_samples(protocol: Protocol, name: str, seed: int) -> Samples:
    """Load a data set, bring it into the format of the published drive, hold images out."""
    data = load_dataset(name)
    if name == "fashion-mnist":
        data = data.map(preprocess_fashion)
    elif (shape := data.image_shape) != MNIST_SHAPE:
        data = data.map(lambda X: resize_images(X, shape, MNIST_SHAPE), MNIST_SHAPE)
        data = data.map(lambda X: equalise_brightness(X, MNIST_BRIGHTNESS))
    # the first images, as the published program takes them in order
    used = None if protocol.train is None else protocol.train + protocol.validation
    data = data.head(used, protocol.test)
    X, y = data.X, data.y
    kept, held_out = stratified_split(y, protocol.validation / len(y), seed)
    return Samples(X[kept], y[kept], X[held_out], y[held_out], data.X_test, data.y_test)


@dataclass(frozen=True)
class HeldOut:
    """Measures, during training, both read-outs on held-out images, and the processor time.

    There is no supervised read-out before its stage.
    """

    X: NDArray[np.uint8]
    y: NDArray[np.int64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "began", time.process_time())

    def __call__(self, model: SymSTDPClassifier) -> dict[str, float]:
        """Return the accuracies, and the seconds since the last call."""
        seconds = time.process_time() - self.__dict__["began"]
        response = model.respond(self.X)
        known = READOUTS if "output" in model.learning_layers_ else ("assigned",)
        found = {n: float(np.mean(model.read_out(response, n) == self.y)) for n in known}
        self.__post_init__()
        return {"seconds": seconds, **found}


def train(
    protocol: Protocol, samples: Samples, data: str, seed: int, constants: Mapping[str, Any], *,
    checkpoints: str | None = None, hidden_from: str | None = None, film: Film | None = None,
) -> SymSTDPClassifier:  # fmt: skip
    """Train one model by the protocol, following both read-outs on held-out images.

    ``constants`` replace those of the variant; the test images are not touched. ``checkpoints``
    keeps the state every minute, in a folder of its own for every seed and program, and what it
    holds is continued, bit for bit; the last stage may have more epochs. ``hidden_from`` are those
    of a finished training whose hidden layer is used. ``film`` takes the input weights.
    """
    model = protocol.make_model(data, seed, constants)
    if film is not None:
        total = len(samples.X) * sum(epochs for _, epochs in model.stages())
        film.follow(model, lambda m: m.fields_.middle(m.weights_), total // _FRAMES)
    options: dict[str, Any] = {"watch_every": protocol.evaluate_every}
    options["watch"] = HeldOut(samples.X_held_out, samples.y_held_out)
    if checkpoints is not None:
        code = hashlib.sha256(digest_code(train).encode()).hexdigest()[:8]
        options |= {"checkpoints": Path(checkpoints) / f"seed{seed}-{code}", "resume": True}
    if hidden_from is not None:
        folders = sorted(Path(hidden_from).glob(f"seed{seed}-*"), key=lambda p: p.stat().st_mtime)
        if not folders:
            raise ValueError(f"--hidden-from {hidden_from}: must hold seed {seed}")
        state = find_state(folders[-1], n_hidden=model.n_hidden, X=samples.X)
        options["hidden_from"] = SymSTDPClassifier.load(state)
    return model.fit(samples.X, samples.y, **options)
