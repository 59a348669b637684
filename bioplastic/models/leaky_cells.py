"""Cells with fixed random weights, in plain steps, whose thresholds keep a rate."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.fields import checked, param

__all__ = ["balance_thresholds", "leaky_spikes"]


@checked(leak=param(minimum=0, maximum=1), n_steps=param(minimum=1))
def leaky_spikes(
    current: ArrayLike, threshold: ArrayLike, *, leak: float = 0.5, n_steps: int | None = None
) -> NDArray[np.bool_]:
    """Return the spikes of cells ``u <- leak u + I``, which lose the threshold when they fire.

    Parameters
    ----------
    current : array_like, shape (n_samples, n_steps, n_cells)
        Input of every step, in any unit. Of one step only, it stays.
    threshold : array_like, shape () or (n_cells,)
        Above which a cell fires, in the same unit.
    leak : float, default 0.5
        What a step leaves of the membrane.
    n_steps : int, optional
        Steps; as many as the current has by default.

    Returns
    -------
    ndarray of bool, shape (n_samples, n_steps, n_cells)

    Examples
    --------
    >>> leaky_spikes([[[0.8]]], 1.0, n_steps=3).ravel()    # u = 0.8, 1.2, 0.9
    array([False,  True, False])
    """
    given = np.asarray(current, dtype=float)
    if given.ndim != 3:
        raise ValueError(
            f"leaky_spikes.current: must be (n_samples, n_steps, n_cells), got shape {given.shape}"
        )
    steps = given.shape[1] if n_steps is None else n_steps
    if given.shape[1] not in (1, steps):
        raise ValueError(
            f"leaky_spikes.current: must have 1 or {steps} steps, got {given.shape[1]}"
        )
    u = np.zeros((len(given), given.shape[2]))
    fired = np.empty((len(given), steps, given.shape[2]), dtype=bool)
    for step in range(steps):
        u = leak * u + given[:, step % given.shape[1]]
        fired[:, step] = u > threshold
        u -= fired[:, step] * np.asarray(threshold)
    return fired


def balance_thresholds(
    current: NDArray[Any],
    rate: float,
    rng: np.random.Generator,
    *,
    shared: bool = False,
    batches: int = 150,
    batch: int = 64,
    **cells: Any,
) -> NDArray[np.float64]:
    """Return thresholds at which every cell fires at a rate: intrinsic plasticity.

    After each batch ``th_i += eta sd_i (p_i - rate)``, with the share ``p_i`` of steps in which the
    cell fired and the deviation ``sd_i`` of its current; eta is 0.3, in the second half 0.09. With
    a rate of one half this climbs the entropy of the spikes.

    Parameters
    ----------
    current : array, shape (n_samples, n_steps, n_cells)
        See `leaky_spikes`.
    rate : float
        Spikes per step that are wanted.
    rng : Generator
        Draws the batches.
    shared : bool, default False
        One threshold for all cells, whose mean rate is kept.
    batches, batch : int, default 150 and 64
        How long.
    **cells
        As for `leaky_spikes`.

    Returns
    -------
    ndarray, shape (n_cells,)

    References
    ----------
    Guo et al. (2022), IM-Loss, NeurIPS: maximise the entropy of spikes, there for a whole layer.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> current = rng.normal(size=(500, 1, 3)) * [1, 2, 4]
    >>> th = balance_thresholds(current, 0.2, rng, n_steps=2)
    >>> bool(np.all(abs(leaky_spikes(current, th, n_steps=2).mean(axis=(0, 1)) - 0.2) < 0.03))
    True
    """
    spread = current.std(axis=(0, 1))
    spread = np.full_like(spread, spread.mean()) if shared else spread
    threshold: NDArray[np.float64] = spread.copy()
    for k in range(batches):
        some = current[rng.integers(len(current), size=batch)]
        fired = leaky_spikes(some, threshold, **cells).mean(axis=(0, 1))
        eta = 0.3 if k < batches // 2 else 0.09
        threshold += eta * spread * ((fired.mean() if shared else fired) - rate)
    return threshold
