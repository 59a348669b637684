"""FORCE training: spiking networks learn oscillators, a melody and a chaotic attractor.

Nicola & Clopath (2017), "Supervised learning in spiking neural networks with FORCE training",
Nature Communications 8, 2208, doi 10.1038/s41467-017-01827-3.

Beside recursive least squares, which is not local, the sine is also learnt by the delta rule, which
is, and by a network that does not hear its own output. The article states no errors; the values
under ``paper`` were measured with an independent implementation of the authors' program.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import Any

import numpy as np
import xarray as xr
from brian2 import ms, pA, second

from bioplastic import datasets
from bioplastic.analysis.signals import (
    count_swings,
    histogram_overlap,
    lag_tolerant_error,
    normalised_error,
    spectral_peak,
)
from bioplastic.fields import Constants, param
from bioplastic.models.force import ForceGenerator, force_parameters
from bioplastic.plotting import GREY, PALETTE, dots, panels, plot_eigenvalues, raster, traces
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

_SHOWN_CELLS, _MAX_LAG, _WINDOW = 40, 100, 1000  # cells; milliseconds, of one recorded output each
_WEAK = {"gain": 5000 * pA * ms, "feedback": 5000 * pA}
_STRONG = {"gain": 1e4 * pA * ms, "feedback": 9000 * pA}
_ARMS = {
    "force": "FORCE (not local)", "delta": "delta rule (local)",
    "feedback_cut": "FORCE, feedback cut\nafter learning", "no_feedback": "FORCE without\nfeedback",
    "untrained": "no decoder",
}  # fmt: skip
_CONTROLS = ("untrained", "feedback_cut")
_SHOWN = ("rate_after", "error_training", "lag_tolerant", "peak_frequency")
_PHASES = {"before": "before learning", "during": "learning begins", "after": "free run"}

PAPER = {
    "sine_rate_before": 5.0, "sine_rate_after": 36.0, "sine_error_training": 0.0175,
    "sine_error_free": 0.70, "sine_lag_tolerant": 0.095, "sine_b0_rate_before": 5.5,
    "sine_b0_rate_after": 37.0, "sine_b0_error_training": 0.0165, "sine_b0_lag_tolerant": 0.075,
    "sawtooth_rate_after": 37.0, "sawtooth_error_training": 0.0305, "sawtooth_lag_tolerant": 0.09,
    "product_rate_before": 15.5, "product_rate_after": 52.0, "product_error_training": 0.0205,
    "product_lag_tolerant": 0.08, "lorenz_rate_before": 10.0, "lorenz_rate_after": 21.0,
    "lorenz_error_training": 0.097, "lorenz_overlap": 0.71, "lorenz_lobe_changes": 52.0,
    "lorenz_lobe_changes_target": 32.0,
}  # fmt: skip
"""Independent implementation with 2000 neurons; the middle of the range over its seeds."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task:
    """A signal, the network that learns it, and the schedule in seconds."""

    name: str
    title: str
    signal: str
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    cell: str = "izhikevich"
    constants: dict[str, Any] = dataclasses.field(default_factory=dict)
    settle: float = 5.0
    train: float = 5.0
    free: float = 5.0
    score: float = 1.0
    seeds: int = 1
    control_seeds: int = 2
    arms: tuple[str, ...] = ("force",)


class Protocol(Constants):
    """All tasks of one scale."""

    tasks: tuple[Task, ...] = param(doc="what is learned")
    n_neurons: int = param(2000, minimum=1, doc="neurons of every network")
    seeds: int = param(0, minimum=0, doc="seeds of every task and control; 0: as the task says")


_SINE = Task(name="sine", title="sine", signal="sine", constants=_WEAK, seeds=5,
             arms=("force", "delta", "no_feedback"))  # fmt: skip
_PRODUCT = Task(name="product", title="product of sines", signal="product_of_sines",
                constants=_STRONG, free=10.0, seeds=2)  # fmt: skip
_LIF = Task(name="sine_lif", title="sine, LIF cells", signal="sine", cell="lif", seeds=2)
_LORENZ = Task(name="lorenz", title="Lorenz, theta cells", signal="lorenz", cell="theta",
               train=45.0, free=49.0, score=4.0, seeds=3)  # fmt: skip
_SHORT: dict[str, Any] = {"settle": 0.2, "train": 0.5, "free": 0.5, "score": 0.2}
_TASKS = (
    _SINE,
    Task(name="sine_b0", title="sine, cell with b = 0", signal="sine", constants=_WEAK,
         cell="izhikevich_b0", seeds=2),
    _LIF,
    Task(name="sine_theta", title="sine, theta cells", signal="sine", cell="theta", settle=1.0,
         constants={"gain": 10 * second}),
    Task(name="sawtooth", title="sawtooth", signal="sawtooth", seeds=2,
         constants={**_WEAK, "feedback": 4000 * pA}),
    _PRODUCT,
    Task(name="van_der_pol_harmonic", title="Van der Pol, harmonic", signal="van_der_pol",
         options={"mu": 0.5}, constants=_STRONG),
    Task(name="van_der_pol_relaxation", title="Van der Pol, relaxation", signal="van_der_pol",
         options={"mu": 5.0}, constants={**_STRONG, "feedback": 2e4 * pA}),
    Task(name="ode_to_joy", title="Ode to Joy", signal="ode_to_joy", cell="izhikevich_b0",
         constants={"gain": 1e4 * pA * ms, "feedback": 4000 * pA, "interval": 4 * ms},
         settle=1.0, train=80.0, free=12.0, score=4.0),
    _LORENZ,
)  # fmt: skip
_TITLES = {task.name: task.title for task in _TASKS}
_change = dataclasses.replace
PROTOCOLS = {
    "smoke": Protocol(
        tasks=tuple(_change(task, seeds=2 if task is _SINE else 1, **_SHORT)
                    for task in (_SINE, _PRODUCT, _LIF, _LORENZ)), n_neurons=60,
    ),
    "quick": Protocol(
        tasks=(_change(_SINE, seeds=2), _change(_PRODUCT, seeds=1, free=5.0), _LIF), n_neurons=800
    ),
    "paper": Protocol(tasks=_TASKS),
}  # fmt: skip


def run_task(task: Task, n_neurons: int, arm: str, seed: int, first: int) -> dict[str, Any]:
    """Train one network on one signal, let it run on freely, and score it.

    Returns
    -------
    dict
        Numbers of the run, ``untrained`` and ``feedback_cut`` (errors without decoder, and with the
        feedback cut after learning), and what the figures show if this is the first seed of FORCE.
    """
    model = ForceGenerator(
        force_parameters(task.cell, n_neurons=n_neurons, **task.constants),
        rule="delta" if arm == "delta" else "force", feedback=arm != "no_feedback",
        settle=task.settle * second, random_state=seed,
    )  # fmt: skip
    times = model.sample_times((task.settle + task.train + task.free) * second)
    signal = getattr(datasets, task.signal)(times, **task.options)
    start, stop = (round(t / float(model.dt)) for t in (task.settle, task.settle + task.train))
    short = ForceGenerator(**{**model.get_params(), "settle": model.block})
    short.fit(signal[: len(model.sample_times(model.block))])  # what is compiled is not timed
    began = time.process_time()
    model.fit(signal[start:stop])
    trained = dict(model.state_)
    run = model.generate(task.free * second)
    seconds = time.process_time() - began
    every = round(1e-3 / float(model.dt))
    seen = signal[every - 1 :: every]
    begin, end = (round(edge * float(model.dt) * 1e3) for edge in (start, stop))
    found = score(task, model, run, seen[begin:end], seen[end:]) | {"cpu_seconds": seconds}
    if arm == "force":
        found["untrained"] = _lagged(np.zeros_like(seen[end:]), seen[end:])
        if len(task.arms) > 1:
            model.state_ = trained
            cut = model.generate(task.free * second, feedback=False)
            found["feedback_cut"] = _lagged(cut.output, seen[end:])
        if seed == first:
            model.state_ = trained
            found |= {f"shown_{k}": array for k, array in _keep(task, model, run, seen).items()}
    return found


def score(task: Task, model: Any, run: Any, training: Any, free: Any) -> dict[str, Any]:
    """Return the numbers of one run; errors are means over outputs."""
    last, one = round(task.score * 1e3), min(_WINDOW, free.shape[0])
    output = model.training_.output
    far = np.abs(run.output - free).max(axis=1) > free.std(axis=0).max()
    metrics = {
        "rate_before": model.settling_.rate,
        "rate_after": run.rate,
        "error_training": normalised_error(output[-last:], training[-last:]).mean(),
        "error_free": normalised_error(run.output, free).mean(),
        "lag_tolerant": _lagged(run.output, free),
        "peak_frequency": spectral_peak(run.output[:, 0], 1e-3),
        "peak_frequency_target": spectral_peak(free[:, 0], 1e-3),
        "overlap": histogram_overlap(run.output, free).min(),
        "largest_output": float(np.abs(run.output).max() / np.abs(free).max()),
        "seconds_until_error": float(np.argmax(far) if far.any() else far.size) / 1e3,
    }
    if np.all(free[:one].std(axis=0) > 0):
        metrics["error_free_first_second"] = normalised_error(run.output[:one], free[:one]).mean()
    for suffix, x in (("", run.output[:, 0]), ("_target", free[:, 0])):
        if task.signal == "lorenz":
            metrics[f"lobe_changes{suffix}"] = count_swings(x)
            metrics[f"time_in_right_lobe{suffix}"] = (x > 0).mean()
    return {name: float(value) for name, value in metrics.items()}


def _lagged(output: Any, target: Any) -> float:
    window = min(_WINDOW, output.shape[0])
    return float(lag_tolerant_error(output, target, max_lag=_MAX_LAG, window=window).mean())


def _keep(task: Task, model: Any, run: Any, seen: Any) -> dict[str, Any]:
    """Return what the figures show of the first seed; ``time`` since the end of learning."""
    last, end = round(min(2.0, task.train) * 1e3), round(run.start * 1e3)
    output = np.concatenate([model.training_.output[-last:], run.output]).astype("float32")
    arrays = {"time": (np.arange(len(output)) + 1 - last) / 1e3, "output": output,
              "target": seen[end - last : end - last + len(output)].astype("float32")}  # fmt: skip
    if task.name != "sine":
        return arrays
    half = min(0.5, task.free, task.train, task.settle)
    learns, stops = model.training_.start, run.start + run.duration
    phases = ((model.settling_, learns - half), (model.training_, learns), (run, stops - half))
    for phase, (stretch, begin) in zip(_PHASES, phases, strict=True):
        inside = (stretch.spike_time >= begin) & (stretch.spike_time < begin + half)
        inside &= stretch.spike_cell < _SHOWN_CELLS
        first, n = round((begin - stretch.start) * 1e3), round(half * 1e3)
        arrays |= {
            f"spike_time_{phase}": stretch.spike_time[inside] - begin,
            f"spike_cell_{phase}": stretch.spike_cell[inside],
            f"output_{phase}": stretch.output[first : first + n, 0],
            f"target_{phase}": seen[round(begin * 1e3) :][:n, 0],
        }
    for name, learned in (("before", False), ("after", True)):
        values = np.linalg.eigvals(model.effective_weights(learned=learned))
        arrays[f"eigenvalues_{name}"] = np.stack([values.real, values.imag])
    return arrays


def compute(run: Run) -> Results:
    """Run all tasks and summarise them."""
    protocol, wanted = run.protocol, run.options["tasks"]
    chosen = [task for task in protocol.tasks if not wanted or task.name in wanted]
    if not chosen:
        names = ", ".join(task.name for task in protocol.tasks)
        raise ValueError(f"--tasks: none of {', '.join(wanted)} is among {names}")
    numbers, arrays = [], {}
    for task in chosen:
        usual = {arm: task.seeds if arm == "force" else task.control_seeds for arm in task.arms}
        several = {arm: protocol.seeds or count for arm, count in usual.items()}
        data = run.measure(
            run_task, task=task, n_neurons=protocol.n_neurons, first=run.seed, arm=list(task.arms),
            seed=[run.seed + k for k in range(max(several.values()))], progress=task.title,
            where=lambda arm, seed: seed < run.seed + several[arm],  # noqa: B023  called at once
        )  # fmt: skip
        shown = [name for name in data if str(name).startswith("shown_")]
        for name, array in data[shown].sel(arm="force", seed=run.seed).items():
            arrays[str(name).replace("shown", task.name)] = array.values
        numbers.append(data.drop_vars(shown).expand_dims(task=[task.name]))
    runs = xr.concat(numbers, "task", join="outer", data_vars="all")
    runs = runs.assign_coords({name: runs[name].astype(str) for name in ("task", "arm")})
    trained, controls = runs.sel(arm="force", drop=True), [n for n in _CONTROLS if n in runs]
    others = runs[list(_SHOWN)].sel(arm=[arm for arm in runs.arm.values if arm != "force"])
    whole = (run.scale, protocol.n_neurons) == ("paper", PROTOCOLS["paper"].n_neurons)
    return Results(
        metrics=flatten(trained.drop_vars(controls), names="{task}_{name}"),
        baselines=flatten(trained[controls], names="{name}_{task}_lag_tolerant")
        | flatten(others, names="{arm}_{task}_{name}"),
        arrays=arrays, paper=PAPER if whole else {}, measured={"runs": runs},
    )  # fmt: skip


# ---- figures -------------------------------------------------------------------------------------


def draw_sine(results: Results) -> Any:
    """Draw output and spikes before, while and after the sine is learned."""
    found = {k.removeprefix("sine_"): array for k, array in results.arrays.items()}
    if "output_before" not in found:
        return None
    figure, axes = panels(2, 3, height=2.9, sharex=True, sharey="row", height_ratios=(1, 1.2))
    for (upper, lower), (phase, title) in zip(axes.T, _PHASES.items(), strict=True):
        output, rate = found[f"output_{phase}"], results.metrics.get(f"sine_rate_{phase}")
        target = None if phase == "before" else found[f"target_{phase}"]
        title += "" if rate is None else f": {rate:.1f} Hz per cell"
        traces(np.arange(1, output.size + 1) / 1e3, output, upper, target=target, title=title,
               legend="outside" if phase == "after" else None)  # fmt: skip
        raster(found[f"spike_time_{phase}"], found[f"spike_cell_{phase}"].astype(int), lower,
               order=np.arange(_SHOWN_CELLS), ylabel="")  # fmt: skip
    axes[0, 0].set(ylabel="output", ylim=(-1.7, 1.7))
    axes[1, 0].set_ylabel("cell")
    return figure


def draw_spectrum(results: Results) -> Any:
    """Draw the eigenvalues of the recurrent weights, before and with the loop that was learned."""
    if "sine_eigenvalues_before" not in results.arrays:
        return None
    found = {f"{phase} learning": 1e12 * results.arrays[f"sine_eigenvalues_{phase}"]
             for phase in ("before", "after")}  # fmt: skip
    return plot_eigenvalues(found, "pA s")  # of a charge


def draw_controls(results: Results) -> Any:
    """Draw the error of the free run beside those of the controls."""
    runs = results.measured["runs"]
    if "sine" not in runs.task:
        return None
    runs, found = runs.sel(task="sine"), {}
    for arm, title in _ARMS.items():
        if arm in runs.arm:
            found[title] = runs.lag_tolerant.sel(arm=arm).dropna("seed").values
        elif arm in runs:
            found[title] = runs[arm].sel(arm="force").dropna("seed").values
    paper = {"FORCE (not local)": results.paper["sine_lag_tolerant"]} if results.paper else None
    return dots(
        found, horizontal=True, colours=(PALETTE[0],), published=paper,
        published_label="measured elsewhere", baselines={"reproduced below this": 0.2},
        legend="above", xlim=(0, None),
        xlabel="error of the free run (s.d. of target),\nbest lag within 100 ms",
    ).figure  # fmt: skip


def draw_targets(results: Results) -> Any:
    """Draw the end of learning and the beginning of the free run of every signal."""
    arrays = results.arrays
    names = [name for name in _TITLES if f"{name}_output" in arrays and name != "lorenz"]
    if not names:
        return None
    rows = [names[k : k + 2] for k in range(0, len(names), 2)]
    rows[-1] = (rows[-1] * 2)[:2]  # alone in its row: the whole width
    heights = [1.6 if "ode_to_joy" in row else 1.0 for row in rows]
    figure, layout = panels(rows, height=0.5 + 0.9 * sum(heights), height_ratios=heights)
    for name, axes in layout.items():
        error = results.metrics[f"{name}_lag_tolerant"]
        traces(
            *(arrays[f"{name}_{key}"] for key in ("time", "output")), axes, stacked=True,
            target=arrays[f"{name}_target"], learned_until=0.0,
            window=(-1, 4) if name == "ode_to_joy" else (-0.5, 1.5),
            title=f"{_TITLES[name]} (error {error:.2f})",
            xlabel="time since the end of learning (s)" if name in rows[-1] else "",
            legend="outside" if name == names[-1] else None,
        )  # fmt: skip
    return figure


def draw_lorenz(results: Results) -> Any:
    """Draw the attractor and its copy."""
    if "lorenz_output" not in results.arrays:
        return None
    at, output, target = (results.arrays[f"lorenz_{k}"] for k in ("time", "output", "target"))
    mosaic = [["true", "made", "x"], ["true", "made", "y"], ["true", "made", "z"]]
    figure, layout = panels(mosaic, height=3.3, width_ratios=(1, 1, 1.5))
    for key, states, title, colour in (
        ("true", target, "Lorenz attractor", GREY),
        ("made", output, f"free run, seed {results.seed}", PALETTE[0]),
    ):
        layout[key].plot(states[at > 0, 0], states[at > 0, 2], color=colour, linewidth=0.3)
        layout[key].set(title=title, xlabel="$x$", xlim=(-0.36, 0.36), ylim=(-0.05, 0.8))
    layout["true"].set_ylabel("$z$")
    layout["made"].tick_params(labelleft=False)
    for number, name in enumerate("xyz"):
        traces(at, output[:, number], layout[name], target=target[:, number], window=(-2, 8),
               learned_until=0.0, ylabel=f"${name}$",
               legend="outside" if name == "z" else None)  # fmt: skip
        layout[name].tick_params(labelbottom=name == "z")
    layout["z"].set_xlabel("time since the end of learning (s)")
    overlaps = results.measured["runs"].overlap.sel(task="lorenz", arm="force").dropna("seed")
    each = ", ".join(f"{value:.2f}" for value in overlaps.values)
    layout["x"].set_title(f"smallest overlap, seed by seed: {each}")
    return figure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice of tasks."""
    parser.add_argument("--tasks", nargs="+", choices=list(_TITLES), help="only these tasks")


EXPERIMENT = Experiment(
    name="force",
    title="Recurrent spiking networks generate oscillators and the Lorenz attractor",
    reference="Nicola & Clopath (2017), Nature Communications 8, 2208, "
    "doi 10.1038/s41467-017-01827-3",
    costs={"smoke": "10 s", "quick": "1 min of one core", "paper": "5 min of one core"},
    datasets=("synthetic",),
    protocols=PROTOCOLS,
    options=("n_neurons",),
    compute=compute,
    figures={
        "sine": draw_sine, "spectrum": draw_spectrum, "controls": draw_controls,
        "targets": draw_targets, "lorenz": draw_lorenz,
    },
    add_arguments=add_arguments,
)  # fmt: skip
