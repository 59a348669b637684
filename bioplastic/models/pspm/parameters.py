"""Constants of presynaptic pool modification, as in the authors' program."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from brian2 import Mohm, Quantity, ms, mV, ohm, second, volt

from bioplastic.fields import checked
from bioplastic.validation import check_integer, check_quantity, check_real

__all__ = ["PSPMParameters", "pif_parameters"]


@dataclass(frozen=True, kw_only=True)
class PSPMParameters:
    """Constants of the network and of the learning rule of Bagley et al. (2020).

    Parameters
    ----------
    dt : Quantity, default 3 ms
        Time step (time).
    tau_m : Quantity, default 1/30 s
        Membrane time constant (time).
    threshold : Quantity, default 30 mV
        A neuron whose potential exceeds it fires (voltage).
    resistance : Quantity, default 100 MOhm
        Membrane resistance that the input current flows through.
    epsilon : Quantity, default 0.8 uV
        Unit of the local change of a weight (voltage).
    levels : int, default 10
        A local change is ``epsilon`` times an integer drawn uniformly from ``0..levels-1``.
    rho : Quantity, default 50 pV
        Homeostatic change of every weight per missing spike of the whole network (voltage).
    pool_window : Quantity, default 45 ms
        How long before an error a presynaptic neuron must have fired to be changed (time).
    pairing_window : Quantity, default 42 ms
        Largest distance of paired spikes in the first iterations (time).
    shrink_every : int, default 15
        After so many iterations the pairing window becomes one step shorter, down to one step.

    Examples
    --------
    >>> p = PSPMParameters()
    >>> p.pool_steps, p.window_at(0), p.window_at(149), p.window_at(10_000)
    (15, 14, 5, 1)
    """

    dt: Quantity = field(default_factory=lambda: 3 * ms)
    tau_m: Quantity = field(default_factory=lambda: second / 30)
    threshold: Quantity = field(default_factory=lambda: 30 * mV)
    resistance: Quantity = field(default_factory=lambda: 100 * Mohm)
    epsilon: Quantity = field(default_factory=lambda: 8e-7 * volt)
    levels: int = 10
    rho: Quantity = field(default_factory=lambda: 5e-11 * volt)
    pool_window: Quantity = field(default_factory=lambda: 45 * ms)
    pairing_window: Quantity = field(default_factory=lambda: 42 * ms)
    shrink_every: int = 15

    def __post_init__(self) -> None:
        place = type(self).__name__
        for argument in ("dt", "tau_m", "pool_window", "pairing_window"):
            check_quantity(f"{place}.{argument}", getattr(self, argument), second, positive=True)
        check_quantity(f"{place}.threshold", self.threshold, volt, positive=True)
        check_quantity(f"{place}.resistance", self.resistance, ohm, positive=True)
        for argument in ("epsilon", "rho"):
            check_quantity(f"{place}.{argument}", getattr(self, argument), volt, non_negative=True)
        check_integer(f"{place}.levels", self.levels, minimum=1)
        check_integer(f"{place}.shrink_every", self.shrink_every, minimum=1)
        for argument in ("pool_window", "pairing_window"):
            if self._steps(getattr(self, argument)) < 1:
                raise ValueError(
                    f"{place}.{argument}: must be at least one time step, got "
                    f"{getattr(self, argument)}"
                )
        if float(self.tau_m) <= float(self.dt):
            raise ValueError(f"{place}.tau_m: must be longer than dt, got {self.tau_m}")

    def _steps(self, duration: Any) -> int:
        return round(float(duration) / float(self.dt))

    @property
    def pool_steps(self) -> int:
        """The pool window in steps."""
        return self._steps(self.pool_window)

    def window_at(self, iteration: int) -> int:
        """Return the pairing window of an iteration, counted from 0, in steps."""
        return max(1, self._steps(self.pairing_window) - iteration // self.shrink_every)

    def scaled(self, n: int, *, published: int = 400) -> PSPMParameters:
        """Return the constants for another number of neurons.

        Weights go with ``1/n`` to keep the recurrent drive, so ``epsilon`` does too; ``rho`` goes
        with ``1/n²``, since the missing spikes of the network grow with ``n``.

        Examples
        --------
        >>> PSPMParameters().scaled(200).epsilon
        1.6 * uvolt
        """
        factor = check_real("PSPMParameters.scaled: published", published) / check_integer(
            "PSPMParameters.scaled: n", n, minimum=1
        )
        return replace(self, epsilon=self.epsilon * factor, rho=self.rho * factor**2)


@checked
def pif_parameters() -> PSPMParameters:
    """Return the constants of the avalanche experiment: weak local steps, strong homeostasis.

    Examples
    --------
    >>> p = pif_parameters()
    >>> p.epsilon, p.rho
    (10. * nvolt, 1. * nvolt)
    """
    return PSPMParameters(epsilon=1e-8 * volt, rho=1e-9 * volt)
