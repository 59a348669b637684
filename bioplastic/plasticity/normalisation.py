"""Homeostatic scaling over the synapses of a cell, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.validation import check_choice, check_identifier, check_real

__all__ = ["Normalisation"]


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """Scale the synapses of each cell so that a variable sums to a total.

    ``w_ij <- w_ij * total / sum_i w_ij``, without clipping.

    Parameters
    ----------
    total : float or str
        The sum after scaling, larger than zero, in the unit of the variable (dimensionless), or
        the name of a trace of the cell that normalises, which holds it: ``"total_post"`` with
        ``over="pre"``, ``"total_pre"`` with ``over="post"``.
    variable : str, default "w"
        Variable of the synapse.
    over : {"pre", "post"}, default "pre"
        What the sum runs over: ``"pre"`` adds over presynaptic partners, so each postsynaptic
        cell normalises its inputs; ``"post"`` adds over postsynaptic partners, so each
        presynaptic cell normalises its outputs.
    when : {"trial_start", "trial_end"}, default "trial_start"
        When it happens: before the statements of ``on_trial_start``, or after those of
        ``on_trial_end``.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> Normalisation(total=78.4)
    Normalisation(total=78.4, variable='w', over='pre', when='trial_start')
    """

    total: float | str
    variable: str = "w"
    over: str = "pre"
    when: str = "trial_start"

    def __post_init__(self) -> None:
        check_identifier("Normalisation.variable", self.variable)
        check_choice("Normalisation.over", self.over, ("pre", "post"))
        if isinstance(self.total, str):
            check_identifier("Normalisation.total", self.total)
            side = "post" if self.over == "pre" else "pre"
            if not self.total.endswith(f"_{side}"):
                raise ValueError(
                    f"Normalisation.total: must be a trace that ends in _{side}, got {self.total!r}"
                )
        else:
            total = check_real("Normalisation.total", self.total, minimum=0, exclusive=True)
            object.__setattr__(self, "total", total)
        check_choice("Normalisation.when", self.when, ("trial_start", "trial_end"))

    def apply(self, weights: NDArray[Any], groups: int = 1) -> NDArray[Any]:
        """Return what becomes of weights, without a network; cells with the sum zero keep theirs.

        Parameters
        ----------
        weights : array, shape (n_pre, n_post)
            Weights, in the format of `bioplastic.engine.DenseProjection`.
        groups : int, default 1
            As there: rows fall into so many blocks, which are scaled on their own.

        Examples
        --------
        >>> Normalisation(total=1.0).apply(np.array([[1.0, 0.0], [3.0, 0.0]]))
        array([[0.25, 0.  ],
               [0.75, 0.  ]])
        """
        if isinstance(self.total, str):
            raise ValueError(f"Normalisation.apply: needs a number as total, got {self.total!r}")
        blocks = weights.reshape(groups, -1, weights.shape[1])
        sums = blocks.sum(axis=1 if self.over == "pre" else 2, keepdims=True, dtype=np.float64)
        factors = np.where(sums != 0, self.total / np.where(sums != 0, sums, 1.0), 1.0)
        scaled: NDArray[Any] = (blocks * factors).astype(weights.dtype).reshape(weights.shape)
        return scaled
