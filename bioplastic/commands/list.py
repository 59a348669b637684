"""``bioplastic list``: every experiment with its paper and its cost."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from bioplastic.commands.registry import MODULES, Heading, read_heading

__all__ = ["format_heading", "main"]


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="bioplastic list", description="Show all experiments.", allow_abbrev=False
    )
    parser.parse_args(argv)
    known = modules or MODULES
    print("\n\n".join(format_heading(read_heading(name, known)) for name in known))
    return 0


def format_heading(heading: Heading) -> str:
    """Return an experiment with its paper, its cost per scale and its data.

    Examples
    --------
    >>> print(format_heading(Heading("a", "About a", "Nobody (1900)", {"smoke": "1 s"}, ("x",))))
    a: About a
        paper  Nobody (1900)
        cost   smoke 1 s
        data   x
    """
    return (
        f"{heading.name}: {heading.title}\n"
        f"    paper  {heading.reference}\n"
        f"    cost   {', '.join(f'{scale} {cost}' for scale, cost in heading.costs.items())}\n"
        f"    data   {', '.join(heading.datasets)}"
    )
