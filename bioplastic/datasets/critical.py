"""Spikes of a network at its critical point, whose avalanches follow power laws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bioplastic.fields import checked, param
from bioplastic.validation import check_integer

__all__ = ["integrate_and_fire_spikes"]


@checked(
    n=param(minimum=1),
    n_steps=param(minimum=1),
    largest_eigenvalue=param(minimum=0),
    connectivity=param(maximum=1, positive=True),
    external=param(minimum=0, maximum=1),
)
def integrate_and_fire_spikes(
    n: int = 500,
    n_steps: int = 10_000,
    *,
    largest_eigenvalue: float = 1.0,
    connectivity: float = 0.02,
    external: float = 3e-5,
    seed: int | np.random.SeedSequence = 0,
) -> NDArray[np.bool_]:
    """Return spikes of a network of probabilistic integrate-and-fire cells (PIF).

    A cell fires with probability ``min(1, external + sum_j p_ij s_j)``, where the sum goes over
    the cells that fired in the step before. At ``largest_eigenvalue = 1`` of the matrix ``p`` the
    network is critical: its avalanches have sizes and durations that follow power laws.

    Parameters
    ----------
    n : int, default 500
        Number of cells.
    n_steps : int, default 10000
        Length in time steps.
    largest_eigenvalue : float, default 1
        The control parameter.
    connectivity : float, default 0.02
        Probability of a connection; probabilities of transmission are uniform up to a maximum.
    external : float, default 3e-5
        Probability per step of a spike without any input.
    seed : int or SeedSequence, default 0
        Fixes everything.

    Returns
    -------
    array of bool, shape (n_steps, n)

    References
    ----------
    Karimipanah, Ma & Wessel (2016), arXiv 1610.01217; Larremore et al. (2011),
    doi 10.1103/PhysRevLett.106.058101. Connectivity and drive are our choice.

    Examples
    --------
    >>> integrate_and_fire_spikes(20, 100, connectivity=0.5, external=0.01).shape
    (100, 20)
    """
    place = "integrate_and_fire_spikes"
    if not isinstance(seed, np.random.SeedSequence):
        check_integer(f"{place}.seed", seed, minimum=0)
    rng = np.random.default_rng(seed)
    transfer = rng.random((n, n)) * (rng.random((n, n)) < connectivity)
    radius = float(np.abs(np.linalg.eigvals(transfer)).max())
    if radius == 0:
        raise ValueError(f"{place}.connectivity: too small, no loop among {n} cells")
    transfer *= largest_eigenvalue / radius
    spikes = np.zeros((n_steps, n), dtype=bool)
    firing = np.zeros(0, dtype=np.int64)
    for row in spikes:
        row[:] = rng.random(n) < external + transfer[firing].sum(axis=0)
        firing = np.flatnonzero(row)
    return spikes
