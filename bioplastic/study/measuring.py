"""Measure a function at every combination of its factors: side by side, kept, labelled."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import itertools
import json
import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

import xarray as xr
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

from bioplastic.checkpoints.parameters import to_plain
from bioplastic.checkpoints.seconds import Seconds, seconds_spent, take_over, taken_over
from bioplastic.entries import digest
from bioplastic.processors import use_processors
from bioplastic.study.labels import Dimension, assemble, label_part, read_factor
from bioplastic.study.labels import Fixed as _Fixed
from bioplastic.study.labels import Labelled as _Labelled
from bioplastic.study.sources import digest_code, name_of
from bioplastic.study.store import Store
from bioplastic.validation import check_flag, check_integer

__all__ = ["Failure", "PartError", "fixed", "labelled", "measure"]

_OWN = ("store", "jobs", "progress", "where", "points", "ragged", "retries", "failures")


def fixed(value: Any) -> Any:
    """Mark a sequence as one value of `measure`, not as a factor: ``tests=fixed((1, 10, 100))``.

    Examples
    --------
    >>> measure(lambda tests: float(sum(tests)), tests=fixed((1, 2)), progress=False).value.item()
    3.0
    """
    return _Fixed(value)


def labelled(values: Mapping[str, Any]) -> Any:
    """Make a factor of objects under labels: ``arm=labelled({"local": {}, "rls": {"rls": True}})``.

    The dimension has the labels, the function gets the objects.

    Examples
    --------
    >>> arms = labelled({"one": {"n": 1}, "two": {"n": 2}})
    >>> measure(lambda arm: arm["n"], arm=arms, progress=False).value.sel(arm="two").item()
    2
    """
    return _Labelled(values)


class PartError(RuntimeError):
    """A part could not be measured; the message says which, and has the traceback."""


@dataclass(frozen=True)
class Failure:
    """A part that failed each time it was tried.

    Parameters
    ----------
    values : mapping
        The labels of the part, one per dimension.
    errors : tuple of str
        One traceback per attempt.
    """

    values: Mapping[str, Any]
    errors: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The last line of the last error."""
        return self.errors[-1].strip().splitlines()[-1]


@dataclass
class _Part:
    index: tuple[int, ...]
    labels: dict[str, Any]
    values: dict[str, Any]
    key: str = ""
    plain: dict[str, Any] | None = None


@dataclass
class _Outcome:
    """What became of one call, in whichever process."""

    part: xr.Dataset | None
    seconds: Seconds
    taken: Seconds
    error: str = ""
    worker: str = ""


def measure(
    function: Callable[..., Any],
    *,
    store: Store | str | os.PathLike[str] | None = None,
    jobs: Any = 1,
    progress: bool | str = True,
    where: Callable[..., bool] | None = None,
    points: Sequence[Mapping[str, Any]] | None = None,
    ragged: Collection[str] = (),
    retries: int = 0,
    failures: list[Failure] | None = None,
    **factors: Any,
) -> xr.Dataset:
    """Call a function once at every combination of its factors; return everything with labels.

    Parameters
    ----------
    function : callable
        Measures one case; every factor is one of its arguments, passed by name. It returns a
        number, an array, a mapping of names to numbers, arrays, quantities and `xarray.DataArray`,
        or an `xarray.Dataset`. One result without a name is called ``value``. The axes of plain
        arrays are dimensions ``NAME_0``, ``NAME_1``. Variables that only some parts return are NaN
        in the others.
    store : Store or path-like, optional
        Where finished parts are kept. A part that is there is read, not computed: its key holds the
        function, all its values, and everything that `digest_code` finds. So one store serves any
        number of studies, what a killed run has finished is taken up by the next, and a changed
        program is measured anew. With a store, ``function`` must have a name in a file.
    jobs : int or dask client, default 1
        Processes, or a ``distributed.Client``. 1 stays in this process. Other processes import the
        module of the function, so a script must start its work below
        ``if __name__ == "__main__":``. This process alone writes to the store.
    progress : bool or str, default True
        Show a progress bar, under this title.
    where : callable, optional
        Takes the factors that it names and returns whether this combination is measured; others
        are NaN: ``where=lambda arm, seed: arm == "local" or seed < 3``. It gets labels.
    points : sequence of mappings, optional
        Instead of a grid: the values of further factors at each point, for example of a random
        search. The points get the dimension ``point``, and coordinates with their values.
    ragged : collection of str, default ()
        Variables whose shapes may differ between parts: they are filled up with NaN (integers
        become floats). Other variables must have equal shapes.
    retries : int, default 0
        How often a part that raised an error, or whose process was killed, is tried again; on dask
        by another worker, where there is one.
    failures : list, optional
        Takes a `Failure` for each part that failed even so, which is then NaN in the result.
        Without it, the first failure ends the study with an error; finished parts are kept.
    **factors
        For every argument of the function either a sequence (list, tuple, range, array, quantity
        of one dimension) of numbers, truth values, texts or objects with an attribute ``name``,
        which becomes a dimension; or `labelled` objects, a dimension too; or anything else, such
        as a dataclass of sizes, which is a constant: all calls get it and it belongs to the key.
        A sequence that is a constant is marked `fixed`.

    Returns
    -------
    Dataset
        Dimensions are the factors in the order given, then those of the parts; quantities are
        numbers in SI units with an attribute ``units``. ``attrs`` holds ``cpu_seconds`` (of all
        processes, and of stored parts when they were computed), ``wall_seconds``, ``parts``,
        ``parts_found`` in the store and ``parts_retried``.

    Raises
    ------
    TypeError
        If the factors are not the arguments of the function, a factor cannot be labelled or a
        constant cannot be part of a key, or a result cannot be stored.
    ValueError
        If a factor is empty or repeats a value, or shapes or coordinates of the parts differ.
    PartError
        If a part fails.

    Examples
    --------
    >>> import numpy as np
    >>> def run(seed, p):
    ...     rng = np.random.default_rng(seed)
    ...     return {"mean": rng.normal(p), "curve": np.full(3, p)}
    >>> data = measure(run, seed=range(3), p=[0.2, 0.8], progress=False)
    >>> dict(data.sizes)
    {'seed': 3, 'p': 2, 'curve_0': 3}
    >>> data["curve"].sel(p=0.8).mean("seed").values
    array([0.8, 0.8, 0.8])
    """
    dimensions, parts = _list_parts(function, factors, where, points)
    check_integer("measure.retries", retries, minimum=0)
    if isinstance(jobs, int):
        check_integer("measure.jobs", jobs, minimum=1)
    elif not hasattr(jobs, "get_executor"):
        raise TypeError(f"measure.jobs: must be a positive integer or a dask client, got {jobs!r}")
    if not isinstance(progress, str):
        check_flag("measure.progress", progress)
    kept = store if store is None or isinstance(store, Store) else Store(store)
    name = _name(function)
    code = ""
    if kept is not None or jobs != 1:
        _check_portable(function)
        code = digest_code(function)
    for part in parts if kept is not None else ():
        part.plain = to_plain("measure", part.values)
        part.key = _key(function, part.plain, code)
    began = time.perf_counter()
    done: dict[tuple[int, ...], xr.Dataset] = {}
    cpu, stored_wall, found, retried = 0.0, 0.0, 0, 0
    share = 1 if not isinstance(jobs, int) else jobs
    title = progress if isinstance(progress, str) else name
    study = _Study(function, code, kept, name, jobs, retries)
    with tqdm(total=len(parts), desc=title, disable=progress is False) as bar:
        with contextlib.closing(study.run(parts)) as outcomes:
            for part, outcome, errors in outcomes:
                retried += len(errors) - (outcome is None)
                if outcome is None:
                    failure = Failure(part.labels, tuple(errors))
                    if failures is None:
                        raise PartError(f"{name} failed at {_where(part)}\n{errors[-1]}")
                    failures.append(failure)
                    bar.set_postfix(failed=len(failures))
                else:
                    assert outcome.part is not None
                    done[part.index] = outcome.part
                    cpu += outcome.seconds.cpu
                    if outcome.error == "stored":
                        found += 1
                        stored_wall += outcome.seconds.wall / share
                        take_over(Seconds(outcome.seconds.cpu, outcome.seconds.wall / share))
                    elif not isinstance(jobs, int):
                        take_over(Seconds(outcome.seconds.cpu, 0.0))
                    elif jobs > 1:
                        take_over(Seconds(outcome.taken.cpu, outcome.taken.wall / jobs))
                bar.update()
    data = assemble(dimensions, done, set(ragged))
    data.attrs |= {
        "cpu_seconds": cpu,
        "wall_seconds": time.perf_counter() - began + stored_wall,
        "parts": len(done),
        "parts_found": found,
        "parts_retried": retried,
    }
    return data


# ---- which parts ---------------------------------------------------------------------------------


def _list_parts(
    function: Callable[..., Any],
    factors: Mapping[str, Any],
    where: Callable[..., bool] | None,
    points: Sequence[Mapping[str, Any]] | None,
) -> tuple[list[Dimension], list[_Part]]:
    """Return the dimensions, and every part to be measured, the last factor fastest."""
    if not callable(function):
        raise TypeError(f"measure.function: must be callable, got {function!r}")
    dimensions, constants = [], {}
    for name, values in factors.items():
        dimension = read_factor(f"measure.{name}", name, values)
        if isinstance(dimension, Dimension):
            dimensions.append(dimension)
        else:
            constants[name] = dimension.value
    if points is not None:
        dimensions.insert(0, Dimension.of_points(points, factors))
    names = {key for each in dimensions for key in each.arguments} | set(constants)
    _check_arguments(function, names)
    conditions = None if where is None else list(inspect.signature(where).parameters)
    parts = []
    for index in itertools.product(*(range(len(each.labels)) for each in dimensions)):
        labels: dict[str, Any] = {}
        values = dict(constants)
        for number, dimension in zip(index, dimensions, strict=True):
            labels |= dimension.shown[number]
            values |= dimension.passed[number]
        if where is None or where(**{key: (constants | labels)[key] for key in conditions or ()}):
            parts.append(_Part(index, labels, values))
    return dimensions, parts


def _check_arguments(function: Callable[..., Any], names: set[str]) -> None:
    try:
        signature = inspect.signature(function)
        signature.bind(**dict.fromkeys(names))
    except TypeError as error:
        raise TypeError(f"measure: the factors must be the arguments of {_name(function)}, {error}"
                        ) from None  # fmt: skip
    taken = set(_OWN) & set(signature.parameters)
    if taken and any(p.default is p.empty for k, p in signature.parameters.items() if k in taken):
        raise TypeError(f"measure.function: must not have an argument called {min(taken)!r}")


def _check_portable(function: Callable[..., Any]) -> None:
    """Refuse functions that cannot be found again by name, in another process or another day."""
    name = getattr(function, "__qualname__", type(function).__qualname__)
    if isinstance(function, type(measure)) and ("<" in name or function.__closure__):
        raise TypeError(
            "measure.function: must be defined at the top of a module, to be stored or to run in "
            f"other processes, got {name}"
        )
    if hasattr(function, "func") and hasattr(function, "keywords"):
        raise TypeError("measure.function: must be no partial; pass the values as factors")


def _name(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _key(function: Callable[..., Any], plain: Mapping[str, Any], code: str) -> str:
    place: list[Any] = list(name_of(function))
    if not hasattr(function, "__qualname__"):  # an object that can be called: what it holds counts
        place.append(_members(function))
    return digest([json.dumps([place, plain], sort_keys=True), code])[:32]


def _members(function: Any) -> Any:
    """Return what an object that can be called holds, without fields that do not compare."""
    if dataclasses.is_dataclass(function):
        fields = [field.name for field in dataclasses.fields(function) if field.compare]
        return to_plain("measure.function", {name: getattr(function, name) for name in fields})
    return to_plain("measure.function", function)


def _where(part: _Part) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in part.labels.items()) or "its one part"


# ---- running them --------------------------------------------------------------------------------


_Ends = Generator[tuple[_Part, _Outcome | None, list[str]], None, None]


@dataclass
class _Study:
    """Runs parts: found in the store, in this process, in others, or on dask."""

    function: Callable[..., Any]
    code: str
    store: Store | None
    name: str
    jobs: Any
    retries: int

    def run(self, parts: list[_Part]) -> _Ends:
        """Yield every part with its outcome, or with None and its errors, as they come."""
        todo: list[_Part] = list(reversed(parts))
        elsewhere: list[_Part] = []
        errors: dict[tuple[int, ...], list[str]] = {}
        tried: dict[tuple[int, ...], list[str]] = {}  # workers
        running: dict[Future[Any], tuple[_Part, contextlib.ExitStack]] = {}
        workers = _Workers(self.jobs)
        try:
            while todo or elsewhere or running:
                while todo and len(running) < workers.places():
                    part = todo.pop()
                    lock = contextlib.ExitStack()
                    if found := self._find(part):
                        yield part, found, []
                    elif self.store and not lock.enter_context(
                        self.store.lock(self.name, part.key)
                    ):
                        lock.close()
                        elsewhere.append(part)
                    elif found := self._find(part):  # another process has just finished it
                        lock.close()
                        yield part, found, []
                    else:
                        code = "" if self.jobs == 1 else self.code
                        call = (_call, self.function, part.values, code)
                        running[workers.submit(tried.get(part.index, []), *call)] = (part, lock)
                if not running:
                    if elsewhere:  # other processes are at these
                        time.sleep(0.1)
                        todo, elsewhere = elsewhere[::-1], []
                    continue
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    part, lock = running.pop(future)
                    with lock:
                        outcome = workers.collect(future)
                        if outcome.part is not None and self.store is not None:
                            assert part.plain is not None
                            self.store.save(
                                self.name, part.key, outcome.part, outcome.seconds, part.plain
                            )
                    if outcome.part is not None:
                        yield part, outcome, errors.get(part.index, [])
                        continue
                    seen = errors.setdefault(part.index, [])
                    if outcome.error:
                        seen.append(outcome.error)
                        tried.setdefault(part.index, []).append(outcome.worker)
                    if len(seen) > self.retries:
                        yield part, None, seen
                    else:
                        todo.append(part)
        finally:
            workers.close()
            for _, lock in running.values():
                lock.close()

    def _find(self, part: _Part) -> _Outcome | None:
        found = self.store.load(self.name, part.key) if self.store is not None else None
        return None if found is None else _Outcome(found[0], found[1], found[1], "stored")


class _Workers:
    """Where calls run. All of them hand out futures of the standard library."""

    def __init__(self, jobs: Any) -> None:
        self.jobs = jobs
        self.pool: ProcessPoolExecutor | None = None
        self.alone = False  # a process was killed: one call at a time tells by which

    def places(self) -> int:
        if not isinstance(self.jobs, int):
            return max(1, int(sum(self.jobs.nthreads().values())))
        return 1 if self.alone else self.jobs

    def submit(
        self, tried: list[str], call: Callable[..., _Outcome], *arguments: Any
    ) -> Future[Any]:
        if not isinstance(self.jobs, int):
            others = [name for name in self.jobs.nthreads() if name not in tried] if tried else []
            options = {"workers": others, "allow_other_workers": True} if others else {}
            executor = self.jobs.get_executor(pure=False, **options)
            return executor.submit(call, *arguments)  # type: ignore[no-any-return]
        if self.jobs == 1:
            here: Future[Any] = Future()
            here.set_result(call(*arguments))
            return here
        if self.pool is None:
            self.pool = ProcessPoolExecutor(
                self.jobs,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_end_with_parent,
            )
        return self.pool.submit(call, *arguments)

    def collect(self, future: Future[Any]) -> _Outcome:
        """Return the outcome of a call, whatever became of its process."""
        error = future.exception()
        if error is None:
            outcome: _Outcome = future.result()
            self.alone = False
            return outcome
        nothing = Seconds()
        if isinstance(error, BrokenProcessPool):
            blame = "the process of the part was killed" if self.alone or self.jobs == 1 else ""
            self.close()
            self.alone = True
            return _Outcome(None, nothing, nothing, blame)
        if isinstance(error, Exception) and type(error).__name__ == "KilledWorker":
            return _Outcome(None, nothing, nothing, f"the part ended its workers ({error})")
        raise error

    def close(self) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)
            self.pool = None


def _call(function: Callable[..., Any], values: Mapping[str, Any], code: str) -> _Outcome:
    """Measure one part; an error is a result too, so that it comes back whole."""
    began, before = seconds_spent(), taken_over()
    try:
        _check_code(function, code)
        # Sums do not depend on how many cores there are, and parts at once do not share them.
        with threadpool_limits(limits=1), use_processors(1) if code else contextlib.nullcontext():
            part = label_part(function(**values))
    except Exception:
        return _Outcome(None, Seconds(), Seconds(), traceback.format_exc(), _worker())
    return _Outcome(part, seconds_spent() - began, taken_over() - before)


def _worker() -> str:
    """Return the address of the worker of dask that this is, if it is one."""
    if "distributed" in sys.modules:
        with contextlib.suppress(ValueError):
            return str(sys.modules["distributed"].get_worker().address)
    return ""


_checked: dict[tuple[str, str], str] = {}


def _check_code(function: Callable[..., Any], code: str) -> None:
    """Refuse to run other code than that of the key, in a process that has just imported it."""
    name = name_of(function)
    if code and name not in _checked:
        _checked[name] = digest_code(function)
    if code and _checked[name] != code:
        raise RuntimeError("the code has changed since the study began; start it again")


def _end_with_parent() -> None:
    """End this worker when the process that started it is gone, however that ended."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
