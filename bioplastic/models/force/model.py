"""FORCE: a spiking network learns to generate a signal by feeding its own output back.

Nicola & Clopath (2017), Nature Communications 8, 2208, doi 10.1038/s41467-017-01827-3; programs
ModelDB 190565. Recursive least squares after Sussillo & Abbott (2009),
doi 10.1016/j.neuron.2009.07.018.

A cell gets recurrent input through a double exponential filter, the fed-back output, and a bias;
``r`` is its own filtered spikes, a rate whose integral over one spike is one. The output is
``z = w r``, and ``w`` learns so that z follows a target; what reaches the cells is z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from brian2 import Quantity, get_unit, ms, mV, nS, pA, second, volt
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

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
from bioplastic.fields import Constants, param
from bioplastic.models.base import SpikingEstimator
from bioplastic.neurons import NeuronModel, izhikevich_2007, theta_neuron
from bioplastic.plasticity import PlasticityRule, rls_rule
from bioplastic.signals import AnalogueSource
from bioplastic.validation import check_choice, check_quantity

__all__ = [
    "CELLS",
    "ForceGenerator",
    "ForceParameters",
    "ForceRun",
    "delta_readout",
    "draw_recurrent",
    "force_cell",
    "force_network",
    "force_parameters",
    "force_readout",
]

#: Cells, with the unit of their input.
CELLS: dict[str, Quantity] = {
    "izhikevich": pA,
    "izhikevich_b0": pA,
    "songbird": pA,
    "theta": Quantity(1),
    "lif": mV,
}
_RECORD_EVERY = 1 * ms

# ---- equations -----------------------------------------------------------------------------------

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
_DRIVE = "i_syn + i_fb + i_bias"


def _any_unit(place: str, value: Any) -> Any:
    return value  # its unit depends on the cell


class ForceParameters(Constants):
    """Constants of a recurrent network whose output is fed back and learnt.

    The defaults are the network of Izhikevich cells for a sine or sawtooth; `force_parameters`
    returns those of the other cells. Weights act on rates: the current that weight ``w`` makes out
    of a rate ``r`` is ``w r``, so recurrent gains have the unit of the input times a time.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, for a wrong type, range or unit.

    Examples
    --------
    >>> ForceParameters().steps_per_update
    20
    """

    cell: str = param("izhikevich", choices=tuple(CELLS), doc="the neuron. The first has "
        "``v_t = -19.2 mV, b = -2 nS``, the second ``-20 mV`` and 0 (as the article prints), the "
        "third ``-40 mV`` and 0 with ``a = 0.002/ms, d = 100 pA``")  # fmt: skip
    n_neurons: int = param(2000, minimum=1, doc="neurons")
    dt: Quantity = param(0.04 * ms, positive=True, doc="time step")
    gain: Quantity = param(5000 * pA * ms, check=_any_unit, doc="strength of the fixed recurrent "
        "weights, ``gain N(0,1)/(probability sqrt(n))``")  # fmt: skip
    feedback: Quantity = param(5000 * pA, check=_any_unit, doc="strength of the feedback: encoders "
        "are uniform on plus or minus this")  # fmt: skip
    bias: Quantity = param(1000 * pA, check=_any_unit, doc="constant input")
    probability: float = param(0.1, positive=True, maximum=1, doc="chance of a recurrent synapse")
    centred: bool = param(False, doc="whether the recurrent inputs of every cell sum to zero")
    tau_rise: Quantity = param(2 * ms, positive=True, doc="rise of synapses and rates")
    tau_decay: Quantity = param(20 * ms, positive=True, doc="decay of synapses and rates")
    rate_unit: Quantity = param(1 * ms, positive=True, doc="rates enter the read-out times this "
        "(spikes per millisecond here); ``ridge`` refers to it")  # fmt: skip
    ridge: float = param(
        0.5, positive=True, doc="regularisation; its inverse is the ``lambda`` of the authors"
    )
    interval: Quantity = param(0.8 * ms, positive=True, doc="time between two updates")

    def __post_init__(self) -> None:
        super().__post_init__()
        unit = self.input_unit
        check_quantity("ForceParameters.gain", self.gain, unit * second, non_negative=True)
        check_quantity("ForceParameters.feedback", self.feedback, unit, non_negative=True)
        check_quantity("ForceParameters.bias", self.bias, unit)

    @property
    def input_unit(self) -> Quantity:
        """Unit of the input of a cell."""
        return CELLS[self.cell]

    @property
    def steps_per_update(self) -> int:
        """Time steps between two updates of the read-out."""
        return max(1, round(float(self.interval) / float(self.dt)))


_ONE = Quantity(1)
_PUBLISHED: dict[str, dict[str, Any]] = {
    "theta": {
        "dt": 0.01 * ms, "gain": 15 * second, "feedback": 1e4 * _ONE, "bias": 0 * _ONE,
        "centred": True, "rate_unit": 1 * second, "ridge": 1e5, "interval": 0.5 * ms,
    },
    "lif": {
        "dt": 0.05 * ms, "gain": 0.04 * mV * second, "feedback": 10 * mV, "bias": -40 * mV,
        "centred": True, "rate_unit": 1 * second, "ridge": 2e5, "interval": 2.5 * ms,
    },
}  # fmt: skip


def force_parameters(cell: str = "izhikevich", **overrides: Any) -> ForceParameters:
    """Return the published constants of a cell, with some replaced.

    Parameters
    ----------
    cell : {'izhikevich', 'izhikevich_b0', 'songbird', 'theta', 'lif'}, default 'izhikevich'
        The neuron.
    **overrides
        Fields of `ForceParameters`.

    Returns
    -------
    ForceParameters
        For theta cells those of the Lorenz attractor, for the others those of the sine.

    Examples
    --------
    >>> force_parameters("theta", n_neurons=500).gain
    15. * second
    """
    check_choice("force_parameters.cell", cell, tuple(CELLS))
    return ForceParameters(cell=cell, **_PUBLISHED.get(cell, {})).with_values(**overrides)


def force_cell(parameters: ForceParameters) -> NeuronModel:
    """Return the cell with its synaptic filters.

    Forward Euler for the cell; then the filters, exact decay with the increment of the step, as in
    the programs.

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
    filters = _SYNAPSES.format(unit=unit_string(p.input_unit.dim))
    common: dict[str, Any] = {
        "name": f"force-{p.cell.replace('_', '-')}",
        "update": _FILTER,
        "method": "euler",
        "reference": "Nicola & Clopath 2017",
    }
    constants = {"i_bias": p.bias, "tau_rise": p.tau_rise, "tau_decay": p.tau_decay}
    if p.cell == "lif":
        return NeuronModel(
            equations=f"dv/dt = ({_DRIVE} - v)/tau_m : volt (unless refractory)" + filters,
            threshold="v >= v_t",
            reset=f"v = v_reset; {_SPIKE}",
            refractory=2 * ms,
            parameters={"tau_m": 10 * ms, "v_t": -40 * mV, "v_reset": -65 * mV, **constants},
            initial={"v": lambda rng, n: (-0.065 + 0.095 * rng.random(n)) * volt},
            **common,
        )
    base = theta_neuron() if p.cell == "theta" else izhikevich_2007("force")
    if p.cell == "izhikevich_b0":
        base = base.with_parameters(b=0 * nS, v_t=-20 * mV)
    elif p.cell == "songbird":
        base = base.with_parameters(b=0 * nS, v_t=-40 * mV, a=0.002 / ms, d=100 * pA)
    lines = [line for line in base.equations.splitlines() if "i_in :" not in line]
    if p.cell == "theta":
        uniform = lambda rng, n: np.pi * (2 * rng.random(n) - 1)  # noqa: E731  two short formulas
    else:
        uniform = lambda rng, n: (-0.06 + 0.09 * rng.random(n)) * volt  # noqa: E731
    return NeuronModel(
        equations="\n".join(lines).replace("i_in", f"({_DRIVE})") + filters,
        threshold=base.threshold,
        reset=f"{base.reset}; {_SPIKE}",
        parameters={**base.parameters, **constants},
        initial={"v": uniform},
        **common,
    )


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


# ---- what the read-out learns --------------------------------------------------------------------


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
        Length of a trial.
    record_every : Quantity, default 1 ms
        Time between two recorded outputs.

    Returns
    -------
    NetworkSpec
        Takes ``target``, shape (n_samples, n_steps, n_outputs); its state has ``recurrent.w``,
        ``feedback.w`` (outputs, cells), ``readout.w``, ``readout.learning``; records the spikes of
        ``cell`` and ``output.z``.
    """
    p = parameters
    unit = get_unit(p.input_unit.dim)
    pre, post, _ = connections or draw_recurrent(p, np.random.default_rng(0))
    every = max(1, round(float(record_every) / float(p.dt)))
    return NetworkSpec(
        populations=(
            AnalogueSource(name="target", n=n_outputs, dtype="float64"),
            Population(name="cell", n=p.n_neurons, model=force_cell(p)),
            Population(
                name="output", n=n_outputs, model=NeuronModel(name="output", equations="z : 1")
            ),
        ),
        projections=(
            SparseProjection(
                name="recurrent", source="cell", target="cell", pre=pre, post=post,
                transmit="g_post += w*unit/(tau_rise*tau_decay)",
                parameters={
                    "unit": 1 * unit * second, "tau_rise": p.tau_rise, "tau_decay": p.tau_decay,
                },
            ),
            DenseProjection(
                name="feedback", source="output", target="cell",
                summed="i_fb_post = w*z_pre*unit", parameters={"unit": 1 * unit},
            ),
            DenseProjection(
                name="readout", source="cell", target="output", rule=rule,
                summed="z_post = w*r_pre*readout_unit", summed_when="after",
                parameters={"readout_unit": p.rate_unit},
                modulators={"target_post": ("target", "x")},
            ),
        ),
        trial=Trial(duration=block),
        records=(
            SpikeRecord(population="cell"),
            StateRecord(population="output", variable="z", every=every),
        ),
    )  # fmt: skip


# ---- the estimator -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ForceRun:
    """A stretch of simulation.

    Parameters
    ----------
    start, duration : float
        In seconds; ``start`` counts from the beginning of the first run.
    time : array, shape (n_records,)
        Times of the recorded outputs in seconds, once per millisecond.
    output : array, shape (n_records, n_outputs)
        The output.
    spike_time : array, shape (n_spikes,)
        Seconds since the beginning of the first run.
    spike_cell : array of int32, shape (n_spikes,)
        Who fired.
    n_neurons : int
        Number of neurons.
    """

    start: float
    duration: float
    time: NDArray[np.float64]
    output: NDArray[np.float64]
    spike_time: NDArray[np.float64]
    spike_cell: NDArray[np.int32]
    n_neurons: int

    @property
    def rate(self) -> float:
        """Mean rate of the cells in Hz."""
        return float(self.spike_cell.size / self.n_neurons / self.duration)


class ForceGenerator(SpikingEstimator):
    """Recurrent spiking network whose linear output is fed back and learns a given signal.

    Attributes
    ----------
    state_ : dict of str to array
        State of the network, as of `bioplastic.engine.Program`.
    settling_, training_ : ForceRun
        What the network did before and while it learned.
    connections_ : tuple of array
        Presynaptic and postsynaptic cell and weight (base SI units) of the recurrent synapses.

    References
    ----------
    Sussillo and Abbott (2009), doi 10.1016/j.neuron.2009.07.018; Nicola and Clopath (2017),
    doi 10.1038/s41467-017-01827-3.

    Examples
    --------
    >>> from bioplastic.models.force import force_parameters
    >>> model = ForceGenerator(force_parameters(n_neurons=100), settle=100 * ms)
    >>> time = model.sample_times(200 * ms)
    >>> run = model.fit(np.sin(2 * np.pi * 10 * time)).generate(100 * ms)
    >>> run.output.shape
    (100, 1)
    """

    stored: ClassVar[tuple[type, ...]] = (ForceRun,)

    parameters: ForceParameters | None = param(
        None, doc="constants of the network; those of `force_parameters` by default"
    )
    rule: str = param("force", choices=("force", "rls", "delta"), doc="how the read-out learns: "
        "recursive least squares with the published gain or the exact one (both not local), or "
        "the delta rule (local, with the error as modulator)")  # fmt: skip
    eta: float = param(0.03, minimum=0, doc="learning rate of the delta rule: share of the error "
        "that one update removes, at the rates before learning; they grow once the output is fed "
        "back")  # fmt: skip
    settle: Quantity = param(1 * second, minimum=0 * second, doc="how long the network runs "
        "before it learns, with a silent output")  # fmt: skip
    feedback: bool = param(True, doc="whether the output reaches the cells")
    block: Quantity = param(100 * ms, positive=True, doc="runs are made of whole blocks")

    n_outputs_: int
    settling_: ForceRun
    training_: ForceRun
    connections_: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]

    @property
    def dt(self) -> Any:
        """Time step."""
        return self.constants_.dt

    @property
    def constants_(self) -> ForceParameters:
        """The constants in use."""
        return ForceParameters() if self.parameters is None else self.parameters

    def sample_times(self, duration: Quantity) -> NDArray[np.float64]:
        """Return the times in seconds at which `fit` expects the target, one per time step.

        Parameters
        ----------
        duration : Quantity
            Length (time).
        """
        steps = _count("ForceGenerator.sample_times: duration", duration, self.dt)
        return np.asarray((np.arange(steps) + 1) * float(self.dt), dtype=np.float64)

    def network(self, kind: str) -> NetworkSpec:
        """Return the network; it learns where ``readout.learning`` is 1."""
        p = self.constants_
        rule = (
            delta_readout(p, eta=self.eta)
            if self.rule == "delta"
            else force_readout(p, gain="force" if self.rule == "force" else "exact")
        )
        return force_network(
            p, rule, self.n_outputs_, connections=self.connections_, block=self.block,
            record_every=_RECORD_EVERY,
        )  # fmt: skip

    def fit(self, X: Any) -> Self:  # type: ignore[override]
        """Start anew: run without learning for ``settle``, then learn the target once through.

        Parameters
        ----------
        X : array, shape (n_steps,) or (n_steps, n_outputs)
            The target at every time step, a whole number of blocks long.

        Returns
        -------
        ForceGenerator
            Itself.

        Raises
        ------
        ValueError, TypeError
            For wrong parameters or a target of wrong shape or length.
        """
        self._check_params()
        frames = self._cut(X)
        self.build(frames.shape[2])
        settling = _count("ForceGenerator.settle", self.settle, self.block)
        self.settling_ = self._run(settling, None)
        if "readout.power" in self.state_:
            power = self._rate_power()
            self.state_["readout.power"] = np.asarray(power, dtype=self.dtype)
        self.training_ = self._run(len(frames), frames)
        return self

    def build(self, n_outputs: int = 1) -> Self:
        """Draw the weights and compile the network, or take it from the cache; `fit` does it too.

        Parameters
        ----------
        n_outputs : int, default 1
            Number of outputs.
        """
        self._check_params()
        self.n_outputs_ = n_outputs
        self._begin(None, None)
        return self

    def start(self, X: Any, y: Any) -> None:
        """Draw recurrent weights and encoders."""
        p, rng = self.constants_, np.random.default_rng(self.seed_)
        self.connections_ = draw_recurrent(p, rng)
        encoders = float(p.feedback) * (2 * rng.random((self.n_outputs_, p.n_neurons)) - 1)
        super().start(X, y)
        given = {"recurrent.w": self.connections_[2], "feedback.w": encoders * self.feedback}
        for name, values in given.items():
            self.state_[name] = values.astype(self.state_[name].dtype)

    def partial_fit(self, X: Any) -> Self:  # type: ignore[override]
        """Go on learning from where the network is; the first call is `fit`.

        Parameters
        ----------
        X : array, shape (n_steps,) or (n_steps, n_outputs)
            The target at every time step, a whole number of blocks long.
        """
        if not hasattr(self, "state_"):
            return self.fit(X)
        frames = self._cut(X)
        if frames.shape[2] != self.n_outputs_:
            raise ValueError(
                f"ForceGenerator.partial_fit: X must have {self.n_outputs_} outputs, "
                f"got {frames.shape[2]}"
            )
        self.training_ = self._run(len(frames), frames)
        return self

    def generate(self, duration: Quantity, *, feedback: bool | None = None) -> ForceRun:
        """Run on without learning; the network stays where the run ends.

        Parameters
        ----------
        duration : Quantity
            Length (time), a whole number of blocks.
        feedback : bool, optional
            Whether the output reaches the cells in this run; default as the network learned.
        """
        check_is_fitted(self, "state_")
        kept = self.state_["feedback.w"]
        if feedback is False:
            self.state_ = {**self.state_, "feedback.w": np.zeros_like(kept)}
        try:
            return self._run(_count("ForceGenerator: duration", duration, self.block), None)
        finally:
            self.state_["feedback.w"] = kept

    def effective_weights(self, *, learned: bool = True) -> NDArray[np.float64]:
        """Return recurrent weights plus, if ``learned``, the loop through the output.

        Returns
        -------
        array, shape (n, n)
            From column to row, in base SI units times seconds.
        """
        check_is_fitted(self, "state_")
        n = self.constants_.n_neurons
        pre, post, w = self.connections_
        matrix = np.zeros((n, n))
        matrix[post, pre] = w
        if learned:
            unit = float(self.constants_.rate_unit)
            matrix += self.state_["feedback.w"].T.astype(float) @ (
                unit * self.state_["readout.w"].T.astype(float)
            )
        return matrix

    def _cut(self, target: Any) -> NDArray[np.float64]:
        """Return a target in blocks, shape (n_blocks, n_steps, n_outputs)."""
        place = "ForceGenerator.fit: X"
        steps = _count("ForceGenerator.block", self.block, self.dt)
        array = np.asarray(target, dtype=np.float64)
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or array.size == 0:
            raise ValueError(
                f"{place}: must have shape (n_steps,) or (n_steps, n_outputs), got {array.shape}"
            )
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{place}: must be finite")
        if array.shape[0] % steps:
            raise ValueError(
                f"{place}: must be a whole number of blocks of {steps} steps ({self.block}) long, "
                f"got {array.shape[0]} steps"
            )
        return array.reshape(-1, steps, array.shape[1])

    def _rate_power(self) -> float:
        """Return the mean squared length of the rates, from the mean rate of the settled network.

        The rate of a cell that fires like a Poisson process has this second moment.
        """
        p, rate = self.constants_, self.settling_.rate
        second_moment = rate**2 + rate / (2 * (float(p.tau_rise) + float(p.tau_decay)))
        return float(p.n_neurons * second_moment * float(p.rate_unit) ** 2)

    def _run(self, blocks: int, frames: NDArray[np.float64] | None) -> ForceRun:
        p, program, seconds = self.constants_, self.program("learn"), float(self.block)
        start = int(self.state_["clock.step"]) * float(p.dt)
        learn = np.asarray(float(frames is not None), dtype=self.dtype)
        state = {**self.state_, "readout.learning": learn}
        silent = np.zeros((program.layout.n_steps, self.n_outputs_))
        outputs, times, cells = [np.zeros((0, self.n_outputs_))], [np.zeros(0)], []
        chunk = max(1, round(1.0 / seconds))  # one second per call
        bar = tqdm(total=blocks * seconds, disable=not self.progress, unit="s", desc="simulated")
        for first in range(0, blocks, chunk):
            count = min(chunk, blocks - first)
            given = silent if frames is None else frames[first : first + count]
            state, record = program(state, {"target": given}, n_samples=count, seed=self.seed_)
            outputs.append(record["output.z"].reshape(-1, self.n_outputs_))
            offset = start + (first + record["cell.spike_trial"]) * seconds
            times.append(offset + record["cell.spike_time"])
            cells.append(record["cell.spike_cell"])
            bar.update(count * seconds)
        bar.close()
        self.state_ = state
        output = np.concatenate(outputs).astype(np.float64)
        every = round(float(_RECORD_EVERY) / float(p.dt)) * float(p.dt)
        return ForceRun(
            start=start,
            duration=blocks * seconds,
            time=np.asarray(start + every * (np.arange(output.shape[0]) + 1), dtype=np.float64),
            output=output,
            spike_time=np.concatenate(times),
            spike_cell=np.concatenate([np.zeros(0, dtype=np.int32), *cells]),
            n_neurons=p.n_neurons,
        )


def _count(place: str, duration: Any, part: Any) -> int:
    """Return how many parts a duration has, which must be a whole number."""
    check_quantity(place, duration, second, non_negative=True)
    exact = float(duration) / float(part)
    count = round(exact)
    if abs(exact - count) > 1e-6 * max(1, count):
        raise ValueError(f"{place}: must be a multiple of {part}, got {duration}")
    return count
