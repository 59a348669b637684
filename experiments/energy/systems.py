"""Operations of every published system here, for one sample: learning and answering."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from brian2 import ms

from bioplastic.accounting import account, counted
from bioplastic.analysis import (
    Operations,
    conventional_energy,
    memory_energy_ann,
    memory_energy_snn,
)
from bioplastic.datasets import load_digits
from bioplastic.engine import NetworkSpec, Program, SparseProjection
from bioplastic.models.bcm import BCMCells
from bioplastic.models.bit_budget import BitBudgetClassifier
from bioplastic.models.force import ForceGenerator, force_parameters
from bioplastic.models.hlop import ContinualClassifier
from bioplastic.models.ncg import S2STDPClassifier
from bioplastic.models.pspm import PSPMParameters, draw_task, recurrent_network
from bioplastic.models.sym_stdp import SymSTDPClassifier
from bioplastic.models.what_when import WhatWhenPredictor

__all__ = ["COUNTS", "KINDS", "SYSTEMS", "measure_system", "run_parts"]

_N = 40  # samples that are averaged
KINDS = ("learn", "answer")
COUNTS = tuple(field.name for field in dataclasses.fields(Operations))
Found = dict[str, float]
Parts = Iterator[tuple[str, Found]]


def run_parts(
    network: NetworkSpec, dt: Any, inputs: Any, state: Any = None, n: int = _N, **options: Any
) -> Found:
    """Run a network; return operations and energies per sample, cells and synapses."""
    precision = {"dtype": options.pop("dtype", "float32")}
    program = Program(counted(network), dt=dt, **precision)
    start = {**program.initial_state(0), **(state or {})}
    _, record = program(start, inputs, n_samples=n)
    found = sum(account(program, record, start, **options).values(), start=Operations())
    sizes = {p.name: p.n for p in network.populations}
    n_synapses = sum(_synapses(p, sizes) for p in network.projections)
    macs, cells = float(n_synapses), sum(p.n for p in network.populations)
    return {
        **{name: value / n for name, value in dataclasses.asdict(found).items()},
        "cells": cells, "synapses": n_synapses,
        "conventional": conventional_energy(found.synaptic, found.analogue_macs) / n,
        "conventional_ann": conventional_energy(0, macs),
        "memory": memory_energy_snn(found) / n,
        "memory_ann": memory_energy_ann(
            macs, bits=8, n_activations=cells, n_weights=n_synapses
        ),
    }  # fmt: skip


def _synapses(projection: Any, sizes: dict[str, int]) -> int:
    if isinstance(projection, SparseProjection):
        return int(projection.n_synapses)
    if getattr(projection, "pattern", "") == "one_to_one":
        return sizes[projection.source]
    own = sizes[projection.source] if getattr(projection, "pattern", "") == "all_but_self" else 0
    return int(sizes[projection.source] * sizes[projection.target] // projection.groups - own)


def _estimator(model: Any, X: Any, y: Any = None) -> Parts:
    """Let an estimator learn, then count for more samples while it learns and answers."""
    model.fit(X) if y is None else model.fit(X, y)
    samples, labels = model.check_samples(X[:_N]), None if y is None else y[:_N]
    for kind, state in (("learn", model.state_), ("answer", model.frozen_state())):
        given = model.present(samples, labels if kind == "learn" else None)
        yield kind, run_parts(model.network(kind), model.dt, given, state)


def _digits() -> Any:
    digits = load_digits()
    return digits.X[:400], digits.y[:400]


def _hlop() -> Parts:
    X, y = _digits()
    model = ContinualClassifier(hidden=(100,), epochs=1, batch_size=1).fit(X, y)
    frames = {"image": model.standardise(X[:_N])[:, None], "label": np.eye(10)[y[:_N]][:, None]}
    yield "learn", run_parts(model.network("learn"), 1 * ms, frames)


def _force() -> Parts:
    model = ForceGenerator(force_parameters(n_neurons=500), settle=100 * ms)
    model.fit(np.sin(10 * np.pi * model.sample_times(200 * ms)))
    target = {"target": np.zeros((5, round(model.block / model.dt), 1))}
    for kind, gate in (("learn", True), ("answer", False)):
        state = {**model.state_, "readout.learning": np.float32(gate)}
        yield kind, run_parts(model.network(kind), model.dt, target, state, 5, gate=gate)


def _what_when() -> Parts:
    model = WhatWhenPredictor().fit([], [])
    for kind, name in (("learn", "learn"), ("answer", "watched")):
        network = model.network(name)
        frames = {
            each["name"]: np.zeros((1, *each["shape"]), dtype="float32")
            for each in model.program(name).layout.inputs
        }
        frames["cue"][:, : round(float(model.reservoir.cue_duration / model.dt))] = 1
        yield kind, run_parts(network, model.dt, frames, n=1)


def _pspm() -> Parts:
    n, p = 100, PSPMParameters().scaled(100)
    task = draw_task(n=n, n_steps=1000)
    drive = np.asarray(task.current) * float(p.resistance)
    network, state = recurrent_network(n, p), {"recurrent.w": task.reference}
    found = run_parts(network, p.dt, {"drive": drive}, state, len(drive), dtype="float64")
    per_step = ("cells", "synapses", "conventional_ann", "memory_ann")
    yield "answer", {k: v * (1 if k in per_step else len(drive)) for k, v in found.items()}


SYSTEMS: dict[str, tuple[Callable[[], Parts], str]] = {
    "bit_budget": (lambda: _estimator(BitBudgetClassifier(n_steps=4), _tiled(), _digits()[1]),
                   "digit, 4 steps"),
    "sym_stdp": (lambda: _estimator(SymSTDPClassifier(n_hidden=100), *_digits()), "digit, 500 ms"),
    "ncg": (lambda: _estimator(S2STDPClassifier(epochs=2), 1 - _digits()[0] / 255, _digits()[1]),
            "digit, first spikes"),
    "hlop": (_hlop, "digit, online"),
    "bcm": (lambda: _estimator(BCMCells(), np.tile(40 * np.eye(5).repeat(10, 1), (40, 1))),
            "pattern, 200 ms"),
    "what_when": (_what_when, "one trial"),
    "force": (_force, "100 ms"),
    "pspm": (_pspm, "one trial, 100 cells"),
}  # fmt: skip


def _tiled() -> Any:
    return np.tile(_digits()[0] / 255, (1, 4))


def measure_system(system: str) -> xr.Dataset:
    """Return operations and energies per sample while a system learns and answers."""
    found = pd.DataFrame(dict(SYSTEMS[system][0]())).T.reindex(KINDS).astype(float)
    return xr.Dataset({name: ("kind", found[name].to_numpy()) for name in found},
                      {"kind": list(KINDS)})  # fmt: skip
