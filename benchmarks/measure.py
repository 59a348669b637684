"""CPU seconds and peak memory of one command, children included, pinned to one core."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Usage", "measure", "slope"]

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True)
class Usage:
    """What a finished command used.

    Parameters
    ----------
    cpu_seconds : float
        User and system time of the command and of every child it waited for.
    wall_seconds : float
        From start to end.
    peak_bytes : int
        Largest resident set of the command or of any one child.
    output : str
        What it wrote to standard output.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    output: str

    def as_dict(self) -> dict[str, float | int]:
        """Return the numbers without the output."""
        return {key: value for key, value in asdict(self).items() if key != "output"}


def measure(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    core: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Usage:
    """Run ``command`` in a fresh process and return what it used.

    Parameters
    ----------
    command : sequence of str
        Program and arguments; one thread is asked of every numeric library.
    cwd : Path, optional
        Its working directory, default the current one.
    core : int, optional
        The core to pin it to, default none.
    environment : mapping, optional
        Variables to add.

    Raises
    ------
    RuntimeError
        If the command fails; the message ends with its last error lines.

    Examples
    --------
    >>> measure(["echo", "hello"]).output
    'hello\\n'
    """
    variables = dict(os.environ) | dict.fromkeys(_THREADS, "1") | dict(environment or {})
    with tempfile.TemporaryDirectory(prefix="measure_") as folder:
        output, report = Path(folder) / "output", Path(folder) / "report"
        place = str((cwd or Path.cwd()).resolve())
        subprocess.run(
            [
                sys.executable, "-I", "-S", str(_LAUNCHER), "-" if core is None else str(core),
                place, str(output), str(report), *map(str, command),
            ],
            check=True,
            env=variables,
        )  # fmt: skip
        text = output.read_text(errors="replace") if output.exists() else ""
        code, user, system, peak, wall = report.read_text().split()
        if code != "0":
            errors = Path(f"{output}.err")
            lines = errors.read_text(errors="replace").splitlines() if errors.exists() else []
            name = Path(command[0]).name
            raise RuntimeError(
                f"measure.command: must succeed, got status {code} from {name}: "
                + " | ".join((lines or text.splitlines())[-3:])
            )
    kibibyte = 1 if sys.platform == "darwin" else 1024
    return Usage(float(user) + float(system), float(wall), int(peak) * kibibyte, text)


def slope(few: float, many: float, n_few: float, n_many: float) -> float:
    """Return the cost per unit, set-up excluded, from runs of two lengths.

    Examples
    --------
    >>> slope(few=3.0, many=5.0, n_few=10, n_many=20)
    0.2
    """
    if n_many <= n_few:
        raise ValueError(f"slope.n_many: must exceed n_few = {n_few}, got {n_many}")
    return (many - few) / (n_many - n_few)
