"""Saving, loading and checkpoints of the continual classifier."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from bioplastic.checkpoints import RunFolder, describe_parameters
from bioplastic.models.hlop.consolidation import Consolidation
from bioplastic.models.hlop.parameters import HLOPParameters
from bioplastic.models.hlop.tasks import Task
from bioplastic.models.storage import load_model, save_model

__all__ = ["ContinualStorage"]

_LISTS = ("weights_", "heads_", "task_classes_")


class ContinualStorage:
    """`save` and `load` of the continual classifier."""

    def save(self, path: str | Path) -> Path:
        """Write the model to one ``.npz`` file, atomically.

        Parameters
        ----------
        path : str or Path
            Where to; ``.npz`` is appended if missing.

        Returns
        -------
        Path
            The file.
        """
        model: Any = self
        check_is_fitted(model, "weights_")
        arrays: dict[str, Any] = {
            "classes": model.classes_,
            "accuracies": model.accuracies_,
            "input_scale": np.array([model.centre_, model.spread_]),
        }
        for name in _LISTS:
            for k, array in enumerate(getattr(model, name)):
                arrays[f"{name}/{k}"] = array
        for head, fixed in enumerate(model.feedback_):
            for layer, array in enumerate(fixed):
                arrays[f"feedback_/{head}/{layer}"] = array
        for k, (samples, labels) in enumerate(model.memory_):
            arrays[f"memory_/{k}/samples"] = samples
            arrays[f"memory_/{k}/labels"] = labels
        for k, circuit in enumerate(model.circuits_):
            arrays[f"circuits_/{k}/rows"] = circuit.rows
            arrays[f"circuits_/{k}/velocity"] = circuit.velocity
        for number, notes in model.notes_.items():
            for name, value in notes.items():
                arrays[f"notes_/{number}/{name}"] = np.asarray(value)
        if model.consolidation_ is not None:
            for name in ("importance", "weighted"):
                for k, array in enumerate(getattr(model.consolidation_, name)):
                    arrays[f"consolidation_/{name}/{k}"] = array
        numbers = {
            "n_features_in_": model.n_features_in_,
            "n_tasks_": model.n_tasks_,
            **{f"frozen/{k}": c.n_frozen for k, c in enumerate(model.circuits_)},
        }
        return save_model(path, type(self).__name__, _plain(model.get_params()), arrays, numbers)

    @classmethod
    def load(cls, path: str | Path) -> Any:
        """Read a model written by `save`.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or holds another kind of model.
        """
        arguments, arrays, numbers = load_model(path, cls.__name__, [HLOPParameters])
        model: Any = cls(**arguments)
        _restore(model, arrays, numbers)
        return model

    def open_run(
        self,
        training: str,
        tasks: Sequence[Task],
        folder: str | os.PathLike[str] | None,
        resume: bool,
        growing: tuple[str, ...] = (),
        **further: Any,
    ) -> RunFolder:
        """Open the folder of a training and take over what was learned there, or else nothing."""
        model: Any = self
        parameters = {"class": type(self).__name__, **model.get_params(deep=False)}
        parameters |= {"training": training, "n_tasks": len(tasks), **further}
        parameters.pop("progress")
        if folder is not None:
            parameters["tasks"] = {
                str(number): describe_parameters(vars(task)) for number, task in enumerate(tasks)
            }
        run = RunFolder(folder, parameters, resume=resume, growing=growing)
        vars(self).pop("weights_", None)
        run.adopt(self)
        return run


def _plain(value: Any) -> Any:
    """Return sequences as lists, as JSON has them."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    return value


def _restore(model: Any, arrays: dict[str, Any], numbers: dict[str, int]) -> None:
    model.n_features_in_, model.n_tasks_ = numbers["n_features_in_"], numbers["n_tasks_"]
    model.classes_, model.accuracies_ = arrays["classes"], arrays["accuracies"]
    model.centre_, model.spread_ = (float(value) for value in arrays["input_scale"])
    for name in _LISTS:
        setattr(model, name, _collect(arrays, f"{name}/"))
    model.feedback_ = [_collect(arrays, f"feedback_/{head}/") for head in range(len(model.heads_))]
    memories = sum(key.startswith("memory_/") for key in arrays) // 2
    model.memory_ = [
        (arrays[f"memory_/{k}/samples"], arrays[f"memory_/{k}/labels"]) for k in range(memories)
    ]
    model.circuits_ = []
    for k, rows in enumerate(_collect(arrays, "circuits_/", "/rows")):
        circuit = model.make_circuit(k, rows.shape[1])
        circuit.rows, circuit.velocity = rows, arrays[f"circuits_/{k}/velocity"]
        circuit.n_frozen = numbers[f"frozen/{k}"]
        model.circuits_.append(circuit)
    model.notes_ = {}
    for key, value in arrays.items():
        if key.startswith("notes_/"):
            _, number, name = key.split("/", 2)
            model.notes_.setdefault(int(number), {})[name] = value
    model.consolidation_ = None
    importance = _collect(arrays, "consolidation_/importance/")
    if importance:
        model.consolidation_ = Consolidation(model.ewc, [array.shape for array in importance])
        model.consolidation_.importance = importance
        model.consolidation_.weighted = _collect(arrays, "consolidation_/weighted/")


def _collect(arrays: dict[str, Any], prefix: str, suffix: str = "") -> list[Any]:
    found: list[Any] = []
    while f"{prefix}{len(found)}{suffix}" in arrays:
        found.append(arrays[f"{prefix}{len(found)}{suffix}"])
    return found
