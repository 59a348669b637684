"""Check one of Brian2's examples: execute it up to its ``run``, import it, compare."""

from __future__ import annotations

import ast
import gc
import importlib.util
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import brian2 as b2
import matplotlib
import numpy as np
from brian2 import BrianObject
from brian2.core.magic import collect
from brian2.core.namespace import get_local_namespace
from brian2.core.variables import ArrayVariable

from bioplastic.engine.network import NetworkSpec, Population
from bioplastic.engine.records import SpikeRecord
from bioplastic.interchange.from_brian2 import ImportedNetwork, from_brian2
from bioplastic.signals.poisson import PoissonSource
from bioplastic.signals.spike_list import SpikeListSource

__all__ = ["Verdict", "check_example", "time_pairs"]

_TOLERANCE = 1e-9
_DRAWS = ("rand(", "randn(", "xi", "poisson(", "binomial(")


@dataclass
class Verdict:
    """What became of one example.

    Parameters
    ----------
    name : str
        Path of the script below the folder.
    verdict : {"agrees", "differs", "refused", "failed"}
        ``"refused"`` by `from_brian2`; ``"failed"`` where the script itself does.
    how : str
        What was compared.
    detail : str
        The reason, or what is different.
    seconds : float
        Biological time that was run.
    spikes : int
        Spikes compared.
    error : float
        Largest difference of a state, relative to its largest value.
    ours, standalone : float
        Median CPU seconds of the run without compilation; NaN where not measured.
    ratio : tuple of float
        Median and quartiles of stock's time over ours, pair by pair; empty where not measured.
    report : str
        What moved to the cells.
    """

    name: str
    verdict: str = "failed"
    how: str = ""
    detail: str = ""
    seconds: float = 0.0
    spikes: int = 0
    error: float = 0.0
    ours: float = float("nan")
    standalone: float = float("nan")
    ratio: tuple[float, ...] = ()
    report: str = ""


class _Done(BaseException):
    """The script has come far enough."""


@dataclass
class _Runs:
    """What the run functions of a script are replaced by: they lead up to the run asked for."""

    limit: float
    skip: int
    act: Callable[[Any, Any, dict[str, Any]], None]
    network: Any = None
    calls: int = 0

    def collect(self, level: int) -> Any:
        """Return the network of what a script has made, as Brian2's own functions find it."""
        objects = collect(level=level + 1)
        if self.network is None:
            self.network = b2.Network(objects)
        else:
            self.network.add([o for o in objects if o not in self.network.objects])
        return self.network

    def magic(self, duration: Any, *args: Any, **options: Any) -> None:
        level = options.get("level", 0)
        namespace = options.get("namespace") or get_local_namespace(level=level + 1)
        self.run(self.collect(level + 1), duration, namespace)

    def store(self, *args: Any) -> None:
        self.collect(1).store(*args)

    def restore(self, *args: Any, **options: Any) -> None:
        self.collect(1).restore(*args, **options)

    def finish(self, names: dict[str, Any]) -> None:
        """Run what a script has made and not run."""
        made = [value for value in names.values() if isinstance(value, BrianObject)]
        if self.calls == 0 and self.network is None and made:
            self.run(b2.Network(made), self.limit * b2.second, names)

    def run(self, network: Any, duration: Any, namespace: Mapping[str, Any]) -> None:
        seconds = min(float(duration), self.limit) * b2.second
        if float(duration) == 0 or self.calls < self.skip:
            self.calls += float(duration) > 0
            _STOCK_RUN(network, seconds, namespace=dict(namespace))
            return
        self.act(network, seconds, dict(namespace))
        raise _Done


@dataclass
class _Session:
    """How a run is compared."""

    verdict: Verdict
    seeds: int
    target: str

    def compare(self, network: Any, seconds: Any, namespace: dict[str, Any]) -> None:
        try:
            imported = from_brian2(network, duration=seconds, namespace=namespace)
            program = imported.program(target=self.target)
            state = imported.state
        except (ValueError, TypeError, NotImplementedError) as error:
            self.verdict.verdict, self.verdict.detail = (
                "refused",
                f"{type(error).__name__}: {error}",
            )
            raise _Done from error
        self.verdict.seconds = float(seconds)
        self.verdict.report = str(imported.report)
        del state
        _compare(self, network, imported, program, seconds, namespace)


def _compare(
    session: _Session,
    network: Any,
    imported: ImportedNetwork,
    program: Any,
    seconds: Any,
    namespace: dict[str, Any],
) -> None:
    groups = {o.name: o for o in network.objects if hasattr(o, "events") and "spike" in o.events}
    names = {p.name for p in imported.spec.populations}
    monitors = {
        name: b2.SpikeMonitor(group, name=f"{name}_watched")
        for name, group in groups.items()
        if name in names
    }
    network.add(list(monitors.values()))
    poisson = [p.name for p in imported.spec.populations if isinstance(p, PoissonSource)]
    drawn = _draws_otherwise(imported.spec)
    made = _played_instead(imported.spec) if drawn else []
    if drawn:
        network.store("bioplastic")
    b2.seed(1)
    _STOCK_RUN(network, seconds, namespace=namespace)
    start = float(network.t) - float(seconds)
    played = [*poisson, *made]
    if not drawn or made:
        spec, inputs = imported.spec, dict(imported.inputs)
        if played:
            spec, inputs = _replay(spec, inputs, monitors, played, start)
        spec = _record_all(spec, monitors)
        again = replace(imported, spec=spec, inputs=inputs)
        replayed = again.program(target=session.target)
        state, record = again.run(replayed)
        imported.run(program)  # it draws for itself
        session.verdict.how = (
            f"spikes of {', '.join(played)} played" if played else "nothing random"
        )
        _compare_exactly(session.verdict, network, again, monitors, state, record, start)
    if drawn and session.verdict.verdict != "differs":
        watched = {name: monitors[name] for name in made} if made else monitors
        _compare_means(session, network, imported, watched, seconds, namespace)


def _draws_otherwise(spec: NetworkSpec) -> str:
    """Return what is drawn at random besides the spikes of Poisson sources, nothing if nothing."""
    for population in spec.populations:
        model = getattr(population, "model", None)
        texts = [] if model is None else [model.equations, model.threshold, model.reset]
        texts += [getattr(population, "regularly", "")]
        drawn = any(word in str(text) for text in texts for word in _DRAWS)
        if drawn or getattr(population, "background", None):
            return str(population.name)
        if type(population).__name__ not in ("Population", "PoissonSource", "SpikeListSource"):
            return str(population.name)
    for projection in spec.projections:
        rule = getattr(projection, "rule", None)
        texts = [] if rule is None else [rule.on_pre, rule.on_post, rule.synapse, rule.every]
        if any(word in str(text) for text in texts for word in _DRAWS):
            return projection.name
    return ""


def _played_instead(spec: NetworkSpec) -> list[str]:
    """Return groups that draw their spikes and get none, where nothing else draws.

    A list of spikes can stand in for such a group where no projection reads its variables.
    """
    targets = {projection.target for projection in spec.projections}
    made = [
        population.name
        for population in spec.populations
        if isinstance(population, Population) and population.name not in targets
        and any(word in str(population.model.threshold) for word in _DRAWS)
    ]  # fmt: skip
    players = tuple(
        SpikeListSource(name=p.name, n=p.n) if p.name in made else p for p in spec.populations
    )
    records = tuple(r for r in spec.records if getattr(r, "population", "") not in made)
    try:
        rest = replace(spec, populations=players, records=records)
    except ValueError:  # a projection reads more of it than spikes
        return []
    return [] if _draws_otherwise(rest) else made


def _replay(
    spec: NetworkSpec, inputs: dict[str, Any], monitors: Mapping[str, Any],
    names: Sequence[str], start: float,
) -> tuple[NetworkSpec, dict[str, Any]]:  # fmt: skip
    """Return the network with the spikes that stock Brian2 has drawn."""
    populations = []
    for population in spec.populations:
        if population.name in names:
            monitor = monitors[population.name]
            inputs[population.name] = [(np.array(monitor.i), (monitor.t_[:] - start) * b2.second)]
            population = SpikeListSource(name=population.name, n=population.n)
        populations.append(population)
    records = tuple(r for r in spec.records if getattr(r, "population", "") not in names)
    return replace(spec, populations=tuple(populations), records=records), inputs


def _record_all(spec: NetworkSpec, monitors: Mapping[str, Any]) -> NetworkSpec:
    kept = [r for r in spec.records if not isinstance(r, SpikeRecord)]
    return replace(spec, records=(*kept, *(SpikeRecord(population=name) for name in monitors)))


def _compare_exactly(
    verdict: Verdict, network: Any, imported: ImportedNetwork, monitors: Mapping[str, Any],
    state: Mapping[str, Any], record: Mapping[str, Any], start: float,
) -> None:  # fmt: skip
    dt = float(imported.dt)
    verdict.verdict, first = "agrees", np.inf
    for name, monitor in monitors.items():
        steps = np.rint((monitor.t_[:] - start) / dt).astype(int)
        mine = np.rint(record[f"{name}.spike_time"] / dt).astype(int)
        theirs = sorted(zip(steps.tolist(), np.array(monitor.i).tolist(), strict=True))
        ours = sorted(zip(mine.tolist(), record[f"{name}.spike_cell"].tolist(), strict=True))
        verdict.spikes += len(theirs)
        if ours != theirs:
            wrong = set(ours) ^ set(theirs)
            first = min(first, min(wrong)[0] * dt)
            verdict.verdict = "differs"
    verdict.detail = "" if np.isinf(first) else f"spikes equal up to {first:.4g} s"
    worst, pairs = ("", 0.0), _paired_states(network, imported, state)
    if not pairs and not verdict.spikes:
        verdict.verdict, verdict.detail = "failed", "there is nothing to compare"
        return
    for key, ours_, theirs_ in pairs:
        scale = max(float(np.abs(theirs_).max(initial=0)), 1e-300)
        error = float(np.abs(ours_ - theirs_).max(initial=0)) / scale
        worst = max(worst, (key, error), key=lambda pair: pair[1])
    verdict.error = worst[1]
    if worst[1] > _TOLERANCE:
        verdict.verdict = "differs"
        verdict.detail += f"; {worst[0]} differs by {worst[1]:.2g}"


def _paired_states(
    network: Any, imported: ImportedNetwork, state: Mapping[str, Any]
) -> list[tuple[str, Any, Any]]:
    """Return (name, ours, theirs) of everything stored on both sides."""
    objects = {o.name: o for o in network.objects}
    pairs = []
    for key, ours in state.items():
        owner, _, name = key.partition(".")
        group = objects.get(owner)
        if group is None or name in ("lastspike", "not_refractory", "lastupdate"):
            continue
        variable = group.variables.get(name)
        if not isinstance(variable, ArrayVariable):
            continue
        lazy = getattr(group, "event_driven", None)
        if lazy is not None and name in lazy.diff_eq_names:
            continue  # Brian2 keeps the value of the last spike
        theirs = np.asarray(variable.get_value(), dtype=float)
        order = imported.order.get(owner, np.zeros(0))
        if order.size == theirs.size:
            theirs = theirs[order]
        ours = np.asarray(ours, dtype=float)
        pairs.append((key, ours.ravel(), np.broadcast_to(theirs.ravel(), ours.size)))
    return pairs


def _compare_means(
    session: _Session, network: Any, imported: ImportedNetwork, monitors: Mapping[str, Any],
    seconds: Any, namespace: dict[str, Any],
) -> None:  # fmt: skip
    verdict = session.verdict
    imported = replace(imported, spec=_record_all(imported.spec, monitors))
    program = imported.program(target=session.target)
    theirs: list[dict[str, float]] = []
    ours: list[dict[str, float]] = []

    def add(number: int) -> None:
        network.restore("bioplastic")
        b2.seed(100 + number)
        _STOCK_RUN(network, seconds, namespace=namespace)
        state, record = imported.run(program, seed=number)
        row = {f"{n} spikes": float(m.num_spikes) for n, m in monitors.items()}
        theirs.append(row)
        ours.append({f"{n} spikes": float(record[f"{n}.spike_cell"].size) for n in monitors})
        pairs = _paired_states(network, imported, state)
        for key, mine, stock in pairs if verdict.verdict == "failed" else []:
            row[key], ours[-1][key] = float(stock.mean()), float(mine.mean())

    for attempt in (
        session.seeds,
        3 * session.seeds,
    ):  # fresh ones where they fall short
        theirs.clear()
        ours.clear()
        for number in range(attempt):
            add(number + 1000 * (attempt != session.seeds))
        worst = ("", 0.0)
        for key in theirs[0]:
            a, b = (np.array([row[key] for row in rows]) for rows in (theirs, ours))
            error = np.hypot(a.std(ddof=1), b.std(ddof=1)) / np.sqrt(attempt)
            gap = abs(a.mean() - b.mean())
            small = gap <= _TOLERANCE * max(np.abs(a).max(), 1e-300)
            score = 0.0 if small else gap / max(error, 1e-300)
            worst = max(worst, (key, float(score)), key=lambda pair: pair[1])
        if worst[1] <= 3:
            break
    means = f"{len(theirs[0])} means over {len(theirs)} seeds"
    means += f" within {worst[1]:.2g} standard errors ({worst[0]})"
    if verdict.verdict == "failed":  # nothing but the means
        verdict.spikes = int(
            sum(v for row in theirs for k, v in row.items() if k.endswith(" spikes"))
        )
        verdict.how, verdict.error = means, worst[1]
    else:
        verdict.how += f"; {means}"
    verdict.verdict = "agrees" if worst[1] <= 3 else "differs"


# ---- executing a script --------------------------------------------------------------------------

_STOCK_RUN: Callable[..., None] = b2.Network.run
_SET_DEVICE: Callable[..., None] = b2.set_device


class _KnownMonitor(b2.StateMonitor):  # type: ignore[misc]
    """Watches one synapse instead of all: a standalone project makes them when it runs."""

    def __init__(self, source: Any, variables: Any, record: Any, **options: Any) -> None:
        unknown = record is True and isinstance(source, b2.Synapses)
        super().__init__(source, variables, [0] if unknown else record, **options)


class _Serial:
    """A pool of processes that is none."""

    def __init__(self, *arguments: Any, **options: Any) -> None: ...

    def __enter__(self) -> _Serial:
        return self

    def __exit__(self, *error: object) -> None: ...

    def map(self, function: Callable[[Any], Any], members: Any) -> list[Any]:
        return [function(member) for member in members]


def _execute(path: Path, runs: _Runs, values: Mapping[str, str]) -> None:
    """Run a script with other run functions, without windows and without processes."""
    matplotlib.use("Agg")
    multiprocessing.Pool = _Serial  # type: ignore[assignment]
    if "progressbar" not in sys.modules and importlib.util.find_spec("progressbar") is None:
        shown = types.ModuleType("progressbar")  # it only shows
        shown.progressbar = iter  # type: ignore[attr-defined]
        sys.modules["progressbar"] = shown

    def explicit(network: Any, duration: Any, *args: Any, **options: Any) -> None:
        runs.run(network, duration, options.get("namespace") or get_local_namespace(level=1))

    b2.run, b2.Network.run = runs.magic, explicit
    b2.store, b2.restore = runs.store, runs.restore
    b2.set_device = lambda *arguments, **options: None
    try:
        with tempfile.TemporaryDirectory() as folder:
            _run_script(path, folder, values, runs.finish)
    except _Done:
        pass
    finally:
        b2.Network.run, b2.set_device = _STOCK_RUN, _SET_DEVICE


class _Setter(ast.NodeTransformer):
    """Gives constants of a script other values."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in self.values:
                node.value = ast.parse(self.values[target.id], mode="eval").body
        return node


def _run_script(
    path: Path, folder: str, values: Mapping[str, str], finish: Callable[[dict[str, Any]], None]
) -> None:
    before = os.getcwd()
    os.chdir(folder)
    sys.path.insert(0, str(path.parent))
    argv, sys.argv = sys.argv, [str(path)]
    try:
        tree = _Setter(values).visit(ast.parse(path.read_text(encoding="utf-8")))
        code = compile(ast.fix_missing_locations(tree), str(path), "exec")
        module = types.ModuleType("__main__")
        module.__file__ = str(path)
        main, sys.modules["__main__"] = sys.modules["__main__"], module
        try:
            exec(code, module.__dict__)
            finish(module.__dict__)
        finally:
            sys.modules["__main__"] = main
    finally:
        sys.argv = argv
        os.chdir(before)


def check_example(
    path: Path, name: str, *, limit: float, skip: int, seeds: int, target: str,
    values: Mapping[str, str],
) -> Verdict:  # fmt: skip
    """Execute one script in this process and compare its first run; see `Verdict`."""
    b2.prefs["codegen.target"] = "numpy"
    b2.prefs["logging.console_log_level"] = "ERROR"
    verdict = Verdict(name)
    runs = _Runs(limit, skip, _Session(verdict, seeds, target).compare)
    try:
        _execute(path, runs, values)
        if verdict.verdict == "failed":
            verdict.detail = verdict.detail or "the script runs no network"
    except (Exception, SystemExit) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        verdict.verdict = "failed"
        verdict.detail = (
            f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
        )
    return verdict


def time_pairs(
    path: Path, *, limit: float, skip: int, values: Mapping[str, str], pairs: int
) -> tuple[list[float], list[float]]:
    """Return CPU seconds of a run as a stock C++ standalone project and as ours, in turn.

    Neither compilation nor the first call of each counts, and monitors of all synapses watch
    the first; both lists are empty if nothing runs.
    """
    b2.prefs["codegen.target"] = "numpy"
    taken: list[ImportedNetwork] = []

    def take(network: Any, seconds: Any, namespace: dict[str, Any]) -> None:
        taken.append(from_brian2(network, duration=seconds, namespace=namespace))

    b2.StateMonitor = _KnownMonitor
    _execute(path, _Runs(limit, skip, take), values)
    if not taken:
        return [], []
    imported = taken[0]
    program = imported.program()
    imported.run(program)
    gc.collect()  # its names are free again
    stock, ours = [], []
    with tempfile.TemporaryDirectory() as directory:
        b2.prefs["codegen.target"] = "auto"
        b2.prefs["devices.cpp_standalone.extra_make_args_unix"] = ["-j2"]
        _SET_DEVICE("cpp_standalone", directory=directory, build_on_run=False)
        device = b2.get_device()

        def measure(network: Any, seconds: Any, namespace: dict[str, Any]) -> None:
            _STOCK_RUN(network, seconds, namespace=namespace)
            device.build(directory=directory, compile=True, run=False, with_output=False)
            for number in range(pairs + 1):
                device.run(directory=directory, with_output=False)
                stock.append(float(device._last_run_time))
                ours.append(-time.process_time())
                imported.run(program, seed=number)
                ours[-1] += time.process_time()

        _execute(path, _Runs(limit, skip, measure), values)
    return stock[1:], ours[1:]
