"""From Brian2 objects as they stand before a run to a network as data, and its first state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import Subgroup
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.magic import MagicNetwork, collect
from brian2.core.namespace import get_local_namespace
from brian2.core.variables import Subexpression
from brian2.equations.equations import SUBEXPRESSION
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.stringtools import get_identifiers, word_substitute
from numpy.typing import NDArray

from bioplastic.engine.brian2_bridge import chosen_method, members_of, present_values, refractory_of
from bioplastic.engine.initial import initial_state
from bioplastic.engine.lowering import lower
from bioplastic.engine.network import NetworkSpec, Population
from bioplastic.engine.pathways import Pathway
from bioplastic.engine.program import Program
from bioplastic.engine.projections import DenseProjection, SparseProjection
from bioplastic.engine.records import SpikeRecord, StateRecord
from bioplastic.engine.regularly import Regularly
from bioplastic.engine.trial import Trial
from bioplastic.equations import equation_text, parse_statements, unit_string
from bioplastic.interchange.report import Report
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.from_brian2 import (
    find_constants,
    main_pathways,
    own_equations,
    pathways_of,
    read_synapses,
)
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.signals.event_source import EventSource
from bioplastic.signals.poisson import PoissonSource
from bioplastic.signals.poisson_input import PoissonInput
from bioplastic.signals.spike_list import SpikeListSource
from bioplastic.validation import check_quantity

__all__ = ["ImportedNetwork", "from_brian2"]


@dataclass(frozen=True, kw_only=True)
class ImportedNetwork:
    """A Brian2 network as data.

    Parameters
    ----------
    spec : NetworkSpec
        The network; one trial is the duration asked for.
    dt : Quantity
        Its time step.
    inputs : dict
        Inputs of one trial: the spikes of generators, the rates of Poisson groups.
    report : Report
        What moved, what stayed and why.
    order : dict of str to array
        For every projection the synapses of Brian2 in the order of ours: ``S.w[order]`` are our
        weights.
    """

    spec: NetworkSpec
    dt: Any
    inputs: dict[str, Any]
    report: Report
    order: dict[str, NDArray[Any]]
    _late: dict[str, NDArray[Any]] = field(default_factory=dict, repr=False)
    _step: int = field(default=0, repr=False)

    @cached_property
    def state(self) -> dict[str, NDArray[Any]]:
        """The first state in double precision, as `Program.initial_state` would return it."""
        plan = lower(self.spec, self.dt, np.dtype("float64"), connect=False)
        state = initial_state(self.spec, SimpleNamespace(state=plan.state), 0)  # type: ignore[arg-type]
        state["clock.step"] = np.array(self._step, dtype=np.int64)
        for name, values in self._late.items():
            if name in state:
                state[name] = np.asarray(values, dtype=state[name].dtype).reshape(state[name].shape)
        return state

    def program(self, **options: Any) -> Program:
        """Return the compiled network; options are those of `Program`, ``dtype`` is float64."""
        return Program(self.spec, dt=self.dt, **{"dtype": "float64", **options})

    def run(self, program: Program | None = None, *, seed: int = 0) -> tuple[Any, Any]:
        """Run once from the first state and return the last state and the record."""
        program = self.program() if program is None else program
        return program(self.state, self.inputs, n_samples=1, seed=seed)


def from_brian2(
    network: Any = None,
    *,
    duration: Any,
    namespace: Mapping[str, Any] | None = None,
    level: int = 0,
) -> ImportedNetwork:
    """Take a Brian2 network over, as it stands before a run.

    Traces written per synapse move to the cells where that is exact: where all synapses of a cell
    update them alike. That is where the speed is; the report says what moved, what stayed and why.

    Parameters
    ----------
    network : Network, MagicNetwork or sequence of objects, optional
        What would run; by default all objects that `brian2.run` would find.
    duration : Quantity
        How long one trial takes.
    namespace : mapping, optional
        Where external names are looked up; by default among the variables of the caller, as
        `brian2.run` does.
    level : int, default 0
        How many frames further up the caller is.

    Returns
    -------
    ImportedNetwork
        Network, first state, inputs and report.

    Raises
    ------
    ValueError
        For what has no counterpart, naming the object and the line to change.

    Examples
    --------
    >>> import brian2 as b2
    >>> from brian2 import ms
    >>> tau = 10*ms
    >>> cells = b2.NeuronGroup(2, "dv/dt = (1.2 - v)/tau : 1", threshold="v > 1", reset="v = 0",
    ...                        method="exact", name="cells")
    >>> cells.v = [0, 0.5]
    >>> spikes = b2.SpikeMonitor(cells, name="spikes")
    >>> imported = from_brian2([cells, spikes], duration=50*ms)
    >>> program = imported.program(target="numpy")
    >>> state, record = imported.run(program)
    >>> record["cells.spike_cell"].tolist()
    [1, 0, 1, 0, 1]
    """
    check_quantity("from_brian2.duration", duration, b2.second, positive=True)
    if namespace is None:
        namespace = get_local_namespace(level=level + 1)
    start = 0 * b2.second
    if network is None or isinstance(network, MagicNetwork):
        objects: Iterable[Any] = collect(level=level + 1)
    elif isinstance(network, b2.Network):
        objects, start = network.objects, network.t
        if list(network.schedule) != _SCHEDULE:
            raise ValueError(
                f"from_brian2: the schedule must be {_SCHEDULE}, got {network.schedule}"
            )
    elif isinstance(network, Iterable) and not isinstance(network, str | Mapping):
        objects = network
    else:
        raise TypeError(
            f"from_brian2.network: must be a Network or a sequence of objects, got {network!r}"
        )
    return _Importer(objects, duration, namespace, start).run()


class _Importer:
    """Collects the parts of a network."""

    def __init__(
        self, objects: Iterable[Any], duration: Any, namespace: Mapping[str, Any], start: Any
    ) -> None:
        self.objects = members_of(objects)
        self.duration, self.namespace = duration, namespace
        self.report = Report()
        self.populations: dict[str, Any] = {}
        self.projections: dict[str, Any] = {}
        self.records: list[Any] = []
        self.inputs: dict[str, Any] = {}
        self.order: dict[str, NDArray[Any]] = {}
        self.late: dict[str, NDArray[Any]] = {}
        self.moved: dict[tuple[str, str], str] = {}
        self.dt = self._time_step()
        self.start = start
        self.step = round(float(start) / float(self.dt))

    def _time_step(self) -> Any:
        steps = {
            float(o.clock.dt): o for o in self.objects if isinstance(o, (*_GROUPS, b2.Synapses))
        }
        if not any(isinstance(o, _GROUPS) for o in self.objects):
            raise ValueError("from_brian2: there is no group of cells among the objects")
        if len(steps) > 1:
            names = ", ".join(f"{o.name} {o.clock.dt}" for o in steps.values())
            raise ValueError(f"from_brian2: all groups need one time step, got {names}")
        return next(iter(steps)) * b2.second

    def run(self) -> ImportedNetwork:
        readers: dict[type, Callable[[Any], Any]] = {
            b2.NeuronGroup: self._read_neurons,
            b2.PoissonGroup: self._read_poisson,
            b2.PoissonInput: self._read_input,
            b2.SpikeGeneratorGroup: self._read_generator,
            b2.Synapses: self._read_synapses,
            b2.SpikeMonitor: self._read_spikes,
            b2.PopulationRateMonitor: self._read_spikes,
            b2.StateMonitor: self._read_states,
            Subgroup: lambda member: None,
        }
        rest = list(self.objects)
        for kind, read in readers.items():
            mine = [member for member in rest if isinstance(member, kind)]
            rest = [member for member in rest if not isinstance(member, kind)]
            if kind is b2.Synapses:
                mine = self._sort_synapses(mine)
            for member in mine:
                read(member)
        for member in rest:
            name = type(member).__name__
            hint = {
                "NetworkOperation": "it is Python; write it as statements of run_regularly, of a "
                "rule, or between two calls of the program",
            }.get(name, "leave it out")
            raise ValueError(f"from_brian2: {name} {member.name!r} has no counterpart; {hint}")
        spec = NetworkSpec(
            populations=tuple(self.populations.values()),
            projections=tuple(self.projections.values()),
            trial=Trial(duration=self.duration),
            records=tuple(self.records),
        )
        return ImportedNetwork(
            spec=spec,
            dt=self.dt,
            inputs=self.inputs,
            report=self.report,
            order=self.order,
            _late=self.late,
            _step=self.step,
        )

    # ---- cells -----------------------------------------------------------------------------------

    def _read_neurons(self, group: b2.NeuronGroup) -> None:
        place = f"NeuronGroup {group.name!r}"
        if isinstance(group, b2.SpatialNeuron):
            raise ValueError(f"{place}: has compartments, which a population of points cannot have")
        equations = group.user_equations
        for equation in equations.values():
            for flag, advice in (
                ("linked", "give the variable to the group that reads it"),
                ("constant over dt", "leave the flag out"),
            ):
                if flag in equation.flags:
                    raise ValueError(f"{place}: {equation.varname!r} is ({flag}); {advice}")
        regular = []
        shares = [m for m in group.contained_objects if isinstance(m, Subgroup)]  # those with parts
        members = [m for owner in (group, *shares) for m in owner.contained_objects]
        for member in sorted(members, key=lambda m: (m.order, str(m.name))):
            kind = type(member).__name__
            if kind == "CodeRunner":
                regular.append(self._read_regular(member, group, place))
            elif kind not in _PARTS and not isinstance(member, b2.Synapses):
                raise ValueError(
                    f"{place}: {kind} {member.name!r} has no counterpart; leave it out"
                )
        self._check_slots(place, group)
        threshold, reset = group.events.get("spike"), group.event_codes.get("spike")
        refractory = refractory_of(group)
        texts = [e.expr.code for e in equations.values() if e.expr is not None]
        texts += [text for text in (threshold, reset, refractory) if isinstance(text, str)]
        told = [text for member in regular for text in [member.statements]]
        constants = self._constants(group, texts, place)
        extra = self._constants(group, told, place)
        extra = {name: value for name, value in extra.items() if name not in constants}
        regular = [replace(r, statements=_insert(r.statements, extra)) for r in regular]
        moving = bool(equations.diff_eq_names)
        model = NeuronModel(
            name=group.name,
            equations="\n".join(equation_text(e) for e in equations.values()),
            threshold=threshold,
            reset=reset or None,
            refractory=refractory,
            method=chosen_method(group, self.namespace) if moving else "euler",
            parameters=constants,
            initial={
                name: _with_unit(group.variables[name])
                for name, e in equations.items()
                if e.type != SUBEXPRESSION
            },
        )
        self.populations[group.name] = Population(
            name=group.name, n=len(group), model=model, regularly=tuple(regular)
        )
        for event in set(group.events) - {"spike"}:
            text, code = group.events[event], group.event_codes.get(event, "")
            known = self._constants(group, [text, code], place)
            name = f"{group.name}_{event}"
            self.populations[name] = EventSource(
                name=name, n=len(group), population=group.name, condition=text, statements=code,
                parameters={n: value for n, value in known.items() if n not in constants},
            )  # fmt: skip
        if refractory is not False:
            self._read_refractoriness(group, refractory)

    def _read_refractoriness(self, group: b2.NeuronGroup, refractory: Any) -> None:
        last = np.asarray(group.variables["lastspike"].get_value())
        since = np.rint((float(self.start) - last) / float(self.dt))
        steps = np.where(last < -1e3, 1_000_000_000, np.minimum(since, 1_000_000_000))
        self.late[f"{group.name}.steps_since_spike"] = steps.astype(np.int32)
        self.late[f"{group.name}.lastspike"] = last.copy()
        free = group.variables["not_refractory"].get_value()
        self.late[f"{group.name}.not_refractory"] = np.array(free)

    def _check_slots(self, place: str, group: Any) -> None:
        for member in group.contained_objects:
            slot = _PARTS.get(type(member).__name__, "")
            if getattr(member, "event", "spike") != "spike" and slot:
                slot = f"after_{slot}"
            if slot and (member.when != slot or not member.active):
                raise ValueError(
                    f"{place}: {member.name!r} runs in {member.when!r}, active {member.active}; "
                    f"only an active one in {slot!r} has a counterpart"
                )

    def _read_regular(self, runner: Any, group: b2.NeuronGroup, place: str) -> Regularly:
        """Read ``run_regularly``."""
        late = runner.when == "groups" and runner.order > 0
        part = runner.group
        if (
            _whole(part).name != group.name
            or not runner.active
            or runner.template != "stateupdate"
            or not (late or runner.when in ("start", "end"))
        ):
            raise ValueError(
                f"{place}: {runner.name!r} has no counterpart; use an active run_regularly in "
                "'start', 'end', or 'groups' with an order above 0"
            )
        every = float(runner.clock.dt)
        if abs(every / float(self.dt) - round(every / float(self.dt))) > 1e-6:
            raise ValueError(f"{place}: {runner.name!r} needs an interval of whole time steps")
        lines = parse_statements(f"{place}, run_regularly", runner.abstract_code)
        if isinstance(part, Subgroup):
            lines = tuple(_keep_to_part(place, part, *line) for line in lines)
        return Regularly(
            statements="\n".join(" ".join(line) for line in lines),
            every=every * b2.second,
            when=runner.when,
        )

    def _constants(self, group: Any, texts: Iterable[str], place: str) -> dict[str, Any]:
        names = {name for text in texts for name in get_identifiers(text)}
        names -= {*DEFAULT_FUNCTIONS, *group.variables, "xi"}
        names = {name for name in names if not name.startswith("xi_")}
        temporary = set()
        for text in texts:
            for line in text.replace(";", "\n").splitlines():
                left, equals, right = line.partition("=")
                if equals and not right.startswith("=") and left.strip().isidentifier():
                    temporary.add(left.strip())
        return find_constants(group, names - temporary, self.namespace, place)

    @staticmethod
    def _check_source(member: Any, slot: str) -> None:
        """Refuse a source that does more than Brian2 makes it do, or at another place."""
        parts = [p for p in member.contained_objects if not isinstance(p, b2.Synapses)]
        wrong = [p for p in parts if type(p).__name__ != "Thresholder"]
        wrong += [p for p in (member, *parts) if p.when != slot or not p.active]
        if wrong:
            kind, first = type(wrong[0]).__name__, wrong[0]
            raise ValueError(
                f"{type(member).__name__} {member.name!r}: {first.name!r} ({kind} in "
                f"{first.when!r}, active {first.active}) has no counterpart; leave it out, and let "
                f"the source be active in {slot!r}"
            )

    def _read_poisson(self, group: b2.PoissonGroup) -> None:
        self._check_source(group, "thresholds")
        rates = group.variables["rates"]
        if isinstance(rates, Subexpression):
            text = str(rates.expr)
            parameters = self._constants(group, [text], f"PoissonGroup {group.name!r}")
        else:
            values = np.array(rates.get_value(), dtype=float)
            text = "rates"
            if np.all(values == values[0]):
                text = f"{float(values[0])!r}*Hz"
            parameters = {} if text != "rates" else {"rates": values * b2.Hz}
            if np.any(values * float(self.dt) > 0.9):
                raise ValueError(
                    f"PoissonGroup {group.name!r}: fires in a step with probability "
                    f"{values.max() * float(self.dt):.2g}, at most 0.9 is possible; shorten dt"
                )
        self.populations[group.name] = PoissonSource(
            name=group.name, n=len(group), rates=text, parameters=parameters
        )

    def _read_input(self, given: b2.PoissonInput) -> None:
        self._check_source(given, "synapses")
        part, place = given.group, f"PoissonInput {given.name!r}"
        group = _whole(part)
        population = self.populations.get(group.name)
        if not isinstance(population, Population) or (given.when, given.order) != ("synapses", 0):
            raise ValueError(
                f"{place}: must target a NeuronGroup, in the slot 'synapses' with order 0"
            )
        weight, tables = given.weight, dict[str, Any]()
        if isinstance(weight, str):
            constants = self._constants(group, [weight], place)
            tables = {n: v for n, v in constants.items() if isinstance(v, b2.TimedArray)}
            weight = _insert(weight, {n: v for n, v in constants.items() if n not in tables})
        if hasattr(part, "source"):  # the others get nothing
            weight = f"({weight!r})" if not isinstance(weight, str) else f"({weight})"
            weight += f"*int(i >= {part.start})*int(i < {part.stop})"
        if tables:  # which equations read, and weights do not
            model, name = population.model, f"{given.name}_weight"
            unit = unit_string(group.variables[given.target_var].dim)
            model = replace(
                model, equations=f"{model.equations}\n{name} = {weight} : {unit}",
                parameters={**model.parameters, **tables},
            )  # fmt: skip
            population, weight = replace(population, model=model), name
        background = PoissonInput(
            variable=given.target_var, n=int(given.N), rate=given.rate, weight=weight
        )
        self.populations[group.name] = replace(
            population, background=(*population.background, background)
        )

    def _read_generator(self, group: b2.SpikeGeneratorGroup) -> None:
        self._check_source(group, "thresholds")
        dt = float(self.dt)
        cells = np.asarray(group.variables["neuron_index"].get_value(), dtype=np.int64)
        times = np.asarray(group.variables["spike_time"].get_value(), dtype=float)
        steps = np.asarray((times + 1e-3 * dt) / dt, dtype=np.int64)  # as Brian2 does
        period = float(group.variables["period"].get_value().item())
        n_steps = round(float(self.duration) / dt)
        if 0 < period < np.inf:
            every = round(period / dt)
            repeats = np.arange((self.step + n_steps) // every + 1)
            steps = (steps[None] + every * repeats[:, None]).ravel()
            cells = np.tile(cells, repeats.size)
        steps = steps - self.step
        keep = (steps >= 0) & (steps < n_steps)
        order = np.lexsort((cells[keep], steps[keep]))
        self.inputs[group.name] = [(cells[keep][order], steps[keep][order] * dt * b2.second)]
        self.populations[group.name] = SpikeListSource(name=group.name, n=len(group))

    # ---- synapses --------------------------------------------------------------------------------

    def _sort_synapses(self, members: list[b2.Synapses]) -> list[b2.Synapses]:
        """Return synapses in the order in which Brian2 runs their pathways."""
        modulating = [m for m in members if isinstance(m.target, b2.Synapses)]
        members = [m for m in members if not isinstance(m.target, b2.Synapses)]
        owners = {p.name: m.name for m in members for p in pathways_of(m)}
        main = {p.name for m in members for side in main_pathways(m).values() for p in side}
        pathways = [p for m in members for p in pathways_of(m)]
        pathways.sort(key=lambda pathway: (pathway.order, pathway.name))
        for side in ("pre", "post"):
            mine = [p for p in pathways if p.prepost == side]
            runs = [owners[p.name] for p in mine if p.name in main]
            starts = [n for k, n in enumerate(runs) if k == 0 or runs[k - 1] != n]
            if len(starts) != len(set(starts)):
                raise ValueError(
                    f"from_brian2: the {side} pathways of {', '.join(sorted(set(starts)))} take "
                    "turns; give them orders or names that keep each together"
                )
            for k, pathway in enumerate(mine):
                later = [p for p in mine[k + 1 :] if p.name in main and p.order == pathway.order]
                if pathway.name not in main and later:
                    raise ValueError(
                        f"from_brian2: the pathway {pathway.name!r} runs before {later[0].name!r} "
                        "by its name alone; give it an order of its own"
                    )
        first: dict[str, int] = {}
        for number, pathway in enumerate(pathways):
            first.setdefault(owners[pathway.name], number)
        return [*sorted(members, key=lambda member: first.get(member.name, -1)), *modulating]

    def _read_synapses(self, synapses: b2.Synapses) -> None:
        place = f"Synapses {synapses.name!r}"
        if isinstance(synapses.target, b2.Synapses):
            self._read_modulation(synapses)
            return
        if isinstance(synapses.source, b2.Synapses):
            raise ValueError(f"{place}: synapses from synapses are not read; exchange the ends")
        if len(synapses) == 0:
            self.report.notes.append((synapses.name, "has no synapses and is left out"))
            return
        event = self._event(synapses, place)
        method = self._method(synapses, place)
        reading, rule = self._rule(synapses, method)
        self.moved |= {(synapses.name, name): new for name, new in reading.moved.items()}
        for name, new in reading.moved.items():
            side = "presynaptic" if new.endswith("_pre") else "postsynaptic"
            self.report.moved.append((f"{synapses.name}.{name}", f"one per {side} cell, {new}"))
        for name, reason in reading.stayed.items():
            self.report.stayed.append((f"{synapses.name}.{name}", reason))
        pre = np.asarray(synapses.variables["_synaptic_pre"].get_value())
        post = np.asarray(synapses.variables["_synaptic_post"].get_value())
        source, target = (_whole(g) for g in (synapses.source, synapses.target))
        order = np.lexsort((post, pre))
        pre, post = pre[order], post[order]
        self.order[synapses.name] = order
        if synapses.event_driven is not None:
            last = np.asarray(synapses.variables["lastupdate"].get_value())
            self.late[f"{synapses.name}.lastupdate"] = last[order]
        key = pre.astype(np.int64) * len(target) + post
        once = not np.any(np.diff(key) == 0)
        full = once and pre.size == len(source) * len(target)
        shape = (len(source), len(target)) if full else pre.shape
        declared = rule.parse("synapse") if rule else {}
        initial: dict[str, Any] = {}
        for name, values in reading.values.items():
            if name in declared and np.ndim(values) and not _is_scalar(synapses, name):
                values = np.asarray(values)[order].reshape(shape)
            elif name in declared:
                values = np.asarray(values).reshape(())
            initial[name] = _quantity(values, _dimensions(rule, name))
        main = main_pathways(synapses)
        options: dict[str, Any] = {"initial": initial, "parameters": reading.parameters}
        for side, argument in (("pre", "delay"), ("post", "post_delay")):
            delay = [self._delay(pathway, place, order, shape) for pathway in main[side][:1]]
            options |= {argument: next(iter(delay), None)}
        options["pathways"] = {
            name: Pathway(
                statements=text, on=pathway.prepost, order=pathway.order,
                delay=self._delay(pathway, place, order, shape),
            )
            for pathway in pathways_of(synapses)
            for name, text in reading.pathways.items()
            if pathway.objname == name
        }  # fmt: skip
        options["modulators"] = {
            name: self._find_linked(place, name, variable, synapses)
            for name, variable in reading.linked.items()
        }
        options |= {"rule": rule, "summed": reading.summed.replace("\n", "; ")}
        sender = source.name if event == "spike" else f"{source.name}_{event}"
        options |= {"name": synapses.name, "source": sender, "target": target.name}
        if full:
            self.projections[synapses.name] = DenseProjection(**options)
        else:
            self.projections[synapses.name] = SparseProjection(**options, pre=pre, post=post)

    @staticmethod
    def _event(synapses: b2.Synapses, place: str) -> str:
        """Return the event that all presynaptic pathways wait for."""
        found = {"pre": set[str](), "post": set[str]()}
        for pathway in pathways_of(synapses):
            found[pathway.prepost].add(pathway.event)
        if len(found["pre"]) > 1 or found["post"] - {"spike"}:
            raise ValueError(
                f"{place}: its presynaptic pathways must wait for one event, the others for spikes"
            )
        return next(iter(found["pre"]), "spike")

    def _find_linked(
        self, place: str, name: str, variable: Any, synapses: b2.Synapses
    ) -> tuple[str, str]:
        """Return population and variable that a linked variable of synapses stands for."""
        if not isinstance(variable, Subexpression):
            owner, found = variable.owner.name, variable.name
        else:  # Brian2 copies the expression and refers to what it reads
            reads = get_identifiers(variable.expr) & set(synapses.variables)
            names = {synapses.variables[n].owner.name for n in reads if n.startswith("_")}
            owner, found = names.pop() if len(names) == 1 else "", ""
            population = self.populations.get(owner)
            if isinstance(population, Population):
                for other, equation in population.model.parsed.items():
                    own = {n: f"_{name}_{owner}_{n}" for n in population.model.parsed}
                    if equation.type == SUBEXPRESSION and variable.expr == word_substitute(
                        equation.expr.code, own
                    ):
                        found = other
        population = self.populations.get(owner)
        if not found or population is None or population.n != 1:
            raise ValueError(
                f"{place}: cannot tell what {name!r} is linked to; link it to a variable of a "
                "group of one cell"
            )
        return owner, found

    def _method(self, synapses: b2.Synapses, place: str) -> str:
        """Return how clock-driven equations take a step, nothing if there are none."""
        equations = synapses.equations
        for member in synapses.contained_objects:
            kind = type(member).__name__
            if kind not in _SYNAPSE_PARTS or not (member.active and synapses.active):
                raise ValueError(
                    f"{place}: {kind} {member.name!r}, active {member.active}, has no counterpart; "
                    "leave it out"
                )
            if (kind != "SynapticPathway" and member.when != "groups") or (
                kind == "SynapticPathway" and member.when != "synapses"
            ):
                raise ValueError(
                    f"{place}: {member.name!r} runs in {member.when!r}, not where Brian2 puts it"
                )
        updater = synapses.state_updater
        if updater is None:
            return ""
        for side in ("source", "target"):
            cells = _whole(getattr(synapses, side))
            other = getattr(cells, "state_updater", None)
            reads = [
                synapses.variables[n] for n in equations.identifiers if n in synapses.variables
            ]
            owners = {getattr(variable.owner, "name", "") for variable in reads}
            if (
                other is not None
                and cells.name in owners
                and (updater.order, updater.name) < (other.order, other.name)
            ):
                raise ValueError(
                    f"{place}: its equations read cells that take their step after it; give "
                    f"{cells.name!r} a name that comes first"
                )
        return chosen_method(synapses, self.namespace)

    def _rule(self, synapses: b2.Synapses, method: str) -> tuple[Any, PlasticityRule]:
        """Return a reading and its rule, with all traces at the synapses where moving fails."""
        values = present_values(synapses, self.namespace) if self.step else None
        chosen: dict[str, Any] = {"method": method} if method else {}
        try:
            reading = read_synapses(synapses, self.namespace, values=values)
            return reading, PlasticityRule(**reading.fields, **chosen)
        except ValueError as error:
            try:
                reading = read_synapses(synapses, self.namespace, move=False, values=values)
                rule = PlasticityRule(**reading.fields, **chosen)
            except ValueError:
                raise error from None
            reading.stayed.update(dict.fromkeys(_event_driven(synapses), str(error)))
            return reading, rule

    def _delay(self, pathway: Any, place: str, order: NDArray[Any], shape: tuple[int, ...]) -> Any:
        """Return the delay of a pathway: none, one time, or one for every synapse."""
        values = np.atleast_1d(np.asarray(pathway.variables["delay"].get_value(), dtype=float))
        steps = np.floor(values / float(self.dt) + 0.5).astype(np.int64)  # as Brian2 does
        if self.step and np.any(steps):
            raise ValueError(f"{place}: spikes may be in flight; take it over before it runs")
        if np.unique(steps).size > 1:
            return steps[order].reshape(shape) * self.dt
        return int(steps[0]) * self.dt if steps[0] else None

    def _read_modulation(self, synapses: b2.Synapses) -> None:
        """Read synapses onto synapses: spikes of a population that reach all of them."""
        place, target = f"Synapses {synapses.name!r}", synapses.target
        projection = self.projections.get(target.name)
        source = _whole(synapses.source)
        if projection is None or own_equations(synapses) or source is not synapses.source:
            raise ValueError(
                f"{place}: only spikes of a whole group that act alike on all synapses of another "
                "object are read; give it no variables of its own"
            )
        pairs = len(source) * len(target)
        pre = synapses.variables["_synaptic_pre"].get_value().astype(np.int64)
        key = pre * len(target) + synapses.variables["_synaptic_post"].get_value()
        if len(synapses) != pairs or np.unique(key).size != pairs:
            raise ValueError(f"{place}: must connect every cell with every synapse, or none")
        known = own_equations(target)
        ways, constants = dict(projection.pathways), dict(projection.parameters)
        for pathway in pathways_of(synapses):
            names = {n: n.removesuffix("_post") for n in get_identifiers(pathway.code)}
            names = {n: short for n, short in names.items() if short in known}
            for variable in set(names.values()):
                if (target.name, variable) in self.moved:
                    raise ValueError(f"{place}: {variable!r} of {target.name!r} lives on the cells")
            found = self._constants(synapses, [pathway.code], place)
            constants |= {n: v for n, v in found.items() if n not in projection.rule.parameters}
            ways[synapses.name if len(ways) == 0 else pathway.name] = Pathway(
                statements=word_substitute(pathway.code, names), on=source.name,
                order=pathway.order, delay=self._delay(pathway, place, np.arange(1), (1,)),
            )  # fmt: skip
        self.projections[target.name] = replace(projection, pathways=ways, parameters=constants)
        self.report.notes.append((synapses.name, f"is a pathway of {target.name}"))

    # ---- monitors --------------------------------------------------------------------------------

    def _read_spikes(self, monitor: Any) -> None:
        group = _whole(monitor.source)
        event = getattr(monitor, "event", "spike")
        name = group.name if event == "spike" else f"{group.name}_{event}"
        if name not in self.populations:
            raise ValueError(
                f"from_brian2: {monitor.name!r} watches {group.name!r}, which is not here"
            )
        if not any(isinstance(r, SpikeRecord) and r.population == name for r in self.records):
            self.records.append(SpikeRecord(population=name))
        self.report.notes.append((monitor.name, f"is in the record as {name}.spike_*"))
        for variable in sorted(getattr(monitor, "record_variables", set()) - {"i", "t"}):
            note = f"does not keep {variable!r} at spikes; record it over time"
            self.report.notes.append((monitor.name, note))

    def _read_states(self, monitor: b2.StateMonitor) -> None:
        source = _whole(monitor.source)
        exact = float(monitor.clock.dt) / float(self.dt)
        every = max(1, round(exact))
        if abs(exact - every) > 1e-6 * every or monitor.when != "start":
            when = f"every {monitor.clock.dt} in the slot {monitor.when!r}"
            note = f"records nothing: it looks {when}, and not every so many steps in 'start'"
            self.report.notes.append((monitor.name, note))
            return
        cells = np.asarray(monitor.record, dtype=np.int64)
        cells = cells + (0 if source is monitor.source else monitor.source.start)
        for variable in monitor.record_variables:
            text = self._record_state(source, variable, every, cells)
            self.report.notes.append((monitor.name, f"{source.name}.{variable} {text}"))

    def _record_state(
        self, source: Any, variable: str, every: int, cells: NDArray[np.int64]
    ) -> str:
        """Record a variable if it is stored, and say what became of it."""
        name = self.moved.get((source.name, variable), variable)
        projection = self.projections.get(source.name)
        if projection is not None:
            slots = [projection.rule.parse(slot) for slot in ("synapse", "pre", "post")]
            equations = {n: e for slot in slots for n, e in slot.items()}
            place = np.argsort(self.order[source.name])[cells]
            if name != variable:
                place, size = np.zeros(0, dtype=np.int64), 0
            else:
                size = self.order[source.name].size
        else:
            population = self.populations[source.name]
            equations = dict(population.model.parsed) if isinstance(population, Population) else {}
            place, size = cells, population.n
        if name not in equations or equations[name].type == SUBEXPRESSION:
            return "is not recorded: it is computed from other variables"
        subset = None
        if 0 < place.size < size and "shared" not in equations[name].flags:
            subset = place.tolist()
        where = {"population": source.name} if projection is None else {"projection": source.name}
        record = StateRecord(**where, variable=name, every=every, when="start", subset=subset)
        if any(getattr(other, "key", "") == record.key for other in self.records):
            return "is in the record already, as the first monitor asks for it"
        self.records.append(record)
        return f"is in the record as {record.key}"


_SCHEDULE = ["start", "groups", "thresholds", "synapses", "resets", "end"]
#: Parts of a group of cells, and the slot in which each runs.
_PARTS = {
    "StateUpdater": "groups",
    "Thresholder": "thresholds",
    "Resetter": "resets",
    "Subgroup": "",
}
_SYNAPSE_PARTS = ("SynapticPathway", "StateUpdater", "SummedVariableUpdater")
_GROUPS = (b2.NeuronGroup, b2.PoissonGroup, b2.SpikeGeneratorGroup)


def _whole(group: Any) -> Any:
    """Return the group of which this may be a part."""
    return group.source if isinstance(group, Subgroup) else group


def _keep_to_part(
    place: str, part: Subgroup, target: str, op: str, text: str
) -> tuple[str, str, str]:
    """Return a statement about some cells of a group as one that leaves the others as they are."""
    text = word_substitute(text, {"i": f"(i - {part.start})", "N": str(len(part))})
    variable = part.variables.get(target)
    if variable is None or variable.scalar:
        return target, op, text
    if np.dtype(variable.dtype).kind == "b":
        raise ValueError(f"{place}: {target!r} is a boolean of a part; use a number, 0 or 1")
    inside = f"int(i >= {part.start})*int(i < {part.stop})"
    if op in ("+=", "-="):
        return target, op, f"{inside}*({text})"
    other = target if op == "=" else "1"
    return target, op, f"{inside}*({text}) + (1 - {inside})*{other}"


def _with_unit(variable: Any) -> Any:
    values = np.array(variable.get_value())
    values = values.reshape(()) if variable.scalar else values
    if values.ndim and values.size and np.all(values == values[0]):
        values = values[0]
    return _quantity(values, variable.dim)


def _quantity(values: Any, dimensions: Any) -> Any:
    if dimensions is DIMENSIONLESS:
        return np.asarray(values)[()]
    return b2.Quantity(values, dim=dimensions)


def _dimensions(rule: PlasticityRule, name: str) -> Any:
    for slot in ("synapse", "pre", "post", "modulators"):
        if name in rule.parse(slot):
            return rule.parse(slot)[name].dim
    return DIMENSIONLESS


def _is_scalar(synapses: b2.Synapses, name: str) -> bool:
    return name in synapses.variables and bool(synapses.variables[name].scalar)


def _event_driven(synapses: b2.Synapses) -> list[str]:
    return [] if synapses.event_driven is None else list(synapses.event_driven.diff_eq_names)


def _insert(text: str, constants: Mapping[str, Any]) -> str:
    """Return an expression with the values of its constants in place of their names."""
    for name, value in constants.items():
        if isinstance(value, b2.TimedArray):
            raise ValueError(
                f"from_brian2: {text!r} reads the TimedArray {name!r}; let an equation of the "
                f"group read it, 'now = {name}(t) : ...', and read that"
            )
        written = repr(value) if isinstance(value, b2.Quantity) else repr(float(value))
        text = word_substitute(text, {name: f"({written})"})
    return text
