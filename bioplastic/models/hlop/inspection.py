"""How well lateral circuits have found the subspaces of presynaptic traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis.subspaces import principal_angles
from bioplastic.arguments import check_arguments
from bioplastic.models.hlop.arguments import check_samples
from bioplastic.models.hlop.classifier import ContinualClassifier

__all__ = ["LearntSubspace", "inspect_subspaces", "presynaptic_traces"]


@dataclass(frozen=True)
class LearntSubspace:
    """The subspace neurons of one layer beside the exact principal subspace.

    Attributes
    ----------
    n_rows : int
        Subspace neurons, those of earlier tasks included.
    residual_before, residual_after : float
        Share of the energy of the traces left unexplained by the neurons of earlier tasks, and by
        all neurons.
    residual_exact : float
        Share left by the exact principal subspace with as many dimensions as there are neurons.
    angles : ndarray, shape (k,)
        Principal angles in radians between the neurons recruited for this task and the exact
        principal subspace of what earlier ones leave, smallest first.
    """

    n_rows: int
    residual_before: float
    residual_after: float
    residual_exact: float
    angles: NDArray[np.float64]


@check_arguments
def presynaptic_traces(
    model: ContinualClassifier, X: ArrayLike, task: int | None = None
) -> list[NDArray[np.float32]]:
    """Return the presynaptic factor of every layer for some samples.

    Parameters
    ----------
    model : ContinualClassifier
        A fitted model.
    X : array_like, shape (n_samples, n_features)
        Samples.
    task : int, optional
        Task whose head is used, see `ContinualClassifier.predict`.

    Returns
    -------
    list of ndarray
        Standardised samples, then traces of the hidden layers over all steps and samples, each of
        shape ``(n, n_neurons)``.
    """
    samples = check_samples("presynaptic_traces.X", X, model.n_features_in_)
    head = model.head_number(task)
    network = model.network_of(head)
    x = model.standardise(samples)
    network.forward(x, [*model.weights_, model.heads_[head]])
    return [x, *(trace.reshape(-1, trace.shape[-1]).copy() for trace in network.traces())]


@check_arguments
def inspect_subspaces(
    model: ContinualClassifier, X: ArrayLike, recruited: list[int], task: int | None = None
) -> list[LearntSubspace]:
    """Compare the lateral circuits with exact principal subspaces of given samples.

    Parameters
    ----------
    model : ContinualClassifier
        A fitted model with lateral circuits.
    X : array_like, shape (n_samples, n_features)
        Samples of the task learned last.
    recruited : list of int
        Neurons that each circuit recruited for that task.
    task : int, optional
        See `presynaptic_traces`.

    Returns
    -------
    list of LearntSubspace
        One per lateral circuit.
    """
    found = []
    traces = presynaptic_traces(model, X, task)
    for circuit, fresh, trace in zip(model.circuits_, recruited, traces, strict=False):
        rows = circuit.rows.astype(np.float64)
        old, new = rows[: len(rows) - fresh], rows[len(rows) - fresh :]
        values = trace.astype(np.float64)
        moment = values.T @ values / len(values)
        left = np.eye(len(moment)) - old.T @ old
        rest = left @ moment @ left
        angles = np.zeros(0)
        if fresh:
            angles = principal_angles(new.T, _leading(rest, fresh))
        energy = np.linalg.eigvalsh(moment)
        found.append(
            LearntSubspace(
                n_rows=len(rows),
                residual_before=float(np.trace(rest) / np.trace(moment)),
                residual_after=circuit.residual_energy(moment),
                residual_exact=float(energy[: len(energy) - len(rows)].sum() / energy.sum()),
                angles=np.sort(angles),
            )
        )
    return found


def _leading(moment: NDArray[Any], n: int) -> NDArray[np.float64]:
    """Return the ``n`` leading eigenvectors as columns."""
    size = len(moment)
    _, vectors = scipy.linalg.eigh(moment, subset_by_index=(size - n, size - 1))
    return np.asarray(vectors, dtype=np.float64)
