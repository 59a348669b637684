"""Spectra of recurrent weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from bioplastic.fields import checked
from bioplastic.plotting.grammar import panels
from bioplastic.plotting.style import COLUMN_WIDTH, GREY, PALETTE

__all__ = ["plot_eigenvalues"]


@checked
def plot_eigenvalues(spectra: Mapping[str, ArrayLike], unit: str = "") -> Figure:
    """Draw spectra in the complex plane, side by side; what lies far outside the first is marked.

    Parameters
    ----------
    spectra : mapping of str to array_like, shape (2, n)
        Real and imaginary parts of the eigenvalues by title, for example before and after learning.
        Those at more than 1.2 times the spectral radius of the first are drawn large.
    unit : str, optional
        Their unit.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there is nothing to draw, or an array has another shape.

    Examples
    --------
    >>> figure = plot_eigenvalues({"before": [[1.0, -1.0], [0.0, 0.0]]}, "pA s")
    >>> figure.axes[0].get_xlabel()
    'real part (pA s)'
    """
    found = {title: np.asarray(values, dtype=np.float64) for title, values in spectra.items()}
    if not found or any(a.ndim != 2 or len(a) != 2 or not a.size for a in found.values()):
        raise ValueError("plot_eigenvalues.spectra: must hold arrays of shape (2, n)")
    figure, axes = panels(1, len(found), width=COLUMN_WIDTH, height=1.9, sharex=True, sharey=True)
    shown, suffix = np.atleast_1d(axes), f" ({unit})" if unit else ""
    radius = np.hypot(*next(iter(found.values()))).max()
    for panel, (title, (real, imaginary)) in zip(shown, found.items(), strict=True):
        outside = np.hypot(real, imaginary) > 1.2 * radius
        panel.scatter(real, imaginary, s=0.8, color=PALETTE[0], linewidths=0)
        panel.scatter(real[outside], imaginary[outside], s=14, color=PALETTE[1], linewidths=0)
        panel.axhline(0, color=GREY, linewidth=0.4, zorder=0)
        panel.axvline(0, color=GREY, linewidth=0.4, zorder=0)
        panel.set_aspect("equal", "box")
        panel.set(title=title, xlabel=f"real part{suffix}")
    shown[0].set_ylabel(f"imaginary part{suffix}")
    return figure
