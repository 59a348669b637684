"""What and when: a spiking reservoir learns which event follows a cue, when, and how likely.

Yamada & Chao (2026), "Joint encoding of 'what' and 'when' predictions through error-modulated
plasticity in biologically-plausible spiking networks", Communications Biology,
doi 10.1038/s42003-026-10836-2, arXiv 2510.14382.

Neither the program nor the constants of the paper are available: its task and architecture are
rebuilt from abstracts and reading notes, with constants of our own (see ``docs/what_when.md``). The
values under ``paper`` come from those notes on the published article, not from the article itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from brian2 import ms
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from bioplastic.fields import Constants, param
from bioplastic.models.what_when import (
    Block,
    LearningParameters,
    ReservoirParameters,
    WhatWhenPredictor,
    expectation,
    expectation_error,
)
from bioplastic.plotting import COLUMN_WIDTH, GREY, PALETTE, lines, panels, plot_network, raster
from bioplastic.study import flatten, labelled, measure
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT", "compute"]

Floats = NDArray[np.float64]
PAPER = {
    "correlation_amplitude_probability_a": 0.978, "correlation_amplitude_probability_b": -0.989,
    "error_trial_1": 0.192, "error_trial_10": 0.136, "error_trial_50": 0.092,
    "error_trial_100": 0.085,
}  # fmt: skip
"""From reading notes on the published article."""
GRID_P, GRID_LATENCY = (0.2, 0.5, 0.8), (200, 300, 400)
"""Conditions whose weights are compared: probability of A, its latency in ms; B follows by 300."""
GRID = [(p, latency) for p in GRID_P for latency in GRID_LATENCY]
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
HEADLINE_ARMS = ("local", "rls", "rls_forgetting", "rls_reset", "merged", "merged_rls")
"""Measured with all seeds."""
FIRST = Block(p_a=0.8, latency_a=300 * ms, latency_b=600 * ms)
_LATE = FIRST.with_values(latency_a=450 * ms, latency_b=750 * ms)
SWITCHES = {"time": _LATE, "probability": FIRST.with_values(p_a=0.2),
            "both": _LATE.with_values(p_a=0.2), "back": FIRST}  # fmt: skip
"""Blocks after the first."""
BEFORE = {**dict.fromkeys(SWITCHES, "first"), "back": "both"}
"""The block before each: the way back follows the switch of both."""


class Protocol(Constants):
    """Sizes of the experiment."""

    n_excitatory: int = param(800, minimum=1, doc="cells that excite")
    n_inhibitory: int = param(200, minimum=1, doc="cells that inhibit")
    seeds: int = param(5, minimum=1, doc="seeds of headline results")
    control_seeds: int = param(3, minimum=1, doc="seeds of controls, at most")
    block: int = param(100, minimum=1, doc="trials of a block")
    grid_block: int = param(80, minimum=1, doc="trials of a condition of the grid")
    tests: tuple[int, ...] = param((1, 2, 5, 10, 20, 30, 50, 75, 100), doc="trials before a test")
    n_tests: int = param(3, minimum=1, doc="test trials at each test")
    levels: tuple[float, ...] = param(
        tuple(round(0.1 * k, 1) for k in range(11)), minimum=0, maximum=1, doc="probabilities of A"
    )
    couplings: tuple[str, ...] = param(tuple(COUPLINGS), doc="recurrence of the controls")


# ---- parts ---------------------------------------------------------------------------------------


def make_model(protocol: Protocol, seed: int, **arguments: Any) -> WhatWhenPredictor:
    """Return an untrained model with as many cells as the protocol says."""
    sizes = {"n_excitatory": protocol.n_excitatory, "n_inhibitory": protocol.n_inhibitory}
    reservoir = arguments.pop("reservoir", ReservoirParameters()).with_values(**sizes)
    model = WhatWhenPredictor(
        reservoir=reservoir, n_tests=protocol.n_tests, random_state=seed, **arguments
    )
    return model.fit([], [])


def truth_of(block: Block) -> Floats:
    """Return the expectation of an ideal observer, shape (1000, 2)."""
    return expectation(block.probabilities, block.latencies, n_steps=1000)


def examine(model: WhatWhenPredictor, block: Block) -> xr.Dataset:
    """Return error, amplitudes, probabilities and time course of a prediction, and the weights."""
    prediction = model.predict()
    output = prediction.output
    # the published window around an event is not known: one and a half widths of an event
    away = np.abs(1e-3 * np.arange(len(output))[:, None] - np.asarray(block.latencies))
    near = away < 0.06
    theta = np.stack([model.what_weights_, model.when_weights_]).astype(np.float32)
    return xr.Dataset(
        {
            "error": expectation_error(output, truth_of(block)),
            "amplitude": ("channel", (output * near).sum(axis=0) / near.sum(axis=0)),
            "what": ("channel", prediction.what.mean(axis=0)),
            "output": (("time", "channel"), output.astype(np.float32)[::5]),
            "theta": (("readout", "cell", "channel"), theta),
        },
        {"channel": ["a", "b"], "time": 5 * np.arange(len(output[::5]))},
    )


def learn(
    model: WhatWhenPredictor, block: Block, draw: list[int], tests: Sequence[int]
) -> xr.Dataset:
    """Learn the events of a block, and examine the model at every test on the way."""
    events, latencies = block.draw(draw)
    found = []
    for done, trial in zip((0, *tests), tests, strict=False):
        model.partial_fit(events[done:trial], latencies[done:trial])
        found.append(examine(model, block))
    joined = xr.concat(found, "test").assign_coords(test=list(tests))
    return joined.assign(output=joined.output.isel(test=-1))


def run_level(seed: int, p: float, protocol: Protocol) -> xr.Dataset:
    """Learn one probability of A; the same events would drive an ideal leaky counter."""
    block = FIRST.with_values(p_a=p, n_trials=protocol.block)
    events, latencies = block.draw([seed, 11, round(10 * p)])
    counter = np.zeros(2)
    for event in events:
        counter += 0.05 * (np.eye(2)[event] - counter)
    model = make_model(protocol, seed).partial_fit(events, latencies)
    return examine(model, block).drop_vars("theta").assign(counter=("channel", counter))


def run_switches(seed: int, protocol: Protocol) -> xr.Dataset:
    """Learn the first block, then from there every switch of `SWITCHES`."""
    first = model = make_model(protocol, seed)
    found, seen = [], dict[str, Any]()
    for k, (name, block) in enumerate({"first": FIRST, **SWITCHES}.items()):
        block = block.with_values(n_trials=protocol.block)
        model = model if name == "back" else first.fork()
        start = examine(model, block).error
        draw = [seed, 13, min(k - 1, 2), (k - 1) // 3] if k else [seed, 12, 0]
        found.append(learn(model, block, draw, protocol.tests).assign(start=start))
        if name == "first":
            seen, first = model.watch(), model
    return xr.concat(found, "block").assign(
        spike_time=("spike", (1e3 * seen["spike_time"]).round()),
        spike_cell=("spike", seen["spike_cell"]),
        recovery=("cell", first.reservoir_.a.astype(np.float32)),
        rate=seen["spike_cell"].size / first.reservoir.n_cells,
    )  # fmt: skip


def run_condition(seed: int, p: float, latency: int, protocol: Protocol) -> xr.DataArray:
    """Learn one condition of the grid and return the weights."""
    block = Block(p_a=p, latency_a=latency * ms, latency_b=(latency + 300) * ms,
                  n_trials=protocol.grid_block)  # fmt: skip
    events = block.draw([seed, 14, round(10 * p), latency])
    return examine(make_model(protocol, seed).partial_fit(*events), block).theta


def run_arm(arm: dict[str, Any], seed: int, protocol: Protocol) -> xr.Dataset:
    """Learn three blocks with one arm: first, another timing, another probability."""
    reset = arm.get("reset_at_switch", False)
    model = make_model(protocol, seed, **{k: v for k, v in arm.items() if k != "reset_at_switch"})
    tests, errors = [t for t in protocol.tests if t not in (2, 5)], []
    for number, block in enumerate((FIRST, SWITCHES["time"], SWITCHES["both"])):
        if number and reset:
            model.reset_optimiser()
        block = block.with_values(n_trials=protocol.block)
        errors.append(learn(model, block, [seed, 15, number], tests)[["error"]])
    return xr.concat(errors, "block").assign_coords(block=[1, 2, 3])


def run_shuffled(seed: int, protocol: Protocol) -> float:
    """Learn events whose times are drawn anew in every trial: there is nothing to learn of time."""
    events, _ = (block := FIRST.with_values(n_trials=protocol.block)).draw([seed, 12, 0])
    times = np.random.default_rng([seed, 16]).uniform(0.2, 0.9, events.size)
    return float(examine(make_model(protocol, seed).partial_fit(events, times), block).error)


def run_clock(recovery: str, coupling: str, seed: int, protocol: Protocol) -> dict[str, Any]:
    """Decode the time from the reservoir without feedback, and learn the first block with it."""
    excitatory, inhibitory = COUPLINGS[coupling]
    model = make_model(protocol, seed, reservoir=ReservoirParameters(
        recovery=recovery, coupling_excitatory=excitatory, coupling_inhibitory=inhibitory
    ))  # fmt: skip
    train, test = (10, 4) if protocol.block > 50 else (3, 2)
    seen, block = model.watch(train + test), FIRST.with_values(n_trials=protocol.block)
    activity = seen["r"][:, ::4].astype(np.float64)
    model.partial_fit(*block.draw([seed, 12, 0]))
    return {
        "decoding": decode_time(activity[:train], activity[train:], step=4),
        "rate": seen["spike_cell"].size / (train + test) / model.reservoir.n_cells,
        "error": examine(model, block).error,
    }


# ---- what they say -------------------------------------------------------------------------------


def decode_time(train: Floats, test: Floats, *, step: int) -> Floats:
    """Return how well a ridge regression finds a 40-ms bump at 200, 400, 600 and 800 ms.

    The penalty is chosen on the last two training trials; the score is R² on the test trials.
    Activity has the shape (n_trials, n_samples, n_cells), ``step`` is in ms.
    """
    time = 1e-3 * step * np.arange(train.shape[1])
    goal = np.exp(-0.5 * ((time[:, None] - np.array([0.2, 0.4, 0.6, 0.8])) / 0.04) ** 2)

    def score(train: Floats, test: Floats, ridge: float) -> Floats:
        x = np.concatenate(list(train))
        centre, offset = x.mean(axis=0), goal.mean(axis=0)
        x, y = x - centre, np.tile(goal - offset, (len(train), 1))
        gram = x.T @ x + ridge * len(train) * np.eye(x.shape[1])
        found = (test - centre) @ np.linalg.solve(gram, x.T @ y) + offset
        residual = np.square(found - goal).sum(axis=(0, 1))
        return np.asarray(1 - residual / (len(test) * np.square(goal - offset).sum(axis=0)))

    inner, ridges = max(1, len(train) - 2), (1e-2, 1e-1, 1.0, 10.0, 100.0)
    scores = [score(train[:inner], train[inner:], ridge).mean() for ridge in ridges]
    return score(train, test, ridges[int(np.argmax(scores))])


def flatten_weights(theta: NDArray[Any], scales: Floats) -> Floats:
    """Return weights, shape (..., 2, n_cells, n_channels), as vectors of scaled blocks."""
    blocks = [theta[..., k, :, :].reshape(*theta.shape[:-3], -1) / scales[k] for k in range(2)]
    return np.asarray(np.concatenate(blocks, axis=-1), dtype=np.float64)


def find_components(theta: NDArray[Any], *, normalised: bool) -> dict[str, Floats]:
    """Return principal components over the conditions of the grid.

    ``theta`` are the weights of each condition, shape (9, 2, n_cells, n_channels). Normalised, each
    block is divided by its Frobenius norm over the centred conditions, so that the larger timing
    block does not hide the other. Found are ``scores`` (9, 3), ``directions`` (3, n), ``mean``
    (n,), ``scales`` (2,), ``share`` (3,) of the variance, and ``correlation`` (3, 2) with
    probability and latency.
    """
    scales = np.ones(2)
    if normalised:
        scales = np.sqrt(np.square(theta - theta.mean(axis=0)).sum(axis=(0, 2, 3)))
    vectors = flatten_weights(theta, scales)
    mean = vectors.mean(axis=0)
    left, values, directions = np.linalg.svd(vectors - mean, full_matrices=False)
    scores, share = left[:, :3] * values[:3], values[:3] ** 2 / np.square(values).sum()
    correlation = np.array(
        [[np.corrcoef(score, column)[0, 1] for column in np.array(GRID).T] for score in scores.T]
    )  # the signs of components are arbitrary
    sign = np.where(correlation[range(3), [0, 1, 0]] < 0, -1.0, 1.0)
    return {"scores": scores * sign, "directions": directions[:3] * sign[:, None], "mean": mean,
            "scales": np.asarray(scales, dtype=np.float64), "share": share,
            "correlation": correlation * sign[:, None]}  # fmt: skip


def measure_angles(theta: NDArray[Any], seed: int, *, n_samples: int = 200) -> xr.Dataset:
    """Return principal angles of the grid with those expected by chance, in degrees.

    For ``p80`` and ``p50`` (identity against timing weights at one condition) and ``change``
    (differences by probability at three latencies against differences by latency at p(A) = 0.5,
    which share no condition): the ``angle``, that of random subspaces (``null``) and of the same
    weights with the cells of one side permuted (``permuted``), and how often chance is as aligned
    or as orthogonal.
    """
    at = dict(zip(GRID, theta.astype(np.float64), strict=True))
    by_p = [(at[0.8, t] - at[0.2, t]).reshape(-1) for t in GRID_LATENCY]
    by_time = [(at[0.5, t + 100] - at[0.5, t]).reshape(-1) for t in (200, 300)]
    pairs = {"p80": at[0.8, 300], "p50": at[0.5, 300],
             "change": (np.stack(by_p, axis=1), np.stack(by_time, axis=1))}  # fmt: skip
    rng, found = np.random.default_rng([seed, 17]), []
    for first, second in pairs.values():
        drawn = {
            "null": [rng.standard_normal(second.shape) for _ in range(n_samples)],
            "permuted": [second[rng.permutation(len(second))] for _ in range(n_samples)],
        }
        cosines = {name: np.array([_cosines(first, other) for other in each])
                   for name, each in {"angle": [second], **drawn}.items()}  # fmt: skip
        angles = {name: np.degrees(np.arccos(values)) for name, values in cosines.items()}
        overlap, chance = (np.square(cosines[name]).mean(axis=1) for name in ("angle", "null"))
        found.append(xr.Dataset({
            "angle": ("k", angles.pop("angle")[0]),
            **{name: (("sample", "k"), values) for name, values in angles.items()},
            "p_aligned": (1 + np.count_nonzero(chance >= overlap)) / (1 + n_samples),
            "p_orthogonal": (1 + np.count_nonzero(chance <= overlap)) / (1 + n_samples),
        }, {"k": range(1, cosines["angle"].size + 1)}))  # fmt: skip
    return xr.concat(found, "pair").assign_coords(pair=list(pairs))


def _cosines(first: NDArray[Any], second: NDArray[Any]) -> Floats:
    """Return the cosines of the principal angles, largest first."""
    one, two = np.linalg.qr(first)[0], np.linalg.qr(second)[0]
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

    def trials_to(limit: float) -> float:
        return float(next(iter(tests[errors <= limit]), never))

    return {
        "error_before": before,
        "error_after": float(block.start),
        "error_end": float(errors[-1]),
        "reached_limit": float(errors.min() <= 1.5 * before),
        "best_over_before": float(errors.min() / before),
        "end_over_before": float(errors[-1] / before),
        "trials_to_limit": trials_to(1.5 * before),
        "trials_within_tenth": trials_to(1.1 * before),
        "overshoot": float(np.max(rise * direction).clip(0)),
        "drift_per_trial": drift,
    }


def chance_correlation(levels: Sequence[float], seed: int, *, n_samples: int = 2000) -> float:
    """Return the 95th percentile of |r| between the levels and a random order of them."""
    rng, values = np.random.default_rng([seed, 18]), np.array(levels)
    found = [abs(np.corrcoef(values, rng.permutation(values))[0, 1]) for _ in range(n_samples)]
    return float(np.percentile(found, 95))


def follow_probability(levels: xr.Dataset) -> xr.Dataset:
    """Return how amplitude and predicted probability follow that of A, for every seed."""

    def along(function: Any, *arrays: xr.DataArray) -> Any:
        return xr.apply_ufunc(
            function, *arrays, input_core_dims=[["p"]] * len(arrays), vectorize=True
        )

    def correlate(values: Floats) -> float:
        return float(np.corrcoef(levels.p, values)[0, 1]) if np.std(values) > 0 else 0.0

    truth = xr.concat([levels.p, 1 - levels.p], levels.channel)
    return xr.Dataset({
        "correlation_amplitude_probability": along(correlate, levels.amplitude),
        "correlation_what_probability": along(correlate, levels.what),
        "correlation_leaky_counter": along(correlate, levels.counter),
        "calibration_slope": along(lambda t, w: np.polyfit(t, w, 1)[0], truth, levels.what),
        "brier_distance": np.square(levels.what - truth).mean(("p", "channel")),
    })  # fmt: skip


def compare_weights(theta: xr.DataArray, switches: xr.Dataset, seed: int) -> xr.Dataset:
    """Return principal components over conditions, paths after switches, and principal angles."""
    grid = theta.sel(latency=list(GRID_LATENCY)).values.reshape(9, *theta.shape[2:])
    found, paths = dict[str, Any](), []
    names = {"rank": [1, 2, 3], "of": ["share", "probability", "latency"]}
    for label, normalised in (("raw_", False), ("", True)):
        part = find_components(grid, normalised=normalised)
        found[f"{label}scores"] = xr.DataArray(part["scores"], dims=("condition", "component"))
        numbers = np.column_stack([part["share"], np.abs(part["correlation"])])
        found[f"{label}pc"] = xr.DataArray(numbers, names)
    plane = part["directions"][:2].T
    for name, block in SWITCHES.items():
        latency = round(1e3 * float(block.latency_a))
        vectors = flatten_weights(switches.theta.sel(block=name).values, part["scales"])
        end = flatten_weights(theta.sel(p=block.p_a, latency=latency).values, part["scales"])
        distance = np.linalg.norm(vectors - end, axis=1)
        paths.append(xr.Dataset({
            "path": (("test", "axis"), (vectors - part["mean"]) @ plane),
            "end": ("axis", (end - part["mean"]) @ plane),
            "distance": ("test", distance / distance[0]),
        }))  # fmt: skip
    ways = xr.concat(paths, "switch").assign_coords(switch=list(SWITCHES), test=switches.test)
    return measure_angles(grid, seed).assign(found).assign(ways)


# ---- all parts -----------------------------------------------------------------------------------


def compute(run: Run) -> Results:
    """Run all parts, and summarise them."""
    sizes, few = run.protocol, run.seeds[: run.protocol.control_seeds]
    shared: dict[str, Any] = {"protocol": sizes}
    levels = run.measure(run_level, seed=run.seeds, p=sizes.levels, **shared)
    spikes = ("spike_time", "spike_cell")
    switches = run.measure(run_switches, seed=run.seeds, ragged=spikes, **shared)
    switches = switches.assign_coords(block=["first", *SWITCHES])
    theta = run.measure(
        run_condition, seed=run.seeds, p=GRID_P, latency=(*GRID_LATENCY, 450),
        where=lambda p, latency: latency < 450 or p != 0.5, **shared,
    ).theta  # fmt: skip
    arms = run.measure(
        run_arm, arm=labelled(ARMS), seed=run.seeds,
        where=lambda arm, seed: arm in HEADLINE_ARMS or seed in few, **shared,
    )  # fmt: skip
    shuffled = run.measure(run_shuffled, seed=few, **shared)
    clock = run.measure(run_clock, recovery=("slow", "stock"), coupling=sizes.couplings, seed=few,
                        **shared)  # fmt: skip
    shared = {"seed": run.seeds, "progress": False}
    weights = measure(
        lambda seed: compare_weights(theta.sel(seed=seed), switches.sel(seed=seed), seed), **shared
    )
    last, first = switches.error.isel(test=-1), switches.sel(block="first", drop=True)
    switched = measure(
        lambda seed, switch: measure_switch(
            last.sel(seed=seed, block=BEFORE[switch]).item(), switches.sel(seed=seed, block=switch)
        ),
        switch=list(SWITCHES), **shared,
    )  # fmt: skip
    numbers = follow_probability(levels).assign(
        error_untrained=first.start, error_final_over_first=first.error[:, -1] / first.error[:, 0]
    )
    errors, named = arms[["error"]].isel(test=-1), {"error": "error_{arm}_block_{block}"}
    clocked = clock[["error", "rate"]].assign(r2=clock.decoding.mean("decoding_0"))
    ends = weights[["distance"]].isel(test=-1)
    ends["switch"] = [*list(SWITCHES)[:3], "both_back"]
    metrics = {
        **flatten(numbers.drop_vars("correlation_leaky_counter")),
        **flatten(first[["error"]], names="error_trial_{test}"),
        **flatten(switched, names="switch_{switch}_{name}"),
        **flatten(weights[["pc", "raw_pc"]], names="{name}{rank}_{of}"),
        **flatten(ends, names="distance_end_{switch}"),
        **flatten(weights[["angle"]], names="angle_{pair}_{k}"),
        **flatten(weights[["p_aligned", "p_orthogonal"]], names="angle_{pair}_{name}"),
        **flatten(errors.drop_sel(arm="window"), names=named),
        **flatten(clocked, names="clock_{recovery}_{coupling}_{name}"),
        "rate": float(switches.rate.mean()),
    }
    truth = truth_of(FIRST)
    chance = weights[["null", "permuted"]].mean(("seed", "sample"))
    baselines = {
        **flatten(numbers[["correlation_leaky_counter"]]),
        "correlation_chance_95": chance_correlation(sizes.levels, run.seed),
        "error_untrained": metrics["error_untrained"],
        "error_silent": float(np.sqrt(np.mean(truth**2))),
        "error_best_constant": float(np.sqrt(np.mean((truth - truth.mean(axis=0)) ** 2))),
        **flatten(shuffled, names="error_shuffled_time"),
        **flatten(errors.sel(arm=["window"]), names=named),
        **flatten(chance, names="angle_{pair}_{k}_{name}"),
    }
    courses = {"by_level": levels.output.mean("seed"), "spread": levels.output.std("seed", ddof=1),
               "by_block": switches.output.mean("seed")}  # fmt: skip
    return Results(
        metrics=metrics,
        baselines=baselines,
        paper=PAPER if run.scale != "smoke" else {},
        parameters={"checkpoints": run.store is not None},
        measured={
            "levels": levels.drop_vars("output"),
            "switches": switches[["error", "start", "amplitude", "what"]],
            "courses": xr.Dataset(courses),
            "trial": switches[[*spikes, "recovery"]].isel(seed=0).dropna("spike"),
            "weights": weights,
            "arms": arms,
            "clock": clock,
        },
    )


# ---- figures -------------------------------------------------------------------------------------

COLOURS = {"a": PALETTE[0], "b": PALETTE[1]}
NAMES = {"time": "timing", "probability": "probability", "both": "both", "back": "both, back"}
WAYS = dict(zip(NAMES, (PALETTE[3], PALETTE[4], PALETTE[2], "black"), strict=True))
EVENTS = {"a": "A", "b": "B"}
_LONG: dict[str, Any] = {"markers": False, "legend": None, "xlim": (0, 1000)}
_TIME = "time after the cue (ms)"


def draw_reservoir(results: Results) -> Figure:
    """Draw the architecture, and spikes and rates of a trial."""
    trial = results.measured["trial"]
    figure, axes = panels([["scheme", "raster"], ["scheme", "rates"]], height=2.9,
                          width_ratios=(1, 1.2), height_ratios=(2, 1))  # fmt: skip
    n_exc, n = int(results.parameters["n_excitatory"]), trial.sizes["cell"]
    plot_network(
        {"cue": 1, "reservoir": n, "when": 2, "what": 2},
        [("cue", "reservoir", "excitatory"), ("when", "reservoir", "excitatory"),
         ("reservoir", "when", "plastic"), ("reservoir", "what", "plastic")],
        title="expected events: when × what", ax=axes["scheme"],
    )  # fmt: skip
    time, cell = trial.spike_time.values, trial.spike_cell.values.astype(int)
    groups = {"excitatory": np.arange(n_exc), "inhibitory": np.arange(n_exc, n)}
    raster(time, cell, axes["raster"], groups=groups, window=(0, 1000), phases={"cue": (0, 50)},
           order=np.argsort(np.argsort(trial.recovery.values)), colours=PALETTE, legend="above",
           xlabel="", ylabel="cells, by recovery,\nslowest below")  # fmt: skip
    edges, rates = np.arange(0, 1001, 20), {}
    for name, members in groups.items():
        counts = np.histogram(time[np.isin(cell, members)], edges)[0]
        rates[name] = xr.DataArray(counts / members.size / 0.02, {"time": edges[:-1] + 10}, "time")
    lines(rates, axes["rates"], **_LONG, ylim=(0, None), ylabel="rate (Hz)", xlabel=_TIME)
    return figure


def draw_traces(results: Results) -> Figure:
    """Draw what the network expects after training with several probabilities."""
    data = results.measured["courses"]
    wanted = [p for p in (0.1, 0.3, 0.5, 0.7, 0.9) if np.any(np.isclose(data.p, p))]
    data = data.sel(p=wanted or data.p.values, method="nearest")
    figure, axes = panels(2, 1, width=COLUMN_WIDTH, height=2.9, sharex=True, sharey=True)
    for ax, name, latency in zip(axes, EVENTS, (300, 600), strict=True):
        here = data.sel(channel=name)
        shades = {p: _blend(COLOURS[name], p if name == "a" else 1 - p) for p in data.p.values}
        lines(here.by_level, ax, x="time", hue="p", colours=shades, **_LONG,
              xlabel=_TIME if name == "b" else "", ylabel=f"expectation of {EVENTS[name]}",
              )  # fmt: skip
        for p, shade in shades.items():
            mean, spread = here.by_level.sel(p=p), here.spread.sel(p=p)
            ax.fill_between(data.time, mean - spread, mean + spread, color=shade, alpha=0.2, lw=0)
        ax.axvline(latency, color=GREY, linewidth=0.7, linestyle=":")
        ax.legend(title="p(A)", loc="upper right" if name == "a" else "upper left",
                  ncols=1 if len(shades) < 6 else 2)  # fmt: skip
    axes[0].set_ylim(-0.15, max(1.05, 1.05 * float(data.by_level.max())))
    return figure


def _blend(colour: str, share: float) -> str:
    strength = float(np.clip(0.25 + 0.75 * share, 0.2, 1.0))
    red, green, blue = (1 - strength * (1 - value) for value in to_rgb(colour))
    return to_hex((red, green, blue))


def draw_amplitude(results: Results) -> Figure:
    """Draw amplitude and predicted probability against the probability of A."""
    levels = results.measured["levels"]
    figure, (left, right) = panels(1, 2, height=2.5)
    for ax, name, label in ((left, "amplitude", "mean output around the event"),
                            (right, "what", "predicted probability")):  # fmt: skip
        lines(levels[name], ax, x="p", hue="channel", show="bars", labels=EVENTS, colours=COLOURS,
              markers=False, legend=None, xlabel="probability of A", ylabel=label)  # fmt: skip
    low, high = float(levels.amplitude.min()), float(levels.amplitude.max())
    left.set_ylim(min(-0.05, low - 0.02), max(0.9, 1.25 * high))
    for row, name in enumerate(EVENTS):
        key = f"correlation_amplitude_probability_{name}"
        text = f"{EVENTS[name]}: r = {results.metrics[key]:.3f}"
        if key in results.paper:
            text += f"  (published {results.paper[key]:.3f})"
        left.text(0.5, 0.98 - 0.085 * row, text, color=COLOURS[name], transform=left.transAxes,
                  ha="center", va="top", fontsize=7)  # fmt: skip
        right.plot([0, 1], [row, 1 - row], color=GREY, linewidth=0.7, linestyle=":",
                   label="true" if row else None)  # fmt: skip
        right.plot(levels.p, levels.counter.sel(channel=name).mean("seed"), "x", color="black",
                   markersize=3.5, label="leaky counter" if row else None)  # fmt: skip
    right.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def draw_learning(results: Results) -> Figure:
    """Draw the learning curve beside the published one and the baselines."""
    first = results.measured["switches"].sel(block="first")
    curves = {
        "local rules, seeds and mean": _with_start(first),
        "literal window gate": results.measured["arms"].error.sel(arm="window", block=1),
    }
    baselines = {"untrained, silent": "error_untrained", "times shuffled": "error_shuffled_time",
                 "best without time": "error_best_constant"}  # fmt: skip
    paper = {t: results.paper.get(f"error_trial_{t}") for t in (1, 10, 50, 100)}
    published = xr.DataArray(list(paper.values()), {"test": list(paper)}, "test")
    figure, ax = panels(width=COLUMN_WIDTH, height=3.3)
    lines(curves, ax, x="test", show="each", legend="outside", xlabel="trials",
          ylabel="error of the expectation", ylim=(0, None),
          baselines={text: results.baselines[name] for text, name in baselines.items()},
          published=published if results.paper else None,
          published_label="published (from notes)",
          )  # fmt: skip
    return figure


def _with_start(block: xr.Dataset) -> xr.DataArray:
    """Return the errors of a block, that before it at trial 0."""
    return block.start.expand_dims(test=[0]).combine_first(block.error)


def draw_switches(results: Results) -> Figure:
    """Draw errors after each switch, and what is expected before and at the end."""
    data, courses = results.measured["switches"], results.measured["courses"].by_block
    figure, axes = panels(2, 4, height=3.7, sharey="row")
    for (name, title), upper, lower in zip(NAMES.items(), *axes, strict=True):
        old = float(data.error.sel(block=BEFORE[name]).isel(test=-1).mean())
        lines(_with_start(data.sel(block=name)), upper, x="test", show="each", title=title,
              baselines={"before the switch": old, "150 % of it": 1.5 * old}, legend=None,
              ylim=(0, None), xlabel="trials after the switch", ylabel="")  # fmt: skip
        shown = {
            f"{EVENTS[channel]}, {moment}": courses.sel(block=where, channel=channel)
            for moment, where in (("at the switch", BEFORE[name]), ("at the end", name))
            for channel in EVENTS
        }
        shades = [_blend(colour, share) for share in (0, 1) for colour in COLOURS.values()]
        lines(shown, lower, **_LONG, colours=shades, xlabel=_TIME, ylabel="")
    axes[0, 0].set_ylabel("error")
    axes[1, 0].set_ylabel("expectation")
    handles = [*axes[0, 0].lines[-2:], *axes[1, 0].lines]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


def _explain(figure: Figure, columns: int, *entries: tuple[str, Any, str]) -> None:
    handles = [
        Line2D([], [], color=colour, label=text, markersize=5, linestyle="-" if look == "-" else "",
               marker="" if look == "-" else look)
        for text, colour, look in entries
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)


def draw_components(results: Results) -> Figure:
    """Draw the conditions in the plane of two components, and the way weights take."""
    data, metrics = results.measured["weights"], results.metrics
    figure, axes = panels(1, 3, height=2.9)
    marks = dict(zip(GRID_LATENCY, "os^", strict=True))
    shades = dict(zip(GRID_P, (PALETTE[5], PALETTE[0], "#00304f"), strict=True))
    for ax, prefix, title in ((axes[0], "", "blocks normalised"), (axes[1], "raw_", "raw weights")):
        scores = data[f"{prefix}scores"].isel(seed=0).values
        for (p, latency), score in zip(GRID, scores, strict=True):
            ax.plot(*score[:2], marks[latency], color=shades[p], markersize=5)
        texts = []
        for k, axis in ((1, ax.xaxis), (2, ax.yaxis)):
            r = {n: metrics[f"{prefix}pc{k}_{n}"] for n in ("probability", "latency")}
            best = max(r, key=r.__getitem__)
            texts.append(f"{k} with {best} {r[best]:.2f}")
            axis.set_label_text(f"component {k} ({100 * metrics[f'{prefix}pc{k}_share']:.0f} %)")
        ax.set_title(f"{title}, first seed\n|r|: {', '.join(texts)}", fontsize=7)
    for name, colour in WAYS.items():
        way = data.isel(seed=0).sel(switch=name)
        axes[0].plot(*way.path.transpose("axis", "test").values, "-", color=colour, linewidth=1.0)
        axes[0].plot(*way.end.values, "*", color=colour, markersize=7, markerfacecolor="white")
    lines(data.distance, axes[2], x="test", hue="switch", show="each", colours=WAYS, markers=False,
          legend=None, baselines={"": 1.0}, ylim=(0, None), xlabel="trials after the switch",
          ylabel="distance, relative to\nthe first trial", title="way to the matching condition",
          )  # fmt: skip
    _explain(figure, 6, *((f"p(A) = {p}", shade, "o") for p, shade in shades.items()),
             *((f"A at {t} ms", GREY, mark) for t, mark in marks.items()),
             *((NAMES[name], colour, "-") for name, colour in WAYS.items()),
             ("matching", "black", "*"))  # fmt: skip
    return figure


def draw_angles(results: Results) -> Figure:
    """Draw principal angles of the read-outs between what chance gives."""
    data = results.measured["weights"]
    titles = {"p80": "what and when,\np(A) = 0.8", "p50": "what and when,\np(A) = 0.5",
              "change": "changes by probability\nand by latency"}  # fmt: skip
    figure, axes = panels(1, 3, height=2.5, sharey=True)
    for ax, (pair, title) in zip(axes, titles.items(), strict=True):
        for k in data.k.values:
            here = data.sel(pair=pair, k=k)
            for offset, kind, colour in ((-0.22, "null", GREY), (0.22, "permuted", PALETTE[5])):
                low, middle, high = np.percentile(here[kind], [2.5, 50, 97.5])
                ax.plot([k + offset] * 2, [low, high], color=colour, linewidth=3, alpha=0.7)
                ax.plot(k + offset, middle, "_", color="black", markersize=6)
            ax.plot(np.full(here.seed.size, k), here.angle, "o", color=PALETTE[1], markersize=4)
        ax.set(title=title, xlabel="principal angle", xticks=data.k, xlim=(0.4, data.k.size + 0.6))
    axes[0].set_ylabel("angle (degrees)")
    _explain(figure, 3, ("measured, by seed", PALETTE[1], "o"),
             ("random subspaces (95 %)", GREY, "-"),
             ("cells permuted (95 %)", PALETTE[5], "-"))  # fmt: skip
    return figure


def draw_arms(results: Results) -> Figure:
    """Draw errors through three blocks for optimisers, read-outs, gates and loops."""
    data = results.measured["arms"].error
    groups = {
        "optimiser": {"local": "local", "rls": "RLS", "rls_forgetting": "RLS, forgetting (when)",
                      "rls_both": "RLS, forgetting (both)", "rls_reset": "RLS, reset at switches"},
        "read-outs": {"local": "split, local", "rls": "split, RLS", "merged": "merged, local",
                      "merged_rls": "merged, RLS"},
        "gate and loop": {"local": "union gate", "full": "full gate", "window": "window gate",
                          "no_feedback": "union, no feedback", "once": "union, local what"},
    }  # fmt: skip
    figure, axes = panels(1, 3, height=2.8, sharey=True)
    length = int(data.test[-1])
    for ax, (title, arms) in zip(axes, groups.items(), strict=True):
        for number, block in enumerate(data.block.values):
            part = data.sel(block=block, arm=list(arms))
            part = part.assign_coords(test=part.test + number * length)
            lines(part, ax, x="test", hue="arm", labels=arms, markers=False, legend=None,
                  title=title, xlabel="trials", ylabel="")  # fmt: skip
        handles = ax.get_lines()[: len(arms)]
        ax.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.2), fontsize=6.5)
        for number, text in ((1, "timing"), (2, "probability")):
            ax.axvline(number * length, color=GREY, linewidth=0.8, linestyle=":")
            ax.text(number * length, 1.0, text, transform=ax.get_xaxis_transform(), fontsize=6.5,
                    color=GREY, ha="center", va="top",
                    bbox={"facecolor": "white", "linewidth": 0, "pad": 1})  # fmt: skip
        ax.set_xlim(0, 3 * length)
    axes[0].set(ylim=(0, 1.08 * float(data.mean("seed").max())), ylabel="error of the expectation")
    return figure


def draw_clock(results: Results) -> Figure:
    """Draw how recurrence and recovery of single cells carry the time."""
    data, figure, axes = results.measured["clock"], *panels(1, 3, height=2.5)
    data = data.assign(decoding=data.decoding.mean("decoding_0")).assign_coords(
        coupling=["{:g}/{:g}".format(*COUPLINGS[name]) for name in data.coupling.values]
    )
    labels = {"slow": "slow recovery in cells", "stock": "stock recovery"}
    titles = {"decoding": "time decoded, R²", "rate": "rate (Hz)", "error": "error after learning"}
    for ax, (name, label) in zip(axes, titles.items(), strict=True):
        untrained = {"untrained": results.baselines["error_untrained"]} if name == "error" else None
        lines(data[name], ax, x="coupling", hue="recovery", show="bars", ylabel=label, legend=None,
              labels=labels, baselines=untrained, xlabel="coupling, excitatory/inhibitory",
              ylim=(0, None))  # fmt: skip
    axes[0].set_ylim(min(-0.1, float(data.decoding.min())), 1.0)
    alone = float(data.decoding.sel(recovery="slow").isel(coupling=0).mean())
    stock = float(data.decoding.sel(recovery="stock").mean("seed")[1:].max())
    figure.suptitle(f"R² of the clock: slow cells without recurrence {alone:.2f}, recurrence of "
                    f"stock cells at most {stock:.2f}")  # fmt: skip
    figure.legend(*axes[2].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


EXPERIMENT = Experiment(
    name="what_when",
    title="A spiking reservoir learns what follows a cue, when, and how likely",
    reference=(
        "Yamada & Chao (2026), Communications Biology, doi 10.1038/s42003-026-10836-2 "
        "(rebuilt from abstracts and reading notes, constants of our own)"
    ),
    costs={"smoke": "1 min", "quick": "3 min of one core", "paper": "11 min of one core"},
    datasets=("synthetic",),
    protocols={
        "smoke": Protocol(
            n_excitatory=160, n_inhibitory=40, seeds=1, control_seeds=1, block=6, grid_block=3,
            tests=(1, 3, 6), n_tests=1, levels=(0.0, 0.5, 1.0), couplings=("none", "weak"),
        ),
        "quick": Protocol(
            seeds=1, control_seeds=1, grid_block=50, tests=(1, 10, 50, 100),
            levels=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0), couplings=("none", "weak", "medium"),
        ),
        "paper": Protocol(),
    },
    compute=compute,
    figures={
        "reservoir": draw_reservoir, "traces": draw_traces, "amplitude": draw_amplitude,
        "learning": draw_learning, "switches": draw_switches, "components": draw_components,
        "angles": draw_angles, "arms": draw_arms, "clock": draw_clock,
    },
)  # fmt: skip
