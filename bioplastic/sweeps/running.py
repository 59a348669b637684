"""Run trials on workers, again where one fails, and keep each result as soon as it is there."""

from __future__ import annotations

import contextlib
import importlib
import logging
import math
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tqdm.auto import tqdm

from bioplastic.sweeps.folder import SweepFolder
from bioplastic.validation import check_integer

__all__ = ["Failure", "SweepOutcome", "TrialFunction", "run_trials"]

_LOG = logging.getLogger(__name__)

TrialFunction = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Takes the key of a trial and its parameters, returns its record as JSON types."""


@dataclass(frozen=True)
class Failure:
    """A trial that failed each time it was tried.

    Parameters
    ----------
    key : str
        The trial.
    errors : tuple of str
        One traceback per attempt.
    workers : tuple of str
        Where each attempt was made.
    """

    key: str
    errors: tuple[str, ...]
    workers: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The last line of the last error."""
        return self.errors[-1].strip().splitlines()[-1]


@dataclass(frozen=True)
class SweepOutcome:
    """What became of the trials.

    Parameters
    ----------
    records : mapping of str to dict
        Records of the finished trials by key, in the order of the trials.
    failures : tuple of Failure
        Trials without a record.
    skipped : int
        Trials that were finished before.
    retried : int
        Attempts that failed and were followed by another.
    """

    records: Mapping[str, Mapping[str, Any]]
    failures: tuple[Failure, ...]
    skipped: int
    retried: int


@dataclass
class _Attempts:
    """The failed attempts at each trial so far."""

    errors: dict[str, list[str]] = field(default_factory=dict)
    workers: dict[str, list[str]] = field(default_factory=dict)

    def add(self, key: str, error: str, worker: str) -> int:
        self.errors.setdefault(key, []).append(error)
        self.workers.setdefault(key, []).append(worker)
        return len(self.errors[key])

    def failure(self, key: str) -> Failure:
        return Failure(key, tuple(self.errors[key]), tuple(self.workers[key]))


def run_trials(
    function: TrialFunction,
    trials: Mapping[str, Mapping[str, Any]],
    folder: SweepFolder,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    retries: int = 2,
    progress: bool = True,
) -> SweepOutcome:
    """Run every trial that the folder does not hold yet.

    A finished trial is written at once by this process, which alone writes, so a worker that is
    killed takes nothing with it but the trial it is at, and that one is given to another worker.

    Parameters
    ----------
    function : callable
        Runs one trial; importable on the workers.
    trials : mapping of str to mapping
        Parameters of each trial by its key.
    folder : SweepFolder
        Where records are kept; open.
    workers : int, optional
        Processes of a local cluster, each with one thread; the number of processors by default,
        never more than trials. 0 runs in this process, without dask.
    scheduler : str, optional
        Address of a running dask scheduler to use instead, for example ``tcp://10.0.0.1:8786``.
    retries : int, default 2
        How often a failed trial is tried again, on another worker where there is one.
    progress : bool, default True
        Show a progress bar.

    Returns
    -------
    SweepOutcome

    Raises
    ------
    ValueError
        If a number is out of range.
    ImportError
        If dask.distributed is missing.
    OSError
        If the scheduler cannot be reached or a record cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> def square(key, parameters):
    ...     return {"metrics": {"y": parameters["x"] ** 2}}
    >>> with SweepFolder(tempfile.mkdtemp(), {}) as folder:
    ...     outcome = run_trials(
    ...         square, {"a": {"x": 2}, "b": {"x": 3}}, folder, workers=0, progress=False
    ...     )
    >>> [record["metrics"]["y"] for record in outcome.records.values()]
    [4, 9]
    """
    check_integer("run_trials.retries", retries, minimum=0)
    if workers is not None:
        check_integer("run_trials.workers", workers, minimum=0)
    stored = folder.load()
    records = {key: stored[key] for key in trials if key in stored}
    todo = {key: dict(parameters) for key, parameters in trials.items() if key not in records}
    skipped = len(records)
    _LOG.info("%d trials, %d of them finished before", len(trials), skipped)
    attempts = _Attempts()
    failures: list[Failure] = []
    run = _in_this_process if workers == 0 and scheduler is None else _on_a_cluster
    with (
        tqdm(total=len(trials), initial=skipped, desc="trials", disable=not progress) as bar,
        contextlib.closing(run(function, todo, workers, scheduler, attempts, retries)) as results,
    ):
        for key, record in results:
            if record is None:
                failures.append(attempts.failure(key))
                folder.save_failure(key, _describe_failure(failures[-1], todo[key]))
                _LOG.warning("trial %s failed: %s", key, failures[-1].reason)
                bar.set_postfix(failed=len(failures))
            else:
                tries = len(attempts.errors.get(key, ())) + 1
                records[key] = {**record, "parameters": todo[key], "attempts": tries}
                folder.save(key, records[key])
            bar.update()
    return SweepOutcome(
        records={key: records[key] for key in trials if key in records},
        failures=tuple(failures),
        skipped=skipped,
        retried=sum(map(len, attempts.errors.values())) - len(failures),
    )


def _describe_failure(failure: Failure, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "parameters": dict(parameters),
        "errors": list(failure.errors),
        "workers": list(failure.workers),
    }


def _in_this_process(
    function: TrialFunction,
    trials: Mapping[str, Mapping[str, Any]],
    workers: int | None,
    scheduler: str | None,
    attempts: _Attempts,
    retries: int,
) -> Generator[tuple[str, dict[str, Any] | None], None, None]:
    for key, parameters in trials.items():
        while True:
            record, error, worker = _attempt(function, key, parameters)
            if record is not None:
                yield key, {**record, "worker": worker}
                break
            if attempts.add(key, error, worker) > retries:
                yield key, None
                break


def _on_a_cluster(
    function: TrialFunction,
    trials: Mapping[str, Mapping[str, Any]],
    workers: int | None,
    scheduler: str | None,
    attempts: _Attempts,
    retries: int,
) -> Generator[tuple[str, dict[str, Any] | None], None, None]:
    if not trials:
        return
    distributed = _import_distributed()
    with _connect(distributed, workers, scheduler, len(trials), retries) as client:
        names = {}

        def submit(key: str, others: list[str] | None = None) -> Any:
            number = len(attempts.errors.get(key, ()))
            future = client.submit(
                _attempt, function, key, dict(trials[key]),
                key=f"trial-{key}-{number}-{time.time_ns()}", pure=False,
                workers=others or None, allow_other_workers=bool(others),
            )  # fmt: skip
            names[future.key] = key
            return future

        pending = distributed.as_completed([submit(key) for key in trials])
        for future in pending:
            key = names[future.key]
            record, error, worker = _fetch(future, distributed)
            if record is not None:
                yield key, {**record, "worker": worker}
            elif attempts.add(key, error, worker) > retries:
                yield key, None
            else:
                _LOG.info("trial %s failed on %s and is tried again", key, worker)
                tried = set(attempts.workers[key])
                pending.add(submit(key, [name for name in client.nthreads() if name not in tried]))


def _attempt(
    function: TrialFunction, key: str, parameters: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, str, str]:
    """Return the record of a trial, or None and the traceback; and where it was tried."""
    place = "this process"
    if "distributed" in sys.modules:
        with contextlib.suppress(ValueError):  # no worker
            place = sys.modules["distributed"].get_worker().address
    try:
        return dict(function(key, parameters)), "", place
    except Exception:
        return None, traceback.format_exc(), place


def _fetch(future: Any, distributed: Any) -> tuple[dict[str, Any] | None, str, str]:
    """Return what `_attempt` returned; the trial may have killed its workers instead."""
    try:
        record, error, worker = future.result()
    except distributed.scheduler.KilledWorker as killed:
        return None, f"the trial ended the processes of its workers ({killed})", "several"
    return record, error, worker


@contextlib.contextmanager
def _connect(
    distributed: Any, workers: int | None, scheduler: str | None, trials: int, retries: int
) -> Iterator[Any]:
    """Lend a client of the given scheduler, or of a cluster of processes of this machine."""
    if scheduler is not None:
        try:
            client = distributed.Client(scheduler, timeout="10s")
        except (OSError, ValueError) as error:
            raise OSError(f"there is no scheduler at {scheduler} ({error})") from error
        with client:
            yield client
        return
    number = min(trials, workers or _processors())
    dask = importlib.import_module("dask")
    settings = {
        # one trial at a time on each worker, so that the end of a worker concerns one trial
        "distributed.scheduler.worker-saturation": 1.0,
        "distributed.scheduler.allowed-failures": retries,
    }
    with (
        tempfile.TemporaryDirectory(prefix="bioplastic-sweep-") as scratch,
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=number,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
            local_directory=scratch,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        _LOG.info("%d workers", number)
        yield client


def _processors() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, math.floor(usable or 1))


def _import_distributed() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise ImportError(
            "a sweep with workers needs dask.distributed; install it with "
            f"`pip install 'bioplastic[sweep]'`, or use 0 workers ({error})"
        ) from error
