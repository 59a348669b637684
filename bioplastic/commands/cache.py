"""``bioplastic cache``: what was compiled and kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bioplastic.engine.cache import cache_directory, clear_builds, list_builds
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
    if options.store is None:
        noun, place = "program", cache_directory()
        entries = [(b.key, b.name, b.bytes, b.created) for b in list_builds()]
        remove: Callable[[Any], int] = clear_builds
    else:
        store = Store(options.store)
        noun, place, remove = "part", store.folder, store.clear
        entries = [(p.key, p.function, p.bytes, p.created) for p in store.list_parts()]
    if options.action == "clear":
        return _clear(entries, options.keys, remove, noun)
    if entries:
        rows = [
            (key[:12], name, _format_size(size),
             datetime.fromtimestamp(created).isoformat(" ", "minutes"))
            for key, name, size, created in entries
        ]  # fmt: skip
        _print_table(
            ("key", "network" if noun == "program" else "function", "size", "created"), rows
        )
        print()
    total = _format_size(sum(size for _, _, size, _ in entries))
    print(f"{len(entries)} {noun}{'s' * (len(entries) != 1)}, {total}, in {place}")
    return 0


def _clear(
    entries: Sequence[tuple[str, str, int, float]],
    beginnings: Sequence[str],
    remove: Callable[[Any], int],
    noun: str,
) -> int:
    keys: list[str] = []
    for beginning in beginnings:
        matches = [key for key, *_ in entries if key.startswith(beginning)]
        if len(matches) != 1:
            problem = "is ambiguous" if matches else "does not exist"
            print(f"error: the key {beginning!r} {problem}", file=sys.stderr)
            return 1
        keys += matches
    count = remove(keys if beginnings else None)
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
