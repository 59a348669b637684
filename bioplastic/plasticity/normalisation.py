"""Homeostatic scaling over the synapses of a cell, as data."""

from __future__ import annotations

from dataclasses import dataclass

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
