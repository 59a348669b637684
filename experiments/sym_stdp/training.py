"""Training in parts, with a learning curve, and checkpoints that survive an interruption."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from bioplastic.models.sym_stdp import SymSTDPClassifier
from experiments.sym_stdp.protocol import Protocol, Samples, build_model, describe_run

__all__ = ["READOUTS", "Checkpoints", "Training", "load_trained", "train_model"]

READOUTS = ("supervised", "assigned")
_PROGRESS = "progress.json"


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


class Checkpoints:
    """A folder with the latest state of one run.

    The model goes to a new file, then ``progress.json`` is replaced in one step to name it: an
    interruption at any moment leaves a consistent pair.

    Parameters
    ----------
    folder : Path or None
        Where to; None keeps nothing.
    description : dict
        Everything that determines the result; a run continues only with the same.
    resume : bool
        Whether a run found there is continued.

    Raises
    ------
    ValueError
        If the folder holds a run and ``resume`` is not set, or that run differs; the message names
        what differs.
    """

    def __init__(self, folder: Path | None, description: dict[str, Any], *, resume: bool) -> None:
        self.folder = folder
        self.description = json.loads(json.dumps(description))
        self.found: dict[str, Any] | None = None
        if folder is None:
            return
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / _PROGRESS).exists():
            if not resume:
                raise ValueError(f"{folder} holds a run already: add --resume, or choose another")
            self.found = json.loads((folder / _PROGRESS).read_text())
            _compare(folder, self.found["description"], self.description)

    def load(self) -> Training | None:
        """Return what was saved last, None if there is nothing."""
        if self.folder is None or self.found is None:
            return None
        model = SymSTDPClassifier.load(self.folder / self.found["model"])
        kept = {name: self.found[name] for name in _KEPT}
        return Training(model=model, **kept)

    def save(self, training: Training) -> None:
        """Replace the checkpoint."""
        if self.folder is None:
            return
        name = f"model-{training.stage}-{training.done}.npz"
        training.model.save(self.folder / name)
        progress = {
            "description": self.description,
            "model": name,
            **{key: getattr(training, key) for key in _KEPT},
        }
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=f".{_PROGRESS}-")
        with os.fdopen(handle, "w") as file:
            json.dump(progress, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.folder / _PROGRESS)
        for old in self.folder.glob("model-*.npz"):
            if old.name != name:
                old.unlink()


_KEPT = ("stage", "done", "curve", "cpu_seconds", "images")


def _compare(folder: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    differing = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    if differing:
        listed = "; ".join(f"{n} was {old.get(n)!r}, is {new.get(n)!r}" for n in differing)
        raise ValueError(f"{folder} holds another run, which cannot be continued: {listed}")


def load_trained(folder: Path) -> SymSTDPClassifier:
    """Return the model of a run folder."""
    progress = json.loads((folder / _PROGRESS).read_text())
    return SymSTDPClassifier.load(folder / progress["model"])


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
        Continue the run in the folder. The result is the same, bit for bit.
    checkpoint_every : int, default 5000
        Images between two checkpoints.
    hidden_from : Path, optional
        Folder of a finished run whose hidden layer is used (``'layer_by_layer'`` only).
    constants : dict, optional
        Constants that replace those of the variant.

    Returns
    -------
    Training
        The trained model and its history.
    """
    model = build_model(protocol, data, seed, **(constants or {}))
    description = describe_run(model, protocol, data) | {"n_train": len(samples.X)}
    adopted = None if hidden_from is None else _adopt(model, hidden_from, description)
    if adopted:
        description |= adopted
    checkpoints = Checkpoints(folder, description, resume=resume)
    training = checkpoints.load() or Training(model)
    classes = np.unique(samples.y)
    stages = plan_stages(protocol, adopted=adopted is not None)
    total = sum(epochs for _, epochs in stages) * len(samples.X)
    with tqdm(total=total, desc=f"training, seed {seed}", unit="img") as bar:
        bar.update(sum(training.images.values()))
        for number in range(training.stage, len(stages)):
            name, epochs = stages[number]
            if number > training.stage:
                training.model.freeze_hidden()
                training.stage, training.done = number, 0
            order = order_images(len(samples.X), epochs, protocol.shuffle, (seed, number))
            while training.done < len(order):
                stop = _next_stop(
                    training.done, len(order), checkpoint_every, protocol.evaluate_every
                )
                part = order[training.done : stop]
                start = time.process_time()
                training.model.partial_fit(samples.X[part], samples.y[part], classes=classes)
                spent = time.process_time() - start
                training.cpu_seconds[name] = training.cpu_seconds.get(name, 0.0) + spent
                training.images[name] = training.images.get(name, 0) + len(part)
                training.done = stop
                if stop % protocol.evaluate_every == 0 or stop == len(order):
                    training.curve.append(evaluate(training, samples, name))
                    bar.set_postfix({n: f"{training.curve[-1].get(n, 0):.3f}" for n in READOUTS})
                checkpoints.save(training)
                bar.update(len(part))
    return training


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
    source = json.loads((folder / _PROGRESS).read_text())["description"]
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
