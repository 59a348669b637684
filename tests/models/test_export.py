"""The network with which every published system learns, as a stock C++ standalone project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms

from bioplastic.analysis import SpikeTrains
from bioplastic.engine import Program, standalone
from bioplastic.engine.brian2_bridge import NumpyCode
from bioplastic.models.bcm import BCMCells
from bioplastic.models.bit_budget import BitBudgetClassifier
from bioplastic.models.diehl_cook import DiehlCookClassifier
from bioplastic.models.force import ForceGenerator, force_parameters
from bioplastic.models.hlop import ContinualClassifier
from bioplastic.models.lempel_ziv import Tempotron
from bioplastic.models.liquid import LiquidStateMachine
from bioplastic.models.ncg import RSTDPClassifier, S2STDPClassifier, SSTDPClassifier
from bioplastic.models.online_decoder import OnlineDecoder
from bioplastic.models.pspm import PSPMRegressor
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.models.tess import TESSClassifier
from bioplastic.models.what_when import ReservoirParameters, WhatWhenPredictor
from bioplastic.models.word_detectors import WordDetectors

RNG = np.random.default_rng(0)
X, Y = RNG.random((8, 12)), np.arange(8) % 2
BYTES, BITS = (255 * X).astype(np.uint8), (X > 0.5).astype(np.uint8)
TRAINS = SpikeTrains.from_arrays(
    np.sort(RNG.uniform(0, 0.4, 40)), RNG.integers(0, 3, 40), t_start=0, t_stop=0.4, n_units=3
)
FORCE = force_parameters("lif", n_neurons=20, interval=1 * ms)
TIME = np.zeros(round(float(4 * ms / FORCE.dt)))
RESERVOIR = ReservoirParameters(n_excitatory=16, n_inhibitory=4, trial=200 * ms)

SYSTEMS: dict[str, Callable[[], Any]] = {
    "bcm": lambda: BCMCells(n_cells=2, target="numpy").fit(40 * BITS),
    "bit_budget": lambda: BitBudgetClassifier(n_hidden=5, target="numpy").fit(X, Y),
    "diehl_cook": lambda: DiehlCookClassifier(n_hidden=4, target="numpy").fit(BYTES, Y),
    "force": lambda: ForceGenerator(FORCE, settle=1 * ms, block=1 * ms, target="numpy").fit(TIME),
    "force_local": lambda: ForceGenerator(
        FORCE, rule="delta", settle=1 * ms, block=1 * ms, target="numpy"
    ).fit(TIME),
    "hlop": lambda: ContinualClassifier((6,), subspace_sizes=[(2, 3)], target="numpy").fit(X, Y),
    "lempel_ziv": lambda: Tempotron(n_inputs=3, target="numpy").fit(BITS[:, :12], Y),
    "liquid": lambda: LiquidStateMachine(n_inputs=4, n_cells=9, target="numpy").fit(BITS, Y),
    "ncg": lambda: S2STDPClassifier(n_per_class=2, target="numpy").fit(X, Y),
    "ncg_reward": lambda: RSTDPClassifier(target="numpy").fit(X, Y),
    "ncg_single": lambda: SSTDPClassifier(target="numpy").fit(X, Y),
    "online_decoder": lambda: OnlineDecoder(target="numpy").fit(TRAINS, np.zeros(20)),
    "pspm": lambda: PSPMRegressor(1, target="numpy").fit(1e-8 * X, BITS.astype(float)),
    "sym_stdp": lambda: SymSTDPClassifier(n_hidden=4, target="numpy").fit(BYTES, Y),
    "tess": lambda: TESSClassifier(hidden=(5,), target="numpy").fit(X, Y),
    "what_when": lambda: WhatWhenPredictor(reservoir=RESERVOIR, target="numpy").fit(
        Y[:1], [50] * ms
    ),
    "word_detectors": lambda: WordDetectors(target="numpy").fit(BITS, np.eye(8)),
}


REFUSED = {
    "force": "stock Brian2 has no recursive least squares",
    "ncg": "stock Brian2 has no event-driven trial",
    "ncg_reward": "stock Brian2 has no event-driven trial",
    "ncg_single": "stock Brian2 has no event-driven trial",
}


class _CalledError(Exception):
    """What the network that learns was called with first."""


def first_call(fit: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any, Any]:
    """Return network, state and the inputs of one sample as `fit` gives them."""
    run = Program.__call__

    def call(program: Program, state: Any, inputs: Any = None, **options: Any) -> Any:
        if options.get("n_samples") == 0:
            return run(program, state, inputs, **options)
        raise _CalledError(program, state, inputs, options.get("duration"))

    with monkeypatch.context() as patch:
        patch.setattr(Program, "__call__", call)
        with pytest.raises(_CalledError) as caught:
            fit()
    program, state, inputs, duration = caught.value.args
    spec = program.network
    if duration is not None:
        spec = replace(spec, trial=replace(spec.trial, duration=duration))
    inputs = {name: values[:1] for name, values in (inputs or {}).items()}
    return (spec, program.dt), state, inputs


class RuntimeProject:
    """The same objects on the runtime device, in place of a C++ project: seconds, not minutes."""

    def __init__(self, folder: Any, make: Callable[[], Any]) -> None:
        previous, b2.prefs["codegen.target"] = b2.prefs["codegen.target"], "numpy"
        try:
            self.network, self.duration, self.given, self.found, self.tables = make()
            for member in self.network.sorted_objects:  # Brian2's own lets 'r = s; s *= 2' change r
                member.codeobj_class = NumpyCode
            self.network.store()
        finally:
            b2.prefs["codegen.target"] = previous

    def run(self, values: dict[str, Any]) -> dict[str, Any]:
        """Run once from the given values and return those at the end."""
        previous, b2.prefs["codegen.target"] = b2.prefs["codegen.target"], "numpy"
        try:
            self.network.restore()
            for name, variable in self.given.items():
                array = variable.get_value()
                array[...] = np.reshape(values[name], array.shape)
            for name, table in self.tables.items():
                table.values[...] = values[name]
            self.network.t_ = float(values["onset"][0])
            self.network.run(self.duration, namespace={})
            return {name: np.ravel(v.get_value()).copy() for name, v in self.found.items()}
        finally:
            b2.prefs["codegen.target"] = previous


SLOW = {  # half a minute of the compiler each; some systems are slow on the runtime device, too
    (system, device)
    for system in SYSTEMS
    for device in ("runtime", "cpp_standalone")
    if device != "runtime" or system not in ("liquid", "online_decoder", "tess")
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("system", "device"),
    [
        pytest.param(system, device, marks=[pytest.mark.slow] * ((system, device) in SLOW))
        for device in ("runtime", "cpp_standalone")
        for system in SYSTEMS
    ],
)
def test_one_sample_of_learning(
    system: str, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Equal to the numpy target, or refused by name."""
    (spec, dt), state, inputs = first_call(SYSTEMS[system], monkeypatch)
    if device == "runtime":
        monkeypatch.setattr(standalone, "StandaloneProject", RuntimeProject)
    monkeypatch.setitem(b2.prefs, "codegen.cpp.extra_compile_args_gcc", ["-w", "-O0"])
    options = {"dt": dt, "dtype": "float64"}
    if system in REFUSED:
        with pytest.raises(ValueError, match=f"Program.target: {REFUSED[system]}"):
            Program(spec, target="standalone", **options)
        return
    results = []
    for target in ("numpy", "standalone"):
        program = Program(spec, target=target, **options)
        first = program.initial_state(0)
        first = {name: state[name].astype(values.dtype) for name, values in first.items()}
        last, record = program(first, inputs, n_samples=1, seed=1)
        results.append({**last, **record})
    ours, theirs = results
    for key in ours:
        np.testing.assert_allclose(theirs[key], ours[key], rtol=1e-9, atol=1e-12, err_msg=key)
    assert any(np.any(last[name] != values) for name, values in first.items())
