"""Poisson spike sources whose rates are an equation string over the inputs of a trial."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from brian2 import Quantity, get_dimensions, hertz, second
from brian2.units.fundamentalunits import DIMENSIONLESS

from bioplastic.equations import (
    ARRAY_WORDS,
    CLOCK_VARIABLES,
    DEFAULT_NAMES,
    check_expression,
    check_name,
    check_parameters,
    check_units,
    declared_variables,
    read_names,
)
from bioplastic.fields import check_params
from bioplastic.signals.base import InputSource
from bioplastic.validation import check_choice, check_identifier, check_integer, check_quantity

__all__ = ["INPUT_DTYPES", "PoissonSource"]

INPUT_DTYPES = ("uint8", "int32", "float32", "float64")


@dataclass(frozen=True, kw_only=True)
class PoissonSource(InputSource):
    """Independent spike sources with a rate that is constant during a window of every trial.

    A source fires in a time step with probability ``rate * dt`` (at most 0.9). The engine draws
    inter-spike intervals instead of one number per source and step, so the cost follows the spikes.
    Rates that read the time ``t`` (of the network, which runs on from trial to trial) are computed
    in every step.

    Parameters
    ----------
    name : str
        Name of the population.
    n : int
        Number of sources.
    rates : str
        Expression in Hz over the inputs, the variables of the trial and the index ``i``, for
        example ``"pixel/8*intensity*Hz"``. It is evaluated at the start of every trial, or in
        every step if it reads ``t``: ``"(1 + sin(2*pi*f*t))*r"``, ``"stim(t, i)"``. A call refuses
        rates that are negative or not finite.
    inputs : mapping of str to str, default {}
        Inputs with one value per source and trial, name to dtype (``uint8``, ``int32``, ``float32``
        or ``float64``); given to the program as arrays of shape ``(n_samples, n)``.
    shared_inputs : mapping of str to str, default {}
        Inputs with one value per trial; arrays of shape ``(n_samples,)``.
    parameters : mapping, default {}
        Constants of ``rates``: numbers, quantities, a ``brian2.TimedArray``, or an array of ``n``
        values, which is part of the state and may change from call to call.
    window : pair of Quantity, optional
        Onset and offset within the trial, in time units. Default: the whole trial.
    dead_steps : int, default 0
        Number of steps after a spike in which a source cannot fire. With 1, the realised rate is
        ``p/(1 + p)/dt`` for ``p = rate*dt`` (the forced Poisson source of Hao et al. 2020).

    Raises
    ------
    ValueError, TypeError
        Naming the argument, for a wrong type, range or unit.

    Examples
    --------
    >>> from brian2 import ms
    >>> PoissonSource(name="image", n=784, rates="pixel/4*Hz", inputs={"pixel": "uint8"},
    ...               window=(0*ms, 350*ms)).n
    784
    """

    rates: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    shared_inputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    window: tuple[Quantity, Quantity] | None = None
    dead_steps: int = 0

    def __post_init__(self) -> None:
        place = type(self).__name__
        check_identifier(f"{place}.name", self.name)
        check_integer(f"{place}.n", self.n, minimum=1)
        check_integer(f"{place}.dead_steps", self.dead_steps, minimum=0)
        if not isinstance(self.rates, str) or not self.rates.strip():
            raise ValueError(f"{place}.rates: must be an expression in Hz, got {self.rates!r}")
        check_params(self)
        check_expression(f"{place}.rates", self.rates)
        names = read_names(self.rates)
        arrays = self._check_parameters(place, names)
        known_names = {*DEFAULT_NAMES, *CLOCK_VARIABLES, *self.parameters}
        numbers: dict[str, Any] = dict.fromkeys(names - known_names, 1)
        numbers |= {name: get_dimensions(values) for name, values in arrays.items()}
        known = declared_variables((), self.constants, numbers)
        check_units(f"{place}.rates", self.rates, self.rates, hertz, known)
        for argument in ("inputs", "shared_inputs"):
            declared = dict(getattr(self, argument))
            for name, dtype in declared.items():
                check_identifier(f"{place}.{argument}", name)
                taken = ("source_emits", "source_probability", *self.parameters)
                check_name(f"{place}.{argument}", name, taken={*taken, *ARRAY_WORDS})
                check_choice(f"{place}.{argument}[{name!r}]", dtype, INPUT_DTYPES)
            object.__setattr__(self, argument, MappingProxyType(declared))
        if self.window is not None:
            if not isinstance(self.window, tuple | list) or len(self.window) != 2:
                raise TypeError(f"{place}.window: must be a pair of times, got {self.window!r}")
            onset, offset = self.window
            check_quantity(f"{place}.window", onset, second, non_negative=True)
            check_quantity(f"{place}.window", offset, second, positive=True)
            if not onset < offset:
                raise ValueError(f"{place}.window: onset must lie before offset, got {self.window}")

    def _check_parameters(self, place: str, names: frozenset[str]) -> dict[str, Any]:
        """Check the parameters; return the arrays among them."""
        if not isinstance(self.parameters, Mapping):
            raise TypeError(f"{place}.parameters: must be a mapping, got {self.parameters!r}")
        arrays = {}
        for name, value in self.parameters.items():
            if isinstance(value, np.ndarray) and np.ndim(value):
                check_name(f"{place}.parameters", name, taken=("source_emits",))
                if np.shape(value) != (self.n,) or not np.all(np.isfinite(value)):
                    raise ValueError(
                        f"{place}.parameters: {name!r} must hold {self.n} finite numbers, got "
                        f"shape {np.shape(value)}"
                    )
                arrays[name] = value
            if name not in names:
                raise ValueError(f"{place}.parameters: nothing reads {name!r}")
        rest = {name: self.parameters[name] for name in self.parameters if name not in arrays}
        checked = check_parameters(f"{place}.parameters", rest, timed=True)
        object.__setattr__(self, "parameters", MappingProxyType({**checked, **arrays}))
        return arrays

    @property
    def constants(self) -> dict[str, Any]:
        """Parameters that are the same for all cells."""
        return {
            k: v
            for k, v in self.parameters.items()
            if not isinstance(v, np.ndarray) or np.ndim(v) == 0
        }

    @property
    def per_cell(self) -> dict[str, Any]:
        """Parameters with a value for every cell."""
        return {k: v for k, v in self.parameters.items() if k not in self.constants}

    @property
    def moving(self) -> bool:
        """Whether rates change within a trial."""
        return bool(read_names(self.rates) & (set(CLOCK_VARIABLES) - {"dt"}))

    @property
    def stored(self) -> dict[str, Any]:
        """Dimensions of the values per cell that are part of the state."""
        return {name: get_dimensions(values) for name, values in self.per_cell.items()}

    @property
    def filled(self) -> dict[str, Any]:
        """Dimensions of the values per cell that the call or an action fills."""
        return dict.fromkeys(("source_probability", *self.inputs), DIMENSIONLESS)

    @property
    def filled_once(self) -> Iterable[str]:
        """Names of numbers that the call fills for all cells."""
        return self.shared_inputs

    def reads_trial(self, variables: Iterable[str]) -> Iterable[str]:
        """Return which variables of the trial the cells read."""
        return variables

    def declare_inputs(self, n_steps: int, dtype: str) -> list[dict[str, Any]]:
        """Return what a call must give."""
        return [
            {"name": name, "kind": "array", "dtype": kind, "shape": shape}
            for declared, shape in ((self.inputs, [self.n]), (self.shared_inputs, []))
            for name, kind in declared.items()
        ]
