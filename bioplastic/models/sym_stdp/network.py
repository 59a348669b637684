"""The symmetric-STDP network as data: networks for training, one for inference.

784 Poisson inputs project to N conductance-based neurons with adaptive thresholds; each of these
drives one inhibitory neuron that silences all others. With receptive fields this holds column by
column (see `bioplastic.models.sym_stdp.fields`). The hidden neurons project to ten output
neurons: in training these are a Poisson teacher, in inference leaky integrate-and-fire neurons.
Equations and constants: Hao et al. (2020) and the authors' program; see `SymSTDPParameters`.
"""

from __future__ import annotations

import math
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
from bioplastic.engine.network import Source
from bioplastic.engine.projections import Projection
from bioplastic.models.sym_stdp.fields import place_fields
from bioplastic.models.sym_stdp.parameters import SymSTDPParameters
from bioplastic.models.sym_stdp.readout import (
    answer_rule,
    error_rule,
    output_neuron,
    teacher_projection,
)
from bioplastic.neurons.lif import adaptive_conductance_lif, conductance_lif
from bioplastic.plasticity.pair import pair_stdp
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.scaling import synaptic_scaling
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.signals import PoissonSource

__all__ = [
    "TIME_STEP",
    "inference_network",
    "readout_inhibition",
    "scaled_weights",
    "summed_weight",
    "training_network",
]

TIME_STEP = 0.5 * ms


def draw_weights(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw initial weights from {0, 0.001, ..., 0.299}, row by row to save memory."""
    weights = np.empty(shape, dtype=np.float32)
    for row in weights:
        row[...] = rng.integers(0, 300, row.shape) / 1000
    return weights


def _image(n_inputs: int, p: SymSTDPParameters) -> PoissonSource:
    return PoissonSource(
        name="image",
        n=n_inputs,
        rates="pixel/8*intensity*Hz",
        inputs={"pixel": "uint8"},
        window=(0 * ms, p.presentation),
        dead_steps=1,
    )


def _teacher(n_classes: int, p: SymSTDPParameters) -> PoissonSource:
    return PoissonSource(
        name="teacher",
        n=n_classes,
        rates="teacher_hz*int(i == label)*Hz".replace("teacher_hz", repr(float(p.teacher_rate))),
        shared_inputs={"label": "int32"},
        window=(0 * ms, p.presentation),
        dead_steps=1,
    )


def _hidden(n_hidden: int, p: SymSTDPParameters, *, learn: bool) -> list[Population]:
    per_step = p.theta_decay == "step"
    exc = adaptive_conductance_lif(
        adaptation=("on" if per_step else "growing") if learn else "off",
        v_t=p.v_t,
        theta_plus=p.theta_plus,
        tau_theta=p.tau_theta,
    )
    rest = math.exp(-float((p.presentation + p.rest) / p.tau_theta))
    decay = (f"theta = theta*{rest!r}",) if learn and not per_step else ()
    return [
        Population(name="exc", n=n_hidden, model=exc, on_trial_end=decay),
        Population(name="inh", n=n_hidden, model=conductance_lif()),
    ]


def _output(n_classes: int, p: SymSTDPParameters) -> Population:
    model = (
        output_neuron(p.target_spikes)
        if p.readout_rule == "error"
        else conductance_lif(refractory=False, v_init=-60 * mV)
    )
    return Population(name="output", n=n_classes, model=model)


def _competition(p: SymSTDPParameters, inhibition: float, columns: int) -> list[Projection]:
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
            groups=columns,
            transmit="gi_post += w",
            parameters={"w": inhibition},
        ),
    ]


def _trial(p: SymSTDPParameters) -> Trial:
    return Trial(
        duration=p.presentation + p.rest,
        variables={"intensity": p.first_intensity},
        repeat_while=f"exc_count < {p.min_spikes} and intensity < {p.last_intensity}",
        on_repeat="intensity += 1",
    )


def _hidden_rule(n_afferents: int, p: SymSTDPParameters) -> PlasticityRule:
    total = summed_weight(n_afferents, p)
    if p.hidden_rule == "symmetric":
        return symmetric_stdp(
            eta=p.eta_hidden, w_max=p.w_max_hidden, total=total, a=p.trace_jump, tau=p.tau_trace
        )
    rule = pair_stdp(
        eta=p.eta_hidden,
        a_plus=p.trace_jump,
        a_minus=p.trace_jump,
        tau_plus=p.tau_trace,
        tau_minus=p.tau_trace,
        w_max=p.w_max_hidden,
    )
    return rule if total is None else rule + synaptic_scaling(total)


def summed_weight(n_afferents: int, p: SymSTDPParameters) -> float | None:
    """Return what scaling makes of the summed weight of a hidden cell, None without scaling."""
    return None if p.scaling_hidden is None else p.scaling_hidden * n_afferents * p.w_max_hidden


def _image_exc(
    n_inputs: int, columns: int, p: SymSTDPParameters, *, learn: bool
) -> DenseProjection:
    return DenseProjection(
        name="image_exc",
        source="image",
        target="exc",
        transmit="ge_post += w",
        rule=_hidden_rule(n_inputs // columns, p) if learn else None,
        groups=columns,
        initial={"w": draw_weights} if learn else {},
    )


def _learning_readout(n_hidden: int, p: SymSTDPParameters) -> list[Projection]:
    if p.readout_rule == "error":
        eta = p.error_eta / p.error_power
        return [
            DenseProjection(
                name="exc_class",
                source="exc",
                target="output",
                transmit="v_post += w",
                rule=error_rule(eta, 1 / (eta * p.error_images) if eta else 0.0),
            ),
            teacher_projection(),
        ]
    total = None if p.scaling_output is None else p.scaling_output * n_hidden * p.w_max_output
    rule = symmetric_stdp(
        eta=p.eta_output,
        w_max=p.w_max_output,
        total=total,
        # unambiguous in the published program, whose output traces jump by 0.1
        a=0.1,
        tau=p.tau_trace,
    )
    return [
        DenseProjection(
            name="exc_class",
            source="exc",
            target="teacher",
            rule=rule,
            initial={"w": draw_weights},
        )
    ]


def training_network(
    n_inputs: int,
    n_hidden: int,
    n_classes: int,
    parameters: SymSTDPParameters,
    *,
    layers: tuple[str, ...] = ("hidden", "output"),
) -> NetworkSpec:
    """Return the network that learns.

    Parameters
    ----------
    n_inputs, n_hidden, n_classes : int
        Sizes of the layers.
    parameters : SymSTDPParameters
        Constants.
    layers : tuple of {'hidden', 'output'}, default both
        What learns. Without ``'output'`` there is no read-out and no teacher. Without ``'hidden'``
        input weights and thresholds are frozen, and inhibition is ``readout_inhibition``.

    Returns
    -------
    NetworkSpec
        Inputs ``pixel`` (uint8, what the afferents see, see `ReceptiveFields.view`) and, with a
        teacher, ``label`` (int32); records ``exc.count`` over the presentation.
    """
    p = parameters
    learn = "hidden" in layers
    fields = place_fields(n_inputs, p.field_size, p.field_stride)
    populations: list[Source] = [
        _image(fields.n_inputs, p),
        *_hidden(n_hidden, p, learn=learn),
    ]
    projections: list[Projection] = [
        _image_exc(fields.n_inputs, fields.n_columns, p, learn=learn),
        *_competition(p, p.inhibition if learn else readout_inhibition(p), fields.n_columns),
    ]
    if "output" in layers:
        populations += [_output(n_classes, p)] if p.readout_rule == "error" else []
        populations += [_teacher(n_classes, p)]
        projections += _learning_readout(n_hidden, p)
    return NetworkSpec(
        populations=tuple(populations),
        projections=tuple(projections),
        trial=_trial(p),
        records=(SpikeCount(population="exc", window=(0 * ms, p.presentation)),),
    )


def readout_inhibition(p: SymSTDPParameters) -> float:
    """Return the inhibition of the network whose hidden layer is frozen."""
    return p.inhibition if p.readout_inhibition is None else p.readout_inhibition


def inference_network(
    n_inputs: int,
    n_hidden: int,
    n_classes: int,
    parameters: SymSTDPParameters,
    *,
    inhibition: float | None = None,
    record_spikes: bool = False,
) -> NetworkSpec:
    """Return the network that answers: weights and thresholds frozen, output neurons integrate.

    Parameters
    ----------
    n_inputs, n_hidden, n_classes : int
        Sizes of the layers.
    parameters : SymSTDPParameters
        Constants.
    inhibition : float, optional
        Weight of the inhibition: that under which the read-out learned. Default: that under which
        the hidden layer learns.
    record_spikes : bool, default False
        Also record every spike of input, hidden and output neurons.

    Returns
    -------
    NetworkSpec
        Input ``pixel``; records ``exc.count`` and ``output.count`` over the presentation.
    """
    p = parameters
    fields = place_fields(n_inputs, p.field_size, p.field_stride)
    window = (0 * ms, p.presentation)
    error = p.readout_rule == "error"
    records: list[Any] = [SpikeCount(population=name, window=window) for name in ("exc", "output")]
    if record_spikes:
        records += [SpikeRecord(population=name) for name in ("image", "exc", "output")]
    readout = DenseProjection(
        name="exc_class",
        source="exc",
        target="output",
        transmit="v_post += w" if error else "ge_post += w",
        rule=answer_rule() if error else None,
    )
    return NetworkSpec(
        populations=(
            _image(fields.n_inputs, p),
            *_hidden(n_hidden, p, learn=False),
            _output(n_classes, p),
        ),
        projections=(
            _image_exc(fields.n_inputs, fields.n_columns, p, learn=False),
            *_competition(p, p.inhibition if inhibition is None else inhibition, fields.n_columns),
            readout,
        ),
        trial=_trial(p),
        records=tuple(records),
    )


def scaled_weights(weights: NDArray[Any], total: float | None, groups: int = 1) -> NDArray[Any]:
    """Return weights that sum to ``total`` in every cell: what scaling does before a presentation.

    Weights have the format of `bioplastic.engine.DenseProjection` with ``groups``.
    """
    if total is None:
        return weights.copy()
    blocks = weights.reshape(groups, -1, weights.shape[1])
    sums = blocks.sum(axis=1, keepdims=True, dtype=np.float64)
    factors = np.where(sums != 0, total / np.where(sums != 0, sums, 1.0), 1.0)
    scaled: NDArray[Any] = (blocks * factors).astype(weights.dtype).reshape(weights.shape)
    return scaled
