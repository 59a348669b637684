"""Measures of processes whose answers are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.analysis import (
    SpikeTrains,
    bin_spikes,
    count_phrases,
    cross_correlograms,
    entropy_rate_markov,
    fano_factor,
    find_bursts,
    interval_statistics,
    lempel_ziv_complexity,
    mean_rates,
    mutual_information,
    population_rate,
    response_entropy,
    spike_time_tiling,
    van_rossum_distances,
    victor_purpura_distances,
)


def _renewal(order: int, n_units=20, duration=500.0, rate=20.0, seed=0) -> SpikeTrains:
    """Gamma intervals of integer order; order 1 is a Poisson process."""
    rng = np.random.default_rng(seed)
    n = int(1.3 * rate * duration)
    times = rng.gamma(order, 1 / (rate * order), (n_units, n)).cumsum(axis=1)
    units = np.repeat(np.arange(n_units), n)
    return SpikeTrains.from_arrays(times.ravel(), units, t_stop=duration, outside="drop")


def _markov(rng, n_trains: int, n: int, rate: float, correlation: float):
    bits = np.empty((n_trains, n), dtype=np.uint8)
    bits[:, 0] = rng.random(n_trains) < rate
    for step in range(1, n):
        p = rate * (1 - correlation) + correlation * bits[:, step - 1]
        bits[:, step] = rng.random(n_trains) < p
    return bits


@pytest.mark.parametrize("order", [1, 2, 4, 9])
def test_regularity_of_gamma_processes(order):
    trains = _renewal(order)
    found = interval_statistics(trains)
    assert found.cv.mean() == pytest.approx(1 / np.sqrt(order), rel=0.01)
    # LV of a gamma process is 3 / (2 k + 1) (Shinomoto et al. 2003)
    assert found.lv.mean() == pytest.approx(3 / (2 * order + 1), rel=0.02)
    # For long windows the Fano factor of a renewal process tends to the squared CV.
    assert fano_factor(trains, 5.0).mean() == pytest.approx(1 / order, rel=0.15)
    assert mean_rates(trains).mean() == pytest.approx(20, rel=0.02)


def test_poisson_counts_have_fano_factor_one_in_every_window():
    trains = _renewal(1, seed=1)
    for window in (0.05, 0.5, 2.0):
        assert fano_factor(trains, window).mean() == pytest.approx(1.0, abs=0.05)
    assert interval_statistics(trains).cv2.mean() == pytest.approx(1.0, abs=0.02)


def test_a_clock():
    trains = SpikeTrains.from_arrays(np.arange(1, 100) * 0.1, np.zeros(99, int), t_stop=10)
    found = interval_statistics(trains)
    assert found.cv[0] == pytest.approx(0, abs=1e-12)
    assert found.cv2[0] == pytest.approx(0, abs=1e-12)
    assert found.mean[0] == pytest.approx(0.1)


def test_intervals_do_not_cross_units_or_trials():
    trains = SpikeTrains.from_arrays(
        [0.1, 0.2, 0.4, 0.5, 0.9], [0, 0, 0, 0, 1], trials=[0, 0, 1, 1, 0], t_stop=1
    )
    found = interval_statistics(trains)
    assert found.count.tolist() == [2, 0]
    assert np.isnan(found.cv2).all()  # no two adjacent intervals in one trial
    assert np.isnan(found.cv[1])


def test_bins_of_steps_do_not_suffer_from_rounding():
    steps = np.arange(1000)
    trains = SpikeTrains.from_arrays(steps * 0.1e-3, np.zeros(1000, int), t_stop=0.1)
    assert (bin_spikes(trains, 1e-3) == 10).all()
    np.testing.assert_allclose(population_rate(trains, 1e-3), 10_000)


def test_correlogram_finds_the_delay_and_the_chance_level():
    rng = np.random.default_rng(0)
    first = np.sort(rng.uniform(0, 1000, 10_000))
    second = np.sort(rng.uniform(0, 1000, 8_000))
    follower = first[first < 999.9] + 0.0073
    trains = SpikeTrains.from_arrays(
        np.concatenate([first, second, follower]),
        np.repeat([0, 1, 2], [first.size, second.size, follower.size]),
        t_stop=1000,
    )
    lags, counts = cross_correlograms(
        trains, [(0, 1), (0, 2), (2, 0), (0, 0)], bin_width=0.002, max_lag=0.05
    )
    chance = 10_000 * 8_000 / 1000 * 0.002
    assert counts[0].mean() == pytest.approx(chance, rel=0.05)
    assert lags[counts[1].argmax()] == pytest.approx(0.008)
    np.testing.assert_array_equal(counts[2], counts[1][::-1])
    middle = lags.size // 2
    assert counts[3][middle] < 2 * chance * 10 / 8  # no spike is its own partner
    np.testing.assert_array_equal(counts[3], counts[3][::-1])


def test_correlogram_equals_counting_all_pairs():
    rng = np.random.default_rng(1)
    trains = SpikeTrains.from_arrays(rng.random(200), rng.integers(0, 2, 200), t_stop=1)
    _, counts = cross_correlograms(trains, [(0, 1)], bin_width=0.01, max_lag=0.05)
    gaps = trains.of_unit(1)[None, :] - trains.of_unit(0)[:, None]
    expected, _ = np.histogram(gaps, np.arange(-5.5, 6) * 0.01)
    np.testing.assert_array_equal(counts[0], expected)


def test_tiling_of_independent_trains_is_zero():
    matrix = spike_time_tiling(_renewal(1, n_units=5), 0.005)
    off = matrix[~np.eye(5, dtype=bool)]
    assert np.abs(off).max() < 0.02
    np.testing.assert_allclose(np.diag(matrix), 1)


def test_distances_of_one_spike():
    trains = SpikeTrains.from_arrays([1.0, 1.02, 500.0], [0, 1, 2], t_stop=1000, n_units=4)
    rossum = van_rossum_distances(trains, 0.01)
    assert rossum[0, 1] == pytest.approx(np.sqrt(2 * (1 - np.exp(-2))))
    assert rossum[0, 2] == pytest.approx(np.sqrt(2))
    assert rossum[0, 3] == 1
    purpura = victor_purpura_distances(trains, 10.0)
    assert purpura[0, 1] == pytest.approx(0.2)
    assert purpura[0, 2] == 2
    assert purpura[0, 3] == 1


def test_van_rossum_over_many_blocks_equals_the_double_sum():
    rng = np.random.default_rng(2)
    trains = SpikeTrains.from_arrays(rng.uniform(0, 50, 600), rng.integers(0, 3, 600), t_stop=50)
    for tau in (1e-3, 0.1, 1.7, 1e4):
        a, b = trains.of_unit(0), trains.of_unit(1)

        def kernel(x, y, tau=tau):
            return np.exp(-np.abs(x[:, None] - y[None, :]) / tau).sum()

        expected = np.sqrt(kernel(a, a) + kernel(b, b) - 2 * kernel(a, b))
        assert van_rossum_distances(trains, tau)[0, 1] == pytest.approx(expected, rel=1e-9)


def test_bursts_that_were_put_in():
    rng = np.random.default_rng(0)
    starts = np.arange(50) * 1.0 + 0.1
    sizes = rng.integers(3, 9, 50)
    times = np.concatenate([s + 0.004 * np.arange(n) for s, n in zip(starts, sizes, strict=True)])
    singles = starts + 0.5
    trains = SpikeTrains.from_arrays(
        np.append(times, singles), np.zeros(times.size + 50, int), t_stop=50
    )
    found = find_bursts(trains, 0.004)
    np.testing.assert_array_equal(found.size, sizes)
    np.testing.assert_allclose(found.start, starts)
    assert found.rate[0] == 1.0
    assert found.share[0] == pytest.approx(sizes.sum() / (sizes.sum() + 50))


def _count_by_definition(bits) -> int:
    """Lempel-Ziv (1976) letter by letter, the slow way."""
    text, start, count = "".join(map(str, bits)), 0, 0
    while start < len(text):
        stop = start + 1
        while stop <= len(text) and text[start:stop] in text[: stop - 1]:
            stop += 1
        count, start = count + 1, stop
    return count


def test_phrases_equal_their_definition():
    rng = np.random.default_rng(0)
    for n in (0, 1, 2, 17, 300):
        for p in (0.1, 0.5):
            bits = (rng.random(n) < p).astype(int)
            assert count_phrases(bits) == _count_by_definition(bits)


@pytest.mark.parametrize(("rate", "correlation"), [(0.5, 0.0), (0.2, 0.0), (0.2, 0.5), (0.3, 0.8)])
def test_complexity_tends_to_the_entropy_rate_from_above(rate, correlation):
    rng = np.random.default_rng(0)
    entropy = entropy_rate_markov(rate, correlation)
    errors = []
    for n, trains in ((300, 40), (3000, 10), (60_000, 2)):
        values = lempel_ziv_complexity(_markov(rng, trains, n, rate, correlation))
        errors.append(values.mean() / entropy - 1)
    assert errors[0] > errors[1] > errors[2] > 0
    assert errors[2] < 0.12
    assert lempel_ziv_complexity(np.zeros(10_000)) < 0.01


def test_complexity_separates_trains_of_one_rate_that_counts_cannot():
    rng = np.random.default_rng(0)
    n, bins = 200, 1000
    y = np.repeat([0, 1], n)
    bits = np.vstack([_markov(rng, n, bins, 0.2, 0.0), _markov(rng, n, bins, 0.2, 0.5)])
    fit = np.tile(np.arange(n) < n // 2, 2)  # half to find the class means, half to judge
    accuracy = {}
    for name, feature in (
        ("complexity", lempel_ziv_complexity(bits)),
        ("count", bits.sum(axis=1).astype(float)),
    ):
        means = [feature[fit & (y == label)].mean() for label in (0, 1)]
        guess = np.abs(feature[:, None] - means).argmin(axis=1)
        accuracy[name] = np.mean(guess[~fit] == y[~fit])
    assert accuracy["complexity"] >= 0.95
    assert accuracy["count"] == pytest.approx(0.5, abs=0.1)


def test_information_of_a_noisy_binary_channel():
    rng = np.random.default_rng(0)
    s = rng.integers(0, 2, 50_000)
    r = np.where(rng.random(s.size) < 0.1, 1 - s, s)
    truth = 1 - entropy_rate_markov(0.1)
    for correction in ("none", "miller-madow", "shuffle"):
        assert mutual_information(s, r, correction=correction) == pytest.approx(truth, abs=0.01)


def test_entropy_of_few_responses():
    rng = np.random.default_rng(0)
    draws = [rng.choice(4, 40, p=[0.4, 0.3, 0.2, 0.1]) for _ in range(300)]
    truth = -np.sum(np.log2([0.4, 0.3, 0.2, 0.1]) * [0.4, 0.3, 0.2, 0.1])
    plain = np.mean([response_entropy(r, correction="none") for r in draws]) - truth
    assert plain == pytest.approx(-3 / (80 * np.log(2)), rel=0.2)
    assert abs(np.mean([response_entropy(r) for r in draws]) - truth) < 0.15 * abs(plain)


def test_correction_removes_most_of_the_bias():
    rng = np.random.default_rng(0)
    estimates = {"none": [], "miller-madow": [], "shuffle": []}
    for _ in range(60):  # independent: the truth is 0
        s, r = rng.integers(0, 4, 200), rng.integers(0, 8, 200)
        for correction, values in estimates.items():
            values.append(mutual_information(s, r, correction=correction, n_shuffles=20))
    bias = {name: np.mean(values) for name, values in estimates.items()}
    assert bias["none"] > 0.06
    assert abs(bias["miller-madow"]) < 0.1 * bias["none"]
    assert abs(bias["shuffle"]) < 0.1 * bias["none"]
