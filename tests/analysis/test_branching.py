"""Avalanches of branching processes: critical ones have the mean-field exponents, others do not."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.analysis import SpikeTrains, bin_spikes
from bioplastic.analysis.avalanches import find_avalanches
from bioplastic.analysis.power_law import estimate_exponent

LARGEST = 200_000


def _branch(rng, ratio: float, n: int) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return sizes and durations of n avalanches, and the activity of the first hundred.

    Each unit has a geometric number of successors with mean `ratio`. At criticality an avalanche
    lasts longer than t bins with probability 1 / (1 + t), exactly.
    """
    alive = np.ones(n, dtype=np.int64)
    size, duration, shapes = np.zeros(n, np.int64), np.zeros(n, np.int64), [[] for _ in range(100)]
    while alive.any():
        size += alive
        duration += alive > 0
        for shape, count in zip(shapes, alive[:100], strict=True):
            if count:
                shape.append(count)
        alive[alive > 0] = rng.negative_binomial(alive[alive > 0], 1 / (1 + ratio))
        alive[size >= LARGEST] = 0
    return size, duration, [np.array(shape) for shape in shapes]


def _interval(rng, values, lower: int, upper: int) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the maximum-likelihood exponent."""
    values = values[(values >= lower) & (values <= upper)]
    found = [estimate_exponent(rng.choice(values, values.size), lower, upper) for _ in range(100)]
    return float(np.percentile(found, 2.5)), float(np.percentile(found, 97.5))


@pytest.mark.parametrize(("ratio", "critical"), [(1.0, True), (0.8, False)])
def test_exponents_within_confidence_bounds_only_at_criticality(ratio, critical):
    rng = np.random.default_rng(0)
    sizes, durations, _ = _branch(rng, ratio, 30_000)
    # Far enough from 1 for the power laws to hold, and short of where LARGEST cuts.
    low, high = _interval(rng, sizes, 20, min(LARGEST // 10, int(sizes.max())))
    assert (low <= 1.5 <= high) is critical
    low, high = _interval(rng, durations, 20, min(200, int(durations.max())))
    assert (low <= 2.0 <= high) is critical
    assert not critical or high - low < 0.4


def test_avalanches_in_spike_trains_are_those_put_in():
    rng = np.random.default_rng(1)
    _, _, shapes = _branch(rng, 1.0, 1000)
    shapes = [shape for shape in shapes if shape.size < 200 and shape.sum() < 2000]
    activity = np.concatenate([np.append(0, shape) for shape in shapes] + [[0]])
    bins = np.repeat(np.arange(activity.size), activity)
    # each spike somewhere in its bin of 5 ms, from a unit of its own inside the bin
    units = np.concatenate([np.arange(count) for count in activity])
    trains = SpikeTrains.from_arrays(
        (bins + rng.uniform(0.1, 0.9, bins.size)) * 0.005, units, t_stop=activity.size * 0.005
    )
    found = find_avalanches(bin_spikes(trains, 0.005).sum(axis=0), threshold=0)
    assert found.sizes.tolist() == [int(shape.sum()) for shape in shapes]
    assert found.durations.tolist() == [shape.size for shape in shapes]
