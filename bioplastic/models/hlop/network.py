"""The equations: constants, the network of one task as equation strings, and learning on it.

Xiao, Meng, Zhang, He & Lin (2024), arXiv 2402.11984. Samples are learned one at a time; the same
equations for many at once are in `bioplastic.models.hlop.batches`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from brian2 import ms
from numpy.typing import NDArray

from bioplastic.engine import DenseProjection, NetworkSpec, Population, Program, Trial
from bioplastic.fields import Constants, param
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.ottt import ottt_rule
from bioplastic.plasticity.subspace import subspace_rule
from bioplastic.plasticity.subspace_learner import SubspaceLearner
from bioplastic.signals.analogue import AnalogueSource

__all__ = [
    "TIME_STEP",
    "HLOPParameters",
    "OnlineTrainer",
    "feedback_weights",
    "initial_weights",
    "online_network",
]

Array = NDArray[np.float32]

TIME_STEP = 1 * ms
"""One time step of the discrete-time network; nothing depends on its length."""


class HLOPParameters(Constants):
    """Constants of neurons and lateral circuits; defaults as published.

    References
    ----------
    Xiao et al. (2024), arXiv 2402.11984, and the program of its authors.

    Examples
    --------
    >>> HLOPParameters(eta_input=0.001).n_steps
    6
    """

    n_steps: int = param(6, minimum=1, doc="time steps per image")
    decay: float = param(0.5, minimum=0, maximum=1, doc="share of the membrane potential and of "
        "the trace that a time step leaves, ``1 - 1/tau_m`` with ``tau_m`` of 2 steps")  # fmt: skip
    slope: float = param(4.0, positive=True, doc="steepness ``a`` of the surrogate derivative "
        "``a s (1 - s)`` with ``s = 1/(1 + exp(-a (v - 1)))``")  # fmt: skip
    eta_subspace: float = param(0.01, minimum=0, doc="learning rate of the lateral circuits")
    eta_input: float | None = param(None, minimum=0, doc="learning rate of the circuit on the "
        "images, whose variance may differ; by default as the others")  # fmt: skip
    momentum: float = param(
        0.9, minimum=0, maximum=1, doc="see `bioplastic.plasticity.SubspaceLearner`"
    )
    clip: float = param(10.0, positive=True, doc="see `bioplastic.plasticity.SubspaceLearner`")
    hebbian_steps: int = param(5, minimum=1, doc="updates of the lateral circuits per batch")
    burst_scale: float = param(
        20.0, positive=True, doc="range of the burst code of spiking lateral neurons"
    )


# ---- cells ---------------------------------------------------------------------------------------


def input_cells() -> NeuronModel:
    """Return cells that hold the image; ``r`` is what earlier tasks' subspaces leave of it."""
    return _cells("image-cell", "x : 1\nf_old : 1\nf_new : 1\nf : 1\nr : 1",
                  "f = f_old + f_new\nr = x - f_old")  # fmt: skip


def hidden_cells(p: HLOPParameters) -> NeuronModel:
    """Return LIF cells of discrete time with their presynaptic trace ``x``.

    Names with ``_now`` are the values of this step, so that all layers are passed in one step.
    Projections read them, so that constants stand in the equations as numbers.
    """
    return _cells(
        "hidden-cell",
        f"""
            drive : 1
            back : 1
            f_old : 1
            f_new : 1
            v : 1
            x : 1
            f : 1
            r : 1
            h : 1
            v_now = {p.decay}*(v - int(v >= 1)) + drive : 1
            z_now = int(v_now >= 1) : 1
            x_now = {p.decay}*x + z_now : 1
            h_now = {p.slope / 4}*(1 - tanh({p.slope / 2}*(v_now - 1))**2) : 1
            error_now = h_now*back : 1
        """,
        """
            h = h_now
            x = x_now
            v = v_now
            f = f_old + f_new
            r = x - f_old
        """,
    )


def output_cells(p: HLOPParameters) -> NeuronModel:
    """Return linear read-out cells; their error is that of a softmax, by divisive inhibition."""
    return _cells(
        "output-cell",
        f"""
            drive : 1
            total : 1
            target : 1
            back : 1
            h : 1
            rate_now = exp(clip(drive, -50, 50)) : 1
            error_now = (rate_now/total - target)/{float(p.n_steps)} : 1
        """,
        "back = error_now",
        initial={"h": 1.0},
    )


def lateral_cells(p: HLOPParameters, burst_steps: int | None) -> NeuronModel:
    """Return subspace neurons, analogue or with the values that a burst code carries."""
    if burst_steps is None:
        code = "u"
    else:
        scale, grid = p.burst_scale, p.burst_scale / burst_steps
        code = f"floor(clip(u, -{scale}, {scale})/{grid} + 0.5)*{grid}"
    return _cells("lateral-cell", f"u : 1\ny : 1\ny_now = {code} : 1", "y = y_now")


def _cells(name: str, equations: str, update: str, **further: Any) -> NeuronModel:
    return NeuronModel(
        name=name, equations=equations, update=update, reference="Xiao et al. 2024", **further
    )


# ---- the network ---------------------------------------------------------------------------------


def online_network(
    weights: Sequence[Array], circuits: Sequence[SubspaceLearner], feedback: str, p: HLOPParameters
) -> NetworkSpec:
    """Return the network of one task, of the sizes of given weights and lateral circuits.

    Within a step, projections pass on the values of this step in the order listed: images, lateral
    circuits and layers upwards, then errors downwards. Then cells and synapses are updated. The
    inputs are ``image`` and ``label`` (one-hot), one frame per trial. Layers are called ``layer0``
    (images), ``layer1``, ...; weights ``feed1`` (to ``layer1``), ``feed2``, ...; feedback ``back1``
    (to ``layer1``), ...; circuits on ``layer0`` ``old0`` (of earlier tasks) and ``new0``.
    """
    sizes = (len(weights[0]), *(weight.shape[1] for weight in weights))
    top = len(weights)
    output, pool = f"layer{top}", NeuronModel(name="inhibitory-pool", equations="sum : 1",
                                              update="sum = sum")  # fmt: skip
    cells: list[Any] = [
        AnalogueSource(name="image", n=sizes[0], every=p.n_steps),
        AnalogueSource(name="label", n=sizes[-1], every=p.n_steps),
        Population(name="layer0", n=sizes[0], model=input_cells(), inputs={"x": "image"}),
        *(
            Population(
                name=f"layer{layer}", n=sizes[layer], model=hidden_cells(p),
                on_trial_start="v = 0\nx = 0",
            )
            for layer in range(1, top)
        ),
        Population(name=output, n=sizes[-1], model=output_cells(p), inputs={"target": "label"}),
        Population(name="pool", n=1, model=pool),
    ]  # fmt: skip
    projections: list[DenseProjection] = []
    for layer in range(top):
        if layer < len(circuits):
            projections += _circuit(circuits[layer], p, layer, cells)
        projections.append(_feed(layer + 1, layer))
    projections += [
        DenseProjection(
            name="to_pool", source=output, target="pool", summed="sum_post = rate_now_pre"
        ),
        DenseProjection(
            name="from_pool", source="pool", target=output, summed="total_post = sum_pre"
        ),
        *(_back(sizes, layer, feedback) for layer in reversed(range(1, top))),
    ]
    return NetworkSpec(
        populations=tuple(cells),
        projections=tuple(projections),
        trial=Trial(duration=p.n_steps * TIME_STEP),
    )


def _feed(target: int, source: int) -> DenseProjection:
    activity = "x" if source == 0 else "z_now"
    return DenseProjection(
        name=f"feed{target}", source=f"layer{source}", target=f"layer{target}", rule=ottt_rule(),
        summed=f"drive_post = w*{activity}_pre",
        modulators={"error_post": (f"layer{target}", "back")},
    )  # fmt: skip


def _back(sizes: Sequence[int], target: int, feedback: str) -> DenseProjection:
    """Return the path of errors to a hidden layer, from the layer above or from the output."""
    source = f"layer{len(sizes) - 1 if feedback == 'direct' else target + 1}"
    weight, parameters = "w", {}
    if feedback == "sign":
        weight, parameters = "size*sign(w)", {"size": sizes[target] ** -0.5}
    learns = feedback in ("transpose", "sign")
    return DenseProjection(
        name=f"back{target}", source=source, target=f"layer{target}",
        rule=ottt_rule(direction="feedback") if learns else None,
        modulators={"error_pre": (source, "back")} if learns else {},
        summed=f"back_post = {weight}*error_now_pre", parameters=parameters,
    )  # fmt: skip


def _circuit(
    circuit: SubspaceLearner, p: HLOPParameters, layer: int, cells: list[Any]
) -> list[DenseProjection]:
    """Return the projections of the lateral circuit of a layer; its cells join the list."""
    found: list[DenseProjection] = []
    here, trace = f"layer{layer}", "x" if layer == 0 else "x_now"
    eta = p.eta_input if layer == 0 and p.eta_input is not None else p.eta_subspace
    common = {"eta": eta, "momentum": p.momentum, "clip": p.clip, "interval": TIME_STEP}
    for name, n in (("old", circuit.n_frozen), ("new", circuit.n_rows - circuit.n_frozen)):
        if n == 0:
            continue
        there, model = f"{name}{layer}", lateral_cells(p, circuit.burst_steps)
        cells.append(Population(name=there, n=n, model=model))
        forward, feedback = (
            subspace_rule(direction=direction, **common) if name == "new" else None
            for direction in ("forward", "feedback")
        )
        found += [
            DenseProjection(name=f"{there}_in", source=here, target=there, rule=forward,
                            summed=f"u_post = w*{trace}_pre"),
            DenseProjection(name=f"{there}_out", source=there, target=here, rule=feedback,
                            summed=f"f_{name}_post = w*y_now_pre"),
        ]  # fmt: skip
    return found


# ---- weights, and learning one sample at a time --------------------------------------------------


def initial_weights(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Return weights of one layer, uniform within one over the root of the number of inputs."""
    limit = 1 / np.sqrt(n_in)
    return rng.uniform(-limit, limit, size=(n_in, n_out)).astype(np.float32)


def feedback_weights(kind: str, weights: Sequence[Array], fixed: Sequence[Array]) -> list[Array]:
    """Return the weights that carry errors down, one matrix per hidden layer.

    They are, by kind: ``'transpose'`` of the forward weights; ``'random'``, the fixed ones, from
    the layer above; ``'sign'``, signs of the transpose with a fixed size; ``'direct'``, the fixed
    ones, from the output to every layer.
    """
    if kind in ("random", "direct"):
        return list(fixed)
    if kind == "transpose":
        return [np.ascontiguousarray(w.T) for w in weights[1:]]
    return [np.ascontiguousarray(np.sign(w.T) / np.float32(np.sqrt(len(w)))) for w in weights[1:]]


class OnlineTrainer:
    """The network of one task on the engine: weights and circuits go into it and come back.

    They are changed in place; ``fixed`` are feedback weights that never change. Lateral circuits
    take one update per time step.
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
    ) -> None:
        self.weights, self.circuits = weights, circuits
        self.feedback, self.fixed = feedback, fixed
        self.network = online_network(weights, circuits, feedback, parameters)
        self.program = Program(self.network, dt=TIME_STEP, dtype="float32", target=target)

    def train(self, x: Array, labels: NDArray[Any], learning_rate: float) -> None:
        """Learn images, shape (n_samples, n_inputs), with their classes in the order given."""
        state = self._state(learning_rate)
        eye = np.eye(self.weights[-1].shape[1], dtype=np.float32)
        inputs = {"image": x[:, None, :], "label": eye[labels][:, None, :]}
        state, _ = self.program(state, inputs)
        for k, weight in enumerate(self.weights):
            weight[...] = state[f"feed{k + 1}.w"]
        for layer, circuit in enumerate(self.circuits):
            if circuit.n_rows > circuit.n_frozen:
                circuit.rows[circuit.n_frozen :] = state[f"new{layer}_in.w"].T
                circuit.velocity[...] = circuit.eta * state[f"new{layer}_in.m"].T

    def _state(self, learning_rate: float) -> dict[str, Any]:
        state = self.program.initial_state()
        learnt = "transpose" if self.feedback == "sign" else self.feedback
        back = feedback_weights(learnt, self.weights, self.fixed)
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
