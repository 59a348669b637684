"""A network as data: populations, projections and how one trial runs."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from brian2 import second
from brian2.core.variables import Variable
from brian2.equations.equations import PARAMETER, SUBEXPRESSION
from brian2.units.fundamentalunits import DIMENSIONLESS
from numpy.typing import NDArray

from bioplastic.engine.connectivity import resolve_connectivity
from bioplastic.engine.events import GroupWinner, PopulationMean, check_events
from bioplastic.engine.names import complete_names
from bioplastic.engine.pathways import is_synaptic
from bioplastic.engine.projections import Projection, SparseProjection, UniformProjection
from bioplastic.engine.records import Record
from bioplastic.engine.regularly import Regularly
from bioplastic.engine.trial import Trial
from bioplastic.equations import (
    check_assignment,
    check_dimensions,
    check_initial_expression,
    declared_equations,
    declared_variables,
    parse_statements,
)
from bioplastic.fields import check_params
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.audit import Audit, audit_rule
from bioplastic.plasticity.checks import check_pathway, check_transmission
from bioplastic.plasticity.rule import PlasticityRule
from bioplastic.plasticity.statements import Statement
from bioplastic.signals.base import InputSource
from bioplastic.signals.poisson_input import PoissonInput
from bioplastic.validation import check_identifier, check_integer

__all__ = ["NetworkSpec", "Population"]


@dataclass(frozen=True, kw_only=True)
class Population:
    """``n`` neurons of one model.

    Parameters
    ----------
    name : str
        Name of the population; its state appears as ``<name>.<variable>``.
    n : int
        Number of neurons.
    model : NeuronModel
        Equations, threshold, reset and parameters.
    inputs : mapping of str to str, default {}
        Which parameters of the equations (``"i_in : amp"``) follow an `AnalogueSource` or
        `NoiseSource`: variable to name of the source, which has one cell or ``n``.
    sample_inputs : tuple of str, default ()
        Variables of the model that every sample sets before its first presentation. The program
        takes an input of that name: an array of shape ``(n_samples, n)``, or ``(n_samples,)`` for
        a shared variable.
    background : tuple of PoissonInput, default ()
        Poisson inputs that are no cells: a number of spikes per cell and step, of one weight.
    regularly : tuple of Regularly, default ()
        Statements for every cell at regular times, executed in this order.
    on_trial_start : str, default ""
        Statements for every cell, executed before those of the rules. Here and at the end of a
        trial, cells are refractory as they were in the last step.
    on_trial_end : tuple of str, GroupWinner or PopulationMean, default ()
        Statements for every cell and competitions between them, executed in this order before the
        statements of the rules. What rules read of it they declare as a modulator.

    Examples
    --------
    >>> from brian2 import ms, mV
    >>> from bioplastic.neurons.model import NeuronModel
    >>> lif = NeuronModel(name="lif", equations="dv/dt = -v/tau : volt", threshold="v > 10*mV",
    ...                   reset="v = 0*mV", parameters={"tau": 10*ms})
    >>> Population(name="exc", n=100, model=lif).n
    100
    """

    name: str
    n: int
    model: NeuronModel
    inputs: Mapping[str, str] = field(default_factory=dict)
    sample_inputs: tuple[str, ...] = ()
    background: tuple[PoissonInput, ...] = ()
    regularly: tuple[Regularly, ...] = ()
    on_trial_start: str = ""
    on_trial_end: tuple[str | GroupWinner | PopulationMean, ...] = ()

    def __post_init__(self) -> None:
        place, kinds = "Population.on_trial_end", (str, GroupWinner, PopulationMean)
        object.__setattr__(self, "on_trial_end", _check_members(place, self.on_trial_end, kinds))
        check_params(self)
        check_identifier("Population.name", self.name)
        check_integer("Population.n", self.n, minimum=1)
        if not isinstance(self.model, NeuronModel):
            raise TypeError(f"Population.model: must be a NeuronModel, got {self.model!r}")
        equations = self.model.parsed
        for variable in self.inputs:
            if variable not in equations or equations[variable].type != PARAMETER:
                known = ", ".join(n for n in equations if equations[n].type == PARAMETER) or "none"
                raise ValueError(
                    f"Population {self.name!r}, inputs: the model has no parameter {variable!r} "
                    f"in its equations; known: {known}"
                )
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))
        parse_statements("Population.on_trial_start", self.on_trial_start)
        for argument, kind in (
            ("sample_inputs", str),
            ("background", PoissonInput),
            ("regularly", Regularly),
        ):
            members = _check_members(f"Population.{argument}", getattr(self, argument), (kind,))
            object.__setattr__(self, argument, members)
        for given in self.background:
            self._check_background(f"Population {self.name!r}.background", given)
        for name in self.sample_inputs:
            if name not in self.model.state_variables:
                known = ", ".join(self.model.state_variables) or "none"
                raise ValueError(
                    f"Population {self.name!r}.sample_inputs: the model has no variable {name!r}; "
                    f"known: {known}"
                )
        for member in self.on_trial_end:
            if isinstance(member, GroupWinner) and self.n % member.size:
                raise ValueError(
                    f"Population {self.name!r}.on_trial_end: groups of {member.size} do not divide "
                    f"{self.n} cells"
                )

    @property
    def fires(self) -> bool:
        """Whether the cells emit spikes."""
        return self.model.threshold is not None

    def _check_background(self, place: str, given: PoissonInput) -> None:
        equations = self.model.parsed
        if given.variable not in self.model.state_variables:
            known = ", ".join(self.model.state_variables) or "none"
            raise ValueError(
                f"{place}: the model has no variable {given.variable!r}; known: {known}"
            )
        if isinstance(given.weight, str):
            known_names = declared_variables(
                equations.values(), self.model.parameters, {"i": DIMENSIONLESS, "N": DIMENSIONLESS}
            )
            check_assignment(place, given.variable, "+=", given.weight, known_names)
        else:
            dimensions = equations[given.variable].dim
            check_dimensions(f"{place}: the weight of {given.variable!r}", given.weight, dimensions)


Source = Population | InputSource
Initial = Callable[[np.random.Generator, Any], NDArray[Any]]


def _is_shared(population: Source, variable: str) -> bool:
    if not isinstance(population, Population) or variable not in population.model.parsed:
        return False
    return "shared" in population.model.parsed[variable].flags


def _find(complaint: str, members: Iterable[Any], name: str) -> Any:
    known = {member.name: member for member in members}
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, 1)
    listed = ", ".join(known) or "none"
    hint = f" (did you mean {close[0]!r}?)" if close else f"; known: {listed}"
    raise ValueError(f"{complaint} {name!r}{hint}")


def _check_members(place: str, value: Any, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise TypeError(f"{place}: must be a sequence, got {value!r}")
    members = tuple(value)
    for member in members:
        if not isinstance(member, kinds):
            names = ", ".join(kind.__name__ for kind in kinds)
            raise TypeError(f"{place}: must hold members of {names}, got {member!r}")
    return members


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """Everything a `bioplastic.engine.program.Program` compiles.

    Order of events inside a time step: integration of all populations (traces decay), thresholds
    and sources, the transmission of all projections, ``on_pre`` of every projection (in the given
    order), ``on_post`` of every projection, clocked updates, resets. See
    `bioplastic.plasticity.rule.PlasticityRule`.

    Parameters
    ----------
    populations : sequence of Population or source
        Cells, and the sources of `bioplastic.signals`.
    projections : sequence of Projection
        Who projects to whom.
    trial : Trial
        What one call per sample does.
    records : sequence of SpikeCount, SpikeRecord, StateRecord or TrialRecord, default ()
        What a call returns besides the state.

    Raises
    ------
    ValueError
        For duplicate names, unknown populations, or sizes that do not fit a pattern.
    """

    populations: tuple[Source, ...]
    projections: tuple[Projection, ...]
    trial: Trial
    records: tuple[Record, ...] = ()

    def __post_init__(self) -> None:
        for argument, kinds in (
            ("populations", (*Source.__args__,)),
            ("projections", (Projection,)),
            ("records", (Record,)),
        ):
            members = _check_members(f"NetworkSpec.{argument}", getattr(self, argument), kinds)
            object.__setattr__(self, argument, members)
        if not isinstance(self.trial, Trial):
            raise TypeError(f"NetworkSpec.trial: must be a Trial, got {self.trial!r}")
        names = [member.name for member in (*self.populations, *self.projections)]
        for name in names:
            if names.count(name) > 1:
                uses = names.count(name)
                raise ValueError(f"NetworkSpec: the name {name!r} is used {uses} times")
            if name in ("trial", "clock"):
                raise ValueError(f"NetworkSpec: the name {name!r} is reserved")
        if not self.populations:
            raise ValueError("NetworkSpec.populations: must not be empty")
        projections = tuple(resolve_connectivity(self, p) for p in self.projections)
        object.__setattr__(self, "projections", projections)
        for projection in projections:  # whose ends complete_names looks up
            for argument in ("source", "target"):
                place = f"{type(projection).__name__} {projection.name!r}.{argument}"
                self.find_population(place, getattr(projection, argument))
        projections = tuple(complete_names(self, p) for p in projections)
        object.__setattr__(self, "projections", projections)
        for population in self.populations:
            if isinstance(population, Population):
                self._check_population_inputs(population)
            else:
                population.check(self)
        for projection in self.projections:
            self._check_projection(projection)
        self._check_records()
        check_events(self)

    def _check_population_inputs(self, population: Population) -> None:
        for variable, name in population.inputs.items():
            place = f"Population {population.name!r}, inputs[{variable!r}]"
            source = self.find_population(place, name)
            if not getattr(source, "shown", ""):
                raise ValueError(f"{place}: {name!r} is no AnalogueSource or NoiseSource")
            if source.n not in (1, population.n):
                raise ValueError(
                    f"{place}: {name!r} must have 1 or {population.n} cells, has {source.n}"
                )

    def _check_records(self) -> None:
        keys: set[str] = set()
        for record in self.records:
            key = record.check(self)
            if key in keys:
                raise ValueError(f"NetworkSpec.records: {key!r} is recorded twice")
            keys.add(key)

    def find_population(self, place: str, name: str) -> Source:
        """Return the population of that name; the complaint names ``place``."""
        found: Source = _find(f"{place}: unknown population", self.populations, name)
        return found

    def find_projection(self, place: str, name: str) -> Projection:
        """Return the projection of that name; the complaint names ``place``."""
        found: Projection = _find(f"{place}: unknown projection", self.projections, name)
        return found

    def check_fires(self, place: str, name: str) -> None:
        """Refuse a population that is unknown or has no threshold."""
        if not self.find_population(place, name).fires:
            raise ValueError(f"{place}: {name!r} has no threshold and never fires")

    def _check_projection(self, projection: Projection) -> None:
        place = f"{type(projection).__name__} {projection.name!r}"
        source = self.find_population(f"{place}.source", projection.source)
        target = self.find_population(f"{place}.target", projection.target)
        for modulator, (name, variable) in getattr(projection, "modulators", {}).items():
            linked = self.find_population(f"{place}.modulators[{modulator!r}]", name)
            wanted = {"pre": source.n, "post": target.n}.get(modulator.rpartition("_")[2], 1)
            if linked.n != wanted and not _is_shared(linked, variable):
                raise ValueError(
                    f"{place}.modulators[{modulator!r}]: population {name!r} must have {wanted} "
                    f"cells, has {linked.n}"
                )
        rule = getattr(projection, "rule", None)
        passes = [("source", source)] if projection.transmit or (rule and rule.on_pre) else []
        passes += [("target", target)] if rule and rule.on_post else []
        sides = {pathway.on for pathway in getattr(projection, "pathways", {}).values()}
        passes += [("source", source)] if "pre" in sides else []
        passes += [("target", target)] if "post" in sides else []
        for argument, population in passes:
            if not population.fires:
                raise ValueError(
                    f"{place}.{argument}: {population.name!r} has no threshold and never fires"
                )
        if isinstance(projection, UniformProjection):
            if projection.pattern != "all" and source.n != target.n:
                raise ValueError(
                    f"{place}.pattern: {projection.pattern!r} needs populations of equal size, "
                    f"got {source.n} and {target.n}"
                )
        groups = getattr(projection, "groups", 1)
        for argument, population in (("source", source), ("target", target)):
            if population.n % groups:
                raise ValueError(
                    f"{place}.groups: {groups} groups do not divide the {population.n} cells of "
                    f"{argument} {population.name!r}"
                )
        if isinstance(projection, SparseProjection):
            for argument, size in (("pre", source.n), ("post", target.n)):
                largest = int(getattr(projection, argument).max())
                if largest >= size:
                    raise ValueError(f"{place}.{argument}: cell {largest} of {size} does not exist")
        self._check_names(projection, source, target)

    def _check_names(self, projection: Projection, *members: Source) -> None:
        """Check what a projection reads and writes, now that its cells are known."""
        place = f"{type(projection).__name__} {projection.name!r}"
        rule = getattr(projection, "rule", None)
        cells = [self._cell_variables(population) for population in members]
        if rule is not None:
            try:
                rule.check_against(*cells)
            except ValueError as error:
                raise type(error)(f"{place}: {error}") from error
        self._check_initial(projection, cells)
        neuron = self._suffixed_variables(*members)
        parameters = projection.parameters  # type: ignore[attr-defined]
        weightless = isinstance(projection, UniformProjection) or rule or "w" in parameters
        for argument in ("transmit", "summed"):
            text = getattr(projection, argument, "")
            own = {} if weightless else {"w": DIMENSIONLESS}
            check_transmission(f"{place}.{argument}", text, rule, parameters, neuron, own)
        self._check_delays(place, projection)

    def _suffixed_variables(self, source: Source, target: Source) -> dict[str, Any]:
        pre, post = self._cell_variables(source), self._cell_variables(target)
        neuron = {f"{name}_pre": unit for name, unit in pre.items()}
        return neuron | {f"{name}_post": unit for name, unit in post.items()}

    def read_pathway(self, projection: Projection, name: str) -> tuple[Statement, ...]:
        """Return the statements of a pathway of a projection, checked.

        Raises
        ------
        ValueError
            As for the statements of a rule.
        """
        place = f"{type(projection).__name__} {projection.name!r}.pathways[{name!r}]"
        pathway, rule = projection.pathways[name], _rule_of(projection)  # type: ignore[attr-defined]
        parameters = projection.parameters  # type: ignore[attr-defined]
        slot = f"on_{pathway.on}" if pathway.on in ("pre", "post") else "every"
        ends = (self.population(projection.source), self.population(projection.target))
        neuron = self._suffixed_variables(*ends)
        return check_pathway(place, pathway.statements, slot, rule, parameters, neuron)

    def _check_delays(self, place: str, projection: Projection) -> None:
        """Check pathways, and that what has a delay per synapse acts on single synapses."""
        rule: Any = getattr(projection, "rule", None)
        rule_delay = getattr(projection, "rule_delay", None)
        delays = {
            "on_pre": projection.delay if rule_delay is None else rule_delay,
            "on_post": getattr(projection, "post_delay", None),
        }
        found = {key: () if rule is None else rule.statements(key) for key in delays}
        for name, pathway in getattr(projection, "pathways", {}).items():
            if pathway.on not in ("pre", "post"):
                where = f"{place}.pathways[{name!r}].on"
                self.check_fires(where, pathway.on)
            found[f"pathways[{name!r}]"] = self.read_pathway(projection, name)
            delays[f"pathways[{name!r}]"] = pathway.delay
        for key, statements in found.items():
            for statement in statements if is_synaptic(delays[key]) else ():
                if statement.scope != "synapse":
                    raise ValueError(
                        f"{place}, {key}: {statement.code!r} acts on a whole cell or projection, "
                        "which a spike does not reach at one time when every synapse has its own "
                        "delay; give the rule one delay (rule_delay, post_delay), or each synapse "
                        "a variable of its own"
                    )

    def cell_variables(self, population: str) -> dict[str, Any]:
        """Return the variables of cells that a projection may use, with their dimensions."""
        return self._cell_variables(self.population(population))

    def _check_initial(self, projection: Any, cells: list[dict[str, Any]]) -> None:
        """Check the expressions among the initial values of synapses."""
        rule = getattr(projection, "rule", None)
        given = {**(rule.initial if rule else {}), **getattr(projection, "initial", {})}
        texts = {name: text for name, text in given.items() if isinstance(text, str)}
        if not texts:
            return
        synapse = rule.parse("synapse") if rule else {}
        stored = {n: e for n, e in synapse.items() if e.type != SUBEXPRESSION}
        extra: dict[str, Any] = dict.fromkeys(("i", "j", "N_pre", "N_post"), DIMENSIONLESS)
        for side, variables in zip(("pre", "post"), cells, strict=True):
            extra |= {f"{name}_{side}": dim for name, dim in variables.items()}
        parameters = {**(rule.parameters if rule else {}), **projection.parameters}
        known = declared_variables(stored.values(), parameters, extra)
        place = f"{type(projection).__name__} {projection.name!r}.initial"
        for name, text in texts.items():
            own = name in stored or rule is None
            dimensions = stored[name].dim if name in stored else DIMENSIONLESS
            check_initial_expression(f"{place}: {name!r}", text, dimensions, known if own else None)

    def _cell_variables(self, population: Source) -> dict[str, Any]:
        found: dict[str, Any] = {"i": DIMENSIONLESS, "N": DIMENSIONLESS}
        if isinstance(population, Population):
            found |= declared_equations(population.model.parsed.values())
            if population.model.refractory is not False:
                found |= {"lastspike": second.dim}
                found["not_refractory"] = Variable(name="not_refractory", dtype=bool)
        else:
            found |= {**population.filled, **population.stored}
            names = (*population.filled_once, *population.reads_trial(self.trial.variables))
            found |= dict.fromkeys(names, DIMENSIONLESS)
        for projection in self.projections:  # traces of rules live on the cells
            rule = getattr(projection, "rule", None)
            for side, cell in (("pre", projection.source), ("post", projection.target)):
                if rule is not None and cell == population.name:
                    for slot in (side, "modulators"):
                        found |= {
                            f"{name}_{projection.name}": equation.dim
                            for name, equation in rule.parse(slot).items()
                        }
        return found

    def audit(self, projection: str) -> Audit:
        """Return what each update of a projection depends on: of its rule and of its pathways.

        Transmission does not count: what cells hear is their model.

        Parameters
        ----------
        projection : str
            Its name.

        Examples
        --------
        >>> from brian2 import Hz, ms
        >>> from bioplastic.engine import DenseProjection, NetworkSpec, Pathway, Trial
        >>> from bioplastic.plasticity import pair_stdp
        >>> from bioplastic.signals import PoissonSource
        >>> cells = [PoissonSource(name=name, n=2, rates="9*Hz") for name in ("a", "b", "dopamine")]
        >>> learn = {"learn": Pathway(statements="w = clip(1.1*w, 0, 1)", on="dopamine")}
        >>> feed = DenseProjection(name="feed", source="a", target="b", rule=pair_stdp(),
        ...                        pathways=learn)
        >>> network = NetworkSpec(populations=cells, projections=[feed],
        ...                       trial=Trial(duration=10*ms))
        >>> str(pair_stdp().audit().verdict), str(network.audit("feed").verdict)
        ('local', 'local with modulator')
        """
        found = self.find_projection("NetworkSpec.audit", projection)
        pathways = {
            name: (pathway.on, self.read_pathway(found, name))
            for name, pathway in getattr(found, "pathways", {}).items()
        }
        return audit_rule(_rule_of(found), pathways, getattr(found, "parameters", ()))

    def projection(self, name: str) -> Projection:
        """Return the projection of that name."""
        for projection in self.projections:
            if projection.name == name:
                return projection
        known = ", ".join(projection.name for projection in self.projections) or "none"
        raise ValueError(f"NetworkSpec.projection: unknown projection {name!r}; known: {known}")

    def population(self, name: str) -> Source:
        """Return the population of that name."""
        return self.find_population("NetworkSpec.population", name)


def _rule_of(projection: Projection) -> PlasticityRule:
    """Return the rule of a projection, or one that declares what its synapses have without any."""
    rule: PlasticityRule | None = getattr(projection, "rule", None)
    if rule is not None:
        return rule
    stored = "w" not in projection.parameters  # type: ignore[attr-defined]
    stored = stored and not isinstance(projection, UniformProjection)
    return PlasticityRule(name=projection.name, synapse="w : 1" if stored else "")
