"""The same equations for batches on BLAS: forward pass, errors, updates, consolidation.

They are those of `bioplastic.models.hlop.network`. Arrays over time have the shape ``(n_steps,
n_samples, n_neurons)`` and live in buffers that are used again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.models.hlop.network import HLOPParameters, feedback_weights
from bioplastic.plasticity.subspace_learner import SubspaceLearner

__all__ = ["BatchTrainer", "Consolidation", "LayeredNetwork"]

Array = NDArray[np.float32]
Pull = Callable[[int, Array, float], None]


class LayeredNetwork:
    """Layers of discrete-time LIF neurons and a linear read-out, without weights of its own.

    ``sizes`` are inputs, hidden layers, outputs. With ``through_time`` errors flow back through the
    membranes (BPTT), without it traces flow forward (OTTT).
    """

    def __init__(
        self, sizes: Sequence[int], parameters: HLOPParameters, *, through_time: bool
    ) -> None:
        self.sizes = tuple(sizes)
        self.parameters = parameters
        self.through_time = through_time
        self.n_hidden = len(self.sizes) - 2
        self.spikes: list[Array] = []  # of the last batch, one array per hidden layer
        self._buffers: dict[tuple[Any, ...], Array] = {}

    def _buffer(self, name: str, layer: int, *shape: int) -> Array:
        key = (name, layer, *shape)
        if key not in self._buffers:
            self._buffers[key] = np.empty(shape, dtype=np.float32)
        return self._buffers[key]

    def forward(self, x: Array, weights: Sequence[Array]) -> Array:
        """Return the logits of every step, shape (n_steps, n_samples, n_outputs).

        Images ``x``, shape (n_samples, n_inputs), are injected unchanged in every step. Membrane
        potentials and spikes stay in the buffers, for errors and traces.
        """
        steps, batch = self.parameters.n_steps, len(x)
        decay = np.float32(self.parameters.decay)
        spikes: Array = x
        self.spikes = []
        for layer in range(self.n_hidden):
            n = self.sizes[layer + 1]
            v = self._buffer("v", layer, steps, batch, n)
            s = self._buffer("s", layer, steps, batch, n)
            if layer == 0:
                v[:] = np.dot(x, weights[0], out=self._buffer("drive", 0, batch, n))
            else:
                np.dot(_flat(spikes), weights[layer], out=_flat(v))
            kept = self._buffer("kept", layer, batch, n)
            for t in range(steps):
                if t:
                    np.subtract(v[t - 1], s[t - 1], out=kept)
                    kept *= decay
                    v[t] += kept
                np.greater_equal(v[t], 1, out=s[t], casting="unsafe")
            spikes = s
            self.spikes.append(s)
        logits = self._buffer("logits", 0, steps, batch, self.sizes[-1])
        np.dot(_flat(spikes), weights[-1], out=_flat(logits))
        return logits

    def output_errors(self, logits: Array, labels: NDArray[Any]) -> Array:
        """Return the derivative of the cross-entropy with respect to the logits of every step.

        With OTTT every step has a loss of its own, divided by their number; with BPTT the loss is
        that of the mean logits.
        """
        steps, batch, n = logits.shape
        given = logits.mean(axis=0, keepdims=True) if self.through_time else logits
        errors = np.exp(given - given.max(axis=2, keepdims=True))
        errors /= errors.sum(axis=2, keepdims=True)
        errors[:, np.arange(batch), labels] -= 1
        errors *= np.float32(1 / steps)
        spread: Array = np.ascontiguousarray(np.broadcast_to(errors, (steps, batch, n)))
        return spread

    def hidden_errors(self, errors: Array, feedback: Sequence[Array], direct: bool) -> list[Array]:
        """Return the factor of every neuron in the updates of its input weights, the output's last.

        Parameters
        ----------
        errors : ndarray, shape (n_steps, n_samples, n_outputs)
            From `output_errors`.
        feedback : sequence of ndarray
            Feedback weights of shape ``(n_out, n_in)`` of all layers but the first, or with
            ``direct``, which sends errors of the outputs themselves, ``(n_outputs, n_hidden)``.
        """
        steps, batch, _ = errors.shape
        slope, decay = np.float32(self.parameters.slope), np.float32(self.parameters.decay)
        found: list[Array] = [errors]
        for layer in reversed(range(self.n_hidden)):
            n = self.sizes[layer + 1]
            delta = self._buffer("delta", layer, steps, batch, n)
            np.dot(_flat(errors if direct else found[0]), feedback[layer], out=_flat(delta))
            v = self._buffer("v", layer, steps, batch, n)
            surrogate = self._buffer("surrogate", layer, steps, batch, n)
            # a s (1 - s) with s the logistic function of a (v - 1) is a (1 - tanh^2)/4
            np.subtract(v, np.float32(1), out=surrogate)
            surrogate *= np.float32(slope / 2)
            np.tanh(surrogate, out=surrogate)
            np.multiply(surrogate, surrogate, out=surrogate)
            np.subtract(np.float32(1), surrogate, out=surrogate)
            surrogate *= np.float32(slope / 4)
            delta *= surrogate
            if self.through_time:
                carried = self._buffer("kept", layer, batch, n)
                for t in reversed(range(steps - 1)):  # resets are left out, as published
                    np.multiply(delta[t + 1], decay, out=carried)
                    delta[t] += carried
            found.insert(0, delta)
        return found

    def traces(self) -> list[Array]:
        """Return the presynaptic factors above the first: sums of spikes, or spikes (BPTT)."""
        if self.through_time:
            return self.spikes
        decay = np.float32(self.parameters.decay)
        found = []
        for layer, spikes in enumerate(self.spikes):
            trace = self._buffer("trace", layer, *spikes.shape)
            trace[0] = spikes[0]
            for t in range(1, len(trace)):
                np.multiply(trace[t - 1], decay, out=trace[t])
                trace[t] += spikes[t]
            found.append(trace)
        return found


class BatchTrainer:
    """Learning from batches: weights of the network, and lateral circuits on its first layers.

    Both are changed in place. For ``feedback`` and ``fixed`` see
    `bioplastic.models.hlop.network.feedback_weights`; with ``subspace_data`` of ``'both'``, the
    circuits on hidden layers learn from spikes as well as from traces.
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
        self.network, self.weights, self.circuits = network, weights, circuits
        self.feedback, self.fixed, self.subspace_data = feedback, fixed, subspace_data

    def gradients(self, x: Array, labels: NDArray[Any]) -> tuple[list[Array], list[Array]]:
        """Return presynaptic and postsynaptic factors of the updates of all layers.

        The update of a layer is minus the learning rate times the sum of their outer products over
        steps and samples, divided by the number of samples.
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
        self, x: Array, labels: NDArray[Any], learning_rate: float, *, pull: Pull | None = None
    ) -> None:
        """Learn one batch; ``pull`` changes the weights of a layer, by number, after the update."""
        traces, errors = self.gradients(x, labels)
        rate = np.float32(learning_rate / len(x))
        for layer, weight in enumerate(self.weights):
            trace = _flat(traces[layer])
            if layer < len(self.circuits):
                projected = self.circuits[layer].project(trace)
                self._learn_subspace(layer, self.circuits[layer], trace, projected)
                trace = projected
            change = trace.T @ _flat(errors[layer])
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


def _flat(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])


class Consolidation:
    """Elastic weight consolidation: a pull towards weights after earlier tasks, by importance.

    Parameters
    ----------
    strength : float
        Factor of the pull.
    shapes : list of tuple
        Shapes of the weights that are pulled.

    Attributes
    ----------
    importance : list of ndarray
        Mean squared derivative of the loss, added up over tasks.
    weighted : list of ndarray
        Sum over tasks of importance times weight after the task.

    References
    ----------
    Kirkpatrick et al. (2017), doi 10.1073/pnas.1611835114; the derivative is the one the network
    learns with.
    """

    def __init__(self, strength: float, shapes: list[tuple[int, ...]]) -> None:
        self.strength = np.float32(strength)
        self.importance: list[Array] = [np.zeros(shape, dtype=np.float32) for shape in shapes]
        self.weighted: list[Array] = [np.zeros(shape, dtype=np.float32) for shape in shapes]

    def remember(self, trainer: BatchTrainer, x: Array, labels: NDArray[Any]) -> None:
        """Add the task that was just learned, from samples ``x`` with their classes."""
        for k in range(len(x)):
            traces, errors = trainer.gradients(x[k : k + 1], labels[k : k + 1])
            for layer, importance in enumerate(self.importance):
                gradient = _flat(traces[layer]).T @ _flat(errors[layer])
                gradient *= gradient
                gradient /= len(x)
                importance += gradient
                self.weighted[layer] += gradient * trainer.weights[layer]

    def pull(self, layer: int, weight: Array, learning_rate: float) -> None:
        """Move the weights of a layer towards those after earlier tasks, in place.

        The step is implicit, ``w <- (w + r sum F w*)/(1 + r sum F)`` with ``r`` the learning rate
        times the strength, so that no strength makes it unstable.
        """
        if layer >= len(self.importance):
            return
        rate = np.float32(learning_rate) * self.strength
        weight += rate * self.weighted[layer]
        weight /= 1 + rate * self.importance[layer]
