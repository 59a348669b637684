"""What every source states about itself; a kind of source is one file that derives from this."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from brian2.units.fundamentalunits import get_dimensions

from bioplastic.equations import unit_string

__all__ = ["InputSource"]


@dataclass(frozen=True, kw_only=True)
class InputSource:
    """Cells that are no neurons: what they hold, whether they fire, what a call gives them.

    Parameters
    ----------
    name : str
        Name of the population.
    n : int
        Number of cells.
    """

    name: str
    n: int

    @property
    def fires(self) -> bool:
        """Whether the cells emit spikes."""
        return True

    @property
    def shown(self) -> str:
        """The variable that populations of neurons may take as an input, if there is one."""
        return ""

    @property
    def stored(self) -> dict[str, Any]:
        """Dimensions of the values per cell that are part of the state."""
        return {}

    @property
    def filled(self) -> dict[str, Any]:
        """Dimensions of the values per cell that the call or an action fills."""
        return {}

    @property
    def filled_once(self) -> Iterable[str]:
        """Names of numbers, without a unit, that the call fills for all cells."""
        return ()

    @property
    def constants(self) -> dict[str, Any]:
        """Parameters that are the same for all cells."""
        return {}

    def reads_trial(self, variables: Iterable[str]) -> Iterable[str]:
        """Return which variables of the trial the cells read."""
        return ()

    def equations(self) -> list[str]:
        """Return what a cell holds, as lines of equations."""
        held = {**self.filled, **self.stored}
        lines = [f"{name} : {unit_string(get_dimensions(dim))}" for name, dim in held.items()]
        return lines + [f"{name} : 1 (shared)" for name in self.filled_once]

    def dtypes(self) -> dict[str, str]:
        """Return types of values that do not have the precision of the program."""
        return {}

    def declare_inputs(self, n_steps: int, dtype: str) -> list[dict[str, Any]]:
        """Return what a call must give: name, kind, dtype and shape of every input."""
        return []

    def check(self, spec: Any) -> None:
        """Refuse a network that the source does not fit into."""
