"""Measure CPU time per training image and peak memory of all contenders, interleaved.

``python -m benchmarks.speed --data DIR --reference FILE --peers-python PYTHON --out figures``

Each repeat runs every contender at every size in turn, each in a fresh process on one core, for two
numbers of real MNIST images; the difference gives the cost per image without set-up. Ratios are
taken within a repeat, so that a machine that slows down for a while slows both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .contenders import CONTENDERS, Missing, Setting, reference_activity
from .machine import describe_machine, describe_versions
from .measure import Usage
from .summary import markdown_table, pair_runs, paired_ratios, summarise, write_json

__all__ = ["last_core", "main", "run_benchmark"]


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bioplastic benchmark", description=__doc__)
    parser.add_argument("--sizes", type=_numbers, default=[100, 400, 1600, 6400])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--contenders", default=",".join(CONTENDERS), help="comma-separated")
    parser.add_argument("--data", type=Path, help="folder of the MNIST IDX files")
    parser.add_argument("--reference", type=Path, help="source of the hand-written program")
    parser.add_argument("--peers-python", type=Path, help="Python that has BindsNET and NEST")
    parser.add_argument("--core", type=int, help="core to pin to (default: the last allowed)")
    parser.add_argument("--work", type=Path, help="folder of built programs (default: temporary)")
    parser.add_argument(
        "--slow-limit", type=int, metavar="N",
        help="leave out BindsNET and NEST above N hidden neurons (stated in the results)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("figures"))
    parser.add_argument("--plot-only", action="store_true", help="redraw from OUT/benchmarks.json")
    arguments = parser.parse_args(argv)
    unknown = set(arguments.contenders.split(",")) - CONTENDERS.keys()
    if unknown:
        parser.error(f"--contenders: unknown {sorted(unknown)}, choose from {sorted(CONTENDERS)}")
    if arguments.repeats < 1 or min(arguments.sizes) < 1:
        parser.error("--repeats and --sizes must be positive")
    if arguments.data is None and not arguments.plot_only:
        parser.error("--data is needed")
    return arguments


def last_core() -> int | None:
    """Return the last core that this process may use, None where that is not known."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(
    prepared: dict[tuple[str, int], dict[str, Any]],
    missing: dict[str, str],
    setting: Setting,
    name: str,
    n: int,
    count: int,
) -> tuple[Usage, dict[str, Any]] | None:
    """Run a contender; if it fails, move it from those prepared to those missing."""
    try:
        return CONTENDERS[name].run(setting, n, count, prepared[name, n])
    except RuntimeError as failure:
        missing[f"{name} at N = {n}"] = f"failed: {failure}"
        prepared.pop((name, n))
        return None


def run_benchmark(
    setting: Setting,
    names: Sequence[str],
    sizes: Sequence[int],
    repeats: int,
    path: Path,
    slow_limit: int | None = None,
) -> dict[str, Any]:
    """Measure, write the results to ``path`` after every repeat, and return them."""
    prepared: dict[tuple[str, int], dict[str, Any]] = {}
    missing: dict[str, str] = {}
    builds: list[dict[str, Any]] = []
    for n in sizes:
        for name in names:
            if slow_limit is not None and n > slow_limit and name in ("bindsnet", "nest"):
                missing[f"{name} at N = {n}"] = f"left out above N = {slow_limit} (--slow-limit)"
                continue
            if name in missing:
                continue
            contender = CONTENDERS[name]
            _say(f"prepare {name} N={n}")
            try:
                ready = contender.prepare(setting, n, contender.counts(n))
            except Missing as reason:
                missing[name] = str(reason)
            except RuntimeError as failure:
                missing[f"{name} at N = {n}"] = f"could not be built: {failure}"
            else:
                prepared[name, n] = ready
                if ready.get("build"):
                    builds.append(dict(contender=name, n=n, **ready["build"]))
    activity: dict[str, dict[str, float]] = {}
    for name, n in prepared:
        if ("reference", n) in prepared:
            count = max(CONTENDERS[name].counts(n))
            activity.setdefault(str(n), {})[name] = reference_activity(
                setting, n, count, prepared["reference", n]
            )
    results: dict[str, Any] = dict(
        benchmark="speed",
        unit="CPU seconds (user and system, children included) on one core",
        protocol="350 ms image and 150 ms rest in steps of 0.5 ms, learning, MNIST in file order",
        machine=describe_machine(),
        versions=describe_versions(setting.compiler),
        contenders={
            name: dict(label=CONTENDERS[name].label, differs=CONTENDERS[name].describe)
            for name in names
        },
        missing=missing,
        builds=builds,
    )
    for name, n in list(prepared):
        _run(prepared, missing, setting, name, n, min(CONTENDERS[name].counts(n)))  # warms up
    samples: list[dict[str, Any]] = []
    for repeat in range(repeats):
        for n in sizes:
            for name in names:
                if (name, n) not in prepared:
                    continue
                for count in CONTENDERS[name].counts(n):
                    done = _run(prepared, missing, setting, name, n, count)
                    if done is None:
                        break
                    usage, outcome = done
                    samples.append(
                        dict(
                            contender=name, n=n, repeat=repeat, started=round(time.time()),
                            **usage.as_dict(), outcome=outcome,
                        )
                    )  # fmt: skip
                    _say(
                        f"repeat {repeat} N={n} {name} {count} images: {usage.cpu_seconds:.2f} s, "
                        f"{usage.peak_bytes / 2**20:.0f} MiB, {outcome['hidden_spikes']:.1f} spikes"
                    )
        pairs, unresolved = pair_runs(samples)
        results |= dict(
            repeats=repeat + 1,
            summary=summarise(pairs, activity),
            ratios={f"over_{base}": paired_ratios(pairs, base) for base in ("ours", "reference")},
            unresolved=unresolved,
            pairs=pairs,
            samples=samples,
        )
        write_json(path, results)
    return results


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark or redraw its figure; print the table."""
    arguments = _arguments(argv)
    path = arguments.out / "benchmarks.json"
    if arguments.plot_only:
        results = json.loads(path.read_text())
    else:
        with tempfile.TemporaryDirectory(prefix="benchmark_") as folder:
            work = arguments.work or Path(folder)
            work.mkdir(parents=True, exist_ok=True)
            setting = Setting(
                data=arguments.data,
                work=work.resolve(),
                peers_python=arguments.peers_python,
                reference=arguments.reference,
                core=last_core() if arguments.core is None else arguments.core,
            )
            results = run_benchmark(
                setting,
                arguments.contenders.split(","),
                arguments.sizes,
                arguments.repeats,
                path,
                arguments.slow_limit,
            )
    labels = {name: entry["label"] for name, entry in results["contenders"].items()}
    measured = {name for entries in results["summary"].values() for name in entries}
    base = "ours" if "ours" in measured else "reference"
    ratios = results["ratios"].get(f"over_{base}", {})
    print(markdown_table(results["summary"], labels, ratios, base, results["missing"]))
    if measured:
        from .draw import draw_speed

        draw_speed(results["summary"], labels, arguments.out / "speed.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
