"""GeNN on its single-threaded CPU back end, float32, traces on the cells.

Built with ``CXX="g++ -O3 -march=native"`` and GeNN's own ``optimize_code``; without them its code
is compiled without optimisation. Inhibition of all others is one constant for all pairs and a
negative one to the cell itself. Weights are scaled before every image by NumPy in GeNN's memory,
since custom updates of synapses add up over no neurons. An image is shown once.
"""

from __future__ import annotations

import importlib.metadata
import os
import tempfile
import time
from math import exp
from typing import Any

import numpy as np

from ..protocol import (
    INPUT_SUM,
    N_CLASSES,
    N_PIXELS,
    OFF_MS,
    ON_MS,
    STEP_MS,
    TEACHER_HZ,
    dead_time_rates,
    input_rates,
    load_images,
    load_labels,
    parameters_for,
    parse_arguments,
    print_outcome,
)

W_MAX_OUT = 8.0
SOURCE = dict(
    params=["keep", "jump"], vars=[("p", "scalar"), ("x", "scalar"), ("count", "scalar")],
    sim_code="x *= keep;", threshold_condition_code="gennrand_uniform() < p",
    reset_code="x += jump; count += 1;",
)  # fmt: skip
EXCITATORY = dict(
    params=["keep", "keep_theta", "jump", "theta_plus"],
    vars=[(name, "scalar") for name in ("v", "ge", "gi", "theta", "x", "x_out", "since", "count")],
    additional_input_vars=[("Inhibition", "scalar", 0.0)],
    sim_code="""
        ge += Isyn; gi += Inhibition;
        const scalar on = (since > 2.5) ? 1.0 : 0.0;
        v = fmax(v + on*((-65.0 - v) - ge*v + gi*(-100.0 - v))*0.005, -100.0);
        ge *= 0.6065306597; gi *= 0.7788007831;
        x *= keep; x_out *= keep; theta *= keep_theta; since += dt;
    """,
    threshold_condition_code="since > 3.0 && v > theta - 72.0",
    reset_code="v = -65.0; since = 0.0; x += jump; x_out += 0.1; count += 1; "
    "theta += theta_plus*10.0/fabs(theta - 10.0);",
)
INHIBITORY = dict(
    params=[], vars=[(name, "scalar") for name in ("v", "ge", "since")],
    sim_code="""
        ge += Isyn;
        const scalar on = (since > 2.5) ? 1.0 : 0.0;
        v += on*((-60.0 - v) - ge*v)*0.05; ge *= 0.6065306597; since += dt;
    """,
    threshold_condition_code="since > 3.0 && v > -40.0", reset_code="v = -45.0; since = 0.0;",
)  # fmt: skip


def build(n: int, seed: int) -> tuple[Any, dict[str, Any]]:
    """Return the loaded model and its populations and synapses by name."""
    import pygenn as genn

    p = parameters_for(n)
    model = genn.GeNNModel("float", "peer", backend="single_threaded_cpu", optimize_code=True)
    model.dt, model.seed = STEP_MS, seed + 1
    keep = exp(-STEP_MS / 20)

    def cells(name: str, size: int, kind: dict[str, Any], params: Any, **start: float) -> Any:
        own = genn.create_neuron_model(f"{name}_model", **kind)
        variables = dict.fromkeys([v for v, _ in kind["vars"]], 0.0) | start
        return model.add_neuron_population(name, size, own, params, variables)

    source = {"keep": keep, "jump": p.jump}
    parts = {
        "inp": cells("inp", N_PIXELS, SOURCE, source),
        "exc": cells(
            "exc", n, EXCITATORY,
            {**source, "keep_theta": exp(-STEP_MS / p.tau_theta), "theta_plus": p.theta_plus},
            v=-100.0, theta=20.0, since=10.0,
        ),
        "inh": cells("inh", n, INHIBITORY, {}, v=-100.0, since=10.0),
        "sup": cells("sup", N_CLASSES, SOURCE, {"keep": keep, "jump": 0.1}),
    }  # fmt: skip

    def learning(name: str, pre: str, post: str, eta: float, w_max: float, trace: str) -> None:
        sends = "addToPost(w); " if name == "feed" else ""
        rule = genn.create_weight_update_model(
            f"{name}_rule", params=["eta", "w_max"], vars=[("w", "scalar")],
            pre_neuron_var_refs=[("x_pre", "scalar")], post_neuron_var_refs=[("x_post", "scalar")],
            pre_spike_syn_code=sends + "w = fmin(w + eta*x_post, w_max);",
            post_spike_syn_code="w = fmin(w + eta*x_pre, w_max);",
        )  # fmt: skip
        parts[name] = model.add_synapse_population(
            name, "DENSE", parts[pre], parts[post],
            genn.init_weight_update(
                rule, {"eta": eta, "w_max": w_max},
                {"w": genn.init_var("Uniform", {"min": 0.0, "max": 0.3})},
                pre_var_refs={"x_pre": genn.create_var_ref(parts[pre], trace)},
                post_var_refs={"x_post": genn.create_var_ref(parts[post], "x")},
            ),
            genn.init_postsynaptic("DeltaCurr"),
        )  # fmt: skip

    def fixed(name: str, pre: str, post: str, weight: float, one: bool, into: str = "") -> None:
        more = [genn.init_sparse_connectivity("OneToOne")] if one else []
        made = model.add_synapse_population(
            name, "SPARSE" if one else "DENSE", parts[pre], parts[post],
            genn.init_weight_update("StaticPulseConstantWeight", {"g": weight}),
            genn.init_postsynaptic("DeltaCurr"), *more,
        )  # fmt: skip
        if into:
            made.post_target_var = into

    learning("feed", "inp", "exc", p.nu_input, 1.0, "x")
    learning("readout", "exc", "sup", p.nu_output, W_MAX_OUT, "x_out")
    fixed("excite", "exc", "inh", 10.4, True)
    fixed("inhibit", "inh", "exc", 17.0, False, "Inhibition")
    fixed("spare", "inh", "exc", -17.0, True, "Inhibition")
    return model, parts


def main() -> None:
    """Train on the first images and print one line of JSON."""
    arguments = parse_arguments(__doc__ or "")
    os.environ["CXX"] = "g++ -O3 -march=native"
    n, images = arguments.n, load_images(arguments.data, arguments.images)
    chances = input_rates(images) * STEP_MS * 1e-3
    teacher = float(dead_time_rates(TEACHER_HZ)) * STEP_MS * 1e-3
    labels = load_labels(arguments.data, arguments.images)
    with tempfile.TemporaryDirectory() as folder:
        model, parts = build(n, arguments.seed)
        model.build(folder)
        model.load()
        started, cpu = time.perf_counter(), time.process_time()
        totals = (("feed", N_PIXELS, INPUT_SUM), ("readout", n, 0.1 * n * W_MAX_OUT))

        def show(pixels: Any, label: int | None, steps: int) -> None:
            for name, values in (("inp", pixels), ("sup", teacher * (np.arange(10) == label))):
                parts[name].vars["p"].view[:] = values
                parts[name].vars["p"].push_to_device()
            for _ in range(steps):
                model.step_time()

        hidden = 0.0
        for chance, label in zip(chances, labels, strict=True):
            for name, size, total in totals:
                weights = parts[name].vars["w"]
                weights.pull_from_device()
                view = weights.view.reshape(size, -1)
                view *= np.float32(total) / view.sum(axis=0)
                weights.push_to_device()
            counts = parts["exc"].vars["count"]
            counts.pull_from_device()
            before = counts.view.sum()
            show(chance, int(label), round(ON_MS / STEP_MS))
            counts.pull_from_device()
            hidden += counts.view.sum() - before
            show(0.0, None, round(OFF_MS / STEP_MS))
        parts["inp"].vars["count"].pull_from_device()
        print_outcome(
            images=len(images), presentations=len(images),
            hidden_spikes=float(hidden) / len(images),
            input_spikes=float(parts["inp"].vars["count"].view.sum()) / len(images),
            wall_seconds_simulation=time.perf_counter() - started,
            cpu_seconds_simulation=time.process_time() - cpu,
            versions={"genn": importlib.metadata.version("pygenn"), "numpy": np.__version__},
            precision="float32",
        )  # fmt: skip


if __name__ == "__main__":
    main()
