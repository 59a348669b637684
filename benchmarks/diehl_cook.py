"""Processor time per image of the network of Diehl & Cook, beside ordinary Brian2 objects.

``python -m bioplastic.benchmarks.diehl_cook --data DIR`` trains on the first images of MNIST. The
stock network is written as Brian2's own example of the paper: traces on synapses, one synapse for
every pair of different cells, two calls of ``run`` per image. Compilation and the first image are
not counted, and no image is shown twice.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import ms, mV, second
from numpy.typing import NDArray

from bioplastic.models.diehl_cook import DiehlCookClassifier

from .machine import describe_machine, describe_versions
from .protocol import load_images
from .summary import write_json

__all__ = ["main", "scale", "stock_network", "time_ours", "time_stock"]

CELL = """
    dv/dt = (v_rest - v - ge*v + gi*(e_inh - v))/tau : volt (unless refractory)
    dge/dt = -ge/(1*ms) : 1
    dgi/dt = -gi/(2*ms) : 1
"""


def stock_network(image: Any, n_hidden: int, w: NDArray[Any], delay: Any = None) -> b2.Network:
    """Return cells ``exc`` and ``inh``, synapses ``learn`` and spikes ``spikes`` on any inputs.

    Parameters
    ----------
    image : brian2.Group
        Inputs, with spikes.
    n_hidden : int
        Excitatory cells.
    w : array, shape (n_inputs, n_hidden)
        Weights.
    delay : Quantity, array or str, optional
        Delays of the input synapses.
    """
    exc = b2.NeuronGroup(
        n_hidden, CELL + "theta : volt", threshold="v > theta - 72*mV", name="exc",
        reset="v = -65*mV; theta += 0.05*mV", refractory=5 * ms, method="euler",
        namespace={"v_rest": -65 * mV, "e_inh": -100 * mV, "tau": 100 * ms},
    )  # fmt: skip
    inh = b2.NeuronGroup(
        n_hidden, CELL, threshold="v > -40*mV", reset="v = -45*mV", refractory=2 * ms, name="inh",
        method="euler", namespace={"v_rest": -60 * mV, "e_inh": -85 * mV, "tau": 10 * ms},
    )  # fmt: skip
    exc.v, exc.theta, inh.v = -100 * mV, 20 * mV, -100 * mV
    learn = b2.Synapses(
        image, exc, """w : 1
        dpre/dt = -pre/(20*ms) : 1 (event-driven)
        dpost1/dt = -post1/(20*ms) : 1 (event-driven)
        dpost2/dt = -post2/(40*ms) : 1 (event-driven)""",
        on_pre="ge_post += w; pre = 1; w = clip(w - 0.0001*post1, 0, 1)",
        on_post="w = clip(w + 0.01*pre*post2, 0, 1); post1 = 1; post2 = 1", name="learn",
    )  # fmt: skip
    learn.connect()
    learn.w = w.ravel()
    if delay is not None:
        learn.pre.delay = delay
    forth = b2.Synapses(exc, inh, on_pre="ge_post += 10.4")
    forth.connect(j="i")
    back = b2.Synapses(inh, exc, on_pre="gi_post += 17")
    back.connect("i != j")
    return b2.Network(image, exc, inh, learn, forth, back, b2.SpikeMonitor(exc, name="spikes"))


def scale(synapses: Any, shape: tuple[int, int], total: float) -> None:
    """Scale the summed weights of every postsynaptic cell."""
    w = np.reshape(synapses.w, shape)
    synapses.w = (w * total / w.sum(axis=0)).ravel()


def time_stock(X: NDArray[np.uint8], n_hidden: int, step: float) -> list[float]:
    """Return processor seconds of every image but the first; ``step`` in ms."""
    b2.defaultclock.dt = step * ms
    shape = (X.shape[1], n_hidden)
    image = b2.PoissonGroup(shape[0], 0 * b2.Hz)
    drawn = 0.3 * (np.random.default_rng(0).random(shape) + 0.01)
    network = stock_network(image, n_hidden, drawn, delay="rand()*10*ms")
    seconds = []
    for pixels in X:
        begin = time.process_time()
        scale(network["learn"], shape, 78.0)
        image.rates = pixels / 4 * b2.Hz
        network.run(0.35 * second)
        image.rates = 0 * b2.Hz
        network.run(0.15 * second)
        seconds.append(time.process_time() - begin)
    return seconds[1:]


def time_ours(X: NDArray[np.uint8], n_hidden: int, delay_max: Any) -> float:
    """Return processor seconds per image but the first."""
    model = DiehlCookClassifier(n_hidden, delay_max=delay_max, min_spikes=0)
    model.partial_fit(X[:1], [0], classes=[0, 1])
    program, pixels = model.program("learn"), {"pixel": X[1:]}
    program(model.state_, {"pixel": X[:1]})
    begin = time.process_time()
    program(model.state_, pixels)
    return (time.process_time() - begin) / (len(X) - 1)


def main() -> None:
    """Measure, print and write ``speed_diehl_cook.json``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of MNIST")
    parser.add_argument(
        "--images", type=int, default=6, help="for Brian2; fifty times as many here"
    )
    parser.add_argument("--target", choices=("cython", "numpy"), default="cython")
    parser.add_argument("--n-hidden", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path("figures"))
    given = parser.parse_args()
    b2.prefs.codegen.target = given.target
    X = load_images(given.data, 50 * given.images)
    results = {
        f"{name}_ms_per_image": 1e3 * time_ours(X, given.n_hidden, most)
        for name, most in (("delays", 10 * ms), ("no_delays", 0 * ms))
    }
    for step in (0.5, 0.1):  # as in the published program, and as in Brian2's example
        seconds = statistics.median(time_stock(X[: given.images], given.n_hidden, step))
        results[f"brian2_step_{step}_ms_per_image".replace("0.", "0_")] = 1e3 * seconds
    for name, value in results.items():
        print(f"{name}: {value:.2f}")
    write_json(given.out / "speed_diehl_cook.json", {
        "benchmark": "diehl_cook", "results": results, "machine": describe_machine(),
        "parameters": {"images": given.images, "n_hidden": given.n_hidden, "brian2": given.target},
        "versions": describe_versions(),
    })  # fmt: skip


if __name__ == "__main__":
    main()
