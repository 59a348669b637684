"""Avalanches and power laws against hand-made activity, scipy and known exponents."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import zipfian

from bioplastic.analysis.avalanches import (
    Avalanches,
    cut_silence,
    find_avalanches,
    fit_avalanches,
    mean_size_by_duration,
)
from bioplastic.analysis.power_law import draw_power_law, estimate_exponent, fit_power_law


def test_exponent_equals_the_maximum_likelihood_of_scipy() -> None:
    values = draw_power_law(np.random.default_rng(0), 1.7, 3000, upper=500)
    best = minimize_scalar(
        lambda a: -zipfian.logpmf(values, a, 500).sum(), bounds=(1.1, 3), options={"xatol": 1e-9}
    )
    assert estimate_exponent(values, 1, 500) == pytest.approx(best.x, abs=1e-5)


@pytest.mark.parametrize("exponent", [0.7, 1.5, 2.5])
@pytest.mark.parametrize("lower", [1, 12])
def test_known_exponents_are_recovered(exponent: float, lower: int) -> None:
    rng = np.random.default_rng(3)
    values = draw_power_law(rng, exponent, 20_000, lower=lower, upper=400)
    fit = fit_power_law(values, minimum=lower, largest_lower=lower)
    assert (fit.lower, fit.upper, fit.n) == (lower, 400, 20_000) or exponent == 2.5
    assert abs(fit.exponent - exponent) < 4 * fit.standard_error
    assert fit.ks < 0.02


def test_standard_error_is_the_spread_of_estimates() -> None:
    rng = np.random.default_rng(1)
    sets = [draw_power_law(rng, 1.5, 400, upper=100) for _ in range(300)]
    spread = np.std([estimate_exponent(values, 1, 100) for values in sets])
    fit = fit_power_law(sets[0], largest_lower=1)
    assert fit.standard_error == pytest.approx(spread, rel=0.15)


def test_p_value_tells_a_power_law_from_an_exponential() -> None:
    rng = np.random.default_rng(2)
    true = fit_power_law(draw_power_law(rng, 1.5, 1000, upper=200), largest_lower=1)
    assert true.p_value(n_sets=100) > 0.05
    false = fit_power_law(1 + rng.geometric(0.05, 1000), largest_lower=1, min_gain=0.2)
    assert false.p_value(n_sets=100) < 0.02


def test_the_lower_end_is_found() -> None:
    rng = np.random.default_rng(4)
    noise = rng.integers(1, 10, 4000)
    values = np.concatenate([noise, draw_power_law(rng, 2.0, 4000, lower=10, upper=2000)])
    fit = fit_power_law(values, largest_lower=50)
    assert 9 <= fit.lower <= 20
    assert fit.exponent == pytest.approx(2.0, abs=0.1)


def test_too_little_data() -> None:
    with pytest.raises(ValueError, match="at least 30 events"):
        fit_power_law([1, 2, 3])
    with pytest.raises(ValueError, match="not all equal"):
        fit_power_law([3] * 50)
    with pytest.raises(TypeError, match="whole numbers"):
        fit_power_law([1.5] * 50)


def test_avalanches_of_hand_made_activity() -> None:
    found = find_avalanches([0, 3, 0, 2, 2, 1, 0, 9])
    assert found.threshold == pytest.approx(np.percentile([0, 3, 0, 2, 2, 1, 0, 9], 35))
    assert (found.sizes.tolist(), found.durations.tolist()) == ([3, 5], [1, 3])
    above = find_avalanches([0, 3, 0, 2, 2, 1, 0, 9], threshold=1)
    assert (above.sizes.tolist(), above.durations.tolist()) == ([3, 4], [1, 2])
    assert find_avalanches([1, 1, 1]).sizes.size == 0


def test_only_long_silences_are_cut() -> None:
    activity = np.concatenate([[1], np.zeros(1000), [2], np.zeros(1001), [3]]).astype(int)
    cut = cut_silence(activity)
    assert cut.size == 1 + 1000 + 1 + 5 + 1
    assert cut[cut > 0].tolist() == [1, 2, 3]
    assert find_avalanches(cut, threshold=0).sizes.tolist() == [2]


def test_mean_sizes() -> None:
    durations, sizes, counts = mean_size_by_duration(
        Avalanches(np.array([2, 4, 9]), np.array([1, 1, 3]), 0.0)
    )
    assert (durations.tolist(), sizes.tolist(), counts.tolist()) == ([1, 3], [3.0, 9.0], [2, 1])


def test_critical_branching_has_mean_field_exponents() -> None:
    """A critical branching process: sizes 3/2, durations 2, mean size ~ duration squared."""
    rng = np.random.default_rng(7)
    sizes, durations = [], []
    for _ in range(20_000):
        alive, size, duration = 1, 0, 0
        while alive and size < 20_000:
            size, duration = size + alive, duration + 1
            alive = rng.poisson(alive)
        sizes.append(size)
        durations.append(duration)
    fit = fit_avalanches(Avalanches(np.array(sizes), np.array(durations), 0.0))
    assert fit.size.exponent == pytest.approx(1.5, abs=0.1)
    assert fit.duration.exponent == pytest.approx(2.0, abs=0.2)
    assert fit.predicted_scaling == pytest.approx(2.0, abs=0.4)
    assert fit.scaling == pytest.approx(2.0, abs=0.3)
