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

from bioplastic.checkpoints import describe_parameters, find_state, read_run
from bioplastic.datasets import (
    equalise_brightness,
    load_dataset,
    preprocess_fashion,
    resize_images,
    stratified_split,
)  # fmt: skip
from bioplastic.fields import Constants, param
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.models.sym_stdp.fields import place_fields
from bioplastic.models.sym_stdp.parameters import VARIANTS
from bioplastic.study import Film, digest_code

__all__ = [
    "MNIST_SHAPE",
    "PROTOCOLS",
    "READOUTS",
    "Protocol",
    "Samples",
    "load_samples",
    "middle_column",
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
    X, X_test, y, y_test = data.X, data.X_test, data.y, data.y_test
    if name == "fashion-mnist":
        X, X_test = preprocess_fashion(X), preprocess_fashion(X_test)
    elif data.image_shape != MNIST_SHAPE:
        enlarged = (resize_images(images, data.image_shape, MNIST_SHAPE) for images in (X, X_test))
        X, X_test = (equalise_brightness(images, MNIST_BRIGHTNESS) for images in enlarged)
    if protocol.train is not None:
        # the first images, as the published program takes them in order
        keep = min(len(X), protocol.train + protocol.validation)
        X, y = X[:keep], y[:keep]
    kept, held_out = stratified_split(y, protocol.validation / len(y), seed)
    test = slice(protocol.test)
    return Samples(X[kept], y[kept], X[held_out], y[held_out], X_test[test], y_test[test])


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
        film.follow(model, _show_weights, total // _FRAMES)
    options: dict[str, Any] = {"watch_every": protocol.evaluate_every}
    options["watch"] = HeldOut(samples.X_held_out, samples.y_held_out)
    if checkpoints is not None:
        code = hashlib.sha256(digest_code(train).encode()).hexdigest()[:8]
        options |= {"checkpoints": Path(checkpoints) / f"seed{seed}-{code}", "resume": True}
    if hidden_from is not None:
        options["hidden_from"] = _find_hidden(Path(hidden_from), model, samples)
    return model.fit(samples.X, samples.y, **options)


def middle_column(
    weights: NDArray[Any], size: float | None, stride: float | None
) -> tuple[NDArray[Any], tuple[int, int], str]:
    """Return input weights of all cells or the column in the middle, their shape, which column."""
    if size is None or stride is None:
        return weights, MNIST_SHAPE, ""
    pixels = place_fields(len(weights), int(size), int(stride)).pixels
    middle = len(pixels) // 2
    cells = np.split(np.arange(weights.shape[1]), len(pixels))[middle]
    shape = (int(size), int(size))
    return weights[np.ix_(pixels[middle], cells)], shape, f", column {middle + 1} of {len(pixels)}"


def _show_weights(model: SymSTDPClassifier) -> tuple[NDArray[Any], tuple[int, int]]:
    p = model.constants_
    return middle_column(model.weights_, p.field_size, p.field_stride)[:2]


def _find_hidden(folder: Path, model: SymSTDPClassifier, samples: Samples) -> SymSTDPClassifier:
    """Return the model of a finished training on the same images."""
    found = sorted(folder.glob(f"seed{model.random_state}-*"), key=lambda p: p.stat().st_mtime)
    if not found:
        raise ValueError(f"--hidden-from {folder}: must hold seed {model.random_state}")
    source = read_run(found[-1])["parameters"]
    wanted = describe_parameters({"n_hidden": model.n_hidden, "X": samples.X})
    for name, value in wanted.items():
        if source[name] != value:
            raise ValueError(f"--hidden-from {folder}: must be a run with the same {name}")
    return SymSTDPClassifier.load(find_state(found[-1]))
