"""A small part of the fuzzer with fixed seeds, and faults that it has to find."""

from __future__ import annotations

import pytest

from bioplastic.conformance.fuzz import check_descriptions, check_networks, fuzz
from bioplastic.engine import plan
from bioplastic.neurons import integration


def test_random_rules_agree() -> None:
    report = fuzz(rules=7, networks=0, first=4)
    assert report.findings == ()
    assert report.share("rule", "agrees") > 0.7


def _plant_decay(monkeypatch: pytest.MonkeyPatch) -> None:
    right = integration._decay_statement
    monkeypatch.setattr(
        integration, "_decay_statement",
        lambda name, rate, target: right(name, f"1.001*({rate})", target),
    )  # fmt: skip


def test_a_planted_fault_is_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both targets share the step method, so only an oracle of its own can tell."""
    _plant_decay(monkeypatch)
    report = fuzz(rules=1, networks=0, first=4, compiled=False)
    assert report.findings
    case = report.findings[0]
    assert case.status == "wrong"
    assert "interpreted" in case.detail
    assert case.code.count("\n") < 12
    names: dict[str, object] = {}
    exec(case.code, names)  # the code in a report shows the fault
    found = check_descriptions([names["rule"]], compiled=False, seed=0)  # type: ignore[list-item]
    assert found[0].found


def test_a_planted_fault_in_networks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _plant_decay(monkeypatch)
    cases = check_networks(0, [3, 4], compiled=False, small=False)
    assert any(case.status == "wrong" and "stock Brian2" in case.detail for case in cases)


def test_delays_are_part_of_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    right = plan.delay_steps
    monkeypatch.setattr(
        "bioplastic.engine.schedule.delay_steps",
        lambda projection, of: max(0, right(projection, of) - 1),
    )
    cases = check_networks(0, [3, 4, 5], compiled=False, small=False)
    assert any(case.found for case in cases)
