"""Experiments made of many parts: computed side by side, kept, and never computed twice."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

from tqdm.auto import tqdm

from bioplastic.checkpoints import RunFolder
from bioplastic.checkpoints.seconds import Seconds, take_over, taken_over

__all__ = ["Call", "run_calls"]

Call = tuple[Callable[..., dict[str, Any]], tuple[Any, ...]]
"""A function and its arguments."""


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
