"""Numbers of spikes of many Poisson inputs: their distribution, which is data of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from bioplastic.signals.poisson_input import PoissonInput

__all__ = ["count_variable", "distribution", "input_tables"]


def count_variable(number: int) -> str:
    """Return the hidden variable of the cells that holds the numbers of spikes of an input."""
    return f"poisson_count_{number}"


def input_tables(spec: Any, dt: float) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the distributions that the compiled program reads, and their sizes."""
    for population in spec.populations:
        for number, given in enumerate(getattr(population, "background", ())):
            first, table = distribution(given, dt)
            name = f"_counts_{population.name}_{number}"
            yield name, table
            yield f"{name}_size", np.array([table.size, first], dtype=np.int64)


def distribution(given: PoissonInput, dt: float) -> tuple[int, NDArray[np.float64]]:
    """Return the smallest number worth drawing, and P(count <= number) from there on."""
    p = float(given.rate) * dt
    if p > 1:
        raise ValueError(
            f"PoissonInput.rate: {given.rate} at a time step of {dt:g} s is a probability of {p:g}"
        )
    first, last = (int(k) for k in binom.ppf([1e-18, 1 - 1e-16], given.n, p))
    return max(0, first), binom.cdf(np.arange(max(0, first), max(last, 0)), given.n, p)
