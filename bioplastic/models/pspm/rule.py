"""The learning rule: who is in the pool of an error, and how weights change.

Weights are in volts with presynaptic cells in rows: ``weights[j, i]`` goes from j to i.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis.pairing import Pairing
from bioplastic.fields import check_params
from bioplastic.models.pspm.parameters import PSPMParameters

__all__ = ["LocalChanges", "PSPMRule", "clip_signs", "find_pool"]

Weights = NDArray[np.float64]
_BLOCK = 10_000  # errors


@dataclass(frozen=True, eq=False)
class LocalChanges:
    """Local changes, in the order in which they act on a synapse.

    Attributes
    ----------
    pre, post : array of int, shape (n_changes,)
        The synapse of each change.
    amounts : array of float, shape (n_changes,)
        Volts, with sign.
    rounds : array of int, shape (n_rounds + 1,)
        Round k holds the changes ``rounds[k]`` to ``rounds[k+1]``: those of the k-th error of
        every postsynaptic cell, hence never two on one synapse.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    amounts: NDArray[np.float64]
    rounds: NDArray[np.int64]


@dataclass(frozen=True)
class PSPMRule:
    """Presynaptic pool modification with homeostasis and fixed signs.

    A surplus spike of a cell weakens the synapses from its pool, the presynaptic cells that fired
    in the ``pool_window`` before it, each by a random amount; a missing spike adds such amounts.
    Homeostasis adds to every synapse of the network a step in proportion to the missing spikes of
    all cells. Excitatory weights stay at or above zero, inhibitory at or below. A local change
    needs the spikes of the presynaptic cell and an error signal at the postsynaptic cell; the
    homeostatic step needs one number that is broadcast to all cells.

    Parameters
    ----------
    parameters : PSPMParameters
        Constants; ``epsilon = 0`` leaves homeostasis alone, ``rho = 0`` the local changes.

    References
    ----------
    Bagley, Bordelon, Moseley & Wessel (2020), doi 10.1371/journal.pone.0229083.

    Examples
    --------
    >>> from bioplastic.analysis.pairing import pair_spikes
    >>> own, wanted = np.zeros((40, 2), bool), np.zeros((40, 2), bool)
    >>> own[20, 1] = wanted[30, 0] = own[5, 0] = wanted[5, 0] = True
    >>> rule = PSPMRule(PSPMParameters())
    >>> pairing = pair_spikes(own, wanted, 14)
    >>> (changes,) = rule.local_changes(own, pairing, np.random.default_rng(0))
    >>> [(int(j), int(i)) for j, i in zip(changes.pre, changes.post)]
    [(1, 0), (0, 1)]
    """

    parameters: PSPMParameters

    def __post_init__(self) -> None:
        check_params(self)

    def local_changes(
        self, spikes: NDArray[np.bool_], pairing: Pairing, rng: np.random.Generator
    ) -> Iterator[LocalChanges]:
        """Yield what every unpaired spike changes: surplus spikes first, then missing ones.

        The changes come in blocks of whole rounds, to bound memory.

        Errors in the first ``pool_window`` are skipped, since their pool is not known.

        Parameters
        ----------
        spikes : array of bool, shape (n_steps, n)
            Spikes of the learning network.
        pairing : Pairing
            Its unpaired spikes (surplus) and those of the target (missing).
        rng : Generator
            Draws the amounts.
        """
        p = self.parameters
        step, cell, sign = _order_errors(pairing, p.pool_steps)
        number = np.arange(cell.size) - np.searchsorted(cell, cell)  # among the errors of a cell
        order = np.argsort(number, kind="stable")
        step, cell, sign, number = step[order], cell[order], sign[order], number[order]
        first = np.flatnonzero(np.diff(number, prepend=-1))  # first error of every round
        pool, n, end = find_pool(spikes, p.pool_steps), spikes.shape[1], 0
        while end < number.size:
            begin = end
            later = first[first > begin + _BLOCK]
            end = int(later[0]) if later.size else number.size
            event, pre = np.divmod(np.flatnonzero(pool[step[begin:end]]), n)
            units = rng.integers(0, p.levels, event.size, dtype=np.uint8)
            starts = first[(first >= begin) & (first < end)] - begin
            yield LocalChanges(
                pre=pre,
                post=cell[begin:end][event],
                amounts=np.asarray(
                    sign[begin:end][event] * float(p.epsilon) * units, dtype=np.float64
                ),
                rounds=np.append(np.searchsorted(event, starts), event.size),
            )

    def apply(self, weights: Weights, changes: LocalChanges, signs: NDArray[np.float64]) -> None:
        """Change ``weights`` in place; the signs hold after every single change.

        Parameters
        ----------
        weights : array, shape (n, n)
            In volts.
        changes : LocalChanges
            What to add.
        signs : array, shape (n,)
            +1 for excitatory and -1 for inhibitory cells.
        """
        flat, n = weights.reshape(-1), weights.shape[1]
        place, side = changes.pre * n + changes.post, signs[changes.pre]
        for begin, end in zip(changes.rounds[:-1], changes.rounds[1:], strict=True):
            here = place[begin:end]
            flat[here] = _bounded(flat[here] + changes.amounts[begin:end], side[begin:end])

    def apply_elsewhere(
        self,
        weights: Weights,
        changes: LocalChanges,
        signs: NDArray[np.float64],
        rng: np.random.Generator,
    ) -> None:
        """Change ``weights`` in place by the same amounts on synapses drawn at random.

        This is the control: each change falls on one of all synapses with equal probability. The
        few changes of a round that meet on one synapse are summed before the sign is enforced.
        """
        flat, n = weights.reshape(-1), weights.shape[1]
        places = rng.integers(0, flat.size, changes.amounts.size)
        side = signs[places // n]
        for begin, end in zip(changes.rounds[:-1], changes.rounds[1:], strict=True):
            here = places[begin:end]
            np.add.at(flat, here, changes.amounts[begin:end])
            flat[here] = _bounded(flat[here], side[begin:end])

    def homeostasis(self, weights: Weights, n_lacking: int, signs: NDArray[np.float64]) -> None:
        """Add ``rho`` times the spikes that the network lacks to every weight, in place.

        Parameters
        ----------
        weights : array, shape (n, n)
            In volts.
        n_lacking : int
            Target spikes minus own spikes, of all cells.
        signs : array, shape (n,)
            As for `apply`.
        """
        weights += float(self.parameters.rho) * n_lacking
        clip_signs(weights, signs)


def clip_signs(weights: Weights, signs: NDArray[np.float64]) -> None:
    """Set weights of the wrong sign to zero, in place; ``signs`` are those of the rows.

    Examples
    --------
    >>> weights = np.array([[1.0, -1.0], [1.0, -1.0]])
    >>> clip_signs(weights, np.array([1.0, -1.0]))
    >>> weights + 0.0
    array([[ 1.,  0.],
           [ 0., -1.]])
    """
    weights[...] = _bounded(weights, signs[:, None])


def find_pool(spikes: NDArray[np.bool_], window: int) -> NDArray[np.bool_]:
    """Return who fired at least once in the ``window`` steps before each step.

    Examples
    --------
    >>> find_pool(np.array([[1], [0], [0], [0]], dtype=bool), 2).ravel().astype(int)
    array([0, 1, 1, 0])
    """
    pool = np.zeros_like(spikes)
    pool[1:] = spikes[:-1]
    width = 1
    while width < window:
        step = min(width, window - width)
        pool[step:] |= pool[:-step].copy()
        width += step
    return pool


def _bounded(values: NDArray[np.float64], signs: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(signs * np.maximum(signs * values, 0.0))


def _order_errors(
    pairing: Pairing, first: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return step, cell and sign of all errors from a step on, cell by cell, surplus first."""
    parts = []
    for mask, sign in ((pairing.surplus, -1), (pairing.missing, 1)):
        step, cell = np.divmod(np.flatnonzero(mask[first:]), mask.shape[1])
        parts.append((step + first, cell, np.full(step.size, sign)))
    steps, cells, signs = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    order = np.argsort(cells, kind="stable")
    return steps[order], cells[order], signs[order]
