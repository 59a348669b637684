"""Simulated recordings of reaching: spikes of cells that are tuned to the velocity of a hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from bioplastic.fields import checked, param
from bioplastic.validation import check_real

__all__ = ["Reaching", "simulated_reaching"]

_LAG, _TAU = 0.1, 0.25  # seconds: cells lead the hand; each of two leaky integrators


@dataclass(frozen=True, eq=False)
class Reaching:
    """Spikes and the velocity they belong to.

    Attributes
    ----------
    times : array, shape (n_spikes,)
        In seconds, in the middle of time steps, sorted.
    units : array of int, shape (n_spikes,)
        Cell of each spike.
    velocity : array, shape (n_steps, 2)
        Velocity of the hand at the end of each step, of unit variance.
    dt : float
        Length of a step in seconds.
    n_units : int
        Number of cells.
    """

    times: NDArray[np.float64]
    units: NDArray[np.int64]
    velocity: NDArray[np.float64]
    dt: float
    n_units: int

    def counts(self) -> NDArray[np.float64]:
        """Return the spikes of every step, shape (n_steps, n_units)."""
        counts = np.zeros((len(self.velocity), self.n_units))
        counts[(self.times / self.dt).astype(int), self.units] = 1
        return counts

    def shifted(self, calibration: float, by: float = 100.0) -> Reaching:
        """Return the same with spikes so much later than the velocity, the control of a decoder.

        Parameters
        ----------
        calibration : float
            Seconds; spikes go round in them, and in what follows, each by itself.
        by : float, default 100
            Seconds, or half of such a part if that is less.
        """
        total = len(self.velocity) * self.dt
        early = self.times < calibration
        start = np.where(early, 0.0, calibration)
        length = np.where(early, calibration, total - calibration)
        later = (self.times - start + np.minimum(by, np.round(length / 2))) % length
        return replace(self, times=start + later)


@checked(
    seed=param(minimum=0), n_units=param(minimum=1), turn=param(minimum=0), gain=param(minimum=0)
)
def simulated_reaching(
    seed: int = 0,
    *,
    calibration: float = 300.0,
    duration: float = 600.0,
    n_units: int = 96,
    turn: float = 0.0,
    gain: float = 0.0,
    dt: float = 0.004,
) -> Reaching:
    """Draw a recording in which the tuning stands still at first and then drifts.

    The velocity is white noise through two leaky integrators of 0.25 s each. A cell with preferred
    direction ``d`` fires, at most once per step, at the rate ``exp(beta + m v(t + 100 ms) d -
    m^2/2)``, where ``beta = ln 8 Hz + 0.6 xi`` and ``m = 0.35 U(0.3, 1.3)``.
    After the calibration the direction, ``beta`` and ``ln m`` of every cell go their own random
    walks.

    Parameters
    ----------
    seed : int, default 0
        Fixes everything.
    calibration, duration : float, default 300 and 600
        Seconds without and with drift.
    n_units : int, default 96
        Cells.
    turn : float, default 0
        Standard deviation over cells by which preferred directions have turned at the end, degrees.
    gain : float, default 0
        That of ``beta`` and of ``ln m``.
    dt : float, default 0.004
        Time step in seconds.

    Returns
    -------
    Reaching

    Examples
    --------
    >>> found = simulated_reaching(calibration=20, duration=10, n_units=5)
    >>> found.velocity.shape, bool(abs(found.velocity.std() - 1) < 0.3)
    ((7500, 2), True)
    """
    place = "simulated_reaching"
    for name, value in (("calibration", calibration), ("duration", duration), ("dt", dt)):
        check_real(f"{place}.{name}", value, minimum=0, exclusive=True)
    rng, n, lead = (
        np.random.default_rng(seed),
        round((calibration + duration) / dt),
        round(_LAG / dt),
    )
    decay, warm = np.exp(-dt / _TAU), round(20 * _TAU / dt)
    velocity = rng.standard_normal((n + lead + warm, 2))
    for _ in range(2):
        velocity = lfilter([1 - decay], [1, -decay], velocity, axis=0)
    power = (1 - decay) ** 4 * (1 + decay**2) / (1 - decay**2) ** 3  # of two cascaded integrators
    velocity = velocity[warm:] / np.sqrt(power)
    direction = rng.uniform(0, 2 * np.pi, n_units)
    base = np.log(8.0) + 0.6 * rng.standard_normal(n_units)
    depth = 0.35 * rng.uniform(0.3, 1.3, n_units)
    second = max(1, round(1 / dt))  # tuning changes once a second
    start, times, units = round(calibration / dt), [], []
    steps = max(1, -(-(n - start) // second))
    for first in range(0, n, second):
        if first >= start:  # a step of three random walks
            walk = rng.standard_normal((3, n_units)) / np.sqrt(steps)
            direction = direction + np.deg2rad(turn) * walk[0]
            base, depth = base + gain * walk[1], depth * np.exp(gain * walk[2])
        now = velocity[first + lead : min(first + second, n) + lead]
        tuned = now @ np.stack([np.cos(direction), np.sin(direction)]) * depth
        rate = np.exp(base + tuned - depth**2 / 2)
        step, cell = np.nonzero(rng.random(rate.shape) < -np.expm1(-rate * dt))
        times.append((first + step + 0.5) * dt)
        units.append(cell)
    return Reaching(np.concatenate(times), np.concatenate(units), velocity[:n], dt, n_units)
