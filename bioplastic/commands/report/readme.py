"""The table "Reproduced systems" of the README, written from the stored results."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from bioplastic.commands.report.rows import ROWS, Row
from bioplastic.commands.report.texts import describe_seeds, fill_template
from bioplastic.study.results import Results, load_numbers

__all__ = ["make_table", "replace_table"]

_LOG = logging.getLogger(__name__)
_START = "<!-- reproduction table: start -->"
_END = "<!-- reproduction table: end -->"
_HEAD = (
    "| paper | command (`bioplastic run ...`) | seeds | measured | beside it |\n"
    "|---|---|---|---|---|"
)
_BLOCK = re.compile(f"{re.escape(_START)}\n.*?{re.escape(_END)}", re.DOTALL)


def make_table(figures: Path, rows: Sequence[Row] = ROWS, *, old: str = "") -> str:
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

    Raises
    ------
    FileNotFoundError
        If the results of a row are missing.
    ValueError
        If they are damaged, of another scale, or lack a number that the row quotes.
    """
    lines = [_HEAD]
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
        cells = [
            row.paper,
            command,
            describe_seeds(row, results),
            fill_template(row.measured, results),
            fill_template(row.beside, results),
        ]
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


def replace_table(text: str, table: str) -> str:
    """Return a README with another table between its two markers.

    Raises
    ------
    ValueError
        If the markers are not there once.

    Examples
    --------
    >>> old = "a\\n<!-- reproduction table: start -->\\nx\\n<!-- reproduction table: end -->\\nb"
    >>> print(replace_table(old, "y"))
    a
    <!-- reproduction table: start -->
    y
    <!-- reproduction table: end -->
    b
    """
    if len(_BLOCK.findall(text)) != 1 or text.count(_START) != 1 or text.count(_END) != 1:
        raise ValueError(f"the README must hold {_START!r} and {_END!r} once, in this order")
    return _BLOCK.sub(lambda _: f"{_START}\n{table}\n{_END}", text)
