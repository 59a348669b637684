"""What the network is asked to learn: reference and naive weights, input current, PIF trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Quantity, nA
from numpy.typing import NDArray

from bioplastic.fields import checked
from bioplastic.models.pspm.rule import clip_signs
from bioplastic.validation import check_choice, check_integer, check_quantity, check_real

__all__ = [
    "CONDITIONS",
    "Task",
    "draw_current",
    "draw_signs",
    "draw_task",
    "draw_weights",
    "integrate_and_fire_spikes",
]

CONDITIONS = ("uniform", "gaussian", "sparse", "half_max")
"""How the weights of reference and naive network are drawn; see `draw_task`."""

_LAWS = ("uniform", "gaussian")


@dataclass(frozen=True, eq=False)
class Task:
    """A reference network to be imitated, and the network that learning starts from.

    Attributes
    ----------
    reference, naive : array, shape (n, n)
        Weights in volts, presynaptic cells in rows.
    signs : array, shape (n,)
        +1 for excitatory, -1 for inhibitory cells; the same in both networks.
    current : Quantity, shape (n_steps, n)
        The input current, the same for all networks and iterations.
    """

    reference: NDArray[np.float64]
    naive: NDArray[np.float64]
    signs: NDArray[np.float64]
    current: Quantity


@checked
def draw_task(
    condition: str = "uniform",
    *,
    n: int = 400,
    n_steps: int = 5000,
    inhibitory: float = 0.2,
    seed: int | np.random.SeedSequence = 0,
) -> Task:
    """Draw one trial of an experiment of Bagley et al. (2020).

    Weights go with ``400/n``, so that small networks are driven as much as the published one.

    Parameters
    ----------
    condition : {'uniform', 'gaussian', 'sparse', 'half_max'}
        Law of the weights, independent for reference and naive network. ``'uniform'``: from 0 to
        1.5 mV. ``'gaussian'``: mean and deviation 0.4 mV, negative draws set to zero (the law of
        the avalanche experiment; that of the paper is not known). ``'sparse'``: as uniform, half of
        the weights of the reference zero. ``'half_max'``: as uniform, the naive weights up to half.
    n : int, default 400
        Number of cells.
    n_steps : int, default 5000
        Length in time steps.
    inhibitory : float, default 0.2
        Fraction of inhibitory cells.
    seed : int or SeedSequence, default 0
        Fixes everything.

    Examples
    --------
    >>> task = draw_task("half_max", n=10, n_steps=20)
    >>> int((task.signs < 0).sum()), bool(abs(task.reference).max() > 1.9 * abs(task.naive).max())
    (2, True)
    """
    check_choice("draw_task.condition", condition, CONDITIONS)
    n = check_integer("draw_task.n", n, minimum=1)
    fraction = check_real("draw_task.inhibitory", inhibitory, minimum=0, maximum=1)
    rng = _make_generator("draw_task.seed", seed)
    signs = draw_signs(rng, n, fraction)
    law = "gaussian" if condition == "gaussian" else "uniform"
    reference = draw_weights(rng, n, law, signs)
    naive = draw_weights(rng, n, law, signs)
    if condition == "sparse":
        reference.flat[rng.permutation(n * n)[: n * n // 2]] = 0.0
    if condition == "half_max":
        naive *= 0.5
    return Task(reference, naive, signs, draw_current(rng, n, n_steps))


def _make_generator(place: str, seed: int | np.random.SeedSequence) -> np.random.Generator:
    if not isinstance(seed, np.random.SeedSequence):
        check_integer(place, seed, minimum=0)
    return np.random.default_rng(seed)


def draw_signs(rng: np.random.Generator, n: int, inhibitory: float) -> NDArray[np.float64]:
    """Return -1 for a fraction of the cells, drawn at random, +1 for the others."""
    signs = np.ones(n)
    signs[rng.permutation(n)[: round(inhibitory * n)]] = -1.0
    return signs


def draw_weights(
    rng: np.random.Generator, n: int, law: str, signs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return weights in volts, shape (n, n): see `draw_task` for the laws."""
    check_choice("draw_weights.law", law, _LAWS)
    if law == "uniform":
        size = 1.5e-6 * rng.integers(0, 1000, (n, n))
    else:
        size = np.maximum(rng.normal(0.4e-3, 0.4e-3, (n, n)), 0.0)
    weights = (400 / n) * size * signs[:, None]
    clip_signs(weights, signs)  # no negative zeros
    return weights


@checked
def draw_current(
    rng: np.random.Generator,
    n: int,
    n_steps: int,
    *,
    mean: Quantity = 0.25 * nA,
    deviation: Quantity = 0.1 * nA,
) -> Quantity:
    """Return an input current, shape (n_steps, n), normal and independent at every step and cell.

    Examples
    --------
    >>> draw_current(np.random.default_rng(0), 2, 3).shape
    (3, 2)
    """
    check_quantity("draw_current.mean", mean, nA)
    check_quantity("draw_current.deviation", deviation, nA, non_negative=True)
    n = check_integer("draw_current.n", n, minimum=1)
    n_steps = check_integer("draw_current.n_steps", n_steps, minimum=1)
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"draw_current.rng: must be a random generator, got {rng!r}")
    noise: Any = rng.standard_normal((n_steps, n))
    return mean + deviation * noise


@checked
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
    check_integer(f"{place}.n", n, minimum=1)
    check_integer(f"{place}.n_steps", n_steps, minimum=1)
    check_real(f"{place}.largest_eigenvalue", largest_eigenvalue, minimum=0)
    check_real(f"{place}.connectivity", connectivity, minimum=0, maximum=1, exclusive=True)
    check_real(f"{place}.external", external, minimum=0, maximum=1)
    rng = _make_generator("integrate_and_fire_spikes.seed", seed)
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
