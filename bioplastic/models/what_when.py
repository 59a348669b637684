"""What comes next, when, and how likely: a spiking reservoir with two read-outs.

Yamada & Chao (2026), "Joint encoding of 'what' and 'when' predictions through error-modulated
plasticity in biologically-plausible spiking networks", doi 10.1038/s42003-026-10836-2.

In every step: outputs ``y = w_when . r`` and ``p = w_what . rbar`` from the activity at the end of
the last step; feedback of ``y``; cells; spikes; the timing rule, with the activity that made ``y``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from brian2 import Quantity, ms, second
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis._arrays import check_array, check_labels
from bioplastic.analysis._spike_checks import strip_seconds
from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    SpikeRecord,
    StateRecord,
    Trial,
)
from bioplastic.fields import Constants, checked, param
from bioplastic.models.base import SpikingEstimator
from bioplastic.neurons import NeuronModel, izhikevich_2003
from bioplastic.plasticity import PlasticityRule, gated_delta_rule, trial_delta_rule
from bioplastic.plasticity.rls import BufferedInverse
from bioplastic.signals import AnalogueSource, NoiseSource
from bioplastic.validation import check_integer, check_multiple, check_real

__all__ = [
    "Block", "LearningParameters", "Prediction", "Reservoir", "ReservoirParameters",
    "WhatWhenPredictor", "draw_reservoir", "expectation", "expectation_error",
]  # fmt: skip

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]
_LEARN, _TEST, _CALIBRATE = range(3)
_CELL = ("v", "u", "g_exc", "g_inh", "x", "s", "rbar")
_CHANNEL = ("target", "active", "shown")


def _check_order(holder: Any, low: str, high: str) -> None:
    first, last = getattr(holder, low), getattr(holder, high)
    if not first < last:
        place = f"{type(holder).__name__}.{low}"
        raise ValueError(f"{place}: must be below {high}, got {first} and {last}")


def _check_step(place: str, value: Any) -> float:
    if check_real(place, value, minimum=0) >= 2:
        raise ValueError(f"{place}: must be below 2 to converge, got {value:g}")
    return float(value)


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
    recovery: str = param("slow", choices=("slow", "stock"), doc="slow: the rate ``a`` of the "
        "recovery variable is log-uniform on ``[a_min, a_max]`` in all cells; stock: as in "
        "Izhikevich (2003)")  # fmt: skip
    a_min: float = param(0.001, positive=True, doc="slowest recovery, in 1/ms")
    a_max: float = param(0.1, positive=True, doc="fastest recovery, in 1/ms")
    bias_mean: float = param(3.0, doc="constant current, mean over cells")
    bias_std: float = param(1.0, minimum=0, doc="its standard deviation")
    connection_probability: float = param(
        0.1, positive=True, maximum=1, doc="of each ordered pair of cells; 1 gives a dense matrix"
    )
    coupling_excitatory: float = param(
        0.2, minimum=0, doc="scale ``g`` of weights between cells, ``g |N(0, 1)|/sqrt(p N)``"
    )
    coupling_inhibitory: float = param(0.5, minimum=0, doc="the same of inhibitory cells")
    tau_excitatory: Quantity = param(5 * ms, positive=True, doc="decay of excitatory currents")
    tau_inhibitory: Quantity = param(10 * ms, positive=True, doc="decay of inhibitory currents")
    tau_rise: Quantity = param(5 * ms, positive=True, doc="first filter of what read-outs see")
    tau_readout: Quantity = param(30 * ms, positive=True, doc="second filter of what they see")
    cue_gain: float = param(8.0, minimum=0, doc="weight of the cue, times U(0, 1)")
    cue_fraction: float = param(0.3, minimum=0, maximum=1, doc="part of the cells that it reaches")
    cue_duration: Quantity = param(50 * ms, positive=True, doc="from the start of the trial")
    feedback_gain: float = param(
        1.0, doc="weight of fed-back timing outputs, times N(0, 1); 0 opens the loop"
    )
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
        check_multiple(f"{type(self).__name__}.trial", self.trial, self.dt)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.n_excitatory + self.n_inhibitory

    @property
    def n_steps(self) -> int:
        """Number of steps of a trial."""
        return round(float(self.trial) / float(self.dt))


class LearningParameters(Constants):
    """Constants of the read-outs; what is not published is a choice (see the guide).

    Examples
    --------
    >>> LearningParameters(gate="narrow")
    Traceback (most recent call last):
        ...
    ValueError: LearningParameters.gate: must be one of 'union', 'window', 'full', got 'narrow'
    """

    eta_when: float = param(0.03, check=_check_step, doc="step of the timing rule, over the mean "
        "power of the activity in one untrained trial")  # fmt: skip
    eta_what: float = param(0.05, check=_check_step, doc="step of the identity rule: the share of "
        "a new trial in the predicted probability")  # fmt: skip
    normalise: str = param("trial", choices=("trial", "once"), doc="whether the identity rule is "
        "divided by the power of its activity in every trial (a sum over the inputs of the cell) "
        "or by that of the untrained trial (local)")  # fmt: skip
    gate: str = param("union", choices=("union", "window", "full"), doc="when the timing of the "
        "shown event may be learned: around the event, or there and wherever the channel itself "
        "predicts, or during the whole trial")  # fmt: skip
    gate_width: float = param(3.0, positive=True, doc="half of the window, in ``event_width``")
    gate_threshold: float = param(0.1, minimum=0, doc="output beyond which the union is open")
    event_width: Quantity = param(
        40 * ms, positive=True, doc="deviation of the Gaussian bump that stands for an event"
    )
    average_start: Quantity = param(
        0 * ms, minimum=0 * ms, doc="when the identity read-out begins to average the activity"
    )
    average_end: Quantity = param(150 * ms, minimum=0 * ms, doc="when it ends: before the first "
        "event, which would leak into its own prediction")  # fmt: skip
    rls_interval: Quantity = param(20 * ms, positive=True, doc="period of least squares")
    ridge: float = param(1.0, positive=True, doc="their regularisation")
    forgetting_when: float = param(1.0, positive=True, maximum=1, doc="their forgetting, timing")
    forgetting_what: float = param(1.0, positive=True, maximum=1, doc="the same, identity")

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_order(self, "average_start", "average_end")


# ---- the task ------------------------------------------------------------------------------------


class Block(Constants):
    """Trials with fixed statistics: after the cue either event A or event B.

    Examples
    --------
    >>> Block(p_a=0.8, latency_a=300 * ms, latency_b=600 * ms).probabilities
    array([0.8, 0.2])
    """

    p_a: float = param(minimum=0, maximum=1, doc="probability of A")
    latency_a: Quantity = param(positive=True, unit=second, doc="time of A from the cue")
    latency_b: Quantity = param(positive=True, unit=second, doc="time of B from the cue")
    n_trials: int = param(100, minimum=1, doc="length of the block")

    @property
    def latencies(self) -> Quantity:
        """Latencies of A and B, shape (2,)."""
        return Quantity([float(self.latency_a), float(self.latency_b)], dim=second.dim)

    @property
    def probabilities(self) -> Floats:
        """Probabilities of A and B, shape (2,)."""
        return np.array([self.p_a, 1 - self.p_a])

    def draw(self, seed: int | list[int]) -> tuple[NDArray[np.int64], Quantity]:
        """Draw the events of the block.

        Parameters
        ----------
        seed : int or list of int
            Fixes the draw.

        Returns
        -------
        events : array of int, shape (n_trials,)
            0 for A, 1 for B.
        latencies : Quantity, shape (n_trials,)
            When they happen.
        """
        rng = np.random.default_rng(seed)
        events = (rng.random(self.n_trials) >= self.p_a).astype(np.int64)
        return events, self.latencies[events]


@dataclass(frozen=True)
class Prediction:
    """What the network expects after the cue, when nothing is shown.

    Attributes
    ----------
    what : array, shape (n_trials, n_channels)
        Predicted probability of every event; ones for a merged read-out.
    when : array, shape (n_trials, n_steps, n_channels)
        Predicted time course of every event.
    """

    what: Floats
    when: Floats

    @property
    def output(self) -> Floats:
        """Probability times time course, averaged over trials, shape (n_steps, n_channels)."""
        return np.asarray((np.clip(self.what, 0, 1)[:, None, :] * self.when).mean(axis=0))


def _bump(time: Any, latency: Any, width: float) -> Floats:
    """Return the Gaussian that stands for an event; all in seconds."""
    return np.asarray(np.exp(-0.5 * ((time - latency) / width) ** 2), dtype=np.float64)


@checked(n_steps=param(minimum=0), dt=param(positive=True), width=param(positive=True))
def expectation(
    probabilities: ArrayLike, latencies: Any, *, n_steps: int, dt: Quantity = 1 * ms,
    width: Quantity = 40 * ms,
) -> Floats:  # fmt: skip
    """Return what an ideal observer expects: the bump of every event times its probability.

    Parameters
    ----------
    probabilities : array_like, shape (n_channels,)
        Of the events.
    latencies : Quantity or array_like, shape (n_channels,)
        Of the events; plain numbers are seconds.
    n_steps : int
        Steps of a trial.
    dt, width : Quantity, default 1 and 40 ms
        Step, and width of the bump.

    Returns
    -------
    array, shape (n_steps, n_channels)

    Examples
    --------
    >>> truth = expectation([0.8, 0.2], [300, 600] * ms, n_steps=1000)
    >>> truth.max(axis=0), truth.argmax(axis=0)
    (array([0.8, 0.2]), array([300, 600]))
    """
    p = check_array("expectation.probabilities", probabilities, shape=(None,)).astype(np.float64)
    seconds = strip_seconds("expectation.latencies", latencies)
    when = check_array("expectation.latencies", seconds, shape=p.shape)
    time = float(dt) * np.arange(n_steps)
    return np.asarray(p * _bump(time[:, None], when, float(width)))


def expectation_error(output: ArrayLike, truth: ArrayLike) -> float:
    """Return the root of the mean squared difference over steps and channels.

    A silent network scores the root of the mean squared truth.

    Parameters
    ----------
    output, truth : array_like, shape (n_steps, n_channels)
        Prediction and `expectation`.

    Examples
    --------
    >>> round(expectation_error([[0.0], [1.0]], [[0.0], [0.0]]), 3)
    0.707
    """
    goal = check_array("expectation_error.truth", truth, shape=(None, None))
    found = check_array("expectation_error.output", output, shape=goal.shape)
    return float(np.sqrt(np.mean((found - goal) ** 2)))


# ---- the reservoir -------------------------------------------------------------------------------


class Edges(NamedTuple):
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


@checked(n_channels=param(minimum=1), seed=param(minimum=0))
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
    p, n_exc, n = parameters, parameters.n_excitatory, parameters.n_cells
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
    pre, post = np.nonzero(mask)
    excitatory, inhibitory = (
        Edges(pre[own].astype(np.int32), post[own].astype(np.int32), g * size[pre[own], post[own]])
        for own, g in ((pre < n_exc, p.coupling_excitatory), (pre >= n_exc, p.coupling_inhibitory))
    )
    return Reservoir(a, b, c, d, bias, cue, v_start, excitatory, inhibitory, feedback)


def _reservoir_cell(p: ReservoirParameters, drawn: Reservoir) -> NeuronModel:
    """Return the Izhikevich cell with synaptic currents and the filtered spikes ``r`` and ``rbar``.

    Its constants differ from cell to cell and are initial values.
    """
    base, own = izhikevich_2003(), ("a", "b", "c", "d", "bias", "cue", "v_start")
    free = ("v", "u", "s", "r", "rbar", "i_in", "i_feedback", "cue_on", "noise", "average")
    return NeuronModel(
        name="reservoir",
        equations="\n".join([
            "dg_exc/dt = -g_exc/tau_exc : 1", "dg_inh/dt = -g_inh/tau_inh : 1",
            "dx/dt = -x/tau_rise : 1", *(f"{name} : 1" for name in free),
            *(f"{name} : 1 (constant)" for name in own),
        ]),
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
            "tau_exc": p.tau_excitatory, "tau_inh": p.tau_inhibitory, "tau_rise": p.tau_rise,
            "tau_readout": p.tau_readout, "sigma": p.noise,
        },
        initial={name: getattr(drawn, name) for name in own}
        | {"v": drawn.v_start, "u": drawn.b * drawn.v_start},
        reference="Izhikevich 2003; Yamada & Chao 2026",
    )  # fmt: skip


def _readout_cell(learning: LearningParameters) -> NeuronModel:
    """Return the output channel: predictions, their errors, and the gate of the timing rule."""
    limits = {"faint": float(np.exp(-0.5 * learning.gate_width**2)),
              "beyond": learning.gate_threshold}  # fmt: skip
    gate = {
        "window": "int(evidence > faint)", "full": "1",
        "union": "int(evidence > faint or abs(y) > beyond)",
    }[learning.gate]  # fmt: skip
    names = ("y", "p", *_CHANNEL, "evidence", "error", "surprise", "gate")
    return NeuronModel(
        name="readout",
        equations="\n".join(f"{name} : 1" for name in names),
        update=f"error = target - y\nsurprise = shown - p\ngate = active*{gate}",
        parameters={name: value for name, value in limits.items() if name in gate},
        reference="Yamada & Chao 2026",
    )


def _loops(p: ReservoirParameters, drawn: Reservoir) -> list[Any]:
    """Return the recurrent synapses, as a list or a matrix."""
    loops: list[Any] = []
    for name, edges in (("exc", drawn.excitatory), ("inh", drawn.inhibitory)):
        if p.coupling_excitatory == p.coupling_inhibitory == 0 or not edges.pre.size:
            continue
        common: dict[str, Any] = {"name": f"{name}_loop", "source": "cell", "target": "cell",
                                  "transmit": f"g_{name}_post += w"}  # fmt: skip
        if p.connection_probability < 1:
            pre, post, w = edges
            loops.append(SparseProjection(pre=pre, post=post, initial={"w": w}, **common))
        else:
            matrix = np.zeros((p.n_cells, p.n_cells))
            matrix[edges.pre, edges.post] = edges.w
            loops.append(DenseProjection(initial={"w": matrix}, **common))
    return loops


# ---- the estimator -------------------------------------------------------------------------------


class WhatWhenPredictor(SpikingEstimator, without=("dtype",)):
    """Spiking reservoir with two read-outs on the same cells: what comes next, and when.

    A cue starts a reservoir of heterogeneous Izhikevich cells. The "when" read-out follows its
    activity in every millisecond and is corrected online by its error, where a gate of its channel
    is open; its output is fed back. The "what" read-out sees the activity averaged after the cue
    and is corrected once per trial. The prediction is the product of both.

    `fit` and `partial_fit` take the events, integers of shape (n_trials,), and their latencies
    after the cue, a quantity of shape (n_trials,) or () (plain numbers are seconds). No trials at
    all make an untrained model.

    Attributes
    ----------
    when_weights_, what_weights_ : array, shape (n_cells, n_channels)
        Weights of the read-outs.
    what_history_ : array, shape (n_seen_, n_channels)
        Predicted probabilities in every trial, before learning from it.
    power_, average_power_ : float
        Mean power of the activity in an untrained trial, and power of its average after the cue.
    n_seen_ : int
        Trials learned so far.

    References
    ----------
    Yamada & Chao (2026), doi 10.1038/s42003-026-10836-2. Its equations and constants were not
    available; they are choices here, named in the guide.

    Examples
    --------
    >>> from brian2 import ms
    >>> small = ReservoirParameters(n_excitatory=40, n_inhibitory=10, trial=400*ms)
    >>> model = WhatWhenPredictor(reservoir=small, target="numpy")
    >>> model.fit([0, 1, 0], [200, 300, 200]*ms).predict().when.shape
    (4, 400, 2)
    """

    stored = (BufferedInverse,)
    chunk = None

    n_channels: int = param(2, minimum=1, doc="number of events")
    reservoir: ReservoirParameters = param(ReservoirParameters(), doc="constants of the reservoir")
    learning: LearningParameters = param(LearningParameters(), doc="constants of the read-outs")
    optimiser: str = param("local", choices=("local", "rls"), doc="the gated delta rules, or "
        "recursive least squares in their place, which is not local")  # fmt: skip
    merged: bool = param(False, doc="one read-out per channel, which learns the product itself")
    n_tests: int = param(4, minimum=1, doc="trials that `predict` averages: cells are noisy")

    when_weights_: Floats
    what_weights_: Floats
    what_history_: Floats
    power_: float
    average_power_: float
    inverses_: list[BufferedInverse]

    def combined_checks(self) -> None:
        """Refuse read-outs that do not fit the trial."""
        p, learning, place = self.reservoir, self.learning, f"{type(self).__name__}.learning"
        if (end := learning.average_end) > p.trial:
            raise ValueError(f"{place}: average_end must lie in the trial of {p.trial}, got {end}")
        if self.optimiser == "rls":
            check_multiple(f"{place}: rls_interval must divide the trial", p.trial,
                           learning.rls_interval)  # fmt: skip

    # ---- network and inputs ----------------------------------------------------------------------

    @property
    def dt(self) -> Quantity:
        """Time step of the programs."""
        return self.reservoir.dt

    @property
    def reservoir_(self) -> Reservoir:
        """The draw of the reservoir."""
        return draw_reservoir(self.reservoir, n_channels=self.n_channels, seed=self.seed_)

    def network(self, kind: str) -> NetworkSpec:
        """Return the closed loop of reservoir and read-outs.

        Only that which shall "learn" has rules. That called "segment" runs for one interval of
        least squares, and the caller resets its cells. All record the outputs ``y``; "frozen" also
        ``r`` in every tenth step, "watched" in every step, and the spikes. Inputs are ``cue`` and
        ``average`` (one value per step), ``target``, ``active``, ``shown`` (one per channel) and
        ``evidence`` (one); the state has ``when.w`` and, unless merged, ``what.w``, shape
        (n_cells, n_channels).
        """
        p, n, learning, drawn = self.reservoir, self.n_channels, self.learning, self.reservoir_
        learned: dict[str, Any] = {"when": {}, "what": {}}
        if kind == "learn":
            rules = (gated_delta_rule(), trial_delta_rule(normalised=learning.normalise == "trial"))
            for name, rule, error in zip(learned, rules, ("error", "surprise"), strict=True):
                learned[name] = {"rule": rule, "modulators": {"error_post": ("readout", error)}}
            learned["when"]["modulators"]["gate_post"] = ("readout", "gate")
        else:
            learning = learning.with_values(gate="full")  # nothing learns: one build for all gates
        read: dict[str, Any] = {"source": "cell", "target": "readout"}
        readouts = [
            DenseProjection(name=name, summed=text, **read, **learned[name])
            for name, text in (("when", "y_post = w*s_pre"), ("what", "p_post = w*rbar_pre"))
        ]
        anew = "v_post = v_start_post\nu_post = b_post*v_start_post" + "".join(
            f"\n{name}_post = 0" for name in ("g_exc", "g_inh", "x", "s")
        )
        begin = PlasticityRule(  # of every cell; nothing is learned
            name="start of trial", on_trial_start=f"{anew if p.reset else ''}\nrbar_post = 0"
        )
        channel, cell = np.nonzero(drawn.feedback)
        if channel.size == 0:  # an open loop: one synapse of weight zero keeps the shape
            channel = cell = np.zeros(1, dtype=int)
        records: list[Any] = [StateRecord(population="readout", variable="y")]
        if kind in ("frozen", "watched"):
            every = 10 if kind == "frozen" else 1
            records.append(StateRecord(population="cell", variable="r", every=every))
        if kind == "watched":
            records.append(SpikeRecord(population="cell"))
        return NetworkSpec(
            populations=(
                *(AnalogueSource(name=name, n=1) for name in ("cue", "average", "evidence")),
                *(AnalogueSource(name=name, n=n) for name in _CHANNEL),
                NoiseSource(name="noise", n=p.n_cells),
                Population(
                    name="cell", n=p.n_cells, model=_reservoir_cell(p, drawn),
                    inputs={"cue_on": "cue", "average": "average", "noise": "noise"},
                ),
                Population(
                    name="readout", n=n, model=_readout_cell(learning),
                    inputs={name: name for name in (*_CHANNEL, "evidence")},
                ),
            ),
            projections=(
                *readouts[: 1 if self.merged else 2],
                SparseProjection(
                    name="feedback", source="readout", target="cell", pre=channel, post=cell,
                    summed="i_feedback_post = w*clip(y_pre, low, high)",
                    initial={"w": drawn.feedback[channel, cell]},
                    parameters={"low": p.feedback_min, "high": p.feedback_max},
                    rule=None if kind == "segment" else begin,
                ),
                *_loops(p, drawn),
            ),
            trial=Trial(duration=learning.rls_interval if kind == "segment" else p.trial),
            records=tuple(records),
        )  # fmt: skip

    def program(self, kind: str) -> Program:
        """Return the compiled network of a kind; it is kept as long as no parameter changes."""
        made_of = (self.get_params(deep=False), self.seed_)
        kept: dict[str, tuple[Any, Program]] = self.__dict__.setdefault("_kept", {})
        if kind not in kept or kept[kind][0] != made_of:
            kept[kind] = (made_of, super().program(kind))
        return kept[kind][1]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_kept"}

    def _initial(self) -> Arrays:
        kind = "learn" if self.optimiser == "local" else "segment"
        return self.program(kind).initial_state(self.seed_)

    def trial_inputs(self, event: int | None = None, latency: float = 0.0) -> Arrays:
        """Return what the experimenter gives to the network in one trial, the cue alone by default.

        ``target`` is what the outputs should be, ``active`` whether their timing may learn (merged:
        the channel of an event not shown learns zero), ``shown`` which event it is: shape (1,
        n_steps, n_channels); ``evidence`` is the event itself, (1, n_steps, 1), as are ``cue`` and
        ``average``. The latency is in seconds.
        """
        p, learning = self.reservoir, self.learning
        time = np.arange(p.n_steps) * float(p.dt)
        inside = (time >= float(learning.average_start)) & (time < float(learning.average_end))
        one_hot, bump = np.zeros(self.n_channels, dtype=np.float32), np.zeros_like(time)
        if event is not None:
            one_hot[event] = 1
            bump = _bump(time, latency, float(learning.event_width))
        shown = np.repeat(one_hot[None, None], p.n_steps, axis=1)
        given = {"cue": time < float(p.cue_duration), "average": inside / inside.sum(),
                 "evidence": bump}  # fmt: skip
        frames = {name: v.astype(np.float32)[None, :, None] for name, v in given.items()}
        active = np.ones_like(shown) if self.merged else shown
        return {**frames, "target": frames["evidence"] * one_hot, "active": active, "shown": shown}

    def _with_weights(self, state: Arrays) -> Arrays:
        given = {"when.w": self.when_weights_, "what.w": self.what_weights_}
        return state | {name: w.astype(np.float32) for name, w in given.items() if name in state}

    # ---- learning --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None, **options: Any) -> Self:
        """Learn from scratch: events and their latencies; options as in `SpikingEstimator.fit`."""
        if np.size(X):
            return super().fit(X, y, **options)
        self.__dict__.pop("n_seen_", None)
        return self.partial_fit(X, y)

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return events, and latencies in seconds, both of shape (n_trials,).

        Raises
        ------
        TypeError, ValueError
            For events that do not exist, latencies outside the trial, or another unit.
        """
        place, trial = f"{type(self).__name__}.fit", float(self.dt) * self.reservoir.n_steps
        events = check_labels(f"{place}: events", X, n_classes=self.n_channels)
        when = np.asarray(strip_seconds(f"{place}: latencies", y), dtype=np.float64)
        if when.shape not in ((), events.shape):
            raise ValueError(f"{place}: latencies must have shape {events.shape}, got {when.shape}")
        when = np.broadcast_to(when, events.shape)
        if not np.all((when >= 0) & (when <= trial)):
            raise ValueError(f"{place}: latencies must lie within the trial of {trial:g} s")
        return events, when

    def start(self, X: Any, y: Any) -> None:
        """Begin with read-outs of weight zero, and measure the power of the activity."""
        shape = (self.reservoir.n_cells, self.n_channels)
        self.when_weights_, self.what_weights_ = np.zeros(shape), np.zeros(shape)
        self.what_history_ = np.zeros((0, self.n_channels))
        self.state_ = self._initial()
        self.reset_optimiser()
        ((state, record),) = self._show_cue("frozen", 1, _CALIBRATE)
        power = np.square(record["cell.r"][0].astype(np.float64)).sum(axis=1).mean()
        self.power_ = float(power)
        self.average_power_ = float(np.square(state["cell.rbar"].astype(np.float64)).sum())

    def reset_optimiser(self) -> Self:
        """Forget the correlations that recursive least squares has seen, but not the weights.

        Timing channels have a matrix each, since a channel has a target only when its event is
        shown; the identity read-out has its own, as has a merged read-out for all channels.
        """
        check_is_fitted(self, "when_weights_")
        p, learning = self.reservoir, self.learning
        buffer = round(float(p.trial) / float(learning.rls_interval))
        factors = [learning.forgetting_when] * (1 if self.merged else self.n_channels)
        self.inverses_ = [
            BufferedInverse(p.n_cells, ridge=learning.ridge, forgetting=factor, buffer=buffer)
            for factor in (*factors, learning.forgetting_what) if self.optimiser == "rls"
        ]  # fmt: skip
        return self

    def learn(self, X: Any, y: Any) -> None:
        """Learn from trials, one after the other."""
        trial = self._learn_local if self.optimiser == "local" else self._learn_squares
        for event, latency in zip(X.tolist(), y.tolist(), strict=True):
            predicted = trial(self.trial_inputs(event, latency))
            self.what_history_ = np.vstack([self.what_history_, predicted.astype(np.float64)])

    def _learn_local(self, inputs: Arrays) -> NDArray[Any]:
        learning, state = self.learning, self._with_weights(self.state_)
        once = self.average_power_ if learning.normalise == "once" else 1.0
        steps = {"when": (learning.eta_when, self.power_), "what": (learning.eta_what, once)}
        known = [name for name in steps if f"{name}.w" in state]
        for name in known:
            eta, power = steps[name]  # no power: all are silent
            state[f"{name}.eta"] = np.array(eta / power if power > 0 else 0.0, dtype=np.float32)
        self.state_, _ = self.program("learn")(state, inputs, seed=self.stream(_LEARN))
        for name in known:
            setattr(self, f"{name}_weights_", self.state_[f"{name}.w"].astype(np.float64))
        return self.state_["readout.p"]

    def _learn_squares(self, inputs: Arrays) -> NDArray[Any]:
        p, state, initial = self.reservoir, dict(self.state_), self._initial()
        for name in _CELL if p.reset else ("rbar",):
            state[f"cell.{name}"] = initial[f"cell.{name}"]
        length = round(float(self.learning.rls_interval) / float(p.dt))
        program, seed = self.program("segment"), self.stream(_LEARN)
        for begin in range(0, p.n_steps, length):
            part = {name: frames[:, begin : begin + length] for name, frames in inputs.items()}
            state, _ = program(self._with_weights(state), part, seed=seed)
            step, activity = min(begin + length, p.n_steps - 1), state["cell.s"].astype(np.float64)
            error = inputs["target"][0, step] - activity @ self.when_weights_
            if self.merged:
                change = np.outer(self.inverses_[0].gain(activity), error)
            else:
                change = np.zeros_like(self.when_weights_)
                for channel in np.flatnonzero(inputs["active"][0, step]):
                    gain = self.inverses_[channel].gain(activity)
                    change[:, channel] = gain * error[channel]
            self.when_weights_ = self.when_weights_ + change
        rbar = state["cell.rbar"].astype(np.float64)
        predicted = rbar @ self.what_weights_
        if not self.merged:
            change = np.outer(self.inverses_[-1].gain(rbar), inputs["shown"][0, 0] - predicted)
            self.what_weights_ = self.what_weights_ + change
        for inverse in self.inverses_:
            inverse.flush()
        self.state_ = state
        return np.asarray(predicted)

    # ---- using -----------------------------------------------------------------------------------

    def _show_cue(self, kind: str, n_trials: int, stream: int = _TEST) -> list[tuple[Arrays, Any]]:
        """Show the cue alone; cells that are not reset between trials go on from where they are."""
        check_integer(f"{type(self).__name__}: n_trials", n_trials, minimum=1)
        program, seed, found = self.program(kind), self.stream(stream), []
        for number in range(n_trials):
            state = program.initial_state(self.seed_)
            if not self.reservoir.reset:
                state |= {f"cell.{name}": self.state_[f"cell.{name}"] for name in _CELL}
            state["clock.trial"] = np.array(self.n_seen_ * 2**20 + number, dtype=np.int64)
            found.append(program(self._with_weights(state), self.trial_inputs(), seed=seed))
        return found

    def predict(self, n_trials: int | None = None) -> Prediction:
        """Show the cue alone, without learning.

        The noise of these trials depends on `random_state` and on the number of trials learned.

        Parameters
        ----------
        n_trials : int, optional
            Trials; default `n_tests`.
        """
        check_is_fitted(self, "n_seen_")
        seen = self._show_cue("frozen", self.n_tests if n_trials is None else n_trials)
        what = [state["cell.rbar"].astype(np.float64) @ self.what_weights_ for state, _ in seen]
        when = [record["readout.y"][0].astype(np.float64) for _, record in seen]
        return Prediction(np.array(what) if not self.merged else np.ones_like(what), np.array(when))

    def watch(self, n_trials: int = 1) -> Arrays:
        """Show the cue alone and return what the reservoir does.

        Parameters
        ----------
        n_trials : int, default 1
            Trials; their noise is that of `predict`.

        Returns
        -------
        dict of str to array
            ``r``, shape (n_trials, n_steps, n_cells), the filtered spikes that the read-outs see;
            ``spike_trial``, ``spike_time`` in seconds and ``spike_cell``, one entry per spike.
        """
        check_is_fitted(self, "n_seen_")
        records = [record for _, record in self._show_cue("watched", n_trials)]
        counts = [record["cell.spike_cell"].size for record in records]
        return {
            "r": np.array([record["cell.r"][0] for record in records]),
            "spike_trial": np.repeat(np.arange(n_trials), counts),
            **{name: np.concatenate([record[f"cell.{name}"] for record in records])
               for name in ("spike_time", "spike_cell")},
        }  # fmt: skip
