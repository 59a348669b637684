"""Do rules and models keep their promises? ``check_rule`` and ``check_model`` find out."""

from __future__ import annotations

from bioplastic.conformance.models import check_model
from bioplastic.conformance.report import (
    CheckResult,
    ConformanceReport,
    ModelCheckError,
    RuleCheckError,
)
from bioplastic.conformance.suite import check_rule

__all__ = [
    "CheckResult",
    "ConformanceReport",
    "ModelCheckError",
    "RuleCheckError",
    "check_model",
    "check_rule",
]
