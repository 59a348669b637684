"""Rasters of spikes in which motifs overlap: the generative model of Perrinet (ICANN 2023).

Hidden events B of motif b make input a fire d steps later, with evidence that adds up as logits::

    Pr(A(a, s) = 1) = sigmoid(logit p_input + sum_{b, d} B(b, s - d) K(b, a, d))
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm

from bioplastic.fields import checked, param

__all__ = ["draw_rasters", "motif_kernels"]


@checked(
    n_motifs=param(minimum=1), n_inputs=param(minimum=1), depth=param(minimum=1),
    gain=param(positive=True), share=param(minimum=1e-9, maximum=0.5),
)  # fmt: skip
def motif_kernels(
    rng: np.random.Generator, n_motifs: int, n_inputs: int, depth: int, gain: float = 4.0,
    share: float = 0.05,
) -> NDArray[np.float64]:  # fmt: skip
    """Draw the kernels of motifs: sparse excitation, each spike followed by a dip.

    Parameters
    ----------
    rng : Generator
        Source of random numbers.
    n_motifs, n_inputs, depth : int
        Motifs, inputs, and steps of a motif.
    gain : float, default 4
        Deviation of the Gaussian of which the highest are kept.
    share : float, default 0.05
        Which share is kept.

    Returns
    -------
    ndarray, shape (n_motifs, n_inputs, depth)
        Logits, under an envelope that rises in 0.05 and decays in 0.4 of a motif; dips of -0.8
        and -0.2 follow each spike.

    Examples
    --------
    >>> kernels = motif_kernels(np.random.default_rng(0), 20, 30, 11)
    >>> bool(0.04 < (kernels > 0).mean() < 0.06)
    True
    """
    drawn = gain * rng.standard_normal((n_motifs, n_inputs, depth))
    phase = np.linspace(0, 1, depth)
    drawn *= (drawn > gain * norm.ppf(1 - share)) * np.exp(-phase / 0.4)
    padded = np.pad(drawn * (1 - np.exp(-phase / 0.05)), ((0, 0), (0, 0), (1, 1)))
    dips = 0.8 * padded[..., 1:-1] + 0.2 * padded[..., :-2]
    return np.asarray(padded[..., 2:] - dips)


@checked(
    n=param(minimum=1), n_steps=param(minimum=1),
    p_event=param(minimum=0, maximum=1), p_input=param(minimum=1e-9, maximum=0.5),
)  # fmt: skip
def draw_rasters(
    rng: np.random.Generator, kernels: NDArray[Any], n: int, n_steps: int,
    p_event: float = 1e-3, p_input: float = 1e-3,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:  # fmt: skip
    """Draw rasters of input spikes with motifs in them, many at a time and overlapping.

    Parameters
    ----------
    rng : Generator
        Source of random numbers.
    kernels : array, shape (n_motifs, n_inputs, depth)
        As from `motif_kernels`.
    n, n_steps : int
        Rasters and their steps.
    p_event, p_input : float, default 0.001
        Probability of an event, and of a spike without any, in a step.

    Returns
    -------
    X : ndarray of {0, 1}, shape (n, n_inputs * n_steps)
        Input spikes, the steps of the first input first.
    y : ndarray of {0, 1}, shape (n, n_motifs, n_steps)
        When each motif begins; all end within the raster.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X, y = draw_rasters(rng, motif_kernels(rng, 4, 8, 5), n=2, n_steps=50)
    >>> X.shape, y.shape
    ((2, 400), (2, 4, 50))
    """
    kernels = np.asarray(kernels, dtype=float)
    if kernels.ndim != 3 or not np.isfinite(kernels).all() or kernels.shape[2] > n_steps:
        raise ValueError(
            "draw_rasters.kernels: must be finite, of shape (n_motifs, n_inputs, depth) with at "
            f"most {n_steps} (n_steps) steps, got shape {kernels.shape}"
        )
    n_motifs, n_inputs, depth = kernels.shape
    y = rng.random((n, n_motifs, n_steps)) < p_event
    y[..., n_steps - depth + 1 :] = False
    X = np.empty((n, n_inputs, n_steps), dtype=np.uint8)
    for raster, events in zip(X, y, strict=True):
        evidence = np.full((n_inputs, n_steps), logit(p_input))
        for motif, at in zip(*np.nonzero(events), strict=True):
            evidence[:, at : at + depth] += kernels[motif]
        raster[:] = rng.random(evidence.shape) < expit(evidence)
    return X.reshape(n, -1), y.astype(np.uint8)
