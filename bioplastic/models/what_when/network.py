"""The reservoir and its two read-outs as networks of the engine.

In every step: outputs ``y = w_when . r`` and ``p = w_what . rbar`` from the activity at the end of
the last step; feedback of ``y``; cells; spikes; the timing rule, with the activity that made ``y``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from brian2 import Quantity

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    SparseProjection,
    SpikeRecord,
    StateRecord,
    Trial,
)
from bioplastic.engine.network import Source
from bioplastic.engine.projections import Projection
from bioplastic.models.what_when.parameters import LearningParameters, ReservoirParameters
from bioplastic.models.what_when.reservoir import Edges, Reservoir
from bioplastic.neurons import NeuronModel, izhikevich_2003
from bioplastic.plasticity import gated_delta_rule, trial_delta_rule
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import AnalogueSource, NoiseSource

__all__ = ["readout_cell", "reservoir_cell", "trial_rule", "what_when_network"]

_READS = {
    "window": "int(evidence > faint)",
    "union": "int(evidence > faint or abs(y) > beyond)",
    "full": "1",
}


def reservoir_cell(parameters: ReservoirParameters, reservoir: Reservoir) -> NeuronModel:
    """Return the Izhikevich cell with synaptic currents and the filtered spikes ``r`` and ``rbar``.

    Parameters
    ----------
    parameters : ReservoirParameters
        Time constants, noise and step.
    reservoir : Reservoir
        Constants of every cell, as initial values.
    """
    p = parameters
    base = izhikevich_2003()
    own = ("a", "b", "c", "d", "bias", "cue", "v_start")
    constants = "\n".join(f"{name} : 1 (constant)" for name in own)
    return NeuronModel(
        name="reservoir",
        equations=f"""
            dg_exc/dt = -g_exc/tau_exc : 1
            dg_inh/dt = -g_inh/tau_inh : 1
            dx/dt = -x/tau_rise : 1
            v : 1
            u : 1
            s : 1
            r : 1
            rbar : 1
            i_in : 1
            i_feedback : 1
            cue_on : 1
            noise : 1
            average : 1
            {constants}
        """,
        method="euler+decay",
        update=f"""
            r = s
            rbar += average*r
            i_in = bias + g_exc - g_inh + cue*cue_on + i_feedback + sigma*noise
            {base.update}
            s += dt/tau_readout*(x - s)
        """,
        threshold=base.threshold,
        reset=f"{base.reset}\nx += 1",
        parameters={
            **{name: base.parameters[name] for name in ("v_peak", "v_min")},
            "tau_exc": p.tau_excitatory,
            "tau_inh": p.tau_inhibitory,
            "tau_rise": p.tau_rise,
            "tau_readout": p.tau_readout,
            "sigma": p.noise,
        },
        initial={
            **{name: getattr(reservoir, name) for name in own},
            "v": reservoir.v_start,
            "u": reservoir.b * reservoir.v_start,
        },
        reference="Izhikevich 2003; Yamada & Chao 2026",
    )


def readout_cell(learning: LearningParameters) -> NeuronModel:
    """Return the output channel: predictions, their errors, and the gate of the timing rule.

    Parameters
    ----------
    learning : LearningParameters
        Kind and limits of the gate.
    """
    return NeuronModel(
        name="readout",
        equations="""
            y : 1
            p : 1
            target : 1
            active : 1
            shown : 1
            evidence : 1
            error : 1
            surprise : 1
            gate : 1
        """,
        update=f"""
            error = target - y
            surprise = shown - p
            gate = active*{_READS[learning.gate]}
        """,
        parameters={
            "window": {"faint": float(np.exp(-0.5 * learning.gate_width**2))},
            "union": {
                "faint": float(np.exp(-0.5 * learning.gate_width**2)),
                "beyond": learning.gate_threshold,
            },
            "full": {},
        }[learning.gate],
        reference="Yamada & Chao 2026",
    )


def trial_rule(parameters: ReservoirParameters) -> PlasticityRule:
    """Return what happens to every cell at the start of a trial, as a rule that learns nothing."""
    reset = """
        v_post = v_start_post
        u_post = b_post*v_start_post
        g_exc_post = 0
        g_inh_post = 0
        x_post = 0
        s_post = 0
    """
    return PlasticityRule(
        name="start of trial",
        on_trial_start=f"{reset if parameters.reset else ''}\nrbar_post = 0",
    )


def what_when_network(
    parameters: ReservoirParameters,
    learning: LearningParameters,
    reservoir: Reservoir,
    *,
    learn: bool = True,
    merged: bool = False,
    segment: Quantity | None = None,
    record: tuple[str, ...] = (),
    record_every: int = 1,
) -> NetworkSpec:
    """Return the closed loop of reservoir and read-outs.

    Parameters
    ----------
    parameters, learning : ReservoirParameters, LearningParameters
        Constants.
    reservoir : Reservoir
        The draw.
    learn : bool, default True
        Whether the read-outs have rules; otherwise they have constant weights.
    merged : bool, default False
        One read-out instead of two: no identity read-out, and both channels learn in every trial.
    segment : Quantity, optional
        Length of one call instead of a whole trial; the caller then resets the cells.
    record : tuple of {'spikes', 'r'}, default ()
        What is recorded of the reservoir besides the outputs ``y``.
    record_every : int, default 1
        Steps between two records of ``r``.

    Returns
    -------
    NetworkSpec
        Inputs ``cue`` and ``average`` (one value per step), ``target``, ``active``, ``shown`` (one
        per channel) and ``evidence`` (one); weights ``when.w`` and ``what.w``, shape
        (n_cells, n_channels).
    """
    n_channels = len(reservoir.feedback)
    populations: tuple[Source, ...] = (
        AnalogueSource(name="cue", n=1),
        AnalogueSource(name="average", n=1),
        AnalogueSource(name="evidence", n=1),
        *(AnalogueSource(name=name, n=n_channels) for name in ("target", "active", "shown")),
        NoiseSource(name="noise", n=parameters.n_cells),
        Population(
            name="cell",
            n=parameters.n_cells,
            model=reservoir_cell(parameters, reservoir),
            inputs={"cue_on": "cue", "average": "average", "noise": "noise"},
        ),
        Population(
            name="readout",
            n=n_channels,
            model=readout_cell(learning),
            inputs={name: name for name in ("target", "active", "shown", "evidence")},
        ),
    )
    records: list[Any] = [StateRecord(population="readout", variable="y")]
    if "r" in record:
        records.append(StateRecord(population="cell", variable="r", every=record_every))
    if "spikes" in record:
        records.append(SpikeRecord(population="cell"))
    projections = [*_readouts(learning, learn, merged), _feedback(reservoir.feedback, parameters)]
    if segment is None:
        projections[-1] = replace(projections[-1], rule=trial_rule(parameters))  # type: ignore[call-arg]
    if parameters.recurrent:
        projections += _loops(parameters, reservoir)
    return NetworkSpec(
        populations=populations,
        projections=tuple(projections),
        trial=Trial(duration=parameters.trial if segment is None else segment),
        records=tuple(records),
    )


def _readouts(learning: LearningParameters, learn: bool, merged: bool) -> list[Projection]:
    when = DenseProjection(
        name="when",
        source="cell",
        target="readout",
        summed="y_post = w*s_pre",
        rule=gated_delta_rule() if learn else None,
        modulators={"error_post": ("readout", "error"), "gate_post": ("readout", "gate")}
        if learn
        else {},
    )
    if merged:
        return [when]
    what = DenseProjection(
        name="what",
        source="cell",
        target="readout",
        summed="p_post = w*rbar_pre",
        rule=trial_delta_rule(normalised=learning.normalise == "trial") if learn else None,
        modulators={"error_post": ("readout", "surprise")} if learn else {},
    )
    return [when, what]


def _feedback(weights: Any, parameters: ReservoirParameters) -> Projection:
    channel, cell = np.nonzero(weights)
    if channel.size == 0:  # an open loop: one synapse of weight zero keeps the shape
        channel = cell = np.zeros(1, dtype=int)
    return SparseProjection(
        name="feedback",
        source="readout",
        target="cell",
        pre=channel,
        post=cell,
        summed="i_feedback_post = w*clip(y_pre, low, high)",
        initial={"w": weights[channel, cell]},
        parameters={"low": parameters.feedback_min, "high": parameters.feedback_max},
    )


def _loops(parameters: ReservoirParameters, reservoir: Reservoir) -> list[Projection]:
    loops: list[Projection] = []
    for name, edges in (("exc", reservoir.excitatory), ("inh", reservoir.inhibitory)):
        if edges.pre.size:
            loops.append(_loop(name, edges, parameters))
    return loops


def _loop(name: str, edges: Edges, parameters: ReservoirParameters) -> Projection:
    common: dict[str, Any] = {
        "name": f"{name}_loop",
        "source": "cell",
        "target": "cell",
        "transmit": f"g_{name}_post += w",
    }
    if parameters.connection_probability < 1:
        return SparseProjection(pre=edges.pre, post=edges.post, initial={"w": edges.w}, **common)
    matrix = np.zeros((parameters.n_cells, parameters.n_cells))
    matrix[edges.pre, edges.post] = edges.w
    return DenseProjection(initial={"w": matrix}, **common)
