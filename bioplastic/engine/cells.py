"""Brian2 groups of a network: neurons with the traces of their projections, sources, modulators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import brian2 as b2
import numpy as np
from brian2.equations.equations import DIFFERENTIAL_EQUATION, Equations
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.engine.brian2_bridge import has_refractory
from bioplastic.engine.network import NetworkSpec, Population
from bioplastic.engine.plan import Plan, precise_times, solver_name, trace_name
from bioplastic.engine.poisson_counts import count_variable
from bioplastic.engine.projections import Projection
from bioplastic.engine.records import SpikeCount
from bioplastic.equations import equation_text, unit_string
from bioplastic.neurons.integration import StepMethod
from bioplastic.neurons.model import NeuronModel, build_group
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals.base import InputSource
from bioplastic.signals.event_source import EventSource

__all__ = [
    "cell_code",
    "cell_names",
    "create_group",
    "create_modulators",
    "create_trial_group",
    "hidden_variables",
    "link_inputs",
    "renamed_parameters",
    "shared_modulators",
    "shared_names",
    "shared_settings",
]


def create_trial_group(spec: NetworkSpec, clock: Any) -> Any:
    names = list(spec.trial.variables)
    names += [f"{r.population}_count" for r in spec.records if isinstance(r, SpikeCount)]
    equations = "\n".join(f"{name} : 1 (shared)" for name in [*names, "repeat_trial"])
    return b2.NeuronGroup(1, equations, clock=clock, name="trial", namespace={})


def _traces(spec: NetworkSpec, population: str) -> Iterator[tuple[Projection, str, str]]:
    """Yield (projection, side, equations) of all traces that live on a population."""
    for projection in spec.projections:
        rule = getattr(projection, "rule", None)
        if rule is None:
            continue
        for side, cell in (("pre", projection.source), ("post", projection.target)):
            if cell != population:
                continue
            linked = projection.modulators  # type: ignore[attr-defined]
            equations = getattr(rule, side) + "\n" + _cell_modulators(rule, side, linked)
            if equations.strip():
                yield projection, side, equations


def _cell_modulators(rule: PlasticityRule, side: str, linked: Mapping[str, Any]) -> str:
    if not rule.modulators.strip():
        return ""
    equations = Equations(rule.modulators)
    lines = [
        equation_text(equations[name])
        for name in equations
        if name.endswith(f"_{side}")
        and "shared" not in equations[name].flags
        and name not in linked
    ]
    return "\n".join(lines)


def shared_modulators(projection: Projection, *, dynamic: bool) -> dict[str, str]:
    """Return equations of shared modulators that belong to the projection, by name.

    With ``dynamic`` those that are differential equations (they run on a group of one cell), else
    the parameters, which live on the synapses.
    """
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    if rule is None or not rule.modulators.strip():
        return {}
    linked = projection.modulators  # type: ignore[attr-defined]
    return {
        name: equation_text(equation)
        for name, equation in Equations(rule.modulators).items()
        if "shared" in equation.flags
        and name not in linked
        and (equation.type == DIFFERENTIAL_EQUATION) == dynamic
    }


def shared_names(rule: PlasticityRule) -> list[str]:
    if not rule.modulators.strip():
        return []
    equations = Equations(rule.modulators)
    return [name for name in equations if "shared" in equations[name].flags]


def shared_settings(rule: PlasticityRule) -> list[str]:
    """Return the scalars that all synapses of a projection share and that cells may read."""
    return [name for name, equation in rule.parse("synapse").items() if "shared" in equation.flags]


def create_modulators(projection: Projection, plan: Plan) -> None:
    """Create the group of dynamic shared modulators and link modulators of other populations."""
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    if rule is None:
        return
    cells = {
        "pre": plan.groups[projection.source].variables,
        "post": plan.groups[projection.target].variables,
    }
    dynamic = shared_modulators(projection, dynamic=True)
    if dynamic:
        lines = [line.replace("(shared)", "") for line in dynamic.values()]
        group = b2.NeuronGroup(
            1,
            "\n".join(lines),
            clock=plan.clock,
            name=f"{projection.name}_modulators",
            namespace=dict(rule.parameters),
            method=StepMethod(base="euler", detect=True, traces=frozenset(), update=""),
            dtype=precise_times("\n".join(lines)),
        )
        plan.modulators[projection.name] = group
        for name in dynamic:
            group.variables[name].scalar = True  # Brian2 has no shared differential equations
            group.variables.indices[name] = "0"
            for variables in cells.values():
                variables.add_reference(trace_name(projection.name, name), group, name, index="0")
    for name, (population, variable) in projection.modulators.items():  # type: ignore[attr-defined]
        linked = plan.groups[population]
        if variable not in linked.variables:
            raise ValueError(
                f"{type(projection).__name__} {projection.name!r}.modulators[{name!r}]: population "
                f"{population!r} has no variable {variable!r}"
            )
        side = name.rpartition("_")[2]
        if side in cells and "shared" not in Equations(rule.modulators)[name].flags:
            if linked.variables.indices[variable] == "0" and int(linked.N) > 1:
                raise ValueError(
                    f"{type(projection).__name__} {projection.name!r}.modulators[{name!r}]: "
                    f"{variable!r} of {population!r} is one value for all its cells; give it an "
                    "input of as many cells, or declare the modulator (shared)"
                )
            cells[side].add_reference(trace_name(projection.name, name), linked, variable)
        else:
            for variables in cells.values():
                variables.add_reference(
                    trace_name(projection.name, name), linked, variable, index="0"
                )


def cell_names(rule: PlasticityRule, side: str) -> list[str]:
    text = getattr(rule, side) + "\n" + _cell_modulators(rule, side, {})
    return list(Equations(text)) if text.strip() else []


def hidden_variables(spec: NetworkSpec, population: str) -> list[str]:
    """Return the variables of a population that actions fill and read; they are no state."""
    given = getattr(spec.population(population), "background", ())
    names = [count_variable(number) for number in range(len(given))]
    for projection in spec.projections:
        if getattr(getattr(projection, "rule", None), "least_squares", None) is not None:
            for part, cell in (("activity", projection.source), ("error", projection.target)):
                if cell == population:
                    names.append(solver_name(projection.name, part))
    return names


def renamed_parameters(projection: Projection, rule: PlasticityRule) -> dict[str, str]:
    """Return the names that the parameters of a rule have on the cells of a projection."""
    return {name: f"{name}_{projection.name}" for name in rule.parameters}


def create_group(population: Any, plan: Plan) -> Any:
    equations, parameters = [], {}
    for projection, side, text in _traces(plan.spec, population.name):
        rule = projection.rule  # type: ignore[attr-defined]
        renamed = renamed_parameters(projection, rule)
        names = {name: trace_name(projection.name, name) for name in cell_names(rule, side)}
        names |= {name: trace_name(projection.name, name) for name in shared_names(rule)}
        for identifier in get_identifiers(text):  # variables of the neuron itself
            own = identifier not in names and identifier not in renamed
            if own and identifier.endswith(f"_{side}"):
                names[identifier] = identifier.removesuffix(f"_{side}")
        derivatives = {f"d{name}": f"d{new}" for name, new in names.items()}
        equations.append(word_substitute(text, {**names, **derivatives, **renamed}))
    for projection in plan.spec.projections:  # statements need them even where no trace lives
        rule = getattr(projection, "rule", None)
        if rule is not None and population.name in (projection.source, projection.target):
            renamed = renamed_parameters(projection, rule)
            parameters.update({renamed[name]: rule.parameters[name] for name in renamed})
    equations += [f"{name} : 1" for name in hidden_variables(plan.spec, population.name)]
    for number, given in enumerate(getattr(population, "background", ())):
        if not isinstance(given.weight, str):
            parameters[f"poisson_weight_{number}"] = given.weight
    extra = "\n".join(equations)
    if isinstance(population, Population):
        group = build_group(
            population.model,
            population.n,
            name=population.name,
            clock=plan.clock,
            # Precision of the plan (a preference here), except for times.
            dtype={
                "lastspike": np.dtype("float64"),
                **precise_times(f"{population.model.equations}\n{extra}".replace(";", "\n")),
            },
            extra_equations=extra,
            extra_parameters=parameters,
            linked=frozenset(population.inputs),
        )
        _count_refractory_steps(group, population, plan)
        return group
    return _create_source(population, extra, parameters, plan)


def _count_refractory_steps(group: Any, population: Population, plan: Plan) -> None:
    period = population.model.refractory
    if isinstance(period, b2.Quantity):
        dt = float(plan.clock.dt)
        # A cell that fires is refractory to the end of the step, as in Brian2.
        steps = max(1, int((float(period) + 1e-3 * dt) / dt))
        group.add_attribute("refractory_steps_")
        group.refractory_steps_ = steps


def _create_source(
    source: InputSource, extra: str, parameters: Mapping[str, Any], plan: Plan
) -> Any:
    if isinstance(source, EventSource):
        return _create_event_source(source, extra, parameters, plan)
    lines = ["source_emits : 1"] if source.fires else []
    model = NeuronModel(
        name=source.name,
        equations="\n".join([*lines, *source.equations()]),
        threshold="source_emits > 0.5" if source.fires else None,
    )
    group = build_group(
        model,
        source.n,
        name=source.name,
        clock=plan.clock,
        dtype={**precise_times(extra), **{k: np.dtype(v) for k, v in source.dtypes().items()}},
        extra_equations=extra,
        extra_parameters={**parameters, **source.constants},
    )
    for name in source.reads_trial(plan.spec.trial.variables):
        group.variables.add_reference(name, plan.trial_group)
    return group


def _create_event_source(
    source: EventSource, extra: str, parameters: Mapping[str, Any], plan: Plan
) -> Any:
    """Return the group of an event; `link_inputs` lets it read the cells it belongs to."""
    model = plan.spec.population(source.population).model  # type: ignore[union-attr]
    traces = b2.Equations(extra) if extra.strip() else b2.Equations([])
    return b2.NeuronGroup(
        source.n, traces, threshold=source.condition, reset=source.statements.replace(";", "\n"),
        method=StepMethod(base="euler", detect=False, traces=frozenset(traces), update=""),
        namespace={**model.parameters, **source.parameters, **parameters}, clock=plan.clock,
        name=source.name, dtype=precise_times(extra),
    )  # fmt: skip


def link_inputs(plan: Plan) -> None:
    """Let the linked parameters of populations refer to their sources."""
    for population in plan.spec.populations:
        if isinstance(population, EventSource):
            group, cells = plan.groups[population.name], plan.groups[population.population]
            own = ("not_refractory", "lastspike") if has_refractory(cells) else ()
            for name in (*cells.equations, *own):
                if name not in group.variables:
                    group.variables.add_reference(name, cells, name)
        if not isinstance(population, Population):
            continue
        for variable, name in population.inputs.items():
            source: Any = plan.spec.population(name)
            group, linked = plan.groups[population.name], plan.groups[name]
            wanted = population.model.parsed[variable].dim
            given = linked.variables[source.shown].dim
            if wanted is not given:
                raise ValueError(
                    f"Population {population.name!r}, inputs[{variable!r}]: {name!r} has unit "
                    f"{unit_string(given)}, expected {unit_string(wanted)}"
                )
            index = "0" if source.n == 1 < population.n else None
            group.variables.add_reference(variable, linked, source.shown, index=index)


def cell_code(projection: Projection, rule: PlasticityRule, side: str, code: str) -> str:
    """Rewrite statements over one cell in terms of the variables of its group."""
    names = {name: trace_name(projection.name, name) for name in cell_names(rule, side)}
    shared = [*shared_names(rule), *shared_settings(rule)]
    names |= {name: trace_name(projection.name, name) for name in shared}
    names.update(renamed_parameters(projection, rule))
    for identifier in get_identifiers(code):
        if identifier not in names and identifier.endswith(f"_{side}"):
            names[identifier] = identifier.removesuffix(f"_{side}")
    return str(word_substitute(code, names))
