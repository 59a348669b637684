"""Presynaptic pool modification: recurrent networks learn the spike trains of another network.

Bagley, Bordelon, Moseley & Wessel (2020), "Pre-synaptic pool modification (PSPM): a supervised
learning procedure for recurrent spiking neural networks", PLoS ONE 15(2), e0229083,
doi 10.1371/journal.pone.0229083.

An all-to-all network starts from other weights than a reference network and learns to fire its
spikes under the same input. Does matching the spikes recover the weights? All scores are taken on
the input of the training, as published. The values under ``paper`` were measured with the authors'
program at its default settings; the article's own tables are not available to us.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from brian2 import volt

from bioplastic.analysis import avalanches
from bioplastic.analysis.spike_distance import (
    activity_distance,
    count_statistics,
    filter_spikes,
    interval_cv,
    interval_distance,
    library_distances,
    train_distance,
)
from bioplastic.datasets import integrate_and_fire_spikes
from bioplastic.fields import Constants, param
from bioplastic.models import pspm
from bioplastic.plotting import (
    COLUMN_WIDTH,
    PALETTE,
    dots,
    images,
    lines,
    panels,
    plot_avalanche_scaling,
    plot_avalanches,
    raster,
)
from bioplastic.study import flatten, labelled, measure
from bioplastic.study.framework import Experiment, Run
from bioplastic.study.results import Results

__all__ = ["EXPERIMENT"]

ABLATIONS = {"local_only": {"rho": 0 * volt}, "homeostasis_only": {"epsilon": 0 * volt}}
VARIANTS = (*pspm.CONDITIONS, *ABLATIONS)
PIF = pspm.PSPMParameters(epsilon=1e-8 * volt, rho=1e-9 * volt)  # of the avalanche experiment
NETWORKS = {"naive": "initial", "optimised": "learned", "control": "control"}
PERTURBATIONS = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)  # volts, of all weights
SHOWN = ("uniform", "half_max")  # whose first trial is kept spike by spike
_LIBRARY_NEURONS, _NUDGES, _BLOCK = 20, 3, 8
_KINDS = ["size", "duration"]  # of avalanches

# naive, optimised, control: the mean of three runs for uniform, one for each other condition
_MEASURED: dict[tuple[str, str], tuple[float, float, float]] = {
    ("uniform", "train_distance"): (64.7, 16.3, 63.6),
    ("uniform", "activity_distance"): (30.3, 4.2, 28.5),
    ("uniform", "count"): (56.5, 57.0, 50.7),
    ("uniform", "weight_error"): (0.501, 0.523, 0.505),
    ("half_max", "train_distance"): (157.2, 22.4, 65.0),
    ("half_max", "activity_distance"): (113.3, 7.7, 30.1),
    ("half_max", "weight_error"): (0.499, 0.486, 0.459),
    ("sparse", "train_distance"): (150.5, 0.55, 15.3),
    ("sparse", "activity_distance"): (105.3, 0.0025, 0.92),
    ("sparse", "weight_error"): (0.624, 0.580, 0.586),
    ("local_only", "train_distance"): (52.3, 15.5, 48.5),
    ("local_only", "activity_distance"): (21.1, 5.2, 16.6),
    ("homeostasis_only", "train_distance"): (52.3, 51.6, 51.6),
    ("homeostasis_only", "activity_distance"): (21.1, 20.0, 20.7),
}
_CORRELATIONS = {"uniform": 0.022, "half_max": 0.031, "sparse": 0.007, "local_only": 0.028,
                 "homeostasis_only": 0.002}  # fmt: skip
PAPER = {
    **{f"{variant}_{measure}_{network}": value
       for (variant, measure), row in _MEASURED.items()
       for network, value in zip(NETWORKS, row, strict=True)},
    **{f"{name}_weight_correlation_optimised": value for name, value in _CORRELATIONS.items()},
    "uniform_count_reference": 57.3,
}  # fmt: skip
"""Measured with the authors' program at N = 400, 5000 steps, 150 iterations."""


class Protocol(Constants):
    """Sizes of an experiment."""

    n: int = param(400, minimum=1, doc="cells")
    n_steps: int = param(5000, minimum=1, doc="time steps")
    n_iterations: int = param(150, minimum=0, doc="iterations of learning")
    trials: int = param(30, minimum=1, doc="trials of each condition")
    pif_n: int = param(500, minimum=1, doc="cells of the avalanche experiment")
    pif_steps: int = param(10_000, minimum=1, doc="its time steps")
    pif_iterations: int = param(100, minimum=0, doc="its iterations")
    pif_trials: int = param(5, minimum=0, doc="trials of the avalanche experiment")


PROTOCOLS = {
    "smoke": Protocol(
        n=60, n_steps=800, n_iterations=5, trials=2,
        pif_n=60, pif_steps=3000, pif_iterations=2, pif_trials=2,
    ),
    "quick": Protocol(trials=2, pif_iterations=10, pif_trials=2),
    "paper": Protocol(),
}  # fmt: skip

# ---- one trial -----------------------------------------------------------------------------------


def run_trial(
    variant: str, trial: int, seed: int, protocol: Protocol, libraries: bool
) -> xr.Dataset:
    """Run one trial of the main experiment; the ablations get the tasks of the condition uniform.

    Returns
    -------
    Dataset
        Numbers of each ``network``, unpaired spikes by ``iteration`` (``history``), distances from
        itself under ``chaos`` and, for the first trial of some conditions, what the figures show.
    """
    condition = "uniform" if variant in ABLATIONS else variant
    sequence = np.random.SeedSequence([seed, pspm.CONDITIONS.index(condition), trial])
    task = pspm.draw_task(condition, n=protocol.n, n_steps=protocol.n_steps, seed=sequence)
    parameters = pspm.PSPMParameters().scaled(protocol.n).with_values(**ABLATIONS.get(variant, {}))
    network = pspm.RecurrentNetwork(protocol.n, parameters)
    target = network(task.reference, task.current)
    model, spikes, rows = _learn(
        task.current, target, protocol.n_iterations, sequence, initial_weights=task.naive,
        inhibitory=task.signs < 0, parameters=parameters,
    )  # fmt: skip
    weights = (model.initial_weights_, model.weights_, model.control_weights_)
    errors = {name: 1e3 * (w - task.reference) for name, w in zip(NETWORKS, weights, strict=True)}
    for (name, error), matrix in zip(errors.items(), weights, strict=True):
        fired = spikes[name]
        if libraries:
            some = range(min(_LIBRARY_NEURONS, protocol.n // 10))
            rows[name] |= library_distances(target, fired, float(parameters.dt), neurons=some)
        blocks = [m[task.signs > 0].ravel() for m in (matrix, task.reference)]
        rows[name] |= {
            "activity_distance": activity_distance(target, fired),
            "interval_distance": interval_distance(target, fired),
            "weight_error": float(np.abs(error).mean()),
            "weight_shift": float(error.mean()),
            "weight_correlation": float(np.corrcoef(*blocks)[0, 1]),
        }
    history = np.full((2, protocol.n_iterations), np.nan)  # NaN: ended before
    history[:, : model.n_iter_] = model.history_["surplus"], model.history_["missing"]
    chaos = _measure_chaos(network, task.current, model.weights_, spikes["optimised"], seed + trial)
    found = _by_network(rows).assign(
        score_optimised=model.score(task.current, target),
        history=(("kind", "iteration"), history),
        chaos=(("nudge", "size"), chaos),
    )
    if trial == 0 and variant in SHOWN:
        order = np.argsort(task.signs < 0, kind="stable")
        squares = [np.square(error[np.ix_(order, order)]) for error in errors.values()]
        blurred = xr.DataArray(squares, dims=("learner", "from", "to")).coarsen(
            {"from": _BLOCK, "to": _BLOCK}, boundary="pad"
        )
        found = found.assign(shown_error=blurred.mean(), **_keep(spikes))
    return found.assign_coords(nudge=["noise", "shift"])


def run_pif_trial(trial: int, seed: int, protocol: Protocol) -> xr.Dataset:
    """Run one trial of the avalanche experiment: learn the spikes of a critical PIF network.

    Returns
    -------
    Dataset
        Numbers of each ``network``; ``counts``, its spikes per step, long silences cut; and the
        PIF spikes of the first trial.
    """
    sequence, n = np.random.SeedSequence([seed, len(pspm.CONDITIONS), trial]), protocol.pif_n
    first, second = sequence.spawn(2)
    target = integrate_and_fire_spikes(
        n, protocol.pif_steps, connectivity=min(1.0, 10 / n), seed=first
    )
    rng = np.random.default_rng(second)
    current = pspm.draw_current(rng, n, protocol.pif_steps)
    # the published mean and deviation, 0.4 mV, hold for 500 cells
    naive = pspm.draw_weights(rng, n, "gaussian", np.ones(n)) * (500 / 400)
    _, spikes, rows = _learn(
        current, target, protocol.pif_iterations, sequence, initial_weights=naive, inhibitory=0.0,
        parameters=PIF.scaled(n, published=500),
    )  # fmt: skip
    active = [pd.Series(avalanches.cut_silence(each.sum(axis=1))) for each in spikes.values()]
    example = _keep({"reference": target[:5000]}) if trial == 0 else {}
    return _by_network(rows).assign(
        counts=(("network", "step"), pd.concat(active, axis=1).T.to_numpy()), **example
    )


def _learn(
    current: Any, target: Any, n_iterations: int, sequence: np.random.SeedSequence, **options: Any
) -> tuple[pspm.PSPMRegressor, dict[str, Any], dict[str, dict[str, float]]]:
    """Return the model, the spikes of all networks, and what is measured of them alone."""
    seed = int(sequence.generate_state(1)[0])
    model = pspm.PSPMRegressor(n_iterations, control=True, random_state=seed, **options)
    model.fit(current, target)
    spikes = {"reference": target}
    spikes |= {name: model.predict(current, which=which) for name, which in NETWORKS.items()}
    rows = {}
    for name, fired in spikes.items():
        mean, deviation = count_statistics(fired)
        rows[name] = {"count": mean, "count_spread": deviation, "interval_cv": interval_cv(fired)}
        if name != "reference":
            rows[name]["train_distance"] = train_distance(target, fired)
    return model, spikes, rows


def _measure_chaos(network: Any, current: Any, weights: Any, spikes: Any, seed: int) -> Any:
    """Return the distance of a network from itself when all its weights are nudged.

    By independent normal noise, and all weights up or down by the same amount; shape (2, n_sizes).
    """
    rng, found = np.random.default_rng(seed), np.zeros((2, len(PERTURBATIONS)))
    for k, size in enumerate(PERTURBATIONS):
        noise = [rng.standard_normal(weights.shape) for _ in range(_NUDGES)]
        for row, nudges in zip(found, (noise, (1.0, -1.0)), strict=True):
            away = [network(weights + size * nudge, current) for nudge in nudges]
            row[k] = np.mean([train_distance(spikes, other) for other in away])
    return found


def _by_network(rows: Mapping[str, Mapping[str, float]]) -> xr.Dataset:
    table = pd.DataFrame(list(rows.values())).rename_axis("network").to_xarray()
    return table.assign_coords(network=list(rows))


def _keep(spikes: Mapping[str, Any]) -> dict[str, Any]:
    """Return spikes as time step and cell."""
    return {f"shown_spikes_{name}": (("axis", f"spike_{name}"), np.array(np.nonzero(fired)))
            for name, fired in spikes.items()}  # fmt: skip


# ---- all trials ----------------------------------------------------------------------------------


def compute(run: Run) -> Results:
    """Run all trials and summarise them."""
    protocol = run.protocol
    common = {"seed": run.seed, "protocol": protocol.with_values(trials=1, pif_trials=1)}
    libraries = all(find_spec(name) for name in ("elephant", "neo", "pyspike"))
    metrics, arrays, trials = dict[str, float](), dict[str, Any](), []
    measured = dict[str, xr.Dataset]()
    for variant in VARIANTS:
        data = run.measure(run_trial, variant=variant, trial=range(protocol.trials),
                           libraries=libraries, progress=variant, **common)  # fmt: skip
        trials.append(_take(data, variant, metrics, arrays))
        naive = metrics[f"{variant}_train_distance_naive"]
        for name in ("optimised", "control") if naive > 0 else ():
            ratio = metrics[f"{variant}_train_distance_{name}"] / naive
            metrics[f"{variant}_{name}_over_naive"] = ratio
    if protocol.pif_trials:
        data = run.measure(run_pif_trial, trial=range(protocol.pif_trials), ragged=("counts",),
                           progress="avalanches", **common)  # fmt: skip
        counts = _take(data, "avalanches", metrics, arrays).counts
        measured["avalanches"] = laws = measure(
            describe_avalanches, ragged=("sizes", "durations"), progress=False,
            counts=labelled({name: counts.sel(network=name).values for name in _COLOURS}),
        ).rename(counts="network")  # fmt: skip
        numbers = laws.drop_vars(["sizes", "durations", "lower", "upper"], errors="ignore")
        kinds = {n: "{kind}_" if "kind" in v.dims else "" for n, v in numbers.items()}
        metrics |= flatten(
            numbers, names={n: f"avalanches_{k}{{name}}_{{network}}" for n, k in kinds.items()}
        )
    measured["trials"] = xr.concat(trials, "variant").assign_coords(variant=list(VARIANTS))
    return Results(
        metrics=metrics,
        paper=PAPER if run.scale != "smoke" else {},
        arrays=arrays,
        measured=measured,
    )


def _take(
    data: xr.Dataset, prefix: str, metrics: dict[str, float], arrays: dict[str, Any]
) -> xr.Dataset:
    """Add means over trials to the metrics, what is shown to the arrays; return the rest."""
    shown = [str(name) for name in data if str(name).startswith("shown_")]
    for name in shown:
        arrays[f"{prefix}_{name.removeprefix('shown_')}"] = data[name].isel(trial=0).values
    data = data.drop_vars(shown)
    numbers = data.drop_vars(["history", "counts"], errors="ignore")
    known = np.isfinite(numbers).all("trial")  # numbers that every trial has
    metrics |= {f"{prefix}_{k}": v for k, v in flatten(numbers.where(known), over="trial").items()}
    return data


def describe_avalanches(counts: Any) -> xr.Dataset:
    """Return the avalanches of all trials, and their laws where there are enough for a fit."""
    found = avalanches.find_avalanches(counts[np.isfinite(counts)].astype(np.int64))
    data = xr.Dataset({
        "sizes": ("avalanche", found.sizes), "durations": ("avalanche", found.durations),
        "number": float(found.sizes.size), "threshold": found.threshold,
    })  # fmt: skip
    try:
        fit = avalanches.fit_avalanches(found)
    except ValueError:
        return data
    laws = {
        name: ("kind", [float(getattr(law, name)) for law in (fit.size, fit.duration)])
        for name in ("exponent", "ks", "lower", "upper")
    }
    error = [min(law.standard_error, 1e6) for law in (fit.size, fit.duration)]
    p = [law.p_value() for law in (fit.size, fit.duration)]
    predicted = fit.predicted_scaling if abs(fit.size.exponent - 1) > 1e-6 else np.nan
    data = data.assign(scaling=fit.scaling, scaling_predicted=predicted, **laws)
    return data.assign(error=("kind", error), p=("kind", p)).assign_coords(kind=_KINDS)


# ---- figures -------------------------------------------------------------------------------------

_TITLES = {
    "uniform": "uniform", "gaussian": "gaussian", "sparse": "sparse", "half_max": "naive half max",
    "local_only": "local only", "homeostasis_only": "homeostasis only",
}  # fmt: skip
_COLOURS = {"reference": "black", **dict(zip(NETWORKS, PALETTE, strict=False))}
_DT = 0.003


def _draw_rows(results: Results, rows: Mapping[str, str], networks: list[str]) -> Any:
    """Draw one row of panels per measure, one column per variant, trials as lines."""
    data = results.measured["trials"].sel(network=networks)
    figure, axes = panels(len(rows), len(VARIANTS), height=0.9 + 1.25 * len(rows), sharex=True)
    for (number, label), row in zip(rows.items(), axes, strict=True):
        for variant, panel in zip(VARIANTS, row, strict=True):
            keys = {network: f"{variant}_{number}_{network}" for network in networks}
            known = {k: results.paper[key] for k, key in keys.items() if key in results.paper}
            values = data[number].sel(variant=variant).transpose("network", "trial")
            dots(values, panel, x="network", paired=True, colours=_COLOURS, published=known,
                 published_label="authors' program", ylabel=label if panel is row[0] else "",
                 legend="outside" if panel is axes[0, -1] else None,
                 title=_TITLES[variant] if panel in axes[0] else "")  # fmt: skip
            panel.set_ylim(0, 1.08 * panel.dataLim.y1)
            panel.tick_params(axis="x", rotation=90)
            panel.title.set_fontsize(7)
    return figure


_DISTANCES = {"train_distance": "$D_P$ (trains)", "activity_distance": "$D_A$ (activity)"}
_STATISTICS = {"interval_distance": "interval\ndistance", "count": "spikes per\nneuron, mean",
               "count_spread": "spikes per\nneuron, s.d."}  # fmt: skip


def draw_learning(results: Results) -> Any:
    """Draw the unpaired spikes over the iterations."""
    unpaired = results.measured["trials"].history.sum("kind", skipna=False)
    return lines(unpaired, x="iteration", hue="variant", labels=_TITLES, show="each", yscale="log",
                 markers=False, legend="outside", ylabel="unpaired spikes").figure  # fmt: skip


def draw_weight_errors(results: Results) -> Any:
    """Draw the errors of the weights, and how they go with those of the reference."""
    data, names = results.measured["trials"].sel(network=list(NETWORKS)), list(NETWORKS)
    figure, axes = panels([[*"nnoocc"], [*"eeerrr"]], height=4.4, height_ratios=(1.05, 1))
    errors = results.arrays["uniform_error"]
    starts = _BLOCK * np.arange(errors.shape[-1])
    rows = ("from", starts, {"long_name": "from neuron\n(inhibitory last)"})
    columns = ("to", starts, {"long_name": "to neuron"})
    images(
        xr.DataArray(errors, {"network": names, "from": rows, "to": columns}),
        [axes[key] for key in "noc"], facet="network", aspect="equal",
        limits=(0.0, float(np.quantile(errors, 0.999))),
        label=f"squared error (mV²),\nmean over {_BLOCK} × {_BLOCK} weights",
    )  # fmt: skip
    labels = {variant: title.replace(" ", "\n", 1) for variant, title in _TITLES.items()}
    common: Any = {"x": "variant", "hue": "network", "labels": labels, "colours": _COLOURS}
    dots(data.weight_error, axes["e"], **common, legend=None, ylabel="mean |weight error| (mV)",
         ylim=(0, None))  # fmt: skip
    dots(data.weight_correlation, axes["r"], **common, legend="outside",
         published=_CORRELATIONS if results.paper else None,
         published_label="optimised, authors' program",
         ylabel="correlation with\nreference (excitatory)")  # fmt: skip
    return figure


def draw_chaos(results: Results) -> Any:
    """Draw how far a network goes from itself when its weights are nudged."""
    data = results.measured["trials"].sel(variant="uniform")
    levels = data.train_distance.mean("trial")
    axes = lines(
        data.chaos.assign_coords(size=[1e9 * size for size in PERTURBATIONS]), x="size",
        hue="nudge", show="each", xscale="log", colours=PALETTE[3:5], legend="outside",
        labels={"noise": "independent noise", "shift": "all by the same amount"}, ylim=(0, None),
        baselines={f"{k} from reference": float(levels.sel(network=k))
                   for k in ("naive", "optimised")},
        xlabel="change of all weights of the optimised network (nV)",
        ylabel="$D_P$ from its own spikes",
    )  # fmt: skip
    # a local change is 0 to 9 times epsilon, 3.6 uV on average
    axes.axvline(3600, color="grey", linestyle=":", linewidth=0.9)
    axes.text(3300, 0.35, "one local change", color="grey", rotation=90, ha="right", fontsize=6.5,
              transform=axes.get_xaxis_transform())  # fmt: skip
    return axes.figure


def _draw_raster(results: Results, variant: str) -> Any:
    figure, axes = panels(2, 2, width=1.45 * COLUMN_WIDTH, height=3.4, sharex=True, sharey=True)
    kept = {name: results.arrays[f"{variant}_spikes_{name}"].astype(int) for name in _COLOURS}
    begin = max(0, min(1000, max(int(step.max(initial=0)) for step, _ in kept.values()) - 171))
    for panel, (name, (step, cell)) in zip(axes.flat, kept.items(), strict=True):
        few = cell < 100
        raster((step[few] - begin) * _DT, cell[few], panel, window=(0, 171 * _DT), title=name,
               colours=[_COLOURS[name]], order=np.arange(100), ylabel="neuron")  # fmt: skip
        panel.label_outer()
    figure.suptitle(f"{_TITLES[variant]}, first trial")
    return figure


def draw_activity(results: Results) -> Any:
    """Draw the filtered activity of the network and of one neuron."""
    n, n_steps = int(results.parameters["n"]), int(results.parameters["n_steps"])
    figure, axes = panels(2, len(SHOWN), height=3.2, sharex=True)
    for column, variant in enumerate(SHOWN):
        fired = {name: np.zeros((n_steps, n)) for name in _COLOURS}
        for name, matrix in fired.items():
            matrix[tuple(results.arrays[f"{variant}_spikes_{name}"].astype(int))] = 1
        typical = int(np.argsort(fired["reference"].sum(axis=0))[n // 2])
        rows = (("filtered activity\nper neuron", np.arange(n)),
                ("filtered train of\none neuron", [typical]))  # fmt: skip
        for panel, (label, cells) in zip(axes[:, column], rows, strict=True):
            filtered = {
                name: xr.DataArray(
                    filter_spikes(m[:, cells].mean(axis=1, keepdims=True))[50 : 50 + n_steps, 0],
                    {"time": np.arange(n_steps) * _DT})
                for name, m in fired.items()
            }  # fmt: skip
            top = panel is axes[0, column]
            lines(filtered, panel, colours=_COLOURS, ylim=(0, None), ylabel="" if column else label,
                  xlim=(0, min(5.0, n_steps * _DT)), xlabel="" if top else "time (s)",
                  title=_TITLES[variant] if top else "",
                  legend="outside" if panel is axes[-1, -1] else None)  # fmt: skip
    return figure


def draw_avalanches(results: Results) -> Any:
    """Draw sizes and durations of avalanches, and how the one goes with the other."""
    if "p" not in results.measured.get("avalanches", {}):
        return None
    data = results.measured["avalanches"].assign_coords(network=["PIF", *NETWORKS])
    each = {name: data.sel(network=name) for name in data.network.values.tolist()}
    colours = dict(zip(each, _COLOURS.values(), strict=True))
    figure, axes = panels(1, 3, height=2.6)
    # not refuted by the data, and more than the flank of a peak
    good = (data.p >= 0.05) & (data.upper >= 5 * data.lower) & (data.exponent > 0)
    for panel, kind, unit in zip(axes, _KINDS, ("spikes", "steps"), strict=False):
        laws = {name: [float(one[key].sel(kind=kind)) for key in ("exponent", "lower", "upper")]
                for name, one in each.items() if good.sel(network=name, kind=kind)}  # fmt: skip
        plot_avalanches({name: one[f"{kind}s"].dropna("avalanche") for name, one in each.items()},
                        exponents=laws, colours=colours, ax=panel,
                        xlabel=f"avalanche {kind} ({unit})")  # fmt: skip
    series, slopes = {}, {}
    for name, one in each.items():
        runs = [one[key].dropna("avalanche").values.astype(int) for key in ("sizes", "durations")]
        series[name] = avalanches.mean_size_by_duration(avalanches.Avalanches(*runs, 0.0))[:2]
        both = good.sel(network=name).all() & np.isfinite(one.scaling_predicted)
        if np.isfinite(one.scaling):
            slopes[name] = (float(one.scaling), float(one.scaling_predicted) if both else None)
    plot_avalanche_scaling(series, slopes, colours=colours, ax=axes[2])
    return figure


def draw_pif(results: Results) -> Any:
    """Draw the spikes of the integrate-and-fire network."""
    if "avalanches_spikes_reference" not in results.arrays:
        return None
    step, cell = results.arrays["avalanches_spikes_reference"].astype(int)
    return raster(step * _DT, cell, ylabel="PIF neuron").figure


EXPERIMENT = Experiment(
    name="pspm",
    title="Recurrent networks learn target spike trains without recovering the weights",
    reference="Bagley, Bordelon, Moseley & Wessel (2020), PLoS ONE 15(2), e0229083, "
    "doi 10.1371/journal.pone.0229083",
    costs={"smoke": "15 s", "quick": "2 min of one core", "paper": "40 min of one core"},
    datasets=("synthetic",),
    protocols=PROTOCOLS,
    options=("trials", "n_iterations", "pif_trials"),
    compute=compute,
    figures={
        "distances": lambda results: _draw_rows(results, _DISTANCES, list(NETWORKS)),
        "statistics": lambda results: _draw_rows(results, _STATISTICS, list(_COLOURS)),
        "learning_curve": draw_learning, "weights": draw_weight_errors, "chaos": draw_chaos,
        "raster_uniform": lambda results: _draw_raster(results, "uniform"),
        "raster_half_max": lambda results: _draw_raster(results, "half_max"),
        "activity": draw_activity, "avalanches": draw_avalanches, "pif_raster": draw_pif,
    },
)  # fmt: skip
