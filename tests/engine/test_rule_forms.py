"""What people write in rules and transmission, against Brian2 networks written by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, mV
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    Trial,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import SpikeListSource

N_IN, N_CELL, STEPS, DT = 4, 3, 80, 0.5 * ms
CONSTANTS = {"tau": 7 * ms, "tau_m": 9 * ms, "eta": 0.3, "a": 0.4, "b": 0.05}
BOTH = pytest.mark.parametrize("kind", [DenseProjection, SparseProjection])
TARGETS = pytest.mark.parametrize("target", ["cpp", "numpy"])
RASTERS = np.random.default_rng(2).random((STEPS, N_IN + N_CELL)) < 0.1
PRE, POST = (index.ravel() for index in np.indices((N_IN, N_CELL)))

#: name: model of the synapse, on_pre, on_post, and method of its clock-driven equations
FORMS = {
    "time": ("w : 1", "w += eta*sin(t/tau)", "w *= 1 - exp(-t/tau)", ""),
    "last_update": (
        "w : 1\ndc/dt = -c/tau : 1 (event-driven)",
        "w += eta*exp(-(t - lastupdate)/tau); c += 1", "w -= eta*c*exp(-(t - lastupdate)/tau)", "",
    ),
    "own_last_update": (
        "w : 1\nlastupdate : second",
        "w += eta*exp(-(t - lastupdate)/tau); lastupdate = t",
        "w *= exp(-(t - lastupdate)/tau)", "",
    ),
    "conditions": (
        "w : 1\nn : 1", "n += 1; w += eta*(n > 2) - 0.1*(w > 0.5)*(n < 6)", "n -= (n > 1)", "",
    ),
    "integers": ("w : 1\nn : integer", "n += 1; w += eta*(n % 3 == 0)", "n *= 2", ""),
} | {
    f"{method}": (
        """w : 1
           dg/dt = -a*g/ms + b*x*(1 - g)/ms : 1 (clock-driven)
           dx/dt = -x/tau : 1 (clock-driven)""",
        "x += 1; w = 0.5*w + g", "w += g", method,
    )
    for method in ("euler", "heun", "exponential_euler", "rk4")
} | {
    "exact": ("w : 1\ndx/dt = (0.3 - x)/tau : 1 (clock-driven)", "x += 1; w = x", "w += x", "exact")
}  # fmt: skip


WEIGHTS = np.random.default_rng(1).random(PRE.size)
INPUTS = {"a": RASTERS[:, :N_IN], "b": RASTERS[:, N_IN:]}
SPIKES = {name: np.nonzero(raster) for name, raster in INPUTS.items()}


@cache
def run_ours(kind: type, target: str) -> dict[str, Any]:
    """Run one network in which every form is a projection, and return the weights."""
    projections = []
    for name, (model, on_pre, on_post, method) in FORMS.items():
        text = " ".join((model, on_pre, on_post))
        used = {n: v for n, v in CONSTANTS.items() if n in get_identifiers(text)}
        rule = PlasticityRule(
            name=name, synapse=model, on_pre=on_pre, on_post=on_post, parameters=used,
            **({"method": method} if method else {}),
        )  # fmt: skip
        pairs = {"pre": PRE, "post": POST} if kind is SparseProjection else {}
        weights = WEIGHTS if pairs else WEIGHTS.reshape(N_IN, N_CELL)
        initial = {"w": weights}
        projections.append(
            kind(name=name, source="a", target="b", rule=rule, initial=initial, **pairs)
        )
    network = NetworkSpec(
        populations=[SpikeListSource(name="a", n=N_IN), SpikeListSource(name="b", n=N_CELL)],
        projections=projections,
        trial=Trial(duration=STEPS * DT),
    )
    program = Program(network, dt=DT, dtype="float64", target=target)
    inputs = {name: [(cells, steps * DT)] for name, (steps, cells) in SPIKES.items()}
    state, _ = program(program.initial_state(), inputs)
    return {name: state[f"{name}.w"].ravel() for name in FORMS}


@TARGETS
@BOTH
@pytest.mark.parametrize("form", FORMS)
def test_forms_of_rules_equal_stock_brian2(form: str, kind: type, target: str) -> None:
    model, on_pre, on_post, method = FORMS[form]
    b2.prefs.codegen.target = "numpy"
    clock = b2.Clock(dt=DT)
    ends = [
        b2.SpikeGeneratorGroup(INPUTS[name].shape[1], cells, steps * DT, clock=clock)
        for name, (steps, cells) in SPIKES.items()
    ]
    synapses = b2.Synapses(
        *ends, model, on_pre=on_pre.replace("; ", "\n"), on_post=on_post, clock=clock,
        namespace=CONSTANTS, method=method or "exact",
    )  # fmt: skip
    synapses.connect(i=PRE, j=POST)
    synapses.w = WEIGHTS
    b2.Network(*ends, synapses).run(STEPS * DT, namespace={})
    assert np.any(np.abs(np.asarray(synapses.w) - WEIGHTS) > 0.01)
    np.testing.assert_allclose(
        run_ours(kind, target)[form], np.asarray(synapses.w), rtol=0, atol=1e-9
    )


@TARGETS
@BOTH
def test_gap_junctions_and_names_without_a_side(kind: type, target: str) -> None:
    """The example of Brian2's documentation, small: currents through gaps, and `v += w`."""
    equations = "dv/dt = (v0 - v + gap)/tau_m : volt\nv0 : volt\ngap : volt"
    n = 5
    pre, post = (index.ravel() for index in np.indices((n, n)))
    v0 = np.linspace(20, 30, n) * mV
    pairs = {"pre": pre, "post": post} if kind is SparseProjection else {}
    gaps = np.random.default_rng(4).random(n * n if pairs else (n, n)) * 0.1
    cell = NeuronModel(
        name="cell", equations=equations, threshold="v > 15*mV", reset="v = 0*mV", method="euler",
        parameters={"tau_m": CONSTANTS["tau_m"]}, initial={"v0": v0},
    )  # fmt: skip
    network = NetworkSpec(
        populations=[Population(name="c", n=n, model=cell)],
        projections=[
            kind(name="gap_junctions", source="c", target="c",
                 summed="gap_post = w*(v_pre - v_post)", initial={"w": gaps},
                 **pairs),
            kind(name="chemical", source="c", target="c", transmit="v += w*0.5*mV; v += 0.1*mV",
                 initial={"w": 1.0}, **pairs),
        ],
        trial=Trial(duration=STEPS * DT),
    )  # fmt: skip
    assert network.projection("chemical").transmit == "v_post += w*0.5*mV; v_post += 0.1*mV"
    program = Program(network, dt=DT, dtype="float64", target=target)
    state, _ = program(program.initial_state(), n_samples=1)
    b2.prefs.codegen.target = "numpy"
    clock = b2.Clock(dt=DT)
    group = b2.NeuronGroup(
        n, equations, threshold="v > 15*mV", reset="v = 0*mV", method="euler", clock=clock,
        namespace=CONSTANTS,
    )  # fmt: skip
    group.v0 = v0
    summed = b2.Synapses(
        group, group, "w : 1\ngap_post = w*(v_pre - v_post) : volt (summed)", clock=clock
    )
    summed.connect(i=pre, j=post)
    summed.w = gaps.ravel()
    chemical = b2.Synapses(group, group, on_pre="v += 0.5*mV; v += 0.1*mV", clock=clock)
    chemical.connect(i=pre, j=post)
    spikes = b2.SpikeMonitor(group)
    b2.Network(group, summed, chemical, spikes).run(STEPS * DT, namespace={})
    assert spikes.num_spikes > 10
    np.testing.assert_allclose(state["c.v"], np.asarray(group.v), rtol=0, atol=1e-12)


def test_what_brian2_does_not_allow_either_is_named() -> None:
    for line, message in (
        ("dg/dt = -g*x/tau : 1 (clock-driven)", r"'g' is \(clock-driven\) but reads 'x'"),
        ("dg/dt = -g*g/tau : 1 (event-driven)", r"cannot solve 'dg/dt = -g\*g/tau'"),
    ):
        with pytest.raises(ValueError, match=message):
            PlasticityRule(
                name="r", synapse=f"w : 1\ndx/dt = -x/tau : 1 (event-driven)\n{line}",
                on_pre="w += g; x += 1", parameters={"tau": CONSTANTS["tau"]},
            )  # fmt: skip
    with pytest.raises(ValueError, match=r"'ge'; .* is called 'ge_post'"):
        PlasticityRule(name="r", on_pre="ge += w")
    with pytest.raises(ValueError, match=r"method: must be one of"):
        PlasticityRule(name="r", on_pre="w += 1", method="magic")
