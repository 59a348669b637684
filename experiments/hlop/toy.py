"""Two subspaces of synthetic data, learned one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from bioplastic.plasticity import SubspaceLearner

__all__ = ["measure_toy"]

_N, _K, _BATCHES, _EVERY = 200, 20, 938, 14


def measure_toy(seeds: range) -> tuple[dict[str, float], dict[str, Any]]:
    """Learn 20 of 200 directions whose amplitudes fall as exp(-i/15), for two tasks.

    Returns
    -------
    metrics : dict
        Means over seeds of residual energies, orthonormality, and the change of the frozen rows.
    arrays : dict
        Residual energy over batches, of shape ``(n_seeds, 2, n)``.
    """
    power = np.exp(-2 * np.arange(_N) / 15)
    curves = np.zeros((len(seeds), 2, 1 + _BATCHES // _EVERY))
    orthonormality, moved = [], []
    for number, seed in enumerate(seeds):
        rng = np.random.default_rng([seed, 9])
        learner = SubspaceLearner(_N)
        kept = learner.rows
        for task in range(2):
            learner.grow(_K, rng)
            basis = np.linalg.qr(rng.normal(size=(_N, _N)))[0] * np.sqrt(power)
            moment = basis @ basis.T
            curves[number, task, 0] = learner.residual_energy(moment)
            for batch in range(1, _BATCHES + 1):
                learner.learn((rng.normal(size=(64, _N)) @ basis.T).astype(np.float32))
                if batch % _EVERY == 0:
                    curves[number, task, batch // _EVERY] = learner.residual_energy(moment)
            if task == 0:
                gram = learner.rows @ learner.rows.T
                orthonormality.append(np.abs(gram - np.eye(_K)).max())
                kept = learner.freeze().rows.copy()
        moved.append(np.abs(learner.rows[:_K] - kept).max())
    metrics = {
        "toy_residual_task_1": float(curves[:, 0, -1].mean()),
        "toy_residual_task_2": float(curves[:, 1, -1].mean()),
        "toy_residual_optimum": float(power[_K:].sum() / power.sum()),
        "toy_orthonormality": float(np.max(orthonormality)),
        "toy_change_of_old_rows": float(np.max(moved)),
    }
    arrays = {
        "toy_residual": curves,
        "toy_batches": np.arange(curves.shape[2]) * _EVERY,
        "toy_optimum": np.array(metrics["toy_residual_optimum"]),
    }
    return metrics, arrays
