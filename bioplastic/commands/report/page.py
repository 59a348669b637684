"""All stored results on one page that needs no network, no script, and no server."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from bioplastic.commands.pages import render_page
from bioplastic.commands.report.pictures import describe_picture, group_pictures, picture_size
from bioplastic.commands.report.rows import ROWS, Row
from bioplastic.commands.report.texts import describe_seeds, fill_template, find_names
from bioplastic.commands.summary import format_value
from bioplastic.study.results import Results, load_numbers

__all__ = ["System", "make_page"]


@dataclass(frozen=True)
class System:
    """What the page says about an experiment besides its results.

    Parameters
    ----------
    title : str
        Heading.
    paper_note : str, default "paper"
        Heading of the column of published values.
    """

    title: str
    paper_note: str = "paper"


_DATA = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
_WIDE = 1500  # pixels; a picture as wide as a page gets the width of the page

PAPER_NOTES: Mapping[str, str] = {
    "hlop": "prototype, or secondary source",
    "pspm": "authors' program",
    "rules": "data of the paper",
    "sym_stdp_mnist_sizes": "recalled, unverified",
    "what_when": "reading notes",
}
"""Where published values come from, if not from the paper itself."""


def make_page(figures: Path, title_of: Callable[[str], str], rows: Sequence[Row] = ROWS) -> str:
    """Return the page.

    Parameters
    ----------
    figures : Path
        Folder with JSON files and pictures; the page belongs there.
    title_of : callable
        Takes the name of an experiment and returns its title.
    rows : sequence of Row, optional
        What the commands were and which numbers matter; those of the README by default.

    Raises
    ------
    ValueError
        If results are damaged, or a row quotes a number that is not there.
    """
    stored = _load_all(figures)
    by_results = {row.results: row for row in rows}
    groups = _group_results(stored, [row.results for row in rows if row.results in stored])
    pictures = group_pictures(figures.glob("*.png"), stored)
    sections = []
    for experiment, members in groups.items():
        system = System(title_of(experiment), PAPER_NOTES.get(experiment, "paper"))
        parts = [
            _describe_part(name, stored[name], by_results.get(name), pictures[name], system)
            for name in members
        ]
        reference = _link_doi(stored[members[0]].reference)
        sections.append(
            {"id": experiment, "title": system.title, "reference": reference, "parts": parts}
        )
    others = _describe_pictures(pictures[""], "")
    return render_page("report.html", sections=sections, others=others)


def _load_all(figures: Path) -> dict[str, Results]:
    """Return all results of a folder by the name of their file; other JSON files are left out."""
    found = {}
    for path in sorted(figures.glob("*.json")):
        try:
            content = json.loads(path.read_text("utf-8"))
        except (ValueError, RecursionError):
            content = None  # damaged: reading it again says how
        of_experiment = isinstance(content, dict) and {"experiment", "metrics"} <= set(content)
        if content is None or of_experiment:
            found[path.stem] = load_numbers(path)
    return found


def _group_results(stored: Mapping[str, Results], first: Sequence[str]) -> dict[str, list[str]]:
    """Return the names of results by experiment, those with rows first, in their order.

    Experiments without rows follow those whose name theirs begins with.
    """
    groups: dict[str, list[str]] = {}
    for name in [*first, *(name for name in stored if name not in first)]:
        groups.setdefault(stored[name].experiment, []).append(name)
    main = {stored[name].experiment for name in first}
    order: list[str] = [experiment for experiment in groups if experiment in main]
    for experiment in reversed([name for name in groups if name not in main]):
        before = [k for k, other in enumerate(order) if experiment.startswith(f"{other}_")]
        order.insert(before[-1] + 1 if before else len(order), experiment)
    return {experiment: groups[experiment] for experiment in order}


def _describe_part(
    name: str, results: Results, row: Row | None, pictures: Sequence[Path], system: System
) -> dict[str, Any]:
    """Return what is said about one results file."""
    part = {"measured": "", "beside": "", "command": _derive_command(results)}
    if row:
        beside = fill_template(row.beside, results)
        part = {
            "measured": fill_template(row.measured, results),
            "beside": "" if beside.startswith("[") else beside,
            "command": row.full_command,
        }
    revision = (results.revision or "no revision").replace("+dirty", ", changed")
    return {
        "name": name,
        "head": _head(results),
        **part,
        **_describe_numbers(results, row, system),
        "seeds": describe_seeds(row or Row(name, "", "", ""), results),
        "duration": _duration(results.cpu_seconds),
        "versions": {"bioplastic": None, "brian2": None, **results.versions},
        "revision": revision if "," in revision else revision[:12],
        "address": f"{quote(name)}.json",
        "pictures": _describe_pictures(pictures, name),
    }


def _head(results: Results) -> str:
    parameters = results.parameters
    parts = [f"scale {results.scale}"]
    if results.data not in ("none", ""):
        parts.insert(0, _DATA.get(results.data, results.data.capitalize()))
    for key, text in (("n_hidden", "{} hidden neurons"), ("variant", "variant {}")):
        if key in parameters:
            parts.append(text.format(parameters[key]))
    return ", ".join(parts)


def _derive_command(results: Results) -> str:
    """Return the command of results in no row, or nothing if other options mattered."""
    command = f"{results.experiment} --scale {results.scale}"
    data = results.data.replace("-", "_")
    plain = (
        f"{results.experiment}{d}{s}" for d in ("", f"_{data}") for s in ("", f"_{results.scale}")
    )
    if results.experiment == "sym_stdp_mnist_sizes" or results.name not in plain:
        return ""
    if results.data not in ("none", "synthetic"):
        command += f" --data {results.data}"
    return command + (f" --seed {results.seed}" if results.seed else "")


def _describe_numbers(results: Results, row: Row | None, system: System) -> dict[str, Any]:
    """Return the rows of a table of what matters, and of one of everything behind a click."""
    names = [name for name in results.metrics if not name.endswith("_std")]
    quoted = [] if row is None else find_names(row.measured)
    matter = [name for name in names if name in quoted or name in results.paper]
    if row is None:
        accuracies = [name for name in names if name.split("_")[0] in ("accuracy", "acc")]
        matter = list(dict.fromkeys([*matter, *accuracies])) or names[:12]
    matter += [name for name in results.paper if name not in names and not name.endswith("_std")]
    short = [name for name in matter if name in quoted or len(matter) <= 12] or matter[:12]
    everything = [*names, *(name for name in matter if name not in names)]
    return {
        "columns": ["", "measured", *([system.paper_note] if results.paper else [])],
        "short": _rows(short, results),
        "everything": _rows(everything, results) if set(names) - set(short) else [],
        "n_numbers": len(everything),
    }


def _rows(names: Iterable[str], results: Results) -> list[tuple[str, list[str]]]:
    published = bool(results.paper)
    rows = []
    for name in names:
        cells = [format_value(name, results.metrics.get(name), results.metrics.get(f"{name}_std"))]
        if published:
            cells.append(format_value(name, results.paper.get(name)))
        rows.append((name.replace("_", " "), cells))
    for name, value in results.baselines.items():
        if not name.endswith("_std"):
            spread = results.baselines.get(f"{name}_std") or None
            shown = format_value(_as_accuracy(name, value, results), value, spread)
            rows.append((f"baseline: {name.replace('_', ' ')}", [shown, *["-"] * published]))
    return rows


def _as_accuracy(name: str, value: float, results: Results) -> str:
    """Return a name under which a baseline is formatted like the accuracies it belongs to."""
    accuracies = any(metric.split("_")[0] in ("accuracy", "acc") for metric in results.metrics)
    return f"accuracy_{name}" if accuracies and 0 <= value <= 1 else name


def _describe_pictures(pictures: Sequence[Path], results: str) -> list[dict[str, Any]]:
    sizes = [picture_size(path) for path in pictures]
    return [
        {
            "address": quote(path.name), "text": describe_picture(path, results),
            "width": width, "height": height, "wide": width > _WIDE,
        }
        for path, (width, height) in zip(pictures, sizes, strict=True)
    ]  # fmt: skip


def _link_doi(text: str) -> Markup:
    link = Markup('doi <a href="https://doi.org/{0}">{0}</a>')
    parts = re.split(r"doi (10\.\S+[^\s.,;])", text)
    return Markup("").join(link.format(part) if k % 2 else part for k, part in enumerate(parts))


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
