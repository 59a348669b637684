"""Optimisations of the compiled programs that can be left out, to compare with and without them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["OPTIMISATIONS", "VARIABLE", "has_optimisation", "left_out", "without"]

#: Environment variable with the names of those that are left out, separated by commas, or ``all``.
VARIABLE = "BIOPLASTIC_WITHOUT"

OPTIMISATIONS = {
    "single": "float32 loops take the time step in float32",
    "draws": "uniform numbers of a loop over cells are drawn in a loop of their own",
    "columns": "columns of a dense matrix that learn nothing and are scaled right are left alone",
    "limits": "limits of clip are no constants for the compiler, which makes them instructions",
    "aligned": "arrays of the state begin where lines of the cache do",
    "factors": "decays that all synapses share change one number, by which the others are stored",
    "quiet": "cells that a step leaves as they are rest until a spike reaches them",
    "steady": "exponentials of numbers per synapse that nothing assigns are computed once per call",
    "ahead": "sparse synapses that a spike reaches are fetched before their turn",
    "flat": "statements for every synapse that name no cell run in one loop",
}


def left_out() -> frozenset[str]:
    """Return the names of the optimisations that are left out.

    Raises
    ------
    ValueError
        For a name that is none.
    """
    given = {name.strip() for name in os.environ.get(VARIABLE, "").split(",")} - {""}
    if "all" in given:
        return frozenset(OPTIMISATIONS)
    if unknown := given - OPTIMISATIONS.keys():
        raise ValueError(
            f"{VARIABLE}: must name some of {', '.join(OPTIMISATIONS)} or all, "
            f"got {', '.join(sorted(unknown))}"
        )
    return frozenset(given)


def has_optimisation(name: str) -> bool:
    """Return whether programs that are built now have an optimisation."""
    assert name in OPTIMISATIONS
    return name not in left_out()


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Leave out optimisations of the programs built in this block; all without arguments.

    Examples
    --------
    >>> with without("flat"):
    ...     has_optimisation("flat"), has_optimisation("draws")
    (False, True)
    """
    kept = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = ",".join(names) if names else "all"
    try:
        left_out()
        yield
    finally:
        os.environ.pop(VARIABLE) if kept is None else os.environ.update({VARIABLE: kept})
