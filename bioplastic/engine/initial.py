"""Initial values of the state of a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
from brian2.units.fundamentalunits import get_dimensions
from numpy.typing import NDArray

from bioplastic.engine.layout import Layout
from bioplastic.engine.network import NetworkSpec, Population
from bioplastic.engine.pathways import DELAYS, is_synaptic
from bioplastic.engine.projections import connected_pairs
from bioplastic.equations import check_dimensions
from bioplastic.expressions import evaluate

__all__ = ["NEVER", "initial_state"]

#: Steps since the last spike of a cell that has not fired yet.
NEVER = 1_000_000_000


def initial_state(network: NetworkSpec, layout: Layout, seed: int) -> dict[str, NDArray[Any]]:
    """Return the state before the first trial; see `Program.initial_state`."""
    rng = np.random.default_rng(seed)
    given = _given_values(network, layout)
    expressions = {key: value for key, value in given.items() if isinstance(value, str)}
    state: dict[str, NDArray[Any]] = {}
    for entry in layout.state:
        if entry.kind == "steps_since_spike":
            state[entry.key] = np.full(entry.shape, NEVER, dtype=entry.dtype)
            continue
        value = given.pop(entry.key, None)
        state[entry.key] = _fill(entry, None if entry.key in expressions else value, rng)
    if given:
        known = sorted(state)
        raise ValueError(
            f"initial values for unknown variables: {', '.join(sorted(given))}; "
            f"known: {', '.join(known)}"
        )
    entries = {entry.key: entry for entry in layout.state}
    populations = {population.name for population in network.populations}
    for key, expression in expressions.items():  # in the given order, cells before synapses
        at_cells = entries[key].owner in populations
        evaluate_at = _evaluate_at_cells if at_cells else _evaluate_at_synapses
        state[key] = evaluate_at(network, state, entries[key], expression, rng)
    state["clock.step"] = np.array(0, dtype=np.int64)
    state["clock.trial"] = np.array(0, dtype=np.int64)
    return state


def _evaluate_at_cells(
    network: NetworkSpec, state: Mapping[str, Any], entry: Any, expression: str,
    rng: np.random.Generator,
) -> NDArray[Any]:  # fmt: skip
    """Return the values of an expression at every cell of a population."""
    population: Any = network.population(entry.owner)
    model = getattr(population, "model", None)
    name = entry.key.partition(".")[0]
    rule = None if name == population.name else getattr(network.projection(name), "rule", None)
    values: dict[str, Any] = {
        **({} if model is None else model.parameters), **({} if rule is None else rule.parameters),
        "i": np.arange(population.n), "N": population.n,
    }  # fmt: skip
    for variable, dimensions in network.cell_variables(population.name).items():
        array = state.get(f"{population.name}.{variable}")
        if array is not None:
            values[variable] = b2.Quantity(array, dim=get_dimensions(dimensions))
    size = int(np.prod(entry.shape)) if entry.shape else 1
    found = evaluate(
        f"initial value of {entry.key}", expression, values, size=size, dimensions=entry.dim,
        rng=rng,
    )  # fmt: skip
    return _check_finite(entry, found.reshape(entry.shape).astype(entry.dtype))


def _evaluate_at_synapses(
    network: NetworkSpec, state: Mapping[str, Any], entry: Any, expression: str,
    rng: np.random.Generator,
) -> NDArray[Any]:  # fmt: skip
    """Return the values of an expression at every synapse of a projection."""
    projection: Any = network.projection(entry.key.partition(".")[0])
    cells = {"pre": projection.source, "post": projection.target}
    pre, post = connected_pairs(network, projection)
    rule = getattr(projection, "rule", None)
    values: dict[str, Any] = {
        **({} if rule is None else rule.parameters), **projection.parameters, "i": pre, "j": post,
    }  # fmt: skip
    for key, array in state.items():
        owner, _, variable = key.partition(".")
        if owner == projection.name and array.size == pre.size:
            values[variable] = array.ravel()
    for side, index in (("pre", pre), ("post", post)):
        values[f"N_{side}"] = network.population(cells[side]).n
        for name, dimensions in network.cell_variables(cells[side]).items():
            array = state.get(f"{cells[side]}.{name}")
            if array is not None and array.shape:
                values[f"{name}_{side}"] = b2.Quantity(array[index], dim=get_dimensions(dimensions))
    found = evaluate(
        f"{type(projection).__name__} {entry.key}", expression, values,
        size=pre.size, dimensions=entry.dim, rng=rng,
    )  # fmt: skip
    return _check_finite(entry, found.reshape(entry.shape).astype(entry.dtype))


def _default(key: str) -> Any:
    if key.endswith(".not_refractory"):
        return True
    return -1e4 if key.endswith(".lastspike") else 0.0


def _given_values(network: NetworkSpec, layout: Layout) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for population in network.populations:
        if isinstance(population, Population):
            for name, value in population.model.initial.items():
                if name in population.inputs:
                    continue
                given[f"{population.name}.{name}"] = value
        for name, value in getattr(population, "per_cell", {}).items():
            given[f"{population.name}.{name}"] = value
    for projection in network.projections:
        rule = getattr(projection, "rule", None)
        sources: list[Mapping[str, Any]] = [] if rule is None else [rule.initial]
        sources.append(getattr(projection, "initial", {}))
        if rule is not None and rule.least_squares is not None:
            given[f"{projection.name}.inverse_correlation"] = _scaled_unit_matrix(
                1 / rule.least_squares.ridge
            )
        delays = {prefix: getattr(projection, name, None) for name, prefix in DELAYS.items()}
        delays |= {f"{n}_": p.delay for n, p in getattr(projection, "pathways", {}).items()}
        delays = {f"{projection.name}.{prefix}delay": value for prefix, value in delays.items()}
        keys = {entry.key for entry in layout.state}  # a rule without such statements waits not
        given |= {k: value for k, value in delays.items() if is_synaptic(value) and k in keys}
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
