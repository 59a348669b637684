"""Random plasticity rules, as the arguments of `PlasticityRule`."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2 import ms, mV
from brian2.utils.stringtools import get_identifiers

from bioplastic.conformance.fuzz.expressions import BAD_NAMES, Grammar

__all__ = ["DT", "random_rule"]

#: Time step of the programs that rules run in.
DT = 1 * ms


class _Draft:
    """A rule in the making: equations, and the names that each place may read."""

    def __init__(self, rng: np.random.Generator, strange: bool) -> None:
        self.rng = rng
        self.slots: dict[str, list[str]] = {
            name: []
            for name in ("synapse", "pre", "post", "modulators", "on_pre", "on_post", "every",
                         "on_trial_start", "on_trial_end")
        }  # fmt: skip
        self.parameters: dict[str, Any] = {}
        self.names: dict[str, dict[str, str]] = {
            place: {} for place in ("synapse", "pre", "post", "shared", "parameter")
        }
        self.strange = 0.03 if strange else 0.0
        self.bad = [str(name) for name in rng.permutation(BAD_NAMES)[:2]] if strange else []
        self.count = 0

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def name(self, stem: str) -> str:
        """Return a fresh name, seldom one from the list of bad names."""
        if self.bad and self.chance(0.3):
            return self.bad.pop()
        self.count += 1
        return f"{stem}{self.count}"

    def constant(self, unit: str) -> str:
        """Return the name of a parameter in that unit, a new one or one that exists."""
        known = [n for n, u in self.names["parameter"].items() if u == unit]
        if known and self.chance(0.35):
            return str(self.rng.choice(known))
        name = self.name({"second": "tau", "volt": "u", "1": "a"}[unit])
        value: Any = round(float(self.rng.uniform(0.05, 1.5)), 3)
        if unit == "second":  # equal time constants under two names are drawn often
            value = float(self.rng.choice([5, 12, 20, 33.3])) * ms
        elif unit == "volt":
            value = round(10 * value, 2) * mV
        elif self.chance(0.2):
            value = int(self.rng.integers(1, 4))
        self.parameters[name] = value
        self.names["parameter"][name] = unit
        return name

    def unit(self) -> str:
        return "volt" if self.chance(0.15) else "1"

    def reads(self, scope: str) -> dict[str, str]:
        """Return what a statement of that scope may read."""
        places = {
            "synapse": ("synapse", "pre", "post", "shared"),
            "pre": ("pre", "shared"), "post": ("post", "shared"), "shared": ("shared",),
        }[scope]  # fmt: skip
        found = {n: u for n, u in self.names["parameter"].items() if u in ("1", "volt")}
        for place in places:
            found |= self.names[place]
        return found

    def grammar(self, scope: str, slot: str) -> Grammar:
        return Grammar(self.rng, self.reads(scope), scope == "synapse", bool(slot), self.strange)


def random_rule(rng: np.random.Generator, name: str) -> dict[str, Any]:
    """Return the arguments of a random rule.

    Its equations have closed forms between events (decays, cascades, sums of exponentials), so
    that the exact interpreter is an oracle.

    Parameters
    ----------
    rng : Generator
        Decides everything.
    name : str
        Name of the rule.
    """
    draft = _Draft(rng, strange=bool(rng.random() < 0.12))
    _add_traces(draft)
    _add_modulators(draft)
    _add_synapse(draft)
    cells = {f"u_{side}" for side in ("pre", "post") if draft.chance(0.2)}
    for cell in cells:
        draft.names[cell[2:]][cell] = "volt"
    _add_statements(draft, cells)
    text = {slot: "\n".join(lines) for slot, lines in draft.slots.items() if lines}
    rule: dict[str, Any] = {"name": name, **text}
    if "every" in rule and draft.chance(0.5):
        rule["interval"] = int(rng.integers(1, 8)) * DT
    read = get_identifiers("\n".join(text.values()))
    rule["parameters"] = {
        n: value for n, value in draft.parameters.items() if n in read or draft.chance(0.01)
    }
    return rule


def _decay(draft: _Draft, name: str, unit: str) -> str:
    """Return the right-hand side of an exponential decay."""
    tau = draft.constant("second")
    if draft.chance(0.2):
        return f"({draft.constant(unit)} - {name})/{tau}"
    return f"-{name}/{tau}" if draft.chance(0.8) else f"-{draft.constant('1')}*{name}/{tau}"


def _add_traces(draft: _Draft) -> None:
    for side in ("pre", "post"):
        for _ in range(int(draft.rng.integers(0, 3))):
            name, unit = f"{draft.name('x')}_{side}", draft.unit()
            line = f"d{name}/dt = {_decay(draft, name, unit)} : {unit}"
            if draft.chance(0.2):
                line = f"{name} : {unit}"
            draft.slots[side].append(line)
            draft.names[side][name] = unit
        own = {n: u for n, u in draft.names[side].items() if u == "1"}
        if own and draft.chance(0.2):
            name = f"{draft.name('y')}_{side}"
            reads = own | {n: u for n, u in draft.names["parameter"].items() if u == "1"}
            expression = Grammar(draft.rng, reads).one(2)
            draft.slots[side].append(f"{name} = {expression} : 1")
            draft.names[side][name] = "1"


def _add_modulators(draft: _Draft) -> None:
    for _ in range(int(draft.rng.integers(0, 3))):
        side = str(draft.rng.choice(["", "", "_pre", "_post"]))
        name, unit = f"{draft.name('m')}{side}", draft.unit()
        flag = "" if side else " (shared)"
        line = f"{name} : {unit}{flag}"
        if draft.chance(0.3):
            line = f"d{name}/dt = {_decay(draft, name, unit)} : {unit}{flag}"
        draft.slots["modulators"].append(line)
        draft.names[side[1:] or "shared"][name] = unit


def _add_synapse(draft: _Draft) -> None:
    lines, own = draft.slots["synapse"], draft.names["synapse"]
    lines.append("w : 1")
    own["w"] = "1"
    for _ in range(int(draft.rng.integers(0, 3))):
        name, unit = draft.name("h"), draft.unit()
        lines.append(f"{name} : {unit}")
        own[name] = unit
    if draft.chance(0.2):
        name = draft.name("g")
        lines.append(f"{name} : 1 (shared)")
        draft.names["shared"][name] = "1"
    plain = [n for n, u in own.items() if u == "1"]
    for kind in ("event-driven", "clock-driven"):
        chain: list[str] = []
        count = int(draft.rng.integers(1, 4)) if draft.chance(0.35) else 0
        for _ in range(count):
            name = draft.name("c")
            right, tau = _decay(draft, name, "1"), draft.constant("second")
            if chain and kind == "event-driven" and draft.chance(0.7):
                drive = str(draft.rng.choice(chain))
                right = f"({drive} - {name})/{tau}"
                if draft.chance(0.3):
                    right = f"{drive}/{tau} - {name}/{draft.constant('second')}"
                elif draft.chance(0.15):
                    right = f"{drive}/{tau}"
            elif draft.chance(0.25):
                right = f"({draft.rng.choice(plain)} - {name})/{tau}"
            lines.append(f"d{name}/dt = {right} : 1 ({kind})")
            chain.append(name)
            own[name] = "1"
    if draft.chance(0.2):
        name = draft.name("s")
        reads = {n: u for n, u in draft.reads("synapse").items() if u == "1"}
        lines.append(f"{name} = {Grammar(draft.rng, reads).one(2)} : 1")
        own[name] = "1"


def _targets(draft: _Draft, place: str, cells: set[str]) -> list[str]:
    """Return variables of a place that statements may assign."""
    text = "\n".join(line for lines in draft.slots.values() for line in lines)
    return [n for n in draft.names[place] if f"{n} = " not in text and n not in cells]


def _add_statements(draft: _Draft, cells: set[str]) -> None:
    everything = {n: u for names in draft.names.values() for n, u in names.items()}
    slots = {"on_pre": 0.9, "on_post": 0.9, "every": 0.4, "on_trial_start": 0.2,
             "on_trial_end": 0.3}  # fmt: skip
    targets = {place: _targets(draft, place, cells) for place in draft.names}
    for slot, share in slots.items():
        if not draft.chance(share):
            continue
        own = slot[3:] if slot in ("on_pre", "on_post") else ""
        lines: list[str] = []
        for _ in range(int(draft.rng.integers(1, 4))):
            places = ["synapse", "synapse", *([own, own] if own else ["pre", "post", "shared"])]
            place = str(draft.rng.choice([p for p in places if targets[p]]))
            target = str(draft.rng.choice(targets[place]))
            grammar = draft.grammar(place, slot)
            if place == "synapse" and everything[target] == "1" and draft.chance(0.15):
                name = draft.name("v")
                lines.append(f"{name} = {grammar.one(2)}")
                grammar.names = {**grammar.names, name: "1"}
                lines.append(f"{grammar.assign(target, '1')} + 0.1*{name}")
                continue
            operators = ("=", "+=", "+=", "-=", "*=", "/=")
            lines.append(grammar.assign(target, everything[target], operators))
        draft.slots[slot] += lines
