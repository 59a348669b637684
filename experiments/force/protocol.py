"""Which networks learn which signals, for how long, and how one run is scored."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import ms, pA, second
from numpy.typing import NDArray

from bioplastic.analysis.signals import (
    histogram_overlap,
    lag_tolerant_error,
    normalised_error,
    spectral_peak,
)
from bioplastic.models import force as targets
from bioplastic.models.force import ForceGenerator, ForceRun, force_parameters

__all__ = ["ARMS", "SHOWN_CELLS", "Protocol", "Task", "choose_protocol", "run_task"]

#: How the read-out learns, or what is taken away from the network.
ARMS = ("force", "delta", "no_feedback")
SHOWN_CELLS = 40
_MAX_LAG, _WINDOW = 100, 1000  # milliseconds, the time between two recorded outputs


@dataclass(frozen=True, kw_only=True)
class Task:
    """A signal, the network that learns it, and the schedule in seconds."""

    name: str
    signal: str
    options: Mapping[str, Any] = field(default_factory=dict)
    cell: str = "izhikevich"
    constants: Mapping[str, Any] = field(default_factory=dict)
    settle: float = 5.0
    train: float = 5.0
    free: float = 5.0
    score: float = 1.0
    seeds: int = 1
    control_seeds: int = 2
    arms: tuple[str, ...] = ("force",)
    whole: bool = False
    spectrum: bool = False


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """All tasks of one scale."""

    tasks: tuple[Task, ...]
    n_neurons: int


def choose_protocol(scale: str) -> Protocol:
    """Return the tasks of a scale: published sizes and durations at ``paper``."""
    weak = {"gain": 5000 * pA * ms, "feedback": 5000 * pA}
    strong = {"gain": 1e4 * pA * ms, "feedback": 9000 * pA}
    sine = Task(name="sine", signal="sine", constants=weak, seeds=5, arms=ARMS, whole=True,
                spectrum=True)  # fmt: skip
    product = Task(name="product", signal="product_of_sines", constants=strong, free=10.0, seeds=2)
    if scale == "smoke":
        short: dict[str, Any] = {"settle": 0.2, "train": 0.5, "free": 0.5, "score": 0.2}
        lif = Task(name="sine_lif", signal="sine", cell="lif", **short)
        return Protocol(
            tasks=(
                _change(sine, seeds=2, **short),
                _change(product, seeds=1, **short),
                lif,
                Task(name="lorenz", signal="lorenz", cell="theta", whole=True, **short),
            ),
            n_neurons=60,
        )
    lif = Task(name="sine_lif", signal="sine", cell="lif", seeds=2)
    if scale == "quick":
        return Protocol(
            tasks=(_change(sine, seeds=2), _change(product, seeds=1, free=5.0), lif),
            n_neurons=800,
        )
    melody = {"gain": 1e4 * pA * ms, "feedback": 4000 * pA, "interval": 4 * ms}
    return Protocol(
        tasks=(
            sine,
            _change(sine, name="sine_b0", cell="izhikevich_b0", seeds=2, arms=("force",),
                    whole=False, spectrum=False),
            lif,
            Task(name="sine_theta", signal="sine", cell="theta", settle=1.0,
                 constants={"gain": 10 * second}),
            Task(name="sawtooth", signal="sawtooth", seeds=2,
                 constants={**weak, "feedback": 4000 * pA}),
            product,
            Task(name="van_der_pol_harmonic", signal="van_der_pol", options={"mu": 0.5},
                 constants=strong),
            Task(name="van_der_pol_relaxation", signal="van_der_pol", options={"mu": 5.0},
                 constants={**strong, "feedback": 2e4 * pA}),
            Task(name="ode_to_joy", signal="ode_to_joy", cell="izhikevich_b0", constants=melody,
                 settle=1.0, train=80.0, free=12.0, score=4.0),
            Task(name="lorenz", signal="lorenz", cell="theta", train=45.0, free=49.0, score=4.0,
                 seeds=3, whole=True),
        ),
        n_neurons=2000,
    )  # fmt: skip


def _change(task: Task, **changes: Any) -> Task:
    return Task(**{**{name: getattr(task, name) for name in task.__dataclass_fields__}, **changes})


def run_task(task: Task, n_neurons: int, arm: str, seed: int, keep: bool = False) -> dict[str, Any]:
    """Train one network on one signal, let it run on freely, and score it.

    Parameters
    ----------
    task : Task
        Signal and schedule.
    n_neurons : int
        Number of neurons.
    arm : {'force', 'delta', 'no_feedback'}
        Recursive least squares, the local delta rule, or recursive least squares in a network that
        does not hear its output.
    seed : int
        Seed of the network.
    keep : bool, default False
        Whether to return what the figures show.

    Returns
    -------
    dict
        ``metrics`` of the run, ``controls`` (without decoder; with the feedback cut after
        learning), and ``arrays``.
    """
    model = ForceGenerator(
        force_parameters(task.cell, n_neurons=n_neurons, **task.constants),
        rule="delta" if arm == "delta" else "force",
        feedback=arm != "no_feedback",
        settle=task.settle * second,
        random_state=seed,
    )
    dt = float(model.parameters.dt)
    times = model.sample_times((task.settle + task.train + task.free) * second)
    signal = getattr(targets, task.signal)(times, **task.options)
    edges = [round(edge / dt) for edge in (task.settle, task.settle + task.train)]
    model.build(signal.shape[1])  # what is compiled is not timed
    began = time.process_time()
    model.fit(signal[slice(*edges)])
    trained = dict(model.state_)
    run = model.generate(task.free * second)
    seconds = time.process_time() - began
    every = round(1e-3 / dt)
    seen = signal[every - 1 :: every]
    first = [round(edge * dt * 1e3) for edge in edges]
    training, free = seen[slice(*first)], seen[first[1] :]
    metrics = _score(task, model, run, training, free)
    metrics["cpu_seconds"] = seconds
    controls = {"untrained": _lagged(np.zeros_like(free), free)}
    if len(task.arms) > 1 and arm == "force":
        model.state_ = trained
        cut = model.generate(task.free * second, feedback=False)
        controls["feedback_cut"] = _lagged(cut.output, free)
    arrays: dict[str, Any] = {}
    if keep:
        model.state_ = trained
        arrays = _keep(task, model, run, seen)
    return {"metrics": metrics, "controls": controls, "arrays": arrays}


def _score(
    task: Task, model: ForceGenerator, run: ForceRun, training: Any, free: Any
) -> dict[str, float]:
    """Return the numbers of one run; errors are means over outputs."""
    last = round(task.score * 1e3)
    output = model.training_.output
    one = min(_WINDOW, free.shape[0])
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
    }
    far = np.abs(run.output - free).max(axis=1) > free.std(axis=0).max()
    metrics["seconds_until_error"] = float(np.argmax(far) if far.any() else far.size) / 1e3
    spread = free[:one].std(axis=0)
    if np.all(spread > 0):
        metrics["error_free_first_second"] = normalised_error(run.output[:one], free[:one]).mean()
    if task.signal == "lorenz":
        metrics |= {
            "lobe_changes": float(count_lobe_changes(run.output[:, 0])),
            "lobe_changes_target": float(count_lobe_changes(free[:, 0])),
            "time_in_right_lobe": float((run.output[:, 0] > 0).mean()),
            "time_in_right_lobe_target": float((free[:, 0] > 0).mean()),
        }
    return {name: float(value) for name, value in metrics.items()}


def count_lobe_changes(x: NDArray[np.float64]) -> int:
    """Return how often a signal crosses from beyond one standard value to beyond the other.

    A change counts when the signal passes half its root mean square on the other side, so that
    noise about zero does not count.

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


def _keep(task: Task, model: ForceGenerator, run: ForceRun, seen: Any) -> dict[str, Any]:
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
        inside &= stretch.spike_cell < SHOWN_CELLS
        arrays[f"spike_time_{name}"] = stretch.spike_time[inside] - begin
        arrays[f"spike_cell_{name}"] = stretch.spike_cell[inside]
        shown = (stretch.time > begin) & (stretch.time <= begin + half)
        arrays[f"output_{name}"] = stretch.output[shown, 0].astype("float32")
        first = round(begin * 1e3)
        arrays[f"target_{name}"] = seen[first : first + int(shown.sum()), 0].astype("float32")
    if task.spectrum:
        for name, learned in (("before", False), ("after", True)):
            values = np.linalg.eigvals(model.effective_weights(learned=learned))
            arrays[f"eigenvalues_{name}"] = np.stack([values.real, values.imag])
    return arrays
