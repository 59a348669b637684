"""One renderer per action: the statements that Brian2 parsed inside loops of ours."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

from brian2.equations.unitcheck import check_units_statements
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine import actions
from bioplastic.engine.action import Action
from bioplastic.engine.arrivals import render_arrivals, render_send
from bioplastic.engine.assembly import RANDOM_FUNCTIONS, Assembly
from bioplastic.engine.brian2_bridge import (
    abstract_code,
    analyse_identifiers,
    c_data_type,
    has_refractory,
    refractory_steps,
)
from bioplastic.engine.part import Part
from bioplastic.engine.projections import DenseProjection, SparseProjection, UniformProjection
from bioplastic.engine.synapses import total_name
from bioplastic.signals.analogue import AnalogueSource

__all__ = ["render_action"]

#: Below so many postsynaptic cells a sum runs over the presynaptic cells in the inner loop.
NARROW = 8


_DENSE_PATHS = {
    "dense_every": "dense matrix, vectorised",
    "dense_only": "dense matrix, chosen columns",
}


@singledispatch
def render_action(action: Any, assembly: Assembly) -> str:
    if isinstance(action, Action):
        return action.cpp(assembly)
    raise NotImplementedError(f"no kernel for {type(action).__name__}")


@render_action.register
def _(action: actions.Integrate, assembly: Assembly) -> str:
    code = abstract_code(action.group.state_updater)
    settle = ""
    if refractory_steps(action.group) is not None:
        first, _, rest = code.partition("\n")
        if not first.startswith("not_refractory = "):
            raise RuntimeError(f"unexpected refractory statement of Brian2: {first}")
        # Who is refractory stays the same from here to the same point of the next step.
        code, settle = rest, f"_refractory_step_{action.group.name} = _step; "
    name = f"{action.group.name}_integrate"
    if not code.strip():
        assembly.parts.append(Part(name, "refractory", "counter", int(action.group.N)))
        return settle
    # Brian2 has checked the equations; what it makes of noise has no consistent units.
    if action.projection is not None:
        return _every(name, action.projection, action.group, code, assembly, check_units=False)
    return settle + assembly.add(
        name,
        action.group,
        code,
        "stateupdate",
        path="vectorised loop",
        size=int(action.group.N),
        check_units=False,
    )


@render_action.register
def _(action: actions.Threshold, assembly: Assembly) -> str:
    group = action.group
    thresholder = group.thresholder["spike"]
    counted = refractory_steps(group) is not None
    stored = has_refractory(group) and not counted
    return assembly.add(
        f"{group.name}_threshold",
        group,
        abstract_code(thresholder),
        "threshold",
        additional=thresholder.variables,
        path="vectorised loop",
        size=int(group.N),
        needed=("t", "not_refractory", "lastspike") if stored else (),
        events=_events(group),
        counted_refractory=counted,
        stored_refractory=stored,
        last_step=f"_last_step_{group.name}",
    )


@render_action.register
def _(action: actions.Reset, assembly: Assembly) -> str:
    group = action.group
    return assembly.add(
        f"{group.name}_reset",
        group,
        abstract_code(group.resetter["spike"]),
        "reset",
        path="spiking neurons only",
        size=int(group.N),
        override=["not_refractory"],
        events=_events(group),
    )


@render_action.register
def _(action: actions.SpikeStatements, assembly: Assembly) -> str:
    group = action.group
    return assembly.add(
        action.name,
        group,
        action.code,
        "reset",
        path="spiking neurons only",
        size=int(group.N),
        events=_events(group, action.delayed),
    )


@render_action.register
def _(action: actions.DelaySpikes, assembly: Assembly) -> str:
    name, n = action.projection, int(action.group.N)
    if action.again:
        return ""
    assembly.parts.append(Part(f"{name}_delay", "delay", f"ring of {action.steps} steps", n))
    return f"""{{
            int32_t* _slot = _flight_{name} + (_array_clock_timestep[0] % {action.steps}) * {n + 1};
            const int _n = _slot[{n}];
            std::memcpy(_delayed_{name}, _slot, _n * sizeof(int32_t));
            _delayed_{name}[{n}] = _n;
            const int _new = {_events(action.group)}[{n}];
            std::memcpy(_slot, {_events(action.group)}, _new * sizeof(int32_t));
            if(_n > _new)
                std::memset(_slot + _new, 0, (_n - _new) * sizeof(int32_t));
            _slot[{n}] = _new;
        }}"""


@render_action.register
def _(action: actions.RestoreSpikes, assembly: Assembly) -> str:
    return ""


@render_action.register
def _(action: actions.SummedStatements, assembly: Assembly) -> str:
    projection, synapses = action.projection, action.synapses
    # subexpressions of the cells bring the variables that they are made of
    code = f"_summand = {action.expression}"
    _, known, unknown = analyse_identifiers(code, synapses.variables, recursive=True)
    variables = synapses.resolve_all({action.target, *known, *unknown}, run_namespace={})
    check_units_statements(f"{action.target} = {action.expression}", variables)
    target = synapses.variables[action.target]
    sparse = isinstance(projection, SparseProjection)
    narrow = not sparse and int(synapses.target.N) < NARROW
    template = "sparse_summed" if sparse else "narrow_summed" if narrow else "dense_summed"
    return assembly.add(
        action.name,
        synapses,
        code,
        template,
        path="compressed rows" if sparse else "dense matrix, vectorised",
        size=_n_synapses(projection, synapses),
        needed=(action.target,),
        target=f"_ptr_array_{target.owner.name}_{target.name}",
        target_type=c_data_type(target.dtype),
        projection=projection.name,
        **_sizes(projection, synapses),
    )


_SOURCE_PATHS = {
    "PoissonSource": "inter-spike intervals, cost per spike",
    "SpikeListSource": "list of spikes",
    "LatencySource": "sorted spike times, one step per event",
}


@render_action.register
def _(action: actions.Emit, assembly: Assembly) -> str:
    name, n = action.source.name, int(action.group.N)
    path = _SOURCE_PATHS[type(action.source).__name__]
    assembly.parts.append(Part(f"{name}_emit", "emit", path, n))
    return f"_calendar_{name}.emit(_k, {_events(action.group)}, {n});"


@render_action.register
def _(action: actions.ShowFrame, assembly: Assembly) -> str:
    source, name = action.source, action.source.name
    n, every = source.n, source.every
    array = f"_array_{name}_{source.variable}"
    frame = "_k" if every == 1 else f"(_k / {every})"
    if isinstance(source, AnalogueSource):
        assembly.parts.append(Part(f"{name}_frame", "frame", "pointer into the input", n))
        return f"{array} = _frames_{name} + (int64_t){frame} * {n};"
    assembly.parts.append(Part(f"{name}_frame", "frame", "counter-based normal numbers", n))
    ctype = c_data_type(assembly.plan.dtype)
    assembly.arrays[array] = (ctype, n)
    stream = assembly.plan.stream(source.name)
    condition = "" if every == 1 else f"if(_k % {every} == 0) "
    key = f"CounterRng::derive(CounterRng::derive(_noise_key, {stream}), {frame})"
    return f"{condition}bp_normal_frame({array}, {n}, {key});"


@render_action.register
def _(action: actions.RateStatements, assembly: Assembly) -> str:
    source = action.source
    call = assembly.add(
        f"{source.name}_rates",
        action.group,
        action.code,
        "stateupdate",
        path="vectorised loop, once per trial",
        size=source.n,
    )
    on, off = assembly.plan.window(source.window)
    end = "n_steps" if off is None else f"std::min({off}, n_steps)"
    array = f"_array_{source.name}_source_probability"
    number = assembly.plan.stream(source.name) - 1
    draw = (
        f"_rates.check({number}, {array}, {source.n}); "
        f"_calendar_{source.name}.begin(n_steps); "
        f"_calendar_{source.name}.draw_bernoulli({array}, {source.n}, {on}, {end}, "
        f"{source.dead_steps}, CounterRng::derive(_trial_key, {number + 1})); "
        f"_calendar_{source.name}.finish();"
    )
    return f"{call} {draw}"


@render_action.register
def _(action: actions.TrialStatements, assembly: Assembly) -> str:
    return assembly.add(
        action.name, action.group, action.code, "scalar", path="once per trial", size=1
    )


@render_action.register
def _(action: actions.Normalise, assembly: Assembly) -> str:
    projection, synapses = action.projection, action.synapses
    sparse = isinstance(projection, SparseProjection)
    needed = tuple(filter(None, (action.rule.variable, action.only)))
    if isinstance(action.rule.total, str):
        name = total_name(projection, action.rule)
        needed = (*needed, name)
        cell = "_j" if action.rule.over == "pre" else "_i"
        total = f"{_cell_pointer(synapses, name)}[{cell}]"
    else:
        total = repr(float(action.rule.total))
    return assembly.add(
        action.name,
        synapses,
        "",
        "sparse_normalise" if sparse else "dense_normalise",
        path="compressed rows" if sparse else "dense matrix, vectorised",
        size=_n_synapses(action.projection, synapses),
        needed=needed,
        weight=f"_ptr_array_{projection.name}_{action.rule.variable}",
        weight_type=c_data_type(synapses.variables[action.rule.variable].dtype),
        total=total,
        over=action.rule.over,
        only=_cell_pointer(synapses, action.only),
        projection=projection.name,
        **_sizes(projection, synapses),
    )


@render_action.register
def _(action: actions.LeastSquaresUpdate, assembly: Assembly) -> str:
    name, solver, synapses = action.projection.name, action.rule, action.synapses
    n_pre, n_post = int(synapses.source.N), int(synapses.target.N)
    path = "lower triangle, updates collected"
    assembly.parts.append(Part(action.name, "least_squares", path, n_pre * n_pre))
    assembly.least_squares[name] = (n_pre, n_post, solver.forgetting, solver.gain == "exact")
    gate = ""
    if solver.gate:
        variable = synapses.variables[solver.gate]
        array = f"_array_{variable.owner.name}_{variable.name}"
        assembly.arrays.setdefault(array, (c_data_type(variable.dtype), 1))
        gate = f"if({array}[0] != 0) "
    call = (
        f"{gate}/* run_{action.name}() */ _solver_{name}.update("
        f"_array_{name}_inverse_correlation, _array_{synapses.source.name}_{action.activity}, "
        f"_array_{synapses.target.name}_{action.error}, _array_{name}_{solver.variable});"
    )
    return _at_interval(action, call)


@render_action.register
def _(action: actions.ClockedStatements, assembly: Assembly) -> str:
    options = (
        {"needed": (action.only,), "only": _cell_pointer(action.synapses, action.only)}
        if action.only
        else {}
    )
    call = _every(action.name, action.projection, action.synapses, action.code, assembly, **options)
    return _at_interval(action, call)


@render_action.register
def _(action: actions.Compete, assembly: Assembly) -> str:
    return _reduction(action, "group_winner", assembly, size=action.what.size)


@render_action.register
def _(action: actions.Average, assembly: Assembly) -> str:
    return _reduction(action, "population_mean", assembly, empty=repr(float(action.what.empty)))


def _reduction(action: Any, template: str, assembly: Assembly, **kwds: Any) -> str:
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


@render_action.register
def _(action: actions.CellStatements, assembly: Assembly) -> str:
    template = "scalar" if action.shared else "stateupdate"
    size = 1 if action.shared else int(action.owner.N)
    call = assembly.add(
        action.name, action.owner, action.code, template, path="vectorised loop", size=size
    )
    return _at_interval(action, call)


def _at_interval(action: Any, call: str) -> str:
    if action.interval == 1:
        return call
    step = f"(_array_clock_timestep[0] + {action.offset})"
    return f"if({step} % {action.interval} == 0) {call}"


@render_action.register
def _(action: actions.SynapseStatements, assembly: Assembly) -> str:
    projection, synapses = action.projection, action.synapses
    if isinstance(projection, UniformProjection):
        return _uniform(action, assembly)
    if action.arrivals or action.direction == "other":
        return render_arrivals(
            action,
            assembly,
            events=_events(action.group, action.delayed),
            n_events=int(action.group.N),
            size=_n_synapses(projection, synapses),
            sparse=isinstance(projection, SparseProjection),
            **_sizes(projection, synapses),
        )
    code = abstract_code(getattr(synapses, action.pathway))
    spiking = synapses.source if action.direction == "pre" else synapses.target
    common: dict[str, Any] = {
        "size": _n_synapses(projection, synapses),
        "events": _events(spiking, action.delayed),
    }
    if isinstance(projection, DenseProjection):
        row = action.direction == "pre"
        return assembly.add(
            action.name,
            synapses,
            code,
            f"dense_{action.direction}",
            path=f"dense matrix, {'contiguous rows' if row else 'strided columns'}",
            **_sizes(projection, synapses),
            **common,
        )
    return assembly.add(
        action.name,
        synapses,
        code,
        "sparse_spike",
        path=f"compressed {'rows' if action.direction == 'pre' else 'columns'}",
        direction=action.direction,
        projection=projection.name,
        n_events=int(spiking.N),
        **common,
    )


@render_action.register
def _(action: actions.SendEvents, assembly: Assembly) -> str:
    projection, synapses = action.projection, action.synapses
    sparse = isinstance(projection, SparseProjection)
    row = f"_row_{projection.name}[{int(synapses.source.N)}]"
    n_synapses = row if sparse else str(_n_synapses(projection, synapses))
    sizes = _sizes(projection, synapses)
    return render_send(action, assembly, sparse=sparse, n_synapses=n_synapses, **sizes)


@render_action.register
def _(action: actions.SharedStatements, assembly: Assembly) -> str:
    call = assembly.add(
        action.name, action.synapses, action.code, "scalar", path="once per spike", size=1
    )
    events = _events(action.group, action.delayed)
    return f"for(int _e=0; _e<{events}[{int(action.group.N)}]; _e++) {call}"


def _every(
    name: str, projection: Any, synapses: Any, code: str, assembly: Assembly, **options: Any
) -> str:
    sparse = isinstance(projection, SparseProjection)
    template = "dense_only" if options.get("only") else "dense_every"
    return assembly.add(
        name,
        synapses,
        code,
        "sparse_every" if sparse else template,
        path="compressed rows" if sparse else _DENSE_PATHS[template],
        size=_n_synapses(projection, synapses),
        projection=projection.name,
        **_sizes(projection, synapses),
        **options,
    )


def _uniform(action: actions.SynapseStatements, assembly: Assembly) -> str:
    projection: Any = action.projection
    synapses = action.synapses
    common: dict[str, Any] = {
        "size": int(synapses.target.N),
        "events": _events(synapses.source, action.delayed),
        **_sizes(projection, synapses),
    }
    if projection.pattern == "one_to_one":
        return assembly.add(
            action.name,
            synapses,
            action.code,
            "uniform_one_to_one",
            path="one to one, no synapse arrays",
            **common,
        )
    statements = [line for line in action.code.split("\n") if line.strip()]
    calls = []
    for number, statement in enumerate(statements):
        variable, operator, expression, _ = parse_statement(statement)
        target = synapses.variables.get(variable)
        read = get_identifiers(expression)
        simple = (
            operator == "+="
            and target is not None
            and target.dtype == assembly.plan.dtype
            and getattr(target, "conditional_write", None) is None
            and not read & (set(synapses.variables) | set(RANDOM_FUNCTIONS))
        )
        name = action.name if len(statements) == 1 else f"{action.name}_{number}"
        kwds = {**common, "pattern": projection.pattern}
        if not simple:
            calls.append(
                assembly.add(
                    name,
                    synapses,
                    statement,
                    "uniform_loop",
                    path="loop over pairs, no synapse arrays",
                    **kwds,
                )
            )
            continue
        variables = synapses.resolve_all({variable, *read}, run_namespace={})
        check_units_statements(statement, variables)
        calls.append(
            assembly.add(
                name,
                synapses,
                f"_increment = {expression}",
                "uniform_sum",
                path="total minus own, O(n)",
                needed=(variable,),
                target=f"_ptr_array_{target.owner.name}_{target.name}",
                target_type=c_data_type(target.dtype),
                increment="_increment",
                **kwds,
            )
        )
    return " ".join(calls)


# ---- names and sizes -----------------------------------------------------------------------------


def _cell_pointer(synapses: Any, name: str) -> str:
    """Return the array behind a synapse's view of its cell."""
    if not name:
        return ""
    variable = synapses.variables[name]
    return f"_ptr_array_{variable.owner.name}_{variable.name}"


def _events(group: Any, delayed: str = "") -> str:
    return f"_delayed_{delayed}" if delayed else f"_spikes_{group.name}"


def _sizes(projection: Any, synapses: Any) -> dict[str, Any]:
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


def _n_synapses(projection: Any, synapses: Any) -> int:
    if isinstance(projection, SparseProjection):
        return projection.n_synapses
    groups = getattr(projection, "groups", 1)
    return int(synapses.source.N) * int(synapses.target.N) // groups
