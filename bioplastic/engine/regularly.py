"""Statements of cells at regular times, with an interval of their own."""

from __future__ import annotations

from dataclasses import dataclass

from brian2 import Quantity, second

from bioplastic.equations import parse_statements
from bioplastic.validation import check_choice, check_quantity

__all__ = ["Regularly"]


@dataclass(frozen=True, kw_only=True)
class Regularly:
    """Statements for every cell of a population, every so often: Brian2's ``run_regularly``.

    They run in the first step and then once per interval of the time of the network, which goes on
    from trial to trial.

    Parameters
    ----------
    statements : str
        Statements over the variables of the cells and ``t``.
    every : Quantity, optional
        Interval (time), a multiple of the time step. Default: every step.
    when : {'start', 'groups', 'end'}, default 'start'
        Before the integration of the step, after it (and before thresholds), or after the resets.

    Examples
    --------
    >>> from brian2 import ms
    >>> Regularly(statements="v += rand()*mV", every=10*ms).when
    'start'
    """

    statements: str
    every: Quantity | None = None
    when: str = "start"

    def __post_init__(self) -> None:
        if not parse_statements("Regularly.statements", self.statements):
            raise ValueError("Regularly.statements: must not be empty")
        if self.every is not None:
            check_quantity("Regularly.every", self.every, second, positive=True)
        check_choice("Regularly.when", self.when, ("start", "groups", "end"))
