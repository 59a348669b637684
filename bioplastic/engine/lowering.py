"""From a `NetworkSpec` to Brian2 objects and the ordered list of what one time step does.

Both targets share this plan. The C++ target renders every action as a kernel around statements that
Brian2 parsed; the numpy target runs the same actions through stock Brian2 objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import brian2 as b2
import numpy as np
from brian2.devices.device import RuntimeDevice, get_device
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    Equations,
)
from brian2.utils.stringtools import get_identifiers, word_substitute

from bioplastic.engine.kernels import float_precision
from bioplastic.engine.network import (
    DenseProjection,
    NetworkSpec,
    Population,
    Projection,
    SparseProjection,
    UniformProjection,
)
from bioplastic.engine.trial import SpikeCount
from bioplastic.equations import parse_statements, unit_string
from bioplastic.neurons.integration import StepMethod
from bioplastic.neurons.model import build_group
from bioplastic.plasticity.rule import Normalisation, PlasticityRule
from bioplastic.signals.poisson import PoissonSource
from bioplastic.signals.spike_list import SpikeListSource

__all__ = [
    "CellStatements",
    "ClockedStatements",
    "DelaySpikes",
    "Emit",
    "Integrate",
    "Normalise",
    "Plan",
    "RateStatements",
    "Reset",
    "RestoreSpikes",
    "SpikeStatements",
    "StateEntry",
    "SummedStatements",
    "SynapseStatements",
    "Threshold",
    "TrialStatements",
    "lower",
]


@dataclass(frozen=True)
class Integrate:
    """Advance the equations of a group (or of the synapses of a projection) by one step."""

    group: Any
    projection: Projection | None = None


@dataclass(frozen=True)
class Emit:
    """Let a source emit the spikes of this step."""

    source: PoissonSource | SpikeListSource
    group: Any


@dataclass(frozen=True)
class Threshold:
    """Find the neurons of a group that fire."""

    group: Any


@dataclass(frozen=True)
class Reset:
    """Execute the reset of the neurons that fired."""

    group: Any


@dataclass(frozen=True)
class SpikeStatements:
    """Statements executed once for every neuron of ``group`` that fired: trace increments."""

    name: str
    group: Any
    code: str
    delayed: str = ""


@dataclass(frozen=True)
class DelaySpikes:
    """Exchange the spikes of this step for those that left ``steps`` steps ago.

    ``projection`` names the ring of spikes in flight; the actions that follow use them until
    `RestoreSpikes`.
    """

    projection: str
    group: Any
    steps: int


@dataclass(frozen=True)
class RestoreSpikes:
    """End what `DelaySpikes` began."""

    group: Any


@dataclass(frozen=True)
class SummedStatements:
    """Set a variable of the postsynaptic cells to a sum over their synapses."""

    name: str
    projection: Projection
    synapses: Any
    target: str
    expression: str


@dataclass(frozen=True)
class SynapseStatements:
    """Statements executed for every synapse of the neurons that fired."""

    name: str
    projection: Projection
    synapses: Any
    pathway: str
    direction: str
    code: str
    delayed: str = ""


@dataclass(frozen=True)
class ClockedStatements:
    """Statements executed for every synapse, every ``interval`` steps or at a trial boundary."""

    name: str
    projection: Projection
    synapses: Any
    code: str
    interval: int = 1


@dataclass(frozen=True)
class CellStatements:
    """Clocked statements executed once per cell, or once for the shared scalars of a projection."""

    name: str
    owner: Any
    code: str
    shared: bool
    interval: int = 1


@dataclass(frozen=True)
class Normalise:
    """Multiplicative scaling of the weights of a projection."""

    name: str
    projection: Projection
    synapses: Any
    rule: Normalisation


@dataclass(frozen=True)
class RateStatements:
    """Compute the spike probabilities of a Poisson source at the start of a trial."""

    source: PoissonSource
    group: Any
    code: str


@dataclass(frozen=True)
class TrialStatements:
    """Statements over the scalar variables of the trial."""

    name: str
    group: Any
    code: str


@dataclass(frozen=True)
class StateEntry:
    """One named array of the state of a program.

    ``array`` is the name of the C++ member, ``owner`` and ``variable`` name the Brian2 variable;
    ``kind`` is ``"variable"``, ``"steps_since_spike"`` or ``"spikes_in_flight"``.
    """

    key: str
    array: str
    dtype: str
    shape: tuple[int, ...]
    kind: str = "variable"
    owner: str = ""
    variable: str = ""


@dataclass
class Plan:
    """Brian2 objects of a network and the actions of a trial, in order."""

    spec: NetworkSpec
    clock: Any
    dtype: np.dtype[Any]
    n_steps: int
    trial_group: Any
    groups: dict[str, Any] = field(default_factory=dict)
    modulators: dict[str, Any] = field(default_factory=dict)
    synapses: dict[str, Any] = field(default_factory=dict)
    trial_start: list[Any] = field(default_factory=list)
    step: list[Any] = field(default_factory=list)
    trial_end: list[Any] = field(default_factory=list)
    repeat: TrialStatements | None = None
    on_repeat: TrialStatements | None = None
    state: list[StateEntry] = field(default_factory=list)

    def owner(self, name: str) -> Any:
        """Return the Brian2 group or synapses of that name."""
        for members in (self.groups, self.synapses):
            if name in members:
                return members[name]
        return next(group for group in self.modulators.values() if group.name == name)

    def window(self, window: tuple[Any, Any] | None) -> tuple[int, int]:
        """Return a window of the trial as steps (first, one past last)."""
        if window is None:
            return 0, self.n_steps
        dt = float(self.clock.dt)
        first, last = (round(float(edge) / dt) for edge in window)
        return first, min(last, self.n_steps)


def trace_name(projection: str, trace: str) -> str:
    """Return the name a trace of a projection has on the neurons of its population."""
    return f"{trace}_{projection}"


def lower(spec: NetworkSpec, dt: Any, dtype: np.dtype[Any], *, connect: bool) -> Plan:
    """Create the Brian2 objects of a network.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    dt : Quantity
        Time step.
    dtype : dtype
        Precision of all state variables.
    connect : bool
        Whether synapses are created in memory (numpy target).

    Raises
    ------
    RuntimeError
        If a Brian2 device other than the runtime device is active.
    """
    if type(get_device()) is not RuntimeDevice:
        raise RuntimeError(
            "Program: needs Brian2's runtime device while it builds, but "
            f"{type(get_device()).__name__} is active; call brian2.set_device('runtime') first"
        )
    with float_precision(dtype):
        clock = b2.Clock(dt=dt, name="clock")
        n_steps = round(float(spec.trial.duration) / float(dt))
        if n_steps < 1:
            raise ValueError(f"Trial.duration: shorter than one step of {dt}")
        plan = Plan(spec, clock, dtype, n_steps, _trial_group(spec, clock))
        for population in spec.populations:
            plan.groups[population.name] = _create_group(population, plan)
        for projection in spec.projections:
            _create_modulators(projection, plan)
        for projection in spec.projections:
            plan.synapses[projection.name] = _create_synapses(projection, plan, connect)
        for member in (
            plan.trial_group,
            *plan.groups.values(),
            *plan.modulators.values(),
            *plan.synapses.values(),
        ):
            member._network = "bioplastic"  # or Brian2 warns that no network contains it
        _schedule(plan)
        plan.state.extend(_state_entries(plan))
    return plan


# ---- groups --------------------------------------------------------------------------------------


def _trial_group(spec: NetworkSpec, clock: Any) -> Any:
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
        str(equations[name])
        for name in equations
        if name.endswith(f"_{side}")
        and "shared" not in equations[name].flags
        and name not in linked
    ]
    return "\n".join(lines)


def _shared_modulators(projection: Projection, *, dynamic: bool) -> dict[str, str]:
    """Return equations of shared modulators that belong to the projection, by name.

    With ``dynamic`` those that are differential equations (they run on a group of one cell), else
    the parameters, which live on the synapses.
    """
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    if rule is None or not rule.modulators.strip():
        return {}
    linked = projection.modulators  # type: ignore[attr-defined]
    return {
        name: str(equation)
        for name, equation in Equations(rule.modulators).items()
        if "shared" in equation.flags
        and name not in linked
        and (equation.type == DIFFERENTIAL_EQUATION) == dynamic
    }


def _shared_names(rule: PlasticityRule) -> list[str]:
    if not rule.modulators.strip():
        return []
    equations = Equations(rule.modulators)
    return [name for name in equations if "shared" in equations[name].flags]


def _create_modulators(projection: Projection, plan: Plan) -> None:
    """Create the group of dynamic shared modulators and link modulators of other populations."""
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    if rule is None:
        return
    cells = {
        "pre": plan.groups[projection.source].variables,
        "post": plan.groups[projection.target].variables,
    }
    dynamic = _shared_modulators(projection, dynamic=True)
    if dynamic:
        lines = [line.replace("(shared)", "") for line in dynamic.values()]
        group = b2.NeuronGroup(
            1,
            "\n".join(lines),
            clock=plan.clock,
            name=f"{projection.name}_modulators",
            namespace=dict(rule.parameters),
            method=StepMethod(base="euler", detect=True, traces=frozenset(), update=""),
            dtype=plan.dtype,
        )
        plan.modulators[projection.name] = group
        for name in dynamic:
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
            cells[side].add_reference(trace_name(projection.name, name), linked, variable)
        else:
            for variables in cells.values():
                variables.add_reference(
                    trace_name(projection.name, name), linked, variable, index="0"
                )


def _cell_names(rule: PlasticityRule, side: str) -> list[str]:
    text = getattr(rule, side) + "\n" + _cell_modulators(rule, side, {})
    return list(Equations(text)) if text.strip() else []


def _renamed_parameters(projection: Projection, rule: PlasticityRule) -> dict[str, str]:
    return {name: f"{name}_{projection.name}" for name in rule.parameters}


def _create_group(population: Any, plan: Plan) -> Any:
    equations, parameters = [], {}
    for projection, side, text in _traces(plan.spec, population.name):
        rule = projection.rule  # type: ignore[attr-defined]
        renamed = _renamed_parameters(projection, rule)
        names = {name: trace_name(projection.name, name) for name in _cell_names(rule, side)}
        names |= {name: trace_name(projection.name, name) for name in _shared_names(rule)}
        derivatives = {f"d{name}": f"d{new}" for name, new in names.items()}
        equations.append(word_substitute(text, {**names, **derivatives, **renamed}))
        parameters.update({renamed[name]: rule.parameters[name] for name in renamed})
    extra = "\n".join(equations)
    if isinstance(population, Population):
        group = build_group(
            population.model,
            population.n,
            name=population.name,
            clock=plan.clock,
            dtype=plan.dtype,
            extra_equations=extra,
            extra_parameters=parameters,
        )
        _count_refractory_steps(group, population, plan)
        return group
    return _create_source(population, extra, parameters, plan)


def _count_refractory_steps(group: Any, population: Population, plan: Plan) -> None:
    period = population.model.refractory
    if isinstance(period, b2.Quantity):
        dt = float(plan.clock.dt)
        steps = int((float(period) + 1e-3 * dt) / dt)
        group.add_attribute("refractory_steps_")
        group.refractory_steps_ = steps


def _create_source(source: Any, extra: str, parameters: Mapping[str, Any], plan: Plan) -> Any:
    from bioplastic.neurons.model import NeuronModel

    lines = ["source_emits : 1"]
    if isinstance(source, PoissonSource):
        lines.append("source_probability : 1")
        lines += [f"{name} : 1" for name in source.inputs]
        lines += [f"{name} : 1 (shared)" for name in source.shared_inputs]
    model = NeuronModel(
        name=source.name, equations="\n".join(lines), threshold="source_emits > 0.5"
    )
    group = build_group(
        model,
        source.n,
        name=source.name,
        clock=plan.clock,
        dtype=plan.dtype,
        extra_equations=extra,
        extra_parameters=parameters,
    )
    if isinstance(source, PoissonSource):
        for name in plan.spec.trial.variables:
            group.variables.add_reference(name, plan.trial_group)
    return group


# ---- synapses ------------------------------------------------------------------------------------


def _synapse_substitution(projection: Projection, rule: PlasticityRule) -> dict[str, str]:
    names = {}
    for side in ("pre", "post"):
        for name in _cell_names(rule, side):
            names[name] = f"{trace_name(projection.name, name)}_{side}"
    return names


def _cell_code(projection: Projection, rule: PlasticityRule, side: str, code: str) -> str:
    """Rewrite statements over one cell in terms of the variables of its group."""
    names = {name: trace_name(projection.name, name) for name in _cell_names(rule, side)}
    names |= {name: trace_name(projection.name, name) for name in _shared_names(rule)}
    names.update(_renamed_parameters(projection, rule))
    for identifier in get_identifiers(code):
        if identifier not in names and identifier.endswith(f"_{side}"):
            names[identifier] = identifier.removesuffix(f"_{side}")
    return str(word_substitute(code, names))


def _phases(projection: Projection, slot: str) -> list[tuple[str, str]]:
    """Return (scope, code) runs of a slot with the transmission in front of the pre slot."""
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    phases: list[tuple[str, str]] = []
    if rule is not None:
        phases = [(phase.scope, phase.code) for phase in rule.phases(slot)]
    if slot == "on_pre" and projection.transmit:
        transmit = projection.transmit.replace(";", "\n")
        first = next((k for k, (scope, _) in enumerate(phases) if scope == "synapse"), None)
        if first is None:
            phases.insert(0, ("synapse", transmit))
        else:
            phases[first] = ("synapse", f"{transmit}\n{phases[first][1]}")
    return phases


def _create_synapses(projection: Projection, plan: Plan, connect: bool) -> Any:
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    namespace = dict(rule.parameters) if rule is not None else {}
    namespace.update(projection.parameters)  # type: ignore[attr-defined]
    if rule is not None:
        names = _synapse_substitution(projection, rule)
        shared = "\n".join(_shared_modulators(projection, dynamic=False).values())
        model = word_substitute(f"{rule.synapse}\n{shared}", names)
    else:
        names = {}
        model = "" if "w" in namespace or isinstance(projection, UniformProjection) else "w : 1"
    for target, expression in _summed(projection, names):
        unit = unit_string(plan.groups[projection.target].variables[target[:-5]].dim)
        model += f"\n{target} = {expression} : {unit} (summed)"
    pathways: dict[str, dict[str, str]] = {"on_pre": {}, "on_post": {}}
    for slot, members in pathways.items():
        for number, (scope, code) in enumerate(_phases(projection, slot)):
            if scope == "synapse":
                members[f"{slot.removeprefix('on_')}{number}"] = word_substitute(code, names)
    synapses = b2.Synapses(
        plan.groups[projection.source],
        plan.groups[projection.target],
        model=model,
        on_pre=pathways["on_pre"] or None,
        on_post=pathways["on_post"] or None,
        clock=plan.clock,
        name=projection.name,
        namespace=namespace,
        dtype=plan.dtype,
        method="euler" if rule is None else None,
        delay={name: 0 * b2.ms for members in pathways.values() for name in members},
    )
    if connect:
        pre, post = connectivity(projection, plan)
        synapses.connect(i=pre, j=post)
    _refer_to_modulators(projection, plan, synapses)
    return synapses


def _refer_to_modulators(projection: Projection, plan: Plan, synapses: Any) -> None:
    """Let synapses read shared modulators of other groups, and cells those of the synapses."""
    for name in _shared_modulators(projection, dynamic=True):
        group = plan.modulators[projection.name]
        synapses.variables.add_reference(name, group, name, index="0")
    for name, (population, variable) in getattr(projection, "modulators", {}).items():
        if name in _shared_names(projection.rule):  # type: ignore[attr-defined]
            group = plan.groups[population]
            synapses.variables.add_reference(name, group, variable, index="0")
    for name in _shared_modulators(projection, dynamic=False):
        for cell in {projection.source, projection.target}:
            variables = plan.groups[cell].variables
            variables.add_reference(trace_name(projection.name, name), synapses, name)


def _summed(projection: Projection, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (target, expression) of the analogue transmission of a projection."""
    text = getattr(projection, "summed", "")
    place = f"{type(projection).__name__} {projection.name!r}.summed"
    statements = []
    for target, operator, expression in parse_statements(place, text) if text.strip() else []:
        if operator != "=" or not target.endswith("_post"):
            raise ValueError(f"{place}: must have the form 'x_post = ...', got {text!r}")
        statements.append((target, str(word_substitute(expression, dict(names)))))
    return statements


def connectivity(projection: Projection, plan: Plan) -> tuple[Any, Any]:
    """Return presynaptic and postsynaptic indices of all synapses, sorted by pre, then post."""
    if isinstance(projection, SparseProjection):
        return projection.pre, projection.post
    n_pre = plan.groups[projection.source].N
    n_post = plan.groups[projection.target].N
    pattern = projection.pattern if isinstance(projection, UniformProjection) else "all"
    if pattern == "one_to_one":
        return np.arange(n_pre), np.arange(n_pre)
    pre, post = (a.ravel() for a in np.indices((n_pre, n_post)))
    if pattern == "all_but_self":
        keep = pre != post
        pre, post = pre[keep], post[keep]
    return pre, post


# ---- order of events -----------------------------------------------------------------------------


def _schedule(plan: Plan) -> None:
    spec = plan.spec
    for projection in spec.projections:
        plan.step.extend(_summed_actions(plan, projection))
    for group in plan.modulators.values():
        plan.step.append(Integrate(group))
    for source in spec.populations:
        group = plan.groups[source.name]
        if group.equations.diff_eq_names or group._refractory is not False:
            plan.step.append(Integrate(group))
        if isinstance(source, Population) and source.model.update:
            _schedule_update(plan, source, group)
    for projection in spec.projections:
        synapses = plan.synapses[projection.name]
        if synapses.state_updater is not None:
            plan.step.append(Integrate(synapses, projection))
    for source in spec.populations:
        group = plan.groups[source.name]
        if not isinstance(source, Population):
            plan.step.append(Emit(source, group))
        elif source.model.threshold:
            plan.step.append(Threshold(group))
    for slot, cell in (("on_pre", "source"), ("on_post", "target")):
        for projection in spec.projections:
            group = plan.groups[getattr(projection, cell)]
            plan.step.extend(_slot_actions(plan, projection, slot, group))
    for projection in spec.projections:
        _schedule_clocked(plan, projection)
    for source in spec.populations:
        if isinstance(source, Population) and source.model.reset:
            plan.step.append(Reset(plan.groups[source.name]))
    for source in spec.populations:
        if isinstance(source, PoissonSource):
            code = f"source_probability = clip(({source.rates})*dt, 0, 0.9)"
            plan.trial_start.append(RateStatements(source, plan.groups[source.name], code))
    if spec.trial.repeat_while:
        condition = f"repeat_trial = int({spec.trial.repeat_while})"
        plan.repeat = TrialStatements("repeat", plan.trial_group, condition)
    if spec.trial.on_repeat:
        code = spec.trial.on_repeat.replace(";", "\n")
        plan.on_repeat = TrialStatements("on_repeat", plan.trial_group, code)


def _schedule_update(plan: Plan, population: Population, group: Any) -> None:
    """Run the update of a model without differential equations; others integrate it already."""
    if not group.equations.diff_eq_names:
        code = "\n".join(
            f"{target} {operator} {expression}"
            for target, operator, expression in parse_statements("update", population.model.update)
        )
        plan.step.append(CellStatements(f"{population.name}_update", group, code, False))


def _slot_actions(plan: Plan, projection: Projection, slot: str, group: Any) -> Iterator[Any]:
    side = slot.removeprefix("on_")
    synapses = plan.synapses[projection.name]
    steps = delay_steps(projection, plan) if side == "pre" else 0
    delayed = projection.name if steps else ""
    phases = _phases(projection, slot)
    if delayed and phases:
        yield DelaySpikes(projection.name, group, steps)
    for number, (scope, code) in enumerate(phases):
        name = f"{projection.name}_{side}{number}"
        if scope == "synapse":
            rule = getattr(projection, "rule", None)
            names = _synapse_substitution(projection, rule) if rule is not None else {}
            yield SynapseStatements(
                name,
                projection,
                synapses,
                f"{side}{number}",
                side,
                word_substitute(code, names),
                delayed,
            )
        else:
            rule = projection.rule  # type: ignore[attr-defined]
            yield SpikeStatements(name, group, _cell_code(projection, rule, side, code), delayed)
    if delayed and phases:
        yield RestoreSpikes(group)


def delay_steps(projection: Projection, plan: Plan) -> int:
    """Return the delay of a projection in steps."""
    return 0 if projection.delay is None else round(float(projection.delay) / float(plan.clock.dt))


def _summed_actions(plan: Plan, projection: Projection) -> Iterator[SummedStatements]:
    rule = getattr(projection, "rule", None)
    names = _synapse_substitution(projection, rule) if rule is not None else {}
    for number, (target, expression) in enumerate(_summed(projection, names)):
        name = f"{projection.name}_summed{number}"
        synapses = plan.synapses[projection.name]
        yield SummedStatements(name, projection, synapses, target, expression)


def _schedule_clocked(plan: Plan, projection: Projection) -> None:
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    if rule is None:
        return
    synapses = plan.synapses[projection.name]
    names = _synapse_substitution(projection, rule)
    scaling = None
    if rule.normalise is not None:
        name = f"{projection.name}_normalise"
        scaling = Normalise(name, projection, synapses, rule.normalise)
        if rule.normalise.when == "trial_start":
            plan.trial_start.append(scaling)
    for slot, actions in (
        ("every", plan.step),
        ("on_trial_start", plan.trial_start),
        ("on_trial_end", plan.trial_end),
    ):
        interval = 1
        if slot == "every" and rule.interval is not None:
            interval = max(1, round(float(rule.interval) / float(plan.clock.dt)))
        for number, phase in enumerate(rule.phases(slot)):
            name = f"{projection.name}_{slot}{number}"
            if phase.scope in ("pre", "post"):
                cell = projection.source if phase.scope == "pre" else projection.target
                code = _cell_code(projection, rule, phase.scope, phase.code)
                actions.append(CellStatements(name, plan.groups[cell], code, False, interval))
                continue
            code = word_substitute(phase.code, names)
            if phase.scope == "shared":
                actions.append(CellStatements(name, synapses, code, True, interval))
            else:
                actions.append(ClockedStatements(name, projection, synapses, code, interval))
    if scaling is not None and scaling.rule.when == "trial_end":
        plan.trial_end.append(scaling)


# ---- state ---------------------------------------------------------------------------------------


def _state_entries(plan: Plan) -> Iterator[StateEntry]:
    owners = {}
    for projection in plan.spec.projections:
        rule = getattr(projection, "rule", None)
        if rule is None:
            continue
        for side, cell in (("pre", projection.source), ("post", projection.target)):
            for name in set(_cell_names(rule, side)) - set(projection.modulators):  # type: ignore[attr-defined]
                owners[cell, trace_name(projection.name, name)] = f"{projection.name}.{name}"
    for population in plan.spec.populations:
        group = plan.groups[population.name]
        hidden = set()
        if not isinstance(population, Population):
            hidden = {"source_emits", "source_probability"}
            hidden |= set(getattr(population, "inputs", {}))
            hidden |= set(getattr(population, "shared_inputs", {}))
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
        elif group._refractory is not False:
            for name in ("not_refractory", "lastspike"):
                variable = group.variables[name]
                key = f"{population.name}.{name}"
                yield _entry(key, population.name, variable, (population.n,))
    for name, group in plan.modulators.items():
        for variable in sorted(_state_names(group.equations)):
            yield _entry(f"{name}.{variable}", group.name, group.variables[variable], (1,))
    for projection in plan.spec.projections:
        steps = delay_steps(projection, plan)
        if steps:
            n_pre = int(plan.groups[projection.source].N)
            key, array = f"{projection.name}.spikes_in_flight", f"_flight_{projection.name}"
            yield StateEntry(key, array, "int32", (steps, n_pre + 1), "spikes_in_flight")
        synapses = plan.synapses[projection.name]
        names = _state_names(synapses.equations)
        if "lastupdate" in synapses.variables:
            names.add("lastupdate")
        for name in sorted(names):
            variable = synapses.variables[name]
            shape = () if variable.scalar else _synapse_shape(projection, plan)
            yield _entry(f"{projection.name}.{name}", projection.name, variable, shape)


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
    return (plan.groups[projection.source].N, plan.groups[projection.target].N)


def _entry(key: str, owner: str, variable: Any, shape: tuple[int, ...]) -> StateEntry:
    dtype = np.dtype(variable.dtype)
    array = f"_array_{owner}_{variable.name}"
    return StateEntry(key, array, dtype.name, shape, "variable", owner, variable.name)
