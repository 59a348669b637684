"""The learning rule: who is in the pool of an error, and how weights change.

Weights are in volts with presynaptic cells in rows: ``weights[j, i]`` goes from j to i. The local
update stands here twice: `PSPMRule` computes it from recorded spikes; `pool_rule` states it as
equations, so that its locality can be audited and the engine can run it. The tests compare the two.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.analysis.pairing import Pairing
from bioplastic.fields import check_params, checked
from bioplastic.models.pspm.network import PSPMParameters
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["PSPMRule", "clip_signs", "find_pool", "pool_rule"]

Weights = NDArray[np.float64]
_BLOCK = 10_000  # errors


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
    >>> weights, rule = np.ones((2, 2)), PSPMRule(PSPMParameters())
    >>> pairing = pair_spikes(own, wanted, 14)
    >>> rule.update(weights, own, pairing, np.ones(2), np.random.default_rng(0))
    >>> [(int(j), int(i)) for j, i in zip(*np.nonzero(weights != 1))]
    [(0, 1), (1, 0)]
    """

    parameters: PSPMParameters

    def __post_init__(self) -> None:
        check_params(self)

    def update(
        self,
        weights: Weights,
        spikes: NDArray[np.bool_],
        pairing: Pairing,
        signs: NDArray[np.float64],
        rng: np.random.Generator,
        *,
        control: Weights | None = None,
    ) -> None:
        """Change ``weights`` in place by all errors of one run of the network.

        First what every unpaired spike changes, surplus spikes before missing ones of a cell; the
        signs hold after every single change. Errors in the first ``pool_window`` are skipped, since
        their pool is not known. Then homeostasis.

        Parameters
        ----------
        weights : array, shape (n, n)
            In volts.
        spikes : array of bool, shape (n_steps, n)
            Spikes of the learning network.
        pairing : Pairing
            Its unpaired spikes (surplus) and those of the target (missing).
        signs : array, shape (n,)
            +1 for excitatory and -1 for inhibitory cells.
        rng : Generator
            Draws the amounts.
        control : array, shape (n, n), optional
            Weights that are changed by the same amounts, each on one of all synapses with equal
            probability. Those that meet on one synapse, of errors that have the same number in
            their cell, are summed before the sign is enforced.
        """
        lacking = float(self.parameters.rho) * (pairing.n_missing - pairing.n_surplus)
        n = len(signs)
        for place, amounts, rounds in self._local_changes(spikes, pairing, rng):
            _change(weights.reshape(-1), place, amounts, rounds, signs)
            if control is not None:
                anywhere = rng.integers(0, n * n, amounts.size)
                _change(control.reshape(-1), anywhere, amounts, rounds, signs)
        for matrix in (weights, control):
            if matrix is not None:
                matrix += lacking
                clip_signs(matrix, signs)

    def _local_changes(
        self, spikes: NDArray[np.bool_], pairing: Pairing, rng: np.random.Generator
    ) -> Iterator[tuple[Any, Any, Any]]:
        """Yield synapses and amounts in blocks, to bound memory, and where their rounds begin.

        A round holds the changes by the k-th error of every cell, hence never two on one synapse.
        """
        p = self.parameters
        if float(p.epsilon) == 0:
            return
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
            yield (
                pre * n + cell[begin:end][event],
                sign[begin:end][event] * float(p.epsilon) * units,
                np.append(np.searchsorted(event, starts), event.size),
            )


def _change(flat: Weights, place: Any, amounts: Any, rounds: Any, signs: Any) -> None:
    side = signs[place // len(signs)]
    for begin, end in itertools.pairwise(rounds):
        here = place[begin:end]
        np.add.at(flat, here, amounts[begin:end])
        flat[here] = _bounded(flat[here], side[begin:end])


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


# ---- as equations --------------------------------------------------------------------------------


@checked
def pool_rule(parameters: PSPMParameters | None = None) -> PlasticityRule:
    """Return the pool update of one kind of error as a plasticity rule.

    A presynaptic spike starts a trace that falls linearly to 0 over the pool window; a
    postsynaptic event is an error of that cell, and changes every synapse whose trace is above 0
    by ``direction`` (-1 for surplus, +1 for missing spikes) times a random amount. ``sign_pre`` is
    +1 for excitatory, -1 for inhibitory cells, and bounds their weights.

    Parameters
    ----------
    parameters : PSPMParameters, optional
        Constants; ``levels = 1`` makes every amount one ``epsilon``.

    Returns
    -------
    PlasticityRule
        Weights ``w`` in volts, without unit.

    Examples
    --------
    >>> str(pool_rule().audit()).splitlines()[0]
    'presynaptic-pool: local with modulator; online'
    """
    p = PSPMParameters() if parameters is None else parameters
    amount = "floor(levels*rand())" if p.levels > 1 else "1"
    return PlasticityRule(
        name="presynaptic-pool",
        pre="""
            drecent_pre/dt = -1/window : 1
            sign_pre : 1
        """,
        modulators="direction : 1 (shared)",
        on_pre="recent_pre = 1",
        on_post=f"""
            w = w + direction*epsilon*{amount}*int(recent_pre > margin)
            w = sign_pre*clip(sign_pre*w, 0, inf)
        """,
        parameters={
            "window": p.pool_steps * p.dt,
            "margin": 0.5 / p.pool_steps,
            "epsilon": float(p.epsilon),
            **({"levels": p.levels} if p.levels > 1 else {}),
        },
        initial={"recent_pre": -1.0},
        reference="Bagley et al. 2020",
    )
