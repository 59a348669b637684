"""The constants of the network that the command line can change."""

from __future__ import annotations

import argparse
from types import NoneType
from typing import get_args, get_type_hints

from bioplastic.models.sym_stdp import SymSTDPParameters

__all__ = ["CONSTANTS", "read_constant"]


def _read_kinds() -> dict[str, tuple[type, ...]]:
    """Return the types that each constant without a unit takes."""
    hints = get_type_hints(SymSTDPParameters)
    kinds = {name: get_args(hint) or (hint,) for name, hint in hints.items()}
    plain = {int, float, str, NoneType}
    return {name: members for name, members in kinds.items() if set(members) <= plain}


CONSTANTS = _read_kinds()
"""Dimensionless constants and choices of the network, with the types of their values."""


def read_constant(text: str) -> tuple[str, float | str | None]:
    """Read ``NAME=VALUE``, as the ``type`` of an option; ``none`` where a constant may be None."""
    name, _, given = text.partition("=")
    if name not in CONSTANTS:
        raise argparse.ArgumentTypeError(f"{name!r} is no dimensionless constant of the network")
    try:
        value = _convert(given, CONSTANTS[name])
        SymSTDPParameters().with_values(**{name: value})
    except ValueError as error:
        message = str(error)
        prefix = "" if message.startswith("SymSTDPParameters") else f"{name}: "
        raise argparse.ArgumentTypeError(prefix + message) from None
    return name, value


def _convert(given: str, kinds: tuple[type, ...]) -> float | str | None:
    if NoneType in kinds and given == "none":
        return None
    if str in kinds:
        return given
    number, what = (int, "an integer") if int in kinds else (float, "a number")
    try:
        return number(given)
    except ValueError:
        raise ValueError(f"must be {what}, got {given!r}") from None
