"""Files and objects of other libraries: ids, counts, rates beside the library that made them."""

from __future__ import annotations

import datetime
from pathlib import Path

import brian2 as b2
import numpy as np
import pandas as pd
import pytest

from bioplastic.analysis import SpikeTrains, mean_rates, read_spikes, unit_table

RATE = 30_000.0
IDS = np.array([3, 7, 40])
LENGTH = 20.0
NAMES = {3: "CA1", 7: "CA3", 40: "DG"}
BEGAN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def _population(seed=0):
    """Return samples of a clock of 30 kHz and the unit of each, sorted by time."""
    rng = np.random.default_rng(seed)
    counts = [50, 160, 400]
    samples = [np.sort(rng.choice(int(LENGTH * RATE) - 2, n, replace=False)) + 1 for n in counts]
    flat = np.concatenate(samples)
    order = np.argsort(flat, kind="stable")
    return flat[order], np.repeat(IDS, counts)[order]


SAMPLES, UNITS = _population()
TIMES = SAMPLES / RATE
BY_ID = {int(unit): TIMES[UNITS == unit] for unit in IDS}
COUNTS = {unit: times.size for unit, times in BY_ID.items()}
GAPPY = np.array([[0.0, 5.0], [8.0, 20.0]])


def _library(name: str, extra: str):
    return pytest.importorskip(name, reason=f"needs the extra bioplastic[{extra}]")


def _text(tmp_path: Path, name: str, lines: list[str], encoding="utf-8") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


# -- makers: each returns our trains, and the rates (Hz) of the library where it has them ----------


def _elephant_rates(trains) -> list[float]:
    statistics = _library("elephant.statistics", "spikes")
    return [float(statistics.mean_firing_rate(train).rescale("Hz")) for train in trains]


def npz_of_save(tmp_path):
    trains = SpikeTrains.from_arrays(TIMES, UNITS, ids=IDS, t_stop=LENGTH)
    return read_spikes(trains.save(tmp_path / "a.npz")), None


def npz_times_units(tmp_path):
    np.savez(tmp_path / "a.npz", times=TIMES, units=UNITS)
    return read_spikes(tmp_path / "a.npz", t_stop=LENGTH), None


def npz_t_i_in_ms(tmp_path):
    np.savez(tmp_path / "a.npz", t=1e3 * TIMES, i=UNITS)
    return read_spikes(tmp_path / "a.npz", t_stop=LENGTH, time_unit="ms"), None


def npz_of_pynapple(tmp_path):
    group = _ts_group()
    group.save(str(tmp_path / "a.npz"))
    return read_spikes(tmp_path / "a.npz"), np.asarray(group.rates)


def npz_of_spikeinterface(tmp_path):
    si = _library("spikeinterface.core", "spikes")
    si.NpzSortingExtractor.write_sorting(_sorting(), tmp_path / "a.npz")
    return read_spikes(tmp_path / "a.npz", t_stop=LENGTH), None


def csv_of_pandas(tmp_path):
    pd.DataFrame({"time": TIMES, "unit": UNITS}).to_csv(tmp_path / "a.csv", index=False)
    return read_spikes(tmp_path / "a.csv", t_stop=LENGTH), None


def csv_unit_before_time(tmp_path):
    pd.DataFrame({"unit": UNITS, "time": TIMES}).to_csv(tmp_path / "a.csv", index=False)
    return read_spikes(tmp_path / "a.csv", t_stop=LENGTH), None


def csv_spike_time_ms(tmp_path):
    frame = pd.DataFrame({"spike_time_ms": 1e3 * TIMES, "neuron_id": UNITS, "depth": 1.0})
    frame.to_csv(tmp_path / "a.csv", index=False)
    return read_spikes(tmp_path / "a.csv", t_stop=LENGTH), None


def csv_of_a_european_spreadsheet(tmp_path):
    frame = pd.DataFrame({"Time (ms)": 1e3 * TIMES, "Neuron ID": UNITS})
    frame.to_csv(tmp_path / "a.csv", index=False, sep=";", decimal=",", encoding="utf-8-sig")
    return read_spikes(tmp_path / "a.csv", t_stop=LENGTH), None


def csv_without_header(tmp_path):
    pd.DataFrame([UNITS, 1e6 * TIMES]).T.to_csv(tmp_path / "a.csv", index=False, header=False)
    options = {"columns": "unit,time", "time_unit": "us"}
    return read_spikes(tmp_path / "a.csv", t_stop=LENGTH, **options), None


def csv_with_other_names(tmp_path):
    frame = pd.DataFrame({"who": UNITS, "when": 1e3 * TIMES, "unit": 5})
    frame.to_csv(tmp_path / "a.csv", index=False)
    options = {"columns": "time=when,unit=who", "time_unit": "ms"}
    return read_spikes(tmp_path / "a.csv", t_stop=LENGTH, **options), None


def txt_of_savetxt(tmp_path):
    np.savetxt(tmp_path / "a.txt", np.stack([TIMES, UNITS], axis=1), header="time_s unit")
    return read_spikes(tmp_path / "a.txt", t_stop=LENGTH), None


def tsv_of_samples(tmp_path):
    frame = pd.DataFrame({"sample_index": SAMPLES, "cluster_id": UNITS})
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    return read_spikes(tmp_path / "a.tsv", sampling_rate=RATE, t_stop=LENGTH), None


def recorder_of_nest(tmp_path):
    lines = ["sender\ttime_ms"]
    lines += [f"{unit}\t{1e3 * time:.9f}" for time, unit in zip(TIMES, UNITS, strict=True)]
    return read_spikes(_text(tmp_path, "a.gdf", lines), t_stop=LENGTH), None


def table_of_pandas(tmp_path):
    frame = pd.DataFrame({"times_us": 1e6 * TIMES, "clusters": UNITS})
    return SpikeTrains.from_pandas(frame, t_stop=LENGTH), None


def table_of_time_differences(tmp_path):
    frame = pd.DataFrame({"time": pd.to_timedelta(TIMES, unit="s"), "unit": UNITS})
    return SpikeTrains.from_pandas(frame, t_stop=LENGTH), None


def _book(observed=None):
    pynwb = _library("pynwb", "nwb")
    book = pynwb.NWBFile("a test", "test", BEGAN)
    book.add_unit_column("quality", "of the sorting")
    for unit, times in BY_ID.items():
        more = {} if observed is None else {"obs_intervals": observed}
        book.add_unit(spike_times=times, id=unit, quality=NAMES[unit], **more)
    return book


def nwb_file(tmp_path):
    pynwb = _library("pynwb", "nwb")
    with pynwb.NWBHDF5IO(str(tmp_path / "a.nwb"), "w") as writer:
        writer.write(_book([[0.0, LENGTH]]))
    found = read_spikes(tmp_path / "a.nwb")
    assert found.labels["quality"].tolist() == list(NAMES.values())
    return found, None


def nwb_in_memory(tmp_path):
    return SpikeTrains.from_nwb(_book(), t_stop=LENGTH), None


def nwb_of_neo(tmp_path):
    neo = _library("neo", "spikes")
    _library("pynwb", "nwb")
    path = tmp_path / "a.nwb"
    block, trains = _neo_block()
    block.annotate(session_start_time=BEGAN, identifier="a")
    writer = neo.io.NWBIO(str(path), "w")
    writer.write_all_blocks([block])
    found = read_spikes(path, t_stop=LENGTH)  # NWBIO writes ids of its own, in this order
    return SpikeTrains.from_arrays(found.times, found.units, t_stop=LENGTH), trains, range(3)


def nwb_of_ours(tmp_path):
    _library("pynwb", "nwb")
    trains = SpikeTrains.from_arrays(TIMES, UNITS, ids=IDS, t_stop=LENGTH)
    return read_spikes(trains.to_nwb(tmp_path / "a.nwb", session_start=BEGAN)), None


def _neo_trains(unit="ms", factor=1e3):
    neo = _library("neo", "spikes")
    return [
        neo.SpikeTrain(factor * times, units=unit, t_stop=factor * LENGTH, id=key, name=NAMES[key])
        for key, times in BY_ID.items()
    ]


def _neo_block():
    neo = _library("neo", "spikes")
    block, segment = neo.Block(), neo.Segment()
    block.segments.append(segment)
    segment.spiketrains.extend(_neo_trains())
    return block, _elephant_rates(_neo_trains())


def neo_trains_in_ms(tmp_path):
    found = SpikeTrains.from_neo(_neo_trains())
    assert found.labels["name"].tolist() == list(NAMES.values())
    return found, _elephant_rates(_neo_trains())


def neo_train_as_an_array(tmp_path):
    neo = _library("neo", "spikes")
    train = neo.SpikeTrain(1e3 * TIMES, units="ms", t_stop=1e3 * LENGTH)
    found = SpikeTrains.from_arrays(train, UNITS, ids=IDS, t_stop=train.t_stop)
    return found, _elephant_rates(_neo_trains())


def neo_block(tmp_path):
    block, rates = _neo_block()
    return SpikeTrains.from_neo(block), rates


def neo_matlab(tmp_path):
    neo = _library("neo", "spikes")
    block, rates = _neo_block()
    neo.io.NeoMatlabIO(str(tmp_path / "a.mat")).write_block(block)
    return read_spikes(tmp_path / "a.mat"), rates


def neo_of_elephant(tmp_path):
    generation = _library("elephant.spike_train_generation", "spikes")
    import quantities as pq

    np.random.seed(0)  # noqa: NPY002 (what Elephant draws from)
    process = generation.StationaryPoissonProcess(rate=20 * pq.Hz, t_stop=LENGTH * pq.s)
    trains = process.generate_n_spiketrains(3)
    counts = {unit: len(train) for unit, train in enumerate(trains)}
    return SpikeTrains.from_neo(trains), _elephant_rates(trains), range(3), counts


def _phy(tmp_path, column=False, groups="cluster_group.tsv"):
    folder = tmp_path / "phy"
    folder.mkdir()
    noise = np.array([10, 20, 30])
    samples = np.concatenate([SAMPLES, noise]).astype(np.uint64)
    clusters = np.concatenate([UNITS, [55, 55, 55]]).astype(np.int32)
    order = np.argsort(samples, kind="stable")
    shape = (-1, 1) if column else (-1,)
    np.save(folder / "spike_times.npy", samples[order].reshape(shape))
    np.save(folder / "spike_clusters.npy", clusters[order].reshape(shape))
    np.save(folder / "spike_templates.npy", clusters[order].reshape(shape))
    np.save(folder / "amplitudes.npy", np.ones(order.size))
    np.save(folder / "templates.npy", np.ones((56, 10, 4), np.float32))
    n = int(LENGTH * RATE)
    np.memmap(folder / "raw.dat", "int16", "w+", shape=(n, 4)).flush()
    text = "dat_path = 'raw.dat'\nn_channels_dat = 4\ndtype = 'int16'\noffset = 0\n"
    text += f"sample_rate = {RATE}\nhp_filtered = False\nraise SystemExit('executed')\n"
    (folder / "params.py").write_text(text)
    if groups:
        name = "KSLabel" if "KS" in groups else "group"
        rows = [f"cluster_id\t{name}", "3\tgood", "7\tmua", "40\tgood", "55\tnoise"]
        (folder / groups).write_text("\n".join(rows) + "\n")
    return folder


def phy_folder(tmp_path):
    found = read_spikes(_phy(tmp_path))
    assert found.labels["group"].tolist() == ["good", "mua", "good"]
    assert "left out: noise (1)" in " ".join(found.notes)
    return found, None


def phy_folder_good_only(tmp_path):
    found = read_spikes(_phy(tmp_path), groups="good")
    return found, None, [3, 40], {unit: COUNTS[unit] for unit in (3, 40)}


def kilosort_folder(tmp_path):
    return read_spikes(_phy(tmp_path, column=True, groups="cluster_KSLabel.tsv")), None


def phy_folder_beside_spikeinterface(tmp_path):
    extractors = _library("spikeinterface.extractors", "spikes")
    folder = _phy(tmp_path)
    params = (folder / "params.py").read_text().splitlines()
    (folder / "params.py").write_text("\n".join(params[:-1]))  # SpikeInterface executes it
    theirs = extractors.read_phy(folder, exclude_cluster_groups=["noise"])
    counts = theirs.count_num_spikes_per_unit()
    rates = [counts[unit] / LENGTH for unit in theirs.unit_ids]
    return read_spikes(folder), rates, theirs.unit_ids, counts


def _sorting():
    si = _library("spikeinterface.core", "spikes")
    return si.NumpySorting.from_samples_and_labels([SAMPLES], [UNITS], RATE)


def sorting(tmp_path):
    found = _sorting()
    found.set_property("quality", ["good", "mua", "good"])
    trains = SpikeTrains.from_spikeinterface(found, t_stop=LENGTH)
    assert trains.labels["quality"].tolist() == ["good", "mua", "good"]
    counts = found.count_num_spikes_per_unit()
    return trains, [counts[unit] / LENGTH for unit in found.unit_ids], found.unit_ids, counts


def sorting_saved_in_a_folder(tmp_path):
    found = _sorting()
    found.set_property("quality", ["good", "mua", "good"])
    found.save(folder=tmp_path / "sorting")
    trains = read_spikes(tmp_path / "sorting", t_stop=LENGTH)
    assert trains.labels["quality"].tolist() == ["good", "mua", "good"]
    return trains, None


def sorting_with_recording(tmp_path):
    si = _library("spikeinterface.core", "spikes")
    found = _sorting()
    data = np.zeros((int(LENGTH * RATE), 1), np.int16)
    found.register_recording(si.NumpyRecording([data], RATE))
    counts = found.count_num_spikes_per_unit()
    rates = [counts[unit] / found.get_total_duration() for unit in found.unit_ids]
    return SpikeTrains.from_spikeinterface(found), rates, found.unit_ids, counts


def sorting_of_two_segments(tmp_path):
    si = _library("spikeinterface.core", "spikes")
    late = SAMPLES >= 12 * RATE
    parts = [SAMPLES[~late], SAMPLES[late] - int(12 * RATE)]
    found = si.NumpySorting.from_samples_and_labels(parts, [UNITS[~late], UNITS[late]], RATE)
    data = [np.zeros((int(n * RATE), 1), np.int16) for n in (12, 8)]
    found.register_recording(si.NumpyRecording(data, RATE))
    trains = SpikeTrains.from_spikeinterface(found)
    assert trains.n_trials == 2
    counts = found.count_num_spikes_per_unit()
    rates = [counts[unit] / found.get_total_duration() for unit in found.unit_ids]
    return trains, rates, found.unit_ids, counts


def _ts_group(support=None):
    nap = _library("pynapple", "spikes")
    support = nap.IntervalSet(0, LENGTH) if support is None else support
    return nap.TsGroup(
        {unit: nap.Ts(times) for unit, times in BY_ID.items()},
        time_support=support,
        metadata={"area": list(NAMES.values())},
    )


def ts_group(tmp_path):
    group = _ts_group()
    found = SpikeTrains.from_pynapple(group)
    assert found.labels["area"].tolist() == list(NAMES.values())
    return found, np.asarray(group.rates)


def ts_group_with_gaps(tmp_path):
    nap = _library("pynapple", "spikes")
    group = _ts_group(nap.IntervalSet(GAPPY[:, 0], GAPPY[:, 1]))
    counts = {unit: len(group[unit]) for unit in group.index}
    return SpikeTrains.from_pynapple(group), np.asarray(group.rates), IDS, counts


def ts_group_of_ours(tmp_path):
    trains = SpikeTrains.from_arrays(TIMES, UNITS, ids=IDS, t_stop=LENGTH)
    _library("pynapple", "spikes")
    group = trains.to_pynapple()
    return SpikeTrains.from_pynapple(group), np.asarray(group.rates)


def quantities_array(tmp_path):
    pq = _library("quantities", "spikes")
    times = 1e3 * TIMES * pq.ms
    return SpikeTrains.from_arrays(times, UNITS, ids=IDS, t_stop=LENGTH * pq.s), None


def list_of_brian2_quantities(tmp_path):
    times = [time * b2.second for time in TIMES]
    return SpikeTrains.from_arrays(times, UNITS, ids=IDS, t_stop=2e4 * b2.ms), None


def brian2_monitor(tmp_path):
    b2.prefs.codegen.target = "numpy"
    cells = np.searchsorted(IDS, UNITS)
    steps = np.unique(np.stack([(TIMES * 1e3).astype(int), cells]), axis=1)
    group = b2.SpikeGeneratorGroup(3, steps[1], steps[0] * b2.ms, dt=1 * b2.ms)
    monitor = b2.SpikeMonitor(group)
    b2.Network(group, monitor).run(LENGTH * b2.second)
    counts = dict(enumerate(np.asarray(monitor.count).tolist()))
    return SpikeTrains.from_monitor(monitor), None, range(3), counts


MAKERS = [
    npz_of_save, npz_times_units, npz_t_i_in_ms, npz_of_pynapple, npz_of_spikeinterface,
    csv_of_pandas, csv_unit_before_time, csv_spike_time_ms, csv_of_a_european_spreadsheet,
    csv_without_header, csv_with_other_names, txt_of_savetxt, tsv_of_samples, recorder_of_nest,
    table_of_pandas, table_of_time_differences,
    nwb_file, nwb_in_memory, nwb_of_neo, nwb_of_ours,
    neo_trains_in_ms, neo_train_as_an_array, neo_block, neo_matlab, neo_of_elephant,
    phy_folder, phy_folder_good_only, kilosort_folder, phy_folder_beside_spikeinterface,
    sorting, sorting_saved_in_a_folder, sorting_with_recording, sorting_of_two_segments,
    ts_group, ts_group_with_gaps, ts_group_of_ours,
    quantities_array, list_of_brian2_quantities, brian2_monitor,
]  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_ids_counts_and_rates(maker, tmp_path):
    trains, rates, *more = maker(tmp_path)
    ids = list(more[0]) if more else IDS.tolist()
    counts = more[1] if len(more) > 1 else dict(zip(ids, COUNTS.values(), strict=True))
    assert trains.ids.tolist() == ids
    found = trains.counts().reshape(-1, trains.n_units).sum(axis=0)
    assert found.tolist() == [counts[unit] for unit in ids]
    seconds = 17.0 if maker is ts_group_with_gaps else LENGTH
    expected = [counts[unit] / seconds for unit in ids] if rates is None else rates
    np.testing.assert_allclose(mean_rates(trains), expected, rtol=1e-9)
    if len(more) < 2:
        for unit, key in enumerate(ids):
            exact = BY_ID[key] if key in BY_ID else list(BY_ID.values())[unit]
            np.testing.assert_allclose(trains.of_unit(unit), exact, rtol=0, atol=1e-8)


# -- observed time ---------------------------------------------------------------------------------


def test_observed_intervals_of_nwb():
    pynwb = _library("pynwb", "nwb")
    book = pynwb.NWBFile("a", "b", BEGAN)
    book.add_unit(spike_times=[0.5, 9.5], obs_intervals=[[0, 1], [9, 10]], id=12)
    book.add_unit(spike_times=[0.5], obs_intervals=[[0, 4]], id=3)
    trains = SpikeTrains.from_nwb(book)
    assert mean_rates(trains).tolist() == [1.0, 0.25]
    assert trains.ids.tolist() == [12, 3]
    again = pynwb.NWBFile("a", "b", BEGAN)
    assert SpikeTrains.from_nwb(trains.to_nwb(again)) == trains
    empty = pynwb.NWBFile("a", "b", BEGAN)
    empty.add_unit_column("q", "x")
    empty.add_unit(q=1)
    with pytest.raises(ValueError, match="must hold units with spike times"):
        SpikeTrains.from_nwb(empty)


def test_segments_of_neo_are_stretches_or_trials():
    neo = _library("neo", "spikes")

    def block(*windows):
        made = neo.Block()
        for start, stop in windows:
            segment = neo.Segment()
            segment.spiketrains.append(
                neo.SpikeTrain([start + 0.5], units="s", t_start=start, t_stop=stop)
            )
            made.segments.append(segment)
        return SpikeTrains.from_neo(made)

    stretches, trials, uneven = block((0, 2), (5, 8)), block((0, 2), (0, 2)), block((0, 1), (0, 3))
    assert (stretches.n_trials, stretches.observed_seconds().tolist()) == (1, [5.0])
    assert (trials.n_trials, mean_rates(trials).tolist()) == (2, [0.5])
    assert (uneven.n_trials, mean_rates(uneven).tolist()) == (2, [0.5])


@pytest.mark.parametrize("name", ["neo", "pynapple", "npz"])
def test_there_and_back_with_gaps_and_labels(name, tmp_path):
    trains = SpikeTrains.from_arrays(
        TIMES, UNITS, ids=IDS, t_stop=LENGTH, observed=GAPPY, outside="drop",
        labels={"name": list(NAMES.values())},
    )  # fmt: skip
    if name == "npz":
        back = SpikeTrains.load(trains.save(tmp_path / "a.npz"))
    elif name == "neo":
        neo = _library("neo", "spikes")
        writer = neo.io.NeoMatlabIO(str(tmp_path / "a.mat"))
        writer.write_block(trains.to_neo(block=True))
        back = read_spikes(tmp_path / "a.mat")
    else:
        _library(name, "spikes")
        back = SpikeTrains.from_pynapple(trains.to_pynapple())
    assert back == trains
    assert back.labels["name"].tolist() == list(NAMES.values())


def test_trials_there_and_back_through_neo():
    _library("neo", "spikes")
    trains = SpikeTrains.from_arrays(
        [0.1, 0.2, 0.3], [7, 40, 7], ids=IDS, trials=[0, 2, 2], t_stop=1, n_trials=3
    )
    assert SpikeTrains.from_neo(trains.to_neo()) == trains
    assert SpikeTrains.from_neo(trains.to_neo(block=True)) == trains


def test_table_of_units_beside_spikeinterface():
    si = _library("spikeinterface.core", "spikes")
    metrics = _library("spikeinterface.metrics.quality.misc_metrics", "spikes")
    rng = np.random.default_rng(1)
    samples = np.sort(rng.integers(0, 600 * 1000, 3000)) * 30
    labels = rng.integers(0, 2, samples.size) * 5
    found = si.NumpySorting.from_samples_and_labels([samples], [labels], RATE)
    data = np.lib.stride_tricks.as_strided(
        np.zeros(1, np.int16), (int(600 * RATE), 1), (0, 0), writeable=False
    )
    recording = si.NumpyRecording([data], RATE)
    recording.set_dummy_probe_from_locations(np.zeros((1, 2)))
    found.register_recording(recording)
    analyzer = si.create_sorting_analyzer(found, recording, sparse=False)
    table = unit_table(SpikeTrains.from_spikeinterface(found))
    presence = metrics.compute_presence_ratios(analyzer, bin_duration_s=60)
    counted = metrics.compute_isi_violations(analyzer, isi_threshold_ms=1.5).isi_violations_count
    for unit in (0, 5):
        assert table.loc[unit, "presence_ratio"] == pytest.approx(presence[unit])
        share = counted[unit] / (table.loc[unit, "n"] - 1)
        assert table.loc[unit, "refractory_violations"] == pytest.approx(share)


# -- nothing is guessed in silence -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (["0.5,3", "0.7,4"], {}, r"has no header; say --columns time,unit"),
        (["a,b", "0.5,3"], {}, r"the table has 'a', 'b'; say --columns time,unit"),
        (["time_ms,time_s,unit", "500,0.5,1"], {}, "may both be the time"),
        (["time,unit", "1000,1", "4500,2"], {}, "unit of time is not stated.* --time-unit s, ms"),
        (["time,unit", "90000.5,1"], {}, "unit of time is not stated"),
        (["sample,unit", "10,1"], {}, "need --sampling-rate"),
        (["time,unit", "0.1,0", "x,1"], {}, r"row 2 must be a time and a unit, got \['x', '1'\]"),
        (["time,unit", "0.1,0", ",1"], {}, "row 2 must be"),
        (["time,unit", "0.1,0", "nan,1"], {}, "row 2 must be"),
        (["time,unit", "0.1,0.5"], {}, "must be whole numbers or text"),
        (["time,unit", "0.1,0,7"], {}, "header names 2 columns, the rows have 3"),
        (["time,unit", "0.1,0"], {"columns": "time"}, "has 2 columns, --columns names 1"),
        (["time,unit", "0.1,0"], {"columns": "time=t,unit"}, "has no column 't'"),
        (["time,unit", "0.1,0"], {"columns": "when,unit"}, "must hold time, unit, trial or -"),
        (["time,unit", "0.1,0"], {"time_unit": "min"}, "must be one of 's', 'ms'"),
        (["time,unit", "0.1,0"], {"groups": "good"}, "--quality has no meaning"),
        (["time,unit"], {}, "holds no spikes; give --t-stop"),
    ],
)  # fmt: skip
def test_unclear_tables_say_what_to_pass(lines, options, message, tmp_path):
    with pytest.raises((TypeError, ValueError), match=message):
        read_spikes(_text(tmp_path, "a.csv", lines), **options)


def test_what_was_assumed_is_noted(tmp_path):
    trains = read_spikes(_text(tmp_path, "a.csv", ["time,unit,depth", "0.5,3,10", "1.5,40,20"]))
    assert trains.notes == (
        "columns left out: depth",
        "the unit of time is not stated; taken as seconds",
        "the end of the recording is not stated; taken as the last spike",
    )
    assert not read_spikes(_text(tmp_path, "b.csv", ["time_s,unit", "1,3"]), t_stop=2).notes


@pytest.mark.parametrize(
    "make",
    [
        lambda: [10.0] * b2.mV,
        lambda: [10.0 * b2.mV],
        lambda: [_library("quantities", "spikes").Quantity(10.0, "mV")],
        lambda: _library("quantities", "spikes").Quantity([10.0], "mV"),
        lambda: [10.0 * b2.ms, 5.0],
    ],
)
def test_other_dimensions_are_no_times(make):
    times = make()
    with pytest.raises(TypeError, match=r"must be a time|must all be times"):
        SpikeTrains.from_arrays(times, [0] * len(times), t_stop=100)


# -- what is damaged, and what would be executed ---------------------------------------------------


@pytest.mark.parametrize("part", ["format", "times", "trunk"])
def test_a_damaged_file_of_ours_is_not_read_as_columns(part, tmp_path):
    path = SpikeTrains.from_arrays([0.5, 1.5], [0, 1], t_stop=9).save(tmp_path / "a.npz")
    if part == "trunk":
        path.write_bytes(path.read_bytes()[:-30])
    else:
        with np.load(path) as stored:
            arrays = dict(stored)
        arrays[part] = np.array("other") if part == "format" else np.array([99.0, 1.5])
        np.savez(path, **arrays)
    with pytest.raises(ValueError, match=r"is no spike file|damaged"):
        read_spikes(path)


def test_a_folder_or_file_that_nobody_knows_is_named(tmp_path):
    _library("neo", "spikes")
    (tmp_path / "x.mat").write_bytes(b"MATLAB 5.0")
    for path, message in (
        (tmp_path, "is a folder without spike files"),
        (tmp_path / "x.mat", "neither bioplastic nor Neo can read it"),
        (tmp_path / "absent.mat", "does not exist"),
    ):
        with pytest.raises((ValueError, OSError), match=message):
            read_spikes(path)


class _Bomb:
    def __reduce__(self):
        return (Path.touch, (Path(_Bomb.target),))


@pytest.fixture
def bomb(tmp_path):
    """Return a pickle that makes a file when it is read, and the path of that file."""
    import pickle

    _Bomb.target = str(tmp_path / "executed")
    data = pickle.dumps(_Bomb())
    pickle.loads(data)
    (tmp_path / "executed").unlink()  # it works
    return data, tmp_path / "executed"


def test_no_ending_that_neo_knows_executes_a_pickle(bomb, tmp_path):
    neo_io = _library("neo.io", "spikes")
    data, mark = bomb
    endings = {ending.lower() for reader in neo_io.iolist for ending in reader.extensions if ending}
    endings |= {"pkl", "pickle", "joblib", "npz", "npy", "nwb", "csv", "py"}
    for ending in sorted(endings):
        path = tmp_path / f"spikes.{ending}"
        path.write_bytes(data)
        with pytest.raises((ValueError, ImportError, TypeError)):
            read_spikes(path)
        path.unlink()
        assert not mark.exists(), ending
    folder = tmp_path / "phy"
    folder.mkdir()
    for name in ("spike_times", "spike_clusters"):
        np.save(folder / f"{name}.npy", np.array([_Bomb()], dtype=object), allow_pickle=True)
    (folder / "params.py").write_text("sample_rate = 30000.\nopen('executed', 'w')\n")
    with pytest.raises(ValueError, match="damaged or no array"):
        read_spikes(folder)
    assert not mark.exists()


def test_no_reader_that_can_execute_is_reached():
    """Look at the source of every reader of Neo: what unpickles, evaluates or starts programs."""
    import ast
    import inspect

    neo_io = _library("neo.io", "spikes")
    from bioplastic.analysis.io.neo import NEO_READERS

    def executes(kind: type) -> bool:
        for module in {inspect.getmodule(base) for base in kind.__mro__ if "neo." in str(base)}:
            tree = ast.parse(inspect.getsource(module))
            for node in ast.walk(tree):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    names = {alias.name for alias in node.names} | {getattr(node, "module", "")}
                    if names & {"pickle", "subprocess", "dill", "marshal", "ctypes", "shelve"}:
                        return True
                called = getattr(getattr(node, "func", None), "id", "")
                if isinstance(node, ast.Call) and called in ("eval", "exec", "__import__"):
                    return True
        return False

    known = {reader.__name__: reader for reader in neo_io.iolist}
    assert {"PickleIO", "ElphyIO"} <= {name for name, kind in known.items() if executes(kind)}
    assert not [name for name in NEO_READERS if name in known and executes(known[name])]
    assert len(NEO_READERS & set(known)) > 30
