"""The online decoder beside a transcription, the simulator beside closed forms, filters, smoke."""

from __future__ import annotations

import numpy as np
import pytest
from brian2 import ms

from bioplastic import cli
from bioplastic.analysis import SpikeTrains
from bioplastic.analysis.velocity import KalmanDecoder, bessel_filter, spike_traces
from bioplastic.datasets.reaching import simulated_reaching
from bioplastic.models.online_decoder import OnlineDecoder
from bioplastic.study.results import load_results


def make_trains(rng, n_units=3, start=2.0, stop=4.0):
    times = np.sort(rng.uniform(start, stop, 60))
    return SpikeTrains.from_arrays(
        times, rng.integers(0, n_units, 60), t_start=start, t_stop=stop, n_units=n_units
    )


@pytest.mark.parametrize("where", ["numpy", "cpp"])
def test_learns_the_delta_rule_in_lessons(where):
    rng = np.random.default_rng(0)
    trains, more, target = make_trains(rng), make_trains(rng, start=4, stop=6), rng.random((200, 2))
    model = OnlineDecoder(eta=0.5, target=where, dtype="float64").fit(trains, target[:100])
    assert model.weights_.shape == (4, 2)
    taught = np.arange(100) % 50 < 10
    found = model.adapt(more, target[100:], taught)
    decay, x, w = np.exp(-4 / 200), np.zeros(3), np.zeros((4, 2))
    traces, expected = [], []
    for part in (trains, more):
        fired = np.zeros((500, 3))
        fired[((part.times - part.t_start) / 0.004).astype(int), part.units] = 1
        for step in range(500):
            x = decay * x + fired[step]
            if step % 5 == 4:
                traces.append(x.copy())
    values = np.array(traces)
    fine = spike_traces(_raster(trains), decay=decay)  # every step is used to standardise
    mean, deviation = fine.mean(axis=0), np.maximum(fine.std(axis=0), 0.1)
    np.testing.assert_allclose(model.mean_, mean)
    for k, x in enumerate(values):
        r = np.append((x - mean) / deviation, 1.0)
        y = r @ w
        expected.append(y)
        if k < 100 or taught[k - 100]:
            w += 5 * 0.5 / 3 * np.outer(r, target[k] - y)
    np.testing.assert_allclose(found, expected[100:], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(model.weights_, w, rtol=1e-6, atol=1e-9)
    again = model.predict(more)
    np.testing.assert_array_equal(model.predict(more), again)  # nothing stays
    assert model.weights_.sum() == pytest.approx(w.sum())


def _raster(trains):
    raster = np.zeros((500, 3))
    raster[((trains.times - trains.t_start) / 0.004).astype(int), trains.units] = 1
    return raster


def test_refuses_and_reports():
    rng = np.random.default_rng(1)
    twice = SpikeTrains.from_arrays(
        [0.0101, 0.0102, 0.5], [1, 1, 0], t_start=0, t_stop=1, n_units=2
    )
    model = OnlineDecoder(target="numpy").fit(twice, np.zeros(50))
    assert model.dropped_ == 1
    for call, message in (
        (lambda: model.adapt(twice, np.zeros(49)), "must have 50 rows"),
        (lambda: model.adapt(twice, np.full(50, np.nan)), "must be finite"),
        (lambda: model.adapt(twice, np.zeros(50), np.ones(3)), r"taught: must have shape \(50,\)"),
        (lambda: model.adapt(make_trains(rng), np.zeros(100)), "must have 2 units, got 3"),
        (lambda: OnlineDecoder(interval=21 * ms).fit(twice, np.zeros(50)), "multiple of the step"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(TypeError, match="must be SpikeTrains"):
        model.predict(np.zeros((5, 2)))


def test_recordings_have_the_statistics_that_they_say():
    found = simulated_reaching(3, calibration=400, duration=1, n_units=60, turn=90)
    v = found.velocity
    assert v.var() == pytest.approx(1, abs=0.1)
    for lag in (0.1, 0.25, 0.5):  # two equal leaky integrators
        k, expected = round(lag / found.dt), (1 + lag / 0.25) * np.exp(-lag / 0.25)
        assert np.mean(v[:-k] * v[k:]) / v.var() == pytest.approx(expected, abs=0.05)
    rates = np.bincount(found.units, minlength=60) / 401
    assert np.log(rates).mean() == pytest.approx(np.log(8), abs=0.3)
    assert np.log(rates).std() == pytest.approx(0.6, abs=0.2)
    # cells lead: their counts go with the velocity 100 ms later
    counts = np.zeros((len(v), 60))
    counts[(found.times / found.dt).astype(int), found.units] = 1
    power = [np.abs(counts[:-100].T @ v[k : len(v) - 100 + k]).sum() for k in range(0, 100, 5)]
    assert abs(5 * int(np.argmax(power)) - 25) <= 10
    same = simulated_reaching(3, calibration=400, duration=1, n_units=60, turn=90)
    np.testing.assert_array_equal(same.times, found.times)


def test_traces_and_filters():
    counts = np.random.default_rng(2).integers(0, 2, (40, 2))
    x, expected = np.zeros(2), []
    for step, now in enumerate(counts):
        x = 0.8 * x + now
        if step % 4 == 3:
            expected.append(x)
    np.testing.assert_allclose(spike_traces(counts, decay=0.8, every=4), expected)
    time = np.arange(2000) / 50
    for hertz, cutoff in ((0.2, 4.0), (4.0, 4.0)):
        wave = np.sin(2 * np.pi * hertz * time)[:, None]
        passed = [bessel_filter(wave, cutoff, 50, how=how)[500:1500].std() / wave.std()
                  for how in ("causal", "whole")]  # fmt: skip
        gain = 1.0 if hertz < 1 else 0.5**0.5  # the cut-off is where half of the power passes
        np.testing.assert_allclose(passed, [gain, gain**2], rtol=0.03)
    noise = np.random.default_rng(0).normal(size=(64, 2))
    whole = bessel_filter(noise, 3, 50, how="block", block=64)
    parts = bessel_filter(noise, 3, 50, how="block", block=8)
    changed = noise.copy()
    changed[40:] += 5
    other = bessel_filter(changed, 3, 50, how="block", block=8)
    np.testing.assert_array_equal(other[:40], parts[:40])  # no block knows a later one
    assert np.any(bessel_filter(changed, 3, 50, how="block", block=64)[:40] != whole[:40])


def test_the_stationary_gain_is_where_the_filter_goes():
    rng = np.random.default_rng(4)
    v = np.zeros((3000, 1))
    for k in range(1, 3000):
        v[k] = 0.95 * v[k - 1] + 0.3 * rng.normal()
    counts = rng.poisson(np.exp(0.5 + v @ rng.normal(0, 0.5, (1, 6))))
    model = KalmanDecoder().fit(counts, v)
    seen, centred = np.sqrt(counts) - np.sqrt(counts).mean(axis=0), v - v.mean()
    state = np.column_stack([centred, np.diff(centred, axis=0, prepend=centred[:1])])
    a = np.linalg.lstsq(state[:-1], state[1:], rcond=None)[0].T
    c = np.linalg.lstsq(state, seen, rcond=None)[0].T
    w, q = (e.T @ e / len(e) for e in (state[1:] - state[:-1] @ a.T, seen - state @ c.T))
    p, mean, expected = np.eye(2), np.zeros(2), []
    for now in seen:
        mean, p = a @ mean, a @ p @ a.T + w
        gain = p @ c.T @ np.linalg.inv(c @ p @ c.T + q)
        mean, p = mean + gain @ (now - c @ mean), p - gain @ c @ p
        expected.append(mean[0] + v.mean())
    np.testing.assert_allclose(model.gain_, gain, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(model.predict(counts)[200:, 0], expected[200:], atol=1e-3)


def test_smoke(tmp_path):
    assert cli.main(["run", "decoding", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    results = load_results(tmp_path / "decoding_smoke.json")
    assert abs(results.metrics["r2_bursts_0"] - results.baselines["r2_ridge_0"]) < 0.03
    assert results.metrics["r2_bursts_120"] > results.baselines["r2_ridge_120"] + 0.1
    assert all(v < 0.05 for k, v in results.baselines.items() if k.startswith("r2_control"))
    assert (tmp_path / "decoding_smoke_drift.png").stat().st_size > 20_000
