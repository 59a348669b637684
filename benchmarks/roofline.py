"""What memory alone would take for an image, beside what we and the hand-written program take.

``python -m benchmarks.roofline --results figures/benchmarks.json --out figures``

Counts the bytes that the symmetric-STDP network must move per presentation, from the spikes that
``benchmarks.speed`` measured, and divides them by the bandwidth that ``bandwidth.cpp`` measures on
this machine at the same sizes: rows of the weights in the order of events, and the arrays of cells.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bioplastic.engine.columns import NARROW

from .machine import describe_machine
from .protocol import IMAGE_MS, N_PIXELS, STEP_MS
from .summary import write_json

__all__ = ["main", "moved_bytes"]

_LINE = 64
_FLOAT = 4
#: Numbers of an excitatory cell in a step: read and written again, only read.
_CELL_UPDATED, _CELL_READ = 6, 5


def moved_bytes(n: int, input_spikes: float, hidden_spikes: float) -> dict[str, tuple[float, str]]:
    """Return bytes per presentation, and whether they are read or read and written (both counted).

    A presynaptic spike reads its row, and writes it where all columns learn; a postsynaptic one
    reads and writes a line of the cache in every row. Scaling reads the columns, and writes them.

    Examples
    --------
    >>> moved_bytes(1600, 2000.0, 16.0)["rows"]
    (12800000.0, 'read')
    """
    wide = n >= NARROW
    steps, column = IMAGE_MS / STEP_MS, _LINE * N_PIXELS
    scaled = hidden_spikes * column if wide else _FLOAT * N_PIXELS * n
    return {
        "rows": (input_spikes * n * _FLOAT * (1 if wide else 2), "read" if wide else "update"),
        "columns": (2.0 * hidden_spikes * column, "update"),
        "sums": (float(scaled), "read"),
        "scaling": (2.0 * scaled, "update"),
        "cells": (steps * n * _FLOAT * 2 * _CELL_UPDATED, "cells"),
        "thresholds": (steps * n * _FLOAT * _CELL_READ, "cells"),
    }


def _bandwidth(program: Path, n: int) -> dict[str, float]:
    """Return GB/s."""

    def measure(rows: int) -> dict[str, float]:
        command = [str(program), str(rows), str(n), "20000"]
        return dict(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))

    rows = measure(N_PIXELS)
    return {
        "read": rows["read"], "update": rows["update"],
        "cells": measure(_CELL_UPDATED + 1)["update"],
    }  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write ``roofline.json`` and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.roofline", description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("figures/benchmarks.json"))
    parser.add_argument("--out", type=Path, default=Path("figures"))
    given = parser.parse_args(argv)
    results = json.loads(given.results.read_text())
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "bandwidth"
        source = Path(__file__).with_name("bandwidth.cpp")
        flags = ["-O3", "-march=native", "-ffast-math"]
        subprocess.run(["g++", *flags, "-o", str(program), str(source)], check=True)
        for size, measured in results["summary"].items():
            samples = [
                s["outcome"] for s in results["samples"]
                if (s["contender"], s["n"]) == ("reference", int(size))
            ]  # fmt: skip
            spikes = [sum(s[k] for s in samples) / len(samples)
                      for k in ("input_spikes", "hidden_spikes")]  # fmt: skip
            moved, speed = moved_bytes(int(size), *spikes), _bandwidth(program, int(size))
            found[size] = dict(
                bytes={name: round(number) for name, (number, _) in moved.items()},
                bandwidth_gb_s=speed,
                floor_ms=1e-6 * sum(number / speed[way] for number, way in moved.values()),
                **{f"{name}_ms": entry["cpu_ms_per_presentation"]
                   for name, entry in measured.items()},
            )  # fmt: skip
    write_json(given.out / "roofline.json", dict(
        benchmark="roofline", machine=describe_machine(), results=found,
    ))  # fmt: skip
    print("| N | MB: weights, cells | GB/s: read, update, cells | floor | ours | hand-written |")
    print("|---|---|---|---|---|---|")
    for size, entry in found.items():
        cells = entry["bytes"]["cells"] + entry["bytes"]["thresholds"]
        weights = sum(entry["bytes"].values()) - cells
        speed = ", ".join(f"{entry['bandwidth_gb_s'][k]:.0f}" for k in ("read", "update", "cells"))
        times = " | ".join(f"{entry[f'{k}_ms']:.2f}" for k in ("floor", "ours", "reference"))
        print(f"| {size} | {1e-6 * weights:.0f}, {1e-6 * cells:.0f} | {speed} | {times} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
