"""Statements of a plasticity rule, with the place where each of them acts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from bioplastic.equations import read_names

__all__ = ["SLOTS", "Phase", "Scope", "Statement", "group_phases", "read_scope"]

Scope: TypeAlias = Literal["pre", "post", "synapse", "shared"]

#: Slots that hold statements, in the order in which a time step and a trial reach them.
SLOTS = ("on_trial_start", "on_pre", "on_post", "every", "on_trial_end")


@dataclass(frozen=True)
class Statement:
    """One assignment of a rule.

    Parameters
    ----------
    target : str
        The variable written.
    op : str
        ``"="``, ``"+="``, ``"-="``, ``"*="`` or ``"/="``.
    expression : str
        The right-hand side.
    scope : {"pre", "post", "synapse", "shared"}
        ``"pre"`` and ``"post"``: executed once for the cell. ``"synapse"``: executed for each
        synapse. ``"shared"``: executed once for the whole projection.
    phase : int, default 0
        Number of the phase in which it runs.

    Examples
    --------
    >>> Statement("x_pre", "+=", "a", "pre").code
    'x_pre += a'
    """

    target: str
    op: str
    expression: str
    scope: Scope
    phase: int = 0

    @property
    def code(self) -> str:
        """The statement as Brian2 code."""
        return f"{self.target} {self.op} {self.expression}"

    @property
    def reads(self) -> frozenset[str]:
        """Names on the right-hand side, and the target of an augmented assignment."""
        names = read_names(self.expression)
        return names if self.op == "=" else names | {self.target}


@dataclass(frozen=True)
class Phase:
    """Consecutive statements with the same scope, executed together.

    Parameters
    ----------
    scope : {"pre", "post", "synapse", "shared"}
        Where they act.
    code : str
        The statements, one per line.
    """

    scope: Scope
    code: str


def group_phases(statements: tuple[Statement, ...]) -> tuple[Phase, ...]:
    """Return the runs of statements that one place executes together, order kept.

    Examples
    --------
    >>> x = Statement("x_pre", "+=", "a", "pre")
    >>> w = Statement("w", "+=", "eta*x_post", "synapse")
    >>> [phase.scope for phase in group_phases((x, w, w))]
    ['pre', 'synapse']
    """
    return tuple(
        Phase(scope, "\n".join(statement.code for statement in run))
        for (scope, _), run in groupby(statements, key=lambda s: (s.scope, s.phase))
    )


def read_scope(
    slot: str,
    target: str,
    names: frozenset[str],
    synaptic: frozenset[str],
    shared: frozenset[str],
) -> Scope:
    """Return where an assignment acts.

    Parameters
    ----------
    slot : str
        The slot it stands in.
    target : str
        Variable written.
    names : frozenset of str
        Variables that the right-hand side reads.
    synaptic : frozenset of str
        Variables of the synapse, temporaries included.
    shared : frozenset of str
        Scalars shared by all synapses.
    """
    if target in shared:
        alone = not names & synaptic and not any(n.endswith(("_pre", "_post")) for n in names)
        return "shared" if alone else "synapse"
    side: Scope
    if target.endswith("_pre"):
        side, other = "pre", "_post"
    elif target.endswith("_post"):
        side, other = "post", "_pre"
    else:
        return "synapse"
    if slot in {"on_pre", "on_post"}:
        return side if slot == f"on_{side}" else "synapse"
    if names & synaptic or any(name.endswith(other) for name in names):
        return "synapse"
    return side
