"""The named arrays that make up the state of a network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from brian2 import second
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER
from numpy.typing import NDArray

from bioplastic.engine.brian2_bridge import has_refractory
from bioplastic.engine.cells import cell_names, hidden_variables
from bioplastic.engine.passes import queues
from bioplastic.engine.plan import Plan, StateEntry, exponents, trace_name
from bioplastic.engine.projections import DenseProjection, Projection, SparseProjection
from bioplastic.signals.base import InputSource

__all__ = ["copy_aligned", "state_entries"]


def copy_aligned(values: Any) -> NDArray[Any]:
    """Return a copy that begins at a multiple of 64 bytes: vectors then cross no line of the cache.

    Examples
    --------
    >>> copy_aligned([1.0, 2.0]).ctypes.data % 64
    0
    """
    given = np.asarray(values)
    memory = np.empty(given.nbytes + 64, dtype=np.uint8)
    first = -memory.ctypes.data % 64
    copy = memory[first : first + given.nbytes].view(given.dtype).reshape(given.shape)
    copy[...] = given
    return copy


def state_entries(plan: Plan) -> Iterator[StateEntry]:
    owners = {}
    for projection in plan.spec.projections:
        rule = getattr(projection, "rule", None)
        if rule is None:
            continue
        for side, cell in (("pre", projection.source), ("post", projection.target)):
            for name in set(cell_names(rule, side)) - set(projection.modulators):  # type: ignore[attr-defined]
                owners[cell, trace_name(projection.name, name)] = f"{projection.name}.{name}"
    for population in plan.spec.populations:
        group = plan.groups[population.name]
        hidden = set(hidden_variables(plan.spec, population.name))
        if isinstance(population, InputSource):
            hidden |= {"source_emits", *population.filled, *population.filled_once}
        for name in sorted(_state_names(group.equations) - hidden):
            key = owners.get((population.name, name), f"{population.name}.{name}")
            variable = group.variables[name]
            shape: tuple[int, ...] = () if variable.scalar else (population.n,)
            yield _entry(key, population.name, variable, shape)
        if getattr(group, "refractory_steps_", None) is not None:
            yield StateEntry(
                f"{population.name}.steps_since_spike",
                f"_last_step_{population.name}",
                "int32",
                (population.n,),
                "steps_since_spike",
                population.name,
            )
        elif has_refractory(group):
            for name in ("not_refractory", "lastspike"):
                variable = group.variables[name]
                key = f"{population.name}.{name}"
                yield _entry(key, population.name, variable, (population.n,))
    for name, group in plan.modulators.items():
        for variable in sorted(_state_names(group.equations)):
            yield _entry(f"{name}.{variable}", group.name, group.variables[variable], (1,))
    for projection in plan.spec.projections:
        yield from _queue_entries(projection, plan)
        synapses = plan.synapses[projection.name]
        names = _state_names(synapses.equations)
        if "lastupdate" in synapses.variables:
            names.add("lastupdate")
        if synapses.lazy_ is not None:  # Brian2 keeps them apart from the other equations
            names |= set(synapses.lazy_.diff_eq_names)
        for name in sorted(names):
            variable = synapses.variables[name]
            shape = () if variable.scalar else _synapse_shape(projection, plan)
            yield _entry(f"{projection.name}.{name}", projection.name, variable, shape)
        if getattr(getattr(projection, "rule", None), "least_squares", None) is not None:
            n_pre = int(plan.groups[projection.source].N)
            key = f"{projection.name}.inverse_correlation"
            array = f"_array_{projection.name}_inverse_correlation"
            yield StateEntry(key, array, plan.dtype.name, (n_pre, n_pre), "matrix")


def _queue_entries(projection: Projection, plan: Plan) -> Iterator[StateEntry]:
    """Yield what is on its way, and the delays where every synapse has its own."""
    for queue in queues(projection, plan).values():
        if not queue.synaptic:
            shape = (queue.steps, int(plan.groups[queue.cell].N) + 1)
            key, array = queue.key("spikes_in_flight"), f"_flight_{queue.name}"
            yield StateEntry(key, array, "int32", shape, "spikes_in_flight")
            continue
        key, array = queue.key("delay"), f"_array_{projection.name}_{queue.prefix}delay"
        yield StateEntry(
            key, array, "float64", _synapse_shape(projection, plan), "delay",
            queue.name, "delay", exponents(second.dim),
        )  # fmt: skip
        key, array = queue.key("events_in_flight"), f"_events_{queue.name}"
        yield StateEntry(key, array, "int32", (0, 2), "events_in_flight", queue.name)


def _state_names(equations: Any) -> set[str]:
    return {
        name
        for name, equation in equations.items()
        if equation.type in (DIFFERENTIAL_EQUATION, PARAMETER)
        and name not in ("not_refractory", "lastspike")
    }


def _synapse_shape(projection: Projection, plan: Plan) -> tuple[int, ...]:
    if isinstance(projection, SparseProjection):
        return (projection.n_synapses,)
    assert isinstance(projection, DenseProjection)
    n_source, n_target = plan.groups[projection.source].N, plan.groups[projection.target].N
    return (n_source, n_target // projection.groups)


def _entry(key: str, owner: str, variable: Any, shape: tuple[int, ...]) -> StateEntry:
    dtype = np.dtype(variable.dtype)
    array = f"_array_{owner}_{variable.name}"
    return StateEntry(
        key, array, dtype.name, shape, "variable", owner, variable.name, exponents(variable.dim)
    )
