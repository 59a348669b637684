"""The experiment on presynaptic pool modification at its smallest scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from bioplastic import cli
from bioplastic.experiments.pspm import NETWORKS, PROTOCOLS, VARIANTS, run_trial
from bioplastic.study import measure
from bioplastic.study.results import load_results


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pspm")
    arguments = ["pspm", "--scale", "smoke", "--trials", "1", "--jobs", "1", "--out", str(folder)]
    assert cli.main(arguments) == 0
    return folder


def test_every_condition_is_measured_and_drawn(out: Path) -> None:
    results = load_results(out / "pspm_smoke.json")
    trials = results.measured["trials"]
    for variant in VARIANTS:
        for name in NETWORKS:
            values = trials.train_distance.sel(variant=variant, network=name).values
            assert values.shape == (1,)
            assert results.metrics[f"{variant}_train_distance_{name}"] == values.mean() > 0
    drawn = {path.stem.removeprefix("pspm_smoke_") for path in out.glob("*.png")}
    assert drawn == {
        "activity", "avalanches", "chaos", "distances", "learning_curve", "pif_raster",
        "raster_half_max", "raster_uniform", "statistics", "weights",
    }  # fmt: skip


def test_ablations_share_the_tasks_of_uniform(out: Path) -> None:
    trials = load_results(out / "pspm_smoke.json").measured["trials"]
    for variant in ("local_only", "homeostasis_only"):
        for name in ("count_reference", "train_distance_naive", "weight_error_naive"):
            measure_, _, network = name.rpartition("_")
            values = trials[measure_].sel(network=network)
            np.testing.assert_array_equal(
                values.sel(variant=variant), values.sel(variant="uniform")
            )
    # without local changes the learner and its control are the same network
    distance = trials.train_distance.sel(variant="homeostasis_only")
    np.testing.assert_array_equal(
        distance.sel(network="optimised"), distance.sel(network="control")
    )


@pytest.mark.slow
def test_a_trial_is_fixed_by_its_seed_in_any_process() -> None:
    protocol = PROTOCOLS["smoke"].with_values(n=20, n_steps=300, n_iterations=2)
    here, there = (
        measure(run_trial, variant="sparse", trial=(0, 1), seed=7, protocol=protocol,
                libraries=False, progress=False, jobs=jobs)
        for jobs in (1, 2)
    )  # fmt: skip
    xr.testing.assert_identical(here.drop_attrs(), there.drop_attrs())
    assert not here.isel(trial=0).equals(here.isel(trial=1))
