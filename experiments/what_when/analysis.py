"""From finished tasks to numbers: correlations, principal components, angles, recalibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.models.what_when import switch_trials

from .protocol import GRID

__all__ = [
    "Components",
    "find_components",
    "flatten_weights",
    "measure_angles",
    "measure_switch",
    "null_correlation",
]

Arrays = Mapping[str, NDArray[Any]]
Components = dict[str, NDArray[np.float64]]


def flatten_weights(theta: NDArray[Any], scales: Sequence[float]) -> NDArray[np.float64]:
    """Return identity and timing weights as one vector, each block divided by its scale.

    Parameters
    ----------
    theta : array, shape (..., 2, n_cells, n_channels)
        Weights.
    scales : sequence of float
        Of the two blocks.
    """
    lead = theta.shape[:-3]
    blocks = [theta[..., k, :, :].reshape(*lead, -1) / scales[k] for k in range(2)]
    return np.concatenate(blocks, axis=-1).astype(np.float64)


def find_components(theta: NDArray[Any], *, normalised: bool) -> Components:
    """Return principal components over the conditions of the grid.

    Parameters
    ----------
    theta : array, shape (9, 2, n_cells, n_channels)
        Weights of every condition.
    normalised : bool
        Divide each block by its Frobenius norm over the centred conditions, so that the larger
        timing block does not hide the other.

    Returns
    -------
    dict
        ``scores`` (9, 3), ``directions`` (3, n), ``mean`` (n,), ``scales`` (2,), ``share`` (3,) of
        the variance, and ``correlation`` (3, 2) with probability and latency.
    """
    centred = theta - theta.mean(axis=0)
    norms = np.sqrt(np.square(centred).sum(axis=(0, 2, 3)))
    scales = norms if normalised else np.ones(2)
    vectors = flatten_weights(theta, scales)
    mean = vectors.mean(axis=0)
    left, values, directions = np.linalg.svd(vectors - mean, full_matrices=False)
    scores = left[:, :3] * values[:3]
    conditions = np.array(GRID, dtype=np.float64)
    correlation = np.array(
        [[np.corrcoef(score, column)[0, 1] for column in conditions.T] for score in scores.T]
    )
    for k, column in enumerate((0, 1, 0)):  # signs of components are arbitrary
        if correlation[k, column] < 0:
            scores[:, k], directions[k], correlation[k] = (
                -scores[:, k], -directions[k], -correlation[k],
            )  # fmt: skip
    return {
        "scores": scores,
        "directions": directions[:3],
        "mean": mean,
        "scales": np.asarray(scales, dtype=np.float64),
        "share": values[:3] ** 2 / np.square(values).sum(),
        "correlation": correlation,
    }


def measure_angles(theta: NDArray[Any], seed: int, *, n_samples: int = 200) -> Components:
    """Return principal angles of the grid with those expected by chance, in degrees.

    Returns
    -------
    dict
        For ``p80`` and ``p50`` (identity against timing weights at one condition) and ``change``
        (differences by probability at three latencies against differences by latency at p(A) = 0.5,
        which share no condition): the angles, ``_null`` of random subspaces, shape (n_samples, k),
        and ``_permuted`` of the same weights with the cells of one side permuted.
    """
    at = {condition: theta[k].astype(np.float64) for k, condition in enumerate(GRID)}
    pairs = {
        "p80": (at[0.8, 300][0], at[0.8, 300][1]),
        "p50": (at[0.5, 300][0], at[0.5, 300][1]),
        "change": (
            np.stack([(at[0.8, t] - at[0.2, t]).reshape(-1) for t in (200, 300, 400)], axis=1),
            np.stack([(at[0.5, t + 100] - at[0.5, t]).reshape(-1) for t in (200, 300)], axis=1),
        ),
    }
    rng = np.random.default_rng([seed, 17])
    found: Components = {}
    for name, (first, second) in pairs.items():
        cosines = _cosines(first, second)
        null = [_cosines(first, rng.standard_normal(second.shape)) for _ in range(n_samples)]
        permuted = [_cosines(first, second[rng.permutation(len(second))]) for _ in range(n_samples)]
        for suffix, values in (("", cosines), ("_null", null), ("_permuted", permuted)):
            found[f"{name}{suffix}"] = np.degrees(np.arccos(np.asarray(values)))
        overlap, chance = np.square(cosines).mean(), np.square(null).mean(axis=1)
        for suffix, count in (
            ("aligned", np.count_nonzero(chance >= overlap)),
            ("orthogonal", np.count_nonzero(chance <= overlap)),
        ):
            found[f"{name}_p_{suffix}"] = np.array((1 + count) / (1 + n_samples))
    return found


def _cosines(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """Return the cosines of the principal angles, largest first."""
    one, _ = np.linalg.qr(first)
    two, _ = np.linalg.qr(second)
    return np.asarray(np.clip(np.linalg.svd(one.T @ two, compute_uv=False), 0.0, 1.0))


def measure_switch(task: Arrays, tests: NDArray[Any], name: str, part: int) -> dict[str, float]:
    """Return how the error of one block follows a switch.

    ``limit`` in the names is 150 % of the error before the switch; ``within_tenth`` 110 % of it.
    Trials that never reach it count as one more than the block has.
    """
    key = f"{name}{part}"
    before = task["first_error"] if part == 0 else task[f"{name}{part - 1}_error"]
    reference, errors = float(before[-1]), np.asarray(task[f"{key}_error"])
    never = float(tests[-1] + 1)
    late = errors[tests >= tests[-1] // 2]
    amplitude = np.asarray(task[f"{key}_amplitude"])
    rise = amplitude - amplitude[-1]
    direction = np.sign(amplitude[-1] - amplitude[0])
    return {
        "error_before": reference,
        "error_after": float(task[f"{key}_start"]),
        "error_end": float(errors[-1]),
        "reached_limit": float(errors.min() <= 1.5 * reference),
        "best_over_before": float(errors.min() / reference),
        "end_over_before": float(errors[-1] / reference),
        "trials_to_limit": min(switch_trials(tests, errors, 1.5 * reference), never),
        "trials_within_tenth": min(switch_trials(tests, errors, 1.1 * reference), never),
        "overshoot": float(np.max(rise * direction).clip(0)),
        "drift_per_trial": float(np.polyfit(tests[-len(late) :], late, 1)[0])
        if len(late) > 1
        else 0.0,
    }


def null_correlation(levels: NDArray[Any], seed: int, *, n_samples: int = 2000) -> float:
    """Return the 95th percentile of |r| between the levels and a random order of them."""
    rng = np.random.default_rng([seed, 18])
    found = [abs(np.corrcoef(levels, rng.permutation(levels))[0, 1]) for _ in range(n_samples)]
    return float(np.percentile(found, 95))
