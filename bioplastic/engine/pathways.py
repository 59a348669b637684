"""Pathways of a projection: what a spike does at its synapses, in which order and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import second

from bioplastic.equations import check_expression, check_name, parse_statements
from bioplastic.fields import check_params
from bioplastic.validation import check_identifier, check_integer, check_quantity

__all__ = ["DELAYS", "Pathway", "check_delay", "check_pathways", "is_synaptic"]

#: Fields of a projection that hold a delay, and what the entries of the state begin with.
DELAYS = {"delay": "", "rule_delay": "rule_", "post_delay": "post_"}


@dataclass(frozen=True, kw_only=True)
class Pathway:
    """Further statements at spikes, beside the transmission and the rule of a projection.

    Parameters
    ----------
    statements : str
        As in `PlasticityRule.on_pre` or ``on_post``; they may use the variables and parameters of
        the rule and those of the projection. With the name of a population as ``on``, they are
        about the synapses alone or shared scalars of the rule.
    on : str, default "pre"
        Whose spikes: ``'pre'``, ``'post'``, or the name of a population, of which every spike
        reaches all synapses of the projection: a neuromodulator.
    order : int, optional
        Lower orders go first. The default is -1, in which transmission and ``on_pre`` run, and 1
        for ``'post'``, as ``on_post``; of equal order, pathways follow them.
    delay : Quantity, array or str, optional
        Time from the spike to the statements, see `Projection`.

    Examples
    --------
    >>> from brian2 import ms
    >>> Pathway(statements="c += c_pre", delay=13.7*ms).order
    -1
    """

    statements: str
    on: str = "pre"
    order: int | None = None
    delay: Any = None

    def __post_init__(self) -> None:
        check_params(self)
        check_identifier("Pathway.on", self.on)
        parse_statements("Pathway.statements", self.statements)
        if not self.statements.strip():
            raise ValueError("Pathway.statements: must not be empty")
        object.__setattr__(self, "delay", check_delay("Pathway.delay", self.delay))
        order = (1 if self.on == "post" else -1) if self.order is None else self.order
        object.__setattr__(self, "order", check_integer("Pathway.order", order))


def check_delay(place: str, delay: Any) -> Any:
    """Return a delay: a time, an array of times (read-only), an expression, or None.

    Raises
    ------
    TypeError, ValueError
        If it has another unit, is negative or not finite.
    """
    if delay is None:
        return None
    if isinstance(delay, str):
        check_expression(place, delay)
        return delay
    if np.ndim(delay) == 0:
        return check_quantity(place, delay, second, non_negative=True)
    if not b2.have_same_dimensions(delay, second):
        raise TypeError(f"{place}: must be in seconds, got {b2.get_dimensions(delay)}")
    times = np.array(delay, dtype=float)
    if not np.all(np.isfinite(times)) or np.any(times < 0):
        raise ValueError(f"{place}: must be finite and not negative, got {times.min()} s")
    times.setflags(write=False)
    return b2.Quantity(times, dim=second.dim, copy=False)


def is_synaptic(delay: Any) -> bool:
    """Return whether every synapse has a delay of its own.

    Examples
    --------
    >>> from brian2 import ms
    >>> is_synaptic("rand()*10*ms"), is_synaptic([1, 2]*ms), is_synaptic(3*ms), is_synaptic(None)
    (True, True, False, False)
    """
    return delay is not None and (isinstance(delay, str) or np.ndim(delay) > 0)


def check_pathways(place: str, pathways: Any) -> Mapping[str, Pathway]:
    """Return pathways by name after checking that the names are free."""
    if not isinstance(pathways, Mapping):
        raise TypeError(f"{place}: must be a mapping of names to Pathway, got {pathways!r}")
    taken = (*(prefix.rstrip("_") for prefix in DELAYS.values()), "pre")
    for name, pathway in pathways.items():
        check_identifier(place, name)
        check_name(place, name, taken=taken)
        if not isinstance(pathway, Pathway):
            raise TypeError(f"{place}[{name!r}]: must be a Pathway, got {pathway!r}")
    return dict(pathways)
