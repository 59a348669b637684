"""What the workloads share: arguments, hand-written programs, the line that a run prints."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from numpy.typing import NDArray

__all__ = ["WORK", "Arguments", "main", "run_by_hand", "standalone"]

#: Environment variable of a folder that keeps what Brian2 compiled; without it all is built anew.
WORK = "BENCHMARK_WORK"

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
    alone: no imports, build, set-up) and ``rate_hz``; where weights learn, their mean and spread.
    """
    parser = argparse.ArgumentParser(description=description.split("\n\n")[0])
    parser.add_argument("--contender", choices=sorted(contenders), required=True)
    parser.add_argument("--seconds", type=float, default=10.0, help="simulated time")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv, namespace=Arguments())
    outcome = dict(contenders[arguments.contender](arguments))
    for wanted in ("cpu_seconds_simulation", "rate_hz"):
        if wanted not in outcome:
            raise ValueError(f"{arguments.contender}: must return {wanted}")
    print(json.dumps({"simulated_seconds": arguments.seconds, **outcome}), file=sys.stdout)


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    if WORK in os.environ:
        folder = Path(os.environ[WORK]) / name
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
    else:
        with tempfile.TemporaryDirectory() as temporary:
            yield Path(temporary)


def run_by_hand(
    source: str, seconds: float, arrays: Sequence[NDArray[Any]], flags: Sequence[str] = FLAGS
) -> dict[str, Any]:
    """Compile the program ``source`` beside this file, give it arrays, return what it prints.

    It is called as ``program SECONDS FILE``; the file holds the bytes of the arrays in turn, each
    after its size as an int64.
    """
    path = Path(__file__).with_name(source)
    with _folder(path.stem) as folder:
        program, data = folder / "program", folder / "data"
        subprocess.run(["g++", *flags, str(path), "-o", str(program)], check=True)
        with data.open("wb") as stream:
            for array in arrays:
                stream.write(np.int64(array.size).tobytes() + np.ascontiguousarray(array).tobytes())
        done = subprocess.run(
            [str(program), repr(seconds), str(data)], check=True, capture_output=True, text=True
        )
    return dict(json.loads(done.stdout))


@contextmanager
def standalone(name: str, dt: b2.Quantity) -> Iterator[Callable[[b2.Network, b2.Quantity], float]]:
    """Let stock Brian2 build one standalone program of what the block creates, with one thread.

    Yields a function of a network and a duration that builds, runs and returns the CPU seconds of
    the simulated time alone; results can be read inside the block.
    """
    with _folder(f"{name}_brian2") as folder:
        b2.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j1"]
        b2.set_device("cpp_standalone", directory=str(folder), build_on_run=False)
        b2.defaultclock.dt = dt

        def run(network: b2.Network, duration: b2.Quantity) -> float:
            spent = "(double)std::clock() / CLOCKS_PER_SEC"
            b2.device.insert_code("before_network_run", f"const double _begin = {spent};")
            b2.device.insert_code(
                "after_network_run", f'std::ofstream("used") << {spent} - _begin;'
            )
            network.run(duration, namespace={})
            b2.device.build(directory=str(folder), compile=True, run=False, with_output=False)
            b2.device.run(str(folder), with_output=False, run_args=[])
            return float((folder / "used").read_text())

        yield run
