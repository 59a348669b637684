"""One trial of a sweep: a point of parameter space as a run of an experiment."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import io
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from bioplastic.commands.logs import set_verbosity
from bioplastic.commands.registry import load_experiment
from bioplastic.commands.run import make_parser
from bioplastic.engine.cache import count_builds
from bioplastic.study.framework import Experiment, compute_results
from bioplastic.sweeps import Value

__all__ = ["ExperimentTrial", "check_options", "list_parameters"]

_OF_THE_SWEEP = frozenset({"help", "scale", "name", "out", "plot_only", "verbose", "animate"})
_NOT_OF_THE_RESULT = frozenset(
    {
        "name",
        "out",
        "plot_only",
        "verbose",
        "animate",
        "resume",
        "checkpoints",
        "checkpoint_every",
        "jobs",
    }
)
"""Options that do not change what is computed."""


class _Parser(argparse.ArgumentParser):
    """A parser that raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


@dataclasses.dataclass(frozen=True)
class ExperimentTrial:
    """A function of a point that runs an experiment there.

    Parameters
    ----------
    experiment, module : str
        Name, and module that exports it.
    scale, data : str
        As on the command line.
    fixed : mapping
        Parameters that all trials share.
    checkpoints : Path, optional
        Folder of the checkpoints of experiments that keep some; an attempt continues the one that
        was interrupted. What a finished trial kept is removed.
    verbosity : int, default 0
        See `bioplastic.commands.logs.set_verbosity`.
    """

    experiment: str
    module: str
    scale: str
    data: str
    fixed: Mapping[str, Value]
    checkpoints: Path | None = dataclasses.field(default=None, compare=False)
    verbosity: int = dataclasses.field(default=0, compare=False)

    @property
    def imports(self) -> tuple[str, ...]:
        """Modules that decide about the result, besides those imported here."""
        return (self.module,)

    def __call__(self, **point: Any) -> dict[str, Any]:
        """Run the experiment and return its numbers; figures are not drawn."""
        experiment = load_experiment(self.experiment, {self.experiment: self.module})
        args = parse_point(self, experiment, point)
        key = hashlib.sha256(repr(sorted(point.items())).encode()).hexdigest()[:16]
        own = None if self.checkpoints is None else self.checkpoints / key
        if own is not None and hasattr(args, "checkpoints"):
            args.checkpoints, args.resume = str(own), True
        if hasattr(args, "jobs"):
            args.jobs = 1
        set_verbosity(self.verbosity)
        before = count_builds()
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            results = compute_results(experiment, args)
        after = count_builds()
        if own is not None:
            shutil.rmtree(own, ignore_errors=True)
        return {
            **results.metrics,
            **{f"baseline_{name}": value for name, value in results.baselines.items()},
            "metrics": " ".join(results.metrics),
            "compiled": after.compiled - before.compiled,
            "cpu_seconds": results.cpu_seconds,
            "wall_seconds": results.wall_seconds,
            "revision": results.revision or "",
        }


def list_parameters(experiment: Experiment) -> dict[str, argparse.Action | tuple[str, ...]]:
    """Return everything a sweep can set: options that take one value or none, and settings."""
    found: dict[str, argparse.Action | tuple[str, ...]] = {}
    for action in make_parser(experiment, _Parser)._actions:
        single = type(action).__name__ in ("_StoreAction", "_StoreTrueAction")
        if single and action.option_strings and action.nargs in (None, 0, "?"):
            if action.dest not in _OF_THE_SWEEP | _NOT_OF_THE_RESULT:
                found[action.dest] = action
    return {**dict(experiment.settings), **found}


def parse_point(
    trial: ExperimentTrial, experiment: Experiment, point: Mapping[str, Value]
) -> argparse.Namespace:
    """Return the arguments of one trial, checked by the parser of the experiment.

    Raises
    ------
    ValueError
        If the experiment refuses a value; the message names it.
    """
    known = list_parameters(experiment)
    options = ["--scale", trial.scale]
    if "data" not in point:
        options += ["--data", trial.data]
    for name, value in {**trial.fixed, **point}.items():
        options += _to_options(name, known[name], value)
    try:
        return make_parser(experiment, _Parser).parse_args(options)
    except ValueError as error:
        where = ", ".join(f"{name}={value}" for name, value in {**trial.fixed, **point}.items())
        raise ValueError(f"{experiment.name} refuses {where}: {error}") from None


def check_options(trial: ExperimentTrial, point: Mapping[str, Value]) -> dict[str, Any]:
    """Return everything that determines a trial, as JSON types, after checking it.

    Raises
    ------
    ValueError
        If the experiment refuses a value.
    """
    experiment = load_experiment(trial.experiment, {trial.experiment: trial.module})
    args = parse_point(trial, experiment, point)
    options = {name: value for name, value in vars(args).items() if name not in _NOT_OF_THE_RESULT}
    return {"experiment": trial.experiment, **_to_json(options)}


def _to_options(name: str, known: argparse.Action | tuple[str, ...], value: Value) -> list[str]:
    text = repr(value) if isinstance(value, float) else str(value)
    if isinstance(known, tuple):
        return [part.replace("{}", text) for part in known]
    option = known.option_strings[-1]
    if known.nargs == 0:
        if not isinstance(value, bool):
            raise ValueError(f"{name}: must be true or false, got {value!r}")
        return [option] if value else []
    return [f"{option}={text.lower() if isinstance(value, bool) else text}"]


def _to_json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _to_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json(entry) for entry in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
