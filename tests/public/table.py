"""Valid arguments of the public functions and classes, from which malformed ones are made.

An entry gives the arguments that have no default, and those whose default is None; all others are
known from their defaults. A function whose arguments all have defaults needs no entry.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import Hz, ms, mV

from bioplastic import analysis, checkpoints, datasets, engine, neurons, plasticity, signals
from bioplastic.models import pspm, what_when

MODULES = (
    "neurons",
    "plasticity",
    "signals",
    "engine",
    "datasets",
    "analysis",
    "plotting",
    "conformance",
    "checkpoints",
    "models.sym_stdp",
    "models.pspm",
    "models.ncg",
    "models.hlop",
    "models.what_when",
)

RNG = np.random.default_rng(0)
COUNTS = RNG.integers(0, 9, (12, 5))
LABELS = np.arange(12) % 3
VALUES = RNG.random(12)
MATRIX = RNG.random((12, 5))
EVIDENCE = np.cumsum(RNG.random((12, 4, 3)), axis=1)
IMAGES = RNG.integers(0, 256, (12, 16)).astype(np.uint8)


@cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="bioplastic-public-"))


@cache
def recordings() -> Path:
    (folder() / "3").mkdir()
    (folder() / "3" / "00001.bin").write_bytes(bytes([1, 2, 0, 0, 1]))
    return folder() / "3"


@cache
def trains() -> analysis.SpikeTrains:
    times = np.sort(RNG.random(60))
    return analysis.SpikeTrains.from_arrays(times, np.arange(60) % 4, t_start=0.0, t_stop=1.0)


@cache
def trials() -> analysis.SpikeTrains:
    return analysis.SpikeTrains.from_arrays(
        RNG.random(120), np.arange(120) % 3, t_start=0.0, t_stop=1.0, trials=np.arange(120) % 12
    )


@cache
def spike_file() -> Path:
    path = folder() / "spikes.csv"
    path.write_text("time,unit\n0.5,3\n")
    return path


@cache
def ran() -> tuple[engine.Program, dict]:
    network = engine.NetworkSpec(
        populations=[signals.PoissonSource(name="cell", n=3, rates="50*Hz")],
        projections=[],
        trial=engine.Trial(duration=100 * ms),
        records=[engine.SpikeRecord(population="cell")],
    )
    program = engine.Program(network, dt=1 * ms, target="numpy")
    return program, program(program.initial_state(), n_samples=2)[1]


@cache
def idx_file() -> Path:
    path = folder() / "images.idx"
    path.write_bytes(b"\x00\x00\x08\x01" + (3).to_bytes(4, "big") + b"abc")
    return path


@cache
def run_folder() -> Path:
    with checkpoints.RunFolder(folder() / "finished", {}) as run:
        run.save({}, {})
    return folder() / "finished"


@cache
def digits() -> Any:
    return datasets.load_digits().head(20, 10)


def lif() -> Any:
    return neurons.NeuronModel(
        name="lif",
        equations="dv/dt = -v/tau : volt",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        parameters={"tau": 10 * ms},
    )


def rule() -> Any:
    return plasticity.pair_stdp()


def spec() -> Any:
    return engine.NetworkSpec(
        populations=(engine.Population(name="cell", n=3, model=lif()),),
        projections=(),
        trial=engine.Trial(duration=5 * ms),
    )


FEED: dict[str, Any] = {
    "name": "feed",
    "source": "input",
    "target": "cell",
    "transmit": "v_post += w*mV",
    "delay": 1 * ms,
}
TRAINS: dict[str, Callable[[], Any]] = {"trains": trains}

#: Arguments by name of the function; functions without arguments are called for their value.
VALID: dict[str, dict[str, Any]] = {
    # neurons
    "neurons.NeuronModel": {
        "name": "lif",
        "equations": "dv/dt = -v/tau : volt",
        "threshold": "v > 10*mV",
        "reset": "v = 0*mV",
        "parameters": {"tau": 10 * ms},
    },
    "neurons.build_group": {"model": lif, "n": 3, "name": "cells"},
    # plasticity
    "plasticity.PlasticityRule": {
        "name": "rule",
        "on_pre": "w += 0.1",
        "pre": "dx_pre/dt = -x_pre/tau : 1",
        "parameters": {"tau": 10 * ms},
    },
    "plasticity.Normalisation": {"total": 3.0},
    "plasticity.RecursiveLeastSquares": {"n_inputs": 3, "n_outputs": 2},
    "plasticity.SynapseInterpreter": {"rule": rule},
    "plasticity.SubspaceLearner": {"n_inputs": 4},
    "plasticity.quantised": {"rule": plasticity.pair_stdp, "bits": 2},
    "plasticity.quantise_bursts": {"y": RNG.random((3, 4)), "steps": 20},
    "plasticity.LeastSquares": {"activity": "rate_pre", "error": "error_post"},
    "plasticity.synaptic_scaling": {"total": 3.0},
    # signals
    "signals.AnalogueSource": {"name": "input", "n": 3},
    "signals.NoiseSource": {"name": "input", "n": 3},
    "signals.EventSource": {"name": "burst", "n": 3, "population": "cell", "condition": "v > 1*mV"},
    "signals.LatencySource": {"name": "input", "n": 3},
    "signals.PoissonSource": {
        "name": "input",
        "n": 3,
        "rates": "rate*Hz",
        "inputs": {"rate": "uint8"},
        "window": (1 * ms, 2 * ms),
    },
    "signals.PoissonInput": {"variable": "v", "n": 3, "rate": 5 * Hz, "weight": 1 * mV},
    "signals.SpikeListSource": {"name": "input", "n": 3},
    "signals.place_fields": {"n_features": 16, "size": 2, "stride": 2},
    # engine
    "engine.Population": {"name": "cell", "n": 3, "model": lif},
    "engine.Regularly": {"statements": "v = 0*mV", "every": 2 * ms},
    "engine.Trial": {"duration": 10 * ms},
    "engine.EventTrial": {"source": "input"},
    "engine.GroupWinner": {"into": "won", "size": 2, "first": "t", "then": "v"},
    "engine.PopulationMean": {"into": "mean", "of": "t", "weight": "fired"},
    "engine.NetworkSpec": {
        "populations": lambda: spec().populations,
        "projections": (),
        "trial": lambda: spec().trial,
    },
    "engine.Program": {"network": spec, "dt": 1 * ms, "target": "numpy"},
    "engine.Pathway": {"statements": "w += 1"},
    "engine.DenseProjection": FEED,
    "engine.SparseProjection": {**FEED, "pre": np.array([0, 1]), "post": np.array([1, 0])},
    "engine.UniformProjection": {**FEED, "pattern": "all", "transmit": "v_post += 1*mV"},
    "engine.SpikeCount": {"population": "cell", "window": (1 * ms, 2 * ms)},
    "engine.SpikeRecord": {"population": "cell"},
    "engine.StateRecord": {"population": "cell", "variable": "v"},
    "engine.TrialRecord": {"population": "cell", "variable": "v"},
    # datasets
    "datasets.Dataset": {
        "name": "made",
        "X": IMAGES,
        "y": LABELS,
        "X_test": IMAGES,
        "y_test": LABELS,
        "image_shape": (4, 4),
        "n_classes": 3,
        "source": "made up",
    },
    "datasets.equalise_brightness": {"X": IMAGES, "mean": 30.0},
    "datasets.preprocess_fashion": {"X": IMAGES},
    "datasets.read_idx": {"path": idx_file, "ndim": 1},
    "datasets.corrupt": {"X": IMAGES, "kind": "blur", "image_shape": (4, 4)},
    "datasets.load_nmnist": {"root": recordings},
    "datasets.normalise_patches": {"X": IMAGES, "image_shape": (4, 4), "size": 3},
    "datasets.resize_images": {"X": IMAGES, "image_shape": (4, 4), "new_shape": (8, 8)},
    "datasets.stratified_split": {"y": LABELS, "fraction": 0.5},
    **{
        f"datasets.{name}": {"time": np.arange(5) * 0.1}
        for name in ("lorenz", "ode_to_joy", "product_of_sines", "sawtooth", "sine", "van_der_pol")
    },
    # analysis
    "analysis.SpikeTrains": {
        "times": np.array([0.1, 0.2]),
        "units": np.array([0, 1]),
        "t_start": 0.0,
        "t_stop": 1.0,
        "n_units": 2,
    },
    "analysis.SynapseLayer": {
        "connections": np.ones((3, 2)),
        "pre_spikes": np.ones(3),
        "post_spikes": np.ones(2),
    },
    "analysis.read_spikes": {"path": spike_file, "t_stop": 1.0, "time_unit": "s"},
    "analysis.to_spike_trains": {"record": lambda: ran()[1], "program": lambda: ran()[0]},
    "analysis.to_xarray": {"record": lambda: ran()[1], "program": lambda: ran()[0]},
    "analysis.unit_table": {**TRAINS, "presence_bin": 0.1},
    "analysis.assign_labels": {"counts": COUNTS, "y": LABELS, "n_classes": 3},
    "analysis.bimodality_coefficient": {"weights": VALUES},
    "analysis.bin_spikes": {**TRAINS, "bin_width": 0.01},
    "analysis.bit_budget": {"macs": 3.0, "n_steps": 2, "weight_bits": 8, "rate": 0.5},
    "analysis.decode": {"trains": trials, "y": np.arange(12) % 2, "bin_width": 0.1, "n_folds": 2},
    "analysis.chance_level": {"y": LABELS},
    "analysis.histogram_overlap": {"output": RNG.random(50), "target": RNG.random(50)},
    "analysis.lag_tolerant_error": {
        "output": RNG.random(50),
        "target": RNG.random(50),
        "max_lag": 3,
        "window": 10,
    },
    "analysis.normalised_error": {"output": RNG.random(50), "target": RNG.random(50)},
    "analysis.recover_subspace": {"rows": np.eye(5)[:2], "n_new": 1, "samples": MATRIX},
    "analysis.count_swings": {"signal": RNG.random(64)},
    "analysis.spectral_peak": {"signal": RNG.random(64), "dt": 1e-3},
    "analysis.summarise_filters": {"filters": RNG.random((4, 9)), "thresholds": RNG.random(4)},
    "analysis.summarise_latencies": {"latencies": RNG.random((12, 5))},
    "analysis.compare_subspaces": {
        "first": MATRIX[:, :2],
        "second": MATRIX[:, 2:4],
        "n_samples": 9,
    },
    "analysis.conventional_energy": {"synaptic": 3.0},
    "analysis.count_operations": {
        "layers": lambda: [analysis.SynapseLayer(np.ones((3, 2)), np.ones(3))],
        "n_neurons": 5,
        "n_steps": 10,
    },
    "analysis.count_phrases": {"symbols": COUNTS[:, 0]},
    "analysis.cross_correlograms": {
        **TRAINS,
        "pairs": [(0, 1)],
        "bin_width": 0.01,
        "max_lag": 0.1,
    },
    "analysis.effective_rank": {"weights": MATRIX},
    "analysis.embed_tsne": {"X": MATRIX, "seed": 0, "perplexity": 3.0},
    "analysis.entropy_rate_markov": {"rate": 0.3},
    "analysis.fano_factor": {**TRAINS, "window": 0.1},
    "analysis.find_avalanches": {"counts": COUNTS[:, 0], "threshold": 2.0},
    "analysis.find_bursts": {**TRAINS, "max_interval": 0.01},
    "analysis.fit_avalanches": {
        "avalanches": lambda: analysis.Avalanches(
            np.repeat(np.arange(1, 60), 60 // np.arange(1, 60) + 1),
            np.repeat(np.arange(1, 60), 60 // np.arange(1, 60) + 1),
            1.0,
        )
    },
    "analysis.hoyer_sparseness": {"weights": MATRIX},
    "analysis.integrator_gain": {"frequency": VALUES},
    "analysis.interval_statistics": TRAINS,
    "analysis.intervals": TRAINS,
    "analysis.isi_distances": TRAINS,
    "analysis.latencies": TRAINS,
    "analysis.lempel_ziv_complexity": {"sequences": (COUNTS > 4).astype(int)},
    "analysis.lif_gain": {"frequency": VALUES, "beta": 0.5},
    "analysis.linear_baseline": {
        "X_train": MATRIX,
        "y_train": LABELS,
        "X_test": MATRIX,
        "y_test": LABELS,
        "max_samples": 9,
    },
    "analysis.quantised_baseline": {
        "X_train": MATRIX,
        "y_train": LABELS,
        "X_test": MATRIX,
        "y_test": LABELS,
    },
    "analysis.bessel_filter": {"signal": MATRIX, "cutoff": 3.0, "rate": 50.0},
    "analysis.spike_traces": {"counts": COUNTS, "decay": 0.9},
    "analysis.choose_threshold": {"evidence": EVIDENCE, "y": LABELS},
    "analysis.confidences": {"evidence": EVIDENCE},
    "analysis.exit_times": {"evidence": EVIDENCE, "threshold": 0.5},
    "analysis.score_exit": {"evidence": EVIDENCE, "y": LABELS, "threshold": 0.5},
    "analysis.lock_in": {"signal": VALUES, "frequency": 0.1},
    "analysis.mean_rates": TRAINS,
    "analysis.mean_responses": {"counts": COUNTS, "y": LABELS, "n_classes": 3},
    "analysis.memory_energy_ann": {
        "macs": 3.0,
        "bits": 8,
        "n_activations": 3,
        "n_weights": 9,
    },
    "analysis.memory_energy_snn": {"operations": lambda: analysis.Operations(1, 2, 3, 4, 5)},
    "analysis.mutual_information": {"stimuli": LABELS, "responses": LABELS},
    "analysis.response_entropy": {"responses": LABELS},
    "analysis.participation_ratio": {"activity": MATRIX},
    "analysis.population_rate": {**TRAINS, "bin_width": 0.01},
    "analysis.predict_from_assignment": {
        "counts": COUNTS,
        "assignment": np.arange(5) % 3,
        "n_classes": 3,
    },
    "analysis.predict_from_counts": {"counts": COUNTS},
    "analysis.principal_angles": {"first": MATRIX[:, :2], "second": MATRIX[:, 2:4]},
    "analysis.score_continual": {"accuracies": np.array([[0.9, 0.1], [0.8, 0.9]])},
    "analysis.selectivity_index": {"counts": COUNTS, "y": LABELS, "n_classes": 3},
    "analysis.spectral_response": {
        "stimulus": RNG.random(64),
        "response": RNG.random(64),
        "dt": 1e-3,
        "n_segment": 16,
    },
    "analysis.spike_distances": TRAINS,
    "analysis.spike_synchronisation": TRAINS,
    "analysis.spike_time_tiling": {**TRAINS, "window": 0.01},
    "analysis.summarise_spikes": TRAINS,
    "analysis.treves_rolls_sparseness": {"rates": MATRIX},
    "analysis.van_rossum_distances": {**TRAINS, "tau": 0.01},
    "analysis.victor_purpura_distances": {**TRAINS, "cost": 10.0},
    "analysis.weight_error": {"weights": VALUES, "truth": VALUES},
    # plotting
    "plotting.plot_avalanche_scaling": {
        "series": {"a": (np.arange(1, 9), np.arange(1, 9))},
        "slopes": {"a": (1.0, 1.0)},
    },
    "plotting.plot_avalanches": {
        "values": {"a": np.arange(1, 50)},
        "exponents": {"a": (1.5, 1.0, 40.0)},
    },
    "plotting.plot_class_weights": {
        "weights": MATRIX,
        "assignment": np.arange(12) % 5,
        "class_names": list("abcde"),
        "vmax": 1.0,
    },
    "plotting.plot_confusion": {"y_true": LABELS, "y_pred": LABELS, "n_classes": 3},
    "plotting.plot_correlogram": {"lags": np.arange(12.0), "values": VALUES, "chance": 0.5},
    "plotting.plot_eigenvalues": {"spectra": {"before": RNG.random((2, 9))}},
    "plotting.plot_embedding": {"points": MATRIX[:, :2], "labels": LABELS},
    "plotting.plot_intervals": {"intervals": VALUES},
    "plotting.plot_misclassified": {
        "images": IMAGES.reshape(12, 4, 4),
        "y_true": LABELS,
        "y_pred": (LABELS + 1) % 3,
    },
    "plotting.plot_network": {
        "populations": {"a": 3, "b": 4},
        "projections": [("a", "b", "excitatory")],
    },
    "plotting.plot_phase_plane": {
        "field": lambda: lambda x, y: (y, -x),
        "xlim": (0.0, 1.0),
        "ylim": (0.0, 1.0),
    },
    "plotting.plot_raster": {
        "times": VALUES,
        "indices": np.arange(12) % 4,
        "populations": {"a": 4},
        "window": (0.0, 1.0),
    },
    "plotting.plot_rates": {"rates": VALUES},
    "plotting.plot_regularity": {"rates": VALUES, "cv": VALUES},
    "plotting.plot_report": {**TRAINS, "summary": lambda: analysis.summarise_spikes(trains())},
    "plotting.plot_signed_filters": {"filters": RNG.random((4, 3, 3, 2)) - 0.5, "title": "a"},
    "plotting.plot_feature_learning": {
        "threshold_history": RNG.random((5, 4)),
        "wins": RNG.random((4, 4)),
        "filters": RNG.random((4, 3, 3, 2)),
        "latencies": RNG.random((12, 4)),
    },
    "plotting.plot_spikes": {**TRAINS, "bin_width": 0.01},
    "plotting.plot_stdp_window": {"lags": np.arange(12.0), "dw": VALUES, "reference": VALUES},
    "plotting.animate_weights": {
        "frames": RNG.random((3, 16, 4)),
        "image_shape": (4, 4),
        "path": lambda: folder() / "film.gif",
        "captions": ["a", "b", "c"],
        "vmin": 0.0,
        "vmax": 1.0,
    },
    "plotting.plot_weight_maps": {
        "weights": RNG.random((16, 4)),
        "image_shape": (4, 4),
        "vmin": 0.0,
        "vmax": 1.0,
    },
    "plotting.save_figure": {
        "figure": lambda: __import__("bioplastic.plotting").plotting.new_figure(),
        "path": lambda: folder() / "figure.png",
        "dpi": 50,
    },
    "plotting.stack_spikes": {
        "spikes": {"a": (VALUES, np.arange(12) % 4)},
        "populations": {"a": 4},
    },
    # conformance
    "conformance.check_rule": {"rule": rule},
    # models
    "models.pspm.PSPMRule": {"parameters": pspm.PSPMParameters},
    "models.pspm.RecurrentNetwork": {"n": 4, "target": "numpy", "parameters": pspm.PSPMParameters},
    "models.pspm.draw_task": {"n": 10, "n_steps": 50},
    "models.pspm.recurrent_network": {"n": 4, "parameters": pspm.PSPMParameters},
    "datasets.integrate_and_fire_spikes": {"n": 20, "n_steps": 50, "connectivity": 0.5},
    "models.ncg.SoftHebbBlock": {
        "n_maps": 4,
        "kernel": 3,
        "inverse_temperature": 1.0,
        "power": 1.0,
        "learning_rate": 0.1,
    },
    "models.ncg.SpikingConvFeatures": {"image_shape": (4, 4), "kernel": 2, "pooling": 2},
    "models.ncg.SoftHebbFeatures": {"image_shape": (4, 4)},
    "models.ncg.extract_features": {"data": digits},
    "models.ncg.named_extractor": {"name": "digits"},
    "datasets.ContinualTask": {"X": IMAGES, "y": LABELS, "X_test": IMAGES, "y_test": LABELS},
    "datasets.TaskSequence": {"make": lambda: lambda k: None, "n_tasks": 2},
    "datasets.permuted_tasks": {"dataset": digits, "n_tasks": 2},
    "datasets.split_tasks": {"dataset": digits},
    "models.hlop.published_subspace_sizes": {"task": 0},
    "models.what_when.Block": {"p_a": 0.5, "latency_a": 100 * ms, "latency_b": 200 * ms},
    "models.what_when.draw_reservoir": {"parameters": what_when.ReservoirParameters},
    "models.what_when.expectation": {
        "probabilities": np.array([0.3, 0.7]),
        "latencies": np.array([10.0, 20.0]) * ms,
        "n_steps": 50,
    },
    "models.what_when.expectation_error": {
        "output": RNG.random((50, 2)),
        "truth": RNG.random((50, 2)),
    },
    "analysis.peak_and_width": {"output": RNG.random(50)},
    "models.ncg.target_time_thresholds": {"n_cells": 4},
    "models.sym_stdp.improved_parameters": {"n_hidden": 100},
    "models.sym_stdp.published_parameters": {"n_hidden": 100},
    "models.sym_stdp.readout_parameters": {"n_hidden": 100},
    # checkpoints
    "checkpoints.RunFolder": {"folder": lambda: folder() / "run", "parameters": {"seed": 0}},
    "checkpoints.describe_parameters": {"parameters": {"seed": 0}},
    "checkpoints.find_state": {"folder": run_folder},
    "checkpoints.read_run": {"folder": run_folder},
}

#: What is not called by users, or has no arguments that could be wrong: results and names.
EXEMPT = {
    "analysis.robustness": "takes a fitted classifier; tests/models/test_stream.py",
    "analysis.sparse_attack": "takes a fitted classifier; tests/models/test_stream.py",
    "datasets.EventRecordings": "a result",
    "neurons.StepMethod": "a state updater, made by the engine",
    "neurons.euler_decay": "called by Brian2",
    "plasticity.Audit": "a result",
    "plasticity.Origin": "an enumeration",
    "plasticity.Phase": "a result",
    "plasticity.Statement": "a result",
    "plasticity.Update": "a result",
    "plasticity.Verdict": "an enumeration",
    "analysis.AvalancheFit": "a result",
    "analysis.ResponseWindow": "fed by models while they learn",
    "analysis.Avalanches": "a result",
    "analysis.Bursts": "a result",
    "analysis.ContinualScores": "a result",
    "analysis.Decoding": "a result",
    "analysis.IntervalStatistics": "a result",
    "analysis.Operations": "a result",
    "analysis.SpectralResponse": "a result",
    "analysis.SubspaceComparison": "a result",
    "conformance.CheckResult": "a result",
    "conformance.ConformanceReport": "a result",
    "conformance.check_model": "takes a trained system; tests/conformance has its own tests",
    "signals.ReceptiveFields": "made by place_fields",
    "models.sym_stdp.Response": "a result",
    "models.ncg.Answers": "a result",
    "models.ncg.Configuration": "made by the package",
    "models.hlop.Consolidation": "a result",
    "analysis.SubspaceRecovery": "a result",
    "models.hlop.LearningPart": "a result",
    "models.hlop.audit_learning": "takes a fitted model",
    "models.hlop.inspect_subspaces": "takes a fitted model",
    "models.hlop.presynaptic_traces": "takes a fitted model",
    "models.what_when.Prediction": "a result",
    "models.what_when.Reservoir": "a result",
    "models.pspm.Task": "a result",
}

#: Mistakes that are none, by function, argument and kind; a star stands for all.
ALLOWED = {
    ("engine.Pathway", "on", "unknown"),  # known when it is part of a network
    ("engine.DenseProjection", "delay", "several"),  # one for each synapse
    ("engine.SparseProjection", "delay", "several"),
    ("engine.SparseProjection", "delay", "type"),  # an expression, known in the network
    ("engine.DenseProjection", "delay", "type"),
    ("engine.Pathway", "delay", "several"),
    ("neurons.*", "name", "unknown"),
    ("plasticity.*", "name", "unknown"),
    ("datasets.Dataset", "name", "unknown"),
    ("datasets.Dataset", "source", "unknown"),
    ("datasets.preprocess_fashion", "X", "dimensions"),
    ("datasets.equalise_brightness", "X", "dimensions"),
    ("datasets.stratified_split", "y", "text"),
    ("analysis.integrator_gain", "frequency", "dimensions"),
    ("analysis.lif_gain", "frequency", "dimensions"),
    ("analysis.bimodality_coefficient", "weights", "dimensions"),
    ("analysis.lempel_ziv_complexity", "sequences", "dimensions"),
    ("analysis.find_avalanches", "counts", "nan"),  # bins that were not observed
    ("analysis.score_continual", "accuracies", "nan"),  # tasks not yet seen
    ("checkpoints.RunFolder", "folder", "missing"),  # it is made
    ("plotting.plot_embedding", "method", "unknown"),  # a label
    ("plasticity.quantise_bursts", "y", "dimensions"),
    ("plasticity.quantise_bursts", "y", "nan"),
    ("plasticity.LeastSquares", "activity", "unknown"),  # known when it is part of a network
    ("plasticity.LeastSquares", "error", "unknown"),
    ("analysis.summarise_filters", "filters", "dimensions"),
    ("analysis.summarise_latencies", "latencies", "nan"),  # silent cells
    ("plotting.plot_feature_learning", "filters", "dimensions"),
    ("plotting.plot_feature_learning", "latencies", "nan"),
    ("plotting.plot_regularity", "cv", "nan"),  # units with too few spikes
}


def is_allowed(name: str, argument: str, kind: str) -> bool:
    """Return whether something is no mistake."""
    module = name.rpartition(".")[0]
    return any((n, argument, kind) in ALLOWED for n in (name, f"{module}.*"))


#: What to call instead of the function itself: estimators check their arguments when they learn,
#: inputs when they get their cells.
CALLS: dict[str, Callable[..., Any]] = {
    "signals.PoissonInput": lambda **a: engine.Population(
        name="cell", n=3, model=lif(), background=[signals.PoissonInput(**a)]
    ),
    "models.what_when.WhatWhenPredictor": lambda **a: what_when.WhatWhenPredictor(**a).fit(
        np.zeros(1, dtype=int), [100] * ms
    ),
    "models.pspm.PSPMRegressor": lambda **a: pspm.PSPMRegressor(**a).fit(
        np.zeros((20, 4)), np.zeros((20, 4))
    ),
}
