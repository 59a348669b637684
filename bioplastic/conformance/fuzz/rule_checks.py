"""Compare random rules on numpy, C++ and the interpreter, many in one program."""

from __future__ import annotations

import pprint
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from brian2.utils.stringtools import get_identifiers

from bioplastic.conformance.fuzz.findings import Case, compare, describe, is_refusal
from bioplastic.conformance.fuzz.interpreted import interpret, pick, play
from bioplastic.conformance.fuzz.rules import random_rule
from bioplastic.plasticity.rule import PlasticityRule

__all__ = ["check_descriptions", "check_rules"]

_TOLERANCE = 1e-7
Description = dict[str, Any]


def check_rules(
    seed: int, numbers: Sequence[int], compiled: bool = True, small: bool = True
) -> list[Case]:
    """Draw rules and compare them.

    Parameters
    ----------
    seed : int
        Seed of the run.
    numbers : sequence of int
        Numbers of the rules; one program holds them all.
    compiled : bool, default True
        Whether the C++ target takes part.
    small : bool, default True
        Whether a rule that fails is made smaller before it is shown.

    Returns
    -------
    list of Case
        One per number.
    """
    drawn = [random_rule(np.random.default_rng([seed, 1, k]), f"r{k}") for k in numbers]
    cases = check_descriptions(drawn, seed, compiled)
    found = []
    for number, description, case in zip(numbers, drawn, cases, strict=True):
        code = ""
        if case.found and small:
            description = shrink(description, seed, case, compiled)
            again = check_descriptions([description], seed, compiled)[0]
            case = again if again.found else case
        if case.found:
            code = _reproducer(description, seed)
        found.append(Case("rule", number, case.status, case.detail, code))
    return found


def check_descriptions(
    descriptions: Sequence[Description], seed: int, compiled: bool = True
) -> list[Case]:
    """Compare rules given as arguments of `PlasticityRule`; numbers count from zero."""
    cases: dict[int, Case] = {}
    rules: dict[int, PlasticityRule] = {}
    for k, description in enumerate(descriptions):
        try:
            rules[k] = PlasticityRule(**description)
        except Exception as error:
            cases[k] = _failed(k, error, "PlasticityRule")
    results: dict[str, dict[int, Any]] = {}
    for target in ("numpy", "cpp") if compiled else ("numpy",):
        left = {k: rule for k, rule in rules.items() if k not in cases}
        results[target], failed = _play_all(left, target, seed)
        cases.update(failed)
    for k, rule in rules.items():
        if k not in cases:
            cases[k] = _judge(k, rule, {t: results[t][k] for t in results}, seed)
    return [cases[k] for k in range(len(descriptions))]


def _failed(number: int, error: Exception, where: str) -> Case:
    status = "refused" if is_refusal(error) else "raw error"
    return Case("rule", number, status, f"{where}: {describe(error)}")


def _play_all(
    rules: dict[int, PlasticityRule], target: str, seed: int
) -> tuple[dict[int, Any], dict[int, Case]]:
    """Run rules in one program; where it fails, halve the batch until the culprit is alone."""
    if not rules:
        return {}, {}
    try:
        return dict(zip(rules, play(list(rules.values()), target, seed), strict=True)), {}
    except Exception as error:
        if len(rules) == 1:
            (number,) = rules
            return {}, {number: _failed(number, error, target)}
    results: dict[int, Any] = {}
    cases: dict[int, Case] = {}
    numbers = list(rules)
    for half in (numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]):
        played, failed = _play_all({k: rules[k] for k in half}, target, seed)
        results.update(played)
        cases.update(failed)
    return results, cases


def _judge(number: int, rule: PlasticityRule, results: dict[str, Any], seed: int) -> Case:
    try:
        right = interpret(rule, seed)
        moved = interpret(rule, seed, move=1e-12)
    except Exception as error:
        return _failed(number, error, "interpreter")
    for target, values in results.items():
        for (synapse, expected), (_, other) in zip(right, moved, strict=True):
            worst = compare(pick(values, synapse), expected, _TOLERANCE)
            if worst is None:
                continue
            name, size = worst
            wobble = compare({name: expected[name]}, {name: other[name]}, 0.01 * size)
            detail = (
                f"{target} {name} = {pick(values, synapse)[name]!r}, "
                f"interpreted {expected[name]!r} (synapse {synapse})"
            )
            return Case("rule", number, "wrong" if wobble is None else "unstable", detail)
    if len(results) == 2:
        worst = compare(results["cpp"], results["numpy"], _TOLERANCE)
        if worst is not None:
            return Case(
                "rule", number, "wrong", f"cpp and numpy differ in {worst[0]}: {worst[1]:g}"
            )
    return Case("rule", number, "agrees")


def shrink(description: Description, seed: int, case: Case, compiled: bool) -> Description:
    """Return the smallest rule that fails in the same manner, leaving out line after line."""

    def fails(small: Description) -> bool:
        found = check_descriptions([small], seed, compiled and case.detail.startswith("cpp"))[0]
        return found.status == case.status and found.detail[:12] == case.detail[:12]

    return shrink_lines(description, fails)


def shrink_lines(
    description: Description, fails: Callable[[Description], bool], tries: int = 60
) -> Description:
    """Leave out lines of texts as long as the rest still fails."""
    changed = True
    while changed and tries > 0:
        changed = False
        for slot in [s for s in description if s not in ("name", "parameters", "interval")]:
            lines = description[slot].splitlines()
            for k in range(len(lines)):
                smaller = without_line(description, slot, k)
                tries -= 1
                if tries > 0 and fails(smaller):
                    description, changed = smaller, True
                    break
    return description


def without_line(description: Description, slot: str, number: int) -> Description:
    """Return a rule without one line, and without parameters that nothing reads any more."""
    smaller = dict(description)
    lines = smaller[slot].splitlines()
    del lines[number]
    smaller[slot] = "\n".join(lines)
    if not lines:
        del smaller[slot]
        if slot == "every":
            smaller.pop("interval", None)
    texts = [t for s, t in smaller.items() if s not in ("name", "parameters", "interval")]
    read = get_identifiers("\n".join(texts))
    smaller["parameters"] = {n: v for n, v in smaller["parameters"].items() if n in read}
    return smaller


def _reproducer(description: Description, seed: int) -> str:
    text = pprint.pformat(description, sort_dicts=False, width=96)
    return (
        "from brian2 import *\n"
        "from bioplastic.conformance.fuzz import check_descriptions\n\n"
        f"rule = {text}\n"
        f"print(check_descriptions([rule], seed={seed}))\n"
    )
