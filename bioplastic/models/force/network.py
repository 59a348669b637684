"""The network as data: cells with filtered synapses, an output, its feedback, a learning rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import Quantity, get_unit, ms, mV, nS, pA, second, volt
from numpy.typing import NDArray

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    SparseProjection,
    SpikeRecord,
    StateRecord,
    Trial,
)
from bioplastic.equations import unit_string
from bioplastic.models.force.parameters import ForceParameters
from bioplastic.neurons import izhikevich_2007, theta_neuron
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity import PlasticityRule, rls_rule
from bioplastic.signals import AnalogueSource

__all__ = ["delta_readout", "draw_recurrent", "force_cell", "force_network", "force_readout"]

_SYNAPSES = """
    i_syn : {unit}
    g : {unit}/second
    r : Hz
    q : Hz/second
    i_fb : {unit}
"""
_FILTER = """
    i_syn = i_syn*exp(-dt/tau_rise) + g*dt
    g = g*exp(-dt/tau_decay)
    r = r*exp(-dt/tau_rise) + q*dt
    q = q*exp(-dt/tau_decay)
"""
_SPIKE = "q += 1/(tau_rise*tau_decay)"


def force_cell(parameters: ForceParameters) -> NeuronModel:
    """Return the cell with its synaptic filters.

    Forward Euler for the cell; then the filters, exact decay with the increment of the step, as in
    the programs. ``i_syn`` is the recurrent input, ``r`` the filtered spikes of the cell itself, a
    rate whose integral over one spike is one; ``i_fb`` is the feedback.

    Parameters
    ----------
    parameters : ForceParameters
        Constants.

    Returns
    -------
    NeuronModel
        The initial voltage is uniform between rest and peak (phases uniform for theta cells).

    Examples
    --------
    >>> sorted(force_cell(ForceParameters()).state_variables)
    ['g', 'i_fb', 'i_syn', 'q', 'r', 'u', 'v']
    """
    p = parameters
    unit = unit_string(p.input_unit.dim)
    filters = {"tau_rise": p.tau_rise, "tau_decay": p.tau_decay}
    common: dict[str, Any] = {
        "update": _FILTER,
        "method": "euler",
        "reference": "Nicola & Clopath 2017",
    }
    drive = "i_syn + i_fb + i_bias"
    if p.cell == "lif":
        return NeuronModel(
            name="force-lif",
            equations=f"dv/dt = ({drive} - v)/tau_m : volt (unless refractory)"
            + _SYNAPSES.format(unit=unit),
            threshold="v >= v_t",
            reset=f"v = v_reset; {_SPIKE}",
            refractory=2 * ms,
            parameters={
                "i_bias": p.bias,
                "tau_m": 10 * ms,
                "v_t": -40 * mV,
                "v_reset": -65 * mV,
                **filters,
            },
            initial={"v": lambda rng, n: (-0.065 + 0.095 * rng.random(n)) * volt},
            **common,
        )
    base = theta_neuron() if p.cell == "theta" else _izhikevich(p.cell)
    equations = base.equations.replace("i_in :", "i_in_ :")
    lines = [line for line in equations.splitlines() if "i_in_ :" not in line]
    text = "\n".join(lines).replace("i_in", f"({drive})") + _SYNAPSES.format(unit=unit)
    uniform = (
        (lambda rng, n: np.pi * (2 * rng.random(n) - 1))
        if p.cell == "theta"
        else (lambda rng, n: (-0.06 + 0.09 * rng.random(n)) * volt)
    )
    return NeuronModel(
        name=f"force-{p.cell.replace('_', '-')}",
        equations=text,
        threshold=base.threshold,
        reset=f"{base.reset}; {_SPIKE}",
        parameters={**base.parameters, "i_bias": p.bias, **filters},
        initial={"v": uniform},
        **common,
    )


def _izhikevich(cell: str) -> NeuronModel:
    model = izhikevich_2007("force")
    if cell == "izhikevich_b0":
        return model.with_parameters(b=0 * nS, v_t=-20 * mV)
    if cell == "songbird":
        return model.with_parameters(b=0 * nS, v_t=-40 * mV, a=0.002 / ms, d=100 * pA)
    return model


def draw_recurrent(
    parameters: ForceParameters, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Draw the fixed recurrent weights.

    Parameters
    ----------
    parameters : ForceParameters
        Constants.
    rng : Generator
        Source of randomness.

    Returns
    -------
    pre, post : array of int32, shape (n_synapses,)
        Sorted by ``pre``, then ``post``.
    w : array, shape (n_synapses,)
        Weights in base SI units.
    """
    p, n = parameters, parameters.n_neurons
    pre, post = np.nonzero(rng.random((n, n)) < p.probability)
    w = rng.standard_normal(pre.size) * float(p.gain) / (p.probability * np.sqrt(n))
    if p.centred:
        count = np.maximum(np.bincount(post, minlength=n), 1)
        w -= (np.bincount(post, w, minlength=n) / count)[post]
    return pre.astype(np.int32), post.astype(np.int32), w


def force_readout(parameters: ForceParameters, *, gain: str = "force") -> PlasticityRule:
    """Return recursive least squares for the read-out: FORCE.

    Parameters
    ----------
    parameters : ForceParameters
        Constants.
    gain : {'force', 'exact'}, default 'force'
        See `bioplastic.plasticity.LeastSquares`.

    Examples
    --------
    >>> str(force_readout(ForceParameters()).audit().verdict)
    'NON-LOCAL'
    """
    return rls_rule(
        activity="r_pre*rate_unit",
        ridge=parameters.ridge,
        gain=gain,
        interval=parameters.interval,
        name="force",
        parameters={"rate_unit": parameters.rate_unit},
        reference="Nicola & Clopath 2017",
    )


def delta_readout(parameters: ForceParameters, *, eta: float = 0.03) -> PlasticityRule:
    """Return the local alternative: error of the output times activity of the presynaptic cell.

    ``w += eta (target - z) r / power`` for each synapse, where ``power`` is the squared length of
    the rates, a constant of the network that is estimated before learning.

    Parameters
    ----------
    parameters : ForceParameters
        Constants.
    eta : float, default 0.03
        Share of the error that one update removes; it must stay below 2.

    Examples
    --------
    >>> str(delta_readout(ForceParameters()).audit().verdict)
    'local with modulator'
    """
    return PlasticityRule(
        name="delta",
        synapse="w : 1\neta : 1 (shared)\npower : 1 (shared)",
        modulators="target_post : 1\nlearning : 1 (shared)",
        every="w += learning*eta/power*(target_post - z_post)*r_pre*rate_unit",
        interval=parameters.interval,
        parameters={"rate_unit": parameters.rate_unit},
        initial={"eta": eta, "power": 1.0},
        reference="Widrow & Hoff 1960",
    )


def force_network(
    parameters: ForceParameters,
    rule: PlasticityRule,
    n_outputs: int = 1,
    *,
    connections: tuple[Any, Any, Any] | None = None,
    block: Quantity = 100 * ms,
    record_every: Quantity = 1 * ms,
) -> NetworkSpec:
    """Return the network: recurrent cells, a linear output, its feedback, and what it learns.

    Order within a step: cells with the feedback of the output of the previous step, spikes, output,
    error and learning, resets.

    Parameters
    ----------
    parameters : ForceParameters
        Constants.
    rule : PlasticityRule
        Rule of the read-out, with the modulators ``target_post`` and ``learning``.
    n_outputs : int, default 1
        Number of outputs.
    connections : tuple of array, optional
        Presynaptic and postsynaptic cells, as from `draw_recurrent` (its default: seed 0).
    block : Quantity, default 100 ms
        Length of a trial; runs are made of whole trials.
    record_every : Quantity, default 1 ms
        Time between two recorded outputs.

    Returns
    -------
    NetworkSpec
        Input ``target``, ``(n_steps, n_outputs)``; state ``recurrent.w``, ``feedback.w`` (base SI
        units), ``readout.w``, ``readout.learning``; records the spikes of ``cell`` and
        ``output.z``.
    """
    p = parameters
    unit = get_unit(p.input_unit.dim)
    pre, post, _ = connections or draw_recurrent(p, np.random.default_rng(0))
    every = max(1, round(float(record_every) / float(p.dt)))
    output = NeuronModel(name="output", equations="z : 1")
    return NetworkSpec(
        populations=(
            AnalogueSource(name="target", n=n_outputs, dtype="float64"),
            Population(name="cell", n=p.n_neurons, model=force_cell(p)),
            Population(name="output", n=n_outputs, model=output),
        ),
        projections=(
            SparseProjection(
                name="recurrent",
                source="cell",
                target="cell",
                pre=pre,
                post=post,
                transmit="g_post += w*unit/(tau_rise*tau_decay)",
                parameters={
                    "unit": 1 * unit * second,
                    "tau_rise": p.tau_rise,
                    "tau_decay": p.tau_decay,
                },
            ),
            DenseProjection(
                name="feedback",
                source="output",
                target="cell",
                summed="i_fb_post = w*z_pre*unit",
                parameters={"unit": 1 * unit},
            ),
            DenseProjection(
                name="readout",
                source="cell",
                target="output",
                rule=rule,
                summed="z_post = w*r_pre*readout_unit",
                summed_when="after",
                parameters={"readout_unit": p.rate_unit},
                modulators={"target_post": ("target", "x")},
            ),
        ),
        trial=Trial(duration=block),
        records=(
            SpikeRecord(population="cell"),
            StateRecord(population="output", variable="z", every=every),
        ),
    )
