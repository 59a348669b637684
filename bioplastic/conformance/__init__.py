"""Does a plasticity rule do what the language promises? ``check_rule`` finds out."""

from __future__ import annotations

from bioplastic.conformance.report import CheckResult, ConformanceReport, RuleCheckError
from bioplastic.conformance.suite import check_rule

__all__ = ["CheckResult", "ConformanceReport", "RuleCheckError", "check_rule"]
