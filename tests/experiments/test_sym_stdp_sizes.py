"""The table over sizes is gathered from stored runs, seed by seed."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from bioplastic.experiments.sym_stdp.sizes import collect_sizes, main
from bioplastic.study.results import Results, load_results, save_results


def store(folder, variant, n_hidden, seed, accuracies, **parameters):
    numbers = {"accuracy_supervised": accuracies, "linear_hidden": [0.9] * len(accuracies)}
    if variant == "paper":
        numbers["accuracy_assigned"] = np.array(accuracies) - 0.01
    else:
        numbers["accuracy_supervised_averaged"] = np.array(accuracies) + 0.01
    seeds = seed + np.arange(len(accuracies))
    measured = xr.Dataset({k: ("seed", np.array(v)) for k, v in numbers.items()}, {"seed": seeds})
    results = Results(
        experiment="sym_stdp",
        reference="somebody",
        scale="paper",
        data="mnist",
        seed=seed,
        metrics={"accuracy_supervised": float(np.mean(accuracies))},
        baselines={"linear": 0.92, "linear_hidden": 0.9, "chance": 0.1},
        parameters={"variant": variant, "n_hidden": n_hidden, "seeds": len(accuracies)}
        | parameters,
        measured={"seeds": measured},
    )
    return save_results(results, folder)[0]


def test_seeds_of_several_runs_are_joined_and_drawn(tmp_path):
    files = [
        store(tmp_path / "a", "paper", 100, 0, [0.8]),
        store(tmp_path / "b", "paper", 100, 1, [0.81, 0.85]),
        store(tmp_path / "c", "ours", 400, 0, [0.95]),
        store(tmp_path / "f", "readout", 400, 0, [0.92], theta_decay="trial"),
        store(tmp_path / "g", "ours", 400, 0, [0.6], eta_hidden=0.0),
        store(tmp_path / "d", "paper", 400, 0, [0.9], theta_decay="step"),
        store(tmp_path / "e", "paper", 400, 0, [0.91], theta_decay="trial"),
    ]
    main([*map(str, files), "--out", str(tmp_path / "out")])
    results = load_results(tmp_path / "out" / "sym_stdp_mnist_sizes.json")
    assert results.metrics["accuracy_supervised_paper_100"] == pytest.approx(0.82)
    assert results.metrics["accuracy_supervised_paper_100_std"] == pytest.approx(
        np.std([0.8, 0.81, 0.85], ddof=1)
    )
    assert results.metrics["accuracy_supervised_averaged_ours_400"] == pytest.approx(0.96)
    assert results.metrics["accuracy_supervised_random_400"] == pytest.approx(0.6)
    assert results.metrics["accuracy_supervised_readout_400"] == pytest.approx(0.92)
    assert results.metrics["accuracy_supervised_paper_400"] == pytest.approx(0.9)
    assert results.metrics["accuracy_supervised_exact_400"] == pytest.approx(0.91)
    assert list(results.paper) == ["accuracy_recalled_unverified_6400"]
    assert (tmp_path / "out" / "sym_stdp_mnist_sizes_accuracy.png").stat().st_size > 5000


def test_a_table_is_extended(tmp_path):
    old = [
        store(tmp_path / "a", "paper", 100, 0, [0.8]),
        store(tmp_path / "b", "ours", 100, 0, [0.85]),
    ]
    main([*map(str, old), "--out", str(tmp_path / "out")])
    table = tmp_path / "out" / "sym_stdp_mnist_sizes.json"
    new = store(tmp_path / "c", "ours", 100, 0, [0.88, 0.9])
    main([str(new), "--extend", str(table), "--out", str(tmp_path / "out")])
    results = load_results(table)
    assert results.metrics["accuracy_supervised_paper_100"] == pytest.approx(0.8)
    assert results.metrics["accuracy_supervised_ours_100"] == pytest.approx(0.89)
    assert [run["seeds"] for run in results.parameters["runs"]] == [2, 1]


def test_a_seed_counts_once(tmp_path):
    files = [
        store(tmp_path / "a", "paper", 100, 0, [0.8, 0.9]),
        store(tmp_path / "b", "paper", 100, 1, [0.7]),
    ]
    with pytest.raises(ValueError, match=r"gather\.files: seed 1 of paper 100 comes twice"):
        collect_sizes(files)
