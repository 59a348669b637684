"""The vectorised alignment against every possible alignment and a plain table."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from bioplastic.analysis import pairing
from bioplastic.analysis.pairing import pair_spikes, raster_times


def make_raster(trains: list[list[int]], n_steps: int) -> np.ndarray:
    raster = np.zeros((n_steps, len(trains)), dtype=bool)
    for cell, train in enumerate(trains):
        raster[train, cell] = True
    return raster


def best_cost(one: tuple[int, ...], two: tuple[int, ...], window: int) -> int:
    """The smallest cost over all order-preserving pairings, by trying every one."""

    @functools.cache
    def search(i: int, j: int) -> int:
        if i == len(one) or j == len(two):
            return (window + 1) * (len(one) - i + len(two) - j)
        options = [search(i + 1, j) + window + 1]  # one[i] stays alone
        for k in range(j, len(two)):  # or it is paired with any later spike
            if abs(one[i] - two[k]) <= window:
                alone = (window + 1) * (k - j)
                options.append(search(i + 1, k + 1) + alone + abs(one[i] - two[k]))
        return min(options)

    return search(0, 0)


def align_plainly(
    one: np.ndarray, two: np.ndarray, window: int
) -> tuple[list[int], list[int], int]:
    """The textbook table with the tie rule of the docstring; returns the unpaired spikes."""
    alone = window + 1
    cost = np.add.outer(np.arange(len(one) + 1), np.arange(len(two) + 1)) * alone

    def pair(i: int, j: int) -> int:
        distance = abs(int(one[i - 1]) - int(two[j - 1]))
        return int(cost[i - 1, j - 1]) + (distance if distance <= window else 3 * alone)

    for i in range(1, len(one) + 1):
        for j in range(1, len(two) + 1):
            cost[i, j] = min(pair(i, j), cost[i - 1, j] + alone, cost[i, j - 1] + alone)
    i, j, surplus, missing = len(one), len(two), [], []
    while i or j:
        if i and j and cost[i, j] == pair(i, j):
            i, j = i - 1, j - 1
        elif i and cost[i, j] == cost[i - 1, j] + alone:
            i -= 1
            surplus.append(int(one[i]))
        else:
            j -= 1
            missing.append(int(two[j]))
    return surplus[::-1], missing[::-1], int(cost[-1, -1])


@pytest.mark.parametrize("window", [0, 1, 3, 14])
def test_cost_is_that_of_the_best_of_all_alignments(window: int) -> None:
    rng = np.random.default_rng(window)
    one, two = (rng.random((40, 60)) < rng.uniform(0.02, 0.25, 60) for _ in range(2))
    found = pair_spikes(one, two, window)
    for cell in range(60):
        trains = [tuple(np.flatnonzero(raster[:, cell]).tolist()) for raster in (one, two)]
        assert found.cost[cell] == best_cost(*trains, window)


@pytest.mark.parametrize("density", [0.01, 0.3])
def test_unpaired_spikes_equal_those_of_a_plain_table(density: float) -> None:
    rng = np.random.default_rng(5)
    one, two = (rng.random((300, 20)) < density for _ in range(2))
    found = pair_spikes(one, two, 6)
    for cell in range(20):
        trains = [np.flatnonzero(raster[:, cell]) for raster in (one, two)]
        surplus, missing, cost = align_plainly(*trains, 6)
        assert np.flatnonzero(found.surplus[:, cell]).tolist() == surplus
        assert np.flatnonzero(found.missing[:, cell]).tolist() == missing
        assert found.cost[cell] == cost
        assert found.n_pairs[cell] == len(trains[0]) - len(surplus)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    one, two = (rng.random((100, 13)) < 0.1 for _ in range(2))
    whole = pair_spikes(one, two, 5)
    monkeypatch.setattr(pairing, "_TABLE_BYTES", 1)
    split = pair_spikes(one, two, 5)
    for name in ("surplus", "missing", "n_pairs", "cost"):
        np.testing.assert_array_equal(getattr(split, name), getattr(whole, name))


def test_ties_prefer_a_pair_and_the_last_spikes() -> None:
    # both own spikes are 2 steps from the target's: the trace-back pairs the later one
    found = pair_spikes(make_raster([[10, 14]], 20), make_raster([[12]], 20), 5)
    assert np.flatnonzero(found.surplus).tolist() == [10]
    # a pair at the limit of the window costs less than two lonely spikes; beyond it there is none
    assert pair_spikes(make_raster([[0]], 20), make_raster([[5]], 20), 5).n_pairs.tolist() == [1]
    assert pair_spikes(make_raster([[0]], 20), make_raster([[6]], 20), 5).n_pairs.tolist() == [0]


def test_identical_and_empty_trains() -> None:
    raster = make_raster([[1, 5, 9], []], 12)
    same = pair_spikes(raster, raster, 3)
    assert (same.n_surplus, same.n_missing, same.cost.tolist()) == (0, 0, [0, 0])
    none = pair_spikes(np.zeros_like(raster), raster, 3)
    assert (none.n_surplus, none.n_missing, none.cost.tolist()) == (0, 3, [12, 0])
    counts, times = raster_times(np.zeros((4, 2), dtype=bool))
    assert counts.tolist() == [0, 0]
    assert times.shape == (2, 0)


def test_wrong_rasters() -> None:
    with pytest.raises(ValueError, match="only 0 and 1"):
        pair_spikes([[2]], [[1]], 1)
    with pytest.raises(ValueError, match=r"pair_spikes.second: must have shape \(2, 1\)"):
        pair_spikes([[0], [1]], [[1]], 1)
    with pytest.raises(ValueError, match="non-negative integer"):
        pair_spikes([[0]], [[1]], -1)
