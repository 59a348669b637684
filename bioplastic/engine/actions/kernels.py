"""What the kernels of several actions share: loops, names of arrays, sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bioplastic.engine.assembly import Assembly
from bioplastic.engine.part import Part
from bioplastic.engine.projections import (
    SparseProjection,
)

__all__ = [
    "at_interval",
    "cell_pointer",
    "clocked",
    "events_of",
    "every_synapse",
    "n_synapses",
    "reduction",
    "sizes_of",
    "spiking_group",
    "synapse_count",
]

_DENSE_PATHS = {
    "dense_every": "dense matrix, vectorised",
    "dense_only": "dense matrix, chosen columns",
}


def reduction(action: Any, template: str, assembly: Assembly, **kwds: Any) -> str:
    """Render a reduction over the cells of a group; return the call."""
    group, what = action.group, action.what
    pointers = {
        field: f"_ptr_array_{group.name}_{getattr(what, field)}"
        for field in ("into", "first", "then", "among", "of", "weight")
        if getattr(what, field, "")
    }
    kwds = {"among": "", **kwds, **pointers, "n": int(group.N)}
    size = kwds.pop("size", int(group.N))
    return assembly.add(
        action.name,
        group,
        "",
        template,
        path=f"groups of {size}" if template == "group_winner" else "one pass over the cells",
        size=size,
        needed=what.names,
        **kwds,
    )


def at_interval(action: Any, call: str) -> str:
    """Return a call that runs once per interval of an action."""
    if action.interval == 1:
        return call
    step = f"(_array_clock_timestep[0] + {action.offset})"
    return f"if({step} % {action.interval} == 0) {call}"


def every_synapse(
    name: str, projection: Any, synapses: Any, code: str, assembly: Assembly, **options: Any
) -> str:
    """Render statements for every synapse of a projection; return the call.

    Decays that all synapses share are no statements: see `bioplastic.engine.factors`.
    """
    if name in assembly.decays:
        code, decays = assembly.decays.pop(name)
        calls: dict[bool, list[str]] = {True: [], False: []}
        for decay in decays:
            array = f"_array_{synapses.name}_{decay.variable}"
            assembly.factors[array] = synapse_count(projection, synapses)
            note = f"{decay.variable}: a number that all synapses share"
            assembly.parts.append(Part(name, "decay", "one multiplication", 1, note))
            calls[decay.before].append(f"decay{array}({decay.factor!r});")
        if code.strip():
            calls[True].append(every_synapse(name, projection, synapses, code, assembly, **options))
        return f"{{ {' '.join(calls[True] + calls[False])} }}"
    sparse = isinstance(projection, SparseProjection)
    template = "dense_only" if options.get("only") else "dense_every"
    return assembly.add(
        name,
        synapses,
        code,
        "sparse_every" if sparse else template,
        path="compressed rows" if sparse else _DENSE_PATHS[template],
        size=n_synapses(projection, synapses),
        projection=projection.name,
        **sizes_of(projection, synapses),
        **options,
    )


def cell_pointer(synapses: Any, name: str) -> str:
    """Return the array behind a synapse's view of its cell."""
    if not name:
        return ""
    variable = synapses.variables[name]
    return f"_ptr_array_{variable.owner.name}_{variable.name}"


def events_of(group: Any, delayed: str = "") -> str:
    """Return the array of the cells of a group that fired, or whose spikes arrive."""
    return f"_delayed_{delayed}" if delayed else f"_spikes_{group.name}"


def spiking_group(action: Any) -> Any:
    """Return the group whose spikes an action follows."""
    synapses = getattr(action, "synapses", None)
    if synapses is None:
        return action.group
    return synapses.source if action.direction == "pre" else synapses.target


def sizes_of(projection: Any, synapses: Any) -> dict[str, Any]:
    """Return the sizes of a projection, and where in its rows and columns a group begins."""
    n_pre, n_post = int(synapses.source.N), int(synapses.target.N)
    groups = getattr(projection, "groups", 1)
    depth, width = n_pre // groups, n_post // groups
    one = groups == 1
    return {
        "n_pre": n_pre,
        "n_post": n_post,
        "groups": groups,
        "depth": depth,
        "width": width,
        "first_post": "0" if one else f"_presynaptic_idx / {depth} * {width}",
        "first_pre": "0" if one else f"_postsynaptic_idx / {width} * {depth}",
        "column": "_postsynaptic_idx" if one else f"_postsynaptic_idx % {width}",
    }


def n_synapses(projection: Any, synapses: Any) -> int:
    """Return the number of synapses that are stored."""
    if isinstance(projection, SparseProjection):
        return projection.n_synapses
    groups = getattr(projection, "groups", 1)
    return int(synapses.source.N) * int(synapses.target.N) // groups


def synapse_count(projection: Any, synapses: Any) -> str:
    """Return the number of synapses in C++; that of a sparse projection is known in a call."""
    if isinstance(projection, SparseProjection):
        return f"_row_{projection.name}[{int(synapses.source.N)}]"
    return str(n_synapses(projection, synapses))


def clocked(network: Any, owner: Any, action: Any) -> Callable[[], Any]:
    """Return what runs the statements of an action on numpy, at its interval."""
    run: Callable[[], Any] = network.code(owner, action.code, "stateupdate")
    if action.interval == 1:
        return run
    timestep = network.plan.clock.variables["timestep"]

    def run_clocked() -> None:
        if (int(timestep.get_value()[0]) + action.offset) % action.interval == 0:
            run()

    return run_clocked
