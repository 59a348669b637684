"""What and when: a spiking reservoir learns which event follows a cue, when, and how likely.

Yamada & Chao (2026), "Joint encoding of 'what' and 'when' predictions through error-modulated
plasticity in biologically-plausible spiking networks", Communications Biology,
doi 10.1038/s42003-026-10836-2, arXiv 2510.14382.

Neither the program nor the constants of the paper are available: its task and architecture are
rebuilt from abstracts and reading notes, with constants of our own (see ``docs/what_when.md``). The
values under ``paper`` come from those notes on the published article, not from the article itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from bioplastic.experiments.what_when import figures
from bioplastic.experiments.what_when.parts import (
    ARMS,
    FIRST,
    GRID_LATENCY,
    GRID_P,
    SWITCHES,
    Protocol,
    chance_correlation,
    find_components,
    flatten_weights,
    make_block,
    measure_angles,
    measure_switch,
    run_arm,
    run_clock,
    run_condition,
    run_level,
    run_shuffled,
    run_switches,
    truth_of,
)
from bioplastic.study import flatten, labelled, measure
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT", "compute"]

PAPER = {
    "correlation_amplitude_probability_a": 0.978, "correlation_amplitude_probability_b": -0.989,
    "error_trial_1": 0.192, "error_trial_10": 0.136, "error_trial_50": 0.092,
    "error_trial_100": 0.085,
}  # fmt: skip
"""From reading notes on the published article."""
HEADLINE_ARMS = ("local", "rls", "rls_forgetting", "rls_reset", "merged", "merged_rls")
"""Measured with all seeds."""
MATCHING = {"time": (0.8, 450), "probability": (0.2, 300), "both": (0.2, 450), "back": (0.8, 300)}
"""The condition of the grid, or beside it, where each switch leads to."""


def compute(run: Run) -> Results:
    """Run all parts, and summarise them."""
    sizes, few = run.protocol, run.seeds[: run.protocol.control_seeds]
    shared: dict[str, Any] = {"protocol": sizes}
    levels = run.measure(run_level, seed=run.seeds, p=sizes.levels, **shared)
    spikes = ("spike_time", "spike_cell")
    switches = run.measure(run_switches, seed=run.seeds, ragged=spikes, **shared)
    switches = switches.assign_coords(block=["first", *SWITCHES])
    theta = run.measure(
        run_condition, seed=run.seeds, p=GRID_P, latency=(*GRID_LATENCY, 450),
        where=lambda p, latency: latency < 450 or p != 0.5, **shared,
    ).theta  # fmt: skip
    arms = run.measure(
        run_arm, arm=labelled(ARMS), seed=run.seeds,
        where=lambda arm, seed: arm in HEADLINE_ARMS or seed in few, **shared,
    )  # fmt: skip
    shuffled = run.measure(run_shuffled, seed=few, **shared)
    clock = run.measure(
        run_clock, recovery=("slow", "stock"), coupling=sizes.couplings, seed=few, **shared
    )
    weights = measure(
        lambda seed: compare_weights(theta.sel(seed=seed), switches.sel(seed=seed), seed),
        seed=run.seeds, progress=False,
    )  # fmt: skip
    numbers = measure(
        lambda seed: {**follow_probability(levels.sel(seed=seed)),
                      **follow_switches(switches.sel(seed=seed))},
        seed=run.seeds, progress=False,
    )  # fmt: skip
    counted = [name for name in numbers if "counter" in str(name)]
    errors = arms[["error"]].isel(test=-1)
    named = {"error": "error_{arm}_block_{block}"}
    metrics = {
        **flatten(numbers.drop_vars(counted)),
        **flatten(weights[[name for name, v in weights.items() if v.dims == ("seed",)]]),
        **flatten(errors.drop_sel(arm="window"), names=named),
        **flatten(
            xr.Dataset({"r2": clock.decoding.mean("decoding_0"), "error": clock.error,
                        "rate": clock.rate}),
            names={name: f"clock_{{recovery}}_{{coupling}}_{name}" for name in
                   ("r2", "error", "rate")},
        ),
        "rate": float(switches.rate.mean()),
    }  # fmt: skip
    truth = truth_of(make_block(FIRST, sizes.block))
    chance = weights[["null", "permuted"]].mean(("seed", "sample"))
    baselines = {
        **flatten(numbers[counted]),
        "correlation_chance_95": chance_correlation(sizes.levels, run.seed),
        "error_untrained": metrics["error_untrained"],
        "error_silent": float(np.sqrt(np.mean(truth**2))),
        "error_best_constant": float(np.sqrt(np.mean((truth - truth.mean(axis=0)) ** 2))),
        **flatten(shuffled, names={"value": "error_shuffled_time"}),
        **flatten(errors.sel(arm=["window"]), names=named),
        **flatten(chance, names={n: f"angle_{{pair}}_{{k}}_{n}" for n in ("null", "permuted")}),
    }
    return Results(
        metrics=metrics,
        baselines=baselines,
        paper=PAPER if run.scale != "smoke" else {},
        parameters={"checkpoints": run.store is not None},
        measured={
            "levels": levels.drop_vars("output"),
            "switches": switches[["error", "start", "amplitude", "what"]],
            "courses": xr.Dataset(
                {
                    "by_level": levels.output.mean("seed"),
                    "spread": levels.output.std("seed", ddof=1),
                    "by_block": switches.output.mean("seed"),
                }
            ),
            "trial": switches[[*spikes, "recovery"]].isel(seed=0).dropna("spike"),
            "weights": weights[[name for name, v in weights.items() if v.dims != ("seed",)]],
            "arms": arms,
            "clock": clock,
        },
    )


def follow_probability(levels: xr.Dataset) -> dict[str, float]:
    """Return how amplitude and predicted probability of one seed follow that of A."""
    p = levels.p.values
    amplitude, what, counter = (
        levels[name].transpose("p", "channel").values for name in ("amplitude", "what", "counter")
    )
    truth, found = np.stack([p, 1 - p], axis=1), {}
    for k, name in enumerate("ab"):
        found[f"correlation_amplitude_probability_{name}"] = _correlate(p, amplitude[:, k])
        found[f"correlation_what_probability_{name}"] = _correlate(p, what[:, k])
        found[f"calibration_slope_{name}"] = float(np.polyfit(truth[:, k], what[:, k], 1)[0])
        found[f"correlation_leaky_counter_{name}"] = _correlate(p, counter[:, k])
    return {**found, "brier_distance": float(np.square(what - truth).mean())}


def _correlate(x: NDArray[Any], y: NDArray[Any]) -> float:
    return float(np.corrcoef(x, y)[0, 1]) if np.std(y) > 0 else 0.0


def follow_switches(switches: xr.Dataset) -> dict[str, float]:
    """Return the learning curve of one seed, and how its error follows each switch."""
    first = switches.sel(block="first")
    found = {"error_untrained": float(first.start)}
    found |= {f"error_trial_{t}": float(first.error.sel(test=t)) for t in first.test.values}
    found["error_final_over_first"] = float(first.error[-1] / first.error[0])
    for name in SWITCHES:
        before = switches.error.sel(block="both" if name == "back" else "first").values[-1]
        switch = measure_switch(float(before), switches.sel(block=name))
        found |= {f"switch_{name}_{key}": value for key, value in switch.items()}
    return found


def compare_weights(theta: xr.DataArray, switches: xr.Dataset, seed: int) -> dict[str, Any]:
    """Return principal components over conditions, paths after switches, and principal angles."""
    grid = theta.sel(latency=list(GRID_LATENCY)).values.reshape(9, *theta.shape[2:])
    found: dict[str, Any] = {}
    for label, normalised in (("raw_", False), ("", True)):
        part = find_components(grid, normalised=normalised)
        for k in range(3):
            for column, name in enumerate(("probability", "latency")):
                found[f"{label}pc{k + 1}_{name}"] = abs(float(part["correlation"][k, column]))
            found[f"{label}pc{k + 1}_share"] = float(part["share"][k])
        found[f"{label}scores"] = xr.DataArray(part["scores"], dims=("condition", "component"))
    paths = {}
    for name, (p, latency) in MATCHING.items():
        vectors = flatten_weights(switches.theta.sel(block=name).values, part["scales"])
        end = flatten_weights(theta.sel(p=p, latency=latency).values, part["scales"])
        plane, distance = part["directions"][:2].T, np.linalg.norm(vectors - end, axis=1)
        paths[name] = xr.Dataset({
            "path": (("test", "axis"), (vectors - part["mean"]) @ plane),
            "end": ("axis", (end - part["mean"]) @ plane),
            "distance": ("test", distance / distance[0]),
        })  # fmt: skip
        label = "both_back" if name == "back" else name
        found[f"distance_end_{label}"] = float(distance[-1] / distance[0])
    joined = xr.concat(list(paths.values()), "switch").assign_coords(
        switch=list(paths), test=switches.test
    )
    angles = measure_angles(grid, seed)
    for pair in angles.pair.values:
        each = angles.sel(pair=pair)
        found |= {f"angle_{pair}_{k}": float(each.angle.sel(k=k)) for k in each.k.values}
        found |= {f"angle_{pair}_{n}": float(each[n]) for n in ("p_aligned", "p_orthogonal")}
    found |= {str(name): values for name, values in joined.items()}
    return found | {name: angles[name] for name in ("angle", "null", "permuted")}


EXPERIMENT = Experiment(
    name="what_when",
    title="A spiking reservoir learns what follows a cue, when, and how likely",
    reference=(
        "Yamada & Chao (2026), Communications Biology, doi 10.1038/s42003-026-10836-2 "
        "(rebuilt from abstracts and reading notes, constants of our own)"
    ),
    costs={"smoke": "1 min", "quick": "3 min of one core", "paper": "11 min of one core"},
    datasets=("synthetic",),
    protocols={
        "smoke": Protocol(
            n_excitatory=160, n_inhibitory=40, seeds=1, control_seeds=1, block=6, grid_block=3,
            tests=(1, 3, 6), n_tests=1, levels=(0.0, 0.5, 1.0), couplings=("none", "weak"),
        ),
        "quick": Protocol(
            seeds=1, control_seeds=1, grid_block=50, tests=(1, 10, 50, 100),
            levels=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0), couplings=("none", "weak", "medium"),
        ),
        "paper": Protocol(),
    },
    compute=compute,
    figures=figures.FIGURES,
)  # fmt: skip
