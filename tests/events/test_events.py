"""Cutting and counting events beside plain loops, and events as spikes of a network."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms, mV, second, us

from bioplastic.engine import NetworkSpec, Program, SpikeRecord, Trial
from bioplastic.events import Events
from bioplastic.signals import SpikeListSource


@pytest.fixture
def events():
    rng = np.random.default_rng(5)
    n, size = 500, (9, 7)
    x, y = rng.integers(0, size[0], n), rng.integers(0, size[1], n)
    return Events.from_arrays(rng.integers(0, 9000, n), x, y, rng.integers(0, 2, n), size=size)


def test_window_crop_and_downsample_beside_loops(events):
    cut = events.window(2 * ms, 5 * ms)
    wanted = [(t - 2000, x, y, p) for t, x, y, p in rows(events) if 2000 <= t < 5000]
    assert rows(cut) == wanted
    assert cut.start == events.start + 2000
    piece = events.crop(2, 1, 4, 5)
    assert rows(piece) == [
        (t, x - 2, y - 1, p) for t, x, y, p in rows(events) if 2 <= x < 6 and 1 <= y < 6
    ]
    assert piece.size == (4, 5)
    small = events.downsample(4)
    assert rows(small) == [(t, x // 4, y // 4, p) for t, x, y, p in rows(events)]
    assert small.size == (3, 2)


@pytest.mark.parametrize("radius", [1, 2])
def test_denoise_beside_a_loop(events, radius):
    wanted, before = [], []
    for t, x, y, p in rows(events):
        near = any(
            t - s <= 300 and max(abs(x - u), abs(y - v)) <= radius and (x, y) != (u, v)
            for s, u, v in before
        )
        wanted += [(t, x, y, p)] * near
        before.append((t, x, y))
    clean = events.denoise(300 * us, radius)
    assert rows(clean) == wanted
    assert 0 < clean.dropped["isolated"] == len(events) - len(wanted)


@pytest.mark.parametrize("polarity", ["split", "merge", "on"])
def test_counts_and_spikes_beside_a_loop(events, polarity):
    width, height = events.size
    counts = np.zeros((9, 2 if polarity == "split" else 1, height, width), int)
    seen, spikes = set(), []
    for t, x, y, p in rows(events):
        if polarity == "on" and not p:
            continue
        q = int(p) if polarity == "split" else 0
        counts[t // 1000, q, y, x] += 1
        cell, step = (q * height + y) * width + x, round(t / 500 + 1e-9)
        if (cell, step) not in seen:
            seen.add((cell, step))
            spikes.append((cell, step))
    ours = events.counts(1 * ms, polarity)
    np.testing.assert_array_equal(ours.values.reshape(counts.shape), counts)
    np.testing.assert_array_equal(events.counts(polarity=polarity).values.ravel(),
                                  counts.sum(0).ravel())  # fmt: skip
    indices, times = events.spikes(0.5 * ms, polarity)
    assert list(zip(indices, np.rint(times / (0.5 * ms)).astype(int), strict=True)) == spikes
    lost = counts.sum() - len(spikes)
    assert events.n_duplicates(0.5 * ms, polarity) == lost > 0
    with pytest.raises(ValueError, match=f"{lost} of {counts.sum()} events fall into a step"):
        events.spikes(0.5 * ms, polarity, duplicates="error")


def test_events_drive_a_network(events):
    spec = NetworkSpec(
        populations=(SpikeListSource(name="camera", n=126),), projections=(),
        trial=Trial(duration=10 * ms), records=(SpikeRecord(population="camera"),),
    )  # fmt: skip
    program = Program(spec, target="numpy", dtype="float64", dt=0.1 * ms)
    spikes = events.spikes(0.1 * ms)
    _, record = program(program.initial_state(0), {"camera": [spikes]}, seed=0)
    assert len(record["camera.spike_cell"]) == len(spikes[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.window(2 * ms, 2 * ms), "stop must be after start"),
        (lambda e: e.window(2, 3 * ms), "window.start: must be a quantity"),
        (lambda e: e.crop(8, 0, 2, 2), "crop.width: must be"),
        (lambda e: e.downsample(0), "downsample.factor: must be"),
        (lambda e: e.spikes(0 * ms), "spikes.dt: must be positive"),
        (lambda e: e.counts(polarity="both"), "counts.polarity: must be one of"),
        (lambda e: Events.from_arrays([0.5], [0], [0], [1]), "from_arrays.t: must be whole"),
        (lambda e: Events.from_arrays([1] * mV, [0], [0], [1]), "must have the unit of a time"),
        (lambda e: Events.from_arrays([1], [0, 1], [0], [1]), "lengths differ"),
        (lambda e: Events.from_arrays([1], [-1], [0], [1]), "lies outside"),
        (lambda e: Events(e.t[::-1], e.x, e.y, e.p, e.size), "must be in order"),
    ],
)
def test_bad_input_is_refused(events, call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(events)


def test_quantities_are_times():
    events = Events.from_arrays([0.001, 0.0025] * second, [0, 0], [0, 0], [True, False])
    np.testing.assert_array_equal(events.t, [0, 1500])


def rows(events):
    return list(zip(events.t.tolist(), events.x.tolist(), events.y.tolist(), events.p.tolist(),
                    strict=True))  # fmt: skip
