"""Decoding of continuous behaviour: traces of spikes, filters of outputs, a Kalman decoder."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_discrete_are
from scipy.signal import bessel, lfilter, sosfilt, sosfilt_zi, sosfiltfilt
from sklearn.base import BaseEstimator, RegressorMixin

from bioplastic.analysis._arrays import check_array
from bioplastic.fields import checked
from bioplastic.validation import check_choice, check_integer, check_real

__all__ = ["KalmanDecoder", "bessel_filter", "spike_traces"]

Floats = NDArray[np.float64]


@checked
def spike_traces(counts: ArrayLike, *, decay: float, every: int = 1) -> Floats:
    """Return exponential traces of spikes at the end of every so many steps.

    Parameters
    ----------
    counts : array_like, shape (n_steps, n_units)
        Spikes in each step.
    decay : float
        What a step leaves of a trace, ``exp(-dt/tau)``.
    every : int, default 1
        Steps from one value to the next.

    Returns
    -------
    array, shape (n_steps // every, n_units)

    Examples
    --------
    >>> spike_traces([[1], [0], [1], [0]], decay=0.5, every=2).ravel()
    array([0.5  , 0.625])
    """
    values = check_array("spike_traces.counts", counts, shape=(None, None), minimum=0)
    rate = check_real("spike_traces.decay", decay, minimum=0, maximum=1)
    step = check_integer("spike_traces.every", every, minimum=1)
    traces = lfilter([1.0], [1.0, -rate], values.astype(np.float64), axis=0)
    return np.asarray(traces[step - 1 :: step])


@checked
def bessel_filter(
    signal: ArrayLike,
    cutoff: float,
    rate: float,
    *,
    order: int = 4,
    how: str = "causal",
    block: int = 8,
) -> Floats:
    """Smooth an output with a Bessel low-pass filter, which keeps the shape of what passes.

    Parameters
    ----------
    signal : array_like, shape (n_steps, n_outputs)
        The output of a decoder.
    cutoff, rate : float
        Cut-off and sampling frequency in Hz.
    order : int, default 4
        Order of the filter.
    how : {'causal', 'block', 'whole'}, default 'causal'
        ``'causal'``: forwards. ``'block'``: backwards, too, within blocks, so that an answer comes
        at the end of its block; the forward pass keeps its state. ``'whole'``: both ways over the
        whole record, which no device can do while it runs.
    block : int, default 8
        Steps of a block.

    Returns
    -------
    array, shape (n_steps, n_outputs)

    Examples
    --------
    >>> bessel_filter(np.ones((5, 1)), 3, 50).ravel().round(6)
    array([1., 1., 1., 1., 1.])
    """
    values = check_array("bessel_filter.signal", signal, shape=(None, None)).astype(np.float64)
    check_choice("bessel_filter.how", how, ("causal", "block", "whole"))
    frequency = check_real("bessel_filter.cutoff", cutoff, minimum=0, exclusive=True)
    sampling = check_real("bessel_filter.rate", rate, minimum=2 * frequency, exclusive=True)
    size = check_integer("bessel_filter.block", block, minimum=1)
    steps = check_integer("bessel_filter.order", order, minimum=1)
    if len(values) == 0:
        return values
    sos = bessel(steps, frequency, fs=sampling, output="sos", norm="mag")
    if how == "whole":
        longest = min(3 * (2 * len(sos) + 1), len(values) - 1)
        return np.asarray(sosfiltfilt(sos, values, axis=0, padlen=longest))
    rest = sosfilt_zi(sos)[:, :, None]
    forward, _ = sosfilt(sos, values, axis=0, zi=rest * values[:1])
    if how == "causal":
        return np.asarray(forward)
    found: Floats = np.empty_like(forward)
    for start in range(0, len(values), size):
        part = forward[start : start + size][::-1]
        back, _ = sosfilt(sos, part, axis=0, zi=rest * part[:1])
        found[start : start + size] = back[::-1]
    return found


class KalmanDecoder(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Kalman filter over behaviour and its change, observed through square roots of spike counts.

    Linear dynamics and observations with Gaussian noise, fitted by least squares; the filter runs
    with its stationary gain.

    Attributes
    ----------
    gain_ : array, shape (2*n_outputs, n_units)
        What an observation corrects.

    References
    ----------
    Wu, Gao, Bienenstock, Donoghue & Black (2006), Neural Computation 18, 80-118.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> v = np.cumsum(rng.normal(0, 0.1, (4000, 2)), axis=0) % 3
    >>> counts = rng.poisson(np.exp(v @ rng.normal(0, 0.5, (2, 30))))
    >>> bool(KalmanDecoder().fit(counts[:3000], v[:3000]).score(counts[3000:], v[3000:]) > 0.5)
    True
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit dynamics and observations.

        Parameters
        ----------
        X : array_like, shape (n_steps, n_units)
            Spike counts.
        y : array_like, shape (n_steps,) or (n_steps, n_outputs)
            Behaviour in the same steps.
        """
        counts = check_array("KalmanDecoder.X", X, shape=(None, None), minimum=0)
        shape = (len(counts),) if np.ndim(y) == 1 else (len(counts), None)
        target = check_array("KalmanDecoder.y", y, shape=shape).astype(np.float64)
        target = target.reshape(len(counts), -1)
        seen = np.sqrt(counts.astype(np.float64))
        self.mean_, self.offset_ = seen.mean(axis=0), target.mean(axis=0)
        state, self.n_outputs_ = self._states(target - self.offset_), target.shape[1]
        a = np.linalg.lstsq(state[:-1], state[1:], rcond=None)[0].T
        c = np.linalg.lstsq(state, seen - self.mean_, rcond=None)[0].T
        noise = state[1:] - state[:-1] @ a.T
        missed = seen - self.mean_ - state @ c.T
        tiny = 1e-9
        w = noise.T @ noise / len(noise) + tiny * np.eye(len(a))
        q = missed.T @ missed / len(missed) + tiny * np.eye(len(c)) * max(
            1.0, missed.var() / tiny * 1e-6
        )
        p = solve_discrete_are(a.T, c.T, w, q)
        self.gain_ = np.linalg.solve(c @ p @ c.T + q, c @ p).T
        self.transition_ = a - self.gain_ @ c @ a
        self.n_features_in_ = counts.shape[1]
        return self

    @staticmethod
    def _states(target: Floats) -> Floats:
        return np.concatenate([target, np.diff(target, axis=0, prepend=target[:1])], axis=1)

    def predict(self, X: ArrayLike) -> Floats:
        """Return behaviour, shape (n_steps, n_outputs), filtered from rest on."""
        counts = check_array("KalmanDecoder.X", X, shape=(None, self.n_features_in_), minimum=0)
        correction = (np.sqrt(counts.astype(np.float64)) - self.mean_) @ self.gain_.T
        state, found = np.zeros(len(self.transition_)), np.empty((len(counts), self.n_outputs_))
        for step, shift in enumerate(correction):
            state = self.transition_ @ state + shift
            found[step] = state[: self.n_outputs_]
        return np.asarray(found + self.offset_)
