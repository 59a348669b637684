"""Subspace neurons that learn from batches and grow with tasks: the batched form of the rule."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import get_blas_funcs

from bioplastic.fields import checked, param
from bioplastic.validation import check_integer, check_real

__all__ = ["SubspaceLearner", "quantise_bursts"]

Array = npt.NDArray[np.floating]


@checked(steps=param(minimum=1))
def quantise_bursts(y: npt.ArrayLike, steps: int, scale: float = 20.0) -> Array:
    """Return what a burst code of so many time steps carries of an analogue response.

    Each response is carried by two cells of opposite sign that fire at most once per time step;
    ``round(steps clip(y, -scale, scale)/scale)`` spikes stand for ``y``, so the grid has a width
    of ``scale/steps``.

    Parameters
    ----------
    y : array_like
        Responses.
    steps : int
        Time steps of the code.
    scale : float, default 20
        Response at which a cell fires in every step.

    Returns
    -------
    ndarray
        The value carried, of the same shape.

    References
    ----------
    Xiao et al. (2024), Hebbian learning based orthogonal projection, ICLR, arXiv 2402.11984.

    Examples
    --------
    >>> quantise_bursts([-0.3, 0.3, 0.8, 50.0], steps=40).tolist()
    [-0.5, 0.5, 1.0, 20.0]
    """
    values = np.asarray(y)
    if values.dtype.kind not in "biuf":
        raise TypeError(f"quantise_bursts.y: must hold real numbers, got {values.dtype}")
    values = values.astype(np.result_type(values, np.float32), copy=False)
    counts = np.rint(np.clip(values, -scale, scale) * values.dtype.type(steps / scale))
    return np.asarray(counts * values.dtype.type(scale / steps))


class SubspaceLearner:
    """Subspace neurons with anti-Hebbian feedback: principal subspaces, one task after another.

    The same rule as `bioplastic.plasticity.subspace.subspace_rule`, for batches. Inputs ``x`` drive
    the neurons, ``y = H x``, which send ``H^T y`` back. Every row of ``H`` that is not frozen
    follows, averaged over the batch and clipped, ``y (x - H^T y)^T``: Hebbian in what arrives,
    anti-Hebbian in what returns. `freeze` ends a task; `grow` recruits neurons for the next one,
    which learn what the frozen ones leave unexplained.

    Parameters
    ----------
    n_inputs : int
        Number of inputs.
    eta : float, default 0.01
        Learning rate; inputs of large variance need a smaller one.
    momentum : float, default 0.9
        Share of the past in the moving mean of the updates, in [0, 1).
    clip : float, default 10
        Bound of every element of an update.
    steps : int, default 5
        Updates per batch, each with fresh responses.
    burst_steps : int, optional
        Time steps of the burst code of the neurons, see `quantise_bursts`; None for analogue ones.
    burst_scale : float, default 20
        Its range.
    dtype : dtype, default float32
        Precision.

    Attributes
    ----------
    rows : ndarray, shape (n_rows, n_inputs)
        Lateral weights ``H``, frozen rows first.
    velocity : ndarray, shape (n_rows - n_frozen, n_inputs)
        Moving mean of the updates of the plastic rows, times ``eta``.
    n_frozen : int
        Number of rows that no longer learn.

    References
    ----------
    Oja (1989), doi 10.1142/S0129065789000475; Xiao et al. (2024), Hebbian learning based orthogonal
    projection, ICLR, arXiv 2402.11984.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> learner = SubspaceLearner(3, eta=0.1).grow(1, rng)
    >>> for _ in range(200):
    ...     learner.learn(rng.normal(size=(32, 3)) * [0.1, 2.0, 0.1])
    >>> bool(abs(learner.rows[0, 1]) > 0.99)
    True
    >>> learner.freeze().project(np.eye(3, dtype=np.float32)).round(1).diagonal().tolist()
    [1.0, 0.0, 1.0]
    """

    def __init__(
        self,
        n_inputs: int,
        *,
        eta: float = 1e-2,
        momentum: float = 0.9,
        clip: float = 10.0,
        steps: int = 5,
        burst_steps: int | None = None,
        burst_scale: float = 20.0,
        dtype: npt.DTypeLike = np.float32,
    ) -> None:
        place = "SubspaceLearner"
        check_integer(f"{place}.n_inputs", n_inputs, minimum=1)
        self.eta = check_real(f"{place}.eta", eta, minimum=0)
        self.momentum = check_real(f"{place}.momentum", momentum, minimum=0, maximum=1)
        self.clip = check_real(f"{place}.clip", clip, minimum=0, exclusive=True)
        self.steps = check_integer(f"{place}.steps", steps, minimum=1)
        if burst_steps is not None:
            check_integer(f"{place}.burst_steps", burst_steps, minimum=1)
        self.burst_steps = burst_steps
        self.burst_scale = check_real(
            f"{place}.burst_scale", burst_scale, minimum=0, exclusive=True
        )
        try:
            dtype = np.dtype(dtype)
        except TypeError:
            raise TypeError(f"SubspaceLearner.dtype: must be a dtype, got {dtype!r}") from None
        self.rows: Array = np.zeros((0, n_inputs), dtype=dtype)
        self.velocity: Array = np.zeros((0, n_inputs), dtype=dtype)
        self.n_frozen = 0

    @property
    def n_inputs(self) -> int:
        """Number of inputs."""
        return int(self.rows.shape[1])

    @property
    def n_rows(self) -> int:
        """Number of subspace neurons, frozen ones included."""
        return int(self.rows.shape[0])

    def grow(self, n_rows: int, rng: np.random.Generator) -> SubspaceLearner:
        """Recruit neurons with weights that are orthonormal among themselves.

        Parameters
        ----------
        n_rows : int
            How many, at most ``n_inputs``; 0 changes nothing.
        rng : Generator
            Draws the weights.
        """
        check_integer("SubspaceLearner.grow.n_rows", n_rows, minimum=0, maximum=self.n_inputs)
        if n_rows:
            basis, triangle = np.linalg.qr(rng.normal(size=(self.n_inputs, n_rows)))
            fresh = (basis * np.sign(np.diag(triangle))).T.astype(self.rows.dtype)
            self.rows = np.concatenate([self.rows, fresh])
            self.velocity = np.concatenate([self.velocity, np.zeros_like(fresh)])
        return self

    def freeze(self) -> SubspaceLearner:
        """Let no present row learn any more; `project` uses them from now on."""
        self.n_frozen = self.n_rows
        self.velocity = self.velocity[:0]
        return self

    def respond(self, x: Array, rows: Array | None = None) -> Array:
        """Return the responses, shape (n, n_rows), of all neurons or those with the given rows."""
        y: Array = x @ (self.rows if rows is None else rows).T
        if self.burst_steps is None:
            return y
        return quantise_bursts(y, self.burst_steps, self.burst_scale)

    def project(self, x: Array) -> Array:
        """Return ``x - H^T H x`` with the frozen rows, shape (n, n_inputs)."""
        if self.n_frozen == 0:
            return x
        frozen = self.rows[: self.n_frozen]
        fed_back: Array = self.respond(x, frozen) @ frozen
        np.subtract(x, fed_back, out=fed_back)
        return fed_back

    def project_gradient(self, gradient: Array) -> Array:
        """Return a sum of outer products of inputs and anything, inputs projected as in `project`.

        For analogue neurons this equals the sum over projected inputs, and is cheaper when there
        are more samples than outputs.

        Parameters
        ----------
        gradient : ndarray, shape (n_inputs, n_outputs)
            The sum before the projection.

        Raises
        ------
        ValueError
            With burst-coded neurons, which are not linear.
        """
        if self.burst_steps is not None:
            raise ValueError(
                "SubspaceLearner.project_gradient: needs analogue neurons, got burst_steps "
                f"{self.burst_steps}"
            )
        frozen = self.rows[: self.n_frozen]
        projected: Array = gradient - frozen.T @ (frozen @ gradient)
        return projected

    def learn(self, x: Array, projected: Array | None = None) -> None:
        """Learn one batch.

        Parameters
        ----------
        x : ndarray, shape (n, n_inputs)
            The batch.
        projected : ndarray, shape (n, n_inputs), optional
            ``project(x)`` where it is known already.

        Notes
        -----
        With ``x'`` what the frozen rows leave of ``x`` and ``y`` the responses of the plastic rows
        ``P``, the mean of ``y (x' - P^T y)^T`` is computed as ``Y^T X' - (Y^T Y) P`` when that is
        less work.
        """
        plastic = self.rows[self.n_frozen :]
        if len(plastic) == 0 or len(x) == 0:
            return
        kind = self.rows.dtype.type
        x = np.ascontiguousarray(x, dtype=kind)
        rest = self.project(x) if projected is None else np.ascontiguousarray(projected, dtype=kind)
        # one factor for learning rate, momentum and mean: `velocity` has the unit of the weights
        factor = kind(self.eta * (1 - self.momentum) / len(x))
        limit, keep = self.clip * self.eta * (1 - self.momentum), kind(self.momentum)
        change = np.empty_like(plastic)
        (multiply,) = get_blas_funcs(("gemm",), (change,))
        for _ in range(self.steps):
            y = self.respond(x, plastic)
            scaled = y * factor
            if len(plastic) < len(x):
                np.dot(scaled.T, rest, out=change)
                # change -= (Y^T Y) P, in place; BLAS sees the transposes of row-major arrays
                multiply(-1, plastic.T, scaled.T @ y, 1, change.T, overwrite_c=1)
            else:
                unexplained = rest - y @ plastic
                np.dot(scaled.T, unexplained, out=change)
            np.clip(change, -limit, limit, out=change)
            self.velocity *= keep
            self.velocity += change
            plastic += self.velocity

    def residual_energy(self, second_moment: npt.ArrayLike) -> float:
        """Return the share of the energy of inputs that the neurons leave unexplained.

        Parameters
        ----------
        second_moment : array_like, shape (n_inputs, n_inputs)
            Uncentred second moment ``E[x x^T]``.

        Returns
        -------
        float
            ``E|x - H^T H x|^2 / E|x|^2`` with analogue responses of all rows.
        """
        moment = np.asarray(second_moment, dtype=np.float64)
        h = self.rows.astype(np.float64)
        left = np.eye(self.n_inputs) - h.T @ h
        return float(np.einsum("ij,jk,ik->", left, moment, left) / np.trace(moment))
