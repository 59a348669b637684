"""The tables of README and `docs/systems.md`, written from the stored results."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bioplastic.commands.report.rows import ROWS, Row
from bioplastic.commands.report.systems import SYSTEMS
from bioplastic.commands.report.texts import describe_seeds, fill_template
from bioplastic.study.results import Results, load_numbers

__all__ = ["TABLES", "make_table", "replace_table", "replace_tables"]

_LOG = logging.getLogger(__name__)
_HEAD = (
    "| paper | command (`bioplastic run ...`) | seeds | measured | beside it |\n"
    "|---|---|---|---|---|"
)
_SHORT_HEAD = "| paper | `bioplastic run ...` | published | measured |\n|---|---|---|---|"
_START, _END = "<!-- {} table: start -->", "<!-- {} table: end -->"

TABLES: Mapping[str, Sequence[Row]] = {
    "first systems": SYSTEMS[:10],  # of the README
    "systems": SYSTEMS,
    "reproduction": ROWS,
}
"""Rows of each table by the name in its markers; those of the systems have one line for each."""


def make_table(
    figures: Path, rows: Sequence[Row] = ROWS, *, old: str = "", short: bool = False
) -> str:
    """Return the table in Markdown.

    Parameters
    ----------
    figures : Path
        Folder of the stored results.
    rows : sequence of Row, optional
        The rows; those of `bioplastic.commands.report.rows` by default.
    old : str, optional
        A README: a row whose results are missing, or were computed at another scale than its
        command says, stays as it is there. Without, that is an error.
    short : bool, default False
        Whether the columns are paper, command, published (``beside`` of a row) and measured.

    Raises
    ------
    FileNotFoundError
        If the results of a row are missing.
    ValueError
        If they are damaged, of another scale, or lack a number that the row quotes.
    """
    lines = [_SHORT_HEAD if short else _HEAD]
    for row in rows:
        command = f"`{row.short or row.command}`" + (f" ({row.remark})" if row.remark else "")
        try:
            results = _load_row(figures, row)
        except (FileNotFoundError, _OtherScaleError) as error:
            kept = [line for line in old.splitlines() if f"| {command} |" in line]
            if len(kept) != 1:
                raise
            _LOG.warning("%s: its row stays as it was", error)
            lines.append(kept[0])
            continue
        measured, beside = fill_template(row.measured, results), fill_template(row.beside, results)
        seeds = describe_seeds(row, results)
        cells = [row.paper, command, *((beside, measured) if short else (seeds, measured, beside))]
        lines.append("| " + " | ".join(cells).replace("|  |", "| |").lstrip() + " |")
    return "\n".join(lines)


class _OtherScaleError(ValueError):
    """Results are not of the scale that the command of a row names."""


def _load_row(figures: Path, row: Row) -> Results:
    path = figures / f"{row.results}.json"
    results = load_numbers(path)
    wanted = re.search(r"--scale (\w+)", row.command)
    if wanted and wanted[1] != results.scale:
        raise _OtherScaleError(f"{path}: must be of scale {wanted[1]}, got {results.scale}")
    return results


def replace_table(text: str, table: str, name: str = "reproduction") -> str:
    """Return a text with another table between its two markers.

    Raises
    ------
    ValueError
        If the markers are not there once.

    Examples
    --------
    >>> old = "a\\n<!-- systems table: start -->\\nx\\n<!-- systems table: end -->\\nb"
    >>> print(replace_table(old, "y", "systems"))
    a
    <!-- systems table: start -->
    y
    <!-- systems table: end -->
    b
    """
    start, end = _START.format(name), _END.format(name)
    block = re.compile(f"{re.escape(start)}\n.*?{re.escape(end)}", re.DOTALL)
    if len(block.findall(text)) != 1 or text.count(start) != 1 or text.count(end) != 1:
        raise ValueError(f"the text must hold {start!r} and {end!r} once, in this order")
    return block.sub(lambda _: f"{start}\n{table}\n{end}", text)


def replace_tables(text: str, figures: Path, *, keep: bool = False) -> str:
    """Return a text whose tables are those of a folder of results.

    Parameters
    ----------
    text : str
        With the markers of some of `TABLES`.
    figures : Path
        Folder of the stored results.
    keep : bool, default False
        Whether rows stay as they are whose results are not there.

    Raises
    ------
    ValueError
        If there is no marker, or results are damaged.
    FileNotFoundError
        If results are missing.
    """
    found = [name for name in TABLES if _START.format(name) in text]
    if not found:
        raise ValueError(f"the text must hold {_START.format('...')!r} of {', '.join(TABLES)}")
    for name in found:
        old = text if keep else ""
        table = make_table(figures, TABLES[name], old=old, short=name.endswith("systems"))
        text = replace_table(text, table, name)
    return text
