"""The command line: ``python -m experiments NAME ...``."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bioplastic.checkpoints import RunFolderError
from bioplastic.files import DamagedFileError, WrongVersionError
from experiments.framework import (
    DEFAULT_OUT,
    SCALES,
    Experiment,
    compute_results,
    draw_figures,
    name_results,
    prepare_folder,
)
from experiments.logs import add_verbosity, set_verbosity
from experiments.registry import MODULES, load_experiment
from experiments.results import load_results, save_results
from experiments.summary import format_list, format_summary

__all__ = ["main", "make_parser"]

_LOG = logging.getLogger("bioplastic.experiments.cli")

_USAGE = """\
usage: python -m experiments NAME [options]     run one experiment
       python -m experiments NAME --help        show its options
       python -m experiments --list             show all, with paper and cost
       python -m experiments sweep NAME ...     run one experiment many times
       python -m experiments all ...            run every experiment
       python -m experiments report ...         gather all results on one page
       python -m experiments spikes FILE        report on a spike file
"""

COMMANDS: Mapping[str, tuple[str, str]] = {
    "sweep": ("experiments.sweep", "one experiment over a grid or random points, on many cores"),
    "all": ("experiments.everything", "every experiment, each in a process of its own"),
    "report": ("experiments.report", "figures/index.html and the table of the README"),
    "spikes": ("experiments.spikes", "a report on a spike file"),
}
"""What is no experiment: the module and one line on it. Its ``main`` takes the arguments and the
modules of the experiments."""


def main(argv: Sequence[str] | None = None, modules: Mapping[str, str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.
    modules : mapping of str to str, optional
        Module of each experiment; the registry by default.

    Returns
    -------
    int
        0 on success, 1 if files cannot be read or written or belong to another run, 2 for a wrong
        command, 130 after an interruption from the keyboard.
    """
    try:
        return _run(list(sys.argv[1:] if argv is None else argv), modules or MODULES)
    except KeyboardInterrupt:
        print("interrupted; no unfinished file is left", file=sys.stderr)
        return 130
    except (OSError, RunFolderError, DamagedFileError, WrongVersionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except SystemExit as stop:  # argparse has printed what is wrong
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)


def _run(argv: list[str], modules: Mapping[str, str]) -> int:
    if not argv or argv[0] in ("-h", "--help"):
        print(_USAGE, end="", file=sys.stdout if argv else sys.stderr)
        return 0 if argv else 2
    if argv == ["--list"]:
        print(format_list(load_experiment(name, modules) for name in modules))
        width = max(map(len, COMMANDS))
        lines = [f"{name.ljust(width)}  {about}" for name, (_, about) in COMMANDS.items()]
        print("\n".join(["", "commands:", *(f"    {line}" for line in lines)]))
        return 0
    if argv[0] in COMMANDS:
        code = importlib.import_module(COMMANDS[argv[0]][0]).main(argv[1:], modules)
        return int(code)
    if argv[0].startswith("-"):
        print(f"error: the name of an experiment comes first\n{_USAGE}", end="", file=sys.stderr)
        return 2
    try:
        experiment = load_experiment(argv[0], modules)
    except ValueError as error:
        print(f"error: {error}\n{_USAGE}", end="", file=sys.stderr)
        return 2
    parser = make_parser(experiment)
    args = parser.parse_args(argv[1:])
    try:
        args.name = name_results(experiment, args.scale, args.data, args.name)
    except ValueError as error:
        parser.error(f"argument --name: {str(error).partition(': ')[2]}")
    set_verbosity(args.verbose)
    return _execute(experiment, args)


def _execute(experiment: Experiment, args: argparse.Namespace) -> int:
    out = Path(args.out)
    if args.plot_only:
        path = out / f"{args.name}.json"
        try:
            results = load_results(path)
        except FileNotFoundError as error:
            print(
                f"error: {error.filename} does not exist; run the experiment without --plot-only "
                "first",
                file=sys.stderr,
            )
            return 1
        except (TypeError, ValueError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        written = []
    else:
        prepare_folder(out)
        _LOG.info("computing %s, scale %s, data %s", experiment.name, args.scale, args.data)
        results = compute_results(experiment, args)
        written = list(save_results(results, out))
        _LOG.info("computed %s in %.1f s", experiment.name, results.wall_seconds)
    revision = results.revision or "no revision"
    print(
        f"{experiment.title}\n{results.reference}\n"
        f"scale {results.scale}, data {results.data}, seed {results.seed}, {revision}, "
        f"{results.wall_seconds:.1f} s ({results.cpu_seconds:.1f} s of processor time)\n\n"
        f"{format_summary(results)}\n",
        flush=True,
    )
    written += draw_figures(experiment, results, out)
    for path in written:
        print(f"wrote {path}")
    return 0


def make_parser(
    experiment: Experiment, kind: type[argparse.ArgumentParser] = argparse.ArgumentParser
) -> argparse.ArgumentParser:
    """Return the parser of an experiment: the common options, and its own."""
    costs = ", ".join(
        f"{scale} {experiment.costs[scale]}" for scale in SCALES if scale in experiment.costs
    )
    parser = kind(
        prog=f"python -m experiments {experiment.name}",
        description=f"{experiment.title}. {experiment.reference}",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--scale",
        choices=[scale for scale in SCALES if scale in experiment.costs],
        default=experiment.default_scale,
        help=f"how much to compute ({costs}); default %(default)s",
    )
    parser.add_argument(
        "--data",
        choices=experiment.datasets,
        default=experiment.datasets[0],
        help="what to learn; default %(default)s",
    )
    parser.add_argument("--seed", type=_seed, default=0, help="fixes everything; default 0")
    parser.add_argument(
        "--out", default=DEFAULT_OUT, help="folder of the output; default %(default)s"
    )
    parser.add_argument(
        "--name",
        help="what the files are called (default: as the experiment, with data and scale where "
        "they are not the default)",
    )
    parser.add_argument(
        "--plot-only", action="store_true", help="draw the stored results again, compute nothing"
    )
    add_verbosity(parser)
    experiment.add_arguments(parser)
    return parser


def _seed(text: str) -> int:
    try:
        seed = int(text)
    except ValueError:
        seed = -1
    if not 0 <= seed < 2**32:
        raise argparse.ArgumentTypeError(f"must be an integer from 0 to 2**32 - 1, got {text!r}")
    return seed
