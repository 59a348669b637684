"""Measure what building the network costs: CPU seconds cold, and the start of a second process.

``python -m benchmarks.build_time --data DIR --out figures``

Cold is generation and compilation with an empty project and an empty cache. Warm is the same
command again with both in place. Programs are interleaved and every run is a fresh process on one
core; a run that only imports is measured too, so that its share can be taken off.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from .contenders import ROOT, Missing, Setting, ours_exist
from .machine import describe_machine, describe_versions
from .measure import measure
from .speed import last_core
from .summary import write_json

__all__ = ["main"]

CACHE_VARIABLE = "BIOPLASTIC_CACHE"


def _command(module: str, setting: Setting, n: int, *more: str) -> list[str]:
    return [
        sys.executable, "-m", f"benchmarks.peers.{module}", "--n", str(n), "--images", "1",
        "--data", str(setting.data.resolve()), *more,
    ]  # fmt: skip


def _builders(setting: Setting, n: int) -> dict[str, Callable[[Path], tuple[list[str], dict]]]:
    """Return for each program what command builds it in an empty folder, and its environment."""

    def stock(folder: Path) -> tuple[list[str], dict[str, str]]:
        options = ("--project", str(folder), "--stage", "build")
        return _command("brian2_neuron_traces", setting, n, *options), {}

    def ours(folder: Path) -> tuple[list[str], dict[str, str]]:
        return _command("ours", setting, n), {CACHE_VARIABLE: str(folder)}

    return {"brian2_neuron_traces": stock, "ours": ours}


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write ``build_time.json``, print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build_time", description=__doc__)
    parser.add_argument("--n", type=int, default=400)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--core", type=int)
    parser.add_argument("--out", type=Path, default=Path("figures"))
    arguments = parser.parse_args(argv)
    core = last_core() if arguments.core is None else arguments.core
    setting = Setting(data=arguments.data, work=Path(), core=core)
    builders = _builders(setting, arguments.n)
    missing: dict[str, str] = {}
    try:
        ours_exist()
    except Missing as reason:
        missing["ours"] = str(reason)
        builders.pop("ours")

    samples: list[dict[str, Any]] = []
    for repeat in range(arguments.repeats):
        bare = measure([sys.executable, "-c", "import brian2"], cwd=ROOT, core=core)
        samples.append(dict(contender="import brian2", state="", repeat=repeat, **bare.as_dict()))
        for name, build in builders.items():
            folder = Path(tempfile.mkdtemp(prefix="build_time_"))
            try:
                command, environment = build(folder)
                for state in ("cold", "warm"):
                    usage = measure(command, cwd=ROOT, core=core, environment=environment)
                    samples.append(
                        dict(contender=name, state=state, repeat=repeat, **usage.as_dict())
                    )
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    keys = dict.fromkeys((sample["contender"], sample["state"]) for sample in samples)
    summary: dict[str, dict[str, float]] = {}
    for name, state in keys:
        own = [s for s in samples if (s["contender"], s["state"]) == (name, state)]
        summary[f"{name} {state}".strip()] = {
            key: median(s[key] for s in own) for key in ("cpu_seconds", "wall_seconds")
        }
    write_json(
        arguments.out / "build_time.json",
        dict(
            benchmark="build_time", n=arguments.n, repeats=arguments.repeats,
            machine=describe_machine(), versions=describe_versions(), missing=missing,
            summary=summary, samples=samples,
        ),
    )  # fmt: skip
    print("| program | CPU s | wall s |\n|---|---|---|")
    for name, entry in summary.items():
        print(f"| {name} | {entry['cpu_seconds']:.2f} | {entry['wall_seconds']:.2f} |")
    for name, reason in missing.items():
        print(f"\nNot measured: {name}, {reason}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
