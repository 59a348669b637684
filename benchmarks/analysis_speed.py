"""Time the analysis of many spikes, and our verbs beside those of Elephant.

``python -m benchmarks.analysis_speed`` takes ten million spikes (1,000 units, 1,000 s, 10 Hz); the
comparison needs the extra ``bioplastic[spikes]`` and is left out without it. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402

from bioplastic.analysis import (  # noqa: E402
    SpikeTrains,
    cross_correlograms,
    interval_statistics,
    mean_rates,
    spike_time_tiling,
    van_rossum_distances,
    victor_purpura_distances,
)

__all__ = ["compare", "main", "measure_many", "measure_report"]


def measure_many(n_units: int, duration: float, rate: float, seed: int = 0) -> dict[str, Any]:
    """Time container, rates, interval statistics and 100 correlograms.

    Parameters
    ----------
    n_units : int
        Units, at least 101.
    duration, rate : float
        Seconds and Hz of Poisson trains; spikes arrive sorted by time, as a monitor has them.
    seed : int, default 0
        Fixes the spikes.

    Returns
    -------
    dict
        Seconds (wall and processor time) of each step and their sums, and the largest memory of
        the process in bytes, the interpreter and the input arrays included.
    """
    rng = np.random.default_rng(seed)
    n = rng.poisson(n_units * duration * rate)
    times = rng.random(n)
    times.sort()
    times *= duration
    units = rng.integers(0, n_units, n)
    steps: dict[str, dict[str, float]] = {}
    trains = _time(
        steps,
        "container",
        lambda: SpikeTrains.from_arrays(
            times, units, t_stop=duration, n_units=n_units, duplicates="keep"
        ),
    )
    _time(steps, "rates", lambda: mean_rates(trains))
    _time(steps, "interval_statistics", lambda: interval_statistics(trains))
    pairs = [(unit, unit + 1) for unit in range(100)]
    _time(
        steps,
        "correlograms_100_pairs",
        lambda: cross_correlograms(trains, pairs, bin_width=0.001, max_lag=0.1),
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "n_spikes": int(n),
        "n_units": n_units,
        "duration": duration,
        "steps": steps,
        "wall_seconds": sum(step["wall"] for step in steps.values()),
        "cpu_seconds": sum(step["cpu"] for step in steps.values()),
        "peak_bytes": peak * (1 if sys.platform == "darwin" else 1024),
    }


def compare(n_units: int = 10, duration: float = 30.0, rate: float = 10.0) -> dict[str, Any]:
    """Time our verbs and Elephant's on the same trains.

    Returns
    -------
    dict
        For each verb ``ours`` and ``theirs`` (processor seconds, the best of three), ``ratio``
        (theirs over ours) and ``difference`` (the largest of the results). Empty without Elephant.
    """
    try:
        import quantities as pq
        from elephant import spike_train_correlation as correlation
        from elephant import spike_train_dissimilarity as dissimilarity
        from elephant import statistics
        from elephant.conversion import BinnedSpikeTrain
    except ImportError:
        return {}
    rng = np.random.default_rng(1)
    n = rng.poisson(n_units * duration * rate)
    slots = rng.integers(0, int(duration * 1000), n) * n_units + rng.integers(0, n_units, n)
    slots = np.unique(slots)
    trains = SpikeTrains.from_arrays(
        (slots // n_units + 0.5) * 1e-3, slots % n_units, t_stop=duration, n_units=n_units
    )
    neo_trains = trains.to_neo()
    pairs = [(i, j) for i in range(n_units) for j in range(i)]
    off = ~np.eye(n_units, dtype=bool)

    def their_correlograms() -> Any:
        binned = [BinnedSpikeTrain(train, bin_size=1 * pq.ms) for train in neo_trains]
        return [
            np.asarray(
                correlation.cross_correlation_histogram(binned[i], binned[j], window=[-50, 50])[0]
            ).ravel()
            for i, j in pairs
        ]

    def their_tiling() -> Any:
        dt = 0.0053 * pq.s
        return [
            correlation.spike_time_tiling_coefficient(neo_trains[i], neo_trains[j], dt=dt)
            for i, j in pairs
        ]

    cases: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "intervals_cv2_lv": (
            lambda: np.stack([interval_statistics(trains).cv2, interval_statistics(trains).lv]),
            lambda: np.array(
                [
                    [verb(statistics.isi(train)) for train in neo_trains]
                    for verb in (statistics.cv2, statistics.lv)
                ]
            ),
        ),
        "correlograms": (
            lambda: cross_correlograms(trains, pairs, bin_width=1e-3, max_lag=0.05)[1],
            their_correlograms,
        ),
        "spike_time_tiling": (
            lambda: spike_time_tiling(trains, 0.0053)[np.tril_indices(n_units, -1)],
            their_tiling,
        ),
        "van_rossum": (
            lambda: van_rossum_distances(trains, 0.02)[off],
            lambda: dissimilarity.van_rossum_distance(neo_trains, time_constant=0.02 * pq.s)[off],
        ),
        "victor_purpura": (
            lambda: victor_purpura_distances(trains, 50.0),
            lambda: dissimilarity.victor_purpura_distance(neo_trains, cost_factor=50 * pq.Hz),
        ),
    }
    results = {}
    for name, (ours, theirs) in cases.items():
        (mine, value), (other, expected) = _best(ours), _best(theirs)
        results[name] = {
            "ours": mine,
            "theirs": other,
            "ratio": other / mine,
            "difference": float(np.max(np.abs(np.asarray(value) - np.asarray(expected)))),
        }
    return results


def measure_report(
    n_units: int = 400, duration: float = 7200.0, n_spikes: int = 20_000_000
) -> dict[str, dict[str, float]]:
    """Measure ``bioplastic spikes`` for a phy folder and for an unsorted npz of the same spikes.

    Returns
    -------
    dict
        For each, the processor seconds and the largest memory in bytes of the command.
    """
    rng = np.random.default_rng(0)
    weights = rng.lognormal(0, 1, n_units)
    samples = np.sort(rng.integers(0, int(duration * 30_000), n_spikes))
    ids = rng.choice(3 * np.arange(n_units), n_spikes, p=weights / weights.sum()).astype(np.int32)
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "phy"
        folder.mkdir()
        np.save(folder / "spike_times.npy", samples)
        np.save(folder / "spike_clusters.npy", ids)
        (folder / "params.py").write_text("sample_rate = 30000.\n")
        order = rng.permutation(n_spikes)
        unsorted = Path(name) / "unsorted.npz"
        np.savez(unsorted, times=samples[order] / 30_000.0, units=ids[order])
        del samples, ids, order
        for path in (folder, unsorted):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, "-m", "bioplastic", "spikes", str(path)]
            subprocess.run([*command, "--t-stop", str(duration)], check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            peak = after.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            found[path.name] = {"cpu_seconds": seconds, "peak_bytes": peak}
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and write a json on request."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analysis_speed")
    parser.add_argument("--units", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1000.0)
    parser.add_argument("--rate", type=float, default=10.0, help="Hz")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    parser.add_argument("--report", action="store_true", help="only the report of two hours")
    args = parser.parse_args(argv)
    if args.report:
        for name, row in measure_report().items():
            print(
                f"{name:<14}{row['cpu_seconds']:6.1f} s of processor time, "
                f"{row['peak_bytes'] / 1e9:.2f} GB"
            )
        return 0
    many = measure_many(args.units, args.seconds, args.rate)
    print(f"{many['n_spikes']:,} spikes of {many['n_units']:,} units")
    for name, step in many["steps"].items():
        print(f"  {name:<24}{step['wall']:8.2f} s  ({step['cpu']:.2f} s of processor time)")
    print(
        f"  {'all':<24}{many['wall_seconds']:8.2f} s  ({many['cpu_seconds']:.2f} s of processor "
        f"time), {many['peak_bytes'] / 1e9:.2f} GB"
    )
    verbs = compare()
    if not verbs:
        print("Elephant is not installed: no comparison")
    for name, row in verbs.items():
        print(
            f"  {name:<24}{1e3 * row['ours']:8.2f} ms, Elephant {1e3 * row['theirs']:8.1f} ms: "
            f"{row['ratio']:.3g} times, difference {row['difference']:.1e}"
        )
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        temporary = args.json.with_suffix(".tmp")
        temporary.write_text(json.dumps({"many": many, "verbs": verbs}, indent=1) + "\n")
        os.replace(temporary, args.json)
    return 0


def _time(steps: dict[str, dict[str, float]], name: str, verb: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    value = verb()
    steps[name] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return value


def _best(verb: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        value = verb()
        seconds.append(time.process_time() - start)
    return min(seconds), value


if __name__ == "__main__":
    sys.exit(main())
