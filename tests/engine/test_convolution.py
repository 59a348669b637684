"""The shared-weight layer against a plain transcription: position by position, spike by spike."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from brian2 import ms

from bioplastic.engine import (
    DenseProjection,
    EventTrial,
    GroupWinner,
    NetworkSpec,
    Population,
    Program,
    TrialRecord,
)
from bioplastic.engine.convolution import LatencyConvolution
from bioplastic.models.ncg import latency_stdp, target_time_thresholds
from bioplastic.neurons import NeuronModel
from bioplastic.plasticity import PlasticityRule
from bioplastic.signals import LatencySource

N_CELLS, KERNEL, CHANNELS = 11, 3, 2
N_INPUTS = KERNEL * KERNEL * CHANNELS
BETA, T_TARGET, THETA_MIN = 1.5, 0.6, 0.4
RATES = {"a_plus": 0.09, "a_minus": 0.07, "eta": 0.11}


@functools.cache
def layer() -> LatencyConvolution:
    rule = latency_stdp(beta=BETA) + target_time_thresholds(
        N_CELLS, t_target=T_TARGET, theta_min=THETA_MIN
    )
    return LatencyConvolution(rule, kernel=KERNEL, channels=CHANNELS, n_cells=N_CELLS)


def draw_images(rng: np.random.Generator, n: int, *, levels: int | None = None) -> np.ndarray:
    """Return latencies with silent inputs; with few levels many of them are equal."""
    times = rng.random((n, 7, 8, CHANNELS))
    if levels:
        times = np.floor(times * levels) / levels
    times[rng.random(times.shape) < 0.4] = np.inf
    return times.astype(np.float32)


def draw_parameters(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    weights = rng.random((N_INPUTS, N_CELLS)).astype(np.float32)
    return weights, rng.uniform(1, 3, N_CELLS).astype(np.float32)


def inputs_in_order(patch: np.ndarray) -> list[int]:
    flat = patch.ravel()
    return [int(i) for i in np.argsort(flat, kind="stable") if np.isfinite(flat[i])]


def learn_plainly(
    patch: np.ndarray, w: np.ndarray, theta: np.ndarray, rates: dict[str, float]
) -> tuple[int, float]:
    """Show one patch, following the published steps literally."""
    times = patch.ravel()
    v = np.zeros(N_CELLS, dtype=np.float32)
    for i in inputs_in_order(patch):
        v += w[i]
        above = np.flatnonzero(v > theta)
        if above.size:
            break
    else:
        return -1, np.inf
    winner, t_post = int(above[0]), float(times[i])
    theta -= rates["eta"] * (t_post - T_TARGET)
    theta[winner] += rates["eta"]
    theta[np.arange(N_CELLS) != winner] -= rates["eta"] / (N_CELLS - 1)
    np.maximum(theta, THETA_MIN, out=theta)
    for i in range(N_INPUTS):
        if times[i] <= t_post:
            w[i, winner] += rates["a_plus"] * np.exp(-BETA * w[i, winner])
        else:
            w[i, winner] -= rates["a_minus"] * np.exp(BETA * (w[i, winner] - 1))
    w[:, winner] = np.clip(w[:, winner], 0, 1)
    return winner, t_post


def respond_plainly(
    image: np.ndarray, w: np.ndarray, theta: np.ndarray, pooling: int
) -> np.ndarray:
    rows, columns = (size - KERNEL + 1 for size in image.shape[:2])
    times = np.ones((rows, columns, N_CELLS), dtype=np.float32)
    for r in range(rows):
        for c in range(columns):
            patch = image[r : r + KERNEL, c : c + KERNEL]
            v = np.zeros(N_CELLS, dtype=np.float32)
            for i in inputs_in_order(patch):
                v += w[i]
                fires = (v >= theta) & (times[r, c] == 1)
                times[r, c, fires] = patch.ravel()[i]
    pooled = np.empty((rows // pooling, columns // pooling, N_CELLS), dtype=np.float32)
    for r, c in np.ndindex(*pooled.shape[:2]):
        window = times[r * pooling : (r + 1) * pooling, c * pooling : (c + 1) * pooling]
        pooled[r, c] = window.min(axis=(0, 1))
    return pooled


@pytest.mark.parametrize("levels", [None, 5], ids=["distinct", "tied"])
def test_learning_follows_the_published_steps(levels: int | None) -> None:
    rng = np.random.default_rng(1)
    images = draw_images(rng, 1000, levels=levels)
    images[::50] = np.inf  # nothing to see
    corners = rng.integers(0, [5, 6], (1000, 2))
    w, theta = draw_parameters(rng)
    wanted_w, wanted_theta = w.copy(), theta.copy()
    wanted = [
        learn_plainly(image[r : r + KERNEL, c : c + KERNEL], wanted_w, wanted_theta, RATES)
        for image, (r, c) in zip(images, corners, strict=True)
    ]
    winners, times = layer().learn(images, corners, w, theta, RATES)
    np.testing.assert_array_equal(winners, [winner for winner, _ in wanted])
    np.testing.assert_array_equal(times, np.array([t for _, t in wanted]))
    np.testing.assert_allclose(w, wanted_w, atol=1e-5)
    np.testing.assert_allclose(theta, wanted_theta, atol=1e-4)
    assert len(set(winners[winners >= 0])) == N_CELLS  # the comparison saw every cell win
    assert (winners < 0).sum() >= 20


def test_silence_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    w, theta = draw_parameters(rng)
    before = w.copy(), theta.copy()
    silent = np.full((4, 7, 8, CHANNELS), np.inf, dtype=np.float32)
    winners, times = layer().learn(silent, np.zeros((4, 2)), w, theta, RATES)
    assert winners.tolist() == [-1] * 4
    assert np.isinf(times).all()
    np.testing.assert_array_equal(w, before[0])
    np.testing.assert_array_equal(theta, before[1])
    assert (layer().respond(silent, w, theta, pooling=1) == 1).all()


@pytest.mark.parametrize("pooling", [1, 2, 3])
@pytest.mark.parametrize("levels", [None, 5], ids=["distinct", "tied"])
def test_response_shares_weights_over_all_positions(pooling: int, levels: int | None) -> None:
    rng = np.random.default_rng(3)
    images = draw_images(rng, 12, levels=levels)
    w, theta = draw_parameters(rng)
    theta += 2.5  # some cells stay silent in every window
    times = layer().respond(images, w, theta, pooling=pooling)
    wanted = np.stack([respond_plainly(image, w, theta, pooling) for image in images])
    np.testing.assert_array_equal(times, wanted)
    assert 0.2 < (times < 1).mean() < 0.98


def test_learning_needs_more_than_the_threshold_and_response_needs_the_threshold() -> None:
    """Strict in learning, not strict in the response."""
    w = np.full((N_INPUTS, N_CELLS), 0.5, dtype=np.float32)
    theta = np.full(N_CELLS, 1.0, dtype=np.float32)
    image = np.full((1, KERNEL, KERNEL, CHANNELS), np.inf, dtype=np.float32)
    image.ravel()[:3] = [0.1, 0.2, 0.3]
    assert layer().respond(image, w, theta, pooling=1).ravel()[0] == np.float32(0.2)
    winners, times = layer().learn(image, np.zeros((1, 2)), w, theta, RATES)
    assert winners.tolist() == [0]
    assert times.tolist() == [np.float32(0.3)]


def test_a_spike_later_than_one_is_no_feature() -> None:
    w = np.ones((N_INPUTS, N_CELLS), dtype=np.float32)
    theta = np.full(N_CELLS, 1.5, dtype=np.float32)
    image = np.full((1, KERNEL, KERNEL, CHANNELS), np.inf, dtype=np.float32)
    image.ravel()[:2] = [0.5, 1.25]
    assert (layer().respond(image, w, theta, pooling=1) == 1).all()


CELL = NeuronModel(
    name="first-spike",
    equations="v : 1\ntheta : 1\nactive : 1\ncrossed : 1\nlatency : 1\nevent_time : 1 (shared)",
    threshold="crossed > 0.5",
    update="""
        crossed = active*int(v > theta)
        latency = crossed*event_time + (1 - crossed)*latency
        active -= crossed
    """,
)


def patch_program(target: str) -> Program:
    """Return the same rule as a network of the engine, one trial per patch, events as steps."""
    rule = PlasticityRule(
        name="at the end",
        synapse="w : 1",
        modulators="won_post : 1",
        on_trial_end=(
            "w = clip(w + won_post*int(t_spike_pre <= latency_post)*a_plus*exp(-beta*w)"
            " - won_post*int(t_spike_pre > latency_post)*a_minus*exp(beta*(w - 1)), 0, 1)"
        ),
        parameters={"beta": BETA, **{name: RATES[name] for name in ("a_plus", "a_minus")}},
    )
    cell = NeuronModel(
        name="competing",
        equations=f"{CELL.equations}\nwon : 1\nsilent : 1\nnone : 1",
        threshold=CELL.threshold,
        update=CELL.update,
    )
    spec = NetworkSpec(
        populations=[
            LatencySource(name="patch", n=N_INPUTS),
            Population(
                name="cell",
                n=N_CELLS,
                model=cell,
                on_trial_start="v = 0\nactive = 1\nlatency = 1\nwon = 0",
                on_trial_end=(
                    "silent = active",
                    "none = 1 - active",
                    GroupWinner(
                        into="won", size=N_CELLS, first="latency", then="silent", among="none"
                    ),
                ),
            ),
        ],
        projections=[
            DenseProjection(
                name="p", source="patch", target="cell", transmit="v_post += w*active_post",
                rule=rule, modulators={"won_post": ("cell", "won")},
            )
        ],
        trial=EventTrial(source="patch", after_last=True),
        records=[TrialRecord(population="cell", variable="won")],
    )  # fmt: skip
    return Program(spec, dt=1 * ms, target=target)


@pytest.mark.parametrize("target", ["cpp", "numpy"])
def test_equals_a_network_of_the_engine(target: str) -> None:
    """The weights of patches with distinct spike times, thresholds held still."""
    n = 200 if target == "cpp" else 15
    rng = np.random.default_rng(4)
    images = draw_images(rng, n)[:, :KERNEL, :KERNEL].copy()
    w, theta = draw_parameters(rng)
    program = patch_program(target)
    state = program.initial_state()
    state["p.w"][:], state["cell.theta"][:] = w, theta
    latencies = np.where(np.isinf(images), 1.0, images).reshape(n, -1)
    state, record = program(state, {"patch": latencies})
    winners, _ = layer().learn(images, np.zeros((n, 2)), w, theta, {**RATES, "eta": 0.0})
    won = np.where(record["cell.won"].any(axis=1), record["cell.won"].argmax(axis=1), -1)
    np.testing.assert_array_equal(won, winners)
    np.testing.assert_allclose(state["p.w"], w, atol=1e-5)
    assert len(set(winners)) > 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"on_post": "w = latency"}, "PlasticityRule"),
        ({"on_pre": "w += 1"}, "on_pre: must be empty"),
        ({"on_post": "w = v_post"}, "unknown name 'v_post'"),
        ({"on_trial_end": "w = 0"}, "may write 'theta_post' only"),
    ],
)
def test_refuses_rules_it_cannot_run(change: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LatencyConvolution(PlasticityRule(name="other", **change), kernel=2, channels=1, n_cells=2)


def test_refuses_arrays_that_do_not_fit() -> None:
    rng = np.random.default_rng(5)
    images = draw_images(rng, 2)
    w, theta = draw_parameters(rng)
    corners = np.zeros((2, 2))

    def learn(**changes: Any) -> None:
        given = {"latencies": images, "corners": corners, "weights": w, "thresholds": theta}
        layer().learn(**{**given, "shared": RATES, **changes})  # type: ignore[arg-type]

    learn()
    for changes, message in (
        ({"latencies": images[:, :2]}, "contiguous"),
        ({"latencies": images[..., :1].copy()}, r"must have shape \(n_images, rows, columns, 2\)"),
        ({"latencies": images[:, :2].copy()}, "at least 3 x 3"),
        ({"corners": corners + 5}, r"corners: must lie from \(0, 0\) to \(4, 5\)"),
        ({"weights": w[:-1]}, r"weights: must have shape \(18, 11\)"),
        ({"shared": {"eta": 1.0}}, "needs a_minus, a_plus, eta"),
    ):
        with pytest.raises(ValueError, match=message):
            learn(**changes)
    with pytest.raises(TypeError, match="float32"):
        learn(weights=w.astype(float))
    with pytest.raises(ValueError, match="pooling"):
        layer().respond(images, w, theta, pooling=6)
