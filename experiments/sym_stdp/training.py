"""Training in parts, with a learning curve, and checkpoints that survive an interruption."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from bioplastic.checkpoints import RunFolder, find_state, read_run
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.study import Film

from .protocol import Protocol, Samples, build_model, describe_run, middle_column

__all__ = ["READOUTS", "Training", "load_trained", "train_model"]

_FRAMES = 80
READOUTS = ("supervised", "assigned")


@dataclass
class Training:
    """A model and how it came to be.

    Parameters
    ----------
    model : SymSTDPClassifier
        The model.
    stage : int
        Index of the current stage.
    done : int
        Training images seen in this stage.
    curve : list of dict
        One entry per evaluation: ``stage`` (name), ``samples`` seen in all, accuracies.
    cpu_seconds : dict of str to float
        Processor time of training alone, by stage.
    images : dict of str to int
        Training presentations by stage, to go with ``cpu_seconds``.
    """

    model: SymSTDPClassifier
    stage: int = 0
    done: int = 0
    curve: list[dict[str, Any]] = field(default_factory=list)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    images: dict[str, int] = field(default_factory=dict)


_KEPT = ("stage", "done", "curve", "cpu_seconds", "images")


def load_training(run: RunFolder) -> Training | None:
    """Return what was saved last, None if there is nothing."""
    if not run.found:
        return None
    model = run.load_model(SymSTDPClassifier)
    return Training(model=model, **{name: run.progress[name] for name in _KEPT})


def save_training(run: RunFolder, training: Training) -> None:
    """Replace the checkpoint."""
    run.save(training.model, {name: getattr(training, name) for name in _KEPT})


def load_trained(folder: Path) -> SymSTDPClassifier:
    """Return the model of a run folder."""
    return SymSTDPClassifier.load(find_state(folder))


def train_model(
    protocol: Protocol,
    samples: Samples,
    data: str,
    seed: int,
    *,
    folder: Path | None = None,
    resume: bool = False,
    checkpoint_every: int = 5000,
    hidden_from: Path | None = None,
    constants: dict[str, Any] | None = None,
    film: Film | None = None,
) -> Training:
    """Train one model by the protocol, following both read-outs on held-out images.

    Parameters
    ----------
    protocol : Protocol
        What to do.
    samples : Samples
        Images; the test images are not touched.
    data : str
        Name of the data set.
    seed : int
        Seed of the model.
    folder : Path, optional
        Where checkpoints go.
    resume : bool, default False
        Continue the run in the folder. The result is the same, bit for bit. The last stage may have
        more epochs than it had when the run began.
    checkpoint_every : int, default 5000
        Images between two checkpoints.
    hidden_from : Path, optional
        Folder of a finished run whose hidden layer is used (``'layer_by_layer'`` only).
    constants : dict, optional
        Constants that replace those of the variant.
    film : Film, optional
        Takes the input weights of all cells, or those of the column in the middle.

    Returns
    -------
    Training
        The trained model and its history.
    """
    model = build_model(protocol, data, seed, **(constants or {}))
    description = describe_run(model, protocol, data)
    description |= {"n_train": len(samples.X), "samples": samples}
    adopted = None if hidden_from is None else _adopt(model, hidden_from, description)
    if adopted:
        description |= adopted
    classes = np.unique(samples.y)
    stages = plan_stages(protocol, adopted=adopted is not None)
    total = sum(epochs for _, epochs in stages) * len(samples.X)
    film_steps = () if film is None else (max(1, total // _FRAMES),)
    last = "readout_epochs" if protocol.regime == "layer_by_layer" else "epochs"
    with (
        RunFolder(folder, description, resume=resume, growing=(last,)) as run,
        tqdm(total=total, desc=f"training, seed {seed}", unit="img") as bar,
    ):
        training = load_training(run) or Training(model)
        bar.update(sum(training.images.values()))
        for number in range(training.stage, len(stages)):
            name, epochs = stages[number]
            if number > training.stage:
                training.model.freeze_hidden()
                training.stage, training.done = number, 0
            order = order_images(len(samples.X), epochs, protocol.shuffle, (seed, number))
            while training.done < len(order):
                steps = (checkpoint_every, protocol.evaluate_every, *film_steps)
                stop = _next_stop(training.done, len(order), *steps)
                part = order[training.done : stop]
                start = time.process_time()
                training.model.partial_fit(samples.X[part], samples.y[part], classes=classes)
                spent = time.process_time() - start
                training.cpu_seconds[name] = training.cpu_seconds.get(name, 0.0) + spent
                training.images[name] = training.images.get(name, 0) + len(part)
                training.done = stop
                if film is not None:
                    record_frame(film, training)
                if stop % protocol.evaluate_every == 0 or stop == len(order):
                    training.curve.append(evaluate(training, samples, name))
                    bar.set_postfix({n: f"{training.curve[-1].get(n, 0):.3f}" for n in READOUTS})
                if stop == len(order) or any(stop % every == 0 for every in steps[:2]):
                    save_training(run, training)
                bar.update(len(part))
        run.finish()
    return training


def record_frame(film: Film, training: Training) -> None:
    """Take the weights that are drawn when training has ended."""
    model = training.model
    p = model.constants_
    weights, shape, _ = middle_column(model.weights_, p.field_size, p.field_stride)
    film.record(weights, sum(training.images.values()), shape)


def plan_stages(protocol: Protocol, *, adopted: bool) -> list[tuple[str, int]]:
    """Return the stages of training in order, with their epochs."""
    if protocol.regime == "simultaneous":
        return [("together", protocol.epochs)]
    readout = ("readout", protocol.readout_epochs)
    return [readout] if adopted else [("hidden", protocol.epochs), readout]


def order_images(n: int, epochs: int, shuffle: bool, key: tuple[int, int]) -> NDArray[np.int64]:
    """Return the images in the order of presentation; ``key`` fixes a shuffled one."""
    if not shuffle:
        return np.tile(np.arange(n), epochs)
    rng = np.random.default_rng(key)
    return np.concatenate([rng.permutation(n) for _ in range(epochs)])


def _next_stop(done: int, end: int, *steps: int) -> int:
    return min(end, *((done // step + 1) * step for step in steps))


def evaluate(training: Training, samples: Samples, stage: str) -> dict[str, Any]:
    """Return the accuracies on held-out images; there is no supervised one before its stage."""
    model = training.model
    response = model.respond(samples.X_held_out)
    known = READOUTS if stage != "hidden" else ("assigned",)
    right = {name: model.read_out(response, name) == samples.y_held_out for name in known}
    return {
        "stage": stage,
        "samples": sum(training.images.values()),
        **{name: float(values.mean()) for name, values in right.items()},
    }


def _adopt(model: SymSTDPClassifier, folder: Path, description: dict[str, Any]) -> dict[str, Any]:
    """Take over the hidden layer of a finished run on the same training images."""
    source = read_run(folder)["parameters"]
    for name in ("data", "seed", "n_train", "validation", "n_hidden"):
        if source[name] != description[name]:
            raise ValueError(
                f"--hidden-from {folder}: must be a run with {name} {description[name]!r}, "
                f"got {source[name]!r}"
            )
    model.adopt_hidden(load_trained(folder))
    weights = model.state_["image_exc.w"]
    return {
        "hidden_epochs": source["epochs"],
        "hidden_digest": hashlib.sha256(weights.tobytes()).hexdigest()[:16],
    }
