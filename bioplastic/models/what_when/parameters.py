"""Constants of the reservoir, of learning, and of the task."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from brian2 import Quantity, ms, second

from bioplastic.validation import check_choice, check_integer, check_quantity, check_real

__all__ = ["LearningParameters", "ReservoirParameters"]


@dataclass(frozen=True, kw_only=True)
class ReservoirParameters:
    """Constants of the heterogeneous Izhikevich reservoir (2003 form; currents dimensionless).

    None of these values is published; they were chosen so that the reservoir carries a clock that
    survives its noise.

    Parameters
    ----------
    n_excitatory, n_inhibitory : int, default 800 and 200
        Cells. Every cell keeps its sign (Dale's law).
    recovery : {'slow', 'stock'}, default 'slow'
        ``'slow'``: the rate ``a`` of the recovery variable is log-uniform on ``[a_min, a_max]`` in
        all cells; ``'stock'``: as in Izhikevich (2003).
    a_min, a_max : float, default 0.001 and 0.1
        Limits of the slow recovery, in 1/ms.
    bias_mean, bias_std : float, default 3 and 1
        Constant current, normal over cells.
    connection_probability : float, default 0.1
        Of each ordered pair of different cells; 1 gives a dense matrix.
    coupling_excitatory, coupling_inhibitory : float, default 0.2 and 0.5
        Scale ``g`` of recurrent weights, ``g |N(0, 1)|/sqrt(p N)``. The defaults are **nearly
        uncoupled**: they say nothing about recurrent computation. 1 and 3 give real recurrence,
        0 and 0 none.
    tau_excitatory, tau_inhibitory : Quantity, default 5 and 10 ms
        Decay of synaptic currents.
    tau_rise, tau_readout : Quantity, default 5 and 30 ms
        Filters of the spikes that the read-out sees.
    cue_gain, cue_fraction : float, default 8 and 0.3
        Weight of the cue, ``gain U(0, 1)`` on a random fraction of the cells.
    cue_duration : Quantity, default 50 ms
        Length of the cue from the start of the trial.
    feedback_gain, feedback_fraction : float, default 1 and 0.3
        Weight of the fed-back timing outputs, ``gain N(0, 1)`` on a random fraction; 0 opens the
        loop.
    feedback_min, feedback_max : float, default -0.5 and 1.5
        Limits of what is fed back.
    noise : float, default 0.3
        Standard deviation of the private Gaussian current in every step of ``dt``.
    reset : bool, default True
        Whether every trial starts from the same state; otherwise cells run on.
    trial : Quantity, default 1 s
        From the onset of the cue to the end of the trial.
    dt : Quantity, default 1 ms
        Step; ``v`` makes two half steps in it.

    Examples
    --------
    >>> ReservoirParameters(n_excitatory=80, n_inhibitory=20).n_cells
    100
    """

    n_excitatory: int = 800
    n_inhibitory: int = 200
    recovery: str = "slow"
    a_min: float = 0.001
    a_max: float = 0.1
    bias_mean: float = 3.0
    bias_std: float = 1.0
    connection_probability: float = 0.1
    coupling_excitatory: float = 0.2
    coupling_inhibitory: float = 0.5
    tau_excitatory: Quantity = field(default_factory=lambda: 5 * ms)
    tau_inhibitory: Quantity = field(default_factory=lambda: 10 * ms)
    tau_rise: Quantity = field(default_factory=lambda: 5 * ms)
    tau_readout: Quantity = field(default_factory=lambda: 30 * ms)
    cue_gain: float = 8.0
    cue_fraction: float = 0.3
    cue_duration: Quantity = field(default_factory=lambda: 50 * ms)
    feedback_gain: float = 1.0
    feedback_fraction: float = 0.3
    feedback_min: float = -0.5
    feedback_max: float = 1.5
    noise: float = 0.3
    reset: bool = True
    trial: Quantity = field(default_factory=lambda: 1000 * ms)
    dt: Quantity = field(default_factory=lambda: 1 * ms)

    def __post_init__(self) -> None:
        place = type(self).__name__
        for name in ("n_excitatory", "n_inhibitory"):
            check_integer(f"{place}.{name}", getattr(self, name), minimum=1)
        check_choice(f"{place}.recovery", self.recovery, ("slow", "stock"))
        for name in ("a_min", "a_max"):
            check_real(f"{place}.{name}", getattr(self, name), minimum=0, exclusive=True)
        _check_order(place, self, "a_min", "a_max")
        for name in ("bias_mean", "feedback_gain", "feedback_min", "feedback_max"):
            check_real(f"{place}.{name}", getattr(self, name))
        _check_order(place, self, "feedback_min", "feedback_max")
        for name in (
            "bias_std",
            "coupling_excitatory",
            "coupling_inhibitory",
            "cue_gain",
            "noise",
        ):
            check_real(f"{place}.{name}", getattr(self, name), minimum=0)
        check_real(
            f"{place}.connection_probability",
            self.connection_probability,
            minimum=0,
            maximum=1,
            exclusive=True,
        )
        for name in ("cue_fraction", "feedback_fraction"):
            check_real(f"{place}.{name}", getattr(self, name), minimum=0, maximum=1)
        for name in (
            "tau_excitatory",
            "tau_inhibitory",
            "tau_rise",
            "tau_readout",
            "cue_duration",
            "trial",
            "dt",
        ):
            check_quantity(f"{place}.{name}", getattr(self, name), second, positive=True)
        steps = float(self.trial) / float(self.dt)
        if abs(steps - round(steps)) > 1e-6 * steps:
            raise ValueError(f"{place}.trial: must be a multiple of dt, got {self.trial}")
        if not isinstance(self.reset, bool):
            raise TypeError(f"{place}.reset: must be True or False, got {self.reset!r}")

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return self.n_excitatory + self.n_inhibitory

    @property
    def n_steps(self) -> int:
        """Number of steps of a trial."""
        return round(float(self.trial) / float(self.dt))

    @property
    def recurrent(self) -> bool:
        """Whether cells project to each other at all."""
        return self.coupling_excitatory > 0 or self.coupling_inhibitory > 0


@dataclass(frozen=True, kw_only=True)
class LearningParameters:
    """Constants of the read-outs; what is not published is a choice (see the guide).

    Parameters
    ----------
    eta_when : float, default 0.03
        Step of the timing rule, divided by the mean power of the activity in one untrained trial.
    eta_what : float, default 0.05
        Step of the identity rule: the share of a new trial in the predicted probability.
    normalise : {'trial', 'once'}, default 'trial'
        Whether the identity rule is divided by the power of its activity in every trial (a sum over
        the inputs of the cell) or by that of the untrained trial (local).
    gate : {'union', 'window', 'full'}, default 'union'
        When the timing of the shown event may be learned: around the event, or there and wherever
        the channel itself predicts, or during the whole trial.
    gate_width : float, default 3
        Half width of the window, in ``event_width``.
    gate_threshold : float, default 0.1
        Output beyond which ``'union'`` opens the gate.
    event_width : Quantity, default 40 ms
        Standard deviation of the Gaussian bump that stands for an event.
    average_start, average_end : Quantity, default 0 and 150 ms
        Window in which the identity read-out averages the activity. It must end before the first
        event, or the event leaks into its own prediction.
    rls_interval : Quantity, default 20 ms
        Period of recursive least squares.
    ridge : float, default 1
        Its regularisation.
    forgetting_when, forgetting_what : float, default 1
        Its forgetting factors, per update.

    Examples
    --------
    >>> LearningParameters(gate="narrow")
    Traceback (most recent call last):
        ...
    ValueError: LearningParameters.gate: must be one of 'union', 'window', 'full', got 'narrow'
    """

    eta_when: float = 0.03
    eta_what: float = 0.05
    normalise: str = "trial"
    gate: str = "union"
    gate_width: float = 3.0
    gate_threshold: float = 0.1
    event_width: Quantity = field(default_factory=lambda: 40 * ms)
    average_start: Quantity = field(default_factory=lambda: 0 * ms)
    average_end: Quantity = field(default_factory=lambda: 150 * ms)
    rls_interval: Quantity = field(default_factory=lambda: 20 * ms)
    ridge: float = 1.0
    forgetting_when: float = 1.0
    forgetting_what: float = 1.0

    def __post_init__(self) -> None:
        place = type(self).__name__
        for name in ("eta_when", "eta_what"):
            value = check_real(f"{place}.{name}", getattr(self, name), minimum=0)
            if value >= 2:
                raise ValueError(f"{place}.{name}: must be below 2 to converge, got {value:g}")
        check_choice(f"{place}.normalise", self.normalise, ("trial", "once"))
        check_choice(f"{place}.gate", self.gate, ("union", "window", "full"))
        for name in ("gate_width", "ridge"):
            check_real(f"{place}.{name}", getattr(self, name), minimum=0, exclusive=True)
        check_real(f"{place}.gate_threshold", self.gate_threshold, minimum=0)
        for name in ("event_width", "rls_interval"):
            check_quantity(f"{place}.{name}", getattr(self, name), second, positive=True)
        for name in ("average_start", "average_end"):
            check_quantity(f"{place}.{name}", getattr(self, name), second, non_negative=True)
        _check_order(place, self, "average_start", "average_end")
        for name in ("forgetting_when", "forgetting_what"):
            value = getattr(self, name)
            check_real(f"{place}.{name}", value, minimum=0, maximum=1, exclusive=True)


def _check_order(place: str, holder: Any, low: str, high: str) -> None:
    first, last = getattr(holder, low), getattr(holder, high)
    if not first < last:
        raise ValueError(f"{place}.{low}: must be below {high}, got {first} and {last}")
