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
from brian2 import ms, pA, second

from bioplastic.analysis.signals import (
    histogram_overlap,
    lag_tolerant_error,
    normalised_error,
    spectral_peak,
)
from bioplastic.fields import Constants, param
from bioplastic.models import force
from bioplastic.plotting import COLUMN_WIDTH, GREY, PALETTE, dots, panels, raster
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment
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
    whole: bool = False


class Protocol(Constants):
    """All tasks of one scale."""

    tasks: tuple[Task, ...] = param(doc="what is learned")
    n_neurons: int = param(2000, minimum=1, doc="neurons of every network")
    seeds: int = param(0, minimum=0, doc="seeds of every task and control; 0: as the task says")


_SINE = Task(name="sine", title="sine", signal="sine", constants=_WEAK, seeds=5, whole=True,
             arms=("force", "delta", "no_feedback"))  # fmt: skip
_PRODUCT = Task(name="product", title="product of sines", signal="product_of_sines",
                constants=_STRONG, free=10.0, seeds=2)  # fmt: skip
_LIF = Task(name="sine_lif", title="sine, LIF cells", signal="sine", cell="lif", seeds=2)
_LORENZ = Task(name="lorenz", title="Lorenz, theta cells", signal="lorenz", cell="theta",
               train=45.0, free=49.0, score=4.0, seeds=3, whole=True)  # fmt: skip
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
        tasks=(
            _change(_SINE, seeds=2, **_SHORT),
            _change(_PRODUCT, seeds=1, **_SHORT),
            _change(_LIF, seeds=1, **_SHORT),
            _change(_LORENZ, seeds=1, **_SHORT),
        ),
        n_neurons=60,
    ),
    "quick": Protocol(
        tasks=(_change(_SINE, seeds=2), _change(_PRODUCT, seeds=1, free=5.0), _LIF), n_neurons=800
    ),
    "paper": Protocol(tasks=_TASKS),
}


def run_task(task: Task, n_neurons: int, arm: str, seed: int, first: int) -> dict[str, Any]:
    """Train one network on one signal, let it run on freely, and score it.

    Returns
    -------
    dict
        Numbers of the run, ``untrained`` and ``feedback_cut`` (errors without decoder, and with the
        feedback cut after learning), and what the figures show if this is the first seed of FORCE.
    """
    model = force.ForceGenerator(
        force.force_parameters(task.cell, n_neurons=n_neurons, **task.constants),
        rule="delta" if arm == "delta" else "force", feedback=arm != "no_feedback",
        settle=task.settle * second, random_state=seed,
    )  # fmt: skip
    times = model.sample_times((task.settle + task.train + task.free) * second)
    signal = getattr(force, task.signal)(times, **task.options)
    dt = float(model.dt)
    edges = [round(edge / dt) for edge in (task.settle, task.settle + task.train)]
    model.build(signal.shape[1])  # what is compiled is not timed
    began = time.process_time()
    model.fit(signal[slice(*edges)])
    trained = dict(model.state_)
    run = model.generate(task.free * second)
    seconds = time.process_time() - began
    every = round(1e-3 / dt)
    seen = signal[every - 1 :: every]
    begin, end = (round(edge * dt * 1e3) for edge in edges)
    found = _score(task, model, run, seen[begin:end], seen[end:])
    found["cpu_seconds"] = seconds
    if arm == "force":
        found["untrained"] = _lagged(np.zeros_like(seen[end:]), seen[end:])
        if len(task.arms) > 1:
            model.state_ = trained
            cut = model.generate(task.free * second, feedback=False)
            found["feedback_cut"] = _lagged(cut.output, seen[end:])
    if arm == "force" and seed == first:
        model.state_ = trained
        found |= {f"shown_{name}": array for name, array in _keep(task, model, run, seen).items()}
    return found


def _score(task: Task, model: Any, run: Any, training: Any, free: Any) -> dict[str, Any]:
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
    if task.signal == "lorenz":
        metrics |= {
            "lobe_changes": count_lobe_changes(run.output[:, 0]),
            "lobe_changes_target": count_lobe_changes(free[:, 0]),
            "time_in_right_lobe": (run.output[:, 0] > 0).mean(),
            "time_in_right_lobe_target": (free[:, 0] > 0).mean(),
        }
    return {name: float(value) for name, value in metrics.items()}


def count_lobe_changes(x: Any) -> int:
    """Return how often a signal crosses from beyond half its root mean square to beyond minus it.

    Examples
    --------
    >>> count_lobe_changes(np.array([1.0, 0.1, -0.1, 0.1, -1.0, -0.9, 1.0]))
    2
    """
    level = 0.5 * np.sqrt(np.mean(x**2))
    sides = np.sign(x)[np.abs(x) > level]
    return int(np.count_nonzero(np.diff(sides)))


def _lagged(output: Any, target: Any) -> float:
    window = min(_WINDOW, output.shape[0])
    return float(lag_tolerant_error(output, target, max_lag=_MAX_LAG, window=window).mean())


def _keep(task: Task, model: Any, run: Any, seen: Any) -> dict[str, Any]:
    """Return what the figures show of the first seed."""
    last = round(min(2.0, task.train) * 1e3)
    arrays: dict[str, Any] = {
        "time": np.concatenate([model.training_.time[-last:], run.time]),
        "output": np.concatenate([model.training_.output[-last:], run.output]).astype("float32"),
        "trained_until": np.array(run.start),
    }
    offset = round(run.start * 1e3) - last
    arrays["target"] = seen[offset : offset + arrays["output"].shape[0]].astype("float32")
    if not task.whole:
        return arrays
    half = min(0.5, task.free, task.train, task.settle)
    windows = {
        "before": (model.settling_, run.start - task.train - half),
        "during": (model.training_, run.start - task.train),
        "after": (run, run.start + task.free - half),
    }
    for name, (stretch, begin) in windows.items():
        inside = (stretch.spike_time >= begin) & (stretch.spike_time < begin + half)
        inside &= stretch.spike_cell < _SHOWN_CELLS
        arrays[f"spike_time_{name}"] = stretch.spike_time[inside] - begin
        arrays[f"spike_cell_{name}"] = stretch.spike_cell[inside]
        shown = (stretch.time > begin) & (stretch.time <= begin + half)
        arrays[f"output_{name}"] = stretch.output[shown, 0].astype("float32")
        first = round(begin * 1e3)
        arrays[f"target_{name}"] = seen[first : first + int(shown.sum()), 0].astype("float32")
    if task.name == "sine":
        for name, learned in (("before", False), ("after", True)):
            values = np.linalg.eigvals(model.effective_weights(learned=learned))
            arrays[f"eigenvalues_{name}"] = np.stack([values.real, values.imag])
    return arrays


def compute(run: Any) -> Results:
    """Run all tasks and summarise them."""
    protocol, wanted = run.protocol, run.options["tasks"]
    chosen = [task for task in protocol.tasks if not wanted or task.name in wanted]
    if not chosen:
        names = ", ".join(task.name for task in protocol.tasks)
        raise ValueError(f"--tasks: none of {', '.join(wanted)} is among {names}")
    metrics, baselines, arrays = {}, {}, {}
    for task in chosen:
        several = {
            arm: protocol.seeds or (task.seeds if arm == "force" else task.control_seeds)
            for arm in task.arms
        }
        data = run.measure(
            run_task, task=task, n_neurons=protocol.n_neurons, first=run.seed, arm=list(task.arms),
            seed=[run.seed + k for k in range(max(several.values()))], progress=task.title,
            where=lambda arm, seed: seed < run.seed + several[arm],  # noqa: B023  called at once
        )  # fmt: skip
        numbers = data.drop_vars([name for name in data if data[name].ndim > 2 or "shown_" in name])
        for arm in task.arms:
            own = numbers.sel(arm=arm).drop_vars("arm").dropna("seed", how="all")
            flat = flatten(own.drop_vars(["untrained", "feedback_cut"], errors="ignore"))
            if arm == "force":
                metrics |= {f"{task.name}_{key}": value for key, value in flat.items()}
                controls = flatten(own[[n for n in ("untrained", "feedback_cut") if n in own]])
                for key, value in controls.items():
                    stem, spread = key.removesuffix("_std"), "_std" * key.endswith("_std")
                    baselines[f"{stem}_{task.name}_lag_tolerant{spread}"] = value
                arrays |= {f"{task.name}_{n}_each": own[n].values for n in own if n in flat}
            else:
                shown = ("rate_after", "error_training", "lag_tolerant", "peak_frequency")
                for key, value in flat.items():
                    if key.removesuffix("_std") in shown:
                        baselines[f"{arm}_{task.name}_{key}"] = value
        first = data.sel(arm="force", seed=run.seed)
        arrays |= {
            f"{task.name}_{str(name).removeprefix('shown_')}": first[name].values
            for name in first if str(name).startswith("shown_")
        }  # fmt: skip
    whole = run.scale == "paper" and protocol.n_neurons == PROTOCOLS["paper"].n_neurons
    return Results(
        metrics=metrics, baselines=baselines, arrays=arrays, paper=PAPER if whole else {}
    )


# ---- figures -------------------------------------------------------------------------------------


def _trace(axes: Any, at: Any, output: Any, target: Any | None) -> None:
    if target is not None:
        axes.plot(at, target, color="black", linewidth=2, alpha=0.25, label="target")
    axes.plot(at, output, color=PALETTE[0], linewidth=0.9, label="output of the network")


def _legend(figure: Any, axes: Any) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles[:2], labels[:2], loc="outside lower center", ncols=2)


def draw_sine(results: Results) -> Any:
    """Draw output and spikes before, while and after the sine is learned."""
    arrays = results.arrays
    if "sine_output_before" not in arrays:
        return None
    figure, axes = panels(2, 3, height=2.9, sharex=True, sharey="row", height_ratios=(1, 1.2))
    phases = {"before": "before learning", "during": "learning begins", "after": "free run"}
    for column, (phase, title) in enumerate(phases.items()):
        output = arrays[f"sine_output_{phase}"]
        target = None if phase == "before" else arrays[f"sine_target_{phase}"]
        _trace(axes[0, column], np.arange(1, output.size + 1) / 1e3, output, target)
        rate = results.metrics.get(f"sine_rate_{phase}")
        axes[0, column].set_title(title if rate is None else f"{title}: {rate:.1f} Hz per cell")
        raster(arrays[f"sine_spike_time_{phase}"], arrays[f"sine_spike_cell_{phase}"].astype(int),
               axes[1, column], order=np.arange(_SHOWN_CELLS),
               ylabel="" if column else "cell")  # fmt: skip
    axes[0, 0].set(ylabel="output", ylim=(-1.7, 1.7))
    _legend(figure, axes[0, 2])
    return figure


def draw_spectrum(results: Results) -> Any:
    """Draw the eigenvalues of the recurrent weights, before and with the loop that was learned."""
    if "sine_eigenvalues_before" not in results.arrays:
        return None
    figure, axes = panels(1, 2, width=COLUMN_WIDTH, height=1.9, sharex=True, sharey=True)
    radius = 1e12 * np.hypot(*results.arrays["sine_eigenvalues_before"]).max()
    for panel, phase in zip(axes, ("before", "after"), strict=True):
        real, imaginary = 1e12 * results.arrays[f"sine_eigenvalues_{phase}"]  # a charge, in pA s
        outside = np.hypot(real, imaginary) > 1.2 * radius
        panel.scatter(real, imaginary, s=0.8, color=PALETTE[0], linewidths=0)
        panel.scatter(real[outside], imaginary[outside], s=14, color=PALETTE[1], linewidths=0)
        panel.axhline(0, color=GREY, linewidth=0.4, zorder=0)
        panel.axvline(0, color=GREY, linewidth=0.4, zorder=0)
        panel.set_aspect("equal", "box")
        panel.set(title=f"{phase} learning", xlabel="real part (pA s)")
    axes[0].set_ylabel("imaginary part (pA s)")
    return figure


def draw_controls(results: Results) -> Any:
    """Draw the error of the free run beside those of the controls."""
    if "sine_lag_tolerant" not in results.metrics:
        return None
    numbers = {**results.metrics, "force_sine_lag_tolerant": results.metrics["sine_lag_tolerant"],
               **results.baselines}  # fmt: skip
    if "sine_lag_tolerant_std" in numbers:
        numbers["force_sine_lag_tolerant_std"] = numbers["sine_lag_tolerant_std"]
    found = {}
    for arm, title in _ARMS.items():
        key = f"{arm}_sine_lag_tolerant"
        if key in numbers:  # two numbers with this mean and sample deviation
            half = numbers.get(f"{key}_std", 0.0) / np.sqrt(2)
            found[title] = [numbers[key] - half, numbers[key] + half] if half else [numbers[key]]
    paper = {"FORCE (not local)": results.paper["sine_lag_tolerant"]} if results.paper else None
    return dots(
        found, horizontal=True, each=False, colours=(PALETTE[0],), published=paper,
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
    slow = [name for name in names if name == "ode_to_joy"]
    quick = [name for name in names if name not in slow]
    rows = [quick[k : k + 2] for k in range(0, len(quick), 2)]
    if rows and len(rows[-1]) == 1:
        rows[-1] = rows[-1] * 2  # alone in its row: the whole width
    rows += [[name, name] for name in slow]
    heights = [1.6 if row[0] in slow else 1.0 for row in rows]
    figure, layout = panels(rows, height=0.5 + 0.9 * sum(heights), height_ratios=heights)
    for name, axes in layout.items():
        at = arrays[f"{name}_time"] - arrays[f"{name}_trained_until"]
        before, after = (1, 4) if name in slow else (0.5, 1.5)
        inside = (at > -before) & (at <= after)
        output, target = arrays[f"{name}_output"][inside], arrays[f"{name}_target"][inside]
        height = 1.15 * float(np.ptp(target, axis=0).max())
        shift = height * np.arange(target.shape[1])  # outputs are stacked
        _trace(axes, at[inside], output + shift, target + shift)
        low = float(target.min())
        axes.set(ylim=(low - 0.4 * height, low + (target.shape[1] + 0.3) * height), yticks=[])
        axes.axvspan(float(at[inside][0]), 0, color="#EDEDED", zorder=0)
        error = results.metrics[f"{name}_lag_tolerant"]
        axes.set(xlim=(at[inside][0], at[inside][-1]), title=f"{_TITLES[name]} (error {error:.2f})")
    for name in {*rows[-1], *(rows[-2] if slow and len(rows) > 1 else ())}:
        layout[name].set_xlabel("time since the end of learning (s)")
    first = layout[names[0]]
    handles, labels = first.get_legend_handles_labels()
    figure.legend([handles[0], handles[-1]], [labels[0], labels[-1]], loc="outside lower center",
                  ncols=2)  # fmt: skip
    return figure


def draw_lorenz(results: Results) -> Any:
    """Draw the attractor and its copy."""
    arrays = results.arrays
    if "lorenz_output" not in arrays:
        return None
    at = arrays["lorenz_time"] - arrays["lorenz_trained_until"]
    output, target = arrays["lorenz_output"], arrays["lorenz_target"]
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
    shown = (at > -2) & (at <= 8)
    for number, name in enumerate("xyz"):
        layout[name].axvspan(-2, 0, color="#EDEDED", zorder=0)
        _trace(layout[name], at[shown], output[shown, number], target[shown, number])
        layout[name].set(ylabel=f"${name}$", xlim=(-2, 8))
        layout[name].tick_params(labelbottom=name == "z")
    layout["z"].set_xlabel("time since the end of learning (s)")
    overlaps = ", ".join(f"{value:.2f}" for value in arrays["lorenz_overlap_each"])
    layout["x"].set_title(f"smallest overlap, seed by seed: {overlaps}")
    _legend(figure, layout["x"])
    return figure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice of tasks."""
    parser.add_argument("--tasks", nargs="+", choices=list(_TITLES), help="only these tasks")


EXPERIMENT = Experiment(
    name="force",
    title="Recurrent spiking networks generate oscillators and the Lorenz attractor",
    reference=(
        "Nicola & Clopath (2017), Nature Communications 8, 2208, doi 10.1038/s41467-017-01827-3"
    ),
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
