"""Local learning in spiking neural networks: Brian2 equations, run as compiled C++."""

from __future__ import annotations

import ast as _ast
import importlib as _importlib
import logging as _logging
import pathlib as _pathlib
import typing as _typing

_logging.getLogger("bioplastic").addHandler(_logging.NullHandler())

__version__ = "0.1.0"

#: Home of each name offered here; the stub beside this file lists them, each imported when used.
_HOMES = {
    alias.name: node.module
    for node in _ast.parse(_pathlib.Path(__file__).with_suffix(".pyi").read_text("utf-8")).body
    if isinstance(node, _ast.ImportFrom)
    for alias in node.names
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> _typing.Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'bioplastic' has no attribute {name!r}")
    if home == __name__:
        return _importlib.import_module(f"{home}.{name}")
    value = globals()[name] = getattr(_importlib.import_module(home), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
