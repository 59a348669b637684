"""Labels beside lines: apart, in order, and no further from home than needed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from bioplastic.plotting._labels import spread_apart


def test_positions_far_apart_stay():
    np.testing.assert_array_equal(spread_apart([5, 1, 9], 2, 0, 10), [5, 1, 9])


@pytest.mark.parametrize("seed", range(5))
def test_result_is_the_least_squares_answer(seed):
    wanted = np.sort(np.random.default_rng(seed).random(7) * 6)
    moved = spread_apart(wanted, 1.0, -100, 100)
    oracle = minimize(
        lambda x: ((x - wanted) ** 2).sum(),
        wanted.mean() + 1.5 * np.arange(-3, 4),
        constraints={"type": "ineq", "fun": lambda x: np.diff(x) - 1.0},
        method="SLSQP",
        options={"ftol": 1e-12, "maxiter": 500},
    )
    np.testing.assert_allclose(moved, oracle.x, atol=1e-4)


def test_limits_are_kept_when_there_is_room():
    moved = spread_apart([9.9, 9.8, 9.7, 0.0], 1.0, 0.0, 10.0)
    assert moved.min() >= 0
    assert moved.max() <= 10
    assert np.diff(np.sort(moved)).min() >= 1 - 1e-12
    assert moved[2] < moved[1] < moved[0]
