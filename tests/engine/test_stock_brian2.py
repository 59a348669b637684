"""The oracle: the same network assembled by hand from stock Brian2 objects on the numpy target.

Seven inputs project to five refractory cells and to four markers whose spikes are given, and the
cells project to each other; all three projections learn. The hand-made network exists twice: with
traces on the neurons, and with event-driven traces in every synapse as in Brian2's own tutorial.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, mV

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    SpikeRecord,
    StateRecord,
    Trial,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import SpikeListSource

DT = 0.5 * ms
N_STEPS = 70
N_IN, N_CELL, N_MARK = 7, 5, 4
SIZES = {"feed": (N_IN, N_CELL), "mark": (N_IN, N_MARK), "loop": (N_CELL, N_CELL)}
TRANSMIT = {"feed": "drive_post += w*gain", "mark": "", "loop": "v_post += w*gain"}
ENDS = {"feed": ("inputs", "cell"), "mark": ("inputs", "marker"), "loop": ("cell", "cell")}
CONSTANTS = {
    "tau_m": 8 * ms,
    "tau_s": 3 * ms,
    "tau_plus": 12 * ms,
    "tau_minus": 17 * ms,
    "gain": 9 * mV,
    "eta": 0.2,
}

MEMBRANE = """
    dv/dt = (drive - v)/tau_m : volt (unless refractory)
    ddrive/dt = -drive/tau_s : volt
"""


def membrane() -> NeuronModel:
    return NeuronModel(
        name="cell",
        equations=MEMBRANE,
        threshold="v > 3*mV",
        reset="v = -1*mV",
        refractory=2 * ms,
        method="exponential_euler",
        parameters={name: CONSTANTS[name] for name in ("tau_m", "tau_s")},
    )


def hebb() -> PlasticityRule:
    """Depression at a presynaptic spike, potentiation at a postsynaptic one, hard bounds."""
    return PlasticityRule(
        name="hebb",
        pre="dx_pre/dt = -x_pre/tau_plus : 1",
        post="dx_post/dt = -x_post/tau_minus : 1",
        on_pre="x_pre += 1; w = clip(w - 0.7*eta*x_post, 0, 1)",
        on_post="x_post += 1; w = clip(w + eta*x_pre, 0, 1)",
        parameters={name: CONSTANTS[name] for name in ("tau_plus", "tau_minus", "eta")},
    )


def ours(kind: type) -> NetworkSpec:
    projections = []
    for name, (n_pre, n_post) in SIZES.items():
        options: dict[str, Any] = {}
        if kind is SparseProjection:
            pre, post = (index.ravel() for index in np.indices((n_pre, n_post)))
            options = {"pre": pre, "post": post}
        source, target = ENDS[name]
        projections.append(
            kind(
                name=name,
                source=source,
                target=target,
                transmit=TRANSMIT[name],
                rule=hebb(),
                parameters={"gain": CONSTANTS["gain"]} if TRANSMIT[name] else {},
                **options,
            )
        )
    return NetworkSpec(
        populations=[
            SpikeListSource(name="inputs", n=N_IN),
            Population(name="cell", n=N_CELL, model=membrane()),
            SpikeListSource(name="marker", n=N_MARK),
        ],
        projections=projections,
        trial=Trial(duration=N_STEPS * DT),
        records=[SpikeRecord(population="cell"), StateRecord(population="cell", variable="v")],
    )


@cache
def program(kind: type, target: str, dtype: str) -> Program:
    return Program(ours(kind), dt=DT, target=target, dtype=dtype)


class Example:
    """Random input spikes and initial weights; some weights start at their bounds."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.rasters = {
            "inputs": rng.random((N_STEPS, N_IN)) < 0.12,
            "marker": rng.random((N_STEPS, N_MARK)) < 0.1,
        }
        for raster in self.rasters.values():  # everybody at once, in two steps
            raster[[20, 41]] = True
        self.weights = {name: np.clip(rng.random(s) * 1.4 - 0.2, 0, 1) for name, s in SIZES.items()}

    def spikes(self, name: str) -> tuple[Any, Any]:
        steps, cells = np.nonzero(self.rasters[name])
        return cells, steps * DT

    def run(self, program: Program) -> dict[str, Any]:
        state = program.initial_state()
        for name, weights in self.weights.items():
            state[f"{name}.w"] = weights.reshape(state[f"{name}.w"].shape)
        inputs = {name: [self.spikes(name)] for name in self.rasters}
        state, record = program(state, inputs)
        steps = np.rint(record["cell.spike_time"] / float(DT)).astype(int)
        return {
            "spikes": sorted(zip(steps.tolist(), record["cell.spike_cell"].tolist(), strict=True)),
            "v": record["cell.v"][0],
            **{name: state[f"{name}.w"].reshape(size) for name, size in SIZES.items()},
        }

    def run_stock(self, placement: str) -> dict[str, Any]:
        b2.prefs.codegen.target = "numpy"
        make = {"neurons": _traces_on_neurons, "synapses": _traces_in_synapses}[placement]
        clock = b2.Clock(dt=DT)
        objects, cell, synapses = make(self, clock)
        for name, synapse in synapses.items():
            synapse.w = self.weights[name].ravel()
        spikes = b2.SpikeMonitor(cell)
        voltage = b2.StateMonitor(cell, "v", record=True, when="end", clock=clock)
        network = b2.Network(*objects, cell, *synapses.values(), spikes, voltage)
        network.run(N_STEPS * DT, namespace={})
        steps = np.rint(np.asarray(spikes.t / DT)).astype(int)
        return {
            "spikes": sorted(zip(steps.tolist(), spikes.i[:].tolist(), strict=True)),
            "v": np.asarray(voltage.v).T,
            **{name: np.asarray(s.w).reshape(SIZES[name]) for name, s in synapses.items()},
        }


def _traces_in_synapses(example: Example, clock: b2.Clock) -> tuple[Any, Any, Any]:
    groups = {
        name: b2.SpikeGeneratorGroup(
            raster.shape[1], *example.spikes(name), clock=clock, name=f"stock_{name}"
        )
        for name, raster in example.rasters.items()
    }
    cell = b2.NeuronGroup(
        N_CELL,
        MEMBRANE,
        threshold="v > 3*mV",
        reset="v = -1*mV",
        refractory=2 * ms,
        method="exponential_euler",
        clock=clock,
        namespace=CONSTANTS,
    )
    ends = {**groups, "cell": cell}
    synapses = {}
    for name, (source, target) in ENDS.items():
        synapses[name] = b2.Synapses(
            ends[source],
            ends[target],
            """w : 1
               dapre/dt = -apre/tau_plus : 1 (event-driven)
               dapost/dt = -apost/tau_minus : 1 (event-driven)""",
            on_pre=f"""{TRANSMIT[name]}
                       apre += 1
                       w = clip(w - 0.7*eta*apost, 0, 1)""",
            on_post="""apost += 1
                       w = clip(w + eta*apre, 0, 1)""",
            clock=clock,
            namespace=CONSTANTS,
        )
        synapses[name].connect()
    return list(groups.values()), cell, synapses


def _traces_on_neurons(example: Example, clock: b2.Clock) -> tuple[Any, Any, Any]:
    groups: dict[str, Any] = {}
    increments = []
    carried = {
        "inputs": ("pre_feed", "pre_mark"),
        "marker": ("post_mark",),
        "cell": ("post_feed", "pre_loop", "post_loop"),
    }
    for name, traces in carried.items():
        lines = [
            f"d{trace}/dt = -{trace}/{'tau_plus' if trace.startswith('pre') else 'tau_minus'} : 1"
            for trace in traces
        ]
        driven = name in example.rasters
        if driven:
            raster = b2.TimedArray(example.rasters[name].astype(float), dt=DT)
        groups[name] = b2.NeuronGroup(
            {"inputs": N_IN, "marker": N_MARK, "cell": N_CELL}[name],
            "\n".join([*lines, "" if driven else MEMBRANE]),
            threshold="raster(t, i) > 0.5" if driven else "v > 3*mV",
            reset="" if driven else "v = -1*mV",
            refractory=False if driven else 2 * ms,
            method="exponential_euler",
            clock=clock,
            namespace={**CONSTANTS, **({"raster": raster} if driven else {})},
        )
        for side, order in (("pre", 0), ("post", 2)):
            code = "\n".join(f"{t}_post += 1" for t in traces if t.startswith(side))
            if code:  # a synapse of every cell to itself, as nothing else may run between passes
                own = b2.Synapses(groups[name], groups[name], on_pre=code, clock=clock)
                own.connect(j="i")
                own.pre.order = order
                increments.append(own)
    synapses = {}
    for name, (source, target) in ENDS.items():
        synapse = b2.Synapses(
            groups[source],
            groups[target],
            "w : 1",
            on_pre=f"{TRANSMIT[name]}\nw = clip(w - 0.7*eta*post_{name}_post, 0, 1)",
            on_post=f"w = clip(w + eta*pre_{name}_pre, 0, 1)",
            clock=clock,
            namespace=CONSTANTS,
        )
        synapse.connect()
        synapse.pre.order, synapse.post.order = 1, 3
        synapses[name] = synapse
    return [groups["inputs"], groups["marker"], *increments], groups["cell"], synapses


def assert_same(found: dict[str, Any], expected: dict[str, Any], tolerance: float) -> None:
    assert found["spikes"] == expected["spikes"]
    for name in ("v", *SIZES):
        scale = 1e-3 if name == "v" else 1.0
        np.testing.assert_allclose(found[name], expected[name], rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("placement", ["neurons", "synapses"])
@pytest.mark.parametrize("seed", range(3))
def test_compiled_network_equals_stock_brian2(seed: int, placement: str) -> None:
    example = Example(seed)
    expected = example.run_stock(placement)
    found = example.run(program(DenseProjection, "cpp", "float64"))
    assert_same(found, expected, tolerance=1e-9)


def test_the_examples_hold_what_they_should() -> None:
    """Simultaneous pre and post spikes in all projections, refractory cells, both bounds."""
    example = Example(0)
    found = example.run(program(DenseProjection, "cpp", "float64"))
    fired = np.zeros((N_STEPS, N_CELL), dtype=bool)
    fired[tuple(np.transpose(found["spikes"]))] = True
    rasters = {**example.rasters, "cell": fired}
    for source, target in ENDS.values():
        assert np.count_nonzero(rasters[source].any(axis=1) & rasters[target].any(axis=1)) > 2
    intervals = [np.diff(np.flatnonzero(cell)) for cell in fired.T]
    assert min(np.min(i) for i in intervals if i.size) >= 4  # 2 ms, exactly as in Brian2
    for name in SIZES:
        weights = found[name]
        assert np.any(weights == 0) or np.any(weights == 1)
        assert np.any(weights != example.weights[name])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("kind", "target", "dtype", "tolerance"),
    [
        (SparseProjection, "cpp", "float64", 1e-12),
        (DenseProjection, "numpy", "float64", 1e-12),
        (SparseProjection, "numpy", "float64", 1e-12),
        (DenseProjection, "cpp", "float32", 1e-4),
        (DenseProjection, "numpy", "float32", 1e-4),
    ],
)
def test_other_projections_targets_and_precisions(
    kind: type, target: str, dtype: str, tolerance: float, seed: int
) -> None:
    example = Example(seed)
    expected = example.run(program(DenseProjection, "cpp", "float64"))
    found = example.run(program(kind, target, dtype))
    assert_same(found, expected, tolerance)
