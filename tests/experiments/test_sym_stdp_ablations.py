"""The ablations at smoke scale: every condition changes what its label says."""

from __future__ import annotations

import argparse

import numpy as np
import pytest

from bioplastic.commands.registry import load_experiment
from bioplastic.experiments import sym_stdp_ablations as ablations
from bioplastic.models.sym_stdp.parameters import VARIANTS
from bioplastic.study.framework import add_run_options, compute_results, draw_figures


def parse(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_run_options(parser, ablations.EXPERIMENT)
    args = parser.parse_args(options)
    args.scale, args.data, args.seed = "smoke", "digits", 0
    return args


def test_constants_of_the_conditions_exist_and_differ():
    for name, condition in ablations.CONDITIONS.items():
        unchanged = VARIANTS[condition.variant](100)
        changed = unchanged.with_values(**condition.constants)
        assert (changed == unchanged) == (not condition.constants), name
        alone = name in VARIANTS
        assert alone != bool(condition.constants or condition.shuffle), name


def test_two_conditions_are_measured_and_drawn(tmp_path, monkeypatch):
    chosen = {name: ablations.CONDITIONS[name] for name in ("paper", "frozen_random")}
    monkeypatch.setattr(ablations, "CONDITIONS", chosen)
    experiment = load_experiment("sym_stdp_ablations")
    results = compute_results(experiment, parse("--seeds", "2"))
    for name in chosen:
        seeds = results.measured["conditions"].accuracy_supervised.sel(condition=name)
        assert results.metrics[f"accuracy_supervised_{name}"] == pytest.approx(float(seeds.mean()))
        assert len(seeds) == 2
    spikes = results.measured["conditions"].hidden_spikes_per_image
    assert not np.array_equal(*spikes.transpose("condition", "seed"))
    assert [path.name for path in draw_figures(experiment, results, tmp_path)] == [
        "sym_stdp_ablations_smoke_bars.png"
    ]
