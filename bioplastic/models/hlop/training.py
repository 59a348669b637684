"""One mini-batch of learning: weights of the network and lateral circuits beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.models.hlop.backend import LayeredNetwork
from bioplastic.plasticity.subspace_learner import SubspaceLearner

__all__ = ["BatchTrainer", "feedback_weights", "initial_weights"]

Array = NDArray[np.float32]
Pull = Callable[[int, Array, float], None]


def initial_weights(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Return weights of one layer, uniform within one over the root of the number of inputs.

    Parameters
    ----------
    rng : Generator
        Draws them.
    n_in, n_out : int
        Size of the layer.

    Returns
    -------
    ndarray, shape (n_in, n_out)
    """
    limit = 1 / np.sqrt(n_in)
    return rng.uniform(-limit, limit, size=(n_in, n_out)).astype(np.float32)


def feedback_weights(kind: str, weights: Sequence[Array], fixed: Sequence[Array]) -> list[Array]:
    """Return the weights that carry errors down, one matrix per hidden layer.

    Parameters
    ----------
    kind : {'transpose', 'random', 'sign', 'direct'}
        Exact transpose of the forward weights, fixed random ones from the layer above, the signs of
        the transpose with a fixed size, or fixed random ones from the output to every layer.
    weights : sequence of ndarray
        Forward weights of all layers.
    fixed : sequence of ndarray
        The fixed ones, used by ``'random'`` and ``'direct'``.
    """
    if kind in ("random", "direct"):
        return list(fixed)
    if kind == "transpose":
        return [np.ascontiguousarray(w.T) for w in weights[1:]]
    return [np.ascontiguousarray(np.sign(w.T) / np.float32(np.sqrt(len(w)))) for w in weights[1:]]


class BatchTrainer:
    """Learning from batches.

    Parameters
    ----------
    network : LayeredNetwork
        The network.
    weights : list of ndarray
        Weights, changed in place.
    circuits : sequence of SubspaceLearner
        Lateral circuits on the inputs of the first layers, at most one per layer; none without
        projection.
    feedback : str
        See `feedback_weights`.
    fixed : sequence of ndarray
        See `feedback_weights`.
    subspace_data : {'traces', 'both'}
        Whether lateral circuits on hidden layers learn from presynaptic traces, or from spikes too.
    """

    def __init__(
        self,
        network: LayeredNetwork,
        weights: list[Array],
        circuits: Sequence[SubspaceLearner],
        feedback: str,
        fixed: Sequence[Array],
        subspace_data: str,
    ) -> None:
        self.network = network
        self.weights = weights
        self.circuits = circuits
        self.feedback = feedback
        self.fixed = fixed
        self.subspace_data = subspace_data

    def gradients(self, x: Array, labels: NDArray[Any]) -> tuple[list[Array], list[Array]]:
        """Return presynaptic and postsynaptic factors of the updates of all layers.

        The update of a layer is minus the learning rate times the sum of their outer products over
        steps and samples, divided by the number of samples.

        Returns
        -------
        traces, errors : list of ndarray
            Those of the first layer have shape ``(n_samples, n)``, summed over steps, the others
            ``(n_steps, n_samples, n)``.
        """
        network = self.network
        logits = network.forward(x, self.weights)
        top = network.output_errors(logits, labels)
        feedback = feedback_weights(self.feedback, self.weights, self.fixed)
        errors = network.hidden_errors(top, feedback, self.feedback == "direct")
        return [x, *network.traces()], [errors[0].sum(axis=0), *errors[1:]]

    def step(
        self,
        x: Array,
        labels: NDArray[Any],
        learning_rate: float,
        *,
        learn_subspace: bool = True,
        pull: Pull | None = None,
    ) -> None:
        """Learn one batch.

        Parameters
        ----------
        x : ndarray, shape (n_samples, n_inputs)
            Images.
        labels : ndarray of int, shape (n_samples,)
            Classes.
        learning_rate : float
            Step size of the weights.
        learn_subspace : bool, default True
            Whether lateral circuits learn.
        pull : callable, optional
            Changes the weights of a layer after the update; takes the number of the layer, the
            weights and the learning rate.
        """
        traces, errors = self.gradients(x, labels)
        rate = np.float32(learning_rate / len(x))
        for layer, weight in enumerate(self.weights):
            trace, error = _flat(traces[layer]), _flat(errors[layer])
            circuit = self.circuits[layer] if layer < len(self.circuits) else None
            if circuit is not None:
                projected = circuit.project(trace)
                if learn_subspace:
                    self._learn_subspace(layer, circuit, trace, projected)
                trace = projected
            change = trace.T @ error
            change *= rate
            weight -= change
            if pull is not None:
                pull(layer, weight, learning_rate)

    def _learn_subspace(
        self, layer: int, circuit: SubspaceLearner, trace: Array, projected: Array
    ) -> None:
        steps = self.network.parameters.n_steps
        if self.network.through_time:
            circuit.learn(trace, projected)
            return
        if layer == 0:
            for _ in range(steps):
                circuit.learn(trace, projected)
            return
        parts, rests = np.split(trace, steps), np.split(projected, steps)
        if self.subspace_data == "both":
            spikes = _flat(self.network.spikes[layer - 1])
            kept = np.split(circuit.project(spikes), steps)
            given = np.split(spikes, steps)
            parts = [np.concatenate(pair) for pair in zip(given, parts, strict=True)]
            rests = [np.concatenate(pair) for pair in zip(kept, rests, strict=True)]
        for part, rest in zip(parts, rests, strict=True):
            circuit.learn(part, rest)

    def predict(self, x: Array) -> NDArray[np.int64]:
        """Return the class of the largest summed logit, shape (n_samples,)."""
        sums = self.network.forward(x, self.weights).sum(axis=0)
        return np.asarray(sums.argmax(axis=1))


def _flat(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])
