"""All stored results on one page that needs no network, no script, and no server."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from bioplastic.commands.report.pictures import describe_picture, group_pictures, picture_size
from bioplastic.commands.report.rows import ROWS, Row
from bioplastic.commands.report.texts import describe_seeds, fill_template, find_names
from bioplastic.commands.summary import format_value
from bioplastic.study.results import Results, load_numbers

__all__ = ["System", "make_page"]

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; color: #1c1c1c; background: #fff;
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 .3rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
p { margin: .4rem 0; }
a { color: #0060a0; }
nav ul { padding-left: 1.2rem; }
section { border-top: 3px solid #0072b2; margin-top: 2.5rem; padding-top: .8rem; }
.paper, figcaption, .origin { color: #555; }
.origin, figcaption, summary { font-size: .875rem; }
pre { background: #f3f5f7; padding: .5rem .7rem; margin: .5rem 0; border-radius: .3rem;
  font-size: .875rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0; font-size: .9rem; }
th, td { padding: .2rem .9rem .2rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
th { text-align: left; font-weight: normal; }
thead th { color: #555; border-bottom-color: #999; }
td { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
thead th + th { text-align: right; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: #0060a0; padding: .3rem 0; }
.pictures { display: grid; gap: 1rem; margin-top: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); align-items: start;
  grid-auto-flow: dense; }
figure { margin: 0; }
figure.wide { grid-column: 1 / -1; max-width: 50rem; }
img { max-width: 100%; height: auto; display: block; border: 1px solid #eee; }
"""


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
    sections, links = [], []
    for experiment, members in groups.items():
        system = System(title_of(experiment), PAPER_NOTES.get(experiment, "paper"))
        links.append(f'<li><a href="#{experiment}">{html.escape(system.title)}</a></li>')
        parts = [
            _make_part(name, stored[name], by_results.get(name), pictures[name], system)
            for name in members
        ]
        reference = html.escape(stored[members[0]].reference)
        sections.append(
            f'<section id="{experiment}">\n<h2>{html.escape(system.title)}</h2>\n'
            f'<p class="paper">{_link_doi(reference)}</p>\n{"".join(parts)}</section>\n'
        )
    if pictures[""]:
        links.append('<li><a href="#others">Other pictures</a></li>')
        sections.append(
            '<section id="others">\n<h2>Other pictures</h2>\n'
            f"{_make_pictures(pictures[''], '')}</section>\n"
        )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>bioplastic: reproduced systems</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        "<h1>Reproduced systems</h1>\n"
        "<p>What each experiment measured, beside published values and baselines. Written by "
        "<code>bioplastic report</code> from the results stored in this folder.</p>\n"
        f"<nav><ul>\n{chr(10).join(links)}\n</ul></nav>\n{''.join(sections)}</body>\n</html>\n"
    )


def _load_all(figures: Path) -> dict[str, Results]:
    """Return all results of a folder by the name of their file; other JSON files are left out."""
    found = {}
    for path in sorted(figures.glob("*.json")):
        try:
            content = json.loads(path.read_text("utf-8"))
        except ValueError:
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


def _make_part(
    name: str, results: Results, row: Row | None, pictures: Sequence[Path], system: System
) -> str:
    """Return what is said about one results file."""
    parts = [f'<h3 id="{name}">{html.escape(_head(results))}</h3>\n']
    command = row.full_command if row else _derive_command(results)
    if command:
        parts.append(f"<pre>bioplastic run {html.escape(command)}</pre>\n")
    if row:
        measured = fill_template(row.measured, results)
        beside = fill_template(row.beside, results)
        parts.append(f"<p>Measured: {html.escape(measured)}.</p>\n")
        if not beside.startswith("["):
            parts.append(f"<p>Beside it: {html.escape(beside)}.</p>\n")
        seeds = describe_seeds(row, results)
    else:
        seeds = describe_seeds(Row(name, "", "", ""), results)
    parts.append(_make_numbers(results, row, system))
    revision = (results.revision or "no revision").replace("+dirty", ", changed")
    parts.append(
        f'<p class="origin">Seed {seeds} · {_duration(results.cpu_seconds)} of processor time · '
        f"bioplastic {results.versions.get('bioplastic')}, Brian2 {results.versions.get('brian2')} "
        f"· commit {html.escape(revision[:12] if ',' not in revision else revision)} · "
        f'<a href="{quote(name)}.json">{html.escape(name)}.json</a></p>\n'
    )
    parts.append(_make_pictures(pictures, name))
    return "".join(parts)


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


def _make_numbers(results: Results, row: Row | None, system: System) -> str:
    """Return a table of what matters, and one of everything behind a click."""
    names = [name for name in results.metrics if not name.endswith("_std")]
    quoted = [] if row is None else find_names(row.measured)
    matter = [name for name in names if name in quoted or name in results.paper]
    if row is None:
        accuracies = [name for name in names if name.split("_")[0] in ("accuracy", "acc")]
        matter = list(dict.fromkeys([*matter, *accuracies])) or names[:12]
    matter += [name for name in results.paper if name not in names and not name.endswith("_std")]
    short = [name for name in matter if name in quoted or len(matter) <= 12] or matter[:12]
    text = _table(short, results, system, baselines=True)
    if set(names) - set(short):
        everything = [*names, *(name for name in matter if name not in names)]
        text += (
            f"<details><summary>All {len(everything)} numbers</summary>\n"
            f"{_table(everything, results, system, baselines=True)}</details>\n"
        )
    return text


def _table(names: Iterable[str], results: Results, system: System, *, baselines: bool) -> str:
    published = bool(results.paper)
    head = ["", "measured", *([system.paper_note] if published else [])]
    rows = []
    for name in names:
        cells = [format_value(name, results.metrics.get(name), results.metrics.get(f"{name}_std"))]
        if published:
            cells.append(format_value(name, results.paper.get(name)))
        rows.append((name.replace("_", " "), cells))
    for name, value in results.baselines.items() if baselines else ():
        if not name.endswith("_std"):
            spread = results.baselines.get(f"{name}_std") or None
            shown = format_value(_as_accuracy(name, value, results), value, spread)
            rows.append((f"baseline: {name.replace('_', ' ')}", [shown, *["-"] * published]))
    body = "\n".join(
        f'<tr><th scope="row">{html.escape(label)}</th>'
        + "".join(f"<td>{html.escape('–' if cell == '-' else cell)}</td>" for cell in cells)
        + "</tr>"
        for label, cells in rows
    )
    top = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    return (
        f'<div class="table"><table>\n<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody>\n'
        "</table></div>\n"
    )


def _as_accuracy(name: str, value: float, results: Results) -> str:
    """Return a name under which a baseline is formatted like the accuracies it belongs to."""
    accuracies = any(metric.split("_")[0] in ("accuracy", "acc") for metric in results.metrics)
    return f"accuracy_{name}" if accuracies and 0 <= value <= 1 else name


def _make_pictures(pictures: Sequence[Path], results: str) -> str:
    if not pictures:
        return ""
    items = []
    for path in pictures:
        text = html.escape(describe_picture(path, results))
        width, height = picture_size(path)
        kind = ' class="wide"' if width > _WIDE else ""
        image = f'<img src="{quote(path.name)}" alt="{text}" width="{width}" height="{height}">'
        items.append(
            f'<figure{kind}><a href="{quote(path.name)}">{image}</a>'
            f"<figcaption>{text}</figcaption></figure>"
        )
    return f'<div class="pictures">\n{chr(10).join(items)}\n</div>\n'


def _link_doi(text: str) -> str:
    return re.sub(r"doi (10\.\S+[^\s.,;])", r'doi <a href="https://doi.org/\1">\1</a>', text)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
