"""Recursive least squares for read-outs, a few samples at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.linalg.blas import dsymv, dsyrk

from bioplastic.models.what_when.parameters import LearningParameters
from bioplastic.validation import check_integer, check_real

__all__ = ["BufferedInverse", "LeastSquaresReadouts"]

Array = npt.NDArray[np.float64]


class BufferedInverse:
    """The matrix of recursive least squares, whose newest changes are kept apart.

    Each sample changes the inverse correlation matrix by one product of vectors. These wait in a
    buffer and enter the matrix together, which moves memory once and not once per sample. The gains
    are those of `bioplastic.plasticity.RecursiveLeastSquares`, to rounding.

    Parameters
    ----------
    n : int
        Number of inputs.
    ridge : float, default 1
        The matrix starts as the unit matrix divided by it.
    forgetting : float, default 1
        Weight of the past per sample, in (0, 1].
    buffer : int, default 50
        Samples between two updates of the matrix.

    Attributes
    ----------
    p : ndarray, shape (n, n)
        The matrix without the buffered samples; only its upper triangle is kept up to date.

    Examples
    --------
    >>> inverse = BufferedInverse(1, ridge=0.5)
    >>> inverse.gain(np.array([1.0])).round(4), inverse.gain(np.array([1.0])).round(4)
    (array([0.6667]), array([0.4]))
    """

    def __init__(
        self, n: int, *, ridge: float = 1.0, forgetting: float = 1.0, buffer: int = 50
    ) -> None:
        place = type(self).__name__
        self.n = check_integer(f"{place}.n", n, minimum=1)
        ridge = check_real(f"{place}.ridge", ridge, minimum=0, exclusive=True)
        self.forgetting = check_real(
            f"{place}.forgetting", forgetting, minimum=0, maximum=1, exclusive=True
        )
        self.buffer = check_integer(f"{place}.buffer", buffer, minimum=1)
        self.p: Array = np.asfortranarray(np.eye(n) / ridge)
        self._scale = 1.0
        self._spreads: Array = np.zeros((self.buffer, n))
        self._factors: Array = np.zeros(self.buffer)
        self._count = 0

    def gain(self, activity: Array) -> Array:
        """Take in one sample and return by how much an error of one changes the weights.

        Parameters
        ----------
        activity : array, shape (n,)
            Presynaptic activity.
        """
        k = self._count
        spread = dsymv(self._scale, self.p, activity)
        if k:
            before = self._spreads[:k]
            spread -= (self._factors[:k] * (before @ activity)) @ before
        denominator = self.forgetting + float(activity @ spread)
        self._scale /= self.forgetting
        self._factors[:k] /= self.forgetting
        self._spreads[k] = spread
        self._factors[k] = 1.0 / (denominator * self.forgetting)
        self._count += 1
        if self._count == self.buffer:
            self.flush()
        return np.asarray(spread / denominator, dtype=np.float64)

    def flush(self) -> None:
        """Write the buffered samples into the matrix."""
        if self._count:
            rows = self._spreads[: self._count] * np.sqrt(self._factors[: self._count])[:, None]
            self.p = dsyrk(-1.0, rows.T, beta=self._scale, c=self.p, overwrite_c=True)
            self._scale, self._count = 1.0, 0


class LeastSquaresReadouts:
    """What recursive least squares keeps for the two read-outs.

    Timing channels have a matrix each, since a channel has a target only when its event is shown;
    the identity read-out has its own, as has a merged read-out for all channels.

    Parameters
    ----------
    n : int
        Number of cells.
    n_channels : int or None
        Timing channels; None for a merged read-out.
    n_samples : int
        Samples per trial.
    learning : LearningParameters
        Ridge and forgetting factors.
    """

    def __init__(
        self, n: int, n_channels: int | None, n_samples: int, learning: LearningParameters
    ) -> None:
        self.merged = n_channels is None
        factors = [learning.forgetting_when] * (n_channels or 1) + [learning.forgetting_what]
        self._inverses = [
            BufferedInverse(n, ridge=learning.ridge, forgetting=factor, buffer=n_samples)
            for factor in factors
        ]

    def correct_when(self, weights: Array, activity: Array, target: Array, active: Array) -> Array:
        """Return timing weights, shape (n, n_channels), after a sample of all channels."""
        error = target - activity @ weights
        if self.merged:
            return weights + np.outer(self._inverses[0].gain(activity), error)
        weights = weights.copy()
        for channel in np.flatnonzero(active):
            weights[:, channel] += self._inverses[channel].gain(activity) * error[channel]
        return weights

    def correct_what(self, weights: Array, activity: Array, shown: Array) -> Array:
        """Return identity weights, shape (n, n_channels), after a trial."""
        error = shown - activity @ weights
        return weights + np.outer(self._inverses[-1].gain(activity), error)

    def flush(self) -> None:
        """Write all buffered samples into the matrices."""
        for inverse in self._inverses:
            inverse.flush()

    def to_arrays(self) -> dict[str, Array]:
        """Return the matrices, to be stored."""
        return {f"inverse/{k}": np.triu(inverse.p) for k, inverse in enumerate(self._inverses)}

    def from_arrays(self, arrays: Mapping[str, Array]) -> None:
        """Take matrices that `to_arrays` returned."""
        for k, inverse in enumerate(self._inverses):
            inverse.p = np.asfortranarray(arrays[f"inverse/{k}"])
