"""What is computed at each scale, and one trial of each kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from brian2 import volt
from numpy.typing import NDArray

from bioplastic.analysis.avalanches import cut_silence
from bioplastic.analysis.spike_distance import (
    activity_distance,
    count_statistics,
    interval_cv,
    interval_distance,
    library_distances,
    train_distance,
)
from bioplastic.fields import Constants, param
from bioplastic.models.pspm import (
    CONDITIONS,
    PSPMParameters,
    PSPMRegressor,
    RecurrentNetwork,
    draw_current,
    draw_task,
    integrate_and_fire_spikes,
    pif_parameters,
)
from bioplastic.models.pspm.network import to_drive
from bioplastic.models.pspm.tasks import draw_weights

__all__ = [
    "ABLATIONS",
    "NETWORKS",
    "PERTURBATIONS",
    "PROTOCOLS",
    "SHOWN",
    "VARIANTS",
    "Protocol",
    "run_pif_trial",
    "run_trial",
]

ABLATIONS = ("local_only", "homeostasis_only")
VARIANTS = (*CONDITIONS, *ABLATIONS)
NETWORKS = ("naive", "optimised", "control")
PERTURBATIONS = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)
"""Sizes in volts of the changes of all weights that measure the chaos floor."""

SHOWN = ("uniform", "half_max")
"""Conditions whose first trial is kept spike by spike for the figures."""

_WHICH = {"naive": "initial", "optimised": "learned", "control": "control"}
_LIBRARY_NEURONS = 20
_NUDGES = 3


class Protocol(Constants):
    """Sizes of an experiment."""

    n: int = param(400, minimum=1, doc="cells")
    n_steps: int = param(5000, minimum=1, doc="time steps")
    n_iterations: int = param(150, minimum=0, doc="iterations of learning")
    trials: int = param(30, minimum=1, doc="trials of each condition")
    pif_n: int = param(500, minimum=1, doc="cells of the avalanche experiment")
    pif_steps: int = param(10_000, minimum=1, doc="its time steps")
    pif_iterations: int = param(100, minimum=0, doc="its iterations")
    pif_trials: int = param(5, minimum=0, doc="its trials")


PROTOCOLS = {
    "smoke": Protocol(
        n=60, n_steps=800, n_iterations=5, trials=2,
        pif_n=60, pif_steps=3000, pif_iterations=2, pif_trials=2,
    ),
    "quick": Protocol(trials=2, pif_iterations=10, pif_trials=2),
    "paper": Protocol(),
}  # fmt: skip


def run_trial(
    variant: str, trial: int, seed: int, protocol: Protocol, libraries: bool
) -> dict[str, Any]:
    """Run one trial of the main experiment.

    The ablations get the tasks of the condition uniform, trial by trial.

    Returns
    -------
    dict
        Numbers, ``history`` (surplus, missing) and, for the first trial of some conditions, what
        the figures show.
    """
    condition = "uniform" if variant in ABLATIONS else variant
    sequence = np.random.SeedSequence([seed, CONDITIONS.index(condition), trial])
    task = draw_task(condition, n=protocol.n, n_steps=protocol.n_steps, seed=sequence)
    parameters = PSPMParameters().scaled(protocol.n)
    if variant == "local_only":
        parameters = dataclasses.replace(parameters, rho=0 * volt)
    if variant == "homeostasis_only":
        parameters = dataclasses.replace(parameters, epsilon=0 * volt)
    network = RecurrentNetwork(protocol.n, parameters)
    drive = to_drive("task.current", task.current, parameters.resistance)
    target = network(task.reference, drive)
    model = PSPMRegressor(
        protocol.n_iterations,
        initial_weights=task.naive,
        inhibitory=task.signs < 0,
        parameters=parameters,
        control=True,
        random_state=int(sequence.generate_state(1)[0]),
    ).fit(task.current, target)
    spikes = {name: model.predict(task.current, which=which) for name, which in _WHICH.items()}
    weights = {
        "naive": model.initial_weights_,
        "optimised": model.weights_,
        "control": model.control_weights_,
    }
    excitatory = task.signs > 0
    metrics = _measure_counts("reference", target)
    for name in NETWORKS:
        metrics |= _measure_counts(name, spikes[name])
        metrics |= _measure_distances(name, target, spikes[name])
        if libraries:
            some = range(min(_LIBRARY_NEURONS, protocol.n // 10))
            others = library_distances(target, spikes[name], float(parameters.dt), neurons=some)
            metrics |= {f"{measure}_{name}": value for measure, value in others.items()}
        metrics |= _measure_weights(name, weights[name], task.reference, excitatory)
    metrics["score_optimised"] = model.score(task.current, target)
    metrics |= _measure_chaos(network, drive, model.weights_, spikes["optimised"], seed + trial)
    history = np.stack([model.history_["surplus"], model.history_["missing"]])
    result: dict[str, Any] = {
        **metrics, "history": xr.DataArray(history, dims=("kind", "iteration")),
    }  # fmt: skip
    if trial == 0 and variant in SHOWN:
        shown = _keep_example({"reference": target, **spikes})
        shown |= {
            f"error_{name}": np.abs(weights[name] - task.reference).astype(np.float32)
            for name in NETWORKS
        }
        shown["inhibitory"] = task.signs < 0
        result |= {f"shown_{name}": values for name, values in shown.items()}
    return result


def _measure_counts(name: str, spikes: NDArray[np.bool_]) -> dict[str, float]:
    mean, deviation = count_statistics(spikes)
    measured = {f"count_{name}": mean, f"count_spread_{name}": deviation}
    cv = interval_cv(spikes)
    return measured | ({f"interval_cv_{name}": cv} if np.isfinite(cv) else {})


def _measure_distances(
    name: str, target: NDArray[np.bool_], spikes: NDArray[np.bool_]
) -> dict[str, float]:
    return {
        f"train_distance_{name}": train_distance(target, spikes),
        f"activity_distance_{name}": activity_distance(target, spikes),
        f"interval_distance_{name}": interval_distance(target, spikes),
    }


def _measure_weights(
    name: str, weights: NDArray[Any], reference: NDArray[Any], excitatory: NDArray[np.bool_]
) -> dict[str, float]:
    difference = 1e3 * (weights - reference)
    blocks = [matrix[excitatory].ravel() for matrix in (weights, reference)]
    return {
        f"weight_error_{name}": float(np.abs(difference).mean()),
        f"weight_shift_{name}": float(difference.mean()),
        f"weight_correlation_{name}": float(np.corrcoef(*blocks)[0, 1]),
    }


def _measure_chaos(
    network: RecurrentNetwork,
    drive: NDArray[Any],
    weights: NDArray[Any],
    spikes: NDArray[np.bool_],
    seed: int,
) -> dict[str, float]:
    """Return the distance of a network from itself when all its weights are nudged.

    Once by independent normal noise, once all weights up or down by the same amount.
    """
    rng = np.random.default_rng(seed)
    measured = {}
    for number, size in enumerate(PERTURBATIONS):
        noisy = [rng.standard_normal(weights.shape) for _ in range(_NUDGES)]
        for name, nudges in (("noise", noisy), ("shift", (1.0, -1.0))):
            away = [network(weights + size * nudge, drive) for nudge in nudges]
            measured[f"chaos_{name}_{number}"] = float(
                np.mean([train_distance(spikes, other) for other in away])
            )
    return measured


def _keep_example(spikes: Mapping[str, NDArray[np.bool_]]) -> dict[str, NDArray[Any]]:
    kept: dict[str, NDArray[Any]] = {}
    for name, raster in spikes.items():
        step, cell = np.nonzero(raster)
        kept[f"step_{name}"] = step.astype(np.int32)
        kept[f"cell_{name}"] = cell.astype(np.int16)
    return kept


def run_pif_trial(trial: int, seed: int, protocol: Protocol) -> dict[str, Any]:
    """Run one trial of the avalanche experiment: learn the spikes of a critical PIF network.

    Returns
    -------
    dict
        Numbers; ``counts``, the spikes per step of the PIF network and of the three networks, long
        silences cut; and the PIF spikes of the first trial.
    """
    sequence = np.random.SeedSequence([seed, len(CONDITIONS), trial])
    children = sequence.spawn(2)
    n = protocol.pif_n
    target = integrate_and_fire_spikes(
        n, protocol.pif_steps, connectivity=min(1.0, 10 / n), seed=children[0]
    )
    rng = np.random.default_rng(children[1])
    current = draw_current(rng, n, protocol.pif_steps)
    # the published mean and deviation, 0.4 mV, hold for 500 cells
    naive = draw_weights(rng, n, "gaussian", np.ones(n)) * (500 / 400)
    model = PSPMRegressor(
        protocol.pif_iterations,
        initial_weights=naive,
        inhibitory=0.0,
        parameters=pif_parameters().scaled(n, published=500),
        control=True,
        random_state=int(sequence.generate_state(1)[0]),
    ).fit(current, target)
    spikes = {name: model.predict(current, which=which) for name, which in _WHICH.items()}
    metrics = _measure_counts("reference", target)
    for name in NETWORKS:
        metrics |= _measure_counts(name, spikes[name])
        metrics[f"train_distance_{name}"] = train_distance(target, spikes[name])
    everything = {"reference": target, **spikes}
    counts = {
        f"counts_{name}": xr.DataArray(cut_silence(raster.sum(axis=1)), dims=f"step_{name}")
        for name, raster in everything.items()
    }
    example = _keep_example({"reference": target[:5000]}) if trial == 0 else {}
    return {**metrics, **counts, **{f"shown_{name}": values for name, values in example.items()}}
