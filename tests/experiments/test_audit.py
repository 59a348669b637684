"""The audit experiment: one row per rule, the verdicts of the equations, one figure."""

from __future__ import annotations

import argparse

import numpy as np

from bioplastic.cli import main
from bioplastic.commands.registry import load_experiment
from bioplastic.experiments import audit
from bioplastic.plasticity import Origin, rule_library
from bioplastic.study.framework import compute_results
from bioplastic.study.results import load_results


def compute():
    args = argparse.Namespace(scale="smoke", data="none", seed=0)
    return compute_results(load_experiment("audit"), args)


def test_every_rule_has_a_row_and_force_is_the_only_non_local_one(capsys):
    results = compute()
    printed = capsys.readouterr().out
    rows = {row["rule"]: row for row in results.parameters["rules"]}
    for rule in (rule for family in rule_library().values() for rule in family):
        assert rows[rule.name]["verdict"] == str(rule.audit().verdict)
        assert f"\n{rule.name} " in printed
    non_local = [name for name, row in rows.items() if row["verdict"] == "NON-LOCAL"]
    assert non_local == ["force-rls, 100 inputs"]
    assert results.metrics["rules"] == len(rows)
    counts = [v for k, v in results.metrics.items() if k.startswith(("rules_local", "rules_cell",
              "rules_non"))]  # fmt: skip
    assert sum(counts) == len(rows)
    assert all(line.endswith(r"\\") for line in results.parameters["latex"])


def test_dots_are_what_the_updates_read():
    results = compute()
    columns = [str(origin) for origin in audit.COLUMNS]
    for row, dots in zip(results.parameters["rules"], results.arrays["reads"], strict=True):
        read = {origin for update in row["updates"] for origin in update["reads"].values()}
        assert {columns[k] for k in np.flatnonzero(dots)} == read - {str(Origin.SETTING)}


def test_table_as_text():
    audits = audit.collect_audits()
    lines = audit.format_table(audits).splitlines()
    assert len(lines) == len(audits) + 1
    assert lines[1].split()[:2] == ["pair-stdp", "local"]


def test_command_line_writes_results_and_one_figure(tmp_path, capsys):
    assert main(["audit", "--scale", "smoke", "--out", str(tmp_path)]) == 0
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"audit_smoke.json", "audit_smoke.npz", "audit_smoke_table.png"}
    assert load_results(tmp_path / "audit_smoke.json").experiment == "audit"
    assert "force-rls" in capsys.readouterr().out
