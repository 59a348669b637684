"""BindsNET on one CPU thread: its nearest network, with the same rule and matched activity.

Differences from the reference, all of them in favour of BindsNET's speed: the library's own
``DiehlAndCook2015`` network (current-based cells, constant threshold increment, at most one hidden
spike per step), its customary 1 ms steps instead of 0.5 ms, 350 of them per image and a state reset
instead of the 150 ms rest. The learning rule is exact: additive traces on the cells that jump by
0.1, both passes potentiating (``PostPre`` with a negative first rate), weights scaled per image.
The sum of the incoming weights is chosen so that the hidden cells spike as often as the
reference's.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from ..protocol import (
    N_CLASSES,
    N_PIXELS,
    ON_MS,
    TEACHER_HZ,
    dead_time_rates,
    input_rates,
    load_images,
    load_labels,
    parameters_for,
    parse_arguments,
    print_outcome,
)
from .stubs import stub_missing

STEP = 1.0
UNUSED = (
    "torchvision", "torchvision.transforms", "torchvision.datasets", "torchvision.utils",
    "tensorboardX", "cv2", "gymnasium", "gymnasium.spaces", "ale_py",
)  # fmt: skip
# Scaling the input weights to these sums instead of 78.4 gives the reference's hidden activity.
INPUT_SUM = {100: 45.0, 400: 50.0}


def input_sum(n: int) -> float:
    """Return the sum of the incoming weights of a hidden cell that matches the activity."""
    return INPUT_SUM[max(size for size in INPUT_SUM if size <= max(n, min(INPUT_SUM)))]


def build_network(n: int, torch: Any) -> Any:
    """Return the network with ``n`` hidden neurons."""
    from bindsnet.learning.MCC_learning import PostPre
    from bindsnet.models import DiehlAndCook2015
    from bindsnet.network.nodes import LIFNodes
    from bindsnet.network.topology import MulticompartmentConnection
    from bindsnet.network.topology_features import Weight

    p = parameters_for(n)
    network = DiehlAndCook2015(
        n_inpt=N_PIXELS, n_neurons=n, dt=STEP, batch_size=1, inh=17.5, norm=input_sum(n),
        nu=(-p.nu_input, p.nu_input), wmin=0.0, wmax=1.0, theta_plus=p.theta_plus,
        tc_theta_decay=p.tau_theta, learning_rule=PostPre,
    )  # fmt: skip
    hidden = network.layers["Ae"]
    # A threshold out of reach: only the teacher makes these cells spike.
    taught = LIFNodes(n=N_CLASSES, traces=True, thresh=1e9, tc_trace=20.0)
    network.add_layer(taught, name="S")
    for cells in (network.layers["X"], hidden, taught):
        cells.traces_additive = True
        cells.trace_scale = torch.tensor(p.jump)
    readout = MulticompartmentConnection(
        source=hidden,
        target=taught,
        device="cpu",
        pipeline=[
            Weight(
                "weight", 0.3 * torch.rand(n, N_CLASSES), range=[0.0, 8.0], norm=0.8 * n,
                nu=(-p.nu_output, p.nu_output), learning_rule=PostPre, batch_size=1,
            )
        ],
    )  # fmt: skip
    network.add_connection(readout, source="Ae", target="S")
    for connection in network.connections.values():
        connection.normalize()
    network.train(True)
    return network


def main() -> None:
    """Train and print the outcome."""
    arguments = parse_arguments(__doc__ or "")
    warnings.filterwarnings("ignore")
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(arguments.seed)
    stubbed = stub_missing(UNUSED)
    import bindsnet  # noqa: F401
    from bindsnet.encoding import poisson
    from bindsnet.network.monitors import Monitor

    steps = int(ON_MS / STEP)
    rates = torch.from_numpy(input_rates(load_images(arguments.data, arguments.images))).float()
    labels = load_labels(arguments.data, arguments.images)
    p_teacher = float(dead_time_rates(TEACHER_HZ)) * STEP * 1e-3
    network = build_network(arguments.n, torch)
    monitor = Monitor(network.layers["Ae"], ["s"], time=steps)
    network.add_monitor(monitor, "hidden")

    hidden, inputs = 0, 0
    wall, cpu = time.perf_counter(), time.process_time()
    for rate, label in zip(rates, labels, strict=True):
        spikes = poisson(datum=rate, time=steps, dt=STEP)
        teacher = torch.zeros(steps, N_CLASSES, dtype=torch.bool)
        teacher[:, int(label)] = torch.rand(steps) < p_teacher
        network.run(inputs={"X": spikes.view(steps, 1, N_PIXELS)}, time=steps, clamp={"S": teacher})
        hidden += int(monitor.get("s").sum())
        inputs += int(spikes.sum())
        network.reset_state_variables()
    print_outcome(
        images=arguments.images,
        presentations=arguments.images,
        hidden_spikes=hidden / arguments.images,
        input_spikes=inputs / arguments.images,
        wall_seconds_simulation=time.perf_counter() - wall,
        cpu_seconds_simulation=time.process_time() - cpu,
        note=f"current-based cells; {steps} steps of {STEP:g} ms per image, not 1000 of 0.5 ms",
        stubbed=stubbed,
        versions=_versions(torch),
        precision="float32",
    )


def _versions(torch: Any) -> dict[str, str]:
    from importlib.metadata import version

    return {"bindsnet": version("bindsnet"), "torch": torch.__version__, "numpy": np.__version__}


if __name__ == "__main__":
    main()
