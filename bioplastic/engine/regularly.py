"""Statements of cells at regular times, with an interval of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from brian2 import Quantity, second

from bioplastic.engine.actions import CellStatements
from bioplastic.equations import parse_statements
from bioplastic.validation import check_choice, check_quantity

__all__ = ["Regularly", "regular_actions"]


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


def regular_actions(plan: Any, when: str, cell_lines: Any) -> Iterator[CellStatements]:
    """Yield the statements of all populations for a place in the step, in the given order."""
    for population in plan.spec.populations:
        group = plan.groups[population.name]
        for number, regular in enumerate(getattr(population, "regularly", ())):
            if regular.when == when:
                every = 1 if regular.every is None else regular.every
                interval = plan.steps_of("Regularly.every", every)
                place = f"Population {population.name!r}.regularly"
                code = cell_lines(place, regular.statements, group)
                name = f"{population.name}_regularly{number}"
                yield CellStatements(name, group, code, False, interval, 0)
