"""Brian2 synapses of a projection, and its code in terms of their variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
from brian2.equations.equations import SUBEXPRESSION
from brian2.utils.stringtools import word_substitute

from bioplastic.engine.brian2_bridge import analyse_identifiers
from bioplastic.engine.cells import (
    cell_names,
    renamed_parameters,
    shared_modulators,
    shared_names,
    shared_settings,
)
from bioplastic.engine.passes import brian2_name, passes
from bioplastic.engine.plan import Plan, precise_times, trace_name
from bioplastic.engine.projections import (
    Projection,
    SparseProjection,
    UniformProjection,
    connected_pairs,
)
from bioplastic.equations import parse_statements, same_value, unit_string
from bioplastic.linear import solve_linear
from bioplastic.neurons.integration import StepMethod
from bioplastic.plasticity.rule import Normalisation, PlasticityRule

__all__ = [
    "advance_code",
    "create_synapses",
    "summed_statements",
    "synapse_names",
    "total_name",
]


def synapse_names(projection: Projection) -> dict[str, str]:
    """Return what traces and modulators of cells are called on the synapses of a projection."""
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    names: dict[str, str] = {}
    if rule is None:
        return names
    for side in ("pre", "post"):
        for name in cell_names(rule, side):
            names[name] = f"{trace_name(projection.name, name)}_{side}"
    for name, new in renamed_parameters(projection, rule).items():
        if name.endswith(("_pre", "_post")):  # 'tau_pre' is no variable 'tau' of the cell
            names[name] = new
    return names


def _cell_constants(projection: Projection, plan: Plan, namespace: dict[str, Any]) -> None:
    """Add the constants that subexpressions of the cells read, since synapses may read these."""
    linked = (population for population, _ in getattr(projection, "modulators", {}).values())
    for cell in (projection.source, projection.target, *linked):
        group = plan.groups[cell]
        for equation in group.equations.values():
            if equation.type != SUBEXPRESSION:
                continue
            for name in equation.identifiers & set(group.namespace):
                value = group.namespace[name]
                if name in namespace and not same_value(namespace[name], value):
                    raise ValueError(
                        f"{type(projection).__name__} {projection.name!r}: {name!r} is "
                        f"{namespace[name]} at the synapse and {value} in {equation.varname!r} of "
                        f"population {cell!r}; rename one of them"
                    )
                namespace[name] = value


def total_name(projection: Projection, rule: Normalisation) -> str:
    """Return the name that a total given as a trace has on the synapses."""
    own: PlasticityRule = projection.rule  # type: ignore[attr-defined]
    name = str(rule.total)
    names = synapse_names(projection)
    if name not in names:
        raise ValueError(f"Normalisation.total: the rule {own.name!r} has no trace {name!r}")
    return names[name]


def create_synapses(projection: Projection, plan: Plan, connect: bool) -> Any:
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    namespace = dict(rule.parameters) if rule is not None else {}
    if rule is not None:
        renamed = renamed_parameters(projection, rule)
        namespace.update({renamed[name]: rule.parameters[name] for name in renamed})
    namespace.update(projection.parameters)  # type: ignore[attr-defined]
    _cell_constants(projection, plan, namespace)
    names = synapse_names(projection)
    if rule is not None:
        shared = "\n".join(shared_modulators(projection, dynamic=False).values())
        model = word_substitute(f"{rule.synapse}\n{shared}", names)
    else:
        model = "" if "w" in namespace or isinstance(projection, UniformProjection) else "w : 1"
    for target, expression in summed_statements(projection, names):
        unit = unit_string(plan.groups[projection.target].variables[target[:-5]].dim)
        model += f"\n{target} = {expression} : {unit} (summed)"
    method = "euler+decay" if rule is None else rule.method
    decays = method == "euler+decay"
    pathways: dict[str, dict[str, str]] = {"on_pre": {}, "on_post": {}}
    at_once = []  # pathways with one delay for all synapses
    for run in passes(projection, plan):
        if run.scope == "synapse":
            members = pathways["on_post" if run.side == "post" else "on_pre"]
            members[brian2_name(run)] = word_substitute(run.code, names)
            if run.queue is None or not run.queue.synaptic:
                at_once.append(brian2_name(run))
    synapses = b2.Synapses(
        plan.groups[projection.source],
        plan.groups[projection.target],
        model=model,
        on_pre=pathways["on_pre"] or None,
        on_post=pathways["on_post"] or None,
        clock=plan.clock,
        name=projection.name,
        namespace=namespace,
        dtype={"lastupdate": np.dtype("float64"), **precise_times(model.replace(";", "\n"))},
        method=StepMethod(base="euler" if decays else method, detect=decays),
        delay=dict.fromkeys(at_once, 0 * b2.ms),
    )
    _refer_to_inputs(projection, plan, synapses)
    synapses.add_attribute("lazy_")
    synapses.lazy_, synapses.event_driven = synapses.event_driven, None
    if advance := advance_code(synapses):  # in place of Brian2's own solution
        for name in (*pathways["on_pre"], *pathways["on_post"]):
            pathway = getattr(synapses, name)
            pathway.code = f"{advance}{pathway.code}"
    synapses.add_attribute("factors_")
    synapses.factors_ = set()
    synapses.add_attribute("degrees_")
    synapses.degrees_ = _degrees(projection, plan)
    if connect:
        pre, post = connected_pairs(plan.spec, projection)
        synapses.connect(i=pre, j=post)
    _refer_to_modulators(projection, plan, synapses)
    return synapses


def _refer_to_inputs(projection: Projection, plan: Plan, synapses: Any) -> None:
    """Let synapses read the input that all cells of a population share, which Brian2 leaves out."""
    for side, population in (("pre", projection.source), ("post", projection.target)):
        for variable, name in getattr(plan.spec.population(population), "inputs", {}).items():
            if f"{variable}_{side}" not in synapses.variables:
                given: Any = plan.spec.population(name)
                synapses.variables.add_reference(
                    f"{variable}_{side}", plan.groups[name], given.shown, index="0"
                )


def _refer_to_modulators(projection: Projection, plan: Plan, synapses: Any) -> None:
    """Let synapses read shared modulators of other groups, and cells those of the synapses."""
    for name in shared_modulators(projection, dynamic=True):
        group = plan.modulators[projection.name]
        synapses.variables.add_reference(name, group, name, index="0")
    for name, (population, variable) in getattr(projection, "modulators", {}).items():
        if name in shared_names(projection.rule):  # type: ignore[attr-defined]
            group = plan.groups[population]
            synapses.variables.add_reference(name, group, variable, index="0")
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    settings = [] if rule is None else shared_settings(rule)
    for name in [*shared_modulators(projection, dynamic=False), *settings]:
        for cell in {projection.source, projection.target}:
            variables = plan.groups[cell].variables
            variables.add_reference(trace_name(projection.name, name), synapses, name)


def advance_code(synapses: Any, code: str | None = None) -> str:
    """Return what brings the event-driven variables of synapses up to the present.

    With ``code``, only if it reads or writes one of them or something their equations read; Brian2
    itself does it at spikes alone.
    """
    equations = synapses.lazy_
    if equations is None:
        return ""
    if code is not None:
        _, touched, _ = analyse_identifiers(code, synapses.variables, recursive=True)
        moving = set(equations.diff_eq_names).union(
            *(equations[name].identifiers for name in equations.diff_eq_names)
        )
        if moving.isdisjoint(touched):
            return ""
    constants = {n: v for n, v in synapses.namespace.items() if isinstance(v, (float, b2.Quantity))}
    update = re.sub(
        r"\bdt\b", "(t - lastupdate)", solve_linear(equations, synapses.variables, constants)
    )
    return f"{update}\nlastupdate = t\n"


def summed_statements(projection: Projection, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (target, expression) of the analogue transmission of a projection."""
    text = getattr(projection, "summed", "")
    place = f"{type(projection).__name__} {projection.name!r}.summed"
    statements = []
    for target, operator, expression in parse_statements(place, text) if text.strip() else []:
        if operator != "=" or not target.endswith("_post"):
            raise ValueError(f"{place}: must have the form 'x_post = ...', got {text!r}")
        statements.append((target, str(word_substitute(expression, dict(names)))))
    return statements


def _degrees(projection: Projection, plan: Plan) -> dict[str, str]:
    """Return the numbers of synapses of the cells of a synapse, in C++."""
    if isinstance(projection, SparseProjection):
        name = projection.name
        row, column = f"_row_{name}[_presynaptic_idx", f"_column_{name}[_postsynaptic_idx"
        return {
            "N_outgoing": f"(int)({row} + 1] - {row}])",
            "N_incoming": f"(int)({column} + 1] - {column}])",
        }
    pattern = projection.pattern if isinstance(projection, UniformProjection) else "all"
    groups = projection.groups  # type: ignore[attr-defined]
    sizes = (
        ("N_outgoing", int(plan.groups[projection.target].N)),
        ("N_incoming", int(plan.groups[projection.source].N)),
    )
    if pattern == "one_to_one":
        return {name: "1" for name, _ in sizes}
    return {name: str(n // groups - (pattern == "all_but_self")) for name, n in sizes}
