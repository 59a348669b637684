"""Which action of a plan writes what: for optimisations that must know of every change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bioplastic.engine.brian2_bridge import abstract_code
from bioplastic.engine.plan import Plan
from bioplastic.equations import parse_statements

__all__ = ["Writer", "writers"]

#: Actions that write nothing but what belongs to them: events, queues, weights, counts.
_OTHER = {
    "DelaySpikes", "DrawFrame", "DrawSpikes", "Emit", "RestoreSpikes", "SendEvents", "ShowFrame",
    "Threshold",
}  # fmt: skip

#: Actions whose statements say what they write.
_STATEMENTS = {
    "CellStatements", "ClockedStatements", "RateStatements", "Reset", "SharedStatements",
    "SpikeStatements", "SynapseStatements", "TrialStatements",
}  # fmt: skip


@dataclass(frozen=True)
class Writer:
    """An action, its stage and its statements: (target, operator, expression)."""

    action: Any
    stage: str
    statements: tuple[tuple[str, str, str], ...]

    @property
    def kind(self) -> str:
        """Name of the class of the action."""
        return type(self.action).__name__

    @property
    def about(self) -> Any:
        """The Brian2 object whose variables the statements name."""
        for name in ("synapses", "owner", "group"):
            if (found := getattr(self.action, name, None)) is not None:
                return found
        return None

    def written(self) -> list[Any] | None:
        """Return the variables that the action sets, None if that is not known.

        Integration and the solver of least squares are left to the caller.
        """
        named = [target for target, _, _ in self.statements]
        if self.kind in ("Average", "Compete"):
            named.append(self.action.what.into)
        elif self.kind == "SummedStatements":
            named.append(self.action.target)
        elif self.kind == "Normalise":
            named.append(self.action.rule.variable)
        elif self.kind == "DrawCounts":
            named.append(f"poisson_count_{self.action.number}")
        elif self.kind not in _OTHER | _STATEMENTS | {"Integrate", "LeastSquaresUpdate"}:
            return None
        known = self.about.variables if self.about is not None else {}
        return [known[name] for name in named if name in known]


def writers(plan: Plan) -> list[Writer] | None:
    """Return all actions with their statements, None if one has statements of another form."""
    try:
        return list(_writers(plan))
    except ValueError:
        return None


def _writers(plan: Plan) -> Iterator[Writer]:
    stages = {stage: getattr(plan, stage) for stage in ("trial_start", "step", "trial_end")}
    stages["record"] = [action for update in plan.record_updates for action in update]
    for stage, actions in stages.items():
        for action in actions:
            code = _code(action)
            found = parse_statements("statements", code) if code.strip() else ()
            yield Writer(action, stage, found)


def _code(action: Any) -> str:
    if getattr(action, "pathway", ""):
        return abstract_code(getattr(action.synapses, action.pathway))
    if type(action).__name__ == "Reset":
        return abstract_code(action.group.resetter["spike"])
    return str(getattr(action, "code", ""))
