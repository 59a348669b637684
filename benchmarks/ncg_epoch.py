"""Processor time of one training epoch of the classification layer with competition groups.

``python -m benchmarks.ncg_epoch`` trains S2-STDP with neuronal competition groups (4608 inputs, 50
cells, the published settings for MNIST) on synthetic latencies as dense as the features of MNIST.
It prints microseconds per sample and the cost of an epoch of 54,000 samples. The first call
compiles and is not counted. With ``--parts`` it prints where the time goes (a slower build).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine import Program
from bioplastic.models.ncg import published_classifier

__all__ = ["main", "make_latencies", "time_epoch"]

N_FEATURES, EPOCH = 4608, 54_000


def make_latencies(
    n: int, density: float = 0.32, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return spike times and labels; times below 1 with a mean of about 0.84."""
    rng = np.random.default_rng(seed)
    times = 0.3 + 0.7 * rng.beta(5.0, 1.5, (n, N_FEATURES))
    silent = rng.random((n, N_FEATURES)) >= density
    return np.where(silent, 1.0, times).astype(np.float32), rng.integers(0, 10, n)


def time_epoch(n: int, density: float, repeats: int) -> list[float]:
    """Return processor seconds per sample of every repeat, learning on."""
    X, y = make_latencies(n, density)
    model = published_classifier().begin(X, range(10))
    model.learn(X[:10], y[:10])
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        model.learn(X, y)
        seconds.append((time.process_time() - start) / n)
    return seconds


def show_parts(n: int, density: float) -> str:
    """Return the report of a profiled program after one pass."""
    X, y = make_latencies(n, density)
    model = published_classifier().begin(X, range(10))
    program = Program(model.network("learn"), dt=model.dt, profile=True)
    program(model.state_, {"feature": X, "label": y})
    return program.report()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--density", type=float, default=0.32, help="share of inputs that spike")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--parts", action="store_true")
    args = parser.parse_args()
    if args.parts:
        print(show_parts(args.samples, args.density))
        return
    seconds = np.sort(time_epoch(args.samples, args.density, args.repeats))
    low, middle = seconds[0], float(np.median(seconds))
    print(
        f"{N_FEATURES} x 50, density {args.density:g}: {1e6 * middle:.0f} us per sample "
        f"(best {1e6 * low:.0f}), {EPOCH * middle:.1f} s of processor time per epoch of {EPOCH} "
        f"(best {EPOCH * low:.1f})"
    )


if __name__ == "__main__":
    main()
