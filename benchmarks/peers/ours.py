"""Our engine: the training program of `bioplastic.models.sym_stdp`, float32, one call for all.

Input spikes are not counted in the run; the number printed is their expectation.
"""

from __future__ import annotations

import resource
import time

import brian2 as b2
import numpy as np

from bioplastic.engine import Program
from bioplastic.models.sym_stdp.network import TIME_STEP, sym_stdp_network
from bioplastic.models.sym_stdp.parameters import published_parameters

from ..protocol import (
    N_CLASSES,
    N_PIXELS,
    ON_MS,
    input_rates,
    load_images,
    load_labels,
    parse_arguments,
    print_outcome,
)


def main() -> None:
    """Train on the first images and print one line of JSON."""
    arguments = parse_arguments(__doc__ or "")
    images = load_images(arguments.data, arguments.images)
    labels = load_labels(arguments.data, arguments.images)
    started = time.perf_counter()
    constants = published_parameters(arguments.n)
    network = sym_stdp_network(
        N_PIXELS, arguments.n, N_CLASSES, constants, layers=("hidden", "output")
    )
    program = Program(network, dt=TIME_STEP)
    base_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    state = program.initial_state(arguments.seed)
    ready = time.perf_counter()
    cpu = time.process_time()
    state, record = program(state, {"pixel": images, "label": labels}, seed=arguments.seed)
    print_outcome(
        images=arguments.images,
        presentations=int(record["presentations"].sum()),
        hidden_spikes=float(record["exc.total"]) / arguments.images,
        input_spikes=float(input_rates(images).sum() * ON_MS * 1e-3 / arguments.images),
        start_seconds=ready - started,
        built=program.built,
        base_bytes=base_bytes,
        wall_seconds_simulation=time.perf_counter() - ready,
        cpu_seconds_simulation=time.process_time() - cpu,
        mean_threshold_mv=float(state["exc.theta"].mean() * 1e3),
        versions={"brian2": b2.__version__, "numpy": np.__version__},
        precision="float32",
    )


if __name__ == "__main__":
    main()
