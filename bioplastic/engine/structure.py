"""Synapses that grow and are pruned between calls: connectivity as part of the state."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioplastic.engine.layout import Layout
from bioplastic.engine.network import NetworkSpec
from bioplastic.engine.projections import SparseProjection
from bioplastic.equations import suggest

__all__ = ["connected_cells", "edit_state", "rewire", "split_state"]

State = dict[str, NDArray[Any]]


def connected_cells(
    network: NetworkSpec, state: Mapping[str, Any], name: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the presynaptic and postsynaptic cells of the synapses in a state.

    Parameters
    ----------
    network : NetworkSpec
        With the projection.
    state : mapping
        Which may hold ``<name>.pre`` and ``<name>.post``.
    name : str
        A sparse projection.
    """
    projection = network.projection(name)
    if not isinstance(projection, SparseProjection):
        raise TypeError(f"{name!r} is a {type(projection).__name__}; only sparse ones can change")
    return (
        np.asarray(state.get(f"{name}.pre", projection.pre)),
        np.asarray(state.get(f"{name}.post", projection.post)),
    )


def split_state(network: NetworkSpec, state: Mapping[str, Any]) -> tuple[dict[str, Any], State]:
    """Return the connectivity that a state holds, and the state without it."""
    rest, found = dict(state), {}
    for projection in network.projections:
        if isinstance(projection, SparseProjection):
            for side in ("pre", "post"):
                key = f"{projection.name}.{side}"
                if key in rest:
                    found[key] = np.array(rest.pop(key))
    return found, rest


def rewire(network: NetworkSpec, connectivity: Mapping[str, Any]) -> NetworkSpec:
    """Return a network with the connectivity of a state.

    Raises
    ------
    ValueError
        If pairs are no cells, not sorted, or one of the two sides is missing.
    """
    projections = []
    for projection in network.projections:
        keys = [f"{projection.name}.{side}" for side in ("pre", "post")]
        given = [connectivity[key] for key in keys if key in connectivity]
        if len(given) == 1:
            raise ValueError(f"Program.state: needs both {keys[0]!r} and {keys[1]!r}")
        if given and isinstance(projection, SparseProjection):
            ends = (projection.source, projection.target)
            for key, index, cell in zip(keys, given, ends, strict=True):
                n = network.population(cell).n
                if index.ndim != 1 or index.dtype.kind not in "iu":
                    raise ValueError(f"Program.state[{key!r}]: must be a 1d array of integers")
                if index.size and not 0 <= index.min() <= index.max() < n:
                    raise ValueError(f"Program.state[{key!r}]: cells must lie in [0, {n - 1}]")
            pre, post = given
            if pre.size != post.size or not pre.size:
                raise ValueError(
                    f"Program.state[{keys[0]!r}]: must have as many cells as {keys[1]!r} and at "
                    f"least one, got {pre.size} and {post.size}"
                )
            if np.any(np.diff(pre.astype(np.int64) * (int(post.max()) + 1) + post) < 0):
                raise ValueError(
                    f"Program.state[{keys[0]!r}]: synapses must be sorted by pre, then post; "
                    "Program.edit_synapses does so"
                )
            projection = replace(projection, pre=pre, post=post)
        projections.append(projection)
    rewired = copy.copy(network)
    object.__setattr__(rewired, "projections", tuple(projections))
    return rewired


def edit_state(
    network: NetworkSpec,
    layout: Layout,
    state: Mapping[str, NDArray[Any]],
    name: str,
    keep: Any,
    pre: Any,
    post: Any,
    values: Mapping[str, Any],
) -> State:
    """Return a state with some synapses of a projection removed and others added; see `Program`."""
    place = "Program.edit_synapses"
    old_pre, old_post = connected_cells(network, state, name)
    n = old_pre.size
    mask = np.ones(n, dtype=bool) if keep is None else np.asarray(keep)
    if mask.shape != (n,) or mask.dtype != bool:
        raise ValueError(f"{place}.keep: must be {n} truth values, got {mask.dtype} {mask.shape}")
    new = [np.asarray(index, dtype=np.int64).reshape(-1) for index in (pre, post)]
    if new[0].size != new[1].size:
        raise ValueError(f"{place}: pre has {new[0].size} entries and post {new[1].size}")
    added = new[0].size
    both = [np.concatenate([o[mask], a]) for o, a in zip((old_pre, old_post), new, strict=True)]
    order = np.lexsort((both[1], both[0]))
    edited = {key: np.array(array) for key, array in state.items()}
    edited[f"{name}.pre"], edited[f"{name}.post"] = (i[order].astype(np.int32) for i in both)
    entries = {
        entry.key.removeprefix(f"{name}."): entry
        for entry in layout.state
        if entry.shape and entry.key == entry.array.replace(f"_array_{name}_", f"{name}.", 1)
    }
    for variable in values:
        if variable not in entries:
            raise ValueError(
                f"{place}: the synapses of {name!r} have no variable {variable!r}"
                f"{suggest(variable, entries)}"
            )
    now = float(state["clock.step"]) * layout.dt
    for variable, entry in entries.items():
        value = values.get(variable)
        if value is None and added and entry.kind == "delay":
            raise ValueError(f"{place}: new synapses of {name!r} need {variable!r}")
        if value is None:  # what nobody gives begins at zero, and is up to date
            value = now if variable == "lastupdate" else 0
        fresh = np.broadcast_to(np.asarray(value, dtype=float), (added,))
        joined = np.concatenate([edited[entry.key][mask], fresh])[order]
        edited[entry.key] = joined.astype(entry.dtype)
    places = np.full(n, -1, dtype=np.int64)  # where the synapses of before are now
    places[np.flatnonzero(mask)] = np.argsort(order)[: np.count_nonzero(mask)]
    for entry in layout.state:
        if entry.kind == "events_in_flight" and entry.key.startswith(f"{name}."):
            events = edited[entry.key]
            moved = places[events[:, 1]]
            edited[entry.key] = np.column_stack([events[:, 0], moved])[moved >= 0].astype(np.int32)
    rewire(network, {key: edited[key] for key in (f"{name}.pre", f"{name}.post")})  # checks
    return edited
