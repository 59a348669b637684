"""The reservoir and its two read-outs: constants, drawn numbers, and networks of the engine.

In every step: outputs ``y = w_when . r`` and ``p = w_what . rbar`` from the activity at the end of
the last step; feedback of ``y``; cells; spikes; the timing rule, with the activity that made ``y``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Quantity, ms
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
from bioplastic.engine.projections import Projection
from bioplastic.fields import Constants, param
from bioplastic.neurons import NeuronModel, izhikevich_2003
from bioplastic.plasticity import gated_delta_rule, trial_delta_rule
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals import AnalogueSource, NoiseSource
from bioplastic.validation import check_integer, check_real

__all__ = [
    "LearningParameters",
    "Reservoir",
    "ReservoirParameters",
    "draw_reservoir",
    "what_when_network",
]

Floats = NDArray[np.float64]


def _check_order(holder: Any, low: str, high: str) -> None:
    first, last = getattr(holder, low), getattr(holder, high)
    if not first < last:
        place = f"{type(holder).__name__}.{low}"
        raise ValueError(f"{place}: must be below {high}, got {first} and {last}")


class ReservoirParameters(Constants):
    """Constants of the heterogeneous Izhikevich reservoir (2003 form; currents dimensionless).

    None of these values is published; they were chosen so that the reservoir carries a clock that
    survives its noise. The couplings are **nearly uncoupled**: they say nothing about recurrent
    computation. 1 and 3 give real recurrence, 0 and 0 none.

    Examples
    --------
    >>> ReservoirParameters(n_excitatory=80, n_inhibitory=20).n_cells
    100
    """

    n_excitatory: int = param(800, minimum=1, doc="cells that excite (Dale's law)")
    n_inhibitory: int = param(200, minimum=1, doc="cells that inhibit")
    recovery: str = param("slow", choices=("slow", "stock"), doc=(
        "slow: the rate ``a`` of the recovery variable is log-uniform on ``[a_min, a_max]`` in all "
        "cells; stock: as in Izhikevich (2003)"))  # fmt: skip
    a_min: float = param(0.001, positive=True, doc="slowest recovery, in 1/ms")
    a_max: float = param(0.1, positive=True, doc="fastest recovery, in 1/ms")
    bias_mean: float = param(3.0, doc="constant current, mean over cells")
    bias_std: float = param(1.0, minimum=0, doc="its standard deviation")
    connection_probability: float = param(0.1, positive=True, maximum=1, doc=(
        "of each ordered pair of different cells; 1 gives a dense matrix"))  # fmt: skip
    coupling_excitatory: float = param(0.2, minimum=0, doc=(
        "scale ``g`` of weights between cells, ``g |N(0, 1)|/sqrt(p N)``"))  # fmt: skip
    coupling_inhibitory: float = param(0.5, minimum=0, doc="the same of inhibitory cells")
    tau_excitatory: Quantity = param(5 * ms, positive=True, doc="decay of excitatory currents")
    tau_inhibitory: Quantity = param(10 * ms, positive=True, doc="decay of inhibitory currents")
    tau_rise: Quantity = param(5 * ms, positive=True, doc="first filter of what read-outs see")
    tau_readout: Quantity = param(30 * ms, positive=True, doc="second filter of what they see")
    cue_gain: float = param(8.0, minimum=0, doc="weight of the cue, times U(0, 1)")
    cue_fraction: float = param(0.3, minimum=0, maximum=1, doc="part of the cells that it reaches")
    cue_duration: Quantity = param(50 * ms, positive=True, doc="from the start of the trial")
    feedback_gain: float = param(1.0, doc=(
        "weight of fed-back timing outputs, times N(0, 1); 0 opens the loop"))  # fmt: skip
    feedback_fraction: float = param(0.3, minimum=0, maximum=1, doc="part of the cells it reaches")
    feedback_min: float = param(-0.5, doc="lower limit of what is fed back")
    feedback_max: float = param(1.5, doc="upper limit of what is fed back")
    noise: float = param(0.3, minimum=0, doc="deviation of the private current in every step")
    reset: bool = param(True, doc="whether every trial starts anew; otherwise cells run on")
    trial: Quantity = param(1000 * ms, positive=True, doc="from the onset of the cue to the end")
    dt: Quantity = param(1 * ms, positive=True, doc="step; ``v`` makes two half steps in it")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_order(self, "a_min", "a_max")
        _check_order(self, "feedback_min", "feedback_max")
        steps = float(self.trial) / float(self.dt)
        if abs(steps - round(steps)) > 1e-6 * steps:
            place = f"{type(self).__name__}.trial"
            raise ValueError(f"{place}: must be a multiple of dt, got {self.trial}")

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.n_excitatory + self.n_inhibitory

    @property
    def n_steps(self) -> int:
        """Number of steps of a trial."""
        return round(float(self.trial) / float(self.dt))


def _check_step(place: str, value: Any) -> float:
    if check_real(place, value, minimum=0) >= 2:
        raise ValueError(f"{place}: must be below 2 to converge, got {value:g}")
    return float(value)


class LearningParameters(Constants):
    """Constants of the read-outs; what is not published is a choice (see the guide).

    Examples
    --------
    >>> LearningParameters(gate="narrow")
    Traceback (most recent call last):
        ...
    ValueError: LearningParameters.gate: must be one of 'union', 'window', 'full', got 'narrow'
    """

    eta_when: float = param(0.03, check=_check_step, doc=(
        "step of the timing rule, over the mean power of the activity in one untrained trial"
    ))  # fmt: skip
    eta_what: float = param(0.05, check=_check_step, doc=(
        "step of the identity rule: the share of a new trial in the predicted probability"
    ))  # fmt: skip
    normalise: str = param("trial", choices=("trial", "once"), doc=(
        "whether the identity rule is divided by the power of its activity in every trial (a sum "
        "over the inputs of the cell) or by that of the untrained trial (local)"))  # fmt: skip
    gate: str = param("union", choices=("union", "window", "full"), doc=(
        "when the timing of the shown event may be learned: around the event, or there and "
        "wherever the channel itself predicts, or during the whole trial"))  # fmt: skip
    gate_width: float = param(3.0, positive=True, doc="half of the window, in ``event_width``")
    gate_threshold: float = param(0.1, minimum=0, doc="output beyond which the union is open")
    event_width: Quantity = param(40 * ms, positive=True, doc=(
        "standard deviation of the Gaussian bump that stands for an event"))  # fmt: skip
    average_start: Quantity = param(0 * ms, minimum=0 * ms, doc=(
        "when the identity read-out begins to average the activity"))  # fmt: skip
    average_end: Quantity = param(150 * ms, minimum=0 * ms, doc=(
        "when it ends: before the first event, which would leak into its own prediction"
    ))  # fmt: skip
    rls_interval: Quantity = param(20 * ms, positive=True, doc="period of least squares")
    ridge: float = param(1.0, positive=True, doc="their regularisation")
    forgetting_when: float = param(1.0, positive=True, maximum=1, doc="their forgetting, timing")
    forgetting_what: float = param(1.0, positive=True, maximum=1, doc="the same, identity")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_order(self, "average_start", "average_end")


# ---- drawn numbers -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edges:
    """Synapses sorted by presynaptic and then postsynaptic cell, and their weights."""

    pre: NDArray[np.int32]
    post: NDArray[np.int32]
    w: Floats


@dataclass(frozen=True)
class Reservoir:
    """One draw of a reservoir.

    Attributes
    ----------
    a, b, c, d : array, shape (n_cells,)
        Cell types; ``a`` in 1/ms, ``c`` in mV.
    bias, cue, v_start : array, shape (n_cells,)
        Constant current, weight of the cue, and voltage (mV) at the start of a trial.
    excitatory, inhibitory : Edges
        Recurrent synapses ``pre``, ``post``, ``w`` >= 0; the first cells are the excitatory ones.
    feedback : array, shape (n_channels, n_cells)
        Weights of the fed-back outputs.
    """

    a: Floats
    b: Floats
    c: Floats
    d: Floats
    bias: Floats
    cue: Floats
    v_start: Floats
    excitatory: Edges
    inhibitory: Edges
    feedback: Floats


def draw_reservoir(
    parameters: ReservoirParameters, *, n_channels: int = 2, seed: int = 0
) -> Reservoir:
    """Draw a reservoir.

    Cell types, connections, cue and feedback have random streams of their own: reservoirs with the
    same seed and another coupling, noise or recovery share everything else.

    Parameters
    ----------
    parameters : ReservoirParameters
        Sizes and distributions.
    n_channels : int, default 2
        Number of outputs that are fed back.
    seed : int, default 0
        Fixes the draw.

    Returns
    -------
    Reservoir

    Examples
    --------
    >>> small = ReservoirParameters(n_excitatory=8, n_inhibitory=2, connection_probability=1.0)
    >>> reservoir = draw_reservoir(small)
    >>> reservoir.excitatory.pre.size, reservoir.inhibitory.pre.size     # no autapses
    (72, 18)
    """
    if not isinstance(parameters, ReservoirParameters):
        raise TypeError(
            f"draw_reservoir.parameters: must be ReservoirParameters, got {parameters!r}"
        )
    p = parameters
    check_integer("draw_reservoir.n_channels", n_channels, minimum=1)
    check_integer("draw_reservoir.seed", seed, minimum=0)
    n_exc, n = p.n_excitatory, p.n_cells
    types, wires, inputs, slow = (np.random.default_rng([seed, stream]) for stream in range(4))
    q = types.random(n)
    a, b = np.full(n, 0.02), np.full(n, 0.2)
    c, d = np.full(n, -65.0), np.full(n, 2.0)
    c[:n_exc], d[:n_exc] = -65 + 15 * q[:n_exc] ** 2, 8 - 6 * q[:n_exc] ** 2
    a[n_exc:], b[n_exc:] = 0.02 + 0.08 * q[n_exc:], 0.25 - 0.05 * q[n_exc:]
    if p.recovery == "slow":
        a = np.exp(slow.uniform(np.log(p.a_min), np.log(p.a_max), n))
    bias = p.bias_mean + p.bias_std * types.standard_normal(n)
    v_start = types.uniform(-70.0, -60.0, n)
    mask = wires.random((n, n)) < p.connection_probability
    np.fill_diagonal(mask, False)
    size = np.abs(wires.standard_normal((n, n))) / np.sqrt(p.connection_probability * n)
    cue = p.cue_gain * inputs.random(n) * (inputs.random(n) < p.cue_fraction)
    chosen = inputs.random((n_channels, n)) < p.feedback_fraction
    feedback = p.feedback_gain * inputs.standard_normal((n_channels, n)) * chosen
    edges = []
    for first, last, coupling in (
        (0, n_exc, p.coupling_excitatory), (n_exc, n, p.coupling_inhibitory),
    ):  # fmt: skip
        pre, post = np.nonzero(mask[first:last])
        w = (coupling * size)[pre + first, post]
        edges.append(Edges((pre + first).astype(np.int32), post.astype(np.int32), w))
    return Reservoir(a, b, c, d, bias, cue, v_start, edges[0], edges[1], feedback)


# ---- networks ------------------------------------------------------------------------------------


def reservoir_cell(parameters: ReservoirParameters, reservoir: Reservoir) -> NeuronModel:
    """Return the Izhikevich cell with synaptic currents and the filtered spikes ``r`` and ``rbar``.

    Its constants differ from cell to cell and are initial values.
    """
    p, base = parameters, izhikevich_2003()
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
    """Return the output channel: predictions, their errors, and the gate of the timing rule."""
    limits = {
        "faint": float(np.exp(-0.5 * learning.gate_width**2)),
        "beyond": learning.gate_threshold,
    }
    gate, read = {
        "window": ("int(evidence > faint)", ("faint",)),
        "union": ("int(evidence > faint or abs(y) > beyond)", ("faint", "beyond")),
        "full": ("1", ()),
    }[learning.gate]
    names = ("y", "p", "target", "active", "shown", "evidence", "error", "surprise", "gate")
    return NeuronModel(
        name="readout",
        equations="\n".join(f"{name} : 1" for name in names),
        update=f"""
            error = target - y
            surprise = shown - p
            gate = active*{gate}
        """,
        parameters={name: limits[name] for name in read},
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

    Without ``learn`` the read-outs have no rules; ``merged`` leaves out that of identity, and both
    channels learn in every trial. With ``segment`` a call has this length instead of a whole trial,
    and the caller resets the cells. Recorded are the outputs ``y`` and what ``record`` names of the
    reservoir: ``'spikes'``, and ``'r'`` every ``record_every`` steps.

    Inputs are ``cue`` and ``average`` (one value per step), ``target``, ``active``, ``shown`` (one
    per channel) and ``evidence`` (one); the state has ``when.w`` and ``what.w``, shape
    (n_cells, n_channels).
    """
    n_channels = len(reservoir.feedback)
    given = ("target", "active", "shown")
    records: list[Any] = [StateRecord(population="readout", variable="y")]
    if "r" in record:
        records.append(StateRecord(population="cell", variable="r", every=record_every))
    if "spikes" in record:
        records.append(SpikeRecord(population="cell"))
    return NetworkSpec(
        populations=(
            *(AnalogueSource(name=name, n=1) for name in ("cue", "average", "evidence")),
            *(AnalogueSource(name=name, n=n_channels) for name in given),
            NoiseSource(name="noise", n=parameters.n_cells),
            Population(
                name="cell", n=parameters.n_cells, model=reservoir_cell(parameters, reservoir),
                inputs={"cue_on": "cue", "average": "average", "noise": "noise"},
            ),
            Population(
                name="readout", n=n_channels, model=readout_cell(learning),
                inputs={name: name for name in (*given, "evidence")},
            ),
        ),
        projections=(
            *_readouts(learning, learn, merged),
            _feedback(reservoir.feedback, parameters, whole_trial=segment is None),
            *_loops(parameters, reservoir),
        ),
        trial=Trial(duration=parameters.trial if segment is None else segment),
        records=tuple(records),
    )  # fmt: skip


def _readouts(learning: LearningParameters, learn: bool, merged: bool) -> list[Projection]:
    rules: dict[str, Any] = {"when": {}, "what": {}}
    if learn:
        rules["when"] = {
            "rule": gated_delta_rule(),
            "modulators": {"error_post": ("readout", "error"), "gate_post": ("readout", "gate")},
        }
        rules["what"] = {
            "rule": trial_delta_rule(normalised=learning.normalise == "trial"),
            "modulators": {"error_post": ("readout", "surprise")},
        }
    sums = {"when": "y_post = w*s_pre"} | ({} if merged else {"what": "p_post = w*rbar_pre"})
    return [
        DenseProjection(name=name, source="cell", target="readout", summed=text, **rules[name])
        for name, text in sums.items()
    ]


def _feedback(weights: Floats, parameters: ReservoirParameters, whole_trial: bool) -> Projection:
    channel, cell = np.nonzero(weights)
    if channel.size == 0:  # an open loop: one synapse of weight zero keeps the shape
        channel = cell = np.zeros(1, dtype=int)
    return SparseProjection(
        name="feedback", source="readout", target="cell", pre=channel, post=cell,
        summed="i_feedback_post = w*clip(y_pre, low, high)",
        initial={"w": weights[channel, cell]},
        parameters={"low": parameters.feedback_min, "high": parameters.feedback_max},
        rule=trial_rule(parameters) if whole_trial else None,
    )  # fmt: skip


def _loops(parameters: ReservoirParameters, reservoir: Reservoir) -> list[Projection]:
    p, loops = parameters, list[Projection]()
    if p.coupling_excitatory == p.coupling_inhibitory == 0:
        return loops
    for name, edges in (("exc", reservoir.excitatory), ("inh", reservoir.inhibitory)):
        common: dict[str, Any] = {
            "name": f"{name}_loop", "source": "cell", "target": "cell",
            "transmit": f"g_{name}_post += w",
        }  # fmt: skip
        if edges.pre.size and p.connection_probability < 1:
            loops.append(
                SparseProjection(pre=edges.pre, post=edges.post, initial={"w": edges.w}, **common)
            )
        elif edges.pre.size:
            matrix = np.zeros((p.n_cells, p.n_cells))
            matrix[edges.pre, edges.post] = edges.w
            loops.append(DenseProjection(initial={"w": matrix}, **common))
    return loops
