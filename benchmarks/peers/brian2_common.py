"""What the two stock Brian2 peers share: neurons, stimulus, teacher, staged builds, read-out.

Stock Brian2 in C++ standalone mode, as an experienced user writes it: one ``run`` over all images,
no user code inside the loop. Where a choice was free we took the one that ran faster here.

A run has two stages. ``--stage build`` generates and compiles the program in ``--project``; the
benchmark then runs that program alone, so that neither Python nor the compiler counts, and
``--stage collect`` reads what it wrote. ``--stage all`` does the three in turn.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import Hz, ms, mV

from ..protocol import (
    IMAGE_MS,
    N_CLASSES,
    N_PIXELS,
    ON_MS,
    STEP_MS,
    TEACHER_HZ,
    Parameters,
    dead_time_rates,
    input_rates,
    load_images,
    load_labels,
    parameters_for,
    parse_arguments,
    print_outcome,
)

PHASE_MS = 50.0


def decay_constant(tau_ms: float) -> b2.Quantity:
    """Return the time constant whose forward Euler step decays by exactly ``exp(-dt/tau)``."""
    return float(STEP_MS / (1 - np.exp(-STEP_MS / tau_ms))) * ms


def constants(n: int) -> dict[str, Any]:
    """Return the namespace of the network with ``n`` hidden neurons."""
    p: Parameters = parameters_for(n)
    return dict(
        tau_v=100 * ms, tau_v_inh=10 * ms, v_rest=-65 * mV, v_rest_inh=-60 * mV,
        v_floor=-100 * mV, tau_e=decay_constant(1.0), tau_i=decay_constant(2.0), tau_x=20 * ms,
        tau_theta=p.tau_theta * ms, theta_plus=p.theta_plus * mV, v_threshold=-52 * mV,
        theta_off=20 * mV, nu=p.nu_input, nu_out=p.nu_output, jump=p.jump, w_max=1.0,
        w_max_out=8.0, input_sum=78.4, output_sum=0.8 * n,
    )  # fmt: skip


def excitatory(n: int, namespace: dict[str, Any], inhibition: str, extra: str) -> b2.NeuronGroup:
    """Build the excitatory cells; ``inhibition`` and ``extra`` hold equations, one per line."""
    group = b2.NeuronGroup(
        n,
        f"""
        dv/dt = (v_rest - v - ge*v + gi*(v_floor - v))/tau_v : volt (unless refractory)
        dge/dt = -ge/tau_e : 1
        dtheta/dt = -theta/tau_theta : volt
        {inhibition}
        {extra}
        """,
        threshold="v > v_threshold + theta - theta_off",
        reset="v = v_rest; theta += theta_plus*10*mV/abs(theta - 10*mV)"
        + ("; x += jump; x_out += jump" if "dx_out" in extra else ""),
        refractory=3 * ms,
        method="euler",
        namespace=namespace,
        name="exc",
    )
    group.v = -100 * mV
    group.theta = 20 * mV
    # Forward Euler overshoots the reversal potential when many inhibitory cells fire at once.
    group.run_regularly("v = clip(v, v_floor, 0*mV)", when="thresholds", order=-1, name="clamp")
    return group


def inhibitory(n: int, namespace: dict[str, Any]) -> b2.NeuronGroup:
    """Build the inhibitory cells."""
    group = b2.NeuronGroup(
        n,
        """
        dv/dt = (v_rest_inh - v - ge*v)/tau_v_inh : volt (unless refractory)
        dge/dt = -ge/tau_e : 1
        """,
        threshold="v > -40*mV",
        reset="v = -45*mV",
        refractory=3 * ms,
        method="euler",
        namespace=namespace,
        name="inh",
    )
    group.v = -100 * mV
    return group


def poisson(
    name: str, size: int, rate: str, namespace: dict[str, Any], *, trace: bool, extra: str = ""
) -> b2.NeuronGroup:
    """Build Poisson cells whose rate changes every 50 ms, with a trace of their own if asked.

    The trace rises before the synapses act, so that the postsynaptic pass of a step sees it.
    """
    group = b2.NeuronGroup(
        size,
        f"rate : Hz\n{extra}\n" + ("dx/dt = -x/tau_x : 1" if trace else ""),
        threshold="rand() < rate*dt",
        reset="x += jump" if trace else "",
        method="euler",
        namespace=namespace,
        name=name,
    )
    if trace:
        group.resetter["spike"].when = "before_synapses"
    group.run_regularly(f"rate = {rate}", dt=PHASE_MS * ms, name=f"{name}_rate")
    return group


def stimulus(namespace: dict[str, Any], data: Path, images: int) -> None:
    """Add the tables ``pixels(t, i)``, ``label(t)`` and ``shown(t)`` to the namespace."""
    phases = round(IMAGE_MS / PHASE_MS)
    shown = np.arange(phases * images) % phases < round(ON_MS / PHASE_MS)
    namespace |= dict(
        pixels=b2.TimedArray(input_rates(load_images(data, images)) * Hz, dt=IMAGE_MS * ms),
        label=b2.TimedArray(load_labels(data, images).astype(float), dt=IMAGE_MS * ms),
        shown=b2.TimedArray(shown.astype(float), dt=PHASE_MS * ms),
        teacher_rate=float(dead_time_rates(TEACHER_HZ)) * Hz,
    )


def scale(synapses: b2.Synapses, target_sum: str) -> None:
    """Rescale the summed incoming weights of every target cell at the start of every image.

    Three operations that run once per image, not a summed variable, which would run every step.
    """
    name, period = synapses.name, IMAGE_MS * ms
    synapses.target.run_regularly("total = 0", dt=period, order=-3, name=f"{name}_clear")
    synapses.run_regularly("total_post += w", dt=period, order=-2, name=f"{name}_sum")
    synapses.run_regularly(
        f"w = w*{target_sum}/total_post", dt=period, order=-1, name=f"{name}_scale"
    )


def _one(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(f"{folder}: must hold one {pattern}, got {len(found)}")
    return found[0]


def collect(project: Path, images: int) -> None:
    """Print what the compiled program wrote for ``images`` images."""
    results = project / "results"
    times = np.fromfile(_one(results, "_dynamic_array_exc_spikes_t_*"), dtype=float)
    n_input = np.fromfile(_one(results, "_array_in_spikes_N_*"), dtype=np.int32)[0]
    # Spikes in the 350 ms of the image count, as in the reference.
    phase = np.rint(times / (STEP_MS * 1e-3)).astype(int) % int(IMAGE_MS / STEP_MS)
    wall = float((results / "last_run_info.txt").read_text().split()[0])
    print_outcome(
        images=images,
        presentations=images,
        hidden_spikes=float((phase < ON_MS / STEP_MS).sum() / images),
        hidden_spikes_with_rest=float(len(times) / images),
        input_spikes=float(n_input / images),
        wall_seconds_simulation=wall,
        versions={"brian2": b2.__version__, "numpy": np.__version__},
        precision="float64",
    )


def main(
    description: str,
    build_network: Callable[[int, dict[str, Any]], Sequence[Any]],
    argv: Sequence[str] | None = None,
) -> None:
    """Run the stages of a stock Brian2 peer whose network ``build_network`` returns."""
    arguments: argparse.Namespace = parse_arguments(description, argv, project=True)
    images, stimuli = arguments.images, arguments.stimuli or arguments.images
    if arguments.stage != "all" and arguments.project is None:
        raise SystemExit("--stage build and collect need --project")
    temporary = None if arguments.project else tempfile.mkdtemp(prefix="brian2_peer_")
    project = Path(arguments.project or temporary).resolve()
    try:
        if arguments.stage in ("all", "build"):
            b2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j1"]
            b2.set_device("cpp_standalone", directory=str(project), build_on_run=False)
            b2.defaultclock.dt = STEP_MS * ms
            b2.seed(arguments.seed)
            namespace = constants(arguments.n)
            stimulus(namespace, arguments.data, stimuli)
            objects = build_network(arguments.n, namespace)
            b2.Network(objects).run(images * IMAGE_MS * ms, namespace={})
            b2.device.build(directory=str(project), compile=True, run=False)
            shutil.copy2(project / "main", project / f"main_{images}")
            (project / "results").mkdir(exist_ok=True)
        if arguments.stage == "all":
            subprocess.run([f"./main_{images}"], cwd=project, check=True, env=dict(os.environ))
        if arguments.stage in ("all", "collect"):
            collect(project, images)
    finally:
        if temporary:
            shutil.rmtree(temporary, ignore_errors=True)


def common_groups(n: int, namespace: dict[str, Any], *, traces: bool) -> tuple[Any, Any, Any]:
    """Return input, inhibitory and supervised cells, with traces on the cells if asked."""
    return (
        poisson("inp", N_PIXELS, "pixels(t, i)*shown(t)", namespace, trace=traces),
        inhibitory(n, namespace),
        poisson(
            "sup",
            N_CLASSES,
            "teacher_rate*int(label(t) == i)*shown(t)",
            namespace,
            trace=traces,
            extra="total : 1",
        ),
    )


def monitors(inputs: Any, hidden: Any) -> list[Any]:
    """Return the monitors: spike times of the hidden cells, spike count of the inputs."""
    return [
        b2.SpikeMonitor(hidden, name="exc_spikes"),
        b2.SpikeMonitor(inputs, record=False, name="in_spikes"),
    ]
