"""A canonical text of everything in a network specification that decides about its program."""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import time
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np

from bioplastic.engine.pathways import is_synaptic

__all__ = ["describe", "software_digest"]

# Initial values, connectivity and the length of a trial are data of a run; references are for
# people. Of a subset of values only the number counts.
_LEFT_OUT = frozenset({"initial", "pre", "post", "reference", "duration"})
_COUNTED = frozenset({"subset"})


def describe(value: Any) -> str:
    """Return a canonical text of a specification.

    Parameters
    ----------
    value : object
        Dataclasses, mappings, sequences, quantities, numbers, strings.

    Raises
    ------
    TypeError
        For a value without a canonical form, such as a function.

    Examples
    --------
    >>> from brian2 import ms
    >>> describe({"tau": 20 * ms, "a": 1})
    "{'a':1,'tau':Quantity(0.02,second)}"
    """
    if is_dataclass(value) and not isinstance(value, type):
        projection = hasattr(value, "source") and hasattr(value, "target")
        left_out = _LEFT_OUT if projection else _LEFT_OUT - {"pre", "post"}
        parts = [
            f"{f.name}={_describe_field(f.name, getattr(value, f.name))}"
            for f in fields(value)
            if f.init and f.name not in left_out
        ]
        return f"{type(value).__name__}{_own_code(type(value))}({','.join(parts)})"
    if isinstance(value, b2.TimedArray):  # its values are data of a run
        return f"TimedArray({value.values.shape[1:]},{value.dt!r},{value.dim!r})"
    if isinstance(value, b2.Quantity):
        numbers = np.asarray(value, dtype=float).tolist()
        return f"Quantity({numbers!r},{value.dim!r})"
    if isinstance(value, Mapping):
        items = sorted((str(key), describe(item)) for key, item in value.items())
        return "{" + ",".join(f"{key!r}:{item}" for key, item in items) + "}"
    if isinstance(value, (tuple, list)):
        return f"[{','.join(describe(item) for item in value)}]"
    if isinstance(value, np.ndarray):
        return f"array({value.dtype},{hashlib.sha256(value.tobytes()).hexdigest()})"
    if isinstance(value, np.generic):
        return repr(value.item())
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    raise TypeError(f"Program: {value!r} cannot be part of a compiled network")


@functools.lru_cache(maxsize=256)
def _own_code(kind: type) -> str:
    """Return a digest of the module of a class from elsewhere: it may bring its own C++."""
    if kind.__module__.partition(".")[0] == __name__.partition(".")[0]:
        return ""
    try:
        text = Path(inspect.getfile(kind)).read_bytes()
    except (OSError, TypeError):  # typed in: known to this process alone
        text = f"{os.getpid()} {id(kind)} {time.time_ns()}".encode()
    return f"@{hashlib.sha256(text).hexdigest()}"


def _describe_field(name: str, value: Any) -> str:
    """Describe a field of a dataclass; what is data of a run only by its kind."""
    if name.endswith("delay") and is_synaptic(value):
        return "per synapse"
    if name == "parameters" and isinstance(value, Mapping):  # a value per cell
        value = {k: [repr(b2.get_dimensions(v))] if np.ndim(v) else v for k, v in value.items()}
    return describe(np.shape(value) if name in _COUNTED else value)


@functools.lru_cache(maxsize=1)
def software_digest() -> str:
    """Return a digest of the code that generates programs: this package, Brian2, numpy."""
    package = Path(__file__).parents[1]
    accumulated = hashlib.sha256()
    for folder in ("engine", "neurons", "plasticity", "signals"):
        for path in sorted((package / folder).rglob("*")):
            if path.suffix in {".py", ".cpp", ".hpp"}:
                accumulated.update(path.read_bytes())
    for name in ("brian2", "numpy", "sympy"):
        accumulated.update(f"{name}={version(name)}".encode())
    return accumulated.hexdigest()
