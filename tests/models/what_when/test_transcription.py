"""The compiled network beside the same equations written out in NumPy."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import Program
from bioplastic.engine.random import derive_key, hash_key, normal_frame, seed_key
from bioplastic.models.what_when import (
    Block,
    LearningParameters,
    Reservoir,
    ReservoirParameters,
    WhatWhenPredictor,
)

P = ReservoirParameters(
    n_excitatory=40, n_inhibitory=10, trial=200 * ms, coupling_excitatory=1, coupling_inhibitory=3
)
LEARNING = LearningParameters(average_end=80 * ms, event_width=15 * ms)
BLOCK = Block(p_a=0.7, latency_a=110 * ms, latency_b=160 * ms, n_trials=20)
N_STEPS, SEED, ETA = 200, 4, 0.02


def noise_of(trial: int, step: int, position: int, n: int) -> Any:
    """The numbers that a noise source at this position of the network shows."""
    root = int(derive_key(hash_key(seed_key(SEED)), trial)[0])
    return normal_frame(n, int(derive_key(int(derive_key(root, 1 + position)[0]), step)[0]))


def transcribe(
    reservoir: Reservoir,
    p: ReservoirParameters,
    learning: LearningParameters,
    position: int,
    block: Block,
) -> dict[str, Any]:
    """All trials of a block, step by step."""
    n = p.n_cells
    matrix = {}
    for name in ("excitatory", "inhibitory"):
        edges = getattr(reservoir, name)
        matrix[name] = np.zeros((n, n))
        matrix[name][edges.pre, edges.post] = edges.w
    a, b, c, d = reservoir.a, reservoir.b, reservoir.c, reservoir.d
    when, what = np.zeros((n, 2)), np.zeros((n, 2))
    events, latencies = block.draw(SEED)
    outputs = np.zeros((len(events), N_STEPS, 2))
    for trial, (event, latency) in enumerate(zip(events, np.asarray(latencies), strict=True)):
        v, u = reservoir.v_start.copy(), b * reservoir.v_start
        g_exc, g_inh, x, s, rbar = np.zeros((5, n))
        shown = np.eye(2)[event]
        for step in range(N_STEPS):
            y, p_k = s @ when, rbar @ what
            bump = np.float32(np.exp(-0.5 * ((step * 1e-3 - latency) / 0.015) ** 2))
            target = bump * shown
            r = s.copy()
            if step < 80:
                rbar = rbar + np.float32(1 / 80) * r
            current = reservoir.bias + g_exc * np.exp(-1 / 5) - g_inh * np.exp(-1 / 10)
            current = current + reservoir.cue * (step < 50)
            current = current + np.clip(y, -0.5, 1.5) @ reservoir.feedback
            current = current + p.noise * noise_of(trial, step, position, n)
            g_exc, g_inh, x = g_exc * np.exp(-1 / 5), g_inh * np.exp(-1 / 10), x * np.exp(-1 / 5)
            for _ in range(2):
                v = np.clip(v + 0.5 * (0.04 * v**2 + 5 * v + 140 - u + current), -100, 30)
            u = u + a * (b * v - u)
            s = s + (x - s) / 30
            fired = v >= 30
            g_exc = g_exc + fired @ matrix["excitatory"]
            g_inh = g_inh + fired @ matrix["inhibitory"]
            open_gate = {
                "window": bump > np.exp(-4.5),
                "union": (bump > np.exp(-4.5)) | (np.abs(y) > 0.1),
                "full": True,
            }[learning.gate]
            when = when + ETA * np.outer(r, shown * open_gate * (target - y))
            v, u, x = np.where(fired, c, v), u + d * fired, x + fired
            outputs[trial, step] = y
        what = what + 0.05 * np.outer(rbar, shown - p_k) / (rbar @ rbar)
    return {"when": when, "what": what, "y": outputs}


@pytest.mark.parametrize(
    ("gate", "target", "n_trials"),
    [("union", "cpp", 10), ("window", "numpy", 2), ("full", "numpy", 2)],
)
def test_trials_equal_their_transcription(gate: str, target: str, n_trials: int) -> None:
    learning = dataclasses.replace(LEARNING, gate=gate)
    model = WhatWhenPredictor(reservoir=P, learning=learning, random_state=1)
    model.seed_ = 1
    network = model.network("learn")
    position = [population.name for population in network.populations].index("noise")
    program = Program(network, dt=P.dt, dtype="float64", target=target)
    block = dataclasses.replace(BLOCK, n_trials=n_trials)
    events, latencies = block.draw(SEED)
    trials = [model.trial_inputs(*pair)
              for pair in zip(events.tolist(), np.asarray(latencies), strict=True)]  # fmt: skip
    inputs = {name: np.concatenate([trial[name] for trial in trials]) for name in trials[0]}
    time = np.arange(N_STEPS)[:, None]
    for name, frame in (("cue", time < 50), ("average", np.where(time < 80, 1 / 80, 0.0))):
        np.testing.assert_array_equal(inputs[name], [frame.astype(np.float32)] * n_trials)
    state = program.initial_state()
    state["when.eta"], state["what.eta"] = np.array(ETA), np.array(0.05)
    state, record = program(state, inputs, seed=SEED)
    expected = transcribe(model.reservoir_, P, learning, position, block)
    assert np.abs(expected["y"]).max() > 0.01  # something was learned
    np.testing.assert_allclose(state["what.w"], expected["what"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(state["when.w"], expected["when"], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(record["readout.y"], expected["y"], rtol=1e-6, atol=1e-8)
