"""The batched network beside a plain transcription, and the network on the engine beside it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bioplastic.datasets import load_digits
from bioplastic.models.hlop import HLOPParameters
from bioplastic.models.hlop.batches import BatchTrainer, LayeredNetwork
from bioplastic.models.hlop.network import OnlineTrainer, feedback_weights, initial_weights
from bioplastic.plasticity import SubspaceLearner

SIZES = (64, 30, 20, 10)
P = HLOPParameters(hebbian_steps=1)


def make_weights(seed=0):
    rng = np.random.default_rng(seed)
    return [2 * initial_weights(rng, a, b) for a, b in itertools.pairwise(SIZES)]


def make_circuits(bursts=None, seed=1):
    rng = np.random.default_rng(seed)
    return [
        SubspaceLearner(n, steps=1, burst_steps=bursts).grow(5, rng).freeze().grow(k, rng)
        for n, k in zip(SIZES, (5, 6, 4), strict=False)
    ]


def make_fixed(kind, seed=2):
    rng = np.random.default_rng(seed)
    above = (10, 10) if kind == "direct" else SIZES[2:]
    return [initial_weights(rng, n, m) for n, m in zip(above, SIZES[1:], strict=False)]


def digits(n):
    data = load_digits()
    x = (data.X[:n] - data.X.mean()) / data.X.std()
    return x.astype(np.float32), data.y[:n]


def transcribe(x, y, weights, feedback, *, through_time, direct=False):
    """Return gradients of all layers in float64, written sample by sample and step by step."""
    gradients = [np.zeros(w.shape) for w in weights]
    n_hidden = len(weights) - 1
    for image, label in zip(x.astype(float), y, strict=True):
        v = [np.zeros(w.shape[1]) for w in weights[:-1]]
        s = [np.zeros(w.shape[1]) for w in weights[:-1]]
        a = [np.zeros(w.shape[1]) for w in weights[:-1]]
        steps = []
        for _ in range(P.n_steps):
            below = image
            for k in range(n_hidden):
                v[k] = P.decay * (v[k] - s[k]) + below @ weights[k]
                s[k] = (v[k] >= 1).astype(float)
                a[k] = P.decay * a[k] + s[k]
                below = s[k]
            steps.append(([u.copy() for u in v], [u.copy() for u in s], [u.copy() for u in a],
                          below @ weights[-1]))  # fmt: skip
        mean = np.mean([logits for *_, logits in steps], axis=0)
        carried = [np.zeros(w.shape[1]) for w in weights[:-1]]
        for voltages, spikes, traces, logits in reversed(steps):
            given = mean if through_time else logits
            error = np.exp(given - given.max())
            error /= error.sum()
            error[label] -= 1
            error /= P.n_steps
            top = above = error
            factors = spikes if through_time else traces
            gradients[-1] += np.outer(factors[-1], error)
            for k in reversed(range(n_hidden)):
                sigmoid = 1 / (1 + np.exp(-P.slope * (voltages[k] - 1)))
                delta = P.slope * sigmoid * (1 - sigmoid) * ((top if direct else above)
                                                             @ feedback[k])  # fmt: skip
                if through_time:
                    delta += P.decay * carried[k]
                    carried[k] = delta
                gradients[k] += np.outer(image if k == 0 else factors[k - 1], delta)
                above = delta
    return [gradient / len(x) for gradient in gradients]


@pytest.mark.parametrize("trainer", ["ottt", "bptt"])
@pytest.mark.parametrize("kind", ["transpose", "random", "sign", "direct"])
def test_gradients_follow_the_written_equations(trainer, kind):
    x, y = digits(5)
    weights, fixed = make_weights(), make_fixed(kind)
    through_time = trainer == "bptt"
    network = LayeredNetwork(SIZES, P, through_time=through_time)
    learner = BatchTrainer(network, [w.copy() for w in weights], [], kind, fixed, "traces")
    learner.step(x, y, 1.0)
    feedback = feedback_weights(kind, weights, fixed)
    expected = transcribe(
        x, y, weights, feedback, through_time=through_time, direct=kind == "direct"
    )
    for old, new, gradient in zip(weights, learner.weights, expected, strict=True):
        np.testing.assert_allclose(old - new, gradient, atol=2e-6)
        assert np.abs(gradient).max() > 1e-4


def test_sign_feedback_has_the_size_of_fresh_weights():
    (feedback, _) = feedback_weights("sign", make_weights(), [])
    assert feedback.shape == (20, 30)
    np.testing.assert_allclose(np.abs(feedback), 30**-0.5, rtol=1e-6)


@pytest.mark.parametrize("target", ["numpy", pytest.param("cpp", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("kind", "bursts"), [("transpose", None), ("random", 40), ("sign", None), ("direct", None)]
)
def test_engine_learns_as_batches_of_one(kind, bursts, target):
    x, y = digits(15)
    batch, online = make_weights(), make_weights()
    circuits, online_circuits = make_circuits(bursts), make_circuits(bursts)
    fixed = make_fixed(kind)
    network = LayeredNetwork(SIZES, P, through_time=False)
    trainer = BatchTrainer(network, batch, circuits, kind, fixed, "traces")
    for k in range(len(x)):
        trainer.step(x[k : k + 1], y[k : k + 1], 0.1)
    start = make_weights()
    OnlineTrainer(online, online_circuits, kind, fixed, P, target=target).train(x, y, 0.1)
    for a, b, c in zip(batch, online, start, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
        assert np.abs(a - c).max() > 0.01
    for a, b in zip(circuits, online_circuits, strict=True):
        np.testing.assert_allclose(a.rows, b.rows, atol=1e-4)
        np.testing.assert_allclose(a.velocity, b.velocity, atol=1e-4)


def test_compiled_network_equals_batches_of_one():
    test_engine_learns_as_batches_of_one("transpose", None, "cpp")


def test_projected_updates_leave_old_activity_alone():
    """With the exact subspace of old inputs frozen, their drive does not change."""
    x, y = digits(40)
    weights = make_weights()
    circuit = SubspaceLearner(64)
    circuit.rows = np.linalg.svd(x[:20], full_matrices=False)[2]
    circuit.velocity = np.zeros_like(circuit.rows)
    circuit.freeze()
    network = LayeredNetwork(SIZES, P, through_time=False)
    trainer = BatchTrainer(network, weights, [circuit], "transpose", [], "traces")
    before = weights[0].copy()
    trainer.step(x[20:], y[20:], 0.5)
    assert np.abs(weights[0] - before).max() > 1e-3
    np.testing.assert_allclose(x[:20] @ weights[0], x[:20] @ before, atol=1e-5)
