"""``bioplastic sweep NAME --grid ...``: one experiment at many points.

Every trial is one run of the experiment with one seed on one core: `bioplastic.study.measure` with
points. Finished trials lie in the folder of the sweep, and are not run again. The best parameters
are those with the best mean of a validation score; test scores stand in the table and decide
nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from bioplastic.commands.logs import add_verbosity, set_verbosity
from bioplastic.commands.registry import MODULES, load_experiment
from bioplastic.commands.sweep.drawing import draw_sweep
from bioplastic.commands.sweep.trials import ExperimentTrial, check_options, list_parameters
from bioplastic.files import write_json
from bioplastic.processors import count_processors
from bioplastic.study import Failure, measure
from bioplastic.study.framework import SCALES, Experiment, positive_int
from bioplastic.study.provenance import find_revision
from bioplastic.sweeps import (
    Axis,
    Choice,
    Value,
    choose_best,
    cross_axes,
    draw_points,
    is_validation_metric,
    parse_axis,
    write_table,
)

__all__ = ["main", "make_rows"]


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code: 0, 1 if a trial failed, 2 if misused."""
    modules = modules or MODULES
    args = _make_parser().parse_args(argv)
    set_verbosity(args.verbose)
    try:
        experiment = load_experiment(args.experiment, modules)
        axes = [parse_axis(text) for text in args.grid]
        fixed = _read_fixed(args.set, axes)
        _check_names(experiment, [*fixed, *(axis.name for axis in axes)])
        scale = _choose_scale(experiment, args)
        if args.metric is not None:
            _check_metric(args.metric)
        points = draw_points(axes, args.random, args.search_seed) if args.random else None
        points = cross_axes(axes) if points is None else points
        trial = ExperimentTrial(
            experiment=experiment.name,
            module=modules[experiment.name],
            scale=scale,
            data=args.data or experiment.datasets[0],
            fixed=fixed,
            verbosity=args.verbose,
        )
        for point in points:
            check_options(trial, point)
        out = Path(args.out or f"runs/sweep-{experiment.name}-{trial.scale}-{trial.data}")
        failures: list[Failure] = []
        with _connect(args.scheduler) as client:
            data = measure(
                dataclasses.replace(trial, checkpoints=out.resolve() / "checkpoints"),
                points=points,
                store=out,
                jobs=client or min(args.workers or 1, len(points)),
                retries=args.retries,
                failures=failures,
                progress=False if args.no_progress else "trials",
            )
        return _report(make_rows(data, points), data.attrs, failures, axes, args, out)
    except (ImportError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


@contextlib.contextmanager
def _connect(address: str | None) -> Iterator[Any]:
    """Lend a client of a running dask scheduler, or None without an address."""
    if address is None:
        yield None
        return
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise ImportError(
            "--scheduler needs dask.distributed; install it: pip install 'bioplastic[sweep]' "
            f"({error})"
        ) from None
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise OSError(f"there is no scheduler at {address} ({error})") from error
    with client:
        yield client


def make_rows(data: xr.Dataset, points: Sequence[Mapping[str, Value]]) -> list[dict[str, Any]]:
    """Return one row per finished trial: the point, what was measured, where it comes from."""
    rows = []
    for number, point in enumerate(points):
        found = {str(name): each.values[number].item() for name, each in data.data_vars.items()}
        if not found or math.isnan(found["wall_seconds"]):
            continue
        found["compiled"] = int(found["compiled"])
        measured = {name: value for name, value in found.items() if value == value}
        rows.append({**point, **{k: v for k, v in measured.items() if k not in point}})
    return rows


def _report(
    rows: Sequence[Mapping[str, Any]],
    counts: Mapping[str, Any],
    failures: Sequence[Failure],
    axes: Sequence[Axis],
    args: argparse.Namespace,
    out: Path,
) -> int:
    """Write table, choice and pictures; print what came out."""
    written: list[Path] = []
    chosen = None
    metric = _choose_metric(rows, args.metric)
    out.mkdir(parents=True, exist_ok=True)
    (out / "failures.json").unlink(missing_ok=True)
    if failures:
        kept = {str(k): dataclasses.asdict(failure) for k, failure in enumerate(failures)}
        write_json(out / "failures.json", kept)
    if rows:
        written += write_table(rows, out / "table")
        names = [axis.name for axis in axes]
        if metric is not None and is_validation_metric(metric):
            chosen = choose_best(rows, names, metric, minimise=args.minimise)
        if chosen is not None:
            write_json(out / "best.json", _describe(chosen))
            written.append(out / "best.json")
        if metric is not None:
            written += draw_sweep(rows, axes, metric, out, chosen, searched=bool(args.random))
    compiled = sum(int(row["compiled"]) for row in rows)
    found = counts["parts_found"]
    print(
        f"{len(rows) + len(failures)} trials: {len(rows) - found} run, {found} finished before, "
        f"{counts['parts_retried']} tried again, {len(failures)} failed; {compiled} programs "
        "compiled in all"
    )
    _warn_of_revisions(rows)
    if chosen is None:
        print("nothing is chosen: no validation score was measured")
    else:
        point = ", ".join(f"{name} {value}" for name, value in chosen.parameters.items())
        spread = f" ± {chosen.std:.4g}" if chosen.n > 1 else ""
        print(
            f"best {chosen.metric}: {chosen.mean:.4g}{spread} "
            f"({chosen.n} seed{'s' * (chosen.n > 1)}) at {point or 'the only point'}"
        )
    for failure in failures:
        where = ", ".join(f"{name} {value}" for name, value in failure.values.items())
        print(f"failed {where}: {failure.reason}", file=sys.stderr)
    for path in written:
        print(f"wrote {path}")
    return 1 if failures else 0


def _describe(chosen: Choice) -> dict[str, Any]:
    return {
        "parameters": dict(chosen.parameters),
        "metric": chosen.metric,
        "mean": chosen.mean,
        "std": chosen.std if chosen.n > 1 else None,
        "seeds": chosen.n,
    }


def _warn_of_revisions(rows: Sequence[Mapping[str, Any]]) -> None:
    found = {row["revision"] for row in rows}
    if len(found | {find_revision() or ""}) > 1 and rows:
        print(
            "warning: not all trials come from the code as it is now "
            f"({find_revision()}); the column revision tells which",
            file=sys.stderr,
        )


def _choose_metric(rows: Sequence[Mapping[str, Any]], wanted: str | None) -> str | None:
    """Return the metric to choose by: the one asked for, else the first of validation."""
    names = [name for row in rows for name in str(row["metrics"]).split()]
    names = [name for name in dict.fromkeys(names) if not name.endswith("_std")]
    if wanted is not None:
        if names and wanted not in names:
            raise ValueError(f"--metric {wanted}: is not measured (there are: {', '.join(names)})")
        return wanted
    return next(filter(is_validation_metric, names), names[0] if names else None)


def _check_metric(name: str) -> None:
    if not is_validation_metric(name):
        raise ValueError(
            f"--metric {name}: parameters are chosen on validation scores (validation_...), "
            "never on the test set"
        )


def _read_fixed(texts: Sequence[str], axes: Sequence[Axis]) -> dict[str, Value]:
    fixed: dict[str, Value] = {}
    for text in texts:
        axis = parse_axis(text)
        if len(axis.values) != 1:
            raise ValueError(f"--set {text}: must give one value")
        if axis.name in fixed or axis.name in {other.name for other in axes}:
            raise ValueError(f"--set {text}: {axis.name} is given twice")
        fixed[axis.name] = axis.values[0]
    return fixed


def _check_names(experiment: Experiment, names: Sequence[str]) -> None:
    known = list_parameters(experiment)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f"{experiment.name} has no parameter {', '.join(map(repr, unknown))} "
            f"(there are: {', '.join(sorted(known))})"
        )


def _choose_scale(experiment: Experiment, args: argparse.Namespace) -> str:
    scale = args.scale or experiment.default_scale
    if scale not in experiment.costs:
        raise ValueError(
            f"{experiment.name} has no scale {scale!r} (there are: {', '.join(experiment.costs)})"
        )
    if args.data is not None and args.data not in experiment.datasets:
        raise ValueError(
            f"{experiment.name} has no data {args.data!r} "
            f"(there are: {', '.join(experiment.datasets)})"
        )
    return str(scale)


def _whole(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"must be a non-negative integer, got {text!r}")
    return number


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bioplastic sweep",
        description="Run one experiment at many points, several at a time.",
        allow_abbrev=False,
    )
    parser.add_argument("experiment", help="name of the experiment")
    parser.add_argument(
        "--grid",
        nargs="+",
        required=True,
        metavar="NAME=VALUES",
        help="100,400 (a list), 0:5 (integers, the last excluded), 0.002:0.02:log5 or 0:1:lin5",
    )
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="the same for all trials"
    )
    parser.add_argument(
        "--random",
        type=positive_int,
        metavar="N",
        help="draw N points between the ends instead, each with every seed of the grid",
    )
    parser.add_argument("--search-seed", type=_whole, default=0, help="fixes that draw; default 0")
    parser.add_argument("--scale", choices=SCALES, help="default: that of the experiment")
    parser.add_argument("--data", help="default: that of the experiment")
    parser.add_argument(
        "--workers",
        type=_whole,
        default=count_processors(),
        help="processes, one core each (default: all processors; 0 or 1: this process)",
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="a running dask scheduler, tcp://HOST:PORT"
    )
    parser.add_argument(
        "--retries", type=_whole, default=2, help="attempts after a failed one; default 2"
    )
    parser.add_argument(
        "--metric", help="validation score to choose by (default: the first that is measured)"
    )
    parser.add_argument("--minimise", action="store_true", help="less of the metric is better")
    parser.add_argument("--out", help="folder of the sweep (default: one in runs/)")
    parser.add_argument("--no-progress", action="store_true", help="show no progress bar")
    add_verbosity(parser)
    return parser
