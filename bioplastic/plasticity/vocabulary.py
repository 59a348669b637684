"""The names a plasticity rule may use, and their units."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from brian2.equations.equations import SingleEquation
from brian2.units.fundamentalunits import DIMENSIONLESS

from bioplastic.equations import declared_variables, suggest
from bioplastic.plasticity.data import RuleData

__all__ = ["EQUATION_SLOTS", "SYNAPSE_VARIABLES", "Vocabulary", "build_vocabulary"]

EQUATION_SLOTS = ("synapse", "pre", "post", "modulators")

#: Variables of a synapse that need no declaration.
SYNAPSE_VARIABLES = frozenset({"i", "j", "N_pre", "N_post", "N_incoming", "N_outgoing"})


@dataclass
class Vocabulary:
    """The names a rule may use, and their units.

    ``neuron`` maps suffixed names of neuron variables to dimensions. It is None as long as the
    rule is not bound to neurons; then any name with a suffix that resembles no trace may be one.
    """

    place: str
    equations: dict[str, SingleEquation]
    slot_of: dict[str, str]
    parameters: Mapping[str, Any]
    neuron: Mapping[str, Any] | None = None
    known: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        extra: dict[str, Any] = dict.fromkeys(SYNAPSE_VARIABLES, DIMENSIONLESS)
        extra.update(self.neuron or {})
        self.known = declared_variables(self.equations.values(), self.parameters, extra)

    def check_names(self, slot: str, names: Iterable[str]) -> bool:
        """Check that names exist; return whether the units of all of them are known."""
        complete = True
        for name in sorted(names):
            if name in self.known:
                continue
            self.check_neuron_name(slot, name)
            complete = False
        return complete

    def check_neuron_name(self, slot: str, name: str) -> None:
        """Check a name that is not declared: only a variable of a neuron may be meant."""
        stem, separator, side = name.rpartition("_")
        mine = set(self.equations) | set(self.parameters)
        if not separator or side not in {"pre", "post"}:
            hint = suggest(name, mine)
            if not hint and self.neuron is None and "_" not in name:
                hint = f"; a variable of the postsynaptic cell is called '{name}_post'"
            elif f"{name}_post" in (self.neuron or {}):
                hint = f" (did you mean '{name}_post'?)"
            raise ValueError(f"{slot}: unknown variable {name!r}{hint}")
        traces = {known for known, where in self.slot_of.items() if known.endswith(f"_{side}")}
        if self.neuron is not None:
            raise ValueError(
                f"{slot}: {name!r} is neither a trace of the rule nor a variable of the "
                f"{side}synaptic neuron{suggest(name, traces | set(self.neuron))}"
            )
        other = f"{stem}_{'post' if side == 'pre' else 'pre'}"
        if self.slot_of.get(other) in {"pre", "post"}:
            raise ValueError(
                f"{slot}: trace {name!r} is used but slot {side!r} does not define it"
                f"{suggest(name, traces) or suggest(name, [other])}"
            )
        stems = {trace.rpartition("_")[0]: trace for trace in traces}
        close = difflib.get_close_matches(stem, stems, n=1, cutoff=0.8)
        if close:
            guess = stems[close[0]]
            raise ValueError(f"{slot}: unknown variable {name!r} (did you mean {guess!r}?)")


def build_vocabulary(rule: RuleData, neuron: Mapping[str, Any] | None = None) -> Vocabulary:
    """Collect the names of a rule.

    Raises
    ------
    ValueError
        If a name has two meanings.
    """
    place = f"PlasticityRule {rule.name!r}"
    equations: dict[str, SingleEquation] = {}
    slot_of: dict[str, str] = {}
    for slot in EQUATION_SLOTS:
        for name, equation in rule.parse(slot).items():
            if name in equations:
                raise ValueError(
                    f"{place}, {slot}: {name!r} is already defined in {slot_of[name]!r}"
                )
            if name in rule.parameters:
                raise ValueError(f"{place}, parameters: {name!r} is already a variable")
            equations[name] = equation
            slot_of[name] = slot
    return Vocabulary(place, equations, slot_of, rule.parameters, neuron)
