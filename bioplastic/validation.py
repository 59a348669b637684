"""Argument checks with one form of message: ``Class.argument: must be ..., got ...``.

Every check takes the *place* (``"SymSTDPClassifier.n_hidden"``) and the value, raises near the
mistake and returns the value in its canonical type, so that a constructor reads as a list of facts.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection
from typing import Any

import brian2 as b2
import numpy as np

__all__ = [
    "check_choice",
    "check_flag",
    "check_identifier",
    "check_integer",
    "check_multiple",
    "check_quantity",
    "check_real",
    "check_text",
]


def _describe(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def check_integer(
    place: str, value: Any, *, minimum: int | None = None, maximum: int | None = None
) -> int:
    """Return ``value`` as an ``int`` inside ``[minimum, maximum]``.

    Parameters
    ----------
    place : str
        Where the value was given, ``"Class.argument"``.
    value : object
        The value to check. Booleans are refused.
    minimum, maximum : int, optional
        Inclusive limits.

    Raises
    ------
    TypeError
        If the value is no integer.
    ValueError
        If it lies outside the limits.

    Examples
    --------
    >>> check_integer("Grid.n", 3, minimum=1)
    3
    >>> check_integer("Grid.n", -3, minimum=1)
    Traceback (most recent call last):
        ...
    ValueError: Grid.n: must be a positive integer, got -3
    """
    if minimum == 1 and maximum is None:
        wanted = "must be a positive integer"
    elif minimum == 0 and maximum is None:
        wanted = "must be a non-negative integer"
    elif minimum is not None and maximum is not None:
        wanted = f"must be an integer from {minimum} to {maximum}"
    elif minimum is not None:
        wanted = f"must be an integer of at least {minimum}"
    elif maximum is not None:
        wanted = f"must be an integer of at most {maximum}"
    else:
        wanted = "must be an integer"
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{place}: {wanted}, got {_describe(value)}")
    number = int(value)
    if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
        raise ValueError(f"{place}: {wanted}, got {number}")
    return number


def check_real(
    place: str,
    value: Any,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    exclusive: bool = False,
) -> float:
    """Return ``value`` as a finite ``float`` inside the limits.

    Parameters
    ----------
    place : str
        Where the value was given, ``"Class.argument"``.
    value : object
        The value to check.
    minimum, maximum : float, optional
        Limits, inclusive unless ``exclusive``.
    exclusive : bool, default False
        Whether the lower limit itself is refused.

    Raises
    ------
    TypeError
        If the value is no real number.
    ValueError
        If it is not finite or lies outside the limits.

    Examples
    --------
    >>> check_real("Rule.eta", 0.01, minimum=0)
    0.01
    """
    bounds = []
    if minimum is not None:
        bounds.append(f"{'greater than' if exclusive else 'at least'} {minimum:g}")
    if maximum is not None:
        bounds.append(f"at most {maximum:g}")
    wanted = "must be a finite number" + (f" {' and '.join(bounds)}" if bounds else "")
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{place}: {wanted}, got {_describe(value)}")
    number = float(value)
    low = minimum is not None and (number <= minimum if exclusive else number < minimum)
    if not math.isfinite(number) or low or (maximum is not None and number > maximum):
        raise ValueError(f"{place}: {wanted}, got {number:g}")
    return number


def check_quantity(
    place: str, value: Any, unit: Any, *, positive: bool = False, non_negative: bool = False
) -> Any:
    """Return a finite scalar Brian2 quantity with the dimensions of ``unit``.

    Parameters
    ----------
    place : str
        Where the value was given, ``"Class.argument"``.
    value : Quantity
        The value to check.
    unit : Unit
        A Brian2 unit with the wanted dimensions, for example ``ms``.
    positive, non_negative : bool, default False
        Refuse zero and below, or below zero.

    Raises
    ------
    TypeError
        If the dimensions differ.
    ValueError
        If the value is not finite or has the wrong sign.

    Examples
    --------
    >>> from brian2 import ms, second
    >>> float(check_quantity("Trial.duration", 250 * ms, second, positive=True))
    0.25
    """
    try:
        quantity = b2.Quantity(value)
        same = b2.have_same_dimensions(quantity, unit)
    except (TypeError, ValueError):
        same = False
    if not same:
        raise TypeError(f"{place}: must be a quantity in {unit!r}, got {_describe(value)}")
    number = np.asarray(quantity, dtype=float)
    if number.ndim != 0 or not np.isfinite(number):
        raise ValueError(f"{place}: must be one finite quantity, got {_describe(value)}")
    if positive and number <= 0:
        raise ValueError(f"{place}: must be positive, got {_describe(value)}")
    if non_negative and number < 0:
        raise ValueError(f"{place}: must not be negative, got {_describe(value)}")
    return quantity


def check_multiple(place: str, value: Any, part: Any, *, minimum: int = 0) -> int:
    """Return how many ``part`` a quantity has, which must be a whole number, rounding aside.

    Parameters
    ----------
    place : str
        Where the value was given, ``"Class.argument"``.
    value : Quantity
        The value to check, for example a duration.
    part : Quantity
        What it is counted in, for example a time step.
    minimum : int, default 0
        Fewer than these are refused.

    Raises
    ------
    TypeError
        If the dimensions differ.
    ValueError
        If the value is not finite, no multiple, or too small.

    Examples
    --------
    >>> from brian2 import ms
    >>> check_multiple("Trial.duration", 250 * ms, 0.5 * ms)
    500
    """
    unit = b2.units.fundamentalunits.get_unit(part.dim)
    exact = float(check_quantity(place, value, unit, non_negative=True)) / float(part)
    count = round(exact)
    if count < minimum or abs(exact - count) > 1e-6 * max(1, count):
        raise ValueError(f"{place}: must be a multiple of {part}, got {_describe(value)}")
    return count


def check_choice(place: str, value: Any, choices: Collection[str]) -> str:
    """Return ``value`` if it is one of ``choices``.

    Parameters
    ----------
    place : str
        Where the value was given, ``"Class.argument"``.
    value : object
        The value to check.
    choices : collection of str
        What is allowed.

    Raises
    ------
    ValueError
        If the value is not among the choices.

    Examples
    --------
    >>> check_choice("Program.target", "cpp", ["cpp", "numpy"])
    'cpp'
    """
    if not isinstance(value, str) or value not in choices:
        allowed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{place}: must be one of {allowed}, got {_describe(value)}")
    return value


def check_flag(place: str, value: Any) -> bool:
    """Return ``value`` if it is True or False.

    Parameters
    ----------
    place : str
        Where the value was given, ``"Class.argument"``.
    value : object
        The value to check.

    Raises
    ------
    TypeError
        If it is anything else, 0 and 1 included.

    Examples
    --------
    >>> check_flag("Program.profile", True)
    True
    """
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{place}: must be True or False, got {_describe(value)}")
    return bool(value)


def check_text(place: str, value: Any) -> str:
    """Return ``value`` if it is text.

    Parameters
    ----------
    place : str
        Where the value was given, ``"Class.argument"``.
    value : object
        The value to check.

    Raises
    ------
    TypeError
        If it is anything else.

    Examples
    --------
    >>> check_text("plot_rates.title", "hidden layer")
    'hidden layer'
    """
    if not isinstance(value, str):
        raise TypeError(f"{place}: must be text, got {_describe(value)}")
    return value


def check_identifier(place: str, value: Any) -> str:
    """Return ``value`` if it can name a population, projection or variable.

    Parameters
    ----------
    place : str
        Where the value was given, ``"Class.argument"``.
    value : object
        The name to check.

    Raises
    ------
    ValueError
        If it is not a plain identifier (letters, digits, single underscores inside).

    Examples
    --------
    >>> check_identifier("Population.name", "exc")
    'exc'
    """
    if (
        not isinstance(value, str)
        or not value.isidentifier()
        or not value.isascii()
        or value.startswith("_")
        or value.endswith("_")
    ):
        raise ValueError(
            f"{place}: must be an identifier without leading or trailing underscore, "
            f"got {_describe(value)}"
        )
    return value
