"""All workloads and contenders in one run, interleaved.

``python -m benchmarks --out figures``

Every repeat runs all contenders of all workloads in turn, each in a fresh process on one core; cost
is CPU time per simulated second, without imports, build and set-up. Ratios are taken within a
repeat. The symmetric-STDP network of ``benchmarks.speed`` takes part where its images (``--data``)
are given. Writes ``workloads.json`` and ``workloads.png`` and prints a table; a contender that
cannot take part is named with its reason.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from .contenders import CONTENDERS, ROOT, Missing, Setting, last_line
from .machine import describe_machine, describe_versions
from .measure import measure
from .protocol import IMAGE_MS
from .speed import last_core
from .summary import pair_runs, paired_ratios, short_number, write_json
from .workloads.common import WORK

__all__ = ["Symmetric", "Workload", "draw", "main", "markdown", "run_all"]

LABELS = {"ours": "bioplastic", "hand": "hand-written C++", "brian2": "Brian2"}
LABELS |= {c.name: c.label for c in CONTENDERS.values() if c.name not in ("ours", "reference")}


@dataclass(frozen=True)
class Workload:
    """A module of `benchmarks.workloads`, and how long it is simulated in a repeat."""

    name: str
    label: str
    seconds: float
    contenders: tuple[str, ...] = ("ours", "hand", "brian2")

    def prepare(self, contender: str, setting: Setting) -> None:
        """Build and warm up."""
        self.run(contender, setting, 0, seconds=1.0)

    def run(
        self, contender: str, setting: Setting, repeat: int, seconds: float | None = None
    ) -> dict[str, Any]:
        """Return what a run printed; the seed is the repeat."""
        command = [
            sys.executable, "-m", f"benchmarks.workloads.{self.name}", "--contender", contender,
            "--seconds", str(seconds or self.seconds), "--seed", str(repeat),
        ]  # fmt: skip
        environment = {WORK: str(setting.work)}
        usage = measure(command, cwd=ROOT, core=setting.core, environment=environment)
        found = last_line(usage)
        cost = found["cpu_seconds_simulation"] / found["simulated_seconds"]
        return dict(cost=cost, **found)


class Symmetric:
    """The symmetric-STDP network with ``n`` hidden cells: contenders of `benchmarks.contenders`."""

    def __init__(self, n: int) -> None:
        self.name, self.label, self.n = f"symmetric_{n}", f"symmetric STDP, N = {n}", n
        self.seconds = IMAGE_MS * 1e-3
        self.contenders = tuple("hand" if c == "reference" else c for c in CONTENDERS)
        self._prepared: dict[str, Any] = {}

    def _find(self, contender: str) -> Any:
        return CONTENDERS["reference" if contender == "hand" else contender]

    def prepare(self, contender: str, setting: Setting) -> None:
        """Build; raises `Missing`."""
        found = self._find(contender)
        self._prepared[contender] = found.prepare(setting, self.n, found.counts(self.n))

    def run(self, contender: str, setting: Setting, repeat: int) -> dict[str, Any]:
        """Return the cost of an image, from the difference of a short and a long run."""
        found, samples = self._find(contender), []
        for count in found.counts(self.n):
            usage, outcome = found.run(setting, self.n, count, self._prepared[contender])
            samples.append(
                dict(
                    contender=contender, n=self.n, repeat=repeat, outcome=outcome, **usage.as_dict()
                )
            )
        pairs, _ = pair_runs(samples)
        if not pairs:
            raise RuntimeError("the longer run took no more time than the shorter one")
        pair, shown = pairs[0], samples[-1]["outcome"]
        spikes = shown["hidden_spikes"] * shown["images"] / shown["presentations"]
        return dict(
            cost=1e-3 * pair["cpu_ms_per_presentation"] / self.seconds,
            rate_hz=spikes / self.n / self.seconds,
        )


WORKLOADS = {
    w.name: w
    for w in (
        Workload("reservoir", "reservoir, 2,000 cells", 20.0),
        Workload("dopamine", "dopamine, 1,000 × 100", 50.0),
        Workload("sparse", "sparse, 10,000 cells", 4.0),
    )
}


def run_all(
    workloads: Sequence[Workload | Symmetric],
    contenders: Sequence[str] | None,
    setting: Setting,
    repeats: int,
    path: Path,
    missing: dict[str, str],
) -> dict[str, Any]:
    """Measure, write the results to ``path`` after every repeat, and return them."""
    samples: list[dict[str, Any]] = []
    runs = [(w, c) for w in workloads for c in w.contenders if not contenders or c in contenders]

    def attempt(workload: Any, contender: str, action: Any) -> Any:
        print(f"{workload.name}, {contender}", file=sys.stderr, flush=True)
        try:
            return action()
        except (Missing, RuntimeError) as reason:
            missing[f"{workload.label}, {LABELS.get(contender, contender)}"] = str(reason)
            runs.remove((workload, contender))
            return None

    for w, c in list(runs):
        attempt(w, c, lambda w=w, c=c: w.prepare(c, setting))
    results: dict[str, Any] = {}
    for repeat in range(repeats):
        for w, c in list(runs):
            found = attempt(w, c, lambda w=w, c=c, repeat=repeat: w.run(c, setting, repeat))
            if found:
                samples.append(dict(contender=c, n=w.label, repeat=repeat, **found))
        results = dict(
            benchmark="workloads",
            unit="CPU seconds (user and system) per simulated second, one core",
            repeats=repeat + 1,
            machine=describe_machine(),
            versions=describe_versions(setting.compiler),
            missing=missing,
            ratios={f"over_{b}": paired_ratios(samples, b, "cost") for b in ("hand", "ours")},
            samples=samples,
        )
        write_json(path, results)
    return results


def _of(results: Mapping[str, Any], workload: str, contender: str, key: str) -> list[float]:
    return [
        s[key]
        for s in results["samples"]
        if (s["n"], s["contender"]) == (workload, contender) and key in s
    ]


def markdown(results: Mapping[str, Any]) -> str:
    """Return the table, and below it who is missing and why."""
    head = [
        "workload", "contender", "CPU ms per simulated s", "range", "/ hand-written",
        "/ bioplastic", "rate (Hz)", "mean weight",
    ]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for workload, contender in dict.fromkeys((s["n"], s["contender"]) for s in results["samples"]):
        cost = [1e3 * value for value in _of(results, workload, contender, "cost")]
        ratios = [
            "1" if contender == base
            else short_number(
                results["ratios"][f"over_{base}"].get(workload, {}).get(contender, {}).get("median")
            )
            for base in ("hand", "ours")
        ]  # fmt: skip
        weights = _of(results, workload, contender, "weight_mean")
        cells = [
            workload, LABELS.get(contender, contender), short_number(median(cost)),
            f"{short_number(min(cost))} to {short_number(max(cost))}", *ratios,
            f"{median(_of(results, workload, contender, 'rate_hz')):.2f}",
            f"{median(weights):.4f}" if weights else "–",
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"Not measured: {who}: {why}." for who, why in results["missing"].items())]
    return "\n".join(lines).rstrip() + "\n"


def draw(results: Mapping[str, Any], path: Path) -> Path:
    """Draw the cost of every contender as a multiple of the hand-written program's; save as PNG."""
    from bioplastic.plotting import GREY, PALETTE, dots, panels, save_figure, use_style

    names = list(dict.fromkeys(s["n"] for s in results["samples"]))
    others = [c for c in dict.fromkeys(s["contender"] for s in results["samples"]) if c != "hand"]
    ratios = results["ratios"]["over_hand"]
    each = np.full((len(others), len(names), results["repeats"]), np.nan)
    for a, contender in enumerate(others):
        for b, workload in enumerate(names):
            values = ratios.get(workload, {}).get(contender, {}).get("each", [])
            each[a, b, : len(values)] = values
    data = xr.DataArray(
        each, dims=("contender", "workload", "repeat"),
        coords={"contender": [LABELS.get(c, c) for c in others], "workload": names},
    )  # fmt: skip
    figure, axes = panels(height=1.0 + 0.5 * len(names))
    colours = dict(zip(others, (PALETTE[k] for k in (1, 0, 5, 3, 2, 4, 7)), strict=False))
    dots(
        data, axes, x="workload", hue="contender", horizontal=True, legend=None,
        colours=list(colours.values()), xlabel="CPU time over that of the hand-written program",
    )  # fmt: skip
    axes.axvline(1, color=GREY, linestyle="--", linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    keys = [Line2D([], [], color=c, marker="o", linestyle="") for c in colours.values()]
    words = [LABELS.get(c, c) for c in colours]
    with use_style():
        axes.legend(keys, words, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return save_figure(figure, path)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--workloads", default=",".join([*WORKLOADS, "symmetric"]))
    parser.add_argument("--contenders", help="comma-separated; all by default")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--sizes", default="400,1600", help="hidden cells of the symmetric network")
    parser.add_argument("--data", type=Path, help="folder of the MNIST IDX files")
    parser.add_argument("--reference", type=Path, help="hand-written program of that network")
    parser.add_argument("--peers-python", type=Path, help="Python of the peers of that network")
    parser.add_argument("--core", type=int, help="core to pin to (default: the last allowed)")
    parser.add_argument("--work", type=Path, help="folder of built programs (default: temporary)")
    parser.add_argument("--out", type=Path, default=Path("figures"))
    parser.add_argument("--plot-only", action="store_true", help="redraw from OUT/workloads.json")
    arguments = parser.parse_args(argv)
    arguments.workloads = arguments.workloads.split(",")
    if unknown := set(arguments.workloads) - {*WORKLOADS, "symmetric"}:
        parser.error(f"--workloads: unknown {sorted(unknown)}")
    if arguments.repeats < 1:
        parser.error("--repeats must be positive")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark or redraw its figure; print the table."""
    arguments = _arguments(argv)
    path = arguments.out / "workloads.json"
    if arguments.plot_only:
        results = json.loads(path.read_text())
    else:
        missing: dict[str, str] = {}
        chosen: list[Workload | Symmetric] = [
            WORKLOADS[name] for name in arguments.workloads if name in WORKLOADS
        ]
        if "symmetric" in arguments.workloads and arguments.data is None:
            missing["symmetric STDP"] = "no folder of images given (--data)"
        elif "symmetric" in arguments.workloads:
            chosen += [Symmetric(int(n)) for n in arguments.sizes.split(",")]
        with tempfile.TemporaryDirectory(prefix="benchmark_") as folder:
            work = arguments.work or Path(folder)
            work.mkdir(parents=True, exist_ok=True)
            setting = Setting(
                data=arguments.data, work=work.resolve(), peers_python=arguments.peers_python,
                reference=arguments.reference,
                core=last_core() if arguments.core is None else arguments.core,
            )  # fmt: skip
            contenders = arguments.contenders.split(",") if arguments.contenders else None
            results = run_all(chosen, contenders, setting, arguments.repeats, path, missing)
    print(markdown(results))
    draw(results, arguments.out / "workloads.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
