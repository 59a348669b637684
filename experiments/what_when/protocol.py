"""What is run for every figure: arms, blocks and tests, one function per kind of task."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import ms
from numpy.typing import NDArray

from bioplastic.models.what_when import (
    Block,
    LearningParameters,
    Prediction,
    ReservoirParameters,
    WhatWhenPredictor,
    expectation,
    expectation_error,
    peak_and_width,
    window_amplitude,
)

__all__ = [
    "ARMS",
    "COUPLINGS",
    "GRID",
    "LEVELS",
    "MATCHING",
    "SWITCHES",
    "Protocol",
    "choose_protocol",
    "run_blocks",
    "run_clock",
    "run_condition",
    "run_level",
    "run_shuffled",
    "run_switches",
]

Arrays = dict[str, NDArray[Any]]

LEVELS = tuple(round(0.1 * k, 1) for k in range(11))
"""Probabilities of A."""

GRID = tuple((p, latency) for p in (0.2, 0.5, 0.8) for latency in (200, 300, 400))
"""Probability of A and latency of A in ms; B follows 300 ms later."""

MATCHING = ((0.8, 450), (0.2, 450))
"""Further conditions that switches lead to."""

COUPLINGS = {
    "none": (0.0, 0.0),
    "weak": (0.2, 0.5),
    "medium": (1.0, 3.0),
    "strong": (3.0, 10.0),
    "strongest": (6.0, 24.0),
}
"""Excitatory and inhibitory coupling of the controls; ``weak`` is the default."""

ARMS: Mapping[str, dict[str, Any]] = {
    "local": {},
    "rls": {"optimiser": "rls"},
    "rls_forgetting": {
        "optimiser": "rls",
        "learning": LearningParameters(forgetting_when=0.999),
    },
    "rls_reset": {"optimiser": "rls"},
    "rls_both": {
        "optimiser": "rls",
        "learning": LearningParameters(forgetting_when=0.999, forgetting_what=0.95),
    },
    "merged": {"merged": True},
    "merged_rls": {"merged": True, "optimiser": "rls"},
    "window": {"learning": LearningParameters(gate="window")},
    "full": {"learning": LearningParameters(gate="full")},
    "no_feedback": {"reservoir": ReservoirParameters(feedback_gain=0.0)},
    "once": {"learning": LearningParameters(normalise="once")},
}
"""Constructor arguments of each arm; ``rls_reset`` forgets correlations at each switch."""

FIRST = (0.8, 300, 600)
SWITCHES: Mapping[str, tuple[tuple[float, int, int], ...]] = {
    "time": ((0.8, 450, 750),),
    "probability": ((0.2, 300, 600),),
    "both": ((0.2, 450, 750), FIRST),
}
"""Blocks after the first: probability of A, latencies of A and B in ms."""

_THREE = (FIRST, (0.8, 450, 750), (0.2, 450, 750))
_DECODED = (200, 400, 600, 800)
_RIDGES = (1e-2, 1e-1, 1.0, 10.0, 100.0)


@dataclasses.dataclass(frozen=True)
class Protocol:
    """Sizes of the experiment.

    Parameters
    ----------
    n_excitatory, n_inhibitory : int
        Cells.
    seeds, control_seeds : int
        Of headline results, and of controls.
    block, grid_block : int
        Trials of a block, and of a condition of the grid.
    tests : tuple of int
        Trials of a block after which it is tested.
    n_tests : int
        Test trials at each test.
    levels : tuple of float
        Probabilities of A.
    couplings : tuple of str
        Recurrence controls.
    """

    n_excitatory: int = 800
    n_inhibitory: int = 200
    seeds: int = 5
    control_seeds: int = 3
    block: int = 100
    grid_block: int = 80
    tests: tuple[int, ...] = (1, 2, 5, 10, 20, 30, 50, 75, 100)
    n_tests: int = 3
    levels: tuple[float, ...] = LEVELS
    couplings: tuple[str, ...] = tuple(COUPLINGS)


_PROTOCOLS = {
    "smoke": Protocol(
        n_excitatory=160, n_inhibitory=40, seeds=1, control_seeds=1, block=6, grid_block=3,
        tests=(1, 3, 6), n_tests=1, levels=(0.0, 0.5, 1.0), couplings=("none", "weak"),
    ),
    "quick": Protocol(
        seeds=1, control_seeds=1, grid_block=50, tests=(1, 10, 50, 100),
        levels=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0), couplings=("none", "weak", "medium"),
    ),
    "paper": Protocol(),
}  # fmt: skip


def choose_protocol(scale: str) -> Protocol:
    """Return the sizes for a scale."""
    return _PROTOCOLS[scale]


def make_model(
    protocol: Protocol, seed: int, arguments: Mapping[str, Any] | None = None
) -> WhatWhenPredictor:
    """Return a model with as many cells as the protocol says."""
    given = dict(arguments or {})
    reservoir = dataclasses.replace(
        given.pop("reservoir", ReservoirParameters()),
        n_excitatory=protocol.n_excitatory,
        n_inhibitory=protocol.n_inhibitory,
    )
    return WhatWhenPredictor(
        reservoir=reservoir, n_tests=protocol.n_tests, random_state=seed, **given
    )


def make_block(statistics: tuple[float, int, int], n_trials: int) -> Block:
    """Return a block of given probability and latencies in ms."""
    p_a, latency_a, latency_b = statistics
    return Block(p_a=p_a, latency_a=latency_a * ms, latency_b=latency_b * ms, n_trials=n_trials)


def truth_of(block: Block) -> NDArray[np.float64]:
    """Return the expectation of an ideal observer, shape (1000, 2)."""
    return expectation(block.probabilities, block.latencies, n_steps=1000)


def measure(prediction: Prediction, block: Block) -> dict[str, Any]:
    """Return error, amplitudes, probabilities and peaks of a prediction."""
    output = prediction.output
    latencies = np.asarray(block.latencies)
    return {
        "error": expectation_error(output, truth_of(block)),
        "amplitude": window_amplitude(output, latencies),
        "what": prediction.what.mean(axis=0),
        "peak": np.array([peak_and_width(column)[0] for column in output.T]),
    }


def learn_block(
    model: WhatWhenPredictor, block: Block, draw: list[int], tests: tuple[int, ...], weights: bool
) -> Arrays:
    """Learn a block, testing on the way; with ``weights`` keep them at every test."""
    events, latencies = block.draw(draw)
    found: dict[str, list[Any]] = {}
    done = 0
    for trial in tests:
        model.partial_fit(events[done:trial], latencies[done:trial])
        done = trial
        measured = measure(model.predict(), block)
        if weights:
            measured["theta"] = stack_weights(model)
        for name, value in measured.items():
            found.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in found.items()}


def stack_weights(model: WhatWhenPredictor) -> NDArray[np.float32]:
    """Return identity and timing weights, shape (2, n_cells, n_channels)."""
    return np.stack([model.what_weights_, model.when_weights_]).astype(np.float32)


def run_level(seed: int, p_a: float, protocol: Protocol) -> Arrays:
    """Learn one probability of A; the same events would drive an ideal leaky counter."""
    block = make_block((p_a, 300, 600), protocol.block)
    draw = [seed, 11, round(10 * p_a)]
    model = make_model(protocol, seed)
    events, latencies = block.draw(draw)
    prediction = model.fit(events, latencies).predict()
    counter = np.zeros(2)
    for event in events:
        counter += 0.05 * (np.eye(2)[event] - counter)
    result = measure(prediction, block)
    return {
        **{name: np.asarray(value) for name, value in result.items()},
        "output": prediction.output.astype(np.float32),
        "counter": counter,
    }


def run_switches(seed: int, protocol: Protocol) -> Arrays:
    """Learn the first block, then from there every switch of `SWITCHES`."""
    tests = protocol.tests
    block = make_block(FIRST, protocol.block)
    model = make_model(protocol, seed)
    model.fit(*_empty_fit())
    result: Arrays = {}
    before = model.predict()
    result["before_error"] = np.array(expectation_error(before.output, truth_of(block)))
    result |= _named("first", learn_block(model, block, [seed, 12, 0], tests, True))
    result["first_output"] = model.predict().output.astype(np.float32)
    result |= _watch(model)
    with tempfile.TemporaryDirectory() as folder:
        saved = model.save(Path(folder) / "first.npz")
        for number, (name, blocks) in enumerate(SWITCHES.items()):
            model = WhatWhenPredictor.load(saved)
            for part, statistics in enumerate(blocks):
                key = f"{name}{part}"
                block = make_block(statistics, protocol.block)
                draw = [seed, 13, number, part]
                result[f"{key}_start"] = np.array(
                    expectation_error(model.predict().output, truth_of(block))
                )
                result |= _named(key, learn_block(model, block, draw, tests, True))
                result[f"{key}_output"] = model.predict().output.astype(np.float32)
    return result


def _empty_fit() -> tuple[NDArray[np.int64], Any]:
    return np.zeros(0, dtype=np.int64), np.zeros(0) * ms


def _watch(model: WhatWhenPredictor) -> Arrays:
    seen = model.watch()
    return {
        "spike_time": (1e3 * seen["spike_time"]).round().astype(np.int16),
        "spike_cell": seen["spike_cell"].astype(np.int16),
        "activity": seen["r"][0, ::10].astype(np.float32),
        "recovery": model.reservoir_.a.astype(np.float32),
    }


def _named(prefix: str, arrays: Arrays) -> Arrays:
    return {f"{prefix}_{name}": values for name, values in arrays.items()}


def run_condition(seed: int, p_a: float, latency: int, protocol: Protocol) -> Arrays:
    """Learn one condition of the grid and return the weights."""
    block = make_block((p_a, latency, latency + 300), protocol.grid_block)
    model = make_model(protocol, seed)
    model.fit(*block.draw([seed, 14, round(10 * p_a), latency]))
    return {"theta": stack_weights(model)}


def run_blocks(arm: str, seed: int, protocol: Protocol) -> Arrays:
    """Learn three blocks with one arm: first, another timing, another probability."""
    model = make_model(protocol, seed, ARMS[arm])
    model.fit(*_empty_fit())
    tests = tuple(t for t in protocol.tests if t not in (2, 5))
    result: Arrays = {}
    for number, statistics in enumerate(_THREE):
        block = make_block(statistics, protocol.block)
        if number and arm == "rls_reset":
            model.reset_optimiser()
        result |= _named(f"block{number}", learn_block(model, block, [seed, 15, number], tests,
                                                       False))  # fmt: skip
    result["output"] = model.predict().output.astype(np.float32)
    return result


def run_shuffled(seed: int, protocol: Protocol) -> Arrays:
    """Learn events whose times are drawn anew in every trial: there is nothing to learn of time."""
    block = make_block(FIRST, protocol.block)
    events, _ = block.draw([seed, 12, 0])
    times = np.random.default_rng([seed, 16]).uniform(0.2, 0.9, events.size)
    model = make_model(protocol, seed).fit(events, times)
    result = measure(model.predict(), block)
    return {name: np.asarray(value) for name, value in result.items()}


def run_clock(recovery: str, coupling: str, seed: int, protocol: Protocol) -> Arrays:
    """Decode the time from the reservoir without feedback, and learn the first block with it."""
    gains = COUPLINGS[coupling]
    reservoir = ReservoirParameters(
        recovery=recovery, coupling_excitatory=gains[0], coupling_inhibitory=gains[1]
    )
    block = make_block(FIRST, protocol.block)
    model = make_model(protocol, seed, {"reservoir": reservoir})
    model.fit(*_empty_fit())
    train, test = (10, 4) if protocol.block > 50 else (3, 2)
    seen = model.watch(train + test)
    activity = seen["r"][:, ::4].astype(np.float64)
    result: Arrays = {
        "decoding": decode_time(activity[:train], activity[train:], step=4),
        "rate": np.array(seen["spike_cell"].size / (train + test) / protocol_cells(protocol)),
    }
    model.partial_fit(*block.draw([seed, 12, 0]))
    result["error"] = np.array(expectation_error(model.predict().output, truth_of(block)))
    return result


def protocol_cells(protocol: Protocol) -> int:
    """Return the number of cells."""
    return protocol.n_excitatory + protocol.n_inhibitory


def decode_time(
    train: NDArray[np.float64], test: NDArray[np.float64], *, step: int
) -> NDArray[np.float64]:
    """Return how well a ridge regression finds a 40-ms bump at 200, 400, 600 and 800 ms.

    The penalty is chosen on the last two training trials; the score is R² on the test trials.

    Parameters
    ----------
    train, test : array, shape (n_trials, n_samples, n_cells)
        Activity.
    step : int
        Milliseconds between samples.
    """
    time = 1e-3 * step * np.arange(train.shape[1])
    goal = np.exp(-0.5 * ((time[:, None] - 1e-3 * np.array(_DECODED)) / 0.04) ** 2)
    inner = max(1, len(train) - 2)
    scores = [_ridge_score(train[:inner], train[inner:], goal, ridge).mean() for ridge in _RIDGES]
    return _ridge_score(train, test, goal, _RIDGES[int(np.argmax(scores))])


def _ridge_score(
    train: NDArray[np.float64], test: NDArray[np.float64], goal: NDArray[np.float64], ridge: float
) -> NDArray[np.float64]:
    x = np.concatenate(list(train))
    centre, offset = x.mean(axis=0), goal.mean(axis=0)
    x = x - centre
    y = np.tile(goal - offset, (len(train), 1))
    gram = x.T @ x + ridge * len(train) * np.eye(x.shape[1])
    weights = np.linalg.solve(gram, x.T @ y)
    found = (test - centre) @ weights + offset
    residual = np.square(found - goal).sum(axis=(0, 1))
    total = len(test) * np.square(goal - offset).sum(axis=0)
    return np.asarray(1 - residual / total)
