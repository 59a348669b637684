"""Run the fuzzer: many random rules and networks, and what came of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import brian2 as b2
from brian2.utils.logger import BrianLogger
from tqdm import tqdm

from bioplastic.conformance.fuzz.findings import Case
from bioplastic.conformance.fuzz.network_checks import check_networks
from bioplastic.conformance.fuzz.rule_checks import check_rules
from bioplastic.engine.compiler import optimise_less
from bioplastic.validation import check_integer

__all__ = ["FuzzReport", "fuzz"]

#: How many rules and networks share one program, since most time goes into compiling.
_BATCH = {"rule": 50, "network": 6}


@dataclass(frozen=True)
class FuzzReport:
    """What became of every rule and network.

    Parameters
    ----------
    cases : tuple of Case
        In the order drawn, rules first.
    cpu_seconds : float
        Processor time of all processes, compilers included.
    """

    cases: tuple[Case, ...]
    cpu_seconds: float

    @property
    def findings(self) -> tuple[Case, ...]:
        """Cases that show a fault."""
        return tuple(case for case in self.cases if case.found)

    def share(self, what: str, status: str) -> float:
        """Return the share of ``"rule"`` or ``"network"`` cases that ended so."""
        counts = Counter(case.status for case in self.cases if case.what == what)
        return counts[status] / max(1, counts.total())

    def __str__(self) -> str:
        lines = []
        for what in ("rule", "network"):
            counts = Counter(case.status for case in self.cases if case.what == what)
            total = counts.total()
            if total:
                parts = ", ".join(
                    f"{counts[status]} {status} ({100 * counts[status] / total:.1f} %)"
                    for status in ("agrees", "refused", "unstable", "wrong", "raw error")
                )
                lines.append(f"{total} {what}s: {parts}")
        lines.append(f"{self.cpu_seconds:.0f} s of processor time")
        return "\n".join(lines)


def fuzz(
    *, rules: int = 2000, networks: int = 300, seed: int = 0, jobs: int = 1, first: int = 0,
    compiled: bool = True, small: bool = True, progress: bool = False,
) -> FuzzReport:  # fmt: skip
    """Compare random rules and networks on numpy, C++ and an independent oracle.

    Rules are compared with `bioplastic.plasticity.SynapseInterpreter`, networks with stock Brian2
    objects that do not go through the engine. Everything follows from the seed.

    Parameters
    ----------
    rules, networks : int, default 2000 and 300
        How many of each.
    seed : int, default 0
        Seed of everything.
    jobs : int, default 1
        Processes.
    first : int, default 0
        Number of the first rule and network, to repeat one of them.
    compiled : bool, default True
        Whether the C++ target takes part.
    small : bool, default True
        Make a rule or network that fails smaller before it is shown, which takes a while.
    progress : bool, default False
        Show a progress bar, and print findings when they come.

    Returns
    -------
    FuzzReport
        Every case; those in ``findings`` hold runnable code that shows them.

    Examples
    --------
    >>> report = fuzz(rules=2, networks=0, compiled=False)
    >>> len(report.cases), report.findings
    (2, ())
    """
    for name, value in (("rules", rules), ("networks", networks), ("seed", seed), ("first", first)):
        check_integer(f"fuzz.{name}", value, minimum=0)
    check_integer("fuzz.jobs", jobs, minimum=1)
    tasks: list[tuple[str, int, range, bool, bool]] = []
    for what, count in (("rule", rules), ("network", networks)):
        size, stop = _BATCH[what], first + count
        for begin in range(first - first % size, stop, size) if count else ():
            numbers = range(max(begin, first), min(begin + size, stop))
            if what == "network":  # they share time step and length: always the whole batch
                numbers = range(begin, begin + size)
            tasks.append((what, seed, numbers, compiled, small))
    cases: list[Case] = []
    cpu = 0.0
    with _mapper(jobs) as apply:
        bar = tqdm(total=len(tasks), disable=not progress)
        for found, seconds in apply(_run_batch, tasks):
            counts = {"rule": rules, "network": networks}
            cases += [c for c in found if first <= c.number < first + counts[c.what]]
            cpu += seconds
            bar.update()
            if progress:
                print_findings(case for case in found if case.found)
        bar.close()
    return FuzzReport(tuple(cases), cpu)


@contextmanager
def _mapper(jobs: int) -> Iterator[Callable[..., Iterator[Any]]]:
    if jobs == 1:
        yield map
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield pool.map


def _run_batch(task: tuple[str, int, range, bool, bool]) -> tuple[list[Case], float]:
    what, seed, numbers, compiled, small = task
    BrianLogger.suppress_hierarchy("brian2")
    previous = b2.prefs.codegen.target, os.environ.get("BIOPLASTIC_CACHE")
    started = _cpu()
    check: Callable[..., list[Case]] = check_rules if what == "rule" else check_networks
    with TemporaryDirectory(prefix="fuzz-") as cache:  # nobody will want these programs again
        b2.prefs.codegen.target = "numpy"
        Path(cache).chmod(0o700)
        os.environ["BIOPLASTIC_CACHE"] = cache
        shipped = numbers[0] % (10 * _BATCH[what]) == 0  # a tenth as users have it
        try:
            with nullcontext() if shipped else optimise_less():
                return check(seed, numbers, compiled, small), _cpu() - started
        finally:
            b2.prefs.codegen.target = previous[0]
            os.environ.pop("BIOPLASTIC_CACHE")
            if previous[1] is not None:
                os.environ["BIOPLASTIC_CACHE"] = previous[1]


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def print_findings(cases: Iterable[Case]) -> None:
    """Print findings with the code that shows each of them."""
    for case in cases:
        tqdm.write(f"\n# {case.what} {case.number}: {case.status}: {case.detail}\n{case.code}")
