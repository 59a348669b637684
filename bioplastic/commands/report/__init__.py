"""``bioplastic report``: all stored results on one page, and the tables of README and guides."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bioplastic.commands.logs import add_verbosity, set_verbosity
from bioplastic.commands.registry import MODULES, load_experiment
from bioplastic.commands.report.page import make_page
from bioplastic.commands.report.readme import replace_tables
from bioplastic.files import write_atomically
from bioplastic.study.framework import DEFAULT_OUT

__all__ = ["TABLE_FILES", "main", "write_report", "write_tables"]

TABLE_FILES = ("README.md", "docs/systems.md")
"""Where the tables of the project stand."""

_TITLES = {"sym_stdp_mnist_sizes": "Symmetric STDP on MNIST: accuracy against size"}


def write_report(figures: Path, modules: Mapping[str, str] = MODULES) -> Path:
    """Write ``index.html`` into a folder of results and return its path.

    Raises
    ------
    ValueError
        If results there are damaged.
    OSError
        If the folder cannot be read or written.
    """

    def title_of(name: str) -> str:
        if name in modules:
            return load_experiment(name, modules).title
        return _TITLES.get(name, name.replace("_", " "))

    page = make_page(figures, title_of)
    path = figures / "index.html"
    with write_atomically(path) as file:
        file.write(page.encode())
    return path


def write_tables(path: Path, figures: Path) -> None:
    """Write the tables of a text from a folder of results.

    Raises
    ------
    ValueError
        If the text has no place for one, or results are damaged.
    OSError
        If a file cannot be read or written.
    """
    text = replace_tables(path.read_text("utf-8"), figures, keep=True)
    with write_atomically(path) as file:
        file.write(text.encode())


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="bioplastic report",
        description="Gather the stored results: each system with its paper, command, numbers and "
        "pictures.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--out", default=DEFAULT_OUT, help="folder of results and page; default %(default)s"
    )
    parser.add_argument(
        "--readme",
        nargs="*",
        metavar="FILE",
        help=f"also write the tables of these files from the results; {' and '.join(TABLE_FILES)} "
        "where none is named",
    )
    add_verbosity(parser)
    args = parser.parse_args(argv)
    set_verbosity(args.verbose)
    try:
        print(f"wrote {write_report(Path(args.out), modules or MODULES)}")
        for name in [] if args.readme is None else args.readme or TABLE_FILES:
            write_tables(Path(name), Path(args.out))
            print(f"wrote the tables of {name}")
    except (TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
