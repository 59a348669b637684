"""Recursive least squares, the optimiser of FORCE: the comparison that is not local."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from brian2 import Quantity, ms
from scipy.linalg.blas import dsymv, dsyrk

from bioplastic.fields import checked
from bioplastic.plasticity.least_squares import LeastSquares
from bioplastic.plasticity.locality import Audit, Origin, Update, Verdict
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.validation import check_integer, check_real

__all__ = ["BufferedInverse", "RecursiveLeastSquares", "rls_rule"]

Array = npt.NDArray[np.float64]


@checked
def rls_rule(
    *,
    activity: str = "r_pre",
    error: str = "z_post - target_post",
    modulators: str = "target_post : 1",
    ridge: float = 1.0,
    forgetting: float = 1.0,
    gain: str = "exact",
    interval: Quantity = 1 * ms,
    name: str = "rls",
    **fields: Any,
) -> PlasticityRule:
    """Return recursive least squares for a read-out in the engine; non-local, and audited as such.

    The shared modulator ``learning`` (1 at first) switches the rule on and off at run time.

    Parameters
    ----------
    activity, error, ridge, forgetting, gain
        See :class:`~bioplastic.plasticity.least_squares.LeastSquares`.
    modulators : str, default "target_post : 1"
        Modulators that the error reads.
    interval : Quantity, default 1 ms
        Period of the update.
    name : str, default "rls"
        Name in messages.
    **fields
        Further slots of the rule, such as ``pre`` and ``on_pre`` for a trace.

    References
    ----------
    Sussillo and Abbott (2009), doi 10.1016/j.neuron.2009.07.018.

    Examples
    --------
    >>> str(rls_rule().audit().verdict)
    'NON-LOCAL'
    """
    return PlasticityRule(
        name=name,
        modulators=f"{modulators}\nlearning : 1 (shared)",
        least_squares=LeastSquares(
            activity=activity,
            error=error,
            ridge=ridge,
            forgetting=forgetting,
            gain=gain,
            gate="learning",
        ),
        interval=interval,
        **{
            "initial": {"learning": 1.0},
            "reference": "Sussillo & Abbott 2009",
            **fields,
        },
    )


class RecursiveLeastSquares:
    """Least squares one sample at a time, with the inverse correlation matrix of all inputs.

    Plain NumPy, outside any network: every weight needs the matrix ``p`` over all presynaptic
    cells. It is what local learning is measured against; :func:`rls_rule` is the same inside the
    engine.

    Parameters
    ----------
    n_inputs, n_outputs : int
        Presynaptic cells and outputs.
    ridge : float, default 1
        Regularisation: ``p`` starts as the unit matrix divided by it.
    forgetting : float, default 1
        Weight of the past per update, in (0, 1]; 1 forgets nothing.

    Attributes
    ----------
    w : ndarray, shape (n_inputs, n_outputs)
        Weights, zero at first.
    p : ndarray, shape (n_inputs, n_inputs)
        Running inverse of the regularised correlation matrix.

    Notes
    -----
    With ``forgetting=1`` the weights after any number of samples are the ridge regression
    ``(X^T X + ridge I)^-1 X^T Y`` of these samples, to rounding.

    References
    ----------
    Sussillo and Abbott (2009), doi 10.1016/j.neuron.2009.07.018; in spiking networks: Nicola and
    Clopath (2017), doi 10.1038/s41467-017-01827-3.

    Examples
    --------
    >>> rls = RecursiveLeastSquares(1, 1, ridge=1e-9)
    >>> for x in (1.0, 2.0, 3.0):
    ...     error = rls.update(np.array([x]), np.array([2 * x]))
    >>> bool(np.isclose(rls.w[0, 0], 2))
    True
    """

    def __init__(
        self, n_inputs: int, n_outputs: int, *, ridge: float = 1.0, forgetting: float = 1.0
    ) -> None:
        place = "RecursiveLeastSquares"
        check_integer(f"{place}.n_inputs", n_inputs, minimum=1)
        check_integer(f"{place}.n_outputs", n_outputs, minimum=1)
        self.ridge = check_real(f"{place}.ridge", ridge, minimum=0, exclusive=True)
        self.forgetting = check_real(
            f"{place}.forgetting", forgetting, minimum=0, maximum=1, exclusive=True
        )
        self.w: Array = np.zeros((n_inputs, n_outputs))
        self.p: Array = np.eye(n_inputs) / self.ridge

    def predict(self, activity: npt.ArrayLike) -> Array:
        """Return the output for presynaptic activity of shape (n_inputs,) or (n, n_inputs)."""
        return np.asarray(activity, dtype=np.float64) @ self.w

    def update(self, activity: npt.ArrayLike, target: npt.ArrayLike) -> Array:
        """Learn one sample and return the error before learning, output minus target.

        Parameters
        ----------
        activity : array_like, shape (n_inputs,)
            Presynaptic activity.
        target : array_like, shape (n_outputs,)
            Desired output.

        Returns
        -------
        ndarray, shape (n_outputs,)
            The error.

        Raises
        ------
        ValueError
            If a shape does not fit.
        """
        r, goal = np.asarray(activity, dtype=np.float64), np.asarray(target, dtype=np.float64)
        for name, array, size in (
            ("activity", r, self.w.shape[0]),
            ("target", goal, self.w.shape[1]),
        ):
            if array.shape != (size,):
                raise ValueError(
                    f"RecursiveLeastSquares.update: {name} must have shape ({size},), "
                    f"got {array.shape}"
                )
        error = r @ self.w - goal
        spread = self.p @ r
        gain = spread / (self.forgetting + r @ spread)
        self.p = (self.p - np.outer(gain, spread)) / self.forgetting
        self.w = self.w - np.outer(gain, error)
        return np.asarray(error, dtype=np.float64)

    def audit(self) -> Audit:
        """Return what an update depends on, stated by hand since there are no equation strings."""
        n = self.w.shape[0]
        reads_p = (("p", Origin.ELSEWHERE), ("r", Origin.ELSEWHERE))
        reads_w = (("error_post", Origin.PER_NEURON), *reads_p)
        updates = (
            Update("every", "p", "shared", reads_p, Verdict.NON_LOCAL, "online", True, 4 * n * n),
            Update("every", "w", "synapse", reads_w, Verdict.NON_LOCAL, "online", True, 2),
        )
        memory = {"synapse": 1, "pre": n, "post": 1, "shared": 0}
        operations = {
            "pre spike, per synapse": 0,
            "pre spike, per cell": 0,
            "post spike, per synapse": 0,
            "post spike, per cell": 0,
            "step": 4 * n * n + 2,
        }
        name = f"force-rls, {n} inputs"
        return Audit(name, updates, Verdict.NON_LOCAL, True, True, memory, operations)


class BufferedInverse:
    """The matrix of recursive least squares, whose newest changes are kept apart.

    Each sample changes the inverse correlation matrix by one product of vectors. These wait in a
    buffer and enter the matrix together, which moves memory once and not once per sample. The gains
    are those of `RecursiveLeastSquares`, to rounding.

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
