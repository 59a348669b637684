"""How close online learning on the engine comes to the speed of the hardware.

``python -m benchmarks.dense_updates --out figures``

The network of permuted MNIST (784-800-800-10 with lateral circuits) learns images one at a time.
Its dense work per time step is matrix times vector (``sgemv``) and rank-one updates (``sger``). The
bound is the time that BLAS needs for as many ``sgemv`` and ``sger`` of the same sizes, measured in
turn with the program in the same process, on one core. Memory traffic decides on both sides; what
rules store besides the weight (an accumulated update, a momentum) is work of the rule, and is not
in the bound.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.linalg.blas import sgemv, sger

from bioplastic.engine import DenseProjection, NetworkSpec
from bioplastic.models.hlop.classifier import published_subspace_sizes
from bioplastic.models.hlop.network import HLOPParameters, OnlineTrainer, initial_weights
from bioplastic.plasticity import SubspaceLearner

from .machine import describe_machine, describe_versions
from .summary import write_json

__all__ = ["list_dense_work", "main", "measure"]

SIZES = (784, 800, 800, 10)


def list_dense_work(network: NetworkSpec) -> list[tuple[str, int, int]]:
    """Return (kind, rows, columns) of the dense work of one time step, as BLAS would do it."""
    sizes = {population.name: population.n for population in network.populations}
    work = []
    for projection in network.projections:
        assert isinstance(projection, DenseProjection)
        shape = (sizes[projection.source], sizes[projection.target])
        work += [("sgemv", *shape)] * projection.summed.count("=")
        if projection.rule is not None:
            work.append(("sger", *shape))
    return work


def blas_step(work: Sequence[tuple[str, int, int]]) -> Callable[[], None]:
    """Return a function that does the work with BLAS, on arrays of its own."""
    rng = np.random.default_rng(0)
    calls: list[Callable[[], Any]] = []
    for kind, rows, columns in work:
        # Fortran order: BLAS runs along the columns in memory and copies nothing
        matrix = np.asfortranarray(rng.normal(size=(columns, rows)).astype(np.float32))
        x, y = (rng.normal(size=n).astype(np.float32) for n in (rows, columns))
        if kind == "sgemv":
            calls.append(partial(sgemv, 1, matrix, x, y=y, overwrite_y=1))
        else:
            calls.append(partial(sger, 1e-9, y, x, a=matrix, overwrite_a=1))

    def step() -> None:
        for call in calls:
            call()

    return step


def make_trainer(parameters: HLOPParameters, *, laterals: bool) -> OnlineTrainer:
    """Return the network of the first task."""
    rng = np.random.default_rng(0)
    weights = [initial_weights(rng, a, b) for a, b in itertools.pairwise(SIZES)]
    circuits = [
        SubspaceLearner(n, eta=parameters.eta_subspace, steps=1).grow(k, rng)
        for n, k in zip(SIZES, published_subspace_sizes(0), strict=False)
    ]
    return OnlineTrainer(weights, circuits if laterals else [], "transpose", [], parameters)


def measure(images: int, repeats: int) -> dict[str, Any]:
    """Return CPU times per image of program and bound, and their ratio, with and without laterals.

    Parameters
    ----------
    images : int
        Images per repeat.
    repeats : int
        Interleaved repeats; ratios are taken within a repeat, and the median is returned.
    """
    parameters = HLOPParameters(hebbian_steps=1, eta_subspace=1e-3, eta_input=1e-4)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(images, SIZES[0])).astype(np.float32)
    y = rng.integers(0, SIZES[-1], images)
    found: dict[str, Any] = {}
    for laterals in (False, True):
        trainer = make_trainer(parameters, laterals=laterals)
        bound = blas_step(list_dense_work(trainer.network))
        trainer.train(x[:2], y[:2], 1e-3)
        bound()
        program_ms, bound_ms = [], []
        for _ in range(repeats):
            begin = time.process_time()
            trainer.train(x, y, 1e-3)
            middle = time.process_time()
            for _ in range(images * parameters.n_steps):
                bound()
            program_ms.append(1e3 * (middle - begin) / images)
            bound_ms.append(1e3 * (time.process_time() - middle) / images)
        name = "with_laterals" if laterals else "without_laterals"
        ratios = [b / p for b, p in zip(bound_ms, program_ms, strict=True)]
        found[name] = {
            "program_ms_per_image": statistics.median(program_ms),
            "blas_ms_per_image": statistics.median(bound_ms),
            "fraction_of_bound": statistics.median(ratios),
            "fractions": ratios,
        }
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and write ``dense_updates.json``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dense_updates", description=__doc__)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("figures"))
    arguments = parser.parse_args(argv)
    if arguments.images < 1 or arguments.repeats < 1:
        parser.error("--images and --repeats must be positive")
    found = measure(arguments.images, arguments.repeats)
    for name, numbers in found.items():
        print(
            f"{name.replace('_', ' ')}: {numbers['program_ms_per_image']:.2f} ms per image, BLAS "
            f"{numbers['blas_ms_per_image']:.2f} ms, {numbers['fraction_of_bound']:.2f} of it"
        )
    content = {
        "benchmark": "dense_updates",
        "parameters": {"sizes": list(SIZES), "images": arguments.images,
                       "repeats": arguments.repeats},
        "results": found,
        "machine": describe_machine(),
        "versions": describe_versions(),
    }  # fmt: skip
    write_json(arguments.out / "dense_updates.json", content)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
