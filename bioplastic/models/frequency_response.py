"""Which frequencies cells pass on (Fang et al. 2025): membranes, population rates, pooled textures.

The cells are ``u = keep v + (1 - beta) i``, a spike where ``u > 1``, then ``v = u - 1``, with
``keep = beta`` for a leaky cell (LIF) and 1 for an integrator (IF). Below threshold that is a
first-order low-pass with the gain `bioplastic.analysis.lif_gain`, or an integrator. What a layer
passes on is the modulation of its rate, which no such formula gives: it is measured here for a
population with independent noise, and for a second one that it drives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import ms
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis import lock_in
from bioplastic.engine import (
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    SpikeCount,
    StateRecord,
    Trial,
    UniformProjection,
)
from bioplastic.neurons import NeuronModel
from bioplastic.signals import AnalogueSource, NoiseSource

__all__ = ["count_spikes", "filter_cell", "measure_membrane", "measure_rates"]

DT = 1 * ms
METER = NeuronModel(name="meter", equations="x : 1\nspikes : 1", update="spikes = x\nx = 0")


def filter_cell(beta: float | None, leaky: bool = True, fires: bool = True) -> NeuronModel:
    """Return the cell of the module.

    Parameters
    ----------
    beta : float or None
        Decay per step, below 1; None: every cell has a decay of its own, its variable ``beta``.
    leaky : bool, default True
        False: nothing decays, but the input has the same gain ``1 - beta``.
    fires : bool, default True
        False: no threshold.

    Returns
    -------
    NeuronModel
        Variables ``v``, ``u`` (before the reset), ``x`` (the signal), ``z`` (noise), ``i_syn``, and
        of each cell ``bias``, ``gain`` of the signal and ``sd`` of the noise, dimensionless.

    Examples
    --------
    >>> filter_cell(0.5).threshold, filter_cell(0.5, fires=False).threshold
    ('u > 1', None)
    """
    if beta is not None and not 0 <= beta < 1:
        raise ValueError(f"filter_cell.beta: must be from 0 to below 1, got {beta}")
    own = "\nbeta : 1" if beta is None else ""
    return NeuronModel(
        name="filter",
        equations=f"v : 1\nu : 1\nx : 1\nz : 1\ni_syn : 1\nbias : 1\ngain : 1\nsd : 1{own}",
        update=f"u = {'beta*' if leaky else ''}v + (1 - beta)*(bias + gain*x + sd*z + i_syn)\n"
        "v = u\ni_syn = 0",
        threshold="u > 1" if fires else None,
        reset="v = u - 1" if fires else None,
        parameters={} if beta is None else {"beta": beta},
        reference="Fang et al. 2025",
    )


def measure_membrane(
    frequencies: ArrayLike, beta: float, *, leaky: bool = True, n_steps: int = 2000
) -> NDArray[np.float64]:
    """Measure the gain of the potential without threshold, one cell for each frequency.

    Parameters
    ----------
    frequencies : array_like, shape (n,)
        In cycles per step, between 0 and 0.5.
    beta : float
        Decay per step.
    leaky : bool, default True
        Whether the cell is leaky; see `filter_cell`.
    n_steps : int, default 2000
        Length; the first 500 steps are left out.

    Returns
    -------
    ndarray, shape (n,)
        Amplitude of the potential over that of the input.

    Examples
    --------
    >>> measure_membrane([0.25], beta=0.5).round(3)
    array([0.447])
    """
    f = np.asarray(frequencies, dtype=np.float64)
    network = NetworkSpec(
        populations=(
            AnalogueSource(name="signal", n=f.size, dtype="float64"),
            Population(name="cell", n=f.size, model=filter_cell(beta, leaky, fires=False),
                       inputs={"x": "signal"}),
        ),
        projections=(), trial=Trial(duration=n_steps * DT),
        records=(StateRecord(population="cell", variable="u"),),
    )  # fmt: skip
    program = Program(network, dt=DT, dtype="float64")
    state = program.initial_state() | {"cell.gain": np.ones(f.size)}
    signal = np.sin(2 * np.pi * np.arange(n_steps)[None, :, None] * f)
    _, record = program(state, {"signal": signal})
    return np.array(
        [abs(lock_in(u, g)) for u, g in zip(record["cell.u"][0, 500:].T, f, strict=True)]
    )


def measure_rates(
    frequencies: ArrayLike,
    beta: float,
    *,
    leaky: bool = True,
    rate: float = 0.2,
    sd: float = 0.6,
    amplitude: float = 0.2,
    n_cells: int = 3000,
    n_steps: int = 1000,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Measure how the rates of two populations follow a sinusoid that drives the first.

    Each cell of the second one gets the mean of the spikes of one per cent of the first. All have
    independent noise. The constant input of either population is found by bisection so that it
    fires at the given rate.

    Parameters
    ----------
    frequencies : array_like, shape (n,)
        In cycles per step, between 0 and 0.5.
    beta : float
        Decay per step, and one minus the gain of the input.
    leaky : bool, default True
        Whether cells are leaky; see `filter_cell`.
    rate : float, default 0.2
        Spikes per cell and step.
    sd : float, default 0.6
        Standard deviation of the noise of a cell in one step.
    amplitude : float, default 0.2
        Of the sinusoid.
    n_cells, n_steps : int, default 3000 and 1000
        Cells of a population; length for each frequency, of which 100 steps are left out.
    seed : int, default 0
        Seed of noise and connections.

    Returns
    -------
    ndarray, shape (2, n)
        Amplitude of the rate of either population over that of the sinusoid.
    """
    f = np.asarray(frequencies, dtype=np.float64)
    cell = filter_cell(beta, leaky)
    cells: list[Any] = [AnalogueSource(name="signal", n=1)]
    synapses: list[Any] = []
    for layer in ("first", "second"):
        noise = NoiseSource(name=f"{layer}_noise", n=n_cells)
        inputs = {"z": noise.name} | ({"x": "signal"} if layer == "first" else {})
        cells += [noise, Population(name=layer, n=n_cells, model=cell, inputs=inputs),
                  Population(name=f"{layer}_rate", n=1, model=METER)]  # fmt: skip
        synapses.append(UniformProjection(name=f"{layer}_sum", source=layer, target=f"{layer}_rate",
                                          transmit="x_post += 1"))  # fmt: skip
    synapses.append(SparseProjection.random(
        name="feed", source="first", target="second", n_source=n_cells, n_target=n_cells,
        probability=0.01, seed=seed, transmit="i_syn_post += share",
        parameters={"share": 100 / n_cells},
    ))  # fmt: skip
    network = NetworkSpec(
        populations=tuple(cells), projections=tuple(synapses), trial=Trial(duration=n_steps * DT),
        records=tuple(StateRecord(population=f"{layer}_rate", variable="spikes")
                      for layer in ("first", "second")),
    )  # fmt: skip
    program = Program(network, dt=DT)
    state = program.initial_state(seed)
    state |= {f"{layer}.sd": np.full(n_cells, sd) for layer in ("first", "second")}

    def run(signal: NDArray[Any]) -> Any:
        _, record = program(state, {"signal": signal}, seed=seed)
        return {name: record[f"{name}_rate.spikes"][:, 100:, 0] / n_cells
                for name in ("first", "second")}  # fmt: skip

    silence = np.zeros((1, n_steps, 1), dtype=np.float32)
    for layer in ("first", "second"):
        low, high = -3.0, 12.0
        for _ in range(14):
            state[f"{layer}.bias"] = np.full(n_cells, (low + high) / 2)
            if run(silence)[layer].mean() > rate:
                high = (low + high) / 2
            else:
                low = (low + high) / 2
    state["first.gain"] = np.full(n_cells, amplitude)
    rates = run(np.sin(2 * np.pi * f[:, None, None] * np.arange(n_steps)[:, None]))
    return np.array([[abs(lock_in(series, g)) for series, g in zip(found, f, strict=True)]
                     for found in rates.values()]) / amplitude  # fmt: skip


def count_spikes(signals: ArrayLike, *, n_cells: int = 60, seed: int = 0) -> NDArray[np.int32]:
    """Return the spike counts of a layer of leaky cells that differ, for some signals.

    Parameters
    ----------
    signals : array_like, shape (n_samples, n_steps)
        The same signal drives all cells.
    n_cells : int, default 60
        Cells: decays from 0 to 0.9, constant inputs from -0.5 to 1.5, gains of either sign.
    seed : int, default 0
        Seed of the cells.

    Returns
    -------
    ndarray, shape (n_samples, n_cells)
        Spikes.
    """
    X = np.asarray(signals, dtype=np.float32)
    network = NetworkSpec(
        populations=(
            AnalogueSource(name="signal", n=1),
            Population(name="cell", n=n_cells, model=filter_cell(None), inputs={"x": "signal"},
                       on_trial_start="v = 0; u = 0"),
        ),
        projections=(), trial=Trial(duration=X.shape[1] * DT),
        records=(SpikeCount(population="cell"),),
    )  # fmt: skip
    program, rng = Program(network, dt=DT), np.random.default_rng(seed)
    state = program.initial_state() | {
        "cell.beta": rng.uniform(0, 0.9, n_cells), "cell.bias": rng.uniform(-0.5, 1.5, n_cells),
        "cell.gain": rng.choice([-1, 1], n_cells) * rng.uniform(0.5, 2, n_cells),
    }  # fmt: skip
    _, record = program(state, {"signal": X[:, :, None]})
    return np.asarray(record["cell.count"])
