"""What a conformance suite found: one line per check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["STATUSES", "CheckResult", "ConformanceReport", "ModelCheckError", "RuleCheckError"]

#: Checks that watch the learned variable.
_WATCHING = ("silence", "simultaneous spikes", "bounds", "zero modulator", "time step")

STATUSES = ("passed", "not applicable", "failed")


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check.

    Parameters
    ----------
    name : str
        Name of the check.
    status : {"passed", "not applicable", "failed"}
        Outcome.
    message : str
        What was compared, why the check does not apply, or what went wrong.
    """

    name: str
    status: str
    message: str


@dataclass(frozen=True)
class ConformanceReport:
    """All checks of a rule or model.

    Parameters
    ----------
    rule : str
        Name of the rule, or class of the model.
    results : tuple of CheckResult
        In the order in which they ran.
    learned : str, optional
        For a rule: the variable of the synapse that the checks watched; empty if it writes none.

    Examples
    --------
    >>> report = ConformanceReport("r", (CheckResult("silence", "passed", "no change"),))
    >>> report.passed
    True
    >>> print(report)
    r: 1 passed, 0 not applicable, 0 failed
    passed  silence  no change
    """

    rule: str
    results: tuple[CheckResult, ...]
    learned: str | None = None

    @property
    def proved(self) -> bool:
        """Whether any check of what a rule learns was applied; the others watch its code alone."""
        applied = {r.name for r in self.results if r.status != "not applicable"}
        return self.learned is None or bool(self.learned and applied & {*_WATCHING})

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failures

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks that failed."""
        return tuple(result for result in self.results if result.status == "failed")

    def __getitem__(self, name: str) -> CheckResult:
        """Return the result of one check."""
        for result in self.results:
            if result.name == name:
                return result
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "rule": self.rule,
            "passed": self.passed,
            "learned": self.learned,
            "proved": self.proved,
            "checks": {
                result.name: {"status": result.status, "message": result.message}
                for result in self.results
            },
        }

    def to_text(self) -> str:
        """Return a table, one check per line."""
        counts = [
            f"{sum(result.status == status for result in self.results)} {status}"
            for status in STATUSES
        ]
        widths = [
            max((len(getattr(result, field)) for result in self.results), default=0)
            for field in ("status", "name")
        ]
        lines = [
            f"{result.status:<{widths[0]}}  {result.name:<{widths[1]}}  {result.message}"
            for result in self.results
        ]
        if not self.proved:
            lines.insert(0, "nothing is proved about what the rule learns")
        return "\n".join([f"{self.rule}: {', '.join(counts)}", *lines])

    def __str__(self) -> str:
        return self.to_text()


class RuleCheckError(AssertionError):
    """A rule does not conform; the whole report is in ``report``."""

    def __init__(self, report: ConformanceReport) -> None:
        self.report = report
        super().__init__(report.to_text())


class ModelCheckError(AssertionError):
    """A model does not conform; the whole report is in ``report``."""

    def __init__(self, report: ConformanceReport) -> None:
        self.report = report
        super().__init__(report.to_text())
