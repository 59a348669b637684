"""Random networks as plain data, and the `NetworkSpec` that each of them means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import Hz, ms

from bioplastic.engine import (
    DenseProjection,
    NetworkSpec,
    Pathway,
    Population,
    SparseProjection,
    SpikeCount,
    SpikeRecord,
    StateRecord,
    Trial,
    UniformProjection,
)
from bioplastic.neurons.model import NeuronModel
from bioplastic.plasticity.rule import Normalisation, PlasticityRule
from bioplastic.signals import AnalogueSource, PoissonSource, SpikeListSource

__all__ = ["Cells", "Link", "Network", "Rule", "Source", "Step", "Variable", "Way", "make_spec"]


@dataclass
class Variable:
    """One variable of cells, synapses or a projection.

    ``kind``: ``"plain"``; ``"decay"`` towards ``rest`` with the constant ``tau``; ``"ode"``, with
    the right-hand side ``text``; ``"sub"``, the expression ``text``. ``flag`` is that of Brian2.
    """

    name: str
    unit: str = "1"
    kind: str = "plain"
    tau: str = ""
    rest: str = ""
    text: str = ""
    flag: str = ""

    @property
    def line(self) -> str:
        """The equation as text."""
        flag = f" ({self.flag})" if self.flag else ""
        if self.kind == "plain":
            return f"{self.name} : {self.unit}{flag}"
        if self.kind == "sub":
            return f"{self.name} = {self.text} : {self.unit}{flag}"
        return f"d{self.name}/dt = {self.right} : {self.unit}{flag}"

    @property
    def right(self) -> str:
        """Right-hand side of the differential equation."""
        if self.kind == "ode":
            return self.text
        return (
            f"({self.rest} - {self.name})/{self.tau}" if self.rest else f"-{self.name}/{self.tau}"
        )


@dataclass
class Source:
    """Cells with given spikes (``"list"``), Poisson spikes or given numbers (``"analogue"``)."""

    name: str
    n: int
    kind: str
    rate: float = 0.1
    every: int = 1


@dataclass
class Cells:
    """A population."""

    name: str
    n: int
    variables: list[Variable]
    parameters: dict[str, Any]
    threshold: str = ""
    reset: str = ""
    refractory: Any = False
    method: str = "euler+decay"
    update: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    on_trial_start: str = ""
    on_trial_end: str = ""

    @property
    def stored(self) -> list[str]:
        """Names of the variables of the state."""
        return [v.name for v in self.variables if v.kind != "sub" and v.name not in self.inputs]

    @property
    def recorded(self) -> str:
        """The variable that is recorded."""
        return self.stored[0 if self.n % 2 else -1]


@dataclass
class Step:
    """A statement of a rule and where it acts: pre, post, synapse or shared."""

    scope: str
    target: str
    op: str
    text: str

    @property
    def code(self) -> str:
        """The statement as text."""
        return f"{self.target} {self.op} {self.text}"


@dataclass
class Rule:
    """A plasticity rule; ``modulators`` map a name to None or to (population, variable)."""

    synapse: list[Variable]
    pre: list[Variable]
    post: list[Variable]
    modulators: list[Variable]
    slots: dict[str, list[Step]]
    parameters: dict[str, Any]
    interval: int = 1
    normalise: dict[str, Any] | None = None
    linked: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Way:
    """A further pathway of a projection; delays are steps, one or one per synapse."""

    name: str
    on: str
    steps: list[Step]
    order: int | None = None
    delay: Any = None


@dataclass
class Link:
    """A projection; delays are steps, one or one per synapse."""

    name: str
    kind: str
    source: str
    target: str
    pre: list[int]
    post: list[int]
    transmit: list[tuple[str, str]] = field(default_factory=list)
    delay: Any = 0
    groups: int = 1
    pattern: str = "all"
    parameters: dict[str, Any] = field(default_factory=dict)
    rule: Rule | None = None
    summed: tuple[str, str] | None = None
    summed_when: str = "before"
    rule_delay: Any = None
    post_delay: Any = None
    ways: list[Way] = field(default_factory=list)
    recorded: str = ""
    every: int = 1

    @property
    def passes(self) -> dict[str, tuple[int, int, str, Any]]:
        """What a spike does, by name: its order, its stage, whose spike and the delay."""
        own = self.delay if self.rule_delay is None else self.rule_delay
        found = {
            "transmit": (-1, 0, "pre", self.delay),
            "pre": (-1, 1, "pre", own),
            "post": (1, 2, "post", self.post_delay),
        }
        for way in self.ways:
            order = (1 if way.on == "post" else -1) if way.order is None else way.order
            found[way.name] = (order, 3, way.on, way.delay)
        return found


@dataclass
class Network:
    """A random network; ``seed`` gives spikes and start values."""

    seed: int
    dt: float
    n_steps: int
    trials: int
    dtype: str
    sources: list[Source]
    cells: list[Cells]
    links: list[Link]

    @property
    def sizes(self) -> dict[str, int]:
        """Number of cells of every population."""
        members: list[Source | Cells] = [*self.sources, *self.cells]
        return {member.name: member.n for member in members}


def make_spec(network: Network) -> NetworkSpec:
    """Return what a user would write for this network."""
    populations: list[Any] = []
    for source in network.sources:
        if source.kind == "list":
            populations.append(SpikeListSource(name=source.name, n=source.n))
        elif source.kind == "poisson":
            rate = source.rate / (network.dt * ms)
            populations.append(
                PoissonSource(name=source.name, n=source.n, rates=f"{float(rate / Hz)!r}*Hz")
            )
        else:
            populations.append(
                AnalogueSource(
                    name=source.name, n=source.n, dtype=network.dtype, every=source.every
                )
            )
    populations += [_population(cells) for cells in network.cells]
    records: list[Any] = [
        SpikeRecord(population=s.name) for s in network.sources if s.kind != "analogue"
    ]
    for cells in network.cells:
        records.append(StateRecord(population=cells.name, variable=cells.recorded))
        if cells.threshold:
            records.append(SpikeRecord(population=cells.name))
            records.append(SpikeCount(population=cells.name))
    for link in network.links:
        if link.recorded:
            records.append(
                StateRecord(projection=link.name, variable=link.recorded, every=link.every)
            )
    return NetworkSpec(
        populations=tuple(populations),
        projections=tuple(_projection(link, network) for link in network.links),
        trial=Trial(duration=network.n_steps * network.dt * ms),
        records=tuple(records),
    )


def _population(cells: Cells) -> Population:
    model = NeuronModel(
        name=cells.name,
        equations="\n".join(variable.line for variable in cells.variables),
        threshold=cells.threshold or None,
        reset=cells.reset or None,
        refractory=cells.refractory,
        method=cells.method,
        update=cells.update,
        parameters=cells.parameters,
    )
    return Population(
        name=cells.name, n=cells.n, model=model, inputs=cells.inputs,
        on_trial_start=cells.on_trial_start,
        on_trial_end=(cells.on_trial_end,) if cells.on_trial_end else (),
    )  # fmt: skip


def _projection(link: Link, network: Network) -> Any:
    common: dict[str, Any] = {
        "name": link.name, "source": link.source, "target": link.target,
        "transmit": "\n".join(f"{target} += {text}" for target, text in link.transmit),
        "parameters": link.parameters,
    }  # fmt: skip

    def delay(steps: Any) -> Any:
        shape = (network.sizes[link.source], -1) if link.kind == "dense" else (-1,)
        return (np.reshape(steps, shape) if np.ndim(steps) else steps) * network.dt * ms

    if link.delay:
        common["delay"] = delay(link.delay)
    if link.kind == "uniform":
        return UniformProjection(**common, pattern=link.pattern, groups=link.groups)
    if link.rule is not None:
        common |= {
            "rule": make_rule(link.rule, link.name, network.dt),
            "modulators": link.rule.linked,
            "pathways": {
                way.name: Pathway(
                    statements="\n".join(step.code for step in way.steps), on=way.on,
                    order=way.order, delay=None if way.delay is None else delay(way.delay),
                )
                for way in link.ways
            },
        }  # fmt: skip
        for argument in ("rule_delay", "post_delay"):
            if getattr(link, argument) is not None:
                common[argument] = delay(getattr(link, argument))
    if link.summed is not None:
        common["summed"] = "{} = {}".format(*link.summed)
        common["summed_when"] = link.summed_when
    if link.kind == "sparse":
        return SparseProjection(**common, pre=np.array(link.pre), post=np.array(link.post))
    return DenseProjection(**common, groups=link.groups)


def make_rule(rule: Rule, name: str, dt: float) -> PlasticityRule:
    """Return the rule of a projection."""
    text: dict[str, Any] = {
        slot: "\n".join(step.code for step in steps) for slot, steps in rule.slots.items()
    }
    for slot in ("synapse", "pre", "post", "modulators"):
        text[slot] = "\n".join(variable.line for variable in getattr(rule, slot))
    every = bool(text.get("every"))
    return PlasticityRule(
        name=name,
        **text,
        interval=rule.interval * dt * ms if every and rule.interval > 1 else None,
        normalise=None if rule.normalise is None else Normalisation(**rule.normalise),
        parameters=rule.parameters,
    )
