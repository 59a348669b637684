"""Elastic weight consolidation: the comparison that remembers how much every weight mattered."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.models.hlop.training import BatchTrainer

__all__ = ["Consolidation"]

Array = NDArray[np.float32]


class Consolidation:
    """Quadratic pull towards the weights after earlier tasks, in proportion to their importance.

    Parameters
    ----------
    strength : float
        Factor of the pull.
    shapes : list of tuple
        Shapes of the weights that are pulled.

    Attributes
    ----------
    importance : list of ndarray
        Mean squared derivative of the loss, added up over tasks.
    weighted : list of ndarray
        Sum over tasks of importance times weight after the task.

    References
    ----------
    Kirkpatrick et al. (2017), doi 10.1073/pnas.1611835114; the derivative is the one the network
    learns with.
    """

    def __init__(self, strength: float, shapes: list[tuple[int, ...]]) -> None:
        self.strength = np.float32(strength)
        self.importance: list[Array] = [np.zeros(shape, dtype=np.float32) for shape in shapes]
        self.weighted: list[Array] = [np.zeros(shape, dtype=np.float32) for shape in shapes]

    def remember(self, trainer: BatchTrainer, x: Array, labels: NDArray[Any]) -> None:
        """Add the task that was just learned.

        Parameters
        ----------
        trainer : BatchTrainer
            The network and its weights.
        x : ndarray, shape (n_samples, n_inputs)
            Samples over which squared derivatives are averaged.
        labels : ndarray of int, shape (n_samples,)
            Their classes.
        """
        for k in range(len(x)):
            traces, errors = trainer.gradients(x[k : k + 1], labels[k : k + 1])
            for layer, importance in enumerate(self.importance):
                trace, error = traces[layer], errors[layer]
                gradient = trace.reshape(-1, trace.shape[-1]).T @ error.reshape(-1, error.shape[-1])
                gradient *= gradient
                gradient /= len(x)
                importance += gradient
                self.weighted[layer] += gradient * trainer.weights[layer]

    def pull(self, layer: int, weight: Array, learning_rate: float) -> None:
        """Move the weights of a layer towards those after earlier tasks, in place.

        The step is implicit, ``w <- (w + r sum F w*)/(1 + r sum F)`` with ``r`` the learning rate
        times the strength, so that no strength makes it unstable.
        """
        if layer >= len(self.importance):
            return
        rate = np.float32(learning_rate) * self.strength
        weight += rate * self.weighted[layer]
        weight /= 1 + rate * self.importance[layer]
