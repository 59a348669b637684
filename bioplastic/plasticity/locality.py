"""The result of a locality audit: origins, verdicts and tables."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["SHARED", "Audit", "Origin", "Update", "Verdict"]


class Origin(StrEnum):
    """Where a quantity lives, seen from one synapse."""

    SYNAPSE = "this synapse"
    PRE = "this presynaptic cell"
    POST = "this postsynaptic cell"
    SETTING = "setting of the projection"
    SCALAR = "modulator, scalar"
    PER_NEURON = "modulator, per neuron"
    INPUTS = "sum over the cell's inputs"
    ELSEWHERE = "NON-LOCAL"


#: Origins of scalars that all synapses share.
SHARED = {Origin.SETTING, Origin.SCALAR}


class Verdict(StrEnum):
    """What an update needs at most."""

    LOCAL = "local"
    MODULATED = "local with modulator"
    CELL_WIDE = "cell-wide"
    NON_LOCAL = "NON-LOCAL"


@dataclass(frozen=True)
class Update:
    """One update of a rule.

    Parameters
    ----------
    slot : str
        ``on_pre``, ``every``, ..., ``normalise``, or ``equation`` for a differential equation.
    target : str
        What is written.
    scope : str
        Whether it runs per synapse, per cell, or once.
    reads : tuple of (str, Origin)
        What it depends on, parameters left out.
    verdict : Verdict
        The worst of what it reads.
    timing : {"online", "trial limit"}
        When it runs.
    causal : bool
        Whether it uses present and past values only.
    operations : int
        Arithmetic operations and function calls of one execution.
    """

    slot: str
    target: str
    scope: str
    reads: tuple[tuple[str, Origin], ...]
    verdict: Verdict
    timing: str
    causal: bool
    operations: int


@dataclass(frozen=True)
class Audit:
    """The audit of a rule.

    Parameters
    ----------
    rule : str
        Its name.
    updates : tuple of Update
        Every update.
    verdict : Verdict
        The worst of all.
    causal, online : bool
        Whether all updates are causal, and whether all of them run during the trial.
    memory : dict of str to int
        Stored numbers per ``synapse``, ``pre`` cell, ``post`` cell, and ``shared`` ones.
    operations : dict of str to int
        Operations: ``pre spike, per synapse``, ``pre spike, per cell``, the same for ``post
        spike``, and per ``step`` (or interval).
    """

    rule: str
    updates: tuple[Update, ...]
    verdict: Verdict
    causal: bool
    online: bool
    memory: dict[str, int]
    operations: dict[str, int]

    @property
    def local(self) -> bool:
        """Whether every update is local, modulators allowed, sums over a cell not."""
        return self.verdict in {Verdict.LOCAL, Verdict.MODULATED}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "rule": self.rule,
            "verdict": str(self.verdict),
            "local": self.local,
            "causal": self.causal,
            "online": self.online,
            "memory": dict(self.memory),
            "operations": dict(self.operations),
            "updates": [
                {
                    "slot": update.slot,
                    "target": update.target,
                    "scope": update.scope,
                    "reads": {name: str(origin) for name, origin in update.reads},
                    "verdict": str(update.verdict),
                    "timing": update.timing,
                    "causal": update.causal,
                    "operations": update.operations,
                }
                for update in self.updates
            ],
        }

    def to_text(self) -> str:
        """Return a table, one update per line."""
        head = ("slot", "target", "per", "reads", "verdict", "timing", "ops")
        rows = [
            (
                update.slot,
                update.target,
                update.scope,
                ", ".join(f"{name} [{origin}]" for name, origin in update.reads) or "-",
                str(update.verdict),
                update.timing,
                str(update.operations),
            )
            for update in self.updates
        ]
        widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [head, *rows]
        ]
        memory = ", ".join(f"{place} {count}" for place, count in self.memory.items())
        work = ", ".join(f"{event} {count}" for event, count in self.operations.items())
        summary = f"{self.verdict}; {'online' if self.online else 'uses trial limits'}"
        return "\n".join(
            [f"{self.rule}: {summary}", *lines, f"memory: {memory}", f"operations: {work}"]
        )

    def to_latex(self) -> str:
        """Return one table row: rule, verdict, timing, memory, operations."""
        cells = [
            _escape(self.rule),
            _escape(str(self.verdict)),
            "online" if self.online else "trial",
            "/".join(str(self.memory[place]) for place in ("synapse", "pre", "post")),
            "/".join(
                str(self.operations[event])
                for event in ("pre spike, per synapse", "post spike, per synapse", "step")
            ),
        ]
        return " & ".join(cells) + r" \\"

    def __str__(self) -> str:
        return self.to_text()


def _escape(text: str) -> str:
    return text.replace("_", r"\_").replace("&", r"\&").replace("%", r"\%")
