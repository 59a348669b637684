"""What the workloads share: arguments, hand-written programs, the line that a run prints."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Arguments", "main", "run_by_hand"]

#: Those of the compiled programs of the engine.
FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffast-math", "-fno-finite-math-only", "-w")


class Arguments(argparse.Namespace):
    """What every workload is asked for."""

    contender: str
    seconds: float
    seed: int


Contender = Callable[[Arguments], Mapping[str, Any]]


def main(
    description: str, contenders: Mapping[str, Contender], argv: Sequence[str] | None = None
) -> None:
    """Run one contender and print what it returns.

    A contender returns at least ``cpu_seconds_simulation`` (CPU time of the simulated seconds
    alone: no imports, build, set-up), ``rate_hz`` and ``weight_mean``.
    """
    parser = argparse.ArgumentParser(description=description.split("\n\n")[0])
    parser.add_argument("--contender", choices=sorted(contenders), required=True)
    parser.add_argument("--seconds", type=float, default=10.0, help="simulated time")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv, namespace=Arguments())
    outcome = dict(contenders[arguments.contender](arguments))
    for wanted in ("cpu_seconds_simulation", "rate_hz", "weight_mean"):
        if wanted not in outcome:
            raise ValueError(f"{arguments.contender}: must return {wanted}")
    print(json.dumps({"simulated_seconds": arguments.seconds, **outcome}), file=sys.stdout)


def run_by_hand(
    source: str, seconds: float, arrays: Sequence[NDArray[Any]], flags: Sequence[str] = FLAGS
) -> dict[str, Any]:
    """Compile the program ``source`` beside this file, give it arrays, return what it prints.

    It is called as ``program SECONDS FILE``; the file holds the bytes of the arrays in turn, each
    after its size as an int64.
    """
    with tempfile.TemporaryDirectory() as folder:
        program, data = Path(folder) / "program", Path(folder) / "data"
        path = Path(__file__).with_name(source)
        subprocess.run(["g++", *flags, str(path), "-o", str(program)], check=True)
        with data.open("wb") as stream:
            for array in arrays:
                stream.write(np.int64(array.size).tobytes() + np.ascontiguousarray(array).tobytes())
        done = subprocess.run(
            [str(program), repr(seconds), str(data)], check=True, capture_output=True, text=True
        )
    return dict(json.loads(done.stdout))
