"""Our verbs against Elephant and PySpike, where both define the measure."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from bioplastic.analysis import distances
from bioplastic.analysis.correlograms import cross_correlograms, spike_time_tiling
from bioplastic.analysis.distances import (
    isi_distances,
    spike_distances,
    spike_synchronisation,
    van_rossum_distances,
    victor_purpura_distances,
)
from bioplastic.analysis.intervals import interval_statistics
from bioplastic.analysis.rates import bin_spikes, fano_factor, mean_rates
from bioplastic.analysis.spike_trains import SpikeTrains

REASON = "needs the extra bioplastic[spikes]"
elephant = pytest.importorskip("elephant", reason=REASON)
neo = pytest.importorskip("neo", reason=REASON)
pyspike = pytest.importorskip("pyspike", reason=REASON)
import quantities as pq  # noqa: E402
from elephant import spike_train_correlation as theirs_corr  # noqa: E402
from elephant import spike_train_dissimilarity as theirs_dist  # noqa: E402
from elephant import statistics as theirs  # noqa: E402
from elephant.conversion import BinnedSpikeTrain  # noqa: E402

EXACT = {"rtol": 1e-9, "atol": 1e-9}


def _random_trains(n_units=6, duration=5.0, rate=12.0, seed=0) -> SpikeTrains:
    rng = np.random.default_rng(seed)
    n = rng.poisson(rate * n_units * duration)
    times = rng.uniform(0, duration, n)
    return SpikeTrains.from_arrays(
        times, rng.integers(0, n_units, n), t_stop=duration, n_units=n_units
    )


TRAINS = _random_trains()
NEO = TRAINS.to_neo()


def test_rates_and_intervals():
    found = interval_statistics(TRAINS)
    for unit, train in enumerate(NEO):
        gaps = theirs.isi(train)
        rate = float(theirs.mean_firing_rate(train).rescale("Hz"))
        assert mean_rates(TRAINS)[unit] == pytest.approx(rate, abs=1e-9)
        cv = float(np.std(gaps.magnitude) / np.mean(gaps.magnitude))
        assert found.cv[unit] == pytest.approx(cv, abs=1e-9)
        assert found.cv2[unit] == pytest.approx(float(theirs.cv2(gaps)), abs=1e-9)
        assert found.lv[unit] == pytest.approx(float(theirs.lv(gaps)), abs=1e-9)


def test_fano_factor_over_trials():
    rng = np.random.default_rng(3)
    trains = SpikeTrains.from_arrays(
        rng.random(400), np.zeros(400, int), t_stop=1, trials=rng.integers(0, 20, 400)
    )
    assert trains.n_trials == 20
    flat = [trial[0] for trial in trains.to_neo()]
    assert fano_factor(trains)[0] == pytest.approx(theirs.fanofactor(flat), abs=1e-9)


def test_binned_counts():
    expected = BinnedSpikeTrain(NEO, bin_size=50 * pq.ms).to_array()
    np.testing.assert_array_equal(bin_spikes(TRAINS, 0.05), expected)


def test_correlogram_of_spikes_at_bin_centres():
    rng = np.random.default_rng(1)
    slots = [np.sort(rng.choice(2000, 150, replace=False)) for _ in range(2)]
    times = np.concatenate(slots) * 1e-3 + 0.5e-3
    trains = SpikeTrains.from_arrays(times, np.repeat([0, 1], 150), t_stop=2.0)
    binned = [BinnedSpikeTrain(train, bin_size=1 * pq.ms) for train in trains.to_neo()]
    for pair in [(0, 1), (1, 0)]:
        signal, lags = theirs_corr.cross_correlation_histogram(
            binned[pair[0]], binned[pair[1]], window=[-20, 20]
        )
        ours, counts = cross_correlograms(trains, [pair], bin_width=1e-3, max_lag=20e-3)
        np.testing.assert_allclose(ours * 1e3, lags, atol=1e-9)
        np.testing.assert_array_equal(counts[0], np.asarray(signal.magnitude).ravel())


@pytest.mark.parametrize("window", [0.0035, 0.0205, 0.2])
def test_spike_time_tiling(window):
    # On a grid of 1 ms: Elephant's coincidences have a relative tolerance that grows with the
    # time of the spike, ours have none.
    times, units = np.unique(np.stack([np.round(TRAINS.times, 3), TRAINS.units]), axis=1)
    trains = SpikeTrains.from_arrays(times, units.astype(int), t_stop=5.0)
    ours = spike_time_tiling(trains, window + 1e-4)
    flat = trains.to_neo()
    for i in range(len(flat)):
        for j in range(len(flat)):
            expected = theirs_corr.spike_time_tiling_coefficient(
                flat[i], flat[j], dt=(window + 1e-4) * pq.s
            )
            assert ours[i, j] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("tau", [0.003, 0.05, 0.7, 20.0])
def test_van_rossum(tau):
    expected = theirs_dist.van_rossum_distance(NEO, time_constant=tau * pq.s)
    off = ~np.eye(len(NEO), dtype=bool)
    np.testing.assert_allclose(van_rossum_distances(TRAINS, tau)[off], expected[off], **EXACT)


@pytest.mark.parametrize("cost", [0.0, 1.0, 30.0, 1e4])
def test_victor_purpura(cost):
    expected = theirs_dist.victor_purpura_distance(NEO, cost_factor=cost * pq.Hz)
    np.testing.assert_allclose(victor_purpura_distances(TRAINS, cost), expected, **EXACT)


def test_pyspike_measures():
    wrapped = [pyspike.SpikeTrain(train, (0.0, 5.0)) for train in TRAINS.trains()]
    for ours, pair in [
        (isi_distances, pyspike.isi_distance),
        (spike_distances, pyspike.spike_distance),
        (spike_synchronisation, pyspike.spike_sync),
    ]:
        matrix = ours(TRAINS)
        np.testing.assert_allclose(matrix, matrix.T, **EXACT)
        for i in range(len(wrapped)):
            for j in range(i):
                assert matrix[i, j] == pytest.approx(pair(wrapped[i], wrapped[j]), abs=1e-9)


def test_identical_trains_are_not_apart():
    twice = SpikeTrains.from_arrays(
        np.tile(TRAINS.of_unit(0), 2), np.repeat([0, 1], TRAINS.of_unit(0).size), t_stop=5.0
    )
    assert isi_distances(twice)[0, 1] == 0
    assert spike_distances(twice)[0, 1] == 0
    assert spike_synchronisation(twice)[0, 1] == 1


def test_neo_there_and_back():
    assert SpikeTrains.from_neo(NEO) == TRAINS
    segment = neo.Segment()
    for times in TRAINS.trains():
        segment.spiketrains.append(neo.SpikeTrain(times * 1e3, units="ms", t_stop=5000.0))
    back = SpikeTrains.from_neo(segment)
    np.testing.assert_allclose(back.times, TRAINS.times, **EXACT)
    np.testing.assert_array_equal(back.units, TRAINS.units)
    block = neo.Block()
    block.segments.extend([segment, segment])
    assert SpikeTrains.from_neo(block).n_trials == 2


def test_neo_trains_keep_windows_of_their_own():
    other = neo.SpikeTrain([1.0], units="s", t_stop=7.0)
    found = mean_rates(SpikeTrains.from_neo([NEO[0], other]))
    expected = [float(theirs.mean_firing_rate(t).rescale("Hz")) for t in (NEO[0], other)]
    np.testing.assert_allclose(found, expected, **EXACT)
    with pytest.raises(ValueError, match="at least one train"):
        SpikeTrains.from_neo([])


def test_docstring_examples_that_need_pyspike():
    runner = doctest.DocTestRunner()
    ran = 0
    for test in doctest.DocTestFinder(exclude_empty=True).find(distances, "distances"):
        for example in test.examples:
            ran += example.options.pop(doctest.SKIP, False)
        runner.run(test)
    assert runner.failures == 0
    assert ran == 3
