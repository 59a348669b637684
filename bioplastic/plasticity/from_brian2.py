"""A rule read from Brian2's `Synapses`, with its traces moved to the cells where that is exact.

Brian2 keeps one trace per synapse. Where all synapses of a cell update it alike, one per cell is
the same trace: its equation and its statements read nothing but itself, other such traces, the
cell and constants, statements of one side alone write it, they reach all synapses at once, and its
values are the same at all synapses of a cell. Whatever fails one of these stays at the synapse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import brian2 as b2
import numpy as np
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    PARAMETER,
    SUBEXPRESSION,
    SingleEquation,
)
from brian2.units.fundamentalunits import DIMENSIONLESS
from brian2.utils.stringtools import get_identifiers, word_substitute
from numpy.typing import NDArray

from bioplastic.equations import (
    CLOCK_VARIABLES,
    DEFAULT_NAMES,
    equation_text,
    parse_statements,
    read_names,
    unit_string,
)

__all__ = [
    "Reading",
    "find_constants",
    "main_pathways",
    "own_equations",
    "pathways_of",
    "read_synapses",
]

_SIDES = {"pre": "_presynaptic_idx", "post": "_postsynaptic_idx"}
_RANDOM = frozenset({"rand", "randn", "poisson", "binomial"})


@dataclass(frozen=True)
class Reading:
    """What `read_synapses` finds.

    Parameters
    ----------
    fields : dict
        Arguments of the `bioplastic.plasticity.PlasticityRule`.
    values : dict of str to array
        Current values of what stays at the synapses, in base units, and of the traces per cell.
    summed : str
        Statements that set variables of postsynaptic cells to sums.
    moved : dict of str to str
        Traces that live on the cells now: name in Brian2 to name in the rule.
    stayed : dict of str to str
        Traces that stay at the synapses, with the reason.
    linked : dict of str to Variable
        Variables of other groups that the synapses read as modulators.
    pathways : dict of str to str
        Statements of pathways that are not part of ``on_pre`` or ``on_post``, by their names.
    parameters : dict
        Constants that nothing but those pathways and the sums read.
    """

    fields: dict[str, Any]
    values: dict[str, Any]
    summed: str = ""
    moved: dict[str, str] = field(default_factory=dict)
    stayed: dict[str, str] = field(default_factory=dict)
    linked: dict[str, Any] = field(default_factory=dict)
    pathways: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Line:
    """One statement of a pathway."""

    pathway: str
    side: str
    target: str
    op: str
    expression: str


def pathways_of(synapses: b2.Synapses) -> list[Any]:
    """Return the pathways in the order in which Brian2 runs them."""
    found = [p for p in synapses.contained_objects if type(p).__name__ == "SynapticPathway"]
    return sorted(found, key=lambda pathway: (pathway.order, pathway.name))


def main_pathways(synapses: b2.Synapses) -> dict[str, list[Any]]:
    """Return the pathways that make up ``on_pre`` and ``on_post``: those at the usual place.

    They have the usual order, and the delays of the first of them.
    """
    main: dict[str, list[Any]] = {"pre": [], "post": []}
    for pathway in pathways_of(synapses):
        here = main[pathway.prepost]
        usual = pathway.order == {"pre": -1, "post": 1}[pathway.prepost]
        if usual and (not here or _same_delays(here[0], pathway)):
            here.append(pathway)
    return main


def _delays(pathway: Any) -> NDArray[Any]:
    return np.atleast_1d(pathway.variables["delay"].get_value())


def _same_delays(one: Any, other: Any) -> bool:
    first, second = np.unique(_delays(one)), np.unique(_delays(other))
    return bool(
        np.array_equal(_delays(one), _delays(other))
        or (first.size == second.size == 1 and first[0] == second[0])
    )


def own_equations(synapses: b2.Synapses) -> dict[str, SingleEquation]:
    """Return the equations of the synapses themselves, event-driven ones included."""
    own = dict(synapses.equations.items())
    if synapses.event_driven is not None:
        own |= dict(synapses.event_driven.items())
    return own


def find_constants(
    group: Any, names: Iterable[str], namespace: Mapping[str, Any], place: str
) -> dict[str, Any]:
    """Return the values of external names, as a group resolves them: numbers, timed arrays.

    Raises
    ------
    ValueError
        For a name that is no number.
    """
    wanted = sorted(set(names) - DEFAULT_NAMES - set(CLOCK_VARIABLES))
    found: dict[str, Any] = {}
    for name in wanted:
        try:
            variable = group.resolve_all([name], namespace, user_identifiers=set())[name]
        except KeyError as error:
            raise ValueError(f"{place}: the name {name!r} means nothing here ({error})") from None
        if isinstance(variable, b2.TimedArray):
            found[name] = variable
            continue
        value = getattr(variable, "value", None)
        if value is None or np.ndim(value):
            raise ValueError(
                f"{place}: {name!r} is no number; make it a variable of the equations, or a "
                "TimedArray read with t"
            )
        dimensions = variable.dim
        found[name] = (
            float(value) if dimensions is DIMENSIONLESS else b2.Quantity(value, dim=dimensions)
        )
    return found


def read_synapses(
    synapses: b2.Synapses,
    namespace: Mapping[str, Any],
    *,
    move: bool = True,
    values: Mapping[str, NDArray[Any]] | None = None,
) -> Reading:
    """Read model, statements and constants of synapses.

    Parameters
    ----------
    synapses : brian2.Synapses
        As they stand before a run.
    namespace : mapping
        Where names are looked up that the synapses do not define.
    move : bool, default True
        Whether traces move to the cells where that is exact.
    values : mapping of str to array, optional
        Values of traces at the present time in place of those stored at spikes.

    Raises
    ------
    ValueError
        For what a rule cannot say, naming the line.
    """
    return _Reader(synapses, namespace, move, dict(values or {})).read()


def _code(expression: Any) -> str:
    return str(getattr(expression, "code", expression))


def _cells_first(lines: Sequence[_Line], moved: set[str]) -> list[_Line]:
    """Return statements with those of traces before the others, where nobody can tell.

    The others then need one pass over the synapses.
    """
    ordered: list[_Line] = []
    for line in lines:
        place = len(ordered)
        while place and line.target in moved and ordered[place - 1].target not in moved:
            if not _commute(line, ordered[place - 1]):
                break
            place -= 1
        ordered.insert(place, line)
    return ordered


def _commute(one: _Line, other: _Line) -> bool:
    return (
        one.target != other.target
        and one.target not in get_identifiers(other.expression)
        and other.target not in get_identifiers(one.expression)
    )


class _Reader:
    def __init__(
        self,
        synapses: b2.Synapses,
        namespace: Mapping[str, Any],
        move: bool,
        values: dict[str, NDArray[Any]],
    ) -> None:
        self.synapses, self.namespace, self.move = synapses, namespace, move
        self.place = f"Synapses {synapses.name!r}"
        self.own = own_equations(synapses)
        self.given = values
        self.cells = {
            "pre": np.asarray(synapses.variables["_synaptic_pre"].get_value()),
            "post": np.asarray(synapses.variables["_synaptic_post"].get_value()),
        }
        self.linked: dict[str, Any] = {}
        for name, equation in list(self.own.items()):
            if "linked" in equation.flags:
                self.linked[name] = synapses.variables[name]
                if synapses.variables.indices[name] != "0" and not self.linked[name].scalar:
                    raise ValueError(
                        f"{self.place}: {name!r} is linked to many cells; link it to a group of "
                        "one cell, or read it as a variable of the cells (_pre, _post)"
                    )
                del self.own[name]
        self.lines = [line for pathway in pathways_of(synapses) for line in self._lines(pathway)]

    def _lines(self, pathway: Any) -> list[_Line]:
        place = f"{self.place}, on_{pathway.prepost}"
        lines = []
        for target, op, expression in parse_statements(place, pathway.code):
            names = self._names({target, *get_identifiers(expression)})
            lines.append(
                _Line(
                    pathway.objname,
                    pathway.prepost,
                    names.get(target, target),
                    op,
                    word_substitute(expression, names),
                )
            )
        return lines

    def _names(self, identifiers: Iterable[str]) -> dict[str, str]:
        """Return what variables of cells are called in a rule: with the suffix that Brian2 adds."""
        names: dict[str, str] = {}
        source, target = self.synapses.source, self.synapses.target
        for name in identifiers:
            if name in self.own or name not in self.synapses.variables:
                continue
            if name == "i" and getattr(source, "start", False):
                names[name] = f"(i - {source.start})"
            elif name == "j" and getattr(target, "start", False):
                names[name] = f"(j - {target.start})"
            elif name == "N_pre" and hasattr(source, "source"):
                names[name] = str(len(source))
            elif name == "N_post" and hasattr(target, "source"):
                names[name] = str(len(target))
            elif name in ("i", "j", "N_pre", "N_post", "N_incoming", "N_outgoing"):
                continue
            elif self.synapses.variables.indices[name] == _SIDES["post"]:
                names[name] = name if name.endswith("_post") else f"{name}_post"
        return names

    # ---- what moves ------------------------------------------------------------------------------

    def _find_moves(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the side of every trace that moves, and why others stay."""
        side: dict[str, str] = {}
        stayed: dict[str, str] = {}
        for name, equation in self.own.items():
            sides = {line.side for line in self.lines if line.target == name}
            trace = equation.type == DIFFERENTIAL_EQUATION and "event-driven" in equation.flags
            stored = equation.type == PARAMETER and sides
            if not (trace or stored) or "shared" in equation.flags:
                continue
            if len(sides) == 1:
                side[name] = sides.pop()
            elif sides:
                stayed[name] = "statements of both sides write it"
            else:
                stayed[name] = "no statement writes it"
        late = {p.objname for p in pathways_of(self.synapses) if np.unique(_delays(p)).size > 1}
        for name in list(side):
            if any(line.target == name and line.pathway in late for line in self.lines):
                stayed[name] = "its spikes reach the synapses with different delays"
                del side[name]
        for name, end in list(side.items()):
            if not self._is_uniform(name, end):
                stayed[name] = f"its values differ between synapses of one {end}synaptic cell"
                del side[name]
        while True:
            wrong = {name: why for name, end in side.items() if (why := self._obstacle(name, side))}
            if not wrong:
                break
            stayed |= wrong
            for name in wrong:
                del side[name]
        return side, {n: why for n, why in stayed.items() if n in self._traces()}

    def _traces(self) -> set[str]:
        return {n for n, e in self.own.items() if "event-driven" in e.flags}

    def _is_uniform(self, name: str, side: str) -> bool:
        values, cells = self._values(name), self.cells[side]
        if values.size == 0:
            return True
        low = np.full(cells.max() + 1, np.inf)
        high = np.full(cells.max() + 1, -np.inf)
        np.minimum.at(low, cells, values)
        np.maximum.at(high, cells, values)
        spread = (high - low)[high >= low]
        return bool(np.all(spread <= 1e-12 * np.abs(values).max()))

    def _values(self, name: str) -> NDArray[Any]:
        if name in self.given:
            return np.asarray(self.given[name])
        return np.asarray(self.synapses.variables[name].get_value())

    def _obstacle(self, name: str, side: Mapping[str, str]) -> str:
        """Return why a trace cannot be one of the cell, nothing if it can."""
        end = side[name]
        texts: list[tuple[str, _Line | None]] = [
            (line.expression, line) for line in self.lines if line.target == name
        ]
        equation = self.own[name]
        if equation.type == DIFFERENTIAL_EQUATION:
            texts.append((equation.expr.code, None))
        for text, line in texts:
            shown = f"{name} {line.op} {text}" if line else f"d{name}/dt = {text}"
            for read in sorted(get_identifiers(text)):
                if read in _RANDOM:
                    return f"{shown!r} draws a number for every synapse"
                if read in self.own:
                    shared = "shared" in self.own[read].flags
                    if not shared and side.get(read) != end:
                        return f"{shown!r} reads {read!r}, which every synapse has of its own"
                elif read in ("i", "j", "N_incoming", "N_outgoing", "lastupdate"):
                    return f"{shown!r} reads {read!r}, which only a synapse has"
                elif read.endswith(f"_{'post' if end == 'pre' else 'pre'}") and not (
                    read in self.namespace and read not in self.synapses.variables
                ):
                    return f"{shown!r} reads {read!r} of the other cell"
                elif self._is_temporary(read):
                    return f"{shown!r} reads {read!r}, which another statement computes"
        summed = self.synapses.summed_updaters.values()
        if any(name in read_names(_code(updater.expression)) for updater in summed):
            return "a summed variable reads it"
        return ""

    def _is_temporary(self, name: str) -> bool:
        return any(line.target == name for line in self.lines) and (
            name not in self.own and name not in self.synapses.variables
        )

    # ---- the rule --------------------------------------------------------------------------------

    def read(self) -> Reading:
        side, stayed = self._find_moves() if self.move else ({}, {})
        names = {name: self._trace_name(name, end) for name, end in side.items()}
        slots: dict[str, list[str]] = {"synapse": [], "pre": [], "post": [], "modulators": []}
        texts: list[str] = []
        for name, equation in self.own.items():
            text = self._equation_text(equation)
            if name in side:
                text = text.replace(" (event-driven)", "")
            slots[side.get(name, "synapse")].append(word_substitute(text, self._derived(names)))
            texts += [] if equation.expr is None else [equation.expr.code]
        for name in self.linked:
            unit = unit_string(self.synapses.equations[name].dim)
            slots["modulators"].append(f"{name} : {unit} (shared)")
        main = main_pathways(self.synapses)
        ways: dict[str, str] = {}
        for pathway in pathways_of(self.synapses):
            lines = [line for line in self.lines if line.pathway == pathway.objname]
            here = {name for name, where in side.items() if where == pathway.prepost}
            text = "\n".join(
                word_substitute(self._statement(line, lines), names)
                for line in _cells_first(lines, here)
            )
            if pathway in main[pathway.prepost]:
                slots.setdefault(f"on_{pathway.prepost}", []).append(text)
            else:
                ways[pathway.objname] = text
            texts += [line.expression for line in lines]
        summed = self._summed(names)
        texts += [part.partition("=")[2] for part in summed.splitlines()]
        values = {
            names.get(name, name): self._per_cell(name, side[name])
            if name in side
            else np.asarray(self.synapses.variables[name].get_value())
            for name, equation in self.own.items()
            if equation.type != SUBEXPRESSION
        }
        constants = find_constants(self.synapses, self._external(texts), self.namespace, self.place)
        fields = {
            "name": self.synapses.name,
            **{slot: "\n".join(lines) for slot, lines in slots.items()},
            "parameters": constants,
        }
        used = {n for slot in slots.values() for line in slot for n in get_identifiers(line)}
        fields["parameters"] = {name: v for name, v in constants.items() if name in used}
        rest = {name: value for name, value in constants.items() if name not in used}
        return Reading(fields, values, summed, names, stayed, dict(self.linked), ways, rest)

    def _external(self, texts: Sequence[str]) -> set[str]:
        found: set[str] = set()
        for text in texts:
            found |= get_identifiers(text)
        found -= set(DEFAULT_FUNCTIONS) | set(self.own) | set(self.linked)
        return {
            name
            for name in found
            if name not in self.synapses.variables
            and not self._is_temporary(name)
            and name not in ("i", "j", "lastupdate")
            and not name.startswith("xi")
        }

    @staticmethod
    def _derived(names: Mapping[str, str]) -> dict[str, str]:
        return {**names, **{f"d{name}": f"d{new}" for name, new in names.items()}}

    def _trace_name(self, name: str, end: str) -> str:
        plain = f"{name}_{end}"
        taken = plain in self.synapses.variables or plain in self.own or plain in self.namespace
        return f"{name}_trace_{end}" if taken else plain

    def _equation_text(self, equation: SingleEquation) -> str:
        if "constant over dt" in equation.flags:
            raise ValueError(
                f"{self.place}: {equation.varname!r} is (constant over dt); leave the flag out"
            )
        text = equation_text(equation)
        flags = set(equation.flags)
        if equation.type == DIFFERENTIAL_EQUATION and not flags & {"event-driven", "clock-driven"}:
            text = f"{text} (clock-driven)"
        if equation.expr is not None:
            left, _, right = text.partition("=")
            text = f"{left}={word_substitute(right, self._names(get_identifiers(right)))}"
        return text

    def _statement(self, line: _Line, lines: Sequence[_Line]) -> str:
        """Return a statement; what Brian2 adds to the cell once per synapse is multiplied."""
        text = f"{line.target} {line.op} {line.expression}"
        cell = line.target.endswith(f"_{line.side}") and line.target not in self.own
        other = line.target.endswith(("_pre", "_post")) and line.target not in self.own
        if other and not cell and line.op == "-=":
            return f"{line.target} += -({line.expression})"
        if not cell or self._is_temporary(line.target):
            return text
        counts = np.unique(np.bincount(self.cells[line.side]))
        counts = counts[counts > 0]
        if counts.size == 0 or counts.tolist() == [1]:
            return text
        place = f"{self.place}, on_{line.side}"
        readers = [other for other in lines if line.target in get_identifiers(other.expression)]
        cells = self.synapses.source if line.side == "pre" else self.synapses.target
        advice = f"write it once per cell, in the reset of {cells.name!r}"
        if readers:
            raise ValueError(
                f"{place}: {text!r} runs once per synapse, and {readers[0].expression!r} reads "
                f"{line.target!r}, so the result depends on the order of the synapses; {advice}"
            )
        if line.op == "=":
            return text
        if line.op not in ("+=", "-=") or counts.size > 1:
            raise ValueError(
                f"{place}: {text!r} runs once per synapse of the cell, and cells have "
                f"{counts.min()} to {counts.max()} of them; {advice}"
            )
        return f"{line.target} {line.op} {int(counts[0])}*({line.expression})"

    def _summed(self, names: Mapping[str, str]) -> str:
        lines = []
        for target, updater in self.synapses.summed_updaters.items():
            if not target.endswith("_post"):
                raise ValueError(
                    f"{self.place}: sums into the presynaptic cell ({target!r}); exchange source "
                    "and target and write the sum into _post"
                )
            text = _code(updater.expression)
            known = {**self._names(get_identifiers(text)), **names}
            lines.append(f"{target} = {word_substitute(text, known)}")
        return "\n".join(lines)

    def _per_cell(self, name: str, end: str) -> NDArray[Any]:
        group = self.synapses.source if end == "pre" else self.synapses.target
        size = len(getattr(group, "source", group))
        per_cell = np.zeros(size)
        per_cell[self.cells[end]] = self._values(name)
        return per_cell
