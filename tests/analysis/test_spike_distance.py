"""Distances of spike trains against closed forms and other libraries."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms

from bioplastic.analysis.spike_distance import (
    activity_distance,
    count_statistics,
    filter_spikes,
    gaussian_kernel,
    interval_cv,
    interval_distance,
    library_distances,
    spikes_to_raster,
    train_distance,
)


def one_spike(n_steps: int, step: int) -> np.ndarray:
    return (np.arange(n_steps) == step)[:, None]


def test_kernel_of_the_paper() -> None:
    """100 samples of exp(-0.005 x²) from -20 to 20."""
    x = np.linspace(-20, 20, 100)
    np.testing.assert_allclose(gaussian_kernel(), np.exp(-0.005 * x**2), rtol=1e-12)


def test_filtering_equals_a_plain_convolution() -> None:
    raster = np.random.default_rng(0).random((200, 3)) < 0.1
    filtered = filter_spikes(raster)
    assert filtered.shape == (299, 3)
    for cell in range(3):
        plain = np.convolve(raster[:, cell], gaussian_kernel())
        np.testing.assert_allclose(filtered[:, cell], plain, atol=1e-12)


def test_two_single_spikes_against_the_closed_form() -> None:
    """Far from the borders: (2 E(0) - 2 E(lag))/length with the autocorrelation E of the kernel."""
    kernel = gaussian_kernel()
    for lag in (0, 7, 300):
        shifted = np.zeros(kernel.size)
        if lag < kernel.size:
            shifted[lag:] = kernel[: kernel.size - lag]
        expected = 2 * (kernel @ kernel - kernel @ shifted) / (1000 + kernel.size - 1)
        distance = train_distance(one_spike(1000, 400), one_spike(1000, 400 + lag))
        assert distance == pytest.approx(expected, abs=1e-12)


def test_activity_ignores_who_fires_and_trains_do_not() -> None:
    one = np.hstack([one_spike(50, 20), np.zeros((50, 1), bool)])
    two = one[:, ::-1]
    assert activity_distance(one, two) == pytest.approx(0, abs=1e-12)
    assert train_distance(one, two) > 0.1
    both = np.hstack([one_spike(50, 20)] * 2)
    energy = np.square(gaussian_kernel()).sum() / 149
    assert activity_distance(both, np.zeros_like(both)) == pytest.approx(4 * energy / 2)
    assert train_distance(both, np.zeros_like(both)) == pytest.approx(2 * energy)


def test_intervals_do_not_run_across_neurons() -> None:
    raster = np.zeros((10, 2), dtype=bool)
    raster[[0, 4], 0] = raster[[8, 9], 1] = True  # intervals 4 and 1
    silent = np.zeros_like(raster)
    assert interval_distance(raster, silent) == pytest.approx(np.sqrt(2))
    assert interval_distance(raster, raster) == 0
    assert np.isnan(interval_cv(silent))
    assert interval_cv(np.arange(20)[:, None] % 4 == 0) == 0
    assert count_statistics(raster) == (2.0, 0.0)


def test_poisson_trains_have_a_cv_near_one() -> None:
    raster = np.random.default_rng(1).random((40_000, 20)) < 0.02
    assert interval_cv(raster) == pytest.approx(np.sqrt(0.98), abs=0.02)  # geometric intervals


def test_times_become_a_raster() -> None:
    expected = np.zeros((5, 2), dtype=bool)
    expected[[0, 3], 0] = expected[4, 1] = True
    np.testing.assert_array_equal(spikes_to_raster([[0.0, 0.009], [0.0149]], 5, 0.003), expected)
    quantities = [[0, 9] * ms, [14.9] * ms]
    np.testing.assert_array_equal(spikes_to_raster(quantities, 5, 0.003), expected)
    np.testing.assert_array_equal(spikes_to_raster(expected.astype(int), 5, 0.003), expected)
    with pytest.raises(ValueError, match=r"\[1\]: times must lie in \[0, 0.015\)"):
        spikes_to_raster([[], [0.015]], 5, 0.003)
    with pytest.raises(ValueError, match=r"must have shape \(4, None\)"):
        spikes_to_raster(expected, 4, 0.003)


def test_neo_trains_become_a_raster() -> None:
    neo = pytest.importorskip("neo")
    train = neo.SpikeTrain([3.0, 12.0], units="ms", t_stop=15.0)
    assert np.flatnonzero(spikes_to_raster([train], 5, 0.003)).tolist() == [1, 4]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::RuntimeWarning")
def test_distances_of_the_libraries() -> None:
    pytest.importorskip("elephant")
    pytest.importorskip("pyspike")
    one, two = one_spike(1000, 400), one_spike(1000, 410)
    same = library_distances(one, one, 0.003)
    assert max(abs(value) for value in same.values()) < 1e-5
    moved = library_distances(one, two, 0.003)
    # Victor and Purpura: a move by 30 ms at a cost of 1/74 ms
    assert moved["victor_purpura"] == pytest.approx(30 / 74)
    # van Rossum: two kernels exp(-t/tau) that are 30 ms apart
    assert moved["van_rossum"] == pytest.approx(np.sqrt(2 * (1 - np.exp(-30 / 74))), rel=1e-6)
