"""Experiments made of many parts: computed side by side, kept, and never computed twice."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

import bioplastic
from bioplastic.checkpoints import RunFolder, compute_once
from bioplastic.checkpoints.seconds import Seconds, take_over, taken_over
from bioplastic.engine.fingerprint import software_digest

__all__ = ["Call", "compute_part", "digest_sources", "run_calls"]

Call = tuple[Callable[..., dict[str, Any]], tuple[Any, ...]]
"""A function and its arguments."""

_ROOTS = {
    "bioplastic": Path(bioplastic.__file__).parent,
    "experiments": Path(bioplastic.__file__).parent / "experiments",
}


def run_calls(
    calls: Sequence[Call], *, jobs: int, run: RunFolder, title: str
) -> list[dict[str, Any]]:
    """Call every function with its arguments, at most ``jobs`` at a time; results in order.

    Parameters
    ----------
    calls : sequence of tuple
        Functions that can be sent to another process, and their arguments.
    jobs : int
        Number of processes; 1 for this one.
    run : RunFolder
        Where it is noted how far the run has come.
    title : str
        What the progress bar says.
    """
    results: list[dict[str, Any]] = []
    with contextlib.ExitStack() as stack:
        if jobs == 1:
            found = (function(*arguments) for function, arguments in calls)
        else:
            context = multiprocessing.get_context("spawn")
            pool = stack.enter_context(ProcessPoolExecutor(jobs, mp_context=context))
            futures = [pool.submit(_call_elsewhere, *call) for call in calls]
            found = (_collect(future, jobs) for future in futures)
        for result in tqdm(found, total=len(calls), desc=title):
            results.append(result)
            if run.is_due() or len(results) == len(calls):
                run.save({}, {"finished": len(results), "parts": len(calls)})
    return results


def _call_elsewhere(
    function: Callable[..., dict[str, Any]], arguments: tuple[Any, ...]
) -> tuple[dict[str, Any], Seconds]:
    """Return a result and what it took over from earlier processes."""
    before = taken_over()
    result = function(*arguments)
    return result, taken_over() - before


def _collect(future: Future[tuple[dict[str, Any], Seconds]], jobs: int) -> dict[str, Any]:
    result, seconds = future.result()
    take_over(Seconds(seconds.cpu, seconds.wall / jobs))  # they passed side by side
    return result


def compute_part(
    folder: Path | None,
    function: Callable[..., dict[str, Any]],
    arguments: tuple[Any, ...],
    sources: str,
) -> dict[str, Any]:
    """Return the stored result of a function, or compute and store it.

    A part is known by the function, its arguments and the digest of its sources, so that a result
    of an older program is not taken for a new one.
    """
    parameters = {"arguments": list(arguments), "sources": sources}
    return compute_once(folder, function.__name__, parameters, lambda: function(*arguments))


@functools.cache
def digest_sources(*patterns: str, libraries: tuple[str, ...] = ()) -> str:
    """Return a digest of the engine, of further source files and of versions of libraries.

    Parameters
    ----------
    *patterns : str
        Files of the packages, such as ``"bioplastic/models/pspm/*.py"``.
    libraries : tuple of str
        Names of distributions, which may be missing.

    Raises
    ------
    ValueError
        If a pattern fits no file.

    Examples
    --------
    >>> digest_sources("experiments/audit.py") == digest_sources("experiments/csnn.py")
    False
    """
    digest = hashlib.sha256(software_digest().encode())
    for pattern in patterns:
        package, _, rest = pattern.partition("/")
        files = sorted(_ROOTS[package].glob(rest))
        if not files:
            raise ValueError(f"digest_sources.patterns: no file fits {pattern!r}")
        for file in files:
            digest.update(f"\0{file.name}\0".encode() + file.read_bytes())
    for name in libraries:
        digest.update(f"\0{name}={_version_of(name)}".encode())
    return digest.hexdigest()


def _version_of(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"
