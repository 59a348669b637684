"""The order of events inside a time step and at the limits of a trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from brian2.utils.stringtools import word_substitute

from bioplastic.engine.actions import (
    Average,
    CellStatements,
    ClockedStatements,
    Compete,
    DelaySpikes,
    DrawCounts,
    Integrate,
    LeastSquaresUpdate,
    Normalise,
    Reset,
    RestoreSpikes,
    SendEvents,
    SharedStatements,
    SpikeStatements,
    SummedStatements,
    SynapseStatements,
    Threshold,
    TrialStatements,
)
from bioplastic.engine.brian2_bridge import has_refractory
from bioplastic.engine.cells import cell_code
from bioplastic.engine.events import GroupWinner
from bioplastic.engine.network import Population
from bioplastic.engine.passes import Pass, brian2_name, ordered_passes
from bioplastic.engine.plan import Plan, solver_name
from bioplastic.engine.poisson_counts import count_variable
from bioplastic.engine.projections import Projection
from bioplastic.engine.sources import source_actions
from bioplastic.engine.synapses import (
    advance_code,
    summed_statements,
    synapse_names,
)
from bioplastic.equations import check_name, parse_statements, read_names, suggest
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["schedule_actions"]


def schedule_actions(plan: Plan) -> None:
    spec = plan.spec
    plan.step.extend(_regular_actions(plan, "start"))
    sources = {source.name: source_actions(source, plan) for source in spec.populations}
    for doing in sources.values():
        plan.step.extend(doing.show)
    for population in spec.populations:
        if isinstance(population, Population):
            _schedule_limits(plan, population)
    for projection in spec.projections:
        plan.step.extend(_summed_actions(plan, projection, "before"))
    for group in plan.modulators.values():
        plan.step.append(Integrate(group))
    for source in spec.populations:
        group = plan.groups[source.name]
        if group.equations.diff_eq_names or has_refractory(group):
            plan.step.append(Integrate(group))
        if isinstance(source, Population) and source.model.update:
            _schedule_update(plan, source, group)
    for projection in spec.projections:
        synapses = plan.synapses[projection.name]
        if synapses.state_updater is not None:
            plan.step.append(Integrate(synapses, projection))
    plan.step.extend(_regular_actions(plan, "groups"))
    for source in spec.populations:
        group = plan.groups[source.name]
        plan.step.extend(sources[source.name].emit)
        if isinstance(source, Population) and source.model.threshold:
            plan.step.append(Threshold(group))
    plan.step.extend(_background_actions(plan))
    plan.step.extend(_spike_actions(plan))
    for projection in spec.projections:
        plan.step.extend(_summed_actions(plan, projection, "after"))
    for projection in spec.projections:
        _schedule_clocked(plan, projection)
    for source in spec.populations:
        plan.step.extend(sources[source.name].reset)
        if isinstance(source, Population) and source.model.reset:
            plan.step.append(Reset(plan.groups[source.name]))
    plan.step.extend(_regular_actions(plan, "end"))
    for doing in sources.values():
        plan.trial_start.extend(doing.start)
    plan.record_updates.extend(_record_updates(plan))
    if spec.trial.repeat_while:
        condition = f"repeat_trial = int({spec.trial.repeat_while})"
        plan.repeat = TrialStatements("repeat", plan.trial_group, condition)
    if spec.trial.on_repeat:
        code = _cell_lines("Trial.on_repeat", spec.trial.on_repeat, plan.trial_group)
        plan.on_repeat = TrialStatements("on_repeat", plan.trial_group, code)


def _background_actions(plan: Plan) -> Iterator[Any]:
    """Yield what adds the inputs of Poisson processes to cells."""
    for population in plan.spec.populations:
        for number, given in enumerate(getattr(population, "background", ())):
            group = plan.groups[population.name]
            yield DrawCounts(population.name, group, number, given)
            weight = given.weight if isinstance(given.weight, str) else f"poisson_weight_{number}"
            code = f"{given.variable} += {count_variable(number)}*({weight})"
            yield CellStatements(f"{population.name}_add_inputs{number}", group, code, False)


def _regular_actions(plan: Plan, when: str) -> Iterator[CellStatements]:
    """Yield the regular statements of cells for a place in the step."""
    for population in plan.spec.populations:
        group = plan.groups[population.name]
        for number, regular in enumerate(getattr(population, "regularly", ())):
            if regular.when == when:
                every = 1 if regular.every is None else regular.every
                interval = plan.steps_of("Regularly.every", every)
                place = f"Population {population.name!r}.regularly"
                code = _cell_lines(place, regular.statements, group)
                name = f"{population.name}_regularly{number}"
                yield CellStatements(name, group, code, False, interval, 0)


def _record_updates(plan: Plan) -> Iterator[list[Any]]:
    """Yield, for every record, what brings an event-driven variable of synapses up to date."""
    for number, record in enumerate(plan.spec.records):
        name, variable = record.reads
        synapses = plan.synapses.get(name)
        if synapses is None or variable not in synapses.variables:
            yield []
            continue
        projection = plan.spec.find_projection("record", name)
        variable = synapse_names(projection).get(variable, variable)
        advance = advance_code(synapses, f"recorded_ = {variable}")
        part = f"{name}_record{number}"
        yield [ClockedStatements(part, projection, synapses, advance)] if advance else []


def _schedule_limits(plan: Plan, population: Population) -> None:
    """Schedule what cells do at the limits of a trial."""
    group, place = plan.groups[population.name], f"Population {population.name!r}"
    if population.on_trial_start.strip():
        code = _cell_lines(f"{place}.on_trial_start", population.on_trial_start, group)
        name = f"{population.name}_trial_start"
        plan.trial_start.append(CellStatements(name, group, code, False))
    for number, member in enumerate(population.on_trial_end):
        name = f"{population.name}_trial_end{number}"
        if isinstance(member, str):
            code = _cell_lines(f"{place}.on_trial_end", member, group)
            plan.trial_end.append(CellStatements(name, group, code, False))
            continue
        for variable in member.names:
            if variable not in group.equations:
                raise ValueError(
                    f"{place}.on_trial_end, {type(member).__name__}: unknown variable "
                    f"{variable!r}; known: {', '.join(group.equations)}"
                )
        if isinstance(member, GroupWinner):
            plan.trial_end.append(Compete(name, group, member))
        else:
            if not group.variables[member.into].scalar:
                raise ValueError(
                    f"{place}.on_trial_end, PopulationMean.into: {member.into!r} must be (shared)"
                )
            plan.trial_end.append(Average(name, group, member))


def _cell_lines(place: str, code: str, group: Any) -> str:
    """Return statements one per line, after checking that their targets exist."""
    statements = parse_statements(place, code)
    temporary: set[str] = set()
    for number, (target, operator, expression) in enumerate(statements):
        if target in group.variables or target in temporary:
            continue
        later = {name for _, _, other in statements[number + 1 :] for name in read_names(other)}
        if operator != "=" or target not in later:
            text = f"{target} {operator} {expression}"
            raise ValueError(
                f"{place}: unknown variable {target!r} in {text!r}"
                f"{suggest(target, group.equations)}"
            )
        check_name(place, target, f"{target} {operator} {expression}")
        temporary.add(target)
    return "\n".join(" ".join(statement) for statement in statements)


def _schedule_update(plan: Plan, population: Population, group: Any) -> None:
    """Run the update of a model without differential equations; others integrate it already."""
    if not group.equations.diff_eq_names:
        place = f"NeuronModel {population.model.name!r}, update"
        code = _cell_lines(place, population.model.update, group)
        plan.step.append(CellStatements(f"{population.name}_update", group, code, False))


def _spike_actions(plan: Plan) -> Iterator[Any]:
    """Yield the passes of a step, each run of one queue between its delayed spikes."""
    shown: set[str] = set()

    def part(run: Pass) -> tuple[Any, ...]:
        spikes = run.cell, run.side, run.queue and run.queue.name
        return run.projection.name, run.stage, run.order, *spikes

    for _, members in groupby(ordered_passes(plan), key=part):
        runs = list(members)
        queue = runs[0].queue
        group = plan.groups[runs[0].cell]
        again = queue is not None and queue.name in shown
        ring = queue is not None and not queue.synaptic
        if queue is not None:
            shown.add(queue.name)
            if ring:
                yield DelaySpikes(queue.name, group, queue.steps, again=again)
            elif not again:
                synapses = plan.synapses[queue.projection.name]
                yield SendEvents(queue.name, queue.projection, synapses, group, queue.side)
        for run in runs:
            yield _pass_action(plan, run, group)
        if ring:
            yield RestoreSpikes(group)


def _pass_action(plan: Plan, run: Pass, group: Any) -> Any:
    projection, name = run.projection, f"{run.projection.name}_{run.name}"
    synapses = plan.synapses[projection.name]
    synaptic = run.queue is not None and run.queue.synaptic
    delayed = run.queue.name if run.queue is not None and not synaptic else ""
    code = word_substitute(run.code, synapse_names(projection))
    if run.scope == "synapse":
        arrivals = run.queue.name if run.queue is not None and synaptic else ""
        way = brian2_name(run)
        return SynapseStatements(
            name, projection, synapses, way, run.side, code, delayed, arrivals, group
        )
    if run.scope == "shared":
        return SharedStatements(name, synapses, group, code, delayed)
    rule = projection.rule  # type: ignore[attr-defined]
    return SpikeStatements(name, group, cell_code(projection, rule, run.scope, run.code), delayed)


def _summed_actions(plan: Plan, projection: Projection, when: str) -> Iterator[SummedStatements]:
    if getattr(projection, "summed_when", "before") != when:
        return
    names = synapse_names(projection)
    for number, (target, expression) in enumerate(summed_statements(projection, names)):
        name = f"{projection.name}_summed{number}"
        synapses = plan.synapses[projection.name]
        yield SummedStatements(name, projection, synapses, target, expression)


def _schedule_clocked(plan: Plan, projection: Projection) -> None:
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    if rule is None:
        return
    synapses = plan.synapses[projection.name]
    names = synapse_names(projection)
    scaling = None
    if rule.normalise is not None:
        name = f"{projection.name}_normalise"
        only = _only_at_end(projection, names) if rule.normalise.when == "trial_end" else ""
        scaling = Normalise(name, projection, synapses, rule.normalise, only)
        if rule.normalise.when == "trial_start":
            plan.trial_start.append(scaling)
    if advance := advance_code(synapses):  # at every limit of a trial, and so in the state
        name = f"{projection.name}_advance"
        plan.trial_end.append(ClockedStatements(name, projection, synapses, advance))
    for slot, actions in (
        ("every", plan.step),
        ("on_trial_start", plan.trial_start),
        ("on_trial_end", plan.trial_end),
    ):
        interval = _interval_steps(rule, plan) if slot == "every" else 1
        offset = int(rule.interval_at == "end")
        for number, phase in enumerate(rule.phases(slot)):
            name = f"{projection.name}_{slot}{number}"
            if phase.scope in ("pre", "post"):
                cell = projection.source if phase.scope == "pre" else projection.target
                code = cell_code(projection, rule, phase.scope, phase.code)
                actions.append(
                    CellStatements(name, plan.groups[cell], code, False, interval, offset)
                )
                continue
            code = word_substitute(phase.code, names)
            advance = advance_code(synapses, code) if slot == "every" else ""
            if phase.scope == "shared":
                if advance:
                    before = f"{name}_advance"
                    actions.append(
                        ClockedStatements(
                            before, projection, synapses, advance, interval, offset=offset
                        )
                    )
                actions.append(CellStatements(name, synapses, code, True, interval, offset))
            else:
                only = _only_at_end(projection, names) if slot == "on_trial_end" else ""
                code = f"{advance}{code}"
                actions.append(
                    ClockedStatements(name, projection, synapses, code, interval, only, offset)
                )
    if rule.least_squares is not None:
        plan.step.extend(_least_squares_actions(plan, projection, rule))
    if scaling is not None and scaling.rule.when == "trial_end":
        plan.trial_end.append(scaling)


def _only_at_end(projection: Projection, names: Mapping[str, str]) -> str:
    """Return the name that ``only_post`` of a projection has on its synapses."""
    only = getattr(projection, "only_post", "")
    return names.get(only, only)


def _interval_steps(rule: PlasticityRule, plan: Plan) -> int:
    if rule.interval is None:
        return 1
    return max(1, round(float(rule.interval) / float(plan.clock.dt)))


def _least_squares_actions(
    plan: Plan, projection: Projection, rule: PlasticityRule
) -> Iterator[CellStatements | ClockedStatements | LeastSquaresUpdate]:
    solver = rule.least_squares
    assert solver is not None
    interval, offset = _interval_steps(rule, plan), int(rule.interval_at == "end")
    synapses = plan.synapses[projection.name]
    if advance := advance_code(synapses, f"{solver.variable} *= 1"):
        name = f"{projection.name}_solver_advance"
        yield ClockedStatements(name, projection, synapses, advance, interval, offset=offset)
    for side, part in (("pre", "activity"), ("post", "error")):
        cell = projection.source if side == "pre" else projection.target
        code = cell_code(projection, rule, side, getattr(solver, part))
        variable = solver_name(projection.name, part)
        name = f"{projection.name}_{part}"
        code = f"{variable} = {code}"
        yield CellStatements(name, plan.groups[cell], code, False, interval, offset)
    yield LeastSquaresUpdate(
        f"{projection.name}_least_squares",
        projection,
        synapses,
        solver,
        solver_name(projection.name, "activity"),
        solver_name(projection.name, "error"),
        interval,
        offset,
    )
