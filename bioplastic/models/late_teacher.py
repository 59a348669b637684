"""A late answer teaches early ones: one read-out for all steps, by traces and a delayed modulator.

Outputs after t steps are ``P(t) = softmax(M x(t))``, with rates x(t) of the cells up to then (and
a cell that is always on). At the end of a trial the answer h is known, of a label or of a teacher,
with a gate g. Every synapse keeps two traces, and learns from both at once::

    X_j = sum_t x_j(t)        E_ij = sum_t P_i(t) x_j(t)        dM_ij = eta g (h_i X_j - E_ij)/T

which is the delta rule of all taught steps, since M stays as it is within a trial. The question is
that of Ding et al. (2025), NeurIPS, arXiv 2510.07924, who distil between steps by gradients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from bioplastic.fields import checked, param

__all__ = ["StepReadout"]

Array = NDArray[np.float64]


class StepReadout:
    """A read-out that answers after every taught step.

    Parameters
    ----------
    n_features : int
        Cells that are read.
    n_classes : int
        Classes.

    Attributes
    ----------
    weights : ndarray, shape (n_features + 1, n_classes)
        Weights M, those of the cell that is always on last.

    Examples
    --------
    >>> x = np.tile(np.eye(2)[:, None], (20, 3, 1))        # 40 samples, 3 taught steps, 2 cells
    >>> readout = StepReadout(2, 2).learn(x, np.tile([0, 1], 20), rng=np.random.default_rng(0))
    >>> readout.answers(x[:2])[0].tolist()
    [[0, 0, 0], [1, 1, 1]]
    """

    @checked(n_features=param(minimum=1), n_classes=param(minimum=2))
    def __init__(self, n_features: int, n_classes: int) -> None:
        self.weights = np.zeros((n_features + 1, n_classes))

    def copy(self) -> StepReadout:
        """Return an independent copy."""
        other = StepReadout(self.weights.shape[0] - 1, self.weights.shape[1])
        other.weights = self.weights.copy()
        return other

    def answers(self, x: Array) -> tuple[NDArray[np.int64], Array]:
        """Return the class after every taught step and its probability, shape (n, n_steps) each."""
        p = self._outputs(_with_bias(x))
        return p.argmax(axis=2), p.max(axis=2)

    def learn(
        self,
        x: Array,
        wanted: NDArray[np.int64],
        gate: Array | float = 1.0,
        *,
        rng: np.random.Generator,
        eta: float = 0.3,
        epochs: int = 15,
        batch: int = 16,
    ) -> StepReadout:
        """Learn from answers that are known at the end of a trial.

        Parameters
        ----------
        x : array, shape (n, n_steps, n_features)
            Rates up to every taught step; only the last one, if only that is taught.
        wanted : array of int, shape (n,) or (n, n_steps)
            The answer of a trial; or one of every step, which no trace can hold.
        gate : array_like, shape (), (n,) or (n, n_steps), default 1
            What multiplies a change.
        rng : Generator
            Draws the order.
        eta, epochs, batch : default 0.3, 15 and 16
            Learning rate, passes, trials between two changes of the weights.
        """
        x = _with_bias(x)
        n, steps = x.shape[:2]
        targets = np.eye(self.weights.shape[1])[_per_step(wanted, n, steps)]
        gates = _per_step(gate, n, steps)[..., None]
        for _ in range(epochs):
            order = rng.permutation(n)
            for k in np.split(order, range(batch, n, batch)):
                error = gates[k] * (targets[k] - self._outputs(x[k]))
                change = np.tensordot(x[k], error, ((0, 1), (0, 1)))  # h X - E, over the batch
                self.weights += eta * change / (steps * len(k))
        return self

    def _outputs(self, x: Array) -> Array:
        return np.asarray(softmax(x @ self.weights, axis=2))


def _with_bias(x: Array) -> Array:
    return np.concatenate([x, np.ones((*x.shape[:2], 1))], axis=2)


def _per_step(values: NDArray[np.int64] | Array | float, n: int, steps: int) -> NDArray[np.generic]:
    given = np.asarray(values)
    return np.broadcast_to(given[:, None] if given.ndim == 1 else given, (n, steps))
