"""Numbers as text, by the templates of the table."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bioplastic.commands.report.rows import Row
from bioplastic.study.results import Results

__all__ = ["describe_seeds", "fill_template", "find_names"]

_PLACE = re.compile(r"\{(?:(baselines|paper)\.)?([a-z0-9_]+):(%|\.\df)( only)?\}")


def fill_template(template: str, results: Results) -> str:
    """Return a template with the numbers of some results in it.

    Raises
    ------
    ValueError
        If a number is not among the results, or a brace belongs to no placeholder.

    Examples
    --------
    >>> results = Results(metrics={"a": 0.5, "a_std": 0.01}, baselines={"chance": 0.1})
    >>> fill_template("{a:%} (chance {baselines.chance:%}, {a:.2f only})", results)
    '50.0 ± 1.0 % (chance 10.0 %, 0.50)'
    """
    text = _PLACE.sub(lambda match: _fill(match, results), template)
    if "{" in text or "}" in text:
        raise ValueError(f"{results.experiment}: {template!r} has a placeholder of no known form")
    return text


def find_names(template: str) -> list[str]:
    """Return the metrics that a template quotes.

    Examples
    --------
    >>> find_names("{a:%} of {paper.b:%}, {c:.1f only}")
    ['a', 'c']
    """
    return [match[2] for match in _PLACE.finditer(template) if not match[1]]


def describe_seeds(row: Row, results: Results) -> str:
    """Return the seeds of a row: its own text, or those of the results.

    Examples
    --------
    >>> describe_seeds(Row("a", "a", "", ""), Results(metrics={}, parameters={"seeds": 3}))
    '0 to 2'
    """
    if row.seeds:
        return row.seeds
    number = int(results.parameters.get("seeds") or 1)
    last = results.seed + number - 1
    return f"{results.seed} to {last}" if number > 1 else f"{results.seed}"


def _fill(match: re.Match[str], results: Results) -> str:
    group, name, form, only = match.groups()
    values: Mapping[str, float] = getattr(results, group or "metrics")
    if name not in values:
        raise ValueError(f"{results.experiment}: the results have no {group or 'metric'} {name!r}")
    spread = None if group or only else values.get(f"{name}_std")
    if form == "%":
        if spread is None:
            return f"{100 * values[name]:.1f} %"
        return f"{100 * values[name]:.1f} ± {100 * spread:.1f} %"
    number = f"{values[name]:{form}}"
    return number if spread is None else f"{number} ± {spread:{form}}"
