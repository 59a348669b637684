"""What a comparison found, and how two sets of numbers are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Case", "compare", "describe", "is_refusal"]


@dataclass(frozen=True)
class Case:
    """What became of one random rule or network.

    Parameters
    ----------
    what : {"rule", "network"}
        What was drawn.
    number : int
        Its number under the seed.
    status : {"agrees", "refused", "unstable", "wrong", "raw error"}
        ``"refused"``: an error of ours that names the place. ``"unstable"``: the oracle itself
        moves as much when its start is moved by a rounding error, or in single precision.
    detail : str, default ""
        The message, or what disagrees with what.
    code : str, default ""
        Runnable text that shows a finding.
    """

    what: str
    number: int
    status: str
    detail: str = ""
    code: str = ""

    @property
    def found(self) -> bool:
        """Whether this is a fault of the package."""
        return self.status in ("wrong", "raw error")


_HUGE = 1e30
_PLACES = re.compile(
    r"(PlasticityRule|NeuronModel|Population|\w+Projection|NetworkSpec|Program|Trial|Normalisation"
    r"|\w+Source|\w+Record|SynapseInterpreter|initial value)"
)


def is_refusal(error: BaseException) -> bool:
    """Return whether an error is one of ours that names the place, and not Brian2's in disguise."""
    text = str(error)
    ours = isinstance(error, (ValueError, TypeError)) and bool(_PLACES.match(text))
    return ours and "cannot compile" not in text and "could not be resolved" not in text


def describe(error: BaseException) -> str:
    """Return type and first lines of an error."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: " + " | ".join(lines[:4])[:600]


def compare(
    one: Mapping[str, Any], other: Mapping[str, Any], tolerance: float
) -> tuple[str, float] | None:
    """Return the name that differs most and by how much, None if nothing does.

    Parameters
    ----------
    one, other : mapping of str to array
        Numbers by name; names missing on one side are left out.
    tolerance : float
        Allowed difference, relative to the largest value of an array or to one, whichever is
        larger. NaN equals NaN.
    """
    worst: tuple[str, float] | None = None
    for name in one.keys() & other.keys():
        a, b = (np.asarray(values, dtype=float) for values in (one[name], other[name]))
        if a.shape != b.shape:
            return name, float("inf")
        if not a.size:
            continue
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        # a network that explodes on both sides, beyond what float32 can hold
        same |= (np.abs(b) > _HUGE) & ~(np.abs(a) <= _HUGE)
        finite = np.isfinite(a) & np.isfinite(b)
        scale = max(1.0, float(np.max(np.abs(b[finite]), initial=0.0)))
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.where(same, 0.0, np.where(finite, np.abs(a - b) / scale, np.inf))
        largest = float(np.max(error))
        if largest > tolerance and (worst is None or largest > worst[1]):
            worst = (name, largest)
    return worst
