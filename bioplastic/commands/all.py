"""``bioplastic all``: every experiment in a process of its own, then the report."""

from __future__ import annotations

import argparse
import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

from bioplastic.commands.logs import add_verbosity, set_verbosity
from bioplastic.commands.registry import MODULES, load_experiment
from bioplastic.commands.report import TABLE_FILES, write_report, write_tables
from bioplastic.commands.run import make_parser
from bioplastic.files import DamagedFileError, read_json, write_json
from bioplastic.study.framework import (
    DEFAULT_OUT,
    SCALES,
    Experiment,
    name_results,
    positive_int,
    prepare_folder,
)
from bioplastic.study.provenance import find_revision
from bioplastic.study.results import load_numbers

__all__ = ["Job", "choose_scale", "main"]

_LOG = logging.getLogger(__name__)
_START = "import sys; from bioplastic.cli import main; sys.exit(main(sys.argv[2:], {modules}))"


@dataclass(frozen=True)
class Job:
    """One experiment as a process.

    Parameters
    ----------
    name, scale : str
        Which, and how much of it.
    results : str
        What its results are called.
    command : tuple of str
        What is run.
    """

    name: str
    scale: str
    results: str
    command: tuple[str, ...]


def main(argv: Sequence[str], modules: Mapping[str, str] | None = None) -> int:
    """Run the sub-command and return its exit code: 0, or 1 if an experiment failed."""
    modules = MODULES if modules is None else modules
    args = _make_parser(modules).parse_args(argv)
    set_verbosity(args.verbose)
    out, place = Path(args.out), Path(args.runs or f"runs/all-{args.scale}-seed{args.seed}")
    prepare_folder(out)
    if not args.resume:
        for name in ("done", "logs", "checkpoints"):
            shutil.rmtree(place / name, ignore_errors=True)
    for name in ("done", "logs"):
        (place / name).mkdir(parents=True, exist_ok=True)
    jobs = [_plan(name, args, modules, place) for name in args.only or modules]
    todo = [job for job in jobs if not _is_done(job, args, place)]
    for job in jobs:
        if job not in todo:
            print(f"{job.name}: finished before")
        elif job.scale != args.scale:
            print(f"{job.name}: has no scale {args.scale}, {job.scale} is run")
    failed = _run_all(todo, args, place)
    if not failed:
        shutil.rmtree(place / "checkpoints", ignore_errors=True)
    code = _write_report(out, modules)
    print(f"{len(jobs)} experiments: {len(todo) - len(failed)} run, "
          f"{len(jobs) - len(todo)} finished before, {len(failed)} failed")  # fmt: skip
    for name, reason in failed.items():
        print(f"failed {name}: {reason}", file=sys.stderr)
    return 1 if failed else code


def choose_scale(experiment: Experiment, wanted: str) -> str:
    """Return the scale that is asked for, or else the nearest smaller one, or the smallest.

    Examples
    --------
    >>> from bioplastic.commands.registry import load_experiment
    >>> choose_scale(load_experiment("audit"), "paper")
    'quick'
    """
    there = [scale for scale in SCALES if scale in experiment.costs]
    smaller = [scale for scale in there if SCALES.index(scale) <= SCALES.index(wanted)]
    return smaller[-1] if smaller else there[0]


def _plan(name: str, args: argparse.Namespace, modules: Mapping[str, str], place: Path) -> Job:
    experiment = load_experiment(name, modules)
    scale = choose_scale(experiment, args.scale)
    results = name_results(experiment, scale, experiment.datasets[0])
    options = {action.dest for action in make_parser(experiment)._actions}
    command = [name, "--scale", scale, "--seed", str(args.seed), "--out", args.out]
    if "jobs" in options:
        command += ["--jobs", "1"]
    if {"checkpoints", "resume"} <= options:
        command += ["--checkpoints", str(place / "checkpoints" / name)]
        command += ["--resume"] if args.resume else []
    command += ["-v"] if args.verbose else []
    if modules is MODULES:
        return Job(name, scale, results, (sys.executable, "-m", "bioplastic", *command))
    start = _START.format(modules=dict(modules))
    return Job(name, scale, results, (sys.executable, "-c", start, "bioplastic", *command))


def _is_done(job: Job, args: argparse.Namespace, place: Path) -> bool:
    """Return whether this run finished an experiment before, and its results are there."""
    if not args.resume:
        return False
    try:
        done = read_json(place / "done" / f"{job.name}.json")
        results = load_numbers(Path(args.out) / f"{job.results}.json")
    except (FileNotFoundError, DamagedFileError, TypeError, ValueError):
        return False
    wanted = {"scale": job.scale, "seed": args.seed, "out": args.out}
    same = {name: done.get(name) for name in wanted} == wanted
    return same and (results.scale, results.seed) == (job.scale, args.seed)


def _run_all(jobs: Sequence[Job], args: argparse.Namespace, place: Path) -> dict[str, str]:
    """Run the jobs, some at a time; return what went wrong by name."""
    failed: dict[str, str] = {}
    running: dict[str, subprocess.Popen[bytes]] = {}
    with (
        tqdm(total=len(jobs), desc="experiments", unit="") as bar,
        ThreadPoolExecutor(args.jobs) as pool,
    ):
        futures = {pool.submit(_run_one, job, args, place, running): job for job in jobs}
        try:
            for future in as_completed(futures):
                job = futures[future]
                reason = future.result()
                if reason:
                    failed[job.name] = reason
                    bar.set_postfix(failed=len(failed))
                bar.update()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running.values()):
                process.terminate()
            raise
    return failed


def _run_one(
    job: Job, args: argparse.Namespace, place: Path, running: dict[str, subprocess.Popen[bytes]]
) -> str:
    """Run a job and return why it failed, or nothing."""
    log, start, revision = place / "logs" / f"{job.name}.log", time.monotonic(), find_revision()
    _LOG.info("running %s, scale %s", job.name, job.scale)
    with log.open("wb") as stream:
        process = subprocess.Popen(job.command, stdout=stream, stderr=subprocess.STDOUT)
        running[job.name] = process
        code = process.wait()
        del running[job.name]
    seconds = time.monotonic() - start
    if code != 0:
        lines = log.read_text("utf-8", errors="replace").strip().splitlines()
        return (
            f"exit code {code} after {seconds:.0f} s, {lines[-1] if lines else 'no output'} ({log})"
        )
    _LOG.info("%s took %.0f s", job.name, seconds)
    done = {"scale": job.scale, "seed": args.seed, "out": args.out, "revision": revision}
    write_json(place / "done" / f"{job.name}.json", {**done, "seconds": round(seconds, 1)})
    return ""


def _write_report(out: Path, modules: Mapping[str, str]) -> int:
    """Write the page and, for the figures of the project, the tables of the project."""
    try:
        print(f"wrote {write_report(out, modules)}")
        for path in map(Path, TABLE_FILES):
            if out == Path(DEFAULT_OUT) and modules is MODULES and path.exists():
                write_tables(path, out)
                print(f"wrote the tables of {path}")
    except (FileNotFoundError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _make_parser(modules: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bioplastic all",
        description="Run every experiment, each in its own process, then gather the report.",
        allow_abbrev=False,
    )
    parser.add_argument("--scale", choices=SCALES, default="quick", help="default %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default 0")
    parser.add_argument("--jobs", type=positive_int, default=1, help="processes; default 1")
    parser.add_argument(
        "--only", nargs="+", choices=sorted(modules), metavar="NAME", help="some of them"
    )
    parser.add_argument("--out", default=DEFAULT_OUT, help="default %(default)s")
    parser.add_argument(
        "--runs", help="folder of logs and of what is finished; default: one in runs/"
    )
    parser.add_argument(
        "--resume", action="store_true", help="skip what is finished, continue what is not"
    )
    add_verbosity(parser)
    return parser
