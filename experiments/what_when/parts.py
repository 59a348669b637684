"""What is run for every figure, and what is read from weights, activity and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from brian2 import ms
from numpy.typing import NDArray

from bioplastic.fields import Constants, param
from bioplastic.models.what_when import (
    Block,
    LearningParameters,
    Prediction,
    ReservoirParameters,
    WhatWhenPredictor,
    expectation,
    expectation_error,
    switch_trials,
    window_amplitude,
)

Floats = NDArray[np.float64]
Statistics = tuple[float, int, int]

GRID_P, GRID_LATENCY = (0.2, 0.5, 0.8), (200, 300, 400)
"""Conditions whose weights are compared: probability of A, its latency in ms; B follows by 300."""
COUPLINGS = {"none": (0.0, 0.0), "weak": (0.2, 0.5), "medium": (1.0, 3.0), "strong": (3.0, 10.0),
             "strongest": (6.0, 24.0)}  # fmt: skip
"""Excitatory and inhibitory coupling of the controls; ``weak`` is the default."""
_RLS = {"optimiser": "rls"}
_FORGETTING = LearningParameters(forgetting_when=0.999)
ARMS: Mapping[str, dict[str, Any]] = {
    "local": {},
    "rls": _RLS,
    "rls_forgetting": {**_RLS, "learning": _FORGETTING},
    "rls_reset": {**_RLS, "reset_at_switch": True},
    "rls_both": {**_RLS, "learning": _FORGETTING.with_values(forgetting_what=0.95)},
    "merged": {"merged": True},
    "merged_rls": {**_RLS, "merged": True},
    "window": {"learning": LearningParameters(gate="window")},
    "full": {"learning": LearningParameters(gate="full")},
    "no_feedback": {"reservoir": ReservoirParameters(feedback_gain=0.0)},
    "once": {"learning": LearningParameters(normalise="once")},
}
"""Constructor arguments of each arm; one forgets correlations at each switch."""
FIRST: Statistics = (0.8, 300, 600)
"""The first block: probability of A, latencies of A and B in ms."""
SWITCHES: Mapping[str, Statistics] = {
    "time": (0.8, 450, 750), "probability": (0.2, 300, 600), "both": (0.2, 450, 750), "back": FIRST,
}  # fmt: skip
"""Blocks after it; the way back follows the switch of both."""


class Protocol(Constants):
    """Sizes of the experiment."""

    n_excitatory: int = param(800, minimum=1, doc="cells that excite")
    n_inhibitory: int = param(200, minimum=1, doc="cells that inhibit")
    seeds: int = param(5, minimum=1, doc="seeds of headline results")
    control_seeds: int = param(3, minimum=1, doc="seeds of controls, at most")
    block: int = param(100, minimum=1, doc="trials of a block")
    grid_block: int = param(80, minimum=1, doc="trials of a condition of the grid")
    tests: tuple[int, ...] = param(
        (1, 2, 5, 10, 20, 30, 50, 75, 100), doc="trials of a block after which it is tested"
    )
    n_tests: int = param(3, minimum=1, doc="test trials at each test")
    levels: tuple[float, ...] = param(
        tuple(round(0.1 * k, 1) for k in range(11)), minimum=0, maximum=1, doc="probabilities of A"
    )
    couplings: tuple[str, ...] = param(tuple(COUPLINGS), doc="recurrence of the controls")


def make_model(protocol: Protocol, seed: int, **arguments: Any) -> WhatWhenPredictor:
    """Return an untrained model with as many cells as the protocol says."""
    sizes = {"n_excitatory": protocol.n_excitatory, "n_inhibitory": protocol.n_inhibitory}
    reservoir = arguments.pop("reservoir", ReservoirParameters()).with_values(**sizes)
    model = WhatWhenPredictor(
        reservoir=reservoir, n_tests=protocol.n_tests, random_state=seed, **arguments
    )
    return model.fit([], [])


def make_block(statistics: Statistics, n_trials: int) -> Block:
    """Return a block of given probability and latencies in ms."""
    p_a, latency_a, latency_b = statistics
    return Block(p_a=p_a, latency_a=latency_a * ms, latency_b=latency_b * ms, n_trials=n_trials)


def truth_of(block: Block) -> Floats:
    """Return the expectation of an ideal observer, shape (1000, 2)."""
    return expectation(block.probabilities, block.latencies, n_steps=1000)


def measure_prediction(prediction: Prediction, block: Block) -> xr.Dataset:
    """Return error, amplitudes, probabilities and time course of a prediction."""
    output = prediction.output
    amplitude = window_amplitude(output, np.asarray(block.latencies))
    return xr.Dataset(
        {
            "error": expectation_error(output, truth_of(block)),
            "amplitude": ("channel", amplitude),
            "what": ("channel", prediction.what.mean(axis=0)),
            "output": (("time", "channel"), output.astype(np.float32)[::5]),
        },
        {"channel": ["a", "b"], "time": 5 * np.arange(len(output[::5]))},
    )


def weights_of(model: WhatWhenPredictor) -> xr.DataArray:
    """Return identity and timing weights."""
    theta = np.stack([model.what_weights_, model.when_weights_]).astype(np.float32)
    return xr.DataArray(theta, dims=("readout", "cell", "channel"))


def learn_block(
    model: WhatWhenPredictor, block: Block, draw: list[int], tests: tuple[int, ...],
    weights: bool = False,
) -> xr.Dataset:  # fmt: skip
    """Learn a block, testing on the way; with ``weights`` keep them at every test."""
    start = expectation_error(model.predict().output, truth_of(block)) if weights else 0.0
    events, latencies = block.draw(draw)
    found, done = [], 0
    for trial in tests:
        model.partial_fit(events[done:trial], latencies[done:trial])
        done = trial
        measured = measure_prediction(model.predict(), block)
        if weights:
            measured["theta"] = weights_of(model)
        found.append(measured)
    joined = xr.concat(found, "test").assign_coords(test=list(tests))
    return joined.assign(output=joined.output.isel(test=-1), start=start)


# ---- parts ---------------------------------------------------------------------------------------


def run_level(seed: int, p: float, protocol: Protocol) -> xr.Dataset:
    """Learn one probability of A; the same events would drive an ideal leaky counter."""
    block = make_block((p, 300, 600), protocol.block)
    events, latencies = block.draw([seed, 11, round(10 * p)])
    counter = np.zeros(2)
    for event in events:
        counter += 0.05 * (np.eye(2)[event] - counter)
    model = make_model(protocol, seed).partial_fit(events, latencies)
    return measure_prediction(model.predict(), block).assign(counter=("channel", counter))


def run_switches(seed: int, protocol: Protocol) -> xr.Dataset:
    """Learn the first block, then from there every switch of `SWITCHES`."""
    model = make_model(protocol, seed)
    block = make_block(FIRST, protocol.block)
    found = [learn_block(model, block, [seed, 12, 0], protocol.tests, True)]
    seen, first = model.watch(), model.fork()
    for name, statistics in SWITCHES.items():
        if name != "back":
            model = first.fork()
        number, part = {"time": (0, 0), "probability": (1, 0), "both": (2, 0), "back": (2, 1)}[name]
        block = make_block(statistics, protocol.block)
        found.append(learn_block(model, block, [seed, 13, number, part], protocol.tests, True))
    return xr.concat(found, "block").assign(
        spike_time=("spike", (1e3 * seen["spike_time"]).round()),
        spike_cell=("spike", seen["spike_cell"]),
        recovery=("cell", first.reservoir_.a.astype(np.float32)),
        rate=seen["spike_cell"].size / first.reservoir.n_cells,
    )  # fmt: skip


def run_condition(seed: int, p: float, latency: int, protocol: Protocol) -> xr.DataArray:
    """Learn one condition of the grid and return the weights."""
    block = make_block((p, latency, latency + 300), protocol.grid_block)
    model = make_model(protocol, seed)
    model.partial_fit(*block.draw([seed, 14, round(10 * p), latency]))
    return weights_of(model).rename("theta")


def run_arm(arm: dict[str, Any], seed: int, protocol: Protocol) -> xr.Dataset:
    """Learn three blocks with one arm: first, another timing, another probability."""
    given = dict(arm)
    reset = given.pop("reset_at_switch", False)
    model = make_model(protocol, seed, **given)
    tests = tuple(t for t in protocol.tests if t not in (2, 5))
    errors = []
    for number, statistics in enumerate((FIRST, SWITCHES["time"], SWITCHES["both"])):
        if number and reset:
            model.reset_optimiser()
        block = make_block(statistics, protocol.block)
        errors.append(learn_block(model, block, [seed, 15, number], tests)[["error"]])
    return xr.concat(errors, "block").assign_coords(block=[1, 2, 3])


def run_shuffled(seed: int, protocol: Protocol) -> float:
    """Learn events whose times are drawn anew in every trial: there is nothing to learn of time."""
    block = make_block(FIRST, protocol.block)
    events, _ = block.draw([seed, 12, 0])
    times = np.random.default_rng([seed, 16]).uniform(0.2, 0.9, events.size)
    model = make_model(protocol, seed).partial_fit(events, times)
    return float(measure_prediction(model.predict(), block).error)


def run_clock(recovery: str, coupling: str, seed: int, protocol: Protocol) -> dict[str, Any]:
    """Decode the time from the reservoir without feedback, and learn the first block with it."""
    excitatory, inhibitory = COUPLINGS[coupling]
    reservoir = ReservoirParameters(
        recovery=recovery, coupling_excitatory=excitatory, coupling_inhibitory=inhibitory
    )
    block = make_block(FIRST, protocol.block)
    model = make_model(protocol, seed, reservoir=reservoir)
    train, test = (10, 4) if protocol.block > 50 else (3, 2)
    seen = model.watch(train + test)
    activity = seen["r"][:, ::4].astype(np.float64)
    model.partial_fit(*block.draw([seed, 12, 0]))
    return {
        "decoding": decode_time(activity[:train], activity[train:], step=4),
        "rate": seen["spike_cell"].size / (train + test) / model.reservoir.n_cells,
        "error": expectation_error(model.predict().output, truth_of(block)),
    }


# ---- what they say -------------------------------------------------------------------------------


def decode_time(train: Floats, test: Floats, *, step: int) -> Floats:
    """Return how well a ridge regression finds a 40-ms bump at 200, 400, 600 and 800 ms.

    The penalty is chosen on the last two training trials; the score is R² on the test trials.
    Activity has the shape (n_trials, n_samples, n_cells), ``step`` is in ms.
    """
    time = 1e-3 * step * np.arange(train.shape[1])
    goal = np.exp(-0.5 * ((time[:, None] - np.array([0.2, 0.4, 0.6, 0.8])) / 0.04) ** 2)
    inner, ridges = max(1, len(train) - 2), (1e-2, 1e-1, 1.0, 10.0, 100.0)
    scores = [_ridge_score(train[:inner], train[inner:], goal, ridge).mean() for ridge in ridges]
    return _ridge_score(train, test, goal, ridges[int(np.argmax(scores))])


def _ridge_score(train: Floats, test: Floats, goal: Floats, ridge: float) -> Floats:
    x = np.concatenate(list(train))
    centre, offset = x.mean(axis=0), goal.mean(axis=0)
    x = x - centre
    y = np.tile(goal - offset, (len(train), 1))
    gram = x.T @ x + ridge * len(train) * np.eye(x.shape[1])
    found = (test - centre) @ np.linalg.solve(gram, x.T @ y) + offset
    residual = np.square(found - goal).sum(axis=(0, 1))
    return np.asarray(1 - residual / (len(test) * np.square(goal - offset).sum(axis=0)))


def flatten_weights(theta: NDArray[Any], scales: Sequence[float] | Floats) -> Floats:
    """Return weights, shape (..., 2, n_cells, n_channels), as vectors of scaled blocks."""
    lead = theta.shape[:-3]
    blocks = [theta[..., k, :, :].reshape(*lead, -1) / scales[k] for k in range(2)]
    return np.asarray(np.concatenate(blocks, axis=-1), dtype=np.float64)


def find_components(theta: NDArray[Any], *, normalised: bool) -> dict[str, Floats]:
    """Return principal components over the conditions of the grid.

    Parameters
    ----------
    theta : array, shape (9, 2, n_cells, n_channels)
        Weights of every condition.
    normalised : bool
        Divide each block by its Frobenius norm over the centred conditions, so that the larger
        timing block does not hide the other.

    Returns
    -------
    dict
        ``scores`` (9, 3), ``directions`` (3, n), ``mean`` (n,), ``scales`` (2,), ``share`` (3,) of
        the variance, and ``correlation`` (3, 2) with probability and latency.
    """
    norms = np.sqrt(np.square(theta - theta.mean(axis=0)).sum(axis=(0, 2, 3)))
    scales = norms if normalised else np.ones(2)
    vectors = flatten_weights(theta, scales)
    mean = vectors.mean(axis=0)
    left, values, directions = np.linalg.svd(vectors - mean, full_matrices=False)
    scores = left[:, :3] * values[:3]
    conditions = np.array([(p, t) for p in GRID_P for t in GRID_LATENCY], dtype=np.float64)
    correlation = np.array(
        [[np.corrcoef(score, column)[0, 1] for column in conditions.T] for score in scores.T]
    )
    for k, column in enumerate((0, 1, 0)):  # signs of components are arbitrary
        sign = -1.0 if correlation[k, column] < 0 else 1.0
        scores[:, k], directions[k] = sign * scores[:, k], sign * directions[k]
        correlation[k] = sign * correlation[k]
    return {
        "scores": scores, "directions": directions[:3], "mean": mean,
        "scales": np.asarray(scales, dtype=np.float64),
        "share": values[:3] ** 2 / np.square(values).sum(), "correlation": correlation,
    }  # fmt: skip


def measure_angles(theta: NDArray[Any], seed: int, *, n_samples: int = 200) -> xr.Dataset:
    """Return principal angles of the grid with those expected by chance, in degrees.

    Returns
    -------
    Dataset
        For ``p80`` and ``p50`` (identity against timing weights at one condition) and ``change``
        (differences by probability at three latencies against differences by latency at p(A) = 0.5,
        which share no condition): the ``angle``, that of random subspaces (``null``) and of the
        same weights with the cells of one side permuted (``permuted``), and how often chance is as
        aligned or as orthogonal.
    """
    keys = [(p, t) for p in GRID_P for t in GRID_LATENCY]
    at = {key: theta[k].astype(np.float64) for k, key in enumerate(keys)}
    by_p = [(at[0.8, t] - at[0.2, t]).reshape(-1) for t in GRID_LATENCY]
    by_time = [(at[0.5, t + 100] - at[0.5, t]).reshape(-1) for t in (200, 300)]
    pairs = {"p80": at[0.8, 300], "p50": at[0.5, 300],
             "change": (np.stack(by_p, axis=1), np.stack(by_time, axis=1))}  # fmt: skip
    rng, found = np.random.default_rng([seed, 17]), []
    for first, second in pairs.values():
        cosines = _cosines(first, second)
        null = [_cosines(first, rng.standard_normal(second.shape)) for _ in range(n_samples)]
        permuted = [_cosines(first, second[rng.permutation(len(second))]) for _ in range(n_samples)]
        overlap, chance = np.square(cosines).mean(), np.square(null).mean(axis=1)
        counts = {
            "p_aligned": np.count_nonzero(chance >= overlap),
            "p_orthogonal": np.count_nonzero(chance <= overlap),
        }
        found.append(xr.Dataset({
            "angle": ("k", np.degrees(np.arccos(np.asarray(cosines)))),
            "null": (("sample", "k"), np.degrees(np.arccos(np.asarray(null)))),
            "permuted": (("sample", "k"), np.degrees(np.arccos(np.asarray(permuted)))),
            **{name: (1 + count) / (1 + n_samples) for name, count in counts.items()},
        }, {"k": range(1, len(cosines) + 1)}))  # fmt: skip
    return xr.concat(found, "pair").assign_coords(pair=list(pairs))


def _cosines(first: NDArray[Any], second: NDArray[Any]) -> Floats:
    """Return the cosines of the principal angles, largest first."""
    one, _ = np.linalg.qr(first)
    two, _ = np.linalg.qr(second)
    return np.asarray(np.clip(np.linalg.svd(one.T @ two, compute_uv=False), 0.0, 1.0))


def measure_switch(before: float, block: xr.Dataset) -> dict[str, float]:
    """Return how the error of one block follows a switch.

    ``limit`` in the names is 150 % of the error before the switch; ``within_tenth`` 110 % of it.
    Trials that never reach it count as one more than the block has.
    """
    tests, errors = block.test.values, block.error.values
    never, late = float(tests[-1] + 1), errors[tests >= tests[-1] // 2]
    amplitude = block.amplitude.transpose("test", "channel").values
    rise, direction = amplitude - amplitude[-1], np.sign(amplitude[-1] - amplitude[0])
    drift = float(np.polyfit(tests[-len(late) :], late, 1)[0]) if len(late) > 1 else 0.0
    return {
        "error_before": before,
        "error_after": float(block.start),
        "error_end": float(errors[-1]),
        "reached_limit": float(errors.min() <= 1.5 * before),
        "best_over_before": float(errors.min() / before),
        "end_over_before": float(errors[-1] / before),
        "trials_to_limit": min(switch_trials(tests, errors, 1.5 * before), never),
        "trials_within_tenth": min(switch_trials(tests, errors, 1.1 * before), never),
        "overshoot": float(np.max(rise * direction).clip(0)),
        "drift_per_trial": drift,
    }


def chance_correlation(levels: Sequence[float], seed: int, *, n_samples: int = 2000) -> float:
    """Return the 95th percentile of |r| between the levels and a random order of them."""
    rng, values = np.random.default_rng([seed, 18]), np.array(levels)
    found = [abs(np.corrcoef(values, rng.permutation(values))[0, 1]) for _ in range(n_samples)]
    return float(np.percentile(found, 95))
