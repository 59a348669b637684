"""Signals to generate: oscillations, a limit cycle, a chaotic attractor, a melody.

Every function takes the times in seconds at which the signal is wanted, equally spaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.fields import checked, param

__all__ = ["lorenz", "ode_to_joy", "product_of_sines", "sawtooth", "sine", "van_der_pol"]

Signal = NDArray[np.float64]

#: First phrase of the melody in degrees of the scale, with the length of each note in slots; the
#: last two notes, short and long, take three slots. Sixteen slots, the first four bars.
_MELODY = ((3, 1), (3, 1), (4, 1), (5, 1), (5, 1), (4, 1), (3, 1), (2, 1),
           (1, 1), (1, 1), (2, 1), (3, 1), (3, 1), (2, 1), (2, 2))  # fmt: skip


@checked
def sine(time: ArrayLike, frequency: float = 5.0) -> Signal:
    """Return ``sin(2 pi f t)``.

    Parameters
    ----------
    time : array_like, shape (n,)
        Seconds.
    frequency : float, default 5
        In Hz.

    Returns
    -------
    array, shape (n, 1)

    Examples
    --------
    >>> sine([0.0, 0.05]).ravel()
    array([0., 1.])
    """
    t = _check_times(time)
    return np.asarray(np.sin(2 * np.pi * frequency * t)[:, None])


@checked
def sawtooth(time: ArrayLike, frequency: float = 5.0) -> Signal:
    """Return the triangular wave ``asin(sin(2 pi f t))``, called sawtooth in the article.

    Parameters
    ----------
    time : array_like, shape (n,)
        Seconds.
    frequency : float, default 5
        In Hz.

    Returns
    -------
    array, shape (n, 1)
    """
    return np.asarray(np.arcsin(sine(time, frequency)))


@checked(noise=param(minimum=0), random_state=param(minimum=0))
def product_of_sines(
    time: ArrayLike, frequencies: tuple[float, ...] = (4.0, 6.0), *, noise: float = 0.0,
    random_state: int = 0,
) -> Signal:  # fmt: skip
    """Return the product of sines, perhaps with noise uniform between 0 and ``noise``.

    Parameters
    ----------
    time : array_like, shape (n,)
        Seconds.
    frequencies : tuple of float, default (4, 6)
        In Hz; published as well: (2, 3, 7).
    noise : float, default 0
        Upper limit of the noise at every step (0.05 in the article).
    random_state : int, default 0
        Seed of the noise.

    Returns
    -------
    array, shape (n, 1)

    Examples
    --------
    >>> float(product_of_sines([0.0625])[0, 0].round(3))
    0.707
    """
    t = _check_times(time)
    signal = np.prod([np.sin(2 * np.pi * f * t) for f in frequencies], axis=0)
    if noise:
        signal = signal + noise * np.random.default_rng(random_state).random(t.size)
    return np.asarray(signal[:, None])


@checked(mu=param(positive=True))
def van_der_pol(
    time: ArrayLike, mu: float = 0.5, *, scale: float = 10.0, speed: float = 20.0
) -> Signal:
    """Return the Van der Pol oscillator on its limit cycle.

    ``dx/dt = speed mu (x - scale^2 x^3/3 - y)``, ``dy/dt = speed x/mu``. The equation runs to its
    limit cycle before time zero.

    Parameters
    ----------
    time : array_like, shape (n,)
        Seconds.
    mu : float, default 0.5
        0.5 is nearly harmonic, 5 a relaxation oscillator.
    scale, speed : float, default 10 and 20
        Inverse amplitude, and time scale in 1/s.

    Returns
    -------
    array, shape (n, 2)
    """

    def change(state: Signal) -> Signal:
        x, y = state
        return np.array([speed * mu * (x - scale**2 * x**3 / 3 - y), speed * x / mu])

    return _integrate(change, np.array([0.1, 0.1]), time, before=5.0)


@checked(scale=param(positive=True))
def lorenz(time: ArrayLike, *, scale: float = 70.0, before: float = 0.0) -> Signal:
    """Return the Lorenz attractor with its state divided by ``scale``.

    Parameters
    ----------
    time : array_like, shape (n,)
        Seconds, one unit of the equations per second.
    scale : float, default 70
        Divisor of all three variables.
    before : float, default 0
        Seconds to run before time zero, starting at (0.1, 0.1, 0.1) in scaled units.

    Returns
    -------
    array, shape (n, 3)

    References
    ----------
    Lorenz (1963), doi 10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
    """

    def change(state: Signal) -> Signal:
        x, y, z = state
        return np.array(
            [10 * (y - x), 28 * x - scale * x * z - y, scale * x * y - 8 / 3 * z]
        )  # fmt: skip

    return _integrate(change, np.full(3, 0.1), time, before=before)


@checked(notes_per_second=param(positive=True))
def ode_to_joy(time: ArrayLike, *, notes_per_second: float = 4.0) -> Signal:
    """Return the first phrase of the Ode to Joy, again and again: one output per pitch.

    A note is a positive half-sine on the output of its pitch; a long note stretches over two slots.

    Parameters
    ----------
    time : array_like, shape (n,)
        Seconds.
    notes_per_second : float, default 4
        Slots per second; the phrase has sixteen.

    Returns
    -------
    array, shape (n, 5)

    References
    ----------
    Beethoven (1824), Symphony No. 9, fourth movement; as a target: Nicola and Clopath (2017).

    Examples
    --------
    >>> ode_to_joy([0.125]).round(6)
    array([[0., 0., 1., 0., 0.]])
    """
    position = (_check_times(time) * notes_per_second) % 16
    signal = np.zeros((position.size, 5))
    first = 0
    for degree, slots in _MELODY:
        inside = (position >= first) & (position < first + slots)
        signal[inside, degree - 1] = np.sin(np.pi * (position[inside] - first) / slots)
        first += slots
    return signal


def _check_times(time: Any) -> Signal:
    t = np.asarray(time)
    if t.dtype.kind not in "biuf" or t.ndim != 1 or t.size == 0 or not np.all(np.isfinite(t)):
        raise ValueError(f"time: must be a non-empty array of finite seconds, got {t!r:.60}")
    return t.astype(np.float64)


def _integrate(
    change: Callable[[Signal], Signal], start: Signal, time: Any, *, before: float
) -> Signal:
    """Runge-Kutta steps of at most 0.5 ms, then interpolation at the times."""
    t = _check_times(time)
    step = 5e-4
    count = int(np.ceil((t.max() + before) / step)) + 2
    states = np.empty((count, start.size))
    state = start
    for k in range(count):
        states[k] = state
        a = change(state)
        b = change(state + step / 2 * a)
        c = change(state + step / 2 * b)
        d = change(state + step * c)
        state = state + step / 6 * (a + 2 * b + 2 * c + d)
    grid = step * np.arange(count) - before
    return np.column_stack([np.interp(t, grid, column) for column in states.T])
