"""FORCE: a spiking network learns to generate a signal by feeding its own output back.

Nicola & Clopath (2017), Nature Communications 8, 2208, doi 10.1038/s41467-017-01827-3; programs
ModelDB 190565. Recursive least squares after Sussillo & Abbott (2009),
doi 10.1016/j.neuron.2009.07.018.

A cell gets recurrent input through a double exponential filter, the fed-back output, and a bias;
``r`` is its own filtered spikes, a rate whose integral over one spike is one. The output is
``z = w r``, and ``w`` learns so that z follows a target; what reaches the cells is z.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from brian2 import Quantity, get_unit, ms, mV, pA, second, volt
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from bioplastic.analysis._arrays import check_array
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
from bioplastic.validation import check_choice, check_multiple, check_quantity

__all__ = ["CELLS", "ForceGenerator", "ForceParameters", "ForceRun", "force_parameters"]

_ONE = Quantity(1)
#: Published constants of each cell, where they are not the defaults.
CELLS: dict[str, dict[str, Any]] = {
    "izhikevich": {}, "izhikevich_b0": {}, "songbird": {},
    "theta": {
        "dt": 0.01 * ms, "gain": 15 * second, "feedback": 1e4 * _ONE, "bias": 0 * _ONE,
        "centred": True, "rate_unit": 1 * second, "ridge": 1e5, "interval": 0.5 * ms,
    },
    "lif": {
        "dt": 0.05 * ms, "gain": 0.04 * mV * second, "feedback": 10 * mV, "bias": -40 * mV,
        "centred": True, "rate_unit": 1 * second, "ridge": 2e5, "interval": 2.5 * ms,
    },
}  # fmt: skip

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
_LIF = NeuronModel(
    name="lif",
    equations="dv/dt = (i_in - v)/tau_m : volt (unless refractory)\ni_in : volt",
    threshold="v >= v_t",
    reset="v = v_reset",
    refractory=2 * ms,
    parameters={"tau_m": 10 * ms, "v_t": -40 * mV, "v_reset": -65 * mV},
)
_START: dict[str, Any] = {  # from uniform numbers below 1
    "lif": lambda x: (-0.065 + 0.095 * x) * volt,
    "theta": lambda x: np.pi * (2 * x - 1),
}


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
    >>> ForceParameters(gain=8000 * pA * ms).n_neurons
    2000
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
        return {"theta": _ONE, "lif": mV}.get(self.cell, pA)


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
    return ForceParameters(cell=cell, **CELLS[cell]).with_values(**overrides)


def _cell(p: ForceParameters) -> NeuronModel:
    """Return the cell with its synaptic filters; its voltage starts anywhere up to the peak.

    Forward Euler for the cell; then the filters, exact decay with the increment of the step, as in
    the programs.
    """
    if p.cell == "lif":
        base = _LIF
    else:
        name = "force" if p.cell == "izhikevich" else "force_b0"
        base = theta_neuron() if p.cell == "theta" else izhikevich_2007(name)
    if p.cell == "songbird":
        base = base.with_parameters(v_t=-40 * mV, a=0.002 / ms, d=100 * pA)
    lines = [line for line in base.equations.splitlines() if "i_in :" not in line]
    start = _START.get(p.cell, lambda x: (-0.06 + 0.09 * x) * volt)
    return NeuronModel(
        name=f"force-{p.cell.replace('_', '-')}",
        equations="\n".join(lines).replace("i_in", "(i_syn + i_fb + i_bias)")
        + _SYNAPSES.format(unit=unit_string(p.input_unit.dim)),
        threshold=base.threshold,
        reset=f"{base.reset}; q += 1/(tau_rise*tau_decay)",
        refractory=base.refractory,
        update=_FILTER,
        parameters={
            **base.parameters, "i_bias": p.bias, "tau_rise": p.tau_rise, "tau_decay": p.tau_decay
        },
        initial={"v": lambda rng, n: start(rng.random(n))},
        reference="Nicola & Clopath 2017",
    )  # fmt: skip


def _draw_recurrent(
    p: ForceParameters, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Return presynaptic and postsynaptic cells, sorted, and weights in base SI units."""
    n = p.n_neurons
    pre, post = np.nonzero(rng.random((n, n)) < p.probability)
    w = rng.standard_normal(pre.size) * float(p.gain) / (p.probability * np.sqrt(n))
    if p.centred:
        count = np.maximum(np.bincount(post, minlength=n), 1)
        w -= (np.bincount(post, w, minlength=n) / count)[post]
    return pre.astype(np.int32), post.astype(np.int32), w


# ---- the estimator -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ForceRun:
    """A stretch of simulation of ``n_neurons`` cells.

    Parameters
    ----------
    start, duration : float
        In seconds; ``start`` counts from the beginning of the first run.
    output : array, shape (n_records, n_outputs)
        The output, once per millisecond.
    spike_time : array, shape (n_spikes,)
        Seconds since the beginning of the first run.
    spike_cell : array of int32, shape (n_spikes,)
        Who fired.
    """

    start: float
    duration: float
    output: NDArray[np.float64]
    spike_time: NDArray[np.float64]
    spike_cell: NDArray[np.int32]
    n_neurons: int

    @property
    def time(self) -> NDArray[np.float64]:
        """Times of the recorded outputs in seconds, shape (n_records,)."""
        every = self.duration / max(1, len(self.output))
        return np.asarray(self.start + every * (np.arange(len(self.output)) + 1))

    @property
    def rate(self) -> float:
        """Mean rate of the cells in Hz."""
        return float(self.spike_cell.size / self.n_neurons / (self.duration or np.inf))

    def __add__(self, later: ForceRun) -> ForceRun:
        """Return both stretches as one."""
        names = ("output", "spike_time", "spike_cell")
        joined = {n: np.concatenate([getattr(self, n), getattr(later, n)]) for n in names}
        return replace(self, duration=self.duration + later.duration, **joined)


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
    def constants_(self) -> ForceParameters:
        """The constants in use."""
        return ForceParameters() if self.parameters is None else self.parameters

    @property
    def dt(self) -> Any:
        """Time step."""
        return self.constants_.dt

    @property
    def chunk(self) -> int:  # type: ignore[override]
        """Blocks that `learn` gets at once: about one second."""
        return max(1, round(1.0 / float(self.block)))

    def sample_times(self, duration: Quantity) -> NDArray[np.float64]:
        """Return the times in seconds at which `fit` expects the target, one per time step.

        Parameters
        ----------
        duration : Quantity
            Length (time).
        """
        steps = check_multiple("ForceGenerator.sample_times: duration", duration, self.dt)
        return np.asarray((np.arange(steps) + 1) * float(self.dt), dtype=np.float64)

    def combined_checks(self) -> None:
        """Refuse a delta rule that cannot know the power of the rates."""
        if self.rule == "delta" and not self.settle:
            raise ValueError("ForceGenerator.settle: must be positive with the delta rule")

    # ---- what it is ------------------------------------------------------------------------------

    def readout_rule(self) -> PlasticityRule:
        """Return what the read-out learns by.

        The delta rule is ``w += eta (target - z) r / power`` for each synapse, where ``power`` is
        the squared length of the rates, a constant of the network, estimated before learning.

        Examples
        --------
        >>> [str(ForceGenerator(rule=name).readout_rule().audit().verdict)
        ...  for name in ("force", "delta")]
        ['NON-LOCAL', 'local with modulator']
        """
        p = self.constants_
        common: dict[str, Any] = {"interval": p.interval, "parameters": {"rate_unit": p.rate_unit}}
        if self.rule == "delta":
            return PlasticityRule(
                name="delta",
                synapse="w : 1\neta : 1 (shared)\npower : 1 (shared)",
                modulators="target_post : 1\nlearning : 1 (shared)",
                every="w += learning*eta/power*(target_post - z_post)*r_pre*rate_unit",
                initial={"eta": self.eta, "power": 1.0},
                reference="Widrow & Hoff 1960",
                **common,
            )
        gain = "force" if self.rule == "force" else "exact"
        return rls_rule(
            activity="r_pre*rate_unit", ridge=p.ridge, gain=gain, name="force",
            reference="Nicola & Clopath 2017", **common,
        )  # fmt: skip

    def network(self, kind: str) -> NetworkSpec:
        """Return recurrent cells, a linear output, its feedback, and what it learns.

        Order within a step: cells with the feedback of the output of the previous step, spikes,
        output, error and learning, resets. It takes ``target``, shape (n_samples, n_steps,
        n_outputs), and learns where ``readout.learning`` is 1.
        """
        p, n_outputs = self.constants_, self.n_outputs_
        unit = get_unit(p.input_unit.dim)
        filters = {"tau_rise": p.tau_rise, "tau_decay": p.tau_decay}
        output = NeuronModel(name="output", equations="z : 1")
        return NetworkSpec(
            populations=(
                AnalogueSource(name="target", n=n_outputs, dtype="float64"),
                Population(name="cell", n=p.n_neurons, model=_cell(p)),
                Population(name="output", n=n_outputs, model=output),
            ),
            projections=(
                SparseProjection(
                    name="recurrent", source="cell", target="cell", pre=self.connections_[0],
                    post=self.connections_[1], transmit="g_post += w*unit/(tau_rise*tau_decay)",
                    parameters={"unit": 1 * unit * second, **filters},
                ),
                DenseProjection(
                    name="feedback", source="output", target="cell",
                    summed="i_fb_post = w*z_pre*unit", parameters={"unit": 1 * unit},
                ),
                DenseProjection(
                    name="readout", source="cell", target="output", rule=self.readout_rule(),
                    summed="z_post = w*r_pre*readout_unit", summed_when="after",
                    parameters={"readout_unit": p.rate_unit},
                    modulators={"target_post": ("target", "x")},
                ),
            ),
            trial=Trial(duration=self.block),
            records=(
                SpikeRecord(population="cell"),
                StateRecord(population="output", variable="z", every=1 * ms),
            ),
        )  # fmt: skip

    def check_data(self, X: Any, y: Any, *, first: bool, classes: Any = None) -> tuple[Any, Any]:
        """Return a target, one value or row per time step, in blocks.

        Their shape is (n_blocks, n_steps, n_outputs).

        Raises
        ------
        ValueError
            For another shape or number of outputs, NaN, or a length of no whole blocks.
        """
        place = "ForceGenerator.fit: X"
        steps = check_multiple("ForceGenerator.block", self.block, self.dt)
        array = np.asarray(X)[:, None] if np.ndim(X) == 1 else X
        array = check_array(place, array, shape=(None, None)).astype(np.float64)
        if len(array) % steps or not len(array):
            raise ValueError(
                f"{place}: must be a whole number of blocks of {steps} steps ({self.block}) long, "
                f"got {len(array)} steps"
            )
        if first:
            self.n_outputs_ = array.shape[1]
        elif array.shape[1] != self.n_outputs_:
            raise ValueError(f"{place} must have {self.n_outputs_} outputs, got {array.shape[1]}")
        return array.reshape(-1, steps, array.shape[1]), None

    def start(self, X: Any, y: Any) -> None:
        """Draw recurrent weights and encoders, and let the network settle."""
        p, rng = self.constants_, np.random.default_rng(self.seed_)
        self.connections_ = _draw_recurrent(p, rng)
        encoders = float(p.feedback) * (2 * rng.random((self.n_outputs_, p.n_neurons)) - 1)
        super().start(X, y)
        self._set("recurrent.w", self.connections_[2])
        self._set("feedback.w", encoders * self.feedback)
        self.settling_ = self._idle(
            check_multiple("ForceGenerator.settle", self.settle, self.block)
        )
        self.training_ = self._run(X[:0])
        if "readout.power" in self.state_:  # of cells that fire like Poisson processes
            rate, widths = self.settling_.rate, 2 * (float(p.tau_rise) + float(p.tau_decay))
            square = p.n_neurons * (rate**2 + rate / widths)
            self._set("readout.power", np.asarray(square * float(p.rate_unit) ** 2, self.dtype))

    # ---- what it does ----------------------------------------------------------------------------

    def learn(self, X: Any, y: Any) -> None:
        """Learn the target in some blocks."""
        self.training_ += self._run(X, learning=True)

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
            self._set("feedback.w", np.zeros_like(kept))
        try:
            return self._idle(check_multiple("ForceGenerator: duration", duration, self.block))
        finally:
            self._set("feedback.w", kept)

    def effective_weights(self, *, learned: bool = True) -> NDArray[np.float64]:
        """Return recurrent weights plus, if ``learned``, the loop through the output.

        Returns
        -------
        array, shape (n, n)
            From column to row, in base SI units times seconds.
        """
        check_is_fitted(self, "state_")
        p, (pre, post, w) = self.constants_, self.connections_
        matrix = np.zeros((p.n_neurons, p.n_neurons))
        matrix[post, pre] = w
        if learned:
            decoder = float(p.rate_unit) * self.state_["readout.w"].T.astype(float)
            matrix += self.state_["feedback.w"].T.astype(float) @ decoder
        return matrix

    def _set(self, name: str, value: Any) -> None:
        self.state_ = {**self.state_, name: np.asarray(value, dtype=self.state_[name].dtype)}

    def _idle(self, blocks: int) -> ForceRun:
        shape = (round(float(self.block) / float(self.dt)), self.n_outputs_)
        with self._compiled_once(), self._progress_bar(blocks) as bar:
            run = self._run(np.zeros((0, *shape)))
            for part in self._parts(blocks, 0, None):
                run += self._run(np.zeros((part.stop - part.start, *shape)))
                bar.update(part.stop - part.start)
        return run

    def _run(self, blocks: NDArray[np.float64], *, learning: bool = False) -> ForceRun:
        """Run the network for some blocks, whose target it learns or not."""
        seconds, start = float(self.block), int(self.state_["clock.step"]) * float(self.dt)
        self._set("readout.learning", float(learning))
        self.state_, record = self.program("learn")(
            self.state_, {"target": blocks}, n_samples=len(blocks), seed=self.seed_
        )
        return ForceRun(
            start=start,
            duration=len(blocks) * seconds,
            output=record["output.z"].reshape(-1, self.n_outputs_).astype(np.float64),
            spike_time=start + record["cell.spike_trial"] * seconds + record["cell.spike_time"],
            spike_cell=record["cell.spike_cell"],
            n_neurons=self.constants_.n_neurons,
        )
