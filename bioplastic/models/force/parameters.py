"""Constants of the networks of Nicola and Clopath, one set per cell."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import brian2 as b2
from brian2 import Quantity, ms, mV, pA, second

from bioplastic.validation import check_choice, check_integer, check_quantity, check_real

__all__ = ["CELLS", "ForceParameters", "force_parameters"]

#: Cells, with the unit of their input.
CELLS: dict[str, Quantity] = {
    "izhikevich": pA,
    "izhikevich_b0": pA,
    "songbird": pA,
    "theta": Quantity(1),
    "lif": mV,
}


@dataclass(frozen=True, kw_only=True)
class ForceParameters:
    """Constants of a recurrent network whose output is fed back and learnt.

    The defaults are the network of Izhikevich cells for a sine or sawtooth; `force_parameters`
    returns those of the other cells. Weights act on rates: the current that weight ``w`` makes out
    of a rate ``r`` is ``w r``, so recurrent gains have the unit of the input times a time.

    Parameters
    ----------
    cell : {'izhikevich', 'izhikevich_b0', 'songbird', 'theta', 'lif'}, default 'izhikevich'
        The neuron. The first has ``v_t = -19.2 mV, b = -2 nS``, the second ``-20 mV`` and 0 (as the
        article prints), the third ``-40 mV`` and 0 with ``a = 0.002/ms, d = 100 pA``.
    n_neurons : int, default 2000
        Number of neurons.
    dt : Quantity, default 0.04 ms
        Time step.
    gain : Quantity, default 5000 pA ms
        Strength of the fixed recurrent weights, ``gain N(0,1)/(probability sqrt(n))``.
    feedback : Quantity, default 5000 pA
        Strength of the feedback: encoders are uniform on plus or minus this.
    bias : Quantity, default 1000 pA
        Constant input.
    probability : float, default 0.1
        Probability of a recurrent synapse.
    centred : bool, default False
        Whether the recurrent inputs of every cell sum to zero.
    tau_rise, tau_decay : Quantity, default 2 and 20 ms
        Double exponential filter of every synapse and of the rates that the read-out sees.
    rate_unit : Quantity, default 1 ms
        Rates enter the read-out and the least squares times this (spikes per millisecond here);
        ``ridge`` refers to it.
    ridge : float, default 0.5
        Regularisation; its inverse is the ``lambda`` of the authors.
    interval : Quantity, default 0.8 ms
        Time between two updates of the read-out.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, for a wrong type, range or unit.

    Examples
    --------
    >>> ForceParameters().steps_per_update
    20
    """

    cell: str = "izhikevich"
    n_neurons: int = 2000
    dt: Quantity = field(default_factory=lambda: 0.04 * ms)
    gain: Quantity = field(default_factory=lambda: 5000 * pA * ms)
    feedback: Quantity = field(default_factory=lambda: 5000 * pA)
    bias: Quantity = field(default_factory=lambda: 1000 * pA)
    probability: float = 0.1
    centred: bool = False
    tau_rise: Quantity = field(default_factory=lambda: 2 * ms)
    tau_decay: Quantity = field(default_factory=lambda: 20 * ms)
    rate_unit: Quantity = field(default_factory=lambda: 1 * ms)
    ridge: float = 0.5
    interval: Quantity = field(default_factory=lambda: 0.8 * ms)

    def __post_init__(self) -> None:
        place = type(self).__name__
        check_choice(f"{place}.cell", self.cell, tuple(CELLS))
        check_integer(f"{place}.n_neurons", self.n_neurons, minimum=1)
        for name in ("dt", "tau_rise", "tau_decay", "rate_unit", "interval"):
            check_quantity(f"{place}.{name}", getattr(self, name), second, positive=True)
        unit = self.input_unit
        check_quantity(f"{place}.gain", self.gain, unit * second, non_negative=True)
        check_quantity(f"{place}.feedback", self.feedback, unit, non_negative=True)
        check_quantity(f"{place}.bias", self.bias, unit)
        check_real(f"{place}.probability", self.probability, minimum=0, maximum=1, exclusive=True)
        check_real(f"{place}.ridge", self.ridge, minimum=0, exclusive=True)

    @property
    def input_unit(self) -> Quantity:
        """Unit of the input of a cell."""
        return CELLS[self.cell]

    @property
    def steps_per_update(self) -> int:
        """Time steps between two updates of the read-out."""
        return max(1, round(float(self.interval) / float(self.dt)))


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

    References
    ----------
    Nicola and Clopath (2017), doi 10.1038/s41467-017-01827-3; programs ModelDB 190565.

    Examples
    --------
    >>> force_parameters("theta", n_neurons=500).gain
    15. * second
    """
    check_choice("force_parameters.cell", cell, tuple(CELLS))
    published: dict[str, Any] = {"cell": cell}
    one = Quantity(1)
    if cell == "theta":
        published |= {
            "dt": 0.01 * ms, "gain": 15 * second, "feedback": 1e4 * one, "bias": 0 * one,
            "centred": True, "rate_unit": 1 * second, "ridge": 1e5, "interval": 0.5 * ms,
        }  # fmt: skip
    elif cell == "lif":
        published |= {
            "dt": 0.05 * ms, "gain": 0.04 * mV * second, "feedback": 10 * mV, "bias": -40 * mV,
            "centred": True, "rate_unit": 1 * second, "ridge": 2e5, "interval": 2.5 * ms,
        }  # fmt: skip
    return replace(ForceParameters(**published), **overrides)


def number_of_steps(place: str, duration: Any, dt: Any) -> int:
    """Return a duration in steps, which must be a whole number."""
    check_quantity(place, duration, b2.second, non_negative=True)
    exact = float(duration) / float(dt)
    steps = round(exact)
    if abs(exact - steps) > 1e-6 * max(1, steps):
        raise ValueError(f"{place}: must be a multiple of {dt}, got {duration}")
    return steps
