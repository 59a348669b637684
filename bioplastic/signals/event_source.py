"""Events of cells beside their spikes, such as bursts or crossings of a second threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from brian2 import second
from brian2.core.variables import Variable
from brian2.equations.equations import SUBEXPRESSION
from brian2.units.fundamentalunits import DIMENSIONLESS

from bioplastic.equations import (
    check_assignment,
    check_boolean,
    check_expression,
    check_parameters,
    check_units,
    declared_variables,
    parse_statements,
    read_names,
    suggest,
)
from bioplastic.signals.base import InputSource
from bioplastic.validation import check_identifier, check_integer

__all__ = ["EventSource"]


@dataclass(frozen=True, kw_only=True)
class EventSource(InputSource):
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

    def check(self, spec: Any) -> None:
        """Refuse a network that the source does not fit into."""
        place = f"EventSource {self.name!r}"
        cells = spec.find_population(f"{place}.population", self.population)
        if not hasattr(cells, "model") or cells.n != self.n:
            raise ValueError(
                f"{place}.population: must be a Population of {self.n} cells, got {cells.name!r}"
            )
        extra: dict[str, Any] = {"i": DIMENSIONLESS, "N": DIMENSIONLESS}
        equations = cells.model.parsed
        parameters = {**cells.model.parameters, **self.parameters}
        known = declared_variables(equations.values(), parameters, extra)
        if cells.model.refractory is not False:
            known["lastspike"] = Variable(name="lastspike", dimensions=second.dim)
            known["not_refractory"] = Variable(name="not_refractory", dtype=bool)
        statements = parse_statements(f"{place}.statements", self.statements)
        for part, text in (
            ("condition", self.condition),
            *(("statements", e) for *_, e in statements),
        ):
            for name in sorted(read_names(text) - set(known) - {t for t, *_ in statements}):
                raise ValueError(f"{place}.{part}: unknown variable {name!r}{suggest(name, known)}")
        check_boolean(f"{place}.condition", self.condition, known)
        check_units(f"{place}.condition", self.condition, self.condition, None, known)
        for target, operator, expression in statements:
            if target in parameters or (
                target in equations and equations[target].type == SUBEXPRESSION
            ):
                raise ValueError(f"{place}.statements: cannot assign to {target!r}")
            check_assignment(f"{place}.statements", target, operator, expression, known)
