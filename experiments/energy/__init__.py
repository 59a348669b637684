"""What spikes cost: three estimates beside their opponents, and where to spend a bit budget.

Bit Budget: Shen et al. (2024), CVPR; STEP: Shen et al. (2025), arXiv 2505.11151.

All operations are counted from networks and their spikes (`bioplastic.accounting`), those of
learning included, which neither paper counts. Energies are what formulas make of the counts (45
nm: 4.6 pJ per multiplication and addition, 0.9 pJ per addition, 3.12 pJ per memory access), never
measurements:

* **conventional**, arithmetic alone, beside the same wiring as a 32-bit network passed once;
* **bit budget**, steps x weight bits x spike bits per synapse, beside a network without spikes,
  of one hidden layer and 4 bits, the smallest one that is as accurate on held-out training
  samples;
* **with memory**, in the manner of STEP (its formula is not known; this is a working form),
  beside the same 4-bit network, which reads each weight and activity once.

A budget of four bits per synapse and weight bit is spent as spikes of 4 bits in 1 step, of 2 bits
in 2 steps, or of 1 bit in 4 steps, on digits that stand still and on two bursts whose order is
asked for: as specified, both at fixed times, and with an onset that differs from sample to
sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from bioplastic.analysis import (
    bit_budget,
    chance_level,
    conventional_energy,
    linear_baseline,
    memory_energy_ann,
    quantised_baseline,
)
from bioplastic.datasets import load_digits, stratified_split
from bioplastic.experiments.energy.systems import SYSTEMS, measure_system, run_parts
from bioplastic.fields import Constants, param
from bioplastic.models.bit_budget import BitBudgetClassifier, draw_order_task, to_frames
from bioplastic.plotting import lines, panels, table
from bioplastic.study import flatten
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

SPLITS = {"4x1": (4, 1), "2x2": (2, 2), "1x4": (1, 4)}  # bits of a spike, steps
ONSETS = {"order": 0, "late": 45}  # steps
WEIGHT_BITS, OPPONENT_BITS, HIDDEN = 8, 4, (4, 6, 8, 12, 16, 24, 32, 48, 64)


class Protocol(Constants):
    """How much is learned."""

    samples: int = param(1000, minimum=50, doc="samples of the order task, twice as many as tests")
    epochs: int = param(40, minimum=1, doc="passes through the samples")
    tasks: tuple[str, ...] = param(("digits", *ONSETS), doc="tasks")
    splits: tuple[str, ...] = param(tuple(SPLITS), doc="splits of the budget")
    systems: tuple[str, ...] = param(tuple(SYSTEMS), doc="systems of the table")
    seeds: int = param(5, minimum=1, doc="seeds")


def load_task(task: str, seed: int, n_steps: int, samples: int) -> tuple[Any, ...]:
    """Return training and test samples in so many steps, and the plain ones."""
    if task == "digits":
        digits = load_digits(seed)
        plain = np.concatenate([digits.X, digits.X_test]) / 255
        frames = np.tile(plain, (1, n_steps))
        n, y = len(digits.y), np.concatenate([digits.y, digits.y_test])
    else:
        spikes, y = draw_order_task(seed, samples * 3 // 2, onset=ONSETS[task])
        plain, frames, n = spikes.sum(axis=1), to_frames(spikes, n_steps), samples
    return frames[:n], y[:n], frames[n:], y[n:], plain[:n], plain[n:]


def learn(seed: int, task: str, split: str, sizes: Protocol) -> dict[str, float]:
    """Learn a task with one split of the budget; return accuracies, operations and estimates."""
    bits, n_steps = SPLITS[split]
    X, y, X_test, y_test, plain, plain_test = load_task(task, seed, n_steps, sizes.samples)
    kept, held = stratified_split(y, 0.2, seed)
    model = BitBudgetClassifier(spike_bits=bits, n_steps=n_steps, random_state=seed,
                                epochs=sizes.epochs).fit(X[kept], y[kept])  # fmt: skip
    found = {
        "accuracy": model.score(X_test, y_test),
        "linear": linear_baseline(plain[kept], y[kept], plain_test, y_test),
        "chance": chance_level(y_test),
    }
    for kind, state in (("learn", model.state_), ("answer", model.frozen_state())):
        given = model.present(X_test[:100], y_test[:100] if kind == "learn" else None)
        counts = run_parts(model.network(kind), model.dt, given, state, 100)
        found |= {f"{name}_{kind}": value for name, value in counts.items()}
    macs = counts["synapses"]
    budget = {"n_steps": n_steps, "weight_bits": WEIGHT_BITS, "spike_bits": bits}
    found |= {"bit_operations": bit_budget(macs, **budget),
              "bit_operations_events": counts["synaptic"] * WEIGHT_BITS * bits}  # fmt: skip
    if task != "digits":
        return found
    wanted = model.score(X[held], y[held])
    options = {"bits": OPPONENT_BITS, "seed": seed}
    for hidden in HIDDEN:
        reached = quantised_baseline(plain[kept], y[kept], plain[held], y[held],
                                     n_hidden=hidden, **options)  # fmt: skip
        if reached >= wanted:
            break
    n_weights = hidden * (plain.shape[1] + 10)
    return found | {
        "opponent": quantised_baseline(plain[kept], y[kept], plain_test, y_test, n_hidden=hidden,
                                       **options),
        "opponent_hidden": hidden,
        "opponent_conventional": conventional_energy(0, n_weights),
        "opponent_bit_operations": bit_budget(n_weights, n_steps=1, weight_bits=OPPONENT_BITS,
                                              spike_bits=OPPONENT_BITS),
        "opponent_memory": memory_energy_ann(n_weights, bits=OPPONENT_BITS, n_weights=n_weights,
                                             n_activations=plain.shape[1] + hidden),
    }  # fmt: skip


def compute(run: Run) -> Results:
    """Learn all tasks with all splits, and count for all systems."""
    data = run.measure(learn, seed=run.seeds, task=list(run.protocol.tasks),
                       split=list(run.protocol.splits), sizes=run.protocol)  # fmt: skip
    systems = run.measure(measure_system, system=list(run.protocol.systems))
    digits = data.sel(task="digits", drop=True)
    beside = [name for name in data.data_vars if str(name).startswith("opponent")]
    return Results(
        metrics=flatten(data[["accuracy"]])
        | flatten(digits[["synaptic_answer", "conventional_answer", "memory_answer",
                          "memory_learn", "plastic_updates_learn", "trace_updates_learn",
                          "bit_operations", "bit_operations_events"]]),
        baselines=flatten(data[["linear", "chance"]].isel(split=0, drop=True))
        | flatten(digits[[*beside, "conventional_ann_answer"]]),
        measured={"splits": data, "systems": systems},
    )  # fmt: skip


def draw_splits(results: Results) -> Any:
    """Draw accuracy over the splits of the budget for all tasks, and the energies on digits."""
    data = results.measured["splits"]
    figure, (left, right) = panels(1, 2, height=2.5)
    names = {"digits": "digits", "order": "order, fixed onset", "late": "order, random onset"}
    lines(data.accuracy, left, x="split", hue="task", factor=100, labels=names, show="bars",
          xlabel="spike bits x steps", ylabel="accuracy (%)", ylim=(40, 102))  # fmt: skip
    digits = data.sel(task="digits")
    energies = {
        "arithmetic": digits.conventional_answer,
        "same wiring, 32 bits": digits.conventional_ann_answer,
        "with memory": digits.memory_answer, "as accurate, 4 bits": digits.opponent_memory,
    }  # fmt: skip
    lines(energies, right, x="split", factor=1e-3, show="bars", yscale="log",
          xlabel="spike bits x steps", ylabel="model energy per digit (nJ)")  # fmt: skip
    return figure


def draw_systems(results: Results) -> Any:
    """Draw the table of operations and model energies per sample."""
    data = results.measured["systems"]
    rows = {}
    for system in data.system.values.tolist():
        one, task = data.sel(system=system), SYSTEMS[system][1]
        for kind in ("learn", "answer"):
            row = one.sel(kind=kind)
            if np.isfinite(row.cells):
                rows[f"{system}, {kind}: {task}"] = {
                    name: _short(float(row[key]), "digit" in task or key in _OWN)
                    for name, key in _COLUMNS.items()
                }
    return table(pd.DataFrame(rows).T).figure


_COLUMNS = {
    "synapses": "synapses", "SynOps": "synaptic", "MACs": "analogue_macs",
    "weight\nupdates": "plastic_updates", "trace\nupdates": "trace_updates",
    "cell\nupdates": "neuron_updates", "arithmetic\n(pJ)": "conventional",
    "32-bit\npass (pJ)": "conventional_ann", "memory\n(pJ)": "memory",
    "8-bit\npass (pJ)": "memory_ann",
}  # fmt: skip
_OWN = set(_COLUMNS.values()) - {"conventional_ann", "memory_ann"}


def _short(value: float, known: bool) -> str:
    """Return a number with two digits and a letter for its thousands."""
    if not known:  # one pass of a network without spikes is no opponent in time
        return "–"
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return (
                f"{value / unit:.2g} {letter}"
                if value < 100 * unit
                else f"{value / unit:.0f} {letter}"
            )
    return f"{value:.0f}"


EXPERIMENT = Experiment(
    name="energy",
    title="What spikes cost, and where to spend a bit budget",
    reference="Shen et al. (2024), CVPR; Shen et al. (2025), arXiv 2505.11151",
    costs={"smoke": "15 s", "quick": "2 min"},
    datasets=("digits",),
    protocols={
        "smoke": Protocol(
            samples=200,
            epochs=8,
            seeds=1,
            tasks=("digits", "late"),
            splits=("4x1", "1x4"),
            systems=("bit_budget",),
        ),
        "quick": Protocol(),
    },
    options=("samples", "epochs"),
    compute=compute,
    figures={"splits": draw_splits, "systems": draw_systems},
)
