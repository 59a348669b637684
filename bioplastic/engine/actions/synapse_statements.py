"""Statements for the synapses of cells that fired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from brian2.equations.unitcheck import check_units_statements
from brian2.parsing.statements import parse_statement
from brian2.utils.stringtools import get_identifiers

from bioplastic.engine.action import Action
from bioplastic.engine.actions.kernels import (
    events_of,
    n_synapses,
    sizes_of,
)
from bioplastic.engine.arrivals import (
    render_arrivals,
    run_arrivals,
)
from bioplastic.engine.assembly import Assembly
from bioplastic.engine.brian2_bridge import (
    RANDOM_FUNCTIONS,
    abstract_code,
    c_data_type,
    stock_run,
)
from bioplastic.engine.columns import Columns
from bioplastic.engine.layout import AHEAD, MANY
from bioplastic.engine.optimisations import has_optimisation
from bioplastic.engine.projections import (
    DenseProjection,
    Projection,
    SparseProjection,
    UniformProjection,
)

__all__ = ["SynapseStatements"]


@dataclass(frozen=True)
class SynapseStatements(Action):
    """Statements executed for every synapse of the neurons that fired.

    Where synapses have delays of their own, ``arrivals`` names the queue that tells which are
    reached. ``direction`` is ``"other"`` for spikes of another population, of ``group``.
    """

    name: str
    projection: Projection
    synapses: Any
    pathway: str
    direction: str
    code: str
    delayed: str = ""
    arrivals: str = ""
    group: Any = None

    def cpp(self, assembly: Assembly) -> str:
        """Return the C++ call."""
        projection, synapses = self.projection, self.synapses
        if isinstance(projection, UniformProjection):
            return _uniform(self, assembly)
        if self.arrivals or self.direction == "other":
            return render_arrivals(
                self,
                assembly,
                events=events_of(self.group, self.delayed),
                n_events=int(self.group.N),
                size=n_synapses(projection, synapses),
                sparse=isinstance(projection, SparseProjection),
                **sizes_of(projection, synapses),
            )
        code = abstract_code(getattr(synapses, self.pathway))
        spiking = synapses.source if self.direction == "pre" else synapses.target
        common: dict[str, Any] = {
            "size": n_synapses(projection, synapses),
            "events": events_of(spiking, self.delayed),
        }
        columns = assembly.columns.get(projection.name)
        if columns is not None and columns.action == self.name:
            return _columns(self, columns, code, assembly, common)
        if isinstance(projection, DenseProjection):
            row = self.direction == "pre"
            call = assembly.add(
                self.name,
                synapses,
                code,
                f"dense_{self.direction}",
                path=f"dense matrix, {'contiguous rows' if row else 'strided columns'}",
                **sizes_of(projection, synapses),
                **common,
            )
            if columns is not None and not row:
                events = common["events"]
                call += f" _columns_{projection.name}.move({events}, {events}[{spiking.N}]);"
            return call
        flight = f"_flight_{self.delayed}"
        steps = next((e.shape[0] for e in assembly.plan.state if e.array == flight), 0)
        return assembly.add(
            self.name,
            synapses,
            code,
            "sparse_spike",
            path=f"compressed {'rows' if self.direction == 'pre' else 'columns'}",
            direction=self.direction,
            projection=projection.name,
            n_events=int(spiking.N),
            n_pre=int(synapses.source.N),
            ahead=AHEAD if has_optimisation("ahead") else 0,
            many=MANY,
            flight=self.delayed,
            steps=steps,
            line=64 // assembly.plan.dtype.itemsize,
            **common,
        )

    def numpy(self, network: Any) -> Callable[[], Any]:
        """Return what does the same to the objects of Brian2."""
        if self.arrivals or self.direction == "other":
            calendar = network.calendars_of_events.get(self.arrivals)
            timestep = network.plan.clock.variables["timestep"]
            return run_arrivals(self, calendar, timestep, self.group)
        return stock_run(getattr(self.synapses, self.pathway))


def _columns(
    action: SynapseStatements, columns: Columns, code: str, assembly: Assembly, common: Any
) -> str:
    """Render presynaptic spikes that leave columns alone; see `bioplastic.engine.columns`."""
    projection, synapses, name = action.projection, action.synapses, action.name
    common = {**common, **sizes_of(projection, synapses), "projection": projection.name}

    def add(part: str, statements: str, template: str, path: str, **kwds: Any) -> None:
        whole = f"{name}{part}"
        assembly.add(whole, synapses, statements, template, path=path, **kwds, **common)

    add("", code, "dense_pre", "dense matrix, contiguous rows")
    note = f"without the last {columns.bound:.0e} of a pair per spike and synapse"
    assembly.parts[-1] = replace(assembly.parts[-1], note=note)
    if columns.transmit:
        add("_read", columns.transmit, "dense_read", "dense matrix, contiguous rows")
    path = "dense matrix, chosen columns"
    add("_learn", columns.learn, "dense_columns", path, columns="learning")
    if columns.clip:
        add("_clip", columns.clip, "dense_columns", path, columns="outside")
    trace = synapses.variables[columns.trace]
    assembly.add_plain(
        "columns_pre.cpp", name=name, projection=projection.name, events=common["events"],
        n_pre=common["n_pre"], trace=f"_array_{trace.owner.name}_{trace.name}",
        weight=f"_array_{projection.name}_{columns.variable}", clip=columns.clip,
        transmit=columns.transmit, least=assembly.literal(columns.least),
        low=assembly.literal(columns.low), high=assembly.literal(columns.high),
    )  # fmt: skip
    return f"run_{name}_columns();"


def _uniform(action: SynapseStatements, assembly: Assembly) -> str:
    projection: Any = action.projection
    synapses = action.synapses
    common: dict[str, Any] = {
        "size": int(synapses.target.N),
        "events": events_of(synapses.source, action.delayed),
        **sizes_of(projection, synapses),
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
