"""Options of a command line, out of declared parameters (`bioplastic.fields`)."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import MISSING
from typing import Any

from bioplastic.fields import Param, params_of, show_value

__all__ = ["add_arguments", "given_arguments", "read_assignment"]


def add_arguments(
    parser: argparse.ArgumentParser, kind: type, *names: str, **helps: str
) -> argparse.ArgumentParser:
    """Add an option for every parameter of a class; what is not given is None.

    Parameters
    ----------
    parser : ArgumentParser
        The parser.
    kind : type
        A class with declared parameters.
    *names : str
        Which parameters; all by default.
    **helps : str
        Other texts than the documentation of the parameter, by name.

    Returns
    -------
    ArgumentParser
        The parser.

    Examples
    --------
    >>> from bioplastic.fields import Constants, param
    >>> class Grid(Constants):
    ...     n_rows: int = param(3, minimum=1, doc="rows")
    >>> parser = add_arguments(argparse.ArgumentParser(), Grid)
    >>> given_arguments(parser.parse_args(["--n-rows", "5"]), Grid)
    {'n_rows': 5}
    """
    declared = params_of(kind)
    for name in names or declared:
        field = declared[name]
        text = helps.get(name, field.doc).rstrip(".")
        if field.default is not MISSING and field.default is not None and name not in helps:
            text += f" (default: {show_value(field.default)})"
        options: dict[str, Any] = {"help": text.replace("%", "%%"), "default": None}
        if field.type is bool:
            options["action"] = argparse.BooleanOptionalAction
        elif field.choices is not None:
            options["choices"] = field.choices
        else:
            options["type"] = _Reader(field)
        parser.add_argument(f"--{name.replace('_', '-')}", **options)
    return parser


def given_arguments(arguments: argparse.Namespace, kind: type) -> dict[str, Any]:
    """Return those parameters of a class that were given on the command line."""
    given = {name: getattr(arguments, name, None) for name in params_of(kind)}
    return {name: value for name, value in given.items() if value is not None}


def read_assignment(kind: type) -> Callable[[str], tuple[str, Any]]:
    """Return a reader of ``NAME=VALUE`` for the parameters of a class: the ``type`` of an option.

    Examples
    --------
    >>> from bioplastic.fields import Constants, param
    >>> class Grid(Constants):
    ...     n_rows: int = param(3, minimum=1, doc="rows")
    >>> read_assignment(Grid)("n_rows=5")
    ('n_rows', 5)
    """

    def read(text: str) -> tuple[str, Any]:
        name, equals, value = text.partition("=")
        known = params_of(kind)
        if not equals or name not in known:
            raise argparse.ArgumentTypeError(
                f"must be NAME=VALUE with one of {', '.join(known)}, got {text!r}"
            )
        return name, _Reader(known[name])(value)

    return read


class _Reader:
    """Reads and checks the text of an option."""

    def __init__(self, declared: Param) -> None:
        self.declared = declared

    def __call__(self, text: str) -> Any:
        try:
            value = self.declared.read(text)
            self.declared.check(self.declared.name, value)
        except (TypeError, ValueError) as error:
            raise argparse.ArgumentTypeError(f"{error} ({text!r})") from None
        return value
