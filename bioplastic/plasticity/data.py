"""What functions above a rule may read of it, so that the rule can offer them as methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import brian2 as b2

from bioplastic.plasticity.least_squares import LeastSquares
from bioplastic.plasticity.normalisation import Normalisation
from bioplastic.plasticity.statements import Phase, Statement

__all__ = ["RuleData"]


@runtime_checkable
class RuleData(Protocol):
    """A `bioplastic.plasticity.PlasticityRule`, seen from below."""

    @property
    def name(self) -> str:
        """Used in messages."""

    @property
    def every(self) -> str:
        """Statements on a clock."""

    @property
    def interval(self) -> b2.Quantity | None:
        """Period of the clock."""

    @property
    def interval_at(self) -> str:
        """When in the period it ticks."""

    @property
    def method(self) -> str:
        """How clock-driven equations of synapses take a step."""

    @property
    def normalise(self) -> Normalisation | None:
        """Homeostatic scaling."""

    @property
    def least_squares(self) -> LeastSquares | None:
        """Recursive least squares."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Constants."""

    @property
    def initial(self) -> Mapping[str, Any]:
        """Initial values."""

    @property
    def reference(self) -> str:
        """Where it comes from."""

    @property
    def neuron_variables(self) -> frozenset[str]:
        """Variables of the neurons that are read or written."""

    def parse(self, slot: str) -> b2.Equations:
        """Return the equations of a slot."""

    def statements(self, slot: str) -> tuple[Statement, ...]:
        """Return the statements of a slot."""

    def phases(self, slot: str) -> tuple[Phase, ...]:
        """Return runs of statements with the same scope."""
