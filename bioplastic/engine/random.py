"""The counter-based random numbers of the compiled programs, in numpy.

The n-th draw of a stream is a hash of (key, n) (the finaliser of SplitMix64; Steele, Lea & Flood
2014), keys are derived from the seed, the trial, the source and the cell. So Poisson sources emit
the same spikes on both targets, and a run cut into several calls continues where it was.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "bernoulli_spikes",
    "derive_key",
    "hash_key",
    "normal_frame",
    "seed_key",
    "split_by_step",
    "uniform",
]

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_SPREAD = 0xD1342543DE82EF95


def _mix(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _hash(values: Any) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        mixed: NDArray[np.uint64] = _mix(np.atleast_1d(np.asarray(values, dtype=np.uint64)))
    return mixed


def seed_key(seed: int) -> int:
    """Return the root key of a seed.

    The factor keeps seeds apart from the numbers of trials, which are hashed in the same way:
    without it, trial 1 of seed 2 would draw what trial 2 of seed 1 draws.
    """
    return int(_hash((seed * _SPREAD + _GAMMA) & _MASK)[0])


def hash_key(key: int) -> int:
    """Return the hash of a key."""
    return int(_hash(key)[0])


def derive_key(key: int, child: int | NDArray[Any]) -> NDArray[np.uint64]:
    """Return the keys of numbered children of a key."""
    with np.errstate(over="ignore"):
        children = np.atleast_1d(np.asarray(child, dtype=np.uint64)) + np.uint64(_GAMMA)
        return _hash(np.uint64(key) ^ _hash(children))


def uniform(keys: NDArray[np.uint64], n: NDArray[Any]) -> NDArray[np.float64]:
    """Return the ``n``-th draw (from 1) of every stream, uniform on (0, 1)."""
    with np.errstate(over="ignore"):
        bits = _hash(keys + np.uint64(_GAMMA) * n.astype(np.uint64))
    return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal_frame(n: int, key: int) -> NDArray[np.float64]:
    """Return ``n`` independent standard normal numbers of a key.

    Examples
    --------
    >>> numbers = normal_frame(1000, 7)
    >>> bool(abs(numbers.mean()) < 0.1), bool(abs(numbers.std() - 1) < 0.1)
    (True, True)
    """
    half = (n + 1) // 2
    with np.errstate(over="ignore"):
        bits = _hash(np.uint64(key) + np.uint64(_GAMMA) * np.arange(1, half + 1, dtype=np.uint64))
    first = ((bits >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32
    turn = (bits & np.uint64(0xFFFFFFFF)).astype(np.float64) * (2 * np.pi * 2.0**-32)
    radius = np.sqrt(-2 * np.log(first))
    return np.concatenate([radius * np.cos(turn), radius[: n - half] * np.sin(turn[: n - half])])


def bernoulli_spikes(
    probability: NDArray[Any], key: int, first: int, last: int, dead_steps: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Draw spikes of independent cells that fire with a probability per step.

    Parameters
    ----------
    probability : array, shape (n,)
        Probability per step, below 1.
    key : int
        Key of the source in this trial.
    first, last : int
        Window in steps, ``last`` excluded.
    dead_steps : int
        Steps after a spike in which a cell cannot fire.

    Returns
    -------
    steps, cells : array of int32
        Sorted by step, then cell.

    Examples
    --------
    >>> steps, cells = bernoulli_spikes(np.array([0.0, 0.5]), 7, 0, 100, 1)
    >>> bool(np.all(cells == 1)), bool(np.all(np.diff(steps) > 1))
    (True, True)
    """
    active = np.flatnonzero(probability > 0)
    keys = derive_key(key, active)
    scale = 1.0 / np.log1p(-probability[active].astype(np.float64))
    step = np.full(active.size, first - 1, dtype=np.int64)
    draw = np.zeros(active.size, dtype=np.int64)
    all_steps, all_cells = [], []
    while active.size:
        draw += 1
        wait = np.log(uniform(keys, draw)) * scale
        keep = wait < last - step - 1
        active, keys, scale = active[keep], keys[keep], scale[keep]
        step, draw, wait = step[keep], draw[keep], wait[keep]
        step = step + 1 + wait.astype(np.int64)
        all_steps.append(step.copy())
        all_cells.append(active.copy())
        step = step + dead_steps
        keep = step < last
        active, keys, scale = active[keep], keys[keep], scale[keep]
        step, draw = step[keep], draw[keep]
    if not all_steps:
        return np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32)
    steps, cells = np.concatenate(all_steps), np.concatenate(all_cells)
    order = np.lexsort((cells, steps))
    return steps[order].astype(np.int32), cells[order].astype(np.int32)


def split_by_step(
    steps: NDArray[np.int32], cells: NDArray[np.int32]
) -> dict[int, NDArray[np.int32]]:
    """Return the cells that spike in each step; the spikes are sorted by step."""
    if steps.size == 0:
        return {}
    cuts = np.flatnonzero(np.diff(steps)) + 1
    groups = np.split(cells, cuts)
    return {int(steps[k]): group for k, group in zip([0, *cuts], groups, strict=True)}
