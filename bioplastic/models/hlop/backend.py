"""The layered spiking network for batches: forward pass, errors and gradients on BLAS.

The equations are those of `bioplastic.models.hlop.equations`, for many samples at once. Arrays over
time have the shape ``(n_steps, n_samples, n_neurons)`` and live in buffers that are used again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.models.hlop.parameters import HLOPParameters

__all__ = ["LayeredNetwork"]

Array = NDArray[np.float32]


class LayeredNetwork:
    """Layers of discrete-time LIF neurons and a linear read-out, without weights of its own.

    Parameters
    ----------
    sizes : sequence of int
        Inputs, hidden layers, outputs.
    parameters : HLOPParameters
        Constants.
    through_time : bool
        Whether errors flow back through the membranes (BPTT) or traces flow forward (OTTT).
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
        """Run the network.

        Parameters
        ----------
        x : ndarray, shape (n_samples, n_inputs)
            Images, injected unchanged in every step.
        weights : sequence of ndarray
            One matrix of shape ``(n_in, n_out)`` per layer.

        Returns
        -------
        ndarray, shape (n_steps, n_samples, n_outputs)
            Logits of every step. Membrane potentials and spikes stay in the buffers for `errors`.
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
                drive = np.dot(x, weights[0], out=self._buffer("drive", 0, batch, n))
                v[:] = drive
            else:
                rows = spikes.reshape(steps * batch, -1)
                np.dot(rows, weights[layer], out=v.reshape(steps * batch, n))
            kept = self._buffer("kept", layer, batch, n)
            for t in range(steps):
                if t:
                    np.subtract(v[t - 1], s[t - 1], out=kept)
                    kept *= decay
                    v[t] += kept
                np.greater_equal(v[t], 1, out=s[t], casting="unsafe")
            spikes = s
            self.spikes.append(s)
        n = self.sizes[-1]
        logits = self._buffer("logits", 0, steps, batch, n)
        rows = spikes.reshape(steps * batch, -1)
        np.dot(rows, weights[-1], out=logits.reshape(steps * batch, n))
        return logits

    def output_errors(self, logits: Array, labels: NDArray[Any]) -> Array:
        """Return the derivative of the cross-entropy with respect to the logits of every step.

        With OTTT every step has a loss of its own, divided by their number; with BPTT the loss is
        that of the mean logits.

        Parameters
        ----------
        logits : ndarray, shape (n_steps, n_samples, n_outputs)
            From `forward`.
        labels : ndarray of int, shape (n_samples,)
            Indices of the classes.
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
        """Send output errors back to all hidden layers.

        Parameters
        ----------
        errors : ndarray, shape (n_steps, n_samples, n_outputs)
            From `output_errors`.
        feedback : sequence of ndarray
            Feedback weights of shape ``(n_out, n_in)`` of all layers but the first, or with
            ``direct`` of shape ``(n_outputs, n_hidden)`` for every hidden layer.
        direct : bool
            Whether every hidden layer receives the errors of the outputs themselves.

        Returns
        -------
        list of ndarray, shape (n_steps, n_samples, n_neurons)
            Factor of every neuron in the updates of its input weights, the output's last.
        """
        steps, batch, _ = errors.shape
        slope, decay = np.float32(self.parameters.slope), np.float32(self.parameters.decay)
        found: list[Array] = [errors]
        above = errors
        for layer in reversed(range(self.n_hidden)):
            n = self.sizes[layer + 1]
            source = errors if direct else above
            delta = self._buffer("delta", layer, steps, batch, n)
            np.dot(
                source.reshape(steps * batch, -1), feedback[layer],
                out=delta.reshape(steps * batch, n),
            )  # fmt: skip
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
            above = delta
        return found

    def traces(self) -> list[Array]:
        """Return the presynaptic factor of every layer above the first, after `forward`.

        Returns
        -------
        list of ndarray, shape (n_steps, n_samples, n_neurons)
            Decaying sums of spikes (OTTT), or the spikes (BPTT), of every hidden layer.
        """
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
