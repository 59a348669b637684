"""The command line: a process for each script, and a table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bioplastic.conformance.brian2_examples.checking import (
    Verdict,
    check_example,
    time_pairs,
)

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the named examples, each in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m bioplastic.conformance.brian2_examples",
        description="Import Brian2's examples, compare with stock Brian2, print a table. The "
        "scripts named are EXECUTED with your rights; name a folder that you trust.",
    )
    parser.add_argument("folder", type=Path, help="the examples folder of Brian2's repository")
    parser.add_argument("names", nargs="*", help="scripts below it; default all")
    parser.add_argument("--seconds", type=float, default=0.5, help="longest biological time")
    parser.add_argument(
        "--skip", type=int, default=0, help="runs of the script before the one compared"
    )
    parser.add_argument("--seeds", type=int, default=8, help="seeds of networks that draw")
    parser.add_argument("--target", default="cpp", choices=("cpp", "numpy"))
    parser.add_argument("--standalone", action="store_true", help="time stock C++ standalone too")
    parser.add_argument("--pairs", type=int, default=5, help="runs of each that are timed, in turn")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one script")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=EXPRESSION",
        help="give a constant of the script another value",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, help="write the verdicts there")
    parser.add_argument("--markdown", type=Path, help="write a table for a page there")
    parser.add_argument("--one", choices=("compare", "time"), help=argparse.SUPPRESS)
    options = parser.parse_intermixed_args(arguments)
    values = dict(text.split("=", 1) for text in options.set)
    if options.one:
        path = options.folder / options.names[0]
        if options.one == "compare":
            verdict = check_example(
                path, options.names[0], limit=options.seconds, skip=options.skip,
                seeds=options.seeds, target=options.target, values=values,
            )  # fmt: skip
            options.json.write_text(json.dumps(asdict(verdict)), encoding="utf-8")
        else:
            seconds = time_pairs(
                path, limit=options.seconds, skip=options.skip, values=values, pairs=options.pairs
            )
            options.json.write_text(json.dumps(seconds), encoding="utf-8")
        return 0
    names = options.names or sorted(
        str(path.relative_to(options.folder)) for path in options.folder.rglob("*.py")
    )
    verdicts = []
    for name in names:
        name = name if name.endswith(".py") else f"{name}.py"
        found = _spawn(options, name, "compare")
        verdict = (
            Verdict(name, detail="took too long or crashed") if found is None else Verdict(**found)
        )
        if options.standalone and verdict.verdict in ("agrees", "differs"):
            stock, ours = map(np.array, _spawn(options, name, "time") or ([], []))
            if stock.size:
                verdict.standalone, verdict.ours = float(np.median(stock)), float(np.median(ours))
                quartiles = np.quantile(stock / ours, (0.5, 0.25, 0.75))
                verdict.ratio = tuple(float(value) for value in quartiles)
        verdicts.append(verdict)
        print(format_row(verdict), flush=True)
    if options.json:
        options.json.write_text(
            json.dumps([asdict(v) for v in verdicts], indent=1), encoding="utf-8"
        )
    if options.markdown:
        rows = [_markdown_row(verdict) for verdict in verdicts]
        options.markdown.write_text("\n".join([*_HEAD, *rows, ""]), encoding="utf-8")
    agreed = sum(v.verdict == "agrees" for v in verdicts)
    print(f"{agreed} of {len(verdicts)} agree")
    return 0 if all(v.verdict != "differs" for v in verdicts) else 1


def _spawn(options: argparse.Namespace, name: str, what: str) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [
            sys.executable, "-m", "bioplastic.conformance.brian2_examples",
            str(options.folder.resolve()), name, "--one", what, "--json", str(result),
            "--seconds", str(options.seconds), "--skip", str(options.skip),
            "--seeds", str(options.seeds), "--target", options.target,
            "--pairs", str(options.pairs),
            *(part for text in options.set for part in ("--set", text)),
        ]  # fmt: skip
        try:
            subprocess.run(
                command, timeout=options.timeout, check=False, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE if what == "compare" else subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
        return json.loads(result.read_text(encoding="utf-8")) if result.exists() else None


_HEAD = (
    "| example | biological time | verdict | stock standalone, CPU s | ours, CPU s |",
    "|---|---|---|---|---|",
)


def _markdown_row(verdict: Verdict) -> str:
    times = ["" if t != t else f"{t:.4f}" for t in (verdict.standalone, verdict.ours)]
    found = f"{verdict.verdict}: {verdict.detail or verdict.how}"
    if verdict.verdict == "agrees":
        found = f"agrees: {verdict.spikes:,} spikes, error {verdict.error:.1e}; {verdict.how}"
    name = verdict.name.removesuffix(".py")
    cells = (f"`{name}`", f"{verdict.seconds:g} s", found.replace("|", "\\|"), *times)
    return f"| {' | '.join(cells)} |"


def format_row(verdict: Verdict) -> str:
    """Return one line of the table."""
    times = f"{verdict.standalone:9.4f} {verdict.ours:9.4f}"
    if verdict.ratio:
        times += " ({:.1f}, {:.1f}-{:.1f} times)".format(*verdict.ratio)
    head = f"{verdict.name:52s} {verdict.verdict:8s} {verdict.seconds:6.2f} s {times}"
    return (
        f"{head} {verdict.how} {verdict.detail} spikes {verdict.spikes} error {verdict.error:.1e}"
    )


if __name__ == "__main__":
    sys.exit(main())
