"""Initial values of the state of a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.layout import Layout
from bioplastic.engine.network import NetworkSpec, Population
from bioplastic.equations import check_dimensions

__all__ = ["NEVER", "initial_state"]

#: Steps since the last spike of a cell that has not fired yet.
NEVER = 1_000_000_000


def initial_state(network: NetworkSpec, layout: Layout, seed: int) -> dict[str, NDArray[Any]]:
    """Return the state before the first trial; see `Program.initial_state`."""
    rng = np.random.default_rng(seed)
    given = _given_values(network)
    state: dict[str, NDArray[Any]] = {}
    for entry in layout.state:
        if entry.kind == "steps_since_spike":
            state[entry.key] = np.full(entry.shape, NEVER, dtype=entry.dtype)
            continue
        state[entry.key] = _fill(entry, given.pop(entry.key, None), rng)
    if given:
        known = sorted(state)
        raise ValueError(
            f"initial values for unknown variables: {', '.join(sorted(given))}; "
            f"known: {', '.join(known)}"
        )
    state["clock.step"] = np.array(0, dtype=np.int64)
    state["clock.trial"] = np.array(0, dtype=np.int64)
    return state


def _default(key: str) -> Any:
    if key.endswith(".not_refractory"):
        return True
    return -1e4 if key.endswith(".lastspike") else 0.0


def _given_values(network: NetworkSpec) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for population in network.populations:
        if isinstance(population, Population):
            for name, value in population.model.initial.items():
                if name in population.inputs:
                    continue
                given[f"{population.name}.{name}"] = value
    for projection in network.projections:
        rule = getattr(projection, "rule", None)
        sources: list[Mapping[str, Any]] = [] if rule is None else [rule.initial]
        sources.append(getattr(projection, "initial", {}))
        if rule is not None and rule.least_squares is not None:
            given[f"{projection.name}.inverse_correlation"] = _scaled_unit_matrix(
                1 / rule.least_squares.ridge
            )
        for source in sources:
            for name, value in source.items():
                given[f"{projection.name}.{name}"] = value
    return given


def _scaled_unit_matrix(scale: float) -> Any:
    return lambda rng, shape: scale * np.eye(shape[0])


def _fill(entry: Any, given: Any, rng: np.random.Generator) -> NDArray[Any]:
    value = _default(entry.key) if given is None else given
    if callable(given):
        shape = entry.shape
        value = given(rng, shape[0] if len(shape) == 1 else shape)
    if given is not None:
        check_dimensions(f"initial value of {entry.key}", value, entry.dim)
    array = np.asarray(value, dtype=float) if isinstance(value, b2.Quantity) else np.asarray(value)
    if callable(given) and array.shape == entry.shape and array.dtype == entry.dtype:
        return _check_finite(entry, array)  # nobody else holds it: no second copy in memory
    try:
        filled = np.broadcast_to(array, entry.shape)
    except ValueError:
        raise ValueError(
            f"initial value of {entry.key}: must have shape {entry.shape}, got {array.shape}"
        ) from None
    return _check_finite(entry, np.array(filled, dtype=entry.dtype))


def _check_finite(entry: Any, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise ValueError(f"initial value of {entry.key}: must be finite")
    return values
