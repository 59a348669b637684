"""The symmetric-STDP network as data: networks for training, one for inference.

784 Poisson inputs project to N conductance-based neurons with adaptive thresholds; each of these
drives one inhibitory neuron that silences all others. With receptive fields this holds column by
column (see `bioplastic.signals.receptive_fields`). The hidden neurons project to ten output
neurons: in training these are a Poisson teacher, in inference leaky integrate-and-fire neurons.
Equations and constants: Hao et al. (2020) and the authors' program; see `SymSTDPParameters`.

The read-out of our variants has signed weights that learn from a local error. The published one
potentiates the synapses between every hidden neuron that fires and the class that the teacher
names, and nothing tells it that an answer was wrong. Ours gives each output neuron its own error:
what its teacher asks of it minus what it does. A synapse changes by that error times the number of
its own presynaptic spikes, so each update uses this synapse's two cells and nothing else.
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
    UniformProjection,
)  # fmt: skip
from bioplastic.engine.network import Source
from bioplastic.engine.projections import Projection
from bioplastic.models.image_classifier import image_source, image_trial
from bioplastic.models.sym_stdp.parameters import SymSTDPParameters
from bioplastic.neurons.lif import adaptive_conductance_lif, conductance_lif
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.pair import pair_stdp
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.scaling import synaptic_scaling
from bioplastic.plasticity.symmetric import symmetric_stdp
from bioplastic.signals import PoissonSource
from bioplastic.signals.receptive_fields import place_fields

__all__ = [
    "TIME_STEP", "error_rule", "readout_inhibition", "summed_weight", "sym_stdp_network",
]  # fmt: skip

TIME_STEP = 0.5 * ms
_TEACHER_GAIN = 0.2  # about 64 teacher spikes bring the target to 1 within 1e-6


def sym_stdp_network(
    n_inputs: int, n_hidden: int, n_classes: int, parameters: SymSTDPParameters, *,
    layers: tuple[str, ...] = (), inhibition: float | None = None, record_spikes: bool = False,
) -> NetworkSpec:  # fmt: skip
    """Return the network that learns, or the one that answers.

    Parameters
    ----------
    n_inputs, n_hidden, n_classes : int
        Sizes of the layers.
    parameters : SymSTDPParameters
        Constants.
    layers : tuple of {'hidden', 'output'}, default ()
        What learns. Without ``'output'`` there is no read-out and no teacher; without ``'hidden'``
        input weights and thresholds are frozen. Nothing learns in the network that answers, where
        output neurons integrate.
    inhibition : float, optional
        Weight of the inhibition. Default: ``readout_inhibition`` if the read-out alone learns, else
        that under which the hidden layer learns.
    record_spikes : bool, default False
        Also record every spike of input, hidden and output neurons.

    Returns
    -------
    NetworkSpec
        Inputs ``pixel`` (uint8, what the afferents see, see `ReceptiveFields.view` in
        `bioplastic.signals`) and, with a teacher, ``label`` (int32); records ``exc.count`` and, if
        it answers, ``output.count`` over the presentation.
    """
    p, window = parameters, (0 * ms, parameters.presentation)
    if inhibition is None:
        inhibition = readout_inhibition(p) if layers == ("output",) else p.inhibition
    cells, synapses = _hidden_layer(n_inputs, n_hidden, p, inhibition, learn="hidden" in layers)
    if not layers or ("output" in layers and p.readout_rule == "error"):
        cells.append(_output(n_classes, p))
    if "output" in layers:
        synapses += _learning_readout(n_hidden, p)
        rate = f"{float(p.teacher_rate)!r}*int(i == label)*Hz"
        cells.append(
            PoissonSource(
                name="teacher", n=n_classes, rates=rate, shared_inputs={"label": "int32"},
                window=window, dead_steps=1,
            )
        )  # fmt: skip
    elif not layers:
        code = f"{'v_post' if p.readout_rule == 'error' else 'ge_post'} += w"
        synapses.append(
            DenseProjection(name="exc_class", source="exc", target="output", transmit=code)
        )
    counted, shown = ("exc",) if layers else ("exc", "output"), ("image", "exc", "output")
    records: list[Any] = [SpikeCount(population=name, window=window) for name in counted]
    records += [SpikeRecord(population=name) for name in shown if record_spikes]
    return NetworkSpec(
        populations=tuple(cells), projections=tuple(synapses), records=tuple(records),
        trial=image_trial(
            p.presentation, p.rest, min_spikes=p.min_spikes,
            first_intensity=p.first_intensity, last_intensity=p.last_intensity,
        ),
    )  # fmt: skip


def readout_inhibition(p: SymSTDPParameters) -> float:
    """Return the inhibition of the network whose hidden layer is frozen."""
    return p.inhibition if p.readout_inhibition is None else p.readout_inhibition


def summed_weight(n_afferents: int, p: SymSTDPParameters) -> float | None:
    """Return what scaling makes of the summed weight of a hidden cell, None without scaling."""
    return None if p.scaling_hidden is None else p.scaling_hidden * n_afferents * p.w_max_hidden


def _draw_weights(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Draw initial weights from {0, 0.001, ..., 0.299}, row by row to save memory."""
    weights = np.empty(shape, dtype=np.float32)
    for row in weights:
        row[...] = rng.integers(0, 300, row.shape) / 1000
    return weights


# ---- the hidden layer ----------------------------------------------------------------------------


def _hidden_layer(
    n_features: int, n_hidden: int, p: SymSTDPParameters, inhibition: float, *, learn: bool
) -> tuple[list[Source], list[Projection]]:
    fields = place_fields(n_features, p.field_size, p.field_stride)
    n_inputs, columns, per_step = fields.n_inputs, fields.n_columns, p.theta_decay == "step"
    exc = adaptive_conductance_lif(
        adaptation=("on" if per_step else "growing") if learn else "off",
        v_t=p.v_t, theta_plus=p.theta_plus, tau_theta=p.tau_theta,
    )  # fmt: skip
    rest = math.exp(-float((p.presentation + p.rest) / p.tau_theta))
    decay = (f"theta = theta*{rest!r}",) if learn and not per_step else ()
    cells: list[Source] = [
        image_source(n_inputs, p.presentation, dead_steps=1),
        Population(name="exc", n=n_hidden, model=exc, on_trial_end=decay),
        Population(name="inh", n=n_hidden, model=conductance_lif()),
    ]  # fmt: skip
    return cells, [
        DenseProjection(
            name="image_exc", source="image", target="exc", transmit="ge_post += w", groups=columns,
            rule=_hidden_rule(n_inputs // columns, p) if learn else None,
            initial={"w": _draw_weights} if learn else {},
        ),
        UniformProjection(
            name="exc_inh", source="exc", target="inh", pattern="one_to_one",
            transmit="ge_post += w", parameters={"w": p.excitation},
        ),
        UniformProjection(
            name="inh_exc", source="inh", target="exc", pattern="all_but_self", groups=columns,
            transmit="gi_post += w", parameters={"w": inhibition},
        ),
    ]  # fmt: skip


def _hidden_rule(n_afferents: int, p: SymSTDPParameters) -> PlasticityRule:
    total, a, tau = summed_weight(n_afferents, p), p.trace_jump, p.tau_trace
    if p.hidden_rule == "symmetric":
        return symmetric_stdp(eta=p.eta_hidden, w_max=p.w_max_hidden, total=total, a=a, tau=tau)
    rule = pair_stdp(
        eta=p.eta_hidden, a_plus=a, a_minus=a, tau_plus=tau, tau_minus=tau, w_max=p.w_max_hidden
    )
    return rule if total is None else rule + synaptic_scaling(total)


# ---- the read-out --------------------------------------------------------------------------------


def _output(n_classes: int, p: SymSTDPParameters) -> Population:
    if p.readout_rule == "symmetric":
        model = conductance_lif(refractory=False, v_init=-60 * mV)
        return Population(name="output", n=n_classes, model=model)
    # integrates and fires without leak and keeps what exceeds its threshold: its rate in this
    # presentation follows the summed input, rectified at zero, and 1 is full activity
    model = NeuronModel(
        name="output",
        equations="v : 1\nrate : 1\ntarget : 1",
        threshold="v > quantum",
        reset="v -= quantum; rate += quantum",
        parameters={"quantum": 1 / p.target_spikes},
        reference="Rueckauer et al. 2017 (reset by subtraction)",
    )
    return Population(name="output", n=n_classes, model=model, on_trial_start="v = 0; rate = 0")


def _learning_readout(n_hidden: int, p: SymSTDPParameters) -> list[Projection]:
    if p.readout_rule == "symmetric":
        total = None if p.scaling_output is None else p.scaling_output * n_hidden * p.w_max_output
        # the jump is unambiguous in the published program, whose output traces jump by 0.1
        rule = symmetric_stdp(
            eta=p.eta_output, w_max=p.w_max_output, total=total, a=0.1, tau=p.tau_trace
        )
        return [
            DenseProjection(
                name="exc_class", source="exc", target="teacher", rule=rule,
                initial={"w": _draw_weights},
            )
        ]  # fmt: skip
    eta = p.error_eta / p.error_power
    rule = error_rule(eta, 1 / (eta * p.error_images) if eta else 0.0)
    return [
        DenseProjection(
            name="exc_class", source="exc", target="output", transmit="v_post += w", rule=rule
        ),
        UniformProjection(
            name="teacher_output", source="teacher", target="output", pattern="one_to_one",
            transmit="target_post += gain*(1 - target_post)", parameters={"gain": _TEACHER_GAIN},
        ),
    ]  # fmt: skip


def error_rule(eta: float, annealing: float) -> PlasticityRule:
    """Return the delta rule on spike counts, applied at the end of each presentation.

    ``w <- w + eta (target_post - rate_post) n_pre``, where ``n_pre`` counts the spikes of the
    presynaptic cell in this presentation and ``target_post`` is driven to 1 by teacher spikes.

    Parameters
    ----------
    eta : float
        Learning rate, a shared scalar.
    annealing : float
        After each presentation ``1/eta`` grows by this: ``eta`` falls with the inverse of the
        number of images.

    References
    ----------
    Widrow and Hoff (1960), the least-mean-squares rule, here with a rectified output.
    """
    return PlasticityRule(
        name="error",
        synapse="w : 1\neta : 1 (shared)",
        pre="n_pre : 1",
        on_pre="n_pre += 1",
        on_trial_start="n_pre = 0; target_post = 0",
        on_trial_end="w += eta*(target_post - rate_post)*n_pre; eta = eta/(1 + annealing*eta)",
        parameters={"annealing": annealing},
        initial={"eta": eta},
        reference="Widrow & Hoff 1960",
    )
