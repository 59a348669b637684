"""``bioplastic run NAME``: one experiment, computed, stored and drawn."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bioplastic.checkpoints import RunFolderError
from bioplastic.commands.logs import add_verbosity, set_verbosity
from bioplastic.commands.registry import MODULES, load_experiment
from bioplastic.commands.summary import format_summary
from bioplastic.files import DamagedFileError, WrongVersionError
from bioplastic.study.framework import (
    DEFAULT_OUT,
    SCALES,
    Experiment,
    add_run_options,
    compute_results,
    draw_figures,
    name_results,
    prepare_folder,
)
from bioplastic.study.results import load_results, save_results

__all__ = ["main", "make_parser"]

_LOG = logging.getLogger(__name__)


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code: 0, 1 if files are wrong, 2 if misused."""
    known = modules or MODULES
    if not argv or argv[0].startswith("-"):
        asked = list(argv[:1]) in (["-h"], ["--help"])
        usage = "usage: bioplastic run NAME [options]\n       bioplastic run NAME --help"
        print(f"{usage}\nexperiments: {', '.join(known)}", file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    try:
        experiment = load_experiment(argv[0], known)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    parser = make_parser(experiment)
    args = parser.parse_args(argv[1:])
    try:
        args.name = name_results(experiment, args.scale, args.data, args.name)
    except ValueError as error:
        parser.error(f"argument --name: {str(error).partition(': ')[2]}")
    set_verbosity(args.verbose)
    try:
        return _execute(experiment, args)
    except (RunFolderError, DamagedFileError, WrongVersionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _execute(experiment: Experiment, args: argparse.Namespace) -> int:
    out = Path(args.out)
    path = out / f"{args.name}.json"
    if args.plot_only:
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
    try:
        written += draw_figures(experiment, results, out)
    except KeyError as error:
        if not args.plot_only:
            raise
        raise DamagedFileError(
            f"{path}: damaged, or not of this version of the experiment: {error} is missing"
        ) from error
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
        prog=f"bioplastic run {experiment.name}",
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
    if experiment.animates:
        parser.add_argument(
            "--animate", action="store_true", help="record the weights, write an animation of them"
        )
    add_verbosity(parser)
    if experiment.protocols:
        add_run_options(parser, experiment)
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
