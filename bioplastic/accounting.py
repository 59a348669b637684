"""What a run of the engine costs: operations counted from the network and its spikes.

The network says what one spike, one step and one trial do; the record says how many there were.
Nothing is timed, and no machine is meant in particular: the counts are those of the equations.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION
from numpy.typing import NDArray

from bioplastic.analysis.energy import Operations
from bioplastic.engine import (
    DenseProjection,
    EventTrial,
    NetworkSpec,
    Population,
    Program,
    SparseProjection,
    SpikeCount,
    SpikeRecord,
    TrialRecord,
    UniformProjection,
)
from bioplastic.equations import parse_statements, read_names
from bioplastic.plasticity import PlasticityRule
from bioplastic.plasticity.checks import expand_names

__all__ = ["account", "counted"]

Record = Mapping[str, NDArray[Any]]


def counted(network: NetworkSpec) -> NetworkSpec:
    """Return the network with all that `account` needs among its records.

    Parameters
    ----------
    network : NetworkSpec
        Any network.

    Returns
    -------
    NetworkSpec
        The same with spike counts of all populations that fire (every spike where trials repeat or
        run on events), and what `DenseProjection.only_post` names.
    """
    records = list(network.records)
    every = isinstance(network.trial, EventTrial) or bool(network.trial.repeat_while)
    for name in sorted(_firing(network)):
        known = [r for r in records if getattr(r, "population", "") == name]
        counts = [r for r in known if isinstance(r, SpikeCount)]
        if any(isinstance(r, SpikeRecord) for r in known):
            continue
        if every or any(count.window is not None for count in counts):
            records.append(SpikeRecord(population=name))
        elif not counts:
            records.append(SpikeCount(population=name))
    for projection in network.projections:
        if getattr(projection, "only_post", ""):
            population, variable = _only(projection)
            if not any(
                isinstance(r, TrialRecord) and (r.population, r.variable) == (population, variable)
                for r in records
            ):
                records.append(TrialRecord(population=population, variable=variable))
    return dataclasses.replace(network, records=tuple(records))


def account(
    program: Program, record: Record, state: Record, *, gate: bool | None = None
) -> dict[str, Operations]:
    """Count the operations of a run, learning included, by part of the network.

    A spike counts when it is fired, also where it is still on its way at the end of the run.

    Parameters
    ----------
    program : Program
        What ran. Its network records the spikes of every population that fires, see `counted`.
    record : mapping of str to array
        What the call returned besides the state. Of a plain mapping, such as records of several
        calls joined, the trials are taken to be as long as the network says.
    state : mapping of str to array
        The state given to the call: it holds the clock of rules with an interval, and synapses that
        were grown or pruned.
    gate : bool, optional
        Whether the gate of least squares was open; needed where there is one.

    Returns
    -------
    dict of str to Operations
        One entry for each population and projection; ``sum(..., start=Operations())`` adds them.

    Raises
    ------
    ValueError
        If the record lacks spikes of a population, or says too little about them, and for
        projections with `Pathway`, whose statements are not counted.

    Examples
    --------
    >>> from brian2 import ms
    >>> from bioplastic.engine import Trial
    >>> from bioplastic.plasticity import pair_stdp
    >>> from bioplastic.signals import SpikeListSource
    >>> network = counted(NetworkSpec(
    ...     populations=[SpikeListSource(name="a", n=2), SpikeListSource(name="b", n=3)],
    ...     projections=[DenseProjection(name="ab", source="a", target="b", rule=pair_stdp())],
    ...     trial=Trial(duration=10 * ms),
    ... ))
    >>> program = Program(network, dt=1 * ms, target="numpy")
    >>> spikes = {"a": [([0, 1], [1, 5] * ms)], "b": [([2], [7] * ms)]}
    >>> state = program.initial_state()
    >>> _, record = program(state, spikes)
    >>> account(program, record, state)["ab"].plastic_updates      # 2 spikes to 3 cells, 1 of 2
    8
    """
    if not isinstance(program, Program):
        raise TypeError(f"account.program: must be a Program, got {program!r}")
    if not isinstance(record, Mapping) or "presentations" not in record:
        raise TypeError("account.record: must be what a program returned besides the state")
    if not isinstance(state, Mapping) or "clock.step" not in state:
        raise TypeError("account.state: must be the state that the program was given")
    network = program.network
    run = _Run(program, record, state, gate)
    found = {
        population.name: Operations(neuron_updates=population.n * run.n_steps)
        for population in network.populations
        if isinstance(population, Population)
    }
    for projection in network.projections:
        found[projection.name] = _Counter(projection, run).count()
    return found


def _firing(network: NetworkSpec) -> set[str]:
    """Return populations whose spikes do anything at a synapse, and those that time a trial."""
    names = set()
    for projection in network.projections:
        rule = getattr(projection, "rule", None)
        if projection.transmit or (rule is not None and rule.on_pre):
            names.add(projection.source)
        if rule is not None and rule.on_post:
            names.add(projection.target)
    if isinstance(network.trial, EventTrial):
        names |= {network.trial.source, *filter(None, [network.trial.until_fired])}
    return names


def _only(projection: Any) -> tuple[str, str]:
    """Return population and variable that ``only_post`` means."""
    name, rule = projection.only_post, projection.rule
    if name in projection.modulators:
        population, variable = projection.modulators[name]
        return population, variable
    own = rule is not None and name in {*rule.parse("post"), *rule.parse("modulators")}
    return projection.target, f"{name}_{projection.name}" if own else name.removesuffix("_post")


class _Run:
    """Steps, trials and spikes of a run."""

    def __init__(self, program: Program, record: Record, state: Record, gate: bool | None) -> None:
        self.program, self.network, self.record = program, program.network, record
        self.state, self.start, self.gate = state, int(state["clock.step"]), gate
        self.dt = program.layout.dt
        self.n_trials = int(np.sum(record["presentations"]))
        timed = isinstance(program.network.trial, EventTrial)
        steps = getattr(record, "n_steps", program.layout.n_steps)
        self.n_steps = self._events() if timed else self.n_trials * int(steps)

    def _events(self) -> int:
        """Return the steps of trials that have one for every distinct time of their source."""
        trial: Any = self.network.trial
        times = self._times(trial.source)
        steps = len(np.unique(times, axis=0))
        if not trial.after_last:
            return steps
        last = np.full(self.n_trials, -1.0)
        np.maximum.at(last, times[:, 0].astype(int), times[:, 1])
        fired_by_then = np.zeros(self.n_trials, dtype=np.int64)
        enough = 1
        if trial.until_fired:
            fired = self._times(trial.until_fired)
            number = fired[:, 0].astype(int)
            np.add.at(fired_by_then, number[fired[:, 1] <= last[number]], 1)
            enough = next(p.n for p in self.network.populations if p.name == trial.until_fired)
        return steps + int(np.sum(fired_by_then < enough))

    def _times(self, name: str) -> NDArray[np.float64]:
        if f"{name}.spike_cell" not in self.record:
            raise ValueError(_missing(name))
        trials = self.record[f"{name}.spike_trial"]
        if np.any(np.diff(trials) < 0) or (trials.size and trials.max() >= self.n_trials):
            raise ValueError("account.record: must be that of one call, got several joined")
        return np.column_stack([trials, self.record[f"{name}.spike_time"]])

    def spikes(self, name: str) -> NDArray[np.int64]:
        """Return the spikes of every cell of a population."""
        n = next(p.n for p in self.network.populations if p.name == name)
        if f"{name}.spike_cell" in self.record:
            return np.bincount(self.record[f"{name}.spike_cell"], minlength=n).astype(np.int64)
        windows = [
            r.window
            for r in self.network.records
            if isinstance(r, SpikeCount) and r.population == name
        ]
        if windows != [None] or f"{name}.count" not in self.record:
            raise ValueError(_missing(name))
        if np.any(self.record["presentations"] != 1):
            raise ValueError(
                f"account.record: counts of {name!r} are those of last presentations alone; "
                "record every spike, see counted"
            )
        return np.asarray(self.record[f"{name}.count"].sum(axis=0, dtype=np.int64))

    def executions(self, rule: PlasticityRule) -> int:
        """Return how often clocked statements of a rule ran."""
        if rule.interval is None:
            return self.n_steps
        interval = max(1, round(float(rule.interval) / self.dt))
        first = self.start + int(rule.interval_at == "end")
        return (first + self.n_steps - 1) // interval - (first - 1) // interval


def _missing(name: str) -> str:
    return f"account.record: must hold all spikes of {name!r}, see counted"


class _Counter:
    """Counts for one projection."""

    def __init__(self, projection: Any, run: _Run) -> None:
        if getattr(projection, "pathways", None):
            raise ValueError(
                f"account.program: does not count pathways, and {projection.name!r} has some"
            )
        self.projection, self.run = projection, run
        self.rule: PlasticityRule | None = getattr(projection, "rule", None)
        sizes = {p.name: p.n for p in run.network.populations}
        self.n_pre, self.n_post = sizes[projection.source], sizes[projection.target]
        self.fan_out, self.fan_in = self._fans()
        self.n_synapses = int(self.fan_out.sum())
        self.equations = {} if self.rule is None else self.rule.parse("synapse")
        self.stored = {
            name
            for name, equation in self.equations.items()
            if equation.type != SUBEXPRESSION and "shared" not in equation.flags
        }
        if self.rule is None and not isinstance(projection, UniformProjection):
            self.stored = {"w"} - set(projection.parameters)
        self.total: dict[str, int] = dict.fromkeys(
            (field.name for field in dataclasses.fields(Operations)), 0
        )

    def _fans(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        p = self.projection
        if isinstance(p, SparseProjection):
            pre, post = self.run.program.synapses_of(self.run.state, p.name)
            return (
                np.bincount(pre, minlength=self.n_pre).astype(np.int64),
                np.bincount(post, minlength=self.n_post).astype(np.int64),
            )
        if not isinstance(p, DenseProjection | UniformProjection):
            raise TypeError(f"account.program: does not know projections like {p!r}")
        groups, less, one = p.groups, 0, False
        if isinstance(p, UniformProjection):
            one, less = p.pattern == "one_to_one", int(p.pattern == "all_but_self")
        out, into = (1, 1) if one else (self.n_post // groups - less, self.n_pre // groups - less)
        return np.full(self.n_pre, out), np.full(self.n_post, into)

    def count(self) -> Operations:
        p, run = self.projection, self.run
        self._transmission()
        for _, _, expression in parse_statements("summed", getattr(p, "summed", "")):
            self.total["analogue_macs"] += self.n_synapses * run.n_steps
            if self._reads(expression):
                self.total["weight_reads"] += self.n_synapses * run.n_steps
        if self.rule is not None:
            self._learning(self.rule)
        return Operations(**self.total)

    def _reads(self, expression: str) -> bool:
        names = expand_names(read_names(expression), self.equations)
        return bool(names & self.stored)

    def _transmission(self) -> None:
        """Count deliveries, by the projection or by statements of its rule on the other cell."""
        texts = {
            "pre": [e for _, _, e in parse_statements("transmit", self.projection.transmit)],
            "post": [],
        }
        for side, other in (("pre", "_post"), ("post", "_pre")):
            statements = () if self.rule is None else self.rule.statements(f"on_{side}")
            texts[side] += [s.expression for s in statements if s.target.endswith(other)]
            if texts[side]:
                delivered = self._reached(side)
                self.total["synaptic"] += delivered
                if any(self._reads(text) for text in texts[side]):
                    self.total["weight_reads"] += delivered

    def _reached(self, side: str) -> int:
        """Return synapses reached by the spikes of one side."""
        name, fan = (
            (self.projection.source, self.fan_out)
            if side == "pre"
            else (self.projection.target, self.fan_in)
        )
        return int(self.run.spikes(name) @ fan)

    def _learning(self, rule: PlasticityRule) -> None:
        run, total = self.run, self.total
        for side, name in (("pre", self.projection.source), ("post", self.projection.target)):
            statements = rule.statements(f"on_{side}")
            traces = {s.target for s in statements if s.scope == side}
            if traces:
                total["trace_updates"] += len(traces) * int(run.spikes(name).sum())
            changed = self._changed([s for s in statements if s.scope == "synapse"])
            if changed:
                total["plastic_updates"] += changed * self._reached(side)
        for slot, times in (
            ("every", run.executions(rule)),
            ("on_trial_start", run.n_trials),
            ("on_trial_end", run.n_trials),
        ):
            self._clocked(rule, slot, times)
        clocked = sum(
            equation.type == DIFFERENTIAL_EQUATION and "event-driven" not in equation.flags
            for equation in self.equations.values()
        )
        total["plastic_updates"] += clocked * self.n_synapses * run.n_steps
        if rule.normalise is not None:
            ends = rule.normalise.when == "trial_end"
            total["plastic_updates"] += self._touched(run.n_trials, at_end=ends)
        if rule.least_squares is not None:
            if rule.least_squares.gate and run.gate is None:
                raise ValueError(
                    f"account.gate: must say whether the gate of {rule.name!r} was open, got None"
                )
            if run.gate is not False:
                matrix = self.n_pre**2 + self.n_synapses
                total["plastic_updates"] += matrix * run.executions(rule)

    def _changed(self, statements: Any) -> int:
        """Return how many variables of a synapse statements read, change and write."""
        used = {s.target for s in statements} & self.stored
        read = set().union(*(expand_names(s.reads, self.equations) for s in statements))
        for name in read | used:
            if name in self.stored and "event-driven" in self.equations[name].flags:
                used.add(name)  # it is brought up to date
        return len(used)

    def _clocked(self, rule: PlasticityRule, slot: str, times: int) -> None:
        statements = rule.statements(slot)
        for scope, n in (("pre", self.n_pre), ("post", self.n_post)):
            traces = {s.target for s in statements if s.scope == scope}
            self.total["trace_updates"] += len(traces) * n * times
        synaptic = [s for s in statements if s.scope == "synapse"]
        touched = self._touched(times, at_end=slot == "on_trial_end")
        self.total["plastic_updates"] += self._changed(synaptic) * touched
        summed = {s.target for s in synaptic if s.target.endswith(("_pre", "_post"))}
        self.total["trace_updates"] += len(summed) * touched

    def _touched(self, times: int, *, at_end: bool) -> int:
        """Return synapses visited by so many passes over all, or over those of ``only_post``."""
        only: str = getattr(self.projection, "only_post", "")
        if not at_end or not only:
            return times * self.n_synapses
        key = ".".join(_only(self.projection))
        if key not in self.run.record or np.any(self.run.record["presentations"] != 1):
            raise ValueError(f"account.record: must hold {key!r} of every trial, see counted")
        return int((self.run.record[key] != 0).sum(axis=0) @ self.fan_in)
