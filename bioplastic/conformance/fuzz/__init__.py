"""Random rules and networks, run on both targets and beside independent oracles."""

from __future__ import annotations

from bioplastic.conformance.fuzz.findings import Case
from bioplastic.conformance.fuzz.network_checks import check_network, check_networks
from bioplastic.conformance.fuzz.networks import (
    Cells,
    Link,
    Network,
    Rule,
    Source,
    Step,
    Variable,
    Way,
)
from bioplastic.conformance.fuzz.rule_checks import check_descriptions, check_rules
from bioplastic.conformance.fuzz.run import FuzzReport, fuzz

__all__ = [
    "Case",
    "Cells",
    "FuzzReport",
    "Link",
    "Network",
    "Rule",
    "Source",
    "Step",
    "Variable",
    "Way",
    "check_descriptions",
    "check_network",
    "check_networks",
    "check_rules",
    "fuzz",
]
