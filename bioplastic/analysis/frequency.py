"""Which frequencies a neuron passes on."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bioplastic.analysis._arrays import check_array
from bioplastic.analysis._spike_checks import in_seconds
from bioplastic.fields import checked, param
from bioplastic.validation import check_real

__all__ = ["SpectralResponse", "integrator_gain", "lif_gain", "lock_in", "spectral_response"]


@dataclasses.dataclass(frozen=True)
class SpectralResponse:
    """Transfer from a stimulus to a response; all arrays have shape (n_frequencies,).

    Attributes
    ----------
    frequency : ndarray
        In Hz.
    gain : ndarray
        Unit of the response over unit of the stimulus.
    phase : ndarray
        In radians; negative when the response lags behind.
    coherence : ndarray
        From 0 to 1: the share of the response that is linear in the stimulus.
    """

    frequency: NDArray[np.float64]
    gain: NDArray[np.float64]
    phase: NDArray[np.float64]
    coherence: NDArray[np.float64]


@checked(n_segment=param(minimum=4))
def spectral_response(
    stimulus: ArrayLike, response: ArrayLike, dt: float, *, n_segment: int = 1024
) -> SpectralResponse:
    r"""Estimate the transfer function from a broadband stimulus to a response.

    :math:`H = S_{xy} / S_{xx}` by Welch's method with Hann windows that overlap by half
    (`scipy.signal.csd`), each without its mean. The response can be a membrane potential, a
    binned spike train or a population rate.

    Parameters
    ----------
    stimulus, response : array_like, shape (n_steps,)
        Sampled together; the stimulus must have power at all frequencies, like white noise.
    dt : float or Quantity
        Time step in seconds.
    n_segment : int, default 1024
        Samples of a segment: the resolution is ``1 / (n_segment * dt)``.

    Returns
    -------
    SpectralResponse
        From one resolution to half of the sampling rate.

    Raises
    ------
    TypeError, ValueError
        If the lengths differ, the signals are shorter than a segment, or the stimulus is
        constant.

    References
    ----------
    J. S. Bendat and A. G. Piersol, *Random Data*, 2010, chapter 6.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal(10_000)
    >>> found = spectral_response(x, 3 * x, dt=0.001, n_segment=100)
    >>> bool(np.allclose(found.gain, 3)), float(found.frequency[-1])
    (True, 500.0)
    """
    from scipy import signal

    place = "spectral_response"
    x = check_array(f"{place}.stimulus", stimulus, shape=(None,)).astype(np.float64)
    y = check_array(f"{place}.response", response, shape=(x.size,)).astype(np.float64)
    step = check_real(f"{place}.dt", in_seconds(f"{place}.dt", dt), minimum=0, exclusive=True)
    if x.size < n_segment:
        raise ValueError(f"{place}.stimulus: must have at least {n_segment} samples, got {x.size}")
    if np.ptp(x) == 0:
        raise ValueError(f"{place}.stimulus: must vary")
    options = {"fs": 1.0 / step, "nperseg": n_segment, "detrend": "constant"}
    frequency, power = signal.welch(x, **options)
    _, cross = signal.csd(x, y, **options)
    _, output = signal.welch(y, **options)
    frequency, power, cross, output = (array[1:] for array in (frequency, power, cross, output))
    transfer = cross / power
    with np.errstate(invalid="ignore", divide="ignore"):
        coherence = np.abs(cross) ** 2 / (power * output)
    return SpectralResponse(
        frequency=frequency,
        gain=np.abs(transfer),
        phase=np.angle(transfer),
        coherence=np.clip(coherence, 0.0, 1.0),
    )


@checked(frequency=param(maximum=0.5, positive=True))
def lock_in(signal: ArrayLike, frequency: float) -> complex:
    r"""Return the complex amplitude of one frequency in a signal.

    The least-squares fit of :math:`\mathrm{Re}(A e^{i 2\pi f n}) + c`, exact for a pure sinusoid
    over any length.

    Parameters
    ----------
    signal : array_like, shape (n_steps,)
        At least three samples.
    frequency : float
        Cycles per sample, between 0 and 0.5, both excluded.

    Returns
    -------
    complex
        The amplitude :math:`A`.

    Raises
    ------
    TypeError, ValueError
        If the signal is too short or the frequency out of range.

    Examples
    --------
    >>> import numpy as np
    >>> n = np.arange(333)
    >>> round(abs(lock_in(5 + 2 * np.cos(2 * np.pi * 0.013 * n + 1), 0.013)), 9)
    2.0
    """
    values = check_array("lock_in.signal", signal, shape=(None,)).astype(np.float64)
    if values.size < 3:
        raise ValueError(f"lock_in.signal: must have at least three samples, got {values.size}")
    if frequency == 0.5:
        raise ValueError("lock_in.frequency: must be below 0.5, got 0.5")
    angle = 2 * np.pi * frequency * np.arange(values.size)
    basis = np.column_stack([np.cos(angle), -np.sin(angle), np.ones(values.size)])
    real, imaginary, _ = np.linalg.lstsq(basis, values, rcond=None)[0]
    return complex(real, imaginary)


@checked(beta=param(minimum=0))
def lif_gain(frequency: ArrayLike, beta: float) -> NDArray[np.float64]:
    r"""Return the gain of the membrane of a discrete leaky integrate-and-fire neuron.

    For :math:`U_n = \beta U_{n-1} + (1-\beta) I_n` below threshold, the first-order low-pass

    .. math:: |H| = \frac{1-\beta}{\sqrt{1 + \beta^2 - 2\beta\cos 2\pi f}}

    Parameters
    ----------
    frequency : array_like
        Cycles per step, from 0 to 0.5.
    beta : float
        Decay per step, from 0 to below 1.

    Returns
    -------
    ndarray
        Gains, 1 at frequency 0.

    Raises
    ------
    TypeError, ValueError
        If the decay is out of range.

    References
    ----------
    Y. Fang et al., "Spiking Neural Networks Need High-Frequency Information", NeurIPS 2025.

    Examples
    --------
    >>> lif_gain([0.0, 0.5], beta=0.5).round(3)
    array([1.   , 0.333])
    """
    if beta >= 1:
        raise ValueError(f"lif_gain.beta: must be below 1, got {beta:g}")
    cosine = np.cos(2 * np.pi * _check_frequency("lif_gain.frequency", frequency))
    return np.asarray((1 - beta) / np.sqrt(1 + beta**2 - 2 * beta * cosine))


@checked
def integrator_gain(frequency: ArrayLike) -> NDArray[np.float64]:
    r"""Return the gain of the membrane of a non-leaky neuron, :math:`1 / (2 |\sin \pi f|)`.

    Parameters
    ----------
    frequency : array_like
        Cycles per step, above 0 and up to 0.5.

    Returns
    -------
    ndarray
        Gains for :math:`U_n = U_{n-1} + I_n`; infinite at frequency 0.

    Examples
    --------
    >>> integrator_gain(0.5)
    array(0.5)
    """
    sine = np.abs(np.sin(np.pi * _check_frequency("integrator_gain.frequency", frequency)))
    with np.errstate(divide="ignore"):
        return np.asarray(0.5 / sine)


def _check_frequency(place: str, value: ArrayLike) -> NDArray[np.float64]:
    return check_array(place, value, shape=(None,) * np.ndim(value)).astype(np.float64)
