"""One arm of the comparison: trained with checkpoints, finished results kept on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis.continual import score_continual
from bioplastic.files import read_arrays, write_arrays
from bioplastic.models.hlop import (
    ContinualClassifier,
    TaskSequence,
    fit_jointly,
    inspect_subspaces,
)
from experiments.hlop.protocol import ARMS, Protocol, build_model
from experiments.provenance import Stopwatch, find_revision

__all__ = ["run_arm"]

_INSPECTED = 1000  # samples that learnt subspaces are compared on


def run_arm(
    protocol: Protocol, arm: str, seed: int, folder: Path | None, *, progress: bool = False
) -> dict[str, Any]:
    """Train one model on all tasks, or take the finished result from the folder.

    Parameters
    ----------
    protocol : Protocol
        What is trained.
    arm : str
        Which model.
    seed : int
        Fixes everything.
    folder : Path or None
        Where checkpoints and results go. An interrupted arm goes on after its last finished task.
    progress : bool, default False
        Show progress.

    Returns
    -------
    dict
        ``metrics`` (flat), ``arrays`` and ``revision``.

    Raises
    ------
    ValueError
        If the folder holds results of another protocol.
    """
    finished = None if folder is None else folder / f"{arm}-{seed}.result.npz"
    description = json.loads(json.dumps(_describe(protocol, arm)))
    if finished is not None and finished.exists():
        return _read(finished, description)
    revision = find_revision()
    checkpoint = None if folder is None else folder / f"{arm}-{seed}.npz"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    model = build_model(protocol, arm, seed, progress=progress)
    tasks = protocol.tasks(seed)
    notes = _Notes(tasks, checkpoint)
    with Stopwatch() as watch:
        if ARMS[arm].get("joint"):
            fit_jointly(model, tasks, checkpoint=checkpoint)
        else:
            model.fit_tasks(tasks, checkpoint=checkpoint, after_task=notes)
    result = {
        "metrics": _score(model.accuracies_) | {"cpu_seconds": watch.cpu_seconds},
        "arrays": {"accuracies": model.accuracies_, **notes.arrays()},
        "revision": revision,
    }
    if finished is not None:
        _write(finished, result, description)
    return result


def _describe(protocol: Protocol, arm: str) -> dict[str, Any]:
    """Return what the result of an arm depends on."""
    unused = {"arms", *({"ewc", "replay"} - set(ARMS[arm]))}
    return {name: value for name, value in asdict(protocol).items() if name not in unused}


def _score(matrix: NDArray[np.float64]) -> dict[str, float]:
    if len(matrix) == 1 and matrix.shape[1] > 1:  # all tasks at once: nothing to forget
        return {"acc": float(matrix.mean())}
    scores = score_continual(matrix)
    return {"acc": scores.acc, "bwt": scores.bwt, "learning": scores.learning}


class _Notes:
    """What is measured after every task: growth of the subspaces and how exact they are.

    With checkpoints, the notes of every task are a file of their own, so that they survive an
    interruption.
    """

    def __init__(self, tasks: TaskSequence, checkpoint: Path | None) -> None:
        self.tasks = tasks
        self.checkpoint = checkpoint
        self.kept: dict[int, dict[str, Any]] = {}
        self.rows: list[int] = []

    def __call__(self, model: ContinualClassifier, number: int) -> None:
        if not model.circuits_:
            return
        before = self._read(number - 1)["rows"] if number else np.zeros(len(model.circuits_))
        now = np.array([circuit.n_rows for circuit in model.circuits_])
        recruited = [int(k) for k in now - before]
        X = self.tasks[number].X[:_INSPECTED]
        found = inspect_subspaces(model, X, recruited, number)
        notes: dict[str, Any] = {"rows": now}
        for name in ("residual_before", "residual_after", "residual_exact"):
            notes[name] = np.array([getattr(layer, name) for layer in found])
        for layer, subspace in enumerate(found):
            notes[f"angles_{layer}"] = subspace.angles
        self.kept[number] = notes
        if self.checkpoint is not None:
            write_arrays(self._path(number), notes, compress=True)

    def _path(self, number: int) -> Path:
        assert self.checkpoint is not None
        return self.checkpoint.with_suffix(f".task{number}.npz")

    def _read(self, number: int) -> dict[str, Any]:
        if number not in self.kept:
            self.kept[number] = read_arrays(self._path(number), "notes on a task")
        return self.kept[number]

    def arrays(self) -> dict[str, Any]:
        """Return tables over tasks and layers, and the angles of the first and second task."""
        n = len(self.tasks)
        if not self.kept:
            return {}
        tables = {
            name: np.stack([self._read(number)[name] for number in range(n)])
            for name in ("rows", "residual_before", "residual_after", "residual_exact")
        }
        for number in range(min(2, n)):
            for name, values in self._read(number).items():
                if name.startswith("angles_"):
                    tables[f"{name}_task_{number}"] = values
        return tables


def _write(path: Path, result: Mapping[str, Any], description: Mapping[str, Any]) -> None:
    header = {key: result[key] for key in ("metrics", "revision")} | {"protocol": description}
    arrays = {"header": np.array(json.dumps(header)), **result["arrays"]}
    write_arrays(path, arrays, compress=True)


def _read(path: Path, description: Mapping[str, Any]) -> dict[str, Any]:
    arrays = read_arrays(path, "result of an arm")
    header = json.loads(str(arrays.pop("header")))
    stored = header["protocol"]
    differing = sorted(key for key in description if stored.get(key) != description[key])
    if differing:
        raise ValueError(f"{path}: holds another protocol ({', '.join(differing)})")
    return {"metrics": header["metrics"], "revision": header["revision"], "arrays": arrays}
