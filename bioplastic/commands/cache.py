"""``bioplastic cache``: what was compiled and kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

from bioplastic.engine.cache import Builds
from bioplastic.entries import Entries
from bioplastic.study import Store

__all__ = ["main"]


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code; the experiments do not matter."""
    parser = argparse.ArgumentParser(
        prog="bioplastic cache",
        description="List or remove compiled programs, or finished parts of studies.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--store", metavar="FOLDER", help="the parts that a study keeps there, runs for example"
    )
    actions = parser.add_subparsers(dest="action", title="actions")
    actions.add_parser("list", help="show them (the default)")
    clear = actions.add_parser("clear", help="remove them")
    clear.add_argument(
        "keys",
        nargs="*",
        metavar="KEY",
        help="remove these only; the beginning of a key is enough if it is unambiguous",
    )
    options = parser.parse_args(argv)
    noun = "program" if options.store is None else "part"
    kept: Entries = Builds() if options.store is None else Store(options.store)
    if options.action == "clear":
        return _clear(kept, options.keys, noun)
    entries = kept.list_entries()
    if entries:
        rows = [
            (entry.key[:12], entry.name, _format_size(entry.bytes),
             datetime.fromtimestamp(entry.created).isoformat(" ", "minutes"))
            for entry in entries
        ]  # fmt: skip
        _print_table(
            ("key", "network" if noun == "program" else "function", "size", "created"), rows
        )
        print()
    total = _format_size(sum(entry.bytes for entry in entries))
    print(f"{len(entries)} {noun}{'s' * (len(entries) != 1)}, {total}, in {kept.folder}")
    return 0


def _clear(kept: Entries, beginnings: Sequence[str], noun: str) -> int:
    keys: list[str] = []
    for beginning in beginnings:
        matches = [e.key for e in kept.list_entries() if e.key.startswith(beginning)]
        if len(matches) != 1:
            problem = "is ambiguous" if matches else "does not exist"
            print(f"error: the key {beginning!r} {problem}", file=sys.stderr)
            return 1
        keys += matches
    count = kept.clear(keys if beginnings else None)
    print(f"removed {count} {noun}{'s' * (count != 1)}")
    return 0


def _format_size(n_bytes: int) -> str:
    if n_bytes < 1000:
        return f"{n_bytes} B"
    if n_bytes < 1_000_000:
        return f"{n_bytes / 1000:.1f} kB"
    return f"{n_bytes / 1_000_000:.1f} MB"


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    for row in (header, *rows):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
