"""The command ``bioplastic``, which is ``python -m experiments`` in a checkout."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence

import bioplastic
from bioplastic.commands.registry import MODULES

__all__ = ["COMMANDS", "main"]

_USAGE = """\
usage: bioplastic COMMAND [options]

commands:
{commands}
    NAME       the experiment of this name: the same as run NAME

options:
    -h, --help     show this, or after a command its options
    --version      show the version
"""

COMMANDS: Mapping[str, str] = {
    "run": "one experiment: compute, store, draw",
    "list": "all experiments, with paper and cost",
    "sweep": "one experiment over a grid or random points, on many cores",
    "all": "every experiment, each in a process of its own",
    "report": "all stored results on one page",
    "spikes": "a report on a spike file",
    "cache": "list or remove compiled programs",
    "benchmark": "speed and memory beside other simulators, on MNIST",
}
"""One line on each module of `bioplastic.commands` that has a ``main``, which takes the arguments
and the modules of the experiments."""


def main(argv: Sequence[str] | None = None, modules: Mapping[str, str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.
    modules : mapping of str to str, optional
        Module of each experiment; those of `bioplastic.experiments` by default.

    Returns
    -------
    int
        0 on success, 1 if files cannot be read or written or belong to another run, 2 for a wrong
        command, 130 after an interruption from the keyboard.

    Examples
    --------
    >>> main(["--version"])
    bioplastic 0.1.0
    0
    """
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv), modules or MODULES)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("interrupted; no unfinished file is left", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except SystemExit as stop:  # argparse has printed what is wrong
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _run(argv: list[str], modules: Mapping[str, str]) -> int:
    lines = [f"    {name.ljust(11)}{about}" for name, about in COMMANDS.items()]
    usage = _USAGE.format(commands="\n".join(lines))
    first = argv[0] if argv else "--help"
    if first in ("-h", "--help"):
        print(usage, end="")
        return 0
    if first == "--version":
        print(f"bioplastic {bioplastic.__version__}")
        return 0
    if first == "--list":
        first = "list"
    if first in COMMANDS:
        command, rest = first, argv[1:]
    elif first in modules:
        command, rest = "run", argv
    elif first.startswith("-"):
        print(f"error: the name of a command comes first, got {first}\n{usage}", end="",
              file=sys.stderr)  # fmt: skip
        return 2
    else:
        names = ", ".join(sorted(modules)) or "none"
        print(f"error: unknown command {first!r}; the experiments are: {names}\n{usage}", end="",
              file=sys.stderr)  # fmt: skip
        return 2
    return int(importlib.import_module(f"bioplastic.commands.{command}").main(rest, modules))


if __name__ == "__main__":
    sys.exit(main())
