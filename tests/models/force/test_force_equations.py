"""The compiled network against a plain NumPy transcription of one FORCE step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from brian2 import Quantity, mA, ms, mV, second

from bioplastic.engine import Program
from bioplastic.models.force import ForceGenerator, ForceParameters, force_parameters

N, M, STEPS = 40, 2, 500
PA, MV, MS = 1e-12, 1e-3, 1e-3


def small(cell: str, **overrides: Any) -> ForceParameters:
    """The published constants for few cells, updated often so that many updates fall in 20 ms."""
    if cell == "theta":
        overrides["bias"] = Quantity(1e4)  # 100 Hz
    return force_parameters(cell, n_neurons=N, probability=0.3, **overrides)


def built(p: ForceParameters, n_outputs: int = 1, **arguments: Any) -> tuple[Any, Any, Any]:
    """A model, its program in double precision that records every step, and its first state."""
    model = ForceGenerator(p, settle=p.dt, dtype="float64", random_state=3, **arguments)
    model.set_params(block=p.dt).fit(np.zeros((1, n_outputs)))
    model.set_params(block=arguments["block"])
    spec = model.network("learn")
    every_step = replace(spec.records[1], every=1)
    spec = replace(spec, records=(spec.records[0], every_step))
    program = Program(spec, dt=p.dt, dtype="float64", target=model.target)
    state = program.initial_state(0)
    state["recurrent.w"], state["feedback.w"] = model.connections_[2], model.state_["feedback.w"]
    return model, program, state


def transcription(
    p: ForceParameters, recurrent: Any, start: dict[str, Any], target: Any, rule: str
) -> Any:
    """500 steps in the order of the published program, in plain arrays (SI units)."""
    dt, rise, decay = float(p.dt), float(p.tau_rise), float(p.tau_decay)
    unit = float(p.rate_unit)
    pre, post, omega = recurrent
    dense = np.zeros((N, N))
    dense[post, pre] = omega
    v, encoders = start["cell.v"].copy(), start["feedback.w"].T
    u, syn, h, r, hr = (np.zeros(N) for _ in range(5))
    last = np.full(N, -(10**6))
    phi, P, z = np.zeros((N, M)), np.eye(N) / p.ridge, np.zeros(M)
    outputs, spikes = [], 0
    for k in range(STEPS):
        drive = syn + encoders @ z + float(p.bias)
        if p.cell == "theta":
            v = v + dt * (1 - np.cos(v) + (1 + np.cos(v)) * np.pi**2 * drive)
            fired = v > np.pi
        elif p.cell == "lif":
            free = (k - last) >= 40  # 2 ms
            v = v + dt * free * (drive - v) / (10 * MS)
            fired = free & (v >= -40 * MV)
        else:
            b, v_t = (-2e-9, -19.2 * MV) if p.cell == "izhikevich" else (0.0, -20 * MV)
            old = v
            v = v + dt * (2.5e-6 * (v + 0.06) * (v - v_t) - u + drive) / 250e-12
            u = u + dt * 10 * (b * (old + 0.06) - u)
            fired = v >= 30 * MV
        syn = syn * np.exp(-dt / rise) + h * dt
        h = h * np.exp(-dt / decay) + dense[:, fired].sum(axis=1) / (rise * decay)
        r = r * np.exp(-dt / rise) + hr * dt
        hr = hr * np.exp(-dt / decay) + fired / (rise * decay)
        x = r * unit
        z = phi.T @ x
        error = z - target[k]
        outputs.append(z)
        if (k + 1) % round(float(p.interval) / dt) == 0:
            c = P @ x
            if rule == "delta":
                phi = phi - 0.5 / start["readout.power"] * np.outer(x, error)
            else:
                phi = phi - np.outer(c, error)
                P = P - np.outer(c, c) / (1 + x @ c)
        spikes += int(fired.sum())
        last[fired] = k
        if p.cell == "theta":
            v = np.where(fired, v - 2 * np.pi, v)
        else:
            v = np.where(fired, -65 * MV, v)
            u = u + 200 * PA * fired
    return {"z": np.array(outputs), "phi": phi, "p": P, "v": v, "r": r, "spikes": spikes}


@pytest.mark.parametrize(
    ("cell", "rule", "target"),
    [
        ("izhikevich", "force", "cpp"),
        ("izhikevich", "force", "numpy"),
        ("izhikevich_b0", "delta", "cpp"),
        ("theta", "force", "cpp"),
        ("lif", "force", "cpp"),
        ("lif", "delta", "numpy"),
    ],
)
def test_every_step_is_that_of_the_published_program(cell: str, rule: str, target: str) -> None:
    p = small(cell, interval=0.4 * ms)
    model, program, state = built(p, M, rule=rule, eta=0.5, block=STEPS * p.dt, target=target)
    state["readout.learning"] = np.array(1.0)
    if rule == "delta":
        state["readout.power"] = np.array(3.0 if cell != "lif" else 1e5)
    time = np.arange(STEPS) * float(p.dt)
    goal = np.stack([np.sin(2 * np.pi * 50 * time), np.cos(2 * np.pi * 30 * time)], axis=1)
    end, record = program(state, {"target": goal})
    expected = transcription(p, model.connections_, state, goal, rule)
    assert record["cell.spike_cell"].size == expected["spikes"] > 5
    np.testing.assert_allclose(record["output.z"][0], expected["z"], rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(end["readout.w"], expected["phi"], rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(end["cell.v"], expected["v"], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(end["cell.r"], expected["r"], rtol=1e-9, atol=1e-12)
    if rule == "force":
        scale = np.abs(expected["p"]).max()
        matrix = end["readout.inverse_correlation"]
        np.testing.assert_allclose(matrix / scale, expected["p"] / scale, atol=1e-9)


def test_a_spike_has_unit_area() -> None:
    p = small("lif", gain=0 * mV * second, bias=-39.9 * mV)
    _, program, state = built(p, rule="delta", block=400 * ms)
    state["recurrent.w"][:] = 0
    state["readout.w"][:] = 1
    _, record = program(state, {"target": np.zeros((8000, 1))})
    area = record["output.z"].sum() * float(p.dt)
    times = record["cell.spike_time"]
    done = float((1 - np.exp(-(0.4 - times) / 0.02)).sum())  # the tail of the last spikes is cut
    assert abs(area - done) < 0.05 * times.size


def drawn(p: ForceParameters) -> Any:
    model = ForceGenerator(p, settle=p.dt, block=p.dt)
    return model.fit(np.zeros(1)).connections_


def test_weights_have_the_published_statistics() -> None:
    p = force_parameters(n_neurons=1000)
    pre, post, w = drawn(p)
    assert abs(pre.size / 1e6 - 0.1) < 0.002
    assert abs(w.std() / (5000e-15 / (0.1 * np.sqrt(1000))) - 1) < 0.02
    centred = force_parameters("theta", n_neurons=300)
    _, post, w = drawn(centred)
    sums = np.bincount(post, w)
    assert np.abs(sums).max() < 1e-9 * np.abs(w).sum()


def test_wrong_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match=r"force_parameters.cell: must be one of"):
        force_parameters("hodgkin_huxley")
    with pytest.raises(TypeError, match=r"ForceParameters.gain"):
        force_parameters("theta", gain=5 * mA)
    with pytest.raises(ValueError, match=r"ForceParameters.probability"):
        force_parameters(probability=0.0)
