"""Events of cells beside their spikes, such as bursts or crossings of a second threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bioplastic.equations import check_expression, check_parameters, parse_statements
from bioplastic.validation import check_identifier, check_integer

__all__ = ["EventSource"]


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """Cells that fire whenever a condition holds in the cells of a population: a custom event.

    Cell ``k`` belongs to cell ``k`` of that population. Like any other source it projects to cells,
    carries traces of rules and is recorded. Conditions and statements are about the variables of
    the population; they run after those of the populations listed before.

    Parameters
    ----------
    name : str
        Name of the events.
    n : int
        Number of cells, that of the population.
    population : str
        Name of the population.
    condition : str
        When the event happens; refractory cells are not left out (see ``not_refractory``).
    statements : str, default ""
        What happens then to the cell, after the resets of the spikes.
    parameters : mapping, default {}
        Further constants beside those of the model.

    Examples
    --------
    >>> EventSource(name="burst", n=100, population="exc", condition="v > 20*mV").n
    100
    """

    name: str
    n: int
    population: str
    condition: str
    statements: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        place = type(self).__name__
        check_identifier(f"{place}.name", self.name)
        check_integer(f"{place}.n", self.n, minimum=1)
        check_identifier(f"{place}.population", self.population)
        check_expression(f"{place}.condition", self.condition)
        parse_statements(f"{place}.statements", self.statements)
        parameters = check_parameters(f"{place}.parameters", self.parameters, timed=True)
        object.__setattr__(self, "parameters", MappingProxyType(dict(parameters)))
