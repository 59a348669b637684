"""The C++ source of a network: every action of the plan as a kernel, one translation unit."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from functools import singledispatch
from typing import Any

import numpy as np
from brian2.codegen.codeobject import create_runner_codeobj
from brian2.codegen.generators.cpp_generator import c_data_type
from brian2.equations.unitcheck import check_units_statements
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine import lowering
from bioplastic.engine.kernels import KernelCode, float_precision, refractory_steps
from bioplastic.engine.lowering import Plan, StateEntry
from bioplastic.engine.network import DenseProjection, SparseProjection, UniformProjection
from bioplastic.engine.trial import SpikeCount, SpikeRecord, StateRecord
from bioplastic.signals.poisson import PoissonSource

__all__ = ["Layout", "Part", "generate_source"]

_RANDOM = ("rand", "randn", "poisson")
_C_TYPES = {
    "bool": "char",
    "uint8": "uint8_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "float32": "float",
    "float64": "double",
}


@dataclass(frozen=True)
class Part:
    """One part of a network in the build report: what runs, over what, on which path."""

    name: str
    action: str
    path: str
    elements: int
    note: str = ""


@dataclass(frozen=True)
class Layout:
    """What a compiled program takes and returns; everything needed to call it without Brian2."""

    n_steps: int
    dt: float
    dtype: str
    state: list[StateEntry]
    connectivity: list[tuple[str, str, str]]
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    spike_logs: list[str]
    parts: list[Part] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the layout as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Layout:
        """Rebuild a layout from `to_dict`."""
        entries = [StateEntry(**{**e, "shape": tuple(e["shape"])}) for e in data["state"]]
        return cls(
            **{
                **data,
                "state": entries,
                "connectivity": [tuple(c) for c in data["connectivity"]],
                "parts": [Part(**p) for p in data["parts"]],
            }
        )


@dataclass
class _Assembly:
    """What the kernels of a network need besides their own text."""

    plan: Plan
    kernels: list[str] = field(default_factory=list)
    support: dict[str, None] = field(default_factory=dict)
    arrays: dict[str, tuple[str, int]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)

    def add(
        self, name: str, owner: Any, code: str, template: str, *, path: str, size: int, **kwds: Any
    ) -> str:
        """Render one kernel and return the call that runs it."""
        random = bool(get_identifiers(code) & set(_RANDOM))
        notes = ["draws random numbers in sequence: not vectorised"] if random else []
        codeobj = create_runner_codeobj(
            owner,
            code,
            template,
            run_namespace={},
            name=f"run_{name}",
            needed_variables=list(kwds.pop("needed", ())),
            override_conditional_write=kwds.pop("override", None),
            additional_variables=kwds.pop("additional", None),
            template_kwds={"vectorise": not random, "size": size, **kwds},
            codeobj_class=KernelCode,
        )
        body, support = str(codeobj.code).split("//@support\n")
        self.kernels.append(self._keep_used_declarations(body, codeobj.variables))
        if support.strip():
            self.support[support.strip()] = None
        self.parts.append(Part(name, template, path, size, "; ".join(notes)))
        return f"run_{name}();"

    def _keep_used_declarations(self, body: str, variables: dict[str, Any]) -> str:
        """Drop unused pointers and constants, and remember the arrays that remain."""
        lines = body.split("\n")
        kept = []
        for line in lines:
            match = re.match(r"\s*\w+\*\s*(?:__restrict)?\s*const (_ptr\w+) = (\w+);", line)
            constant = re.match(r"\s*constexpr \w+ (\w+) = ", line)
            symbol = match.group(1) if match else constant.group(1) if constant else None
            if symbol and len(re.findall(rf"\b{re.escape(symbol)}\b", body)) == 1:
                continue
            kept.append(line)
        # A literal time step lets the compiler evaluate exp(-dt/tau) and the like once and for all.
        dt = float(self.plan.clock.dt)
        text = "\n".join(kept).replace(
            "double* const _ptr_array_clock_dt = _array_clock_dt;",
            f"constexpr double _ptr_array_clock_dt[1] = {{(double){dt!r}L}};",
        )
        for variable in variables.values():
            owner = getattr(getattr(variable, "owner", None), "name", None)
            array = f"_array_{owner}_{getattr(variable, 'name', None)}"
            if owner is not None and re.search(rf"= {re.escape(array)};", text):
                size = 1 if variable.scalar else _size_of(variable, self.plan)
                self.arrays[array] = (c_data_type(variable.dtype), size)
        return text


def _size_of(variable: Any, plan: Plan) -> int:
    name = variable.owner.name
    if name in plan.groups:
        return int(plan.groups[name].N)
    return 0 if name in plan.synapses else 1


def generate_source(plan: Plan) -> tuple[str, Layout]:
    """Return the C++ source of a network and the layout of its arguments.

    Parameters
    ----------
    plan : Plan
        The lowered network.

    Returns
    -------
    source : str
        One translation unit.
    layout : Layout
        State, inputs and outputs in the order the compiled function takes them.
    """
    with float_precision(plan.dtype):
        assembly = _Assembly(plan)
        calls = {
            stage: [_render(action, assembly) for action in getattr(plan, stage)]
            for stage in ("trial_start", "step", "trial_end")
        }
        repeat = _render(plan.repeat, assembly) if plan.repeat else ""
        on_repeat = _render(plan.on_repeat, assembly) if plan.on_repeat else ""
        layout = _layout(plan, assembly)
        template = KernelCode.templater.env.get_template("program.cpp")
        runtime = KernelCode.templater.env.loader.get_source(
            KernelCode.templater.env, "runtime.hpp"
        )[0]
        context = _program_context(plan, assembly, layout)
        text = template.render(
            runtime=runtime,
            support="\n".join(assembly.support),
            kernels="\n".join(assembly.kernels),
            calls=calls,
            repeat=repeat,
            on_repeat=on_repeat,
            **context,
        )
    return text, layout


# ---- one renderer per action --------------------------------------------------------------------


@singledispatch
def _render(action: Any, assembly: _Assembly) -> str:
    raise NotImplementedError(f"no kernel for {type(action).__name__}")


@_render.register
def _(action: lowering.Integrate, assembly: _Assembly) -> str:
    updater = action.group.state_updater
    updater.update_abstract_code(run_namespace={})
    code = updater.abstract_code
    if refractory_steps(action.group) is not None:
        first, _, rest = code.partition("\n")
        if not first.startswith("not_refractory = "):
            raise RuntimeError(f"unexpected refractory statement of Brian2: {first}")
        code = rest
        if not code.strip():
            return ""
    name = f"{action.group.name}_integrate"
    if action.projection is not None:
        return _every(name, action.projection, action.group, code, assembly)
    return assembly.add(
        name,
        action.group,
        code,
        "stateupdate",
        path="vectorised loop",
        size=int(action.group.N),
    )


@_render.register
def _(action: lowering.Threshold, assembly: _Assembly) -> str:
    group = action.group
    thresholder = group.thresholder["spike"]
    thresholder.update_abstract_code(run_namespace={})
    counted = refractory_steps(group) is not None
    stored = group._refractory is not False and not counted
    return assembly.add(
        f"{group.name}_threshold",
        group,
        thresholder.abstract_code,
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


@_render.register
def _(action: lowering.Reset, assembly: _Assembly) -> str:
    group = action.group
    resetter = group.resetter["spike"]
    resetter.update_abstract_code(run_namespace={})
    return assembly.add(
        f"{group.name}_reset",
        group,
        resetter.abstract_code,
        "reset",
        path="spiking neurons only",
        size=int(group.N),
        override=["not_refractory"],
        events=_events(group),
    )


@_render.register
def _(action: lowering.SpikeStatements, assembly: _Assembly) -> str:
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


@_render.register
def _(action: lowering.DelaySpikes, assembly: _Assembly) -> str:
    name, n = action.projection, int(action.group.N)
    assembly.parts.append(Part(f"{name}_delay", "delay", f"ring of {action.steps} steps", n))
    return f"""{{
            int32_t* _slot = _flight_{name} + (_array_clock_timestep[0] % {action.steps}) * {n + 1};
            const int _n = _slot[{n}];
            std::memcpy(_delayed_{name}, _slot, _n * sizeof(int32_t));
            _delayed_{name}[{n}] = _n;
            const int _new = {_events(action.group)}[{n}];
            std::memset(_slot, 0, {n} * sizeof(int32_t));
            std::memcpy(_slot, {_events(action.group)}, _new * sizeof(int32_t));
            _slot[{n}] = _new;
        }}"""


@_render.register
def _(action: lowering.RestoreSpikes, assembly: _Assembly) -> str:
    return ""


@_render.register
def _(action: lowering.SummedStatements, assembly: _Assembly) -> str:
    projection, synapses = action.projection, action.synapses
    variables = synapses.resolve_all(
        {action.target, *get_identifiers(action.expression)}, run_namespace={}
    )
    check_units_statements(f"{action.target} = {action.expression}", variables)
    target = synapses.variables[action.target]
    sparse = isinstance(projection, SparseProjection)
    return assembly.add(
        action.name,
        synapses,
        f"_summand = {action.expression}",
        "sparse_summed" if sparse else "dense_summed",
        path="compressed rows" if sparse else "dense matrix, vectorised",
        size=_n_synapses(projection, synapses),
        needed=(action.target,),
        target=f"_ptr_array_{target.owner.name}_{target.name}",
        projection=projection.name,
        **_sizes(synapses),
    )


@_render.register
def _(action: lowering.Emit, assembly: _Assembly) -> str:
    name, n = action.source.name, int(action.group.N)
    poisson = isinstance(action.source, PoissonSource)
    path = "inter-spike intervals, cost per spike" if poisson else "list of spikes"
    assembly.parts.append(Part(f"{name}_emit", "emit", path, n))
    return f"_calendar_{name}.emit(_k, {_events(action.group)}, {n});"


@_render.register
def _(action: lowering.RateStatements, assembly: _Assembly) -> str:
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
    array = f"_array_{source.name}_source_probability"
    draw = (
        f"_calendar_{source.name}.begin({assembly.plan.n_steps}); "
        f"_calendar_{source.name}.draw_bernoulli({array}, {source.n}, {on}, {off}, "
        f"{source.dead_steps}, CounterRng::derive(_trial_key, {_stream(assembly.plan, source)})); "
        f"_calendar_{source.name}.finish();"
    )
    return f"{call} {draw}"


@_render.register
def _(action: lowering.TrialStatements, assembly: _Assembly) -> str:
    return assembly.add(
        action.name, action.group, action.code, "scalar", path="once per trial", size=1
    )


@_render.register
def _(action: lowering.Normalise, assembly: _Assembly) -> str:
    projection, synapses = action.projection, action.synapses
    sparse = isinstance(projection, SparseProjection)
    return assembly.add(
        action.name,
        synapses,
        "",
        "sparse_normalise" if sparse else "dense_normalise",
        path="compressed rows" if sparse else "dense matrix, vectorised",
        size=_n_synapses(action.projection, synapses),
        needed=(action.rule.variable,),
        weight=f"_ptr_array_{projection.name}_{action.rule.variable}",
        total=repr(float(action.rule.total)),
        over=action.rule.over,
        **_sizes(synapses),
    )


@_render.register
def _(action: lowering.ClockedStatements, assembly: _Assembly) -> str:
    call = _every(action.name, action.projection, action.synapses, action.code, assembly)
    return _at_interval(action.interval, call)


@_render.register
def _(action: lowering.CellStatements, assembly: _Assembly) -> str:
    template = "scalar" if action.shared else "stateupdate"
    size = 1 if action.shared else int(action.owner.N)
    call = assembly.add(
        action.name, action.owner, action.code, template, path="vectorised loop", size=size
    )
    return _at_interval(action.interval, call)


def _at_interval(interval: int, call: str) -> str:
    return call if interval == 1 else f"if((_array_clock_timestep[0] + 1) % {interval} == 0) {call}"


@_render.register
def _(action: lowering.SynapseStatements, assembly: _Assembly) -> str:
    projection, synapses = action.projection, action.synapses
    if isinstance(projection, UniformProjection):
        return _uniform(action, assembly)
    pathway = getattr(synapses, action.pathway)
    pathway.update_abstract_code(run_namespace={})
    code = pathway.abstract_code
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
            **_sizes(synapses),
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


def _every(name: str, projection: Any, synapses: Any, code: str, assembly: _Assembly) -> str:
    sparse = isinstance(projection, SparseProjection)
    return assembly.add(
        name,
        synapses,
        code,
        "sparse_every" if sparse else "dense_every",
        path="compressed rows" if sparse else "dense matrix, vectorised",
        size=_n_synapses(projection, synapses),
        projection=projection.name,
        **_sizes(synapses),
    )


def _uniform(action: lowering.SynapseStatements, assembly: _Assembly) -> str:
    projection: Any = action.projection
    synapses = action.synapses
    common: dict[str, Any] = {
        "size": int(synapses.target.N),
        "events": _events(synapses.source, action.delayed),
        **_sizes(synapses),
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
            and getattr(target, "conditional_write", None) is None
            and not read & (set(synapses.variables) | set(_RANDOM))
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
                increment="_increment",
                **kwds,
            )
        )
    return " ".join(calls)


# ---- names and sizes -----------------------------------------------------------------------------


def _events(group: Any, delayed: str = "") -> str:
    return f"_delayed_{delayed}" if delayed else f"_spikes_{group.name}"


def _sizes(synapses: Any) -> dict[str, int]:
    return {"n_pre": int(synapses.source.N), "n_post": int(synapses.target.N)}


def _n_synapses(projection: Any, synapses: Any) -> int:
    if isinstance(projection, SparseProjection):
        return projection.n_synapses
    return int(synapses.source.N) * int(synapses.target.N)


def _stream(plan: Plan, source: Any) -> int:
    """Return the number of the random stream of a source (0 belongs to the equations)."""
    return 1 + [population.name for population in plan.spec.populations].index(source.name)


# ---- program -------------------------------------------------------------------------------------


def _layout(plan: Plan, assembly: _Assembly) -> Layout:
    connectivity = []
    for projection in plan.spec.projections:
        if isinstance(projection, SparseProjection):
            for member, ctype in (
                ("row", "int64_t"),
                ("post", "int32_t"),
                ("pre", "int32_t"),
                ("column", "int64_t"),
                ("order", "int64_t"),
            ):
                connectivity.append((projection.name, member, ctype))
    return Layout(
        n_steps=plan.n_steps,
        dt=float(plan.clock.dt),
        dtype=plan.dtype.name,
        state=plan.state,
        connectivity=connectivity,
        inputs=_inputs(plan),
        outputs=_outputs(plan),
        spike_logs=[r.population for r in plan.spec.records if isinstance(r, SpikeRecord)],
        parts=assembly.parts,
    )


def _inputs(plan: Plan) -> list[dict[str, Any]]:
    inputs: dict[str, dict[str, Any]] = {}
    for source in plan.spec.populations:
        if isinstance(source, PoissonSource):
            declared: list[tuple[str, str, tuple[int, ...]]]
            declared = [(name, dtype, (source.n,)) for name, dtype in source.inputs.items()]
            declared += [(name, dtype, ()) for name, dtype in source.shared_inputs.items()]
            for name, dtype, shape in declared:
                entry = {"name": name, "kind": "array", "dtype": dtype, "shape": list(shape)}
                known = inputs.setdefault(name, {**entry, "groups": []})
                if (known["dtype"], known["shape"]) != (dtype, list(shape)):
                    raise ValueError(f"PoissonSource.inputs: {name!r} is declared in two ways")
                known["groups"].append(source.name)
        elif not hasattr(source, "model"):
            inputs[source.name] = {
                "name": source.name,
                "kind": "spikes",
                "dtype": "int32",
                "shape": [source.n],
                "groups": [source.name],
            }
    return list(inputs.values())


def _outputs(plan: Plan) -> list[dict[str, Any]]:
    outputs: list[dict[str, Any]] = []
    for record in plan.spec.records:
        n = int(plan.groups[record.population].N)
        if isinstance(record, SpikeCount):
            first, last = plan.window(record.window)
            outputs.append(
                {
                    "key": f"{record.population}.count",
                    "kind": "count",
                    "population": record.population,
                    "dtype": "int32",
                    "shape": [n],
                    "window": [first, last],
                }
            )
        elif isinstance(record, StateRecord):
            variable = _recorded_variable(plan, record)
            outputs.append(
                {
                    "key": f"{record.population}.{record.variable}",
                    "kind": "state",
                    "population": record.population,
                    "variable": record.variable,
                    "dtype": np.dtype(variable.dtype).name,
                    "shape": [plan.n_steps // record.every, 1 if variable.scalar else n],
                    "every": record.every,
                }
            )
    return outputs


def _recorded_variable(plan: Plan, record: StateRecord) -> Any:
    owned = {e.array for e in plan.state if e.kind == "variable"}
    prefix = f"_array_{record.population}_"
    if f"{prefix}{record.variable}" not in owned:
        known = sorted(a.removeprefix(prefix) for a in owned if a.startswith(prefix))
        raise ValueError(
            f"StateRecord.variable: population {record.population!r} has no state variable "
            f"{record.variable!r}; known: {', '.join(known) or 'none'}"
        )
    return plan.groups[record.population].variables[record.variable]


def _program_context(plan: Plan, assembly: _Assembly, layout: Layout) -> dict[str, Any]:
    state_arrays = {e.array for e in layout.state}
    sources = [p for p in plan.spec.populations if not hasattr(p, "model")]
    arrays = dict(assembly.arrays)
    for entry in layout.inputs:
        if entry["kind"] == "array":
            for group in entry["groups"]:
                variable = plan.groups[group].variables[entry["name"]]
                size = 1 if variable.scalar else int(plan.groups[group].N)
                arrays[f"_array_{group}_{entry['name']}"] = (c_data_type(variable.dtype), size)
    for variable in plan.trial_group.variables.values():
        name = getattr(variable, "name", "")
        if name in plan.trial_group.equations:
            arrays[f"_array_trial_{name}"] = (c_data_type(variable.dtype), 1)
    scratch = {
        name: value
        for name, value in sorted(arrays.items())
        if name not in state_arrays and not name.startswith("_array_clock_")
    }
    return {
        "dt": repr(layout.dt),
        "n_steps": layout.n_steps,
        "state": [(e, _C_TYPES[e.dtype]) for e in layout.state],
        "scratch": scratch,
        "connectivity": layout.connectivity,
        "inputs": layout.inputs,
        "input_types": {i["name"]: _C_TYPES[i["dtype"]] for i in layout.inputs},
        "outputs": layout.outputs,
        "output_types": {o["key"]: _C_TYPES[o["dtype"]] for o in layout.outputs},
        "spike_logs": layout.spike_logs,
        "groups": {name: int(group.N) for name, group in plan.groups.items()},
        "delays": {
            entry.array.removeprefix("_flight_"): entry.shape[1]
            for entry in layout.state
            if entry.kind == "spikes_in_flight"
        },
        "calendars": [source.name for source in sources],
        "trial_variables": dict(plan.spec.trial.variables),
        "counted": [r.population for r in plan.spec.records if isinstance(r, SpikeCount)],
    }
