"""Errors of generated signals with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.analysis.signals import (
    count_swings,
    histogram_overlap,
    lag_tolerant_error,
    normalised_error,
    spectral_peak,
)

T = np.arange(5000) / 1000


def wave(frequency: float, delay: float = 0.0) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * (T - delay))


def test_silence_scores_one_and_a_copy_zero() -> None:
    assert normalised_error(0 * T, wave(5))[0] == pytest.approx(1)
    assert normalised_error(wave(5), wave(5))[0] == 0
    both = np.stack([wave(5), 3 * wave(2)], axis=1)
    np.testing.assert_allclose(normalised_error(0.9 * both, both), 0.1)


def test_opposite_phase_is_forgiven_only_with_a_lag() -> None:
    late = wave(5, 0.1)
    assert normalised_error(late, wave(5))[0] == pytest.approx(2)
    forgiven = lag_tolerant_error(late, wave(5), max_lag=100, window=1000)
    assert forgiven[0] < 1e-6
    assert lag_tolerant_error(late, wave(5), max_lag=10, window=1000)[0] > 1.5


def test_all_outputs_share_one_lag() -> None:
    target = np.stack([wave(5), wave(5)], axis=1)
    output = np.stack([wave(5, 0.02), wave(5, -0.02)], axis=1)
    assert lag_tolerant_error(output, target, max_lag=100, window=1000).max() > 0.3


def test_noise_is_not_forgiven() -> None:
    rng = np.random.default_rng(0)
    error = lag_tolerant_error(rng.normal(size=5000), wave(5), max_lag=100, window=1000)
    assert error[0] > 1


@pytest.mark.parametrize("frequency", [3.3, 5.0, 47.0])
def test_the_peak_is_found_between_bins(frequency: float) -> None:
    assert spectral_peak(2 + wave(frequency), 1e-3) == pytest.approx(frequency, abs=0.02)
    assert spectral_peak(np.ones(100), 1e-3) == 0


def test_overlap_of_equal_and_disjoint_distributions() -> None:
    assert histogram_overlap(T, T[::-1])[0] == 1
    assert histogram_overlap(T, T + 100)[0] == 0
    assert histogram_overlap(T, T + 2.5, bins=300)[0] == pytest.approx(0.5, abs=0.02)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="output has shape"):
        normalised_error(T[:-1], T)
    with pytest.raises(ValueError, match="must not be constant"):
        normalised_error(T, 0 * T)
    with pytest.raises(ValueError, match="longer than the signal"):
        lag_tolerant_error(T, T, max_lag=1, window=6000)
    with pytest.raises(ValueError, match="at least 8 samples"):
        spectral_peak([1.0, 2.0], 0.1)
    with pytest.raises(ValueError, match="1 and 2 outputs"):
        histogram_overlap(T, np.ones((5, 2)))


def test_swings_are_counted_past_the_noise() -> None:
    t = np.linspace(0, 4, 4001)
    wave = np.sign(np.sin(2 * np.pi * t + 0.1)) + 0.01 * np.sin(900 * t)
    assert count_swings(wave) == 8
