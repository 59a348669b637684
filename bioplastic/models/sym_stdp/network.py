"""The symmetric-STDP network as data: one network for training, one for inference.

784 Poisson inputs project to N conductance-based neurons with adaptive thresholds; each of these
drives one inhibitory neuron that silences all others. The hidden neurons project to ten output
neurons: in training these are a Poisson teacher, in inference leaky integrate-and-fire neurons.
Equations and constants: Hao et al. (2020) and the authors' program; see `SymSTDPParameters`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import ms, mV
from numpy.typing import NDArray

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    SpikeCount,
    SpikeRecord,
    Trial,
    UniformProjection,
)
from bioplastic.engine.network import Projection
from bioplastic.models.sym_stdp.parameters import SymSTDPParameters
from bioplastic.neurons.lif import adaptive_conductance_lif, conductance_lif
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.signals import PoissonSource

__all__ = ["TIME_STEP", "inference_network", "scaled_weights", "training_network"]

TIME_STEP = 0.5 * ms


def draw_weights(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Draw initial weights from {0, 0.001, ..., 0.299}."""
    return rng.integers(0, 300, shape) / 1000


def _image(n_inputs: int, p: SymSTDPParameters) -> PoissonSource:
    return PoissonSource(
        name="image",
        n=n_inputs,
        rates="pixel/8*intensity*Hz",
        inputs={"pixel": "uint8"},
        window=(0 * ms, p.presentation),
        dead_steps=1,
    )


def _hidden(n_hidden: int, p: SymSTDPParameters, adaptation: str) -> list[Population]:
    exc = adaptive_conductance_lif(
        adaptation=adaptation, v_t=p.v_t, theta_plus=p.theta_plus, tau_theta=p.tau_theta
    )
    return [
        Population(name="exc", n=n_hidden, model=exc),
        Population(name="inh", n=n_hidden, model=conductance_lif()),
    ]


def _competition(p: SymSTDPParameters) -> list[Projection]:
    return [
        UniformProjection(
            name="exc_inh",
            source="exc",
            target="inh",
            pattern="one_to_one",
            transmit="ge_post += w",
            parameters={"w": p.excitation},
        ),
        UniformProjection(
            name="inh_exc",
            source="inh",
            target="exc",
            pattern="all_but_self",
            transmit="gi_post += w",
            parameters={"w": p.inhibition},
        ),
    ]


def _trial(p: SymSTDPParameters) -> Trial:
    return Trial(
        duration=p.presentation + p.rest,
        variables={"intensity": p.first_intensity},
        repeat_while=f"exc_count < {p.min_spikes} and intensity < {p.last_intensity}",
        on_repeat="intensity += 1",
    )


def training_network(
    n_inputs: int, n_hidden: int, n_classes: int, parameters: SymSTDPParameters
) -> NetworkSpec:
    """Return the network that learns: teacher at the output, plasticity everywhere.

    Parameters
    ----------
    n_inputs, n_hidden, n_classes : int
        Sizes of the layers.
    parameters : SymSTDPParameters
        Constants.

    Returns
    -------
    NetworkSpec
        Inputs ``pixel`` (uint8, ``(n_samples, n_inputs)``) and ``label`` (int32); records
        ``exc.count`` over the presentation.
    """
    p = parameters
    teacher = PoissonSource(
        name="teacher",
        n=n_classes,
        rates="teacher_hz*int(i == label)*Hz".replace("teacher_hz", repr(float(p.teacher_rate))),
        shared_inputs={"label": "int32"},
        window=(0 * ms, p.presentation),
        dead_steps=1,
    )
    learning = {"a": p.trace_jump, "tau": p.tau_trace}
    image_exc = DenseProjection(
        name="image_exc",
        source="image",
        target="exc",
        transmit="ge_post += w",
        rule=symmetric_stdp(
            eta=p.eta_hidden,
            w_max=p.w_max_hidden,
            total=p.scaling_hidden * n_inputs * p.w_max_hidden,
            **learning,
        ),
        initial={"w": draw_weights},
    )
    exc_class = DenseProjection(
        name="exc_class",
        source="exc",
        target="teacher",
        rule=symmetric_stdp(
            eta=p.eta_output,
            w_max=p.w_max_output,
            total=p.scaling_output * n_hidden * p.w_max_output,
            # unambiguous in the published program, whose output traces jump by 0.1
            a=0.1,
            tau=p.tau_trace,
        ),
        initial={"w": draw_weights},
    )
    return NetworkSpec(
        populations=(_image(n_inputs, p), *_hidden(n_hidden, p, "on"), teacher),
        projections=(image_exc, *_competition(p), exc_class),
        trial=_trial(p),
        records=(SpikeCount(population="exc", window=(0 * ms, p.presentation)),),
    )


def inference_network(
    n_inputs: int,
    n_hidden: int,
    n_classes: int,
    parameters: SymSTDPParameters,
    *,
    record_spikes: bool = False,
) -> NetworkSpec:
    """Return the network that answers: weights and thresholds frozen, output neurons integrate.

    Parameters
    ----------
    n_inputs, n_hidden, n_classes : int
        Sizes of the layers.
    parameters : SymSTDPParameters
        Constants.
    record_spikes : bool, default False
        Also record every spike of input, hidden and output neurons.

    Returns
    -------
    NetworkSpec
        Input ``pixel``; records ``exc.count`` and ``output.count`` over the presentation.
    """
    p = parameters
    window = (0 * ms, p.presentation)
    output = Population(
        name="output",
        n=n_classes,
        model=conductance_lif(refractory=False, v_init=-60 * mV),
    )
    frozen: dict[str, Any] = {"transmit": "ge_post += w"}
    records: list[Any] = [SpikeCount(population=name, window=window) for name in ("exc", "output")]
    if record_spikes:
        records += [SpikeRecord(population=name) for name in ("image", "exc", "output")]
    return NetworkSpec(
        populations=(_image(n_inputs, p), *_hidden(n_hidden, p, "off"), output),
        projections=(
            DenseProjection(name="image_exc", source="image", target="exc", **frozen),
            *_competition(p),
            DenseProjection(name="exc_class", source="exc", target="output", **frozen),
        ),
        trial=_trial(p),
        records=tuple(records),
    )


def scaled_weights(weights: NDArray[Any], total: float) -> NDArray[Any]:
    """Return weights whose columns sum to ``total``: what scaling does before a presentation."""
    sums = weights.sum(axis=0, dtype=np.float64)
    factors = np.where(sums != 0, total / np.where(sums != 0, sums, 1.0), 1.0)
    scaled: NDArray[Any] = (weights * factors).astype(weights.dtype)
    return scaled
