"""Sources of numbers rather than spikes: given signals and Gaussian noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from brian2 import Quantity, Unit
from brian2.units.fundamentalunits import DIMENSIONLESS, get_dimensions

from bioplastic.equations import ARRAY_WORDS, check_name
from bioplastic.signals.base import InputSource
from bioplastic.validation import check_choice, check_identifier, check_integer

__all__ = ["AnalogueSource", "NoiseSource"]


@dataclass(frozen=True, kw_only=True)
class AnalogueSource(InputSource):
    """Cells that never fire and show a given value at every step of a trial.

    The program takes the input ``name``: an array of shape ``(n_samples, n_frames, n)``, or
    ``(n_frames, n)`` for the same signal in every trial, with ``n_frames`` the number of steps of
    the trial over ``every``, rounded up. Compiled programs read the array where it lies.

    Whoever reads it sees the frame of this step: projections (``summed="i_in_post = w*x_pre"``),
    populations of the same size (``Population(inputs={"i_in": "name"})``, or of any size if
    ``n = 1``), and rules, as a modulator (``modulators={"target_post": ("name", "x")}``).

    Parameters
    ----------
    name : str
        Name of the population and of the input.
    n : int
        Number of cells.
    variable : str, default "x"
        Name of the value.
    unit : Unit, optional
        Unit of the value, for example ``pA``; dimensionless otherwise. The input is then a
        quantity, or numbers in base SI units.
    dtype : {'float32', 'float64'}, default 'float32'
        Precision of the input.
    every : int, default 1
        Number of steps for which a frame stays.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, for a wrong type or range.

    Examples
    --------
    >>> from brian2 import pA
    >>> AnalogueSource(name="current", n=5, unit=pA, every=10).variable
    'x'
    """

    variable: str = "x"
    unit: Quantity | None = None
    dtype: str = "float32"
    every: int = 1

    def __post_init__(self) -> None:
        place = type(self).__name__
        check_identifier(f"{place}.name", self.name)
        check_integer(f"{place}.n", self.n, minimum=1)
        check_identifier(f"{place}.variable", self.variable)
        check_name(f"{place}.variable", self.variable, taken=ARRAY_WORDS)
        check_choice(f"{place}.dtype", self.dtype, ("float32", "float64"))
        check_integer(f"{place}.every", self.every, minimum=1)
        if self.unit is not None and not isinstance(self.unit, (Unit, Quantity)):
            raise TypeError(f"{place}.unit: must be a Brian2 unit such as pA, got {self.unit!r}")

    @property
    def fires(self) -> bool:
        """Whether the cells emit spikes."""
        return False

    @property
    def shown(self) -> str:
        """The variable that populations of neurons may take as an input."""
        return self.variable

    @property
    def filled(self) -> dict[str, Any]:
        """Dimensions of the values per cell that the call or an action fills."""
        return {self.variable: get_dimensions(1 if self.unit is None else self.unit)}

    def dtypes(self) -> dict[str, str]:
        """Return types of values that do not have the precision of the program."""
        return {self.variable: self.dtype}

    def declare_inputs(self, n_steps: int, dtype: str) -> list[dict[str, Any]]:
        """Return what a call must give."""
        shape = [-(-n_steps // self.every), self.n]
        entry = {"name": self.name, "kind": "frames", "dtype": self.dtype, "shape": shape}
        exponents = [float(e) for e in self.filled[self.variable]._dims]
        return [{**entry, "every": self.every, "dimensions": exponents}]


@dataclass(frozen=True, kw_only=True)
class NoiseSource(InputSource):
    """Cells that never fire and show an independent standard normal number at every step.

    Read like an `AnalogueSource`. The numbers are a function of the seed of the call, the trial,
    the step and the cell: both targets draw the same, in any order and any number of calls.

    Parameters
    ----------
    name : str
        Name of the population.
    n : int
        Number of cells.
    variable : str, default "x"
        Name of the value.
    every : int, default 1
        Number of steps for which a number stays.

    Notes
    -----
    The variance per step is one, whatever the time step. For white noise of intensity ``sigma``
    independent of the step, ``dv/dt = ... + sigma*xi``, use ``sigma*x/sqrt(dt)``.

    Examples
    --------
    >>> NoiseSource(name="noise", n=1000).every
    1
    """

    variable: str = "x"
    every: int = 1

    def __post_init__(self) -> None:
        place = type(self).__name__
        check_identifier(f"{place}.name", self.name)
        check_integer(f"{place}.n", self.n, minimum=1)
        check_identifier(f"{place}.variable", self.variable)
        check_name(f"{place}.variable", self.variable, taken=ARRAY_WORDS)
        check_integer(f"{place}.every", self.every, minimum=1)

    @property
    def fires(self) -> bool:
        """Whether the cells emit spikes."""
        return False

    @property
    def shown(self) -> str:
        """The variable that populations of neurons may take as an input."""
        return self.variable

    @property
    def filled(self) -> dict[str, Any]:
        """Dimensions of the values per cell that the call or an action fills."""
        return {self.variable: DIMENSIONLESS}
