"""One arm of the comparison: trained with checkpoints, its finished result kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis.continual import score_continual
from bioplastic.checkpoints import compute_once
from bioplastic.models.hlop import (
    ContinualClassifier,
    TaskSequence,
    fit_jointly,
    inspect_subspaces,
)
from bioplastic.study.provenance import Stopwatch, find_revision

from .protocol import ARMS, Protocol, build_model

__all__ = ["run_arm"]

_INSPECTED = 1000  # samples that learnt subspaces are compared on
_TABLES = ("rows", "residual_before", "residual_after", "residual_exact")


def run_arm(
    protocol: Protocol, arm: str, seed: int, folder: Path | None, progress: bool = False
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
    """
    name = f"{arm}-seed{seed}"

    def compute() -> dict[str, Any]:
        revision = find_revision()
        model = build_model(protocol, arm, seed, progress=progress)
        tasks = protocol.tasks(seed)
        running = None if folder is None else folder / "running" / name
        with Stopwatch() as watch:
            if ARMS[arm].get("joint"):
                fit_jointly(model, tasks, checkpoints=running, resume=True)
            else:
                model.fit_tasks(
                    tasks,
                    checkpoints=running,
                    resume=True,
                    after_task=lambda model, number: _inspect(model, tasks, number),
                )
        return {
            "metrics": _score(model.accuracies_) | {"cpu_seconds": watch.cpu_seconds},
            "arrays": {"accuracies": model.accuracies_, **_tabulate(model.notes_)},
            "revision": revision,
        }

    about = {"arm": arm, "seed": seed, **_describe(protocol, arm)}
    return compute_once(folder, name, about, compute)


def _describe(protocol: Protocol, arm: str) -> dict[str, Any]:
    """Return what the result of an arm depends on."""
    unused = {"arms", *({"ewc", "replay"} - set(ARMS[arm]))}
    return {name: value for name, value in vars(protocol).items() if name not in unused}


def _score(matrix: NDArray[np.float64]) -> dict[str, float]:
    if len(matrix) == 1 and matrix.shape[1] > 1:  # all tasks at once: nothing to forget
        return {"acc": float(matrix.mean())}
    scores = score_continual(matrix)
    return {"acc": scores.acc, "bwt": scores.bwt, "learning": scores.learning}


def _inspect(
    model: ContinualClassifier, tasks: TaskSequence, number: int
) -> dict[str, NDArray[Any]] | None:
    """Return how far the subspaces have grown with a task, and how exact they are."""
    if not model.circuits_:
        return None
    now = np.array([circuit.n_rows for circuit in model.circuits_])
    recruited = now - (model.notes_[number - 1]["rows"] if number else 0)
    found = inspect_subspaces(
        model, tasks[number].X[:_INSPECTED], [int(k) for k in recruited], number
    )
    notes = {"rows": now}
    for name in _TABLES[1:]:
        notes[name] = np.array([getattr(layer, name) for layer in found])
    return notes | {f"angles_{layer}": part.angles for layer, part in enumerate(found)}


def _tabulate(notes: Mapping[int, Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Return tables over tasks and layers, and the angles of the first and second task."""
    if not notes:
        return {}
    tables = {name: np.stack([notes[k][name] for k in range(len(notes))]) for name in _TABLES}
    for number in range(min(2, len(notes))):
        for name, values in notes[number].items():
            if name.startswith("angles_"):
                tables[f"{name}_task_{number}"] = values
    return tables
