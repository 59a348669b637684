"""Learning one sample at a time: weights go into the compiled network and come back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine import Program
from bioplastic.models.hlop.network import TIME_STEP, Wiring, online_network
from bioplastic.models.hlop.parameters import HLOPParameters
from bioplastic.models.hlop.training import feedback_weights
from bioplastic.plasticity.subspace_learner import SubspaceLearner

__all__ = ["OnlineTrainer"]

Array = NDArray[np.float32]


class OnlineTrainer:
    """The network of one task on the engine.

    Parameters
    ----------
    weights : list of ndarray
        Weights of all layers, shape ``(n_in, n_out)``, changed in place.
    circuits : list of SubspaceLearner
        Lateral circuits, changed in place.
    feedback : str
        See `bioplastic.models.hlop.training.feedback_weights`.
    fixed : list of ndarray
        Fixed feedback weights.
    parameters : HLOPParameters
        Constants; lateral circuits take one update per time step.
    target : {'cpp', 'numpy'}, default 'cpp'
        See `bioplastic.engine.Program`.
    """

    def __init__(
        self,
        weights: list[Array],
        circuits: list[SubspaceLearner],
        feedback: str,
        fixed: list[Array],
        parameters: HLOPParameters,
        *,
        target: str = "cpp",
        dtype: str = "float32",
        profile: bool = False,
    ) -> None:
        self.weights, self.circuits = weights, circuits
        self.feedback, self.fixed = feedback, fixed
        self.wiring = Wiring(
            sizes=(len(weights[0]), *(weight.shape[1] for weight in weights)),
            frozen=tuple(circuit.n_frozen for circuit in circuits),
            plastic=tuple(circuit.n_rows - circuit.n_frozen for circuit in circuits),
            feedback=feedback,
            burst_steps=circuits[0].burst_steps if circuits else None,
        )
        self.program = Program(
            online_network(self.wiring, parameters),
            dt=TIME_STEP,
            dtype=dtype,
            target=target,
            profile=profile,
        )

    def train(self, x: Array, labels: NDArray[Any], learning_rate: float) -> None:
        """Learn samples in the order given.

        Parameters
        ----------
        x : ndarray, shape (n_samples, n_inputs)
            Images.
        labels : ndarray of int, shape (n_samples,)
            Classes.
        learning_rate : float
            Step size of the weights.
        """
        state = self._state(learning_rate)
        eye = np.eye(self.wiring.sizes[-1], dtype=np.float32)
        inputs = {"image": x[:, None, :], "label": eye[labels][:, None, :]}
        state, _ = self.program(state, inputs)
        self._keep(state)

    def _state(self, learning_rate: float) -> dict[str, Any]:
        state = self.program.initial_state()
        back = feedback_weights(
            "transpose" if self.feedback == "sign" else self.feedback, self.weights, self.fixed
        )
        values: dict[str, Any] = {
            **{f"feed{k + 1}.w": weight for k, weight in enumerate(self.weights)},
            **{f"back{k + 1}.w": weight for k, weight in enumerate(back)},
        }
        for key in state:
            if key.endswith(".eta") and key.startswith(("feed", "back")):
                values[key] = np.full_like(state[key], learning_rate)
        for layer, circuit in enumerate(self.circuits):
            old, new = np.split(circuit.rows, [circuit.n_frozen])
            for name, rows in (("old", old), ("new", new)):
                if len(rows):
                    values[f"{name}{layer}_in.w"] = rows.T
                    values[f"{name}{layer}_out.w"] = rows
            if len(new) and circuit.eta > 0:
                mean = circuit.velocity / circuit.eta  # the rule keeps it without the rate
                values[f"new{layer}_in.m"], values[f"new{layer}_out.m"] = mean.T, mean
        for key, value in values.items():
            state[key] = np.array(value, dtype=state[key].dtype, order="C")
        return state

    def _keep(self, state: dict[str, Any]) -> None:
        for k, weight in enumerate(self.weights):
            weight[...] = state[f"feed{k + 1}.w"]
        for layer, circuit in enumerate(self.circuits):
            if circuit.n_rows > circuit.n_frozen:
                circuit.rows[circuit.n_frozen :] = state[f"new{layer}_in.w"].T
                circuit.velocity[...] = circuit.eta * state[f"new{layer}_in.m"].T
