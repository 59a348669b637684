"""``bioplastic cache``: what was compiled and kept."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

from bioplastic.engine.cache import cache_directory, clear_builds, list_builds

__all__ = ["main"]


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code; the experiments do not matter."""
    parser = argparse.ArgumentParser(
        prog="bioplastic cache", description="List or remove compiled programs.", allow_abbrev=False
    )
    actions = parser.add_subparsers(dest="action", title="actions")
    actions.add_parser("list", help="show the compiled programs (the default)")
    clear = actions.add_parser("clear", help="remove compiled programs")
    clear.add_argument(
        "keys",
        nargs="*",
        metavar="KEY",
        help="remove these only; the beginning of a key is enough if it is unambiguous",
    )
    options = parser.parse_args(argv)
    if options.action == "clear":
        return _clear_cache(options.keys)
    return _list_cache()


def _list_cache() -> int:
    builds = list_builds()
    if builds:
        rows = [
            (
                build.key[:12],
                build.name,
                _format_size(build.bytes),
                datetime.fromtimestamp(build.created).isoformat(" ", "minutes"),
            )
            for build in builds
        ]
        _print_table(("key", "network", "size", "created"), rows)
        print()
    total = _format_size(sum(build.bytes for build in builds))
    noun = "program" if len(builds) == 1 else "programs"
    print(f"{len(builds)} {noun}, {total}, in {cache_directory()}")
    return 0


def _clear_cache(beginnings: Sequence[str]) -> int:
    keys: list[str] | None = None
    if beginnings:
        known = [build.key for build in list_builds()]
        keys = []
        for beginning in beginnings:
            matches = [key for key in known if key.startswith(beginning)]
            if len(matches) != 1:
                problem = "is ambiguous" if matches else "does not exist"
                print(f"error: the key {beginning!r} {problem}", file=sys.stderr)
                return 1
            keys += matches
    count = clear_builds(keys)
    print(f"removed {count} {'program' if count == 1 else 'programs'}")
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
