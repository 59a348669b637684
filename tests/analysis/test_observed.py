"""No measure looks into the time in which a unit was not observed.

Where a measure adds up over stretches, the answer for a recording with gaps is that of the
stretches as trials of their own, or is counted by hand.
"""

from __future__ import annotations

import numpy as np
import pytest

from bioplastic.analysis import (
    SpikeTrains,
    bin_spikes,
    cross_correlograms,
    decode,
    fano_factor,
    find_avalanches,
    find_bursts,
    interval_statistics,
    intervals,
    latencies,
    mean_rates,
    population_rate,
    spike_time_tiling,
    summarise_spikes,
    unit_table,
    van_rossum_distances,
    victor_purpura_distances,
)
from bioplastic.analysis.correlograms import chance_counts

STRETCHES = np.array([[1.0, 4.0], [6.0, 9.0], [9.5, 12.5]])  # all of 3 s
RNG = np.random.default_rng(5)


def _gaps(n_units=4, rate=15.0) -> tuple[SpikeTrains, SpikeTrains]:
    """Return a recording with gaps, and its stretches as trials from 0 to 3 s."""
    n = RNG.poisson(rate * 3, (len(STRETCHES), n_units))
    spikes = [(t, u, k) for k in range(len(STRETCHES)) for u in range(n_units)
              for t in RNG.uniform(0, 3, n[k, u])]  # fmt: skip
    t, u, k = (np.array(column) for column in zip(*spikes, strict=True))
    ids = np.array([3, 7, 40, 41])[:n_units]
    whole = SpikeTrains.from_arrays(
        t + STRETCHES[k, 0], ids[u], t_start=0, t_stop=13, ids=ids, observed=STRETCHES
    )
    return whole, SpikeTrains.from_arrays(t, u, trials=k, t_stop=3, n_units=n_units)


GAPS, TRIALS = _gaps()


def test_rates_and_regularity_are_those_of_the_stretches():
    np.testing.assert_allclose(mean_rates(GAPS), mean_rates(TRIALS))
    np.testing.assert_allclose(mean_rates(GAPS), GAPS.counts() / 9.0)
    assert GAPS.observed_seconds() == pytest.approx([9.0] * 4)
    with_gaps, apart = interval_statistics(GAPS), interval_statistics(TRIALS)
    for name in ("count", "mean", "cv", "cv2", "lv"):
        np.testing.assert_allclose(getattr(with_gaps, name), getattr(apart, name), rtol=1e-9)
    np.testing.assert_allclose(np.sort(intervals(GAPS)[0]), np.sort(intervals(TRIALS)[0]))


def test_bins_that_were_not_observed_entirely_are_unknown():
    counts = bin_spikes(GAPS, 0.5)
    seen = [any(a <= 0.5 * k and 0.5 * (k + 1) <= b for a, b in STRETCHES) for k in range(26)]
    np.testing.assert_array_equal(np.isfinite(counts), np.tile(seen, (4, 1)))
    every = SpikeTrains.from_arrays(GAPS.times, GAPS.units, t_stop=13)
    np.testing.assert_array_equal(counts[:, seen], bin_spikes(every, 0.5)[:, seen])
    assert bin_spikes(every, 0.5).dtype == np.int64


def test_population_rate_is_per_observed_second():
    trains = SpikeTrains.from_arrays(
        [0.25, 0.3, 1.5], [0, 1, 1], t_stop=3, observed=[[[0, 0.5]], [[0, 2]]]
    )
    found = population_rate(trains, 1.0)
    np.testing.assert_allclose(found, [2 / 1.5, 1.0, np.nan])


def test_fano_factor_uses_whole_windows():
    np.testing.assert_allclose(fano_factor(GAPS, 0.5), fano_factor(TRIALS, 0.5))
    lengths = [[[0, 1]], [[0, 0.5]]]
    unequal = SpikeTrains.from_arrays([0.1, 0.2], [0, 0], trials=[0, 1], t_stop=1, observed=lengths)
    with pytest.raises(ValueError, match="must be observed equally long"):
        fano_factor(unequal)


def test_bursts_do_not_span_a_gap():
    times = [0.98, 0.99, 1.01, 1.02, 1.03]
    burst = {"times": times, "units": [0] * 5, "t_stop": 2}
    assert find_bursts(SpikeTrains.from_arrays(**burst), 0.03).size.tolist() == [5]
    cut = SpikeTrains.from_arrays(**burst, observed=[[0, 1], [1.005, 1.505]])
    found = find_bursts(cut, 0.03)
    assert found.size.tolist() == [3]
    assert found.rate[0] == pytest.approx(1 / 1.5)


def test_correlograms_and_tiling_are_those_of_the_stretches():
    pairs = [(0, 1), (1, 2), (2, 2)]
    lags, counts = cross_correlograms(GAPS, pairs, bin_width=0.1, max_lag=2.5)
    np.testing.assert_array_equal(
        counts, cross_correlograms(TRIALS, pairs, bin_width=0.1, max_lag=2.5)[1]
    )
    np.testing.assert_allclose(
        chance_counts(GAPS, pairs[:2], lags, 0.1), chance_counts(TRIALS, pairs[:2], lags, 0.1)
    )
    pair = GAPS.select_units([0, 1])
    near, tiled = [], []
    for a, b in ((pair.of_unit(0), pair.of_unit(1)), (pair.of_unit(1), pair.of_unit(0))):
        apart = np.abs(a[:, None] - b[None, :]) <= 0.05
        apart &= np.searchsorted(STRETCHES[:, 0], a)[:, None] == np.searchsorted(STRETCHES[:, 0], b)
        near.append(apart.any(axis=1).mean())
        grid = np.concatenate([np.arange(x, y, 1e-4) + 5e-5 for x, y in STRETCHES])
        same = np.searchsorted(STRETCHES[:, 0], grid)[:, None] == np.searchsorted(
            STRETCHES[:, 0], a
        )
        tiled.append(((np.abs(grid[:, None] - a) <= 0.05) & same).any(axis=1).mean())
    expected = 0.5 * sum((near[k] - tiled[1 - k]) / (1 - near[k] * tiled[1 - k]) for k in (0, 1))
    assert spike_time_tiling(pair, 0.05)[0, 1] == pytest.approx(expected, abs=2e-3)


def test_tiling_of_poisson_units_watched_at_different_times_is_zero():
    t = np.sort(RNG.uniform(0, 1000, 20_000))
    u = RNG.integers(0, 2, t.size)
    seen = [[[0, 700]], [[300, 1000]]]
    trains = SpikeTrains.from_arrays(t, u, t_stop=1000, observed=seen, outside="drop")
    assert abs(spike_time_tiling(trains, 0.005)[0, 1]) < 0.01
    blind = SpikeTrains.from_arrays(trains.times, trains.units, t_stop=1000)
    assert abs(spike_time_tiling(blind, 0.005)[0, 1]) > 0.01  # the test can fail


@pytest.mark.parametrize(
    ("measure", "combine"),
    [
        (lambda x: van_rossum_distances(x, 0.05), lambda d, _: np.sqrt(np.sum(d**2))),
        (lambda x: victor_purpura_distances(x, 10.0), lambda d, _: np.sum(d)),
        ("isi_distances", lambda d, _: np.mean(d)),
        ("spike_distances", lambda d, _: np.mean(d)),
        ("spike_synchronisation", lambda d, n: np.average(d, weights=n)),
    ],
)
def test_distances_reach_across_no_gap(measure, combine):
    if isinstance(measure, str):
        pytest.importorskip("pyspike", reason="needs the extra bioplastic[spikes]")
        from bioplastic.analysis import distances

        measure = getattr(distances, measure)
    parts = [TRIALS.select_trials([k]).select_units([0, 1]) for k in range(3)]
    single = np.array([measure(part)[0, 1] for part in parts])
    sizes = [part.n_spikes for part in parts]
    found = measure(GAPS)
    assert found[0, 1] == pytest.approx(combine(single, sizes), rel=1e-9)
    assert found[1, 0] == found[0, 1]


def test_avalanches_do_not_touch_a_gap():
    gap = np.nan
    found = find_avalanches([0, 2, 1, 0, 3, gap, 4, 0, 5, 0], threshold=0)
    assert found.sizes.tolist() == [3, 5]
    trains = SpikeTrains.from_arrays(
        [0.15, 0.25, 0.45, 0.65], [0] * 4, t_stop=0.8, observed=[[0, 0.5], [0.6, 0.8]]
    )
    counts = bin_spikes(trains, 0.1).sum(axis=0)
    assert find_avalanches(counts, threshold=0).sizes.tolist() == [2]


def test_first_spikes_behind_a_gap_are_unknown():
    trains = SpikeTrains.from_arrays(
        [0.3, 0.7, 0.7], [0, 1, 2], t_stop=1, n_units=4,
        observed=[[[0, 1]], [[0.5, 1]], [[0, 0.2], [0.6, 1]], [[0, 0.9]]],
    )  # fmt: skip
    np.testing.assert_array_equal(latencies(trains), [[0.3, np.nan, np.nan, np.nan]])
    trials = SpikeTrains.from_arrays(
        [0.1] * 4, [0] * 4, trials=range(4), t_stop=1, observed=[[0, 0.5]]
    )
    with pytest.raises(ValueError, match="must be observed all the time"):
        decode(trials, [0, 0, 1, 1], n_folds=2)


def test_summary_and_table_are_those_of_the_stretches():
    mine, apart = summarise_spikes(GAPS), summarise_spikes(TRIALS)
    for name in ("rate_mean", "cv_mean", "cv2_mean", "lv_mean", "burst_share_mean", "n_spikes"):
        assert mine[name] == pytest.approx(apart[name]), name
    table = unit_table(GAPS)
    assert table.index.tolist() == [3, 7, 40, 41]
    np.testing.assert_allclose(table["rate"], GAPS.counts() / 9.0)
    np.testing.assert_allclose(table["observed"], 9.0)


def test_elephant_sees_no_interval_across_a_gap():
    pytest.importorskip("neo", reason="needs the extra bioplastic[spikes]")
    elephant = pytest.importorskip("elephant.statistics", reason="needs bioplastic[spikes]")
    groups = GAPS.to_neo()
    assert [len(group) for group in groups] == [4, 4, 4]
    for unit in range(4):
        gaps = np.concatenate([elephant.isi(group[unit]).magnitude for group in groups])
        np.testing.assert_allclose(gaps, intervals(GAPS.select_units([unit]))[0])
        assert groups[0][unit].annotations["unit_id"] == GAPS.ids[unit]
    assert SpikeTrains.from_neo(groups) == GAPS.slice_time(1, 12.5)


def test_parts_keep_ids_labels_and_gaps():
    trains = SpikeTrains.from_arrays(
        [0.5, 2.5, 2.6], [40, 3, 40], ids=[3, 7, 40], t_stop=3, labels={"group": ["a", "b", "c"]},
        observed=[[[2, 3]], [[0, 1]], [[0, 1], [2, 3]]],
    )  # fmt: skip
    part = trains.select_units([2, 0])
    assert part.ids.tolist() == [40, 3]
    assert part.labels["group"].tolist() == ["c", "a"]
    assert part.observed_seconds().tolist() == [2, 1]
    assert part.slice_time(0, 2.5).observed_seconds().tolist() == [1.5, 0.5]
    assert np.isnan(mean_rates(trains.slice_time(0, 1))[0])
    assert trains.find_units([40, 3]).tolist() == [2, 0]
    with pytest.raises(ValueError, match=r"must be one of the ids, got 5"):
        trains.find_units([5])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observed": [[0, 0.4]]}, "must lie in the observed intervals, got 1 spikes outside"),
        ({"observed": [[0, 2]]}, "must lie from 0 s to 1 s"),
        ({"observed": [[0.6, 0.2]]}, "end after they begin"),
        ({"observed": [[[0, 1]], [[0, 1]], [[0, 1]]]}, "must hold intervals of 2 units, got 3"),
        ({"ids": [4, 4]}, "without repetition"),
        ({"ids": [4, 5]}, "must be one of the ids, got 0"),
        ({"ids": [0.5, 1.5]}, "whole numbers or text"),
        ({"ids": [0, 1], "labels": {"group": ["good"]}}, r"must have shape \(2,\)"),
    ],
)
def test_what_cannot_be_right_is_refused(change, message):
    with pytest.raises((TypeError, ValueError), match=message):
        SpikeTrains.from_arrays([0.1, 0.5], [0, 1], t_stop=1, **change)
