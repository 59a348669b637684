"""The container: order, edges, slices, files; and clear words for bad input."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC

import brian2 as b2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bioplastic.analysis import SpikeTrains, bin_spikes, intervals, mean_rates


@given(
    spikes=st.lists(
        st.tuples(st.integers(0, 999), st.integers(0, 4), st.integers(0, 2)), unique=True
    )
)
@settings(max_examples=60, deadline=None)
def test_any_order_gives_sorted_trains_and_keeps_every_spike(spikes):
    times = np.array([spike[0] for spike in spikes], float) / 1000
    units = np.array([spike[1] for spike in spikes], int)
    trials = np.array([spike[2] for spike in spikes], int)
    trains = SpikeTrains.from_arrays(times, units, trials=trials, t_stop=1, n_units=5, n_trials=3)
    expected = sorted(zip(trials, units, times, strict=True))
    assert list(zip(trains.trials, trains.units, trains.times, strict=True)) == expected
    parts = [trains.slice_time(a, a + 0.25) for a in (0, 0.25, 0.5, 0.75)]
    assert sum(part.n_spikes for part in parts) == trains.n_spikes
    np.testing.assert_array_equal(sum(part.counts() for part in parts), trains.counts())
    for trial in range(3):
        for unit in range(5):
            mine = np.sort(times[(units == unit) & (trials == trial)])
            np.testing.assert_array_equal(trains.of_unit(unit, trial), mine)


def test_more_rows_than_a_16_bit_digit():
    rng = np.random.default_rng(0)
    times, units = rng.random(5000), rng.integers(0, 200_000, 5000)
    trains = SpikeTrains.from_arrays(times, units, t_stop=1)
    order = np.lexsort((times, units))
    np.testing.assert_array_equal(trains.times, times[order])
    np.testing.assert_array_equal(trains.units, units[order])


def test_empty_trains_are_trains():
    trains = SpikeTrains.from_arrays([], [], t_stop=2, n_units=3)
    assert trains.counts().tolist() == [0, 0, 0]
    assert mean_rates(trains).tolist() == [0, 0, 0]
    assert intervals(trains)[0].size == 0
    assert bin_spikes(trains, 0.5).shape == (3, 4)
    assert trains.slice_time(0, 1).n_spikes == 0
    assert SpikeTrains.from_arrays([], [], t_stop=2).n_units == 0


def test_spikes_outside_the_window():
    with pytest.raises(ValueError, match=r"times: must lie from 0 s to 1 s, got 2 spikes outside"):
        SpikeTrains.from_arrays([0.5, 1.5, -1.0], [0, 0, 0], t_stop=1)
    dropped = SpikeTrains.from_arrays([0.5, 1.5, -1.0], [0, 1, 0], t_stop=1, outside="drop")
    assert dropped.times.tolist() == [0.5]
    assert dropped.n_units == 2
    assert SpikeTrains.from_arrays([0.0, 1.0], [0, 0], t_stop=1).n_spikes == 2


def test_duplicates():
    arrays = ([0.5, 0.5, 0.5], [0, 0, 1])
    with pytest.raises(ValueError, match="must not repeat a spike of a unit, got 1 duplicates"):
        SpikeTrains.from_arrays(*arrays, t_stop=1)
    assert SpikeTrains.from_arrays(*arrays, t_stop=1, duplicates="keep").counts().tolist() == [2, 1]
    assert SpikeTrains.from_arrays(*arrays, t_stop=1, duplicates="drop").counts().tolist() == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"times": [0.1, np.nan]}, "must be finite"),
        ({"times": [0.1]}, r"units: must have shape \(1,\), got \(2,\)"),
        ({"units": [0, -1]}, "units: must lie from 0 to 0, got -1"),
        ({"units": [0, 7], "n_units": 3}, "units: must lie from 0 to 2, got 7"),
        ({"units": [0, 0.5]}, "must hold integers"),
        ({"t_stop": 0}, "t_stop: must be after t_start = 0 s, got 0 s"),
        ({"t_stop": 1 * b2.mV}, "must be a time"),
        ({"n_trials": 4}, "trials: must be given for 4 trials"),
        ({"outside": "ignore"}, "outside: must be one of 'raise', 'drop'"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        SpikeTrains.from_arrays(**{"times": [0.1, 0.2], "units": [0, 0], "t_stop": 1, **arguments})


def test_constructor_refuses_what_is_not_in_order():
    with pytest.raises(ValueError, match="must be sorted by trial, unit and time"):
        SpikeTrains(np.array([0.2, 0.1]), np.array([0, 0]), 0, 1, 1)


def test_trains_cannot_be_changed_and_leave_the_input_alone():
    times = np.array([0.1, 0.2])
    trains = SpikeTrains.from_arrays(times, [0, 0], t_stop=1)
    with pytest.raises(ValueError, match="read-only"):
        trains.times[0] = 5
    times[0] = 0.15
    assert trains.times[0] == 0.1


def test_selection_renumbers_in_the_given_order():
    trains = SpikeTrains.from_arrays(
        [0.1, 0.2, 0.3, 0.4], [0, 1, 2, 2], trials=[0, 1, 1, 0], t_stop=1
    )
    chosen = trains.select_units([2, 0])
    assert chosen.counts().tolist() == [[1, 1], [1, 0]]
    assert trains.select_units(np.array([True, False, True])).n_units == 2
    assert trains.select_trials([1]).counts().tolist() == [[0, 1, 1]]
    with pytest.raises(ValueError, match="must not name anything twice"):
        trains.select_units([1, 1])
    with pytest.raises(ValueError, match="must lie between 0 s and 1 s"):
        trains.slice_time(0.5, 2)


def test_monitor_of_a_running_network():
    b2.prefs.codegen.target = "numpy"
    group = b2.NeuronGroup(
        4, "dv/dt = rate : 1\nrate : Hz", threshold="v > 1", reset="v = 0", method="euler"
    )
    group.rate = [0, 100, 200, 300] * b2.Hz
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, monitor).run(100 * b2.ms)
    trains = SpikeTrains.from_monitor(monitor)
    assert trains.n_units == 4
    assert (trains.t_start, trains.t_stop) == (0.0, pytest.approx(0.1))
    np.testing.assert_array_equal(trains.counts(), monitor.count[:])
    for unit, times in monitor.spike_trains().items():
        np.testing.assert_array_equal(trains.of_unit(unit), times / b2.second)
    late = SpikeTrains.from_monitor(monitor, t_start=50 * b2.ms)
    assert late.n_spikes == np.count_nonzero(monitor.t >= 50 * b2.ms)


def test_files(tmp_path):
    trains = SpikeTrains.from_arrays([0.1, 0.2], [0, 3], trials=[1, 0], t_stop=1, n_trials=5)
    path = trains.save(tmp_path / "deep" / "spikes.npz")
    assert SpikeTrains.load(path) == trains
    assert [entry.name for entry in path.parent.iterdir()] == ["spikes.npz"]
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="is no spike file"):
        SpikeTrains.load(path)
    np.savez(tmp_path / "other.npz", a=1)
    with pytest.raises(ValueError, match="was not written by SpikeTrains"):
        SpikeTrains.load(tmp_path / "other.npz")
    with pytest.raises(FileNotFoundError):
        SpikeTrains.load(tmp_path / "absent.npz")


def test_missing_libraries_say_how_to_get_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "neo", None)
    monkeypatch.setitem(sys.modules, "pynwb", None)
    trains = SpikeTrains.from_arrays([0.1], [0], t_stop=1)
    with pytest.raises(ImportError, match=r"pip install 'bioplastic\[spikes\]'"):
        trains.to_neo()
    with pytest.raises(ImportError, match=r"pip install 'bioplastic\[nwb\]'"):
        SpikeTrains.from_nwb("file.nwb")


def test_import_needs_no_optional_library():
    code = (
        "import sys; import bioplastic.analysis, bioplastic.plotting;"
        "print([name for name in ('elephant', 'neo', 'pyspike', 'pynwb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_neurodata_without_borders(tmp_path):
    pynwb = pytest.importorskip("pynwb", reason="needs the extra bioplastic[nwb]")
    from datetime import datetime

    book = pynwb.NWBFile("a test", "test", datetime(2020, 1, 1, tzinfo=UTC))
    book.add_unit(spike_times=[0.1, 0.5], obs_intervals=[[0.0, 2.0]])
    book.add_unit(spike_times=[0.3], obs_intervals=[[0.0, 2.0]])
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "w") as writer:
        writer.write(book)
    trains = SpikeTrains.from_nwb(tmp_path / "a.nwb")
    assert trains.counts().tolist() == [2, 1]
    assert (trains.t_start, trains.t_stop) == (0.0, 2.0)


def test_columns_of_pandas_and_time_differences_are_taken():
    pd = pytest.importorskip("pandas")
    times = pd.Series(pd.to_timedelta([100, 300, 200], unit="ms"))
    trains = SpikeTrains.from_arrays(
        times, pd.Series(["b", "a", "b"]), t_stop=pd.Timedelta(seconds=1)
    )
    assert trains.ids.tolist() == ["a", "b"]
    np.testing.assert_allclose(trains.of_unit(1), [0.1, 0.2])
    with pytest.raises(TypeError, match=r"from_arrays\.units: ids of units must be"):
        SpikeTrains.from_arrays([0.1], np.array([object()]), t_stop=1)
